/* SPDX-License-Identifier: MIT */
/* Look-ups against a name server that lives in the same loop and answers by a script: the first label of the name. */
#include "support_os.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define A     1
#define CNAME 5
#define AAAA  28
#define SRV   33

struct message {
    uint8_t bytes[65536];
    size_t len;
};

struct name_server {
    struct os_loop *loop;
    int udp, tcp, stream;
    struct pool_id stream_watch;
    unsigned questions;
    char servers[64];
};

static struct name_server dns;
static struct os_resolver *resolver;
static struct os_answer answer;
static struct os_srv srv[OS_ANSWER_MAX];
static struct net_addr addrs[OS_ANSWER_MAX];
static unsigned answers;

/* ---- writing DNS ---- */

static void put(struct message *m, const void *data, size_t len)
{
    assert_true(m->len + len <= sizeof(m->bytes));
    memcpy(m->bytes + m->len, data, len);
    m->len += len;
}

static void put16(struct message *m, unsigned value)
{
    put(m, (const uint8_t[]){(uint8_t)(value >> 8), (uint8_t)value}, 2);
}

static void put_name(struct message *m, const char *name)
{
    for (const char *p = name; *p != '\0';) {
        const size_t len = strcspn(p, ".");
        const uint8_t length = (uint8_t)len;
        put(m, &length, 1);
        put(m, p, len);
        p += len + (p[len] == '.');
    }
    put(m, "", 1);
}

static void put_record(struct message *m, const char *name, unsigned type, unsigned ttl, const struct message *data)
{
    m->bytes[7]++;
    put_name(m, name);
    put16(m, type);
    put16(m, 1);
    put16(m, ttl >> 16);
    put16(m, ttl & 0xffff);
    put16(m, (unsigned)data->len);
    put(m, data->bytes, data->len);
}

static void put_a(struct message *m, const char *name, unsigned ttl, uint8_t last)
{
    struct message data = {.len = 0};
    put(&data, (const uint8_t[]){10, 1, 2, last}, 4);
    put_record(m, name, A, ttl, &data);
}

static void put_cname(struct message *m, const char *name, const char *to)
{
    struct message data = {.len = 0};
    put_name(&data, to);
    put_record(m, name, CNAME, 50, &data);
}

static void put_srv(struct message *m, const char *name, unsigned ttl, unsigned priority, unsigned weight,
                    unsigned port, const char *target)
{
    struct message data = {.len = 0};
    put16(&data, priority);
    put16(&data, weight);
    put16(&data, port);
    put_name(&data, target);
    put_record(m, name, SRV, ttl, &data);
}

/* ---- the script ---- */

static bool is(const char *name, const char *label)
{
    return strncmp(name, label, strlen(label)) == 0;
}

static void script_srv(struct message *m, const char *name, bool by_tcp)
{
    if (is(name, "_sip._udp.three")) {
        put_srv(m, name, 300, 10, 60, 5060, "a.test");
        put_srv(m, name, 90, 10, 20, 5070, "b.test");
        put_srv(m, name, 600, 20, 0, 5080, "c.test");
    } else if (is(name, "_sip._udp.dot")) {
        put_srv(m, name, 60, 0, 0, 0, "");
    } else if (is(name, "_sip._udp.hostile")) {
        put_srv(m, name, 60, 0, 0, 5060, "a b\n<script>.test");
        put_srv(m, name, 60, 0, 0, 5060, "good.test");
    } else if (is(name, "_sip._udp.huge") && !by_tcp) {
        m->bytes[2] |= 2; /* TC */
    } else if (is(name, "_sip._udp.huge")) {
        for (unsigned i = 0; i < 200; i++) {
            put_srv(m, name, 60, i, 0, 5060, "a-rather-long-name-of-a-target-host.example.test");
        }
    }
}

