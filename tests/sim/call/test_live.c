/* SPDX-License-Identifier: MIT */
/* Live audio from a client to the phone, through the whole gateway on a virtual clock: what leaves, when, and what the client
 * hears of it.
 *
 *  smooth          bursts, odd sizes, fragments: each packet 20 ms apart, every byte once and in order
 *  remainder       waits for the next message; padded after 40 ms
 *  MARK            told in the turn in which the last sample before it leaves; at once when nothing waits; limits
 *  CLEAR           at every place of a burst: the next packet is silence; its marks are told in order
 *  XOFF, XON       at their bounds; 60 s; the memory of all
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "live_bench.h"

/* ---- smooth ---- */

static void one_message_of_ten_seconds(void **state)
{
    struct bench b = up();
    size_t first = b.w->sent_count;

    (void)state;
    speak(&b, 0, 80000);
    world_run(b.w, DUR_S(11));
    left(&b, first, b.sound, 80000, 30 * FRAME);
    every_20_ms(&b);
    assert_int_equal(told(&b, "MEDIA"), 0); /* 10 s are not over 10 s */
    down(&b);
}

static void bursts_of_any_size(void **state)
{
    static const size_t sizes[] = {1,     159, 160,  161, 3, 7777, 320, 16384, 999,
                                   12000, 40,  5000, 1,   2, 8000, 0,   6000,  9999};
    struct bench b = up();
    size_t first = b.w->sent_count;
    size_t at = 20000;

    (void)state;
    speak(&b, 0, at); /* enough for the pauses behind */
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        speak(&b, at, sizes[i]);
        at += sizes[i];
        world_run(b.w, (dur_us)(i * 37000 % 250000));
    }
    world_run(b.w, DUR_S(12));
    left(&b, first, b.sound, at, FRAME);
    every_20_ms(&b);
    down(&b);
}

static void fragments_and_chunks(void **state)
{
    (void)state;
    for (size_t chunk = 0; chunk < 4; chunk++) {
        struct bench b = up();
        size_t first = b.w->sent_count;
        b.w->clients[b.c].chunk = chunk * 97;
        world_send_frame(b.w, b.c, WSFRAME_BINARY, b.sound, 5000);
        world_send_frame(b.w, b.c, WSFRAME_CONT, b.sound + 5000, 0);
        world_send_frame(b.w, b.c, WSFRAME_CONT, b.sound + 5000, 1);
        world_send_frame(b.w, b.c, WSFRAME_FIN | WSFRAME_CONT, b.sound + 5001, 2999);
        world_run(b.w, DUR_S(2));
        left(&b, first, b.sound, 8000, FRAME);
        down(&b);
    }
}

/* One message each 20 ms, always a little early or late, with a few in front. */
static void a_sender_that_keeps_the_pace(void **state)
{
    struct bench b = up();
    size_t first = b.w->sent_count;

    (void)state;
    speak(&b, 0, 5 * FRAME);
    for (size_t i = 5; i < 505; i++) {
        dur_us early = (dur_us)(i * 7919 % 15000);
        world_run(b.w, DUR_MS(20) - early);
        speak(&b, i * FRAME, FRAME);
        world_run(b.w, early);
    }
    world_run(b.w, DUR_S(1));
    left(&b, first, b.sound, 505 * FRAME, FRAME);
    every_20_ms(&b);
    down(&b);
}

/* ---- remainder ---- */

static void a_remainder_waits(void **state)
{
    struct bench b = up();

    (void)state;
    speak(&b, 0, 100);
    world_run(b.w, DUR_MS(39));
    settle(&b);
    size_t first = b.w->sent_count;
    for (size_t i = 0; i < b.w->phone.rtp_len; i++) {
        assert_int_equal(b.w->phone.rtp_payload[i], 0xFF);
    }
    speak(&b, 100, 60); /* the frame is whole */
    world_run(b.w, DUR_MS(60));
    left(&b, first, b.sound, 160, FRAME);
    down(&b);
}

