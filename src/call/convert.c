/* SPDX-License-Identifier: MIT */
#include "convert.h"

#include "bridge_priv.h"

struct handle {
    const struct file_io *files;
    int handle;
};

static int read_handle(void *ctx, uint64_t offset, void *data, size_t len)
{
    const struct handle *h = ctx;

    return h->files->play_read(h->files->ctx, h->handle, offset, data, len);
}

int player_file_look(const struct file_io *files, int handle, uint64_t size, struct wav_parser *wav)
{
    struct handle h = {files, handle};

    return wav_look(read_handle, &h, size, wav);
}

/* ---- names that wait ---- */

void convert_want(struct bridge *b, const char *name)
{
    struct convert *v = &b->convert;

    if (b->config.files.cached_open == NULL || v->count == CONVERT_WAITING_MAX || b->stopping) {
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

static void close_source(struct bridge *b)
{
    struct convert *v = &b->convert;
    const struct file_io *files = &b->config.files;

    wav_converter_free(v->converter);
    v->converter = NULL;
    files->play_close(files->ctx, v->source);
}

static void give_up(struct bridge *b, const char *why)
{
    struct convert *v = &b->convert;
    const struct file_io *files = &b->config.files;

    log_write(b->log, LOG_DEBUG, "upload %s: no converted form is kept: %s", v->name, why);
    files->cache_abort(files->ctx, v->file);
    close_source(b);
    v->state = CONVERT_IDLE;
}

static bool is_cached(struct bridge *b)
{
    const struct file_io *files = &b->config.files;
    int handle = FILE_HANDLE_NONE;
    uint64_t offset = 0;
    uint64_t len = 0;

    if (files->cached_open(files->ctx, b->convert.name, b->convert.source, &handle, &offset, &len) != ST_OK) {
        return false;
    }
    files->play_close(files->ctx, handle);
    return true;
}

/* The file is open: is there anything to do, and is there room? */
static int begin(struct bridge *b, uint64_t size)
{
    struct convert *v = &b->convert;
    const struct file_io *files = &b->config.files;
    struct wav_parser wav;
    enum audio_codec codec;
    int status = player_file_look(files, v->source, size, &wav);

    if (status != ST_OK || wav_playable(&wav.format, &codec, NULL, 0) != ST_OK || codec != AUDIO_CODEC_COUNT ||
        is_cached(b)) {
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

static void next_name(struct bridge *b)
{
    struct convert *v = &b->convert;
    const struct file_io *files = &b->config.files;
    uint64_t size = 0;

    memcpy(v->name, v->waiting[v->head], sizeof(v->name));
    v->head = (v->head + 1) % CONVERT_WAITING_MAX;
    v->count--;
    if (files->play_open(files->ctx, v->name, &v->source, &size) != ST_OK) {
        return;
    }
    int status = begin(b, size);
    if (status == ST_OK) {
        v->state = CONVERT_RUNNING;
        return;
    }
    close_source(b);
    if (status != ST_NOT_FOUND) {
        log_write(b->log, LOG_DEBUG, "upload %s: no converted form is kept: %s", v->name, status_name(status));
    }
}

static void store(struct bridge *b)
{
    struct convert *v = &b->convert;
    const struct file_io *files = &b->config.files;
    struct pool_id file = v->file;

    close_source(b);
    v->state = CONVERT_STORING;
    int status = files->cache_commit(files->ctx, file); /* bridge_cache_done may come from inside */
    if (status != ST_OK) {
        bridge_cache_done(b, b->now, status);
    }
}

#define PIECE 4096

/* False: no more in this turn. */
static bool convert_piece(struct bridge *b)
{
    struct convert *v = &b->convert;
    const struct file_io *files = &b->config.files;
    struct turn_budget *budget = &b->read_budget;
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
        made = wav_converter_flush(v->converter, out);
    } else {
        int n = files->play_read(files->ctx, v->source, v->offset, raw, (size_t)want);
        if (n <= 0) {
            give_up(b, "it cannot be read to its end");
            return false;
        }
        v->offset += (uint64_t)n;
        budget->bytes -= (uint64_t)n;
        uint64_t steps = wav_converter_steps(v->converter, (size_t)n);
        budget->steps -= steps < budget->steps ? steps : budget->steps;
        made = wav_converter_push(v->converter, raw, (size_t)n, out);
    }
    budget->bytes -= 2 * made;
    int status = made > 0 ? files->cache_write(files->ctx, v->file, out, 2 * made) : ST_OK;
    if (status != ST_OK) {
        give_up(b, status_name(status));
        return false;
    }
    if (last) {
        store(b);
    }
    return !last;
}

static void step(struct bridge *b)
{
    struct convert *v = &b->convert;

    if (v->state == CONVERT_RUNNING) {
        while (convert_piece(b)) {
        }
    } else if (v->state == CONVERT_IDLE && v->count > 0) {
        next_name(b); /* its tables are enough for one turn */
    }
}

/* ---- turns ---- */

static void feed(struct bridge *b, struct player *p)
{
    player_refill(p);
    if (p->converter != NULL && !p->asked) {
        p->asked = true;
        convert_want(b, p->name);
    }
    b->convert.hungry = b->convert.hungry || player_is_hungry(p);
}

static void feed_all(struct bridge *b)
{
    struct call *call;
    const uint32_t first = b->convert.first;

    b->convert.hungry = false;
    for (uint32_t s = first; (call = pool_next(&b->calls, &s, NULL)) != NULL; s++) {
        feed(b, &call->media.player);
    }
    for (uint32_t s = 0; (call = pool_next(&b->calls, &s, NULL)) != NULL && s < first; s++) {
        feed(b, &call->media.player);
    }
    if (b->convert.hungry) {
        b->convert.first = (first + 1) % b->calls.cap;
    }
}

void convert_init(struct bridge *b)
{
    b->read_budget = (struct turn_budget){TURN_FILE_BYTES, TURN_CONVERT_STEPS};
}

void convert_turn(struct bridge *b)
{
    feed_all(b);
    step(b);
    uint64_t steps = TURN_CONVERT_STEPS - b->read_budget.steps;
    if (steps > 0) {
        b->stats.convert_turns++;
        b->stats.convert_steps_max = steps > b->stats.convert_steps_max ? steps : b->stats.convert_steps_max;
    }
    convert_init(b);
}

bool convert_has_work(const struct bridge *b)
{
    const struct convert *v = &b->convert;

    return v->hungry || v->state == CONVERT_RUNNING || (v->state == CONVERT_IDLE && v->count > 0);
}

void convert_stop(struct bridge *b)
{
    b->convert.count = 0;
    if (b->convert.state == CONVERT_RUNNING) {
        give_up(b, "the server stops");
    }
}

void bridge_cache_done(struct bridge *b, mono_us now, int status)
{
    struct convert *v = &b->convert;
    struct call *call;

    b->now = now;
    if (v->state != CONVERT_STORING) {
        return;
    }
    v->state = CONVERT_IDLE;
    if (status != ST_OK) {
        log_write(b->log, LOG_DEBUG, "upload %s: no converted form is kept: %s", v->name, status_name(status));
        return;
    }
    b->stats.conversions++;
    for (uint32_t s = 0; (call = pool_next(&b->calls, &s, NULL)) != NULL; s++) {
        player_cached(&call->media.player, v->name);
    }
}
