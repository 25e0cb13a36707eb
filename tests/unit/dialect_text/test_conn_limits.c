/* SPDX-License-Identifier: MIT */
/* What a connection takes, holds and sends at most: message and command limits, readers that do not read, audio, echo. */
#include <stdio.h>

#include "rng_seeded.h"
#include "support_conn.h"

#define BIG_ENOUGH 1000000

static uint8_t *bytes_of(char c, size_t len)
{
    uint8_t *bytes = malloc(len + 1);
    assert_non_null(bytes);
    memset(bytes, c, len);
    return bytes;
}

/* One message of len times c behind a prefix. */
static void send_long(struct peer *p, unsigned int opcode, const char *prefix, char c, size_t len)
{
    uint8_t *payload = bytes_of(c, len);
    uint8_t *frame = malloc(len + WSFRAME_HEADER_MAX);
    assert_non_null(frame);
    memcpy(payload, prefix, strlen(prefix));
    peer_input(p, frame, wsframe_write(frame, WSFRAME_FIN | opcode, payload, len), 0);
    free(frame);
    free(payload);
}

/* FAULTS 39: a long message is refused at its header, not collected; text as soon as it is seen to be no upload. */
static void test_fault_39_long_messages(void **state)
{
    static const uint8_t mask[4] = {0};
    uint8_t frame[WSFRAME_HEADER_MAX];
    static const uint64_t lens[] = {1001, 60 * 1024 * 1024, 1ULL << 33, INT64_MAX};
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        for (unsigned int opcode = WSFRAME_TEXT; opcode <= WSFRAME_BINARY; opcode++) {
            struct peer *p = peer_new(1000, false);
            peer_input(p, frame, wsframe_header(frame, opcode | WSFRAME_FIN, lens[i], mask), 0);
            if (opcode == WSFRAME_TEXT && lens[i] < 6ULL << 30) {
                peer_input(p, "WAV_UPLOAD", 10, 0);
                assert_int_equal(peer_close_code(p), 0);
                peer_input(p, "S", 1, 0);
            }
            assert_int_equal(peer_close_code(p), 1009);
            peer_expect_log(p, "");
            peer_free(p);
        }
    }
}

static void test_the_limit_counts_all_fragments(void **state)
{
    uint8_t frame[1200];
    char payload[600] = {0};
    struct peer *p = peer_new(1000, false);
    (void)state;
    memset(payload, 'b', sizeof(payload));
    peer_input(p, frame, wsframe_write(frame, WSFRAME_BINARY, payload, 600), 0);
    peer_input(p, frame, wsframe_write(frame, WSFRAME_FIN | WSFRAME_PING, payload, 125), 0);
    peer_input(p, frame, wsframe_write(frame, WSFRAME_FIN | WSFRAME_CONT, payload, 400), 0);
    assert_int_equal(peer_close_code(p), 0);
    assert_int_equal(p->log_len, 1 + 1000 + 1);
    peer_input(p, frame, wsframe_write(frame, WSFRAME_BINARY, payload, 600), 0);
    peer_input(p, frame, wsframe_write(frame, WSFRAME_CONT, payload, 0), 0);
    peer_input(p, frame, wsframe_write(frame, WSFRAME_CONT, payload, 401), 0);
    assert_int_equal(peer_close_code(p), 1009);
    peer_text(p, "HANGUP");
    peer_close(p, 1009);
    assert_true(ws_conn_is_done(p->conn)); /* its close was found behind what was passed over */
    peer_free(p);
}

/* In frames of `step` bytes with a ping between, in pieces of `chunk`. */
static void send_upload(struct peer *p, size_t len, size_t step, size_t chunk)
{
    static const char prefix[] = "\xef\xbb\xbfWAV_UPLOAD:n:";
    uint8_t *text = bytes_of('Q', len);
    uint8_t *frame = malloc(len + WSFRAME_HEADER_MAX);
    assert_non_null(frame);
    memcpy(text, prefix, sizeof(prefix) - 1);
    for (size_t at = 0; at < len; at += step) {
        size_t n = len - at < step ? len - at : step;
        unsigned int first = (at == 0 ? WSFRAME_TEXT : WSFRAME_CONT) | (at + n == len ? WSFRAME_FIN : 0);
        peer_input(p, frame, wsframe_write(frame, first, text + at, n), chunk);
        peer_input(p, frame, wsframe_write(frame, WSFRAME_FIN | WSFRAME_PING, "", 0), 0);
    }
    free(frame);
    free(text);
}

