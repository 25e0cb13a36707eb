/* SPDX-License-Identifier: MIT */
#include "media_priv.h"

#include <assert.h>

struct handle {
    const struct media_files *files;
    int handle;
};

static int read_handle(void *ctx, uint64_t offset, void *data, size_t len)
{
    const struct handle *h = ctx;
    return h->files->play_read(h->files->ctx, h->handle, offset, data, len);
}

int media_wav_look(const struct media_files *files, int handle, uint64_t size, struct wav_parser *wav)
{
    struct handle h = {files, handle};
    return wav_look(read_handle, &h, size, wav);
}

/* ---- names that wait ---- */

void media_convert(struct media *m, const char *name)
{
    struct convert *v = &m->convert;

    if (m->config.files.cached_open == NULL || v->count == CONVERT_WAITING_MAX || v->stopped) {
        return;
    }
    for (uint32_t i = 0; i < v->count; i++) {
        if (strcmp(v->waiting[(v->head + i) % CONVERT_WAITING_MAX], name) == 0) {
            return;
        }
    }
    uint32_t at = (v->head + v->count) % CONVERT_WAITING_MAX;
    if (span_copy(span_cstr(name), v->waiting[at], sizeof(v->waiting[at])) == ST_OK) {
        v->count++;
    }
}

/* ---- the file in hand ---- */

static void close_source(struct media *m)
{
    struct convert *v = &m->convert;
    const struct media_files *files = &m->config.files;

    wav_converter_free(v->converter);
    v->converter = NULL;
    files->play_close(files->ctx, v->source);
}

static void give_up(struct media *m, const char *why)
{
    struct convert *v = &m->convert;
    const struct media_files *files = &m->config.files;

    log_write(m->config.log, LOG_DEBUG, "upload %s: no converted form is kept: %s", v->name, why);
    files->cache_abort(files->ctx, v->file);
    close_source(m);
    v->state = CONVERT_IDLE;
}

static bool is_cached(struct media *m)
{
    const struct media_files *files = &m->config.files;
    int handle = FILE_HANDLE_NONE;
    uint64_t offset = 0;
    uint64_t len = 0;

    if (files->cached_open(files->ctx, m->convert.name, m->convert.source, &handle, &offset, &len) != ST_OK) {
        return false;
    }
    files->play_close(files->ctx, handle);
    return true;
}

/* The file is open: is there anything to do, and is there room? */
static int convert_begin(struct media *m, uint64_t size)
{
    struct convert *v = &m->convert;
    const struct media_files *files = &m->config.files;
    struct wav_parser wav;
    enum audio_codec codec;
    int status = media_wav_look(files, v->source, size, &wav);

    if (status != ST_OK || wav_playable(&wav.format, &codec, NULL, 0) != ST_OK || codec != AUDIO_CODEC_COUNT ||
        is_cached(m)) {
        return ST_NOT_FOUND;
    }
    status = wav_converter_new(&wav.format, &v->converter);
    if (status == ST_OK) {
        uint64_t len = 2 * wav_converter_samples(&wav.format, wav.data_len);
        status = files->cache_begin(files->ctx, v->name, v->source, len, &v->file);
    }
    v->offset = wav.data_offset;
    v->end = wav.data_offset + wav.data_len;
    return status;
}

static void next_name(struct media *m)
{
    struct convert *v = &m->convert;
    const struct media_files *files = &m->config.files;
    uint64_t size = 0;

    memcpy(v->name, v->waiting[v->head], sizeof(v->name));
    v->head = (v->head + 1) % CONVERT_WAITING_MAX;
    v->count--;
    if (files->play_open(files->ctx, v->name, &v->source, &size) != ST_OK) {
        return;
    }
    int status = convert_begin(m, size);
    if (status == ST_OK) {
        v->state = CONVERT_RUNNING;
        return;
    }
    close_source(m);
    if (status != ST_NOT_FOUND) {
        log_write(m->config.log, LOG_DEBUG, "upload %s: no converted form is kept: %s", v->name, status_name(status));
    }
}

static void store(struct media *m)
{
    struct convert *v = &m->convert;
    const struct media_files *files = &m->config.files;
    struct pool_id file = v->file;

    close_source(m);
    v->state = CONVERT_STORING;
    int status = files->cache_commit(files->ctx, file); /* media_cache_done may come from inside */
    if (status != ST_OK) {
        media_cache_done(m, status);
    }
}

#define PIECE 4096

