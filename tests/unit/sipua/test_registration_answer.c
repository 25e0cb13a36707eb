/* SPDX-License-Identifier: MIT */
/* What a registrar's final response says (RFC 3261 10.2.4, 10.2.8, 10.3): a table, every truncation, every byte changed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "guard.h"
#include "registration.h"

#define OURS "<sip:201@192.0.2.7:5062>"

static char text[4096];

static struct span response(int code, const char *extra)
{
    int len = snprintf(text, sizeof(text),
                       "SIP/2.0 %d X\r\nVia: SIP/2.0/UDP 192.0.2.7:5062;branch=z9hG4bK1\r\nFrom: <sip:201@h>;tag=1\r\n"
                       "To: <sip:201@h>;tag=2\r\nCall-ID: c\r\nCSeq: 1 REGISTER\r\n%s\r\n",
                       code, extra);
    return span_make(text, (size_t)len);
}

static struct sip_registration_answer read_bytes(struct span datagram, bool *parsed)
{
    struct sip_msg message;
    *parsed = sip_msg_parse(datagram, &message) == SIP_VERDICT_OK && message.status >= 200;
    if (!*parsed) {
        return (struct sip_registration_answer){0};
    }
    return sip_registration_read(&message, SPAN_LIT("sip:201@192.0.2.7:5062"), 600);
}

static struct sip_registration_answer read_answer(int code, const char *extra)
{
    bool parsed;
    struct sip_registration_answer answer = read_bytes(response(code, extra), &parsed);
    assert_true(parsed);
    return answer;
}

static void granted(void **state)
{
    (void)state;
    static const struct {
        const char *extra;
        uint32_t seconds;
    } rows[] = {
        {"", 600},
        {"Expires: 300\r\n", 300},
        {"Expires: 4000000000\r\n", 600},
        {"Contact: " OURS ";expires=120\r\n", 120},
        {"Contact: " OURS ";Expires=120;q=1\r\nExpires: 300\r\n", 120},
        {"Contact: <sip:201@192.0.2.8:5062>;expires=9, " OURS ";expires=120\r\n", 120},
        {"m: <sip:201@192.0.2.7:5062;x=y>;expires=80, " OURS ";expires=120\r\n", 80}, /* equal: 19.1.4 */
        {"Contact: <SIP:%32%30%31@192.0.2.7:5062>;expires=70\r\n", 70},
        {"Contact: " OURS "\r\n", 600},
        {"Contact: " OURS ";expires=\r\nExpires: 50\r\n", 50},
        {"Contact: sip:201@192.0.2.7:5062;expires=60\r\n", 60},
        {"Contact: <sip:x@198.51.100.1>;expires=30\r\n", 30},
        {"Contact: <sip:x@198.51.100.1>;expires=30\r\nExpires: 90\r\n", 30}, /* the shortest that can be ours */
        /* none is ours: the shortest above 0 */
        {"Contact: <sip:x@198.51.100.1>;expires=30, <sip:y@198.51.100.1>;expires=20\r\n", 20},
        {"Contact: <sip:x@198.51.100.1>;expires=30, <sip:y@198.51.100.1>;expires=0, <sip:z@198.51.100.1>\r\n", 30},
        {"Contact: <sip:x@198.51.100.1>, <sip:y@198.51.100.1>\r\n", 600},
        /* ours with other parameters or another user: the address says it */
        {"Contact: <sip:201@192.0.2.7:5062;transport=udp;ob>;expires=8\r\n", 8},
        {"Contact: <sip:line7@192.0.2.7:5062>;expires=8, <sip:201@192.0.2.9:5062>;expires=5\r\n", 8},
        {"Contact: <sip:a@192.0.2.7:5062;x=1>;expires=9, <sip:b@192.0.2.7:5062;x=1>;expires=8\r\n", 8},
        {"Contact: <sip:201@192.0.2.7:5062;ob>;expires=8\r\nExpires: 3600\r\n", 8},
        {"Contact: <sip:201@192.0.2.7:5062;ob>\r\nExpires: 40\r\n", 40},
        {"Contact: <sip:201@192.0.2.7:5062;ob>;expires=\"8\"\r\n", 8},
        /* another port of ours: less sure, but better than somebody else's */
        {"Contact: <sip:201@192.0.2.7:1024>;expires=70, <sip:201@192.0.2.9:5062>;expires=5\r\n", 70},
        {"Contact: <sip:201@192.0.2.7:1024>;expires=5, <sip:201@192.0.2.7:5062;ob>;expires=70\r\n", 70},
        /* what has gone is not ours */
        {"Contact: <sip:201@192.0.2.7:1024>;expires=0, <sip:201@192.0.2.7:5062;ob>;expires=70\r\n", 70},
        {"Contact: <sip:201@192.0.2.7:1024>;expires=0, " OURS ";expires=70\r\n", 70},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct sip_registration_answer answer = read_answer(200, rows[i].extra);
        if (answer.event != SIP_REGISTRATION_EV_OK || answer.seconds != rows[i].seconds) {
            fail_msg("%s: %d %u", rows[i].extra, (int)answer.event, (unsigned)answer.seconds);
        }
    }
    assert_int_equal(read_answer(200, "Contact: " OURS ";expires=0\r\n").event, SIP_REGISTRATION_EV_FAILED);
    assert_int_equal(read_answer(200, "Expires: 0\r\n").event, SIP_REGISTRATION_EV_FAILED);
    assert_int_equal(read_answer(200, "Contact: <sip:x@198.51.100.1>;expires=0\r\n").event, SIP_REGISTRATION_EV_FAILED);
    assert_int_equal(read_answer(202, "").event, SIP_REGISTRATION_EV_OK);
}

