/* SPDX-License-Identifier: MIT */
/* conn.c, conn_in.c, conn_text.c: messages, pauses and the ways a connection ends (RFC 6455 5, 7). */
#include <stdio.h>

#include "support_conn.h"

#define BIG_ENOUGH 1000000

struct script {
    size_t len;
    uint8_t bytes[4096];
};

static void add(struct script *s, unsigned int first, const char *payload)
{
    s->len += wsframe_write(s->bytes + s->len, first, payload, strlen(payload));
}

/* Everything legal in one go: what is heard and answered must not depend on how it is cut. */
static void script_build(struct script *s)
{
    s->len = 0;
    add(s, WSFRAME_FIN | WSFRAME_TEXT, "HANGUP");
    add(s, WSFRAME_TEXT, "CALL:\xe4");
    add(s, WSFRAME_FIN | WSFRAME_PING, "are you there");
    add(s, WSFRAME_CONT, "");
    add(s, WSFRAME_CONT, "\xb8");
    add(s, WSFRAME_FIN | WSFRAME_CONT, "\xad\r\n");
    add(s, WSFRAME_TEXT, "WAV_");
    add(s, WSFRAME_CONT, "UPLOAD:na");
    add(s, WSFRAME_CONT, "me.wav:QU");
    add(s, WSFRAME_FIN | WSFRAME_PONG, "unasked");
    add(s, WSFRAME_CONT, "JD\r");
    add(s, WSFRAME_FIN | WSFRAME_CONT, "\n");
    add(s, WSFRAME_BINARY, "HAN");
    add(s, WSFRAME_FIN | WSFRAME_PING, "");
    add(s, WSFRAME_FIN | WSFRAME_CONT, "GUP\r\n");
    add(s, WSFRAME_FIN | WSFRAME_TEXT, "");
    add(s, WSFRAME_FIN | WSFRAME_BINARY, "");
    add(s, WSFRAME_FIN | WSFRAME_TEXT, "WAV_UPLOAD:x");
    s->len += wsframe_close(s->bytes + s->len, 4321, "bye", 3);
    add(s, WSFRAME_FIN | WSFRAME_TEXT, "CALL:late");
}

static void script_expect(struct peer *p)
{
    peer_expect_log(p, "CHANGUP;CCALL:\xe4\xb8\xad;Uname.wav=QUJD\r\n.BHANGUP\r\n;C;B;Ux=.");
    assert_int_equal(peer_frame_count(p), 3);
    struct wsframe frame = peer_frame(p, 0);
    assert_int_equal(frame.opcode, WSFRAME_PONG);
    assert_int_equal(frame.len, 13);
    assert_memory_equal(frame.payload, "are you there", 13);
    assert_int_equal(peer_frame(p, 1).len, 0);
    frame = peer_frame(p, 2);
    assert_int_equal(wsframe_close_code(&frame), 4321);
    assert_memory_equal(frame.payload + 2, "bye", 3);
    assert_true(ws_conn_is_done(p->conn));
    assert_true(ws_conn_due(p->conn) == MONO_NEVER);
}

static void test_every_split(void **state)
{
    struct script s;
    (void)state;
    script_build(&s);
    for (size_t cut = 0; cut <= s.len; cut++) {
        struct peer *p = peer_new(BIG_ENOUGH, false);
        peer_input(p, s.bytes, cut, 0);
        peer_input(p, s.bytes + cut, s.len - cut, 0);
        script_expect(p);
        peer_free(p);
    }
    for (size_t chunk = 1; chunk < 20; chunk++) {
        struct peer *p = peer_new(BIG_ENOUGH, false);
        peer_input(p, s.bytes, s.len, chunk);
        script_expect(p);
        peer_free(p);
    }
}

