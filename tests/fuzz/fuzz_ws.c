/* SPDX-License-Identifier: MIT */
/* A WebSocket connection fed with any stream in any chunks. The first byte draws the mode (enum flag), eight more the chunks.
 *
 * Without a disturbance of ours the connection is run twice, with the stream at once and in chunks: the hooks hear the same,
 * and the same bytes come back; on /echo those that a reader written apart from the server's expects. Otherwise pauses, a slow reader, text and audio of ours, closes and the clock are mixed in.
 * Always: hooks come in the order that ws.h promises, and what is sent is what a strict client takes. */
#include "command_stream.h"
#include "support_frames.h"

enum flag {
    FLAG_ECHO = 1,
    FLAG_SMALL = 2,
    FLAG_PAUSE = 4,
    FLAG_SLOW = 8,
    FLAG_TALK = 16,
    FLAG_CLOSE = 32,
    FLAG_TIME = 64
};
#define DISTURBING (FLAG_PAUSE | FLAG_SLOW | FLAG_TALK | FLAG_CLOSE | FLAG_TIME)

struct run {
    struct ws_conn *conn;
    struct command_stream stream;
    unsigned flags;
    mono_us now;
    unsigned steps;
    bool paused, closed_by_us;
    bool upload_open, binary_open;
    bool aborted;
    size_t hooks;
    char *heard; /* what the hooks said, one after the other */
    size_t heard_len, heard_cap;
    char *sent; /* what came back */
    size_t sent_len, sent_cap;
    struct frames frames;
};

static void note(char **bytes, size_t *len, size_t *cap, struct span s)
{
    if (*len + s.len > *cap) {
        *cap = (*len + s.len) * 2;
        *bytes = realloc(*bytes, *cap);
        FUZZ_CHECK(*bytes != NULL);
    }
    if (s.len > 0) {
        memcpy(*bytes + *len, s.ptr, s.len);
    }
    *len += s.len;
}

static void hear(struct run *r, const char *what, struct span s)
{
    note(&r->heard, &r->heard_len, &r->heard_cap, span_cstr(what));
    note(&r->heard, &r->heard_len, &r->heard_cap, s);
}

/* A message begins or is told. */
static void begin(struct run *r)
{
    r->hooks++;
    FUZZ_CHECK(!r->paused && !r->closed_by_us && !r->upload_open && !r->binary_open);
}

static void finish(struct run *r)
{
    if ((r->flags & FLAG_PAUSE) != 0) {
        r->paused = true;
        ws_conn_pause(r->conn, true);
    }
    if ((r->flags & FLAG_CLOSE) != 0 && r->hooks % 3 == 0) {
        r->closed_by_us = true;
        ws_conn_close(r->conn, WS_CLOSE_POLICY, "enough");
    }
    if ((r->flags & FLAG_TALK) != 0) {
        ws_conn_send_text(r->conn, SPAN_LIT("CALL_STATE:trying"));
    }
}

static void on_command(void *ctx, struct span text)
{
    struct run *r = ctx;
    begin(r);
    FUZZ_CHECK(text.len <= COMMAND_MAX && utf8_valid(text));
    FUZZ_CHECK(!span_starts(text, SPAN_LIT("WAV_UPLOAD:")));
    hear(r, "\ncommand ", text);
    finish(r);
}

static void on_too_large(void *ctx, struct span verb)
{
    struct run *r = ctx;
    begin(r);
    FUZZ_CHECK(verb.len <= 32 && span_find(verb, ':') == verb.len);
    hear(r, "\ntoo large ", verb);
    finish(r);
}

static void on_no_memory(void *ctx, struct span verb)
{
    struct run *r = ctx;
    begin(r);
    hear(r, "\nno memory ", verb);
    finish(r);
}

static void on_upload_begin(void *ctx, struct span name)
{
    struct run *r = ctx;
    begin(r);
    r->upload_open = true;
    FUZZ_CHECK(name.len <= FILE_NAME_LEN_MAX + 1 && span_find(name, ':') == name.len);
    hear(r, "\nupload ", name);
    hear(r, ":", SPAN_NONE);
}

static void on_upload_data(void *ctx, struct span base64)
{
    struct run *r = ctx;
    FUZZ_CHECK(r->upload_open && !r->closed_by_us && base64.len > 0);
    hear(r, "", base64);
    if ((r->flags & FLAG_CLOSE) != 0 && base64.ptr[0] == 'Z') {
        r->closed_by_us = true;
        ws_conn_close(r->conn, WS_CLOSE_TOO_BIG, NULL);
    }
}

static void on_upload_end(void *ctx, bool aborted)
{
    struct run *r = ctx;
    FUZZ_CHECK(r->upload_open && (aborted || !r->closed_by_us));
    r->upload_open = false;
    r->aborted = r->aborted || aborted;
    if (!aborted) {
        hear(r, "\nend", SPAN_NONE);
        finish(r);
    }
}

static void on_upload_over(void *ctx)
{
    struct run *r = ctx;
    FUZZ_CHECK(r->upload_open && !r->closed_by_us);
    hear(r, "\nover", SPAN_NONE);
}

