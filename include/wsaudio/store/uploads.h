/* SPDX-License-Identifier: MIT */
/* The uploaded WAV files (SPEC section 2 "files", section 3 "File names"): stored through a temporary file, flushed,
 * renamed and only then reported, so that a name always holds one whole file, the earlier or the new one. Nothing here
 * blocks after uploads_open. One process owns the directory. */
#ifndef WSAUDIO_STORE_UPLOADS_H
#define WSAUDIO_STORE_UPLOADS_H

#include "wsaudio/base.h"
#include "wsaudio/os.h"

/* Stored at once, whatever their size. Converted forms come beside it, one each at most. */
#define UPLOADS_FILES_MAX 10000

struct uploads;

struct uploads_config {
    const char *dir;    /* exists (os_dir_prepare); copied. Removed or replaced later, it is made and used again */
    const char *other;  /* copied: never the same directory; NULL: any */
    uint64_t max_bytes; /* --upload-max */
    uint64_t
        quota_bytes;    /* --upload-quota: all regular files of the directory and what is being written; 0: no limit */
    uint32_t max_files; /* uploads under their names and those on their way to a new one */
    uint32_t block_bytes; /* each file counts as whole blocks of so much, as on the disk (os_disk_block); 0: that */
    uint32_t handles;     /* uploads at once, those being committed included */
    struct os_flusher *flusher; /* borrows; needs room for `handles` flushes, else commits fail with ST_FULL */
    const struct log *log;      /* borrows */
};

/* Scans the directory (blocking) for the bytes used and removes temporary files that a killed process left.
 * ST_NO_MEMORY, or os_dir_open's. */
WS_MUST_CHECK int uploads_open(const struct uploads_config *config, struct uploads **out);
/* Gives up what is being written, waits for commits under way (silently). Before os_flusher_free; NULL is
 * fine. */
void uploads_close(struct uploads *u);

/* Names are what file_name_is_ok lets through: nothing leaves the directory. */

/* Begins an upload in a temporary file. ST_BAD: not a valid name. ST_FULL: max_files are there, or no disk space. ST_BUSY: no
 * handle. ST_DENIED, ST_IO (no descriptor, too), each with a limited WARNING. */
WS_MUST_CHECK int uploads_begin(struct uploads *u, struct span name, struct pool_id *upload);
/* Appends. ST_TOO_LARGE: over max_bytes. ST_FULL: the quota or the disk has no room. ST_IO. ST_STATE: no such upload,
 * or being committed. After an error only uploads_abort makes sense. */
WS_MUST_CHECK int uploads_write(struct uploads *u, struct pool_id upload, const void *data, size_t len);
/* Bytes of what was written so far, fewer only at its end. ST_STATE, ST_IO. */
WS_MUST_CHECK int uploads_read(const struct uploads *u, struct pool_id upload, uint64_t offset, void *data, size_t len);

/* Called once when the file is on the disk under its name (ST_OK), or not (ST_IO, ST_FULL; an earlier file of that
 * name is as it was, except when only the last step, the flush of the directory, failed). The upload's id is gone by
 * then. */
typedef void (*uploads_done_fn)(void *ctx, struct pool_id owner, int status);
/* Flushes, renames and flushes the directory in later turns, then calls done(ctx, owner, …); where the kernel has no
 * AIO done is called from in here. What the bytes are is not looked at. ST_OK: done is or was called. Any other value:
 * done is never called, the upload is gone, the earlier file as it was: ST_FULL (flusher), ST_STATE (stale id). */
WS_MUST_CHECK int uploads_commit(struct uploads *u, struct pool_id upload, struct pool_id owner, uploads_done_fn done,
                                 void *ctx);
/* At any moment; stale ids are ignored. Before the commit: the temporary file is removed. During it: the file is still
 * stored, only done is not called. */
void uploads_abort(struct uploads *u, struct pool_id upload);

/* A file for playing; the caller closes fd (os_close). A later DELETE_WAV or upload of that name does not disturb it.
 * ST_BAD (name), ST_NOT_FOUND, ST_DENIED (a link or no regular file), ST_IO. */
WS_MUST_CHECK int uploads_open_file(struct uploads *u, struct span name, int *fd, uint64_t *size);
/* ST_BAD (name), ST_NOT_FOUND, ST_DENIED, ST_IO. */
WS_MUST_CHECK int uploads_delete(struct uploads *u, struct span name);

/* ---- converted forms: 8 kHz, one channel, 16-bit little-endian samples, beside the upload as a hidden WAV file ---- */

/* Belongs to the very file behind `source`, a descriptor of uploads_open_file: another one of that name, whole or partly copied
 * into the directory at whatever date, makes it invalid. It goes with its upload: deleted, replaced, or gone at start. */

/* *fd is the caller's; its `len` bytes of samples begin at *offset. ST_NOT_FOUND: none that fits; ST_BAD (name). */
WS_MUST_CHECK int uploads_cached_open(struct uploads *u, struct span name, int source, int *fd, uint64_t *offset,
                                      uint64_t *len);
/* Begins to write it; then uploads_write, exactly len bytes in all, and uploads_commit or uploads_abort. Not bound by max_bytes.
 * ST_FULL also when len bytes do not fit the quota. ST_TOO_LARGE: no WAV file can be so long. ST_BAD, ST_DENIED, ST_IO. The
 * commit ends with ST_STATE when the upload was replaced or deleted meanwhile; nothing is kept then. */
WS_MUST_CHECK int uploads_cache_begin(struct uploads *u, struct span name, int source, uint64_t len,
                                      struct pool_id *upload);

/* Bytes counted in the quota now, and the number of uploads. */
uint64_t uploads_used(const struct uploads *u);
uint32_t uploads_count(const struct uploads *u);

struct uploads_entry {
    const char *name; /* valid until the next call */
    uint64_t bytes;
    uint64_t duration_ms; /* playing time; 0 when it is no WAV */
    uint32_t reads;       /* that it took to know it */
};
struct uploads_list;
/* A fresh look into the directory, in no order; files put there by hand are seen and counted. */
WS_MUST_CHECK int uploads_list_open(struct uploads *u, struct uploads_list **out);
/* One file a call, with as many reads as wav_look needs. ST_AGAIN: it was none of the uploads. ST_NOT_FOUND at the end, ST_IO. */
WS_MUST_CHECK int uploads_list_next(struct uploads_list *list, struct uploads_entry *out);
/* NULL is fine. Before uploads_close. */
void uploads_list_close(struct uploads_list *list);

#endif
