/* SPDX-License-Identifier: MIT */
/* Messages cut out of a byte stream.
 *
 * cut                      RFC 3261 18.3: messages by their Content-Length, several in one piece, bodies with blank lines and
 *                          start lines in them, lone LFs, the compact form, a folded value
 * keep_alives              RFC 5626 3.5.1: CRLF and CRLFCRLF between messages; RFC 3261 7.5: other line ends are nothing
 * every_split              all of that in two pieces and byte by byte: the same
 * truncated                every beginning of a message is MORE, and takes nothing away
 * refused                  Content-Length absent, empty, no number, too large for a number, negative, twice and different;
 *                          the head is shown, so that it can be answered; nothing behind it is believed
 * longest                  the bound on head and body, to the byte, however it comes
 * agrees_with_the_parser   sip_msg_parse reads a frame to its last byte
 * at_the_page              input flush against an inaccessible page */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "guard.h"
#include "wsaudio/sipmsg/message.h"
#include "wsaudio/sipmsg/stream.h"

#define MAX 4096

#define HEAD                                                                                                           \
    "OPTIONS sip:a@h SIP/2.0\r\nVia: SIP/2.0/TCP 192.0.2.9;branch=z9hG4bK1\r\nFrom: <sip:b@h>;tag=1\r\n"               \
    "To: <sip:a@h>\r\nCall-ID: c\r\nCSeq: 1 OPTIONS\r\n"
#define EMPTY HEAD "Content-Length: 0\r\n\r\n"
#define FIVE  HEAD "Content-Length: 5\r\n\r\nhello"

/* What came out, one letter a step: m and the length of its frame, c, p (CRLFCRLF), b. Frames in a row, for comparing. */
struct seen {
    char steps[512];
    char bytes[4 * MAX];
    size_t len, calls;
    const char *why;
    size_t left; /* behind the last step */
};

static void seen_step(struct seen *seen, enum sip_stream_step step, struct span frame)
{
    size_t at = strlen(seen->steps);

    assert_true(seen->len + frame.len <= sizeof(seen->bytes));
    if (frame.len > 0) {
        memcpy(seen->bytes + seen->len, frame.ptr, frame.len);
        seen->len += frame.len;
    }
    static const char letters[] = {
        [SIP_STREAM_MESSAGE] = 'm', [SIP_STREAM_CRLF] = 'c', [SIP_STREAM_CRLFCRLF] = 'p', [SIP_STREAM_BAD] = 'b'};
    int n = frame.len > 0 ? snprintf(seen->steps + at, sizeof(seen->steps) - at, "%c%zu ", letters[step], frame.len)
                          : snprintf(seen->steps + at, sizeof(seen->steps) - at, "%c ", letters[step]);
    assert_true(n > 0 && (size_t)n < sizeof(seen->steps) - at);
}

/* All that `piece` makes possible; *from is moved behind it. */
static void take(struct sip_stream *stream, struct span *rest, struct seen *seen)
{
    struct span frame;
    enum sip_stream_step step;

    while ((step = sip_stream_next(stream, rest, &frame)) != SIP_STREAM_MORE) {
        seen->calls++;
        seen_step(seen, step, frame);
        if (step == SIP_STREAM_BAD) {
            assert_non_null(stream->why);
            break;
        }
        assert_null(stream->why);
    }
    seen->why = stream->why;
    seen->left = rest->len;
}

/* The text comes in pieces that end at each of the ends; 0: one whole piece. */
static struct seen cut_in(struct span text, size_t max, size_t first, size_t step)
{
    struct seen seen = {.steps = ""};
    struct sip_stream stream;
    size_t done = 0; /* cut off */

    sip_stream_init(&stream, max);
    for (size_t end = first; seen.why == NULL; end += step) {
        size_t until = end < text.len ? end : text.len;
        struct guard g = guard_copy(text.ptr + done, until - done);
        struct span rest = span_make(g.ptr, g.len);
        take(&stream, &rest, &seen);
        done = until - rest.len;
        guard_free(&g);
        if (until == text.len) {
            break;
        }
    }
    return seen;
}

static struct seen cut_whole(struct span text)
{
    return cut_in(text, MAX, text.len, 1);
}

static void expect_at(const char *text, const char *steps, const char *why, int line)
{
    struct seen seen = cut_whole(span_cstr(text));

    if (strcmp(seen.steps, steps) != 0) {
        print_error("line %d: %s instead of %s\n", line, seen.steps, steps);
        fail();
    }
    assert_true(why == NULL ? seen.why == NULL : seen.why != NULL && strcmp(seen.why, why) == 0);
}
#define EXPECT(text, steps)          expect_at((text), (steps), NULL, __LINE__)
#define EXPECT_BAD(text, steps, why) expect_at((text), (steps), (why), __LINE__)
#define BODY(line, body)             HEAD line "\r\n\r\n" body

