/* SPDX-License-Identifier: MIT */
/* Windowed-sinc polyphase filter. A row of coefficients for each place that an output sample can have between two input samples;
 * where rates have too little in common for that, rows at equal steps and a straight line between two of them.
 *
 * A coefficient is two 16-bit numbers, 128 * coarse + fine, in Q21: sums of 16 by 16 bits in 32 bits are what every vector
 * unit is good at, and no sum can overflow (the audit of the table in the unit test). */
#include <stdlib.h>

#include "resample_table.h"
#include "wsaudio/audio.h"

#define FINE_BITS  7
#define COEF_BITS  21
#define PIECE      256 /* input samples taken over at a time */
#define LERP_BITS  15
#define TABLE_ROWS 256 /* at 8 kHz, where they must be densest */

struct resampler {
    uint32_t in_hz, out_hz;
    uint32_t up, down;  /* the rates without their common divisor; equal rates: 1 and 1 */
    uint32_t half;      /* input samples on either side of an output sample */
    uint32_t rows;      /* `up`, or the number of steps between two input samples */
    bool live, between; /* between: rows are steps */
    uint32_t phase;     /* of the next output sample: phase / up of an input sample behind at */
    size_t at, held;    /* in samples: where its row begins, and how many are there */
    uint64_t taken, given;
    int16_t *samples; /* 2 * half + PIECE; in the same block as this */
    int16_t *coarse;  /* rows (one more with `between`) of 2 * half coarse, then 2 * half fine ones */
};

