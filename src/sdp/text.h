/* SPDX-License-Identifier: MIT */
/* The lines and words of an SDP body, shared by the reader and the answer's writer. */
#ifndef WSAUDIO_SDP_TEXT_H
#define WSAUDIO_SDP_TEXT_H

#include "wsaudio/base.h"

/* Takes the next line off *body, without CR and LF; false at the end. Empty lines are passed over. */
bool sdp_next_line(struct span *body, struct span *line);
/* Takes the next blank-separated word off *rest; empty at the end. */
struct span sdp_next_word(struct span *rest);
/* "m=…" and the like. */
bool sdp_line_is(struct span line, char type);
/* What stands behind "m=". */
struct span sdp_line_value(struct span line);

struct sdp_media_line {
    struct span media, port, proto;
    struct span formats; /* all of them, blank-separated */
};

/* Splits the value of an m= line; nothing is judged, missing parts are empty. */
void sdp_split_media(struct span value, struct sdp_media_line *out);

#endif
