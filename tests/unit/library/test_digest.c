/* SPDX-License-Identifier: MIT */
/* md5 with the vectors of RFC 1321, the digest with the example of RFC 2617 (without qop: RFC 2069's errata), identifiers. */
#include "support_library.h"

static void test_md5(void **state)
{
    static const struct {
        const char *text, *hex;
    } table[] = {{"", "d41d8cd98f00b204e9800998ecf8427e"},
                 {"a", "0cc175b9c0f1b6a831c399e269772661"},
                 {"abc", "900150983cd24fb0d6963f7d28e17f72"},
                 {"message digest", "f96b697d7cb7938d525a2f31aaf161d0"},
                 {"12345678901234567890123456789012345678901234567890123456789012345678901234567890",
                  "57edf4a22be3c955ac49da2e2107b67a"}};
    char out[33];

    (void)state;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        md5(table[i].text, out);
        assert_string_equal(out, table[i].hex);
    }
    md5(NULL, out);
    assert_string_equal(out, table[0].hex);
    md5("x", NULL);
}

static void test_response(void **state)
{
    char out[33];

    (void)state;
    make_digest_response("Mufasa", "testrealm@host.com", "Circle Of Life", "GET", "/dir/index.html",
                         "dcd98b7102dd2f0e8b11d0f600bfb0c093", out);
    assert_string_equal(out, "670fd8c2df070c60b045671b8b24ff02");
    make_digest_response(NULL, NULL, NULL, NULL, NULL, NULL, out);
    assert_int_equal(strlen(out), 32);
}

static void test_long_arguments(void **state)
{
    char *text = malloc(100001);
    char out[33];

    (void)state;
    assert_non_null(text);
    memset(text, 'q', 100000);
    text[100000] = '\0';
    make_digest_response(text, text, text, text, text, text, out);
    assert_int_equal(strlen(out), 32);
    free(text);
}

static void check_token(void (*get)(char *, size_t), size_t len, size_t wanted)
{
    char first[128];
    char second[128];

    memset(first, '#', sizeof(first));
    get(first, len);
    get(second, len);
    assert_int_equal(strlen(first), wanted);
    assert_int_equal(first[wanted + 1], '#');
    if (wanted >= 8) {
        assert_string_not_equal(first, second);
    }
}

static void test_identifiers(void **state)
{
    char untouched = '#';

    (void)state;
    check_token(get_tag, 32, 31);
    check_token(get_tag, 100, 31);
    check_token(get_tag, 9, 8);
    check_token(get_tag, 1, 0);
    check_token(get_callid, 64, 63);
    check_token(get_callid, 100, 63);
    get_tag(&untouched, 0);
    get_callid(NULL, 5);
    assert_int_equal(untouched, '#');
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_md5),
        cmocka_unit_test(test_response),
        cmocka_unit_test(test_long_arguments),
        cmocka_unit_test(test_identifiers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