static uint32_t common_divisor(uint32_t a, uint32_t b)
{
    while (b != 0) {
        uint32_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

/* Everything but pointers and state. */
static bool plan(struct resampler *r, uint32_t in_hz, uint32_t out_hz)
{
    if (in_hz < RESAMPLE_HZ_MIN || in_hz > RESAMPLE_HZ_MAX || out_hz < RESAMPLE_HZ_MIN || out_hz > RESAMPLE_HZ_MAX) {
        return false;
    }
    uint32_t divisor = common_divisor(in_hz, out_hz);
    *r = (struct resampler){.in_hz = in_hz, .out_hz = out_hz, .up = out_hz / divisor, .down = in_hz / divisor};
    if (in_hz == out_hz) {
        return true;
    }
    r->half = (in_hz * RESAMPLE_TABLE_HALF + 7999) / 8000;
    r->half = (r->half + 3) / 4 * 4; /* whole vectors */
    r->rows = r->up;
    if ((uint64_t)r->rows * 2 * r->half > RESAMPLE_TABLE_MAX) {
        r->between = true;
        r->rows = in_hz < 16000 ? TABLE_ROWS : in_hz < 32000 ? TABLE_ROWS / 2 : TABLE_ROWS / 4;
    }
    return true;
}

static size_t row_len(const struct resampler *r)
{
    return 4 * (size_t)r->half;
}

static size_t samples_len(const struct resampler *r)
{
    return 2 * (size_t)r->half + PIECE;
}

static size_t block_bytes(const struct resampler *r)
{
    if (r->half == 0) {
        return sizeof(*r);
    }
    size_t table = ((size_t)r->rows + (r->between ? 1 : 0)) * row_len(r);
    return sizeof(*r) + (samples_len(r) + table) * sizeof(int16_t);
}

size_t resample_bytes(uint32_t in_hz, uint32_t out_hz)
{
    struct resampler r;

    return plan(&r, in_hz, out_hz) ? block_bytes(&r) : 0;
}

/* ---- tables ---- */

/* The filter at `place` points (Q32) from its middle, in Q30: a cubic through four points. */
static int64_t filter_at(uint64_t place)
{
    uint64_t index = place >> 32;

    if (index >= RESAMPLE_TABLE_LEN) {
        return 0;
    }
    int64_t x = (int64_t)(place >> 16 & 0xFFFF);
    int64_t before = resample_table[index == 0 ? 1 : index - 1];
    int64_t here = resample_table[index];
    int64_t next = resample_table[index + 1];
    int64_t after = index + 2 <= RESAMPLE_TABLE_LEN ? resample_table[index + 2] : 0;
    /* Lagrange: all divisions are by constants and truncate alike everywhere */
    int64_t c1 = next - before / 3 - here / 2 - after / 6;
    int64_t c2 = (before + next) / 2 - here;
    int64_t c3 = (after - before) / 6 + (here - next) / 2;
    int64_t y = c3 * x / 65536 + c2;
    y = y * x / 65536 + c1;
    return y * x / 65536 + here;
}

static int32_t to_coefficient(int64_t filter, uint32_t in_hz)
{
    int64_t scaled = filter * 8000 / (int64_t)in_hz;
    int64_t half = (int64_t)1 << (30 - COEF_BITS - 1);

    return (int32_t)((scaled + (scaled < 0 ? -half : half)) / (2 * half));
}

static void put_coefficient(int16_t *row, uint32_t half, uint32_t tap, int32_t value)
{
    int32_t coarse = (value + (1 << (FINE_BITS - 1))) / (1 << FINE_BITS);

    row[tap] = (int16_t)coarse;
    row[2 * half + tap] = (int16_t)(value - coarse * (1 << FINE_BITS));
}

static int32_t get_coefficient(const int16_t *row, uint32_t half, uint32_t tap)
{
    return row[tap] * (1 << FINE_BITS) + row[2 * half + tap];
}

/* The row for outputs that stand index / rows of an input sample behind the tap half - 1. */
static void build_row(const struct resampler *r, uint32_t index)
{
    int16_t *row = r->coarse + index * row_len(r);
    const uint64_t step = ((uint64_t)RESAMPLE_TABLE_POINTS * 8000 << 32) / r->in_hz; /* of one input sample */
    const uint64_t behind = step * index / r->rows;
    int32_t sum = 0;

    for (uint32_t i = 0; i < r->half; i++) {
        int32_t left = to_coefficient(filter_at(step * i + behind), r->in_hz);
        int32_t right = to_coefficient(filter_at(step * (i + 1) - behind), r->in_hz);
        put_coefficient(row, r->half, r->half - 1 - i, left);
        put_coefficient(row, r->half, r->half + i, right);
        sum += left + right;
    }
    /* a constant comes out as it went in, from every row */
    uint32_t middle = 2 * index <= r->rows ? r->half - 1 : r->half;
    int32_t value = get_coefficient(row, r->half, middle) + (1 << COEF_BITS) - sum;
    put_coefficient(row, r->half, middle, value);
}

/* ---- life ---- */

void resample_restart(struct resampler *r)
{
    r->taken = 0;
    r->given = 0;
    r->phase = 0;
    r->at = 0;
    r->held = 0;
    if (r->half != 0) {
        r->held = r->live ? 2 * (size_t)r->half - 1 : r->half - 1; /* silence before the first sample */
        memset(r->samples, 0, r->held * sizeof(*r->samples));
    }
}

int resample_new(uint32_t in_hz, uint32_t out_hz, enum resample_use use, struct resampler **out)
{
    struct resampler wanted;

    *out = NULL;
    if (!plan(&wanted, in_hz, out_hz)) {
        return ST_UNSUPPORTED;
    }
    struct resampler *r = malloc(block_bytes(&wanted));
    if (r == NULL) {
        return ST_NO_MEMORY;
    }
    *r = wanted;
    r->live = use == RESAMPLE_LIVE;
    if (r->half != 0) {
        r->samples = (int16_t *)(void *)(r + 1);
        r->coarse = r->samples + samples_len(r);
        for (uint32_t i = 0; i < r->rows + (r->between ? 1 : 0); i++) {
            build_row(r, i);
        }
    }
    resample_restart(r);
    *out = r;
    return ST_OK;
}

void resample_free(struct resampler *r)
{
    free(r);
}

uint32_t resample_cost(const struct resampler *r)
{
    return (r->between ? 4 : 2) * r->half;
}

/* ---- work ---- */

static int64_t weigh(const int16_t *row, const int16_t *samples, uint32_t taps)
{
    const int16_t *fine_row = row + taps;
    int32_t coarse = 0;
    int32_t fine = 0;

    for (uint32_t i = 0; i < taps; i++) {
        coarse += (int32_t)row[i] * samples[i];
        fine += (int32_t)fine_row[i] * samples[i];
    }
    return (int64_t)coarse * (1 << FINE_BITS) + fine;
}

static int16_t round_down(int64_t sum, unsigned bits)
{
    int64_t half = (int64_t)1 << (bits - 1);
    int64_t value = (sum + (sum < 0 ? -half : half)) / (2 * half);

    return (int16_t)(value > INT16_MAX ? INT16_MAX : value < INT16_MIN ? INT16_MIN : value);
}

static int16_t next_sample(const struct resampler *r)
{
    const int16_t *samples = r->samples + r->at;
    const uint32_t taps = 2 * r->half;

    if (!r->between) {
        return round_down(weigh(r->coarse + r->phase * row_len(r), samples, taps), COEF_BITS);
    }
    uint64_t place = (uint64_t)r->phase * r->rows;
    const int16_t *row = r->coarse + place / r->up * row_len(r);
    int64_t part = (int64_t)((place % r->up << LERP_BITS) / r->up);
    int64_t low = weigh(row, samples, taps);
    int64_t high = weigh(row + row_len(r), samples, taps);
    return round_down(low * (1 << LERP_BITS) + (high - low) * part, COEF_BITS + LERP_BITS);
}

static void advance(struct resampler *r)
{
    r->phase += r->down;
    r->at += r->phase / r->up;
    r->phase %= r->up;
    r->given++;
}

/* Outputs whose inputs are all there, `most` at most. */
static size_t work(struct resampler *r, int16_t *out, uint64_t most)
{
    size_t count = 0;

    while (count < most && r->at + 2 * (size_t)r->half <= r->held) {
        out[count++] = next_sample(r);
        advance(r);
    }
    return count;
}

/* Makes room for a piece. `at` may lie behind what is held when the rate goes down. */
static void drop_used(struct resampler *r)
{
    size_t used = r->at < r->held ? r->at : r->held;

    memmove(r->samples, r->samples + used, (r->held - used) * sizeof(*r->samples));
    r->held -= used;
    r->at -= used;
}

size_t resample_push_max(const struct resampler *r, size_t count)
{
    return (size_t)((uint64_t)count * r->up / r->down) + 1;
}

size_t resample_flush_max(const struct resampler *r)
{
    return resample_push_max(r, r->half);
}

size_t resample_push(struct resampler *r, const int16_t *in, size_t count, int16_t *out)
{
    size_t made = 0;

    r->taken += count;
    if (r->half == 0) {
        if (count != 0) {
            memcpy(out, in, count * sizeof(*in));
        }
        return count;
    }
    while (count > 0) {
        size_t piece = count < PIECE ? count : PIECE;
        drop_used(r);
        memcpy(r->samples + r->held, in, piece * sizeof(*in));
        r->held += piece;
        in += piece;
        count -= piece;
        made += work(r, out + made, UINT64_MAX);
    }
    return made;
}

size_t resample_owed(const struct resampler *r)
{
    if (r->half == 0 || r->live) {
        return 0;
    }
    uint64_t all = (r->taken / r->down) * r->up + (r->taken % r->down * r->up + r->down - 1) / r->down;
    return (size_t)(all - r->given);
}

size_t resample_flush(struct resampler *r, int16_t *out)
{
    size_t left = resample_owed(r);
    size_t made = 0;

    for (uint32_t zeros = r->half; zeros > 0 && made < left;) {
        size_t piece = zeros < PIECE ? zeros : PIECE;
        drop_used(r);
        memset(r->samples + r->held, 0, piece * sizeof(*r->samples));
        r->held += piece;
        zeros -= (uint32_t)piece;
        made += work(r, out + made, left - made);
    }
    return made;
}
