/* SPDX-License-Identifier: MIT */
/* Keys that come as telephone events (RFC 4733): each press once. */
#include "wire.h"
#include "wsaudio/rtp.h"

#define EVENT_KEYS 16
#define SEGMENT_LEN                                                                                                    \
    0xFFFF /* longest duration; a longer press goes on with a timestamp so much later (RFC 4733 2.5.1.3) */
#define TAKE_OVER_US   DUR_MS(200) /* between the packets of a press over a change of SSRC */
#define ALLOWANCE_MAX  32u
#define ALLOWANCE_EACH DUR_MS(40)

static const char keys[EVENT_KEYS + 1] = "0123456789*#ABCD";

char rtp_event_key(uint8_t event)
{
    return event < EVENT_KEYS ? keys[event] : '\0';
}

int rtp_event_of_key(char key)
{
    char upper = key >= 'a' && key <= 'd' ? (char)(key - 'a' + 'A') : key;
    const char *found = upper != '\0' ? strchr(keys, upper) : NULL;

    return found != NULL ? (int)(found - keys) : -1;
}

void rtp_dtmf_rx_init(struct rtp_dtmf_rx *k, uint32_t clock_hz)
{
    *k = (struct rtp_dtmf_rx){.clock_hz = clock_hz, .allowance = ALLOWANCE_MAX};
}

static bool same_press(const struct rtp_press *a, const struct rtp_press *b)
{
    return a->used && a->event == b->event && a->ssrc == b->ssrc && a->timestamp == b->timestamp;
}

static bool was_told(const struct rtp_dtmf_rx *k, const struct rtp_press *press)
{
    for (size_t i = 0; i < RTP_PRESSES_KEPT; i++) {
        if (same_press(&k->told[i], press)) {
            return true;
        }
    }
    return false;
}

void rtp_dtmf_rx_stream(struct rtp_dtmf_rx *k, mono_us now, uint32_t ssrc)
{
    bool overtaken = ssrc == k->former_ssrc && now - k->changed <= TAKE_OVER_US;

    if (k->started && (ssrc == k->ssrc || overtaken)) {
        return;
    }
    k->former_ssrc = k->started ? k->ssrc : ssrc;
    k->changed = now;
    k->ssrc = ssrc;
    k->started = true;
}

/* A packet from before the change of SSRC comes behind one from after it. */
static bool is_overtaken(const struct rtp_dtmf_rx *k, const struct rtp_press *press)
{
    return k->last.used && press->ssrc != k->ssrc && press->ssrc == k->former_ssrc && k->last.ssrc == k->ssrc;
}

/* A packet with a timestamp of its own that says how long the key was down: when the time that it covers meets the newest press
 * both on the sender's clock and on ours, the key was not let go in between. Our clock tells a press of which only the end came:
 * that is heard longer after the press before than its key was down. */
static bool reaches_back(const struct rtp_dtmf_rx *k, mono_us now, bool marker, const struct rtp_press *press,
                         uint16_t duration)
{
    const struct rtp_press *last = &k->last;

    if (!last->used || marker || press->event != last->event || press->ssrc != last->ssrc) {
        return false;
    }
    bool later = (int32_t)(press->timestamp - last->timestamp) > 0 && duration >= k->duration;
    bool by_its_clock = (int32_t)(press->timestamp - duration - (k->begin + k->duration)) < 0;
    bool by_ours = now - k->heard <= (dur_us)duration * DUR_S(1) / k->clock_hz;
    return later && by_its_clock && by_ours;
}

/* Is it the newest press, under another name? */
static bool goes_on(const struct rtp_dtmf_rx *k, mono_us now, bool marker, const struct rtp_press *press,
                    uint16_t duration, bool end)
{
    const struct rtp_press *last = &k->last;

    if (!last->used || press->event != last->event) {
        return false;
    }
    if (press->ssrc == last->ssrc) {
        return !k->ended && !marker && press->timestamp - last->timestamp == SEGMENT_LEN;
    }
    if (now - k->heard > TAKE_OVER_US) {
        return false;
    }
    bool later = k->ended ? end && duration == k->duration : duration >= k->duration;
    return is_overtaken(k, press) || (!marker && later);
}

static bool allowed(struct rtp_dtmf_rx *k, mono_us now)
{
    int64_t more = (now - k->allowance_at) / ALLOWANCE_EACH;

    if (more > 0) {
        k->allowance = more < ALLOWANCE_MAX - k->allowance ? k->allowance + (uint32_t)more : ALLOWANCE_MAX;
        k->allowance_at = now;
    }
    if (k->allowance == 0) {
        return false;
    }
    k->allowance--;
    return true;
}

/* another_name: of the newest press */
static void remember(struct rtp_dtmf_rx *k, const struct rtp_press *press, bool another_name)
{
    k->told[k->next] = *press;
    k->next = (k->next + 1) % RTP_PRESSES_KEPT;
    bool newer = !k->last.used || (press->ssrc == k->last.ssrc ? (int32_t)(press->timestamp - k->last.timestamp) >= 0
                                                               : !is_overtaken(k, press));
    if (newer && !another_name) {
        k->begin = press->timestamp;
        k->duration = 0;
        k->ended = false;
    }
    if (newer) {
        k->last = *press;
    }
}

bool rtp_dtmf_rx_is_newest(const struct rtp_dtmf_rx *k, const struct rtp_packet *packet)
{
    struct rtp_press press = {true, wire_u8(packet->payload, 0), packet->ssrc, packet->timestamp};

    return packet->payload.len >= RTP_EVENT_LEN && same_press(&k->last, &press);
}

char rtp_dtmf_rx_push(struct rtp_dtmf_rx *k, mono_us now, const struct rtp_packet *packet)
{
    if (packet->payload.len < RTP_EVENT_LEN || wire_u8(packet->payload, 0) >= EVENT_KEYS) {
        return '\0';
    }
    struct rtp_press press = {true, wire_u8(packet->payload, 0), packet->ssrc, packet->timestamp};
    uint16_t duration = wire_u16(packet->payload, 2);
    bool end = (wire_u8(packet->payload, 1) & RTP_DTMF_END_BIT) != 0;
    char told = '\0';

    if (!was_told(k, &press)) {
        bool another_name = reaches_back(k, now, packet->marker, &press, duration);
        bool known = another_name || goes_on(k, now, packet->marker, &press, duration, end);
        if (!known && allowed(k, now)) {
            told = keys[press.event];
        }
        remember(k, &press, another_name);
    }
    if (same_press(&k->last, &press)) {
        k->heard = now;
        k->duration = duration > k->duration ? duration : k->duration;
        k->ended = k->ended || end;
    }
    return told;
}
