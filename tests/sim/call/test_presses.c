/* SPDX-License-Identifier: MIT */
/* Keys that the far end presses, through the whole gateway on a virtual clock: twice the same key between audio, told twice,
 *
 *  whatever is lost        each packet in turn, each two neighbours, all but one of a press
 *  whatever is reordered   each packet comes up to six places later; each comes twice
 *  over another SSRC       from each packet on, with the old timestamps or others; and each packet about there lost, or late
 *  and whatever the payload type becomes: ours and theirs in one press
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "voice.h"

#define PRESS   7
#define BESIDE  2 /* packets of audio before, between and behind */
#define PACKETS (2 * PRESS + 3 * BESIDE)
#define EVENTS  "a=rtpmap:96 telephone-event/8000\r\na=fmtp:96 0-15\r\n"

struct sent {
    uint32_t ssrc, timestamp;
    uint16_t sequence;
    uint8_t payload_type;
    bool marker;
    unsigned duration; /* of an event; 0: audio */
    bool end;
};

struct line {
    struct world *w;
    size_t c;
    struct voice v;
    size_t rows; /* each two presses */
    struct sent packets[PACKETS];
};

/* The row's packets in order, as the far end would send them. */
static void compose(struct line *l)
{
    struct voice *v = &l->v;
    size_t n = 0;

    for (size_t part = 0; part < 5; part++) {
        bool event = part % 2 == 1;
        for (unsigned i = 0; i < (event ? PRESS : BESIDE); i++) {
            l->packets[n++] = (struct sent){.ssrc = v->ssrc,
                                            .timestamp = v->timestamp,
                                            .sequence = v->sequence++,
                                            .payload_type = event ? 96 : 0,
                                            .marker = event && i == 0,
                                            .duration = !event  ? 0
                                                        : i < 5 ? 160 * (i + 1)
                                                                : 800,
                                            .end = event && i >= 4};
            v->timestamp += event ? 0 : 160;
        }
        v->timestamp += event ? 1600 : 0;
    }
    assert_int_equal(n, PACKETS);
}

static void deliver(struct line *l, size_t i)
{
    const struct sent *p = &l->packets[i];
    uint8_t event[4] = {5, (uint8_t)(p->end ? 0x8A : 0x0A), (uint8_t)(p->duration >> 8), (uint8_t)p->duration};
    uint8_t audio[160];
    struct voice from = l->v;

    memset(audio, 0x20, sizeof(audio));
    from.ssrc = p->ssrc;
    voice_say(&from, p->payload_type, p->marker, p->sequence, p->timestamp, p->duration > 0 ? event : audio,
              p->duration > 0 ? 4 : 160);
    world_run(l->w, DUR_MS(20));
}

static void pressed_twice(struct line *l, const char *what, size_t a, size_t b)
{
    l->rows++;
    size_t told = world_count(l->w, l->c, "DTMF:");
    if (told != 2 * l->rows || world_count(l->w, l->c, "DTMF:5") != told) {
        fail_msg("%s %zu %zu: %zu keys instead of 2", what, a, b, told - 2 * (l->rows - 1));
    }
    world_run(l->w, DUR_MS(300));
    l->v.timestamp += 2400;
}

static struct line ring_up(const char *format)
{
    struct line l = {0};

    l.w = voice_call(SDP("0 96") EVENTS, format, &l.c);
    l.v = voice_of(l.w, 0);
    return l;
}

static void hang_up(struct line *l)
{
    world_end(l->w);
}

/* ---- lost ---- */

static void each_packet_lost_in_turn(void **state)
{
    static const char *const formats[] = {"MEDIA:hex", "MEDIA:ulaw"};

    (void)state;
    for (size_t f = 0; f < 2; f++) {
        struct line l = ring_up(formats[f]);
        for (size_t width = 0; width <= 2; width++) {
            for (size_t lost = 0; lost + width <= PACKETS; lost++) {
                compose(&l);
                for (size_t i = 0; i < PACKETS; i++) {
                    if (i < lost || i >= lost + width) {
                        deliver(&l, i);
                    }
                }
                pressed_twice(&l, "lost", lost, width);
            }
        }
        hang_up(&l);
    }
}

