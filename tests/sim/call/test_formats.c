/* SPDX-License-Identifier: MIT */
/* WAV files of every kind through the whole gateway: uploaded, converted a slice a turn, played and heard in the recording.
 *
 *  every kind      uploaded and played at once; its tone is found at its frequency with the SNR that G.711 leaves
 *  slices          no turn goes beyond its budget; every packet leaves on time; what is heard is the converter's output, sample by
 *                  sample, also where the player changes over to the form that was kept; the second time that one plays
 *  no hole         in what is converted while it plays, whatever the packet time, when ticks come late
 *  no room         quota full: it plays all the same
 *  replaced, gone  while it plays and is converted: what plays goes on, no form of an earlier file is kept
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "wavtone.h"
#include "world.h"

#define S5        DUR_S(5)
#define STEPS_MAX 200000
#define SOUND_MAX (20 * 8000)
#define FILE_MAX  (3u << 20)

static uint8_t file[FILE_MAX];
static int16_t heard[SOUND_MAX];

static void established(struct world *w, size_t c)
{
    world_send(w, c, "CALL:0938220136");
    world_wait(w, c, "CALL_STATE:established", S5);
}

static void upload(struct world *w, size_t c, const char *name, size_t len)
{
    char *text = malloc(len * 2 + 100);
    assert_non_null(text);
    int n = snprintf(text, 100, "WAV_UPLOAD:%s:", name);
    assert_int_equal(base64_encode(file, len, text + n, len * 2), ST_OK);
    world_send(w, c, text);
    free(text);
}

/* What was sent, from the recording: behind the first sound of it. */
static size_t hear(struct world *w, size_t c)
{
    world_send(w, c, "HANGUP");
    world_wait(w, c, "CALL_STATE:ended", S5);
    assert_true(w->recording.len > WAV_ULAW_HEADER_LEN);
    const uint8_t *data = w->recording.data + WAV_ULAW_HEADER_LEN;
    size_t n = (w->recording.len - WAV_ULAW_HEADER_LEN) / 2;
    size_t first = 0;
    while (first < n && ulaw_to_linear(data[2 * first + 1]) == 0) {
        first++;
    }
    n = n - first < SOUND_MAX ? n - first : SOUND_MAX;
    for (size_t i = 0; i < n; i++) {
        heard[i] = ulaw_to_linear(data[2 * (first + i) + 1]);
    }
    return n;
}

static void every_kind(void **state)
{
    (void)state;
    printf("%-28s %9s %9s %7s\n", "file, through PCMU", "found Hz", "level dB", "SNR dB");
    for (size_t k = 0; k < WAVTONE_KINDS; k++) {
        for (size_t r = k % 3; r < WAVTONE_RATES; r += 3) {
            struct wavtone tone = {.kind = wavtone_kinds[k], .rate_hz = wavtone_rates[r], .hz = 1004};
            tone.samples = tone.rate_hz / 2;
            size_t len = wavtone_build(&tone, file, sizeof(file));
            struct world *w = world_new(k * 100 + r, NULL);
            size_t c = world_connect(w);
            established(w, c);
            upload(w, c, "tone.wav", len);
            world_send(w, c, "PLAY_WAV:tone.wav"); /* does not wait for the converted form */
            world_wait(w, c, "WAV_DONE:tone.wav", S5);
            assert_int_equal(world_count(w, c, "WAV_ACK:開始播放檔案 tone.wav"), 1);
            assert_int_equal(world_file(w, "tone.wav")->len, len); /* the original is kept */
            world_run(w, DUR_MS(100));
            size_t n = hear(w, c);
            assert_true(n > 4000);
            struct tone_found found = tone_find(heard + 100, 3700, 8000, 1004);
            printf("%-28s %9.3f %9.3f %7.1f\n", wavtone_name(&tone), found.hz, found.level_db, found.snr_db);
            assert_true(found.hz > 1003.9 && found.hz < 1004.1);
            /* G.711 that is coded in it again at all but the same rate: each alone leaves 38 dB, and nothing between them helps */
            bool twice = tone.kind.tag >= WAVGEN_ALAW && tone.rate_hz == 8001;
            assert_true(found.snr_db > (twice ? 34.5 : 35));
            world_end(w);
        }
    }
}

