/* SPDX-License-Identifier: MIT */
/* A second dialect on the same calls: what it may do and what it hears, without a word of the text protocol.
 *
 *  a_call        one letter a verb; states, figures, marks, files and the end come as events, in the order of SPEC
 *  refusals      what cannot be done is returned, and nothing is written for it
 *  files         an upload in bytes, stored, listed and removed
 *  ringing       an incoming call rings, is answered by another client and gone
 *  audio         received audio goes out as the dialect says, here as text
 *  pieces        a message comes in pieces; too long a one is refused where the dialect has no say in it
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "wavgen.h"
#include "world.h"
#include "wsframe.h"

#define S5 DUR_S(5)

/* What the dialect keeps: everything that it heard, a word each. */
struct toy {
    char heard[2048];
    size_t len;
    bool uploading;
};

/* The one client that speaks it in a test. */
static struct toy *g_toy;
static struct pool_id g_id;

static void hear(struct client *c, const char *fmt, ...) WS_PRINTF(2, 3);
static void hear(struct client *c, const char *fmt, ...)
{
    struct toy *t = client_state(c);
    va_list args;

    va_start(args, fmt);
    int n = vsnprintf(t->heard + t->len, sizeof(t->heard) - t->len, fmt, args);
    va_end(args);
    assert_true(n >= 0 && t->len + (size_t)n + 1 < sizeof(t->heard));
    t->len += (size_t)n;
    t->heard[t->len++] = ' ';
    t->heard[t->len] = '\0';
}

static void returned(struct client *c, struct call_result result)
{
    if (result.why != CALL_DONE) {
        hear(c, "no%d", (int)result.why);
    }
}

static void verb(struct client *c, char letter)
{
    const char *why = NULL;
    char text[MEDIA_WHY_MAX];

    switch (letter) {
    case 'd': returned(c, client_dial(c, SPAN_LIT("0938220136"))); break;
    case 'x': returned(c, client_dial(c, SPAN_LIT("?"))); break;
    case 'h': returned(c, client_hangup(c)); break;
    case 'a': returned(c, client_answer(c)); break;
    case 'l': returned(c, client_listen(c, true)); break;
    case 'm': returned(c, client_mark(c, SPAN_LIT("here"))); break;
    case 'f': returned(c, client_figures(c)); break;
    case 'p': returned(c, client_play(c, SPAN_LIT("a.wav"), text)); break;
    case 's': returned(c, client_stop_playing(c)); break;
    case 'L': assert_int_equal(client_list(c, &why), ST_OK); break;
    case 'D': hear(c, "removed%d", client_delete(c, SPAN_LIT("a.wav"))); break;
    default: hear(c, "?"); break;
    }
}

static void on_text(struct client *c, struct span piece, bool last)
{
    for (size_t i = 0; i < piece.len; i++) {
        verb(c, piece.ptr[i]);
    }
    if (last) {
        hear(c, ".");
    }
}

static void on_binary(struct client *c, struct span piece, bool last)
{
    struct toy *t = client_state(c);
    int status = ST_OK;

    if (!t->uploading) {
        status = client_upload_begin(c, SPAN_LIT("a.wav"));
    }
    if (status == ST_OK && piece.len > 0) {
        status = client_upload_bytes(c, piece.ptr, piece.len);
    }
    t->uploading = !last;
    if (status == ST_OK && last) {
        status = client_upload_end(c);
    }
    if (status != ST_OK) {
        hear(c, "upload:%s", client_upload_why(c));
    }
}

static void on_event(struct client *c, const struct call_event *event)
{
    static const char *const played[] = {"starts", "fails", "plays", "stops"};

    switch (event->kind) {
    case CALL_EVENT_STATE:
        hear(c, "%s%d", call_state_name((int)event->state), event->state == CALL_ST_ENDED ? event->code : 0);
        break;
    case CALL_EVENT_FIGURES: hear(c, "figures%d", event->figures->tx_packets > 0 ? 1 : 0); break;
    case CALL_EVENT_DIGIT: hear(c, "digit%c", event->digit); break;
    case CALL_EVENT_MARK: hear(c, "mark:%s", event->text); break;
    case CALL_EVENT_FILE: hear(c, "%s:%s", played[event->file], event->text); break;
    case CALL_EVENT_INCOMING: hear(c, "rings:%s>%s", event->caller, event->called); break;
    case CALL_EVENT_GONE: hear(c, "gone%d", (int)event->gone); break;
    case CALL_EVENT_FLOW:
    case CALL_EVENT_UNANSWERED:
    case CALL_EVENT_AUDIO:
    case CALL_EVENT_SILENT:
    case CALL_EVENT_FREE:
    case CALL_EVENT_BEGINS:
    case CALL_EVENT_AUDIO_LOST: break;
    }
}

