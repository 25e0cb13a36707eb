/* SPDX-License-Identifier: MIT */
/* command.c (SPEC section 3). */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "guard.h"
#include "wsaudio/ws.h"

#define TEXT(literal)                                                                                                  \
    {                                                                                                                  \
        (literal), sizeof(literal) - 1                                                                                 \
    }

static struct ws_command parse(const char *text)
{
    struct ws_command command;
    ws_command_parse(span_cstr(text), &command);
    return command;
}

static void test_every_verb(void **state)
{
    /* Typed from SPEC, not taken from the table. */
    static const struct {
        const char *word;
        enum ws_verb verb;
    } table[] = {
        {"CALL", WS_VERB_CALL},         {"HANGUP", WS_VERB_HANGUP},     {"WAV_UPLOAD", WS_VERB_WAV_UPLOAD},
        {"PLAY_WAV", WS_VERB_PLAY_WAV}, {"STOP_WAV", WS_VERB_STOP_WAV}, {"DTMF", WS_VERB_DTMF},
        {"MEDIA", WS_VERB_MEDIA},       {"MARK", WS_VERB_MARK},         {"CLEAR", WS_VERB_CLEAR},
        {"LIST_WAV", WS_VERB_LIST_WAV}, {"STATS", WS_VERB_STATS},       {"DELETE_WAV", WS_VERB_DELETE_WAV},
        {"LISTEN", WS_VERB_LISTEN},     {"UNLISTEN", WS_VERB_UNLISTEN}, {"ANSWER", WS_VERB_ANSWER},
        {"REJECT", WS_VERB_REJECT},     {"HOLD", WS_VERB_HOLD},         {"RESUME", WS_VERB_RESUME},
        {"TRANSFER", WS_VERB_TRANSFER}, {"LATENCY", WS_VERB_LATENCY},
    };
    char text[32];
    (void)state;
    assert_int_equal(sizeof(table) / sizeof(table[0]), WS_VERB_COUNT - 1);
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        struct ws_command command = parse(table[i].word);
        assert_int_equal(command.verb, table[i].verb);
        assert_false(command.has_arg);
        assert_int_equal(command.arg.len, 0);
        assert_string_equal(ws_verb_name(command.verb), table[i].word);
        (void)snprintf(text, sizeof(text), "%s:a:b", table[i].word);
        command = parse(text);
        assert_int_equal(command.verb, table[i].verb);
        assert_true(command.has_arg);
        assert_true(span_eq(command.arg, SPAN_LIT("a:b")));
    }
    assert_string_equal(ws_verb_name(WS_VERB_COUNT), "UNKNOWN");
}

/* FAULTS 42: verbs are exact. */
static void test_fault_42_exact_verbs(void **state)
{
    static const char *const unknown[] = {"HANGUPXYZ",      "HANGU", "hangup", "Call:1", " HANGUP", "HANGUP ",
                                          "CALL ",          "",      ":",      ":CALL",  "UNKNOWN", "CALL\n",
                                          "WAV_UPLOADX:a:b"};
    (void)state;
    for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++) {
        struct ws_command command = parse(unknown[i]);
        if (command.verb != WS_VERB_UNKNOWN) {
            fail_msg("\"%s\" was taken as %s", unknown[i], ws_verb_name(command.verb));
        }
    }
    assert_true(span_eq(parse("HANGUPXYZ").word, SPAN_LIT("HANGUPXYZ")));
    struct ws_command command = parse("CALL:");
    assert_int_equal(command.verb, WS_VERB_CALL);
    assert_true(command.has_arg);
    assert_int_equal(command.arg.len, 0);
}

static void test_nearest(void **state)
{
    static const struct {
        const char *word;
        enum ws_verb verb;
    } table[] = {
        {"CALL", WS_VERB_CALL},
        {"call", WS_VERB_CALL},
        {"CAL", WS_VERB_CALL},
        {"CALLS", WS_VERB_CALL},
        {"hang_up", WS_VERB_HANGUP},
        {"HANGUPXYZ", WS_VERB_HANGUP},
        {"PLAY", WS_VERB_PLAY_WAV},
        {"playWav", WS_VERB_PLAY_WAV},
        {"UPLOAD", WS_VERB_WAV_UPLOAD},
        {"WAV-UPLOAD", WS_VERB_WAV_UPLOAD},
        {"STOP", WS_VERB_STOP_WAV},
        {"LIST", WS_VERB_LIST_WAV},
        {"STATUS", WS_VERB_STATS},
        {"DELETE", WS_VERB_DELETE_WAV},
        {"LISTENS", WS_VERB_LISTEN},
        {"UNLISTENN", WS_VERB_UNLISTEN},
        {"ANSWERE", WS_VERB_ANSWER},
        {"TRANSFERS", WS_VERB_TRANSFER},
        {"DFMT", WS_VERB_UNKNOWN},
        {"DTFM", WS_VERB_UNKNOWN},
        {"FOO", WS_VERB_UNKNOWN},
        {"", WS_VERB_UNKNOWN},
        {"A", WS_VERB_UNKNOWN},
        {"\xe6\x8e\x9b", WS_VERB_UNKNOWN},
        {"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", WS_VERB_UNKNOWN},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        struct guard g = guard_copy(table[i].word, strlen(table[i].word));
        enum ws_verb verb = ws_verb_nearest(span_make(g.ptr, g.len));
        if (verb != table[i].verb) {
            fail_msg("%s: %s", table[i].word, ws_verb_name(verb));
        }
        guard_free(&g);
    }
    for (int verb = WS_VERB_UNKNOWN + 1; verb < WS_VERB_COUNT; verb++) {
        assert_int_equal(ws_verb_nearest(span_cstr(ws_verb_name((enum ws_verb)verb))), verb);
    }
}

