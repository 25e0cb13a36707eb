/* SPDX-License-Identifier: MIT */
/* Names of hosts, as they stand in URIs, in flags and in questions to name servers. */
#ifndef WSAUDIO_BASE_HOST_H
#define WSAUDIO_BASE_HOST_H

#include <stdbool.h>

#include "wsaudio/base/span.h"

/* Not empty, and nothing but letters, digits, '-', '.' and the '_' that RFC 3261 25.1 does not know and networks have. */
bool host_is_name(struct span host);
/* "localhost" and what ends in ".localhost", in any case, with or without the last dot: this machine, whatever a hosts file or a
 * name server says, and with neither (RFC 6761 6.3). */
bool host_is_localhost(struct span host);

#endif
