/* SPDX-License-Identifier: MIT */
/* As much SIP as a telephone needs that answers at once (RFC 3261 8.2.6): what a request asks, and the response to it. */
#ifndef ANSWER_H
#define ANSWER_H

#include "load.h"

#define MESSAGE_CAP 4096
#define CALL_ID_CAP 128

enum request {
    REQUEST_NONE, /* a response, or nothing that can be read */
    REQUEST_INVITE,
    REQUEST_ACK,
    REQUEST_BYE,
    REQUEST_OTHER,
};

/* Of a text that ends with NUL. Whatever is not NONE has its Call-ID, cut where it is longer than any of ours. */
enum request request_parse(const char *text, char call_id[CALL_ID_CAP]);

/* Where an INVITE's offer wants its RTP; false without one, or where it is not 127.0.0.0/8. */
bool offer_parse(const char *text, struct sockaddr_in *media);

/* The response to a request; with a port of ours for RTP it carries an SDP answer (PCMU, 20 ms). Returns its length, 0 when it does
   not fit. */
size_t answer_write(char out[MESSAGE_CAP], const char *request, const char *status, const struct sockaddr_in *own,
                    int rtp_port);

#endif