static void test_messages(void **state)
{
    static const char *const table[][2] = {
        {"HANGUP\r\n", "CHANGUP;"},
        {"HANGUP\n", "CHANGUP;"},
        {"HANGUP\r", "CHANGUP;"},
        {"HANGUP\n\n", "CHANGUP;"},
        {"HANGUP\n\r", "CHANGUP;"},
        {"HANGUP\r\n\r\n", "CHANGUP;"},
        {"\r\n", "C;"},
        {"A\r\nB\n", "CA\r\nB;"},
        {"HANGUP ", "CHANGUP;"},
        {"HANGUP \t\r\n ", "CHANGUP;"},
        {" HANGUP", "C HANGUP;"},
        {" \r\n", "C;"},
        {"\xef\xbb\xbfHANGUP", "CHANGUP;"},
        {"\xef\xbb\xbfHANGUP\r\n", "CHANGUP;"},
        {"\xef\xbb\xbf", "C;"},
        {"\xef\xbb\xbf\xef\xbb\xbfX", "C\xef\xbb\xbfX;"},
        {"\xef\xbb\xb0X", "C\xef\xbb\xb0X;"},
        {"\xef\xbc\x98X", "C\xef\xbc\x98X;"},
        {"MARK:a b \n", "CMARK:a b;"},
        {"\xef\xbb\xbfWAV_UPLOAD:a:QUJD", "Ua=QUJD."},
        {"WAV_UPLOAD", "CWAV_UPLOAD;"},
        {"WAV_UPLOAD\r\n", "CWAV_UPLOAD;"},
        {"wav_upload:a:b", "Cwav_upload:a:b;"},
        {"WAV_UPLOADX:a:b", "CWAV_UPLOADX:a:b;"},
        {"WAV_UPLOAD:", "U=."},
        {"WAV_UPLOAD:\r\n", "U\r\n=."},
        {"WAV_UPLOAD::", "U=."},
        {"WAV_UPLOAD::QUJD", "U=QUJD."},
        {"WAV_UPLOAD:a.wav", "Ua.wav=."},
        {"WAV_UPLOAD:a.wav\r\n", "Ua.wav\r\n=."},
        {"WAV_UPLOAD:a\r\n.wav:AA", "Ua\r\n.wav=AA."},
        {"WAV_UPLOAD:a.wav:", "Ua.wav=."},
        {"WAV_UPLOAD:a.wav:\r\n", "Ua.wav=\r\n."},
        {"WAV_UPLOAD:a.wav:QUJD\n", "Ua.wav=QUJD\n."},
        {"WAV_UPLOAD:a.wav:QU:D\r\nQQ\r\r", "Ua.wav=QU:D\r\nQQ\r\r."},
        {"WAV_UPLOAD:\xe4\xb8\xad:A", "U\xe4\xb8\xad=A."},
        {"WAV_UPLOAD:a.wav:A\xc3\xa4", "Ua.wav=A\xc3\xa4."},
    };
    uint8_t frame[128];
    (void)state;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        size_t len = strlen(table[i][0]);
        for (size_t cut = 0; cut <= len; cut++) {
            struct peer *p = peer_new(BIG_ENOUGH, false);
            size_t n = wsframe_write(frame, WSFRAME_TEXT, table[i][0], cut);
            n += wsframe_write(frame + n, WSFRAME_FIN | WSFRAME_CONT, table[i][0] + cut, len - cut);
            peer_input(p, frame, n, cut % 3);
            peer_expect_log(p, table[i][1]);
            peer_free(p);
        }
    }
}

static void test_nul_at_the_end(void **state)
{
    static const char text[] = "STATS\0\0\r\n"; /* one more NUL behind it */
    uint8_t frame[64];
    (void)state;
    for (size_t cut = 0; cut <= sizeof(text); cut++) {
        struct peer *p = peer_new(BIG_ENOUGH, false);
        size_t n = wsframe_write(frame, WSFRAME_TEXT, text, cut);
        n += wsframe_write(frame + n, WSFRAME_FIN | WSFRAME_CONT, text + cut, sizeof(text) - cut);
        peer_input(p, frame, n, 0);
        peer_expect_log(p, "CSTATS;");
        peer_free(p);
    }
}

