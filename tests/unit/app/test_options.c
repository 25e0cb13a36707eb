/* SPDX-License-Identifier: MIT */
/* Command line, configuration file, environment: precedence, errors, secrets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "options_table.h"
#include "support_options.h"

static void test_flag_is_no_value(void **state)
{
    (void)state;
    struct run r;
    RUN(&r, "--log-file", "--ws-echo");
    assert_int_equal(r.status, ST_BAD);
    assert_non_null(strstr(r.error, "--log-file: value missing"));
    run_free(&r);
    RUN(&r, "--log-file=--ws-echo");
    assert_string_equal(r.o.log_file, "--ws-echo");
    run_free(&r);
    RUN(&r, "--sip-password", "--ws-echo");
    assert_string_equal(r.o.sip_password, "--ws-echo");
    run_free(&r);
}

static void test_not_due_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; NOT_DUE[i] != NULL; i++) {
        struct run r;
        char flag[64];
        char text[128];
        char path[256];
        snprintf(flag, sizeof(flag), "--%s", NOT_DUE[i]);
        assert_null(option_row_find(span_cstr(NOT_DUE[i])));
        RUN(&r, flag, "1");
        assert_int_equal(r.status, ST_BAD);
        assert_non_null(strstr(r.error, flag));
        run_free(&r);
        snprintf(text, sizeof(text), "%s = 1\n", NOT_DUE[i]);
        write_file("notdue.conf", text, path);
        RUN(&r, "--config", path);
        assert_int_equal(r.status, ST_BAD);
        assert_non_null(strstr(r.error, NOT_DUE[i]));
        run_free(&r);
    }
}

static void test_words_that_are_no_flags(void **state)
{
    (void)state;
    static const char *const WORDS[] = {"8080", "-h", "-", "--", "--nosuch", "--nosuch=1", "--=1", "--Lang=en", ""};
    for (size_t i = 0; i < sizeof(WORDS) / sizeof(WORDS[0]); i++) {
        struct run r;
        RUN(&r, WORDS[i]);
        assert_int_equal(r.status, ST_BAD);
        assert_true(strlen(r.error) > 0);
        run_free(&r);
    }
}

static void test_unknown_flag_hides_value(void **state)
{
    (void)state;
    struct run r;
    RUN(&r, "--sip-passwd=hunter2");
    assert_int_equal(r.status, ST_BAD);
    assert_non_null(strstr(r.error, "--sip-passwd"));
    assert_null(strstr(r.error, "hunter2"));
    run_free(&r);
}

static void test_last_one_wins(void **state)
{
    (void)state;
    struct run r;
    RUN(&r, "--max-clients=3", "--max-clients", "7", "--upload-dir=a", "--upload-dir=b");
    assert_int_equal(r.status, ST_OK);
    assert_int_equal(r.o.max_clients, 7);
    assert_string_equal(r.o.upload_dir, "b");
    run_free(&r);
}

static void test_list_is_bounded(void **state)
{
    (void)state;
    struct run r;
    char text[80 * (OPTIONS_LIST_MAX + 1)] = "";
    char path[256];
    for (int i = 0; i < OPTIONS_LIST_MAX; i++) {
        strcat(text, "ws-allow = 10.0.0.0/8\nws-origin = null\n");
    }
    RUN(&r, "--config", write_file("list.conf", text, path));
    assert_int_equal(r.status, ST_OK);
    assert_int_equal(r.o.ws_allow.count, OPTIONS_LIST_MAX);
    run_free(&r);
    strcat(text, "ws-origin = null\n");
    RUN(&r, "--config", write_file("list.conf", text, path));
    assert_int_equal(r.status, ST_BAD);
    assert_non_null(strstr(r.error, "at most 64"));
    run_free(&r);
}

static void test_calls_need_port_pairs(void **state)
{
    (void)state;
    struct run r;
    RUN(&r, "--rtp-ports=32000-32019", "--max-calls=10");
    assert_int_equal(r.status, ST_OK);
    run_free(&r);
    RUN(&r, "--rtp-ports=32000-32019", "--max-calls=11");
    assert_int_equal(r.status, ST_BAD);
    assert_non_null(strstr(r.error, "--max-calls 11"));
    assert_non_null(strstr(r.error, "at most 10"));
    assert_non_null(strstr(r.error, "--rtp-ports 32000-32019"));
    run_free(&r);
    RUN(&r, "--rtp-ports=40000-40019"); /* the default follows */
    assert_int_equal(r.status, ST_OK);
    assert_int_equal(r.o.max_calls, 10);
    run_free(&r);
    RUN(&r, "--rtp-ports=40000-40999");
    assert_int_equal(r.o.max_calls, 64);
    run_free(&r);
    RUN(&r, "--rtp-ports=32001-32020", "--max-calls=10"); /* 32002 to 32019 */
    assert_int_equal(r.status, ST_BAD);
    run_free(&r);
}

