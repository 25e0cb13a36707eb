/* SPDX-License-Identifier: MIT */
/* Cuts a byte stream into SIP messages by their Content-Length (RFC 3261 18.3), and finds the keep-alives between them
 * (RFC 5626 3.5.1). Nothing is copied: whoever reads the stream keeps what has come and was not cut off yet, and shows all
 * of it each time. What is found does not depend on the pieces in which it came. */
#ifndef WSAUDIO_SIPMSG_STREAM_H
#define WSAUDIO_SIPMSG_STREAM_H

#include "wsaudio/base.h"

enum sip_stream_step {
    SIP_STREAM_MORE,     /* nothing whole is there */
    SIP_STREAM_MESSAGE,  /* a message, from its start line to the end of its body */
    SIP_STREAM_CRLF,     /* a CRLF between messages: the answer to a keep-alive, for whoever sent one */
    SIP_STREAM_CRLFCRLF, /* a second one right behind it: a keep-alive, to be answered with CRLF by whoever accepted the
                            connection */
    SIP_STREAM_BAD, /* where the next message begins cannot be known: the connection is of no use any more, and every
                       further call says so too */
    SIP_STREAM_STEP_COUNT
};

struct sip_stream {
    size_t max;      /* bytes of the longest message that is taken, its body included */
    size_t scanned;  /* bytes of the message in hand that hold no end of its head; 0: between messages */
    size_t head_len; /* of the message in hand, the blank line included; 0: not known yet */
    size_t body_len;
    bool after_crlf; /* the last thing cut off was a CRLF of its own */
    const char *why; /* of BAD, for people; NULL: the stream is well */
};

void sip_stream_init(struct sip_stream *stream, size_t max);

/* Cuts the next thing off the front of *rest, which holds everything from where the last call has left it. *frame: the
 * message of MESSAGE; of the first BAD the head, where it has come whole, so that a request can be refused before the
 * connection is closed; else empty. It borrows *rest. */
WS_MUST_CHECK enum sip_stream_step sip_stream_next(struct sip_stream *stream, struct span *rest, struct span *frame);

#endif
