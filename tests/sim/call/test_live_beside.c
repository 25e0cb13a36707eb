/* SPDX-License-Identifier: MIT */
/* Live audio beside everything else of a call, on a virtual clock.
 *
 *  files           go first; live audio waits behind them; marks of both; STOP_WAV
 *  refused         no call, before the answer, format off: once, and nothing of it is kept
 *  the end         of a call with audio and marks waiting
 *  far end         PCMA, 40 and 60 ms packets, one that holds, late ticks
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "live_bench.h"

/* ---- files ---- */

static void files_go_first(void **state)
{
    struct bench b = up();
    size_t first = b.w->sent_count;

    (void)state;
    put_wav(&b, "a", 100000, 1000);
    put_wav(&b, "b", 110000, 320);
    speak(&b, 0, 1700);
    world_send(b.w, b.c, "MARK:live");
    world_run(b.w, DUR_MS(40));
    settle(&b);
    size_t before = b.w->sent_count - first;
    world_send(b.w, b.c, "PLAY_WAV:a");
    world_send(b.w, b.c, "MARK:a");
    world_send(b.w, b.c, "PLAY_WAV:b");
    world_send(b.w, b.c, "MARK:b");
    world_run(b.w, DUR_S(1));
    left(&b, first, b.sound, before * FRAME, 0);
    left(&b, first + before, b.sound + 100000, 1000, 120); /* starts with the next 20 ms */
    left(&b, first + before + 7, b.sound + 110000, 320, 0);
    left(&b, first + before + 9, b.sound + before * FRAME, 1700 - before * FRAME, FRAME);
    const struct world_client *client = &b.w->clients[b.c];
    static const char *const order[] = {"WAV_ACK:開始播放檔案 a",
                                        "WAV_DONE:a",
                                        "MARK:a",
                                        "WAV_ACK:開始播放檔案 b",
                                        "WAV_DONE:b",
                                        "MARK:b",
                                        "MARK:live"};
    for (size_t i = 0; i < 7; i++) {
        assert_string_equal(client->texts[client->text_count - 7 + i], order[i]);
    }
    every_20_ms(&b);
    down(&b);
}

static void clear_leaves_files_alone(void **state)
{
    struct bench b = up();
    size_t first = b.w->sent_count;

    (void)state;
    put_wav(&b, "a", 100000, 1600);
    world_send(b.w, b.c, "PLAY_WAV:a");
    world_send(b.w, b.c, "MARK:file");
    speak(&b, 0, 800);
    world_send(b.w, b.c, "MARK:live");
    world_run(b.w, DUR_MS(60));
    world_send(b.w, b.c, "CLEAR");
    world_send(b.w, b.c, "MARK:also file"); /* of what is still there */
    world_run(b.w, 0);
    assert_int_equal(told(&b, "MARK:live"), 1);
    assert_int_equal(told(&b, "MARK:"), 1);
    world_run(b.w, DUR_MS(300));
    left(&b, first, b.sound + 100000, 1600, FRAME);
    assert_int_equal(told(&b, "MARK:file"), 1);
    assert_int_equal(told(&b, "MARK:also file"), 1);
    down(&b);
}

static void stop_tells_the_marks_of_files(void **state)
{
    struct bench b = up();

    (void)state;
    put_wav(&b, "a", 100000, 8000);
    world_send(b.w, b.c, "PLAY_WAV:a");
    world_send(b.w, b.c, "MARK:1");
    world_send(b.w, b.c, "PLAY_WAV:a");
    world_send(b.w, b.c, "MARK:2");
    speak(&b, 0, 800);
    world_send(b.w, b.c, "MARK:live");
    world_run(b.w, DUR_MS(60));
    assert_int_equal(told(&b, "MARK:"), 0);
    size_t sent = b.w->sent_count;
    world_send(b.w, b.c, "STOP_WAV");
    world_run(b.w, 0);
    const struct world_client *client = &b.w->clients[b.c];
    assert_string_equal(client->texts[client->text_count - 3], "WAV_DONE:a:stopped");
    assert_string_equal(client->texts[client->text_count - 2], "MARK:1");
    assert_string_equal(client->texts[client->text_count - 1], "MARK:2");
    world_run(b.w, DUR_MS(200));
    left(&b, sent, b.sound, 800, FRAME); /* now it is the live lane's turn */
    assert_int_equal(told(&b, "MARK:live"), 1);
    down(&b);
}