static void test_message_size_follows_uploads(void **state)
{
    (void)state;
    struct run r;
    RUN(&r, "--upload-max=3M");
    assert_true(r.o.ws_max_message >= 11 + 128 + 1 + 4 * 1024 * 1024 + 4 * 1024 * 1024 / 32);
    run_free(&r);
    RUN(&r, "--upload-max=1M");
    assert_int_equal(r.o.ws_max_message, 4 * 1024 * 1024);
    run_free(&r);
    RUN(&r, "--upload-max=3M", "--ws-max-message=1M");
    assert_int_equal(r.o.ws_max_message, 1024 * 1024);
    run_free(&r);
}

static void test_config_file(void **state)
{
    (void)state;
    struct run r;
    char path[256];
    const char *text = "# a comment = 1\n"
                       "   # another\n"
                       "\n"
                       "max-clients = 5\r\n"
                       "  sip-display-name   =   Front # door = 2  \n"
                       "no-record = yes\n"
                       "ws-echo=no\n"
                       "ws-allow = 10.0.0.0/8\n"
                       "ws-allow = 192.168.0.0/16\n"
                       "sip-header = X-A: b=c\n"
                       "sip-display-name = last";
    RUN(&r, "--config", write_file("a.conf", text, path));
    assert_string_equal(r.error, "");
    assert_int_equal(r.status, ST_OK);
    assert_int_equal(r.o.max_clients, 5);
    assert_true(r.o.no_record);
    assert_false(r.o.ws_echo);
    assert_int_equal(r.o.ws_allow.count, 2);
    assert_string_equal(r.o.sip_header.items[0], "X-A: b=c");
    assert_string_equal(r.o.sip_display_name, "last");
    run_free(&r);
    RUN(&r, "--config", write_file("a.conf", "sip-display-name = Front # door = 2  \n", path));
    assert_string_equal(r.o.sip_display_name, "Front # door = 2");
    run_free(&r);
}

static void test_command_line_wins(void **state)
{
    (void)state;
    struct run r;
    char path[256];
    write_file("b.conf", "max-clients = 5\nws-allow = 10.0.0.0/8\nws-allow = fd00::/8\nlang = zh\nws-max-message = 9\n",
               path);
    RUN(&r, "--max-clients=6", "--ws-allow=1.2.3.4", "--config", path, "--lang=en");
    assert_int_equal(r.status, ST_OK);
    assert_int_equal(r.o.max_clients, 6);
    assert_int_equal(r.o.ws_allow.count, 1);
    assert_int_equal(r.o.ws_allow.items[0].bits, 32);
    assert_int_equal(r.o.lang, OPTION_LANG_EN);
    assert_int_equal(r.o.ws_max_message, 9);
    run_free(&r);
}

static void assert_rules(const struct options *o, const char *expected)
{
    char text[512] = "";
    for (uint32_t i = 0; i < o->dial_rules.count; i++) {
        size_t len = strlen(text);
        snprintf(text + len, sizeof(text) - len, "%c%s ", o->dial_rules.items[i].allow ? '+' : '-',
                 o->dial_rules.items[i].pattern);
    }
    assert_string_equal(text, expected);
}

/* --dial-allow and --dial-deny are one list in the order given; one of the command line replaces the file's whole list. */
static void test_rules_keep_their_order(void **state)
{
    (void)state;
    struct run r;
    char path[256];
    RUN(&r, "--dial-deny=0900*", "--dial-allow", "09*", "--dial-deny", "*");
    assert_int_equal(r.status, ST_OK);
    assert_rules(&r.o, "-0900* +09* -* ");
    run_free(&r);
    write_file("rules.conf", "dial-allow = 09*\nmax-clients = 5\ndial-deny = 0*\ndial-allow = *\n", path);
    RUN(&r, "--config", path);
    assert_rules(&r.o, "+09* -0* +* ");
    run_free(&r);
    RUN(&r, "--dial-deny=1*", "--config", path);
    assert_rules(&r.o, "-1* ");
    run_free(&r);
    RUN(&r, "--config", path, "--dial-deny=1*", "--dial-allow=2*", "--dial-deny=3*");
    assert_rules(&r.o, "-1* +2* -3* ");
    assert_int_equal(r.o.max_clients, 5);
    run_free(&r);
}

