/* SPDX-License-Identifier: MIT */
/* The SIP server's name in a running server, with the name server's part played here: questions asked, lists told, log lines; and
 * without c-ares, where the name is looked up once at the start.
 *
 * | scenario | what it shows |
 * | --- | --- |
 * | srv_then_hosts | SRV, its targets in their order, one list told, again only when it is another one (RFC 3263 4.2) |
 * | port_given | no SRV with a port; both families where any will do, IPv4 first |
 * | failures | one WARNING however long it lasts, tries that grow apart, what was known stays |
 * | cannot_ask | without memory or descriptors it goes on as if nobody had answered |
 * | stopping | asks no more |
 * | without_cares | once, at the start; a name that is not found refuses to start |
 * | no_name | an address asks nobody, localhost no name server (RFC 6761 6.3), but for its IPv6 address */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "rng_seeded.h"
#include "server_dns.h"
#include "support_options.h"
#include "wsaudio/sipua.h"

/* ---- what stands in for room os: resolver.c, and os_resolve ---- */

struct os_resolver {
    os_answer_fn tell;
    void *ctx;
};

static struct os_resolver *resolver;
static const char *version; /* NULL: built without */
static bool asking;
static char question[OS_NAME_MAX + 16];
static uint8_t asked_family;
static unsigned asked_srv, asked_host, made, resolved;
static int ask_status, resolve_status;

const char *os_resolver_version(void)
{
    return version;
}

int os_resolver_new(struct os_loop *loop, const char *servers, int first_try, os_answer_fn tell, void *ctx,
                    struct os_resolver **out)
{
    (void)loop;
    assert_null(servers); /* the system's */
    assert_int_equal(first_try, 0);
    made++;
    *out = calloc(1, sizeof(**out));
    if (*out == NULL) {
        return ST_NO_MEMORY;
    }
    **out = (struct os_resolver){tell, ctx};
    resolver = *out;
    return ST_OK;
}

void os_resolver_free(struct os_resolver *r)
{
    free(r);
}

static int ask(const char *name)
{
    assert_false(asking);
    asking = ask_status == ST_OK;
    snprintf(question, sizeof(question), "%s", name);
    return ask_status;
}

int os_resolver_ask_srv(struct os_resolver *r, const char *name)
{
    (void)r;
    asked_srv++;
    return ask(name);
}

int os_resolver_ask_host(struct os_resolver *r, const char *name, uint8_t family)
{
    (void)r;
    asked_host++;
    asked_family = family;
    return ask(name);
}

mono_us os_resolver_due(const struct os_resolver *r)
{
    (void)r;
    return MONO_NEVER;
}

void os_resolver_expire(struct os_resolver *r, mono_us now)
{
    (void)r;
    (void)now;
}

int os_resolve(const char *host, uint16_t port, struct net_addr *out)
{
    resolved++;
    snprintf(question, sizeof(question), "%s", host);
    *out = addr_ipv4(127, 0, 0, 5, port);
    return resolve_status;
}

/* ---- a server with this part alone ---- */

struct bench {
    struct run run;
    struct server_dns *dns;
    struct net_addr addr; /* found at the start */
    struct log log;
    struct rng rng;
    mono_us now;
    int status;
    char why[WHY_MAX];
    char servers[512]; /* as told last */
    unsigned told;
    char lines[4096];
};

static void sink(void *ctx, enum log_level level, const char *text, size_t len)
{
    struct bench *b = ctx;
    size_t at = strlen(b->lines);
    snprintf(b->lines + at, sizeof(b->lines) - at, "%s %.*s\n", log_level_name(level), (int)len, text);
}

static unsigned lines_with(const struct bench *b, const char *text)
{
    unsigned n = 0;
    for (const char *at = b->lines; (at = strstr(at, text)) != NULL; at++) {
        n++;
    }
    return n;
}

