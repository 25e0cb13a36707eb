/* SPDX-License-Identifier: MIT */
/* The file lane of a call: WAV files in order, read ahead, handed out as 20 ms pieces in the call's codec. */
#ifndef WSAUDIO_MEDIA_PLAYER_H
#define WSAUDIO_MEDIA_PLAYER_H

#include "wsaudio/audio.h"
#include "wsaudio/media.h"

#define PLAYER_WAITING_MAX 32
#define PLAYER_BUFFER      16384
#define PLAYER_REFILL      8192

/* What all files together may still cost in this turn: bytes read and written, steps of wav_converter_steps. */
struct turn_budget {
    uint64_t bytes, steps;
};

struct player {
    const struct media_files *files; /* borrows */
    struct turn_budget *budget;      /* borrows */
    /* the file that plays */
    bool playing;
    bool announced; /* its first frame has left */
    bool stalled;   /* the last read failed: what is buffered is still played */
    int handle;
    char name[FILE_NAME_LEN_MAX + 1];
    enum audio_codec codec;          /* of what the buffer holds */
    uint64_t offset, end;            /* of the bytes still to be read */
    struct wav_converter *converter; /* owns; NULL: what is read is played as it is */
    uint64_t converted;              /* samples that came out of it */
    bool flushed;                    /* the last of them did */
    bool asked;                      /* its converted form was asked for */
    uint8_t *buffer;                 /* owns; made at the first play, kept for the call */
    size_t head, held;               /* bytes in buffer */
    /* those that wait their turn */
    char (*waiting)[FILE_NAME_LEN_MAX + 1]; /* owns; ring of PLAYER_WAITING_MAX */
    uint32_t waiting_head, waiting_count;
};

void player_init(struct player *p, const struct media_files *files, struct turn_budget *budget);
/* Closes the file, forgets what waits, frees the buffers. Safe on a zeroed player. */
void player_fini(struct player *p);
/* Looks whether the file can be played and queues it. What no call can play as it lies is played from its converted form, where
 * there is one, else converted while it plays. ST_OK, ST_NOT_FOUND, ST_UNSUPPORTED (text tells), ST_FULL, ST_IO,
 * ST_NO_MEMORY; text is set for every failure. */
WS_MUST_CHECK int player_add(struct player *p, const char *name, char *text, size_t cap);
/* Starts the next waiting file when none plays. ST_AGAIN: nothing waits; ST_OK: it plays; others: it could not be opened any
 * more (name tells which, text why) and was dropped. */
WS_MUST_CHECK int player_next(struct player *p, char *text, size_t cap);
/* Plays an open file at once, instead of what plays; its name is "". As player_add; the handle is closed with any failure. */
WS_MUST_CHECK int player_start(struct player *p, int handle, uint64_t size, char *text, size_t cap);
/* Reads ahead, and converts, when less than half is held; the budget is lowered by that and is never gone beyond. */
void player_refill(struct player *p);
/* A file that has to be converted has room for more: it wants the next turn's budget. */
bool player_needs_data(const struct player *p);
/* The converted form of the file of that name is there: a player that converts it itself goes on from there, at the very sample. */
void player_cached(struct player *p, const char *name);
/* That many samples, or all that is left of the file, are held. */
bool player_is_ready(const struct player *p, size_t samples);
/* The next `samples` of the file in `to` (mu-law or A-law), padded with silence behind its end. Returns the samples of the file
 * in it; 0: the file is at its end (or nothing plays). */
size_t player_take(struct player *p, enum audio_codec to, uint8_t *out, size_t samples);
/* All of the file was taken. */
bool player_at_end(const struct player *p);
/* Ends the current file. */
void player_stop(struct player *p);
/* Forgets what waits. */
void player_forget(struct player *p);

#endif
