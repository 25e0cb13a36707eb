/* SPDX-License-Identifier: MIT */
/* Offers of a far end in mid-call, and what each comes to: the same whether the gateway, the loopback exchange or the library is asked.
 * tests/peer/test_library.py reads the rows too: one a line, plain texts. */
#ifndef SUPPORT_OFFERS_H
#define SUPPORT_OFFERS_H

#include <stddef.h>
#include <stdio.h>

struct offer_row {
    const char *name;
    const char *address;   /* of c=; "": the far end's own */
    const char *media;     /* of m= */
    const char *event;     /* number of telephone-event; "": none */
    const char *direction; /* "": no such line */
    const char *answered;  /* the formats in our answer; "": 488 */
    const char *ours;      /* the direction there */
};

/* In this order in one call, which began with PCMU and events of number 101. */
/* clang-format off */
static const struct offer_row offer_rows[] = {
    {"the same", "", "audio 30000 RTP/AVP 0 101", "101", "", "0 101", "sendrecv"},
    {"another order", "", "audio 30000 RTP/AVP 8 0 101", "101", "", "0 101", "sendrecv"},
    {"another port", "", "audio 30002 RTP/AVP 0 101", "101", "", "0 101", "sendrecv"},
    {"hold", "", "audio 30002 RTP/AVP 0 101", "101", "sendonly", "0 101", "recvonly"},
    {"hold without music", "", "audio 30002 RTP/AVP 0 101", "101", "inactive", "0 101", "inactive"},
    {"hold of old", "0.0.0.0", "audio 30002 RTP/AVP 0 101", "101", "", "0 101", "recvonly"},
    {"hold of old, inactive", "0.0.0.0", "audio 30002 RTP/AVP 0 101", "101", "inactive", "0 101", "inactive"},
    {"listens only", "", "audio 30002 RTP/AVP 0 101", "101", "recvonly", "0 101", "sendonly"},
    {"resumed", "", "audio 30002 RTP/AVP 0 101", "101", "sendrecv", "0 101", "sendrecv"},
    {"no common codec", "", "audio 30004 RTP/AVP 18", "", "", "", ""},
    {"no audio", "", "video 30004 RTP/AVP 31", "", "", "", ""},
    {"encrypted", "", "audio 30004 RTP/SAVP 0", "", "", "", ""},
    {"rejects the stream", "", "audio 0 RTP/AVP 0", "", "", "", ""},
    {"another number for keys", "", "audio 30002 RTP/AVP 0 96", "96", "", "0 96", "sendrecv"},
    {"no keys", "", "audio 30002 RTP/AVP 0", "", "", "0", "sendrecv"},
    {"another codec", "", "audio 30002 RTP/AVP 8 101", "101", "", "8 101", "sendrecv"},
    {"the codec stays", "", "audio 30002 RTP/AVP 0 8 101", "101", "", "8 101", "sendrecv"},
    {"and back", "", "audio 30000 RTP/AVP 0 101", "101", "", "0 101", "sendrecv"},
};
/* clang-format on */

#define OFFER_ROWS (sizeof(offer_rows) / sizeof(offer_rows[0]))

static inline void offer_text(const struct offer_row *row, const char *own, char *out, size_t cap)
{
    char event[64] = "";
    char direction[32] = "";

    if (row->event[0] != '\0') {
        (void)snprintf(event, sizeof(event), "a=rtpmap:%s telephone-event/8000\r\n", row->event);
    }
    if (row->direction[0] != '\0') {
        (void)snprintf(direction, sizeof(direction), "a=%s\r\n", row->direction);
    }
    (void)snprintf(out, cap, "v=0\r\no=far 1 1 IN IP4 %s\r\ns=-\r\nc=IN IP4 %s\r\nt=0 0\r\nm=%s\r\n%s%s", own,
                   row->address[0] != '\0' ? row->address : own, row->media, event, direction);
}

#endif
