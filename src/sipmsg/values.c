/* SPDX-License-Identifier: MIT */
/* The values of one header over all of its lines, at commas that stand outside of quotes and brackets (RFC 3261
 * 7.3.1), and the numbers in them. */
#include "wsaudio/sipmsg/message.h"
#include "wsaudio/sipmsg/scan.h"

/* s.ptr[at] is a '"' inside <>: the index behind the quoted string, when it is a parameter's value and closes; else 0. No
 * grammar has it there, but a Contact with ;x="<urn:y>" is met. */
static size_t skip_quoted_value(struct span s, size_t at)
{
    return at > 0 && s.ptr[at - 1] == '=' ? sip_skip_quoted(s, at) : 0;
}

/* Index of the first top-level comma; an open quote or '<' swallows the rest. */
static size_t list_element_len(struct span s)
{
    bool in_brackets = false;
    size_t at = 0;

    while (at < s.len) {
        char c = s.ptr[at];
        size_t end = c != '"' ? 0 : in_brackets ? skip_quoted_value(s, at) : sip_skip_quoted(s, at);
        if (end > 0) {
            at = end;
            continue;
        }
        if (c == '"' && !in_brackets) {
            return s.len;
        }
        if (c == '<') {
            in_brackets = true;
        } else if (c == '>') {
            in_brackets = false;
        } else if (c == ',' && !in_brackets) {
            return at;
        }
        at++;
    }
    return s.len;
}

bool sip_list_next(struct span *rest, struct span *value)
{
    while (rest->len > 0) {
        size_t len = list_element_len(*rest);
        *value = span_trim(span_head(*rest, len));
        *rest = span_from(*rest, len + 1);
        if (value->len > 0) {
            return true;
        }
    }
    return false;
}

struct sip_values sip_values_of(const struct sip_msg *msg, enum sip_header_id id)
{
    return (struct sip_values){msg, id, 0, SPAN_NONE};
}

bool sip_values_next(struct sip_values *it, struct span *value)
{
    while (!sip_list_next(&it->rest, value)) {
        while (it->index < it->msg->header_count && it->msg->headers[it->index].id != it->id) {
            it->index++;
        }
        if (it->index >= it->msg->header_count) {
            return false;
        }
        it->rest = it->msg->headers[it->index].value;
        it->index++;
    }
    return true;
}

size_t sip_values_count(const struct sip_msg *msg, enum sip_header_id id)
{
    struct sip_values it = sip_values_of(msg, id);
    struct span value;
    size_t count = 0;

    while (sip_values_next(&it, &value)) {
        count++;
    }
    return count;
}

bool sip_reason_has(const struct sip_msg *msg, struct span protocol, uint32_t cause)
{
    struct sip_values it = sip_values_of(msg, SIP_HEADER_REASON);
    struct span value;
    struct span number;
    uint32_t named = 0;

    while (sip_values_next(&it, &value)) {
        struct span name = span_trim(span_cut(&value, ';'));
        if (span_ieq(name, protocol) && sip_param_find(value, SPAN_LIT("cause"), &number) &&
            span_parse_u32(number, UINT32_MAX, &named) == ST_OK && named == cause) {
            return true;
        }
    }
    return false;
}

/* ---- Via ---- */

/* "SIP / 2.0 / UDP  host : port". A bad protocol or version leaves the host readable, for the answer (505 or 400). */
static int parse_via_head(struct span head, struct sip_via *out)
{
    struct span name = span_trim(span_cut(&head, '/'));
    struct span version = span_trim(span_cut(&head, '/'));

    head = span_trim(head);
    size_t end = sip_skip_token(head, 0);
    out->transport = span_head(head, end);
    if (end == 0 || end == head.len || !sip_is_lws(head.ptr[end])) {
        return ST_BAD;
    }
    int status = sip_hostport_parse(span_trim(span_from(head, end)), &out->host, &out->host_is_ipv6, &out->port);
    return span_ieq(name, SPAN_LIT("SIP")) && span_eq(version, SPAN_LIT("2.0")) ? status : ST_BAD;
}

static struct span without_brackets(struct span host)
{
    bool bracketed = host.len >= 2 && host.ptr[0] == '[' && host.ptr[host.len - 1] == ']';

    return bracketed ? span_make(host.ptr + 1, host.len - 2) : host;
}

/* No call hangs on a number that cannot be read: it counts as not given. */
static void take_via_param(const struct sip_param *param, struct sip_via *out)
{
    uint32_t number = 0;

    if (span_ieq(param->name, SPAN_LIT("branch"))) {
        out->branch = param->value;
    } else if (span_ieq(param->name, SPAN_LIT("received"))) {
        out->received = without_brackets(param->value);
    } else if (span_ieq(param->name, SPAN_LIT("maddr"))) {
        out->maddr = without_brackets(param->value);
    } else if (span_ieq(param->name, SPAN_LIT("rport"))) {
        out->has_rport = true;
        out->rport = span_parse_u32(param->value, UINT16_MAX, &number) == ST_OK ? (uint16_t)number : 0;
    } else if (span_ieq(param->name, SPAN_LIT("ttl"))) {
        out->ttl = span_parse_u32(param->value, UINT8_MAX, &number) == ST_OK ? (int)number : -1;
    }
}