/* An upload that is too long is read past and told at its end; what comes behind it is heard. */
static void test_a_too_long_upload_is_read_past(void **state)
{
    static const size_t steps[] = {1, 2, 13, 16, 999, 1000, 1001, 5000};
    (void)state;
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        for (size_t chunk = 0; chunk < 3; chunk++) {
            struct peer *p = peer_new(1000, false);
            send_upload(p, 5000, steps[i], chunk);
            peer_text(p, "STATS");
            assert_int_equal(peer_close_code(p), 0);
            assert_non_null(strstr(p->log, "~.CSTATS;"));
            assert_memory_equal(p->log, "Un=", 3);
            assert_true(p->log_len <= 3 + 1000 + 9);
            peer_free(p);
        }
    }
    struct peer *p = peer_new(1000, false);
    send_upload(p, 1000, 300, 0);
    assert_null(strchr(p->log, '~'));
    peer_free(p);
}

static void test_a_too_long_upload_that_never_ends(void **state)
{
    uint8_t frame[64];
    static const uint8_t mask[4] = {0};
    struct peer *p = peer_new(1000, false);
    (void)state;
    peer_input(p, frame, wsframe_header(frame, WSFRAME_TEXT, 900, mask), 0);
    peer_input(p, "WAV_UPLOAD:a:", 13, 0);
    peer_expect_log(p, "Ua=");
    ws_conn_close(p->conn, WS_CLOSE_GOING_AWAY, "stopping");
    (void)ws_conn_process(p->conn, p->now, SIZE_MAX);
    peer_expect_log(p, "Ua=!");
    peer_free(p);

    p = peer_new(1000, false);
    peer_input(p, frame, wsframe_header(frame, WSFRAME_TEXT | WSFRAME_FIN, 6ULL << 30, mask), 0);
    peer_input(p, "WAV_UPLOAD:abc", 14, 0);
    peer_expect_log(p, "");
    peer_input(p, ":QQQQ", 5, 0);
    peer_expect_log(p, "Uabc=~");
    ws_conn_close(p->conn, WS_CLOSE_GOING_AWAY, "stopping");
    (void)ws_conn_process(p->conn, p->now, SIZE_MAX);
    peer_expect_log(p, "Uabc=~!");
    peer_free(p);
}

/* Fragments that add up: a command is no upload, and a limit below the prefix leaves nothing to see. */
static void test_a_too_long_command_closes(void **state)
{
    uint8_t frame[64];
    struct peer *p = peer_new(20, false);
    (void)state;
    peer_input(p, frame, wsframe_write(frame, WSFRAME_TEXT, "CALL:", 5), 0);
    peer_input(p, frame, wsframe_write(frame, WSFRAME_FIN | WSFRAME_CONT, "0123456789012345", 16), 0);
    assert_int_equal(peer_close_code(p), 1009);
    peer_expect_log(p, "");
    peer_free(p);
    p = peer_new(2, false);
    peer_text(p, "WAV");
    assert_int_equal(peer_close_code(p), 1009);
    peer_expect_log(p, "");
    peer_free(p);
}

static void test_what_follows_a_refused_message_is_passed_over(void **state)
{
    struct peer *p = peer_new(1000, false);
    (void)state;
    send_long(p, WSFRAME_TEXT, "CALL:", 'x', 70000);
    assert_int_equal(peer_close_code(p), 1009);
    assert_false(ws_conn_has_work(p->conn));
    assert_false(ws_conn_is_done(p->conn));
    peer_close(p, 1009);
    assert_true(ws_conn_is_done(p->conn));
    peer_free(p);
}

