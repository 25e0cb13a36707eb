/* SPDX-License-Identifier: MIT */
#include "wsaudio/sipmsg/uri.h"

#include "wsaudio/base/host.h"
#include "wsaudio/sipmsg/scan.h"

#define COMPARE_MAX_LEN 1024

const char *sip_scheme_name(enum sip_scheme scheme)
{
    static const char *const names[SIP_SCHEME_COUNT] = {
        [SIP_SCHEME_SIP] = "sip", [SIP_SCHEME_SIPS] = "sips", [SIP_SCHEME_TEL] = "tel", [SIP_SCHEME_OTHER] = "other"};

    return (unsigned)scheme < SIP_SCHEME_COUNT ? names[scheme] : "";
}

/* Whether all bytes are unreserved, complete escapes, or among `more`. */
static bool chars_ok(struct span s, const char *more)
{
    for (size_t i = 0; i < s.len; i++) {
        char c = s.ptr[i];
        if (c == '%') {
            if (s.len - i < 3 || char_hex(s.ptr[i + 1]) < 0 || char_hex(s.ptr[i + 2]) < 0) {
                return false;
            }
            i += 2;
        } else if (!char_is_alnum(c) && (c == '\0' || (strchr("-_.!~*'()", c) == NULL && strchr(more, c) == NULL))) {
            return false;
        }
    }
    return true;
}

/* "name", "name=value" and, which no grammar allows but others send, name="quoted". */
static bool params_ok(struct span params)
{
    while (params.len > 0) {
        size_t len = sip_element_len(params, ';');
        struct span element = span_head(params, len);
        struct span value = span_from(element, span_find(element, '=') + 1);
        params = span_from(params, len + 1);
        if (value.len > 0 && value.ptr[0] == '"') {
            if (sip_skip_quoted(value, 0) != value.len) {
                return false;
            }
            element.len -= value.len;
        }
        if (!chars_ok(element, "[]/:&+$=")) {
            return false;
        }
    }
    return true;
}

/* Characters only: "[2001:db8:::192.0.2.1]" of RFC 5118 4.10 has to pass. */
static bool host_ipv6_ok(struct span host)
{
    for (size_t i = 0; i < host.len; i++) {
        if (char_hex(host.ptr[i]) < 0 && host.ptr[i] != ':' && host.ptr[i] != '.') {
            return false;
        }
    }
    return host.len > 0;
}

int sip_hostport_parse(struct span text, struct span *host, bool *is_ipv6, uint16_t *port)
{
    uint32_t number = 0;
    struct span rest = text;

    *host = SPAN_NONE;
    *port = 0;
    *is_ipv6 = text.len > 0 && text.ptr[0] == '[';
    if (*is_ipv6) {
        rest = span_from(text, 1);
        size_t close = span_find(rest, ']');
        if (close == rest.len) {
            return ST_BAD;
        }
        *host = span_head(rest, close);
        rest = span_from(rest, close + 1);
    } else {
        size_t colon = span_find(text, ':');
        *host = span_trim(span_head(text, colon));
        rest = span_from(text, colon);
    }
    if (!(*is_ipv6 ? host_ipv6_ok(*host) : host_is_name(*host))) {
        *host = SPAN_NONE;
        return ST_BAD;
    }
    rest = span_trim(rest);
    if (rest.len == 0 || span_eq(rest, SPAN_LIT(":"))) {
        return ST_OK;
    }
    if (rest.ptr[0] != ':' || span_parse_u32(span_trim(span_from(rest, 1)), UINT16_MAX, &number) != ST_OK ||
        number == 0) {
        return ST_BAD;
    }
    *port = (uint16_t)number;
    return ST_OK;
}

static enum sip_scheme scheme_find(struct span name)
{
    for (int i = 0; i < SIP_SCHEME_OTHER; i++) {
        if (span_ieq(name, span_cstr(sip_scheme_name((enum sip_scheme)i)))) {
            return (enum sip_scheme)i;
        }
    }
    return SIP_SCHEME_OTHER;
}

static bool scheme_name_ok(struct span name)
{
    for (size_t i = 0; i < name.len; i++) {
        char c = name.ptr[i];
        if (!char_is_alnum(c) && c != '+' && c != '-' && c != '.') {
            return false;
        }
    }
    return name.len > 0 && char_is_alpha(name.ptr[0]);
}