static void on_list(void *ctx, mono_us now, const struct net_addr *addrs, uint32_t count)
{
    struct bench *b = ctx;
    char one[ADDR_TEXT_MAX];

    assert_int_equal(now, b->now);
    assert_in_range(count, 1, SIP_SERVERS_MAX);
    b->told++;
    b->servers[0] = '\0';
    for (uint32_t i = 0; i < count; i++) {
        size_t at = strlen(b->servers);
        snprintf(b->servers + at, sizeof(b->servers) - at, "%s%s", i > 0 ? " " : "", addr_text(&addrs[i], one));
    }
}

static struct bench bench;

static struct bench *open_bench(const char *server, const char *listen)
{
    struct bench *b = &bench;
    static uint64_t seed;

    memset(b, 0, sizeof(*b));
    seed = 7;
    RUN(&b->run, "--sip-server", server, "--sip-listen", listen, "--max-calls", "4", "--sip-keepalive", "0");
    assert_int_equal(b->run.status, ST_OK);
    b->rng = (struct rng){rng_seeded_fill, &seed};
    b->log = (struct log){.level = LOG_INFO, .sink = sink, .ctx = b};
    b->now = DUR_S(1000);
    asking = false;
    question[0] = '\0';
    asked_srv = asked_host = made = resolved = 0;
    const struct server_dns_config config = {.server = &b->run.o.sip_server,
                                             .family = b->run.o.sip_listen.family,
                                             .log = &b->log,
                                             .rng = &b->rng,
                                             .found = on_list,
                                             .ctx = b};
    b->status = server_dns_open(&config, &b->addr, &b->dns, b->why);
    return b;
}

static void close_bench(struct bench *b)
{
    server_dns_close(b->dns);
    run_free(&b->run);
}

static struct bench *opened(const char *server, const char *listen)
{
    struct bench *b = open_bench(server, listen);

    if (b->status != ST_OK) {
        close_bench(b);
    }
    assert_int_equal(b->status, ST_OK);
    return b;
}

/* Time goes on to the next thing that is due. */
static void wait_due(struct bench *b)
{
    mono_us due = server_dns_due(b->dns);
    assert_true(due != MONO_NEVER);
    b->now = due > b->now ? due : b->now;
    server_dns_expire(b->dns, b->now);
}

static void tell(struct bench *b, struct os_answer answer)
{
    assert_true(asking);
    asking = false;
    answer.why = "as told";
    resolver->tell(resolver->ctx, b->now, &answer);
}

static void tell_srv(struct bench *b, const struct os_srv *srv, uint32_t count, uint32_t ttl_s)
{
    tell(b, (struct os_answer){.status = ST_OK, .srv = srv, .count = count, .ttl_s = ttl_s});
}

static void tell_host(struct bench *b, const struct net_addr *addrs, uint32_t count, uint32_t ttl_s)
{
    tell(b, (struct os_answer){.status = ST_OK, .addrs = addrs, .count = count, .ttl_s = ttl_s});
}

static void servers_are(const struct bench *b, const char *list)
{
    assert_string_equal(b->servers, list);
}

static void addr_is(const struct bench *b, const char *addr)
{
    char text[ADDR_TEXT_MAX];

    assert_string_equal(addr_text(&b->addr, text), addr);
    assert_null(b->dns);
}

/* ---- with c-ares ---- */

static const struct os_srv two[] = {{20, 0, 5070, "b.test"}, {10, 0, 5080, "a.test"}};

