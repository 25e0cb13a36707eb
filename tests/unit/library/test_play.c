/* SPDX-License-Identifier: MIT */
/* Files as they are played: bit for bit where they can be, converted where not, every kind of bad one refused. */
#include <sys/stat.h>

#include "play.h"
#include "support_library.h"
#include "wavfield.h"
#include "wavtone.h"

static char folder[] = "/tmp/test-play-XXXXXX";
static char path[sizeof(folder) + 8];

static void put16(uint8_t *at, unsigned value)
{
    at[0] = (uint8_t)value;
    at[1] = (uint8_t)(value >> 8);
}

static void put32(uint8_t *at, unsigned value)
{
    put16(at, value & 0xffff);
    put16(at + 2, value >> 16);
}

/* A WAV with the header of 44 bytes; says data_len, has len. */
static void write_wav(unsigned tag, unsigned channels, unsigned rate, unsigned bits, const void *data, size_t len,
                      unsigned data_len)
{
    uint8_t header[44] = "RIFF....WAVEfmt ";
    FILE *file = fopen(path, "wb");

    put32(header + 4, 36 + data_len);
    put32(header + 16, 16);
    put16(header + 20, tag);
    put16(header + 22, channels);
    put32(header + 24, rate);
    put32(header + 28, rate * channels * bits / 8);
    put16(header + 32, channels * bits / 8);
    put16(header + 34, bits);
    memcpy(header + 36, "data", 4);
    put32(header + 40, data_len);
    assert_non_null(file);
    assert_int_equal(fwrite(header, 1, sizeof(header), file), sizeof(header));
    assert_int_equal(fwrite(data, 1, len, file), len);
    fclose(file);
}

/* All frames of the file; how many of its samples. */
static size_t play_all(enum audio_codec to, uint8_t *out, size_t cap)
{
    struct play p;
    char why[PLAY_WHY_MAX];
    size_t samples = 0;
    size_t at = 0;

    if (play_open(&p, path, why) != ST_OK) {
        print_error("%s\n", why);
        fail();
    }
    while (!play_at_end(&p)) {
        assert_true(at + 160 <= cap);
        samples += play_take(&p, to, out + at, 160);
        at += 160;
    }
    assert_int_equal(play_take(&p, to, out, 160), 0);
    play_close(&p);
    assert_true(play_at_end(&p));
    return samples;
}

static void test_bit_for_bit(void **state)
{
    uint8_t data[500];
    uint8_t out[4000];

    (void)state;
    for (size_t i = 0; i < sizeof(data); i++) {
        data[i] = (uint8_t)(i * 7);
    }
    write_wav(7, 1, 8000, 8, data, sizeof(data), sizeof(data));
    assert_int_equal(play_all(AUDIO_ULAW, out, sizeof(out)), 500);
    assert_memory_equal(out, data, 500);
    assert_int_equal(out[639], ULAW_SILENCE);
    write_wav(6, 1, 8000, 8, data, sizeof(data), sizeof(data));
    assert_int_equal(play_all(AUDIO_ALAW, out, sizeof(out)), 500);
    assert_memory_equal(out, data, 500);
    write_wav(7, 1, 8000, 8, data, sizeof(data), 0xffffffffU); /* to the end */
    assert_int_equal(play_all(AUDIO_ULAW, out, sizeof(out)), 500);
}

/* One second of silence in every kind is 8000 samples of silence. */
static void test_converted(void **state)
{
    static const struct {
        unsigned tag, channels, rate, bits;
    } table[] = {{1, 1, 8000, 16},  {1, 2, 8000, 16},  {1, 1, 8000, 8},  {1, 2, 44100, 24},
                 {1, 1, 48000, 32}, {3, 2, 48000, 32}, {7, 2, 16000, 8}, {6, 1, 16000, 8}};
    static uint8_t data[48000 * 8];
    static uint8_t out[8000 + 320];

    (void)state;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        size_t len = (size_t)table[i].rate * table[i].channels * table[i].bits / 8;
        int zero = table[i].tag == 7 ? ULAW_SILENCE : table[i].tag == 6 ? ALAW_SILENCE : table[i].bits == 8 ? 0x80 : 0;
        memset(data, zero, sizeof(data));
        write_wav(table[i].tag, table[i].channels, table[i].rate, table[i].bits, data, len, (unsigned)len);
        assert_int_equal(play_all(AUDIO_ULAW, out, sizeof(out)), 8000);
        for (size_t s = 0; s < 8000; s++) {
            assert_true(abs(ulaw_to_linear(out[s])) <= 16);
        }
    }
}

static void refuse(const char *name, int wanted)
{
    struct play p;
    char why[PLAY_WHY_MAX] = "";

    assert_int_equal(play_open(&p, name, why), wanted);
    assert_string_not_equal(why, "");
    assert_true(play_at_end(&p));
    play_close(&p);
}

/* The same files as elsewhere sound the same here. */
static void test_files_from_the_field(void **state)
{
    (void)state;
    for (size_t i = 0; i < WAVFIELD_FILES; i++) {
        struct play p;
        char why[PLAY_WHY_MAX] = "";
        char file[512];
        uint8_t ulaw[WAVFIELD_SAMPLES + 320];
        int16_t samples[WAVFIELD_SAMPLES + 320];
        size_t n = 0;
        wavfield_path(wavfield_files[i].name, file, sizeof(file));
        const int status = play_open(&p, file, why);
        if (status != (wavfield_files[i].sounds ? ST_OK : ST_BAD)) {
            fail_msg("%s: %d %s", file, status, why);
        }
        while (status == ST_OK && !play_at_end(&p)) {
            assert_true(n <= WAVFIELD_SAMPLES);
            n += play_take(&p, AUDIO_ULAW, ulaw + n, 160);
        }
        play_close(&p);
        for (size_t k = 0; k < n; k++) {
            samples[k] = ulaw_to_linear(ulaw[k]);
        }
        assert_int_equal(n, wavfield_files[i].sounds ? WAVFIELD_SAMPLES : 0);
        if (n > 0 && tone_find(samples, n, 8000, WAVFIELD_HZ).snr_db < 35) {
            fail_msg("%s: noise", file);
        }
    }
}

static void test_refused(void **state)
{
    uint8_t data[64] = {0};

    (void)state;
    refuse(NULL, ST_NOT_FOUND);
    refuse("/no/such/file.wav", ST_NOT_FOUND);
    refuse("/tmp", ST_DENIED);
    write_wav(7, 1, 8000, 8, data, 0, 0);
    refuse(path, ST_BAD);
    write_wav(1, 1, 8000, 20, data, 60, 60);
    refuse(path, ST_UNSUPPORTED);
    assert_int_equal(remove(path), 0);
    assert_int_equal(mkfifo(path, 0600), 0); /* does not hold us up */
    refuse(path, ST_DENIED);
}

static int setup(void **state)
{
    (void)state;
    if (mkdtemp(folder) == NULL) {
        return -1;
    }
    snprintf(path, sizeof(path), "%s/a.wav", folder);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    (void)remove(path);
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bit_for_bit),
        cmocka_unit_test(test_converted),
        cmocka_unit_test(test_files_from_the_field),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
