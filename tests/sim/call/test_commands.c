/* SPDX-License-Identifier: MIT */
/* Every command of SPEC section 3 and every way to refuse it, over the whole gateway on a virtual clock.
 *
 *  not due          verbs of later versions are refused, never taken and ignored
 *  fault 42         verbs are exact; a refused command changes nothing
 *  arguments        missing, too many, malformed (fault 41)
 *  states           each verb without a call, before the answer, and in the call
 *  lines            --max-calls, no ports, no socket
 *  lists            empty, long, slow reader, commands behind it, client gone in the middle
 *  delete           also while it plays
 *  play             the ring is full, a file goes before its turn
 *  unread control   64 KiB: 1013
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "wavgen.h"
#include "world.h"
#include "wsframe.h"

#define S5 DUR_S(5)

static const char *last_text(const struct world *w, size_t c)
{
    const struct world_client *client = &w->clients[c];
    return client->text_count > 0 ? client->texts[client->text_count - 1] : "";
}

/* Sends and expects exactly one answer that begins so. */
static void refused(struct world *w, size_t c, const char *command, const char *answer)
{
    size_t before = w->clients[c].text_count;

    world_send(w, c, command);
    world_run(w, 0);
    if (w->clients[c].text_count != before + 1 || strncmp(last_text(w, c), answer, strlen(answer)) != 0) {
        fail_msg("%s: %zu answers, the last %s, not %s", command, w->clients[c].text_count - before, last_text(w, c),
                 answer);
    }
}

static void established(struct world *w, size_t c)
{
    world_send(w, c, "CALL:0938220136");
    world_wait(w, c, "CALL_STATE:established", S5);
}

static void put_wav(struct world *w, const char *name, uint32_t samples)
{
    uint8_t *data = malloc(samples);
    uint8_t *file = malloc(samples + 256u);

    assert_non_null(data);
    assert_non_null(file);
    for (uint32_t i = 0; i < samples; i++) {
        data[i] = (uint8_t)(i / 160 % 200 + 1);
    }
    struct wavgen g = {.data = data, .data_len = samples};
    size_t len = wavgen_build(file, samples + 256u, &g);
    world_put_file(w, name, file, len);
    free(data);
    free(file);
}

/* ---- words ---- */

static const char *const not_due[] = {"HOLD", "RESUME", "TRANSFER"};

static void verbs_that_are_not_due(void **state)
{
    struct world *w = world_new(1, NULL);
    size_t c = world_connect(w);

    (void)state;
    for (int in_call = 0; in_call < 2; in_call++) {
        for (size_t i = 0; i < sizeof(not_due) / sizeof(not_due[0]); i++) {
            char command[64];
            char answer[64];
            snprintf(answer, sizeof(answer), "ERROR:%s:unsupported:", not_due[i]);
            refused(w, c, not_due[i], answer);
            snprintf(command, sizeof(command), "%s:1", not_due[i]);
            refused(w, c, command, answer);
        }
        if (in_call == 0) {
            established(w, c);
        }
    }
    assert_int_equal(world_messages(w, true, "INVITE "), 1); /* no re-INVITE, no REFER */
    assert_int_equal(world_messages(w, true, "REFER "), 0);
    world_end(w);
}

