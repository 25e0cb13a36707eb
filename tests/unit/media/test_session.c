/* SPDX-License-Identifier: MIT */
/* One session alone, with its sockets in memory.
 *
 * verdicts             RFC 3264 8     what an offer in mid-call comes to, and the version of our SDP
 * withdrawn            RFC 3261 14.2  an answer that could not leave changes nothing
 * former_numbers       RFC 3264 8.3.2 payload types agreed before are taken still
 * asked_back           RFC 3261 14.2  no offer: ours goes out, the ACK's answer is awaited once
 * both_event_numbers   RFC 4733       digits come by the number that we gave them and by theirs
 * last_port            RFC 3550 11    no port above 65535: reports go nowhere
 * early_media                         only received: nothing leaves
 * strangers_ids                       packets for a session that is closed or gone change nothing
 * muted                               nothing but reports
 * figures_stay                        behind the close
 * silence_text                        says whose packets were dropped */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "rng_seeded.h"
#include "wsaudio/media.h"

struct desk {
    struct media *media;
    struct media_session *session;
    struct rng rng;
    uint64_t seed;
    mono_us now;
    struct pool_id id;
    int pairs; /* open */
    int open_status;
    size_t rtp, rtcp; /* packets that left */
    struct net_addr rtcp_to;
    char digits[16];
    size_t digit_count;
};

static const struct net_addr far = {.family = 4, .port = 30000, .ip = {10, 0, 0, 9}};

static int open_pair(void *ctx, struct pool_id session, uint16_t *port)
{
    struct desk *d = ctx;

    if (d->open_status != ST_OK) {
        return d->open_status;
    }
    d->id = session;
    d->pairs++;
    *port = 32000;
    return ST_OK;
}

static void close_pair(void *ctx, struct pool_id session)
{
    struct desk *d = ctx;

    assert_true(pool_id_eq(session, d->id));
    d->pairs--;
}

static int take_packet(void *ctx, struct pool_id session, bool rtcp, const struct net_addr *to, const void *data,
                       size_t len)
{
    struct desk *d = ctx;

    assert_true(pool_id_eq(session, d->id) && d->pairs == 1 && len > 0 && data != NULL);
    if (rtcp) {
        d->rtcp++;
        d->rtcp_to = *to;
    } else {
        assert_true(addr_equal(to, &far));
        d->rtp++;
    }
    return ST_OK;
}

static int64_t wall(void *ctx)
{
    const struct desk *d = ctx;
    return 1700000000000000 + d->now;
}

static void on_event(void *ctx, const struct media_event *event)
{
    struct desk *d = ctx;

    if (event->kind == MEDIA_EVENT_DTMF) {
        assert_true(d->digit_count < sizeof(d->digits) - 1);
        d->digits[d->digit_count++] = event->digit;
    }
}

/* False: no memory. */
static bool open_desk(struct desk *d)
{
    *d = (struct desk){.now = DUR_S(100), .seed = 1};
    d->rng = (struct rng){rng_seeded_fill, &d->seed};
    const struct media_config config = {.rng = &d->rng,
                                        .io = {d, open_pair, close_pair, take_packet, wall},
                                        .learn = RTP_LEARN_PORT,
                                        .max_sessions = 1};
    const struct media_session_config session = {.label = "1",
                                                 .local = addr_ipv4(10, 0, 0, 1, 0),
                                                 .sip_peer = far,
                                                 .format = MEDIA_AUDIO_OFF,
                                                 .event = on_event,
                                                 .ctx = d};

    assert_int_equal(media_new(&config, &d->media), ST_OK);
    assert_int_equal(media_session_open(d->media, &session, &d->session), ST_OK);
    return true;
}

static void close_desk(struct desk *d)
{
    media_session_close(d->session, d->now);
    media_session_free(d->session);
    assert_int_equal(d->pairs, 0);
    assert_true(media_tick_due(d->media) == MONO_NEVER);
    media_free(d->media);
}

