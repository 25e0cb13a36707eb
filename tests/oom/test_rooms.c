/* SPDX-License-Identifier: MIT */
/* What allocates in each room, with allocation 1, 2, 3 … failing until it needs no more: no crash, an orderly error and no block
 * left behind (failmalloc_all asserts the last).
 *
 *  base      pool, timerq, digest                      audio    frame_ring, resampler
 *  sip       test_sip_calls.c, test_sip_tx.c           ws       connection: commands, an upload, ping, close
 *  call      gateway, exchange                          os       loop, UDP batch, ports, directory, file, flusher
 *  http      server: rules, tokens, a connection that asks
 *  app       options, file of tokens, uploads, recordings, media sockets
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "failmalloc.h"
#include "media_sockets.h"
#include "options.h"
#include "web_tokens.h"
#include "world.h"
#include "wsaudio/http/server.h"
#include "wsaudio/store/recordings.h"
#include "wsaudio/store/uploads.h"
#include "wsframe.h"

static char dir[64];
static unsigned long total;

/* Only the failing allocation may be the reason of an error, and ST_NO_MEMORY its name (or what the caller makes of it). */
static bool ok_at(int status, int line)
{
    if (status != ST_OK && !failmalloc_failed()) {
        fail_msg("line %d: %s", line, status_name(status));
    }
    return status == ST_OK;
}
#define ok(status) ok_at(status, __LINE__)

static void no_memory(int status)
{
    assert_true(status == ST_NO_MEMORY);
    assert_true(failmalloc_failed());
}

static void all(void (*once)(void *ctx), unsigned long least)
{
    unsigned long n = failmalloc_all(once, NULL, 1);
    assert_true(n >= least);
    total += n;
}

/* ---- base, audio ---- */

static void basics(void *ctx)
{
    struct pool pool = {0};
    struct timerq q = {0};
    struct frame_ring ring;
    char hex[DIGEST_HEX_MAX];
    struct span part = SPAN_LIT("text");

    (void)ctx;
    if (pool_init(&pool, 100, 10) != ST_OK) {
        assert_true(failmalloc_failed());
    }
    pool_fini(&pool);
    int status = timerq_init(&q, 10);
    if (status != ST_OK) {
        no_memory(status);
    }
    timerq_fini(&q);
    status = frame_ring_init(&ring, 1000);
    if (status != ST_OK) {
        no_memory(status);
    }
    frame_ring_fini(&ring);
    struct resampler *resampler;
    status = resample_new(44100, 8000, RESAMPLE_FILE, &resampler);
    if (status != ST_OK) {
        no_memory(status);
    }
    resample_free(resampler);
    status = digest_hex(DIGEST_SHA256, &part, 1, hex);
    if (status != ST_OK) {
        no_memory(status);
    }
}

static void test_basics(void **state)
{
    (void)state;
    all(basics, 5);
}

/* ---- call: the two that are made at start ---- */

static void worlds(void *ctx)
{
    (void)ctx;
    const struct world_settings settings = world_settings();
    struct world *w = world_try_new(1, &settings, true);
    if (w == NULL) {
        assert_true(failmalloc_failed());
        return;
    }
    w->memory_fails = true;
    world_end(w);
}

static void test_gateway_and_exchange(void **state)
{
    (void)state;
    all(worlds, 30);
}

/* ---- ws ---- */

static void on_text(void *ctx, struct span piece, bool last)
{
    struct ws_conn **conn = ctx;

    (void)piece;
    if (last) {
        ws_conn_send_text(*conn, SPAN_LIT("ERROR:X:unsupported:no"));
    }
}

static void on_binary(void *ctx, struct span piece, bool last)
{
    (void)ctx;
    (void)piece;
    (void)last;
}

static void feed(struct ws_conn *conn, unsigned first, const char *text, size_t len)
{
    uint8_t frame[256];
    void *space;
    size_t n = wsframe_write(frame, first, text, len);

    if (ws_conn_input_space(conn, &space) >= n) {
        memcpy(space, frame, n);
        ws_conn_input_commit(conn, n);
        (void)ws_conn_process(conn, DUR_S(1), SIZE_MAX);
    }
    const void *bytes;
    for (size_t len_out; (len_out = ws_conn_output(conn, &bytes)) > 0;) {
        ws_conn_output_consume(conn, len_out);
    }
}