/* Stopped before its first packet: its start was not told, and so is not its end. */
static void stop_before_the_first_packet(void **state)
{
    struct bench b = up();

    (void)state;
    put_wav(&b, "a", 100000, 8000);
    size_t sent = b.w->sent_count;
    world_send(b.w, b.c, "PLAY_WAV:a");
    world_send(b.w, b.c, "MARK:1");
    world_send(b.w, b.c, "STOP_WAV");
    world_run(b.w, 0);
    assert_int_equal(told(&b, "MARK:1"), 1);
    world_run(b.w, DUR_MS(200));
    assert_int_equal(told(&b, "WAV_"), 0);
    left(&b, sent, b.sound, 0, 5 * FRAME);
    world_send(b.w, b.c, "PLAY_WAV:a");
    world_send(b.w, b.c, "HANGUP");
    world_run(b.w, DUR_S(1));
    assert_int_equal(told(&b, "WAV_"), 0);
    assert_int_equal(b.w->play_open, 0);
    down(&b);
}

/* It is deleted before its turn: its mark is told all the same. */
static void a_file_that_cannot_be_played_any_more(void **state)
{
    struct bench b = up();

    (void)state;
    put_wav(&b, "a", 100000, 1600);
    put_wav(&b, "gone", 100000, 1600);
    world_send(b.w, b.c, "PLAY_WAV:a");
    world_send(b.w, b.c, "PLAY_WAV:gone");
    world_send(b.w, b.c, "MARK:gone");
    world_send(b.w, b.c, "DELETE_WAV:gone");
    world_run(b.w, DUR_MS(600));
    assert_int_equal(told(&b, "WAV_ACK:播放檔案 gone 失敗: "), 1);
    assert_int_equal(told(&b, "MARK:gone"), 1);
    down(&b);
}

/* ---- refused ---- */

static void audio_without_a_call(void **state)
{
    struct bench b = {.w = world_new(4, NULL)};
    static const uint8_t sound[320];

    (void)state;
    b.c = world_connect(b.w);
    world_send_frame(b.w, b.c, WSFRAME_FIN | WSFRAME_BINARY, sound, 0); /* no audio in it */
    world_run(b.w, 0);
    assert_int_equal(told(&b, "ERROR:"), 0);
    for (int i = 0; i < 5; i++) {
        world_send_frame(b.w, b.c, WSFRAME_FIN | WSFRAME_BINARY, sound, sizeof(sound));
    }
    world_send(b.w, b.c, "MARK:a");
    world_send(b.w, b.c, "CLEAR");
    world_run(b.w, 0);
    assert_int_equal(told(&b, "ERROR:MEDIA:no_call:"), 1); /* once until the next CALL */
    assert_int_equal(told(&b, "ERROR:MARK:no_call:"), 1);
    assert_int_equal(told(&b, "ERROR:CLEAR:no_call:"), 1);
    assert_int_equal(told(&b, "ERROR:"), 3);
    world_send(b.w, b.c, "CALL:1");
    world_send_frame(b.w, b.c, WSFRAME_FIN | WSFRAME_BINARY, sound, sizeof(sound));
    world_send_frame(b.w, b.c, WSFRAME_FIN | WSFRAME_BINARY, sound, sizeof(sound));
    world_send(b.w, b.c, "MARK:a");
    world_send(b.w, b.c, "CLEAR");
    world_run(b.w, 0);
    assert_int_equal(told(&b, "ERROR:MEDIA:not_established:"), 1);
    assert_int_equal(told(&b, "ERROR:MARK:not_established:"), 1);
    assert_int_equal(told(&b, "ERROR:CLEAR:not_established:"), 1);
    world_wait(b.w, b.c, "CALL_STATE:established", S5);
    world_run(b.w, DUR_S(1));
    left(&b, 0, NULL, 0, 30 * FRAME); /* nothing of it was kept */
    assert_int_equal(told(&b, "ERROR:"), 6);
    world_send(b.w, b.c, "HANGUP");
    world_send_frame(b.w, b.c, WSFRAME_FIN | WSFRAME_BINARY, sound, sizeof(sound));
    world_run(b.w, 0);
    assert_int_equal(told(&b, "ERROR:MEDIA:no_call:"), 2); /* a CALL came between */
    world_end(b.w);
}

/* A message whose first half came before the answer is refused whole. */
static void a_message_across_the_answer(void **state)
{
    struct bench b = {.w = world_new(5, NULL)};
    static const uint8_t sound[320];

    (void)state;
    b.c = world_connect(b.w);
    world_send(b.w, b.c, "CALL:1");
    world_send_frame(b.w, b.c, WSFRAME_BINARY, sound, sizeof(sound));
    world_wait(b.w, b.c, "CALL_STATE:established", S5);
    world_send_frame(b.w, b.c, WSFRAME_FIN | WSFRAME_CONT, sound, sizeof(sound));
    assert_int_equal(gateway_stats(b.w->gateway).media.live_held, 0);
    world_send_frame(b.w, b.c, WSFRAME_FIN | WSFRAME_BINARY, sound, sizeof(sound));
    assert_int_equal(gateway_stats(b.w->gateway).media.live_held, 1024);
    assert_int_equal(told(&b, "ERROR:"), 1);
    world_end(b.w);
}