#define HEAD(ip)      "v=0\r\no=- 7 1 IN IP4 h\r\ns=-\r\nc=IN IP4 " ip "\r\nt=0 0\r\n"
#define PLAIN         HEAD("10.0.0.9") "m=audio 30000 RTP/AVP 0 101\r\na=rtpmap:101 telephone-event/8000\r\n"
#define VERSION(text) ((unsigned)strtoul(strchr(strstr(text, "o=- ") + 4, ' ') + 1, NULL, 10))

/* False: it cannot be answered. */
static bool offered(struct desk *d, const char *offer, unsigned *version)
{
    char text[MEDIA_ANSWER_MAX];
    const char *why = NULL;
    struct outbuf out;
    struct span body = span_cstr(offer);

    outbuf_init(&out, text, sizeof(text) - 1);
    int status = media_session_answer(d->session, body, &out, &why);
    if (status == ST_OK) {
        text[out.len] = '\0';
        *version = VERSION(text);
        if (!media_session_awaits_answer(d->session)) {
            media_session_start(d->session, d->now, &far, true);
        }
    } else {
        assert_non_null(why);
    }
    return status == ST_OK;
}

#define EVENTS(n) "a=rtpmap:" n " telephone-event/8000\r\n"

static void verdicts(void **state)
{
    static const struct {
        const char *offer;
        bool served;
        unsigned
            version; /* of our SDP behind it: it goes up when that says something else, whatever the far end's says */
        enum audio_codec codec;
    } rows[] = {
        {PLAIN, true, 1, AUDIO_ULAW},
        {PLAIN, true, 1, AUDIO_ULAW},
        {HEAD("10.0.0.9") "m=audio 30000 RTP/AVP 8 0 101\r\n" EVENTS("101"), true, 1, AUDIO_ULAW},
        {HEAD("10.0.0.9") "m=audio 30002 RTP/AVP 0 101\r\n" EVENTS("101"), true, 1, AUDIO_ULAW},
        {HEAD("10.0.0.8") "m=audio 30002 RTP/AVP 8 0 101\r\n" EVENTS("101"), true, 1, AUDIO_ULAW},
        {HEAD("10.0.0.8") "m=audio 30002 RTP/AVP 18\r\n", false, 1, AUDIO_ULAW},
        {HEAD("10.0.0.8") "m=audio 30002 RTP/AVP 0 101\r\n" EVENTS("101") "a=sendonly\r\n", true, 2, AUDIO_ULAW},
        {HEAD("0.0.0.0") "m=audio 30002 RTP/AVP 0 101\r\n" EVENTS("101"), true, 2, AUDIO_ULAW}, /* recvonly again */
        {HEAD("10.0.0.8") "m=audio 30002 RTP/AVP 0 96\r\n" EVENTS("96"), true, 3, AUDIO_ULAW},
        {HEAD("10.0.0.8") "m=audio 30002 RTP/AVP 8\r\n", true, 4, AUDIO_ALAW},
        {"nonsense", false, 4, AUDIO_ALAW},
        {"v=0\r\no=- 7 1 IN IP6 h\r\ns=-\r\nc=IN IP6 2001:db8::9\r\nt=0 0\r\nm=audio 30002 RTP/AVP 8\r\n", false, 4,
         AUDIO_ALAW},
        {HEAD("10.0.0.8") "m=audio 30002 RTP/AVP 8\r\n", true, 4, AUDIO_ALAW},
        {HEAD("10.0.0.8") "m=audio 30002 RTP/AVP 8\r\nm=video 30004 RTP/AVP 31\r\n", true, 5, AUDIO_ALAW},
        {HEAD("10.0.0.8") "m=audio 0 RTP/AVP 8\r\n", false, 5, AUDIO_ALAW},
        {HEAD("10.0.0.8") "m=video 30004 RTP/AVP 31\r\n", false, 5, AUDIO_ALAW},
        {HEAD("10.0.0.8") "m=audio 30002 RTP/AVP 0 97\r\na=rtpmap:97 PCMA/8000\r\n", true, 6, AUDIO_ULAW},
    };
    struct desk d;
    unsigned version = 0;

    (void)state;
    open_desk(&d);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        bool served = offered(&d, rows[i].offer, &version);
        if (served != rows[i].served || version != rows[i].version ||
            media_session_negotiated(d.session)->codec != rows[i].codec) {
            fail_msg("row %zu: %s, version %u", i, served ? "served" : "refused", version);
        }
    }
    close_desk(&d);
}

