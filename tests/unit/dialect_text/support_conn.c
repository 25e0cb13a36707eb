/* SPDX-License-Identifier: MIT */
#include "support_conn.h"

static void peer_log(struct peer *p, const void *data, size_t len)
{
    assert_true(p->log_len + len < PEER_LOG_MAX);
    if (len > 0) {
        memcpy(p->log + p->log_len, data, len);
        p->log_len += len;
    }
}

static void peer_log_item(struct peer *p, const char *start, struct span text, const char *end)
{
    peer_log(p, start, strlen(start));
    peer_log(p, text.ptr, text.len);
    peer_log(p, end, strlen(end));
}

static void on_command(void *ctx, struct span text)
{
    struct peer *p = ctx;
    peer_log_item(p, "C", text, ";");
    if (p->close_on_text) {
        ws_conn_close(p->conn, WS_CLOSE_NORMAL, "bye");
    }
    if (p->echo_command) {
        char answer[COMMAND_MAX + 8];
        struct outbuf out;
        outbuf_init(&out, answer, sizeof(answer));
        outbuf_str(&out, "got:");
        outbuf_span(&out, text);
        ws_conn_send_text(p->conn, outbuf_view(&out));
    }
}

static void on_command_too_large(void *ctx, struct span verb)
{
    peer_log_item(ctx, "L", verb, ";");
}

static void on_command_no_memory(void *ctx, struct span verb)
{
    peer_log_item(ctx, "M", verb, ";");
}

static void on_upload_begin(void *ctx, struct span name)
{
    struct peer *p = ctx;
    peer_log_item(p, "U", name, "=");
    if (p->close_on_begin) {
        ws_conn_close(p->conn, WS_CLOSE_POLICY, "no uploads");
    }
}

static void on_upload_data(void *ctx, struct span base64)
{
    assert_true(base64.len > 0);
    peer_log_item(ctx, "", base64, "");
}

static void on_upload_end(void *ctx, bool aborted)
{
    struct peer *p = ctx;
    peer_log_item(p, aborted ? "!" : ".", SPAN_NONE, "");
    if (p->pause_on_end) {
        ws_conn_pause(p->conn, true);
    }
}

static void on_upload_over(void *ctx)
{
    peer_log_item(ctx, "~", SPAN_NONE, "");
}

static bool is_closing(void *ctx)
{
    const struct peer *p = ctx;
    return ws_conn_end(p->conn) != WS_END_NONE;
}

static const struct command_hooks commands = {
    .command = on_command,
    .too_large = on_command_too_large,
    .no_memory = on_command_no_memory,
    .upload_begin = on_upload_begin,
    .upload_data = on_upload_data,
    .upload_end = on_upload_end,
    .upload_over = on_upload_over,
    .is_closing = is_closing,
};

static void on_text(void *ctx, struct span piece, bool last)
{
    struct peer *p = ctx;
    command_stream_push(&p->stream, piece, last);
}

static enum ws_long on_text_over(void *ctx, uint64_t len)
{
    struct peer *p = ctx;
    return command_stream_over(&p->stream, len);
}

static void on_text_abort(void *ctx)
{
    struct peer *p = ctx;
    command_stream_abort(&p->stream);
}

static void on_binary(void *ctx, struct span piece, bool last)
{
    struct peer *p = ctx;
    peer_log_item(p, p->in_binary ? "" : "B", piece, last ? ";" : "");
    p->in_binary = !last;
}

struct peer *peer_new(uint64_t max_message, bool echo)
{
    struct peer *p = malloc(sizeof(*p));
    assert_non_null(p);
    memset(p, 0, offsetof(struct peer, received));
    const struct ws_hooks hooks = {p, on_text, on_text_over, on_text_abort, on_binary, NULL};
    command_stream_init(&p->stream, &commands, p);
    p->now = DUR_S(1000);
    p->flushing = true;
    const struct ws_conn_config config = {max_message, echo, echo ? NULL : &hooks};
    p->conn = ws_conn_new(&config, p->now);
    assert_non_null(p->conn);
    return p;
}

void peer_free(struct peer *p)
{
    ws_conn_free(p->conn);
    free(p);
}

void peer_read(struct peer *p)
{
    const void *ptr = NULL;
    size_t len = ws_conn_output(p->conn, &ptr);
    while (len > 0) {
        assert_true(p->received_len + len <= sizeof(p->received));
        memcpy(p->received + p->received_len, ptr, len);
        p->received_len += len;
        ws_conn_output_consume(p->conn, len);
        len = ws_conn_output(p->conn, &ptr);
    }
}

void peer_input(struct peer *p, const void *data, size_t len, size_t chunk)
{
    const uint8_t *in = data;
    while (len > 0 && !ws_conn_is_done(p->conn)) {
        void *space = NULL;
        size_t room = ws_conn_input_space(p->conn, &space);
        size_t n = chunk != 0 && chunk < len ? chunk : len;
        n = n < room ? n : room;
        if (n == 0) {
            break;
        }
        memcpy(space, in, n);
        ws_conn_input_commit(p->conn, n);
        in += n;
        len -= n;
        (void)ws_conn_process(p->conn, p->now, SIZE_MAX);
        while (p->flushing) {
            peer_read(p);
            if (!ws_conn_has_work(p->conn)) {
                break;
            }
            (void)ws_conn_process(p->conn, p->now, SIZE_MAX);
        }
    }
}

void peer_text(struct peer *p, const char *text)
{
    size_t len = strlen(text);
    uint8_t *frame = malloc(len + WSFRAME_HEADER_MAX);
    assert_non_null(frame);
    peer_input(p, frame, wsframe_text(frame, text), 0);
    free(frame);
}

void peer_close(struct peer *p, unsigned int code)
{
    uint8_t frame[WSFRAME_HEADER_MAX + 2];
    peer_input(p, frame, wsframe_close(frame, code, NULL, 0), 0);
}

static size_t next_frame(struct peer *p, size_t at, struct wsframe *frame)
{
    size_t len = wsframe_read(p->received + at, p->received_len - at, frame);
    if (len > 0) {
        assert_false(frame->masked);
        assert_int_equal(frame->rsv, 0);
    }
    return len;
}

size_t peer_frame_count(struct peer *p)
{
    struct wsframe frame;
    size_t count = 0;
    size_t at = 0;
    for (size_t len = next_frame(p, 0, &frame); len > 0; len = next_frame(p, at, &frame)) {
        at += len;
        count++;
    }
    assert_int_equal(at, p->received_len);
    return count;
}

struct wsframe peer_frame(struct peer *p, size_t n)
{
    struct wsframe frame = {0};
    size_t at = 0;
    for (size_t i = 0; i <= n; i++) {
        size_t len = next_frame(p, at, &frame);
        assert_true(len > 0);
        at += len;
    }
    return frame;
}

unsigned int peer_close_code(struct peer *p)
{
    unsigned int code = 0;
    size_t count = peer_frame_count(p);
    for (size_t i = 0; i < count; i++) {
        struct wsframe frame = peer_frame(p, i);
        if (frame.opcode == WSFRAME_CLOSE) {
            assert_int_equal(code, 0); /* one at most */
            assert_int_equal(i, count - 1);
            code = wsframe_close_code(&frame);
        }
    }
    return code;
}

void peer_expire_at(struct peer *p, mono_us at)
{
    while (ws_conn_due(p->conn) <= at) {
        mono_us due = ws_conn_due(p->conn);
        p->now = due > p->now ? due : p->now;
        ws_conn_expire(p->conn, p->now);
        if (p->flushing) {
            peer_read(p);
        }
    }
    p->now = at;
}
