/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "guard.h"
#include "wsaudio/base/digest.h"

/* ---- hashes: RFC 1321 A.5, RFC 3174 7.3, FIPS 180-4 examples ---- */

struct known {
    enum digest_alg alg;
    const char *text, *hex;
};

static const struct known known[] = {
    {DIGEST_MD5, "", "d41d8cd98f00b204e9800998ecf8427e"},
    {DIGEST_MD5, "a", "0cc175b9c0f1b6a831c399e269772661"},
    {DIGEST_MD5, "abc", "900150983cd24fb0d6963f7d28e17f72"},
    {DIGEST_MD5, "message digest", "f96b697d7cb7938d525a2f31aaf161d0"},
    {DIGEST_MD5, "abcdefghijklmnopqrstuvwxyz", "c3fcd3d76192e4007dfb496cca67e13b"},
    {DIGEST_MD5, "12345678901234567890123456789012345678901234567890123456789012345678901234567890",
     "57edf4a22be3c955ac49da2e2107b67a"},
    {DIGEST_SHA1, "", "da39a3ee5e6b4b0d3255bfef95601890afd80709"},
    {DIGEST_SHA1, "abc", "a9993e364706816aba3e25717850c26c9cd0d89d"},
    {DIGEST_SHA1, "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
     "84983e441c3bd26ebaae4aa1f95129e5e54670f1"},
    {DIGEST_SHA256, "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
    {DIGEST_SHA256, "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
    {DIGEST_SHA256, "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
     "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
    {DIGEST_SHA512_256, "", "c672b8d1ef56ed28ab87c3622c5114069bdd3ad7b8f9737498d0c01ecef0967a"},
    {DIGEST_SHA512_256, "abc", "53048e2681941ef99b2e29b76b4c7dabe4c2d0c634fc6d46e0e2f13107e7af23"},
};

static void test_known_answers(void **state)
{
    char hex[DIGEST_HEX_MAX];

    (void)state;
    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
            struct span part = span_cstr(known[i].text);
            assert_int_equal(digest_hex(known[i].alg, &part, 1, hex), ST_OK);
            assert_string_equal(hex, known[i].hex);
            assert_int_equal(strlen(hex), 2 * digest_len(known[i].alg));
        }
        digest_fini(); /* and again with algorithms fetched anew */
    }
}

static void test_parts_are_joined(void **state)
{
    uint8_t whole[DIGEST_MAX_LEN], split[DIGEST_MAX_LEN];
    struct span text = SPAN_LIT("the quick brown fox");

    (void)state;
    for (int alg = 0; alg < DIGEST_ALG_COUNT; alg++) {
        assert_int_equal(digest_parts((enum digest_alg)alg, &text, 1, whole), ST_OK);
        for (size_t at = 0; at <= text.len; at++) {
            struct span parts[3] = {span_head(text, at), SPAN_NONE, span_from(text, at)};
            assert_int_equal(digest_parts((enum digest_alg)alg, parts, 3, split), ST_OK);
            assert_memory_equal(split, whole, digest_len((enum digest_alg)alg));
        }
        struct span none = SPAN_NONE;
        assert_int_equal(digest_parts((enum digest_alg)alg, NULL, 0, split), ST_OK);
        assert_int_equal(digest_parts((enum digest_alg)alg, &none, 1, whole), ST_OK);
        assert_memory_equal(split, whole, digest_len((enum digest_alg)alg));
    }
    digest_fini();
}

/* ---- base64: RFC 4648 section 10 and beyond ---- */

static const char *const vectors[][2] = {
    {"", ""},
    {"f", "Zg=="},
    {"fo", "Zm8="},
    {"foo", "Zm9v"},
    {"foob", "Zm9vYg=="},
    {"fooba", "Zm9vYmE="},
    {"foobar", "Zm9vYmFy"},
    {"\xFB\xEF\xFF", "++//"},
};

static void test_encode(void **state)
{
    char out[32];

    (void)state;
    for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
        size_t len = strlen(vectors[i][0]);
        size_t cap = strlen(vectors[i][1]) + 1;
        assert_int_equal(base64_encoded_len(len), cap - 1);
        struct guard room = guard_room(cap);
        assert_int_equal(base64_encode(vectors[i][0], len, room.ptr, cap), ST_OK);
        assert_string_equal(room.ptr, vectors[i][1]);
        guard_free(&room);
        assert_int_equal(base64_encode(vectors[i][0], len, out, cap - 1), ST_TOO_LARGE);
    }
}

/* Decodes text cut into pieces of `step`; the bytes, or ST_BAD. */
static int decode(const char *text, size_t len, size_t step, uint8_t *out)
{
    struct base64_stream s = {0};
    int total = 0;

    for (size_t at = 0; at < len;) {
        size_t n = len - at < step ? len - at : step;
        struct guard in = guard_copy(text + at, n);
        struct guard room = guard_room((n + 3) / 4 * 3); /* what the contract asks for, not a byte more */
        int got = base64_stream_push(&s, span_make(in.ptr, n), (uint8_t *)room.ptr);
        if (got > 0) {
            memcpy(out + total, room.ptr, (size_t)got);
        }
        guard_free(&in);
        guard_free(&room);
        if (got < 0) {
            assert_int_equal(got, ST_BAD);
            uint8_t more[3];
            assert_int_equal(base64_stream_push(&s, SPAN_LIT("AAAA"), more), ST_BAD); /* sticky */
            assert_int_equal(base64_stream_end(&s), ST_BAD);
            return ST_BAD;
        }
        total += got;
        at += n;
    }
    return base64_stream_end(&s) == ST_OK ? total : ST_BAD;
}