static void fault_42_verbs_are_exact(void **state)
{
    static const char *const wrong[][2] = {
        {"HANGUPXYZ", "ERROR:HANGUPXYZ:unknown_verb:no such command; HANGUP is the nearest"},
        {"hangup", "ERROR:hangup:unknown_verb:verbs are upper case: HANGUP"},
        {"Hangup:", "ERROR:Hangup:unknown_verb:verbs are upper case: HANGUP"},
        {" HANGUP", "ERROR: HANGUP:unknown_verb:nothing but HANGUP or HANGUP:arguments is understood"},
        {"\"HANGUP\"", "ERROR:\"HANGUP\":unknown_verb:nothing but HANGUP or"},
        {"CALL 0912", "ERROR:CALL 0912:unknown_verb:nothing but CALL or CALL:arguments is understood"},
        {"call=0912", "ERROR:call=0912:unknown_verb:verbs are upper case: CALL"},
        {"HANGU", "ERROR:HANGU:unknown_verb:no such command; HANGUP is the nearest"},
        {"hangup\nSTATS", "ERROR:hangup?STATS:unknown_verb:verbs are upper case: HANGUP"},
        {"", "ERROR::unknown_verb:the message is empty"},
        {":", "ERROR::unknown_verb:no such command; there are CALL HANGUP "},
        {"\r\n", "ERROR::unknown_verb:the message is empty"},
        {"CALLX:1", "ERROR:CALLX:unknown_verb:no such command; CALL is the nearest"},
        {"STATS2", "ERROR:STATS2:unknown_verb:no such command; STATS is the nearest"},
        {"STATUS", "ERROR:STATUS:unknown_verb:no such command; STATS is the nearest"},
        {"LIST_WAVS", "ERROR:LIST_WAVS:unknown_verb:no such command; LIST_WAV is the nearest"},
        {"PLAYWAV:x", "ERROR:PLAYWAV:unknown_verb:no such command; PLAY_WAV is the nearest"},
        {"PLAY:x", "ERROR:PLAY:unknown_verb:no such command; PLAY_WAV is the nearest"},
        {"upload:x", "ERROR:upload:unknown_verb:no such command; WAV_UPLOAD is the nearest"},
        {"FOO", "ERROR:FOO:unknown_verb:no such command; there are CALL HANGUP WAV_UPLOAD PLAY_WAV"},
        {"WAV_UPLOAD2:a:b", "ERROR:WAV_UPLOAD2:unknown_verb:no such command; WAV_UPLOAD is the nearest"},
        {"掛斷", "ERROR:掛斷:unknown_verb:no such command; there are CALL"},
        {"{\"type\":\"CALL\"}",
         "ERROR:{\"type\":unknown_verb:no JSON is spoken here: a command is text, VERB or VERB:"},
        {"\n[\"CALL\",\n\"echo\"]", "ERROR:?[\"CALL\",?\"echo\"]:unknown_verb:no JSON is spoken here"},
    };
    struct world *w = world_new(2, NULL);
    size_t c = world_connect(w);

    (void)state;
    established(w, c);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        refused(w, c, wrong[i][0], wrong[i][1]);
    }
    char longest[200];
    memset(longest, 'A', sizeof(longest));
    longest[199] = '\0';
    refused(w, c, longest, "ERROR:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA:unknown_verb:");
    world_send_frame(w, c, WSFRAME_FIN | WSFRAME_BINARY, "HANGUP", 6); /* binary is audio, never a command */
    world_run(w, DUR_S(1));
    assert_int_equal(world_count(w, c, "CALL_STATE:ended"), 0);
    assert_int_equal(world_messages(w, true, "BYE "), 0);
    world_send(w, c, "\xef\xbb\xbfHANGUP \t\r\n\r\n"); /* what stands around a message is ignored */
    world_wait(w, c, "CALL_STATE:ended:200:", S5);
    world_end(w);
}

/* One message, one command: what stands behind is not carried out, and neither is what stands before it. */
static void two_commands_in_one_message(void **state)
{
    static const char *const both[][2] = {
        {"HANGUP\nHANGUP", "ERROR:HANGUP:bad_argument:one message is one command"},
        {"HANGUP\r\nSTATS", "ERROR:HANGUP:bad_argument:one message is one command"},
        {"STATS\rHANGUP\n", "ERROR:STATS:bad_argument:one message is one command"},
        {"CALL:echo\nHANGUP", "ERROR:CALL:bad_argument:one message is one command"},
        {"MARK:a\nHANGUP", "ERROR:MARK:bad_argument:one message is one command"},
        {"DTMF:1\nDTMF:2", "ERROR:DTMF:bad_argument:one message is one command"},
        {"PLAY_WAV:a\nHANGUP", "WAV_ACK:播放檔案 a?HANGUP 失敗: "},
    };
    struct world *w = world_new(18, NULL);
    size_t c = world_connect(w);

    (void)state;
    established(w, c);
    for (size_t i = 0; i < sizeof(both) / sizeof(both[0]); i++) {
        refused(w, c, both[i][0], both[i][1]);
    }
    size_t before = w->clients[c].text_count;
    world_send_frame(w, c, WSFRAME_FIN | WSFRAME_TEXT, "STATS\0HANGUP", 12);
    world_run(w, 0);
    assert_int_equal(w->clients[c].text_count, before + 1);
    assert_int_equal(world_count(w, c, "ERROR:STATS:bad_argument:one message is one command"), 2);
    assert_int_equal(world_count(w, c, "CALL_STATE:ended"), 0);
    assert_int_equal(world_count(w, c, "MARK:"), 0);
    world_end(w);
}

