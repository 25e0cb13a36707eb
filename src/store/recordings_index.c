/* SPDX-License-Identifier: MIT */
#include "recordings_index.h"

#include <stdlib.h>

#define FIRST_CAP 64

void recordings_index_init(struct recordings_index *ix)
{
    *ix = (struct recordings_index){0};
    list_init(&ix->ages);
}

void recordings_index_fini(struct recordings_index *ix)
{
    for (uint32_t i = ix->first; i < ix->end; i++) {
        free(ix->files[i]);
    }
    free(ix->files);
    *ix = (struct recordings_index){0};
}

uint32_t recordings_index_count(const struct recordings_index *ix)
{
    return ix->end - ix->first;
}

/* Room for one more at the end. */
static int index_reserve(struct recordings_index *ix)
{
    if (ix->end < ix->cap) {
        return ST_OK;
    }
    if (ix->first > ix->cap / 2) {
        memmove(ix->files, ix->files + ix->first, recordings_index_count(ix) * sizeof(*ix->files));
        ix->end -= ix->first;
        ix->first = 0;
        return ST_OK;
    }
    const uint32_t cap = ix->cap > 0 ? ix->cap * 2 : FIRST_CAP;
    struct recordings_file **files = realloc(ix->files, cap * sizeof(*files));
    if (files == NULL) {
        return ST_NO_MEMORY;
    }
    ix->files = files;
    ix->cap = cap;
    return ST_OK;
}

static struct recordings_file *file_new(const char *name, uint64_t size)
{
    const size_t len = strlen(name) + 1;
    struct recordings_file *file = malloc(sizeof(*file) + len);

    if (file != NULL) {
        *file = (struct recordings_file){.size = size};
        memcpy(file->name, name, len);
    }
    return file;
}

int recordings_index_append(struct recordings_index *ix, const char *name, uint64_t size)
{
    struct recordings_file *file = index_reserve(ix) == ST_OK ? file_new(name, size) : NULL;

    if (file == NULL) {
        return ST_NO_MEMORY;
    }
    file->earlier = true;
    list_push_back(&ix->ages, &file->age);
    ix->files[ix->end++] = file;
    return ST_OK;
}

static int entry_compare(const void *a, const void *b)
{
    const struct recordings_file *const *x = a;
    const struct recordings_file *const *y = b;

    return strcmp((*x)->name, (*y)->name);
}

void recordings_index_sort(struct recordings_index *ix)
{
    if (recordings_index_count(ix) > 1) {
        qsort(ix->files + ix->first, recordings_index_count(ix), sizeof(*ix->files), entry_compare);
    }
    list_init(&ix->ages);
    for (uint32_t i = ix->first; i < ix->end; i++) {
        list_push_back(&ix->ages, &ix->files[i]->age);
    }
}

/* Place of the first file whose name is not below `name`. */
static uint32_t lower_bound(const struct recordings_index *ix, const char *name)
{
    uint32_t low = ix->first;
    uint32_t high = ix->end;

    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        if (strcmp(ix->files[middle]->name, name) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

/* Before the next of the earlier ones by name; else before the oldest of this run. */
static void place_earlier(struct recordings_index *ix, uint32_t place)
{
    struct list_node *before = &ix->ages;

    for (uint32_t i = place + 1; i < ix->end && before == &ix->ages; i++) {
        before = ix->files[i]->earlier ? &ix->files[i]->age : before;
    }
    if (before == &ix->ages) {
        while (before->prev != &ix->ages && !LIST_OWNER(before->prev, struct recordings_file, age)->earlier) {
            before = before->prev;
        }
    }
    list_push_back(before, &ix->files[place]->age); /* the end of a list is the place before its head */
}

int recordings_index_add(struct recordings_index *ix, const char *name, uint64_t size, bool open)
{
    if (recordings_index_find(ix, name) != NULL) {
        return ST_BUSY;
    }
    struct recordings_file *file = index_reserve(ix) == ST_OK ? file_new(name, size) : NULL;
    if (file == NULL) {
        return ST_NO_MEMORY;
    }
    const uint32_t place = lower_bound(ix, name);
    memmove(ix->files + place + 1, ix->files + place, (ix->end - place) * sizeof(*ix->files));
    ix->files[place] = file;
    ix->end++;
    file->open = open;
    file->earlier = !open;
    if (open) {
        list_push_back(&ix->ages, &file->age);
    } else {
        place_earlier(ix, place);
    }
    return ST_OK;
}

struct recordings_file *recordings_index_find(const struct recordings_index *ix, const char *name)
{
    const uint32_t place = lower_bound(ix, name);

    return place < ix->end && strcmp(ix->files[place]->name, name) == 0 ? ix->files[place] : NULL;
}

struct recordings_file *recordings_index_oldest_closed(const struct recordings_index *ix)
{
    for (struct list_node *n = ix->ages.next; n != &ix->ages; n = n->next) {
        struct recordings_file *file = LIST_OWNER(n, struct recordings_file, age);
        if (!file->open) {
            return file;
        }
    }
    return NULL;
}

struct recordings_file *recordings_index_before(const struct recordings_index *ix, const char *name)
{
    const uint32_t place = name[0] == '\0' ? ix->end : lower_bound(ix, name);

    return place > ix->first ? ix->files[place - 1] : NULL;
}

void recordings_index_remove(struct recordings_index *ix, struct recordings_file *file)
{
    const uint32_t place = lower_bound(ix, file->name);

    list_remove(&file->age);
    free(file);
    if (place == ix->first) {
        ix->first++;
        return;
    }
    memmove(ix->files + place, ix->files + place + 1, (ix->end - (place + 1)) * sizeof(*ix->files));
    ix->end--;
}