/* FAULTS 37, the streaming part: every byte of a bad upload reaches the strict decoder behind us, and its end is told. */
static void test_fault_37_bad_base64_is_handed_on_as_it_is(void **state)
{
    static const char *const bad[] = {"QUJ",  "@@@@!!!!", "AA==BBBB", "QUJD QUJD", "QU\nJD", "\xc3\xa4\xc3\xa4",
                                      "====", ":",        "Q"};
    char text[64];
    char expect[64];
    uint8_t frame[128];
    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        (void)snprintf(text, sizeof(text), "WAV_UPLOAD:a.wav:%s", bad[i]);
        (void)snprintf(expect, sizeof(expect), "Ua.wav=%s.", bad[i]);
        for (size_t chunk = 0; chunk < 3; chunk++) {
            struct peer *p = peer_new(BIG_ENOUGH, false);
            peer_input(p, frame, wsframe_text(frame, text), chunk);
            peer_expect_log(p, expect);
            peer_free(p);
        }
    }
}

/* FAULTS 34: two clients send fragments at the same time. */
static void test_fault_34_fragments_of_two_clients(void **state)
{
    static const char *const pieces[] = {"WAV_UPLOAD:", "a", ".wav:QU", "FB", "QkI="};
    struct peer *a = peer_new(BIG_ENOUGH, false);
    struct peer *b = peer_new(BIG_ENOUGH, false);
    uint8_t frame[64];
    (void)state;
    for (size_t i = 0; i < 5; i++) {
        unsigned int first = (i == 0 ? WSFRAME_TEXT : WSFRAME_CONT) | (i == 4 ? WSFRAME_FIN : 0);
        peer_input(a, frame, wsframe_write(frame, first, pieces[i], strlen(pieces[i])), 0);
        peer_input(b, frame, wsframe_write(frame, first, i == 1 ? "b" : pieces[i], strlen(pieces[i])), 0);
    }
    peer_expect_log(a, "Ua.wav=QUFBQkI=.");
    peer_expect_log(b, "Ub.wav=QUFBQkI=.");
    peer_free(a);
    peer_free(b);
}

struct bytes {
    const char *ptr;
    size_t len;
};
#define BYTES(literal)                                                                                                 \
    {                                                                                                                  \
        literal, sizeof(literal) - 1                                                                                   \
    }

/* FAULTS 40: text that is no UTF-8 ends with 1007, as soon as it is seen. */
static void test_fault_40_text_is_utf8(void **state)
{
    static const struct bytes bad[] = {
        BYTES("\x80"),         BYTES("CALL:\xff"),         BYTES("\xc0\xaf"),         BYTES("\xe0\x80\xaf"),
        BYTES("\xed\xa0\x80"), BYTES("\xf4\x90\x80\x80"),  BYTES("\xf8\x88\x80\x80"), BYTES("a\xe4\xb8"),
        BYTES("\xc3(x"),       BYTES("WAV_UPLOAD:a:\xff"),
    };
    uint8_t frame[64];
    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        for (size_t chunk = 0; chunk < 3; chunk++) {
            struct peer *p = peer_new(BIG_ENOUGH, false);
            peer_input(p, frame, wsframe_write(frame, WSFRAME_FIN | WSFRAME_TEXT, bad[i].ptr, bad[i].len), chunk);
            assert_int_equal(peer_close_code(p), 1007);
            assert_null(strchr(p->log, 'C'));
            assert_null(strchr(p->log, '.'));
            peer_free(p);
        }
    }
    struct peer *p = peer_new(BIG_ENOUGH, false);
    peer_input(p, frame, wsframe_write(frame, WSFRAME_TEXT, "abc\xff", 4), 0); /* the message has not ended */
    assert_int_equal(peer_close_code(p), 1007);
    assert_false(ws_conn_is_done(p->conn));
    peer_close(p, 1007);
    assert_true(ws_conn_is_done(p->conn));
    peer_free(p);
    p = peer_new(BIG_ENOUGH, false);
    peer_input(p, frame, wsframe_write(frame, WSFRAME_FIN | WSFRAME_BINARY, "\xff\xfe", 2), 0);
    peer_expect_log(p, "B\xff\xfe;");
    peer_free(p);
}

