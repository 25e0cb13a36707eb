/* SPDX-License-Identifier: MIT */
#include "lanes.h"

void lanes_init(struct lanes *l, struct block_store *store, const struct lanes_hooks *hooks)
{
    *l = (struct lanes){.hooks = *hooks, .live = {.store = store}, .latency = {.packet = LANES_FRAME}};
}

void lanes_fini(struct lanes *l)
{
    latency_drop(&l->latency, &l->live);
    marks_fini(&l->marks);
    *l = (struct lanes){0};
}

static void tell_marks(struct lanes *l, enum lane lane, uint64_t reached)
{
    char name[MARK_NAME_MAX + 1];

    while (marks_pop(&l->marks, lane, reached, name)) {
        l->hooks.mark(l->hooks.ctx, name);
    }
}

static void tell_flow(struct lanes *l)
{
    uint64_t waiting = lanes_waiting(l);

    if (!l->stopped && waiting > LANES_XOFF) {
        l->stopped = true;
        l->hooks.flow(l->hooks.ctx, true);
    } else if (l->stopped && waiting < LANES_XON) {
        l->stopped = false;
        l->hooks.flow(l->hooks.ctx, false);
    }
}

/* ---- from the client ---- */

static size_t room_for(const struct lanes *l, size_t count)
{
    uint64_t waiting = lanes_waiting(l);

    if (l->latency.limit != 0 || waiting + count <= LANES_LIVE_MAX) {
        return count;
    }
    return waiting < LANES_LIVE_MAX ? (size_t)(LANES_LIVE_MAX - waiting) : 0;
}

int lanes_queue(struct lanes *l, mono_us now, enum audio_codec codec, const uint8_t *samples, size_t count)
{
    size_t wanted = room_for(l, count);
    size_t done = l->latency.limit != 0 ? latency_put(&l->latency, &l->live, now, codec, samples, wanted)
                                        : live_put(&l->live, codec, samples, wanted);

    if (done > 0) {
        l->last = LANE_LIVE;
        l->fed_at = now;
        l->undrained = true;
        tell_marks(l, LANE_LIVE, l->live.taken);
        tell_flow(l);
    }
    if (done < wanted) {
        return ST_FULL;
    }
    return wanted < count ? ST_TOO_LARGE : ST_OK;
}

static bool waits(const struct lanes *l, enum lane lane, size_t owed)
{
    return lane == LANE_FILES ? l->files_queued > l->files_ended : lanes_waiting(l) + owed > 0;
}

int lanes_mark(struct lanes *l, struct span name, size_t owed)
{
    char text[MARK_NAME_MAX + 1];
    enum lane lane = l->last;

    if (!waits(l, lane, owed)) {
        lane = lane == LANE_FILES ? LANE_LIVE : LANE_FILES;
    }
    if (waits(l, lane, owed)) {
        return marks_add(&l->marks, lane, lane == LANE_FILES ? l->files_queued : l->live.put + owed, name);
    }
    if (span_copy(name, text, sizeof(text)) != ST_OK) {
        return ST_BAD;
    }
    l->hooks.mark(l->hooks.ctx, text);
    return ST_OK;
}

void lanes_owe_nothing(struct lanes *l)
{
    marks_cut(&l->marks, LANE_LIVE, l->live.put);
    tell_marks(l, LANE_LIVE, l->live.taken);
}

void lanes_clear(struct lanes *l)
{
    latency_drop(&l->latency, &l->live);
    l->undrained = false;
    tell_marks(l, LANE_LIVE, UINT64_MAX);
    tell_flow(l);
}

void lanes_set_latency(struct lanes *l, uint32_t samples)
{
    latency_set(&l->latency, &l->live, samples);
    tell_marks(l, LANE_LIVE, l->live.taken);
    tell_flow(l);
}

void lanes_pause(struct lanes *l, bool paused)
{
    l->paused = paused;
}

/* ---- the file lane ---- */

void lanes_file_queued(struct lanes *l)
{
    l->files_queued++;
    l->last = LANE_FILES;
}

void lanes_file_ended(struct lanes *l)
{
    l->files_ended++;
}

void lanes_files_stopped(struct lanes *l)
{
    l->files_ended = l->files_queued;
    tell_marks(l, LANE_FILES, l->files_ended);
}

/* ---- from the tick ---- */

static bool nothing_comes(const struct lanes *l, mono_us now)
{
    return now - l->fed_at >= LANES_PAD_US;
}

bool lanes_left_alone(const struct lanes *l, mono_us now)
{
    return lanes_waiting(l) < LANES_FRAME && nothing_comes(l, now);
}

/* Samples that go into the next frame; 0: none is due. */
static size_t due(struct lanes *l, mono_us now)
{
    uint64_t waiting = lanes_waiting(l);

    if (l->paused || latency_holds(&l->latency, &l->live, now, nothing_comes(l, now))) {
        return 0;
    }
    if (waiting >= LANES_FRAME) {
        return LANES_FRAME;
    }
    return lanes_left_alone(l, now) ? (size_t)waiting : 0;
}

size_t lanes_frame(struct lanes *l, mono_us now, enum audio_codec to, uint8_t *out)
{
    size_t count = due(l, now);

    if (count > 0) {
        latency_take(&l->latency, &l->live, to, out, count);
        memset(out + count, audio_silence(to), LANES_FRAME - count);
    }
    return count;
}

void lanes_sent(struct lanes *l)
{
    tell_marks(l, LANE_FILES, l->files_ended);
    tell_marks(l, LANE_LIVE, l->live.taken);
    tell_flow(l);
    if (l->undrained && lanes_waiting(l) == 0) {
        l->undrained = false;
        if (l->hooks.drained != NULL) {
            l->hooks.drained(l->hooks.ctx);
        }
    }
}
