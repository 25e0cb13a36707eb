/* SPDX-License-Identifier: MIT */
/* The loopback exchange, driven by raw SIP text and RTP bytes from a caller that shares no code with it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "offers.h"
#include "rng_seeded.h"
#include "wsaudio/call.h"
#include "wsaudio/loopback.h"

#define SENT_MAX  256
#define CALLS_MAX 3

struct packet {
    struct net_addr to;
    bool rtcp;
    uint8_t data[512];
    size_t len;
    mono_us at;
};

struct bench {
    struct loopback_ua *x;
    mono_us now;
    uint64_t seed;
    struct rng rng;
    char *sip[SENT_MAX]; /* owned; what the exchange sent */
    size_t sip_count;
    struct packet packet[SENT_MAX];
    size_t packet_count;
    struct pool_id media[CALLS_MAX + 2];
    size_t media_count; /* pairs ever opened */
    int ports_open;
    int open_status;
};

static const struct net_addr caller = {.family = 4, .port = 5090, .ip = {127, 0, 0, 1}};
static const struct net_addr caller_rtp = {.family = 4, .port = 32000, .ip = {127, 0, 0, 1}};

static int take_sip(void *ctx, const struct sip_flow *to, const void *data, size_t len)
{
    struct bench *t = ctx;

    assert_true(addr_equal(&to->remote, &caller));
    assert_true(t->sip_count < SENT_MAX);
    t->sip[t->sip_count++] = strndup(data, len);
    return ST_OK;
}

static int open_pair(void *ctx, struct pool_id call, uint16_t *port)
{
    struct bench *t = ctx;

    if (t->open_status != ST_OK) {
        return t->open_status;
    }
    assert_true(t->media_count < CALLS_MAX + 2);
    t->media[t->media_count++] = call;
    *port = (uint16_t)(40000 + 2 * t->media_count);
    t->ports_open++;
    return ST_OK;
}

static void close_pair(void *ctx, struct pool_id call)
{
    struct bench *t = ctx;

    (void)call;
    t->ports_open--;
    assert_true(t->ports_open >= 0);
}

static int take_packet(void *ctx, struct pool_id call, bool rtcp, const struct net_addr *to, const void *data,
                       size_t len)
{
    struct bench *t = ctx;

    (void)call;
    assert_true(t->packet_count < SENT_MAX && len <= sizeof(t->packet[0].data));
    struct packet *p = &t->packet[t->packet_count++];
    *p = (struct packet){.to = *to, .rtcp = rtcp, .len = len, .at = t->now};
    memcpy(p->data, data, len);
    return ST_OK;
}

static int64_t wall(void *ctx)
{
    const struct bench *t = ctx;
    return 1700000000000000 + t->now;
}

static void setup(struct bench *t)
{
    memset(t, 0, sizeof(*t));
    t->now = DUR_S(100) + 1234;
    t->seed = 5;
    t->rng = (struct rng){rng_seeded_fill, &t->seed};
    struct loopback_ua_config config = {.local = addr_ipv4(127, 0, 0, 1, 5070),
                                        .max_calls = CALLS_MAX,
                                        .rng = &t->rng,
                                        .media = {t, open_pair, close_pair, take_packet, wall},
                                        .sip_send = take_sip,
                                        .sip_ctx = t};
    assert_int_equal(loopback_ua_new(&config, &t->x), ST_OK);
    assert_true(loopback_ua_tick_due(t->x) == MONO_NEVER);
}

static void forget(struct bench *t)
{
    for (size_t i = 0; i < t->sip_count; i++) {
        free(t->sip[i]);
    }
    t->sip_count = 0;
    t->packet_count = 0;
}

/* Lets time pass: every deadline is carried out when it comes. */
static void pass(struct bench *t, dur_us duration)
{
    mono_us end = t->now + duration;

    for (;;) {
        mono_us tick = loopback_ua_tick_due(t->x);
        mono_us due = loopback_ua_due(t->x);
        mono_us at = tick < due ? tick : due;
        if (at > end) {
            break;
        }
        t->now = at > t->now ? at : t->now;
        if (tick <= t->now) {
            loopback_ua_tick(t->x, t->now);
        }
        loopback_ua_expire(t->x, t->now);
        loopback_ua_reap(t->x);
    }
    t->now = end;
}

