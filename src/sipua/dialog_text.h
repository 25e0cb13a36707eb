/* SPDX-License-Identifier: MIT */
/* A string that its holder owns: what a dialog keeps of datagrams that are gone. */
#ifndef WSAUDIO_SIPUA_DIALOG_TEXT_H
#define WSAUDIO_SIPUA_DIALOG_TEXT_H

#include "wsaudio/base.h"

/* Zeroed is the empty text. */
struct sip_text {
    char *ptr; /* owns; NULL when empty */
    size_t len;
};

/* Copies value. ST_NO_MEMORY: the old text stays. */
WS_MUST_CHECK int sip_text_set(struct sip_text *text, struct span value);
/* Frees; the text is empty. */
void sip_text_clear(struct sip_text *text);

static inline struct span sip_text_view(const struct sip_text *text)
{
    return span_make(text->ptr, text->len);
}

#endif
