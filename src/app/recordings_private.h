#ifndef APP_RECORDINGS_PRIVATE_H
#define APP_RECORDINGS_PRIVATE_H

#include "recordings.h"
#include "recordings_index.h"

struct recordings {
    char *dir; /* owns */
    int dir_fd;
    int parent_fd;    /* -1: dir is not a plain name in another directory */
    const char *base; /* dir's last component, within dir */
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
};

/* attempt: 1, then 2 … for the suffix. */
void recordings_name_make(char out[RECORDING_NAME_MAX], struct span number, struct span call_id, int64_t wall_us,
                          unsigned attempt);

/* Makes room for `more` bytes and one more file by deleting the oldest closed ones. ST_OK, or ST_FULL with its
 * WARNING. */
WS_MUST_CHECK int recordings_make_room(struct recordings *r, uint64_t more, mono_us now);
/* Whether a new recording is worth beginning; re-arms the WARNING when it is. ST_OK, or ST_FULL with its WARNING. */
WS_MUST_CHECK int recordings_check_room(struct recordings *r, mono_us now);
/* The WARNING, once until there is room again. Returns ST_FULL. */
WS_MUST_CHECK int recordings_stopped(struct recordings *r, bool disk);
/* At start: over the quota or the index's bound. */
void recordings_trim(struct recordings *r);

#endif