static void test_command_length(void **state)
{
    struct peer *p = peer_new(BIG_ENOUGH, false);
    (void)state;
    send_long(p, WSFRAME_TEXT, "CALL:", 'x', COMMAND_MAX);
    assert_int_equal(p->log_len, COMMAND_MAX + 2);
    peer_free(p);

    p = peer_new(BIG_ENOUGH, false);
    send_long(p, WSFRAME_TEXT, "CALL:", 'x', COMMAND_MAX + 1);
    peer_expect_log(p, "LCALL;");
    send_long(p, WSFRAME_TEXT, "", 'x', 100000);
    peer_expect_log(p, "LCALL;L;");
    send_long(p, WSFRAME_TEXT, "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345:", 'x', 10000);
    send_long(p, WSFRAME_TEXT, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456:", 'x', 10000);
    peer_expect_log(p, "LCALL;L;LABCDEFGHIJKLMNOPQRSTUVWXYZ012345;L;");
    peer_text(p, "HANGUP"); /* and the connection goes on */
    peer_expect_log(p, "LCALL;L;LABCDEFGHIJKLMNOPQRSTUVWXYZ012345;L;CHANGUP;");
    peer_free(p);
}

static void test_a_line_end_does_not_count(void **state)
{
    char *text = (char *)bytes_of('y', COMMAND_MAX + 3);
    struct peer *p = peer_new(BIG_ENOUGH, false);
    (void)state;
    memcpy(text + COMMAND_MAX, "\r\n", 3);
    peer_text(p, text);
    assert_int_equal(p->log_len, COMMAND_MAX + 2);
    memcpy(text + COMMAND_MAX, "\n.", 3);
    peer_text(p, text);
    assert_memory_equal(p->log + p->log_len - 3, ";L;", 3);
    free(text);
    peer_free(p);
}

static void test_upload_names_are_cut(void **state)
{
    char text[256];
    char expect[256];
    (void)state;
    for (size_t len = FILE_NAME_LEN_MAX - 1; len < FILE_NAME_LEN_MAX + 5; len++) {
        size_t kept = len > FILE_NAME_LEN_MAX + 1 ? FILE_NAME_LEN_MAX + 1 : len;
        char name[FILE_NAME_LEN_MAX + 8];
        memset(name, 'n', sizeof(name));
        (void)snprintf(text, sizeof(text), "WAV_UPLOAD:%.*s:QUJD", (int)len, name);
        (void)snprintf(expect, sizeof(expect), "U%.*s=QUJD.", (int)kept, name);
        for (size_t chunk = 0; chunk < 3; chunk++) {
            uint8_t frame[300];
            struct peer *p = peer_new(BIG_ENOUGH, false);
            peer_input(p, frame, wsframe_text(frame, text), chunk);
            peer_expect_log(p, expect);
            peer_free(p);
        }
    }
}

static void test_a_long_upload_streams(void **state)
{
    struct peer *p = peer_new(BIG_ENOUGH, false);
    (void)state;
    send_long(p, WSFRAME_TEXT, "WAV_UPLOAD:a:", 'Q', 30013);
    assert_int_equal(p->log_len, 3 + 30000 + 1);
    assert_memory_equal(p->log + p->log_len - 3, "QQ.", 3);
    peer_free(p);
}

static void test_a_slow_reader_keeps_all_control_text(void **state)
{
    struct peer *p = peer_new(BIG_ENOUGH, false);
    char text[64];
    (void)state;
    p->flushing = false;
    for (int i = 0; i < 900; i++) {
        int len = snprintf(text, sizeof(text), "CALL_STATE:%050d", i);
        ws_conn_send_text(p->conn, span_make(text, (size_t)len));
    }
    assert_int_equal(ws_conn_control_queued(p->conn), 900 * 63);
    const void *ptr = NULL;
    for (size_t len = ws_conn_output(p->conn, &ptr); len > 0; len = ws_conn_output(p->conn, &ptr)) {
        size_t n = len < 777 ? len : 777;
        memcpy(p->received + p->received_len, ptr, n);
        p->received_len += n;
        ws_conn_output_consume(p->conn, n);
    }
    assert_int_equal(ws_conn_control_queued(p->conn), 0);
    assert_int_equal(peer_frame_count(p), 900);
    assert_memory_equal((const char *)peer_frame(p, 899).payload + 58, "899", 3);
    peer_free(p);
}

static void test_a_client_that_does_not_read_is_closed_with_1013(void **state)
{
    struct peer *p = peer_new(BIG_ENOUGH, false);
    char text[1022];
    (void)state;
    memset(text, 't', sizeof(text));
    p->flushing = false;
    for (int i = 0; i < 63; i++) {
        ws_conn_send_text(p->conn, span_make(text, sizeof(text)));
    }
    assert_int_equal(ws_conn_control_queued(p->conn), 63 * 1026);
    ws_conn_send_text(p->conn, span_make(text, 894)); /* to the byte */
    assert_int_equal(ws_conn_control_queued(p->conn), WS_CONTROL_MAX);
    assert_true(ws_conn_due(p->conn) > p->now);
    ws_conn_send_text(p->conn, SPAN_LIT("x"));
    ws_conn_send_text(p->conn, SPAN_LIT("y"));
    assert_true(ws_conn_due(p->conn) == MONO_AT_ONCE);
    assert_false(ws_conn_is_done(p->conn));
    peer_expire_at(p, p->now + DUR_MS(900));
    assert_false(ws_conn_is_done(p->conn));
    peer_expire_at(p, p->now + DUR_MS(200));
    assert_true(ws_conn_is_done(p->conn));
    peer_read(p);
    assert_int_equal(peer_frame_count(p), 65);
    assert_int_equal(peer_close_code(p), 1013);
    peer_free(p);
}

static void test_one_text_over_the_limit(void **state)
{
    struct peer *p = peer_new(BIG_ENOUGH, false);
    uint8_t *text = bytes_of('t', WS_CONTROL_MAX + 1);
    (void)state;
    ws_conn_send_text(p->conn, span_make(text, WS_CONTROL_MAX + 1));
    peer_read(p);
    assert_int_equal(peer_close_code(p), 1013);
    free(text);
    peer_free(p);
}

/* Pongs that nobody reads are control text like any other. */
static void test_ping_flood(void **state)
{
    struct peer *p = peer_new(BIG_ENOUGH, false);
    uint8_t frame[256];
    char payload[125];
    int sent = 0;
    (void)state;
    memset(payload, 'p', sizeof(payload));
    p->flushing = false;
    for (; sent < 2000 && ws_conn_due(p->conn) > p->now; sent++) {
        peer_input(p, frame, wsframe_write(frame, WSFRAME_FIN | WSFRAME_PING, payload, 125), 0);
    }
    assert_int_equal(sent, WS_CONTROL_MAX / 127 + 1);
    peer_read(p);
    assert_int_equal(peer_close_code(p), 1013);
    peer_free(p);
}

static void fill_bytes(void *ctx, uint8_t *out, size_t len)
{
    memset(out, *(const char *)ctx, len);
}

static void test_audio_frames(void **state)
{
    static const size_t lens[] = {0, 1, 125, 126, 160, 3000, 50000};
    struct peer *p = peer_new(BIG_ENOUGH, false);
    char c = 'a';
    (void)state;
    for (size_t i = 0; i < 7; i++) {
        assert_true(ws_conn_audio_room(p->conn, lens[i]));
        ws_conn_send_audio(p->conn, i % 2 == 0, lens[i], fill_bytes, &c);
        peer_read(p);
        struct wsframe frame = peer_frame(p, i);
        assert_true(frame.fin && frame.len == lens[i]);
        assert_int_equal(frame.opcode, i % 2 == 0 ? WSFRAME_TEXT : WSFRAME_BINARY);
        assert_true(lens[i] == 0 || (frame.payload[0] == 'a' && frame.payload[lens[i] - 1] == 'a'));
    }
    peer_free(p);
}

static void test_audio_is_refused_when_full(void **state)
{
    struct peer *p = peer_new(BIG_ENOUGH, false);
    char text[1000];
    char c = 'a';
    size_t frames = 0;
    (void)state;
    memset(text, 't', sizeof(text));
    while (ws_conn_audio_room(p->conn, 172)) {
        ws_conn_send_audio(p->conn, false, 172, fill_bytes, &c);
        frames++;
    }
    assert_true(frames > 300 && frames * 176 < WS_OUTPUT_CAP - WS_CONTROL_MAX);
    assert_int_equal(ws_conn_control_queued(p->conn), 0); /* audio is no reason to close */
    for (int i = 0; i < 65; i++) {
        ws_conn_send_text(p->conn, span_make(text, sizeof(text)));
    }
    assert_int_equal(ws_conn_control_queued(p->conn), 65 * 1004);
    assert_false(ws_conn_audio_room(p->conn, 0));
    peer_read(p);
    assert_int_equal(peer_close_code(p), 0);
    assert_int_equal(peer_frame_count(p), frames + 65);
    assert_true(ws_conn_audio_room(p->conn, 172));
    assert_false(ws_conn_audio_room(p->conn, WS_OUTPUT_CAP));
    assert_false(ws_conn_audio_room(p->conn, SIZE_MAX));
    peer_free(p);
}

/* Text and audio by turns keep their order, and what is unsent of each is known to the byte. */
static void test_audio_between_control_text(void **state)
{
    struct peer *p = peer_new(BIG_ENOUGH, false);
    char c = 'a';
    size_t pairs = 0;
    (void)state;
    while (ws_conn_audio_room(p->conn, 100)) {
        ws_conn_send_audio(p->conn, false, 100, fill_bytes, &c);
        ws_conn_send_text(p->conn, SPAN_LIT("12345678"));
        pairs++;
    }
    assert_true(pairs >= 16);
    assert_int_equal(ws_conn_control_queued(p->conn), pairs * 10);
    ws_conn_output_consume(p->conn, 50); /* in the middle of an audio frame */
    assert_int_equal(ws_conn_control_queued(p->conn), pairs * 10);
    assert_false(ws_conn_audio_room(p->conn, 100));
    ws_conn_output_consume(p->conn, 52 + 10 + 1);
    assert_int_equal(ws_conn_control_queued(p->conn), pairs * 10 - 10);
    assert_true(ws_conn_audio_room(p->conn, 100));
    ws_conn_output_consume(p->conn, 101);
    for (size_t i = 2; i < 1000; i++) { /* over the border of the buffer many times */
        assert_true(ws_conn_audio_room(p->conn, 100));
        ws_conn_send_audio(p->conn, false, 100, fill_bytes, &c);
        ws_conn_send_text(p->conn, SPAN_LIT("12345678"));
        const void *ptr = NULL;
        assert_true(ws_conn_output(p->conn, &ptr) > 112);
        assert_memory_equal(ptr,
                            "\x81\x08"
                            "12345678\x82\x64",
                            12);
        ws_conn_output_consume(p->conn, 112);
    }
    peer_free(p);
}

static void test_echo_as_it_came(void **state)
{
    static const size_t lens[] = {0, 1, 125, 126, 8192, 8193, 65536, 200000};
    (void)state;
    for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
        struct peer *p = peer_new(BIG_ENOUGH, true);
        send_long(p, WSFRAME_BINARY, "", 'e', lens[i]);
        size_t total = 0;
        size_t count = peer_frame_count(p);
        for (size_t n = 0; n < count; n++) {
            struct wsframe frame = peer_frame(p, n);
            assert_int_equal(frame.opcode, n == 0 ? WSFRAME_BINARY : WSFRAME_CONT);
            assert_int_equal(frame.fin, n == count - 1);
            for (size_t k = 0; k < frame.len; k++) {
                assert_int_equal(frame.payload[k], 'e');
            }
            total += (size_t)frame.len;
        }
        assert_int_equal(total, lens[i]);
        assert_true(lens[i] > COMMAND_MAX || count == 1);
        peer_free(p);
    }
}

