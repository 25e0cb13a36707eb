/* SPDX-License-Identifier: MIT */
/* The file of --ws-token-file. */
#ifndef WSAUDIO_APP_WEB_TOKENS_H
#define WSAUDIO_APP_WEB_TOKENS_H

#include "wsaudio/http/tokens.h"

#define WEB_TOKENS_FILE_MAX (64 * 1024)

/* ST_BAD (not readable, too large, or as tokens_parse says), ST_NO_MEMORY; then why has a short reason that never quotes the file,
 * and *out is empty. */
WS_MUST_CHECK int web_tokens_load(const char *path, struct token_set *out, char why[TOKENS_WHY_MAX]);

#endif
