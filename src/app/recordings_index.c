#include "recordings_index.h"

#include <stdlib.h>

#define FIRST_CAP 64

void recordings_index_fini(struct recordings_index *ix)
{
    for (uint32_t i = ix->first; i < ix->end; i++) {
        free(ix->files[i].name);
    }
    free(ix->files);
    *ix = (struct recordings_index){0};
}

uint32_t recordings_index_count(const struct recordings_index *ix)
{
    return ix->end - ix->first;
}

/* Room for one more at the end. */
static int reserve(struct recordings_index *ix)
{
    if (ix->end < ix->cap) {
        return ST_OK;
    }
    if (ix->first > ix->cap / 2) {
        memmove(ix->files, ix->files + ix->first, recordings_index_count(ix) * sizeof *ix->files);
        ix->end -= ix->first;
        ix->first = 0;
        return ST_OK;
    }
    const uint32_t cap = ix->cap > 0 ? ix->cap * 2 : FIRST_CAP;
    struct recordings_file *files = realloc(ix->files, cap * sizeof *files);
    if (files == NULL) {
        return ST_NO_MEMORY;
    }
    ix->files = files;
    ix->cap = cap;
    return ST_OK;
}

int recordings_index_append(struct recordings_index *ix, const char *name, uint64_t size)
{
    if (reserve(ix) != ST_OK) {
        return ST_NO_MEMORY;
    }
    char *copy = strdup(name);
    if (copy == NULL) {
        return ST_NO_MEMORY;
    }
    ix->files[ix->end++] = (struct recordings_file){copy, size, false};
    return ST_OK;
}

static int compare(const void *a, const void *b)
{
    const struct recordings_file *x = a;
    const struct recordings_file *y = b;
    return strcmp(x->name, y->name);
}

void recordings_index_sort(struct recordings_index *ix)
{
    if (recordings_index_count(ix) > 1) {
        qsort(ix->files + ix->first, recordings_index_count(ix), sizeof *ix->files, compare);
    }
}

/* Place of the first file whose name is not below `name`. */
static uint32_t lower_bound(const struct recordings_index *ix, const char *name)
{
    uint32_t low = ix->first;
    uint32_t high = ix->end;
    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        if (strcmp(ix->files[middle].name, name) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

int recordings_index_add(struct recordings_index *ix, const char *name, bool open)
{
    if (recordings_index_append(ix, name, 0) != ST_OK) {
        return ST_NO_MEMORY;
    }
    struct recordings_file added = ix->files[ix->end - 1];
    added.open = open;
    ix->end--;
    const uint32_t place = lower_bound(ix, name);
    memmove(ix->files + place + 1, ix->files + place, (ix->end - place) * sizeof *ix->files);
    ix->files[place] = added;
    ix->end++;
    return ST_OK;
}

struct recordings_file *recordings_index_find(const struct recordings_index *ix, const char *name)
{
    const uint32_t place = lower_bound(ix, name);
    return place < ix->end && strcmp(ix->files[place].name, name) == 0 ? &ix->files[place] : NULL;
}

struct recordings_file *recordings_index_oldest_closed(const struct recordings_index *ix)
{
    for (uint32_t i = ix->first; i < ix->end; i++) {
        if (!ix->files[i].open) {
            return &ix->files[i];
        }
    }
    return NULL;
}

struct recordings_file *recordings_index_before(const struct recordings_index *ix, const char *name)
{
    const uint32_t place = name[0] == '\0' ? ix->end : lower_bound(ix, name);
    return place > ix->first ? &ix->files[place - 1] : NULL;
}

void recordings_index_remove(struct recordings_index *ix, struct recordings_file *file)
{
    free(file->name);
    if (file == &ix->files[ix->first]) {
        ix->first++;
        return;
    }
    const struct recordings_file *end = ix->files + ix->end;
    memmove(file, file + 1, (size_t)(end - (file + 1)) * sizeof *file);
    ix->end--;
}