static void on_file(struct client *c, const struct file_event *event)
{
    switch (event->kind) {
    case FILE_EVENT_STORED: hear(c, "stored%llu", (unsigned long long)event->bytes); break;
    case FILE_EVENT_NOT_STORED: hear(c, "lost:%s", event->text); break;
    case FILE_EVENT_LISTED: hear(c, "file:%s", event->text); break;
    case FILE_EVENT_LIST_END: hear(c, "files%u", (unsigned)event->count); break;
    }
}

static void fill(void *ctx, uint8_t *out, size_t len)
{
    const struct span *audio = ctx;

    assert_true(audio->len > 12);
    memset(out, 'A', len);
}

static void audio(const struct client *c, size_t len, struct dialect_audio *out)
{
    (void)c;
    (void)len;
    *out = (struct dialect_audio){.text = true, .len = 5, .fill = fill};
}

static void begin(struct client *c)
{
    g_toy = client_state(c);
}

static const struct dialect toy = {
    .name = "toy",
    .path = "/toy",
    .state_size = sizeof(struct toy),
    .begin = begin,
    .on_text = on_text,
    .on_binary = on_binary,
    .on_event = on_event,
    .on_file = on_file,
    .audio = audio,
};

static struct ws_conn *conn_of(struct world *w)
{
    struct ws_conn *conn = gateway_client_conn(w->gateway, g_id);
    assert_non_null(conn);
    return conn;
}

static struct world *toy_world(const struct gateway_config *config)
{
    struct world *w = world_new(1, config);
    struct net_addr peer = addr_ipv4(127, 0, 0, 1, 49999);

    assert_int_equal(gateway_client_open(w->gateway, &toy, &peer, &g_id), ST_OK);
    return w;
}

static void say(struct world *w, unsigned first, const void *data, size_t len)
{
    uint8_t *frame = malloc(len + WSFRAME_HEADER_MAX);
    void *space;

    assert_non_null(frame);
    size_t n = wsframe_write(frame, first, data, len);
    assert_true(ws_conn_input_space(conn_of(w), &space) >= n);
    memcpy(space, frame, n);
    ws_conn_input_commit(conn_of(w), n);
    free(frame);
    world_turn_end(w);
}

static void text(struct world *w, const char *words)
{
    say(w, WSFRAME_FIN | WSFRAME_TEXT, words, strlen(words));
}

/* Everything since the last look. */
static void expect(const char *heard)
{
    assert_string_equal(g_toy->heard, heard);
    g_toy->len = 0;
    g_toy->heard[0] = '\0';
}

static void leave(struct world *w)
{
    gateway_client_gone(w->gateway, g_id);
    world_turn_end(w);
    world_end(w);
}

static void a_call(void **state)
{
    struct world *w = toy_world(NULL);

    (void)state;
    text(w, "d");
    world_run(w, DUR_S(1));
    expect("trying0 . ringing0 established0 ");
    text(w, "mf");
    expect("mark:here figures1 . ");
    text(w, "h");
    expect("figures1 ended200 . ");
    text(w, "d");
    world_run(w, DUR_S(1));
    expect("trying0 . ringing0 established0 ");
    leave(w);
}

static void refusals(void **state)
{
    struct world *w = toy_world(NULL);
    const void *bytes;
    char expected[128];

    (void)state;
    text(w, "hmfsalx");
    snprintf(expected, sizeof(expected), "no%d no%d no%d no%d no%d no%d no%d . ", CALL_NONE, CALL_NONE, CALL_NONE,
             CALL_NONE, CALL_NONE, CALL_DENIED, CALL_NO_TARGET);
    expect(expected);
    text(w, "ddm");
    snprintf(expected, sizeof(expected), "trying0 no%d no%d . ", CALL_BUSY, CALL_NOT_UP);
    expect(expected);
    assert_int_equal(ws_conn_output(conn_of(w), &bytes), 0);
    leave(w);
}

