/* SPDX-License-Identifier: MIT */
/* A WAV file, read as it is played. */
#ifndef WSAUDIO_LIBRARY_PLAY_H
#define WSAUDIO_LIBRARY_PLAY_H

#include <stdio.h>

#include "wsaudio/audio.h"

#define PLAY_WHY_MAX 160

struct play {
    FILE *file; /* owns; NULL: nothing plays */
    enum audio_codec codec;
    uint64_t left;                   /* bytes of audio not read yet */
    struct wav_converter *converter; /* owns; NULL: the data is played as it lies */
    uint8_t *pcm;                    /* owns: what the converter gave and nobody took yet */
    size_t held;                     /* bytes in pcm */
    bool flushed;
};

/* ST_NOT_FOUND, ST_DENIED, ST_UNSUPPORTED, ST_BAD, ST_IO, ST_NO_MEMORY; why says it. */
WS_MUST_CHECK int play_open(struct play *p, const char *path, char why[PLAY_WHY_MAX]);
/* Safe when nothing plays. */
void play_close(struct play *p);
/* The next `samples` (320 at most) in `to`, padded with silence. Returns the file's samples in it; 0 at its end. */
size_t play_take(struct play *p, enum audio_codec to, uint8_t *out, size_t samples);

/* Everything was taken, or nothing plays. */
bool play_at_end(const struct play *p);

#endif
