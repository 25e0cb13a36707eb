/* SPDX-License-Identifier: MIT */
/* Our offer and our answers (RFC 3264 5, 6). */
#include "text.h"
#include "wsaudio/sdp.h"

#define OFFER_PTIME_MS 20

static void put_number(struct outbuf *out, const char *before, uint32_t number)
{
    outbuf_str(out, before);
    outbuf_u64(out, number);
}

static void put_session(const struct sdp_local *local, struct span timing, struct outbuf *out)
{
    char host[ADDR_TEXT_MAX];
    const char *kind = local->rtp.family == 6 ? " IN IP6 " : " IN IP4 ";

    addr_ip_text(&local->rtp, host);
    outbuf_str(out, "v=0\r\no=- ");
    outbuf_u64(out, local->origin_id);
    outbuf_char(out, ' ');
    outbuf_u64(out, local->version);
    outbuf_str(out, kind);
    outbuf_str(out, host);
    outbuf_str(out, "\r\ns=-\r\nc=");
    outbuf_str(out, kind + 1);
    outbuf_str(out, host);
    outbuf_str(out, "\r\nt=");
    outbuf_span(out, timing);
    outbuf_str(out, "\r\n");
}

static void put_rtpmap(struct outbuf *out, unsigned payload_type, const char *encoding, uint32_t clock_hz)
{
    put_number(out, "a=rtpmap:", payload_type);
    outbuf_char(out, ' ');
    outbuf_str(out, encoding);
    put_number(out, "/", clock_hz);
    outbuf_str(out, "\r\n");
}

static void put_telephone_event(struct outbuf *out, unsigned payload_type, uint32_t clock_hz)
{
    put_rtpmap(out, payload_type, "telephone-event", clock_hz);
    put_number(out, "a=fmtp:", payload_type);
    outbuf_str(out, " 0-15\r\n");
}

static void put_tail(struct outbuf *out, unsigned ptime_ms, enum sdp_direction direction)
{
    put_number(out, "a=ptime:", ptime_ms);
    outbuf_str(out, "\r\na=");
    outbuf_str(out, sdp_direction_name(direction));
    outbuf_str(out, "\r\n");
}

static void put_type(struct outbuf *out, const struct audio_codec_row *codec)
{
    put_number(out, " ", (uint32_t)codec->payload_type);
}

static void put_map(struct outbuf *out, const struct audio_codec_row *codec)
{
    put_rtpmap(out, (unsigned)codec->payload_type, codec->name, codec->clock_hz);
}

/* Those that are spoken on the wire. */
static void put_codecs(struct outbuf *out, void (*put)(struct outbuf *out, const struct audio_codec_row *codec))
{
    for (int i = 0; i < AUDIO_CODEC_COUNT; i++) {
        if (audio_codecs[i].payload_type >= 0) {
            put(out, &audio_codecs[i]);
        }
    }
}

int sdp_write_offer(const struct sdp_local *local, struct outbuf *out)
{
    put_session(local, SPAN_LIT("0 0"), out);
    put_number(out, "m=audio ", local->rtp.port);
    outbuf_str(out, " RTP/AVP");
    put_codecs(out, put_type);
    put_number(out, " ", SDP_TELEPHONE_EVENT_PT);
    outbuf_str(out, "\r\n");
    put_codecs(out, put_map);
    put_telephone_event(out, SDP_TELEPHONE_EVENT_PT, audio_codecs[0].clock_hz);
    put_tail(out, OFFER_PTIME_MS, local->direction);
    return outbuf_status(out);
}

static void put_audio(const struct sdp_local *local, const struct sdp_negotiated *negotiated, struct outbuf *out)
{
    unsigned direction = (unsigned)local->direction;

    if (!negotiated->we_send) {
        direction &= ~(unsigned)SDP_SENDONLY;
    }
    if (!negotiated->we_receive) {
        direction &= ~(unsigned)SDP_RECVONLY;
    }
    put_number(out, "m=audio ", local->rtp.port);
    put_number(out, " RTP/AVP ", negotiated->payload_type);
    if (negotiated->telephone_event_pt >= 0) {
        put_number(out, " ", (uint32_t)negotiated->telephone_event_pt);
    }
    outbuf_str(out, "\r\n");
    const struct audio_codec_row *codec = audio_codec_row(negotiated->codec);
    put_rtpmap(out, negotiated->payload_type, codec->name, codec->clock_hz);
    if (negotiated->telephone_event_pt >= 0) {
        put_telephone_event(out, (unsigned)negotiated->telephone_event_pt, codec->clock_hz);
    }
    put_tail(out, negotiated->ptime_ms, (enum sdp_direction)direction);
}

static void put_rejected(struct span value, struct outbuf *out)
{
    struct sdp_media_line line;

    sdp_split_media(value, &line);
    outbuf_str(out, "m=");
    outbuf_span(out, line.media);
    outbuf_str(out, " 0 ");
    outbuf_span(out, line.proto);
    if (line.formats.len != 0) {
        outbuf_char(out, ' ');
        outbuf_span(out, line.formats);
    }
    outbuf_str(out, "\r\n");
}

/* RFC 3264 6: the answer's t= line is the offer's. */
static struct span offered_timing(struct span body)
{
    struct span line;

    while (sdp_next_line(&body, &line) && !sdp_line_is(line, 'm')) {
        if (sdp_line_is(line, 't') && line.len > 2) {
            return sdp_line_value(line);
        }
    }
    return SPAN_LIT("0 0");
}

int sdp_write_answer(const struct sdp_local *local, const struct sdp_negotiated *negotiated, struct span offer_body,
                     struct outbuf *out)
{
    struct sdp_session offer;
    const char *why = NULL;
    struct span line;
    size_t index = 0;

    if (sdp_parse(offer_body, &offer, &why) != ST_OK || !offer.has_audio) {
        return ST_BAD;
    }
    put_session(local, offered_timing(offer_body), out);
    while (sdp_next_line(&offer_body, &line)) {
        if (!sdp_line_is(line, 'm')) {
            continue;
        }
        if (index++ == offer.media_index) {
            put_audio(local, negotiated, out);
        } else {
            put_rejected(sdp_line_value(line), out);
        }
    }
    return outbuf_status(out);
}