static void arguments(void **state)
{
    static const char *const wrong[][2] = {
        {"HANGUP:", "ERROR:HANGUP:bad_argument:"},
        {"HANGUP:x", "ERROR:HANGUP:bad_argument:"},
        {"STOP_WAV:x", "ERROR:STOP_WAV:bad_argument:"},
        {"LIST_WAV:x", "ERROR:LIST_WAV:bad_argument:"},
        {"STATS:x", "ERROR:STATS:bad_argument:"},
        {"CALL", "ERROR:CALL:bad_argument:"},
        {"MEDIA", "ERROR:MEDIA:bad_argument:"},
        {"DELETE_WAV", "ERROR:DELETE_WAV:bad_argument:"},
        {"WAV_UPLOAD", "ERROR:WAV_UPLOAD:bad_argument:"},
        {"MEDIA:", "ERROR:MEDIA:bad_argument:"},
        {"MEDIA:HEX", "ERROR:MEDIA:bad_argument:'HEX': expected one of hex, "},
        {"MEDIA: hex", "ERROR:MEDIA:bad_argument:"},
        {"MEDIA:opus", "ERROR:MEDIA:bad_argument:'opus': expected one of "},
        {"HANGUP:now", "ERROR:HANGUP:bad_argument:HANGUP takes no argument"},
        {"LISTEN:all", "ERROR:LISTEN:bad_argument:LISTEN takes no argument"},
        {"ANSWER:1", "ERROR:ANSWER:bad_argument:"},
        {"CLEAR:x", "ERROR:CLEAR:bad_argument:"},
        {"DTMF", "ERROR:DTMF:bad_argument:an argument is missing: DTMF:"},
        {"MARK", "ERROR:MARK:bad_argument:"},
        {"REJECT:", "ERROR:REJECT:bad_argument:"},
        {"MEDIA:l16/8000", "ERROR:MEDIA:bad_argument:"},
        {"PLAY_WAV", "WAV_ACK:播放檔案  失敗: "}, /* SPEC: a failed PLAY_WAV, bad names included, sends no ERROR */
        {"PLAY_WAV:", "WAV_ACK:播放檔案  失敗: "},
        {"PLAY_WAV:../../../etc/passwd", "WAV_ACK:播放檔案 ../../../etc/passwd 失敗: "}, /* fault 36 */
        {"PLAY_WAV:a\tb", "WAV_ACK:播放檔案 a?b 失敗: "},
        {"DELETE_WAV:", "ERROR:DELETE_WAV:bad_argument:"},
        {"DELETE_WAV:../x", "ERROR:DELETE_WAV:bad_argument:the name '../x' is not allowed"},
        {"DELETE_WAV:a:b", "ERROR:DELETE_WAV:bad_argument:"},
        {"DELETE_WAV:.hidden", "ERROR:DELETE_WAV:bad_argument:"},
        {"DELETE_WAV:nobody \r\n", "ERROR:DELETE_WAV:not_found:no upload is named 'nobody'"},
    };
    struct world *w = world_new(3, NULL);
    size_t c = world_connect(w);

    (void)state;
    for (int in_call = 0; in_call < 2; in_call++) {
        for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
            if (in_call == 1 && strcmp(wrong[i][0], "CALL") == 0) {
                continue;
            }
            refused(w, c, wrong[i][0], wrong[i][1]);
        }
        if (in_call == 0) {
            established(w, c);
        }
    }
    assert_int_equal(world_count(w, c, "CALL_STATE:ended"), 0);
    world_end(w);
}

