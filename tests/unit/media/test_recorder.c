/* SPDX-License-Identifier: MIT */
/* A recording made from two simulated directions; the truth of where each packet belongs is known to the test alone.
 *
 *  The far end numbers its packets: every sample of packet k has the value k % 251 (never silence, 0xFF), so that the borders
 *  between packets show in the file where each one was put. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "recorder.h"
#include "rng_seeded.h"
#include "support_files.h"

#define FRAME     160
#define SILENCE   0xFF
#define NUMBERS   251u
#define SYNC      320 /* SPEC section 5: 40 ms */
#define START     DUR_S(5000)
#define PACKET_US 20000

/* How the far end sends and what the network does to it. */
struct far {
    int ppm;           /* its clock is so much faster */
    dur_us jitter;     /* each packet is up to so much late */
    unsigned loss;     /* percent */
    dur_us held_until; /* what was sent before that moment comes in one lump then */
    uint32_t timestamp;
    uint32_t restart_at; /* packet number from which on there is a new SSRC and timestamp; 0 never */
    uint32_t begin;      /* first packet number that is sent at all */
};

struct packet {
    mono_us arrives;
    uint32_t number;
    uint32_t timestamp;
    bool restart;
};

struct bench {
    struct memory_files files;
    struct media_files io;
    struct recorder recorder;
    mono_us now;
    uint64_t seed;
    struct rng rng;
    uint64_t writes;
    bool one_channel;
};

/* After every write the file is one that can be opened, and its header claims no more than what is there. */
static void check_file(struct memory_files *m, uint64_t offset, size_t len)
{
    const struct bench *t = m->owner;
    struct wav_parser p;

    (void)len;
    wav_parser_init(&p);
    enum wav_state state = wav_parser_push(&p, m->recording, m->recording_len < 128 ? m->recording_len : 128);
    assert_int_equal(state, WAV_READY);
    assert_int_equal(p.format.tag, 7);
    assert_int_equal(p.format.rate_hz, 8000);
    assert_int_equal(p.format.channels, t->one_channel ? 1 : 2);
    assert_int_equal(p.data_offset, WAV_ULAW_HEADER_LEN);
    const uint8_t *h = m->recording;
    uint64_t riff = (uint64_t)h[4] | (uint64_t)h[5] << 8 | (uint64_t)h[6] << 16 | (uint64_t)h[7] << 24;
    uint64_t data = (uint64_t)h[54] | (uint64_t)h[55] << 8 | (uint64_t)h[56] << 16 | (uint64_t)h[57] << 24;
    assert_true(data + WAV_ULAW_HEADER_LEN <= m->recording_len);
    assert_int_equal(riff + 8, data + WAV_ULAW_HEADER_LEN); /* whole and even: no padding byte is promised */
    if (offset == 0) {
        assert_int_equal(data + WAV_ULAW_HEADER_LEN, m->recording_len);
    }
    ((struct bench *)m->owner)->writes++;
}

static void setup(struct bench *t, bool stereo)
{
    memset(t, 0, sizeof(*t));
    files_init(&t->files);
    files_io(&t->files, &t->io);
    t->files.owner = t;
    t->files.written = check_file;
    t->one_channel = !stereo;
    t->now = START;
    t->seed = 11;
    t->rng = (struct rng){rng_seeded_fill, &t->seed};
    assert_int_equal(recorder_start(&t->recorder, &t->io, t->now, stereo, "0938", "abcdefgh"), ST_OK);
}

static void teardown(struct bench *t)
{
    recorder_stop(&t->recorder, t->now);
    recorder_stop(&t->recorder, t->now); /* twice is fine */
    recorder_fini(&t->recorder);
    assert_int_equal(t->files.records_begun, t->files.records_ended);
    files_fini(&t->files);
}

/* When packet k leaves, by our clock. */
static mono_us leaves(const struct far *far, uint32_t number)
{
    int64_t us = (int64_t)number * PACKET_US;
    return START + us - us * far->ppm / 1000000;
}

static int by_arrival(const void *a, const void *b)
{
    const struct packet *x = a;
    const struct packet *y = b;
    return x->arrives != y->arrives ? (x->arrives < y->arrives ? -1 : 1) : (x->number < y->number ? -1 : 1);
}

