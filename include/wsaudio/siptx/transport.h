/* SPDX-License-Identifier: MIT */
/* How messages leave (RFC 3261 18). */
#ifndef WSAUDIO_SIPTX_TRANSPORT_H
#define WSAUDIO_SIPTX_TRANSPORT_H

#include "wsaudio/sipmsg/flow.h"

/* One message by that flow. ST_OK, ST_AGAIN (full buffer: treated as lost, UDP), or ST_IO (transport error, told to the
 * transaction). */
typedef int (*sip_send_fn)(void *ctx, const struct sip_flow *flow, const void *data, size_t len);

#endif
