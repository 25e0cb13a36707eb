/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "player.h"
#include "support_files.h"
#include "wavgen.h"

#define FRAME 160

struct bench {
    struct memory_files files;
    struct media_files io;
    struct player player;
    struct turn_budget budget;
    char text[160];
};

static void setup(struct bench *t)
{
    memset(t, 0, sizeof(*t));
    files_init(&t->files);
    files_io(&t->files, &t->io);
    t->budget = (struct turn_budget){65536, 10000000};
    player_init(&t->player, &t->io, &t->budget);
}

static void teardown(struct bench *t)
{
    player_fini(&t->player);
    files_fini(&t->files);
}

static void pattern(uint8_t *data, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        data[i] = (uint8_t)(i * 37 + i / 251 + 1);
    }
}

static void put_wav(struct bench *t, const char *name, const struct wavgen *w)
{
    uint8_t *file = malloc(w->data_len + 4096);

    assert_non_null(file);
    size_t len = wavgen_build(file, w->data_len + 4096, w);
    files_put(&t->files, name, file, len);
    free(file);
}

static int add(struct bench *t, const char *name)
{
    t->text[0] = '\0';
    int status = player_add(&t->player, name, t->text, sizeof(t->text));
    assert_int_equal(status != ST_OK, t->text[0] != '\0'); /* every failure has a text */
    return status;
}

static int next(struct bench *t)
{
    return player_next(&t->player, t->text, sizeof(t->text));
}

/* Takes the current file to its end as the tick does; the samples, and silence behind the last. */
static size_t take_all(struct bench *t, enum audio_codec to, uint8_t *out, size_t cap)
{
    size_t total = 0;
    uint8_t frame[FRAME];

    while (!player_at_end(&t->player)) {
        t->budget = (struct turn_budget){65536, 10000000};
        size_t n = player_take(&t->player, to, frame, FRAME);
        assert_true(n > 0 && total + n <= cap);
        memcpy(out + total, frame, n);
        for (size_t i = n; i < FRAME; i++) {
            assert_int_equal(frame[i], audio_silence(to)); /* fault 27: the last packet is padded */
        }
        total += n;
        player_refill(&t->player);
    }
    return total;
}

/* fault 26: whatever stands before the data, the first sample is the first that is heard, and the last the last. */
static void test_every_header(void **state)
{
    static uint8_t data[20000], out[20000];
    static const struct wavgen kinds[] = {
        {.tag = WAVGEN_ULAW},
        {.tag = WAVGEN_ULAW, .fmt_len = 18},
        {.tag = WAVGEN_ULAW, .fmt_len = 18, .fact = true},
        {.tag = WAVGEN_ULAW, .fmt_len = 40},
        {.tag = WAVGEN_ULAW, .list_before = 7, .list_after = 100},
        {.tag = WAVGEN_ULAW, .list_before = 3000}, /* more than one piece of the search */
        {.tag = WAVGEN_ULAW, .data_first = true},
        {.tag = WAVGEN_ULAW, .declare = true, .declared_len = 0xFFFFFFFF},
        {.tag = WAVGEN_ULAW, .declare = true, .declared_len = 999999},
        {.tag = WAVGEN_ALAW, .fmt_len = 18},
    };
    static const uint32_t lens[] = {1, 159, 160, 161, 8192, 8193, 16384, 19999};

    (void)state;
    pattern(data, sizeof(data));
    for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
        for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
            struct bench t;
            struct wavgen w = kinds[k];
            enum audio_codec codec = w.tag == WAVGEN_ALAW ? AUDIO_ALAW : AUDIO_ULAW;
            w.data = data;
            w.data_len = lens[i];
            setup(&t);
            put_wav(&t, "x", &w);
            assert_int_equal(add(&t, "x"), ST_OK);
            assert_int_equal(next(&t), ST_OK);
            assert_int_equal(take_all(&t, codec, out, sizeof(out)), lens[i]);
            assert_memory_equal(out, data, lens[i]); /* bit for bit */
            player_stop(&t.player);
            assert_int_equal(next(&t), ST_AGAIN);
            teardown(&t);
        }
    }
}

