/* SPDX-License-Identifier: MIT */
/* What the files of the recordings share: their directory, its index, its quota. */
#ifndef WSAUDIO_STORE_RECORDINGS_PRIV_H
#define WSAUDIO_STORE_RECORDINGS_PRIV_H

#include "recordings_index.h"
#include "wsaudio/base/log_quota.h"
#include "wsaudio/store/recordings.h"

struct recordings {
    char *dir;   /* owns */
    char *other; /* owns; NULL: none */
    int dir_fd;
    uint32_t dir_serial;      /* one more for each directory that took the place of another */
    struct os_dir_iter *iter; /* owns; NULL: what the directory holds is known */
    int parent_fd;            /* -1: dir is not a plain name in another directory */
    const char *base;         /* dir's last component, within dir */
    uint64_t quota_bytes;
    dur_us sync_us; /* 0: never */
    struct os_flusher *flusher;
    const struct log *log;
    struct pool open;
    struct recordings_index index;
    uint64_t total;   /* bytes of all */
    uint64_t growing; /* bytes of those that are not closed: not to be had by deleting */
    mono_us disk_due; /* when to ask again */
    bool disk_low;
    bool disk_asked;
    bool warned;
    bool link_failed;
    struct log_quota failures; /* of RECORDING_FAILED, for files that cannot be made */
};

/* attempt: 1, then 2 … for the suffix. */
void recordings_name_make(char out[RECORDING_NAME_MAX], struct span number, struct span call_id, int64_t wall_us,
                          unsigned attempt);

/* Makes room for `more` bytes and one more file by deleting the oldest closed ones. ST_OK, or ST_FULL with its
 * WARNING. */
WS_MUST_CHECK int recordings_make_space(struct recordings *r, uint64_t more, mono_us now);
/* Whether a new recording is worth beginning; re-arms the WARNING when it is. ST_OK, or ST_FULL with its WARNING. */
WS_MUST_CHECK int recordings_check_space(struct recordings *r, mono_us now);
enum recordings_stop {
    RECORDINGS_STOP_QUOTA,    /* --record-quota, and nothing is left to delete */
    RECORDINGS_STOP_DISK_LOW, /* under 5 percent free */
    RECORDINGS_STOP_SYSTEM /* a write was refused: no space, a quota or limit of the system; os_error_text says which */
};
/* The WARNING, once until there is room again. Returns ST_FULL. */
WS_MUST_CHECK int recordings_stopped(struct recordings *r, enum recordings_stop why);
/* recordings_dir.c. Opens dir and its parent and reads what is there. */
WS_MUST_CHECK int recordings_open_dir(struct recordings *r);
/* Before a file is made or looked for by its name: the directory is the one that the path leads to. What another one holds is
 * read bit by bit, by recordings_go_on_reading. ST_DENIED, ST_NOT_FOUND, ST_IO: there is none. */
WS_MUST_CHECK int recordings_renew_dir(struct recordings *r);
void recordings_go_on_reading(struct recordings *r);
/* At start: over the quota or the index's bound. */
void recordings_trim(struct recordings *r);

#endif