static void files(void **state)
{
    struct world *w = toy_world(NULL);
    static uint8_t samples[800];
    static uint8_t bytes[1000];
    struct wavgen wav = {.data = samples, .data_len = sizeof(samples)};
    size_t len = wavgen_build(bytes, sizeof(bytes), &wav);
    char expected[64];

    (void)state;
    say(w, WSFRAME_BINARY, bytes, 100);
    say(w, WSFRAME_FIN | WSFRAME_CONT, bytes + 100, len - 100);
    world_run(w, DUR_S(1));
    snprintf(expected, sizeof(expected), "stored%zu ", len);
    expect(expected);
    say(w, WSFRAME_FIN | WSFRAME_BINARY, "MP3?", 4);
    assert_non_null(strstr(g_toy->heard, "upload:"));
    expect(g_toy->heard);
    text(w, "L");
    world_run(w, DUR_S(1));
    expect(". file:a.wav files1 ");
    text(w, "d");
    world_run(w, DUR_S(1));
    text(w, "p");
    world_run(w, DUR_S(1));
    expect("trying0 . ringing0 established0 . starts:a.wav plays:a.wav ");
    text(w, "p");
    world_run(w, DUR_MS(40));
    text(w, "sD");
    expect(". starts:a.wav stops:a.wav removed0 . ");
    text(w, "D");
    snprintf(expected, sizeof(expected), "removed%d . ", ST_NOT_FOUND);
    expect(expected);
    leave(w);
}

static void ringing(void **state)
{
    struct gateway_config config = world_config();
    struct caller_plan plan = {.persistent = true};
    char expected[64];

    (void)state;
    config.calls.incoming = CALLS_INCOMING_RING;
    struct world *w = toy_world(&config);
    size_t other = world_connect(w);
    text(w, "l");
    world_send(w, other, "LISTEN");
    struct caller *caller = caller_call(w, "0911", "0922", &plan);
    world_wait(w, other, "INCOMING:", S5);
    expect(". rings:0911>0922 ");
    world_send(w, other, "ANSWER");
    world_wait(w, other, "CALL_STATE:established", S5);
    snprintf(expected, sizeof(expected), "gone%d ", CALL_GONE_ANSWERED_ELSEWHERE);
    expect(expected);
    text(w, "a");
    snprintf(expected, sizeof(expected), "no%d . ", CALL_NONE);
    expect(expected);
    world_send(w, other, "HANGUP");
    world_run(w, DUR_S(1));
    assert_int_equal(caller->byes, 1);
    leave(w);
}

static void audio_goes_out(void **state)
{
    struct world *w = toy_world(NULL);
    struct wsframe frame;
    const void *bytes;

    (void)state;
    w->phone.plan.echo = true;
    text(w, "d");
    world_run(w, DUR_S(1));
    size_t len = ws_conn_output(conn_of(w), &bytes);
    size_t n = wsframe_read(bytes, len, &frame);
    assert_true(n > 0 && frame.opcode == WSFRAME_TEXT && frame.len == 5);
    assert_memory_equal(frame.payload, "AAAAA", 5);
    leave(w);
}

static void pieces(void **state)
{
    struct gateway_config config = world_config();
    uint8_t frame[64];
    const void *bytes;

    (void)state;
    config.max_message = 10;
    struct world *w = toy_world(&config);
    say(w, WSFRAME_TEXT, "h", 1);
    say(w, WSFRAME_FIN | WSFRAME_CONT, "h", 1);
    snprintf((char *)frame, sizeof(frame), "no%d no%d . ", CALL_NONE, CALL_NONE);
    expect((char *)frame);
    text(w, "hhhhhhhhhhh");
    expect("");
    struct wsframe close = {0};
    size_t len = ws_conn_output(conn_of(w), &bytes);
    assert_true(wsframe_read(bytes, len, &close) > 0);
    assert_int_equal(wsframe_close_code(&close), WS_CLOSE_TOO_BIG);
    leave(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_call),  cmocka_unit_test(refusals),       cmocka_unit_test(files),
        cmocka_unit_test(ringing), cmocka_unit_test(audio_goes_out), cmocka_unit_test(pieces),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
