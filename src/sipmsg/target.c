/* SPDX-License-Identifier: MIT */
/* What people dial becomes a Request-URI: a number as it is written on paper, a name, or a sip: URI. */
#include "target_text.h"
#include "wsaudio/sipmsg.h"
#include "wsaudio/sipmsg/headers.h"
#include "wsaudio/sipmsg/uri.h"

#define NAME_MAX_LEN 64

/* Writes the digits of a number without its separators; false when it is none. */
static bool put_number(struct span target, struct outbuf *out)
{
    bool dialable = false;

    for (size_t i = 0; i < target.len; i++) {
        char c = target.ptr[i];
        if (char_is_digit(c) || char_is_among(c, "+*#")) {
            dialable = dialable || c != '+';
            outbuf_char(out, c);
        } else if (!char_is_among(c, "-.() ")) {
            return false;
        }
    }
    return dialable;
}

static bool is_name(struct span target)
{
    for (size_t i = 0; i < target.len; i++) {
        if (!char_is_alnum(target.ptr[i]) && !char_is_among(target.ptr[i], "_.+-")) {
            return false;
        }
    }
    return target.len > 0 && target.len <= NAME_MAX_LEN && char_is_alnum(target.ptr[0]) &&
           !sip_target_has_extension(target);
}

/* Of a telephone number with parameters (RFC 3966 in a user part: ";npdi=yes;rn=…", ";phone-context=…") the number; of
 * anything else all of it. */
static struct span without_parameters(struct span user)
{
    struct span number = span_head(user, span_find(user, ';'));
    bool dialable = false;

    for (size_t i = 0; i < number.len; i++) {
        char c = number.ptr[i];
        if (!char_is_digit(c) && !char_is_among(c, "+*#-.()")) {
            return user;
        }
        dialable = dialable || char_is_digit(c);
    }
    return dialable ? number : user;
}

static int put_uri_target(struct span target, struct outbuf *out, struct outbuf *label)
{
    struct sip_uri uri;

    if (sip_uri_parse(target, &uri) != ST_OK || uri.scheme != SIP_SCHEME_SIP || uri.headers.len > 0 ||
        span_find(target, '?') < target.len || span_find(target, '"') < target.len ||
        sip_uri_param(&uri, SPAN_LIT("maddr"), NULL)) {
        return ST_BAD;
    }
    /* a bare '#' parses, but does not leave */
    for (size_t i = 0; i < target.len; i++) {
        if (target.ptr[i] == '#') {
            outbuf_str(out, "%23");
        } else {
            outbuf_char(out, target.ptr[i]);
        }
    }
    outbuf_span(label, uri.user.len > 0 ? without_parameters(uri.user) : target);
    return ST_OK;
}

static int put_bare_target(struct span bare, struct span domain, struct outbuf *out)
{
    struct sip_uri uri;

    outbuf_str(out, "sip:");
    sip_escape_user(out, bare);
    outbuf_char(out, '@');
    outbuf_span(out, domain);
    if (outbuf_status(out) != ST_OK) {
        return ST_TOO_LARGE;
    }
    return sip_uri_parse(outbuf_view(out), &uri);
}

/* Room for the NUL was kept back. */
static int output_terminate(struct outbuf *out)
{
    out->cap++;
    outbuf_char(out, '\0');
    return outbuf_status(out);
}

/* A number or a name. */
static int put_plain_target(struct span target, struct span domain, struct outbuf *out, struct outbuf *label)
{
    const struct outbuf start = *label;

    if (!put_number(target, label)) {
        *label = start;
        if (!is_name(target)) {
            return ST_BAD;
        }
        outbuf_span(label, target);
    }
    return outbuf_status(label) == ST_OK ? put_bare_target(outbuf_view(label), domain, out) : ST_TOO_LARGE;
}

int sip_target_parse(struct span target, struct span domain, char *out, size_t cap, char *label, size_t label_cap)
{
    struct outbuf uri_out;
    struct outbuf label_out;
    char text[SIP_TARGET_TEXT_MAX];

    if (cap == 0 || label_cap == 0) {
        return ST_TOO_LARGE;
    }
    target = sip_target_text(target, text);
    outbuf_init(&uri_out, out, cap - 1);
    outbuf_init(&label_out, label, label_cap - 1);
    bool is_uri = span_istarts(target, SPAN_LIT("sip:"));
    int status =
        is_uri ? put_uri_target(target, &uri_out, &label_out) : put_plain_target(target, domain, &uri_out, &label_out);
    if (status == ST_OK && (output_terminate(&uri_out) != ST_OK || output_terminate(&label_out) != ST_OK)) {
        status = ST_TOO_LARGE;
    }
    if (status != ST_OK) {
        out[0] = '\0';
        label[0] = '\0';
    }
    return status;
}

static struct span unescaped(struct span part, struct outbuf *text)
{
    size_t from = outbuf_view(text).len;

    sip_unescape(text, part);
    return span_from(outbuf_view(text), from);
}

int sip_uri_split(struct span text, struct outbuf *out, struct sip_uri_parts *parts)
{
    struct sip_uri uri;

    *parts = (struct sip_uri_parts){0};
    if (sip_uri_parse(text, &uri) != ST_OK || uri.scheme != SIP_SCHEME_SIP) {
        return ST_BAD;
    }
    parts->user = unescaped(uri.user, out);
    parts->password = unescaped(uri.password, out);
    parts->params = unescaped(uri.params, out);
    parts->host = uri.host;
    return outbuf_status(out);
}

bool sip_header_line_ok(struct span line)
{
    static const enum sip_header_id ours[] = {
        SIP_HEADER_VIA,
        SIP_HEADER_FROM,
        SIP_HEADER_TO,
        SIP_HEADER_CALL_ID,
        SIP_HEADER_CSEQ,
        SIP_HEADER_CONTACT,
        SIP_HEADER_MAX_FORWARDS,
        SIP_HEADER_CONTENT_LENGTH,
        SIP_HEADER_CONTENT_TYPE,
        SIP_HEADER_ROUTE,
        SIP_HEADER_RECORD_ROUTE,
        SIP_HEADER_SUPPORTED,
        SIP_HEADER_ALLOW,
        SIP_HEADER_ACCEPT,
        SIP_HEADER_USER_AGENT,
        SIP_HEADER_AUTHORIZATION,
        SIP_HEADER_PROXY_AUTHORIZATION,
        /* these would change the meaning of what we write */
        SIP_HEADER_REQUIRE,
        SIP_HEADER_PROXY_REQUIRE,
        SIP_HEADER_CONTENT_ENCODING,
    };
    size_t colon = span_find(line, ':');
    struct span name = span_head(line, colon);

    if (colon == line.len || !sip_is_token(name)) {
        return false;
    }
    for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++) {
        if (sip_header_find(name) == ours[i]) {
            return false;
        }
    }
    for (size_t i = colon; i < line.len; i++) {
        unsigned char c = (unsigned char)line.ptr[i];
        if (c < ' ' || c == 0x7f) {
            return false;
        }
    }
    return utf8_valid(line);
}

const char *sip_user_text(struct span user, char buf[TEXT_SAFE_MAX + 1])
{
    char plain[4 * TEXT_SAFE_MAX];
    struct outbuf out;

    outbuf_init(&out, plain, sizeof(plain));
    sip_unescape(&out, span_head(user, sizeof(plain)));
    return text_safe(without_parameters(outbuf_view(&out)), buf);
}
