/* SPDX-License-Identifier: MIT */
/* What a client hears in the decoded formats: 20 ms each 20 ms while the call's media is open, whatever the far end sends. */
#include "media.h"

#include "bridge_priv.h"

/* Kinds of the playout's samples: the codec and one. */
static uint8_t kind_of(enum audio_codec codec)
{
    return (uint8_t)(codec + 1);
}

static enum audio_codec codec_of(uint8_t kind)
{
    return (enum audio_codec)(kind - 1);
}

static bool is_decoded(const struct client *c)
{
    return c != NULL && media_format_is_decoded(c->format);
}

/* first: the tick of the first frame. */
static void begin(struct call_media *m, struct client *c, mono_us first)
{
    rtp_playout_init(&m->playout, RTP_PLAYOUT_WINDOW, first);
    m->hearing = true;
    if (c->widener != NULL) {
        resample_restart(c->widener);
    }
}

void media_hear_packet(struct call *call, struct client *c, const struct rtp_packet *packet,
                       enum rtp_rx_verdict verdict, enum media_payload payload)
{
    struct call_media *m = &call->media;

    if (!is_decoded(c)) {
        return;
    }
    if (!m->hearing) {
        begin(m, c, call_tick_after(call->bridge->now));
    }
    if (payload == MEDIA_PAYLOAD_NOISE) {
        rtp_playout_push_noise(&m->playout, packet, verdict);
    } else if (payload == MEDIA_PAYLOAD_ALAW || payload == MEDIA_PAYLOAD_ULAW) {
        enum audio_codec codec = payload == MEDIA_PAYLOAD_ALAW ? AUDIO_ALAW : AUDIO_ULAW;
        rtp_playout_push(&m->playout, packet, verdict, kind_of(codec));
    }
}

/* `count` samples of one kind in a codec. */
static void decode_run(struct call_media *m, uint8_t kind, const uint8_t *octets, size_t count, enum audio_codec to,
                       uint8_t *out)
{
    int16_t noise[RTP_FRAME_SAMPLES];
    uint8_t bytes[2 * RTP_FRAME_SAMPLES];

    if (kind == RTP_PLAY_GAP) {
        memset(out, audio_silence(to), to == AUDIO_L16 ? 2 * count : count);
    } else if (kind == RTP_PLAY_NOISE) {
        audio_noise(noise, count, octets[0], &m->noise_seed);
        audio_l16_pack(noise, count, bytes);
        audio_convert(AUDIO_L16, bytes, to, out, count);
    } else {
        audio_convert(codec_of(kind), octets, to, out, count);
    }
}

static void decode(struct call_media *m, const struct rtp_play_frame *frame, enum audio_codec to, uint8_t *out)
{
    size_t width = to == AUDIO_L16 ? 2 : 1;

    for (size_t from = 0, at = 0; from < RTP_FRAME_SAMPLES; from = at) {
        uint8_t kind = frame->kinds[from];
        bool noise = kind == RTP_PLAY_NOISE; /* its octets are levels */
        while (at < RTP_FRAME_SAMPLES && frame->kinds[at] == kind &&
               (!noise || frame->octets[at] == frame->octets[from])) {
            at++;
        }
        decode_run(m, kind, frame->octets + from, at - from, to, out + from * width);
    }
}

static void hear_frame(struct call_media *m, struct client *c)
{
    struct rtp_play_frame frame;
    uint8_t bytes[4 * RTP_FRAME_SAMPLES];

    rtp_playout_pull(&m->playout, &frame);
    switch (c->format) {
    case MEDIA_ULAW:
    case MEDIA_ALAW:
        decode(m, &frame, c->format == MEDIA_ALAW ? AUDIO_ALAW : AUDIO_ULAW, bytes);
        client_audio(c, bytes, RTP_FRAME_SAMPLES);
        break;
    case MEDIA_L16:
        decode(m, &frame, AUDIO_L16, bytes);
        client_audio(c, bytes, 2 * RTP_FRAME_SAMPLES);
        break;
    case MEDIA_L16_WIDE: {
        int16_t narrow[RTP_FRAME_SAMPLES];
        int16_t wide[2 * RTP_FRAME_SAMPLES];
        decode(m, &frame, AUDIO_L16, bytes);
        audio_l16_unpack(bytes, RTP_FRAME_SAMPLES, narrow);
        size_t count = resample_push(c->widener, narrow, RTP_FRAME_SAMPLES, wide);
        audio_l16_pack(wide, count, bytes);
        client_audio(c, bytes, 2 * count);
        break;
    }
    case MEDIA_HEX:
    case MEDIA_RTP:
    case MEDIA_OFF:
    case MEDIA_FORMAT_COUNT: break;
    }
}

void media_hear_tick(struct call *call)
{
    struct call_media *m = &call->media;
    struct bridge *b = call->bridge;
    struct client *c = client_get(b, call->client);

    if (!is_decoded(c)) {
        m->hearing = false;
        return;
    }
    if (!m->hearing) {
        begin(m, c, b->now);
    }
    for (uint32_t n = rtp_playout_due(&m->playout, b->now); n > 0; n--) {
        hear_frame(m, c);
    }
}

void media_hear_rest(struct call *call)
{
    struct call_media *m = &call->media;
    struct client *c = client_get(call->bridge, call->client);

    while (m->open && m->hearing && is_decoded(c) && m->playout.end > m->playout.played) {
        hear_frame(m, c);
    }
}

int client_hear_format(struct client *c, enum media_format format)
{
    if (format == MEDIA_L16_WIDE && c->widener == NULL) {
        int status = resample_new(8000, 16000, RESAMPLE_LIVE, &c->widener);
        if (status != ST_OK) {
            return status;
        }
    }
    bool both_raw = !media_format_is_decoded(c->format) && !media_format_is_decoded(format);
    if (format != c->format && !both_raw) {
        frame_ring_clear(&c->audio);
        if (c->widener != NULL) {
            resample_restart(c->widener);
        }
    }
    return ST_OK;
}
