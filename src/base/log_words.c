/* SPDX-License-Identifier: MIT */
#include "wsaudio/base/log_words.h"

#include <string.h>

#include "wsaudio/base/outbuf.h"

#define CONVERSIONS_MAX 3
#define PAIR(name)                                                                                                     \
    {                                                                                                                  \
        TEXT_EN_WORD_##name, TEXT_ZH_WORD_##name                                                                       \
    }

/* clang-format off */
static const struct pair {
    const char *en, *zh;
} pairs[] = {
    PAIR(CLIENT_LOST),
    PAIR(CALL_TOO_LONG),
    PAIR(NO_MEDIA),
    PAIR(NO_MEDIA_TYPE),
    PAIR(NO_MEDIA_RTP),
    PAIR(NO_MEDIA_SOURCE),
    PAIR(UNREAD),
    PAIR(NO_SDP),
    PAIR(BAD_SDP),
    PAIR(SDP_VERSION),
    PAIR(SDP_CONNECTION),
    PAIR(SDP_MEDIA),
    PAIR(SDP_PORT),
    PAIR(SDP_NO_FORMATS),
    PAIR(SDP_PAYLOAD),
    PAIR(SDP_CONTROL),
    PAIR(SDP_LINE),
    PAIR(SDP_NO_AUDIO),
    PAIR(SDP_REJECTED),
    PAIR(SDP_ADDRESS),
    PAIR(SDP_CODEC),
    PAIR(SDP_TOO_MANY),
    PAIR(NO_MEMORY),
    PAIR(FULL),
    PAIR(MALFORMED),
    PAIR(NOT_FOUND),
    PAIR(BUSY),
    PAIR(TOO_LARGE),
    PAIR(WRONG_STATE),
    PAIR(IO_ERROR),
    PAIR(TRY_AGAIN),
    PAIR(DENIED),
    PAIR(UNSUPPORTED),
    PAIR(UNKNOWN),
    PAIR(NO_SRV_ANSWER),
    PAIR(NO_SIP_SERVICE),
    PAIR(NO_NAME_ANSWER),
    PAIR(NO_ADDRESS),
    PAIR(TOKEN_LINE),
    PAIR(NO_TOKEN),
    PAIR(TOKENS_TOO_LARGE),
    PAIR(NO_PLAIN_NAME),
    PAIR(WS_VERSIONS),
    PAIR(WS_VERSION),
    PAIR(WS_GET),
    PAIR(WS_HTTP11),
    PAIR(WS_HOST),
    PAIR(WS_UPGRADE),
    PAIR(WS_CONNECTION),
    PAIR(WS_BODY),
    PAIR(WS_KEY),
    PAIR(WS_SHA1),
};
/* clang-format on */

/* A conversion of a pattern: %u, %lld or %s. Returns what stands behind it. */
static const char *behind(const char *percent)
{
    do {
        percent++;
    } while (*percent == 'l');
    return percent + 1;
}

/* How much of the text the conversion in front of rest has printed: digits, or what stands before the words that follow. */
static size_t printed(const char *percent, const char *rest, struct span text)
{
    struct span words = span_head(span_cstr(rest), strcspn(rest, "%"));
    size_t len = 0;

    if (percent[1] != 's') {
        while (len < text.len && char_is_digit(text.ptr[len])) {
            len++;
        }
        return len;
    }
    while (len < text.len && (words.len == 0 || !span_starts(span_from(text, len), words))) {
        len++;
    }
    return len;
}

/* Whether the text is what the pattern prints, and what it has put in. */
static bool matches(const char *pattern, struct span text, struct span put_in[CONVERSIONS_MAX])
{
    size_t count = 0;

    while (*pattern != '\0') {
        if (*pattern != '%') {
            if (text.len == 0 || *pattern++ != text.ptr[0]) {
                return false;
            }
            text = span_from(text, 1);
            continue;
        }
        const char *rest = behind(pattern);
        size_t len = printed(pattern, rest, text);
        if (len == 0 || count == CONVERSIONS_MAX) {
            return false;
        }
        put_in[count++] = span_head(text, len);
        text = span_from(text, len);
        pattern = rest;
    }
    return text.len == 0;
}

static const char *print(const char *pattern, const struct span put_in[CONVERSIONS_MAX], char buf[LOG_WORDS_MAX])
{
    struct outbuf out;
    size_t count = 0;

    outbuf_init(&out, buf, LOG_WORDS_MAX - 1);
    while (*pattern != '\0') {
        if (*pattern == '%' && count < CONVERSIONS_MAX) {
            outbuf_span(&out, put_in[count++]);
            pattern = behind(pattern);
        } else {
            outbuf_char(&out, *pattern++);
        }
    }
    buf[outbuf_view(&out).len] = '\0';
    return buf;
}

const char *log_words(const struct log *log, const char *text, char buf[LOG_WORDS_MAX])
{
    struct span put_in[CONVERSIONS_MAX] = {{0}};

    if (log == NULL || !log->zh) {
        return text;
    }
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        if (matches(pairs[i].en, span_cstr(text), put_in)) {
            return print(pairs[i].zh, put_in, buf);
        }
    }
    return text;
}
