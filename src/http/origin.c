/* SPDX-License-Identifier: MIT */
#include "wsaudio/http/origin.h"

static bool name_ok(struct span name)
{
    for (size_t i = 0; i < name.len; i++) {
        char c = name.ptr[i];
        if (!char_is_alnum(c) && c != '-' && c != '.' && c != '_') {
            return false;
        }
    }
    return name.len > 0 && name.len <= 253;
}

/* Splits at the ':' of the port: behind the bracket of IPv6, else the first one. */
static int split_host(struct span text, struct span *name, struct span *port)
{
    *port = SPAN_NONE;
    *name = text;
    size_t end = span_find(text, text.len > 0 && text.ptr[0] == '[' ? ']' : ':');
    if (text.len > 0 && text.ptr[0] == '[') {
        end++;
    }
    if (end > text.len) {
        return ST_BAD;
    }
    *name = span_head(text, end);
    if (end == text.len) {
        return ST_OK;
    }
    *port = span_from(text, end + 1);
    return text.ptr[end] == ':' && port->len > 0 ? ST_OK : ST_BAD;
}

int origin_host_parse(struct span text, uint16_t default_port, struct origin_host *out)
{
    struct span port = SPAN_NONE;
    uint32_t number = default_port;

    memset(out, 0, sizeof(*out));
    if (split_host(text, &out->name, &port) != ST_OK) {
        return ST_BAD;
    }
    if (port.len > 0 && (span_parse_u32(port, 65535, &number) != ST_OK || number == 0)) {
        return ST_BAD;
    }
    out->port = (uint16_t)number;
    if (addr_parse_ip(out->name, &out->literal) == ST_OK) {
        return ST_OK;
    }
    memset(&out->literal, 0, sizeof(out->literal));
    return name_ok(out->name) ? ST_OK : ST_BAD;
}

bool origin_host_same_name(const struct origin_host *a, const struct origin_host *b)
{
    if (a->literal.family != 0 || b->literal.family != 0) {
        return a->literal.family != 0 && b->literal.family != 0 && addr_same_ip(&a->literal, &b->literal);
    }
    return span_ieq(a->name, b->name);
}

static uint16_t port_of_scheme(struct span scheme)
{
    if (span_ieq(scheme, SPAN_LIT("http"))) {
        return 80;
    }
    return span_ieq(scheme, SPAN_LIT("https")) ? 443 : 0;
}

/* RFC 3986 3.1. */
static bool scheme_ok(struct span scheme)
{
    for (size_t i = 0; i < scheme.len; i++) {
        char c = scheme.ptr[i];
        if (!char_is_alnum(c) && c != '+' && c != '-' && c != '.') {
            return false;
        }
    }
    return scheme.len > 0 && char_is_alpha(scheme.ptr[0]);
}

/* Cuts off the scheme and a closing slash, which people copy along from the address bar; *host is what is left. */
static int split_origin(struct span text, struct origin *out, struct span *host)
{
    struct span rest = text;

    out->scheme = span_cut(&rest, ':');
    if (!scheme_ok(out->scheme) || !span_starts(rest, SPAN_LIT("//"))) {
        return ST_BAD;
    }
    *host = span_from(rest, 2);
    host->len -= host->len > 0 && host->ptr[host->len - 1] == '/' ? 1 : 0;
    out->default_port = port_of_scheme(out->scheme);
    return ST_OK;
}

static int text_parse(struct span text, bool pattern, struct origin *out)
{
    struct span host;

    memset(out, 0, sizeof(*out));
    if (span_ieq(text, SPAN_LIT("null"))) {
        out->is_null = true;
        return ST_OK;
    }
    if (split_origin(text, out, &host) != ST_OK) {
        return ST_BAD;
    }
    if (host.len == 0 && out->default_port == 0) {
        return ST_OK;
    }
    out->subdomains = pattern && span_starts(host, SPAN_LIT("*."));
    int status = origin_host_parse(out->subdomains ? span_from(host, 2) : host, out->default_port, &out->host);
    return out->subdomains && out->host.literal.family != 0 ? ST_BAD : status;
}

int origin_parse(struct span text, struct origin *out)
{
    return text_parse(text, false, out);
}

int origin_pattern_parse(struct span text, struct origin *out)
{
    return text_parse(text, true, out);
}

static bool is_below(struct span name, struct span domain)
{
    if (name.len < domain.len + 2) {
        return false;
    }
    struct span tail = span_from(name, name.len - domain.len - 1);
    return span_starts(tail, SPAN_LIT(".")) && span_ieq(span_from(tail, 1), domain);
}

static bool host_matches(const struct origin *pattern, const struct origin_host *host)
{
    if (pattern->subdomains) {
        return host->literal.family == 0 && is_below(host->name, pattern->host.name);
    }
    return origin_host_same_name(&pattern->host, host);
}

bool origin_names_host(const struct origin *pattern, const struct origin_host *host)
{
    return pattern->host.name.len > 0 && host_matches(pattern, host); /* neither null nor file:// names one */
}

bool origin_matches(const struct origin *pattern, const struct origin *origin)
{
    if (pattern->is_null || origin->is_null) {
        return pattern->is_null && origin->is_null;
    }
    return span_ieq(pattern->scheme, origin->scheme) && pattern->host.port == origin->host.port &&
           host_matches(pattern, &origin->host);
}