/* The first frame is all of `text`, and nothing of what stands behind it. */
static void expect_first(const char *text, const char *behind, int line)
{
    char all[2 * MAX];
    char step[32];

    snprintf(all, sizeof(all), "%s%s", text, behind);
    snprintf(step, sizeof(step), "m%zu ", strlen(text));
    struct seen seen = cut_whole(span_cstr(all));
    if (strncmp(seen.steps, step, strlen(step)) != 0) {
        print_error("line %d: %s instead of %s\n", line, seen.steps, step);
        fail();
    }
}
#define EXPECT_FIRST(text, behind) expect_first((text), (behind), __LINE__)

static void test_cut(void **state)
{
    (void)state;
    EXPECT_FIRST(EMPTY, "");
    EXPECT_FIRST(FIVE, "");
    EXPECT_FIRST(FIVE, EMPTY);
    /* what the body holds is nobody's message */
    EXPECT_FIRST(BODY("Content-Length: 13", "\r\n\r\nBYE x\r\n\r\n"), "\r\nmore");
    EXPECT_FIRST(BODY("l:5", "hello"), "world");
    EXPECT_FIRST(BODY("CONTENT-LENGTH \t:\r\n  5", "hello"), "world");
    EXPECT_FIRST(BODY("l: 5\r\nContent-Length: 5", "hello"), "world");
    EXPECT_FIRST("OPTIONS sip:a@h SIP/2.0\nl: 2\n\nok", "!");
    EXPECT_FIRST("OPTIONS sip:a@h SIP/2.0\r\nl: 2\n\r\nok", "!");
    /* of a line that is no header, or folds into the line before, nothing is believed */
    EXPECT_FIRST(BODY("Subject: x\r\n l: 9\r\nl: 2", "ok"), "1234567");
    EXPECT_FIRST(BODY("l 9\r\n: 9\r\nl\001: 9\r\nl: 2", "ok"), "1234567");
    char two[2 * MAX];
    snprintf(two, sizeof(two), "m%zu m%zu ", strlen(FIVE), strlen(EMPTY));
    EXPECT(FIVE EMPTY, two);
    snprintf(two, sizeof(two), "m%zu m%zu m%zu ", strlen(FIVE), strlen(FIVE), strlen(FIVE));
    EXPECT(FIVE FIVE FIVE, two);
}

static void test_keep_alives(void **state)
{
    (void)state;
    char steps[64];

    EXPECT("", "");
    EXPECT("\r\n", "c ");
    EXPECT("\r\n\r\n", "c p ");
    EXPECT("\r\n\r\n\r\n", "c p c ");
    EXPECT("\r\n\r\n\r\n\r\n", "c p c p ");
    /* half of one is waited for; a CR or an LF alone is no keep-alive and parts two */
    EXPECT("\r", "");
    EXPECT("\n", "");
    EXPECT("\n\n\r\r\r", "");
    EXPECT("\r\n\n\r\n", "c c ");
    EXPECT("\r\n\r\r\n", "c c ");
    snprintf(steps, sizeof(steps), "c p m%zu c m%zu c ", strlen(EMPTY), strlen(EMPTY));
    EXPECT("\r\n\r\n" EMPTY "\r\n" EMPTY "\r\n", steps);
    snprintf(steps, sizeof(steps), "c m%zu ", strlen(FIVE));
    EXPECT("\r\n\n" FIVE, steps);
}

static const char *const streams[] = {
    FIVE "\r\n\r\n" EMPTY "\r\n" FIVE,
    "\r\n" BODY("l: 12", "\r\n\r\nBYE x\r\n\r") "\n\r\n\r\n" EMPTY "\r",
    "\n\r\n\r\nOPTIONS sip:a@h SIP/2.0\nl: 2\n\r\nok" EMPTY,
    FIVE BODY("Content-Length: x", "") FIVE,
    EMPTY HEAD "\r\n" FIVE,
    BODY("Content-Length: 5000", "") FIVE,
};

static void test_every_split(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(streams) / sizeof(streams[0]); i++) {
        struct span text = span_cstr(streams[i]);
        struct seen whole = cut_whole(text);
        assert_true(strlen(whole.steps) > 0);
        for (size_t at = 0; at <= text.len; at++) {
            struct seen parts = cut_in(text, MAX, at, text.len);
            assert_string_equal(parts.steps, whole.steps);
            assert_int_equal(parts.len, whole.len);
            assert_memory_equal(parts.bytes, whole.bytes, whole.len);
        }
        struct seen bytes = cut_in(text, MAX, 1, 1);
        assert_string_equal(bytes.steps, whole.steps);
        assert_memory_equal(bytes.bytes, whole.bytes, whole.len);
        assert_true(bytes.why == whole.why);
    }
}

static void test_truncated(void **state)
{
    (void)state;
    struct span text = SPAN_LIT(FIVE);

    for (size_t len = 1; len < text.len; len++) {
        struct seen seen = cut_whole(span_head(text, len));
        assert_string_equal(seen.steps, "");
        assert_int_equal(seen.left, len);
    }
}