/* Five seconds of 48 kHz stereo float; what it becomes is in *wanted. */
static size_t big_file(int16_t *wanted, size_t *samples)
{
    static uint8_t l16[2 * SOUND_MAX];
    struct wavtone tone = {.kind = wavtone_kinds[9], .rate_hz = 48000, .hz = 697, .seconds = 5};
    size_t len = wavtone_build(&tone, file, sizeof(file));
    struct wav_parser p;
    struct wav_converter *v;
    wav_parser_init(&p);
    (void)wav_parser_push(&p, file, len);
    assert_int_equal(wav_parser_end(&p, len), WAV_READY);
    assert_int_equal(wav_converter_new(&p.format, &v), ST_OK);
    size_t n = wav_converter_push(v, file + p.data_offset, (size_t)p.data_len, l16);
    n += wav_converter_flush(v, l16 + 2 * n);
    wav_converter_free(v);
    for (size_t i = 0; i < n; i++) {
        int bits = l16[2 * i] | l16[2 * i + 1] << 8;
        wanted[i] = (int16_t)(bits >= 0x8000 ? bits - 0x10000 : bits);
    }
    *samples = n;
    return len;
}

static int16_t wanted[SOUND_MAX];

/* All of the big file, exactly once, at the pace of 20 ms. */
static void assert_heard(struct world *w, size_t c, size_t samples)
{
    size_t n = hear(w, c);
    size_t skip = 0;
    while (ulaw_to_linear(linear_to_ulaw(wanted[skip])) == 0) {
        skip++;
    }
    assert_true(n >= samples - skip);
    for (size_t i = skip; i < samples; i++) {
        assert_int_equal(heard[i - skip], ulaw_to_linear(linear_to_ulaw(wanted[i])));
    }
    for (size_t i = 1; i < w->sent_count; i++) {
        assert_true(w->sent[i].at - w->sent[i - 1].at == DUR_MS(20));
    }
}

static void slices(void **state)
{
    size_t samples;
    size_t len = big_file(wanted, &samples);
    struct world *w = world_new(1, NULL);
    size_t c = world_connect(w);

    (void)state;
    w->commit_delay = DUR_MS(300); /* the change comes in the middle of it */
    world_put_file(w, "big.wav", file, len);
    established(w, c);
    world_send(w, c, "PLAY_WAV:big.wav"); /* copied into the folder by hand: nobody converted it yet */
    world_wait(w, c, "WAV_DONE:big.wav", DUR_S(10));
    struct gateway_stats stats = gateway_stats(w->gateway);
    assert_int_equal(stats.media.conversions, 1);
    assert_true(stats.media.convert_steps_max <= STEPS_MAX);
    assert_true(stats.media.convert_turns >=
                samples * 570 / STEPS_MAX); /* 384 multiplications and 12 decoded numbers each */
    assert_true(w->cached_opens >= 1);      /* the player changed over */
    assert_int_equal(w->cached.len, 2 * samples);
    assert_heard(w, c, samples);
    /* and from the start of the next */
    int opens = w->cached_opens;
    world_send(w, c, "CALL:0938220136");
    world_run(w, DUR_S(1));
    world_send(w, c, "PLAY_WAV:big.wav");
    world_run(w, DUR_S(1));
    assert_int_equal(w->cached_opens, opens + 1);
    world_send(w, c, "STOP_WAV");
    world_run(w, DUR_S(1));
    assert_true(gateway_stats(w->gateway).media.convert_turns ==
                stats.media.convert_turns); /* nothing was converted again */
    world_end(w);
}

static void no_room(void **state)
{
    size_t samples;
    size_t len = big_file(wanted, &samples);
    struct world *w = world_new(2, NULL);
    size_t c = world_connect(w);

    (void)state;
    w->cache_status = ST_FULL;
    world_put_file(w, "big.wav", file, len);
    established(w, c);
    world_send(w, c, "PLAY_WAV:big.wav");
    world_wait(w, c, "WAV_DONE:big.wav", DUR_S(10));
    assert_false(w->cached.used);
    assert_true(gateway_stats(w->gateway).media.convert_steps_max <= STEPS_MAX);
    assert_heard(w, c, samples);
    world_end(w);
}

static void replaced_and_gone(void **state)
{
    (void)state;
    for (int remove = 0; remove < 2; remove++) {
        size_t samples;
        size_t len = big_file(wanted, &samples);
        struct world *w = world_new(3, NULL);
        size_t c = world_connect(w);
        w->commit_delay = DUR_MS(300);
        world_put_file(w, "big.wav", file, len);
        established(w, c);
        world_send(w, c, "PLAY_WAV:big.wav");
        world_wait(w, c, "WAV_ACK:開始播放檔案 big.wav", S5);
        w->commit_delay = DUR_MS(100); /* of the other, before the form of the first is there */
        if (remove == 1) {
            world_send(w, c, "DELETE_WAV:big.wav");
            world_wait(w, c, "WAV_DELETED:big.wav", S5);
        } else {
            struct wavtone other = {.kind = wavtone_kinds[2], .rate_hz = 16000, .hz = 440, .samples = 1600};
            upload(w, c, "big.wav", wavtone_build(&other, file, sizeof(file)));
            world_wait(w, c, "WAV_ACK:檔案上傳成功", S5);
        }
        world_wait(w, c, "WAV_DONE:big.wav", DUR_S(10));
        assert_true(remove == 1 ? !w->cached.used : w->cached.len == 1600); /* of the new one only */
        assert_heard(w, c, samples);
        world_end(w);
    }
}