/* fault 41 */
static void fault_41_targets(void **state)
{
    static const char *const bad[] = {"",
                                      " ",
                                      "()",
                                      "@",
                                      "sip:",
                                      "sips:a@b",
                                      "tel:123",
                                      "123@10.9.9.9;x=y",
                                      "a b",
                                      "_name",
                                      "名字",
                                      "1\r\nX: y",
                                      "sip:a@b\r\nX: y",
                                      "sip:a@b?X=y",
                                      "sip:a@b;maddr=10.9.9.9",
                                      "a/b",
                                      "a:b",
                                      "<sip:a@b>",
                                      "5550100x12",
                                      "\uff10\uff19"};
    static const char *const good[][2] = {
        {"0938-220.136", "INVITE sip:0938220136@10.0.0.9 "},
        {"(02) 2345 6789", "INVITE sip:0223456789@10.0.0.9 "},
        {"+8862", "INVITE sip:+8862@10.0.0.9 "},
        {"*1#", "INVITE sip:*1%23@10.0.0.9 "},
        {"\u202a0911\u200b\u2011345\u00a0\u202c", "INVITE sip:0911345@10.0.0.9 "},
        {"bob.smith-2", "INVITE sip:bob.smith-2@10.0.0.9 "},
        {"sip:a@b", "INVITE sip:a@b "},
    };
    struct world *w = world_new(4, NULL);
    size_t c = world_connect(w);

    (void)state;
    char command[128];
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        snprintf(command, sizeof(command), "CALL:%s", bad[i]);
        refused(w, c, command, "ERROR:CALL:bad_argument:");
    }
    refused(w, c, "CALL:555-0100 ext. 12", "ERROR:CALL:bad_argument:a number is dialled without its extension");
    memset(command, 'n', sizeof(command));
    memcpy(command, "CALL:", 5);
    command[5 + 65] = '\0';
    refused(w, c, command, "ERROR:CALL:bad_argument:"); /* 65 letters: refused, not cut */
    assert_int_equal(w->message_count, 0);
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        snprintf(command, sizeof(command), "CALL:%s", good[i][0]);
        world_send(w, c, command);
        assert_int_equal(world_messages(w, true, good[i][1]), 1);
        world_send(w, c, "HANGUP");
    }
    world_end(w);
}

/* ---- states ---- */

static void reach(struct world *w, size_t c, int phase)
{
    static const char *const told[] = {"", "CALL_STATE:trying", "CALL_STATE:ringing", "CALL_STATE:early",
                                       "CALL_STATE:established"};

    w->phone.plan.ring_ms = phase == 2 ? 20 : -1;
    w->phone.plan.early_ms = phase == 3 ? 20 : -1;
    w->phone.plan.final_ms = phase == 4 ? 50 : -1;
    if (phase > 0) {
        world_send(w, c, "CALL:1");
        world_wait(w, c, told[phase], S5);
    }
}

