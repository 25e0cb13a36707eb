/* SPDX-License-Identifier: MIT */
/* Room for recordings: the oldest are deleted until the quota and the disk have some; when that does not help,
 * recording stops and says why, once. */
#include "recordings_priv.h"

#define DISK_FREE_MIN  5 /* percent */
#define DISK_ASK_EVERY DUR_S(10)
#define BEGIN_ROOM     65536 /* some seconds of stereo: less is not worth a file */
#define DELETIONS_MAX  64    /* in one go */

int recordings_stopped(struct recordings *r, enum recordings_stop why)
{
    if (r->warned) {
        return ST_FULL;
    }
    r->warned = true;
    switch (why) {
    case RECORDINGS_STOP_QUOTA: log_write(r->log, LOG_WARNING, LOG_TEXT(r->log, RECORDING_QUOTA)); break;
    case RECORDINGS_STOP_DISK_LOW: log_write(r->log, LOG_WARNING, LOG_TEXT(r->log, RECORDING_DISK)); break;
    case RECORDINGS_STOP_SYSTEM:
        log_write(r->log, LOG_WARNING, LOG_TEXT(r->log, RECORDING_SYSTEM), os_error_text());
        break;
    }
    return ST_FULL;
}

static bool disk_is_low(struct recordings *r, mono_us now)
{
    if (!r->disk_asked || now >= r->disk_due) {
        unsigned percent = 100;
        r->disk_low = os_disk_free_percent(r->dir_fd, &percent) == ST_OK && percent < DISK_FREE_MIN;
        r->disk_asked = true;
        r->disk_due = now + DISK_ASK_EVERY;
    }
    return r->disk_low;
}

/* False when there is none that can be deleted. */
static bool delete_oldest(struct recordings *r)
{
    struct recordings_file *file = recordings_index_oldest_closed(&r->index);

    if (file == NULL) {
        return false;
    }
    int status = os_file_remove(r->dir_fd, file->name);
    if (status != ST_OK && status != ST_NOT_FOUND) {
        return false;
    }
    if (status == ST_OK) {
        log_write(r->log, LOG_INFO, LOG_TEXT(r->log, RECORDING_DELETED), file->name);
    }
    r->total -= file->size;
    recordings_index_remove(&r->index, file);
    return true;
}

static bool is_over(const struct recordings *r, uint64_t more)
{
    return r->total > r->quota_bytes || more > r->quota_bytes - r->total;
}

int recordings_make_space(struct recordings *r, uint64_t more, mono_us now)
{
    if (disk_is_low(r, now)) {
        return recordings_stopped(r, RECORDINGS_STOP_DISK_LOW);
    }
    for (int i = 0; is_over(r, more) || recordings_index_count(&r->index) >= RECORDINGS_INDEX_MAX; i++) {
        if (i == DELETIONS_MAX || !delete_oldest(r)) {
            return recordings_stopped(r, RECORDINGS_STOP_QUOTA);
        }
    }
    return ST_OK;
}

int recordings_check_space(struct recordings *r, mono_us now)
{
    const uint64_t wanted = r->quota_bytes / 16 < BEGIN_ROOM ? r->quota_bytes / 16 : BEGIN_ROOM;

    if (disk_is_low(r, now)) {
        return recordings_stopped(r, RECORDINGS_STOP_DISK_LOW);
    }
    if (r->growing >= r->quota_bytes || r->quota_bytes - r->growing < wanted) {
        return recordings_stopped(r, RECORDINGS_STOP_QUOTA);
    }
    r->warned = false;
    return ST_OK;
}

void recordings_trim(struct recordings *r)
{
    while ((is_over(r, 0) || recordings_index_count(&r->index) >= RECORDINGS_INDEX_MAX) && delete_oldest(r)) {
    }
}
