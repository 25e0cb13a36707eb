/* SPDX-License-Identifier: MIT */
#include "support_frames.h"

static void append(uint8_t **bytes, size_t *len, size_t *cap, const void *data, size_t more)
{
    if (*len + more > *cap) {
        *cap = (*len + more) * 2;
        *bytes = realloc(*bytes, *cap);
        FUZZ_CHECK(*bytes != NULL);
    }
    if (more > 0) {
        memcpy(*bytes + *len, data, more);
    }
    *len += more;
}

void frames_fini(struct frames *f)
{
    free(f->bytes);
    free(f->body);
    *f = (struct frames){0};
}

static bool close_code_ok(unsigned code)
{
    return (code >= 1000 && code <= 1014 && code != 1004 && code != 1006) || (code >= 3000 && code <= 4999);
}

static void take_control(struct frames *f, const struct wsframe *frame)
{
    FUZZ_CHECK(frame->fin && frame->len <= 125);
    switch (frame->opcode) {
    case WSFRAME_CLOSE:
        f->closed = true;
        f->close_code = wsframe_close_code(frame);
        FUZZ_CHECK(frame->len != 1 && close_code_ok(f->close_code));
        FUZZ_CHECK(frame->len < 2 || utf8_valid(span_make(frame->payload + 2, (size_t)frame->len - 2)));
        break;
    case WSFRAME_PING: f->pings++; break;
    case WSFRAME_PONG: f->pongs++; break;
    default: FUZZ_CHECK(frame->opcode == WSFRAME_CLOSE);
    }
}

static void take_data(struct frames *f, const struct wsframe *frame)
{
    if (frame->opcode != WSFRAME_CONT) {
        FUZZ_CHECK(f->opcode == 0 && (frame->opcode == WSFRAME_TEXT || frame->opcode == WSFRAME_BINARY));
        f->opcode = frame->opcode;
        f->body_len = 0;
    }
    FUZZ_CHECK(f->opcode != 0);
    append(&f->body, &f->body_len, &f->body_cap, frame->payload, (size_t)frame->len);
    if (!frame->fin) {
        return;
    }
    struct span body = span_make(f->body, f->body_len);
    /* the many packets in hexadecimal are judged by who knows what they are */
    FUZZ_CHECK(f->opcode != WSFRAME_TEXT || span_starts(body, SPAN_LIT("RTP:")) || utf8_valid(body));
    f->messages++;
    if (f->message != NULL) {
        f->message(f->ctx, f->opcode, body);
    }
    f->opcode = 0;
}

void frames_push(struct frames *f, const void *data, size_t len)
{
    struct wsframe frame;
    size_t at = 0;
    size_t n;

    append(&f->bytes, &f->len, &f->cap, data, len);
    while ((n = f->len > at ? wsframe_read(f->bytes + at, f->len - at, &frame) : 0) > 0) {
        FUZZ_CHECK(!f->closed && !frame.masked && frame.rsv == 0);
        if ((frame.opcode & 8) != 0) {
            take_control(f, &frame);
        } else {
            take_data(f, &frame);
        }
        at += n;
    }
    f->len -= at;
    if (f->len > 0) {
        memmove(f->bytes, f->bytes + at, f->len);
    }
}