static void test_config_errors_name_file_line_key(void **state)
{
    (void)state;
    static const struct {
        const char *text, *line, *key;
    } CASES[] = {
        {"# x\nnosuch = 1\n", ":2:", "nosuch"},
        {"max-clients = 0\n", ":1:", "max-clients"},
        {"\n\nlang\n", ":3:", "lang"},
        {"no-record = true\n", ":1:", "no-record"},
        {"config = x\n", ":1:", "config"},
        {"= 5\n", ":1:", "unknown"},
        {"--lang = en\n", ":1:", "--lang"},
        {"max-clients =\n", ":1:", "max-clients"},
        {"max-clients = 5 # five\n", ":1:", "5 # five"},
        {"ws-allow = 10.0.0.1/8\n", ":1:", "10.0.0.1/8"},
    };
    for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
        struct run r;
        char path[256];
        RUN(&r, "--config", write_file("c.conf", CASES[i].text, path));
        assert_int_equal(r.status, ST_BAD);
        assert_non_null(strstr(r.error, path));
        assert_non_null(strstr(r.error, CASES[i].line));
        assert_non_null(strstr(r.error, CASES[i].key));
        assert_null(strchr(r.error, '\n'));
        run_free(&r);
    }
    /* Also where the command line would win. */
    struct run r;
    char path[256];
    RUN(&r, "--config", write_file("c.conf", "max-clients = 0\n", path), "--max-clients=5");
    assert_int_equal(r.status, ST_BAD);
    run_free(&r);
    RUN(&r, "--config", write_file("c.conf", "sip-password = a\tb\n", path));
    assert_int_equal(r.status, ST_BAD);
    assert_non_null(strstr(r.error, "****"));
    assert_null(strstr(r.error, "a\tb"));
    run_free(&r);
}

static void test_config_actions(void **state)
{
    (void)state;
    struct run r;
    char path[256];
    RUN(&r, "--config", write_file("d.conf", "check-config = yes\n", path));
    assert_int_equal(r.action, OPTIONS_CHECK);
    run_free(&r);
    RUN(&r, "--check-config", "--version");
    assert_int_equal(r.action, OPTIONS_VERSION);
    run_free(&r);
    RUN(&r, "--version", "--help");
    assert_int_equal(r.action, OPTIONS_HELP);
    run_free(&r);
    RUN(&r, "--help", "--max-clients=0"); /* help helps, whatever the rest */
    assert_int_equal(r.action, OPTIONS_HELP);
    assert_int_equal(r.status, ST_OK);
    run_free(&r);
}

static void test_password_is_wiped_from_argv(void **state)
{
    (void)state;
    struct run r;
    RUN(&r, "--sip-password", "hunter2", "--sip-password=hunter3");
    assert_int_equal(r.status, ST_OK);
    assert_string_equal(r.o.sip_password, "hunter3");
    assert_string_equal(r.argv[1], "--sip-password");
    assert_memory_equal(r.argv[2], "\0\0\0\0\0\0\0", 8);
    assert_memory_equal(r.argv[3], "--sip-password=\0\0\0\0\0\0\0", 23);
    run_free(&r);
    RUN(&r, "--sip-password", "hunter2", "--nosuch");
    assert_int_equal(r.status, ST_BAD);
    assert_string_equal(r.argv[2], "");
    run_free(&r);
}

static void test_password_sources(void **state)
{
    (void)state;
    struct run r;
    char secret[256], conf[256], line[600];
    write_file("secret", "from file\n", secret);
    setenv("SIP_PASSWORD", "from environment", 1);
    run_load(&r, (const char *const[]){NULL});
    assert_string_equal(r.o.sip_password, "from environment");
    run_free(&r);
    RUN(&r, "--sip-password-file", secret);
    assert_string_equal(r.o.sip_password, "from file");
    run_free(&r);
    RUN(&r, "--sip-password-file", secret, "--sip-password=flag");
    assert_string_equal(r.o.sip_password, "flag");
    run_free(&r);
    RUN(&r, "--config", write_file("p.conf", "sip-password = key\n", conf), "--sip-password-file", secret);
    assert_string_equal(r.o.sip_password, "from file");
    run_free(&r);
    snprintf(line, sizeof(line), "sip-password-file = %s\n", secret);
    RUN(&r, "--config", write_file("p.conf", line, conf), "--sip-password=flag");
    assert_string_equal(r.o.sip_password, "flag");
    run_free(&r);
    setenv("SIP_PASSWORD", "a\nb", 1);
    run_load(&r, (const char *const[]){NULL});
    assert_int_equal(r.status, ST_BAD);
    assert_non_null(strstr(r.error, "SIP_PASSWORD"));
    run_free(&r);
    unsetenv("SIP_PASSWORD");
}