static void test_texts_of_commands(void **state)
{
    static const struct {
        struct span bytes;
        enum ws_verb verb;
        bool maybe;
    } table[] = {
        {TEXT(""), WS_VERB_UNKNOWN, true},          {TEXT("HANG"), WS_VERB_UNKNOWN, true},
        {TEXT("HANGUP"), WS_VERB_HANGUP, true},     {TEXT("HANGUP\r\n\0"), WS_VERB_HANGUP, true},
        {TEXT("HANGUP:"), WS_VERB_HANGUP, false},   {TEXT("HANGUP          "), WS_VERB_HANGUP, false},
        {TEXT("HANGUPX"), WS_VERB_UNKNOWN, false},  {TEXT("hangup"), WS_VERB_UNKNOWN, false},
        {TEXT("UNLISTEN"), WS_VERB_UNLISTEN, true}, {TEXT("LIST_WAV:x"), WS_VERB_LIST_WAV, false},
        {TEXT("\xff\xff"), WS_VERB_UNKNOWN, false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        bool maybe;
        struct guard g = guard_copy(table[i].bytes.ptr, table[i].bytes.len);
        assert_int_equal(ws_verb_of_text(span_make(g.ptr, g.len), &maybe), table[i].verb);
        assert_int_equal(maybe, table[i].maybe);
        guard_free(&g);
    }
}

static void test_word_is_cut(void **state)
{
    (void)state;
    struct ws_command command = parse("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789:x");
    assert_int_equal(command.verb, WS_VERB_UNKNOWN);
    assert_true(span_eq(command.word, SPAN_LIT("ABCDEFGHIJKLMNOPQRSTUVWXYZ012345")));
    assert_true(span_eq(command.arg, SPAN_LIT("x")));
}

static void test_flush_against_a_page(void **state)
{
    static const char text[] = "PLAY_WAV:name.wav";
    (void)state;
    for (size_t len = 0; len < sizeof(text); len++) {
        struct guard g = guard_copy(text, len);
        struct ws_command command;
        ws_command_parse(span_make(g.ptr, len), &command);
        assert_int_equal(command.verb, len >= 8 ? WS_VERB_PLAY_WAV : WS_VERB_UNKNOWN);
        guard_free(&g);
    }
}

/* Parse, write, parse; and the second is the same as the first. */
static void check_read_back(struct span text)
{
    struct ws_command command;
    struct ws_command again;
    char bytes[128];
    struct outbuf out;
    ws_command_parse(text, &command);
    outbuf_init(&out, bytes, sizeof(bytes));
    outbuf_span(&out, command.word);
    outbuf_str(&out, command.has_arg ? ":" : "");
    outbuf_span(&out, command.arg);
    assert_int_equal(outbuf_status(&out), ST_OK);
    ws_command_parse(outbuf_view(&out), &again);
    assert_int_equal(again.verb, command.verb);
    assert_true(span_eq(again.word, command.word) && span_eq(again.arg, command.arg));
    assert_int_equal(again.has_arg, command.has_arg);
    if (command.verb != WS_VERB_UNKNOWN) {
        assert_true(span_eq(outbuf_view(&out), text));
    }
}

static void test_every_byte_change(void **state)
{
    (void)state;
    for (int verb = WS_VERB_UNKNOWN + 1; verb < WS_VERB_COUNT; verb++) {
        char text[64];
        size_t word = strlen(ws_verb_name((enum ws_verb)verb));
        size_t len = (size_t)snprintf(text, sizeof(text), "%s:1001", ws_verb_name((enum ws_verb)verb));
        struct guard g = guard_copy(text, len);
        for (size_t at = 0; at < len; at++) {
            for (int c = 0; c < 256; c++) {
                struct ws_command command;
                g.ptr[at] = (char)c;
                ws_command_parse(span_make(g.ptr, len), &command);
                check_read_back(span_make(g.ptr, len));
                if (c == text[at] || at > word) {
                    assert_int_equal(command.verb, verb);
                } else {
                    assert_int_not_equal(command.verb, verb); /* verbs are exact */
                }
            }
            g.ptr[at] = text[at];
        }
        guard_free(&g);
    }
}

static void test_error_names(void **state)
{
    static const char *const names[] = {"bad_argument",    "bad_base64", "bad_wav",      "too_large",
                                        "quota",           "not_found",  "busy",         "no_call",
                                        "not_established", "denied",     "rate_limited", "unsupported",
                                        "unknown_verb",    "io",         "internal"};
    (void)state;
    assert_int_equal(sizeof(names) / sizeof(names[0]), WS_ERROR_COUNT);
    for (int i = 0; i < WS_ERROR_COUNT; i++) {
        assert_string_equal(ws_error_name((enum ws_error)i), names[i]);
    }
    assert_string_equal(ws_error_name(WS_ERROR_COUNT), "internal");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_verb),        cmocka_unit_test(test_fault_42_exact_verbs),
        cmocka_unit_test(test_nearest),           cmocka_unit_test(test_texts_of_commands),
        cmocka_unit_test(test_word_is_cut),       cmocka_unit_test(test_flush_against_a_page),
        cmocka_unit_test(test_every_byte_change), cmocka_unit_test(test_error_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
