/* SPDX-License-Identifier: MIT */
#include "wsaudio/sipmsg/body.h"

#include "wsaudio/sipmsg/scan.h"

/* A body with what its headers say of it: the message's own, or a part's. */
struct entity {
    struct span type, disposition, encoding, transfer;
    struct span content;
};

struct span sip_accept_text(void)
{
    return SPAN_LIT("application/sdp, multipart/mixed, multipart/alternative");
}

bool sip_type_is(struct span value, struct span type, struct span subtype)
{
    struct span front = span_cut(&value, ';');
    struct span main = span_trim(span_cut(&front, '/'));

    return span_ieq(main, type) && span_ieq(span_trim(front), subtype);
}

/* ---- a multipart's parts ---- */

/* The last line may have no end. */
static struct span cut_line(struct span *rest)
{
    return span_cut(rest, '\n');
}

enum delimiter { DELIMITER_NONE, DELIMITER_NEXT, DELIMITER_LAST };

static enum delimiter delimiter_of(struct span line, struct span boundary)
{
    struct span behind = span_from(line, 2 + boundary.len);

    if (!span_starts(line, SPAN_LIT("--")) || !span_starts(span_from(line, 2), boundary)) {
        return DELIMITER_NONE;
    }
    behind = span_trim(behind); /* RFC 2046 5.1.1: blanks may have been added on the way */
    if (behind.len == 0) {
        return DELIMITER_NEXT;
    }
    return span_eq(behind, SPAN_LIT("--")) ? DELIMITER_LAST : DELIMITER_NONE;
}

/* What stands in front of the next delimiter, or all of it; the line end in front belongs to the delimiter. */
static struct span cut_until_delimiter(struct span *rest, struct span boundary, enum delimiter *found)
{
    const struct span all = *rest;

    *found = DELIMITER_NONE;
    while (rest->len > 0) {
        size_t at = all.len - rest->len;
        *found = delimiter_of(cut_line(rest), boundary);
        if (*found == DELIMITER_NONE) {
            continue;
        }
        struct span part = span_head(all, at);
        if (part.len > 0 && part.ptr[part.len - 1] == '\n') {
            part.len--;
        }
        if (part.len > 0 && part.ptr[part.len - 1] == '\r') {
            part.len--;
        }
        return part;
    }
    return all;
}

static bool has_boundary(struct span content, struct span boundary)
{
    enum delimiter found = DELIMITER_NONE;

    if (boundary.len > 0) {
        (void)cut_until_delimiter(&content, boundary, &found);
    }
    return found != DELIMITER_NONE;
}

/* As the first line that looks like a delimiter has it. */
static struct span guess_boundary(struct span content)
{
    while (content.len > 0) {
        struct span line = span_trim(cut_line(&content));
        if (line.len > 2 && span_starts(line, SPAN_LIT("--"))) {
            return span_from(line, 2);
        }
    }
    return SPAN_NONE;
}

static struct span boundary_of(const struct entity *whole)
{
    struct span params = whole->type;
    struct span boundary = SPAN_NONE;

    (void)span_cut(&params, ';');
    (void)sip_param_find(params, SPAN_LIT("boundary"), &boundary);
    return has_boundary(whole->content, boundary) ? boundary : guess_boundary(whole->content);
}

static void take_header(struct span line, struct entity *part)
{
    struct span value = line;
    struct span name = span_trim(span_cut(&value, ':'));

    value = span_trim(value);
    if (span_ieq(name, SPAN_LIT("Content-Transfer-Encoding"))) {
        part->transfer = value;
        return;
    }
    enum sip_header_id id = sip_header_find(name);
    if (id == SIP_HEADER_CONTENT_TYPE) {
        part->type = value;
    } else if (id == SIP_HEADER_CONTENT_DISPOSITION) {
        part->disposition = value;
    } else if (id == SIP_HEADER_CONTENT_ENCODING) {
        part->encoding = value;
    }
}

/* Headers, a blank line, the content. A first line that is no header begins the content. */
static struct entity read_part(struct span text)
{
    struct entity part = {.content = text};
    struct span rest = text;
    struct span line;

    while (sip_cut_folded_line(&rest, &line)) {
        if (line.len == 0) {
            part.content = rest;
            return part;
        }
        if (span_find(line, ':') == line.len) {
            return part;
        }
        take_header(line, &part);
        part.content = rest;
    }
    return part;
}

