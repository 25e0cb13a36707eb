/* SPDX-License-Identifier: MIT */
#include "wsaudio/sipmsg/message.h"

#include "wsaudio/sipmsg.h"
#include "wsaudio/sipmsg/scan.h"

/* The first fault is the one that is told. */
static void msg_fault(struct sip_msg *msg, int code, const char *reason)
{
    if (msg->bad_code == 0) {
        msg->bad_code = code;
        msg->bad_reason = reason;
    }
}

/* ---- lines ---- */

/* Cuts one line off, its CRLF (or a lone LF, which some send) taken away. False when no line end is left. */
static bool cut_line(struct span *rest, struct span *line)
{
    size_t at = span_find(*rest, '\n');

    if (at == rest->len) {
        return false;
    }
    *line = span_head(*rest, at);
    *rest = span_from(*rest, at + 1);
    if (line->len > 0 && line->ptr[line->len - 1] == '\r') {
        line->len--;
    }
    return true;
}

static bool begins_with_blank(struct span s)
{
    return s.len > 0 && (s.ptr[0] == ' ' || s.ptr[0] == '\t');
}

bool sip_cut_folded_line(struct span *rest, struct span *line)
{
    struct span more;

    if (!cut_line(rest, line)) {
        return false;
    }
    while (line->len > 0 && begins_with_blank(*rest)) {
        if (!cut_line(rest, &more)) {
            return false;
        }
        line->len = (size_t)(more.ptr + more.len - line->ptr);
    }
    return true;
}

/* A CR that ends no line: some receivers of our copy would take it for one. */
static bool has_bare_cr(struct span line)
{
    size_t at = 0;

    while ((at += span_find(span_from(line, at), '\r')) < line.len) {
        if (at + 1 >= line.len || line.ptr[at + 1] != '\n') {
            return true;
        }
        at++;
    }
    return false;
}

/* ---- start line ---- */

static void parse_status_line(struct span line, struct sip_msg *msg)
{
    uint32_t code = 0;
    struct span version = span_cut(&line, ' ');
    struct span code_text = span_head(line, 3);

    if (!span_ieq(version, SPAN_LIT("SIP/2.0"))) {
        msg_fault(msg, 505, "Bad SIP version");
    }
    if (code_text.len != 3 || span_parse_u32(code_text, 699, &code) != ST_OK || code < 100 ||
        (line.len > 3 && line.ptr[3] != ' ')) {
        msg_fault(msg, 400, "Bad status code");
        return;
    }
    msg->status = (int)code;
    msg->reason = span_trim(span_from(line, 4));
}

/* "SIP/" and two numbers. */
static bool is_version(struct span s)
{
    struct span minor = span_from(s, 4);
    struct span major = span_cut(&minor, '.');
    uint32_t number = 0;

    return span_istarts(s, SPAN_LIT("SIP/")) && span_parse_u32(major, UINT32_MAX, &number) == ST_OK &&
           span_parse_u32(minor, UINT32_MAX, &number) == ST_OK;
}

static size_t last_blank(struct span s)
{
    size_t at = s.len;

    while (at > 0 && s.ptr[at - 1] != ' ') {
        at--;
    }
    return at;
}

/* Blanks beyond the two of the grammar are a fault, but the method and version around them are still found. */
static void parse_request_line(struct span line, struct sip_msg *msg)
{
    struct span trimmed = span_trim(line);
    struct span version = span_from(trimmed, last_blank(trimmed));
    struct span rest = line;

    msg->method_text = span_cut(&rest, ' ');
    if (!sip_is_token(msg->method_text) || !is_version(version)) {
        msg->method_text = SPAN_NONE; /* no request at all: nothing to answer */
        msg_fault(msg, 400, "Bad request line");
        return;
    }
    msg->is_request = true;
    msg->method = sip_method_find(msg->method_text);
    if (!span_ieq(version, SPAN_LIT("SIP/2.0"))) {
        msg_fault(msg, 505, sip_reason_phrase(505));
    }
    struct span uri = span_cut(&rest, ' ');
    if (!span_eq(rest, version)) {
        msg_fault(msg, 400, "Bad request line");
    } else if (sip_uri_parse(uri, &msg->uri) != ST_OK) {
        msg_fault(msg, 400, "Bad Request-URI");
    }
}

