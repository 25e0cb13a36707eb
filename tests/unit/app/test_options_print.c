/* SPDX-License-Identifier: MIT */
/* --help, --version, --check-config. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "options_table.h"
#include "support_options.h"

static char g_printed[2][32768];

static const char *read_back(FILE *from, char *buf, size_t cap)
{
    rewind(from);
    size_t len = fread(buf, 1, cap - 1, from);
    fclose(from);
    buf[len] = '\0';
    return buf;
}

static const char *printed(void (*print)(FILE *to))
{
    FILE *to = tmpfile();
    assert_non_null(to);
    print(to);
    return read_back(to, g_printed[0], sizeof(g_printed[0]));
}

static const char *printed_settings(const struct options *o, int slot)
{
    FILE *to = tmpfile();
    assert_non_null(to);
    options_print_settings(to, o);
    return read_back(to, g_printed[slot], sizeof(g_printed[slot]));
}

static void test_help_lists_due_flags_only(void **state)
{
    (void)state;
    const char *text = printed(options_print_help);
    for (size_t i = 0; DUE_NAMES[i] != NULL; i++) {
        char flag[64];
        snprintf(flag, sizeof(flag), "\n  --%s", DUE_NAMES[i]);
        const char *found = strstr(text, flag);
        while (found != NULL && found[strlen(flag)] != ' ' && found[strlen(flag)] != '\n') {
            found = strstr(found + 1, flag); /* a longer name that begins the same */
        }
        assert_non_null(found);
    }
    for (size_t i = 0; NOT_DUE[i] != NULL; i++) {
        char flag[64];
        snprintf(flag, sizeof(flag), "--%s", NOT_DUE[i]);
        const char *found = strstr(text, flag);
        while (found != NULL && (char_is_alnum(found[strlen(flag)]) || found[strlen(flag)] == '-')) {
            found = strstr(found + 1, flag); /* part of a longer name */
        }
        assert_null(found);
    }
}

static void test_version_names_libraries(void **state)
{
    (void)state;
    const char *text = printed(options_print_version);
    assert_non_null(strstr(text, "ws_audio_server "));
    assert_non_null(strstr(text, "\nwslay 1"));
    assert_non_null(strstr(text, "\nOpenSSL "));
    assert_non_null(strstr(text, "\nbuild: "));
}

static void test_settings_mask_secrets(void **state)
{
    (void)state;
    struct run r;
    RUN(&r, "--sip-password=hunter2", "--sip-server=pbx.example.com:5070", "--ws-allow=fd00::/8", "--sip-header=X-A: 1",
        "--upload-max=1536K", "--check-config");
    assert_int_equal(r.action, OPTIONS_CHECK);
    const char *text = printed_settings(&r.o, 0);
    assert_null(strstr(text, "hunter2"));
    assert_non_null(strstr(text, "\nsip-password = ****\n"));
    assert_non_null(strstr(text, "\nsip-server = pbx.example.com:5070\n"));
    assert_non_null(strstr(text, "\nws-allow = fd00::/8\n"));
    assert_non_null(strstr(text, "\nsip-header = X-A: 1\n"));
    assert_non_null(strstr(text, "\nupload-max = 1536K\n"));
    assert_non_null(strstr(text, "\nws-listen = 8080\n"));
    assert_non_null(strstr(text, "\nws-max-message = 4M\n"));
    assert_non_null(strstr(text, "\n# log-file = stdout\n"));
    assert_non_null(strstr(text, "worst-case memory"));
    run_free(&r);
}

static void test_settings_read_back(void **state)
{
    (void)state;
    struct run r, again;
    char path[256];
    RUN(&r, "--ws-listen=[::1]:9000", "--sip-server=[::1]:5070", "--rtp-ports=40000-40999", "--no-record",
        "--ws-origin=null", "--ws-allow=10.0.0.0/8", "--lang=zh", "--record-sync=0", "--upload-quota=0",
        "--advertise=192.0.2.1", "--sip-display-name=A # b", "--dial-deny=#31#*", "--dial-allow=09*", "--dial-deny=0*",
        "--sip-allow=10.0.0.0/8");
    assert_int_equal(r.status, ST_OK);
    const char *first = printed_settings(&r.o, 0);
    assert_non_null(strstr(first, "\ndial-deny = #31#*\ndial-allow = 09*\ndial-deny = 0*\ncalls-per-minute = 30\n"));
    assert_non_null(strstr(first, "\nupload-quota = 0\n# upload-quota = no limit\n"));
    assert_null(strstr(first, "# record-quota = no limit"));
    RUN(&again, "--config", write_file("again.conf", first, path));
    assert_string_equal(again.error, "");
    const char *second = printed_settings(&again.o, 1);
    const char *own_path = strstr(second, "# config = ");
    assert_non_null(own_path);
    assert_string_equal(strchr(strstr(first, "# config = "), '\n'), strchr(own_path, '\n'));
    run_free(&r);
    run_free(&again);
}

static void test_memory_grows_with_limits(void **state)
{
    (void)state;
    struct run small, large;
    RUN(&small, "--max-calls=1", "--max-clients=1", "--sip-server=192.0.2.1");
    RUN(&large, "--max-calls=64", "--max-clients=64", "--sip-server=192.0.2.1");
    assert_true(options_worst_case_memory(&small.o) < options_worst_case_memory(&large.o));
    run_free(&small);
    run_free(&large);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_help_lists_due_flags_only), cmocka_unit_test(test_version_names_libraries),
        cmocka_unit_test(test_settings_mask_secrets),     cmocka_unit_test(test_settings_read_back),
        cmocka_unit_test(test_memory_grows_with_limits),
    };
    return cmocka_run_group_tests(tests, options_set_up, options_tear_down);
}