static void script_host(struct message *m, const char *name, unsigned type)
{
    if (type == AAAA && is(name, "both")) {
        struct message data = {.len = 16};
        data.bytes[0] = 0xfd;
        put_record(m, name, AAAA, 40, &data);
    } else if (type == A && (is(name, "two") || is(name, "both"))) {
        put_a(m, name, 77, 1);
        put_a(m, name, 99, 2);
    } else if (type == A && is(name, "chain")) {
        put_cname(m, name, "second.test");
        put_cname(m, "second.test", "third.test");
        put_a(m, "third.test", 500, 9);
    } else if (is(name, "loop")) {
        put_cname(m, name, name);
    }
}

/* False: silence. */
static bool script(struct message *m, const char *name, unsigned type, bool by_tcp)
{
    if (is(name, "silent")) {
        return false;
    }
    if (is(name, "none")) {
        m->bytes[3] |= 3;
    } else if (is(name, "broken")) {
        m->bytes[3] |= 2;
    } else if (is(name, "cut")) {
        put_a(m, name, 60, 1);
        m->len -= 3;
    } else if (is(name, "junk")) {
        memset(m->bytes + 12, 0xff, 100);
        m->len = 112;
    } else if (type == SRV) {
        script_srv(m, name, by_tcp);
    } else {
        script_host(m, name, type);
    }
    return true;
}

/* The answer to a question: false when there is none. */
static bool respond(const uint8_t *question, size_t len, bool by_tcp, struct message *m)
{
    char name[300] = "";
    size_t at = 12;
    dns.questions++;
    while (at < len && question[at] != 0) {
        strncat(name, (const char *)question + at + 1, question[at]);
        strcat(name, ".");
        at += 1u + question[at];
    }
    assert_true(at + 5 <= len);
    name[strlen(name) - 1] = '\0';
    m->len = 0;
    put(m, question, at + 5);
    m->bytes[2] = 0x84;
    m->bytes[3] = 0x80;
    memset(m->bytes + 6, 0, 6);
    return script(m, name, (unsigned)question[at + 1] << 8 | question[at + 2], by_tcp);
}

static void udp_ready(void *ctx, struct pool_id watch, unsigned events, mono_us now)
{
    static struct message m;
    uint8_t question[2048];
    struct sockaddr_storage from;
    socklen_t from_len = sizeof(from);
    (void)ctx;
    (void)watch;
    (void)events;
    (void)now;
    const ssize_t len = recvfrom(dns.udp, question, sizeof(question), 0, (struct sockaddr *)&from, &from_len);
    if (len > 0 && respond(question, (size_t)len, false, &m)) {
        (void)!sendto(dns.udp, m.bytes, m.len, 0, (struct sockaddr *)&from, from_len);
    }
}

static void stream_ready(void *ctx, struct pool_id watch, unsigned events, mono_us now)
{
    static struct message m;
    uint8_t question[2048];
    (void)ctx;
    (void)watch;
    (void)events;
    (void)now;
    const ssize_t len = read(dns.stream, question, sizeof(question));
    if (len > 2 && respond(question + 2, (size_t)len - 2, true, &m)) {
        const uint8_t prefix[2] = {(uint8_t)(m.len >> 8), (uint8_t)m.len};
        assert_int_equal(write(dns.stream, prefix, 2), 2);
        assert_int_equal(write(dns.stream, m.bytes, m.len), m.len);
    } else {
        os_loop_unwatch(dns.loop, dns.stream_watch);
        close(dns.stream);
        dns.stream = -1;
    }
}

static void tcp_ready(void *ctx, struct pool_id watch, unsigned events, mono_us now)
{
    (void)ctx;
    (void)watch;
    (void)events;
    (void)now;
    dns.stream = accept(dns.tcp, NULL, NULL);
    assert_true(dns.stream >= 0);
    assert_int_equal(
        os_loop_watch(dns.loop, dns.stream, OS_READ, OS_CLASS_SOCKET, stream_ready, NULL, &dns.stream_watch), ST_OK);
}

/* ---- asking ---- */

static void tell(void *ctx, mono_us now, const struct os_answer *a)
{
    (void)ctx;
    (void)now;
    answer = *a;
    memcpy(srv, a->srv, sizeof(srv));
    memcpy(addrs, a->addrs, sizeof(addrs));
    answers++;
}