/* rest: what stands behind "sip:". */
static int parse_sip(struct span rest, struct sip_uri *out)
{
    /* a '@' behind a quote belongs to a parameter's value */
    struct span unquoted = span_head(rest, span_find(rest, '"'));
    size_t at = span_find(unquoted, '@');

    if (at < unquoted.len) {
        struct span userinfo = span_head(rest, at);
        out->user = span_cut(&userinfo, ':');
        out->password = userinfo;
        rest = span_from(rest, at + 1);
        /* '#' is not allowed bare, but telephones dial it */
        if (out->user.len == 0 || !chars_ok(out->user, "&=+$,;?/#") || !chars_ok(out->password, "&=+$,")) {
            return ST_BAD;
        }
    }
    size_t question = sip_element_len(rest, '?');
    out->headers = span_from(rest, question + 1);
    struct span front = span_head(rest, question);
    size_t semicolon = span_find(front, ';');
    out->params = span_from(front, semicolon + 1);
    if (!params_ok(out->params) || !chars_ok(out->headers, "[]/?:+$&=")) {
        return ST_BAD;
    }
    return sip_hostport_parse(span_head(front, semicolon), &out->host, &out->host_is_ipv6, &out->port);
}

static int parse_tel(struct span rest, struct sip_uri *out)
{
    out->user = span_cut(&rest, ';');
    out->params = rest;
    for (size_t i = 0; i < out->user.len; i++) {
        char c = out->user.ptr[i];
        if (char_hex(c) < 0 && (c == '\0' || strchr("+-.()*#", c) == NULL)) {
            return ST_BAD;
        }
    }
    return out->user.len > 0 && params_ok(out->params) ? ST_OK : ST_BAD;
}

/* Another scheme is opaque; only what would break a header around it is refused. */
static int parse_other(struct span rest)
{
    for (size_t i = 0; i < rest.len; i++) {
        if (rest.ptr[i] == '<' || rest.ptr[i] == '>' || rest.ptr[i] == '"') {
            return ST_BAD;
        }
    }
    return rest.len > 0 ? ST_OK : ST_BAD;
}

/* Blanks and tabs only inside quoted strings, controls nowhere. */
static bool blanks_are_quoted(struct span text)
{
    bool quoted = false;
    bool escaped = false;

    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        bool blank = c == ' ' || c == '\t';
        if ((c < ' ' && !blank) || c == 0x7f || (blank && !quoted)) {
            return false;
        }
        if (c == '"' && !escaped) {
            quoted = !quoted;
        }
        escaped = c == '\\' && quoted && !escaped;
    }
    return true;
}

int sip_uri_parse(struct span text, struct sip_uri *out)
{
    int status = sip_uri_parse_bracketed(text, out);

    return sip_has_blank_or_control(text) ? ST_BAD : status;
}

int sip_uri_parse_bracketed(struct span text, struct sip_uri *out)
{
    *out = (struct sip_uri){0};
    out->text = text;
    out->scheme = SIP_SCHEME_OTHER;
    size_t colon = span_find(text, ':');
    if (colon == text.len || !blanks_are_quoted(text)) {
        return ST_BAD;
    }
    out->scheme_name = span_head(text, colon);
    if (!scheme_name_ok(out->scheme_name)) {
        return ST_BAD;
    }
    struct span rest = span_from(text, colon + 1);
    out->scheme = scheme_find(out->scheme_name);
    switch (out->scheme) {
    case SIP_SCHEME_SIP:
    case SIP_SCHEME_SIPS: return parse_sip(rest, out);
    case SIP_SCHEME_TEL: return parse_tel(rest, out);
    case SIP_SCHEME_OTHER:
    case SIP_SCHEME_COUNT: break;
    }
    return parse_other(rest);
}

void sip_uri_put_target(struct outbuf *out, const struct sip_uri *uri)
{
    struct span rest = uri->params;
    struct span text = uri->text;

    if (rest.len == 0) {
        bool bare_question = uri->host.len > 0 && text.ptr[text.len - 1] == '?';
        size_t headers_len = uri->headers.len > 0 ? uri->headers.len + 1 : bare_question ? 1 : 0;
        outbuf_span(out, span_head(text, text.len - headers_len));
        return;
    }
    outbuf_span(out, span_head(text, (size_t)(rest.ptr - text.ptr) - 1)); /* up to the ';' */
    while (rest.len > 0) {
        size_t len = sip_element_len(rest, ';');
        struct span param = span_head(rest, len);
        rest = span_from(rest, len + 1);
        if (!sip_has_blank_or_control(param)) {
            outbuf_char(out, ';');
            outbuf_span(out, param);
        }
    }
}