/* Every call is over and every deadline has passed. */
static void teardown(struct bench *t)
{
    pass(t, DUR_S(70));
    assert_int_equal(loopback_ua_calls(t->x), 0);
    assert_int_equal(t->ports_open, 0);
    assert_true(loopback_ua_tick_due(t->x) == MONO_NEVER);
    assert_true(loopback_ua_due(t->x) == MONO_NEVER);
    loopback_ua_free(t->x);
    forget(t);
}

/* ---- the caller ---- */

static const char offer[] = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
                            "m=audio 32000 RTP/AVP 0 8 101\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\n";
static const char offer_pcma[] = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
                                 "m=audio 32000 RTP/AVP 8\r\n";
static const char offer_moved[] = "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
                                  "m=audio 33000 RTP/AVP 0\r\n";
static const char offer_g729[] = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
                                 "m=audio 32000 RTP/AVP 18\r\n";

static void request(struct bench *t, const char *method, const char *user, const char *id, unsigned cseq,
                    const char *to_tag, const char *headers, const char *body)
{
    char text[4096];
    /* CANCEL and the ACK to a refusal belong to the INVITE's branch; the ACK to a 200 has its own */
    bool same = strcmp(method, "CANCEL") == 0 || (strcmp(method, "ACK") == 0 && headers != NULL);

    snprintf(text, sizeof(text),
             "%s sip:%s@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:5090;branch=z9hG4bK%s%s%u;rport\r\n"
             "Max-Forwards: 70\r\nFrom: <sip:me@127.0.0.1>;tag=caller\r\nTo: <sip:%s@127.0.0.1>%s%s\r\n"
             "Call-ID: %s\r\nCSeq: %u %s\r\nContact: <sip:me@127.0.0.1:5090>\r\n%s%sContent-Length: %zu\r\n\r\n%s",
             method, user, same ? "INVITE" : method, id, cseq, user, to_tag[0] != '\0' ? ";tag=" : "", to_tag, id, cseq,
             method, headers != NULL ? headers : "", body[0] != '\0' ? "Content-Type: application/sdp\r\n" : "",
             strlen(body), body);
    loopback_ua_sip_input(t->x, t->now, &caller, text, strlen(text));
    loopback_ua_expire(t->x, t->now);
    loopback_ua_reap(t->x);
}

/* The latest message that begins so, or NULL. */
static const char *last(const struct bench *t, const char *prefix)
{
    for (size_t i = t->sip_count; i-- > 0;) {
        if (strncmp(t->sip[i], prefix, strlen(prefix)) == 0) {
            return t->sip[i];
        }
    }
    fail_msg("nothing that begins with %s", prefix);
    return NULL;
}

static size_t count(const struct bench *t, const char *prefix)
{
    size_t n = 0;

    for (size_t i = 0; i < t->sip_count; i++) {
        n += strncmp(t->sip[i], prefix, strlen(prefix)) == 0 ? 1 : 0;
    }
    return n;
}

static const char *tag_of(const char *message, char out[64])
{
    const char *to = strstr(message, "\r\nTo: ");
    assert_non_null(to);
    const char *tag = strstr(to, ";tag=");
    assert_non_null(tag);
    snprintf(out, 64, "%.*s", (int)strcspn(tag + 5, ";\r\n"), tag + 5);
    return out;
}

/* Dials and acknowledges; the dialog's tag. */
static const char *establish(struct bench *t, const char *user, const char *id, const char *sdp, char tag[64])
{
    request(t, "INVITE", user, id, 1, "", NULL, sdp);
    const char *ok = last(t, "SIP/2.0 200 ");
    assert_non_null(ok);
    tag_of(ok, tag);
    request(t, "ACK", user, id, 1, tag, NULL, "");
    return tag;
}

static void hang_up(struct bench *t, const char *user, const char *id, const char *tag, unsigned cseq)
{
    size_t before = count(t, "SIP/2.0 200 ");
    request(t, "BYE", user, id, cseq, tag, NULL, "");
    assert_int_equal(count(t, "SIP/2.0 200 "), before + 1);
}

static void rtp(struct bench *t, size_t call, const struct net_addr *from, uint8_t type, uint16_t seq, uint8_t fill)
{
    uint8_t data[172] = {0x80, type, (uint8_t)(seq >> 8), (uint8_t)seq, 0, 0, 0, (uint8_t)(seq * 160)};

    data[11] = 1;
    memset(data + 12, fill, 160);
    loopback_ua_media_input(t->x, t->now, t->media[call], false, from, data, sizeof(data));
}

