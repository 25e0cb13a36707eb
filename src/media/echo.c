/* SPDX-License-Identifier: MIT */
#include "echo.h"

#include <assert.h>

void echo_push(struct echo *e, struct span payload)
{
    for (size_t i = 0; i < payload.len; i++) {
        e->samples[(e->head + e->held) % ECHO_SAMPLES] = (uint8_t)payload.ptr[i];
        if (e->held < ECHO_SAMPLES) {
            e->held++;
        } else {
            e->head = (e->head + 1) % ECHO_SAMPLES;
        }
    }
}

bool echo_take(struct echo *e, uint8_t *out, size_t count)
{
    if (e->held < count) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        out[i] = e->samples[(e->head + i) % ECHO_SAMPLES];
    }
    e->head = (e->head + (uint32_t)count) % ECHO_SAMPLES;
    e->held -= (uint32_t)count;
    return true;
}

void echo_recode(struct echo *e, enum audio_codec from, enum audio_codec to)
{
    assert(audio_codec_width(from) == 1 && audio_codec_width(to) == 1);
    audio_convert(from, e->samples, to, e->samples, ECHO_SAMPLES);
}
