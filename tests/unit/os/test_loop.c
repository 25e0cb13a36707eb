/* SPDX-License-Identifier: MIT */
/* The loop: order of service, stale events, deadlines, no spinning. */
#include "support_os.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

static int pipe_pair(int fds[2])
{
    return pipe2(fds, O_NONBLOCK | O_CLOEXEC);
}

struct seen {
    char order[16];
    int count;
    unsigned events;
    mono_us now;
};

struct watcher {
    struct seen *seen;
    char letter;
};

static void note(void *ctx, struct pool_id watch, unsigned events, mono_us now)
{
    const struct watcher *w = ctx;
    (void)watch;
    assert_true(w->seen->count < 15);
    w->seen->order[w->seen->count++] = w->letter;
    w->seen->events = events;
    w->seen->now = now;
}

static struct os_loop *loop_of(uint32_t cap)
{
    struct os_loop *loop;
    assert_int_equal(os_loop_new(cap, &loop), ST_OK);
    return loop;
}

static void turn_until(struct os_loop *loop, mono_us deadline)
{
    mono_us now;
    assert_int_equal(os_loop_turn(loop, deadline, &now), ST_OK);
}

static void turn(struct os_loop *loop)
{
    turn_until(loop, os_clock_mono());
}

static void test_classes_in_order(void **state)
{
    (void)state;
    struct os_loop *loop = loop_of(8);
    struct seen seen = {0};
    struct watcher a = {&seen, 's'}, b = {&seen, 'g'}, c = {&seen, 't'};
    int p[3][2];
    struct pool_id id;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(pipe_pair(p[i]), 0);
        assert_int_equal(write(p[i][1], "x", 1), 1);
    }
    assert_int_equal(os_loop_watch(loop, p[0][0], OS_READ, OS_CLASS_SOCKET, note, &a, &id), ST_OK);
    assert_int_equal(os_loop_watch(loop, p[1][0], OS_READ, OS_CLASS_SIGNAL, note, &b, &id), ST_OK);
    assert_int_equal(os_loop_watch(loop, p[2][0], OS_READ, OS_CLASS_TICK, note, &c, &id), ST_OK);
    mono_us now = 0;
    assert_int_equal(os_loop_turn(loop, MONO_NEVER, &now), ST_OK);
    assert_string_equal(seen.order, "tgs");
    assert_int_equal(seen.events, OS_READ);
    assert_true(seen.now == now);
    turn(loop); /* level-triggered: unread bytes are told again */
    assert_string_equal(seen.order, "tgstgs");
    os_loop_free(loop);
    for (int i = 0; i < 3; i++) {
        os_close(p[i][0]);
        os_close(p[i][1]);
    }
}

/* Whichever of the two comes first in a turn closes the other and opens a new descriptor with its number. */
struct pair {
    struct os_loop *loop;
    int fds[2];
    int peers[2];
    struct pool_id ids[2];
    int served;
    int fresh_events;
    int fresh[2];
};

struct side {
    struct pair *pair;
    int me;
};

static void on_fresh(void *ctx, struct pool_id watch, unsigned events, mono_us now)
{
    struct pair *pair = ctx;
    (void)watch;
    (void)events;
    (void)now;
    pair->fresh_events++;
}

static void on_side(void *ctx, struct pool_id watch, unsigned events, mono_us now)
{
    const struct side *side = ctx;
    struct pair *pair = side->pair;
    const int other = 1 - side->me;
    (void)events;
    (void)now;
    assert_true(pool_id_eq(watch, pair->ids[side->me]));
    pair->served++;
    const int number = pair->fds[other];
    os_loop_unwatch(pair->loop, pair->ids[other]);
    os_close(number);
    assert_int_equal(pipe_pair(pair->fresh), 0);
    if (pair->fresh[0] != number) { /* the same number, whatever else is free */
        assert_int_equal(dup3(pair->fresh[0], number, O_CLOEXEC), number);
        os_close(pair->fresh[0]);
        pair->fresh[0] = number;
    }
    struct pool_id id;
    assert_int_equal(os_loop_watch(pair->loop, number, OS_READ, OS_CLASS_SOCKET, on_fresh, pair, &id), ST_OK);
    assert_int_equal(id.slot, pair->ids[other].slot); /* slot reused too */
    os_loop_unwatch(pair->loop, watch);
}

