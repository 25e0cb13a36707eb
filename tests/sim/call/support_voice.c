/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "voice.h"

static const struct net_addr phone_rtp_addr = {.family = 4, .port = 30000, .ip = {10, 0, 0, 9}};

struct world *voice_call(const char *sdp, const char *format, size_t *client)
{
    struct world *w = world_new(1, NULL);

    w->phone.plan.sdp = sdp;
    *client = world_connect(w);
    world_send(w, *client, format);
    world_wait(w, *client, "MEDIA:", S5);
    world_send(w, *client, "CALL:1");
    world_wait(w, *client, "CALL_STATE:established", S5);
    return w;
}

struct voice voice_of(struct world *w, uint8_t payload_type)
{
    return (struct voice){w, payload_type, 65530, 0xFFFFFF00, 0x1234, 0};
}

uint8_t voice_octet(uint64_t n)
{
    return (uint8_t)(((n + 1) * 0x9E3779B97F4A7C15u) >> 40);
}

void voice_say(const struct voice *v, uint8_t payload_type, bool marker, uint16_t sequence, uint32_t timestamp,
               const void *payload, size_t len)
{
    uint8_t bytes[RTP_PACKET_MAX];
    struct outbuf out;
    struct pool_id call = POOL_ID_NONE;
    struct rtp_packet packet = {marker, payload_type, sequence, timestamp, v->ssrc, span_make(payload, len)};

    outbuf_init(&out, bytes, sizeof(bytes));
    assert_int_equal(rtp_packet_write(&packet, &out), ST_OK);
    for (uint32_t slot = 0; slot < 64 && pool_id_is_none(call); slot++) {
        call = v->w->media_open[slot] ? v->w->media_call[slot] : call;
    }
    world_rtp_to_gateway(v->w, call, &phone_rtp_addr, bytes, out.len);
}

void voice_packet(struct voice *v, size_t samples, bool arrives)
{
    uint8_t payload[RTP_PACKET_MAX];

    for (size_t i = 0; i < samples; i++) {
        payload[i] = voice_octet(v->spoken + i);
    }
    if (arrives) {
        voice_say(v, v->payload_type, v->spoken == 0, v->sequence, v->timestamp, payload, samples);
    }
    v->sequence++;
    v->timestamp += (uint32_t)samples;
    v->spoken += samples;
}

void voice_speak(struct voice *v, int packets)
{
    for (int i = 0; i < packets; i++) {
        voice_packet(v, 160, true);
        world_run(v->w, DUR_MS(20));
    }
}

void voice_press(struct voice *v, uint8_t payload_type, uint8_t event, unsigned i)
{
    unsigned duration = i < 5 ? 160 * (i + 1) : 800;
    uint8_t payload[4] = {event, (uint8_t)(i >= 4 ? 0x8A : 0x0A), (uint8_t)(duration >> 8), (uint8_t)duration};

    voice_say(v, payload_type, i == 0, v->sequence++, v->timestamp, payload, 4);
    world_run(v->w, DUR_MS(20));
}