static void test_converts(void **state)
{
    static uint8_t data[4001], out[4001];
    static const uint16_t tags[] = {WAVGEN_ULAW, WAVGEN_ALAW, WAVGEN_PCM};

    (void)state;
    pattern(data, sizeof(data));
    for (size_t k = 0; k < 3; k++) {
        for (int to = AUDIO_ULAW; to <= AUDIO_ALAW; to++) {
            struct bench t;
            struct wavgen w = {.tag = tags[k], .data = data, .data_len = sizeof(data)};
            setup(&t);
            put_wav(&t, "x", &w);
            assert_int_equal(add(&t, "x"), ST_OK);
            assert_int_equal(next(&t), ST_OK);
            size_t samples = tags[k] == WAVGEN_PCM ? sizeof(data) / 2 : sizeof(data);
            assert_int_equal(take_all(&t, (enum audio_codec)to, out, sizeof(out)), samples);
            for (size_t i = 0; i < samples; i++) {
                int pcm_bytes = data[2 * i % sizeof(data)] | data[(2 * i + 1) % sizeof(data)] << 8;
                int16_t pcm = (int16_t)(tags[k] == WAVGEN_ULAW   ? ulaw_to_linear(data[i])
                                        : tags[k] == WAVGEN_ALAW ? alaw_to_linear(data[i])
                                                                 : (int16_t)pcm_bytes);
                bool same =
                    (tags[k] == WAVGEN_ULAW && to == AUDIO_ULAW) || (tags[k] == WAVGEN_ALAW && to == AUDIO_ALAW);
                uint8_t want = same ? data[i] : to == AUDIO_ULAW ? linear_to_ulaw(pcm) : linear_to_alaw(pcm);
                assert_int_equal(out[i], want);
            }
            teardown(&t);
        }
    }
}

static void test_refused(void **state)
{
    static uint8_t data[320];
    struct bench t;

    (void)state;
    setup(&t);
    struct wavgen bits20 = {.tag = WAVGEN_PCM, .bits = 20, .data = data, .data_len = 300};
    struct wavgen six = {.channels = 6, .data = data, .data_len = 300};
    struct wavgen wide = {.rate_hz = 96000, .data = data, .data_len = 300};
    struct wavgen empty = {.data = data, .data_len = 0};
    put_wav(&t, "20", &bits20);
    put_wav(&t, "six", &six);
    put_wav(&t, "wide", &wide);
    put_wav(&t, "empty", &empty);
    files_put(&t.files, "text", "this is no WAV file at all", 26);
    files_put(&t.files, "nothing", "", 0);
    files_put(&t.files, "head", "RIFF\0\0\0\0WAVE", 12);
    assert_int_equal(add(&t, "20"), ST_UNSUPPORTED);
    assert_non_null(strstr(t.text, "PCM 20-bit mono 8000 Hz")); /* what was found */
    assert_int_equal(add(&t, "six"), ST_UNSUPPORTED);
    assert_non_null(strstr(t.text, "6 channels"));
    assert_int_equal(add(&t, "wide"), ST_UNSUPPORTED);
    assert_non_null(strstr(t.text, "96000"));
    assert_int_not_equal(add(&t, "empty"), ST_OK);
    assert_int_not_equal(add(&t, "text"), ST_OK);
    assert_int_not_equal(add(&t, "nothing"), ST_OK);
    assert_int_not_equal(add(&t, "head"), ST_OK);
    assert_int_equal(add(&t, "absent"), ST_NOT_FOUND);
    t.files.open_fails = true;
    assert_int_equal(add(&t, "20"), ST_IO);
    t.files.open_fails = false;
    t.files.reads_before_failure = 0;
    assert_int_equal(add(&t, "20"), ST_IO);
    assert_int_equal(t.player.waiting_count, 0);
    assert_int_equal(next(&t), ST_AGAIN);
    teardown(&t); /* no handle is left open by any of them */
}

static void put_plain(struct bench *t, const char *name, uint8_t fill, uint32_t len)
{
    static uint8_t data[70000];
    struct wavgen w = {.data = data, .data_len = len};

    memset(data, fill, len);
    put_wav(t, name, &w);
}

