/* SPDX-License-Identifier: MIT */
/* Random clients against the playout queue with a simple model beside them: two calls share a store, and after each step the audio taken,
 * the marks told and their order, flow and refusals are what the model says. With a latency set the model goes sample by
 * sample: what is left out, and when the cushion is there.
 *
 *   unit_media_test_tx_queue_model [--seeds A-B]      a normal run plays the first 500 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "rng_seeded.h"
#include "tx_queue.h"

#define CALLS     2
#define RING      (3300U * 160U) /* samples: whole cells, more than TX_QUEUE_LIVE_MAX */
#define CELL      160
#define EVENTS    2048
#define NAME_CAP  24
#define MODEL_CAP 600

static uint64_t first_seed, last_seed = 499, seed;
static uint64_t dice;

static uint32_t draw(uint32_t bound)
{
    uint32_t value;

    rng_seeded_fill(&dice, &value, sizeof(value));
    return value % bound;
}

/* Told by the queue, or expected by the model: "mark 17", "stop", "go". */
struct story {
    size_t count;
    char events[EVENTS][NAME_CAP];
};

static void tell(struct story *s, const char *what)
{
    size_t len = strlen(what);
    assert_true(s->count < EVENTS && len < NAME_CAP);
    memmove(s->events[s->count++], what, len + 1); /* as far as a compiler sees, they may overlap */
}

struct model_mark {
    int lane;
    uint64_t at; /* live: samples queued before it; files: files queued before it */
    char name[NAME_CAP];
};

struct model {
    uint64_t put, taken; /* live samples */
    uint64_t files, ended;
    int last; /* 0 files, 1 live */
    struct model_mark marks[MODEL_CAP];
    size_t mark_count;
    size_t owed; /* samples of which the marks know already */
    bool stopped;
    mono_us fed_at;
    struct story expected;
    uint8_t *ring; /* what each sample is in mu-law */
    /* LATENCY */
    uint64_t limit, packet;
    uint64_t known_from; /* samples before it are none of a quiet cell */
    uint64_t gone_count; /* samples left out that are not passed yet */
    uint64_t gone_end;
    uint8_t *gone;      /* of each sample */
    uint8_t *quiet;     /* of each cell, at its first sample */
    int16_t *linear;    /* what each sample is */
    int cushion;        /* 0 dry, 1 filling, 2 there */
    mono_us filling_at; /* since when */
    uint64_t first;     /* samples that came at that moment */
};

struct side {
    struct tx_queue lanes;
    struct model m;
    struct story told;
};

static struct block_store store;
static struct side sides[CALLS];
static mono_us now;
static unsigned serial;

static void on_mark(void *ctx, const char *name)
{
    tell(&((struct side *)ctx)->told, name);
}

static void on_flow(void *ctx, bool stop)
{
    tell(&((struct side *)ctx)->told, stop ? "stop" : "go");
}

/* ---- the model ---- */

static uint64_t waiting(const struct model *m)
{
    return m->put - m->taken - m->gone_count;
}

static void model_marks(struct model *m, int lane, uint64_t reached)
{
    for (size_t i = 0; i < m->mark_count;) {
        if (m->marks[i].lane == lane && m->marks[i].at <= reached) {
            tell(&m->expected, m->marks[i].name);
            memmove(&m->marks[i], &m->marks[i + 1], (m->mark_count - i - 1) * sizeof(m->marks[0]));
            m->mark_count--;
        } else {
            i++;
        }
    }
}

static void model_flow(struct model *m)
{
    if (!m->stopped && waiting(m) > 80000) {
        m->stopped = true;
        tell(&m->expected, "stop");
    } else if (m->stopped && waiting(m) < 16000) {
        m->stopped = false;
        tell(&m->expected, "go");
    }
}

