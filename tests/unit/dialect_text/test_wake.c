/* SPDX-License-Identifier: MIT */
/* ws_conn_set_wake: whoever has many connections looks at those alone that say that something has changed.
 *
 *  nothing_changes_in_silence  random frames, texts, audio, pauses, closes and time; before and behind each step all that an owner
 *                              asks for is compared, and what is different was announced
 *  nobody_is_called            without one, and after NULL was set */
#include "support_conn.h"

#define SEEDS 300
#define STEPS 60

/* What an owner may ask. */
struct view {
    size_t output, room, queued;
    bool done, lost, paused, work;
    enum ws_end end;
};

static unsigned woken;

static void on_wake(void *ctx)
{
    assert_ptr_equal(ctx, &woken);
    woken++;
}

static struct view view_of(struct ws_conn *conn)
{
    struct view v;
    const void *bytes;
    void *space;

    memset(&v, 0, sizeof(v)); /* the gaps are compared too */
    v.output = ws_conn_output(conn, &bytes);
    v.room = ws_conn_input_space(conn, &space);
    v.queued = ws_conn_control_queued(conn);
    v.done = ws_conn_is_done(conn);
    v.lost = ws_conn_is_lost(conn);
    v.paused = ws_conn_is_paused(conn);
    v.work = ws_conn_has_work(conn);
    v.end = ws_conn_end(conn);
    return v;
}

static uint32_t next_random(uint64_t *state)
{
    *state = *state * 6364136223846793005ULL + 1442695040888963407ULL;
    return (uint32_t)(*state >> 33);
}

static void arrives(struct ws_conn *conn, uint64_t *random)
{
    static const unsigned firsts[] = {0x81, 0x82, 0x01, 0x80, 0x89, 0x8a, 0x88, 0x83};
    static const uint8_t payload[600] = "CALL:bob";
    uint8_t frame[sizeof(payload) + WSFRAME_HEADER_MAX];
    void *space;
    unsigned first = firsts[next_random(random) % (next_random(random) % 8 == 0 ? 8 : 6)];
    size_t len = wsframe_write(frame, first, payload, next_random(random) % (first >= 0x88 ? 126 : sizeof(payload)));
    size_t room = ws_conn_input_space(conn, &space);

    len = len < room ? len : room;
    memcpy(space, frame, len);
    ws_conn_input_commit(conn, len);
}

static void fill_zero(void *ctx, uint8_t *out, size_t len)
{
    (void)ctx;
    memset(out, 0, len);
}

static void reads(struct ws_conn *conn, uint64_t *random)
{
    const void *bytes;
    size_t len = ws_conn_output(conn, &bytes);

    ws_conn_output_consume(conn, len > 0 ? next_random(random) % (len + 1) : 0);
}

/* One that the owner did not do himself. */
static void acts(struct peer *p, uint64_t *random)
{
    static const char text[5000] = "CALL_STATE:trying";

    switch (next_random(random) % 8) {
    case 0:
    case 1: (void)ws_conn_process(p->conn, p->now, SIZE_MAX); break;
    case 2: (void)ws_conn_process(p->conn, p->now, 1 + next_random(random) % 3000); break;
    case 3: ws_conn_send_text(p->conn, span_make(text, next_random(random) % sizeof(text))); break;
    case 4:
        if (ws_conn_audio_room(p->conn, 172)) {
            ws_conn_send_audio(p->conn, false, 172, fill_zero, NULL);
        }
        break;
    case 5: ws_conn_pause(p->conn, next_random(random) % 2 == 0); break;
    case 6:
        p->now += DUR_S(next_random(random) % 30);
        ws_conn_expire(p->conn, p->now);
        break;
    default:
        if (next_random(random) % 20 == 0) {
            ws_conn_close(p->conn, WS_CLOSE_GOING_AWAY, "server stops");
        }
        break;
    }
}

static void play(uint64_t seed)
{
    struct peer *p = peer_new(20000, seed % 4 == 0);
    uint64_t random = seed;

    ws_conn_set_wake(p->conn, on_wake, &woken);
    for (int i = 0; i < STEPS; i++) {
        arrives(p->conn, &random);
        if (next_random(&random) % 3 == 0) {
            reads(p->conn, &random);
        }
        struct view before = view_of(p->conn);
        woken = 0;
        acts(p, &random);
        struct view after = view_of(p->conn);
        if (memcmp(&before, &after, sizeof(before)) != 0 && woken == 0) {
            fail_msg("seed %llu, step %d", (unsigned long long)seed, i);
        }
    }
    peer_free(p);
}

static void test_nothing_changes_in_silence(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        play(seed);
    }
}

static void test_nobody_is_called(void **state)
{
    (void)state;
    struct peer *p = peer_new(20000, false);
    woken = 0;
    ws_conn_send_text(p->conn, SPAN_LIT("x"));
    ws_conn_set_wake(p->conn, on_wake, &woken);
    ws_conn_set_wake(p->conn, NULL, NULL);
    ws_conn_send_text(p->conn, SPAN_LIT("x"));
    ws_conn_close(p->conn, WS_CLOSE_NORMAL, "");
    assert_int_equal(woken, 0);
    peer_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_changes_in_silence),
        cmocka_unit_test(test_nobody_is_called),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
