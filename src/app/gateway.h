/* SPDX-License-Identifier: MIT */
/* The running server: everything that os gives, plugged into the bridge of room call. */
#ifndef WSAUDIO_APP_GATEWAY_H
#define WSAUDIO_APP_GATEWAY_H

#include "options.h"

/* Runs until a signal ends it. Returns the process's exit code; what went wrong stands on stderr in one line. */
int gateway_run(const struct options *options);

#endif