static size_t plan(struct bench *t, const struct far *far, struct packet *packets, uint32_t count)
{
    size_t n = 0;
    uint32_t timestamp = far->timestamp;
    bool restart = true;

    for (uint32_t k = far->begin; k < count; k++, timestamp += FRAME) {
        if (far->restart_at != 0 && k == far->restart_at) {
            timestamp = 0x12345678;
            restart = true;
        }
        bool lost = rng_below(&t->rng, 100) < far->loss;
        mono_us late = far->jitter > 0 ? rng_below(&t->rng, (uint32_t)far->jitter) : 0;
        mono_us at = leaves(far, k) + late;
        if (far->held_until > 0 && at < START + far->held_until) {
            at = START + far->held_until;
        }
        if (!lost || restart) {
            packets[n++] = (struct packet){at, k, timestamp, restart};
            restart = false;
        }
    }
    qsort(packets, n, sizeof(*packets), by_arrival);
    if (n > 0) {
        packets[0].restart = true; /* the receiver calls the first one that comes a new timeline */
    }
    return n;
}

/* At most a second is lost when the power is cut now. */
static void check_loss(const struct bench *t)
{
    int64_t want = (t->now - START - DUR_S(1)) * 8 / 1000;
    size_t channels = t->one_channel ? 1 : 2;
    int64_t have = (int64_t)((t->files.recording_len - WAV_ULAW_HEADER_LEN) / channels);

    assert_true(have >= want);
}

static void run(struct bench *t, const struct far *far, uint32_t ticks)
{
    struct packet *packets = malloc((ticks + 1) * sizeof(*packets));
    assert_non_null(packets);
    size_t count = plan(t, far, packets, ticks);
    size_t at = 0;
    uint32_t sent_timestamp = 0xFFFFF000u; /* wraps early */
    uint8_t frame[FRAME];

    for (uint32_t tick = 0; tick < ticks; tick++) {
        mono_us grid = START + (mono_us)tick * PACKET_US;
        for (; at < count && packets[at].arrives <= grid; at++) {
            t->now = packets[at].arrives;
            memset(frame, (int)(packets[at].number % NUMBERS), FRAME);
            recorder_received(&t->recorder, t->now, packets[at].timestamp, packets[at].restart, frame, FRAME);
        }
        t->now = grid;
        memset(frame, (int)(tick % NUMBERS), FRAME);
        recorder_sent(&t->recorder, t->now, sent_timestamp, frame, FRAME);
        sent_timestamp += FRAME;
        recorder_tick(&t->recorder, t->now);
        check_loss(t);
    }
    t->now = START + (mono_us)ticks * PACKET_US;
    recorder_stop(&t->recorder, t->now);
    free(packets);
}

static uint8_t sample(const struct bench *t, size_t channel, size_t at)
{
    return t->files.recording[WAV_ULAW_HEADER_LEN + at * (t->one_channel ? 1 : 2) + channel];
}

static size_t frames(const struct bench *t)
{
    return (t->files.recording_len - WAV_ULAW_HEADER_LEN) / (t->one_channel ? 1 : 2);
}

struct truth {
    int64_t worst;  /* furthest that a packet stands from its place, samples */
    size_t borders; /* of packets that were looked at */
    size_t silent;  /* samples */
};

/* Looks at each place where packet k begins right behind packet k - 1, from sample `from` on. The true place of k is when it
 * left: the network's least delay is 0. */
static struct truth judge(const struct bench *t, size_t channel, const struct far *far, size_t from)
{
    struct truth truth = {0, 0, 0};

