/* SPDX-License-Identifier: MIT */
#include "tx_queue.h"

void tx_queue_init(struct tx_queue *l, struct block_store *store, const struct tx_queue_hooks *hooks)
{
    *l = (struct tx_queue){.hooks = *hooks, .live = {.store = store}, .latency = {.packet = AUDIO_FRAME}};
}

void tx_queue_fini(struct tx_queue *l)
{
    latency_drop(&l->latency, &l->live);
    marks_fini(&l->marks);
    *l = (struct tx_queue){0};
}

static void tell_those_reached(struct tx_queue *l, enum tx_part part, uint64_t reached)
{
    char name[MEDIA_MARK_NAME_MAX + 1];

    while (marks_pop(&l->marks, part, reached, name)) {
        l->hooks.mark(l->hooks.ctx, name);
    }
}

static void tell_marks(struct tx_queue *l, enum tx_part part, uint64_t reached)
{
    if (l->marks.count[part] > 0) {
        tell_those_reached(l, part, reached);
    }
}

static void tell_flow(struct tx_queue *l)
{
    uint64_t waiting = tx_queue_waiting(l);

    if (!l->stopped && waiting > TX_QUEUE_XOFF) {
        l->stopped = true;
        l->hooks.flow(l->hooks.ctx, true);
    } else if (l->stopped && waiting < TX_QUEUE_XON) {
        l->stopped = false;
        l->hooks.flow(l->hooks.ctx, false);
    }
}

/* ---- from the client ---- */

static size_t room_for(const struct tx_queue *l, size_t count)
{
    uint64_t waiting = tx_queue_waiting(l);

    if (l->latency.limit != 0 || waiting + count <= TX_QUEUE_LIVE_MAX) {
        return count;
    }
    return waiting < TX_QUEUE_LIVE_MAX ? (size_t)(TX_QUEUE_LIVE_MAX - waiting) : 0;
}

int tx_queue_put(struct tx_queue *l, mono_us now, enum audio_codec codec, const uint8_t *samples, size_t count)
{
    size_t wanted = room_for(l, count);
    size_t done = l->latency.limit != 0 ? latency_put(&l->latency, &l->live, now, codec, samples, wanted)
                                        : live_put(&l->live, codec, samples, wanted);

    if (done > 0) {
        l->last = TX_LIVE;
        l->fed_at = now;
        tell_marks(l, TX_LIVE, l->live.taken);
        tell_flow(l);
    }
    if (done < wanted) {
        return ST_FULL;
    }
    return wanted < count ? ST_TOO_LARGE : ST_OK;
}

static bool waits(const struct tx_queue *l, enum tx_part part, size_t owed)
{
    return part == TX_FILES ? l->files_queued > l->files_ended : tx_queue_waiting(l) + owed > 0;
}

int tx_queue_mark(struct tx_queue *l, struct span name, size_t owed)
{
    char text[MEDIA_MARK_NAME_MAX + 1];
    enum tx_part part = l->last;

    if (!waits(l, part, owed)) {
        part = part == TX_FILES ? TX_LIVE : TX_FILES;
    }
    if (waits(l, part, owed)) {
        return marks_add(&l->marks, part, part == TX_FILES ? l->files_queued : l->live.put + owed, name);
    }
    if (span_copy(name, text, sizeof(text)) != ST_OK) {
        return ST_BAD;
    }
    l->hooks.mark(l->hooks.ctx, text);
    return ST_OK;
}

void tx_queue_owe_nothing(struct tx_queue *l)
{
    marks_cut(&l->marks, TX_LIVE, l->live.put);
    tell_marks(l, TX_LIVE, l->live.taken);
}

void tx_queue_clear(struct tx_queue *l)
{
    latency_drop(&l->latency, &l->live);
    tell_marks(l, TX_LIVE, UINT64_MAX);
    tell_flow(l);
}

void tx_queue_set_latency(struct tx_queue *l, uint32_t samples)
{
    latency_set(&l->latency, &l->live, samples);
    tell_marks(l, TX_LIVE, l->live.taken);
    tell_flow(l);
}

/* ---- the file queue ---- */

void tx_queue_file_queued(struct tx_queue *l)
{
    l->files_queued++;
    l->last = TX_FILES;
}

void tx_queue_file_ended(struct tx_queue *l)
{
    l->files_ended++;
}

void tx_queue_files_stopped(struct tx_queue *l)
{
    l->files_ended = l->files_queued;
    tell_marks(l, TX_FILES, l->files_ended);
}

/* ---- from the tick ---- */

static bool nothing_comes(const struct tx_queue *l, mono_us now)
{
    return now - l->fed_at >= TX_QUEUE_PAD_US;
}

bool tx_queue_left_alone(const struct tx_queue *l, mono_us now)
{
    return tx_queue_waiting(l) < AUDIO_FRAME && nothing_comes(l, now);
}

/* Samples that go into the next frame; 0: none is due. */
static size_t due(struct tx_queue *l, mono_us now)
{
    uint64_t waiting = tx_queue_waiting(l);

    if (latency_holds(&l->latency, &l->live, now, nothing_comes(l, now))) {
        return 0;
    }
    if (waiting >= AUDIO_FRAME) {
        return AUDIO_FRAME;
    }
    return tx_queue_left_alone(l, now) ? (size_t)waiting : 0;
}

size_t tx_queue_frame(struct tx_queue *l, mono_us now, enum audio_codec to, uint8_t *out)
{
    size_t count = due(l, now);

    if (count > 0) {
        latency_take(&l->latency, &l->live, to, out, count);
        audio_put_silence(to, out + count, AUDIO_FRAME - count);
    }
    return count;
}

void tx_queue_sent(struct tx_queue *l)
{
    tell_marks(l, TX_FILES, l->files_ended);
    tell_marks(l, TX_LIVE, l->live.taken);
    tell_flow(l);
}
