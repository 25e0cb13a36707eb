/* SPDX-License-Identifier: MIT */
/* Why the server cannot start: one line for stderr. */
#ifndef WSAUDIO_APP_WHY_H
#define WSAUDIO_APP_WHY_H

#include "wsaudio/base.h"

#define WHY_MAX 512

/* Writes the line, cut where it is longer; returns status. */
int why_fail(char why[WHY_MAX], int status, const char *fmt, ...) WS_PRINTF(3, 4);

#endif