/* An answer that could not leave was never given. */
static void withdrawn(void **state)
{
    struct desk d;
    char text[MEDIA_ANSWER_MAX];
    struct outbuf out;
    unsigned version = 0;
    const char *why = NULL;

    (void)state;
    open_desk(&d);
    assert_true(offered(&d, PLAIN, &version));
    for (int i = 0; i < 2; i++) { /* an offer, and none */
        outbuf_init(&out, text, sizeof(text));
        struct span offer = i == 0 ? SPAN_LIT(HEAD("10.0.0.8") "m=audio 30002 RTP/AVP 8\r\n") : SPAN_NONE;
        assert_int_equal(media_session_answer(d.session, offer, &out, &why), ST_OK);
        assert_int_equal(media_session_awaits_answer(d.session), i == 1);
        media_session_withdraw(d.session);
        assert_false(media_session_awaits_answer(d.session));
        assert_int_equal(media_session_negotiated(d.session)->codec, AUDIO_ULAW);
    }
    outbuf_init(&out, text, 40); /* nor one that found no room */
    assert_int_equal(
        media_session_answer(d.session, SPAN_LIT(HEAD("10.0.0.9") "m=audio 30000 RTP/AVP 8\r\n"), &out, &why),
        ST_TOO_LARGE);
    assert_non_null(why);
    assert_true(offered(&d, PLAIN, &version));
    assert_int_equal(version, 1);
    assert_true(offered(&d, HEAD("10.0.0.9") "m=audio 30000 RTP/AVP 8\r\n", &version));
    assert_int_equal(version, 2);
    assert_false(offered(&d, HEAD("10.0.0.9") "m=audio 30000 RTP/AVP 18\r\n", &version));
    media_session_withdraw(d.session); /* nothing was written */
    assert_true(offered(&d, HEAD("10.0.0.9") "m=audio 30000 RTP/AVP 8\r\n", &version));
    assert_int_equal(version, 2);
    close_desk(&d);
}

static void asked_back(void **state)
{
    struct desk d;
    unsigned version = 0;
    const char *why = NULL;

    (void)state;
    open_desk(&d);
    assert_true(offered(&d, PLAIN, &version));
    assert_false(media_session_awaits_answer(d.session));
    assert_true(offered(&d, "", &version));
    assert_int_equal(version, 2); /* an offer names more codecs than the answer before it */
    assert_true(media_session_awaits_answer(d.session));
    assert_int_equal(media_session_take_late_answer(d.session, SPAN_NONE, &why), ST_AGAIN);
    assert_false(media_session_awaits_answer(d.session));
    assert_true(offered(&d, "", &version));
    assert_int_equal(version, 2);
    assert_int_equal(
        media_session_take_late_answer(d.session, SPAN_LIT(HEAD("10.0.0.9") "m=audio 0 RTP/AVP 0\r\n"), &why), ST_OK);
    media_session_start(d.session, d.now, &far, true);
    assert_false(media_session_negotiated(d.session)->we_send);
    assert_false(media_session_negotiated(d.session)->we_receive);
    close_desk(&d);
}

static void press(struct desk *d, uint8_t type, uint16_t sequence, uint8_t event)
{
    const uint8_t packet[16] = {0x80,
                                type,
                                (uint8_t)(sequence >> 8),
                                (uint8_t)sequence,
                                0,
                                0,
                                (uint8_t)(sequence * 10),
                                0,
                                0,
                                0,
                                0,
                                1,
                                event,
                                0x8A,
                                3,
                                32};

    media_input(d->media, d->now, d->id, false, &far, packet, sizeof(packet));
    d->now += DUR_S(1);
}