static void a_remainder_is_padded_after_40_ms(void **state)
{
    struct bench b = up();
    mono_us spoken = b.w->now;

    (void)state;
    speak(&b, 0, 100);
    world_run(b.w, DUR_MS(500));
    settle(&b);
    size_t at = 0;
    while (b.w->phone.rtp_payload[at] == 0xFF) {
        at++;
    }
    assert_int_equal(at % FRAME, 0);
    mono_us sent = b.w->sent[at / FRAME].at;
    assert_true(sent - spoken >= DUR_MS(40) && sent - spoken < DUR_MS(60));
    left(&b, at / FRAME, b.sound, 100, 60 + FRAME);
    down(&b);
}

/* The remainder of a burst is not at its turn yet when the next burst comes, 600 ms later. */
static void a_remainder_inside_the_queue_is_no_gap(void **state)
{
    struct bench b = up();
    size_t first = b.w->sent_count;

    (void)state;
    speak(&b, 0, 8100);
    world_run(b.w, DUR_MS(600));
    speak(&b, 8100, 1500);
    world_run(b.w, DUR_S(2));
    left(&b, first, b.sound, 9600, FRAME);
    down(&b);
}

static void a_mark_pads_nothing(void **state)
{
    struct bench b = up();
    size_t first = b.w->sent_count;

    (void)state;
    speak(&b, 0, 200);
    world_send(b.w, b.c, "MARK:m");
    speak(&b, 200, 320);
    world_run(b.w, DUR_MS(400));
    left(&b, first, b.sound, 520, 120 + FRAME);
    assert_int_equal(told(&b, "MARK:m"), 1);
    down(&b);
}

/* ---- MARK ---- */

/* Marks behind every size of audio: each is told in the turn in which its last sample left, not before. */
static void marks_are_told_to_the_tick(void **state)
{
    struct bench b = up();
    size_t first = b.w->sent_count;
    size_t packets[40];
    size_t at = 0;

    (void)state;
    for (size_t i = 0; i < 40; i++) {
        char text[32];
        size_t len = i * 53 % 700;
        speak(&b, at, len);
        at += len;
        packets[i] = first + (at + FRAME - 1) / FRAME;
        snprintf(text, sizeof(text), "MARK:%zu", i);
        world_send(b.w, b.c, text);
        world_run(b.w, 0);
    }
    for (size_t i = 0; i < 40; i++) {
        char text[32];
        snprintf(text, sizeof(text), "MARK:%zu", i);
        while (b.w->sent_count < packets[i]) {
            assert_int_equal(told(&b, text), 0);
            step(&b);
        }
        assert_int_equal(told(&b, text), 1);
        if (b.w->sent_count > first) {
            assert_int_equal(b.w->sent[packets[i] - 1].at, b.w->now);
        }
    }
    world_run(b.w, DUR_S(1));
    assert_int_equal(told(&b, "MARK:"), 40);
    down(&b);
}

static void marks_with_nothing_before_them(void **state)
{
    struct bench b = up();

    (void)state;
    world_send(b.w, b.c, "MARK:a:b c");
    world_run(b.w, 0);
    assert_int_equal(told(&b, "MARK:a:b c"), 1);
    speak(&b, 0, 160);
    world_run(b.w, DUR_MS(30));
    world_send(b.w, b.c, "MARK:標記");
    world_run(b.w, 0);
    assert_int_equal(told(&b, "MARK:標記"), 1); /* all that was queued has left */
    down(&b);
}

static void names_of_marks(void **state)
{
    struct bench b = up();
    char text[80] = "MARK:";

    (void)state;
    static const char *const bad[] = {"MARK", "MARK:", "MARK:a\tb", "MARK:a\x7f", "MARK:\xc2\x85"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        world_send(b.w, b.c, bad[i]);
        world_run(b.w, 0);
        assert_int_equal(told(&b, "ERROR:MARK:bad_argument:"), i + 1);
    }
    memset(text + 5, 'x', 65);
    world_send(b.w, b.c, text);
    world_run(b.w, 0);
    assert_int_equal(told(&b, "ERROR:MARK:bad_argument:"), 6);
    text[5 + 64] = '\0';
    world_send(b.w, b.c, text);
    world_run(b.w, 0);
    assert_int_equal(told(&b, text), 1);
    assert_int_equal(told(&b, "MARK:"), 1);
    down(&b);
}

