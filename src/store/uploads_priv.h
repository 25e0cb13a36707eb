/* SPDX-License-Identifier: MIT */
/* What the files of the uploads share: their directory, what is being written to it, lists under way. */
#ifndef WSAUDIO_STORE_UPLOADS_PRIV_H
#define WSAUDIO_STORE_UPLOADS_PRIV_H

#include "wsaudio/base/log_quota.h"
#include "wsaudio/store/uploads.h"

#define CACHED_PREFIX      ".converted-"
#define STORED_NAME_MAX    (FILE_NAME_LEN_MAX + sizeof(CACHED_PREFIX))
#define TEMPORARY_NAME_MAX 48
#define CACHED_HEADER_LEN  76

struct uploads {
    char *dir;   /* owns */
    char *other; /* owns; NULL: none */
    int dir_fd;
    struct uploads_list *recount; /* owns; NULL: what the directory holds is known */
    uint64_t max_bytes, quota_bytes;
    uint32_t max_files, block_bytes;
    uint64_t stored;  /* what the directory's files take, temporary ones not counted */
    uint64_t writing; /* what the temporary files take */
    uint32_t files;   /* uploads under their names */
    uint32_t coming;  /* uploads being written whose names are new */
    uint32_t changes; /* counts what changes `stored` or `files`: a listing that saw one does not correct them */
    uint32_t serial;  /* for names of temporary files */
    struct os_flusher *flusher;
    const struct log *log;
    struct log_quota failures; /* of UPLOAD_FAILED */
    struct pool handles;
};

enum upload_state { UPLOAD_WRITING, UPLOAD_FLUSHING, UPLOAD_NAMING };

/* A file that is being written: an upload, or the converted form of one. */
struct upload {
    struct uploads *owner;
    struct pool_id id;
    enum upload_state state;
    int fd;
    char name[STORED_NAME_MAX]; /* that it will have */
    char temporary[TEMPORARY_NAME_MAX];
    uint64_t size;
    uint64_t replaces; /* what the file of that name took when the upload began: not counted twice */
    bool is_new;       /* an upload, and no file had its name: counted in `coming` */
    bool converted;
    struct os_file_identity source; /* of what was converted */
    uploads_done_fn done;           /* NULL: nobody waits any more */
    void *done_ctx;
    struct pool_id done_owner;
};

/* Before a file is looked for by its name: the directory is the one that the path leads to. What another one holds is counted bit by
 * bit, at each of these calls. ST_DENIED, ST_NOT_FOUND, ST_IO: there is none. */
WS_MUST_CHECK int uploads_renew_dir(struct uploads *u);
/* uploads_list_open without a look whether the directory is still the one. */
WS_MUST_CHECK int uploads_list_begin(struct uploads *u, struct uploads_list **out);
/* One file a call, of which only the place that it takes is of interest. As uploads_list_next. */
WS_MUST_CHECK int uploads_list_count(struct uploads_list *list);
/* Nothing has changed since it was opened: at its end it has set what is counted. */
bool uploads_list_is_current(const struct uploads_list *list);
/* Begins to write a file that will be `name`. ST_FULL, ST_DENIED, ST_IO. */
WS_MUST_CHECK int uploads_start(struct uploads *u, const char *name, struct upload **out);
/* What a file of so many bytes takes on the disk. */
uint64_t uploads_space(const struct uploads *u, uint64_t size);
/* Whether a file has that name, and what it takes; whatever else stands there (a link) is none. */
bool uploads_find(const struct uploads *u, const char *name, uint64_t *space);
bool uploads_have_space(const struct uploads *u, const struct upload *up, uint64_t more);
/* A name of ours for a converted form; *original is that of its upload. */
bool uploads_is_cached(const char *name, const char **original);
/* Is it the converted form of what now has the original's name? */
bool uploads_cached_fits(struct uploads *u, const struct upload *up);
/* Removes the converted form of that upload, if there is one. */
void uploads_drop_cached(struct uploads *u, const char *original);
/* At start: a converted form whose upload is gone goes too. True: it went. */
bool uploads_drop_orphan(struct uploads *u, const char *name);

/* Our own temporary files: never counted in `stored`. */
bool uploads_is_temporary(const char *name);

#endif