/* Our offer says 101, the answer 96. */
static void both_event_numbers(void **state)
{
    struct desk d;
    char text[1024];
    struct outbuf out;
    const char *why = NULL;

    (void)state;
    open_desk(&d);
    outbuf_init(&out, text, sizeof(text));
    assert_int_equal(media_session_write_offer(d.session, &out), ST_OK);
    assert_int_equal(
        media_session_take_answer(
            d.session, SPAN_LIT(HEAD("10.0.0.9") "m=audio 30000 RTP/AVP 0 96\r\na=rtpmap:96 telephone-event/8000\r\n"),
            &why),
        ST_OK);
    media_session_start(d.session, d.now, &far, true);
    press(&d, 96, 1, 5);
    press(&d, SDP_TELEPHONE_EVENT_PT, 2, 6);
    press(&d, 97, 3, 7);
    assert_string_equal(d.digits, "56");
    close_desk(&d);
}

/* Numbers that were agreed before are good as long as no other codec has them (RFC 3264 8.3.2). */
static void former_numbers(void **state)
{
    struct desk d;
    struct media_figures f;
    unsigned version = 0;

    (void)state;
    open_desk(&d);
    (void)offered(&d, PLAIN, &version);
    press(&d, 101, 1, 1);
    (void)offered(&d, HEAD("10.0.0.9") "m=audio 30000 RTP/AVP 0 96\r\n" EVENTS("96"), &version);
    press(&d, 101, 2, 2); /* was under way */
    press(&d, 96, 3, 3);
    press(&d, 97, 4, 4);
    (void)offered(&d, HEAD("10.0.0.9") "m=audio 30000 RTP/AVP 0\r\n", &version);
    press(&d, 96, 5, 5);
    (void)offered(&d, HEAD("10.0.0.9") "m=audio 30000 RTP/AVP 96\r\na=rtpmap:96 PCMA/8000\r\n", &version);
    press(&d, 96, 6, 6); /* audio now */
    assert_string_equal(d.digits, "1235");
    media_session_figures(d.session, &f);
    assert_int_equal(f.dropped, 1);
    close_desk(&d);
}

static void run_ticks(struct desk *d, dur_us duration)
{
    for (mono_us end = d->now + duration; media_tick_due(d->media) <= end;) {
        d->now = media_tick_due(d->media);
        media_tick(d->media, d->now);
        media_turn(d->media);
    }
}

static void last_port(void **state)
{
    static const struct net_addr learnt = {.family = 4, .port = 65535, .ip = {10, 0, 0, 9}};
    uint8_t packet[172] = {0x80, 0};
    struct desk d;
    unsigned version = 0;

    (void)state;
    open_desk(&d);
    (void)offered(&d, PLAIN, &version);
    run_ticks(&d, DUR_S(10));
    assert_true(d.rtp >= 499 && d.rtcp > 0);
    assert_int_equal(d.rtcp_to.port, 30001);
    for (uint8_t i = 0; i < 3; i++) {
        packet[3] = i;
        media_input(d.media, d.now, d.id, false, &learnt, packet, sizeof(packet));
    }
    struct media_figures f;
    media_session_figures(d.session, &f);
    assert_true(f.received > 0); /* learnt */
    size_t before = d.rtcp;
    media_session_close(d.session, d.now);
    assert_int_equal(d.rtcp, before);
    close_desk(&d);
}

