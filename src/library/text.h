/* SPDX-License-Identifier: MIT */
/* Headers of a message that is plain text with an end, whatever came. */
#ifndef WSAUDIO_LIBRARY_TEXT_H
#define WSAUDIO_LIBRARY_TEXT_H

#include "wsaudio/base.h"

/* The next line of *rest, folded lines joined on (their line ends are in it), without its line end. The header part ends
 * with an empty line: false then, and at the end. */
bool message_text_next_header(struct span *rest, struct span *line);
/* The value of the first header of that name (or its compact form, '\0': none) behind `from` lines' start; false: there is
 * none. */
bool message_text_header(struct span message, const char *name, char compact, struct span *value);
/* The value of ;name= in a To, From or Via value, outside of quotes and angle brackets; empty: none. */
struct span message_text_param(struct span value, const char *name);

#endif
