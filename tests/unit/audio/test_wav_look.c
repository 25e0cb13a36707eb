/* SPDX-License-Identifier: MIT */
/* Whole files judged, as whoever stores, lists or plays them does:
 *   the files of tests/field/wav sound as they should; data to the end of the file, without the chunks there, wherever they begin;
 *   chunks of any number before the audio up to one bound; reads that fail or give little; what a file says falsely. */
#include "guard.h"
#include "support_audio.h"
#include "wavfield.h"
#include "wavgen.h"
#include "wavtone.h"

static uint8_t file[WAVFIELD_MAX + 200000];

struct source {
    const uint8_t *bytes;
    size_t len;
    size_t most; /* bytes a read gives */
    int fails_at;
    int reads;
};

static int read_source(void *ctx, uint64_t offset, void *data, size_t len)
{
    struct source *s = ctx;
    size_t n = offset < s->len ? s->len - (size_t)offset : 0;

    if (s->fails_at > 0 && s->reads + 1 == s->fails_at) {
        return ST_IO;
    }
    s->reads++;
    n = n < len ? n : len;
    n = n < s->most ? n : s->most;
    memcpy(data, s->bytes + offset, n);
    return (int)n;
}

static int look(const uint8_t *bytes, size_t len, struct wav_parser *p)
{
    struct source s = {.bytes = bytes, .len = len, .most = SIZE_MAX};
    int status = wav_look(read_source, &s, len, p);
    assert_true(s.reads <= 2 * WAV_LOOK_READS + 17);
    struct source slow = {.bytes = bytes, .len = len, .most = 1000};
    struct wav_parser q;
    assert_int_equal(wav_look(read_source, &slow, len, &q), status); /* whatever a read gives */
    assert_true(p->data_offset == q.data_offset && p->data_len == q.data_len && p->why == q.why);
    assert_int_equal(status == ST_OK, p->state == WAV_READY);
    assert_int_equal(status == ST_BAD, p->state == WAV_BAD);
    return status;
}

static size_t decode(const uint8_t *bytes, const struct wav_parser *p, int16_t *out)
{
    struct wav_converter *c;
    static uint8_t l16[4 * WAVFIELD_SAMPLES];
    assert_int_equal(wav_converter_new(&p->format, &c), ST_OK);
    assert_true(wav_converter_samples(&p->format, p->data_len) <= 2 * WAVFIELD_SAMPLES);
    size_t n = wav_converter_push(c, bytes + p->data_offset, (size_t)p->data_len, l16);
    n += wav_converter_flush(c, l16 + 2 * n);
    wav_converter_free(c);
    audio_l16_unpack(l16, n, out);
    return n;
}

static void test_files_from_the_field(void **state)
{
    (void)state;
    for (size_t i = 0; i < WAVFIELD_FILES; i++) {
        struct wav_parser p;
        enum audio_codec codec;
        int16_t samples[2 * WAVFIELD_SAMPLES];
        const char *name = wavfield_files[i].name;
        const size_t len = wavfield_load(name, file);
        const int status = look(file, len, &p);
        if (!wavfield_files[i].sounds) {
            assert_int_equal(status, ST_BAD);
            assert_string_equal(p.why, "no audio in it");
            continue;
        }
        if (status != ST_OK) {
            fail_msg("%s: %s", name, p.why);
        }
        assert_int_equal(wav_playable(&p.format, &codec, NULL, 0), ST_OK);
        assert_int_equal(wav_duration_ms(&p.format, p.data_len), 200);
        assert_int_equal(decode(file, &p, samples), WAVFIELD_SAMPLES);
        const struct tone_found found = tone_find(samples, WAVFIELD_SAMPLES, 8000, WAVFIELD_HZ);
        if (found.snr_db < 60) {
            fail_msg("%s: %.1f dB SNR", name, found.snr_db);
        }
    }
}

/* ---- data to the end of the file ---- */

static size_t put_chunk(size_t at, const char *name, uint32_t size, bool pad)
{
    struct wavgen_out o = {file, sizeof(file), at};
    wavgen_bytes(&o, name, 4);
    wavgen_le(&o, size, 4);
    for (uint32_t i = 0; i < size; i++) {
        wavgen_le(&o, 'A' + i % 26, 1);
    }
    if (pad) {
        wavgen_pad(&o, size);
    }
    return o.len;
}

/* Noise, in which names and sizes of any kind may turn up. */
static void fill(uint8_t *out, size_t len, uint32_t seed)
{
    for (size_t i = 0; i < len; i++) {
        seed = seed * 1664525u + 1013904223u;
        out[i] = (uint8_t)(seed >> 24);
    }
}

