/* SPDX-License-Identifier: MIT */
/* G.711 against tables 1a and 2a of ITU-T G.711, read as they are printed: per segment the number of intervals and their
 * size, decision values summed up from them, a code found by search. Nothing here computes a segment. */
#include "support_audio.h"

#define LEVELS 128

struct intervals {
    unsigned count, size;
};

/* Table 1a: 12 bits of magnitude; table 2a: 13 bits. */
static const struct intervals alaw_table[] = {{32, 2}, {16, 4}, {16, 8}, {16, 16}, {16, 32}, {16, 64}, {16, 128}};
static const struct intervals ulaw_table[] = {{1, 1},   {15, 2},  {16, 4},   {16, 8},  {16, 16},
                                              {16, 32}, {16, 64}, {16, 128}, {16, 256}};

struct law {
    unsigned scale;             /* from the table's numbers to 16 bits */
    unsigned level[LEVELS + 1]; /* decision values x(n) */
    unsigned value[LEVELS];     /* quantized values y(n) */
};

static struct law law_build(const struct intervals *table, size_t len, unsigned scale)
{
    struct law law = {.scale = scale};
    size_t n = 0;
    for (size_t i = 0; i < len; i++) {
        for (unsigned k = 0; k < table[i].count; k++, n++) {
            law.level[n + 1] = law.level[n] + table[i].size;
        }
    }
    assert_int_equal(n, LEVELS);
    for (n = 0; n < LEVELS; n++) {
        law.value[n] = (law.level[n] + law.level[n + 1]) * scale / 2;
    }
    return law;
}

static struct law alaw_law(void)
{
    struct law law = law_build(alaw_table, sizeof(alaw_table) / sizeof(alaw_table[0]), 8);
    assert_int_equal(law.level[LEVELS], 4096);
    return law;
}

static struct law ulaw_law(void)
{
    struct law law = law_build(ulaw_table, sizeof(ulaw_table) / sizeof(ulaw_table[0]), 4);
    assert_int_equal(law.level[LEVELS], 8159);
    law.value[0] = 0; /* table 2a, note: the first value is zero itself */
    return law;
}

/* The interval that holds the magnitude; one exactly on a decision value belongs to the upper interval, or to the lower one
 * where `down`. Beyond the virtual decision value: the last one. */
static unsigned interval_of(const struct law *law, unsigned magnitude, bool down)
{
    unsigned n = 0;
    while (n < LEVELS - 1 &&
           (down ? magnitude > law->level[n + 1] * law->scale : magnitude >= law->level[n + 1] * law->scale)) {
        n++;
    }
    return n;
}

static unsigned magnitude_of(int sample)
{
    return (unsigned)(sample < 0 ? -sample : sample);
}

static void test_ulaw_all_65536_inputs(void **state)
{
    (void)state;
    struct law law = ulaw_law();
    for (int s = INT16_MIN; s <= INT16_MAX; s++) {
        unsigned n = interval_of(&law, magnitude_of(s), false);
        /* Table 2: the positive characters count down from 11111111, the negative ones from 01111111. */
        uint8_t wanted = (uint8_t)((s < 0 ? 127u : 255u) - n);
        if (linear_to_ulaw((int16_t)s) != wanted) {
            fail_msg("%d: %02X, not %02X", s, linear_to_ulaw((int16_t)s), wanted);
        }
    }
}

static void test_alaw_all_65536_inputs(void **state)
{
    (void)state;
    struct law law = alaw_law();
    for (int s = INT16_MIN; s <= INT16_MAX; s++) {
        unsigned n = interval_of(&law, magnitude_of(s), s < 0);
        /* Table 1: characters count up from 10000000 and 00000000; even bits are inverted on the line. */
        uint8_t wanted = (uint8_t)(((s < 0 ? 0u : 128u) + n) ^ 0x55u);
        if (linear_to_alaw((int16_t)s) != wanted) {
            fail_msg("%d: %02X, not %02X", s, linear_to_alaw((int16_t)s), wanted);
        }
    }
}

static void test_decoding_all_codes(void **state)
{
    (void)state;
    struct law a = alaw_law();
    struct law u = ulaw_law();
    for (unsigned n = 0; n < LEVELS; n++) {
        assert_int_equal(ulaw_to_linear((uint8_t)(255 - n)), u.value[n]);
        assert_int_equal(ulaw_to_linear((uint8_t)(127 - n)), -(int)u.value[n]);
        assert_int_equal(alaw_to_linear((uint8_t)((128 + n) ^ 0x55)), a.value[n]);
        assert_int_equal(alaw_to_linear((uint8_t)(n ^ 0x55)), -(int)a.value[n]);
    }
}

static void test_known_values(void **state)
{
    (void)state;
    assert_int_equal(ulaw_to_linear(0x00), -32124);
    assert_int_equal(ulaw_to_linear(0x80), 32124);
    assert_int_equal(alaw_to_linear(0x2A), -32256);
    assert_int_equal(alaw_to_linear(0xAA), 32256);
    assert_int_equal(linear_to_ulaw(0), ULAW_SILENCE);
    assert_int_equal(linear_to_alaw(0), ALAW_SILENCE);
    assert_int_equal(ulaw_to_linear(ULAW_SILENCE), 0);
    assert_int_equal(alaw_to_linear(ALAW_SILENCE), 8);
}

static void test_codes_survive(void **state)
{
    (void)state;
    for (unsigned code = 0; code < 256; code++) {
        assert_int_equal(linear_to_alaw(alaw_to_linear((uint8_t)code)), code);
        /* Mu-law has two zeros, and one linear value for both. */
        assert_int_equal(linear_to_ulaw(ulaw_to_linear((uint8_t)code)), code == 0x7F ? 0xFF : code);
    }
}

static void test_law_to_law(void **state)
{
    (void)state;
    struct law a = alaw_law();
    struct law u = ulaw_law();
    for (unsigned n = 0; n < LEVELS; n++) {
        unsigned to_a = interval_of(&a, u.value[n], false);
        unsigned to_u = interval_of(&u, a.value[n], false);
        assert_int_equal(linear_to_alaw(ulaw_to_linear((uint8_t)(255 - n))), (128 + to_a) ^ 0x55);
        assert_int_equal(linear_to_ulaw(alaw_to_linear((uint8_t)((128 + n) ^ 0x55))), 255 - to_u);
        assert_int_equal(linear_to_ulaw(alaw_to_linear((uint8_t)(n ^ 0x55))), 127 - to_u);
        to_a = interval_of(&a, u.value[n], true);
        if (n != 0) {
            assert_int_equal(linear_to_alaw(ulaw_to_linear((uint8_t)(127 - n))), to_a ^ 0x55);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ulaw_all_65536_inputs), cmocka_unit_test(test_alaw_all_65536_inputs),
        cmocka_unit_test(test_decoding_all_codes),    cmocka_unit_test(test_known_values),
        cmocka_unit_test(test_codes_survive),         cmocka_unit_test(test_law_to_law),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
