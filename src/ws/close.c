/* SPDX-License-Identifier: MIT */
#include "close.h"

#define CODE_FIRST    1012 /* Service Restart */
#define CODE_LAST     1014 /* Bad Gateway */
#define CODE_LEN      2
#define MASK_LEN      4
#define RESERVED_BITS 0x70

static struct span unmask(struct span frame, const struct frame_header *header, char body[FRAME_CONTROL_MAX])
{
    struct span payload = span_head(span_from(frame, header->header_len), (size_t)header->payload_len);
    const char *key = payload.ptr - MASK_LEN;

    for (size_t i = 0; i < payload.len; i++) {
        body[i] = (char)(payload.ptr[i] ^ key[i % MASK_LEN]);
    }
    return span_make(body, payload.len);
}

uint16_t close_code_newer(struct span frame, const struct frame_header *header, char reason[CLOSE_REASON_CAP])
{
    char bytes[FRAME_CONTROL_MAX] = {0};

    if (!header->masked || ((uint8_t)frame.ptr[0] & RESERVED_BITS) != 0 || header->payload_len < CODE_LEN ||
        header->payload_len > FRAME_CONTROL_MAX) {
        return 0;
    }
    struct span body = unmask(frame, header, bytes);
    uint16_t code = (uint16_t)((uint8_t)body.ptr[0] << 8 | (uint8_t)body.ptr[1]);
    struct span text = span_from(body, CODE_LEN);
    if (code < CODE_FIRST || code > CODE_LAST || !utf8_valid(text)) {
        return 0;
    }
    if (text.len > 0) {
        memcpy(reason, text.ptr, text.len);
    }
    reason[text.len] = '\0';
    return code;
}
