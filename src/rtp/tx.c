/* SPDX-License-Identifier: MIT */
/* One outgoing RTP stream: its identity is random and constant over the call (RFC 3550 5.1). */
#include "wsaudio/rtp.h"

void rtp_tx_init(struct rtp_tx *tx, const struct rng *rng, uint8_t payload_type)
{
    *tx = (struct rtp_tx){.payload_type = payload_type, .mark_next = true};
    tx->ssrc = rng_u32(rng);
    tx->timestamp = rng_u32(rng);
    tx->timestamp_start = tx->timestamp;
    tx->sequence = (uint16_t)rng_u32(rng);
}

int rtp_tx_packet(struct rtp_tx *tx, struct span payload, uint32_t samples, struct outbuf *out)
{
    struct rtp_packet packet = {
        .marker = tx->mark_next,
        .payload_type = tx->payload_type,
        .sequence = tx->sequence,
        .timestamp = tx->timestamp,
        .ssrc = tx->ssrc,
        .payload = payload,
    };
    int status = rtp_packet_write(&packet, out);

    if (status != ST_OK) {
        return status;
    }
    tx->mark_next = false;
    tx->sequence++;
    tx->timestamp += samples;
    tx->packets++;
    tx->octets += (uint32_t)payload.len;
    return ST_OK;
}

void rtp_tx_skip(struct rtp_tx *tx, uint32_t samples)
{
    tx->timestamp += samples;
    tx->mark_next = true;
}