static void marks_have_a_limit(void **state)
{
    struct bench b = up();
    char text[32];

    (void)state;
    speak(&b, 0, 320);
    for (int i = 0; i < 256; i++) {
        snprintf(text, sizeof(text), "MARK:%d", i);
        world_send(b.w, b.c, text);
    }
    world_run(b.w, 0);
    assert_int_equal(told(&b, "ERROR:"), 0);
    world_send(b.w, b.c, "MARK:more");
    world_run(b.w, 0);
    assert_int_equal(told(&b, "ERROR:MARK:busy:"), 1);
    world_run(b.w, DUR_MS(60));
    assert_int_equal(told(&b, "MARK:"), 256);
    world_send(b.w, b.c, "MARK:more"); /* there is room again */
    world_run(b.w, 0);
    assert_int_equal(told(&b, "MARK:more"), 1);
    down(&b);
}

/* ---- CLEAR ---- */

/* In every frame of a burst, just behind its tick, in the middle and just before the next. */
static void clear_at_every_place(void **state)
{
    static const dur_us places[] = {1, 10000, 19999};

    (void)state;
    for (size_t frame = 0; frame < 12; frame++) {
        for (size_t p = 0; p < 3; p++) {
            struct bench b = up();
            size_t first = b.w->sent_count;
            speak(&b, 0, 700);
            world_send(b.w, b.c, "MARK:1");
            speak(&b, 700, 900);
            world_send(b.w, b.c, "MARK:2");
            world_send(b.w, b.c, "MARK:3");
            while (b.w->sent_count < first + frame) {
                step(&b);
            }
            mono_us tick = b.w->sent[b.w->sent_count - 1].at;
            world_run(b.w, (tick + places[p] > b.w->now ? tick + places[p] : b.w->now + 1) - b.w->now);
            size_t sent = b.w->sent_count;
            world_send(b.w, b.c, "CLEAR");
            world_run(b.w, 0);
            assert_int_equal(told(&b, "MARK:"), 3); /* at once */
            const struct world_client *client = &b.w->clients[b.c];
            assert_string_equal(client->texts[client->text_count - 1], "MARK:3");
            assert_string_equal(client->texts[client->text_count - 2], "MARK:2");
            assert_string_equal(client->texts[client->text_count - 3], "MARK:1");
            assert_int_equal(gateway_stats(b.w->gateway).media.live_held, 0);
            world_run(b.w, DUR_MS(100));
            left(&b, sent, b.sound, 0, 3 * FRAME); /* nothing of it leaves any more */
            down(&b);
        }
    }
}

static void clear_and_what_comes_behind_it(void **state)
{
    struct bench b = up();

    (void)state;
    world_send(b.w, b.c, "CLEAR"); /* nothing there */
    speak(&b, 0, 90000);
    assert_int_equal(told(&b, "MEDIA_XOFF"), 1);
    world_run(b.w, DUR_MS(100));
    world_send(b.w, b.c, "CLEAR");
    world_run(b.w, 0);
    assert_int_equal(told(&b, "MEDIA_XON"), 1);
    size_t sent = b.w->sent_count;
    speak(&b, 1000, 800); /* the new answer begins with the next packet */
    world_send(b.w, b.c, "CLEAR:now");
    world_run(b.w, DUR_MS(300));
    left(&b, sent, b.sound + 1000, 800, FRAME);
    assert_int_equal(told(&b, "ERROR:CLEAR:bad_argument:"), 1);
    assert_int_equal(told(&b, "ERROR:"), 1);
    down(&b);
}

/* ---- XOFF, XON and limits ---- */

