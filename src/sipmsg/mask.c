/* SPDX-License-Identifier: MIT */
/* A copy of a message for the log, without what is secret in it. It works on raw lines, not on a parsed message: what
 * cannot be parsed is logged too, and its secrets are no less secret. */
#include "wsaudio/sipmsg.h"
#include "wsaudio/sipmsg/auth.h"
#include "wsaudio/sipmsg/scan.h"

/* Length of "sip:" or "sips:" at the front, or 0. */
static size_t scheme_len(struct span s)
{
    if (span_istarts(s, SPAN_LIT("sip:"))) {
        return 4;
    }
    return span_istarts(s, SPAN_LIT("sips:")) ? 5 : 0;
}

/* s begins behind a scheme. Where a ":password@" of RFC 3261 25.1 begins, its ':' included, and its length; 0: none. */
static size_t find_password(struct span s, size_t *at)
{
    size_t i = 0;

    while (i < s.len && !sip_is_lws(s.ptr[i]) && s.ptr[i] != '\0' && strchr(":@<>\"", s.ptr[i]) == NULL) {
        i++;
    }
    if (i == s.len || s.ptr[i] != ':') {
        return 0;
    }
    *at = i;
    do {
        i++;
    } while (i < s.len &&
             (char_is_alnum(s.ptr[i]) || (s.ptr[i] != '\0' && strchr("-_.!~*'()%&=+$,", s.ptr[i]) != NULL)));
    return i == s.len || s.ptr[i] == '@' ? i - *at : 0;
}

/* Any text with the passwords of the URIs in it masked. */
static void put_text(struct outbuf *out, struct span text)
{
    size_t from = 0;
    size_t at = 0;

    for (size_t i = 0; i < text.len; i++) {
        size_t skip = scheme_len(span_from(text, i));
        if (skip == 0) {
            continue;
        }
        size_t len = find_password(span_from(text, i + skip), &at);
        if (len > 0) {
            size_t begin = i + skip + at;
            outbuf_span(out, span_from(span_head(text, begin), from));
            outbuf_str(out, ":***");
            from = begin + len;
            i = from;
        }
    }
    outbuf_span(out, span_from(text, from));
}

/* One line with its line end and the folded lines behind it. */
static struct span cut_raw_header(struct span *rest)
{
    struct span all = *rest;

    do {
        *rest = span_from(*rest, span_find(*rest, '\n') + 1);
    } while (rest->len > 0 && (rest->ptr[0] == ' ' || rest->ptr[0] == '\t'));
    return span_head(all, all.len - rest->len);
}

static bool is_secret_header(struct span line)
{
    enum sip_header_id id = sip_header_find(span_trim(span_head(line, span_find(line, ':'))));

    return id == SIP_HEADER_AUTHORIZATION || id == SIP_HEADER_PROXY_AUTHORIZATION;
}

static bool may_be_shown(struct span name)
{
    static const char *const harmless[] = {"username", "realm", "uri", "algorithm", "qop"};

    for (size_t i = 0; i < sizeof(harmless) / sizeof(harmless[0]); i++) {
        if (span_ieq(name, span_cstr(harmless[i]))) {
            return true;
        }
    }
    return false;
}

/* value: from behind the colon to the line end. */
static void put_masked(struct outbuf *out, struct span value)
{
    size_t scheme_at = sip_skip_lws(value, 0);
    size_t scheme_end = sip_skip_token(value, scheme_at);
    struct span scheme = span_from(span_head(value, scheme_end), scheme_at);
    const char *separator = " ";

    outbuf_char(out, ' ');
    outbuf_span(out, scheme);
    if (!span_ieq(scheme, SPAN_LIT("Digest"))) {
        outbuf_str(out, " ***");
        return;
    }
    struct span rest = span_from(value, scheme_end);
    while (rest.len > 0) {
        size_t len = sip_element_len(rest, ',');
        struct span param = span_trim(span_head(rest, len));
        struct span name = span_trim(span_head(param, span_find(param, '=')));
        rest = span_from(rest, len + 1);
        outbuf_str(out, separator);
        separator = ", ";
        if (may_be_shown(name)) {
            put_text(out, param);
        } else if (sip_is_token(name) && name.len < param.len) {
            outbuf_span(out, name);
            outbuf_str(out, "=***");
        } else {
            outbuf_str(out, "***");
        }
    }
}

void sip_mask_secrets(struct outbuf *out, struct span message)
{
    struct span rest = message;

    while (rest.len > 0 && (rest.ptr[0] == '\r' || rest.ptr[0] == '\n')) {
        outbuf_char(out, rest.ptr[0]);
        rest = span_from(rest, 1);
    }
    while (rest.len > 0) {
        struct span line = cut_raw_header(&rest);
        if (span_trim(line).len == 0) {
            outbuf_span(out, line);
            break; /* the body follows */
        }
        if (!is_secret_header(line)) {
            put_text(out, line);
            continue;
        }
        size_t colon = span_find(line, ':');
        outbuf_span(out, span_head(line, colon + 1));
        put_masked(out, span_from(span_head(line, span_trim(line).len), colon + 1));
        outbuf_str(out, "\r\n");
    }
    outbuf_span(out, rest);
}