static int model_mark(struct model *m, const char *name)
{
    bool files = m->files > m->ended;
    bool live = waiting(m) + m->owed > 0;
    int lane = m->last;

    if (!files && !live) {
        tell(&m->expected, name);
        return ST_OK;
    }
    if ((lane == 0 && !files) || (lane == 1 && !live)) {
        lane = 1 - lane;
    }
    if (m->mark_count == MEDIA_MARKS_MAX) {
        return ST_FULL;
    }
    struct model_mark *mark = &m->marks[m->mark_count++];
    mark->lane = lane;
    mark->at = lane == 0 ? m->files : m->put + m->owed;
    snprintf(mark->name, sizeof(mark->name), "%s", name);
    return ST_OK;
}

/* ---- LATENCY ---- */

static uint64_t most(const struct model *m)
{
    return m->limit + m->packet - CELL;
}

/* The oldest goes, and what was left out behind it. */
static void model_pass(struct model *m, bool one)
{
    m->taken += one;
    while (m->taken < m->put && m->gone[m->taken % RING] != 0) {
        m->gone[m->taken++ % RING] = 0;
        m->gone_count--;
    }
}

static uint64_t model_quiet_cell(const struct model *m)
{
    uint64_t from = m->taken > m->known_from ? m->taken : m->known_from;

    for (uint64_t at = (from + CELL - 1) / CELL * CELL; at + CELL <= m->put; at += CELL) {
        if (m->quiet[at % RING] != 0 && m->gone[at % RING] == 0) {
            return at;
        }
    }
    return UINT64_MAX;
}

static void model_shorten(struct model *m)
{
    while (waiting(m) > 0) {
        bool far = m->put / CELL - m->taken / CELL >= LATENCY_CELLS - 1;
        uint64_t at = far ? UINT64_MAX : model_quiet_cell(m);
        bool near = waiting(m) > most(m) - m->limit / 16 && at != UINT64_MAX;
        if (!near && waiting(m) <= most(m) && !far) {
            return;
        }
        if (at != UINT64_MAX) {
            memset(m->gone + at % RING, 1, CELL);
            m->gone_count += CELL;
            m->gone_end = at + CELL > m->gone_end ? at + CELL : m->gone_end;
            model_pass(m, false);
            continue;
        }
        for (uint64_t n = 0, before = m->gone_count; n < CELL && waiting(m) > 0 && m->gone_count == before; n++) {
            model_pass(m, true);
        }
    }
}

static void model_sample(struct model *m, uint8_t ulaw, int16_t linear)
{
    m->ring[m->put % RING] = ulaw;
    m->linear[m->put % RING] = linear;
    m->gone[m->put % RING] = 0;
    m->put++;
    if (m->limit == 0 || m->put % CELL != 0) {
        return;
    }
    uint64_t at = m->put - CELL;
    long sum = 0;
    for (uint64_t i = at; i < m->put; i++) {
        sum += labs(m->linear[i % RING]);
    }
    m->quiet[at % RING] = sum <= 128L * CELL;
    model_shorten(m);
}

static bool model_holds(struct model *m)
{
    bool alone = now - m->fed_at >= DUR_MS(40);

    if (m->limit == 0) {
        return false;
    }
    if (m->cushion == 1) {
        uint64_t calm = most(m) - m->limit / 16;
        uint64_t room = calm > m->first ? calm - m->first : 0;
        uint64_t usual = m->limit * 7 / 16 + m->packet - CELL;
        dur_us half = (dur_us)(room < usual ? room : usual) * 125;
        bool full = waiting(m) + CELL > most(m);
        bool time = now > m->filling_at + half - DUR_MS(20);
        if (!(time || full) || (waiting(m) < m->packet && !alone)) {
            return true;
        }
    }
    m->cushion = waiting(m) >= CELL ? 2 : 0;
    uint64_t cell = m->taken / CELL * CELL;
    bool quiet = cell >= m->known_from && cell + CELL <= m->put && m->quiet[cell % RING] != 0;
    return m->cushion == 2 && !alone && quiet && waiting(m) < m->packet + m->limit / 8;
}

