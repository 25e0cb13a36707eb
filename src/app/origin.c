#include "origin.h"

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

int origin_parse(struct span text, struct origin *out)
{
    memset(out, 0, sizeof(*out));
    if (span_eq(text, SPAN_LIT("null"))) {
        out->is_null = true;
        return ST_OK;
    }
    size_t colon = span_find(text, ':');
    struct span rest = span_from(text, colon);
    if (colon == 0 || !span_starts(rest, SPAN_LIT("://"))) {
        return ST_BAD;
    }
    out->scheme = span_head(text, colon);
    out->default_port = port_of_scheme(out->scheme);
    return origin_host_parse(span_from(rest, 3), out->default_port, &out->host);
}

bool origin_equal(const struct origin *a, const struct origin *b)
{
    if (a->is_null || b->is_null) {
        return a->is_null && b->is_null;
    }
    return span_ieq(a->scheme, b->scheme) && a->host.port == b->host.port && origin_host_same_name(&a->host, &b->host);
}