static void test_password_file_newlines(void **state)
{
    (void)state;
    static const struct {
        const char *text, *password; /* NULL: refused */
    } CASES[] = {{"abc", "abc"}, {"abc\n", "abc"},   {"abc\n\n", NULL}, {"", ""},
                 {"\n", ""},     {" abc ", " abc "}, {"a\r\n", NULL}};
    for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
        struct run r;
        char path[256];
        RUN(&r, "--sip-password-file", write_file("secret2", CASES[i].text, path));
        if (CASES[i].password != NULL) {
            assert_int_equal(r.status, ST_OK);
            assert_string_equal(r.o.sip_password, CASES[i].password);
        } else {
            assert_int_equal(r.status, ST_BAD);
            assert_non_null(strstr(r.error, "--sip-password-file"));
        }
        run_free(&r);
    }
}

static void test_token_file_is_read_at_start(void **state)
{
    (void)state;
    struct run r;
    char path[256];
    RUN(&r, "--ws-token-file", write_file("tokens", "one\ntwo\n", path));
    assert_int_equal(r.status, ST_OK);
    run_free(&r);
    RUN(&r, "--ws-token-file", write_file("tokens", "\n\n", path));
    assert_int_equal(r.status, ST_BAD);
    assert_non_null(strstr(r.error, "no token"));
    run_free(&r);
}

static void test_language(void **state)
{
    (void)state;
    static const struct {
        const char *all, *messages, *lang;
        int want;
    } CASES[] = {
        {NULL, NULL, NULL, OPTION_LANG_EN},       {NULL, NULL, "zh_TW.UTF-8", OPTION_LANG_ZH},
        {NULL, "zh_CN", "en_US", OPTION_LANG_ZH}, {"C", "zh_CN", "zh_TW", OPTION_LANG_EN},
        {"", "", "zh", OPTION_LANG_ZH},           {"zh_HK", "C", "C", OPTION_LANG_ZH},
    };
    for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
        unsetenv("LC_ALL");
        unsetenv("LC_MESSAGES");
        unsetenv("LANG");
        if (CASES[i].all != NULL) {
            setenv("LC_ALL", CASES[i].all, 1);
        }
        if (CASES[i].messages != NULL) {
            setenv("LC_MESSAGES", CASES[i].messages, 1);
        }
        if (CASES[i].lang != NULL) {
            setenv("LANG", CASES[i].lang, 1);
        }
        struct run r;
        run_load(&r, (const char *const[]){NULL});
        assert_int_equal(r.o.lang, CASES[i].want);
        run_free(&r);
        RUN(&r, "--lang=en");
        assert_int_equal(r.o.lang, OPTION_LANG_EN);
        run_free(&r);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_flag_is_no_value),
        cmocka_unit_test(test_not_due_is_refused),
        cmocka_unit_test(test_words_that_are_no_flags),
        cmocka_unit_test(test_unknown_flag_hides_value),
        cmocka_unit_test(test_last_one_wins),
        cmocka_unit_test(test_list_is_bounded),
        cmocka_unit_test(test_calls_need_port_pairs),
        cmocka_unit_test(test_message_size_follows_uploads),
        cmocka_unit_test(test_config_file),
        cmocka_unit_test(test_command_line_wins),
        cmocka_unit_test(test_config_errors_name_file_line_key),
        cmocka_unit_test(test_rules_keep_their_order),
        cmocka_unit_test(test_config_actions),
        cmocka_unit_test(test_password_is_wiped_from_argv),
        cmocka_unit_test(test_password_sources),
        cmocka_unit_test(test_password_file_newlines),
        cmocka_unit_test(test_token_file_is_read_at_start),
        cmocka_unit_test(test_language),
    };
    return cmocka_run_group_tests(tests, options_set_up, options_tear_down);
}
