/* SPDX-License-Identifier: MIT */
/* Uploads that no call can play as they lie are converted once and kept, a slice a turn, one file at a time. */
#ifndef WSAUDIO_CALL_CONVERT_H
#define WSAUDIO_CALL_CONVERT_H

#include "wsaudio/audio.h"
#include "wsaudio/call.h"

#define CONVERT_WAITING_MAX 16

/* All files together, each turn: bytes read and written; steps of conversion, a tenth of a millisecond on a PC, under one on a slow
 * board. */
#define TURN_FILE_BYTES    65536U
#define TURN_CONVERT_STEPS 200000U

enum convert_state { CONVERT_IDLE, CONVERT_RUNNING, CONVERT_STORING };

struct convert {
    enum convert_state state;
    char name[WS_NAME_MAX + 1]; /* of the file in hand */
    int source;                 /* its handle; open while running */
    uint64_t offset, end;       /* of the bytes still to be read */
    struct wav_converter *converter;
    struct pool_id file; /* what is written */
    /* names that wait their turn */
    char waiting[CONVERT_WAITING_MAX][WS_NAME_MAX + 1];
    uint32_t head, count;
    /* players */
    uint32_t first; /* slot of the call that is served first */
    bool hungry;    /* one had to wait for the next turn */
};

struct bridge;

/* Remembers the name. One that waits already is not doubled; when too many wait it is forgotten: it plays all the same, and the
 * next time it does it is asked for again. */
void convert_want(struct bridge *b, const char *name);
void convert_init(struct bridge *b);
/* At the end of every turn: with what is left of its budget, first the files that are converted while they play, another call's
 * first each time, then a slice of the one that is to be kept. The next turn has a full budget again. */
void convert_turn(struct bridge *b);
/* The next turn should come at once. */
bool convert_has_work(const struct bridge *b);
/* Drops all of it; what is being stored goes on. */
void convert_stop(struct bridge *b);

/* Reads the headers of an open file up to the data. ST_OK, ST_IO, or ST_BAD (wav->why, if not NULL, tells). */
WS_MUST_CHECK int player_file_look(const struct file_io *files, int handle, uint64_t size, struct wav_parser *wav);

#endif
