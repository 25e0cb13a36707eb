#include "intake.h"

static enum audio_codec codec_of(enum media_format format)
{
    switch (format) {
    case MEDIA_ALAW: return AUDIO_ALAW;
    case MEDIA_L16:
    case MEDIA_L16_WIDE: return AUDIO_L16;
    case MEDIA_HEX:
    case MEDIA_RTP:
    case MEDIA_ULAW:
    case MEDIA_OFF:
    case MEDIA_FORMAT_COUNT: break;
    }
    return AUDIO_ULAW;
}

/* The sample whose first byte came earlier. */
static int complete_half(struct intake *in, struct lanes *l, mono_us now, uint8_t second)
{
    const uint8_t sample[2] = {in->half, second};
    bool bad = in->half_bad;

    in->has_half = false;
    in->half_bad = false;
    return bad ? ST_OK : lanes_queue(l, now, AUDIO_L16, sample, 1);
}

static void hold_half(struct intake *in, uint8_t first, bool bad)
{
    in->has_half = true;
    in->half_bad = bad;
    in->half = first;
}

static int linear(struct intake *in, struct lanes *l, mono_us now, struct span piece)
{
    int status = ST_OK;

    if (in->has_half && lanes_waiting(l) == 0 && now - l->fed_at >= LANES_PAD_US) {
        intake_cut(in); /* what waited with it was padded and sent */
    }
    if (in->has_half && piece.len > 0) {
        status = complete_half(in, l, now, (uint8_t)piece.ptr[0]);
        piece = span_from(piece, 1);
    }
    if (status == ST_OK && piece.len >= 2) {
        status = lanes_queue(l, now, AUDIO_L16, (const uint8_t *)piece.ptr, piece.len / 2);
    }
    if (piece.len % 2 != 0) {
        hold_half(in, (uint8_t)piece.ptr[piece.len - 1], status != ST_OK);
    }
    return status;
}

/* Samples stay whole whatever is refused. */
static void skip(struct intake *in, enum audio_codec codec, size_t len)
{
    if (codec == AUDIO_L16 && (len + (in->has_half ? 1 : 0)) % 2 != 0) {
        hold_half(in, 0, true);
    } else if (len > 0) {
        intake_cut(in);
    }
}

int intake_piece(struct intake *in, struct lanes *l, mono_us now, enum media_format format, struct span piece,
                 bool last)
{
    enum audio_codec codec = codec_of(format);
    int status = ST_OK;

    if (in->skipping) {
        skip(in, codec, piece.len);
    } else if (codec == AUDIO_L16) {
        status = linear(in, l, now, piece);
    } else {
        status = lanes_queue(l, now, codec, (const uint8_t *)piece.ptr, piece.len);
    }
    in->skipping = !last && (in->skipping || status != ST_OK);
    return status;
}

void intake_refuse(struct intake *in, enum media_format format, struct span piece, bool last)
{
    skip(in, codec_of(format), piece.len);
    in->skipping = !last;
}

void intake_cut(struct intake *in)
{
    in->has_half = false;
    in->half_bad = false;
}