/* How many live samples the next frame has, as it is told in the protocol's document. */
static size_t model_frame(struct model *m)
{
    size_t n = waiting(m) < 160 ? (size_t)waiting(m) : 160;

    if (model_holds(m)) {
        return 0;
    }
    return n == 160 || now - m->fed_at >= DUR_MS(40) ? n : 0;
}

/* What a resampler holds back comes, or is lost. */
static void model_owed(struct side *s, bool lost)
{
    struct model *m = &s->m;

    m->owed = 0;
    if (lost) {
        tx_queue_owe_nothing(&s->lanes);
        for (size_t i = 0; i < m->mark_count; i++) {
            bool behind = m->marks[i].lane == 1 && m->marks[i].at > m->put;
            m->marks[i].at = behind ? m->put : m->marks[i].at;
        }
        model_marks(m, 1, m->taken);
    }
}

/* ---- steps ---- */

/* Mostly speech in small pieces, sometimes a whole answer, sometimes just up to a bound. */
static size_t draw_count(const struct model *m)
{
    static const uint32_t bounds[] = {80000, 80001, 80160, 479999, 480000, 480001};
    uint64_t bound = bounds[draw(6)];

    switch (draw(20)) {
    case 0: return draw(130000);
    case 1:
    case 2: return waiting(m) < bound ? (size_t)(bound - waiting(m)) : 0;
    case 3:
    case 4: return draw(20000);
    default: return draw(700);
    }
}

static void step_queue(struct side *s)
{
    static uint8_t sound[480001];
    struct model *m = &s->m;
    bool alaw = draw(4) == 0;
    size_t count = draw_count(m);

    uint8_t from = (uint8_t)draw(256);
    uint32_t pauses = draw(3);                     /* none, some, a pause */
    count = m->limit != 0 ? count % 20000 : count; /* the model goes sample by sample */
    if (m->limit != 0 && draw(60) == 0) {
        pauses = 2; /* a long one behind speech: more than can be told apart is left out */
        count = 82000 + draw(20000);
    }
    for (size_t i = 0; i < count; i++) {
        bool pause = pauses == 2 || (pauses == 1 && i / 500 % 2 == 1);
        sound[i] = pause ? (alaw ? 0x55 : 0xFE) : (uint8_t)(from + i * 7 + i / 256);
    }
    uint64_t before = tx_queue_waiting(&s->lanes);
    uint64_t put = s->lanes.live.put;
    int status = tx_queue_put(&s->lanes, now, alaw ? AUDIO_ALAW : AUDIO_ULAW, sound, count);
    size_t done = (size_t)(s->lanes.live.put - put);
    assert_true(done <= count);
    assert_int_equal(status == ST_OK, done == count);
    assert_true(status != ST_TOO_LARGE || (before + done == TX_QUEUE_LIVE_MAX && m->limit == 0));
    /* with a limit some was given back behind the refusal */
    assert_true(status != ST_FULL || store.used == store.count || s->lanes.live.blocks == LIVE_BLOCKS_MAX ||
                m->limit != 0);
    assert_true(status == ST_OK || status == ST_TOO_LARGE || status == ST_FULL);
    for (size_t i = 0; i < done; i++) {
        int16_t linear = m->limit == 0 ? 0 : alaw ? alaw_to_linear(sound[i]) : ulaw_to_linear(sound[i]);
        model_sample(m, alaw ? linear_to_ulaw(alaw_to_linear(sound[i])) : sound[i], linear);
    }
    if (done > 0 && m->limit != 0) {
        model_shorten(m);
        assert_true(waiting(m) <= most(m));
        m->filling_at = m->cushion == 0 ? now : m->filling_at;
        m->first = m->cushion == 0 ? 0 : m->first;
        m->cushion = m->cushion == 0 ? 1 : m->cushion;
        m->first += m->cushion == 1 && now == m->filling_at ? done : 0;
        model_marks(m, 1, m->taken);
    }
    if (done > 0) {
        m->last = 1;
        m->fed_at = now;
        model_flow(m);
    }
    model_owed(s, done < m->owed);
}