int sip_via_parse(struct span value, struct sip_via *out)
{
    struct sip_param param;
    int status = ST_OK;

    *out = (struct sip_via){0};
    out->text = value;
    out->ttl = -1;
    size_t semicolon = span_find(value, ';');
    int result = parse_via_head(span_head(value, semicolon), out);
    out->params = span_from(value, semicolon);
    struct span rest = out->params;
    while ((status = sip_param_next(&rest, &param)) != ST_NOT_FOUND) {
        if (status == ST_OK) {
            take_via_param(&param, out);
        } else {
            result = status; /* go on: rport may follow, and an answer needs it */
        }
    }
    return result;
}

/* ---- From, To, Contact, Route ---- */

/* An unquoted display name: RFC 3261 allows tokens; others write names with commas, addresses and Windows accounts there,
 * and what is meant is clear as long as the '<' is (RFC 4475 3.1.2.15). */
static bool plain_display_ok(struct span display)
{
    for (size_t i = 0; i < display.len; i++) {
        unsigned char c = (unsigned char)display.ptr[i];
        bool control = (c < ' ' && !sip_is_lws(display.ptr[i])) || c == 0x7f;
        if (control || memchr(";\"<>", c, 4) != NULL) {
            return false;
        }
    }
    return true;
}

/* "Name" <uri>: *at is the '<' afterwards. */
static int parse_display(struct span value, size_t *at, struct sip_name_addr *out)
{
    if (value.ptr[0] == '"') {
        size_t end = sip_skip_quoted(value, 0);
        if (end == 0) {
            return ST_BAD;
        }
        out->display = span_make(value.ptr + 1, end - 2);
        *at = sip_skip_lws(value, end);
        return *at < value.len && value.ptr[*at] == '<' ? ST_OK : ST_BAD;
    }
    *at = span_find(value, '<');
    out->display = span_trim(span_head(value, *at));
    return plain_display_ok(out->display) ? ST_OK : ST_BAD;
}

/* Index of the '>' that ends the URI; s.len: none. */
static size_t uri_end(struct span s)
{
    size_t at = 0;

    while (at < s.len && s.ptr[at] != '>') {
        size_t end = s.ptr[at] == '"' ? skip_quoted_value(s, at) : 0;
        at = end > 0 ? end : at + 1;
    }
    return at;
}

/* "<uri>" from at on; *params is what follows. */
static int parse_bracketed(struct span value, size_t at, struct span *params, struct sip_name_addr *out)
{
    struct span inner = span_from(value, at + 1);
    size_t close = uri_end(inner);

    if (close == inner.len) {
        return ST_BAD;
    }
    struct span behind = span_trim(span_from(inner, close + 1));
    if (behind.len > 0 && behind.ptr[0] != ';') {
        return ST_BAD;
    }
    *params = behind;
    return sip_uri_parse_bracketed(span_head(inner, close), &out->uri);
}

/* Without <> every ';' begins a header parameter, and neither '?' nor ',' may stand in the URI (RFC 3261 20). */
static int parse_bare(struct span value, struct span *params, struct sip_name_addr *out)
{
    size_t semicolon = span_find(value, ';');
    struct span uri = span_trim(span_head(value, semicolon));

    *params = span_from(value, semicolon);
    if (span_find(uri, '?') < uri.len || span_find(uri, ',') < uri.len) {
        return ST_BAD;
    }
    return sip_uri_parse(uri, &out->uri);
}

/* A tag is compared and sent back as it came: no token is asked for. An empty one is none, as RFC 2543 peers have it. */
static int take_params(struct span params, struct sip_name_addr *out)
{
    struct sip_param param;
    int result = ST_OK;
    int status = ST_OK;

    out->params = params;
    while ((status = sip_param_next(&params, &param)) != ST_NOT_FOUND) {
        if (status != ST_OK) {
            result = status;
        } else if (span_ieq(param.name, SPAN_LIT("tag"))) {
            if (param.quoted && !sip_is_token(param.value)) {
                return ST_BAD;
            }
            out->tag = param.value;
        }
    }
    return result;
}

/* What stands behind the last '>': the parameters, whatever is in front of it. */
static struct span behind_brackets(struct span value)
{
    size_t at = value.len;

    while (at > 0 && value.ptr[at - 1] != '>') {
        at--;
    }
    struct span behind = span_trim(span_from(value, at));
    return at > 0 && behind.len > 0 && behind.ptr[0] == ';' ? behind : SPAN_NONE;
}

int sip_name_addr_parse(struct span value, struct sip_name_addr *out)
{
    struct span params = behind_brackets(value);
    size_t at = 0;
    int status = ST_OK;

    *out = (struct sip_name_addr){0};
    value = span_trim(value);
    out->text = value;
    if (value.len == 0) {
        return ST_BAD;
    }
    if (span_eq(value, SPAN_LIT("*"))) {
        out->star = true;
        return ST_OK;
    }
    size_t open = span_find(value, '<');
    if (value.ptr[0] == '"' || (open < value.len && open < span_find(value, ';'))) {
        status = parse_display(value, &at, out);
        if (status == ST_OK) {
            status = parse_bracketed(value, at, &params, out);
        }
    } else {
        status = parse_bare(value, &params, out);
    }
    int tail = take_params(params, out); /* of a URI that cannot be read too: a response's tag still counts */
    return status == ST_OK ? tail : status;
}