/* FAULTS 42: a binary message is audio, whatever it says. */
static void test_fault_42_binary_is_no_command(void **state)
{
    struct peer *p = peer_new(BIG_ENOUGH, false);
    uint8_t frame[64];
    (void)state;
    peer_input(p, frame, wsframe_write(frame, WSFRAME_FIN | WSFRAME_BINARY, "CALL:1", 6), 0);
    peer_expect_log(p, "BCALL:1;");
    peer_free(p);
}

static void test_protocol_errors(void **state)
{
    static const struct bytes bad[] = {
        BYTES("\x81\x02hi"),         /* not masked */
        BYTES("\x89\x00"),           /* nor may a ping be */
        BYTES("\xc1\x82\0\0\0\0hi"), /* RSV1 */
        BYTES("\xa1\x82\0\0\0\0hi"), /* RSV2 */
        BYTES("\x91\x82\0\0\0\0hi"), /* RSV3 */
        BYTES("\xc9\x80\0\0\0\0"),   /* RSV1 on a ping */
        BYTES("\x83\x80\0\0\0\0"),   /* opcodes that nobody has */
        BYTES("\x84\x82\0\0\0\0hi"),
        BYTES("\x85\x80\0\0\0\0"),
        BYTES("\x86\x80\0\0\0\0"),
        BYTES("\x87\x80\0\0\0\0"),
        BYTES("\x8b\x80\0\0\0\0"),
        BYTES("\x8c\x80\0\0\0\0"),
        BYTES("\x8d\x80\0\0\0\0"),
        BYTES("\x8e\x81\0\0\0\0x"),
        BYTES("\x8f\x80\0\0\0\0"),
        BYTES("\x80\x80\0\0\0\0"), /* nothing to continue */
        BYTES("\x00\x81\0\0\0\0x"),
        BYTES("\x01\x81\0\0\0\0x\x81\x81\0\0\0\0y"), /* a message in a message */
        BYTES("\x02\x80\0\0\0\0\x01\x80\0\0\0\0"),
        BYTES("\x81\x80\0\0\0\0\x80\x80\0\0\0\0"),
        BYTES("\x09\x80\0\0\0\0"), /* fragmented control frames */
        BYTES("\x0a\x81\0\0\0\0x"),
        BYTES("\x08\x80\0\0\0\0"),
        BYTES("\x89\xfe\x00\x7e\0\0\0\0"), /* a ping of 126 bytes */
        BYTES("\x89\xff\0\0\0\0\0\1\0\0\0\0\0\0"),
        BYTES("\x81\xfe\x00\x05\0\0\0\0hello"), /* lengths in too long a form */
        BYTES("\x82\xff\0\0\0\0\0\0\0\5\0\0\0\0hello"),
        BYTES("\x82\xff\x80\0\0\0\0\0\0\5\0\0\0\0hello"),
        BYTES("\x88\x81\0\0\0\0x"), /* half a close code */
    };
    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        for (size_t chunk = 0; chunk < 2; chunk++) {
            struct peer *p = peer_new(BIG_ENOUGH, false);
            peer_input(p, bad[i].ptr, bad[i].len, chunk);
            if (peer_close_code(p) != 1002) {
                fail_msg("%zu: closed with %u", i, peer_close_code(p));
            }
            assert_true(strcmp(p->log, "") == 0 || strcmp(p->log, "C;") == 0);
            peer_text(p, "HANGUP");
            peer_close(p, 1002);
            peer_expire_at(p, p->now + DUR_S(6)); /* where the bad frame's own payload is still awaited */
            assert_true(ws_conn_is_done(p->conn));
            assert_true(strcmp(p->log, "") == 0 || strcmp(p->log, "C;") == 0);
            peer_free(p);
        }
    }
}