static void test_decode_in_every_split(void **state)
{
    uint8_t out[64];

    (void)state;
    for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
        size_t len = strlen(vectors[i][1]);
        for (size_t step = 1; step <= len + 1; step++) {
            int n = decode(vectors[i][1], len, step, out);
            assert_int_equal(n, strlen(vectors[i][0]));
            assert_memory_equal(out, vectors[i][0], (size_t)n);
        }
    }
}

/* fault 37 */
static void test_refused_in_every_split(void **state)
{
    static const char *const bad[] = {
        "A",
        "AA",
        "AAA",
        "AAAAA",
        "Zg=",
        "Zg",
        "=",
        "====",
        "A===",
        "=AAA",
        "A=AA",
        "AA=A",
        "AA==BBBB",
        "AAA=BBBB",
        "AA==AA==",
        "AAAA====",
        "AAAA=",
        "Zg==\n",
        " Zg==",
        "Zm 9",
        "Zm9v\r\n",
        "Zm\n9v",
        "@@@@!!!!",
        "Zm9-",
        "Zm9_",
        "Zh==",
        "Zm9=",
        "AAB=",
        "\x80\x80\x80\x80",
        "\xFF\xFF\xFF\xFF",
        "AAA\xC1",
        "Zm9v,",
        "AAA*",
        "AA.=",
    };
    uint8_t out[64];

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        size_t len = strlen(bad[i]);
        for (size_t step = 1; step <= len; step++) {
            if (decode(bad[i], len, step, out) != ST_BAD) {
                fail_msg("taken: %s in pieces of %zu", bad[i], step);
            }
        }
    }
    char nul[4] = {'A', 'A', 'A', '\0'};
    assert_int_equal(decode(nul, 4, 4, out), ST_BAD);
}

/* Every character at every place of a group: taken exactly when RFC 4648 says so. */
static void test_every_character_at_every_place(void **state)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    uint8_t out[8];

    (void)state;
    for (size_t place = 0; place < 4; place++) {
        for (int c = 0; c < 256; c++) {
            char text[5] = "AAAA";
            text[place] = (char)c;
            const char *hit = c != 0 ? strchr(alphabet, c) : NULL;
            bool ok = hit != NULL || (c == '=' && place == 3);
            int n = decode(text, 4, 4, out);
            assert_int_equal(n, !ok ? ST_BAD : c == '=' ? 2 : 3);
            if (hit != NULL) {
                uint32_t value = (uint32_t)(hit - alphabet) << (18 - 6 * place);
                assert_int_equal(out[0] << 16 | out[1] << 8 | out[2], value);
            }
        }
    }
}

static void test_long_round_trip(void **state)
{
    enum { LEN = 3000 };
    static uint8_t data[LEN], back[LEN + 8];
    static char text[LEN * 2];

    (void)state;
    for (size_t i = 0; i < LEN; i++) {
        data[i] = (uint8_t)(i * 131 + i / 7);
    }
    for (size_t len = LEN - 3; len <= LEN; len++) {
        assert_int_equal(base64_encode(data, len, text, sizeof(text)), ST_OK);
        static const size_t steps[] = {1, 2, 3, 5, 7, 64, 4095, 100000};
        for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
            assert_int_equal(decode(text, strlen(text), steps[i], back), len);
            assert_memory_equal(back, data, len);
        }
    }
}

static void test_equal_in_constant_time(void **state)
{
    (void)state;
    assert_true(bytes_equal_ct(SPAN_NONE, SPAN_LIT("")));
    assert_true(bytes_equal_ct(SPAN_LIT("token"), SPAN_LIT("token")));
    assert_false(bytes_equal_ct(SPAN_LIT("token"), SPAN_LIT("tokem")));
    assert_false(bytes_equal_ct(SPAN_LIT("token"), SPAN_LIT("uoken")));
    assert_false(bytes_equal_ct(SPAN_LIT("token"), SPAN_LIT("toke")));
    assert_false(bytes_equal_ct(SPAN_LIT("token"), SPAN_NONE));
}

static void test_wiped(void **state)
{
    char secret[] = "secret!";

    (void)state;
    secret_wipe(secret, 6);
    assert_memory_equal(secret, "\0\0\0\0\0\0!", 8); /* these bytes and no other */
    secret_wipe(NULL, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_answers),
        cmocka_unit_test(test_parts_are_joined),
        cmocka_unit_test(test_encode),
        cmocka_unit_test(test_decode_in_every_split),
        cmocka_unit_test(test_refused_in_every_split),
        cmocka_unit_test(test_every_character_at_every_place),
        cmocka_unit_test(test_long_round_trip),
        cmocka_unit_test(test_equal_in_constant_time),
        cmocka_unit_test(test_wiped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
