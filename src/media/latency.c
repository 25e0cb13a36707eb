/* SPDX-License-Identifier: MIT */
#include "latency.h"

#define NO_CELL    UINT64_MAX
#define SAMPLE_US  (1000000 / AUDIO_HZ)
#define CELL_US    ((dur_us)LATENCY_CELL * SAMPLE_US)
#define WORD(cell) ((cell) % LATENCY_CELLS / 64)
#define BIT(cell)  ((uint64_t)1 << (cell) % 64)

/* ---- cells ---- */

static void forget_cell(struct latency *t, uint64_t cell)
{
    t->quiet[WORD(cell)] &= ~BIT(cell);
    t->gone[WORD(cell)] &= ~BIT(cell);
}

static bool is_gone(const struct latency *t, uint64_t cell)
{
    return t->gone_count > 0 && cell < t->gone_end && (t->gone[WORD(cell)] & BIT(cell)) != 0;
}

/* The oldest whole quiet cell of which nothing has been taken. */
static uint64_t oldest_quiet(const struct latency *t, const struct live *live)
{
    uint64_t end = live->put / LATENCY_CELL;

    for (uint64_t cell = (live->taken + LATENCY_CELL - 1) / LATENCY_CELL; cell < end; cell = (cell | 63) + 1) {
        uint64_t word = t->quiet[WORD(cell)] >> cell % 64;
        if (word != 0) {
            for (; (word & 1) == 0; word >>= 1) {
                cell++;
            }
            return cell < end ? cell : NO_CELL;
        }
    }
    return NO_CELL;
}

static uint32_t loudness_of(enum audio_codec codec, const uint8_t *samples, size_t count)
{
    uint8_t bytes[2 * LATENCY_CELL];
    int16_t linear[LATENCY_CELL];
    uint32_t sum = 0;

    audio_convert(codec, samples, AUDIO_L16, bytes, count);
    audio_l16_unpack(bytes, count, linear);
    for (size_t i = 0; i < count; i++) {
        int32_t value = linear[i];
        sum += (uint32_t)(value < 0 ? -value : value);
    }
    return sum;
}

/* The last `count` samples of the queue, all of one cell, have come. */
static void note(struct latency *t, const struct live *live, enum audio_codec codec, const uint8_t *samples,
                 size_t count)
{
    uint64_t from = live->put - count;
    uint64_t cell = from / LATENCY_CELL;

    if (from % LATENCY_CELL == 0) {
        forget_cell(t, cell);
        t->loudness = 0;
    }
    t->loudness += loudness_of(codec, samples, count);
    if (live->put % LATENCY_CELL == 0 && t->loudness <= LATENCY_QUIET) {
        t->quiet[WORD(cell)] |= BIT(cell);
    }
}

/* ---- leaving out ---- */

static void pass_over(struct latency *t, struct live *live)
{
    while (live->taken % LATENCY_CELL == 0 && is_gone(t, live->taken / LATENCY_CELL)) {
        forget_cell(t, live->taken / LATENCY_CELL);
        live_skip(live, LATENCY_CELL);
        t->gone_count--;
    }
}

/* How many of the next `count` samples lie before the next cell that is left out. */
static size_t run(const struct latency *t, const struct live *live, size_t count)
{
    size_t n = LATENCY_CELL - (size_t)(live->taken % LATENCY_CELL);

    while (n < count && !is_gone(t, (live->taken + n) / LATENCY_CELL)) {
        n += LATENCY_CELL;
    }
    return n < count ? n : count;
}

static void leave_out(struct latency *t, uint64_t cell)
{
    forget_cell(t, cell);
    t->gone[WORD(cell)] |= BIT(cell);
    t->gone_end = t->gone_count == 0 || cell >= t->gone_end ? cell + 1 : t->gone_end;
    t->gone_count++;
}

/* Samples of a packet that come on top of 20 ms. */
static uint32_t beyond_a_cell(const struct latency *t)
{
    return t->packet > LATENCY_CELL ? t->packet - LATENCY_CELL : 0;
}

static uint64_t bound(const struct latency *t)
{
    return (uint64_t)t->limit + beyond_a_cell(t);
}

/* More than that, and pauses go. */
static uint64_t calm(const struct latency *t)
{
    return bound(t) - t->limit / 16;
}

