/* SPDX-License-Identifier: MIT */
/* LATENCY: speakers in real time whose pieces come late, in bunches, by another clock, or not at all for a while; measured in the
 * packets that leave and in marks.
 *
 *  heard           every sample of it, without a gap after its first 200 ms
 *  a stall         the delay comes back; pauses go first, then the oldest; marks of what goes are told
 *  clocks          200 ppm apart for minutes: the words stay whole, pauses become shorter or longer
 *  cushion         a short utterance does not wait for ever; packets of 60 ms
 *  beside          files, keys, CLEAR, another format, MEDIA_XOFF, 60 s and more, the next call, refusals
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "live_bench.h"
#include "wsframe.h"

#define PIECE_MAX 2000
#define PAUSE     0xFE /* quiet, and not the 0xFF of our own silence */

/* A microphone and what lies between it and us. */
struct speaker {
    size_t piece, piece_2; /* samples, by turns */
    int ppm;               /* its clock is faster */
    dur_us bunch;          /* what was recorded is sent so often; 0: each piece at once */
    dur_us late;           /* and comes so much later, at most */
    uint64_t spoken;       /* samples sent */
    mono_us begun;
    uint32_t pieces, seed;
};

static uint32_t below(struct speaker *s, uint32_t bound)
{
    s->seed = s->seed * 1664525U + 1013904223U;
    return bound > 0 ? (s->seed >> 8) % bound : 0;
}

/* 2.7 s of speech, 300 ms of a pause. */
static uint8_t voice(uint64_t at)
{
    return at % 24000 >= 21600 ? PAUSE : (uint8_t)((at * 7 + at / 160 * 13 + at / 25600 * 7) % 251);
}

static void say_piece(struct bench *b, struct speaker *s)
{
    uint8_t bytes[PIECE_MAX];
    size_t len = s->pieces++ % 2 == 0 || s->piece_2 == 0 ? s->piece : s->piece_2;

    for (size_t i = 0; i < len; i++) {
        bytes[i] = voice(s->spoken + i);
    }
    s->spoken += len;
    world_send_frame(b->w, b->c, WSFRAME_FIN | WSFRAME_BINARY, bytes, len);
}

static mono_us recorded_at(const struct speaker *s, uint64_t samples)
{
    return s->begun + (mono_us)samples * 125 * (1000000 - s->ppm) / 1000000;
}

static void run_until(struct bench *b, mono_us at)
{
    world_run(b->w, at > b->w->now ? at - b->w->now : 0);
}

static void speak_for(struct bench *b, struct speaker *s, dur_us duration)
{
    mono_us end = b->w->now + duration;

    s->begun = s->begun != 0 ? s->begun : b->w->now;
    mono_us next = b->w->now;
    while (b->w->now < end) {
        next = s->bunch > 0 ? next + s->bunch : recorded_at(s, s->spoken + s->piece);
        mono_us comes = next + (dur_us)below(s, (uint32_t)s->late);
        run_until(b, comes > end ? end : comes);
        while (recorded_at(s, s->spoken + s->piece) <= b->w->now && b->w->now < end) {
            say_piece(b, s);
        }
    }
}

static struct bench up_at(const char *latency, const char *sdp)
{
    struct bench b = up_with(NULL, sdp);
    char text[32];

    world_send(b.w, b.c, "MEDIA:ulaw");
    snprintf(text, sizeof(text), "LATENCY:%s", latency);
    world_send(b.w, b.c, text);
    world_run(b.w, 0);
    assert_int_equal(told(&b, text), 1);
    return b;
}

/* ---- heard ---- */

/* From its beginning, within 200 ms of packet number `first`, sample by sample for so long. */
static void heard_whole(struct bench *b, size_t first, dur_us from_sample, dur_us duration)
{
    settle(b);
    const uint8_t *payload = b->w->phone.rtp_payload + first * FRAME;
    size_t at = 0;
    while (payload[at] == 0xFF) {
        at++;
    }
    assert_true(at <= 200 * 8 + (size_t)from_sample / 125 + FRAME);
    for (size_t i = 0; i < (size_t)duration / 125; i++) {
        if (payload[at + i] != voice(i)) {
            fail_msg("sample %zu is %02x, not %02x", i, payload[at + i], voice(i));
        }
    }
}

