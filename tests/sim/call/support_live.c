/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "live_bench.h"
#include "wavgen.h"

struct bench up_with(const struct gateway_config *config, const char *sdp)
{
    struct bench b = {.w = world_new(1, config)};

    b.sound = malloc(SOUND_LEN);
    assert_non_null(b.sound);
    for (size_t i = 0; i < SOUND_LEN; i++) {
        b.sound[i] = (uint8_t)((i + i / 160 * 13 + i / 25600 * 7) % 251);
    }
    b.w->phone.plan.sdp = sdp;
    b.w->phone.plan.echo = true; /* the call stays up */
    b.c = world_connect(b.w);
    world_send(b.w, b.c, "CALL:0938220136");
    world_wait(b.w, b.c, "CALL_STATE:established", S5);
    world_run(b.w, DUR_MS(107)); /* 7 ms behind a tick or so */
    return b;
}

struct bench up(void)
{
    return up_with(NULL, NULL);
}

void down(struct bench *b)
{
    free(b->sound);
    world_end(b->w);
}

void speak(struct bench *b, size_t from, size_t len)
{
    assert_true(from + len <= SOUND_LEN);
    world_send_frame(b->w, b->c, WSFRAME_FIN | WSFRAME_BINARY, b->sound + from, len);
}

size_t told(const struct bench *b, const char *prefix)
{
    return world_count(b->w, b->c, prefix);
}

static mono_us last_packet(const struct bench *b)
{
    return b->w->sent_count > 0 ? b->w->sent[b->w->sent_count - 1].at : 0;
}

void settle(struct bench *b)
{
    while (b->w->phone.rtp_packets != b->w->sent_count) {
        assert_true(b->w->now < last_packet(b) + DUR_S(5));
        world_run(b->w, DUR_MS(1));
    }
}

void step(struct bench *b)
{
    assert_true(world_step(b->w, last_packet(b) + DUR_S(5)));
}

void every_20_ms(const struct bench *b)
{
    for (size_t i = 1; i < b->w->sent_count; i++) {
        assert_int_equal(b->w->sent[i].at - b->w->sent[i - 1].at, DUR_MS(20));
    }
}

void left(struct bench *b, size_t from, const uint8_t *sound, size_t len, size_t silent)
{
    settle(b);
    const uint8_t *payload = b->w->phone.rtp_payload + from * FRAME;
    assert_true(from * FRAME + len + silent <= b->w->phone.rtp_len);
    for (size_t i = 0; i < len; i++) {
        if (payload[i] != sound[i]) {
            fail_msg("byte %zu is %02x, not %02x", i, payload[i], sound[i]);
        }
    }
    for (size_t i = len; i < len + silent; i++) {
        assert_int_equal(payload[i], 0xFF);
    }
}

void put_wav(struct bench *b, const char *name, size_t from, uint32_t samples)
{
    uint8_t *file = malloc(samples + 256u);

    assert_non_null(file);
    struct wavgen g = {.tag = WAVGEN_ULAW, .fmt_len = 18, .data = b->sound + from, .data_len = samples};
    size_t size = wavgen_build(file, samples + 256u, &g);
    world_put_file(b->w, name, file, size);
    free(file);
}