/* ---- header lines ---- */

/* Headers that a CR inside must not smuggle into what we copy or go by. */
static bool is_needed(enum sip_header_id id)
{
    static const enum sip_header_id needed[] = {
        SIP_HEADER_VIA,
        SIP_HEADER_FROM,
        SIP_HEADER_TO,
        SIP_HEADER_CALL_ID,
        SIP_HEADER_CSEQ,
        SIP_HEADER_CONTACT,
        SIP_HEADER_CONTENT_LENGTH,
        SIP_HEADER_CONTENT_TYPE,
        SIP_HEADER_ROUTE,
        SIP_HEADER_RECORD_ROUTE,
        SIP_HEADER_REQUIRE,
    };

    for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
        if (needed[i] == id) {
            return true;
        }
    }
    return false;
}

/* The name and the value of a header line; false when it is none. */
static bool cut_header(struct span line, struct sip_header *out)
{
    size_t colon = span_find(line, ':');
    struct span name = span_head(line, colon);

    while (name.len > 0 && (name.ptr[name.len - 1] == ' ' || name.ptr[name.len - 1] == '\t')) {
        name.len--;
    }
    if (colon == line.len || !sip_is_token(name)) {
        return false;
    }
    *out = (struct sip_header){sip_header_find(name), name, span_trim(span_from(line, colon + 1))};
    return true;
}

/* 8.2.2: what is no header line is left out; when it was meant to be one that is needed, that one is missing. */
static void add_header(struct span line, struct sip_msg *msg)
{
    struct sip_header header;

    if (!cut_header(line, &header)) {
        return;
    }
    if (has_bare_cr(line)) {
        if (is_needed(header.id)) {
            msg_fault(msg, 400, "CR inside a header");
        }
        return;
    }
    if (msg->header_count == SIP_HEADERS_MAX) {
        msg_fault(msg, 400, "Too many headers");
        return;
    }
    msg->headers[msg->header_count] = header;
    msg->header_count++;
}

/* Leaves in *rest what stands behind the blank line. */
static void parse_header_lines(struct span *rest, struct sip_msg *msg)
{
    struct span line;

    while (sip_cut_folded_line(rest, &line)) {
        if (line.len == 0) {
            return;
        }
        add_header(line, msg);
    }
    msg_fault(msg, 400, "No end of the headers");
    *rest = SPAN_NONE;
}

const struct sip_header *sip_msg_header(const struct sip_msg *msg, enum sip_header_id id)
{
    for (size_t i = 0; i < msg->header_count; i++) {
        if (msg->headers[i].id == id) {
            return &msg->headers[i];
        }
    }
    return NULL;
}

struct span sip_msg_value(const struct sip_msg *msg, enum sip_header_id id)
{
    const struct sip_header *header = sip_msg_header(msg, id);

    return header != NULL ? header->value : SPAN_NONE;
}

/* ---- meaning ---- */

/* One that comes twice and says the same both times is no riddle. */
static void check_single(struct sip_msg *msg)
{
    static const struct {
        enum sip_header_id id;
        const char *reason;
    } singles[] = {
        {SIP_HEADER_FROM, "More than one From"},
        {SIP_HEADER_TO, "More than one To"},
        {SIP_HEADER_CALL_ID, "More than one Call-ID"},
        {SIP_HEADER_CSEQ, "More than one CSeq"},
        {SIP_HEADER_CONTENT_LENGTH, "More than one Content-Length"},
        {SIP_HEADER_CONTENT_TYPE, "More than one Content-Type"},
    };

    for (size_t i = 0; i < sizeof(singles) / sizeof(singles[0]); i++) {
        const struct sip_header *first = sip_msg_header(msg, singles[i].id);
        for (const struct sip_header *h = first; h != NULL && ++h < msg->headers + msg->header_count;) {
            if (h->id == singles[i].id && !span_eq(h->value, first->value)) {
                msg_fault(msg, 400, singles[i].reason);
            }
        }
    }
}