static void shorten(struct latency *t, struct live *live)
{
    uint64_t waiting;

    while ((waiting = latency_waiting(t, live)) > 0) {
        bool far = live->put / LATENCY_CELL - live->taken / LATENCY_CELL >= LATENCY_CELLS - 1;
        if (waiting <= calm(t) && !far) {
            return;
        }
        uint64_t cell = far ? NO_CELL : oldest_quiet(t, live); /* no more cells can be told apart: the oldest */
        if (cell == NO_CELL && waiting <= bound(t) && !far) {
            return; /* a pause may come before it must be speech */
        }
        if (cell != NO_CELL) {
            leave_out(t, cell);
        } else {
            live_skip(live, run(t, live, waiting < LATENCY_CELL ? (size_t)waiting : LATENCY_CELL));
        }
        pass_over(t, live);
    }
}

/* ---- the cushion ---- */

/* Beside it a piece as large as the first must have room: one that comes when it should pushes nothing out. */
static dur_us cushion_time(const struct latency *t)
{
    uint64_t usual = t->limit * 7 / 16 + beyond_a_cell(t);
    uint64_t room = calm(t);
    uint64_t beside = room > t->first ? room - t->first : 0;

    return (dur_us)(beside < usual ? beside : usual) * SAMPLE_US;
}

/* Begins with the tick before its time is over, so that no more than it and one piece wait. */
static bool is_filling(const struct latency *t, uint64_t waiting, mono_us now, bool alone)
{
    dur_us cushion = cushion_time(t);
    bool early = now - t->filling_since <= cushion - CELL_US;
    bool full = waiting + LATENCY_CELL > bound(t);

    return (early && !full) || (waiting < t->packet && !alone);
}

static bool head_is_quiet(const struct latency *t, const struct live *live)
{
    uint64_t cell = live->taken / LATENCY_CELL;

    return (cell + 1) * LATENCY_CELL <= live->put && (t->quiet[WORD(cell)] & BIT(cell)) != 0;
}

bool latency_holds(struct latency *t, const struct live *live, mono_us now, bool alone)
{
    uint64_t waiting = latency_waiting(t, live);

    if (t->limit == 0) {
        return false;
    }
    if (t->cushion == CUSHION_FILLING && is_filling(t, waiting, now, alone)) {
        return true;
    }
    t->cushion = waiting < LATENCY_CELL ? CUSHION_DRY : CUSHION_THERE;
    return waiting >= LATENCY_CELL && waiting < t->packet + t->limit / 8 && !alone && head_is_quiet(t, live);
}

/* ---- in and out ---- */

size_t latency_put(struct latency *t, struct live *live, mono_us now, enum audio_codec codec, const uint8_t *samples,
                   size_t count)
{
    size_t each = audio_codec_width(codec);
    size_t done = 0;
    bool room = true;

    while (done < count && room) {
        size_t n = LATENCY_CELL - (size_t)(live->put % LATENCY_CELL);
        n = n < count - done ? n : count - done;
        size_t put = live_put(live, codec, samples + done * each, n);
        if (put > 0) {
            note(t, live, codec, samples + done * each, put);
            shorten(t, live);
        }
        done += put;
        room = put == n;
    }
    if (done > 0 && t->cushion == CUSHION_DRY) {
        t->cushion = CUSHION_FILLING;
        t->filling_since = now;
        t->first = 0;
    }
    if (t->cushion == CUSHION_FILLING && now == t->filling_since) { /* a piece may come in several */
        t->first += done;
    }
    return done;
}

void latency_take(struct latency *t, struct live *live, enum audio_codec to, uint8_t *out, size_t count)
{
    while (count > 0) {
        size_t n = run(t, live, count);
        live_take(live, to, out, n);
        pass_over(t, live);
        out += n;
        count -= n;
    }
}

/* Nothing is known of what waits: it counts as loud, and cells left out under an earlier limit go with all before them. */
static void begin(struct latency *t, struct live *live)
{
    if (t->gone_count > 0) {
        live_skip(live, t->gone_end * LATENCY_CELL - live->taken);
        t->gone_count = 0;
    }
    memset(t->quiet, 0, sizeof(t->quiet));
    memset(t->gone, 0, sizeof(t->gone));
    t->loudness = LATENCY_QUIET + 1;
    uint64_t waiting = live_count(live);
    if (waiting > bound(t)) {
        live_skip(live, waiting - bound(t));
    }
    t->cushion = live_count(live) < LATENCY_CELL ? CUSHION_DRY : CUSHION_THERE;
}

void latency_set(struct latency *t, struct live *live, uint32_t limit)
{
    bool on = t->limit != 0;

    t->limit = limit;
    if (limit != 0 && on) {
        shorten(t, live);
    } else if (limit != 0) {
        begin(t, live);
    }
}

void latency_drop(struct latency *t, struct live *live)
{
    live_drop(live);
    t->gone_count = 0;
    t->cushion = CUSHION_DRY;
}