static int setup(void **state)
{
    (void)state;
    struct net_addr addr;
    struct pool_id id;
    char text[ADDR_TEXT_MAX];
    assert_int_equal(os_loop_new(32, &dns.loop), ST_OK);
    dns.stream = -1;
    for (int status = ST_BUSY; status != ST_OK;) { /* UDP and TCP on one port */
        dns.udp = support_udp(&addr);
        status = os_tcp_listen(&addr, 4, &dns.tcp);
        if (status != ST_OK) {
            close(dns.udp);
        }
    }
    assert_int_equal(os_loop_watch(dns.loop, dns.udp, OS_READ, OS_CLASS_SOCKET, udp_ready, NULL, &id), ST_OK);
    assert_int_equal(os_loop_watch(dns.loop, dns.tcp, OS_READ, OS_CLASS_SOCKET, tcp_ready, NULL, &id), ST_OK);
    strcpy(dns.servers, addr_text(&addr, text));
    return os_resolver_new(dns.loop, dns.servers, 100, tell, NULL, &resolver);
}

static int teardown(void **state)
{
    (void)state;
    os_resolver_free(resolver);
    if (dns.stream >= 0) {
        close(dns.stream);
    }
    close(dns.udp);
    close(dns.tcp);
    os_loop_free(dns.loop);
    return 0;
}

static void wait_for_answer(void)
{
    mono_us now;
    assert_int_equal(answers, 0); /* never from inside */
    while (answers == 0) {
        assert_true(os_resolver_due(resolver) != MONO_NEVER);
        assert_int_equal(os_loop_turn(dns.loop, os_resolver_due(resolver), &now), ST_OK);
        os_resolver_expire(resolver, now);
    }
    assert_int_equal(answers, 1);
    assert_int_equal(os_resolver_due(resolver), MONO_NEVER);
    answers = 0;
}

static int host(const char *name, uint8_t family)
{
    assert_int_equal(os_resolver_ask_host(resolver, name, family), ST_OK);
    assert_int_equal(os_resolver_ask_host(resolver, name, family), ST_STATE);
    wait_for_answer();
    return answer.status;
}

static int service(const char *name)
{
    assert_int_equal(os_resolver_ask_srv(resolver, name), ST_OK);
    wait_for_answer();
    return answer.status;
}

static void addresses(void **state)
{
    (void)state;
    assert_int_equal(host("two.test", 4), ST_OK);
    assert_int_equal(answer.count, 2);
    assert_int_equal(answer.ttl_s, 77);
    assert_int_equal(addrs[0].family, 4);
    assert_int_equal(addrs[0].ip[3], 1);
    assert_int_equal(host("both.test", 0), ST_OK);
    assert_int_equal(answer.count, 3);
    assert_int_equal(answer.ttl_s, 40);
    assert_int_equal(host("both.test", 6), ST_OK);
    assert_int_equal(answer.count, 1);
    assert_int_equal(addrs[0].family, 6);
}

static void chains(void **state)
{
    (void)state;
    assert_int_equal(host("chain.test", 4), ST_OK);
    assert_int_equal(answer.count, 1);
    assert_int_equal(addrs[0].ip[3], 9);
    assert_int_not_equal(host("loop.test", 4), ST_OK);
}

static void services(void **state)
{
    (void)state;
    assert_int_equal(service("_sip._udp.three.test"), ST_OK);
    assert_int_equal(answer.count, 3);
    assert_int_equal(answer.ttl_s, 90);
    for (uint32_t i = 0; i < 3; i++) {
        if (strcmp(srv[i].target, "b.test") == 0) {
            assert_int_equal(srv[i].priority, 10);
            assert_int_equal(srv[i].weight, 20);
            assert_int_equal(srv[i].port, 5070);
        }
    }
    assert_int_equal(service("_sip._udp.dot.test"), ST_OK);
    assert_int_equal(answer.count, 1);
    assert_string_equal(srv[0].target, ".");
}

static void nothing_there(void **state)
{
    (void)state;
    assert_int_equal(host("none.test", 0), ST_NOT_FOUND);
    assert_int_equal(host("empty.test", 0), ST_NOT_FOUND);
    assert_int_equal(service("_sip._udp.none.test"), ST_NOT_FOUND);
    assert_int_equal(service("_sip._udp.empty.test"), ST_NOT_FOUND);
    assert_true(strlen(answer.why) > 0);
}