static void test_close_codes(void **state)
{
    static const struct {
        unsigned int sent, answered;
    } table[] = {
        {0, 1005},    {1, 1002},    {999, 1002},  {1000, 1000}, {1001, 1001},  {1002, 1002}, {1003, 1003}, {1004, 1002},
        {1005, 1002}, {1006, 1002}, {1007, 1007}, {1008, 1008}, {1009, 1009},  {1010, 1010}, {1011, 1011}, {1012, 1012},
        {1013, 1013}, {1014, 1014}, {1015, 1002}, {1016, 1002}, {1100, 1002},  {2000, 1002}, {2999, 1002}, {3000, 3000},
        {3999, 3999}, {4000, 4000}, {4999, 4999}, {5000, 1002}, {65535, 1002},
    };
    uint8_t frame[256];
    (void)state;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        struct peer *p = peer_new(BIG_ENOUGH, false);
        peer_close(p, table[i].sent);
        if (peer_close_code(p) != table[i].answered) {
            fail_msg("%u was answered with %u", table[i].sent, peer_close_code(p));
        }
        assert_true(ws_conn_is_done(p->conn));
        peer_free(p);
    }
    for (size_t chunk = 0; chunk < 4; chunk++) {
        struct peer *p = peer_new(BIG_ENOUGH, false);
        peer_input(p, frame, wsframe_close(frame, 1000, "\xff\xfe", 2), chunk);
        assert_int_equal(peer_close_code(p), 1007);
        assert_true(ws_conn_is_done(p->conn));
        peer_free(p);
        p = peer_new(BIG_ENOUGH, false);
        peer_input(p, frame, wsframe_close(frame, 1000, "\xe4\xb8\xad", 3), chunk);
        assert_int_equal(peer_close_code(p), 1000);
        peer_free(p);
        p = peer_new(BIG_ENOUGH, false);
        char reason[124];
        memset(reason, 'r', sizeof(reason));
        peer_input(p, frame, wsframe_close(frame, 1000, reason, 124), chunk);
        assert_int_equal(peer_close_code(p), 1002);
        peer_free(p);
    }
}

static void test_pause_takes_hold_at_a_border(void **state)
{
    struct peer *p = peer_new(BIG_ENOUGH, false);
    struct script s = {0};
    (void)state;
    p->pause_on_end = true;
    add(&s, WSFRAME_FIN | WSFRAME_TEXT, "WAV_UPLOAD:a:QUJD");
    add(&s, WSFRAME_FIN | WSFRAME_PING, "p");
    add(&s, WSFRAME_FIN | WSFRAME_TEXT, "PLAY_WAV:a");
    add(&s, WSFRAME_FIN | WSFRAME_PING, "q");
    add(&s, WSFRAME_FIN | WSFRAME_TEXT, "WAV_UPLOAD:b:QUJD");
    s.len += wsframe_close(s.bytes + s.len, 1000, NULL, 0);
    peer_input(p, s.bytes, s.len, 0);
    peer_expect_log(p, "Ua=QUJD.");
    assert_false(ws_conn_has_work(p->conn));
    assert_int_equal(peer_frame_count(p), 1); /* the ping in front was answered */
    (void)ws_conn_process(p->conn, p->now, SIZE_MAX);
    peer_expect_log(p, "Ua=QUJD.");

    ws_conn_pause(p->conn, false);
    assert_true(ws_conn_has_work(p->conn));
    (void)ws_conn_process(p->conn, p->now, SIZE_MAX);
    peer_expect_log(p, "Ua=QUJD.CPLAY_WAV:a;Ub=QUJD.");
    peer_read(p);
    assert_int_equal(peer_close_code(p), 0); /* the answer to the upload goes first */
    assert_false(ws_conn_is_done(p->conn));
    ws_conn_send_text(p->conn, SPAN_LIT("WAV_ACK:b"));
    ws_conn_pause(p->conn, false);
    (void)ws_conn_process(p->conn, p->now, SIZE_MAX);
    peer_read(p);
    assert_int_equal(peer_close_code(p), 1000);
    assert_memory_equal(peer_frame(p, 2).payload, "WAV_ACK:b", 9);
    assert_true(ws_conn_is_done(p->conn));
    peer_free(p);
}

