/* SPDX-License-Identifier: MIT */
/* The header of recordings: byte for byte once, then through the room's own reader. */
#include "guard.h"
#include "support_audio.h"

static void test_bytes(void **state)
{
    (void)state;
    static const uint8_t wanted[] =
        "RIFF\xF6\x01\x00\x00WAVE"
        "fmt \x12\x00\x00\x00\x07\x00\x02\x00\x40\x1F\x00\x00\x80\x3E\x00\x00\x02\x00\x08\x00\x00\x00"
        "fact\x04\x00\x00\x00\xE2\x00\x00\x00"
        "data\xC4\x01\x00\x00";
    struct guard g = guard_room(WAV_ULAW_HEADER_LEN);
    assert_int_equal(sizeof(wanted) - 1, WAV_ULAW_HEADER_LEN);
    wav_write_ulaw_header((uint8_t *)g.ptr, 2, 452);
    assert_memory_equal(g.ptr, wanted, WAV_ULAW_HEADER_LEN);
    guard_free(&g);
}

static uint32_t le32(const uint8_t *p)
{
    return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static void test_read_back(void **state)
{
    (void)state;
    static const uint32_t lens[] = {1, 2, 159, 160, 28800000, 0x7FFFFFFF, UINT32_MAX - 52};
    for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
        uint8_t header[WAV_ULAW_HEADER_LEN];
        struct wav_parser p;
        wav_write_ulaw_header(header, 1, lens[i]);
        wav_parser_init(&p);
        assert_int_equal(wav_parser_push(&p, header, sizeof(header)), WAV_READY);
        assert_int_equal(wav_parser_end(&p, sizeof(header) + (uint64_t)lens[i]), WAV_READY);
        assert_int_equal(p.format.tag, 7);
        assert_int_equal(p.format.channels, 1);
        assert_int_equal(p.format.rate_hz, 8000);
        assert_int_equal(p.data_offset, WAV_ULAW_HEADER_LEN);
        assert_int_equal(p.data_len, lens[i]);
        assert_int_equal(le32(header + 4), 50 + lens[i] + lens[i] % 2);
    }
}

static void test_limits(void **state)
{
    (void)state;
    uint8_t header[WAV_ULAW_HEADER_LEN];
    wav_write_ulaw_header(header, 1, UINT32_MAX);
    assert_true(le32(header + 4) > UINT32_MAX - 4);
    assert_int_equal(le32(header + 54), UINT32_MAX - 51);
    wav_write_ulaw_header(header, 0, 10);
    assert_int_equal(header[22], 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bytes),
        cmocka_unit_test(test_read_back),
        cmocka_unit_test(test_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