/* ---- tests ---- */

static void check_echo(struct bench *t, const char *user)
{
    char tag[64];

    establish(t, user, "one", offer, tag);
    assert_int_equal(count(t, "SIP/2.0 180 "), 1); /* rings first */
    const char *ok = last(t, "SIP/2.0 200 ");
    assert_non_null(strstr(ok, "m=audio 40002 RTP/AVP 0"));
    assert_non_null(strstr(ok, "c=IN IP4 127.0.0.1"));
    assert_int_equal(loopback_ua_calls(t->x), 1);
    assert_true(loopback_ua_tick_due(t->x) == MONO_NEVER); /* the echo has no clock of its own */
    for (uint16_t i = 0; i < 10; i++) {
        rtp(t, 0, &caller_rtp, 0, i, (uint8_t)(i + 1));
        assert_int_equal(t->packet_count, i + 1U);
        const struct packet *p = &t->packet[i];
        assert_true(addr_equal(&p->to, &caller_rtp));
        assert_int_equal(p->len, 172);
        assert_int_equal(p->data[12], i + 1);
        assert_int_equal(p->data[171], i + 1);
        assert_memory_equal(p->data + 8, t->packet[0].data + 8, 4); /* one stream */
        assert_int_equal((uint16_t)(p->data[2] << 8 | p->data[3]),
                         (uint16_t)((t->packet[0].data[2] << 8 | t->packet[0].data[3]) + i));
    }
    rtp(t, 0, &caller_rtp, 0, 9, 77); /* a duplicate */
    assert_int_equal(t->packet_count, 10);
    rtp(t, 0, &caller_rtp, 101, 10, 7); /* a telephone event: a key comes back as a key */
    assert_int_equal(t->packet_count, 11);
    assert_int_equal(t->packet[10].len, 16);
    assert_int_equal(t->packet[10].data[1] & 0x7F, 101);
    rtp(t, 0, &caller_rtp, 102, 11, 7);
    assert_int_equal(t->packet_count, 11);
    hang_up(t, user, "one", tag, 2);
    assert_int_equal(loopback_ua_calls(t->x), 0);
    assert_int_equal(t->ports_open, 0);
    rtp(t, 0, &caller_rtp, 0, 12, 1); /* too late */
    assert_int_equal(t->packet_count, 11);
}

static void test_echo_and_any_number(void **state)
{
    static const char *const users[] = {"echo", "0938220136", "+886-2", "tones", "BUSY", "x"};

    (void)state;
    for (size_t i = 0; i < sizeof(users) / sizeof(users[0]); i++) {
        struct bench t;
        setup(&t);
        check_echo(&t, users[i]);
        teardown(&t);
    }
}

static void test_echo_drops_what_is_not_rtp(void **state)
{
    struct bench t;
    char tag[64];
    static const uint8_t junk[3000] = {0x80, 0};

    (void)state;
    setup(&t);
    establish(&t, "echo", "junk", offer, tag);
    struct net_addr stranger = addr_ipv4(127, 0, 0, 9, 9);
    rtp(&t, 0, &caller_rtp, 0, 1, 1);
    rtp(&t, 0, &stranger, 0, 2, 2);
    loopback_ua_media_input(t.x, t.now, t.media[0], false, &caller_rtp, junk, 1);
    loopback_ua_media_input(t.x, t.now, t.media[0], false, &caller_rtp, junk, 0);
    loopback_ua_media_input(t.x, t.now, t.media[0], false, &caller_rtp, junk, sizeof(junk));
    loopback_ua_media_input(t.x, t.now, t.media[0], true, &caller_rtp, junk, 20);
    loopback_ua_media_input(t.x, t.now, POOL_ID_NONE, false, &caller_rtp, junk, 172);
    assert_int_equal(t.packet_count, 1);
    hang_up(&t, "echo", "junk", tag, 2);
    teardown(&t);
}

/* 1 kHz at 8 kHz: eight samples a period. The power at 1 kHz is nearly all there is. */
static void check_tone(const struct packet *p, bool alaw)
{
    static const int cosine[8] = {1000, 707, 0, -707, -1000, -707, 0, 707};
    long long re = 0, im = 0, all = 0;

    assert_int_equal(p->len, 172);
    for (int i = 0; i < 160; i++) {
        int v = alaw ? alaw_to_linear(p->data[12 + i]) : ulaw_to_linear(p->data[12 + i]);
        re += v * cosine[i % 8];
        im += v * cosine[(i + 6) % 8];
        all += (long long)v * v;
    }
    re /= 1000;
    im /= 1000;
    assert_true(all > 160LL * 1000 * 1000); /* loud enough */
    assert_true((re * re + im * im) * 2 / 160 > all * 98 / 100);
}

