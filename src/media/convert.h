/* SPDX-License-Identifier: MIT */
/* Files that no session can play as they lie are converted once and kept, a slice a turn, one file at a time. */
#ifndef WSAUDIO_MEDIA_CONVERT_H
#define WSAUDIO_MEDIA_CONVERT_H

#include "wsaudio/media.h"

#define CONVERT_WAITING_MAX 16

/* All files together, each turn: bytes read and written. */
#define TURN_FILE_BYTES 65536U

enum convert_state { CONVERT_IDLE, CONVERT_RUNNING, CONVERT_STORING };

struct convert {
    enum convert_state state;
    char name[FILE_NAME_LEN_MAX + 1]; /* of the file in hand */
    int source;                       /* its handle; open while running */
    uint64_t offset, end;             /* of the bytes still to be read */
    struct wav_converter *converter;
    struct pool_id file; /* what is written */
    /* names that wait their turn */
    char waiting[CONVERT_WAITING_MAX][FILE_NAME_LEN_MAX + 1];
    uint32_t head, count;
    bool player_waits; /* one had to wait for the next turn */
    bool stopped;
};

/* The turn's share is whole again. */
void convert_refill(struct media *m);

/* Reads the headers of an open file up to the data. ST_OK, ST_IO, or ST_BAD (wav->why, if not NULL, tells). */
WS_MUST_CHECK int media_wav_look(const struct media_files *files, int handle, uint64_t size, struct wav_parser *wav);

#endif