static void test_pause_in_a_message_lets_it_end(void **state)
{
    uint8_t frame[128];
    size_t len = wsframe_write(frame, WSFRAME_TEXT, "PLAY", 4);
    size_t half = len + 7;
    len += wsframe_write(frame + len, WSFRAME_FIN | WSFRAME_CONT, "_WAV:a", 6);
    len += wsframe_text(frame + len, "HANGUP");
    struct peer *p = peer_new(BIG_ENOUGH, false);
    (void)state;
    peer_input(p, frame, half, 0);
    ws_conn_pause(p->conn, true);
    peer_input(p, frame + half, len - half, 1);
    peer_expect_log(p, "CPLAY_WAV:a;");
    ws_conn_pause(p->conn, false);
    (void)ws_conn_process(p->conn, p->now, SIZE_MAX);
    peer_expect_log(p, "CPLAY_WAV:a;CHANGUP;");
    peer_free(p);
}

static void test_paused_input_fills_and_then_waits(void **state)
{
    struct peer *p = peer_new(BIG_ENOUGH, false);
    static uint8_t frame[3 * WS_INPUT_CAP];
    static char payload[2 * WS_INPUT_CAP];
    void *space = NULL;
    (void)state;
    ws_conn_pause(p->conn, true);
    peer_input(p, frame, wsframe_write(frame, WSFRAME_FIN | WSFRAME_BINARY, payload, sizeof(payload)), 0);
    assert_int_equal(ws_conn_input_space(p->conn, &space), 0);
    peer_expire_at(p, p->now + DUR_S(200)); /* it is we who do not listen: not dropped */
    assert_false(ws_conn_is_done(p->conn));
    ws_conn_pause(p->conn, false);
    (void)ws_conn_process(p->conn, p->now, SIZE_MAX);
    assert_int_equal(ws_conn_input_space(p->conn, &space), WS_INPUT_CAP);
    peer_free(p);
}

static void start_upload(struct peer *p)
{
    uint8_t frame[64];
    peer_input(p, frame, wsframe_write(frame, WSFRAME_TEXT, "WAV_UPLOAD:a.wav:QUJ", 20), 0);
    peer_expect_log(p, "Ua.wav=QUJ");
}