static void only_one_packet_of_a_press_comes(void **state)
{
    struct line l = ring_up("MEDIA:off");

    (void)state;
    for (size_t kept = 0; kept < PRESS; kept++) {
        compose(&l);
        for (size_t i = 0; i < PACKETS; i++) {
            size_t second = i - (2 * BESIDE + PRESS);
            if (l.packets[i].duration == 0 || i - BESIDE == kept || second == kept) {
                deliver(&l, i);
            }
        }
        pressed_twice(&l, "kept", kept, 0);
    }
    hang_up(&l);
}

/* ---- reordered, repeated ---- */

/* Packet `late` comes so many places later. */
static void deliver_late(struct line *l, size_t late, size_t places)
{
    for (size_t i = 0; i < PACKETS; i++) {
        if (i != late) {
            deliver(l, i);
        }
        if (i == late + places || (i == PACKETS - 1 && late + places >= PACKETS)) {
            deliver(l, late);
        }
    }
}

static void each_packet_late(void **state)
{
    struct line l = ring_up("MEDIA:ulaw");

    (void)state;
    for (size_t places = 1; places <= 6; places++) {
        for (size_t late = 0; late < PACKETS; late++) {
            compose(&l);
            deliver_late(&l, late, places);
            pressed_twice(&l, "late", late, places);
        }
    }
    hang_up(&l);
}

static void each_packet_twice(void **state)
{
    struct line l = ring_up("MEDIA:ulaw");

    (void)state;
    for (size_t places = 1; places <= 6; places++) {
        for (size_t twice = 0; twice < PACKETS; twice++) {
            compose(&l);
            for (size_t i = 0; i < PACKETS; i++) {
                deliver(&l, i);
                if (i == twice + places) {
                    deliver(&l, twice);
                }
            }
            pressed_twice(&l, "twice", twice, places);
        }
    }
    hang_up(&l);
}

/* ---- another SSRC ---- */

/* From packet `at` on it is another stream: numbers of its own, timestamps that go on or others. */
static void change_ssrc(struct line *l, size_t at, bool others)
{
    uint32_t shift = others ? 0x61234567 : 0;
    uint16_t numbers = (uint16_t)(l->v.sequence * 31 + 7);

    l->v.ssrc++;
    for (size_t i = at; i < PACKETS; i++) {
        l->packets[i].ssrc = l->v.ssrc;
        l->packets[i].timestamp += shift;
        l->packets[i].sequence = numbers++;
    }
    l->v.timestamp += shift;
    l->v.sequence = numbers;
}

static void another_ssrc_and_a_loss(void **state)
{
    (void)state;
    for (int others = 0; others < 2; others++) {
        struct line l = ring_up("MEDIA:ulaw");
        for (size_t at = 0; at < PACKETS; at++) {
            for (size_t lost = at > 4 ? at - 4 : 0; lost < at + 8; lost++) {
                compose(&l);
                change_ssrc(&l, at, others != 0);
                for (size_t i = 0; i < PACKETS; i++) {
                    if (i != lost) {
                        deliver(&l, i);
                    }
                }
                pressed_twice(&l, "SSRC, lost", at, lost);
            }
        }
        hang_up(&l);
    }
}

static void another_ssrc_and_a_late_packet(void **state)
{
    (void)state;
    for (int others = 0; others < 2; others++) {
        struct line l = ring_up("MEDIA:ulaw");
        for (size_t at = 0; at < PACKETS; at++) {
            for (size_t late = at > 4 ? at - 4 : 0; late < PACKETS && late < at + 4; late++) {
                compose(&l);
                change_ssrc(&l, at, others != 0);
                deliver_late(&l, late, 1);
                pressed_twice(&l, "SSRC, late", at, late);
            }
        }
        hang_up(&l);
    }
}

/* ---- payload types ---- */

static void either_payload_type(void **state)
{
    struct line l = ring_up("MEDIA:ulaw");

    (void)state;
    for (size_t at = 0; at < PACKETS; at++) {
        compose(&l);
        for (size_t i = 0; i < PACKETS; i++) {
            if (i >= at && l.packets[i].duration > 0) {
                l.packets[i].payload_type = 101; /* what we offered */
            }
            deliver(&l, i);
        }
        pressed_twice(&l, "type", at, 0);
    }
    hang_up(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_packet_lost_in_turn), cmocka_unit_test(only_one_packet_of_a_press_comes),
        cmocka_unit_test(each_packet_late),         cmocka_unit_test(each_packet_twice),
        cmocka_unit_test(another_ssrc_and_a_loss),  cmocka_unit_test(another_ssrc_and_a_late_packet),
        cmocka_unit_test(either_payload_type),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