static bool is_closing(void *ctx)
{
    const struct run *r = ctx;
    return ws_conn_end(r->conn) != WS_END_NONE;
}

static const struct command_hooks commands = {
    .command = on_command,
    .too_large = on_too_large,
    .no_memory = on_no_memory,
    .upload_begin = on_upload_begin,
    .upload_data = on_upload_data,
    .upload_end = on_upload_end,
    .upload_over = on_upload_over,
    .is_closing = is_closing,
};

static void on_text(void *ctx, struct span piece, bool last)
{
    struct run *r = ctx;
    command_stream_push(&r->stream, piece, last);
}

static enum ws_long on_text_over(void *ctx, uint64_t len)
{
    struct run *r = ctx;
    return command_stream_over(&r->stream, len);
}

static void on_text_abort(void *ctx)
{
    struct run *r = ctx;
    command_stream_abort(&r->stream);
}

static void on_binary(void *ctx, struct span piece, bool last)
{
    struct run *r = ctx;
    if (!r->binary_open) {
        begin(r);
        r->binary_open = true;
        hear(r, "\nbinary ", SPAN_NONE);
    }
    FUZZ_CHECK(!r->closed_by_us);
    hear(r, "", piece);
    if (last) {
        r->binary_open = false;
        hear(r, "\nend", SPAN_NONE);
        finish(r);
    }
}

static void fill(void *ctx, uint8_t *out, size_t len)
{
    (void)ctx;
    memset(out, 'A', len);
}

/* Text and audio of ours: control text never makes room for audio, and audio never counts as control text. */
static void talk(struct run *r)
{
    size_t len = (size_t)(r->steps * 37 % 700);
    size_t control = ws_conn_control_queued(r->conn);

    if (ws_conn_audio_room(r->conn, len)) {
        ws_conn_send_audio(r->conn, (r->flags & FLAG_PAUSE) != 0, len, fill, NULL);
        FUZZ_CHECK(ws_conn_control_queued(r->conn) == control);
    }
    if (r->steps % 5 == 0) {
        ws_conn_send_text(r->conn, SPAN_LIT("CALL_STATS:x"));
    }
}

static void drain(struct run *r)
{
    const void *bytes;
    size_t len;

    while ((len = ws_conn_output(r->conn, &bytes)) > 0) {
        size_t part = (r->flags & FLAG_SLOW) != 0 && len > 3 ? len / 2 : len;
        FUZZ_CHECK(len <= WS_OUTPUT_CAP);
        frames_push(&r->frames, bytes, part);
        note(&r->sent, &r->sent_len, &r->sent_cap, span_make(bytes, part));
        ws_conn_output_consume(r->conn, part);
    }
}

static void let_time_pass(struct run *r)
{
    r->now += DUR_S(r->steps % 23);
    for (int i = 0; ws_conn_due(r->conn) <= r->now; i++) {
        FUZZ_CHECK(i < 4);
        ws_conn_expire(r->conn, r->now);
    }
}

static void step(struct run *r)
{
    r->steps++;
    if ((r->flags & FLAG_TALK) != 0) {
        talk(r);
    }
    (void)ws_conn_process(r->conn, r->now, SIZE_MAX);
    FUZZ_CHECK(!ws_conn_has_work(r->conn));
    FUZZ_CHECK(!r->closed_by_us || !r->upload_open);
    if ((r->flags & FLAG_SLOW) == 0 || r->steps % 8 == 0) {
        drain(r);
    }
    if (r->paused && r->steps % 2 == 0) {
        r->paused = false;
        ws_conn_pause(r->conn, false);
        (void)ws_conn_process(r->conn, r->now, SIZE_MAX);
    }
    if ((r->flags & FLAG_TIME) != 0) {
        let_time_pass(r);
    }
}

static void open_run(struct run *r, unsigned flags)
{
    const struct ws_hooks hooks = {r, on_text, on_text_over, on_text_abort, on_binary, NULL};
    const struct ws_conn_config config = {.max_message = (flags & FLAG_SMALL) != 0 ? 100 : 1024 * 1024,
                                          .echo = (flags & FLAG_ECHO) != 0,
                                          .hooks = &hooks};

    *r = (struct run){.flags = flags, .now = DUR_S(1)};
    command_stream_init(&r->stream, &commands, r);
    r->conn = ws_conn_new(&config, r->now);
    FUZZ_CHECK(r->conn != NULL);
}

static void run(struct run *r, unsigned flags, struct fuzz_chunks chunks, struct span stream)
{
    void *space;

    open_run(r, flags);
    for (unsigned idle = 0; stream.len > 0 && idle < 100 && !ws_conn_is_done(r->conn);) {
        size_t room = ws_conn_input_space(r->conn, &space);
        struct span all = span_head(stream, room);
        struct span chunk = fuzz_chunk(&chunks, &all);
        FUZZ_CHECK(room <= WS_INPUT_CAP);
        if (chunk.len > 0) {
            memcpy(space, chunk.ptr, chunk.len);
        }
        ws_conn_input_commit(r->conn, chunk.len);
        stream = span_from(stream, chunk.len);
        idle = chunk.len > 0 ? 0 : idle + 1;
        step(r);
    }
    r->flags &= ~(unsigned)FLAG_SLOW;
    for (int i = 0; i < 8 && !ws_conn_is_done(r->conn); i++) {
        step(r);
    }
    drain(r);
}