int sip_uri_addr(const struct sip_uri *uri, uint16_t default_port, struct net_addr *out)
{
    if (addr_parse_ip(uri->host, out) != ST_OK) {
        return ST_UNSUPPORTED;
    }
    out->port = uri->port != 0 ? uri->port : default_port;
    return ST_OK;
}

/* The byte at *at, an escape read as one; *at moves behind it. */
static char next_byte(struct span s, size_t *at)
{
    size_t i = *at;

    if (s.ptr[i] == '%' && s.len - i >= 3 && char_hex(s.ptr[i + 1]) >= 0 && char_hex(s.ptr[i + 2]) >= 0) {
        *at = i + 3;
        return (char)(char_hex(s.ptr[i + 1]) * 16 + char_hex(s.ptr[i + 2]));
    }
    *at = i + 1;
    return s.ptr[i];
}

void sip_unescape(struct outbuf *out, struct span s)
{
    for (size_t i = 0; i < s.len;) {
        outbuf_char(out, next_byte(s, &i));
    }
}

void sip_escape_user(struct outbuf *out, struct span s)
{
    for (size_t i = 0; i < s.len; i++) {
        char c = s.ptr[i];
        if (char_is_alnum(c) || (c != '\0' && strchr("-_.!~*'()&=+$,;?/", c) != NULL)) {
            outbuf_char(out, c);
        } else {
            outbuf_char(out, '%');
            outbuf_hex(out, &c, 1);
        }
    }
}

static bool escaped_eq(struct span a, struct span b, bool ignore_case)
{
    size_t i = 0;
    size_t j = 0;

    while (i < a.len && j < b.len) {
        char x = next_byte(a, &i);
        char y = next_byte(b, &j);
        if (ignore_case ? char_lower(x) != char_lower(y) : x != y) {
            return false;
        }
    }
    return i == a.len && j == b.len;
}

bool sip_uri_param(const struct sip_uri *uri, struct span name, struct span *value)
{
    struct span rest = uri->params;
    struct sip_param param;
    int status = ST_OK;

    while ((status = sip_param_next(&rest, &param)) != ST_NOT_FOUND) {
        if (status == ST_OK && escaped_eq(param.name, name, true)) {
            if (value != NULL) {
                *value = param.value;
            }
            return true;
        }
    }
    return false;
}

/* Parameters that have to stand in both URIs or in neither (RFC 3261 19.1.4; transport by RFC 3261 erratum and use). */
static bool param_is_binding(struct span name)
{
    static const char *const binding[] = {"user", "ttl", "method", "maddr", "transport"};

    for (size_t i = 0; i < sizeof(binding) / sizeof(binding[0]); i++) {
        if (escaped_eq(name, span_cstr(binding[i]), true)) {
            return true;
        }
    }
    return false;
}

static bool params_match(const struct sip_uri *a, const struct sip_uri *b)
{
    struct span rest = a->params;
    struct sip_param param;
    struct span other;
    int status = ST_OK;

    while ((status = sip_param_next(&rest, &param)) != ST_NOT_FOUND) {
        if (status != ST_OK) {
            continue;
        }
        if (sip_uri_param(b, param.name, &other)) {
            if (!escaped_eq(param.value, other, true)) {
                return false;
            }
        } else if (param_is_binding(param.name)) {
            return false;
        }
    }
    return true;
}

static bool header_in(struct span wanted, struct span list)
{
    while (list.len > 0) {
        if (escaped_eq(wanted, span_cut(&list, '&'), true)) {
            return true;
        }
    }
    return false;
}

static bool headers_match(struct span a, struct span b)
{
    while (a.len > 0) {
        if (!header_in(span_cut(&a, '&'), b)) {
            return false;
        }
    }
    return true;
}

bool sip_uri_equal(const struct sip_uri *a, const struct sip_uri *b)
{
    if (a->scheme != b->scheme) {
        return false;
    }
    if (span_eq(a->text, b->text)) {
        return true; /* also where a parameter stands twice */
    }
    /* every parameter is sought in the other list: not for lists that fill a datagram */
    if (a->scheme == SIP_SCHEME_OTHER || a->text.len > COMPARE_MAX_LEN || b->text.len > COMPARE_MAX_LEN) {
        return span_eq(a->text, b->text);
    }
    return escaped_eq(a->user, b->user, false) && escaped_eq(a->password, b->password, false) &&
           span_ieq(a->host, b->host) && a->port == b->port && params_match(a, b) && params_match(b, a) &&
           headers_match(a->headers, b->headers) && headers_match(b->headers, a->headers);
}