static size_t put_unknown(uint32_t declared, uint32_t len)
{
    static uint8_t audio[150000];
    assert_true(len <= sizeof(audio));
    fill(audio, len, len);
    const struct wavgen w = {
        .tag = WAVGEN_PCM, .declare = true, .declared_len = declared, .data = audio, .data_len = len};
    return wavgen_build(file, sizeof(file), &w);
}

static void expect_audio(size_t len, uint32_t audio)
{
    struct wav_parser p;
    const int status = look(file, len, &p);
    if (status != (audio > 0 ? ST_OK : ST_BAD)) {
        fail_msg("%zu bytes with %u of audio: %s", len, (unsigned)audio, p.why != NULL ? p.why : "no audio expected");
    }
    assert_int_equal(p.data_len, audio);
}

static void test_chunks_at_the_end_are_no_audio(void **state)
{
    (void)state;
    static const uint32_t declared[] = {0, UINT32_MAX, 0x7FFFFFFF, 999999};
    static const uint32_t lens[] = {2, 320, 4080, 4096, 65520, 65536, 150000};
    for (size_t d = 0; d < 4; d++) {
        for (size_t l = 0; l < 7; l++) {
            size_t len = put_unknown(declared[d], lens[l]);
            expect_audio(len, lens[l]);
            const size_t one = put_chunk(len, "LIST", 26, true);
            expect_audio(one, lens[l]);
            size_t three = put_chunk(one, "id3 ", 4101, true);
            three = put_chunk(three, "_PMX", 30, true);
            expect_audio(three, lens[l]);
            three = put_chunk(put_chunk(one, "id3 ", 4101, true), "bext", 602, true);
            expect_audio(three, lens[l]);
            three = put_chunk(put_chunk(one, "id3 ", 4101, false), "bext", 601, false); /* pad bytes forgotten */
            expect_audio(three, lens[l]);
            file[three - 1]++;
            expect_audio(three, lens[l]);
            expect_audio(three - 1, (uint32_t)(three - 45) & ~1u); /* cut off: what is there may be audio */
        }
    }
}

static void test_only_chunks(void **state)
{
    (void)state;
    static const uint32_t declared[] = {0, UINT32_MAX, 2000000};
    for (size_t d = 0; d < 3; d++) {
        const size_t len = put_unknown(declared[d], 0);
        expect_audio(len, 0);
        expect_audio(put_chunk(len, "LIST", 26, true), 0);
        expect_audio(put_chunk(len, "LIST", 27, false), 0);
        expect_audio(put_chunk(put_chunk(len, "LIST", 27, true), "id3 ", 150001, false),
                     0); /* longer than what is searched */
        expect_audio(put_chunk(put_chunk(len, "LIST", 27, false), "id3 ", 150000, true), 0);
    }
    /* half a sample before them */
    size_t len = put_unknown(0, 0);
    file[len++] = 0x55;
    expect_audio(put_chunk(len, "LIST", 26, true), 0);
}

/* A size that is right is believed, whatever comes behind. */
static void test_stated_size_counts(void **state)
{
    (void)state;
    size_t len = put_unknown(320, 320);
    expect_audio(len, 320);
    fill(file + len, 1000, 7);
    expect_audio(len + 1000, 320);
    expect_audio(put_chunk(len, "LIST", 26, true), 320);
}

/* ---- chunks before the audio ---- */

static size_t put_many(uint32_t chunks, uint32_t size)
{
    size_t len = put_unknown(320, 320);
    static uint8_t data[328];
    memcpy(data, file + 36, sizeof(data));
    len = 36;
    for (uint32_t i = 0; i < chunks; i++) {
        len = put_chunk(len, "JUNK", size, true);
    }
    memcpy(file + len, data, sizeof(data));
    return len + sizeof(data);
}

static void test_chunks_before_the_audio(void **state)
{
    (void)state;
    struct wav_parser p;
    expect_audio(put_many(12, 2048), 320);
    expect_audio(put_many(70, 2048), 320);
    expect_audio(put_many(WAV_LOOK_READS - 1, 2048), 320);
    expect_audio(put_many(10000, 2), 320); /* short ones come many in one read */
    assert_int_equal(look(file, put_many(WAV_LOOK_READS, 2048), &p), ST_BAD);
    assert_string_equal(p.why, "too many chunks before the audio");
}