    for (size_t s = from; s < frames(t); s++) {
        uint8_t here = sample(t, channel, s);
        truth.silent += here == SILENCE ? 1 : 0;
        uint8_t before = s > 0 ? sample(t, channel, s - 1) : SILENCE;
        if (here == SILENCE || here == before || before == SILENCE || here != (before + 1u) % NUMBERS) {
            continue;
        }
        /* the number nearest to what should stand here */
        int64_t expected = ((int64_t)s * 125 + (int64_t)s * 125 * far->ppm / 1000000) / PACKET_US;
        int64_t number = expected - expected % NUMBERS + here;
        number += number > expected + (int64_t)NUMBERS / 2 ? -(int64_t)NUMBERS : 0;
        number += number < expected - (int64_t)NUMBERS / 2 ? (int64_t)NUMBERS : 0;
        if (number < 0) {
            continue;
        }
        int64_t place = (leaves(far, (uint32_t)number) - START) * 8 / 1000;
        int64_t off = (int64_t)s > place ? (int64_t)s - place : place - (int64_t)s;
        truth.worst = off > truth.worst ? off : truth.worst;
        truth.borders++;
    }
    return truth;
}

static const struct far perfect = {.timestamp = 1000};

static void check_sent(const struct bench *t, uint32_t ticks)
{
    struct truth sent = judge(t, 1, &perfect, 0);

    assert_int_equal(sent.worst, 0);
    assert_int_equal(sent.borders, ticks - 1);
    /* the far end's last packet may lie ahead of the clock */
    assert_int_equal(sent.silent, frames(t) - (size_t)ticks * FRAME);
    assert_true(frames(t) - (size_t)ticks * FRAME <= SYNC + FRAME);
}

static void test_both_directions(void **state)
{
    struct bench t;

    (void)state;
    setup(&t, true);
    assert_string_equal(t.recorder.path, "rec/0938-abcdefgh.wav");
    run(&t, &perfect, 500);
    assert_int_equal(frames(&t), 500 * FRAME);
    check_sent(&t, 500);
    struct truth heard = judge(&t, 0, &perfect, 0);
    assert_int_equal(heard.worst, 0);
    assert_int_equal(heard.borders, 499);
    assert_int_equal(heard.silent, 0);
    assert_true(t.writes >= 2 * 2 * 9); /* twice a second, sound and header */
    teardown(&t);
}

static void test_jitter(void **state)
{
    (void)state;
    for (dur_us jitter = DUR_MS(10); jitter <= DUR_MS(160); jitter *= 2) {
        struct bench t;
        struct far far = {.timestamp = 5, .jitter = jitter};
        setup(&t, true);
        run(&t, &far, 1000);
        check_sent(&t, 1000);
        struct truth heard = judge(&t, 0, &far, 8000);
        assert_true(heard.worst <= SYNC);
        assert_true(heard.borders > 900);
        assert_true(heard.silent <= 2000); /* the lull when the track is moved, and the last late ones */
        teardown(&t);
    }
}

static void test_loss_is_silence(void **state)
{
    struct bench t;
    struct far far = {.timestamp = 5, .jitter = DUR_MS(15), .loss = 10};

    (void)state;
    setup(&t, true);
    run(&t, &far, 2000);
    struct truth heard = judge(&t, 0, &far, 0);
    assert_true(heard.worst <= SYNC);
    assert_in_range(heard.silent, 2000 * FRAME * 7 / 100, 2000 * FRAME * 13 / 100);
    teardown(&t);
}

static void test_drift_over_ten_minutes(void **state)
{
    (void)state;
    for (int ppm = -200; ppm <= 200; ppm += 400) {
        struct bench t;
        struct far far = {.timestamp = 0xFFFF0000u, .ppm = ppm, .jitter = DUR_MS(5)};
        setup(&t, true);
        run(&t, &far, 30000);
        check_sent(&t, 30000);
        struct truth heard = judge(&t, 0, &far, 0);
        /* a second passes until it is seen, and clock and jitter round: 2 ms */
        assert_true(heard.worst <= SYNC + 16);
        assert_true(heard.borders > 29900);
        teardown(&t);
    }
}

static void test_late_first_packets(void **state)
{
    (void)state;
    for (dur_us hold = DUR_MS(50); hold <= DUR_MS(800); hold *= 2) {
        struct bench t;
        struct far far = {.timestamp = 77, .held_until = hold, .begin = 1};
        setup(&t, true);
        run(&t, &far, 500);
        struct truth heard = judge(&t, 0, &far, (size_t)(hold * 8 / 1000) + SYNC);
        assert_true(heard.worst <= SYNC);
        assert_true(heard.borders > 400);
        assert_true(heard.silent == 0 || hold < DUR_MS(40));
        teardown(&t);
    }
}