static void test_upload_abort(void **state)
{
    uint8_t frame[64];
    (void)state;
    struct peer *p = peer_new(BIG_ENOUGH, false); /* the client breaks the protocol */
    start_upload(p);
    peer_input(p, "\x81\x80\0\0\0\0", 6, 0);
    peer_expect_log(p, "Ua.wav=QUJ!");
    peer_free(p);

    p = peer_new(BIG_ENOUGH, false); /* text that is no UTF-8 */
    start_upload(p);
    peer_input(p, frame, wsframe_write(frame, WSFRAME_FIN | WSFRAME_CONT, "D\xff", 2), 0);
    peer_expect_log(p, "Ua.wav=QUJ!");
    peer_free(p);

    p = peer_new(BIG_ENOUGH, false); /* the client closes in the middle */
    start_upload(p);
    peer_close(p, 1001);
    peer_expect_log(p, "Ua.wav=QUJ!");
    assert_true(ws_conn_is_done(p->conn));
    peer_free(p);

    p = peer_new(BIG_ENOUGH, false); /* we close in the middle */
    start_upload(p);
    ws_conn_close(p->conn, WS_CLOSE_GOING_AWAY, NULL);
    peer_input(p, frame, wsframe_write(frame, WSFRAME_FIN | WSFRAME_CONT, "D", 1), 0);
    peer_expect_log(p, "Ua.wav=QUJ!");
    peer_free(p);

    p = peer_new(BIG_ENOUGH, false); /* the connection goes */
    start_upload(p);
    ws_conn_free(p->conn);
    p->conn = NULL;
    peer_expect_log(p, "Ua.wav=QUJ!");
    peer_free(p);

    p = peer_new(BIG_ENOUGH, false); /* no name yet: nothing was begun */
    peer_input(p, frame, wsframe_write(frame, WSFRAME_TEXT, "WAV_UPLOAD:a.w", 14), 0);
    ws_conn_free(p->conn);
    p->conn = NULL;
    peer_expect_log(p, "");
    peer_free(p);
}

static void test_our_close(void **state)
{
    struct peer *p = peer_new(BIG_ENOUGH, false);
    (void)state;
    ws_conn_close(p->conn, WS_CLOSE_GOING_AWAY, "server stops");
    ws_conn_close(p->conn, WS_CLOSE_NORMAL, "again");
    ws_conn_send_text(p->conn, SPAN_LIT("late"));
    assert_false(ws_conn_audio_room(p->conn, 1));
    peer_text(p, "HANGUP");
    assert_int_equal(peer_close_code(p), 1001);
    assert_memory_equal(peer_frame(p, 0).payload + 2, "server stops", 12);
    assert_int_equal(peer_frame_count(p), 1);
    peer_expect_log(p, "");
    assert_false(ws_conn_is_done(p->conn));
    peer_close(p, 1001);
    assert_true(ws_conn_is_done(p->conn));
    peer_free(p);
}

static void test_close_from_a_hook(void **state)
{
    struct peer *p = peer_new(BIG_ENOUGH, false);
    struct script s = {0};
    (void)state;
    p->close_on_text = true;
    add(&s, WSFRAME_FIN | WSFRAME_TEXT, "one");
    add(&s, WSFRAME_FIN | WSFRAME_TEXT, "two");
    peer_input(p, s.bytes, s.len, 0);
    peer_expect_log(p, "Cone;");
    assert_int_equal(peer_close_code(p), 1000);
    peer_free(p);
}

static void test_close_in_the_middle_of_an_upload(void **state)
{
    struct script s = {0};
    (void)state;
    add(&s, WSFRAME_FIN | WSFRAME_TEXT, "WAV_UPLOAD:a:QUJD");
    add(&s, WSFRAME_FIN | WSFRAME_TEXT, "HANGUP");
    for (size_t chunk = 0; chunk < 2; chunk++) {
        struct peer *p = peer_new(BIG_ENOUGH, false);
        p->close_on_begin = true;
        peer_input(p, s.bytes, s.len, chunk);
        peer_expect_log(p, "Ua=!");
        assert_int_equal(peer_close_code(p), 1008);
        peer_free(p);
    }
}

static void test_close_reason_is_cut_at_a_character(void **state)
{
    struct peer *p = peer_new(BIG_ENOUGH, false);
    char reason[200];
    (void)state;
    for (size_t i = 0; i < 198; i += 3) {
        memcpy(reason + i, "\xe4\xb8\xad", 4);
    }
    memmove(reason + 1, reason, 198);
    reason[0] = 'x';
    reason[199] = '\0';
    ws_conn_close(p->conn, WS_CLOSE_POLICY, reason);
    peer_read(p);
    assert_int_equal(peer_frame(p, 0).len, 2 + 121);
    peer_free(p);
}

