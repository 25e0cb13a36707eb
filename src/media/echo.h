/* SPDX-License-Identifier: MIT */
/* The echo test: which packets come back, and for calls of the gateway, which send every 20 ms whatever arrives, a short queue in
 * between. */
#ifndef WSAUDIO_MEDIA_ECHO_H
#define WSAUDIO_MEDIA_ECHO_H

#include "wsaudio/audio.h"
#include "wsaudio/rtp.h"
#include "wsaudio/sdp.h"

/* 200 ms: more than that is no use to whoever hears himself; a far end whose clock is faster loses the oldest. */
#define ECHO_SAMPLES (AUDIO_HZ / 5u)

struct echo {
    bool on;
    uint8_t samples[ECHO_SAMPLES]; /* ring, in the call's codec */
    uint32_t head, held;
};

/* Audio in the codec agreed, each packet once. */
static inline bool echo_wants(const struct sdp_negotiated *negotiated, const struct rtp_packet *packet,
                              enum rtp_rx_verdict verdict)
{
    return verdict != RTP_RX_DUPLICATE && packet->payload_type == negotiated->payload_type;
}

/* What was received; drops the oldest when there is no room. */
void echo_push(struct echo *e, struct span payload);
/* Exactly count samples, or false: nothing that could come back. */
bool echo_take(struct echo *e, uint8_t *out, size_t count);
/* The call goes on in another codec: what waits becomes samples of that. Both have one octet a sample, as all that are echoed. */
void echo_recode(struct echo *e, enum audio_codec from, enum audio_codec to);

#endif
