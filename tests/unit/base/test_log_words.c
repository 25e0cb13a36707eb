/* SPDX-License-Identifier: MIT */
/* log_words.c: reasons of ours in the log's language. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "wsaudio/base/log_words.h"

static const struct log zh = {.zh = true};
static const struct log en = {.zh = false};

static void test_both_languages(void **state)
{
    static const char *const table[][2] = {
        {TEXT_EN_WORD_CLIENT_LOST, TEXT_ZH_WORD_CLIENT_LOST},
        {"longer than 3600 s", "超過 3600 秒"},
        {"no media received for 30 s", "30 秒未收到媒體"},
        {"no media received for 5 s (packets of payload type 96 from [2001:db8::1]:4000 were dropped)",
         "5 秒未收到媒體 (已丟棄負載類型 96、來自 [2001:db8::1]:4000 的封包)"},
        {"no media received for 5 s (packets, no RTP, from 192.0.2.1:9 were dropped)",
         "5 秒未收到媒體 (已丟棄來自 192.0.2.1:9 的非 RTP 封包)"},
        {"no media received for 5 s (packets from 192.0.2.1:9 were dropped)",
         "5 秒未收到媒體 (已丟棄來自 192.0.2.1:9 的封包)"},
        {"Request Timeout (a message of the far end could not be read: Bad CSeq)",
         "Request Timeout (無法讀取對方的訊息: Bad CSeq)"},
        {"line 12 is over 256 bytes or has a control character", "第 12 行超過 256 位元組或含有控制字元"},
        {"out of memory", TEXT_ZH_WORD_NO_MEMORY},
        {"unknown", TEXT_ZH_WORD_UNKNOWN}, /* the last but those of other rooms */
        {TEXT_EN_WORD_WS_KEY, TEXT_ZH_WORD_WS_KEY},
    };
    char buf[LOG_WORDS_MAX];

    (void)state;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        assert_string_equal(log_words(&zh, table[i][0], buf), table[i][1]);
        assert_ptr_equal(log_words(&en, table[i][0], buf), table[i][0]);
        assert_ptr_equal(log_words(NULL, table[i][0], buf), table[i][0]);
    }
}

static void test_what_is_not_ours_stays(void **state)
{
    static const char *const others[] = {"",
                                         "OK",
                                         "Busy Here",
                                         "longer than  s",
                                         "longer than x s",
                                         "longer than 3600 s ",
                                         "longer than 3600",
                                         "full of it",
                                         "no media received for 5 s (packets from  were dropped)",
                                         "no media received for 5 s (packets from 192.0.2.1:9 were dropped",
                                         "no media received for 5 s (packets from 192.0.2.1:9",
                                         " (a message of the far end could not be read: x)",
                                         "ful",
                                         "%u",
                                         "longer than %lld s",
                                         "Permission denied"};
    char buf[LOG_WORDS_MAX];
    char digits[600];

    (void)state;
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        assert_ptr_equal(log_words(&zh, others[i], buf), others[i]);
    }
    snprintf(digits, sizeof(digits), "longer than %0500d s", 1);
    assert_true(strlen(log_words(&zh, digits, buf)) < LOG_WORDS_MAX); /* numbers that long are nobody's */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_both_languages),
        cmocka_unit_test(test_what_is_not_ours_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
