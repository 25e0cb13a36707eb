/* SPDX-License-Identifier: MIT */
/* Steps over the lexical pieces that all SIP grammars share: linear white space and quoted strings. */
#ifndef WSAUDIO_SIPMSG_SCAN_H
#define WSAUDIO_SIPMSG_SCAN_H

#include "wsaudio/base.h"

/* Blanks and the CR LF of a fold (RFC 3261 25.1 LWS). */
static inline bool sip_is_lws(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Index of the first byte at or behind `at` that is no LWS. */
static inline size_t sip_skip_lws(struct span s, size_t at)
{
    while (at < s.len && sip_is_lws(s.ptr[at])) {
        at++;
    }
    return at;
}

/* s.ptr[at] is a '"': the index behind the closing quote, or 0 when there is none. */
size_t sip_skip_quoted(struct span s, size_t at);
/* The bytes up to the next separator outside a quoted string; an open quote takes the rest. */
size_t sip_element_len(struct span s, char separator);
/* Index of the first byte at or behind `at` that may not stand in a token. */
size_t sip_skip_token(struct span s, size_t at);
/* Cuts one line off with the folded ones that follow it (RFC 3261 7.3.1), its CRLF (or a lone LF, which some send) taken away.
 * False, *rest spent or not, when a line end is missing. */
bool sip_cut_folded_line(struct span *rest, struct span *line);
/* Any LWS, control or DEL among the bytes. */
bool sip_has_blank_or_control(struct span s);

#endif
