/* SPDX-License-Identifier: MIT */
/* Bytes flush against an inaccessible page: a parser that reads one byte past its input, or one before it, dies there and
 * then, with or without a sanitizer. Tests only. */
#ifndef SUPPORT_GUARD_H
#define SUPPORT_GUARD_H

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct guard {
    char *map;
    size_t map_len;
    char *ptr; /* the copy: flush against the page behind it, or with guard_copy_before the one before it */
    size_t len;
};

/* Room for `len` bytes (0 is legal) that ends where an inaccessible page begins. */
static inline struct guard guard_room(size_t len)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t inner = (len + page - 1) / page * page;
    struct guard g = {.map_len = inner + 2 * page, .len = len};
    g.map = mmap(NULL, g.map_len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (g.map == MAP_FAILED || mprotect(g.map, page, PROT_NONE) != 0 ||
        mprotect(g.map + page + inner, page, PROT_NONE) != 0) {
        abort();
    }
    g.ptr = g.map + page + inner - len;
    return g;
}

/* A copy of `data` that ends at the inaccessible page. */
static inline struct guard guard_copy(const void *data, size_t len)
{
    struct guard g = guard_room(len);
    if (len != 0) {
        memcpy(g.ptr, data, len);
    }
    return g;
}

/* A copy of `data` that begins right behind an inaccessible page. */
static inline struct guard guard_copy_before(const void *data, size_t len)
{
    struct guard g = guard_room(len);
    g.ptr = g.map + (size_t)sysconf(_SC_PAGESIZE);
    if (len != 0) {
        memcpy(g.ptr, data, len);
    }
    return g;
}

static inline void guard_free(struct guard *g)
{
    if (munmap(g->map, g->map_len) != 0) {
        abort();
    }
    *g = (struct guard){0};
}

#endif