static void speakers_in_real_time(void **state)
{
    static const struct speaker speakers[] = {
        {.piece = 64},                                                         /* 8 ms */
        {.piece = 43, .piece_2 = 42},                                          /* 128 frames at 24 kHz */
        {.piece = 21, .piece_2 = 22},                                          /* at 48 kHz */
        {.piece = 64, .late = DUR_MS(30)},                                     /* a busy page */
        {.piece = 43, .piece_2 = 42, .bunch = DUR_MS(37), .late = DUR_MS(25)}, /* setTimeout */
        {.piece = 160, .late = DUR_MS(19)},
        {.piece = 800, .bunch = DUR_MS(100)},
        {.piece = 800, .bunch = DUR_MS(100), .late = DUR_MS(15)},
        {.piece = 1000}, /* 125 ms: over half of the latency */
        {.piece = 1040},
        {.piece = 1200}, /* 150 ms */
    };

    (void)state;
    for (size_t i = 0; i < sizeof(speakers) / sizeof(speakers[0]); i++) {
        for (dur_us phase = 0; phase < DUR_MS(20); phase += 7300) {
            struct bench b = up_at("200", NULL);
            struct speaker s = speakers[i];
            s.seed = (uint32_t)(i * 100 + (size_t)phase);
            world_run(b.w, phase);
            size_t first = b.w->sent_count;
            speak_for(&b, &s, DUR_S(8));
            heard_whole(&b, first, s.bunch > 0 ? s.bunch + s.late : (dur_us)s.piece * 125 + s.late, DUR_MS(7600));
            every_20_ms(&b);
            down(&b);
        }
    }
}

/* ---- a stall ---- */

/* How long a sample takes that is sent now. */
static dur_us delay_now(struct bench *b, const char *mark)
{
    mono_us sent = b->w->now;
    char text[32];

    snprintf(text, sizeof(text), "MARK:%s", mark);
    world_send(b->w, b->c, text);
    while (told(b, text) == 0) {
        step(b);
    }
    return b->w->now - sent;
}

static void the_delay_comes_back(void **state)
{
    static const char *const latency[] = {"off", "200", "100"};
    static const int most[] = {1700, 200, 100};

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct bench b = up_at(latency[i], NULL);
        struct speaker s = {.piece = 64};
        speak_for(&b, &s, DUR_S(3));
        world_run(b.w, DUR_MS(1500));
        while (recorded_at(&s, s.spoken + s.piece) <= b.w->now) {
            say_piece(&b, &s); /* all at once */
        }
        dur_us at_once = delay_now(&b, "stall");
        speak_for(&b, &s, DUR_S(4));
        dur_us later = delay_now(&b, "later");
        assert_true(at_once <= DUR_MS(most[i]) && later <= DUR_MS(most[i]));
        assert_true(i != 0 || later > DUR_MS(1300)); /* off: nothing is left out */
        every_20_ms(&b);
        down(&b);
    }
}

static void fill(uint8_t *out, size_t len, uint64_t from, bool quiet)
{
    for (size_t i = 0; i < len; i++) {
        out[i] = quiet ? PAUSE : voice(from + i);
    }
}

/* 100 ms each of speech, a pause, speech, speech: 400 ms where 200 may wait. */
static void pauses_go_first(void **state)
{
    uint8_t sound[3200];
    struct bench b = up_at("200", NULL);

    (void)state;
    fill(sound, 800, 0, false);
    fill(sound + 800, 800, 0, true);
    fill(sound + 1600, 1600, 800, false);
    size_t first = b.w->sent_count;
    world_send_frame(b.w, b.c, WSFRAME_FIN | WSFRAME_BINARY, sound, 2400);
    world_send(b.w, b.c, "MARK:pause");
    world_run(b.w, 0);
    assert_int_equal(told(&b, "MARK:pause"), 0);
    world_run(b.w, DUR_MS(400));
    left(&b, first, sound, 800, 0);
    left(&b, first + 5, sound + 1600, 800, FRAME); /* the pause alone is gone */
    assert_int_equal(told(&b, "MARK:pause"), 1);
    first = b.w->sent_count;
    world_send_frame(b.w, b.c, WSFRAME_FIN | WSFRAME_BINARY, sound, 800);
    world_send(b.w, b.c, "MARK:1");
    world_send_frame(b.w, b.c, WSFRAME_FIN | WSFRAME_BINARY, sound + 800, 800);
    world_send(b.w, b.c, "MARK:2");
    world_send_frame(b.w, b.c, WSFRAME_FIN | WSFRAME_BINARY, sound + 1600, 1600);
    world_send(b.w, b.c, "MARK:3");
    world_run(b.w, 0);
    assert_int_equal(told(&b, "MARK:"), 3); /* their place is passed: of the pause and of the oldest */
    world_run(b.w, DUR_MS(400));
    left(&b, first, sound + 1600, 1600, FRAME);
    assert_int_equal(told(&b, "MARK:"), 4);
    assert_int_equal(gateway_stats(b.w->gateway).media.live_held, 0);
    down(&b);
}

