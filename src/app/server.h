/* SPDX-License-Identifier: MIT */
/* The running server: everything that os gives, plugged into the gateway of room call. */
#ifndef WSAUDIO_APP_SERVER_H
#define WSAUDIO_APP_SERVER_H

#include "options.h"

/* Runs until a signal ends it. Returns the process's exit code; what went wrong stands on stderr in one line. */
int server_run(const struct options *options);

#endif