static void tone(const char *sdp, uint8_t type)
{
    struct bench t;
    char tag[64];

    setup(&t);
    establish(&t, "tone", "t", sdp, tag);
    mono_us first = loopback_ua_tick_due(t.x);
    assert_true(first > t.now && first <= t.now + MEDIA_TICK_US && first % MEDIA_TICK_US == 0);
    pass(&t, DUR_S(1));
    assert_in_range(t.packet_count, 49, 51);
    for (size_t i = 0; i < t.packet_count; i++) {
        const struct packet *p = &t.packet[i];
        assert_int_equal(p->at, first + (mono_us)i * MEDIA_TICK_US); /* on the grid, no drift */
        assert_int_equal(p->data[1], (i == 0 ? 0x80 : 0) | type);    /* the first is marked */
        check_tone(p, type == 8);
    }
    rtp(&t, 0, &caller_rtp, type, 1, 5); /* what the caller says does not come back */
    size_t before = t.packet_count;
    loopback_ua_tick(t.x, t.now); /* too early: nothing */
    assert_int_equal(t.packet_count, before);
    t.now += DUR_MS(500); /* a stall: no burst */
    loopback_ua_tick(t.x, t.now);
    assert_true(t.packet_count <= before + 2);
    hang_up(&t, "tone", "t", tag, 2);
    assert_true(loopback_ua_tick_due(t.x) == MONO_NEVER);
    before = t.packet_count;
    pass(&t, DUR_S(1));
    assert_int_equal(t.packet_count, before);
    teardown(&t);
}

static void test_tone(void **state)
{
    (void)state;
    tone(offer, 0);
    tone(offer_pcma, 8);
}

static void test_busy(void **state)
{
    struct bench t;
    char tag[64];

    (void)state;
    setup(&t);
    request(&t, "INVITE", "busy", "b", 1, "", NULL, offer);
    assert_non_null(last(&t, "SIP/2.0 486 "));
    assert_int_equal(count(&t, "SIP/2.0 180 "), 0);
    assert_int_equal(loopback_ua_calls(t.x), 0);
    assert_int_equal(t.media_count, 0);
    request(&t, "ACK", "busy", "b", 1, tag_of(last(&t, "SIP/2.0 486 "), tag), "", "");
    size_t before = count(&t, "SIP/2.0 486 ");
    pass(&t, DUR_S(5));
    assert_int_equal(count(&t, "SIP/2.0 486 "), before); /* acknowledged: not sent again */
    teardown(&t);
}

static void test_no_answer(void **state)
{
    struct bench t;
    char tag[64];

    (void)state;
    setup(&t);
    request(&t, "INVITE", "noanswer", "n", 1, "", NULL, offer);
    pass(&t, DUR_S(300));
    assert_int_equal(count(&t, "SIP/2.0 180 "), 1);
    assert_int_equal(count(&t, "SIP/2.0 200 "), 0);
    assert_int_equal(loopback_ua_calls(t.x), 1);
    request(&t, "CANCEL", "noanswer", "n", 1, "", NULL, "");
    assert_int_equal(count(&t, "SIP/2.0 200 "), 1); /* to the CANCEL */
    assert_non_null(strstr(last(&t, "SIP/2.0 200 "), "CSeq: 1 CANCEL"));
    const char *end = last(&t, "SIP/2.0 487 ");
    assert_non_null(end);
    request(&t, "ACK", "noanswer", "n", 1, tag_of(end, tag), "", "");
    assert_int_equal(loopback_ua_calls(t.x), 0);
    teardown(&t);
}