static void step_mark(struct side *s)
{
    char name[NAME_CAP];

    if (s->m.owed == 0 && draw(8) == 0) {
        s->m.owed = 1 + draw(32);
        tx_queue_touch(&s->lanes, now);
        s->m.fed_at = now;
        s->m.last = 1;
    }
    snprintf(name, sizeof(name), "mark %u", serial++);
    int status = model_mark(&s->m, name);
    assert_int_equal(tx_queue_mark(&s->lanes, span_cstr(name), s->m.owed), status);
}

static void step_clear(struct side *s)
{
    struct model *m = &s->m;

    tx_queue_clear(&s->lanes);
    while (m->taken < m->put) {
        model_pass(m, true);
    }
    m->cushion = 0;
    m->owed = 0;
    model_marks(m, 1, UINT64_MAX);
    model_flow(m);
}

static void step_latency(struct side *s)
{
    static const uint32_t limits[] = {0, 0, 320, 328, 800, 1600, 2664, 8000, 16000};
    struct model *m = &s->m;
    bool on = m->limit != 0;

    if (draw(3) == 0) {
        m->packet = (1 + draw(3)) * CELL;
        tx_queue_set_packet(&s->lanes, (uint32_t)m->packet);
        return;
    }
    m->limit = limits[draw(9)];
    if (m->limit != 0 && !on) {
        while (m->gone_count > 0 && m->taken < m->gone_end) {
            model_pass(m, true);
        }
        while (waiting(m) > most(m)) {
            model_pass(m, true);
        }
        m->known_from = m->put;
        m->cushion = waiting(m) < CELL ? 0 : 2;
    } else if (m->limit != 0) {
        model_shorten(m);
    }
    model_marks(m, 1, m->taken);
    model_flow(m);
    tx_queue_set_latency(&s->lanes, (uint32_t)m->limit);
}

static void step_files(struct side *s)
{
    struct model *m = &s->m;
    uint32_t which = draw(3);

    if (which == 0) {
        tx_queue_file_queued(&s->lanes);
        m->files++;
        m->last = 0;
    } else if (which == 1 && m->files > m->ended) {
        tx_queue_file_ended(&s->lanes);
        m->ended++;
    } else if (which == 2 && draw(4) == 0) {
        tx_queue_files_stopped(&s->lanes);
        m->ended = m->files;
        model_marks(m, 0, m->files);
    }
}

static void step_tick(struct side *s)
{
    struct model *m = &s->m;
    uint8_t out[AUDIO_FRAME];
    uint32_t frames = draw(10) == 0 ? 1 + draw(3) : 1; /* packets of 40 and 60 ms */

    for (uint32_t f = 0; f < frames; f++) {
        size_t expected = model_frame(m);
        memset(out, 0x11, sizeof(out));
        assert_int_equal(tx_queue_frame(&s->lanes, now, AUDIO_ULAW, out), expected);
        for (size_t i = 0; i < AUDIO_FRAME; i++) {
            uint8_t byte = expected == 0 ? 0x11 : i < expected ? m->ring[m->taken % RING] : 0xFF;
            assert_int_equal(out[i], byte);
            if (i < expected) {
                model_pass(m, true);
            }
        }
    }
    tx_queue_sent(&s->lanes);
    model_marks(m, 0, m->ended);
    model_marks(m, 1, m->taken);
    model_flow(m);
}

static void compare(struct side *s)
{
    struct story *expected = &s->m.expected;

    assert_int_equal(s->told.count, expected->count);
    for (size_t i = 0; i < expected->count; i++) {
        assert_string_equal(s->told.events[i], expected->events[i]);
    }
    assert_int_equal(tx_queue_waiting(&s->lanes), waiting(&s->m));
    s->told.count = 0;
    expected->count = 0;
}