static void test_refused(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        const char *why;
    } bad[] = {
        {"", "No Content-Length"},
        {"X: 5\r\n", "No Content-Length"},
        {"Content-Length:\r\n", "No Content-Length"},
        {"Content-Length: five\r\n", "Bad Content-Length"},
        {"Content-Length: 5x\r\n", "Bad Content-Length"},
        {"Content-Length: 5, 5\r\n", "Bad Content-Length"},
        {"Content-Length: -5\r\n", "Bad Content-Length"},
        {"Content-Length: +5\r\n", "Bad Content-Length"},
        {"Content-Length: 5 5\r\n", "Bad Content-Length"},
        {"Content-Length: \r5\r\n", "Bad Content-Length"},
        {"Content-Length: 4294967296\r\n", "Bad Content-Length"},
        {"Content-Length: 99999999999999999999999\r\n", "Bad Content-Length"},
        {"Content-Length: 5\r\nl: 6\r\n", "Bad Content-Length"},
        {"Content-Length: 5\r\nContent-Length: 05\r\n", "Bad Content-Length"},
        {"Content-Length: 4294967295\r\n", "Message too large"},
    };

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        char text[MAX];
        char steps[32];
        snprintf(text, sizeof(text), HEAD "%s\r\nhello" FIVE, bad[i].line);
        snprintf(steps, sizeof(steps), "b%zu ", strlen(HEAD) + strlen(bad[i].line) + 2);
        EXPECT_BAD(text, steps, bad[i].why);
    }
}

/* It stays so, whatever comes, and shows the head once. */
static void test_bad_stays(void **state)
{
    (void)state;
    struct sip_stream stream;
    struct span frame;
    struct span rest = SPAN_LIT(HEAD "\r\n" FIVE);

    sip_stream_init(&stream, MAX);
    assert_int_equal(sip_stream_next(&stream, &rest, &frame), SIP_STREAM_BAD);
    assert_int_equal(frame.len, strlen(HEAD) + 2);
    for (int i = 0; i < 3; i++) {
        rest = SPAN_LIT(FIVE);
        assert_int_equal(sip_stream_next(&stream, &rest, &frame), SIP_STREAM_BAD);
        assert_int_equal(frame.len, 0);
        assert_int_equal(rest.len, strlen(FIVE));
    }
    assert_string_equal(stream.why, "No Content-Length");
}

static void test_longest(void **state)
{
    (void)state;
    struct span text = SPAN_LIT(FIVE);
    size_t head = text.len - 5;
    const struct {
        size_t max;
        char step;
    } bounds[] = {{text.len, 'm'}, {text.len - 1, 'b'}, {head, 'b'}, {head - 1, 'b'}, {10, 'b'}};

    for (size_t i = 0; i < sizeof(bounds) / sizeof(bounds[0]); i++) {
        struct seen whole = cut_in(text, bounds[i].max, text.len, 1);
        assert_int_equal(whole.steps[0], bounds[i].step);
        for (size_t at = 0; at <= text.len; at++) {
            assert_string_equal(cut_in(text, bounds[i].max, at, text.len).steps, whole.steps);
        }
        assert_string_equal(cut_in(text, bounds[i].max, 1, 1).steps, whole.steps);
    }
    /* a head without an end is not waited for */
    struct seen endless = cut_in(SPAN_LIT("OPTIONS sip:a@h SIP/2.0\r\nA: b"), 20, 1, 1);
    assert_string_equal(endless.steps, "b ");
    assert_string_equal(endless.why, "Message too large");
}

/* No byte of a frame is outside of the message that the parser sees in it. */
static void test_agrees_with_the_parser(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(streams) / sizeof(streams[0]); i++) {
        struct sip_stream stream;
        struct span rest = span_cstr(streams[i]);
        struct span frame;
        struct sip_msg msg;
        enum sip_stream_step step;
        sip_stream_init(&stream, MAX);
        while ((step = sip_stream_next(&stream, &rest, &frame)) != SIP_STREAM_MORE && step != SIP_STREAM_BAD) {
            if (step == SIP_STREAM_MESSAGE) {
                (void)!sip_msg_parse(frame, &msg);
                assert_true(msg.raw.ptr == frame.ptr);
                assert_int_equal(msg.raw.len, frame.len);
            }
        }
        if (step == SIP_STREAM_BAD && frame.len > 0) {
            /* a stream knows no end that a body could go to: the head alone is what can be answered */
            (void)!sip_msg_parse(frame, &msg);
            assert_true(msg.via.host.len > 0);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cut),         cmocka_unit_test(test_keep_alives),
        cmocka_unit_test(test_every_split), cmocka_unit_test(test_truncated),
        cmocka_unit_test(test_refused),     cmocka_unit_test(test_bad_stays),
        cmocka_unit_test(test_longest),     cmocka_unit_test(test_agrees_with_the_parser),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