static void test_auth(void **state)
{
    static const char *const headers[] = {
        "Proxy-Authorization: Digest username=\"\", realm=\"loopback\", nonce=\"x\", uri=\"sip:auth\", "
        "response=\"0\"\r\n",
        "Authorization: Digest username=\"a\", realm=\"b\", nonce=\"c\", uri=\"d\", response=\"e\"\r\n",
    };

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct bench t;
        char tag[64];
        setup(&t);
        request(&t, "INVITE", "auth", "a", 1, "", NULL, offer);
        const char *challenge = last(&t, "SIP/2.0 407 ");
        assert_non_null(challenge);
        assert_non_null(strstr(challenge, "Proxy-Authenticate: Digest realm=\"loopback\", nonce=\""));
        assert_int_equal(loopback_ua_calls(t.x), 0);
        request(&t, "ACK", "auth", "a", 1, tag_of(challenge, tag), "", "");
        request(&t, "INVITE", "auth", "a", 2, "", headers[i], offer);
        const char *ok = last(&t, "SIP/2.0 200 ");
        assert_non_null(ok); /* any credentials pass */
        tag_of(ok, tag);
        request(&t, "ACK", "auth", "a", 2, tag, NULL, "");
        rtp(&t, 0, &caller_rtp, 0, 1, 9);
        assert_int_equal(t.packet_count, 1);
        hang_up(&t, "auth", "a", tag, 3);
        teardown(&t);
    }
}

static void test_reinvite(void **state)
{
    struct bench t;
    char tag[64];
    struct net_addr moved = caller_rtp;

    (void)state;
    setup(&t);
    moved.port = 33000;
    establish(&t, "echo", "r", offer, tag);
    rtp(&t, 0, &caller_rtp, 0, 1, 1);
    request(&t, "INVITE", "echo", "r", 2, tag, NULL, offer_moved);
    const char *ok = last(&t, "SIP/2.0 200 ");
    assert_non_null(strstr(ok, "CSeq: 2 INVITE"));
    assert_non_null(strstr(ok, "m=audio 40002 RTP/AVP 0")); /* its own side stays where it was */
    request(&t, "ACK", "echo", "r", 2, tag, NULL, "");
    rtp(&t, 0, &moved, 0, 2, 2);
    assert_int_equal(t.packet_count, 2);
    assert_true(addr_equal(&t.packet[1].to, &moved));
    request(&t, "INVITE", "echo", "r", 3, tag, NULL, offer_g729); /* nothing in common: refused, the call goes on */
    assert_non_null(strstr(last(&t, "SIP/2.0 488 "), "CSeq: 3 INVITE"));
    request(&t, "ACK", "echo", "r", 3, tag, "", "");
    rtp(&t, 0, &moved, 0, 3, 3);
    assert_int_equal(t.packet_count, 3);
    assert_int_equal(t.media_count, 1);
    hang_up(&t, "echo", "r", tag, 4);
    teardown(&t);
}

/* The same as the server and the library make of them; held it sends nothing. */
static void test_offers_in_mid_call(void **state)
{
    struct bench t;
    char tag[64];
    char text[1024];
    char formats[64];
    char call[8] = "of";
    unsigned cseq = 2;

    (void)state;
    setup(&t);
    establish(&t, "echo", call, offer, tag);
    for (size_t i = 0; i < OFFER_ROWS; i++) {
        const struct offer_row *row = &offer_rows[i];
        offer_text(row, "127.0.0.1", text, sizeof(text));
        request(&t, "INVITE", "echo", call, cseq, tag, NULL, text);
        const char *answer = last(&t, row->answered[0] != '\0' ? "SIP/2.0 200 " : "SIP/2.0 488 ");
        snprintf(formats, sizeof(formats), "\r\nCSeq: %u INVITE\r\n", cseq);
        if (answer == NULL || strstr(answer, formats) == NULL) {
            fail_msg("%s: not so", row->name);
        }
        snprintf(formats, sizeof(formats), "m=audio 40002 RTP/AVP %s\r\n", row->answered);
        if (row->answered[0] != '\0' && (strstr(answer, formats) == NULL || strstr(answer, row->ours) == NULL)) {
            fail_msg("%s: %s", row->name, answer);
        }
        request(&t, "ACK", "echo", call, cseq++, tag, row->answered[0] != '\0' ? NULL : "", "");
        size_t before = t.packet_count;
        struct net_addr from = caller_rtp;
        from.port = 30000;
        rtp(&t, 0, &from, row->answered[0] == '8' ? 8 : 0, (uint16_t)(2 * i + 1), 1);
        from.port = 30002;
        rtp(&t, 0, &from, row->answered[0] == '8' ? 8 : 0, (uint16_t)(2 * i + 2), 1);
        if (row->answered[0] != '\0' && (t.packet_count > before) != (strncmp(row->ours, "send", 4) == 0)) {
            fail_msg("%s: %zu packets came back", row->name, t.packet_count - before);
        }
    }
    hang_up(&t, "echo", call, tag, cseq);
    teardown(&t);
}