/* ---- clocks ---- */

/* Between two pauses every sample in order; our silence only beside a pause. */
static void words_are_whole(const struct bench *b, size_t first, size_t *shorter, size_t *longer)
{
    const uint8_t *payload = b->w->phone.rtp_payload + first * FRAME;
    size_t len = b->w->phone.rtp_len - first * FRAME;
    size_t at = 0;

    while (payload[at] == 0xFF) {
        at++;
    }
    for (uint64_t sentence = 0; at + 24000 < len; sentence++) {
        for (uint64_t i = sentence * 24000; i < sentence * 24000 + 21600; i++, at++) {
            if (payload[at] != voice(i)) {
                fail_msg("sample %llu is %02x, not %02x", (unsigned long long)i, payload[at], voice(i));
            }
        }
        size_t pause = 0, silence = 0;
        for (; payload[at] == PAUSE || payload[at] == 0xFF; at++) {
            *(payload[at] == PAUSE ? &pause : &silence) += 1;
        }
        *shorter += 2400 - pause;
        *longer += silence;
    }
}

static void clocks_that_differ(void **state)
{
    (void)state;
    for (int ppm = -200; ppm <= 200; ppm += 400) {
        struct bench b = up_at("100", NULL);
        struct speaker s = {.piece = 64, .ppm = ppm};
        size_t first = b.w->sent_count;
        size_t shorter = 0, longer = 0;
        speak_for(&b, &s, DUR_S(600));
        settle(&b);
        words_are_whole(&b, first, &shorter, &longer);
        assert_int_equal(ppm < 0 ? shorter : longer, 0);
        assert_true((ppm < 0 ? longer : shorter) >= FRAME && (ppm < 0 ? longer : shorter) <= 7 * FRAME);
        assert_true(delay_now(&b, "end") <= DUR_MS(100));
        down(&b);
    }
}

/* ---- cushion ---- */

/* An utterance that is shorter than the cushion leaves when its time has passed, and a remainder of it too. */
static void a_short_utterance(void **state)
{
    static const size_t lens[] = {40, 100, 160, 800, 850};

    (void)state;
    for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
        struct bench b = up_at("2000", NULL);
        uint8_t sound[1000];
        fill(sound, sizeof(sound), 1, false);
        mono_us spoken = b.w->now;
        world_send_frame(b.w, b.c, WSFRAME_FIN | WSFRAME_BINARY, sound, lens[i]);
        world_send(b.w, b.c, "MARK:end");
        while (told(&b, "MARK:end") == 0) {
            step(&b);
        }
        size_t packets = (lens[i] + FRAME - 1) / FRAME;
        mono_us began = b.w->sent[b.w->sent_count - packets].at;
        assert_true(began - spoken > DUR_MS(855) && began - spoken <= DUR_MS(875));
        left(&b, b.w->sent_count - packets, sound, lens[i], packets * FRAME - lens[i]);
        down(&b);
    }
}

static void packets_of_60_ms(void **state)
{
    struct bench b = up_at("200", "v=0\r\no=phone 1 1 IN IP4 10.0.0.9\r\ns=-\r\nc=IN IP4 10.0.0.9\r\nt=0 0\r\n"
                                  "m=audio 30000 RTP/AVP 0\r\na=ptime:60\r\n");
    struct speaker s = {.piece = 64};

    (void)state;
    size_t first = b.w->sent_count * 3;
    speak_for(&b, &s, DUR_S(8));
    heard_whole(&b, first, DUR_MS(8 + 60), DUR_MS(7600));
    down(&b);
}

/* ---- beside ---- */

static void never_too_much(void **state)
{
    struct bench b = up_at("2000", NULL);

    (void)state;
    size_t first = b.w->sent_count;
    speak(&b, 0, 560000); /* over a minute in one message */
    world_run(b.w, 0);
    assert_int_equal(told(&b, "MEDIA_XOFF"), 0);
    world_run(b.w, DUR_S(3));
    assert_int_equal(told(&b, "ERROR:"), 0);
    left(&b, first, b.sound + 560000 - 16000, 16000, FRAME);
    speak(&b, 0, 16000);
    world_send(b.w, b.c, "LATENCY:off");
    speak(&b, 16000, 90000);
    world_run(b.w, 0);
    assert_int_equal(told(&b, "MEDIA_XOFF"), 1);
    world_send(b.w, b.c, "MARK:m");
    first = b.w->sent_count;
    world_send(b.w, b.c, "LATENCY:40");
    world_run(b.w, 0);
    assert_int_equal(told(&b, "MEDIA_XON"), 1);
    assert_int_equal(told(&b, "MARK:m"), 0);
    world_run(b.w, DUR_MS(200));
    left(&b, first, b.sound + 106000 - 320, 320, FRAME);
    assert_int_equal(told(&b, "MARK:m"), 1);
    assert_int_equal(told(&b, "ERROR:"), 0);
    down(&b);
}