static void connection(void *ctx)
{
    struct ws_conn *conn = NULL;
    struct ws_hooks hooks = {&conn, on_text, NULL, NULL, on_binary, NULL};
    struct ws_conn_config config = {1 << 20, ctx != NULL, &hooks};

    conn = ws_conn_new(&config, DUR_S(1));
    if (conn == NULL) {
        assert_true(failmalloc_failed());
        return;
    }
    feed(conn, WSFRAME_FIN | WSFRAME_TEXT, "X", 1);
    feed(conn, WSFRAME_TEXT, "WAV_UPLOAD:x:AA", 15);
    feed(conn, WSFRAME_FIN | WSFRAME_PING, "p", 1);
    feed(conn, WSFRAME_FIN | WSFRAME_CONT, "AA", 2);
    feed(conn, WSFRAME_FIN | WSFRAME_BINARY, "sound", 5);
    ws_conn_expire(conn, DUR_S(25)); /* a ping of ours */
    feed(conn, WSFRAME_FIN | WSFRAME_TEXT, "X", 1);
    ws_conn_close(conn, WS_CLOSE_GOING_AWAY, "bye");
    feed(conn, WSFRAME_FIN | WSFRAME_CLOSE, "\x03\xe8", 2);
    ws_conn_expire(conn, DUR_S(60));
    ws_conn_expire(conn, DUR_S(120));
    assert_true(ws_conn_is_done(conn)); /* whatever failed, its time-outs end it */
    ws_conn_free(conn);
}

static void test_connection(void **state)
{
    (void)state;
    all(connection, 8);
    int echo = 1;
    total += failmalloc_all(connection, &echo, 1);
}

/* ---- options, tokens, the HTTP server ---- */

static const char *path_of(const char *name)
{
    static char path[128];

    snprintf(path, sizeof(path), "%s/%s", dir, name);
    return path;
}

