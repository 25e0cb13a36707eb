/* SPDX-License-Identifier: MIT */
/* When our address is looked at, and when that is told; the kernel's part is played here.
 *
 * | scenario | what it shows |
 * | --- | --- |
 * | reasons | each reason to look, and when: at once, or a moment after a burst of them |
 * | told_once | another address is told, the same one is not, nor one that stays while there is no route or no server |
 * | stopped | looks no more |
 * | not_told_by_the_kernel | without rtnetlink: one line, and the owner's reasons still count |
 * | none | without a watch all is quiet */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

#include "route_watch.h"

#define NOW DUR_S(1000)

/* ---- what stands in for room os: netwatch.c and route.c ---- */

static int open_status, route_status;
static bool changed_net;
static struct net_addr route; /* as the kernel has it now */
static unsigned looked;
static int kernel_end; /* what is written there wakes the loop */

int os_netwatch_open(int *fd)
{
    int ends[2];

    if (open_status == ST_OK) {
        assert_int_equal(pipe(ends), 0);
        *fd = ends[0];
        kernel_end = ends[1];
    }
    return open_status;
}

bool os_netwatch_read(int fd)
{
    char byte;

    assert_int_equal(read(fd, &byte, 1), 1);
    return changed_net;
}

int os_route_local(const struct net_addr *to, struct net_addr *out)
{
    assert_int_equal(to->port, 5060);
    looked++;
    *out = route;
    return route_status;
}

/* ---- its owner ---- */

struct bench {
    struct route_watch *r;
    struct os_loop *loop;
    struct log log;
    struct net_addr server; /* family 0: not known */
    struct net_addr told;
    unsigned times;
    unsigned lines;
};

static void sink(void *ctx, enum log_level level, const char *text, size_t len)
{
    struct bench *b = ctx;

    (void)text;
    (void)len;
    assert_int_equal(level, LOG_INFO);
    b->lines++;
}

static const struct net_addr *target(void *ctx, mono_us now)
{
    struct bench *b = ctx;

    (void)now;
    return b->server.family != 0 ? &b->server : NULL;
}

static void changed(void *ctx, mono_us now, const struct net_addr *local)
{
    struct bench *b = ctx;

    (void)now;
    b->told = *local;
    b->times++;
}

static struct bench bench;

static struct bench *opened(int netlink)
{
    struct bench *b = &bench;

    *b = (struct bench){.server = addr_ipv4(192, 0, 2, 1, 5060)};
    b->log = (struct log){.level = LOG_INFO, .sink = sink, .ctx = b};
    open_status = netlink;
    route_status = ST_OK;
    changed_net = true;
    route = addr_ipv4(10, 0, 0, 1, 0);
    looked = 0;
    kernel_end = -1;
    assert_int_equal(os_loop_new(4, &b->loop), ST_OK);
    const struct route_watch_config config = {.loop = b->loop,
                                              .log = &b->log,
                                              .local = addr_ipv4(10, 0, 0, 1, 5062),
                                              .ctx = b,
                                              .target = target,
                                              .changed = changed};
    b->r = route_watch_new(&config);
    if (b->r == NULL) {
        os_loop_free(b->loop);
        os_close(kernel_end);
    }
    assert_non_null(b->r);
    assert_int_equal(route_watch_due(b->r), MONO_NEVER);
    return b;
}

static void closed(struct bench *b)
{
    route_watch_free(b->r);
    os_loop_free(b->loop);
    os_close(kernel_end);
}

/* The kernel tells of a change; returns when that was heard. */
static mono_us net_changes(struct bench *b)
{
    mono_us now = 0;

    assert_int_equal(write(kernel_end, "x", 1), 1);
    assert_int_equal(os_loop_turn(b->loop, 0, &now), ST_OK);
    return now;
}

static void look(struct bench *b)
{
    route_watch_look(b->r, NOW);
    route_watch_expire(b->r, NOW);
    assert_int_equal(route_watch_due(b->r), MONO_NEVER);
}

static void reasons(void **state)
{
    struct bench *b = opened(ST_OK);
    mono_us heard = net_changes(b);

    (void)state;
    assert_int_equal(route_watch_due(b->r), heard + DUR_MS(300));
    (void)net_changes(b); /* of the same burst */
    assert_int_equal(route_watch_due(b->r), heard + DUR_MS(300));
    route_watch_expire(b->r, heard + DUR_MS(299));
    assert_int_equal(looked, 0);
    route_watch_expire(b->r, heard + DUR_MS(300));
    assert_int_equal(looked, 1);
    assert_int_equal(route_watch_due(b->r), MONO_NEVER);
    changed_net = false; /* what was read says nothing of addresses */
    (void)net_changes(b);
    assert_int_equal(route_watch_due(b->r), MONO_NEVER);
    route_watch_send_failed(b->r, NOW);
    assert_int_equal(route_watch_due(b->r), NOW + DUR_MS(300));
    route_watch_look(b->r, NOW + DUR_MS(100));
    assert_int_equal(route_watch_due(b->r), NOW + DUR_MS(100));
    closed(b);
}

static void told_once(void **state)
{
    struct bench *b = opened(ST_OK);

    (void)state;
    look(b);
    assert_int_equal(b->times, 0); /* the port is not the route's */
    route = addr_ipv4(10, 0, 0, 2, 0);
    look(b);
    look(b);
    assert_int_equal(b->times, 1);
    assert_true(addr_equal(&b->told, &route));
    route = addr_ipv4(10, 0, 0, 3, 0);
    route_status = ST_IO;
    look(b);
    assert_int_equal(b->times, 1);
    route_status = ST_OK;
    b->server.family = 0;
    look(b);
    assert_int_equal(b->times, 1);
    b->server.family = 4;
    look(b);
    assert_int_equal(b->times, 2);
    closed(b);
}

static void stopped(void **state)
{
    struct bench *b = opened(ST_OK);

    (void)state;
    route_watch_look(b->r, NOW);
    route_watch_stop(b->r);
    assert_int_equal(route_watch_due(b->r), MONO_NEVER);
    look(b);
    route_watch_expire(b->r, net_changes(b) + DUR_S(9));
    assert_int_equal(looked, 0);
    closed(b);
}

static void not_told_by_the_kernel(void **state)
{
    struct bench *b = opened(ST_IO);

    (void)state;
    assert_int_equal(b->lines, 1);
    route = addr_ipv4(10, 0, 0, 2, 0);
    look(b);
    assert_int_equal(b->times, 1);
    closed(b);
}

static void none(void **state)
{
    (void)state;
    route_watch_look(NULL, NOW);
    route_watch_send_failed(NULL, NOW);
    route_watch_stop(NULL);
    assert_int_equal(route_watch_due(NULL), MONO_NEVER);
    route_watch_expire(NULL, NOW);
    route_watch_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reasons), cmocka_unit_test(told_once),
        cmocka_unit_test(stopped), cmocka_unit_test(not_told_by_the_kernel),
        cmocka_unit_test(none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
