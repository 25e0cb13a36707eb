/* SPDX-License-Identifier: MIT */
/* The WAV parser: every kind of header, every split, every truncation, every byte changed; FAULTS 26 and 27. */
#include "guard.h"
#include "support_audio.h"
#include "wavgen.h"

static uint8_t file[4096];
static const uint8_t audio[] = "0123456789abcdefghijklmnopqrstuvwxyz";
#define AUDIO_LEN 36u

/* Flush against the guard page, in two parts. */
static struct wav_parser parse_split(const void *data, size_t len, size_t split)
{
    struct wav_parser p;
    struct guard a = guard_copy(data, split);
    struct guard b = guard_copy((const char *)data + split, len - split);
    wav_parser_init(&p);
    (void)wav_parser_push(&p, a.ptr, split);
    (void)wav_parser_push(&p, b.ptr, len - split);
    guard_free(&a);
    guard_free(&b);
    return p;
}

static struct wav_parser parse(const void *data, size_t len)
{
    struct wav_parser p = parse_split(data, len, 0);
    (void)wav_parser_end(&p, len);
    return p;
}

static void assert_same(const struct wav_parser *a, const struct wav_parser *b)
{
    assert_int_equal(a->state, b->state);
    assert_true(a->why == b->why);
    assert_int_equal(a->have_format, b->have_format);
    assert_int_equal(a->have_data, b->have_data);
    assert_memory_equal(&a->format, &b->format, sizeof(a->format));
    assert_true(a->data_offset == b->data_offset && a->data_len == b->data_len);
    assert_true(a->offset == b->offset && a->skip == b->skip);
    assert_int_equal(a->held_len, b->held_len);
    assert_int_equal(a->phase, b->phase);
}

static const struct {
    const char *what;
    struct wavgen w;
    size_t offset;
    uint64_t declared; /* data_len before the file's end is known */
    uint64_t len;      /* and after */
} valid[] = {
    {"44-byte header", {.data = audio, .data_len = AUDIO_LEN}, 44, AUDIO_LEN, AUDIO_LEN},
    {"46-byte header", {.fmt_len = 18, .data = audio, .data_len = AUDIO_LEN}, 46, AUDIO_LEN, AUDIO_LEN},
    {"58-byte header", {.fmt_len = 18, .fact = true, .data = audio, .data_len = AUDIO_LEN}, 58, AUDIO_LEN, AUDIO_LEN},
    {"EXTENSIBLE", {.fmt_len = 40, .data = audio, .data_len = AUDIO_LEN}, 68, AUDIO_LEN, AUDIO_LEN},
    {"fmt of 50 bytes", {.fmt_len = 50, .data = audio, .data_len = AUDIO_LEN}, 78, AUDIO_LEN, AUDIO_LEN},
    {"fmt of 19 bytes, padded", {.fmt_len = 19, .data = audio, .data_len = AUDIO_LEN}, 48, AUDIO_LEN, AUDIO_LEN},
    {"LIST before", {.list_before = 26, .data = audio, .data_len = AUDIO_LEN}, 78, AUDIO_LEN, AUDIO_LEN},
    {"odd LIST before", {.list_before = 5, .data = audio, .data_len = AUDIO_LEN}, 58, AUDIO_LEN, AUDIO_LEN},
    {"LIST behind", {.list_after = 26, .data = audio, .data_len = AUDIO_LEN}, 44, AUDIO_LEN, AUDIO_LEN},
    {"odd data, LIST behind", {.list_after = 26, .data = audio, .data_len = 35}, 44, 35, 35},
    {"data first", {.data_first = true, .data = audio, .data_len = AUDIO_LEN}, 20, AUDIO_LEN, AUDIO_LEN},
    {"odd data first", {.data_first = true, .fact = true, .data = audio, .data_len = 35}, 20, 35, 35},
    {"data size 0", {.declare = true, .data = audio, .data_len = AUDIO_LEN}, 44, UINT64_MAX, AUDIO_LEN},
    {"data size 0xFFFFFFFF",
     {.declare = true, .declared_len = UINT32_MAX, .data = audio, .data_len = AUDIO_LEN},
     44,
     UINT64_MAX,
     AUDIO_LEN},
    {"data size past the end",
     {.declare = true, .declared_len = 999999, .data = audio, .data_len = AUDIO_LEN},
     44,
     999999,
     AUDIO_LEN},
    {"RIFF size 0", {.riff_wrong = true, .data = audio, .data_len = AUDIO_LEN}, 44, AUDIO_LEN, AUDIO_LEN},
    {"RIFF size too large",
     {.riff_wrong = true, .riff_len = UINT32_MAX, .data = audio, .data_len = AUDIO_LEN},
     44,
     AUDIO_LEN,
     AUDIO_LEN},
    {"PCM 16 with half a sample", {.tag = WAVGEN_PCM, .data = audio, .data_len = 35}, 44, 35, 34},
    {"one sample", {.data = audio, .data_len = 1}, 44, 1, 1},
};
#define VALID_COUNT (sizeof(valid) / sizeof(valid[0]))

