/* SPDX-License-Identifier: MIT */
/* Macros that a program gave, defaults, environment, in that order of weakness. */
#include "settings.h"
#include "support_library.h"

static struct sip_client_program program(unsigned given, const char *server, int port)
{
    struct sip_client_program p = {sizeof(p), given, server, "10.0.0.1", "u", "p", "c", "e", port, 1, 2, 3};
    return p;
}

static struct settings get(void)
{
    struct settings s;
    const char *wrong = NULL;

    assert_int_equal(settings_get(&s, &wrong), ST_OK);
    return s;
}

static void test_order(void **state)
{
    struct sip_client_program given = program(1u, "given.example", 7);
    struct sip_client_program other = program(0u, "other.example", 9);

    (void)state;
    assert_string_equal(get().server, "192.168.1.170");
    assert_int_equal(get().local_ip_given, false);
    sip_client_set_program(&given);
    sip_client_set_program(&other); /* a file without -D takes nothing away */
    assert_string_equal(get().server, "given.example");
    assert_int_equal(get().port, 9);
    given.given = 3u;
    given.sip_server = "last.example";
    sip_client_set_program(&given);
    assert_string_equal(get().server, "last.example");
    assert_int_equal(get().port, 7);
    setenv("SIP_SERVER", "env.example", 1);
    setenv("SIP_PORT", "5070", 1);
    assert_string_equal(get().server, "env.example");
    assert_int_equal(get().port, 5070);
    unsetenv("SIP_SERVER");
    unsetenv("SIP_PORT");
    given.size = 4;
    sip_client_set_program(&given); /* of a header that is no header of ours */
    sip_client_set_program(NULL);
}

static void refuse(const char *name, const char *value)
{
    struct settings s;
    const char *wrong = "";

    setenv(name, value, 1);
    assert_int_equal(settings_get(&s, &wrong), ST_BAD);
    assert_string_equal(wrong, name);
    unsetenv(name);
}

static void test_wrong_values(void **state)
{
    char text[257];

    (void)state;
    memset(text, 'a', 256);
    text[256] = '\0';
    refuse("SIP_SERVER", text);
    refuse("SIP_PASSWORD", text);
    refuse("SIP_PORT", "");
    refuse("SIP_PORT", "5060x");
    refuse("LOCAL_PORT", "70000");
    refuse("LOCAL_RTP_PORT", "-1");
}

static void test_debug(void **state)
{
    struct sip_client_program debug = program(1024u, "x", 1);

    (void)state;
    assert_false(get().debug);
    setenv("SIP_DEBUG", "1", 1);
    assert_true(get().debug);
    sip_client_set_program(&debug);
    setenv("SIP_DEBUG", "0", 1);
    assert_false(get().debug);
    unsetenv("SIP_DEBUG");
    assert_true(get().debug);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_wrong_values),
        cmocka_unit_test(test_debug),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
