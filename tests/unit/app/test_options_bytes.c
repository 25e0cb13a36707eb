/* SPDX-License-Identifier: MIT */
/* The options parser byte by byte (SPEC section 2): a configuration file at every truncation and with single bytes changed, and
 * each kind of value flush against an inaccessible page. Whatever is taken prints so that it reads back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "guard.h"
#include "options_table.h"
#include "support_options.h"

static const char file[] = "# x\nws-listen = [::1]:80\nws-allow=10.0.0.0/8\nno-record = yes\nlang\t= zh \n"
                           "sip-header = A: b\nrtp-ports = 4000-4600\nmax-message-no\n";

static char path[256];

static void load(struct run *r, const char *text, size_t len)
{
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(text, 1, len, f), len);
    assert_int_equal(fclose(f), 0);
    RUN(r, "--config", path);
}

static char *printed(const struct options *o)
{
    char *text = NULL;
    size_t len = 0;
    FILE *f = open_memstream(&text, &len);
    assert_non_null(f);
    options_print_settings(f, o);
    assert_int_equal(fclose(f), 0);
    return text;
}

/* Taken or refused with one line; what was taken reads back the same. */
static bool check(const char *text, size_t len)
{
    struct run r;
    struct run again;
    load(&r, text, len);
    assert_true(r.status == ST_OK || r.status == ST_BAD);
    bool taken = r.status == ST_OK;
    if (taken) {
        char *first = printed(&r.o);
        load(&again, first, strlen(first));
        if (again.status != ST_OK) {
            fail_msg("%s, from: %s", again.error, first);
        }
        char *second = printed(&again.o);
        assert_string_equal(first, second);
        free(first);
        free(second);
        run_free(&again);
    } else {
        assert_true(r.error[0] != '\0' && strchr(r.error, '\n') == NULL);
        assert_non_null(strstr(r.error, path));
    }
    run_free(&r);
    return taken;
}

static void test_every_truncation(void **state)
{
    size_t whole = (size_t)(strstr(file, "max-message-no") - file);
    (void)state;
    assert_true(check(file, whole));
    assert_false(check(file, sizeof(file) - 1));
    for (size_t len = 0; len < sizeof(file); len++) {
        bool taken = check(file, len);
        /* the line's end is no part of the line */
        assert_true(!taken || len <= whole);
        assert_true(taken || len > 4);
    }
}

static void test_single_byte_changes(void **state)
{
    static const char marks[] = "\0\n#= \xff";
    char text[sizeof(file)];
    size_t len = (size_t)(strstr(file, "max-message-no") - file);
    size_t taken = 0;
    (void)state;
    memcpy(text, file, sizeof(file));
    for (size_t at = 0; at < len; at++) {
        for (size_t k = 0; k < sizeof(marks) - 1; k++) {
            text[at] = marks[k];
            taken += check(text, len) ? 1 : 0;
        }
        text[at] = file[at];
    }
    assert_true(taken > 10 && taken < len * (sizeof(marks) - 1));
}

/* A good value of each kind, by the row's name. */
static const char *const values[][2] = {
    {"ws-listen", "[2001:db8::1]:8080"},
    {"ws-listen", "127.0.0.1:80"},
    {"ws-allow", "10.1.0.0/16"},
    {"ws-allow", "fd00::/8"},
    {"ws-origin", "https://a.b:1"},
    {"ws-origin", "app+x://*.a.b:1/"},
    {"no-record", "yes"},
    {"upload-max", "12M"},
    {"ring-seconds", "120"},
    {"max-clients", "64"},
    {"sip-server", "[::1]:5060"},
    {"sip-server", "a-b.c:5060"},
    {"sip-domain", "[2001:db8::1]"},
    {"sip-header", "X-A: b"},
    {"sip-display-name", "A \xe5\x89\x8d"},
    {"advertise", "192.0.2.1"},
    {"rtp-ports", "4000-4100"},
    {"lang", "zh"},
};

static int set(const struct option_row *row, const char *bytes, size_t len)
{
    struct options o;
    memset(&o, 0, sizeof(o));
    int status = option_set(&o, row, span_make(bytes, len));
    assert_true(status == ST_OK || status == ST_BAD);
    options_fini(&o);
    return status;
}

static void test_values_flush_against_a_page(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        const struct option_row *row = option_row_find(span_cstr(values[i][0]));
        const char *value = values[i][1];
        assert_non_null(row);
        for (size_t len = 0; len <= strlen(value); len++) {
            struct guard g = guard_copy(value, len);
            int status = set(row, g.ptr, len);
            assert_true(status == ST_OK || len < strlen(value));
            guard_free(&g);
        }
        struct guard g = guard_copy(value, strlen(value));
        for (size_t at = 0; at < g.len; at++) {
            for (int c = 0; c < 256; c++) {
                g.ptr[at] = (char)c;
                int status = set(row, g.ptr, g.len);
                assert_true(c != value[at] || status == ST_OK);
                assert_true((c >= ' ' && c != 0x7f) || status == ST_BAD); /* no control in any value */
            }
            g.ptr[at] = value[at];
        }
        guard_free(&g);
    }
}

static int set_up(void **state)
{
    int status = options_set_up(state);
    if (status == 0) {
        (void)write_file("bytes.conf", "", path);
    }
    return status;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_truncation),
        cmocka_unit_test(test_single_byte_changes),
        cmocka_unit_test(test_values_flush_against_a_page),
    };
    return cmocka_run_group_tests(tests, set_up, options_tear_down);
}