static void test_echo_text_and_pings(void **state)
{
    struct peer *p = peer_new(100, true);
    uint8_t frame[256];
    (void)state;
    peer_input(p, frame, wsframe_write(frame, WSFRAME_TEXT, "WAV_UPLOAD:\xe4", 12), 1);
    peer_input(p, frame, wsframe_write(frame, WSFRAME_FIN | WSFRAME_PING, "now", 3), 1);
    peer_input(p, frame, wsframe_write(frame, WSFRAME_FIN | WSFRAME_CONT, "\xb8\xad\r\n", 4), 1);
    assert_int_equal(peer_frame(p, 0).opcode, WSFRAME_PONG);
    assert_int_equal(peer_frame(p, 1).opcode, WSFRAME_TEXT);
    assert_memory_equal(peer_frame(p, 1).payload, "WAV_UPLOAD:\xe4\xb8\xad\r\n", 16);
    peer_input(p, frame, wsframe_write(frame, WSFRAME_FIN | WSFRAME_TEXT, "ok\xe4\xb8", 4), 0);
    assert_int_equal(peer_frame_count(p), 3); /* nothing of it went back */
    assert_int_equal(peer_close_code(p), 1007);
    peer_free(p);
    p = peer_new(100, true);
    send_long(p, WSFRAME_TEXT, "", 'x', 101);
    assert_int_equal(peer_close_code(p), 1009);
    peer_free(p);
}

