/* SPDX-License-Identifier: MIT */
/* From a client's binary messages to live audio in a call's lanes: any length, any split. */
#ifndef WSAUDIO_CALL_INTAKE_H
#define WSAUDIO_CALL_INTAKE_H

#include "formats.h"
#include "lanes.h"

struct intake {
    bool inside;   /* a message has begun and is not over */
    bool skipping; /* the rest of this message is refused */
    bool has_half; /* l16: the first byte of a sample whose second has not come yet */
    bool half_bad; /* it belongs to a sample that was refused */
    bool has_tail; /* l16/16000: the narrower holds the last 4 ms back */
    uint8_t half;
    struct resampler *narrower; /* owns; 16 to 8 kHz, made with the format */
};

/* So long the first byte of a sample waits for its second between two messages. Inside a message it waits for ever: messages are one
 * stream of bytes, and a byte too few makes noise of all that follows. */
#define INTAKE_HALF_US DUR_S(2)

/* Before the format becomes this one. ST_NO_MEMORY: it must not. */
WS_MUST_CHECK int intake_prepare(struct intake *in, enum media_format format);
/* Safe on a zeroed one. */
void intake_fini(struct intake *in);
/* A piece of a message in that format (not MEDIA_OFF), last with its final piece. Once something was refused the rest of that
 * message is too, so that what is lost is one piece at its end. As lanes_queue; ST_OK for what is skipped. */
WS_MUST_CHECK int intake_piece(struct intake *in, struct lanes *l, mono_us now, enum media_format format,
                               struct span piece, bool last);
/* Refuses a piece, and with it the rest of its message. */
void intake_refuse(struct intake *in, enum media_format format, struct span piece, bool last);
/* Nothing came for LANES_PAD_US, or another format comes: whole samples that are held back go into the lane. */
void intake_settle(struct intake *in, struct lanes *l);
/* CLEAR, another format, or the end of a call: what is held back is forgotten, half a sample too. */
void intake_drop(struct intake *in);
/* Whole samples are held back. */
static inline bool intake_holds(const struct intake *in)
{
    return in->has_tail;
}
/* How many samples of the lane they will be. */
size_t intake_owed(const struct intake *in);

#endif