/* Many calls play what is not converted yet: the budget is shared, and all hear all of it. */
static void many_at_once(void **state)
{
    struct gateway_config config = world_config();
    struct world *w = world_new(4, &config);
    size_t clients[3];
    struct wavtone tone = {.kind = wavtone_kinds[9], .rate_hz = 44100, .hz = 697, .seconds = 1};

    (void)state;
    w->cache_status = ST_FULL;
    world_put_file(w, "x.wav", file, wavtone_build(&tone, file, sizeof(file)));
    for (size_t i = 0; i < 3; i++) {
        clients[i] = world_connect(w);
        established(w, clients[i]);
    }
    for (size_t i = 0; i < 3; i++) {
        world_send(w, clients[i], "PLAY_WAV:x.wav");
    }
    mono_us begin = w->now;
    for (size_t i = 0; i < 3; i++) {
        world_wait(w, clients[i], "WAV_DONE:x.wav", S5);
    }
    assert_true(w->now - begin < DUR_MS(1100)); /* nobody waited */
    assert_true(gateway_stats(w->gateway).media.convert_steps_max <= STEPS_MAX);
    world_end(w);
}

#define SDP(x) "v=0\r\no=- 1 1 IN IP4 10.0.0.9\r\ns=-\r\nc=IN IP4 10.0.0.9\r\nt=0 0\r\nm=audio 30000 RTP/AVP 0\r\n" x

/* Converted as it plays, in long packets, with ticks that come late one or two turns behind its first: no silence inside of it. */
static void no_hole_in_it(void **state)
{
    static const char *const sdps[] = {SDP(""), SDP("a=ptime:40\r\n"), SDP("a=ptime:60\r\n")};
    size_t samples;
    size_t len = big_file(wanted, &samples);

    (void)state;
    for (size_t i = 0; i < 3 * 4 * 3; i++) {
        struct world *w = world_new(6, NULL);
        size_t c = world_connect(w);
        w->cache_status = ST_FULL;
        w->phone.plan.sdp = sdps[i % 3];
        world_put_file(w, "big.wav", file, len);
        established(w, c);
        world_run(w, DUR_MS(50));
        size_t before = w->sent_count;
        world_send(w, c, "PLAY_WAV:big.wav");
        world_wait(w, c, "WAV_ACK:開始播放檔案 big.wav", S5);
        assert_int_equal(w->sent_count, before + 1); /* it begins with the very next packet */
        for (size_t turns = i / 12; turns > 0; turns--) {
            (void)world_step(w, w->now);
        }
        world_stall(w, DUR_MS(15) * (dur_us)(i / 3 % 4));
        world_run(w, DUR_S(1));
        size_t skip = 0;
        while (wanted[skip] == 0 || linear_to_ulaw(wanted[skip]) == 0xFF) {
            skip++;
        }
        size_t at = 0;
        while (at < w->phone.rtp_len && w->phone.rtp_payload[at] == 0xFF) {
            at++;
        }
        assert_true(at + 7000 < w->phone.rtp_len);
        for (size_t n = 0; n < 7000; n++) {
            assert_int_equal(w->phone.rtp_payload[at + n], linear_to_ulaw(wanted[skip + n]));
        }
        assert_true(gateway_stats(w->gateway).media.convert_steps_max <= STEPS_MAX);
        world_end(w);
    }
}

/* The call, the client, the server end in the middle of it. */
static void ends_in_the_middle(void **state)
{
    size_t samples;
    size_t len = big_file(wanted, &samples);

    (void)state;
    for (int how = 0; how < 3; how++) {
        struct world *w = world_new(5, NULL);
        size_t c = world_connect(w);
        world_put_file(w, "big.wav", file, len);
        established(w, c);
        world_send(w, c, "PLAY_WAV:big.wav");
        for (int i = 0; i < 40; i++) {
            (void)world_step(w, w->now + DUR_S(1));
        }
        if (how == 0) {
            world_send(w, c, "HANGUP");
        } else if (how == 1) {
            world_disconnect(w, c);
        } else {
            world_stop(w);
        }
        world_run(w, DUR_S(1));
        assert_true(how == 2 ? !w->cached.used : w->cached.used); /* a stopping server does not go on with it */
        world_end(w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind),        cmocka_unit_test(slices),       cmocka_unit_test(no_room),
        cmocka_unit_test(replaced_and_gone), cmocka_unit_test(many_at_once), cmocka_unit_test(ends_in_the_middle),
        cmocka_unit_test(no_hole_in_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