static void test_queue_in_order_and_full(void **state)
{
    struct bench t;
    uint8_t frame[FRAME];

    (void)state;
    setup(&t);
    put_plain(&t, "a", 'a', FRAME);
    put_plain(&t, "b", 'b', FRAME);
    for (int round = 0; round < 3; round++) { /* the ring wraps */
        for (int i = 0; i < PLAYER_WAITING_MAX; i++) {
            assert_int_equal(add(&t, i % 3 == 0 ? "a" : "b"), ST_OK);
        }
        assert_int_equal(add(&t, "a"), ST_FULL);
        assert_int_equal(t.files.open, 0); /* those that wait hold no handle */
        for (int i = 0; i < PLAYER_WAITING_MAX; i++) {
            assert_int_equal(next(&t), ST_OK);
            assert_int_equal(next(&t), ST_AGAIN); /* one at a time (fault 29) */
            assert_string_equal(t.player.name, i % 3 == 0 ? "a" : "b");
            assert_int_equal(player_take(&t.player, AUDIO_ULAW, frame, FRAME), FRAME);
            assert_int_equal(frame[0], i % 3 == 0 ? 'a' : 'b');
            assert_true(player_at_end(&t.player));
            player_stop(&t.player);
            if (i == 5 && round == 1) {
                assert_int_equal(add(&t, "a"), ST_OK);
                player_forget(&t.player);
                assert_int_equal(next(&t), ST_AGAIN);
                break;
            }
        }
    }
    teardown(&t);
}

static void test_gone_when_its_turn_comes(void **state)
{
    struct bench t;

    (void)state;
    setup(&t);
    put_plain(&t, "a", 'a', 500);
    put_plain(&t, "b", 'b', 500);
    assert_int_equal(add(&t, "a"), ST_OK);
    assert_int_equal(add(&t, "b"), ST_OK);
    t.files.file[0].gone = true;
    t.text[0] = '\0';
    assert_int_equal(next(&t), ST_NOT_FOUND);
    assert_string_equal(t.player.name, "a"); /* tells which, and why */
    assert_true(t.text[0] != '\0');
    assert_false(t.player.playing);
    assert_int_equal(next(&t), ST_OK); /* it was dropped: the next one plays */
    assert_string_equal(t.player.name, "b");
    teardown(&t);
}

static void test_stop_in_the_middle(void **state)
{
    struct bench t;
    uint8_t frame[FRAME];

    (void)state;
    setup(&t);
    put_plain(&t, "a", 'a', 50000);
    put_plain(&t, "b", 'b', 200);
    assert_int_equal(add(&t, "a"), ST_OK);
    assert_int_equal(add(&t, "b"), ST_OK);
    assert_int_equal(next(&t), ST_OK);
    assert_int_equal(player_take(&t.player, AUDIO_ULAW, frame, FRAME), FRAME);
    assert_int_equal(t.files.open, 1);
    player_stop(&t.player);
    assert_int_equal(t.files.open, 0);
    assert_int_equal(player_take(&t.player, AUDIO_ULAW, frame, FRAME), 0);
    assert_int_equal(frame[0], ULAW_SILENCE);
    assert_int_equal(player_take(&t.player, AUDIO_ALAW, frame, FRAME), 0);
    assert_int_equal(frame[FRAME - 1], ALAW_SILENCE);
    assert_int_equal(next(&t), ST_OK);
    assert_int_equal(player_take(&t.player, AUDIO_ULAW, frame, FRAME), FRAME);
    assert_int_equal(frame[0], 'b'); /* nothing of the first one is left over */
    player_stop(&t.player);
    player_stop(&t.player);
    teardown(&t);
}

