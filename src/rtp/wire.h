/* SPDX-License-Identifier: MIT */
/* Big-endian fields of RTP and RTCP, byte by byte: no alignment and no host order is assumed. */
#ifndef WSAUDIO_RTP_WIRE_H
#define WSAUDIO_RTP_WIRE_H

#include <stdint.h>

#include "wsaudio/base.h"

static inline uint8_t wire_u8(struct span s, size_t at)
{
    return (uint8_t)s.ptr[at];
}
static inline uint16_t wire_u16(struct span s, size_t at)
{
    return (uint16_t)((unsigned)wire_u8(s, at) << 8 | wire_u8(s, at + 1));
}
static inline uint32_t wire_u32(struct span s, size_t at)
{
    return (uint32_t)wire_u16(s, at) << 16 | wire_u16(s, at + 2);
}
static inline void wire_put_u16(struct outbuf *out, uint16_t value)
{
    uint8_t bytes[2] = {(uint8_t)(value >> 8), (uint8_t)value};

    outbuf_bytes(out, bytes, sizeof(bytes));
}
static inline void wire_put_u32(struct outbuf *out, uint32_t value)
{
    uint8_t bytes[4] = {(uint8_t)(value >> 24), (uint8_t)(value >> 16), (uint8_t)(value >> 8), (uint8_t)value};

    outbuf_bytes(out, bytes, sizeof(bytes));
}

#endif
