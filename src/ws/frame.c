/* SPDX-License-Identifier: MIT */
#include "frame.h"

#define LEN_16 126
#define LEN_64 127

static uint64_t read_be(struct span in, size_t from, size_t count)
{
    uint64_t value = 0;

    for (size_t i = 0; i < count; i++) {
        value = value << 8 | (uint8_t)in.ptr[from + i];
    }
    return value;
}

enum frame_peek ws_frame_peek(struct span in, struct frame_header *out)
{
    if (in.len < 2) {
        return FRAME_MORE;
    }
    uint8_t short_len = (uint8_t)in.ptr[1] & 0x7f;
    size_t extended = short_len == LEN_64 ? 8 : short_len == LEN_16 ? 2 : 0;
    out->fin = ((uint8_t)in.ptr[0] & 0x80) != 0;
    out->opcode = (uint8_t)in.ptr[0] & 0x0f;
    out->masked = ((uint8_t)in.ptr[1] & 0x80) != 0;
    out->header_len = 2 + extended + (out->masked ? 4 : 0);
    if (in.len < 2 + extended) {
        return FRAME_MORE;
    }
    out->payload_len = extended > 0 ? read_be(in, 2, extended) : short_len;
    if ((extended == 2 && out->payload_len < LEN_16) || (extended == 8 && out->payload_len <= UINT16_MAX) ||
        out->payload_len > INT64_MAX) {
        return FRAME_BAD;
    }
    return in.len < out->header_len ? FRAME_MORE : FRAME_OK;
}

void ws_frame_unmask(uint8_t *payload, size_t len, const uint8_t *mask)
{
    uint64_t twice;
    size_t at = 0;

    memcpy(&twice, mask, FRAME_MASK_LEN);
    memcpy((uint8_t *)&twice + FRAME_MASK_LEN, mask, FRAME_MASK_LEN);
    for (; len - at >= sizeof(twice); at += sizeof(twice)) {
        uint64_t part;
        memcpy(&part, payload + at, sizeof(part));
        part ^= twice;
        memcpy(payload + at, &part, sizeof(part));
    }
    for (; at < len; at++) {
        payload[at] ^= mask[at % FRAME_MASK_LEN];
    }
}

size_t ws_frame_len(uint64_t payload_len)
{
    return payload_len > UINT16_MAX ? 10 : payload_len >= LEN_16 ? 4 : 2;
}

size_t ws_frame_write(uint8_t out[FRAME_HEADER_MAX], bool fin, uint8_t opcode, uint64_t payload_len)
{
    size_t len = ws_frame_len(payload_len);

    out[0] = (uint8_t)((fin ? 0x80 : 0) | opcode);
    out[1] = (uint8_t)(len == 10 ? LEN_64 : len == 4 ? LEN_16 : payload_len);
    for (size_t i = 2; i < len; i++) {
        out[i] = (uint8_t)(payload_len >> (8 * (len - 1 - i)));
    }
    return len;
}