/* no call, trying, ringing, early, established: what each verb says. */
static void every_verb_in_every_state(void **state)
{
    static const struct {
        const char *command;
        const char *answer[5]; /* NULL: no answer at all */
    } rows[] = {
        {"CALL:2",
         {"CALL_STATE:trying", "ERROR:CALL:busy:", "ERROR:CALL:busy:", "ERROR:CALL:busy:", "ERROR:CALL:busy:"}},
        {"STOP_WAV",
         {"ERROR:STOP_WAV:no_call:", "ERROR:STOP_WAV:not_established:", "ERROR:STOP_WAV:not_established:",
          "ERROR:STOP_WAV:not_established:", NULL}},
        {"STATS",
         {"ERROR:STATS:no_call:", "ERROR:STATS:not_established:", "ERROR:STATS:not_established:",
          "ERROR:STATS:not_established:", "CALL_STATS:call_id="}},
        {"PLAY_WAV:nope",
         {"WAV_ACK:播放檔案 nope 失敗: there is no call", "WAV_ACK:播放檔案 nope 失敗: the call has not",
          "WAV_ACK:播放檔案 nope 失敗: the call has not", "WAV_ACK:播放檔案 nope 失敗: the call has not",
          "WAV_ACK:播放檔案 nope 失敗: no such file"}},
        {"MEDIA:rtp \r\n", {"MEDIA:rtp", "MEDIA:rtp", "MEDIA:rtp", "MEDIA:rtp", "MEDIA:rtp"}},
        {"LIST_WAV", {"WAV_LIST_END:0", "WAV_LIST_END:0", "WAV_LIST_END:0", "WAV_LIST_END:0", "WAV_LIST_END:0"}},
        {"DELETE_WAV:x",
         {"ERROR:DELETE_WAV:not_found:", "ERROR:DELETE_WAV:not_found:", "ERROR:DELETE_WAV:not_found:",
          "ERROR:DELETE_WAV:not_found:", "ERROR:DELETE_WAV:not_found:"}},
        {"HANGUP", /* last: it ends the call */
         {"ERROR:HANGUP:no_call:", "CALL_STATE:ended:487:", "CALL_STATE:ended:487:", "CALL_STATE:ended:487:", NULL}},
    };

    (void)state;
    for (int phase = 0; phase < 5; phase++) {
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
            struct world *w = world_new(5, NULL);
            size_t c = world_connect(w);
            reach(w, c, phase);
            if (rows[i].answer[phase] != NULL) {
                refused(w, c, rows[i].command, rows[i].answer[phase]);
            } else {
                size_t before = w->clients[c].text_count;
                world_send(w, c, rows[i].command);
                world_run(w, 0);
                bool hangup = strcmp(rows[i].command, "HANGUP") == 0; /* figures, then ended */
                assert_int_equal(w->clients[c].text_count, before + (hangup ? 2 : 0));
            }
            world_end(w);
        }
    }
}

/* ---- the log ---- */

/* --lang zh: a reason that is ours is Chinese in the log and English on the wire; the far end's own stays. */
static void reasons_in_the_logs_language(void **state)
{
    struct gateway_config config = world_config();
    config.calls.no_media = DUR_S(5);
    config.calls.max_call = DUR_S(60);
    struct world *w = world_new(19, &config);
    size_t c = world_connect(w);

    (void)state;
    w->log.zh = true;
    established(w, c);
    world_wait(w, c, "CALL_STATE:ended:0:no media received for 5 s", DUR_S(20));
    assert_int_equal(world_logged(w, "通話 0938220136 結束: 0 5 秒未收到媒體"), 1);
    w->phone.plan.echo = true;
    established(w, c);
    world_wait(w, c, "CALL_STATE:ended:0:longer than 60 s", DUR_S(70));
    assert_int_equal(world_logged(w, "結束: 0 超過 60 秒"), 1);
    w->media_status = ST_FULL;
    refused(w, c, "CALL:1", "ERROR:CALL:busy:");
    assert_int_equal(world_logged(w, "無法撥打 1: 已滿"), 1);
    w->media_status = ST_OK;
    established(w, c);
    world_run(w, DUR_S(1)); /* another call was established before */
    world_disconnect(w, c);
    world_run(w, DUR_S(1));
    assert_int_equal(world_logged(w, "結束: 200 客戶端連線已中斷"), 1);
    world_end(w);
}

/* ---- lines ---- */

static void all_lines_in_use(void **state)
{
    struct gateway_config config = world_config();
    config.calls.max_calls = 2;
    struct world *w = world_new(6, &config);
    size_t a = world_connect(w);
    size_t b = world_connect(w);
    size_t c = world_connect(w);

    (void)state;
    world_send(w, a, "CALL:1");
    world_send(w, b, "CALL:2");
    refused(w, c, "CALL:3", "ERROR:CALL:busy:");
    refused(w, a, "CALL:4", "ERROR:CALL:busy:");
    assert_int_equal(world_messages(w, true, "INVITE "), 2);
    world_send(w, a, "HANGUP"); /* a call being ended is outside --max-calls */
    world_send(w, c, "CALL:3");
    world_run(w, DUR_S(1));
    assert_int_equal(world_count(w, c, "CALL_STATE:trying"), 1);
    assert_int_equal(world_messages(w, true, "INVITE sip:3@"), 1);
    world_end(w);
}