static void test_close_times_out(void **state)
{
    struct peer *p = peer_new(BIG_ENOUGH, false);
    (void)state;
    peer_expire_at(p, p->now + DUR_S(19));
    p->now += DUR_MS(500); /* nobody told the connection that time has passed */
    ws_conn_close(p->conn, WS_CLOSE_GOING_AWAY, "");
    peer_expire_at(p, p->now + DUR_MS(4900));
    assert_false(ws_conn_is_done(p->conn));
    peer_expire_at(p, p->now + DUR_MS(600));
    assert_true(ws_conn_is_done(p->conn));
    peer_free(p);
}

static void test_ping_and_silence(void **state)
{
    struct peer *p = peer_new(BIG_ENOUGH, false);
    mono_us start = p->now;
    (void)state;
    assert_true(ws_conn_due(p->conn) == start + DUR_S(20));
    peer_expire_at(p, start + DUR_S(59));
    assert_int_equal(peer_frame_count(p), 2);
    assert_int_equal(peer_frame(p, 0).opcode, WSFRAME_PING);
    assert_false(ws_conn_is_done(p->conn));
    peer_input(p, "\x8a", 1, 0); /* half a pong is a sign of life too */
    peer_expire_at(p, start + DUR_S(118));
    assert_false(ws_conn_is_done(p->conn));
    assert_int_equal(peer_frame_count(p), 5);
    peer_expire_at(p, start + DUR_S(120));
    assert_true(ws_conn_is_done(p->conn));
    assert_int_equal(peer_close_code(p), 0);
    peer_free(p);
}

static void test_answers_from_a_hook(void **state)
{
    struct peer *p = peer_new(BIG_ENOUGH, false);
    (void)state;
    p->echo_command = true;
    peer_text(p, "LIST_WAV");
    assert_int_equal(peer_frame_count(p), 1);
    struct wsframe frame = peer_frame(p, 0);
    assert_true(frame.fin && frame.opcode == WSFRAME_TEXT && frame.len == 12);
    assert_memory_equal(frame.payload, "got:LIST_WAV", 12);
    ws_conn_free(NULL);
    peer_free(p);
}

static void test_single_byte_changes(void **state)
{
    struct script s;
    struct script changed;
    (void)state;
    script_build(&s);
    for (size_t i = 0; i < s.len; i++) {
        for (unsigned int c = 1; c < 256; c += (i % 4 == 0 ? 1 : 7)) {
            struct peer *p = peer_new(200, false);
            changed = s;
            changed.bytes[i] ^= (uint8_t)c;
            peer_input(p, changed.bytes, changed.len, i % 5);
            (void)peer_close_code(p);
            peer_free(p);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_split),
        cmocka_unit_test(test_messages),
        cmocka_unit_test(test_nul_at_the_end),
        cmocka_unit_test(test_fault_34_fragments_of_two_clients),
        cmocka_unit_test(test_fault_40_text_is_utf8),
        cmocka_unit_test(test_fault_42_binary_is_no_command),
        cmocka_unit_test(test_protocol_errors),
        cmocka_unit_test(test_close_codes),
        cmocka_unit_test(test_pause_takes_hold_at_a_border),
        cmocka_unit_test(test_pause_in_a_message_lets_it_end),
        cmocka_unit_test(test_paused_input_fills_and_then_waits),
        cmocka_unit_test(test_upload_abort),
        cmocka_unit_test(test_our_close),
        cmocka_unit_test(test_close_from_a_hook),
        cmocka_unit_test(test_close_in_the_middle_of_an_upload),
        cmocka_unit_test(test_fault_37_bad_base64_is_handed_on_as_it_is),
        cmocka_unit_test(test_close_reason_is_cut_at_a_character),
        cmocka_unit_test(test_close_times_out),
        cmocka_unit_test(test_ping_and_silence),
        cmocka_unit_test(test_answers_from_a_hook),
        cmocka_unit_test(test_single_byte_changes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