static void early_media(void **state)
{
    struct desk d;
    char text[1024];
    struct outbuf out;
    const char *why = NULL;

    (void)state;
    open_desk(&d);
    outbuf_init(&out, text, sizeof(text));
    assert_int_equal(media_session_write_offer(d.session, &out), ST_OK);
    assert_int_equal(media_session_take_answer(d.session, SPAN_LIT(PLAIN), &why), ST_OK);
    media_session_start(d.session, d.now, &far, false);
    assert_true(media_tick_due(d.media) == MONO_NEVER);
    press(&d, 101, 1, 1);
    assert_string_equal(d.digits, "1");
    media_session_start(d.session, d.now, &far, true);
    run_ticks(&d, DUR_MS(100));
    assert_int_equal(d.rtp, 5);
    close_desk(&d);
}

static void muted(void **state)
{
    struct desk d;
    unsigned version = 0;

    (void)state;
    open_desk(&d);
    (void)offered(&d, PLAIN, &version);
    run_ticks(&d, DUR_MS(100));
    assert_int_equal(d.rtp, 5);
    media_session_mute(d.session);
    run_ticks(&d, DUR_S(20));
    assert_int_equal(d.rtp, 5);
    assert_true(d.rtcp > 0);
    close_desk(&d);
}

static void figures_stay(void **state)
{
    uint8_t packet[172] = {0x80, 0};
    struct media_figures f;
    struct desk d;
    unsigned version = 0;

    (void)state;
    open_desk(&d);
    (void)offered(&d, PLAIN, &version);
    for (uint8_t i = 0; i < 10; i++) {
        packet[3] = i;
        media_input(d.media, d.now, d.id, false, &far, packet, sizeof(packet));
    }
    run_ticks(&d, DUR_MS(200));
    media_session_close(d.session, d.now);
    media_session_close(d.session, d.now); /* once */
    packet[3] = 10;
    media_input(d.media, d.now, d.id, false, &far, packet, sizeof(packet));
    media_input(d.media, d.now, POOL_ID_NONE, false, &far, packet, sizeof(packet));
    media_session_figures(d.session, &f);
    assert_int_equal(f.received, 10);
    assert_int_equal(f.sent, d.rtp);
    assert_int_equal(f.dropped, 1);
    assert_string_equal(f.codec, "PCMU");
    assert_string_equal(f.recording_path, "");
    struct pool_id id = d.id;
    media_session_free(d.session);
    media_input(d.media, d.now, id, false, &far, packet, sizeof(packet));
    d.session = NULL;
    assert_int_equal(d.pairs, 0);
    media_free(d.media);
}

static void no_ports(void **state)
{
    const struct media_session_config session = {.label = "2", .event = on_event};
    struct media_session *second = NULL;
    struct desk d;

    (void)state;
    open_desk(&d);
    assert_int_equal(media_session_open(d.media, &session, &second), ST_FULL); /* one is all there are */
    assert_null(second);
    media_session_close(d.session, d.now);
    media_session_free(d.session);
    d.open_status = ST_IO;
    assert_int_equal(media_session_open(d.media, &session, &d.session), ST_IO);
    d.open_status = ST_OK;
    assert_int_equal(media_session_open(d.media, &session, &d.session), ST_OK); /* that one left nothing behind */
    close_desk(&d);
}

static void silence_text(void **state)
{
    static const uint8_t stun[28] = {0, 1};
    char text[MEDIA_SILENCE_TEXT_MAX];
    struct desk d;

    (void)state;
    open_desk(&d);
    media_session_silence_text(d.session, DUR_S(30), text);
    assert_string_equal(text, "no media received for 30 s");
    media_input(d.media, d.now, d.id, false, &far, stun, sizeof(stun));
    media_session_silence_text(d.session, DUR_S(30), text);
    assert_string_equal(text, "no media received for 30 s (packets, no RTP, from 10.0.0.9:30000 were dropped)");
    close_desk(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(verdicts),    cmocka_unit_test(withdrawn),          cmocka_unit_test(former_numbers),
        cmocka_unit_test(asked_back),  cmocka_unit_test(both_event_numbers), cmocka_unit_test(last_port),
        cmocka_unit_test(early_media), cmocka_unit_test(figures_stay),       cmocka_unit_test(muted),
        cmocka_unit_test(no_ports),    cmocka_unit_test(silence_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