static void test_begins_in_the_middle(void **state)
{
    struct bench t;
    struct far far = {.timestamp = 0xFFFFFFF0u, .begin = 100};

    (void)state;
    setup(&t, true);
    run(&t, &far, 300);
    for (size_t s = 0; s < 100 * FRAME; s++) {
        assert_int_equal(sample(&t, 0, s), SILENCE); /* gaps as silence */
    }
    struct truth heard = judge(&t, 0, &far, 0);
    assert_int_equal(heard.worst, 0);
    assert_int_equal(heard.borders, 199);
    teardown(&t);
}

static void test_timestamps_wrap_in_every_place(void **state)
{
    (void)state;
    for (uint32_t before = 0; before < 5 * FRAME; before += 40) {
        struct bench t;
        struct far far = {.timestamp = 0u - before};
        setup(&t, true);
        run(&t, &far, 60);
        struct truth heard = judge(&t, 0, &far, 0);
        assert_int_equal(heard.worst, 0);
        assert_int_equal(heard.borders, 59);
        teardown(&t);
    }
}

static void test_new_ssrc(void **state)
{
    struct bench t;
    struct far far = {.timestamp = 5, .restart_at = 200};

    (void)state;
    setup(&t, true);
    run(&t, &far, 400);
    struct truth heard = judge(&t, 0, &far, 0);
    assert_int_equal(heard.worst, 0);
    assert_int_equal(heard.borders, 399);
    assert_int_equal(heard.silent, 0);
    teardown(&t);
}

/* A timeline that leaps without a new SSRC is placed anew, not lost; late duplicates of written sound change nothing. */
static void test_leaps(void **state)
{
    struct bench t;
    uint8_t frame[FRAME];

    (void)state;
    setup(&t, true);
    memset(frame, 1, FRAME);
    for (int i = 0; i < 200; i++) {
        recorder_received(&t.recorder, t.now, (i < 100 ? 0 : 3000000000u) + (uint32_t)i * FRAME, i == 0, frame, FRAME);
        recorder_tick(&t.recorder, t.now);
        t.now += PACKET_US;
    }
    recorder_received(&t.recorder, t.now, 3000000000u + 10 * FRAME, false, frame, FRAME); /* very old */
    recorder_stop(&t.recorder, t.now);
    struct truth heard = judge(&t, 0, &perfect, 0);
    assert_int_equal(heard.silent, 0);
    assert_int_equal(frames(&t), 201 * FRAME); /* placed anew where it came, and whole */
    teardown(&t);
}

/* What came and what was sent just before the end is there to its last sample. */
static void test_last_packets_are_whole(void **state)
{
    (void)state;
    for (dur_us after = 0; after <= DUR_MS(20); after += DUR_MS(1)) {
        struct bench t;
        uint8_t frame[FRAME];
        setup(&t, true);
        for (int i = 0; i < 100; i++) {
            memset(frame, 1 + i % 2, FRAME);
            recorder_received(&t.recorder, t.now, 9 + (uint32_t)i * FRAME, i == 0, frame, FRAME);
            recorder_sent(&t.recorder, t.now + DUR_MS(10), 7 + (uint32_t)i * FRAME, frame, FRAME);
            recorder_tick(&t.recorder, t.now);
            t.now += i < 99 ? PACKET_US : 0;
        }
        t.now += after;
        recorder_stop(&t.recorder, t.now);
        assert_int_equal(frames(&t), 100 * FRAME + 80); /* the sent one lies 10 ms further */
        for (size_t s = 0; s < FRAME; s++) {
            assert_int_equal(sample(&t, 0, 99 * FRAME + s), 2);
            assert_int_equal(sample(&t, 1, 99 * FRAME + 80 + s), 2);
        }
        assert_int_equal(sample(&t, 0, 100 * FRAME), SILENCE);
        teardown(&t);
    }
}

