/* SPDX-License-Identifier: MIT */
/* frame.c (RFC 6455 5.2). */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "frame.h"
#include "guard.h"
#include "wsframe.h"

static void expect_peek(const uint8_t *bytes, size_t len, uint64_t payload_len, bool masked)
{
    for (size_t have = 0; have <= len; have++) {
        struct guard g = guard_copy(bytes, have);
        struct frame_header header;
        enum frame_peek peek = ws_frame_peek(span_make(g.ptr, have), &header);
        assert_int_equal(peek, have < len ? FRAME_MORE : FRAME_OK);
        if (peek == FRAME_OK) {
            assert_true(header.header_len == len && header.payload_len == payload_len && header.masked == masked);
            assert_true(header.fin && header.opcode == WSFRAME_BINARY);
        }
        guard_free(&g);
    }
}

static void test_every_length_form(void **state)
{
    static const uint64_t lens[] = {0, 1, 125, 126, 127, 65535, 65536, 1ULL << 32, INT64_MAX};
    static const uint8_t mask[4] = {1, 2, 3, 4};
    uint8_t bytes[WSFRAME_HEADER_MAX];
    (void)state;
    for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
        size_t len = wsframe_header(bytes, WSFRAME_FIN | WSFRAME_BINARY, lens[i], mask);
        expect_peek(bytes, len, lens[i], true);
        uint8_t ours[FRAME_HEADER_MAX];
        len = wsframe_header(bytes, WSFRAME_FIN | WSFRAME_BINARY, lens[i], NULL);
        expect_peek(bytes, len, lens[i], false);
        assert_int_equal(ws_frame_len(lens[i]), len);
        assert_int_equal(ws_frame_write(ours, true, WSFRAME_BINARY, lens[i]), len);
        assert_memory_equal(ours, bytes, len);
    }
}

static void test_lengths_that_no_frame_may_have(void **state)
{
    static const uint8_t bad[][10] = {
        {0x82, 126, 0, 125},
        {0x82, 126, 0, 0},
        {0x82, 127, 0, 0, 0, 0, 0, 0, 0xff, 0xff},
        {0x82, 127, 0, 0, 0, 0, 0, 0, 0, 1},
        {0x82, 127, 0x80, 0, 0, 0, 0, 0, 0, 0},
        {0x82, 127, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff},
    };
    struct frame_header header;
    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        size_t len = bad[i][1] == 126 ? 4 : 10;
        assert_int_equal(ws_frame_peek(span_make(bad[i], len), &header), FRAME_BAD);
        assert_int_equal(ws_frame_peek(span_make(bad[i], len - 1), &header), FRAME_MORE);
    }
}

static void test_first_byte(void **state)
{
    uint8_t bytes[2] = {0, 0x80 | 5};
    uint8_t full[6] = {0};
    struct frame_header header;
    (void)state;
    for (unsigned int first = 0; first < 256; first++) {
        bytes[0] = full[0] = (uint8_t)first;
        full[1] = bytes[1];
        assert_int_equal(ws_frame_peek(span_make(full, sizeof(full)), &header), FRAME_OK);
        assert_int_equal(header.opcode, first % 16);
        assert_int_equal(header.fin, first >= 128);
        assert_int_equal(header.payload_len, 5);
        assert_int_equal(frame_is_control(header.opcode), first % 16 >= 8);
    }
}

/* Against RFC 6455 5.3 by the byte; nothing is touched behind the payload. */
static void test_unmask(void **state)
{
    static const uint8_t mask[4] = {0x37, 0xfa, 0x21, 0x3d};
    (void)state;
    for (size_t len = 0; len <= 40; len++) {
        uint8_t bytes[48] = {0};
        uint8_t plain[48] = {0};
        for (size_t i = 0; i < len; i++) {
            plain[i] = (uint8_t)(i * 37);
            bytes[i] = plain[i] ^ mask[i % 4];
        }
        struct guard g = guard_copy(bytes, len);
        ws_frame_unmask((uint8_t *)g.ptr, len, mask);
        assert_memory_equal(g.ptr, plain, len);
        guard_free(&g);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_length_form),
        cmocka_unit_test(test_lengths_that_no_frame_may_have),
        cmocka_unit_test(test_first_byte),
        cmocka_unit_test(test_unmask),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