/* SRV, then the targets in their order; the list is told once; looked up anew when its time is over. */
static void srv_then_hosts(void **state)
{
    struct bench *b = opened("pbx.test", "127.0.0.1:0");
    const struct net_addr first[] = {addr_ipv4(192, 0, 2, 1, 0), addr_ipv4(192, 0, 2, 2, 0)};
    const struct net_addr second = addr_ipv4(192, 0, 2, 9, 0);

    (void)state;
    servers_are(b, "");
    wait_due(b);
    assert_string_equal(question, "_sip._udp.pbx.test");
    assert_int_equal(server_dns_due(b->dns), MONO_NEVER); /* the answer is waited for, nothing else */
    tell_srv(b, two, 2, 100);
    assert_string_equal(question, "a.test");
    assert_int_equal(asked_family, 4); /* --sip-listen's */
    tell_host(b, first, 2, 300);
    assert_string_equal(question, "b.test");
    servers_are(b, "");
    tell_host(b, &second, 1, 300);
    servers_are(b, "192.0.2.1:5080 192.0.2.2:5080 192.0.2.9:5070");
    assert_int_equal(b->told, 1);
    assert_int_equal(lines_with(b, "INFO SIP server pbx.test is 192.0.2.1:5080, 192.0.2.2:5080, 192.0.2.9:5070\n"), 1);
    /* the same again: no line; the order that another answer brings: one */
    const mono_us found = b->now;
    wait_due(b);
    assert_int_equal(b->now - found, DUR_S(100));
    tell_srv(b, two, 2, 100);
    tell_host(b, first, 2, 300);
    tell_host(b, &second, 1, 300);
    assert_int_equal(lines_with(b, "SIP server pbx.test"), 1);
    assert_int_equal(b->told, 1);
    wait_due(b);
    tell_srv(b, two + 1, 1, 100);
    tell_host(b, first + 1, 1, 300);
    servers_are(b, "192.0.2.2:5080");
    assert_int_equal(lines_with(b, "SIP server pbx.test is 192.0.2.2:5080\n"), 1);
    assert_int_equal(lines_with(b, "WARNING"), 0);
    close_bench(b);
}

/* A port in --sip-server: no SRV (RFC 3263 4.2); all interfaces: both families, IPv4 preferred. */
static void port_given(void **state)
{
    struct bench *b = opened("pbx.test:5099", "0");
    struct net_addr both[2] = {{.family = 6, .ip = {0x20, 1}}, addr_ipv4(192, 0, 2, 1, 0)};

    (void)state;
    wait_due(b);
    assert_string_equal(question, "pbx.test");
    assert_int_equal(asked_srv, 0);
    assert_int_equal(asked_family, 0);
    tell_host(b, both, 2, 60);
    servers_are(b, "192.0.2.1:5099");
    close_bench(b);
}

/* Nobody answers: one WARNING however long it lasts, tries that grow apart, what was known stays; told again after a success. */
static void failures(void **state)
{
    struct bench *b = opened("pbx.test:5099", "127.0.0.1:0");
    const struct net_addr addr = addr_ipv4(192, 0, 2, 1, 0);

    (void)state;
    wait_due(b);
    tell(b, (struct os_answer){.status = ST_NOT_FOUND});
    assert_int_equal(lines_with(b, "WARNING SIP server pbx.test: no address found: "), 1);
    for (int i = 0; i < 10; i++) {
        const mono_us before = b->now;
        wait_due(b);
        assert_in_range(b->now - before, i < 6 ? DUR_S(1) << i : DUR_S(32), DUR_S(64));
        tell(b, (struct os_answer){.status = ST_IO});
    }
    assert_int_equal(lines_with(b, "WARNING"), 1);
    servers_are(b, "");
    wait_due(b);
    tell_host(b, &addr, 1, 60);
    servers_are(b, "192.0.2.1:5099");
    wait_due(b);
    tell(b, (struct os_answer){.status = ST_IO});
    wait_due(b);
    tell(b, (struct os_answer){.status = ST_IO});
    assert_int_equal(lines_with(b, "WARNING"), 2);
    servers_are(b, "192.0.2.1:5099");
    close_bench(b);
}