static void step(struct side *s)
{
    uint32_t what = draw(100);

    if (what < 30 && s->m.stopped && seed % 2 == 1) {
        what = 62; /* a client that stops when it is asked to: drains meet the lower bound */
    }
    if (what < 30) {
        step_queue(s);
    } else if (what < 45) {
        step_mark(s);
    } else if (what < 48) {
        step_clear(s);
    } else if (what < 55) {
        step_files(s);
    } else if (what < 56) {
        step_latency(s);
    } else if (what < 62) {
        now += (dur_us)draw(300000);
    } else if (what < 64) {
        for (uint32_t n = draw(600); n > 0; n--) { /* time goes by */
            now += DUR_MS(20);
            step_tick(s);
            compare(s);
        }
    } else if (what < 67) {
        mono_us bound = s->m.fed_at + DUR_MS(40) - (mono_us)draw(2);
        now = bound > now ? bound : now;
        step_tick(s);
    } else {
        now += DUR_MS(20) - (dur_us)draw(3);
        step_tick(s);
    }
    compare(s);
}

static void begin(struct side *s)
{
    const struct tx_queue_hooks hooks = {s, on_mark, on_flow};
    struct model fresh = {
        .ring = s->m.ring, .gone = s->m.gone, .quiet = s->m.quiet, .linear = s->m.linear, .packet = CELL};

    s->m = fresh;
    s->told.count = 0;
    tx_queue_init(&s->lanes, &store, &hooks);
}

static void play(void)
{
    static const uint64_t sizes[] = {4096, 65536, 1048576};

    dice = seed * 0x9E3779B97F4A7C15U + 1;
    now = DUR_S(1) + (mono_us)draw(1000000000);
    assert_int_equal(block_store_init(&store, sizes[draw(3)]), ST_OK);
    for (int c = 0; c < CALLS; c++) {
        begin(&sides[c]);
    }
    for (int c = 0; c < CALLS && seed % 3 != 0; c++) {
        step_latency(&sides[c]);
    }
    for (uint32_t n = 50 + draw(200); n > 0; n--) {
        struct side *s = &sides[draw(CALLS)];
        step(s);
        if (draw(150) == 0) { /* the call ends: nobody is told, and the next one begins with nothing */
            tx_queue_fini(&s->lanes);
            assert_int_equal(s->told.count, 0);
            begin(s);
        }
    }
    for (int c = 0; c < CALLS; c++) {
        tx_queue_fini(&sides[c].lanes);
    }
    assert_int_equal(store.used, 0);
    block_store_fini(&store);
}

static void random_clients(void **state)
{
    (void)state;
    for (seed = first_seed; seed <= last_seed; seed++) {
        play();
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(random_clients)};
    unsigned long long a, b;

    if (argc == 3 && strcmp(argv[1], "--seeds") == 0 && sscanf(argv[2], "%llu-%llu", &a, &b) == 2 && a <= b) {
        first_seed = a;
        last_seed = b;
    } else if (argc != 1) {
        fprintf(stderr, "%s [--seeds A-B]\n", argv[0]);
        return 2;
    }
    for (int c = 0; c < CALLS; c++) {
        struct model *m = &sides[c].m;
        m->ring = malloc(RING);
        m->gone = malloc(RING);
        m->quiet = malloc(RING);
        m->linear = malloc(RING * sizeof(*m->linear));
        if (m->ring == NULL || m->gone == NULL || m->quiet == NULL || m->linear == NULL) {
            return 1;
        }
    }
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    if (failed != 0) {
        fprintf(stderr, "replay: %s --seeds %llu-%llu\n", argv[0], (unsigned long long)seed, (unsigned long long)seed);
    }
    for (int c = 0; c < CALLS; c++) {
        free(sides[c].m.ring);
        free(sides[c].m.gone);
        free(sides[c].m.quiet);
        free(sides[c].m.linear);
    }
    return failed;
}
