#include "message.h"
#include "scan.h"

/* Index of the first top-level comma; an open quote or '<' swallows the rest. */
static size_t list_element_len(struct span s)
{
    bool in_brackets = false;
    size_t at = 0;

    while (at < s.len) {
        char c = s.ptr[at];
        if (c == '"' && !in_brackets) {
            at = sip_skip_quoted(s, at);
            if (at == 0) {
                return s.len;
            }
            continue;
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

bool sip_msg_lists(const struct sip_msg *msg, enum sip_header_id id, struct span token)
{
    struct sip_values it = sip_values_of(msg, id);
    struct span value;

    while (sip_values_next(&it, &value)) {
        if (span_ieq(value, token)) {
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

static int take_via_param(const struct sip_param *param, struct sip_via *out)
{
    uint32_t number = 0;

    if (span_ieq(param->name, SPAN_LIT("branch"))) {
        out->branch = param->value;
        return param->value.len > 0 ? ST_OK : ST_BAD;
    }
    if (span_ieq(param->name, SPAN_LIT("received"))) {
        out->received = without_brackets(param->value);
    } else if (span_ieq(param->name, SPAN_LIT("maddr"))) {
        out->maddr = without_brackets(param->value);
    } else if (span_ieq(param->name, SPAN_LIT("rport"))) {
        out->has_rport = true;
        if (param->has_value && span_parse_u32(param->value, UINT16_MAX, &number) != ST_OK) {
            return ST_BAD;
        }
        out->rport = (uint16_t)number;
    } else if (span_ieq(param->name, SPAN_LIT("ttl"))) {
        if (span_parse_u32(param->value, UINT8_MAX, &number) != ST_OK) {
            return ST_BAD;
        }
        out->ttl = (int)number;
    }
    return ST_OK;
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
            status = take_via_param(&param, out);
        }
        if (status != ST_OK) {
            result = status; /* go on: rport may follow, and an answer needs it */
        }
    }
    return result;
}

/* ---- From, To, Contact, Route ---- */

/* An unquoted display name: RFC 3261 allows tokens; other text is taken too, separators of lists and URIs are not. */
static bool plain_display_ok(struct span display)
{
    for (size_t i = 0; i < display.len; i++) {
        unsigned char c = (unsigned char)display.ptr[i];
        bool control = (c < ' ' && !sip_is_lws(display.ptr[i])) || c == 0x7f;
        if (control || memchr(",;:\"<>\\@", c, 8) != NULL) {
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

/* "<uri>" from at on; *params is what follows. */
static int parse_bracketed(struct span value, size_t at, struct span *params, struct sip_name_addr *out)
{
    struct span inner = span_from(value, at + 1);
    size_t close = span_find(inner, '>');

    if (close == inner.len) {
        return ST_BAD;
    }
    *params = span_trim(span_from(inner, close + 1));
    if (params->len > 0 && params->ptr[0] != ';') {
        return ST_BAD;
    }
    return sip_uri_parse(span_head(inner, close), &out->uri);
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

static int take_params(struct span params, struct sip_name_addr *out)
{
    struct sip_param param;
    int status = ST_OK;

    out->params = params;
    while ((status = sip_param_next(&params, &param)) == ST_OK) {
        if (span_ieq(param.name, SPAN_LIT("tag"))) {
            if (!sip_is_token(param.value)) {
                return ST_BAD;
            }
            out->tag = param.value;
        }
    }
    return status == ST_NOT_FOUND ? ST_OK : status;
}

int sip_name_addr_parse(struct span value, struct sip_name_addr *out)
{
    struct span params = SPAN_NONE;
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
    return status == ST_OK ? take_params(params, out) : status;
}
