/* SPDX-License-Identifier: MIT */
/* The far end's stream, packet by packet, in the tests of what a client hears. */
#ifndef TESTS_SIM_VOICE_H
#define TESTS_SIM_VOICE_H

#include "world.h"

#define S5     DUR_S(5)
#define SDP(x) "v=0\r\no=- 1 1 IN IP4 10.0.0.9\r\ns=-\r\nc=IN IP4 10.0.0.9\r\nt=0 0\r\nm=audio 30000 RTP/AVP " x "\r\n"

struct voice {
    struct world *w;
    uint8_t payload_type;
    uint16_t sequence;
    uint32_t timestamp, ssrc;
    uint64_t spoken; /* samples */
};

/* A call that is up, to a phone that answers with this SDP (NULL: its own); format: the client's MEDIA command. */
struct world *voice_call(const char *sdp, const char *format, size_t *client);
struct voice voice_of(struct world *w, uint8_t payload_type);
/* Its n-th sample. */
uint8_t voice_octet(uint64_t n);
/* Any packet of its SSRC. */
void voice_say(const struct voice *v, uint8_t payload_type, bool marker, uint16_t sequence, uint32_t timestamp,
               const void *payload, size_t len);
/* The next packet of `samples`; false: it is lost on the way. */
void voice_packet(struct voice *v, size_t samples, bool arrives);
/* So many packets of 20 ms, and their time. */
void voice_speak(struct voice *v, int packets);
/* Packet i of the seven of a press, and its 20 ms; the timestamp stays. */
void voice_press(struct voice *v, uint8_t payload_type, uint8_t event, unsigned i);

#endif