/* Ours is in the 200, what the ACK answers is in force (RFC 3261 14.2). */
static void test_reinvite_without_offer(void **state)
{
    struct bench t;
    char tag[64];
    struct net_addr moved = caller_rtp;

    (void)state;
    setup(&t);
    moved.port = 33000;
    establish(&t, "echo", "ro", offer, tag);
    request(&t, "INVITE", "echo", "ro", 2, tag, NULL, "");
    const char *ok = last(&t, "SIP/2.0 200 ");
    assert_non_null(strstr(ok, "CSeq: 2 INVITE"));
    assert_non_null(strstr(ok, "m=audio 40002 RTP/AVP 0 8 101"));
    request(&t, "ACK", "echo", "ro", 2, tag, NULL, offer_moved);
    rtp(&t, 0, &moved, 0, 1, 1);
    assert_int_equal(t.packet_count, 1);
    assert_true(addr_equal(&t.packet[0].to, &moved));
    hang_up(&t, "echo", "ro", tag, 3);
    teardown(&t);
}

static void test_two_at_once_and_full(void **state)
{
    struct bench t;
    char tags[3][64];
    static const char *const ids[] = {"c1", "c2", "c3"};

    (void)state;
    setup(&t);
    establish(&t, "echo", ids[0], offer, tags[0]);
    establish(&t, "tone", ids[1], offer, tags[1]);
    establish(&t, "tone", ids[2], offer, tags[2]);
    assert_int_equal(loopback_ua_calls(t.x), 3);
    request(&t, "INVITE", "echo", "c4", 1, "", NULL, offer);
    assert_non_null(last(&t, "SIP/2.0 480 "));
    char tag[64];
    request(&t, "ACK", "echo", "c4", 1, tag_of(last(&t, "SIP/2.0 480 "), tag), "", "");
    rtp(&t, 0, &caller_rtp, 0, 1, 4);
    assert_int_equal(t.packet_count, 1);
    pass(&t, DUR_MS(20));
    assert_int_equal(t.packet_count, 3); /* both tones */
    hang_up(&t, "tone", ids[1], tags[1], 2);
    pass(&t, DUR_MS(20));
    assert_int_equal(t.packet_count, 4); /* the other goes on */
    hang_up(&t, "echo", ids[0], tags[0], 2);
    hang_up(&t, "tone", ids[2], tags[2], 2);
    teardown(&t);
}

static void tells(const char *text, const char *wanted)
{
    if (strstr(text, wanted) == NULL) {
        fail_msg("no \"%s\" in\n%s", wanted, text);
    }
}

/* What SIGUSR2 tells: the exchange, each call, its own SIP stack, and nothing that reads like the server's. */
static void test_told(void **state)
{
    struct bench t;
    char text[16384], tag[64], busy[64];
    struct outbuf out;
    unsigned lines = 0;

    (void)state;
    setup(&t);
    establish(&t, "tone", "d1", offer, tag);
    request(&t, "INVITE", "noanswer", "d2", 1, "", NULL, offer);
    pass(&t, DUR_MS(20));
    outbuf_init(&out, text, sizeof(text) - 1);
    for (uint32_t at = 0;; at++, lines++) {
        size_t begin = out.len;
        if (!loopback_ua_dump(t.x, t.now, &at, &out)) {
            out.len = begin;
            break;
        }
        assert_true(out.len - begin < LOG_LINE_MAX);
        assert_memory_equal(text + begin, "loopback ", 9);
        outbuf_char(&out, '\n');
    }
    assert_int_equal(outbuf_status(&out), ST_OK);
    text[out.len] = '\0';
    tells(text, "loopback exchange: 2 calls of 3, tick in 0.0");
    tells(text, "\nloopback call 0.1 answered, usage 0.1, peer 127.0.0.1:");
    tells(text, ", RTP port 40002, 1 packets sent, 0 received, timer in 179.980 s\n");
    tells(text, "\nloopback call 1.1 rings, usage 1.1, peer 127.0.0.1:");
    tells(text, "\nloopback SIP: 2 usages of ");
    tells(text, "\nloopback usage 0.1 Confirmed incoming, Call-ID \"d1\"");
    tells(text, "\nloopback transaction ");
    assert_int_equal(lines, 11);
    hang_up(&t, "tone", "d1", tag, 2);
    request(&t, "CANCEL", "noanswer", "d2", 1, "", NULL, "");
    request(&t, "ACK", "noanswer", "d2", 1, tag_of(last(&t, "SIP/2.0 487 "), busy), "", "");
    teardown(&t);
}