static void flow_at_its_bounds(void **state)
{
    struct bench b = up();
    size_t first = b.w->sent_count;

    (void)state;
    speak(&b, 0, 80000);
    world_run(b.w, 0);
    assert_int_equal(told(&b, "MEDIA_XOFF"), 0);
    speak(&b, 80000, 1); /* over 10 s */
    world_run(b.w, 0);
    assert_int_equal(told(&b, "MEDIA_XOFF"), 1);
    speak(&b, 80001, 4959);
    size_t packets = (84960 - 16000) / FRAME + 1; /* one more than leaves 2 s or more */
    while (b.w->sent_count < first + packets) {
        assert_int_equal(told(&b, "MEDIA_XON"), 0);
        step(&b);
    }
    assert_int_equal(told(&b, "MEDIA_XON"), 1);
    assert_int_equal(b.w->sent[first + packets - 1].at, b.w->now);
    speak(&b, 84960, 64200); /* 10 s again, and a little */
    world_run(b.w, 0);
    assert_int_equal(told(&b, "MEDIA_XOFF"), 2);
    world_run(b.w, DUR_S(12));
    assert_int_equal(told(&b, "MEDIA_XON"), 2);
    left(&b, first, b.sound, 84960 + 64200, FRAME);
    down(&b);
}

static void no_more_than_a_minute(void **state)
{
    struct bench b = up();
    size_t first = b.w->sent_count;

    (void)state;
    speak(&b, 0, 300000);
    speak(&b, 300000, 180000);
    assert_int_equal(told(&b, "ERROR:"), 0);
    speak(&b, 480000, 5000); /* refused, the newest */
    speak(&b, 485000, 5000);
    world_run(b.w, 0);
    assert_int_equal(told(&b, "ERROR:MEDIA:too_large:"), 1);
    assert_int_equal(told(&b, "ERROR:"), 1);
    world_run(b.w, DUR_MS(200));
    speak(&b, 0, 800); /* there is room again */
    world_run(b.w, DUR_S(62));
    left(&b, first, b.sound, 480000, 0);
    left(&b, first + 3000, b.sound, 800, FRAME);
    assert_int_equal(told(&b, "MEDIA_XON"), 1);
    speak(&b, 0, 480001); /* told anew after the XON; of this message one byte is refused */
    world_run(b.w, 0);
    assert_int_equal(told(&b, "ERROR:MEDIA:too_large:"), 2);
    world_run(b.w, DUR_S(61));
    down(&b);
}

static void the_memory_of_all(void **state)
{
    struct gateway_config config = world_config();

    (void)state;
    config.calls.media_buffer = 16 * 1024;
    struct bench b = up_with(&config, NULL);
    struct bench other = b;
    other.c = world_connect(b.w);
    world_send(b.w, other.c, "CALL:2");
    world_wait(b.w, other.c, "CALL_STATE:established", S5);
    speak(&b, 0, 12000);
    assert_int_equal(gateway_stats(b.w->gateway).media.live_held, 12 * 1024);
    speak(&other, 0, 12000); /* 4 KiB of it find room */
    world_run(b.w, 0);
    assert_int_equal(gateway_stats(b.w->gateway).media.live_held, 16 * 1024);
    assert_int_equal(told(&b, "ERROR:"), 0);
    assert_int_equal(told(&other, "ERROR:MEDIA:too_large:"), 1);
    speak(&other, 0, 100);
    world_run(b.w, 0);
    assert_int_equal(told(&other, "ERROR:"), 1); /* once */
    world_run(b.w, DUR_S(2));
    assert_int_equal(gateway_stats(b.w->gateway).media.live_held, 0);
    down(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_message_of_ten_seconds),
        cmocka_unit_test(bursts_of_any_size),
        cmocka_unit_test(fragments_and_chunks),
        cmocka_unit_test(a_sender_that_keeps_the_pace),
        cmocka_unit_test(a_remainder_waits),
        cmocka_unit_test(a_remainder_is_padded_after_40_ms),
        cmocka_unit_test(a_remainder_inside_the_queue_is_no_gap),
        cmocka_unit_test(a_mark_pads_nothing),
        cmocka_unit_test(marks_are_told_to_the_tick),
        cmocka_unit_test(marks_with_nothing_before_them),
        cmocka_unit_test(names_of_marks),
        cmocka_unit_test(marks_have_a_limit),
        cmocka_unit_test(clear_at_every_place),
        cmocka_unit_test(clear_and_what_comes_behind_it),
        cmocka_unit_test(flow_at_its_bounds),
        cmocka_unit_test(no_more_than_a_minute),
        cmocka_unit_test(the_memory_of_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
