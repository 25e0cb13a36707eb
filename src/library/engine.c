/* SPDX-License-Identifier: MIT */
#include "engine.h"

#include <limits.h>
#include <poll.h>
#include <stdlib.h>

#include "phone.h"
#include "port.h"

/* Nobody else waits for a turn: a file of any kind begins with the next packet. */
#define TURN_STEPS      (100U * MEDIA_TURN_STEPS)
#define DRAIN_TURNS_MAX 4096 /* 64 Ki datagrams: far more than a receive buffer holds */

mono_us engine_now(struct engine *e)
{
    if (!e->inside) {
        e->now = os_clock_mono();
    }
    return e->now;
}

static void tick(void *ctx, struct pool_id watch, unsigned events, mono_us now)
{
    struct engine *e = ctx;

    (void)watch;
    (void)events;
    if (os_ticker_read(&e->ticker) == 0) {
        return;
    }
    media_tick(e->media, now);
}

/* What the log says of a call's packets is for a server's operator: here the program hears of them. */
static int open_media(struct engine *e)
{
    const struct media_config config = {.rng = &e->rng,
                                        .io = port_media_io(e),
                                        .files = {.play_read = os_handle_read, .play_close = os_handle_close},
                                        .learn = RTP_LEARN_PRIVATE,
                                        .max_sessions = ENGINE_SESSIONS,
                                        .turn_steps = TURN_STEPS};

    return media_new(&config, &e->media);
}

static int open_parts(struct engine *e)
{
    int status = os_loop_new(ENGINE_WATCHES, &e->loop);

    if (status == ST_OK) {
        status = open_media(e);
    }
    if (status == ST_OK) {
        status = os_udp_batch_new(PHONE_DATAGRAM_MAX, &e->batch);
    }
    if (status == ST_OK) {
        status = os_ticker_open(&e->ticker);
    }
    if (status == ST_OK) {
        status = os_loop_watch(e->loop, e->ticker.fd, OS_READ, OS_CLASS_TICK, tick, e, &e->ticker_watch);
    }
    return status;
}

int engine_new(struct engine **out)
{
    struct engine *e = calloc(1, sizeof(*e));

    *out = NULL;
    if (e == NULL) {
        return ST_NO_MEMORY;
    }
    e->ticker.fd = -1;
    e->rng = (struct rng){os_entropy_fill, NULL};
    list_init(&e->phones);
    list_init(&e->ports);
    int status = open_parts(e);
    if (status != ST_OK) {
        engine_free(e);
        return status;
    }
    *out = e;
    return ST_OK;
}

void engine_free(struct engine *e)
{
    if (e == NULL) {
        return;
    }
    os_loop_unwatch(e->loop, e->ticker_watch);
    if (e->ticker.fd >= 0) {
        os_ticker_close(&e->ticker);
    }
    media_free(e->media);
    os_udp_batch_free(e->batch);
    os_loop_free(e->loop);
    free(e);
}

mono_us engine_due(const struct engine *e)
{
    mono_us due = media_has_work(e->media) ? e->now : MONO_NEVER;

    for (struct list_node *node = e->phones.next; node != &e->phones; node = node->next) {
        mono_us one = phone_due(LIST_OWNER(node, struct phone, node));
        due = one < due ? one : due;
    }
    return due;
}

/* A hook of one phone may end another: those that ended stay in the list until the turn is over. */
static void expire(struct engine *e)
{
    for (struct list_node *node = e->phones.next; node != &e->phones; node = node->next) {
        phone_expire(LIST_OWNER(node, struct phone, node));
    }
    for (struct list_node *node = e->phones.next, *next = node->next; node != &e->phones;
         node = next, next = node->next) {
        phone_reap(LIST_OWNER(node, struct phone, node));
    }
    port_reap(e);
    media_turn(e->media);
}

int engine_ms_until(mono_us until)
{
    if (until == MONO_NEVER) {
        return -1;
    }
    dur_us left = until - os_clock_mono();
    return left <= 0 ? 0 : (left / 1000 < INT_MAX - 1 ? (int)((left + 999) / 1000) : INT_MAX);
}

/* Apart from the turn's work, so that a program may end in a signal handler meanwhile and its calls with it. */
static void wait_ready(struct engine *e, mono_us until)
{
    struct pollfd fd = {.fd = os_loop_fd(e->loop), .events = POLLIN};
    int ms = until > 0 ? engine_ms_until(until) : 0;
    struct timespec time = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000};

    if (until > 0) {
        e->waiting = 1;
        (void)ppoll(&fd, 1, ms >= 0 ? &time : NULL, e->defers_signals ? &e->program_mask : NULL);
        e->waiting = 0;
    }
}

/* Faults of the program are not put off: that would hide them. */
static void defer_signals(struct engine *e)
{
    static const int faults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT};
    sigset_t mask;

    sigfillset(&mask);
    for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
        sigdelset(&mask, faults[i]);
    }
    if (e->defers_signals) {
        (void)sigprocmask(SIG_BLOCK, &mask, &e->program_mask);
    }
}

int engine_turn(struct engine *e, mono_us until)
{
    mono_us due = engine_due(e);

    if (e->inside) {
        return ST_STATE;
    }
    defer_signals(e);
    e->inside = true;
    wait_ready(e, due < until ? due : until);
    int status = os_loop_turn(e->loop, 0, &e->now);
    expire(e);
    e->inside = false;
    if (e->defers_signals) {
        (void)sigprocmask(SIG_SETMASK, &e->program_mask, NULL);
    }
    return status;
}

void engine_drain(struct engine *e)
{
    uint64_t before = e->received;

    for (int i = 0; i < DRAIN_TURNS_MAX && engine_turn(e, 0) == ST_OK && e->received != before; i++) {
        before = e->received;
    }
}

int engine_ticker_arm(struct engine *e)
{
    return e->ticker.armed ? ST_OK : os_ticker_arm(&e->ticker, media_tick_after(engine_now(e)), MEDIA_TICK_US);
}

void engine_ticker_rest(struct engine *e)
{
    if (media_tick_due(e->media) == MONO_NEVER) {
        os_ticker_disarm(&e->ticker);
    }
}
