/* SPDX-License-Identifier: MIT */
/* SPEC section 2 as a second, hand-typed table: what each flag takes and what it refuses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "options_table.h"
#include "support_options.h"
#include "wsaudio/rtp.h"

#define GOOD_MAX 14
#define BAD_MAX  22

struct flag_case {
    const char *flag;
    bool is_switch;
    const char *good[GOOD_MAX];
    const char *bad[BAD_MAX];
};

static const struct flag_case DUE[] = {
    {"config", false, {NULL}, {"/nonexistent/file", ""}},
    {"check-config", true, {NULL}, {NULL}},
    {"lang", false, {"zh", "en"}, {"", "ZH", "fr", "zh_TW", "zh "}},
    {"log-level", false, {"debug", "info", "warning", "error"}, {"", "warn", "INFO", "3"}},
    {"log-file", false, {"/tmp/x.log", "x"}, {"", "a\nb", "\xff"}},
    {"realtime", false, {"0", "1", "20", "99"}, {"", "-1", "100", "off", "fifo"}},
    {"version", true, {NULL}, {NULL}},
    {"help", true, {NULL}, {NULL}},
    {"ws-listen",
     false,
     {"0", "8080", "65535", "127.0.0.1:0", "0.0.0.0:8080", "[::]:8080", "[::1]:65535"},
     {"", "65536", "-1", ":8080", "localhost:8080", "::1:8080", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "[::1]",
      "1.2.3:80", "224.0.0.1:80", "8080 "}},
    {"ws-allow",
     false,
     {"10.0.0.0/8", "0.0.0.0/0", "::/0", "fd00::/8", "192.168.1.7", "::1", "1.2.3.4/32"},
     {"", "10.0.0.1/8", "10.0.0.0/33", "fd00::/129", "10.0.0.0/", "all", "10.0.0/8", "10.0.0.0/-1"}},
    {"ws-token-file", false, {NULL}, {"/nonexistent/file", ""}},
    {"ws-origin",
     false,
     {"null", "NULL", "http://example.com", "https://example.com:8443", "http://[::1]:8080", "http://127.0.0.1",
      "HTTP://Example.com/", "file://", "file:///", "capacitor://localhost", "app://.", "https://*.example.com",
      "https://*.example.com:8443/"},
     {"",
      "example.com",
      "http://",
      "http:///",
      "http://example.com/x",
      "http://example.com//",
      "http://example.com:0",
      "http://example.com:65536",
      "http://a b",
      "http://u@h",
      "://x",
      "1x://h",
      "a_b://h",
      "*",
      "*://h",
      "http://*",
      "http://*.",
      "http://a.*.b",
      "http://*.127.0.0.1",
      "http://*.[::1]",
      "file://*.",
      "file"}},
    {"ws-echo", true, {NULL}, {NULL}},
    {"ws-reuse-port", true, {NULL}, {NULL}},
    {"ws-max-message", false, {"1", "4M", "4m", "64K", "4G", "100"}, {"", "0", "5G", "-1", "4MB", "M", "1.5M", "0x10"}},
    {"max-clients", false, {"1", "64", "10000"}, {"", "0", "10001", "-1", "many", "1K"}},
    {"sip-server",
     false,
     {"192.0.2.1", "192.0.2.1:5070", "pbx.example.com", "pbx.example.com:65535", "[2001:db8::1]", "[::1]:5060"},
     {"", ":5060", "host:0", "host:65536", "host:", "::1", "a b", "sip:host", "1.2.3", "300.1.1.1", "[::1", "0.0.0.0",
      "224.0.0.1"}},
    {"sip-listen",
     false,
     {"0", "5062", "192.0.2.1:5062", "[::]:5062"},
     {"", "65536", "host:5062", "192.0.2.1", "::1:5062"}},
    {"sip-user", false, {"voip", "0921367101"}, {"", "a\r\nb"}},
    {"sip-password-file", false, {NULL}, {"/nonexistent/file", ""}},
    {"sip-password", false, {"secret", "", "p\xc3\xa4ss"}, {"a\nb", "\xff"}},
    {"sip-auth-user", false, {"auth"}, {"", "a\tb"}},
    {"sip-realm", false, {"asterisk", "My PBX: \"x\""}, {"", "a\nb", "\xff"}},
    {"sip-caller", false, {"0921367101"}, {"", "a\nb"}},
    {"sip-display-name", false, {"Front door", "\xe5\x89\x8d\xe9\x96\x80", ""}, {"a\nb", "\xff\xfe"}},
    {"sip-domain",
     false,
     {"example.com", "192.0.2.1", "[2001:db8::1]"},
     {"", "a b", "::1", "sip:x", "x:5060", "1.2.3"}},
    {"sip-register", true, {NULL}, {NULL}},
    {"sip-expires", false, {"10", "600", "604800"}, {"", "0", "9", "604801", "-1", "10m"}},
    {"sip-allow",
     false,
     {"192.0.2.0/24", "2001:db8::/32", "0.0.0.0/0", "192.0.2.7"},
     {"", "192.0.2.1/24", "192.0.2.0/33", "pbx", "192.0.2.1:5060"}},
    {"sip-keepalive", false, {"0", "30", "3600"}, {"", "3601", "-1", "off"}},
    {"sip-header", false, {"X-Gateway: yes", "P-Tag: a,b"}, {"", "nocolon", "Bad Name: x", "X: a\r\nY: b", "Via: x"}},
    {"incoming", false, {"reject", "echo", "ring"}, {"", "Ring", "answer", "yes"}},
    {"ring-seconds", false, {"1", "120", "3600"}, {"", "0", "3601", "-1", "1s", "1.5"}},
    {"dial-allow",
     false,
     {"*", "09*", "+886?", "#31#*", "alice", "*@example.com", "0-9a*", "[::1]"},
     {"", "09 12", "0912-345*", "(02)*", "1.2", "sip:1@pbx", "SIP:*", "%30*", "1;x", "a\nb"}},
    {"dial-deny", false, {"*", "09*"}, {"", "09-12", "%30", "sip:*"}},
    {"calls-per-minute", false, {"0", "1", "30", "60000"}, {"", "-1", "60001", "x", "1.5"}},
    {"advertise",
     false,
     {"192.0.2.1", "2001:db8::1", "[2001:db8::1]"},
     {"", "host", "0.0.0.0", "::", "239.1.1.1", "1.2.3.4:5"}},
    {"sip-dscp", false, {"0", "24", "63"}, {"", "64", "-1", "EF"}},
    {"rtp-dscp", false, {"0", "46", "63"}, {"", "64", "-1", "EF"}},
    {"rtp-ports",
     false,
     {"32000", "32000-32127", "40001-40999", "1024-65535", "64536"},
     {"", "0", "0-100", "65536", "32000-", "-32000", "32000-31999", "32001-32001", "32000-32000", "a-b", "32000-65536",
      "1-2-3", "65535"}},
    {"rtp-learn", false, {"off", "port", "private", "any"}, {"", "Any", "on", "none"}},
    {"max-calls", false, {"1", "64", "500"}, {"", "0", "501", "10001", "-1", "x"}},
    {"max-call-seconds", false, {"1", "3600", "31536000"}, {"", "0", "31536001", "-1", "off"}},
    {"no-media-seconds", false, {"0", "30", "31536000"}, {"", "31536001", "-1", "never"}},
    {"max-tick-late", false, {"0", "10", "1000"}, {"", "-1", "1001", "10ms", "1.5", "off"}},
    {"media-buffer", false, {"64K", "8M", "1G"}, {"", "0", "65535", "2G", "-1", "off"}},
    {"rtp-raw-file", false, {"rtp.bin"}, {"", "a\nb"}},
    {"upload-dir", false, {"up", "/tmp/up"}, {"", "a\nb"}},
    {"upload-max", false, {"1", "1M", "2G"}, {"", "0", "3G", "2049M", "-1", "1T"}},
    {"upload-quota", false, {"0", "256M", "1048576G"}, {"", "-1", "1048577G", "x", "99999999999999999999"}},
    {"record-dir", false, {"rec", "/tmp/rec"}, {"", "a\nb"}},
    {"no-record", true, {NULL}, {NULL}},
    {"record-channels", false, {"stereo", "received"}, {"", "mono", "sent"}},
    {"record-quota", false, {"0", "1G"}, {"", "-1", "x", "G"}},
    {"record-sync", false, {"0", "10", "86400"}, {"", "-1", "86401", "off"}},
};
#define DUE_COUNT (sizeof(DUE) / sizeof(DUE[0]))

static void check_good(const char *flag, const char *value)
{
    struct run r;
    char with_dashes[64];
    char joined[256];
    snprintf(with_dashes, sizeof(with_dashes), "--%s", flag);
    RUN(&r, with_dashes, value);
    if (r.status != ST_OK) {
        fail_msg("--%s '%s': %s", flag, value, r.error);
    }
    run_free(&r);
    snprintf(joined, sizeof(joined), "--%s=%s", flag, value);
    RUN(&r, joined);
    assert_int_equal(r.status, ST_OK);
    run_free(&r);
}

static void check_bad(const char *flag, const char *value)
{
    struct run r;
    char joined[256];
    char name[64];
    snprintf(joined, sizeof(joined), "--%s=%s", flag, value);
    snprintf(name, sizeof(name), "--%s", flag);
    RUN(&r, joined);
    if (r.status != ST_BAD) {
        fail_msg("--%s '%s' was taken", flag, value);
    }
    assert_non_null(strstr(r.error, name));
    assert_non_null(strstr(r.error, "expected"));
    assert_null(strchr(r.error, '\n'));
    run_free(&r);
}

static bool is_due(const char *name)
{
    for (size_t i = 0; i < DUE_COUNT; i++) {
        if (strcmp(DUE[i].flag, name) == 0) {
            return true;
        }
    }
    return false;
}

static void test_rows_are_the_due_flags(void **state)
{
    (void)state;
    assert_int_equal(option_row_count, DUE_COUNT);
    for (size_t i = 0; i < option_row_count; i++) {
        assert_true(is_due(option_rows[i].name));
        assert_non_null(option_rows[i].help);
        assert_true((option_rows[i].metavar == NULL) == (option_rows[i].kind == OPTION_SWITCH));
    }
    for (size_t i = 0; i < DUE_COUNT; i++) {
        const struct option_row *row = option_row_find(span_cstr(DUE[i].flag));
        assert_non_null(row);
        assert_true((row->kind == OPTION_SWITCH) == DUE[i].is_switch);
    }
}

static void test_every_flag(void **state)
{
    (void)state;
    for (size_t i = 0; i < DUE_COUNT; i++) {
        const struct flag_case *c = &DUE[i];
        for (size_t k = 0; k < GOOD_MAX && c->good[k] != NULL; k++) {
            check_good(c->flag, c->good[k]);
        }
        for (size_t k = 0; k < BAD_MAX && c->bad[k] != NULL; k++) {
            check_bad(c->flag, c->bad[k]);
        }
        if (c->is_switch) {
            check_bad(c->flag, "yes");
        }
    }
}

static void test_value_missing(void **state)
{
    (void)state;
    for (size_t i = 0; i < DUE_COUNT; i++) {
        struct run r;
        char flag[64];
        snprintf(flag, sizeof(flag), "--%s", DUE[i].flag);
        RUN(&r, "--sip-server=192.0.2.1", "--sip-user=u", flag); /* what --sip-register needs */
        assert_int_equal(r.status, DUE[i].is_switch ? ST_OK : ST_BAD);
        if (!DUE[i].is_switch) {
            assert_non_null(strstr(r.error, flag));
            assert_non_null(strstr(r.error, "missing"));
        }
        run_free(&r);
    }
}

