/* From a client's binary messages to live audio in a call's lanes: any length, any split. */
#ifndef WSAUDIO_CALL_INTAKE_H
#define WSAUDIO_CALL_INTAKE_H

#include "formats.h"
#include "lanes.h"

struct intake {
    bool skipping; /* the rest of this message is refused */
    bool has_half; /* l16: the first byte of a sample whose second has not come yet */
    bool half_bad; /* it belongs to a sample that was refused */
    uint8_t half;
};

/* A piece of a message in that format (not MEDIA_OFF), last with its final piece. Once something was refused the rest of that
 * message is too, so that what is lost is one piece at its end. As lanes_queue; ST_OK for what is skipped. */
WS_MUST_CHECK int intake_piece(struct intake *in, struct lanes *l, mono_us now, enum media_format format,
                               struct span piece, bool last);
/* Refuses a piece, and with it the rest of its message. */
void intake_refuse(struct intake *in, enum media_format format, struct span piece, bool last);
/* A mark, another format or the end of a call: what is not a whole sample is forgotten. */
void intake_cut(struct intake *in);

#endif