static void test_echo_waits_for_its_reader(void **state)
{
    struct peer *p = peer_new(BIG_ENOUGH, true);
    static const uint8_t mask[4] = {0};
    uint8_t *bytes = bytes_of('e', 300000 + WSFRAME_HEADER_MAX);
    size_t header = wsframe_header(bytes, WSFRAME_FIN | WSFRAME_BINARY, 300000, mask);
    size_t len = header + 300000;
    size_t sent = 0;
    size_t stalls = 0;
    (void)state;
    while (sent < len) {
        void *space = NULL;
        size_t room = ws_conn_input_space(p->conn, &space);
        size_t n = room < len - sent ? room : len - sent;
        memcpy(space, bytes + sent, n);
        sent += n;
        ws_conn_input_commit(p->conn, n);
        (void)ws_conn_process(p->conn, p->now, SIZE_MAX);
        assert_false(ws_conn_has_work(p->conn)); /* or the loop would spin */
        if (n == 0) {
            const void *ptr = NULL;
            assert_true(ws_conn_output(p->conn, &ptr) <= WS_OUTPUT_CAP - WS_CONTROL_MAX);
            peer_read(p);
            assert_true(ws_conn_has_work(p->conn));
            (void)ws_conn_process(p->conn, p->now, SIZE_MAX);
            stalls++;
        }
    }
    peer_read(p);
    while (ws_conn_has_work(p->conn)) {
        (void)ws_conn_process(p->conn, p->now, SIZE_MAX);
        peer_read(p);
    }
    assert_true(stalls > 2);
    size_t total = 0;
    size_t count = peer_frame_count(p);
    for (size_t i = 0; i < count; i++) {
        total += (size_t)peer_frame(p, i).len;
    }
    assert_int_equal(total, 300000);
    free(bytes);
    peer_free(p);
}

