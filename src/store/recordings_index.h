/* SPDX-License-Identifier: MIT */
/* The recordings known. Sorted by name, which begins with the time, for finding and listing; and by age, for deleting. They differ
 * when the clock was set back: what was made in this run is younger than whatever was there before, whatever its name says. */
#ifndef WSAUDIO_STORE_RECORDINGS_INDEX_H
#define WSAUDIO_STORE_RECORDINGS_INDEX_H

#include "wsaudio/base.h"
#include "wsaudio/base/list.h"

struct recordings_file {
    struct list_node age; /* the oldest first */
    uint64_t size;
    bool open;    /* not to be deleted */
    bool earlier; /* was there before this run, or came from elsewhere */
    char name[];
};

struct recordings_index {
    struct recordings_file **files; /* owns; by name */
    uint32_t first;                 /* files before it are gone: the oldest go first, and that must be cheap */
    uint32_t end;
    uint32_t cap;
    struct list_node ages;
};

void recordings_index_init(struct recordings_index *ix);
/* Also of a zeroed one. */
void recordings_index_fini(struct recordings_index *ix);
uint32_t recordings_index_count(const struct recordings_index *ix);
/* One of an earlier run, behind all others, whatever its name: only before recordings_index_sort, which gives them their ages too,
 * by name. ST_NO_MEMORY. */
WS_MUST_CHECK int recordings_index_append(struct recordings_index *ix, const char *name, uint64_t size);
void recordings_index_sort(struct recordings_index *ix);
/* In its place; open: made now, the youngest of all; else one of an earlier run that is found only now. ST_BUSY: there is one of
 * that name. ST_NO_MEMORY. */
WS_MUST_CHECK int recordings_index_add(struct recordings_index *ix, const char *name, uint64_t size, bool open);
/* A file's pointer stays valid until it is removed. NULL when there is none. */
struct recordings_file *recordings_index_find(const struct recordings_index *ix, const char *name);
struct recordings_file *recordings_index_oldest_closed(const struct recordings_index *ix);
/* The greatest name below `name`; the last one for "". */
struct recordings_file *recordings_index_before(const struct recordings_index *ix, const char *name);
void recordings_index_remove(struct recordings_index *ix, struct recordings_file *file);

#endif
