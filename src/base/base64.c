/* SPDX-License-Identifier: MIT */
#include "wsaudio/base/base64.h"

static int refuse(struct base64_text *t, const char *why)
{
    t->bad = true;
    t->why = why;
    return ST_BAD;
}

/* As the strict decoder knows it; NUL for what no alphabet has. */
static char standard(char c)
{
    if (char_is_alnum(c) || c == '+' || c == '/') {
        return c;
    }
    return c == '-' ? '+' : c == '_' ? '/' : '\0';
}

static int flush_group(struct base64_text *t, uint8_t *out)
{
    while (t->held < 4) {
        t->group[t->held++] = '=';
    }
    int n = base64_stream_push(&t->strict, span_make(t->group, 4), out);
    t->held = 0;
    t->begun = true;
    return n >= 0 ? n : refuse(t, "bits are left over at the end");
}

/* The first four letters of a data: URL are a group too; the character behind them tells. */
static bool may_be_url(const struct base64_text *t)
{
    return !t->begun && t->held == 4 && span_ieq(span_make(t->group, 4), SPAN_LIT("data"));
}

static int take_url(struct base64_text *t, char c)
{
    if (c == ',') {
        t->in_url = false;
        t->held = 0;
        t->begun = true;
        return span_ieq(span_make(t->url_tail, sizeof(t->url_tail)), SPAN_LIT(";base64"))
                   ? 0
                   : refuse(t, "the data: URL is not ;base64");
    }
    if (++t->url_len == BASE64_URL_MAX) {
        return refuse(t, "the data: URL has no comma");
    }
    memmove(t->url_tail, t->url_tail + 1, sizeof(t->url_tail) - 1);
    t->url_tail[sizeof(t->url_tail) - 1] = c;
    return 0;
}

static int take_padding(struct base64_text *t)
{
    if (t->held < 2 || t->held == 4 || t->held + t->padding == 4) {
        return refuse(t, "padding where none belongs");
    }
    t->padding++;
    return 0;
}

static int take_digit(struct base64_text *t, char c, uint8_t *out)
{
    int n = 0;

    if (may_be_url(t) && c == ':') {
        t->in_url = true;
        return 0;
    }
    char digit = standard(c);
    if (digit == '\0') {
        return refuse(t, "a character that base64 does not have");
    }
    if (t->padding > 0) {
        return refuse(t, "text behind the padding");
    }
    if (t->held == 4) {
        n = flush_group(t, out);
        if (n < 0) {
            return n;
        }
    }
    t->group[t->held++] = digit;
    if (t->held < 4 || may_be_url(t)) {
        return n;
    }
    int more = flush_group(t, out + n);
    return more < 0 ? more : n + more;
}

static int take(struct base64_text *t, char c, uint8_t *out)
{
    if (char_is_space(c)) {
        return 0;
    }
    if (t->ended && c != '\0') {
        return refuse(t, "text behind a NUL");
    }
    if (c == '\0') {
        t->ended = true;
        return 0;
    }
    if (t->in_url) {
        return take_url(t, c);
    }
    return c == '=' ? take_padding(t) : take_digit(t, c, out);
}

int base64_text_push(struct base64_text *t, struct span in, uint8_t *out)
{
    int total = 0;

    for (size_t i = 0; i < in.len && !t->bad; i++) {
        t->at++;
        int n = take(t, in.ptr[i], out + total);
        total += n > 0 ? n : 0;
    }
    return t->bad ? ST_BAD : total;
}

int base64_text_end(struct base64_text *t, uint8_t out[3])
{
    if (t->bad) {
        return ST_BAD;
    }
    if (t->in_url) {
        return refuse(t, "the data: URL has no comma");
    }
    if (t->held == 1) {
        return refuse(t, "the text is cut short");
    }
    return t->held > 0 ? flush_group(t, out) : 0;
}