static void test_stale_event_is_dropped(void **state)
{
    (void)state;
    struct pair pair = {.loop = loop_of(2)};
    struct side sides[2] = {{&pair, 0}, {&pair, 1}};
    for (int i = 0; i < 2; i++) {
        int p[2];
        assert_int_equal(pipe_pair(p), 0);
        pair.fds[i] = p[0];
        pair.peers[i] = p[1];
        assert_int_equal(os_loop_watch(pair.loop, p[0], OS_READ, OS_CLASS_SOCKET, on_side, &sides[i], &pair.ids[i]),
                         ST_OK);
        assert_int_equal(write(p[1], "x", 1), 1);
    }
    turn(pair.loop);
    assert_int_equal(pair.served, 1);
    assert_int_equal(pair.fresh_events, 0);
    turn(pair.loop);
    assert_int_equal(pair.served, 1);
    assert_int_equal(pair.fresh_events, 0); /* nothing was written to the new one */
    assert_int_equal(write(pair.fresh[1], "y", 1), 1);
    turn(pair.loop);
    assert_int_equal(pair.fresh_events, 1);
    os_loop_free(pair.loop);
}

static void test_full_and_bad(void **state)
{
    (void)state;
    struct os_loop *loop = loop_of(1);
    struct seen seen = {0};
    struct watcher w = {&seen, 'a'};
    struct pool_id id, second;
    int p[2];
    assert_int_equal(pipe_pair(p), 0);
    assert_int_equal(os_loop_watch(loop, -1, OS_READ, OS_CLASS_SOCKET, note, &w, &id), ST_IO);
    assert_true(pool_id_is_none(id));
    assert_string_equal(os_error_text(), strerror(EBADF));
    assert_int_equal(os_loop_watch(loop, p[0], OS_READ, OS_CLASS_SOCKET, note, &w, &id), ST_OK);
    assert_int_equal(os_loop_watch(loop, p[1], OS_READ, OS_CLASS_SOCKET, note, &w, &second), ST_FULL);
    os_loop_unwatch(loop, id);
    os_loop_unwatch(loop, id); /* stale: ignored */
    os_loop_set_events(loop, id, OS_WRITE);
    assert_int_equal(os_loop_watch(loop, p[1], OS_WRITE, OS_CLASS_SOCKET, note, &w, &second), ST_OK);
    turn(loop);
    assert_int_equal(seen.events, OS_WRITE);
    os_loop_set_events(loop, second, 0);
    turn(loop);
    assert_int_equal(seen.count, 1);
    os_close(p[0]); /* a hang-up is told whatever is asked for */
    turn(loop);
    assert_int_equal(seen.count, 2);
    assert_int_equal(seen.events, OS_HANGUP);
    os_loop_free(loop);
    os_loop_free(NULL);
    os_close(p[1]);
}

static void test_deadlines_are_never_early(void **state)
{
    (void)state;
    struct os_loop *loop = loop_of(1);
    const dur_us waits[] = {-5000, 0, 1, 500, 999, 1000, 1001, 2500, 7300};
    for (size_t i = 0; i < sizeof(waits) / sizeof(*waits); i++) {
        mono_us now;
        const mono_us deadline = os_clock_mono() + waits[i];
        assert_int_equal(os_loop_turn(loop, deadline, &now), ST_OK);
        assert_true(now >= deadline);
        assert_true(now < deadline + 500000);
    }
    os_loop_free(loop);
}

static void on_alarm(int number)
{
    (void)number;
}