static void fault_25_no_ports(void **state)
{
    struct world *w = world_new(7, NULL);
    size_t c = world_connect(w);

    (void)state;
    w->media_status = ST_FULL;
    refused(w, c, "CALL:1", "ERROR:CALL:busy:");
    w->media_status = ST_IO;
    refused(w, c, "CALL:1", "ERROR:CALL:io:");
    w->media_status = ST_NO_MEMORY;
    refused(w, c, "CALL:1", "ERROR:CALL:internal:");
    assert_int_equal(w->message_count, 0);
    w->media_status = ST_OK;
    established(w, c); /* the connection is free for the next try */
    world_end(w);
}

/* ---- lists ---- */

static void list_empty_and_full(void **state)
{
    struct world *w = world_new(8, NULL);
    size_t c = world_connect(w);

    (void)state;
    refused(w, c, "LIST_WAV", "WAV_LIST_END:0");
    put_wav(w, "a.wav", 160);
    put_wav(w, "聲音 2", 320);
    world_send(w, c, "LIST_WAV");
    world_wait(w, c, "WAV_LIST_END:2", S5);
    assert_int_equal(world_count(w, c, "WAV_LIST:a.wav:204:20"), 1);
    assert_int_equal(world_count(w, c, "WAV_LIST:聲音 2:364:20"), 1);
    w->list_status = ST_IO;
    refused(w, c, "LIST_WAV", "ERROR:LIST_WAV:io:");
    world_end(w);
}

static void list_for_a_slow_reader(void **state)
{
    struct world *w = world_new(9, NULL);
    size_t c = world_connect(w);

    (void)state;
    established(w, c); /* its ticks are turns in which lines could be written */
    size_t before = w->clients[c].text_count;
    w->list_extra = 3000; /* some 80 KiB of lines */
    w->clients[c].reading = false;
    world_send(w, c, "LIST_WAV");
    world_send(w, c, "MEDIA:rtp"); /* waits for its turn */
    world_run(w, DUR_S(10));
    assert_true(w->list_open);
    assert_int_equal(w->clients[c].close_code, 0);
    w->clients[c].reading = true;
    world_wait(w, c, "WAV_LIST_END:3000", S5);
    world_wait(w, c, "MEDIA:rtp", S5);
    assert_string_equal(last_text(w, c), "MEDIA:rtp"); /* behind the list's end */
    assert_int_equal(world_count(w, c, "WAV_LIST:extra"), 3000);
    for (size_t i = 0; i < 3000; i++) {
        char line[64];
        snprintf(line, sizeof(line), "WAV_LIST:extra%06zu:%zu:1", i, i);
        assert_string_equal(w->clients[c].texts[before + i], line);
    }
    world_end(w);
}

/* However many list: a turn has one share for all of them, and everybody comes to the end. */
static void lists_of_many_clients(void **state)
{
    static const struct {
        uint32_t reads;
        size_t most;
    } rows[] = {{0, 48}, {1, 24}, {150, 1}};

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct world *w = world_new(12, NULL);
        size_t c[WORLD_CLIENTS];
        for (size_t k = 0; k < WORLD_CLIENTS; k++) {
            c[k] = world_connect(w);
        }
        established(w, c[0]);
        w->list_extra = 100;
        w->list_reads = rows[i].reads;
        for (size_t k = 0; k < WORLD_CLIENTS; k++) {
            world_send(w, c[k], "LIST_WAV");
        }
        world_run(w, DUR_S(20)); /* all begin together: none is through before the others have got something */
        for (size_t k = 0; k < WORLD_CLIENTS; k++) {
            assert_string_equal(last_text(w, c[k]), "WAV_LIST_END:100");
            assert_int_equal(world_count(w, c[k], "WAV_LIST:extra"), 100);
        }
        assert_in_range(w->list_calls_most, 1, rows[i].most);
        world_end(w);
    }
}

static void client_leaves_in_the_middle_of_a_list(void **state)
{
    struct world *w = world_new(10, NULL);
    size_t c = world_connect(w);

    (void)state;
    w->list_extra = 5000;
    w->clients[c].reading = false;
    world_send(w, c, "LIST_WAV");
    world_run(w, DUR_S(1));
    assert_true(w->list_open);
    world_disconnect(w, c);
    assert_false(w->list_open);
    world_end(w);
}