static void take_via(struct sip_msg *msg)
{
    struct sip_values it = sip_values_of(msg, SIP_HEADER_VIA);
    struct span value;

    if (!sip_values_next(&it, &value)) {
        msg_fault(msg, 400, "No Via");
    } else if (sip_via_parse(value, &msg->via) != ST_OK && (msg->is_request || msg->via.branch.len == 0)) {
        msg_fault(msg, 400, "Bad Via"); /* a response finds its request by the branch */
    }
}

/* A response that we asked for says by its branch and CSeq what it answers; From is our own, and of To the tag counts. */
static void take_address(struct sip_msg *msg, enum sip_header_id id, struct sip_name_addr *out, const char *missing,
                         const char *bad)
{
    const struct sip_header *header = sip_msg_header(msg, id);

    if (header == NULL) {
        if (msg->is_request || id == SIP_HEADER_TO) {
            msg_fault(msg, 400, missing);
        }
        return;
    }
    if (sip_name_addr_parse(header->value, out) == ST_OK && !out->star) {
        return;
    }
    if (msg->is_request) {
        msg_fault(msg, 400, bad);
    } else {
        *out = (struct sip_name_addr){.text = out->text, .tag = out->tag};
    }
}

static void take_call_id(struct sip_msg *msg)
{
    msg->call_id = sip_msg_value(msg, SIP_HEADER_CALL_ID);
    if (msg->call_id.len == 0) {
        msg_fault(msg, 400, "No Call-ID");
    } else if (sip_has_blank_or_control(msg->call_id)) {
        msg_fault(msg, 400, "Bad Call-ID");
    }
}

static void take_cseq(struct sip_msg *msg)
{
    struct span value = sip_msg_value(msg, SIP_HEADER_CSEQ);
    size_t end = 0;

    while (end < value.len && char_is_digit(value.ptr[end])) {
        end++;
    }
    struct span method = span_trim(span_from(value, end));
    if (value.len == 0) {
        msg_fault(msg, 400, "No CSeq");
    } else if (span_parse_u32(span_head(value, end), UINT32_MAX, &msg->cseq) != ST_OK || end == value.len ||
               !sip_is_lws(value.ptr[end]) || !sip_is_token(method)) {
        msg_fault(msg, 400, "Bad CSeq");
    } else if (!msg->is_request) {
        msg->method_text = method;
        msg->method = sip_method_find(method);
    } else if (!span_eq(method, msg->method_text)) {
        msg_fault(msg, 400, "CSeq of another method");
    }
}

/* A broken Contact is left out: what the message says still counts, and the dialog has its source to go by. Only a REGISTER
 * is about nothing else. */
static void take_contact(struct sip_msg *msg)
{
    struct sip_values it = sip_values_of(msg, SIP_HEADER_CONTACT);
    struct sip_name_addr contact;
    struct span value;

    while (sip_values_next(&it, &value)) {
        if (sip_name_addr_parse(value, &contact) != ST_OK) {
            if (msg->is_request && msg->method == SIP_METHOD_REGISTER) {
                msg_fault(msg, 400, "Bad Contact");
            }
        } else if (!msg->has_contact) {
            msg->has_contact = true;
            msg->contact = contact;
        }
    }
}

/* Seconds or a number in front of parameters or a comment; -1 when there is none. */
static int64_t number_of(const struct sip_msg *msg, enum sip_header_id id)
{
    struct span value = sip_msg_value(msg, id);
    uint32_t number = 0;
    size_t end = 0;

    while (end < value.len && char_is_digit(value.ptr[end])) {
        end++;
    }
    bool ends_well = end == value.len || sip_is_lws(value.ptr[end]) || value.ptr[end] == ';' || value.ptr[end] == '(';
    int status = span_parse_u32(span_head(value, end), UINT32_MAX, &number);
    if (status == ST_TOO_LARGE && ends_well) {
        return UINT32_MAX;
    }
    return status == ST_OK && ends_well ? (int64_t)number : -1;
}

static void take_numbers(struct sip_msg *msg)
{
    struct span hops = sip_msg_value(msg, SIP_HEADER_MAX_FORWARDS);
    uint32_t number = 0;
    int status = span_parse_u32(hops, UINT8_MAX, &number);

    msg->max_forwards = status == ST_OK ? (int)number : status == ST_TOO_LARGE ? UINT8_MAX : -1;
    msg->expires = number_of(msg, SIP_HEADER_EXPIRES);
    msg->retry_after = number_of(msg, SIP_HEADER_RETRY_AFTER);
    msg->rseq = number_of(msg, SIP_HEADER_RSEQ);
}

