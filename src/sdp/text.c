/* SPDX-License-Identifier: MIT */
/* Lines and words of an SDP body. */
#include "text.h"

bool sdp_next_line(struct span *body, struct span *line)
{
    while (body->len != 0) {
        *line = span_cut(body, '\n');
        if (line->len != 0 && line->ptr[line->len - 1] == '\r') {
            line->len--;
        }
        if (line->len != 0) {
            return true;
        }
    }
    return false;
}

struct span sdp_next_word(struct span *rest)
{
    size_t from = 0;

    while (from < rest->len && char_is_blank(rest->ptr[from])) {
        from++;
    }
    size_t to = from;
    while (to < rest->len && !char_is_blank(rest->ptr[to])) {
        to++;
    }
    struct span word = span_head(span_from(*rest, from), to - from);
    *rest = span_from(*rest, to);
    return word;
}

bool sdp_line_is(struct span line, char type)
{
    return line.len >= 2 && line.ptr[0] == type && line.ptr[1] == '=';
}

struct span sdp_line_value(struct span line)
{
    return span_from(line, 2);
}

void sdp_split_media(struct span value, struct sdp_media_line *out)
{
    out->media = sdp_next_word(&value);
    out->port = sdp_next_word(&value);
    out->proto = sdp_next_word(&value);
    out->formats = span_trim(value);
}