/* ---- what they mean ---- */

static bool is_optional(const struct entity *e)
{
    struct span params = e->disposition;
    struct span handling;

    (void)span_cut(&params, ';');
    return sip_param_find(params, SPAN_LIT("handling"), &handling) && span_ieq(handling, SPAN_LIT("optional"));
}

/* The encoding that stands in the way, or empty. */
static struct span foreign_encoding(const struct entity *e)
{
    static const char *const plain[] = {"7bit", "8bit", "binary"};

    if (e->encoding.len > 0 && !span_ieq(e->encoding, SPAN_LIT("identity"))) {
        return e->encoding;
    }
    for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++) {
        if (span_ieq(e->transfer, span_cstr(plain[i]))) {
            return SPAN_NONE;
        }
    }
    return e->transfer;
}

static bool is_sdp(const struct entity *e)
{
    struct span disposition = e->disposition;

    if (span_ieq(span_trim(span_cut(&disposition, ';')), SPAN_LIT("early-session"))) {
        return false;
    }
    return sip_type_is(e->type, SPAN_LIT("application"), SPAN_LIT("sdp")) ||
           (e->type.len == 0 && span_starts(e->content, SPAN_LIT("v=0")));
}

static struct sip_body read_entity(const struct entity *e, unsigned depth);

/* Of alternatives the last one that is understood is the best (RFC 2046 5.1.4); one with an SDP before one without. */
static bool is_better(const struct sip_body *best, const struct sip_body *next)
{
    if (next->refused) {
        return false;
    }
    return best->refused || best->sdp.len == 0 || next->sdp.len > 0;
}

static void add_part(struct sip_body *sum, const struct sip_body *part, bool alternatives, bool first)
{
    if (first || (alternatives && is_better(sum, part))) {
        *sum = *part;
    } else if (!alternatives) {
        sum->sdp = sum->sdp.len > 0 ? sum->sdp : part->sdp;
        if (part->refused && !sum->refused) {
            sum->refused = true;
            sum->encoded = part->encoded;
            sum->why = part->why;
        }
    }
}

static struct sip_body read_multipart(const struct entity *whole, unsigned depth)
{
    const bool alternatives = sip_type_is(whole->type, SPAN_LIT("multipart"), SPAN_LIT("alternative"));
    struct span boundary = boundary_of(whole);
    struct span rest = whole->content;
    struct sip_body sum = {0};
    enum delimiter found = DELIMITER_NONE;

    if (boundary.len == 0) {
        return (struct sip_body){.refused = true, .why = whole->type};
    }
    (void)cut_until_delimiter(&rest, boundary, &found); /* the preamble */
    for (bool first = true; found == DELIMITER_NEXT; first = false) {
        struct entity part = read_part(cut_until_delimiter(&rest, boundary, &found));
        struct sip_body body = read_entity(&part, depth + 1);
        add_part(&sum, &body, alternatives, first);
    }
    return sum;
}

static struct sip_body read_understood(const struct entity *e, unsigned depth)
{
    struct span encoding = foreign_encoding(e);
    struct span main = e->type;

    if (span_trim(e->content).len == 0) {
        return (struct sip_body){0};
    }
    if (encoding.len > 0) {
        return (struct sip_body){.refused = true, .encoded = true, .why = encoding};
    }
    if (is_sdp(e)) {
        return (struct sip_body){.sdp = e->content};
    }
    if (depth < SIP_BODY_DEPTH && span_ieq(span_trim(span_cut(&main, '/')), SPAN_LIT("multipart"))) {
        return read_multipart(e, depth);
    }
    return (struct sip_body){.refused = true, .why = e->type};
}

static struct sip_body read_entity(const struct entity *e, unsigned depth)
{
    struct sip_body body = read_understood(e, depth);

    if (body.refused && is_optional(e)) {
        body = (struct sip_body){.sdp = body.sdp};
    }
    return body;
}

struct sip_body sip_body_read(const struct sip_msg *msg)
{
    struct entity whole = {
        .type = msg->content_type,
        .disposition = sip_msg_value(msg, SIP_HEADER_CONTENT_DISPOSITION),
        .encoding = sip_msg_value(msg, SIP_HEADER_CONTENT_ENCODING),
        .content = msg->body,
    };

    return read_entity(&whole, 0);
}
