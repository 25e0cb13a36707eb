/* SPDX-License-Identifier: MIT */
/* The recordings' directory (SPEC section 5): one file a call, named by UTC time, number and Call-ID; a quota that
 * deletes the oldest closed ones first, those of this run last, whatever the clock said. Nothing here blocks after recordings_open. Only files of that shape of name
 * are counted, listed or deleted; anything else in the directory is left alone. One process owns the directory. */
#ifndef WSAUDIO_STORE_RECORDINGS_H
#define WSAUDIO_STORE_RECORDINGS_H

#include "wsaudio/base.h"
#include "wsaudio/os.h"

#define RECORDING_NAME_MAX 128 /* with NUL */
/* Files kept in the index (some 100 bytes of memory each); beyond it the oldest closed one is deleted, as for the
 * quota. */
#define RECORDINGS_INDEX_MAX 200000

struct recordings;

struct recordings_config {
    const char *dir;       /* exists (os_dir_prepare); copied. Removed or replaced later, it is made and used again */
    const char *other;     /* copied: never the same directory; NULL: any */
    uint64_t quota_bytes;  /* --record-quota; 0: no limit */
    unsigned sync_seconds; /* --record-sync; 0: never flushed */
    uint32_t calls;        /* recordings at once; as many again may be closing */
    struct os_flusher *flusher; /* borrows; needs room for 2 * calls flushes (full: that flush is skipped) */
    const struct log *log;      /* borrows */
};

/* Scans the directory (blocking) and deletes the oldest files over the quota. ST_NO_MEMORY, or os_dir_open's. */
WS_MUST_CHECK int recordings_open(const struct recordings_config *config, struct recordings **out);
/* Ends what is open and waits for it. Before os_flusher_free; NULL is fine. */
void recordings_close(struct recordings *r);

/* A new empty file `YYYYMMDDTHHMMSSZ-number-callid8.wav` (wall_us: since 1970 UTC; number: characters outside
 * [0-9A-Za-z+_.-] become '_', at most 64; callid8: the first 8 letters or digits of call_id), `-2`, `-3` … before
 * `.wav` when the name is taken; `received_from_server.wav` in the directory's parent becomes a link to it. ST_FULL:
 * no room on the disk or in the quota (one WARNING until it recovers), or too many at once. ST_DENIED, ST_IO,
 * ST_NO_MEMORY. */
WS_MUST_CHECK int recordings_begin(struct recordings *r, struct span number, struct span call_id, int64_t wall_us,
                                   mono_us now, struct pool_id *recording);
/* The file's name without directory, or NULL for a stale id; valid until recordings_end. */
const char *recordings_name(const struct recordings *r, struct pool_id recording);
/* Writes at most 64 KiB; a flush starts by itself every sync_seconds. Growing beyond the quota deletes the oldest
 * closed recordings. ST_FULL: this recording does not grow any more (what is there may still be overwritten); one
 * WARNING for all until there is room again. ST_IO (one WARNING for the file), ST_STATE: stale id. */
WS_MUST_CHECK int recordings_write_at(struct recordings *r, struct pool_id recording, uint64_t offset, const void *data,
                                      size_t len, mono_us now);
/* Last flush, then closed, in later turns; the id is gone at once. An empty file is removed. Stale ids are ignored. */
void recordings_end(struct recordings *r, struct pool_id recording);

/* A name of the shape above, without directory. */
bool recordings_name_valid(struct span name);
/* For a download; the caller closes fd (os_close). ST_BAD (name), ST_NOT_FOUND, ST_DENIED, ST_IO. */
WS_MUST_CHECK int recordings_open_file(struct recordings *r, struct span name, int *fd, uint64_t *size);

/* Bytes of all recordings, open ones included, and their number. */
uint64_t recordings_used(const struct recordings *r);
uint32_t recordings_count(const struct recordings *r);

struct recordings_entry {
    const char *name; /* valid until the next call of this room */
    uint64_t bytes;
    bool open; /* still growing */
};
/* Zeroed: before the newest. Holds no pointer: recordings may come and go between two calls. */
struct recordings_cursor {
    char after[RECORDING_NAME_MAX];
};
/* The next one, newest first, from memory. False at the end. */
bool recordings_next(struct recordings *r, struct recordings_cursor *cursor, struct recordings_entry *out);

#endif