static void test_received_only(void **state)
{
    struct bench t;

    (void)state;
    setup(&t, false);
    run(&t, &perfect, 200);
    assert_int_equal(frames(&t), 200 * FRAME);
    struct truth heard = judge(&t, 0, &perfect, 0);
    assert_int_equal(heard.worst, 0);
    assert_int_equal(heard.borders, 199);
    teardown(&t);
}

/* Ends at any moment: also an odd number of samples makes a file without a padding byte. */
static void test_odd_ends(void **state)
{
    (void)state;
    for (dur_us extra = 0; extra < 1000; extra += 125) {
        struct bench t;
        setup(&t, false);
        t.now += DUR_MS(1500) + extra;
        recorder_tick(&t.recorder, t.now);
        t.now += DUR_MS(333) + extra;
        recorder_stop(&t.recorder, t.now);
        int64_t clock = (t.now - START) * 8 / 1000;
        assert_in_range(frames(&t), clock, clock + 1);
        teardown(&t);
    }
}

/* Nothing was ticked for long (a stall): the window wraps, no sound is made up. */
static void test_long_stall(void **state)
{
    struct bench t;
    uint8_t frame[FRAME];

    (void)state;
    setup(&t, true);
    memset(frame, 3, FRAME);
    recorder_received(&t.recorder, t.now, 0, true, frame, FRAME);
    t.now += DUR_S(20);
    recorder_received(&t.recorder, t.now, 20 * 8000, false, frame, FRAME); /* beyond the window: dropped */
    recorder_tick(&t.recorder, t.now);
    recorder_received(&t.recorder, t.now, 20 * 8000, false, frame, FRAME); /* written out meanwhile: taken */
    t.now += DUR_MS(20);
    recorder_stop(&t.recorder, t.now);
    assert_int_equal(frames(&t), 20 * 8000 + FRAME);
    size_t loud = 0;
    for (size_t s = 0; s < frames(&t); s++) {
        loud += sample(&t, 0, s) != SILENCE ? 1 : 0;
    }
    assert_int_equal(loud, 2 * FRAME);
    assert_int_equal(sample(&t, 0, 20 * 8000), 3);
    teardown(&t);
}

/* One that reaches out of the window is there as far as the window goes; one whose beginning is written already is there
 * from then on. */
static void test_parts_of_packets(void **state)
{
    static uint8_t longer[RECORDER_WINDOW + 1000];
    uint8_t late[FRAME];
    struct bench t;

    (void)state;
    setup(&t, true);
    for (size_t i = 0; i < sizeof(longer); i++) {
        longer[i] = (uint8_t)(i % NUMBERS);
    }
    for (size_t i = 0; i < FRAME; i++) {
        late[i] = (uint8_t)(FRAME - i);
    }
    recorder_received(&t.recorder, t.now, 0, true, longer, sizeof(longer));
    t.now = START + DUR_S(1);
    recorder_tick(&t.recorder, t.now);
    size_t settled = 5600; /* 1 s - 300 ms */
    assert_int_equal(t.files.recording_len, WAV_ULAW_HEADER_LEN + 2 * settled);
    recorder_received(&t.recorder, t.now, (uint32_t)settled - 100, false, late, sizeof(late));
    recorder_received(&t.recorder, t.now, (uint32_t)settled - FRAME, false, late,
                      sizeof(late)); /* nothing is left of it */
    recorder_stop(&t.recorder, t.now);
    assert_int_equal(t.files.recording_len, WAV_ULAW_HEADER_LEN + 2 * RECORDER_WINDOW);
    const uint8_t *frames = t.files.recording + WAV_ULAW_HEADER_LEN;
    for (size_t i = 0; i < RECORDER_WINDOW; i++) {
        bool is_late = i >= settled && i < settled - 100 + FRAME;
        assert_int_equal(frames[2 * i], is_late ? late[i - (settled - 100)] : i % NUMBERS);
        assert_int_equal(frames[2 * i + 1], SILENCE);
    }
    teardown(&t);
}