/* Bytes without sense, at any size: nothing but a clean end may come of it. */
static void test_noise(void **state)
{
    uint64_t seed = 20260101;
    const struct rng rng = {rng_seeded_fill, &seed};
    uint8_t noise[600];
    (void)state;
    for (int round = 0; round < 3000; round++) {
        struct peer *p = peer_new(300, round % 4 == 0);
        for (int i = 0; i < 3; i++) {
            size_t len = rng_below(&rng, sizeof(noise));
            rng.fill(rng.ctx, noise, len);
            if (round % 2 == 0) { /* a frame with a good header around it */
                static const uint8_t mask[4] = {0};
                size_t n = wsframe_header(noise, 0x80U | (1 + rng_below(&rng, 10)), rng_below(&rng, 200), mask);
                len = len < n ? n : len;
            }
            peer_input(p, noise, len, rng_below(&rng, 9));
        }
        (void)peer_close_code(p);
        peer_free(p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fault_39_long_messages),
        cmocka_unit_test(test_the_limit_counts_all_fragments),
        cmocka_unit_test(test_what_follows_a_refused_message_is_passed_over),
        cmocka_unit_test(test_command_length),
        cmocka_unit_test(test_a_line_end_does_not_count),
        cmocka_unit_test(test_a_too_long_upload_is_read_past),
        cmocka_unit_test(test_a_too_long_upload_that_never_ends),
        cmocka_unit_test(test_a_too_long_command_closes),
        cmocka_unit_test(test_upload_names_are_cut),
        cmocka_unit_test(test_a_long_upload_streams),
        cmocka_unit_test(test_a_slow_reader_keeps_all_control_text),
        cmocka_unit_test(test_a_client_that_does_not_read_is_closed_with_1013),
        cmocka_unit_test(test_one_text_over_the_limit),
        cmocka_unit_test(test_ping_flood),
        cmocka_unit_test(test_audio_frames),
        cmocka_unit_test(test_audio_is_refused_when_full),
        cmocka_unit_test(test_audio_between_control_text),
        cmocka_unit_test(test_echo_as_it_came),
        cmocka_unit_test(test_echo_text_and_pings),
        cmocka_unit_test(test_echo_waits_for_its_reader),
        cmocka_unit_test(test_noise),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
