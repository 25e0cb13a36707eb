/* SPDX-License-Identifier: MIT */
/* Incoming calls (--incoming): what becomes of an INVITE until it is answered. At whom it rings is not decided here: whoever
 * was told that it does answers or refuses it. */
#ifndef WSAUDIO_CALL_INCOMING_H
#define WSAUDIO_CALL_INCOMING_H

#include "wsaudio/call.h"

struct call;

/* The part of a call that matters until it is answered, and is not kept longer. */
struct incoming {
    mono_us until; /* --ring-seconds, or the INVITE's Expires */
    mono_us again; /* the next 180: Timer C of a proxy runs out after 3 minutes (RFC 3261 13.3.1.1, 16.6) */
    int until_code;
    char caller[TEXT_SAFE_MAX + 1], called[TEXT_SAFE_MAX + 1];
};

/* SIP_EVENT_INCOMING. */
void incoming_arrives(struct calls *all, const struct sip_event *event);
/* The call's clock while it rings. */
void incoming_expire(struct call *call);

#endif