static void test_valid_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < VALID_COUNT; i++) {
        size_t len = wavgen_build(file, sizeof(file), &valid[i].w);
        struct wav_parser p = parse_split(file, len, 0);
        if (p.state != WAV_READY || p.data_offset != valid[i].offset || p.data_len != valid[i].declared ||
            wav_parser_end(&p, len) != WAV_READY || p.data_len != valid[i].len) {
            fail_msg("%s: %s", valid[i].what, p.why != NULL ? p.why : "ready");
        }
        assert_memory_equal(file + p.data_offset, audio, (size_t)p.data_len);
        assert_int_equal(p.format.rate_hz, 8000);
        assert_int_equal(p.format.tag, valid[i].w.tag == WAVGEN_PCM ? 1 : 7);
        /* Whatever comes behind changes nothing, and the end may be told twice. */
        struct wav_parser before = p;
        assert_int_equal(wav_parser_push(&p, "RIFX", 4), WAV_READY);
        assert_int_equal(wav_parser_end(&p, len), WAV_READY);
        assert_same(&before, &p);
    }
}

/* The old server skipped 64 bytes, whatever stood there: the first samples were lost. */
static void test_fault_26_no_sample_lost_behind_any_header(void **state)
{
    (void)state;
    typedef size_t (*build_fn)(uint8_t *, size_t, const void *, size_t);
    static const build_fn builds[] = {wavgen_ulaw44, wavgen_ulaw46, wavgen_ulaw58};
    static const size_t headers[] = {44, 46, 58};
    for (size_t i = 0; i < 3; i++) {
        size_t len = builds[i](file, sizeof(file), audio, AUDIO_LEN);
        struct wav_parser p = parse(file, len);
        assert_int_equal(len, headers[i] + AUDIO_LEN);
        assert_int_equal(p.state, WAV_READY);
        assert_int_equal(p.data_offset, headers[i]);
        assert_int_equal(p.data_len, AUDIO_LEN);
    }
}

static void test_fault_27_list_behind_data_is_no_sound(void **state)
{
    (void)state;
    struct wavgen w = {.list_after = 100, .data = audio, .data_len = AUDIO_LEN};
    struct wav_parser p = parse(file, wavgen_build(file, sizeof(file), &w));
    assert_int_equal(p.state, WAV_READY);
    assert_int_equal(p.data_len, AUDIO_LEN);
}

static void test_fault_27_pcm_is_not_mu_law(void **state)
{
    (void)state;
    char text[128];
    enum audio_codec codec = AUDIO_ULAW;
    struct wav_parser p = parse(file, wavgen_pcm44(file, sizeof(file), audio, AUDIO_LEN));
    assert_int_equal(p.state, WAV_READY);
    assert_int_equal(wav_playable(&p.format, &codec, text, sizeof(text)), ST_OK);
    assert_int_equal(codec, AUDIO_L16);
    p = parse(file, wavgen_alaw44(file, sizeof(file), audio, AUDIO_LEN));
    assert_int_equal(wav_playable(&p.format, &codec, text, sizeof(text)), ST_OK);
    assert_int_equal(codec, AUDIO_ALAW);
    struct wavgen wide = {.tag = WAVGEN_PCM,
                          .channels = 2,
                          .rate_hz = 44100,
                          .bits = 24,
                          .fmt_len = 40,
                          .data = audio,
                          .data_len = AUDIO_LEN};
    p = parse(file, wavgen_build(file, sizeof(file), &wide));
    assert_int_equal(p.state, WAV_READY);
    assert_int_equal(p.format.block_align, 6);
    assert_int_equal(wav_playable(&p.format, &codec, text, sizeof(text)), ST_OK);
    assert_int_equal(codec, AUDIO_CODEC_COUNT); /* not as it lies */
}

static void test_fault_27_no_audio_is_bad(void **state)
{
    (void)state;
    struct wav_parser p = parse("", 0);
    assert_int_equal(p.state, WAV_BAD);
    p = parse("RIFF", 4);
    assert_int_equal(p.state, WAV_BAD);
    p = parse(file, wavgen_ulaw44(file, sizeof(file), NULL, 0));
    assert_int_equal(p.state, WAV_BAD);
    assert_string_equal(p.why, "no audio in it");
    p = parse(file, wavgen_pcm44(file, sizeof(file), audio, 1));
    assert_int_equal(p.state, WAV_BAD);
}