static void test_register_needs_server_and_user(void **state)
{
    (void)state;
    struct run r;
    RUN(&r, "--sip-register", "--sip-user=u");
    assert_int_equal(r.status, ST_BAD);
    assert_string_equal(r.error, "--sip-register: expected --sip-server as well");
    run_free(&r);
    RUN(&r, "--sip-register", "--sip-server=192.0.2.1");
    assert_int_equal(r.status, ST_BAD);
    assert_string_equal(r.error, "--sip-register: expected --sip-user as well");
    run_free(&r);
    RUN(&r, "--sip-register", "--sip-server=192.0.2.1", "--sip-user=u", "--sip-expires=60");
    assert_int_equal(r.status, ST_OK);
    assert_true(r.o.sip_register);
    assert_int_equal(r.o.sip_expires_us, DUR_S(60));
    run_free(&r);
}

static void test_defaults(void **state)
{
    (void)state;
    struct run r;
    run_load(&r, (const char *const[]){NULL});
    assert_int_equal(r.status, ST_OK);
    assert_int_equal(r.action, OPTIONS_RUN);
    const struct options *o = &r.o;
    assert_int_equal(o->log_level, LOG_INFO);
    assert_null(o->log_file);
    assert_int_equal(o->ws_listen.family, 0);
    assert_int_equal(o->ws_listen.port, 8080);
    assert_int_equal(o->ws_allow.count, 0);
    assert_int_equal(o->ws_origin.count, 0);
    assert_false(o->ws_echo);
    assert_false(o->ws_reuse_port);
    assert_in_range(o->ws_max_message, 16 * 1024 * 1024 / 3 * 4, 32 * 1024 * 1024); /* what such an upload needs */
    assert_int_equal(o->max_clients, 64);
    assert_null(o->sip_server.name);
    assert_int_equal(o->sip_listen.port, 5062);
    assert_null(o->sip_password);
    assert_false(o->sip_register);
    assert_int_equal(o->sip_expires_us, DUR_S(600));
    assert_int_equal(o->sip_keepalive_us, DUR_S(30));
    assert_int_equal(o->ring_us, DUR_S(120));
    assert_int_equal(o->sip_allow.count, 0);
    assert_int_equal(o->dial_rules.count, 0);
    assert_int_equal(o->calls_per_minute, 30);
    assert_int_equal(o->advertise.family, 0);
    assert_int_equal(o->sip_dscp, 24);
    assert_int_equal(o->rtp_dscp, 46);
    assert_int_equal(o->rtp_ports.low, 32000);
    assert_int_equal(o->rtp_ports.high, 32999);
    assert_int_equal(o->rtp_learn, RTP_LEARN_PRIVATE);
    assert_int_equal(o->max_calls, 64);
    assert_int_equal(o->max_call_us, DUR_S(3600));
    assert_int_equal(o->no_media_us, DUR_S(30));
    assert_string_equal(o->upload_dir, "uploaded_wavs");
    assert_int_equal(o->upload_max, 16 * 1024 * 1024);
    assert_int_equal(o->upload_quota, 256 * 1024 * 1024);
    assert_string_equal(o->record_dir, "recordings");
    assert_false(o->no_record);
    assert_int_equal(o->record_channels, OPTION_CHANNELS_STEREO);
    assert_int_equal(o->record_quota, 1024 * 1024 * 1024);
    assert_int_equal(o->record_sync_us, DUR_S(10));
    run_free(&r);
}