/* Behind the window's end it goes on at its beginning, for a packet across that too. */
static void test_the_window_is_a_ring(void **state)
{
    uint8_t payload[FRAME];
    struct bench t;

    (void)state;
    setup(&t, true);
    for (uint32_t k = 0; k < 250; k++) { /* 40,000 samples, and 16,384 is no multiple of a packet */
        t.now = START + (mono_us)k * PACKET_US;
        for (size_t i = 0; i < FRAME; i++) {
            payload[i] = (uint8_t)((k * FRAME + i) % NUMBERS);
        }
        recorder_sent(&t.recorder, t.now, k * FRAME, payload, FRAME);
        recorder_tick(&t.recorder, t.now);
    }
    recorder_stop(&t.recorder, t.now);
    const uint8_t *frames = t.files.recording + WAV_ULAW_HEADER_LEN;
    assert_int_equal(t.files.recording_len, WAV_ULAW_HEADER_LEN + 2 * 250 * FRAME);
    for (size_t i = 0; i < (size_t)250 * FRAME; i++) {
        assert_int_equal(frames[2 * i], SILENCE);
        assert_int_equal(frames[2 * i + 1], i % NUMBERS);
    }
    teardown(&t);
}

static void test_disk_full_in_the_middle(void **state)
{
    static const size_t disks[] = {WAV_ULAW_HEADER_LEN, 1000, 20000, 50001};

    (void)state;
    for (size_t i = 0; i < sizeof(disks) / sizeof(disks[0]); i++) {
        struct bench t;
        setup(&t, true);
        t.files.disk = disks[i];
        uint8_t frame[FRAME];
        memset(frame, 9, FRAME);
        for (int k = 0; k < 500; k++) {
            recorder_received(&t.recorder, t.now, (uint32_t)k * FRAME, k == 0, frame, FRAME);
            recorder_sent(&t.recorder, t.now, (uint32_t)k * FRAME, frame, FRAME);
            recorder_tick(&t.recorder, t.now);
            t.now += PACKET_US;
        }
        assert_false(t.recorder.on);
        assert_int_equal(t.files.records_ended, 1);                    /* closed at once, once */
        assert_string_equal(t.recorder.path, "rec/0938-abcdefgh.wav"); /* what there is keeps its name */
        assert_true(t.files.recording_len <= disks[i]);
        teardown(&t);
    }
}

static void test_cannot_begin(void **state)
{
    struct bench t;
    struct recorder r;

    (void)state;
    setup(&t, true);
    teardown(&t);
    files_init(&t.files);
    files_io(&t.files, &t.io);
    t.files.begin_status = ST_FULL;
    assert_int_equal(recorder_start(&r, &t.io, t.now, true, "1", "2"), ST_FULL);
    assert_false(r.on);
    assert_string_equal(r.path, "");
    recorder_sent(&r, t.now, 0, (const uint8_t *)"x", 1); /* all of them do nothing then */
    recorder_received(&r, t.now, 0, true, (const uint8_t *)"x", 1);
    recorder_tick(&r, t.now + DUR_S(5));
    recorder_stop(&r, t.now + DUR_S(5));
    recorder_fini(&r);
    t.files.begin_status = ST_OK;
    t.files.write_status = ST_IO; /* not even the header can be written */
    assert_int_equal(recorder_start(&r, &t.io, t.now, true, "1", "2"), ST_IO);
    assert_false(r.on);
    assert_string_equal(r.path, "");
    assert_int_equal(t.files.records_ended, 1);
    recorder_fini(&r);
    files_fini(&t.files);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_both_directions),
        cmocka_unit_test(test_jitter),
        cmocka_unit_test(test_loss_is_silence),
        cmocka_unit_test(test_drift_over_ten_minutes),
        cmocka_unit_test(test_late_first_packets),
        cmocka_unit_test(test_begins_in_the_middle),
        cmocka_unit_test(test_timestamps_wrap_in_every_place),
        cmocka_unit_test(test_new_ssrc),
        cmocka_unit_test(test_leaps),
        cmocka_unit_test(test_last_packets_are_whole),
        cmocka_unit_test(test_received_only),
        cmocka_unit_test(test_odd_ends),
        cmocka_unit_test(test_long_stall),
        cmocka_unit_test(test_parts_of_packets),
        cmocka_unit_test(test_the_window_is_a_ring),
        cmocka_unit_test(test_disk_full_in_the_middle),
        cmocka_unit_test(test_cannot_begin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