static void useless(void **state)
{
    (void)state;
    static const char *const names[] = {"broken.test", "junk.test", "cut.test", "silent.test"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        assert_int_not_equal(host(names[i], 4), ST_OK);
        assert_int_equal(answer.count, 0);
    }
    assert_int_equal(host("silent.test", 4), ST_IO); /* not "no such name" */
}

static void hostile_target(void **state)
{
    (void)state;
    if (service("_sip._udp.hostile.test") == ST_OK) {
        assert_int_equal(answer.count, 1);
        assert_string_equal(srv[0].target, "good.test");
    }
}

static void huge_comes_by_tcp(void **state)
{
    (void)state;
    assert_int_equal(service("_sip._udp.huge.test"), ST_OK);
    assert_int_equal(answer.count, OS_ANSWER_MAX);
}

/* Also on a machine without a hosts file; nobody is asked. */
static void localhost_is_here(void **state)
{
    static const char *const names[] = {"localhost", "LocalHost.", "pbx.localhost"};
    const unsigned before = dns.questions;

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(host(names[i], 4), ST_OK);
        assert_int_equal(answer.count, 1);
        assert_true(addrs[0].family == 4 && addr_is_loopback(&addrs[0]));
        assert_int_equal(host(names[i], 6), ST_OK);
        assert_int_equal(answer.count, 1);
        assert_true(addrs[0].family == 6 && addr_is_loopback(&addrs[0]));
        assert_int_equal(host(names[i], 0), ST_OK);
        assert_int_equal(answer.count, 2);
    }
    assert_int_equal(dns.questions, before);
    assert_int_not_equal(host("localhost.test", 4), ST_OK);
    assert_true(dns.questions > before);
    assert_int_not_equal(host("notlocalhost", 4), ST_OK);
}

static void leaves_nothing_behind(void **state)
{
    (void)state;
    const int files = support_count("/proc/self/fd");
    assert_int_equal(host("two.test", 4), ST_OK);
    assert_int_equal(support_count("/proc/self/fd"), files);
    assert_int_equal(support_count("/proc/self/task"), 1);
}

static void freed_while_asking(void **state)
{
    (void)state;
    struct os_resolver *other;
    mono_us now;
    assert_int_equal(os_resolver_new(dns.loop, dns.servers, 100, tell, NULL, &other), ST_OK);
    assert_int_equal(os_resolver_ask_host(other, "silent.test", 0), ST_OK);
    assert_int_equal(os_loop_turn(dns.loop, os_clock_mono(), &now), ST_OK);
    os_resolver_free(other);
    assert_int_equal(answers, 0);
    os_resolver_free(NULL);
    assert_int_equal(os_resolver_new(dns.loop, "not a server list", 0, tell, NULL, &other), ST_OK);
    assert_true(os_resolver_ask_host(other, "two.test", 4) != ST_OK);
    os_resolver_free(other);
}

static void absent(void **state)
{
    struct os_resolver *none;
    (void)state;
    assert_int_equal(os_resolver_new(NULL, NULL, 0, tell, NULL, &none), ST_UNSUPPORTED);
    assert_null(none);
    assert_int_equal(os_resolver_due(none), MONO_NEVER);
    os_resolver_free(none);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses),
        cmocka_unit_test(chains),
        cmocka_unit_test(services),
        cmocka_unit_test(nothing_there),
        cmocka_unit_test(useless),
        cmocka_unit_test(hostile_target),
        cmocka_unit_test(huge_comes_by_tcp),
        cmocka_unit_test(localhost_is_here),
        cmocka_unit_test(leaves_nothing_behind),
        cmocka_unit_test(freed_while_asking),
    };
    const struct CMUnitTest without[] = {cmocka_unit_test(absent)};
    if (os_resolver_version() == NULL) {
        return cmocka_run_group_tests(without, NULL, NULL);
    }
    return cmocka_run_group_tests(tests, setup, teardown);
}
