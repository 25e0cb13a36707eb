/* SPDX-License-Identifier: MIT */
/* What the tests of live audio share: a call that is up, sound that is known byte for byte, and a look at what left. */
#ifndef TESTS_SIM_LIVE_BENCH_H
#define TESTS_SIM_LIVE_BENCH_H

#include "world.h"
#include "wsframe.h"

#define S5        DUR_S(5)
#define FRAME     160
#define SOUND_LEN (70 * 8000)

struct bench {
    struct world *w;
    size_t c;
    uint8_t *sound; /* bytes that are no silence, each place another */
};

/* A call to a phone that answers with this SDP (NULL: its own) and echoes. config may be NULL. */
struct bench up_with(const struct gateway_config *config, const char *sdp);
struct bench up(void);
void down(struct bench *b);
/* One binary message with that part of the sound. */
void speak(struct bench *b, size_t from, size_t len);
/* How many texts the client has got that begin so. */
size_t told(const struct bench *b, const char *prefix);
/* Everything sent so far arrives. */
void settle(struct bench *b);
/* One step of the world; fails when no packet has left for 5 s. */
void step(struct bench *b);
void every_20_ms(const struct bench *b);
/* Checks what left from packet number `from` on: len bytes of sound, then `silent` of silence. */
void left(struct bench *b, size_t from, const uint8_t *sound, size_t len, size_t silent);
/* An upload that holds that part of the sound. */
void put_wav(struct bench *b, const char *name, size_t from, uint32_t samples);

#endif