static void audio_while_the_format_is_off(void **state)
{
    struct bench b = up();
    size_t first = b.w->sent_count;

    (void)state;
    speak(&b, 0, 800);
    world_send(b.w, b.c, "MEDIA:off");
    speak(&b, 800, 800);
    speak(&b, 800, 800);
    world_run(b.w, 0);
    assert_int_equal(told(&b, "ERROR:MEDIA:denied:"), 1); /* once until the next MEDIA */
    world_send(b.w, b.c, "MEDIA:rtp");
    speak(&b, 800, 800);
    world_run(b.w, DUR_MS(500));
    left(&b, first, b.sound, 1600, FRAME); /* what was queued before is sent */
    assert_int_equal(told(&b, "ERROR:"), 1);
    down(&b);
}

static void send_binary(struct bench *b, const char *text, size_t len, size_t cut)
{
    world_send_frame(b->w, b->c, WSFRAME_BINARY, text, cut);
    world_send_frame(b->w, b->c, WSFRAME_FIN | WSFRAME_CONT, text + cut, len - cut);
}

/* Samples that are no silence, from there on. */
static size_t audible(const struct bench *b, size_t from)
{
    size_t loud = 0;
    for (size_t i = from; i < b->w->phone.rtp_len; i++) {
        loud += b->w->phone.rtp_payload[i] != 0xFF ? 1 : 0;
    }
    return loud;
}

/* That text was heard in one piece, and nothing else. */
static bool heard(const struct bench *b, size_t from, const char *text)
{
    size_t len = strlen(text);
    bool found = false;
    for (size_t i = from; i + len <= b->w->phone.rtp_len && !found; i++) {
        found = memcmp(b->w->phone.rtp_payload + i, text, len) == 0;
    }
    return found && audible(b, from) == len;
}

/* Nor is it heard as noise when it can be nothing else: told once. */
static void binary_is_never_a_command(void **state) /* fault 42 */
{
    static const struct {
        const char *text;
        size_t len;
    } mistakes[] = {
        {"HANGUP", 6},    {"HANGUP\r\n", 8},  {"STATS\0", 6}, {"CALL:echo", 9},      {"PLAY_WAV:", 9},
        {"CLEAR  \0", 8}, {"DELETE_WAV", 10}, {"HANGUP:", 7}, {"WAV_UPLOAD:a:", 13}, {"HANGUP              ", 20}};
    struct bench b = up();

    (void)state;
    settle(&b);
    size_t before = b.w->phone.rtp_len;
    for (size_t i = 0; i < sizeof(mistakes) / sizeof(mistakes[0]); i++) {
        for (size_t cut = 0; cut <= mistakes[i].len; cut++) {
            send_binary(&b, mistakes[i].text, mistakes[i].len, cut);
        }
    }
    world_run(b.w, DUR_S(1));
    assert_int_equal(b.w->phone.byes, 0);
    assert_int_equal(told(&b, "ERROR:HANGUP:bad_argument:a command is a text message"), 1);
    assert_int_equal(told(&b, "ERROR:"), 1);
    settle(&b);
    assert_int_equal(audible(&b, before), 0);
    down(&b);
}

/* Audio that begins like a verb is audio, to the last sample. */
static void audio_that_begins_like_a_verb(void **state)
{
    static const char *const sounds[] = {"HANGUX", "HANGU",  "STATS.",  "CALLE",     "C",
                                         "MEDI",   "hangup", "XHANGUP", "LISTENING", "WAV_UPLOADS:"};

    (void)state;
    for (size_t i = 0; i < sizeof(sounds) / sizeof(sounds[0]); i++) {
        for (size_t cut = 0; cut <= strlen(sounds[i]); cut++) {
            struct bench b = up();
            settle(&b);
            size_t before = b.w->phone.rtp_len;
            send_binary(&b, sounds[i], strlen(sounds[i]), cut);
            world_run(b.w, DUR_S(1));
            settle(&b);
            assert_int_equal(told(&b, "ERROR:"), 0);
            assert_true(heard(&b, before, sounds[i]));
            down(&b);
        }
    }
}

/* ---- the end of a call ---- */

