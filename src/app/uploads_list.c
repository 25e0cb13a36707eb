#include <stdlib.h>

#include "uploads_private.h"
#include "wsaudio/audio.h"
#include "wsaudio/ws.h"

#define HEAD_LEN   1024 /* read at once of a file's beginning */
#define HEAD_READS 8    /* chunks that are passed over are not read */

struct uploads_list {
    struct uploads *owner;
    struct os_dir_iter *iter;
    uint64_t sum;
    uint32_t files;
    uint32_t changes;
    char name[WS_NAME_MAX + 1];
};

int uploads_list_open(struct uploads *u, struct uploads_list **out)
{
    *out = NULL;
    struct uploads_list *list = calloc(1, sizeof *list);
    if (list == NULL) {
        return ST_NO_MEMORY;
    }
    list->owner = u;
    list->changes = u->changes;
    const int status = os_dir_iter_open(u->dir, &list->iter);
    if (status != ST_OK) {
        free(list);
        return status;
    }
    *out = list;
    return ST_OK;
}

static uint64_t duration_ms(int fd, uint64_t size)
{
    uint8_t head[HEAD_LEN];
    struct wav_parser parser;
    wav_parser_init(&parser);
    for (int reads = 0; reads < HEAD_READS && parser.state == WAV_MORE; reads++) {
        const int n = os_file_read_at(fd, wav_parser_next(&parser), head, sizeof head);
        if (n <= 0 || wav_parser_push(&parser, head, (size_t)n) != WAV_MORE) {
            break;
        }
    }
    if (wav_parser_end(&parser, size) != WAV_READY) {
        return 0;
    }
    return wav_duration_ms(&parser.format, parser.data_len);
}

/* False for what is not a stored upload: another kind of name, a converted form, gone meanwhile. */
static bool describe(struct uploads_list *list, const struct os_dir_entry *found, struct uploads_entry *out)
{
    int fd;
    const struct span name = span_cstr(found->name);
    if (!ws_file_name_ok(name) || span_copy(name, list->name, sizeof list->name) != ST_OK ||
        uploads_open_file(list->owner, name, &fd, &out->bytes) != ST_OK) {
        return false;
    }
    out->name = list->name;
    out->duration_ms = duration_ms(fd, out->bytes);
    os_close(fd);
    return true;
}

int uploads_list_next(struct uploads_list *list, struct uploads_entry *out)
{
    struct os_dir_entry found;
    int status;
    while ((status = os_dir_iter_next(list->iter, &found)) == ST_OK) {
        if (uploads_is_temporary(found.name)) {
            continue;
        }
        list->sum += uploads_space(list->owner, found.size);
        list->files += ws_file_name_ok(span_cstr(found.name)) ? 1 : 0;
        if (describe(list, &found, out)) {
            return ST_OK;
        }
    }
    if (status == ST_NOT_FOUND && list->changes == list->owner->changes) {
        list->owner->stored = list->sum;
        list->owner->files = list->files;
    }
    return status;
}

void uploads_list_close(struct uploads_list *list)
{
    if (list != NULL) {
        os_dir_iter_close(list->iter);
        free(list);
    }
}
