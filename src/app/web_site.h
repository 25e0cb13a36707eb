/* SPDX-License-Identifier: MIT */
/* What the pages of the HTTP port show of this server. */
#ifndef WSAUDIO_APP_WEB_SITE_H
#define WSAUDIO_APP_WEB_SITE_H

#include "wsaudio/http/server.h"
#include "wsaudio/sipua.h"
#include "wsaudio/store/recordings.h"

#define WEB_COMMANDS_MAX 32

struct web_site {
    struct recordings *recordings;              /* borrows; NULL: none are kept */
    const struct sip_stack *sip;                /* borrows */
    const char *commands[WEB_COMMANDS_MAX + 1]; /* of the table of verbs; NULL behind the last */
};

/* site: borrowed as long as the result is used. registers: /healthz says when the server is not registered. */
struct http_site web_site(struct web_site *site, bool loopback, bool registers);

#endif
