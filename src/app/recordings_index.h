/* The recordings known, sorted by name, which begins with the time: oldest first. */
#ifndef APP_RECORDINGS_INDEX_H
#define APP_RECORDINGS_INDEX_H

#include "wsaudio/base.h"

struct recordings_file {
    char *name; /* owned by the index */
    uint64_t size;
    bool open; /* not to be deleted */
};

struct recordings_index {
    struct recordings_file *files; /* owns */
    uint32_t first;                /* files before it are gone: the oldest go first, and that must be cheap */
    uint32_t end;
    uint32_t cap;
};

/* Zeroed is empty. */
void recordings_index_fini(struct recordings_index *ix);
uint32_t recordings_index_count(const struct recordings_index *ix);
/* Behind all others, whatever its name: only before recordings_index_sort. ST_NO_MEMORY. */
WS_MUST_CHECK int recordings_index_append(struct recordings_index *ix, const char *name, uint64_t size);
void recordings_index_sort(struct recordings_index *ix);
/* In its place. ST_NO_MEMORY. */
WS_MUST_CHECK int recordings_index_add(struct recordings_index *ix, const char *name, bool open);
/* Pointers stay valid until the next add or remove. NULL when there is none. */
struct recordings_file *recordings_index_find(const struct recordings_index *ix, const char *name);
struct recordings_file *recordings_index_oldest_closed(const struct recordings_index *ix);
/* The greatest name below `name`; the last one for "". */
struct recordings_file *recordings_index_before(const struct recordings_index *ix, const char *name);
void recordings_index_remove(struct recordings_index *ix, struct recordings_file *file);

#endif
