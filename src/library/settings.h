/* SPDX-License-Identifier: MIT */
/* What the program's macros and the environment say. */
#ifndef WSAUDIO_LIBRARY_SETTINGS_H
#define WSAUDIO_LIBRARY_SETTINGS_H

#include "wsaudio/base.h"

#define SETTINGS_TEXT_MAX 256

struct settings {
    char server[SETTINGS_TEXT_MAX];
    char local_ip[SETTINGS_TEXT_MAX];
    char username[SETTINGS_TEXT_MAX];
    char password[SETTINGS_TEXT_MAX];
    char caller[SETTINGS_TEXT_MAX];
    char callee[SETTINGS_TEXT_MAX];
    int port, local_port, rtp_port, rtp_send_port;
    bool local_ip_given; /* by the program or the environment: it is advertised even where this machine has it not */
    bool debug;
};

/* The program's macros, then the environment. ST_BAD: *wrong names the first setting that is not usable (a port outside
 * of 0 to 65535, a text that is too long or empty). */
WS_MUST_CHECK int settings_get(struct settings *s, const char **wrong);

#endif