/* rest: all that follows the blank line. */
static void take_body(struct span rest, struct sip_msg *msg)
{
    const struct sip_header *header = sip_msg_header(msg, SIP_HEADER_CONTENT_LENGTH);
    uint32_t len = 0;

    msg->content_type = sip_msg_value(msg, SIP_HEADER_CONTENT_TYPE);
    msg->body = rest;
    if (header == NULL || header->value.len == 0) {
        return;
    }
    if (span_parse_u32(header->value, UINT32_MAX, &len) != ST_OK) {
        msg_fault(msg, 400, "Bad Content-Length");
    } else if (len > rest.len) {
        msg_fault(msg, 400, "Content-Length over the end of the datagram");
    }
    msg->body = span_head(rest, len);
}

int sip_head_content_length(struct span head, uint32_t *len)
{
    struct span rest = head;
    struct span first = SPAN_NONE;
    struct span line;
    struct sip_header header;
    bool found = false;

    (void)cut_line(&rest, &line);
    while (sip_cut_folded_line(&rest, &line) && line.len > 0) {
        if (!cut_header(line, &header) || header.id != SIP_HEADER_CONTENT_LENGTH) {
            continue;
        }
        if (has_bare_cr(line) || (found && !span_eq(header.value, first))) {
            return ST_BAD; /* whoever stands before or behind us may go by the other one */
        }
        first = header.value;
        found = true;
    }
    if (first.len == 0) {
        return ST_NOT_FOUND;
    }
    return span_parse_u32(first, UINT32_MAX, len) == ST_OK ? ST_OK : ST_BAD;
}

static void take_fields(struct sip_msg *msg)
{
    check_single(msg);
    take_via(msg);
    take_address(msg, SIP_HEADER_FROM, &msg->from, "No From", "Bad From");
    take_address(msg, SIP_HEADER_TO, &msg->to, "No To", "Bad To");
    take_call_id(msg);
    take_cseq(msg);
    take_contact(msg);
    take_numbers(msg);
    msg->has_authorization = sip_msg_header(msg, SIP_HEADER_AUTHORIZATION) != NULL ||
                             sip_msg_header(msg, SIP_HEADER_PROXY_AUTHORIZATION) != NULL;
}

static enum sip_verdict verdict_of(const struct sip_msg *msg)
{
    if (msg->bad_code == 0) {
        return SIP_VERDICT_OK;
    }
    bool answerable = msg->is_request && msg->method != SIP_METHOD_ACK && msg->via.host.len > 0;
    return answerable ? SIP_VERDICT_ANSWER : SIP_VERDICT_DROP;
}

enum sip_verdict sip_msg_parse(struct span datagram, struct sip_msg *msg)
{
    struct span rest = datagram;
    struct span line;

    memset(msg, 0, offsetof(struct sip_msg, headers));
    msg->bad_reason = "";
    while (rest.len > 0 && (rest.ptr[0] == '\r' || rest.ptr[0] == '\n')) {
        rest = span_from(rest, 1);
    }
    if (rest.len == 0) {
        return SIP_VERDICT_EMPTY;
    }
    msg->raw = rest;
    if (!cut_line(&rest, &line) || has_bare_cr(line)) {
        msg_fault(msg, 400, "Bad start line");
        return SIP_VERDICT_DROP;
    }
    if (span_istarts(line, SPAN_LIT("SIP/"))) {
        parse_status_line(line, msg);
    } else {
        parse_request_line(line, msg);
    }
    parse_header_lines(&rest, msg);
    take_fields(msg);
    take_body(rest, msg);
    if (msg->body.len > 0) {
        msg->raw.len = (size_t)(msg->body.ptr + msg->body.len - msg->raw.ptr);
    } else if (rest.len > 0) {
        msg->raw.len = (size_t)(rest.ptr - msg->raw.ptr);
    }
    return verdict_of(msg);
}