static void write_text(const char *name, const char *text)
{
    FILE *f = fopen(path_of(name), "w");

    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static size_t no_input(void *ctx, void *owner, void **ptr)
{
    (void)ctx;
    (void)owner;
    (void)ptr;
    return 0;
}

static int open_none(void *ctx, mono_us now, void *owner, struct http_conn *conn, const struct net_addr *peer,
                     uint32_t endpoint, const struct span *token)
{
    (void)ctx, (void)now, (void)owner, (void)conn, (void)peer, (void)endpoint, (void)token;
    return ST_NO_MEMORY;
}

static void ask(struct http_server *server, const char *request)
{
    struct net_addr peer = addr_ipv4(10, 0, 0, 1, 40000);
    struct http_conn *conn = http_conn_open(server, 0, &peer, &peer);
    void *space;

    if (conn == NULL) {
        assert_true(failmalloc_failed());
        return;
    }
    assert_true(http_conn_input_space(conn, &space) >= strlen(request));
    memcpy(space, request, strlen(request));
    (void)http_conn_input_commit(conn, 0, strlen(request));
    enum http_phase phase = http_conn_phase(conn);
    assert_true(phase == HTTP_PHASE_RESPONSE || (phase == HTTP_PHASE_OVER && failmalloc_failed()));
    http_conn_free(conn, 0);
}

static void serve(const struct options *o)
{
    static const char *const none[] = {NULL};
    static const struct http_endpoint endpoint = {"/", none};
    struct http_server_config config = {.max_clients = 2,
                                        .rules = {.allow = o->ws_allow.items,
                                                  .allow_count = o->ws_allow.count,
                                                  .origins = (const char *const *)o->ws_origin.items,
                                                  .origin_count = o->ws_origin.count,
                                                  .needs_token = true},
                                        .endpoints = &endpoint,
                                        .endpoint_count = 1,
                                        .protocol = {.open = open_none, .input_space = no_input},
                                        .site = {.version = "1", .commands = none}};
    struct http_server *server;
    struct token_set tokens;
    char why[TOKENS_WHY_MAX];

    if (!ok(http_server_new(&config, &server))) {
        return;
    }
    if (ok(web_tokens_load(o->ws_token_file, &tokens, why))) {
        http_server_set_tokens(server, &tokens);
        ask(server, "GET /?token=one HTTP/1.1\r\nHost: 10.0.0.2\r\n\r\n");
        ask(server, "GET /?token=one HTTP/1.1\r\nHost: 10.0.0.2\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
    }
    http_server_free(server);
}

static void settings(void *ctx)
{
    char config[160], tokens[160], password[160], error[OPTIONS_ERROR_MAX];
    char program[] = "ws_audio_server", header[] = "X: y", allow[] = "10.0.0.0/8", origin[] = "http://a.example";
    char f1[] = "--config", f2[] = "--ws-token-file", f3[] = "--sip-password-file", f4[] = "--sip-header";
    char f5[] = "--ws-allow", f6[] = "--ws-origin";
    struct options o = {0};
    enum options_action action;

    (void)ctx;
    snprintf(config, sizeof(config), "%s/config", dir);
    snprintf(tokens, sizeof(tokens), "%s/tokens", dir);
    snprintf(password, sizeof(password), "%s/password", dir);
    char *argv[] = {program, f1, config, f2, tokens, f3, password, f4, header, f4, header, f5, allow, f6, origin, NULL};
    if (ok(options_load(&o, 15, argv, &action, error))) {
        serve(&o);
    } else {
        assert_true(strlen(error) > 0);
    }
    options_fini(&o);
}

static void test_settings(void **state)
{
    (void)state;
    write_text("config", "upload-dir = up\nsip-user = voip\nws-origin = https://b.example\nsip-domain = d.example\n");
    write_text("tokens", "one\ntwo\n");
    write_text("password", "secret\n");
    all(settings, 15);
}

/* ---- os and the stores over it ---- */

static void turn_until_flushed(struct os_loop *loop, const struct os_flusher *flusher)
{
    mono_us now;

    for (int i = 0; i < 200 && os_flusher_pending(flusher) > 0; i++) {
        assert_int_equal(os_loop_turn(loop, os_clock_mono() + DUR_MS(50), &now), ST_OK);
    }
}

static void on_done(void *ctx, struct pool_id owner, int status)
{
    (void)ctx;
    (void)owner;
    (void)ok(status);
}

static void use_uploads(struct os_loop *loop, struct os_flusher *flusher)
{
    struct uploads *u = NULL;
    struct uploads_list *list;
    struct uploads_entry entry;
    struct pool_id id;
    struct uploads_config config = {
        .dir = dir, .max_bytes = 1000, .quota_bytes = 100000, .max_files = 10, .handles = 2, .flusher = flusher};

    if (!ok(uploads_open(&config, &u))) {
        return;
    }
    if (ok(uploads_begin(u, SPAN_LIT("x.wav"), &id)) && ok(uploads_write(u, id, "sound", 5)) &&
        ok(uploads_commit(u, id, POOL_ID_NONE, on_done, NULL))) {
        turn_until_flushed(loop, flusher);
    }
    if (ok(uploads_list_open(u, &list))) {
        int status;
        while ((status = uploads_list_next(list, &entry)) == ST_OK || status == ST_AGAIN) {
        }
        uploads_list_close(list);
    }
    int status = uploads_delete(u, SPAN_LIT("x.wav"));
    assert_true(status == ST_OK || status == ST_NOT_FOUND);
    uploads_close(u);
}

static void use_recordings(struct os_loop *loop, struct os_flusher *flusher)
{
    struct recordings *r = NULL;
    struct pool_id id;
    char path[128];
    static int64_t wall = 1700000000000000;
    struct recordings_config config = {
        .dir = path, .quota_bytes = 10, .sync_seconds = 10, .calls = 2, .flusher = flusher}; /* room for two */

    snprintf(path, sizeof(path), "%s/rec", dir);
    bool created;
    assert_int_equal(os_dir_prepare(path, &created), ST_OK);
    if (!ok(recordings_open(&config, &r))) {
        return;
    }
    if (ok(recordings_begin(r, SPAN_LIT("1"), SPAN_LIT("abcdefgh"), wall += 1000000, DUR_S(1), &id))) {
        (void)ok(recordings_write_at(r, id, 0, "sound", 5, DUR_S(1)));
        recordings_end(r, id);
        turn_until_flushed(loop, flusher);
    }
    recordings_close(r);
}

static void use_sockets(struct os_loop *loop)
{
    struct os_udp_batch *batch;
    struct media_sockets *m = NULL;
    uint16_t port;

    if (!ok(os_udp_batch_new(1500, &batch))) {
        return;
    }
    static const mono_us now = DUR_S(1);
    struct media_sockets_config config = {
        .now = &now, .loop = loop, .batch = batch, .local = addr_ipv4(127, 0, 0, 1, 0), .max_calls = 2};
    config.dscp = -1;
    if (ok(sockets_new(&config, &m))) {
        struct media_io io = sockets_io(m);
        struct pool_id call = {0, 1};
        if (ok(io.open(io.ctx, call, &port))) {
            io.close(io.ctx, call);
        }
        sockets_free(m);
    }
    os_udp_batch_free(batch);
}

static void stores(void *ctx)
{
    struct os_loop *loop;
    struct os_flusher *flusher;
    bool kernel;
    char *text;
    size_t len;

    (void)ctx;
    if (!ok(os_loop_new(32, &loop))) {
        return;
    }
    if (ok(os_flusher_new(loop, 16, &flusher, &kernel))) {
        use_uploads(loop, flusher);
        use_recordings(loop, flusher);
        os_flusher_free(flusher);
    }
    use_sockets(loop);
    os_loop_free(loop);
    if (ok(os_file_load(path_of("tokens"), 100, &text, &len))) {
        free(text);
    }
}

static void test_stores(void **state)
{
    (void)state;
    all(stores, 20);
}

static int set_up(void **state)
{
    (void)state;
    snprintf(dir, sizeof(dir), "/tmp/ws_audio_oom.XXXXXX");
    return mkdtemp(dir) != NULL ? 0 : -1;
}

static int tear_down(void **state)
{
    char command[128];

    (void)state;
    snprintf(command, sizeof(command), "rm -rf '%s'", dir);
    digest_fini();
    printf("%lu allocations failed\n", total);
    return system(command);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_basics),     cmocka_unit_test(test_gateway_and_exchange),
        cmocka_unit_test(test_connection), cmocka_unit_test(test_settings),
        cmocka_unit_test(test_stores),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