static void files_and_keys(void **state)
{
    struct bench b = up_at("200", NULL);
    struct speaker s = {.piece = 64};

    (void)state;
    put_wav(&b, "a", 100000, 16000);
    speak_for(&b, &s, DUR_S(1));
    world_send(b.w, b.c, "PLAY_WAV:a");
    speak_for(&b, &s, DUR_MS(2500));
    assert_int_equal(told(&b, "WAV_DONE:a"), 1);
    assert_true(delay_now(&b, "file") <= DUR_MS(200));
    world_send(b.w, b.c, "MEDIA:rtp");
    speak_for(&b, &s, DUR_MS(500));
    assert_true(delay_now(&b, "format") <= DUR_MS(200));
    size_t sent = b.w->sent_count;
    world_send(b.w, b.c, "CLEAR");
    world_run(b.w, DUR_MS(60));
    left(&b, sent, NULL, 0, 2 * FRAME);
    struct speaker answer = {.piece = 64};
    sent = b.w->sent_count;
    speak_for(&b, &answer, DUR_S(2));
    heard_whole(&b, sent, DUR_MS(8), DUR_MS(1700)); /* with a cushion of its own */
    world_send(b.w, b.c, "DTMF:123456");
    speak_for(&b, &answer, DUR_S(3));
    assert_true(delay_now(&b, "keys") <= DUR_MS(200));
    every_20_ms(&b);
    down(&b);
}

static void the_setting_and_its_words(void **state)
{
    static const char *const bad[] = {"LATENCY",     "LATENCY:",           "LATENCY:39",  "LATENCY:2001",
                                      "LATENCY:-40", "LATENCY:0",          "LATENCY:OFF", "LATENCY:200 ms",
                                      "LATENCY:1e2", "LATENCY:99999999999"};
    struct bench b = {.w = world_new(1, NULL)};
    uint8_t sound[16000];

    (void)state;
    b.c = world_connect(b.w);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        world_send(b.w, b.c, bad[i]);
        world_run(b.w, 0);
        assert_int_equal(told(&b, "ERROR:LATENCY:bad_argument:"), i + 1);
    }
    world_send(b.w, b.c, "LATENCY:off");
    world_send(b.w, b.c, "LATENCY:40");
    world_send(b.w, b.c, "LATENCY:2000");
    world_send(b.w, b.c, "LATENCY:0200"); /* without a call: it stays with the connection */
    world_run(b.w, 0);
    assert_int_equal(told(&b, "LATENCY:off"), 1);
    assert_int_equal(told(&b, "LATENCY:"), 4);
    assert_string_equal(b.w->clients[b.c].texts[b.w->clients[b.c].text_count - 1], "LATENCY:200");
    b.w->phone.plan.echo = true;
    fill(sound, sizeof(sound), 0, false);
    for (int call = 0; call < 2; call++) {
        world_send(b.w, b.c, "CALL:1");
        world_run(b.w, DUR_S(2));
        size_t first = b.w->sent_count;
        world_send_frame(b.w, b.c, WSFRAME_FIN | WSFRAME_BINARY, sound, sizeof(sound));
        world_run(b.w, DUR_MS(500));
        settle(&b);
        assert_true(b.w->phone.rtp_len >= first * FRAME + 1600);
        const uint8_t *payload = b.w->phone.rtp_payload + first * FRAME;
        assert_memory_equal(payload, sound + sizeof(sound) - 1600, 1600);
        world_send(b.w, b.c, "HANGUP");
        world_run(b.w, DUR_S(1));
    }
    world_end(b.w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(speakers_in_real_time),
        cmocka_unit_test(the_delay_comes_back),
        cmocka_unit_test(pauses_go_first),
        cmocka_unit_test(clocks_that_differ),
        cmocka_unit_test(a_short_utterance),
        cmocka_unit_test(packets_of_60_ms),
        cmocka_unit_test(never_too_much),
        cmocka_unit_test(files_and_keys),
        cmocka_unit_test(the_setting_and_its_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
