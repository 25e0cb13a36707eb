/* SPDX-License-Identifier: MIT */
/* Files as they are played into a session, as the library plays them: bit for bit where they can be, converted where not, every kind of bad one refused. */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "line_audio.h"
#include "support_library.h"
#include "wavfield.h"
#include "wavtone.h"

static char folder[] = "/tmp/test-play-XXXXXX";
static char path[sizeof(folder) + 8];

static void put16(uint8_t *at, unsigned value)
{
    at[0] = (uint8_t)value;
    at[1] = (uint8_t)(value >> 8);
}

static void put32(uint8_t *at, unsigned value)
{
    put16(at, value & 0xffff);
    put16(at + 2, value >> 16);
}

/* A WAV with the header of 44 bytes; says data_len, has len. */
static void write_wav(unsigned tag, unsigned channels, unsigned rate, unsigned bits, const void *data, size_t len,
                      unsigned data_len)
{
    uint8_t header[44] = "RIFF....WAVEfmt ";
    FILE *file = fopen(path, "wb");

    put32(header + 4, 36 + data_len);
    put32(header + 16, 16);
    put16(header + 20, tag);
    put16(header + 22, channels);
    put32(header + 24, rate);
    put32(header + 28, rate * channels * bits / 8);
    put16(header + 32, channels * bits / 8);
    put16(header + 34, bits);
    memcpy(header + 36, "data", 4);
    put32(header + 40, data_len);
    assert_non_null(file);
    assert_int_equal(fwrite(header, 1, sizeof(header), file), sizeof(header));
    assert_int_equal(fwrite(data, 1, len, file), len);
    fclose(file);
}

/* ---- a session whose packets are kept ---- */

struct listener {
    uint8_t *out;
    size_t cap, at;
    bool ended;
};

static int read_file(void *ctx, int handle, uint64_t offset, void *data, size_t len)
{
    (void)ctx;
    return os_file_read_at(handle, offset, data, len);
}

static void close_file(void *ctx, int handle)
{
    (void)ctx;
    os_close(handle);
}

static int keep_packet(void *ctx, struct pool_id session, bool rtcp, const struct net_addr *to, const void *data,
                       size_t len)
{
    struct listener *l = ctx;

    (void)session;
    (void)to;
    if (!rtcp) {
        assert_int_equal(len, 12 + 160);
        assert_true(l->at + 160 <= l->cap);
        memcpy(l->out + l->at, (const uint8_t *)data + 12, 160);
        l->at += 160;
    }
    return ST_OK;
}

static int64_t no_wall(void *ctx)
{
    (void)ctx;
    return 0;
}

static void on_event(void *ctx, const struct media_event *event)
{
    struct listener *l = ctx;

    l->ended = l->ended || event->kind == MEDIA_EVENT_PLAY_ENDED;
}

/* All packets of the file; their samples, those of the padding too. 0: refused with that status. */
static size_t play_file(const char *name, enum audio_codec to, uint8_t *out, size_t cap, int *status)
{
    struct listener l = {.out = out, .cap = cap};
    const struct rng rng = {os_entropy_fill, NULL};
    const struct sdp_negotiated negotiated = {.codec = to,
                                              .payload_type = (uint8_t)audio_codec_row(to)->payload_type,
                                              .telephone_event_pt = -1,
                                              .telephone_event_ours = -1,
                                              .ptime_ms = 20,
                                              .rtp = addr_ipv4(127, 0, 0, 1, 9),
                                              .we_send = true};
    const struct media_config config = {.rng = &rng,
                                        .io = {.ctx = &l, .send = keep_packet, .wall = no_wall},
                                        .files = {.play_read = read_file, .play_close = close_file},
                                        .max_sessions = 1,
                                        .turn_steps = 100U * MEDIA_TURN_STEPS};
    const struct media_session_config session = {
        .label = "", .port = 9, .format = MEDIA_AUDIO_OFF, .event = on_event, .ctx = &l};
    struct media *media = NULL;
    struct media_session *s = NULL;
    char why[MEDIA_WHY_MAX] = "";
    struct stat info;
    int fd = open(name, O_RDONLY | O_CLOEXEC);

    assert_true(fd >= 0 && fstat(fd, &info) == 0);
    assert_int_equal(media_new(&config, &media), ST_OK);
    assert_int_equal(media_session_open(media, &session, &s), ST_OK);
    *status = media_session_play_file(s, fd, (uint64_t)info.st_size, why);
    media_session_assume(s, &negotiated);
    media_session_start(s, 0, &negotiated.rtp, true);
    while (*status == ST_OK && !l.ended) {
        media_turn(media);
        media_tick(media, media_tick_due(media));
    }
    media_session_close(s, media_tick_due(media));
    media_session_free(s);
    media_free(media);
    return l.at;
}

static size_t play_all(enum audio_codec to, uint8_t *out, size_t cap)
{
    int status = ST_BAD;
    size_t samples = play_file(path, to, out, cap, &status);

    assert_int_equal(status, ST_OK);
    return samples;
}