static void test_unusable_offers(void **state)
{
    static const char *const bodies[] = {offer_g729, "", "v=0\r\n", "rubbish"};

    (void)state;
    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
        struct bench t;
        char tag[64];
        setup(&t);
        request(&t, "INVITE", "echo", "u", 1, "", NULL, bodies[i]);
        const char *no = last(&t, "SIP/2.0 488 ");
        assert_non_null(no);
        assert_int_equal(count(&t, "SIP/2.0 200 "), 0);
        request(&t, "ACK", "echo", "u", 1, tag_of(no, tag), "", "");
        assert_int_equal(loopback_ua_calls(t.x), 0);
        teardown(&t);
    }
}

static void test_no_ports(void **state)
{
    struct bench t;
    char tag[64];

    (void)state;
    setup(&t);
    t.open_status = ST_FULL;
    request(&t, "INVITE", "tone", "p", 1, "", NULL, offer);
    const char *no = last(&t, "SIP/2.0 480 ");
    assert_non_null(no);
    request(&t, "ACK", "tone", "p", 1, tag_of(no, tag), "", "");
    assert_true(loopback_ua_tick_due(t.x) == MONO_NEVER);
    teardown(&t);
}

/* The caller is gone after its INVITE: the 200 is repeated for 64*T1, then BYE, and nothing is left. */
static void test_ack_never_comes(void **state)
{
    struct bench t;

    (void)state;
    setup(&t);
    request(&t, "INVITE", "tone", "l", 1, "", NULL, offer);
    mono_us end = t.now + DUR_S(31);
    while (t.now < end) {
        pass(&t, DUR_S(1));
        t.packet_count = 0;
    }
    assert_int_equal(loopback_ua_calls(t.x), 1);
    assert_true(count(&t, "SIP/2.0 200 ") >= 8);
    assert_int_equal(count(&t, "BYE "), 0);
    pass(&t, DUR_S(2));
    assert_non_null(last(&t, "BYE "));
    assert_int_equal(loopback_ua_calls(t.x), 0);
    assert_int_equal(t.ports_open, 0);
    teardown(&t);
}

/* A sender's report is answered after three seconds, so that the caller learns its round trip. */
static void test_reports(void **state)
{
    struct bench t;
    char tag[64];
    struct net_addr rtcp_from = caller_rtp;
    uint8_t sr[28] = {0x80, 200, 0, 6, 0, 0, 0, 1, 0xE8, 1, 2, 3, 4};

    (void)state;
    setup(&t);
    rtcp_from.port++;
    establish(&t, "echo", "rr", offer, tag);
    rtp(&t, 0, &caller_rtp, 0, 1, 1);
    loopback_ua_media_input(t.x, t.now, t.media[0], true, &rtcp_from, sr, sizeof(sr));
    assert_int_equal(t.packet_count, 1); /* not yet */
    t.now += DUR_S(3);
    loopback_ua_media_input(t.x, t.now, t.media[0], true, &rtcp_from, sr, sizeof(sr));
    assert_int_equal(t.packet_count, 2);
    const struct packet *p = &t.packet[1];
    assert_true(p->rtcp);
    assert_true(addr_equal(&p->to, &rtcp_from));
    assert_int_equal(p->data[1], 200);
    static const uint8_t about[4] = {0, 0, 0, 1};
    assert_memory_equal(p->data + 28, about, 4); /* a report block about the caller's stream */
    hang_up(&t, "echo", "rr", tag, 2);
    teardown(&t);
}

