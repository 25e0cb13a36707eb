/* SPDX-License-Identifier: MIT */
/* The table of dialects: what is spoken on which path. */
#ifndef WSAUDIO_APP_DIALECTS_H
#define WSAUDIO_APP_DIALECTS_H

#include "wsaudio/client.h"

/* The diagnostic one, which echoes, is the last. */
enum { DIALECT_TEXT, DIALECT_ECHO, DIALECTS };

const struct dialect *server_dialect(uint32_t index);

#endif