static void assert_bad(const char *what, size_t len, const char *why)
{
    struct wav_parser p = parse(file, len);
    if (p.state != WAV_BAD || p.why == NULL || strcmp(p.why, why) != 0) {
        fail_msg("%s: %s", what, p.why != NULL ? p.why : "ready");
    }
    /* Bad stays bad. */
    assert_int_equal(wav_parser_push(&p, "RIFF", 4), WAV_BAD);
    assert_int_equal(wav_parser_end(&p, 100), WAV_BAD);
}

static void test_bad_kinds_of_file(void **state)
{
    (void)state;
    static const char *const heads[][2] = {
        {"RIFX", "not a RIFF file (big-endian RIFX)"},
        {"RF64", "not a RIFF file (RF64)"},
        {"FORM", "not a RIFF file (AIFF)"},
        {"OggS", "not a RIFF file (Ogg)"},
        {"fLaC", "not a RIFF file (FLAC)"},
        {"ID3\3", "not a RIFF file (MP3)"},
        {"\xff\xfb\x90\x64", "not a RIFF file (MP3)"},
        {".snd", "not a RIFF file (Sun audio)"},
        {"riff", "not a RIFF file"},
    };
    for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
        size_t len = wavgen_ulaw44(file, sizeof(file), audio, AUDIO_LEN);
        memcpy(file, heads[i][0], 4);
        assert_bad(heads[i][0], len, heads[i][1]);
    }
    size_t len = wavgen_ulaw44(file, sizeof(file), audio, AUDIO_LEN);
    memcpy(file + 8, "AVI ", 4);
    assert_bad("AVI", len, "a RIFF file, but not WAVE");
    len = wavgen_ulaw44(file, sizeof(file), audio, AUDIO_LEN);
    memcpy(file + 12, "fmtx", 4);
    assert_bad("no fmt", len, "no fmt chunk");
    len = wavgen_ulaw44(file, sizeof(file), audio, AUDIO_LEN);
    memcpy(file + 36, "date", 4);
    assert_bad("no data", len, "no data chunk");
}

static void test_bad_fmt(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        size_t at;
        uint8_t value[4];
        size_t len;
        const char *why;
    } table[] = {
        {"fmt of 13 bytes", 16, {13, 0, 0, 0}, 4, "fmt chunk too short"},
        {"fmt of no bytes", 16, {0, 0, 0, 0}, 4, "fmt chunk too short"},
        {"no channel", 22, {0, 0}, 2, "impossible values in the fmt chunk"},
        {"no rate", 24, {0, 0, 0, 0}, 4, "impossible values in the fmt chunk"},
        {"no bits", 34, {0, 0}, 2, "impossible values in the fmt chunk"},
        {"a block over 65535 bytes", 34, {0xFF, 0xFF, 0xFF, 0xFF}, 2, "impossible values in the fmt chunk"},
        {"EXTENSIBLE in 16 bytes", 20, {0xFE, 0xFF}, 2, "unknown sub-format in an EXTENSIBLE fmt chunk"},
    };
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        struct wavgen w = {.tag = WAVGEN_PCM, .channels = i == 5 ? 9 : 1, .data = audio, .data_len = AUDIO_LEN};
        size_t len = wavgen_build(file, sizeof(file), &w);
        memcpy(file + table[i].at, table[i].value, table[i].len);
        assert_bad(table[i].what, len, table[i].why);
    }
    struct wavgen w = {.fmt_len = 40, .bad_guid = true, .data = audio, .data_len = AUDIO_LEN};
    assert_bad("a foreign GUID", wavgen_build(file, sizeof(file), &w), "unknown sub-format in an EXTENSIBLE fmt chunk");
}

static void test_data_first_needs_its_size(void **state)
{
    (void)state;
    struct wavgen w = {.data_first = true, .declare = true, .data = audio, .data_len = AUDIO_LEN};
    assert_bad("0", wavgen_build(file, sizeof(file), &w), "data without a size before the fmt chunk");
    w.declared_len = UINT32_MAX;
    assert_bad("-1", wavgen_build(file, sizeof(file), &w), "data without a size before the fmt chunk");
    w.declared_len = 999;
    assert_bad("past the end", wavgen_build(file, sizeof(file), &w), "no fmt chunk");
}