/* Only what the caller itself sends keeps its call up, and only its reports are read. */
static void test_strangers_keep_no_call_up(void **state)
{
    struct bench t;
    char tag[64];
    struct net_addr stranger = addr_ipv4(127, 0, 0, 9, 32001);
    uint8_t sr[28] = {0x80, 200, 0, 6, 0, 0, 0, 9, 0xE8, 1, 2, 3, 4};

    (void)state;
    setup(&t);
    establish(&t, "echo", "st", offer, tag);
    for (uint16_t i = 0; i < 20; i++) {
        pass(&t, DUR_S(10));
        rtp(&t, 0, &stranger, 0, i, 1);
        if (loopback_ua_calls(t.x) > 0) {
            loopback_ua_media_input(t.x, t.now, t.media[0], true, &stranger, sr, sizeof(sr));
            loopback_ua_media_input(t.x, t.now, t.media[0], true, &caller_rtp, "junk", 4);
        }
    }
    assert_int_equal(loopback_ua_calls(t.x), 0);
    assert_int_equal(t.packet_count, 0);
    teardown(&t);
}

/* --advertise: the caller's SDP names an address that its packets do not come from. */
static void test_advertised_caller(void **state)
{
    static const char advertised[] = "v=0\r\no=- 1 1 IN IP4 203.0.113.7\r\ns=-\r\nc=IN IP4 203.0.113.7\r\nt=0 0\r\n"
                                     "m=audio 32000 RTP/AVP 0\r\n";
    struct bench t;
    char tag[64];

    (void)state;
    setup(&t);
    establish(&t, "echo", "ad", advertised, tag);
    for (uint16_t i = 0; i < 10; i++) {
        rtp(&t, 0, &caller_rtp, 0, i, 1);
    }
    assert_int_equal(t.packet_count, 9);
    assert_true(addr_equal(&t.packet[0].to, &caller_rtp));
    hang_up(&t, "echo", "ad", tag, 2);
    teardown(&t);
}

/* The ends of a key come with timestamps of their own: what goes back is one key. */
static void test_ends_with_timestamps_of_their_own(void **state)
{
    static const uint32_t stamps[] = {1000, 1000, 1000, 1640, 1800, 1960, 4000};
    struct bench t;
    char tag[64];

    (void)state;
    setup(&t);
    establish(&t, "echo", "ev", offer, tag);
    for (uint16_t i = 0; i < 7; i++) {
        unsigned duration = i == 6 ? 160 : i < 3 ? 160 * (i + 1U) : 640;
        uint8_t data[16] = {0x80,
                            i % 6 == 0 ? 0xE5 : 101,
                            0,
                            (uint8_t)i,
                            0,
                            0,
                            (uint8_t)(stamps[i] >> 8),
                            (uint8_t)stamps[i],
                            0,
                            0,
                            0,
                            1,
                            5,
                            i > 2 && i < 6 ? 0x8A : 0x0A,
                            (uint8_t)(duration >> 8),
                            (uint8_t)duration};
        loopback_ua_media_input(t.x, t.now, t.media[0], false, &caller_rtp, data, sizeof(data));
        t.now += DUR_MS(20);
    }
    assert_int_equal(t.packet_count, 7);
    for (size_t i = 1; i < 7; i++) {
        bool same = memcmp(t.packet[i].data + 4, t.packet[0].data + 4, 4) == 0;
        assert_int_equal(same, i < 6);
    }
    hang_up(&t, "echo", "ev", tag, 2);
    teardown(&t);
}

static void test_freed_with_calls_up(void **state)
{
    struct bench t;
    char tag[64];

    (void)state;
    setup(&t);
    establish(&t, "echo", "f1", offer, tag);
    establish(&t, "tone", "f2", offer, tag);
    loopback_ua_free(t.x);
    loopback_ua_free(NULL);
    assert_int_equal(t.ports_open, 0);
    forget(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_echo_and_any_number),
        cmocka_unit_test(test_echo_drops_what_is_not_rtp),
        cmocka_unit_test(test_tone),
        cmocka_unit_test(test_busy),
        cmocka_unit_test(test_no_answer),
        cmocka_unit_test(test_auth),
        cmocka_unit_test(test_reinvite),
        cmocka_unit_test(test_offers_in_mid_call),
        cmocka_unit_test(test_reinvite_without_offer),
        cmocka_unit_test(test_two_at_once_and_full),
        cmocka_unit_test(test_told),
        cmocka_unit_test(test_unusable_offers),
        cmocka_unit_test(test_no_ports),
        cmocka_unit_test(test_ack_never_comes),
        cmocka_unit_test(test_reports),
        cmocka_unit_test(test_strangers_keep_no_call_up),
        cmocka_unit_test(test_advertised_caller),
        cmocka_unit_test(test_ends_with_timestamps_of_their_own),
        cmocka_unit_test(test_freed_with_calls_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
