/* SPDX-License-Identifier: MIT */
/* What is no WAV file is named, by its first bytes alone: as little as there is of them, and flush against the guard page. */
#include <stdio.h>
#include <string.h>

#include "guard.h"
#include "support_audio.h"
#include "wav_chunk.h"

#define ROW(bytes, name)                                                                                               \
    {                                                                                                                  \
        bytes, sizeof(bytes) - 1, name                                                                                 \
    }

static const struct {
    const char *bytes;
    size_t len;
    const char *name; /* in brackets; NULL: only that it is none */
} rows[] = {
    ROW("RIFX\0\0\0\0WAVE", "big-endian RIFX"),
    ROW("RF64\xFF\xFF\xFF\xFFWAVE", "RF64"),
    ROW("BW64\xFF\xFF\xFF\xFFWAVE", "BW64"),
    ROW("riff\x2E\x91\xCF\x11\xA5\xD6\x28\xDB", "Sony Wave64"),
    ROW("\x1A\x45\xDF\xA3\x9F\x42\x86\x81\x01\x42\xF7\x81", "WebM or Matroska"),
    ROW("\0\0\0\x1C"
        "ftypM4A ",
        "M4A"),
    ROW("\0\0\0\x20"
        "ftypisom",
        "MP4"),
    ROW("\0\0\0\x14"
        "ftyp3gp4",
        "3GP"),
    ROW("\0\0\0\x14"
        "ftypqt  ",
        "QuickTime"),
    ROW("caff\0\1\0\0desc", "CAF"),
    ROW("ID3\4\0\0\0\0\0\0\0\0", "MP3"),
    ROW("\xFF\xFB\x90\x64", "MP3"), /* MPEG 1, layer III, with and without CRC */
    ROW("\xFF\xFA\x90\x64", "MP3"),
    ROW("\xFF\xF3\x48\xC4", "MP3"), /* MPEG 2 */
    ROW("\xFF\xF2\x48\xC4", "MP3"),
    ROW("\xFF\xE3\x48\xC4", "MP3"), /* MPEG 2.5 */
    ROW("\xFF\xE2\x48\xC4", "MP3"),
    ROW("\xFF\xFD\x80\x04", "MP3"), /* layers II and I */
    ROW("\xFF\xF5\x80\x04", "MP3"),
    ROW("\xFF\xFF\x80\x04", "MP3"),
    ROW("\xFF\xF1\x50\x80", "AAC"),
    ROW("\xFF\xF9\x50\x80", "AAC"),
    ROW("\xFF\xF0\x50\x80", "AAC"),
    ROW("\x56\xE0\x57\x20", "AAC"),
    ROW("ADIF\0\0\0\0", "AAC"),
    ROW("#!AMR\n\x3C\x48", "AMR"),
    ROW("#!AMR-WB\n", "AMR"),
    ROW("#!SILK_V3", "SILK"),
    ROW("\x02#!SILK_V3", "SILK"),
    ROW("OggS\0\2\0\0", "Ogg"),
    ROW("fLaC\0\0\0\x22", "FLAC"),
    ROW("FORM\0\0\1\0AIFF", "AIFF"),
    ROW("FORM\0\0\1\0AIFC", "AIFF"),
    ROW(".snd\0\0\0\x18", "Sun audio"),
    ROW("dns.\x18\0\0\0", "Sun audio"),
    ROW("\x30\x26\xB2\x75\x8E\x66\xCF\x11\xA6\xD9", "WMA"),
    ROW("{\"audio\":\"", "JSON"),
    ROW("  \r\n[1,2]", "JSON"),
    ROW("\xEF\xBB\xBF{\"a\":1}", "JSON"),
    ROW("<!DOCTYPE html", "HTML or XML"),
    ROW("\n<html>", "HTML or XML"),
    ROW("UklGRiQAAABX", "base64 of one: it was encoded twice"),
    ROW("data:audio/wav;", "a data: URL, encoded once more"),
    ROW("52494646244b", "hexadecimal text of one"),
    ROW("PK\3\4", "ZIP"),
    ROW("\x1F\x8B\x08", "gzip"),
    ROW("\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF", NULL), /* mu-law silence without a header */
    ROW("\xFF\xEB\x90\x64", NULL),                 /* reserved: no MPEG */
    ROW("riff\0\0\0\0WAVE", NULL),
    ROW("hello, world", NULL),
    ROW("            ", NULL),
    ROW("\0\0\0\0\0\0\0\0", NULL),
};

static void test_names(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char want[96] = "not a RIFF file";
        struct guard g = guard_copy(rows[i].bytes, rows[i].len);
        const char *got = wav_name_of_other((const uint8_t *)g.ptr, rows[i].len);
        if (rows[i].name != NULL) {
            (void)snprintf(want, sizeof(want), "not a RIFF file (%s)", rows[i].name);
        }
        if (strcmp(got, want) != 0) {
            fail_msg("row %zu: %s, not %s", i, got, want);
        }
        guard_free(&g);
    }
}

/* Cut anywhere; and the parser says the same, however the bytes come. */
static void test_short_ones(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        for (size_t len = 0; len <= rows[i].len && len <= 12; len++) {
            struct guard g = guard_copy(rows[i].bytes, len);
            const char *name = wav_name_of_other((const uint8_t *)g.ptr, len);
            struct wav_parser p;
            wav_parser_init(&p);
            (void)wav_parser_push(&p, g.ptr, len);
            assert_int_equal(wav_parser_end(&p, len), WAV_BAD);
            assert_true(p.why == name);
            guard_free(&g);
        }
    }
    assert_string_equal(wav_name_of_other(NULL, 0), "an empty file");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_short_ones),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
