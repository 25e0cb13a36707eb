/* SPDX-License-Identifier: MIT */
/* What the owner hears in the decoded formats: 20 ms each 20 ms while the session sends, whatever the far end sends. */
#include <assert.h>

#include "media_priv.h"

/* Kinds of the playout's samples: the codec and one. */
static uint8_t kind_of(enum audio_codec codec)
{
    return (uint8_t)(codec + 1);
}

static enum audio_codec codec_of(uint8_t kind)
{
    return (enum audio_codec)(kind - 1);
}

static bool is_decoded(const struct media_session *s)
{
    return s->config.format >= MEDIA_AUDIO_ULAW && s->config.format <= MEDIA_AUDIO_L16_WIDE;
}

/* first: the tick of the first frame. */
static void downlink_begin(struct media_session *s, mono_us first)
{
    const struct rtp_clock clock = session_clock(s);

    assert(clock.frame == AUDIO_FRAME); /* all that is queued, heard and recorded is of AUDIO_HZ */
    rtp_playout_init(&s->playout, &clock, RTP_PLAYOUT_WINDOW, first);
    s->hearing = true;
    if (s->config.upsampler != NULL) {
        resample_restart(s->config.upsampler);
    }
}

void media_session_downlink_push(struct media_session *s, mono_us now, const struct rtp_packet *packet,
                                 enum rtp_rx_verdict verdict, struct media_payload payload)
{
    if (!is_decoded(s)) {
        return;
    }
    if (!s->hearing) {
        downlink_begin(s, media_tick_after(now));
    }
    if (payload.kind == MEDIA_PAYLOAD_NOISE) {
        rtp_playout_push_noise(&s->playout, packet, verdict);
    } else if (payload.kind == MEDIA_PAYLOAD_AUDIO) {
        rtp_playout_push(&s->playout, packet, verdict, kind_of(payload.codec));
    }
}

/* `count` samples of one kind in a codec. */
static void decode_run(struct media_session *s, uint8_t kind, const uint8_t *octets, size_t count, enum audio_codec to,
                       uint8_t *out)
{
    int16_t noise[AUDIO_FRAME];

    if (kind == RTP_PLAY_GAP) {
        audio_put_silence(to, out, count);
    } else if (kind == RTP_PLAY_NOISE) {
        audio_noise(noise, count, octets[0], &s->noise_seed);
        audio_codec_row(to)->encode(noise, count, out);
    } else {
        audio_convert(codec_of(kind), octets, to, out, count);
    }
}

static void decode(struct media_session *s, const struct rtp_play_frame *frame, enum audio_codec to, uint8_t *out)
{
    size_t width = audio_codec_width(to);

    if (frame->whole) {
        decode_run(s, frame->kinds[0], frame->octets, frame->count, to, out);
        return;
    }
    for (size_t from = 0, at = 0; from < frame->count; from = at) {
        uint8_t kind = frame->kinds[from];
        bool noise = kind == RTP_PLAY_NOISE; /* its octets are levels */
        while (at < frame->count && frame->kinds[at] == kind && (!noise || frame->octets[at] == frame->octets[from])) {
            at++;
        }
        decode_run(s, kind, frame->octets + from, at - from, to, out + from * width);
    }
}

static void tell_audio(struct media_session *s, const uint8_t *bytes, size_t len)
{
    session_tell(s, &(struct media_event){.kind = MEDIA_EVENT_AUDIO, .audio = span_make(bytes, len)});
}

static void tell_wide(struct media_session *s, const struct rtp_play_frame *frame)
{
    uint8_t bytes[4 * AUDIO_FRAME];
    int16_t narrow[AUDIO_FRAME];
    int16_t wide[2 * AUDIO_FRAME];

    decode(s, frame, AUDIO_L16, bytes);
    audio_l16_unpack(bytes, AUDIO_FRAME, narrow);
    size_t count = resample_push(s->config.upsampler, narrow, AUDIO_FRAME, wide);
    audio_l16_pack(wide, count, bytes);
    tell_audio(s, bytes, 2 * count);
}

/* As it came, where the owner wants the codec of the packet. */
static bool tell_as_it_is(struct media_session *s, const struct rtp_play_frame *frame, enum audio_codec to)
{
    if (!frame->whole || frame->kinds[0] == RTP_PLAY_GAP || codec_of(frame->kinds[0]) != to) {
        return false;
    }
    tell_audio(s, frame->octets, frame->count);
    return true;
}

static void tell_decoded(struct media_session *s, const struct rtp_play_frame *frame, enum audio_codec to)
{
    uint8_t bytes[2 * AUDIO_FRAME];

    if (!tell_as_it_is(s, frame, to)) {
        decode(s, frame, to, bytes);
        tell_audio(s, bytes, AUDIO_FRAME * audio_codec_width(to));
    }
}

static void downlink_frame(struct media_session *s)
{
    struct rtp_play_frame frame;

    rtp_playout_pull(&s->playout, &frame);
    switch (s->config.format) {
    case MEDIA_AUDIO_ULAW: tell_decoded(s, &frame, AUDIO_ULAW); break;
    case MEDIA_AUDIO_ALAW: tell_decoded(s, &frame, AUDIO_ALAW); break;
    case MEDIA_AUDIO_L16: tell_decoded(s, &frame, AUDIO_L16); break;
    case MEDIA_AUDIO_L16_WIDE: tell_wide(s, &frame); break;
    case MEDIA_AUDIO_PACKETS:
    case MEDIA_AUDIO_OFF:
    case MEDIA_AUDIO_COUNT: break;
    }
}

void media_session_downlink_tick(struct media_session *s, mono_us now)
{
    if (!is_decoded(s)) {
        s->hearing = false;
        return;
    }
    if (!s->hearing) {
        downlink_begin(s, now);
    }
    for (uint32_t n = rtp_playout_due(&s->playout, now); n > 0; n--) {
        downlink_frame(s);
    }
}

void media_session_downlink_rest(struct media_session *s)
{
    while (s->sending && s->hearing && is_decoded(s) && s->playout.end > s->playout.played) {
        downlink_frame(s);
    }
}