static void test_interrupted_wait_is_an_empty_turn(void **state)
{
    (void)state;
    struct os_loop *loop = loop_of(1);
    struct sigaction act = {.sa_handler = on_alarm};
    struct sigaction old;
    assert_int_equal(sigaction(SIGALRM, &act, &old), 0);
    const struct itimerval soon = {.it_value = {0, 20000}};
    assert_int_equal(setitimer(ITIMER_REAL, &soon, NULL), 0);
    mono_us now = 0;
    assert_int_equal(os_loop_turn(loop, MONO_NEVER, &now), ST_OK);
    assert_true(now > 0);
    assert_int_equal(sigaction(SIGALRM, &old, NULL), 0);
    os_loop_free(loop);
}

static int g_pipe[2];

static void on_alarm_with_data(int number)
{
    (void)number;
    (void)!write(g_pipe[1], "x", 1);
}

/* What came while the process was stopped is served in the turn that finds the deadline passed. */
static void test_interrupted_wait_serves_what_came(void **state)
{
    (void)state;
    struct os_loop *loop = loop_of(1);
    struct seen seen = {0};
    struct watcher w = {&seen, 'x'};
    struct pool_id id;
    struct sigaction act = {.sa_handler = on_alarm_with_data};
    struct sigaction old;
    assert_int_equal(pipe_pair(g_pipe), 0);
    assert_int_equal(os_loop_watch(loop, g_pipe[0], OS_READ, OS_CLASS_SOCKET, note, &w, &id), ST_OK);
    assert_int_equal(sigaction(SIGALRM, &act, &old), 0);
    const struct itimerval soon = {.it_value = {0, 20000}};
    assert_int_equal(setitimer(ITIMER_REAL, &soon, NULL), 0);
    mono_us now = 0;
    assert_int_equal(os_loop_turn(loop, MONO_NEVER, &now), ST_OK);
    assert_int_equal(sigaction(SIGALRM, &old, NULL), 0);
    assert_string_equal(seen.order, "x");
    os_loop_free(loop);
    os_close(g_pipe[0]);
    os_close(g_pipe[1]);
}

static void read_none(void *ctx, struct pool_id watch, unsigned events, mono_us now)
{
    (void)watch;
    (void)events;
    (void)now;
    ++*(int *)ctx;
}

/* A connected socket keeps what ICMP said: it must not keep the loop awake, whether or not anybody reads. */
static void test_icmp_error_does_not_spin(void **state)
{
    (void)state;
    struct os_loop *loop = loop_of(2);
    struct net_addr peer, own;
    int gone = support_udp(&peer);
    int fd = support_udp(&own);
    int calls = 0;
    struct pool_id id;
    os_close(gone);
    struct net_addr target = {0};
    target = peer;
    /* os_udp_open never connects; connecting here is what makes the kernel keep the error */
    struct {
        uint16_t family, port;
        uint8_t ip[4], zero[8];
    } name = {AF_INET, (uint16_t)(target.port << 8 | target.port >> 8), {127, 0, 0, 1}, {0}};
    assert_int_equal(connect(fd, (struct sockaddr *)(void *)&name, sizeof(name)), 0);
    assert_int_equal(send(fd, "x", 1, 0), 1);
    struct pollfd p = {.fd = fd};
    assert_int_equal(poll(&p, 1, 2000), 1);
    assert_true((p.revents & POLLERR) != 0);
    assert_int_equal(os_loop_watch(loop, fd, 0, OS_CLASS_SOCKET, read_none, &calls, &id), ST_OK);
    turn(loop);
    p.revents = 0;
    assert_int_equal(poll(&p, 1, 0), 0); /* taken off */
    assert_int_equal(calls, 0);          /* and nobody was bothered */
    os_loop_free(loop);
    os_close(fd);
}

struct flooded {
    int fd;
    struct os_udp_batch *batch;
    struct os_ticker *ticker;
    int datagrams, ticks; /* of the turn in hand */
    bool tick_came_first;
};

