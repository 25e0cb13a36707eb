/* SPDX-License-Identifier: MIT */
/* The RTP packet, RFC 3550 5.1, 5.3.1 and A.1. */
#include "wire.h"
#include "wsaudio/rtp.h"

#define RTP_VERSION      2
#define RTCP_PT_AS_RTP   72 /* 200 (SR) without the marker bit; 76 is 204 (APP) */
#define RTCP_PT_AS_LAST  76
#define EXTENSION_HEADER 4

/* Where the payload begins behind CSRC list and extension; 0 when they do not fit. */
static size_t payload_start(struct span datagram)
{
    unsigned first = wire_u8(datagram, 0);
    size_t at = RTP_HEADER_LEN + 4 * (size_t)(first & 0x0F);

    if ((first & 0x10) != 0) {
        if (datagram.len < at + EXTENSION_HEADER) {
            return 0;
        }
        at += EXTENSION_HEADER + 4 * (size_t)wire_u16(datagram, at + 2);
    }
    return at <= datagram.len ? at : 0;
}

int rtp_packet_parse(struct span datagram, struct rtp_packet *out)
{
    *out = (struct rtp_packet){0};
    if (datagram.len < RTP_HEADER_LEN || datagram.len > RTP_PACKET_MAX || wire_u8(datagram, 0) >> 6 != RTP_VERSION) {
        return ST_BAD;
    }
    uint8_t payload_type = wire_u8(datagram, 1) & 0x7F;
    if (payload_type >= RTCP_PT_AS_RTP && payload_type <= RTCP_PT_AS_LAST) {
        return ST_BAD;
    }
    size_t start = payload_start(datagram);
    if (start == 0) {
        return ST_BAD;
    }
    size_t end = datagram.len;
    if ((wire_u8(datagram, 0) & 0x20) != 0) {
        size_t padding = wire_u8(datagram, end - 1);
        if (padding == 0 || padding > end - start) {
            return ST_BAD;
        }
        end -= padding;
    }
    out->marker = (wire_u8(datagram, 1) & 0x80) != 0;
    out->payload_type = payload_type;
    out->sequence = wire_u16(datagram, 2);
    out->timestamp = wire_u32(datagram, 4);
    out->ssrc = wire_u32(datagram, 8);
    out->payload = span_make(datagram.ptr + start, end - start);
    return ST_OK;
}

int rtp_packet_write(const struct rtp_packet *packet, struct outbuf *out)
{
    if (packet->payload.len > RTP_PACKET_MAX - RTP_HEADER_LEN) {
        return ST_TOO_LARGE;
    }
    const uint8_t header[RTP_HEADER_LEN] = {
        RTP_VERSION << 6,
        (uint8_t)((packet->marker ? 0x80 : 0) | (packet->payload_type & 0x7F)),
        (uint8_t)(packet->sequence >> 8),
        (uint8_t)packet->sequence,
        (uint8_t)(packet->timestamp >> 24),
        (uint8_t)(packet->timestamp >> 16),
        (uint8_t)(packet->timestamp >> 8),
        (uint8_t)packet->timestamp,
        (uint8_t)(packet->ssrc >> 24),
        (uint8_t)(packet->ssrc >> 16),
        (uint8_t)(packet->ssrc >> 8),
        (uint8_t)packet->ssrc,
    };
    outbuf_bytes(out, header, sizeof(header));
    outbuf_span(out, packet->payload);
    return outbuf_status(out);
}