static void the_end_with_audio_waiting(void **state)
{
    struct bench b = up();

    (void)state;
    put_wav(&b, "a", 100000, 8000);
    speak(&b, 0, 100000);
    world_send(b.w, b.c, "MARK:live");
    world_send(b.w, b.c, "PLAY_WAV:a");
    world_send(b.w, b.c, "MARK:file");
    world_run(b.w, DUR_MS(100));
    world_send(b.w, b.c, "HANGUP");
    world_run(b.w, DUR_S(1));
    assert_int_equal(gateway_stats(b.w->gateway).media.live_held, 0);
    assert_int_equal(told(&b, "WAV_DONE:a:stopped"), 1);
    assert_int_equal(told(&b, "MARK:"), 0); /* they were not reached */
    assert_int_equal(told(&b, "MEDIA_XON"), 0);
    world_send(b.w, b.c, "CALL:1"); /* the next call begins with nothing */
    world_run(b.w, DUR_S(1));
    size_t sent = b.w->sent_count;
    speak(&b, 0, 90000);
    world_run(b.w, DUR_MS(200));
    assert_int_equal(told(&b, "MEDIA_XOFF"), 2);
    left(&b, sent, b.sound, 8 * FRAME, 0);
    down(&b);
}

/* ---- the far end ---- */

#define SDP(codec, extra)                                                                                              \
    "v=0\r\no=phone 1 1 IN IP4 10.0.0.9\r\ns=-\r\nc=IN IP4 10.0.0.9\r\nt=0 0\r\nm=audio 30000 RTP/AVP " codec          \
    "\r\n" extra

static void a_far_end_with_alaw_only(void **state)
{
    struct bench b = up_with(NULL, SDP("8", ""));
    size_t first = b.w->sent_count;

    (void)state;
    speak(&b, 0, 1600);
    world_run(b.w, DUR_MS(400));
    settle(&b);
    for (size_t i = 0; i < 1600; i++) {
        assert_int_equal(b.w->phone.rtp_payload[first * FRAME + i], linear_to_alaw(ulaw_to_linear(b.sound[i])));
    }
    assert_int_equal(b.w->phone.rtp_payload[first * FRAME + 1600], 0xD5);
    down(&b);
}

static void packets_of_40_and_60_ms(void **state)
{
    (void)state;
    for (size_t ms = 40; ms <= 60; ms += 20) {
        struct bench b = up_with(NULL, ms == 40 ? SDP("0", "a=ptime:40\r\n") : SDP("0", "a=ptime:60\r\n"));
        size_t samples = ms * 8;
        size_t first = b.w->sent_count;
        speak(&b, 0, 1000);
        world_send(b.w, b.c, "MARK:m");
        speak(&b, 1000, 600);
        world_send(b.w, b.c, "MARK:n");
        world_run(b.w, DUR_S(1));
        settle(&b);
        left(&b, first * samples / FRAME, b.sound, 1600, FRAME); /* the mark leaves no trace */
        assert_int_equal(told(&b, "MARK:"), 2);
        down(&b);
    }
}

/* A far end that only sends is sent nothing; what is queued waits, and CLEAR still works. */
static void a_far_end_that_holds(void **state)
{
    struct bench b = up_with(NULL, SDP("0", "a=sendonly\r\n"));

    (void)state;
    speak(&b, 0, 1600);
    world_send(b.w, b.c, "MARK:m");
    world_run(b.w, DUR_S(2));
    assert_int_equal(b.w->sent_count, 0);
    assert_int_equal(told(&b, "MARK:"), 0);
    world_send(b.w, b.c, "CLEAR");
    world_run(b.w, 0);
    assert_int_equal(told(&b, "MARK:m"), 1);
    down(&b);
}

/* Packets that are skipped take no audio with them. */
static void late_ticks_lose_nothing(void **state)
{
    struct bench b = up();
    size_t first = b.w->sent_count;

    (void)state;
    speak(&b, 0, 16000);
    for (int i = 0; i < 4; i++) {
        world_run(b.w, DUR_MS(111));
        world_stall(b.w, DUR_MS(50 + i * 70));
    }
    world_run(b.w, DUR_S(3));
    left(&b, first, b.sound, 16000, FRAME);
    down(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_go_first),
        cmocka_unit_test(clear_leaves_files_alone),
        cmocka_unit_test(stop_tells_the_marks_of_files),
        cmocka_unit_test(stop_before_the_first_packet),
        cmocka_unit_test(a_file_that_cannot_be_played_any_more),
        cmocka_unit_test(audio_without_a_call),
        cmocka_unit_test(a_message_across_the_answer),
        cmocka_unit_test(audio_while_the_format_is_off),
        cmocka_unit_test(binary_is_never_a_command),
        cmocka_unit_test(audio_that_begins_like_a_verb),
        cmocka_unit_test(the_end_with_audio_waiting),
        cmocka_unit_test(a_far_end_with_alaw_only),
        cmocka_unit_test(packets_of_40_and_60_ms),
        cmocka_unit_test(a_far_end_that_holds),
        cmocka_unit_test(late_ticks_lose_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