/* Without memory or descriptors there is not even a question: as if nobody had answered, and it goes on. */
static void cannot_ask(void **state)
{
    struct bench *b = opened("pbx.test", "127.0.0.1:0");
    const struct net_addr addr = addr_ipv4(192, 0, 2, 1, 0);

    (void)state;
    ask_status = ST_NO_MEMORY;
    wait_due(b);
    assert_int_equal(asked_srv, 1);
    assert_int_equal(asked_host, 1);
    assert_int_equal(lines_with(b, "WARNING SIP server pbx.test"), 1);
    ask_status = ST_OK;
    wait_due(b);
    tell_srv(b, two, 2, 100);
    ask_status = ST_IO; /* for the second target */
    tell_host(b, &addr, 1, 300);
    servers_are(b, "192.0.2.1:5080"); /* what there is */
    ask_status = ST_OK;
    const mono_us before = b->now;
    wait_due(b);
    assert_int_equal(b->now - before, DUR_S(SIP_LOOKUP_MIN_S)); /* looked for the rest soon */
    tell(b, (struct os_answer){.status = ST_NOT_FOUND});
    tell(b, (struct os_answer){.status = ST_NOT_FOUND});
    close_bench(b);
}

static void stopping(void **state)
{
    struct bench *b = opened("pbx.test", "127.0.0.1:0");

    (void)state;
    server_dns_stop(b->dns);
    assert_int_equal(server_dns_due(b->dns), MONO_NEVER);
    server_dns_expire(b->dns, DUR_S(5000));
    assert_int_equal(asked_srv, 0);
    close_bench(b);
}

/* ---- at the start ---- */

static void without_cares(void **state)
{
    (void)state;
    version = NULL;
    struct bench *b = opened("pbx.test", "127.0.0.1:0");
    assert_int_equal(made, 0);
    assert_int_equal(resolved, 1);
    assert_string_equal(question, "pbx.test");
    addr_is(b, "127.0.0.5:5060");
    assert_int_equal(lines_with(b, "INFO SIP server pbx.test is 127.0.0.5:5060\n"), 1);
    assert_int_equal(lines_with(b, "INFO Built without c-ares: the SIP server's name was looked up once"), 1);
    assert_int_equal(server_dns_due(b->dns), MONO_NEVER);
    server_dns_expire(b->dns, DUR_S(100000));
    assert_int_equal(resolved, 1);
    close_bench(b);
    resolve_status = ST_NOT_FOUND;
    b = open_bench("pbx.test", "127.0.0.1:0");
    assert_int_equal(b->status, ST_NOT_FOUND);
    assert_non_null(strstr(b->why, "--sip-server pbx.test: the name cannot be resolved: "));
    close_bench(b);
}

/* An address asks nobody; localhost needs no name server (RFC 6761 6.3). */
static void no_name(void **state)
{
    (void)state;
    struct bench *b = opened("192.0.2.7:5070", "127.0.0.1:0");
    addr_is(b, "192.0.2.7:5070");
    assert_int_equal(made + resolved, 0);
    assert_int_equal(server_dns_due(b->dns), MONO_NEVER);
    close_bench(b);
    b = opened("LocalHost:5070", "127.0.0.1:0");
    addr_is(b, "127.0.0.5:5070");
    assert_int_equal(made, 0);
    assert_int_equal(resolved, 1);
    assert_int_equal(lines_with(b, "c-ares"), 0); /* it is built in and not to blame */
    close_bench(b);
    b = opened("localhost:5070", "[::1]:0"); /* that is another address than os_resolve's */
    assert_int_equal(resolved, 0);
    wait_due(b);
    assert_string_equal(question, "localhost");
    assert_int_equal(asked_family, 6);
    close_bench(b);
}

static int set_up(void **state)
{
    (void)state;
    version = "1.0";
    ask_status = resolve_status = ST_OK;
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(srv_then_hosts, set_up), cmocka_unit_test_setup(port_given, set_up),
        cmocka_unit_test_setup(failures, set_up),       cmocka_unit_test_setup(cannot_ask, set_up),
        cmocka_unit_test_setup(stopping, set_up),       cmocka_unit_test_setup(without_cares, set_up),
        cmocka_unit_test_setup(no_name, set_up),
    };
    return cmocka_run_group_tests(tests, options_set_up, options_tear_down);
}