/* ---- delete ---- */

static void delete_also_while_it_plays(void **state)
{
    struct world *w = world_new(11, NULL);
    size_t c = world_connect(w);

    (void)state;
    put_wav(w, "a", 40000);
    established(w, c);
    world_send(w, c, "PLAY_WAV:a");
    world_wait(w, c, "WAV_ACK:開始播放檔案 a", S5);
    refused(w, c, "DELETE_WAV:a", "WAV_DELETED:a");
    refused(w, c, "DELETE_WAV:a", "ERROR:DELETE_WAV:not_found:");
    refused(w, c, "PLAY_WAV:a", "WAV_ACK:播放檔案 a 失敗: no such file");
    world_wait(w, c, "WAV_DONE:a", DUR_S(6)); /* what plays is played to its end */
    size_t loud = 0;
    for (size_t i = 0; i < w->phone.rtp_len; i++) {
        loud += w->phone.rtp_payload[i] != 0xFF ? 1 : 0;
    }
    world_run(w, DUR_MS(20));
    assert_in_range(loud, 40000 - 320, 40000);
    w->remove_status = ST_IO;
    refused(w, c, "DELETE_WAV:b", "ERROR:DELETE_WAV:io:");
    world_end(w);
}

/* ---- play and stop ---- */

static void ring_of_files_is_full(void **state)
{
    struct world *w = world_new(12, NULL);
    size_t c = world_connect(w);

    (void)state;
    put_wav(w, "a", 1600);
    established(w, c);
    world_send(w, c, "PLAY_WAV:a");
    world_wait(w, c, "WAV_ACK:開始播放檔案 a", S5);
    for (int i = 0; i < 32; i++) {
        world_send(w, c, "PLAY_WAV:a");
    }
    assert_int_equal(world_count(w, c, "WAV_ACK:播放檔案 a 失敗"), 0);
    refused(w, c, "PLAY_WAV:a", "WAV_ACK:播放檔案 a 失敗: too many");
    world_run(w, DUR_S(10));
    assert_int_equal(world_count(w, c, "WAV_DONE:a"), 33); /* those that were taken are all played */
    world_end(w);
}

static void a_file_goes_before_its_turn(void **state)
{
    struct world *w = world_new(13, NULL);
    size_t c = world_connect(w);

    (void)state;
    put_wav(w, "a", 1600);
    put_wav(w, "b", 1600);
    put_wav(w, "c", 1600);
    established(w, c);
    world_send(w, c, "PLAY_WAV:a");
    world_send(w, c, "PLAY_WAV:b");
    world_send(w, c, "PLAY_WAV:c");
    world_send(w, c, "DELETE_WAV:b");
    world_wait(w, c, "WAV_DONE:c", S5);
    assert_int_equal(world_count(w, c, "WAV_ACK:播放檔案 b 失敗: no such file"), 1);
    assert_int_equal(world_count(w, c, "WAV_DONE:b"), 0);
    assert_int_equal(world_count(w, c, "WAV_DONE:a"), 1);
    world_end(w);
}

static void stop_with_nothing_playing_and_twice(void **state)
{
    struct world *w = world_new(14, NULL);
    size_t c = world_connect(w);

    (void)state;
    put_wav(w, "a", 8000);
    established(w, c);
    world_send(w, c, "STOP_WAV");
    world_send(w, c, "PLAY_WAV:a");
    world_send(w, c, "STOP_WAV"); /* before its first frame */
    world_run(w, DUR_MS(100));
    assert_int_equal(world_count(w, c, "WAV_ACK:開始播放檔案"), 0);
    world_send(w, c, "PLAY_WAV:a");
    world_wait(w, c, "WAV_ACK:開始播放檔案 a", S5);
    world_send(w, c, "STOP_WAV");
    world_send(w, c, "STOP_WAV");
    world_run(w, DUR_S(2));
    assert_int_equal(world_count(w, c, "WAV_DONE:a:stopped"), 1);
    assert_int_equal(world_count(w, c, "ERROR:"), 0);
    w->play_status = ST_IO;
    refused(w, c, "PLAY_WAV:a", "WAV_ACK:播放檔案 a 失敗: the file cannot be read");
    world_end(w);
}