static void read_one_batch(void *ctx, struct pool_id watch, unsigned events, mono_us now)
{
    struct flooded *f = ctx;
    struct os_datagram datagrams[OS_UDP_BATCH];
    (void)watch;
    (void)events;
    (void)now;
    f->datagrams += os_udp_receive(f->fd, f->batch, datagrams);
}

static void read_tick(void *ctx, struct pool_id watch, unsigned events, mono_us now)
{
    struct flooded *f = ctx;
    (void)watch;
    (void)events;
    (void)now;
    f->tick_came_first = f->datagrams == 0;
    f->ticks += os_ticker_read(f->ticker) > 0 ? 1 : 0;
}

/* A flood takes one batch of each turn, and a tick that is due comes before it. */
static void test_flood_leaves_the_tick_alone(void **state)
{
    enum { FLOOD = 100 };
    (void)state;
    struct os_loop *loop = loop_of(4);
    struct os_ticker ticker;
    struct net_addr to;
    struct flooded f = {.fd = support_udp(&to), .ticker = &ticker};
    struct net_addr from;
    int sender = support_udp(&from);
    struct pool_id socket_watch, tick_watch;
    assert_int_equal(os_udp_batch_new(2048, &f.batch), ST_OK);
    assert_int_equal(os_ticker_open(&ticker), ST_OK);
    assert_int_equal(os_loop_watch(loop, f.fd, OS_READ, OS_CLASS_SOCKET, read_one_batch, &f, &socket_watch), ST_OK);
    assert_int_equal(os_loop_watch(loop, ticker.fd, OS_READ, OS_CLASS_TICK, read_tick, &f, &tick_watch), ST_OK);
    for (int i = 0; i < FLOOD; i++) {
        assert_int_equal(os_udp_send(sender, &to, "INVITE", 6), ST_OK);
    }
    for (int left = FLOOD; left > 0; left -= f.datagrams) {
        /* due once, before this turn begins */
        assert_int_equal(os_ticker_arm(&ticker, os_clock_mono(), DUR_S(3600)), ST_OK);
        support_wait(ticker.fd);
        f.datagrams = f.ticks = 0;
        turn(loop);
        assert_int_equal(f.ticks, 1);
        assert_true(f.tick_came_first);
        assert_int_equal(f.datagrams, left < OS_UDP_BATCH ? left : OS_UDP_BATCH);
    }
    os_loop_unwatch(loop, socket_watch);
    os_loop_unwatch(loop, tick_watch);
    os_ticker_close(&ticker);
    os_udp_batch_free(f.batch);
    os_close(f.fd);
    os_close(sender);
    os_loop_free(loop);
}

/* ---- the beat ---- */

enum { MANY = 40 };

struct beaten {
    struct os_loop *loop;
    char order[MANY + 8];
    int count;
    bool beat_soon; /* the first descriptor makes it due */
};

static void note_beat(void *ctx, mono_us now)
{
    struct beaten *b = ctx;
    (void)now;
    b->order[b->count++] = 'b';
}

static void note_descriptor(void *ctx, struct pool_id watch, unsigned events, mono_us now)
{
    struct beaten *b = ctx;
    (void)watch;
    (void)events;
    if (b->beat_soon) {
        b->beat_soon = false;
        os_loop_beat_at(b->loop, now);
    }
    b->order[b->count++] = 'd';
}

