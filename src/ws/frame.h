/* SPDX-License-Identifier: MIT */
/* Room ws, private: the header of a frame (RFC 6455 5.2). */
#ifndef WSAUDIO_WS_FRAME_H
#define WSAUDIO_WS_FRAME_H

#include "wsaudio/base.h"

#define FRAME_HEADER_MAX  14 /* with a mask */
#define FRAME_CONTROL_MAX 125
#define FRAME_MASK_LEN    4
#define FRAME_FIN         0x80

enum frame_peek { FRAME_MORE, FRAME_OK, FRAME_BAD };

struct frame_header {
    bool fin;
    bool masked;
    uint8_t opcode;
    size_t header_len;
    uint64_t payload_len;
};

/* Reads the header at the front of `in` without taking it. FRAME_BAD where the length is one that no frame may have: not
 * in its shortest form, or with the top bit set. */
enum frame_peek ws_frame_peek(struct span in, struct frame_header *out);
/* Writes the header of an unmasked frame; returns its length, 2 to 10. */
size_t ws_frame_write(uint8_t out[FRAME_HEADER_MAX], bool fin, uint8_t opcode, uint64_t payload_len);
/* Length of that header. */
size_t ws_frame_len(uint64_t payload_len);

/* In place; mask: its FRAME_MASK_LEN bytes. */
void ws_frame_unmask(uint8_t *payload, size_t len, const uint8_t *mask);

static inline bool frame_is_control(uint8_t opcode)
{
    return (opcode & 0x8) != 0;
}

#endif