static void far_end_leaves_while_it_plays(void **state)
{
    struct world *w = world_new(15, NULL);
    size_t c = world_connect(w);

    (void)state;
    put_wav(w, "a", 80000);
    w->phone.plan.bye_ms = 1000;
    established(w, c);
    world_send(w, c, "PLAY_WAV:a");
    world_wait(w, c, "CALL_STATE:ended:200:", S5);
    assert_int_equal(world_count(w, c, "WAV_DONE:a:stopped"), 1);
    const struct world_client *client = &w->clients[c];
    assert_true(strncmp(client->texts[client->text_count - 3], "WAV_DONE:a:stopped", 18) == 0);
    assert_true(strncmp(client->texts[client->text_count - 2], "CALL_STATS:", 11) == 0); /* just before ended */
    refused(w, c, "PLAY_WAV:a", "WAV_ACK:播放檔案 a 失敗: there is no call");
    world_end(w);
}

/* ---- limits of a connection ---- */

static void long_commands(void **state)
{
    struct world *w = world_new(16, NULL);
    size_t c = world_connect(w);
    char *text = malloc(9000);

    (void)state;
    assert_non_null(text);
    memset(text, 'x', 9000);
    memcpy(text, "CALL:", 5);
    text[8192] = '\0';
    refused(w, c, text, "ERROR:CALL:bad_argument:"); /* 8 KiB is read */
    text[8192] = 'x';
    text[8193] = '\0';
    refused(w, c, text, "ERROR:CALL:too_large:");
    refused(w, c, "STATS", "ERROR:STATS:no_call:"); /* and the connection goes on */
    free(text);
    world_end(w);
}

static void control_text_that_nobody_reads(void **state)
{
    struct world *w = world_new(17, NULL);
    size_t c = world_connect(w);
    size_t sent = 0;

    (void)state;
    established(w, c);
    w->clients[c].reading = false;
    for (;;) {
        const struct ws_conn *conn = gateway_client_conn(w->gateway, w->clients[c].id);
        assert_non_null(conn);
        if (ws_conn_control_queued(conn) >= 65000) {
            break;
        }
        world_send(w, c, "STATS");
        assert_true(++sent < 5000);
    }
    w->clients[c].reading = true; /* below the bound nothing was dropped */
    world_run(w, DUR_MS(100));
    assert_int_equal(w->clients[c].close_code, 0);
    assert_int_equal(world_count(w, c, "CALL_STATS:"), sent);
    w->clients[c].reading = false;
    for (size_t i = 0; i < sent + 20; i++) {
        world_send(w, c, "STATS");
    }
    w->clients[c].reading = true;
    world_run(w, DUR_S(1));
    assert_int_equal(w->clients[c].close_code, 1013);
    world_run(w, DUR_S(10));
    assert_int_equal(w->phone.byes, 1); /* its call went with it */
    world_end(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(verbs_that_are_not_due),
        cmocka_unit_test(fault_42_verbs_are_exact),
        cmocka_unit_test(two_commands_in_one_message),
        cmocka_unit_test(arguments),
        cmocka_unit_test(fault_41_targets),
        cmocka_unit_test(every_verb_in_every_state),
        cmocka_unit_test(reasons_in_the_logs_language),
        cmocka_unit_test(all_lines_in_use),
        cmocka_unit_test(fault_25_no_ports),
        cmocka_unit_test(list_empty_and_full),
        cmocka_unit_test(list_for_a_slow_reader),
        cmocka_unit_test(lists_of_many_clients),
        cmocka_unit_test(client_leaves_in_the_middle_of_a_list),
        cmocka_unit_test(delete_also_while_it_plays),
        cmocka_unit_test(ring_of_files_is_full),
        cmocka_unit_test(a_file_goes_before_its_turn),
        cmocka_unit_test(stop_with_nothing_playing_and_twice),
        cmocka_unit_test(far_end_leaves_while_it_plays),
        cmocka_unit_test(long_commands),
        cmocka_unit_test(control_text_that_nobody_reads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