/* Once each time that it is set, before all descriptors or in the middle of many. */
static void test_beat(void **state)
{
    (void)state;
    struct beaten b = {.loop = loop_of(MANY)};
    int p[MANY][2];
    struct pool_id id;
    for (int i = 0; i < MANY; i++) {
        assert_int_equal(pipe_pair(p[i]), 0);
        assert_int_equal(write(p[i][1], "x", 1), 1);
        assert_int_equal(os_loop_watch(b.loop, p[i][0], OS_READ, OS_CLASS_SOCKET, note_descriptor, &b, &id), ST_OK);
    }
    os_loop_set_beat(b.loop, note_beat, &b);
    turn(b.loop);
    assert_int_equal(b.count, MANY); /* not due */
    b.count = 0;
    os_loop_beat_at(b.loop, os_clock_mono());
    turn(b.loop);
    assert_int_equal(b.count, MANY + 1);
    assert_int_equal(b.order[0], 'b');
    b.count = 0;
    turn(b.loop);
    assert_int_equal(b.count, MANY); /* it was for once */
    b.count = 0;
    b.beat_soon = true;
    turn(b.loop);
    assert_int_equal(b.count, MANY + 1);
    assert_ptr_equal(memchr(b.order, 'b', MANY + 1), b.order + 16);
    os_loop_free(b.loop);
    for (int i = 0; i < MANY; i++) {
        os_close(p[i][0]);
        os_close(p[i][1]);
    }
}

/* ---- gathering ---- */

static void count_event(void *ctx, struct pool_id watch, unsigned events, mono_us now)
{
    int *count = ctx;
    (void)watch;
    (void)events;
    (void)now;
    ++*count;
}

/* Turns of so long a time, with something always ready. */
static int turns_of(struct os_loop *loop, dur_us time)
{
    const mono_us end = os_clock_mono() + time;
    int turns = 0;

    while (os_clock_mono() < end) {
        turn_until(loop, MONO_NEVER);
        turns++;
    }
    return turns;
}

static void slow_turns(struct os_loop *loop, int count)
{
    for (int i = 0; i < count; i++) {
        (void)usleep(1000);
        turn_until(loop, MONO_NEVER);
    }
}

/* Where much is ready there is one turn a grain, however much comes; where little is, and where a deadline is near, none waits. */
static void test_gathers_while_much_comes(void **state)
{
    enum { PIPES = 40 };
    const dur_us grain = DUR_MS(10);
    (void)state;
    struct os_loop *loop = loop_of(PIPES);
    int p[PIPES][2];
    struct pool_id ids[PIPES];
    int events = 0;
    for (int i = 0; i < PIPES; i++) {
        assert_int_equal(pipe_pair(p[i]), 0);
        assert_int_equal(write(p[i][1], "x", 1), 1);
        assert_int_equal(os_loop_watch(loop, p[i][0], OS_READ, OS_CLASS_SOCKET, count_event, &events, &ids[i]), ST_OK);
    }
    os_loop_gather(loop, grain);
    (void)turns_of(loop, DUR_MS(250)); /* it is seen how much comes */
    assert_in_range(turns_of(loop, DUR_MS(250)), 1, 2 * 25 + 2);
    events = 0;
    for (int i = 0; i < 1000; i++) {
        turn(loop); /* a deadline that is there already */
    }
    assert_int_equal(events, 1000 * PIPES);
    for (int i = 1; i < PIPES; i++) {
        os_loop_unwatch(loop, ids[i]);
    }
    slow_turns(loop, 250);
    os_loop_gather(loop, DUR_S(3600)); /* a thousand a second is not much: this would be noticed */
    slow_turns(loop, 50);
    os_loop_free(loop);
    for (int i = 0; i < PIPES; i++) {
        os_close(p[i][0]);
        os_close(p[i][1]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_classes_in_order),
        cmocka_unit_test(test_stale_event_is_dropped),
        cmocka_unit_test(test_full_and_bad),
        cmocka_unit_test(test_deadlines_are_never_early),
        cmocka_unit_test(test_interrupted_wait_is_an_empty_turn),
        cmocka_unit_test(test_interrupted_wait_serves_what_came),
        cmocka_unit_test(test_icmp_error_does_not_spin),
        cmocka_unit_test(test_flood_leaves_the_tick_alone),
        cmocka_unit_test(test_beat),
        cmocka_unit_test(test_gathers_while_much_comes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