static void close_run(struct run *r)
{
    ws_conn_free(r->conn);
    FUZZ_CHECK(!r->upload_open);
    FUZZ_CHECK(r->frames.len == 0); /* only whole frames */
    frames_fini(&r->frames);
    free(r->heard);
    free(r->sent);
}

/* Text that turns out not to be UTF-8 fails the connection at a moment that hangs on the chunks: what was heard of it before
 * that may differ in length. */
static void compare(const struct run *a, const struct run *b)
{
    size_t heard = a->heard_len < b->heard_len ? a->heard_len : b->heard_len;
    bool bad_text = a->frames.closed && a->frames.close_code == WS_CLOSE_INVALID_DATA;

    FUZZ_CHECK(heard == 0 || memcmp(a->heard, b->heard, heard) == 0);
    FUZZ_CHECK(a->frames.closed == b->frames.closed && a->frames.close_code == b->frames.close_code);
    FUZZ_CHECK(a->frames.messages == b->frames.messages && a->frames.pongs == b->frames.pongs);
    if (!bad_text) {
        FUZZ_CHECK(a->heard_len == b->heard_len && a->sent_len == b->sent_len);
        FUZZ_CHECK(a->sent_len == 0 || memcmp(a->sent, b->sent, a->sent_len) == 0);
    }
}

/* ---- what RFC 6455 says of the stream, written a second time ---- */

struct reader {
    struct span rest;
    struct wsframe frame;
    uint8_t *payload; /* of the message, unmasked */
    size_t len;
    uint8_t opcode; /* 0: no message is open */
};

/* The next frame of a client that keeps the rules; false at the end or where it breaks them. */
static bool read_frame(struct reader *in)
{
    size_t n = in->rest.len > 0 ? wsframe_read(in->rest.ptr, in->rest.len, &in->frame) : 0;
    const struct wsframe *f = &in->frame;
    bool control = (f->opcode & 8) != 0;

    if (n == 0 || !f->masked || f->rsv != 0 || n != f->len + (f->len > 65535 ? 14 : f->len > 125 ? 8 : 6)) {
        return false;
    }
    if (control ? !f->fin || f->len > 125 || f->opcode > WSFRAME_PONG : f->opcode > WSFRAME_BINARY) {
        return false;
    }
    if (!control && (f->opcode == WSFRAME_CONT) != (in->opcode != 0)) {
        return false;
    }
    in->rest = span_from(in->rest, n);
    return f->opcode != WSFRAME_CLOSE;
}

/* Takes frames until a message is complete. */
static bool read_message(struct reader *in, size_t max)
{
    in->opcode = 0;
    in->len = 0;
    while (read_frame(in)) {
        const struct wsframe *f = &in->frame;
        if ((f->opcode & 8) != 0) {
            continue;
        }
        in->opcode = in->opcode != 0 ? in->opcode : f->opcode;
        if (f->len > max - in->len) {
            return false;
        }
        for (size_t i = 0; i < f->len; i++) {
            in->payload[in->len++] = f->payload[i] ^ (f->payload - 4)[i % 4];
        }
        if (f->fin) {
            return in->opcode != WSFRAME_TEXT || utf8_valid(span_make(in->payload, in->len));
        }
    }
    return false;
}

struct expectation {
    struct reader *in;
    size_t max;
};

static void expect_message(void *ctx, uint8_t opcode, struct span payload)
{
    struct expectation *want = ctx;

    FUZZ_CHECK(read_message(want->in, want->max));
    FUZZ_CHECK(opcode == want->in->opcode);
    FUZZ_CHECK(span_eq(payload, span_make(want->in->payload, want->in->len)));
}

/* On /echo every message that came whole before the first violation comes back, and no other. */
static void check_echo(const struct run *r, struct span stream)
{
    struct frames back = {0};
    struct reader in = {.rest = stream, .payload = fuzz_alloc(stream.len)};
    struct expectation want = {.in = &in, .max = (r->flags & FLAG_SMALL) != 0 ? 100 : 1024 * 1024};

    back.message = expect_message;
    back.ctx = &want;
    frames_push(&back, r->sent, r->sent_len);
    FUZZ_CHECK(!read_message(&in, want.max));
    frames_fini(&back);
    free(in.payload);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_in in = {data, size};
    unsigned flags = fuzz_u8(&in);
    struct fuzz_chunks chunks = fuzz_chunks_from(&in);
    struct span stream = fuzz_rest(&in);
    struct run parts;
    struct run whole;

    run(&parts, flags, chunks, stream);
    if ((flags & DISTURBING) == 0) {
        run(&whole, flags, (struct fuzz_chunks){{0}, 0}, stream);
        compare(&whole, &parts);
        if ((flags & FLAG_ECHO) != 0) {
            check_echo(&parts, stream);
        }
        close_run(&whole);
    }
    close_run(&parts);
    return 0;
}
