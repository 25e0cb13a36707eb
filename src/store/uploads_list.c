/* SPDX-License-Identifier: MIT */
/* The directory of uploads, one entry at a time: it may hold ten thousand, and looking into one of them is a read from
 * the disk. */
#include <stdlib.h>

#include "uploads_priv.h"
#include "wsaudio/audio.h"

struct uploads_list {
    struct uploads *owner;
    struct os_dir_iter *iter;
    uint64_t sum;
    uint32_t files;
    uint32_t changes;
    char name[FILE_NAME_LEN_MAX + 1];
};

int uploads_list_begin(struct uploads *u, struct uploads_list **out)
{
    *out = NULL;
    struct uploads_list *list = calloc(1, sizeof(*list));
    if (list == NULL) {
        return ST_NO_MEMORY;
    }
    list->owner = u;
    list->changes = u->changes;
    int status = os_dir_iter_open(u->dir, &list->iter);
    if (status != ST_OK) {
        free(list);
        return status;
    }
    *out = list;
    return ST_OK;
}

int uploads_list_open(struct uploads *u, struct uploads_list **out)
{
    *out = NULL;
    int status = uploads_renew_dir(u);
    return status == ST_OK ? uploads_list_begin(u, out) : status;
}

struct counted_file {
    int fd;
    uint32_t reads;
};

static int read_file(void *ctx, uint64_t offset, void *data, size_t len)
{
    struct counted_file *file = ctx;

    file->reads++;
    return os_file_read_at(file->fd, offset, data, len);
}

static void file_look(int fd, struct uploads_entry *out)
{
    struct wav_parser wav;
    struct counted_file file = {fd, 0};
    int status = wav_look(read_file, &file, out->bytes, &wav);

    out->duration_ms = status == ST_OK ? wav_duration_ms(&wav.format, wav.data_len) : 0;
    out->reads = file.reads;
}

/* False for what is not a stored upload: another kind of name, a converted form, gone meanwhile. */
static bool entry_describe(struct uploads_list *list, const struct os_dir_entry *found, struct uploads_entry *out)
{
    int fd;
    const struct span name = span_cstr(found->name);

    if (!file_name_is_ok(name) || span_copy(name, list->name, sizeof(list->name)) != ST_OK ||
        uploads_open_file(list->owner, name, &fd, &out->bytes) != ST_OK) {
        return false;
    }
    out->name = list->name;
    file_look(fd, out);
    os_close(fd);
    return true;
}

bool uploads_list_is_current(const struct uploads_list *list)
{
    return list->changes == list->owner->changes;
}

/* The next file, and what it takes. */
static int entry_take(struct uploads_list *list, struct os_dir_entry *found)
{
    int status = os_dir_iter_next(list->iter, found);

    if (status == ST_OK) {
        if (uploads_is_temporary(found->name)) {
            return ST_AGAIN;
        }
        list->sum += uploads_space(list->owner, found->size);
        list->files += file_name_is_ok(span_cstr(found->name)) ? 1 : 0;
    } else if (status == ST_NOT_FOUND && uploads_list_is_current(list)) {
        list->owner->stored = list->sum;
        list->owner->files = list->files;
    }
    return status;
}

int uploads_list_count(struct uploads_list *list)
{
    struct os_dir_entry found;

    return entry_take(list, &found);
}

int uploads_list_next(struct uploads_list *list, struct uploads_entry *out)
{
    struct os_dir_entry found;
    int status = entry_take(list, &found);

    return status == ST_OK && !entry_describe(list, &found, out) ? ST_AGAIN : status;
}

void uploads_list_close(struct uploads_list *list)
{
    if (list != NULL) {
        os_dir_iter_close(list->iter);
        free(list);
    }
}