/* False: no more in this turn. */
static bool convert_piece(struct media *m)
{
    struct convert *v = &m->convert;
    const struct media_files *files = &m->config.files;
    struct turn_budget *budget = &m->budget;
    uint8_t raw[PIECE];
    uint8_t out[2 * (PIECE + 8)];
    uint64_t want = wav_converter_piece(v->converter, budget->steps);
    const bool last = v->offset >= v->end;
    size_t made;

    want = want < sizeof(raw) ? want : sizeof(raw);
    want = want < v->end - v->offset ? want : v->end - v->offset;
    if (budget->bytes < sizeof(raw) + sizeof(out) || (want == 0 && !last)) {
        return false;
    }
    if (last) {
        assert(2 * wav_converter_flush_max(v->converter) <= sizeof(out));
        made = wav_converter_flush(v->converter, out);
    } else {
        int n = files->play_read(files->ctx, v->source, v->offset, raw, (size_t)want);
        if (n <= 0) {
            give_up(m, "it cannot be read to its end");
            return false;
        }
        v->offset += (uint64_t)n;
        budget->bytes -= (uint64_t)n;
        uint64_t steps = wav_converter_steps(v->converter, (size_t)n);
        budget->steps -= steps < budget->steps ? steps : budget->steps;
        assert(2 * wav_converter_push_max(v->converter, (size_t)n) <= sizeof(out));
        made = wav_converter_push(v->converter, raw, (size_t)n, out);
    }
    budget->bytes -= 2 * made;
    int status = made > 0 ? files->cache_write(files->ctx, v->file, out, 2 * made) : ST_OK;
    if (status != ST_OK) {
        give_up(m, status_name(status));
        return false;
    }
    if (last) {
        store(m);
    }
    return !last;
}

static void convert_step(struct media *m)
{
    struct convert *v = &m->convert;

    if (v->state == CONVERT_RUNNING) {
        while (convert_piece(m)) {
        }
    } else if (v->state == CONVERT_IDLE && v->count > 0) {
        next_name(m); /* its tables are enough for one turn */
    }
}

/* ---- turns ---- */

/* False: it is converted to its end, or does not play any more. */
static bool feed(struct media *m, struct player *p)
{
    player_refill(p);
    if (p->converter == NULL) {
        return false;
    }
    if (!p->asked) {
        p->asked = true;
        media_convert(m, p->name);
    }
    m->convert.player_waits = m->convert.player_waits || player_needs_data(p);
    return true;
}

/* Where there was not enough for all, the first goes behind the others: the next turn begins with another one. */
static void feed_all(struct media *m)
{
    struct list_node *all = &m->converting;

    m->convert.player_waits = false;
    for (struct list_node *node = all->next, *next = node->next; node != all; node = next, next = node->next) {
        if (!feed(m, &LIST_OWNER(node, struct media_session, converting_node)->player)) {
            list_remove(node);
        }
    }
    struct list_node *first = list_first(all);
    if (m->convert.player_waits && first != NULL) {
        list_remove(first);
        list_push_back(all, first);
    }
}

void convert_refill(struct media *m)
{
    m->budget = (struct turn_budget){TURN_FILE_BYTES, m->config.turn_steps};
}

void media_turn(struct media *m)
{
    feed_all(m);
    convert_step(m);
    uint64_t steps = m->config.turn_steps - m->budget.steps;
    if (steps > 0) {
        m->stats.convert_turns++;
        m->stats.convert_steps_max = steps > m->stats.convert_steps_max ? steps : m->stats.convert_steps_max;
    }
    convert_refill(m);
}

bool media_has_work(const struct media *m)
{
    const struct convert *v = &m->convert;
    return v->player_waits || v->state == CONVERT_RUNNING || (v->state == CONVERT_IDLE && v->count > 0);
}

void media_stop(struct media *m)
{
    m->convert.stopped = true;
    m->convert.count = 0;
    if (m->convert.state == CONVERT_RUNNING) {
        give_up(m, "the server stops");
    }
}

void media_cache_done(struct media *m, int status)
{
    struct convert *v = &m->convert;

    if (v->state != CONVERT_STORING) {
        return;
    }
    v->state = CONVERT_IDLE;
    if (status != ST_OK) {
        log_write(m->config.log, LOG_DEBUG, "upload %s: no converted form is kept: %s", v->name, status_name(status));
        return;
    }
    m->stats.conversions++;
    for (struct list_node *node = m->converting.next; node != &m->converting; node = node->next) {
        player_cached(&LIST_OWNER(node, struct media_session, converting_node)->player, v->name);
    }
}