static void test_wrong_block_align_is_mended(void **state)
{
    (void)state;
    size_t len = wavgen_pcm44(file, sizeof(file), audio, AUDIO_LEN);
    file[32] = 0;
    struct wav_parser p = parse(file, len);
    assert_int_equal(p.state, WAV_READY);
    assert_int_equal(p.format.block_align, 2);
    /* Of a format that is not known here nothing can be said. */
    file[20] = 0x11;
    p = parse(file, len);
    assert_int_equal(p.state, WAV_READY);
    assert_int_equal(p.format.block_align, 0);
    assert_int_equal(p.data_len, AUDIO_LEN);
}

static void test_the_first_of_two_counts(void **state)
{
    (void)state;
    /* fmt, fmt with another rate, data; and data, data, fmt. */
    size_t len = wavgen_ulaw44(file, sizeof(file), audio, AUDIO_LEN);
    memmove(file + 36 + 24, file + 36, len - 36);
    memcpy(file + 36, file + 12, 24);
    file[36 + 12] = 1;
    struct wav_parser p = parse(file, len + 24);
    assert_int_equal(p.state, WAV_READY);
    assert_int_equal(p.format.rate_hz, 8000);
    assert_int_equal(p.data_offset, 68);

    struct wavgen w = {.data_first = true, .data = audio, .data_len = 4};
    len = wavgen_build(file, sizeof(file), &w);
    memmove(file + 24, file + 12, len - 12);
    p = parse(file, len + 12);
    assert_int_equal(p.state, WAV_READY);
    assert_int_equal(p.data_offset, 20);
}

static void test_every_two_way_split(void **state)
{
    (void)state;
    for (size_t i = 0; i < VALID_COUNT; i++) {
        size_t len = wavgen_build(file, sizeof(file), &valid[i].w);
        struct wav_parser whole = parse_split(file, len, 0);
        for (size_t split = 1; split <= len; split++) {
            struct wav_parser p = parse_split(file, len, split);
            assert_same(&whole, &p);
        }
    }
}

static struct wav_parser parse_byte_by_byte(const uint8_t *data, size_t len)
{
    struct wav_parser p;
    wav_parser_init(&p);
    for (size_t i = 0; i < len; i++) {
        (void)wav_parser_push(&p, data + i, 1);
    }
    return p;
}

static void test_every_truncation(void **state)
{
    (void)state;
    for (size_t i = 0; i < VALID_COUNT; i++) {
        size_t full = wavgen_build(file, sizeof(file), &valid[i].w);
        for (size_t len = 0; len <= full; len++) {
            struct wav_parser p = parse(file, len);
            if (p.state == WAV_READY) {
                assert_true(p.data_len > 0 && p.data_offset + p.data_len <= len);
            } else {
                assert_int_equal(p.state, WAV_BAD);
                assert_non_null(p.why);
            }
            assert_true(p.state == WAV_BAD || len > valid[i].offset);
        }
    }
}

static void test_every_byte_change(void **state)
{
    (void)state;
    struct wavgen w = {.fmt_len = 40, .list_before = 3, .fact = true, .data = audio, .data_len = 6};
    size_t len = wavgen_build(file, sizeof(file), &w);
    struct guard g = guard_copy(file, len);
    for (size_t at = 0; at < len; at++) {
        for (unsigned value = 0; value < 256; value++) {
            struct wav_parser p;
            g.ptr[at] = (char)value;
            wav_parser_init(&p);
            (void)wav_parser_push(&p, g.ptr, len);
            struct wav_parser slow = parse_byte_by_byte((const uint8_t *)g.ptr, len);
            assert_same(&p, &slow);
            (void)wav_parser_end(&p, len);
            assert_true(p.state == WAV_BAD || (p.state == WAV_READY && p.data_offset + p.data_len <= len));
        }
        g.ptr[at] = (char)file[at];
    }
    guard_free(&g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_valid_table),
        cmocka_unit_test(test_fault_26_no_sample_lost_behind_any_header),
        cmocka_unit_test(test_fault_27_list_behind_data_is_no_sound),
        cmocka_unit_test(test_fault_27_pcm_is_not_mu_law),
        cmocka_unit_test(test_fault_27_no_audio_is_bad),
        cmocka_unit_test(test_bad_kinds_of_file),
        cmocka_unit_test(test_bad_fmt),
        cmocka_unit_test(test_data_first_needs_its_size),
        cmocka_unit_test(test_wrong_block_align_is_mended),
        cmocka_unit_test(test_the_first_of_two_counts),
        cmocka_unit_test(test_every_two_way_split),
        cmocka_unit_test(test_every_truncation),
        cmocka_unit_test(test_every_byte_change),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