static void test_bit_for_bit(void **state)
{
    uint8_t data[500];
    uint8_t out[4000];

    (void)state;
    for (size_t i = 0; i < sizeof(data); i++) {
        data[i] = (uint8_t)(i * 7);
    }
    write_wav(7, 1, 8000, 8, data, sizeof(data), sizeof(data));
    assert_int_equal(play_all(AUDIO_ULAW, out, sizeof(out)), 640);
    assert_memory_equal(out, data, 500);
    for (size_t i = 500; i < 640; i++) {
        assert_int_equal(out[i], ULAW_SILENCE);
    }
    write_wav(6, 1, 8000, 8, data, sizeof(data), sizeof(data));
    assert_int_equal(play_all(AUDIO_ALAW, out, sizeof(out)), 640);
    assert_memory_equal(out, data, 500);
    write_wav(7, 1, 8000, 8, data, sizeof(data), 0xffffffffU); /* to the end */
    assert_int_equal(play_all(AUDIO_ULAW, out, sizeof(out)), 640);
}

/* One second of silence in every kind is 8000 samples of silence. */
static void test_converted(void **state)
{
    static const struct {
        unsigned tag, channels, rate, bits;
    } table[] = {{1, 1, 8000, 16},  {1, 2, 8000, 16},  {1, 1, 8000, 8},  {1, 2, 44100, 24},
                 {1, 1, 48000, 32}, {3, 2, 48000, 32}, {7, 2, 16000, 8}, {6, 1, 16000, 8}};
    static uint8_t data[48000 * 8];
    static uint8_t out[8000 + 320];

    (void)state;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        size_t len = (size_t)table[i].rate * table[i].channels * table[i].bits / 8;
        int zero = table[i].tag == 7 ? ULAW_SILENCE : table[i].tag == 6 ? ALAW_SILENCE : table[i].bits == 8 ? 0x80 : 0;
        memset(data, zero, sizeof(data));
        write_wav(table[i].tag, table[i].channels, table[i].rate, table[i].bits, data, len, (unsigned)len);
        assert_int_equal(play_all(AUDIO_ULAW, out, sizeof(out)), 8000);
        for (size_t s = 0; s < 8000; s++) {
            assert_true(abs(ulaw_to_linear(out[s])) <= 16);
        }
    }
}

/* By the name that a program gives. */
static void refuse(const char *name, int wanted)
{
    const struct net_addr local = addr_ipv4(127, 0, 0, 1, 0);
    struct engine *e = NULL;
    struct port *port = NULL;
    struct line_audio audio;
    char why[MEDIA_WHY_MAX] = "";

    assert_int_equal(engine_new(&e), ST_OK);
    assert_int_equal(port_open(e, &local, 0, &port), ST_OK);
    assert_int_equal(line_audio_open(&audio, e, port, &local, &local), ST_OK);
    assert_int_equal(line_audio_play(&audio, name, why), wanted);
    assert_string_not_equal(why, "");
    assert_false(line_audio_is_playing(&audio));
    line_audio_close(&audio);
    line_audio_close(&audio); /* twice */
    engine_free(e);
}

/* The same files as elsewhere sound the same here. */
static void test_files_from_the_field(void **state)
{
    (void)state;
    for (size_t i = 0; i < WAVFIELD_FILES; i++) {
        static uint8_t ulaw[WAVFIELD_SAMPLES + 320];
        static int16_t samples[WAVFIELD_SAMPLES + 320];
        char file[512];
        int status = ST_OK;
        wavfield_path(wavfield_files[i].name, file, sizeof(file));
        size_t n = play_file(file, AUDIO_ULAW, ulaw, sizeof(ulaw), &status);
        if (status != (wavfield_files[i].sounds ? ST_OK : ST_BAD)) {
            fail_msg("%s: %d", file, status);
        }
        for (size_t k = 0; k < n; k++) {
            samples[k] = ulaw_to_linear(ulaw[k]);
        }
        assert_int_equal(n, wavfield_files[i].sounds ? (WAVFIELD_SAMPLES + 159) / 160 * 160 : 0);
        n = n > WAVFIELD_SAMPLES ? WAVFIELD_SAMPLES : n;
        if (n > 0 && tone_find(samples, n, 8000, WAVFIELD_HZ).snr_db < 35) {
            fail_msg("%s: noise", file);
        }
    }
}

static void test_refused(void **state)
{
    uint8_t data[64] = {0};

    (void)state;
    refuse(NULL, ST_NOT_FOUND);
    refuse("/no/such/file.wav", ST_NOT_FOUND);
    refuse("/tmp", ST_DENIED);
    write_wav(7, 1, 8000, 8, data, 0, 0);
    refuse(path, ST_BAD);
    write_wav(1, 1, 8000, 20, data, 60, 60);
    refuse(path, ST_UNSUPPORTED);
    assert_int_equal(remove(path), 0);
    assert_int_equal(mkfifo(path, 0600), 0); /* does not hold us up */
    refuse(path, ST_DENIED);
}

static int setup(void **state)
{
    (void)state;
    if (mkdtemp(folder) == NULL) {
        return -1;
    }
    snprintf(path, sizeof(path), "%s/a.wav", folder);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    (void)remove(path);
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bit_for_bit),
        cmocka_unit_test(test_converted),
        cmocka_unit_test(test_files_from_the_field),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