static void test_values_arrive(void **state)
{
    (void)state;
    struct run r;
    RUN(&r, "--ws-listen=[::1]:9000", "--ws-allow", "10.0.0.0/8", "--ws-allow=fd00::/8",
        "--sip-server=[2001:db8::7]:5070", "--advertise", "192.0.2.9", "--rtp-ports=40001-40999", "--sip-header=X-A: 1",
        "--sip-header", "X-B: 2", "--log-level=warning", "--ws-echo", "--ws-reuse-port", "--record-channels=received");
    assert_int_equal(r.status, ST_OK);
    assert_int_equal(r.o.ws_listen.family, 6);
    assert_int_equal(r.o.ws_listen.port, 9000);
    assert_int_equal(r.o.ws_allow.count, 2);
    assert_int_equal(r.o.ws_allow.items[0].bits, 8);
    assert_int_equal(r.o.ws_allow.items[1].base.family, 6);
    assert_string_equal(r.o.sip_server.name, "2001:db8::7");
    assert_int_equal(r.o.sip_server.port, 5070);
    assert_int_equal(r.o.sip_server.addr.family, 6);
    assert_int_equal(r.o.sip_server.addr.port, 5070);
    assert_int_equal(r.o.advertise.family, 4);
    assert_int_equal(r.o.sip_header.count, 2);
    assert_string_equal(r.o.sip_header.items[1], "X-B: 2");
    assert_int_equal(r.o.log_level, LOG_WARNING);
    assert_true(r.o.ws_echo);
    assert_true(r.o.ws_reuse_port);
    assert_int_equal(r.o.record_channels, OPTION_CHANNELS_RECEIVED);
    assert_int_equal(options_port_pairs(&r.o.rtp_ports), 499);
    run_free(&r);
    RUN(&r, "--sip-server", "pbx.example.com");
    assert_string_equal(r.o.sip_server.name, "pbx.example.com");
    assert_int_equal(r.o.sip_server.port, 5060);
    assert_int_equal(r.o.sip_server.addr.family, 0);
    run_free(&r);
}

static void test_port_pairs(void **state)
{
    (void)state;
    static const struct {
        uint16_t low, high;
        uint32_t pairs;
    } CASES[] = {{32000, 32999, 500}, {32000, 32001, 1}, {32001, 32002, 0}, {32001, 32003, 1},
                 {1, 65535, 32767},   {65534, 65535, 1}, {65535, 65535, 0}, {32000, 32002, 1}};
    for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
        struct option_ports ports = {CASES[i].low, CASES[i].high};
        assert_int_equal(options_port_pairs(&ports), CASES[i].pairs);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows_are_the_due_flags),
        cmocka_unit_test(test_every_flag),
        cmocka_unit_test(test_value_missing),
        cmocka_unit_test(test_register_needs_server_and_user),
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_values_arrive),
        cmocka_unit_test(test_port_pairs),
    };
    return cmocka_run_group_tests(tests, options_set_up, options_tear_down);
}
