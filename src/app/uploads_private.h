#ifndef APP_UPLOADS_PRIVATE_H
#define APP_UPLOADS_PRIVATE_H

#include "uploads.h"

struct uploads {
    char *dir; /* owns */
    int dir_fd;
    uint64_t max_bytes, quota_bytes;
    uint64_t stored;  /* bytes of the directory's files, temporary ones not counted */
    uint64_t writing; /* bytes of the temporary files */
    uint32_t changes; /* counts what changes `stored`: a listing that saw one does not correct it */
    uint32_t serial;  /* for names of temporary files */
    struct os_flusher *flusher;
    const struct log *log;
    struct pool handles;
};

/* Our own temporary files: never counted in `stored`. */
bool uploads_is_temporary(const char *name);

#endif