/* The registrar keeps the address that it saw. */
static void rewritten(void **state)
{
    (void)state;
    static const struct {
        const char *seen, *extra;
        uint32_t seconds;
    } rows[] = {
        {";received=203.0.113.9;rport=40001",
         "Contact: <sip:201@203.0.113.9:40002>;expires=5, <sip:201@203.0.113.9:40001>;expires=70\r\n", 70},
        {";received=203.0.113.9;rport=40001",
         "Contact: <sip:201@198.51.100.1:40001>;expires=5, <sip:201@203.0.113.9:40003>;expires=70\r\n", 70},
        {";rport=40001", "Contact: <sip:201@192.0.2.7:40001>;expires=70, <sip:201@192.0.2.7>;expires=5\r\n", 70},
        {";received=203.0.113.9", "Contact: <sip:201@203.0.113.9:5062>;expires=70, <sip:x@h>;expires=5\r\n", 70},
        {";received=2001:DB8:0:0::9", "Contact: <sip:201@[2001:db8::9]:5062>;expires=70, <sip:x@h>;expires=5\r\n", 70},
        {"", "Contact: <sip:201@203.0.113.9:5062>;expires=70, <sip:x@h>;expires=5\r\n", 5},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char datagram[1024];
        bool parsed;
        int len = snprintf(
            datagram, sizeof(datagram),
            "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 192.0.2.7:5062;branch=z9hG4bK1%s\r\nFrom: <sip:201@h>;tag=1\r\n"
            "To: <sip:201@h>;tag=2\r\nCall-ID: c\r\nCSeq: 1 REGISTER\r\n%s\r\n",
            rows[i].seen, rows[i].extra);
        struct sip_registration_answer answer = read_bytes(span_make(datagram, (size_t)len), &parsed);
        assert_true(parsed);
        if (answer.event != SIP_REGISTRATION_EV_OK || answer.seconds != rows[i].seconds) {
            fail_msg("%s%s: %u", rows[i].seen, rows[i].extra, (unsigned)answer.seconds);
        }
    }
}

static void brief(void **state)
{
    (void)state;
    struct sip_registration_answer answer = read_answer(423, "Min-Expires: 3600\r\n");
    assert_int_equal(answer.event, SIP_REGISTRATION_EV_AGAIN);
    assert_int_equal(answer.seconds, 3600);
    assert_int_equal(read_answer(423, "Min-Expires: 604800 (a week)\r\n").seconds, 604800);
    assert_int_equal(read_answer(423, "Min-Expires: 604801\r\n").event, SIP_REGISTRATION_EV_REFUSED);
    assert_int_equal(read_answer(423, "Min-Expires: 600\r\n").event, SIP_REGISTRATION_EV_REFUSED);
    assert_int_equal(read_answer(423, "").event, SIP_REGISTRATION_EV_REFUSED);
}

/* Every code is one or the other; what passes by itself is in the list. */
static void failures(void **state)
{
    (void)state;
    for (int code = 300; code < 700; code++) {
        bool passes =
            code < 400 || (code >= 500 && code < 600) || code == 408 || code == 429 || code == 480 || code == 491;
        struct sip_registration_answer answer = read_answer(code, "Retry-After: 7 (busy)\r\n");
        assert_int_equal(answer.event, passes ? SIP_REGISTRATION_EV_FAILED : SIP_REGISTRATION_EV_REFUSED);
        assert_int_equal(answer.retry_after, 7);
    }
    assert_int_equal(read_answer(503, "").retry_after, -1);
}

static const char rich[] = "Contact: \"a, b\" <sip:x@h>;expires=5, " OURS ";q=0.7;expires=120\r\nExpires: 30\r\n"
                           "Min-Expires: 900\r\nRetry-After: 5;duration=9\r\n";

static void check(struct sip_registration_answer answer)
{
    assert_true(answer.event == SIP_REGISTRATION_EV_OK || answer.event == SIP_REGISTRATION_EV_AGAIN ||
                answer.event == SIP_REGISTRATION_EV_FAILED || answer.event == SIP_REGISTRATION_EV_REFUSED);
    assert_true(answer.event != SIP_REGISTRATION_EV_OK || (answer.seconds > 0 && answer.seconds <= 600));
    assert_true(answer.event != SIP_REGISTRATION_EV_AGAIN ||
                (answer.seconds > 600 && answer.seconds <= SIP_REGISTRATION_EXPIRES_MAX));
}

static void truncated_and_changed(void **state)
{
    (void)state;
    static const int codes[] = {200, 423};
    bool parsed;
    for (size_t c = 0; c < 2; c++) {
        struct span whole = response(codes[c], rich);
        for (size_t len = 0; len <= whole.len; len++) {
            struct guard page = guard_copy(whole.ptr, len);
            struct sip_registration_answer answer = read_bytes(span_make(page.ptr, len), &parsed);
            if (parsed) {
                check(answer);
            }
            guard_free(&page);
        }
        for (size_t i = 0; i < whole.len; i++) {
            char was = text[i];
            for (int value = 0; value < 256; value++) {
                text[i] = (char)value;
                struct sip_registration_answer answer = read_bytes(whole, &parsed);
                if (parsed) {
                    check(answer);
                }
            }
            text[i] = was;
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(granted),
        cmocka_unit_test(rewritten),
        cmocka_unit_test(brief),
        cmocka_unit_test(failures),
        cmocka_unit_test(truncated_and_changed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