/* Garbage instead of a pad byte, and names that begin as another one does. */
static void test_pad_bytes(void **state)
{
    (void)state;
    static const struct {
        const char *between; /* where the pad byte stands, and what follows it */
        size_t len;
    } rows[] = {{"\0data", 5},
                {"data", 4},
                {"\xFF"
                 "data",
                 5},
                {"Xdata", 5},
                {" data", 5}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        size_t len = put_unknown(320, 320);
        static uint8_t rest[324];
        memcpy(rest, file + 40, sizeof(rest));
        len = put_chunk(36, "LIST", 25, false);
        memcpy(file + len, rows[i].between, rows[i].len);
        memcpy(file + len + rows[i].len, rest, sizeof(rest));
        expect_audio(len + rows[i].len + sizeof(rest), 320);
    }
}

static void test_reads_that_fail(void **state)
{
    (void)state;
    struct wav_parser p;
    const size_t len = put_chunk(put_unknown(0, 9000), "LIST", 26, true);
    struct source s = {.bytes = file, .len = len, .most = SIZE_MAX, .fails_at = 1};
    assert_int_equal(wav_look(read_source, &s, len, &p), ST_IO);
    assert_string_equal(p.why, "the file cannot be read");
    for (int at = 2; at < 6; at++) { /* the search for its end: then all of it is audio */
        s = (struct source){.bytes = file, .len = len, .most = SIZE_MAX, .fails_at = at};
        assert_int_equal(wav_look(read_source, &s, len, &p), ST_OK);
        assert_true(p.data_len == 9000 || p.data_len == 9034);
    }
    s = (struct source){.bytes = file, .len = 20, .most = SIZE_MAX}; /* shorter than it was */
    assert_int_equal(wav_look(read_source, &s, len, &p), ST_BAD);
}

/* ---- containers ---- */

static const struct {
    uint16_t bits, said_align;
    uint32_t said_rate; /* bytes a second */
    uint16_t channels, align;
} containers[] = {
    {24, 4, 32000, 1, 4}, {16, 4, 32000, 1, 4}, {16, 3, 24000, 1, 3}, {8, 2, 16000, 1, 2},  {24, 8, 64000, 2, 8},
    {16, 4, 16000, 1, 2}, /* the byte rate speaks against it */
    {16, 4, 0, 1, 4},     /* the byte rate says nothing */
    {16, 0, 16000, 1, 2}, {16, 1, 16000, 1, 2}, {16, 5, 40000, 1, 2}, {24, 7, 56000, 2, 6}, {16, 65535, 0, 1, 2},
};

static void test_containers(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(containers) / sizeof(containers[0]); i++) {
        const struct wavgen w = {.tag = WAVGEN_PCM,
                                 .bits = containers[i].bits,
                                 .channels = containers[i].channels,
                                 .data = file + 1000,
                                 .data_len = 240};
        struct wav_parser p;
        const size_t len = wavgen_build(file, 400, &w);
        struct wavgen_out o = {file, sizeof(file), 28};
        wavgen_le(&o, containers[i].said_rate, 4);
        wavgen_le(&o, containers[i].said_align, 2);
        assert_int_equal(look(file, len, &p), ST_OK);
        if (p.format.block_align != containers[i].align) {
            fail_msg("row %zu: %u", i, (unsigned)p.format.block_align);
        }
        assert_int_equal(p.format.bits, containers[i].bits);
    }
}

/* A fmt chunk of 14 bytes says nothing of bits, some writers say 0. */
static void test_bits_not_said(void **state)
{
    (void)state;
    enum audio_codec codec;
    struct wav_parser p;
    static const uint16_t tags[] = {WAVGEN_ULAW, WAVGEN_ALAW, WAVGEN_PCM};
    static const enum audio_codec codecs[] = {AUDIO_ULAW, AUDIO_ALAW, AUDIO_L16};
    for (size_t i = 0; i < 3; i++) {
        const struct wavgen w = {.tag = tags[i], .data = file + 1000, .data_len = 240};
        size_t len = wavgen_build(file, 400, &w);
        memmove(file + 34, file + 36, len - 36);
        file[16] = 14;
        assert_int_equal(look(file, len - 2, &p), ST_OK);
        assert_int_equal(p.data_len, 240);
        assert_int_equal(wav_playable(&p.format, &codec, NULL, 0), ST_OK);
        assert_int_equal(codec, codecs[i]);
        len = wavgen_build(file, 400, &w);
        file[34] = 0;
        assert_int_equal(look(file, len, &p), tags[i] == WAVGEN_PCM ? ST_BAD : ST_OK);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_files_from_the_field),
        cmocka_unit_test(test_chunks_at_the_end_are_no_audio),
        cmocka_unit_test(test_only_chunks),
        cmocka_unit_test(test_stated_size_counts),
        cmocka_unit_test(test_chunks_before_the_audio),
        cmocka_unit_test(test_pad_bytes),
        cmocka_unit_test(test_reads_that_fail),
        cmocka_unit_test(test_containers),
        cmocka_unit_test(test_bits_not_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