/* A read that was put off for want of budget: a frame of silence, never a hole inside a frame, and nothing is lost. */
static void test_no_budget(void **state)
{
    static uint8_t data[9000], out[9000];
    struct bench t;
    struct wavgen w = {.data = data, .data_len = sizeof(data)};
    uint8_t frame[FRAME];
    size_t total = 0;

    (void)state;
    pattern(data, sizeof(data));
    setup(&t);
    put_wav(&t, "x", &w);
    assert_int_equal(add(&t, "x"), ST_OK);
    assert_int_equal(next(&t), ST_OK);
    size_t reads = t.files.reads;
    assert_true(player_is_ready(&t.player, PLAYER_REFILL) && !player_is_ready(&t.player, PLAYER_REFILL + 1));
    t.budget.bytes = 0;
    for (size_t n; (n = player_take(&t.player, AUDIO_ULAW, frame, FRAME)) > 0;) {
        assert_int_equal(n, FRAME);
        memcpy(out + total, frame, n);
        total += n;
        player_refill(&t.player);
    }
    assert_int_equal(t.files.reads, reads); /* without budget nothing is read */
    assert_false(player_at_end(&t.player));
    assert_int_equal(frame[0], ULAW_SILENCE);
    t.budget.bytes = 100;
    player_refill(&t.player);
    assert_int_equal(t.budget.bytes, 0);
    assert_int_equal(player_take(&t.player, AUDIO_ULAW, frame, FRAME), 0); /* still not a whole frame */
    t.budget.bytes = 65536;
    player_refill(&t.player);
    assert_true(player_is_ready(&t.player, PLAYER_BUFFER)); /* all that is left */
    total += take_all(&t, AUDIO_ULAW, out + total, sizeof(out) - total);
    assert_int_equal(total, sizeof(data));
    assert_memory_equal(out, data, sizeof(data));
    teardown(&t);
}

/* Reads of any size give the same sound; never more than 8 KiB is asked for in one. */
static void test_short_reads(void **state)
{
    static uint8_t data[30001], out[30001];
    static const size_t most[] = {1024, 1025, 4096, 8191};
    struct wavgen w = {.tag = WAVGEN_PCM, .data = data, .data_len = 30001};

    (void)state;
    pattern(data, sizeof(data));
    for (size_t k = 0; k < sizeof(most) / sizeof(most[0]); k++) {
        struct bench t;
        setup(&t);
        put_wav(&t, "x", &w);
        t.files.read_most = most[k];
        assert_int_equal(add(&t, "x"), ST_OK);
        assert_int_equal(next(&t), ST_OK);
        assert_int_equal(take_all(&t, AUDIO_ULAW, out, sizeof(out)), 15000);
        for (size_t i = 0; i < 15000; i++) {
            assert_int_equal(out[i], linear_to_ulaw((int16_t)(data[2 * i] | data[2 * i + 1] << 8)));
        }
        assert_true(t.files.longest_read <= PLAYER_REFILL);
        teardown(&t);
    }
}

/* The disk fails, or the file was cut, while it plays: what is held is still played, then it ends. */
static void test_read_fails_while_playing(void **state)
{
    (void)state;
    for (int cut = 0; cut < 2; cut++) {
        struct bench t;
        static uint8_t out[70000];
        setup(&t);
        put_plain(&t, "x", 'x', 60000);
        assert_int_equal(add(&t, "x"), ST_OK);
        assert_int_equal(next(&t), ST_OK);
        if (cut == 0) {
            t.files.reads_before_failure = 1;
        } else {
            t.files.file[0].len = 44 + 10001;
        }
        size_t n = take_all(&t, AUDIO_ULAW, out, sizeof(out));
        assert_int_equal(n, cut == 0 ? 2 * PLAYER_REFILL : 10001);
        assert_int_equal(out[n - 1], 'x');
        teardown(&t);
    }
}

static void test_long_names(void **state)
{
    struct bench t;
    char name[FILE_NAME_LEN_MAX + 2];

    (void)state;
    setup(&t);
    memset(name, 'n', sizeof(name));
    name[FILE_NAME_LEN_MAX] = '\0';
    put_plain(&t, name, 'n', 10);
    assert_int_equal(add(&t, name), ST_OK);
    assert_int_equal(next(&t), ST_OK);
    assert_string_equal(t.player.name, name);
    teardown(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_header),
        cmocka_unit_test(test_converts),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_queue_in_order_and_full),
        cmocka_unit_test(test_gone_when_its_turn_comes),
        cmocka_unit_test(test_stop_in_the_middle),
        cmocka_unit_test(test_no_budget),
        cmocka_unit_test(test_short_reads),
        cmocka_unit_test(test_read_fails_while_playing),
        cmocka_unit_test(test_long_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
