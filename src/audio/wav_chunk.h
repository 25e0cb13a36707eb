/* SPDX-License-Identifier: MIT */
/* What the readers of WAV's chunks share. */
#ifndef WSAUDIO_AUDIO_WAV_CHUNK_H
#define WSAUDIO_AUDIO_WAV_CHUNK_H

#include "wsaudio/audio.h"

#define WAV_CHUNK_LEN 8 /* name and size in front of its body */

uint32_t wav_le32(const uint8_t *p);
/* Four bytes as chunks are named: a letter, a digit or '_' (Adobe's _PMX), then printable ones. */
bool wav_is_chunk_name(const uint8_t *four);
/* "not a RIFF file", and what it is where the first len bytes of it say that. */
const char *wav_name_of_other(const uint8_t *begin, size_t len);

#endif
