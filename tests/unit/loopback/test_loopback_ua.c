/* SPDX-License-Identifier: MIT */
/* The loopback exchange, driven by raw SIP text and RTP bytes: who answers, what is heard, offers in mid-call. */
#include "offers.h"
#include "support_loopback.h"
#include "wsaudio/call.h"

/* ---- tests ---- */

static void check_echo(struct bench *t, const char *user)
{
    char tag[64];

    caller_dials(t, user, "one", offer, tag);
    assert_int_equal(sent_count(t, "SIP/2.0 180 "), 1); /* rings first */
    const char *ok = sent_last(t, "SIP/2.0 200 ");
    assert_non_null(strstr(ok, "m=audio 40002 RTP/AVP 0"));
    assert_non_null(strstr(ok, "c=IN IP4 127.0.0.1"));
    assert_int_equal(loopback_ua_calls(t->x), 1);
    assert_true(loopback_ua_tick_due(t->x) == MONO_NEVER); /* the echo has no clock of its own */
    for (uint16_t i = 0; i < 10; i++) {
        caller_sends(t, 0, &caller_rtp, 0, i, (uint8_t)(i + 1));
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
    caller_sends(t, 0, &caller_rtp, 0, 9, 77); /* a duplicate */
    assert_int_equal(t->packet_count, 10);
    caller_sends(t, 0, &caller_rtp, 101, 10, 7); /* a telephone event: a key comes back as a key */
    assert_int_equal(t->packet_count, 11);
    assert_int_equal(t->packet[10].len, 16);
    assert_int_equal(t->packet[10].data[1] & 0x7F, 101);
    caller_sends(t, 0, &caller_rtp, 102, 11, 7);
    assert_int_equal(t->packet_count, 11);
    caller_hangs_up(t, user, "one", tag, 2);
    assert_int_equal(loopback_ua_calls(t->x), 0);
    assert_int_equal(t->ports_open, 0);
    caller_sends(t, 0, &caller_rtp, 0, 12, 1); /* too late */
    assert_int_equal(t->packet_count, 11);
}

static void test_echo_and_any_number(void **state)
{
    static const char *const users[] = {"echo", "0938220136", "+886-2", "tones", "BUSY", "x"};

    (void)state;
    for (size_t i = 0; i < sizeof(users) / sizeof(users[0]); i++) {
        struct bench t;
        exchange_open(&t);
        check_echo(&t, users[i]);
        exchange_close(&t);
    }
}

static void test_echo_drops_what_is_not_rtp(void **state)
{
    struct bench t;
    char tag[64];
    static const uint8_t junk[3000] = {0x80, 0};

    (void)state;
    exchange_open(&t);
    caller_dials(&t, "echo", "junk", offer, tag);
    struct net_addr stranger = addr_ipv4(127, 0, 0, 9, 9);
    caller_sends(&t, 0, &caller_rtp, 0, 1, 1);
    caller_sends(&t, 0, &stranger, 0, 2, 2);
    media_input(loopback_ua_media(t.x), t.now, t.media[0], false, &caller_rtp, junk, 1);
    media_input(loopback_ua_media(t.x), t.now, t.media[0], false, &caller_rtp, junk, 0);
    media_input(loopback_ua_media(t.x), t.now, t.media[0], false, &caller_rtp, junk, sizeof(junk));
    media_input(loopback_ua_media(t.x), t.now, t.media[0], true, &caller_rtp, junk, 20);
    media_input(loopback_ua_media(t.x), t.now, POOL_ID_NONE, false, &caller_rtp, junk, 172);
    assert_int_equal(t.packet_count, 1);
    caller_hangs_up(&t, "echo", "junk", tag, 2);
    exchange_close(&t);
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

    exchange_open(&t);
    caller_dials(&t, "tone", "t", sdp, tag);
    mono_us first = loopback_ua_tick_due(t.x);
    assert_true(first > t.now && first <= t.now + MEDIA_TICK_US && first % MEDIA_TICK_US == 0);
    exchange_pass(&t, DUR_S(1));
    assert_in_range(t.packet_count, 49, 51);
    for (size_t i = 0; i < t.packet_count; i++) {
        const struct packet *p = &t.packet[i];
        assert_int_equal(p->at, first + (mono_us)i * MEDIA_TICK_US); /* on the grid, no drift */
        assert_int_equal(p->data[1], (i == 0 ? 0x80 : 0) | type);    /* the first is marked */
        check_tone(p, type == 8);
    }
    caller_sends(&t, 0, &caller_rtp, type, 1, 5); /* what the caller says does not come back */
    size_t before = t.packet_count;
    loopback_ua_tick(t.x, t.now); /* too early: nothing */
    assert_int_equal(t.packet_count, before);
    t.now += DUR_MS(500); /* a stall: no burst */
    loopback_ua_tick(t.x, t.now);
    assert_true(t.packet_count <= before + 2);
    caller_hangs_up(&t, "tone", "t", tag, 2);
    assert_true(loopback_ua_tick_due(t.x) == MONO_NEVER);
    before = t.packet_count;
    exchange_pass(&t, DUR_S(1));
    assert_int_equal(t.packet_count, before);
    exchange_close(&t);
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
    exchange_open(&t);
    caller_request(&t, "INVITE", "busy", "b", 1, "", NULL, offer);
    assert_non_null(sent_last(&t, "SIP/2.0 486 "));
    assert_int_equal(sent_count(&t, "SIP/2.0 180 "), 0);
    assert_int_equal(loopback_ua_calls(t.x), 0);
    assert_int_equal(t.media_count, 0);
    caller_request(&t, "ACK", "busy", "b", 1, sent_tag(sent_last(&t, "SIP/2.0 486 "), tag), "", "");
    size_t before = sent_count(&t, "SIP/2.0 486 ");
    exchange_pass(&t, DUR_S(5));
    assert_int_equal(sent_count(&t, "SIP/2.0 486 "), before); /* acknowledged: not sent again */
    exchange_close(&t);
}

static void test_no_answer(void **state)
{
    struct bench t;
    char tag[64];

    (void)state;
    exchange_open(&t);
    caller_request(&t, "INVITE", "noanswer", "n", 1, "", NULL, offer);
    exchange_pass(&t, DUR_S(300));
    assert_int_equal(sent_count(&t, "SIP/2.0 180 "), 1);
    assert_int_equal(sent_count(&t, "SIP/2.0 200 "), 0);
    assert_int_equal(loopback_ua_calls(t.x), 1);
    caller_request(&t, "CANCEL", "noanswer", "n", 1, "", NULL, "");
    assert_int_equal(sent_count(&t, "SIP/2.0 200 "), 1); /* to the CANCEL */
    assert_non_null(strstr(sent_last(&t, "SIP/2.0 200 "), "CSeq: 1 CANCEL"));
    const char *end = sent_last(&t, "SIP/2.0 487 ");
    assert_non_null(end);
    caller_request(&t, "ACK", "noanswer", "n", 1, sent_tag(end, tag), "", "");
    assert_int_equal(loopback_ua_calls(t.x), 0);
    exchange_close(&t);
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
        exchange_open(&t);
        caller_request(&t, "INVITE", "auth", "a", 1, "", NULL, offer);
        const char *challenge = sent_last(&t, "SIP/2.0 407 ");
        assert_non_null(challenge);
        assert_non_null(strstr(challenge, "Proxy-Authenticate: Digest realm=\"loopback\", nonce=\""));
        assert_int_equal(loopback_ua_calls(t.x), 0);
        caller_request(&t, "ACK", "auth", "a", 1, sent_tag(challenge, tag), "", "");
        caller_request(&t, "INVITE", "auth", "a", 2, "", headers[i], offer);
        const char *ok = sent_last(&t, "SIP/2.0 200 ");
        assert_non_null(ok); /* any credentials pass */
        sent_tag(ok, tag);
        caller_request(&t, "ACK", "auth", "a", 2, tag, NULL, "");
        caller_sends(&t, 0, &caller_rtp, 0, 1, 9);
        assert_int_equal(t.packet_count, 1);
        caller_hangs_up(&t, "auth", "a", tag, 3);
        exchange_close(&t);
    }
}

static void test_reinvite(void **state)
{
    struct bench t;
    char tag[64];
    struct net_addr moved = caller_rtp;

    (void)state;
    exchange_open(&t);
    moved.port = 33000;
    caller_dials(&t, "echo", "r", offer, tag);
    caller_sends(&t, 0, &caller_rtp, 0, 1, 1);
    caller_request(&t, "INVITE", "echo", "r", 2, tag, NULL, offer_moved);
    const char *ok = sent_last(&t, "SIP/2.0 200 ");
    assert_non_null(strstr(ok, "CSeq: 2 INVITE"));
    assert_non_null(strstr(ok, "m=audio 40002 RTP/AVP 0")); /* its own side stays where it was */
    caller_request(&t, "ACK", "echo", "r", 2, tag, NULL, "");
    caller_sends(&t, 0, &moved, 0, 2, 2);
    assert_int_equal(t.packet_count, 2);
    assert_true(addr_equal(&t.packet[1].to, &moved));
    caller_request(&t, "INVITE", "echo", "r", 3, tag, NULL,
                   offer_g729); /* nothing in common: refused, the call goes on */
    assert_non_null(strstr(sent_last(&t, "SIP/2.0 488 "), "CSeq: 3 INVITE"));
    caller_request(&t, "ACK", "echo", "r", 3, tag, "", "");
    caller_sends(&t, 0, &moved, 0, 3, 3);
    assert_int_equal(t.packet_count, 3);
    assert_int_equal(t.media_count, 1);
    caller_hangs_up(&t, "echo", "r", tag, 4);
    exchange_close(&t);
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
    exchange_open(&t);
    caller_dials(&t, "echo", call, offer, tag);
    for (size_t i = 0; i < OFFER_ROWS; i++) {
        const struct offer_row *row = &offer_rows[i];
        offer_text(row, "127.0.0.1", text, sizeof(text));
        caller_request(&t, "INVITE", "echo", call, cseq, tag, NULL, text);
        const char *answer = sent_last(&t, row->answered[0] != '\0' ? "SIP/2.0 200 " : "SIP/2.0 488 ");
        snprintf(formats, sizeof(formats), "\r\nCSeq: %u INVITE\r\n", cseq);
        if (answer == NULL || strstr(answer, formats) == NULL) {
            fail_msg("%s: not so", row->name);
        }
        snprintf(formats, sizeof(formats), "m=audio 40002 RTP/AVP %s\r\n", row->answered);
        if (row->answered[0] != '\0' && (strstr(answer, formats) == NULL || strstr(answer, row->ours) == NULL)) {
            fail_msg("%s: %s", row->name, answer);
        }
        caller_request(&t, "ACK", "echo", call, cseq++, tag, row->answered[0] != '\0' ? NULL : "", "");
        size_t before = t.packet_count;
        struct net_addr from = caller_rtp;
        from.port = 30000;
        caller_sends(&t, 0, &from, row->answered[0] == '8' ? 8 : 0, (uint16_t)(2 * i + 1), 1);
        from.port = 30002;
        caller_sends(&t, 0, &from, row->answered[0] == '8' ? 8 : 0, (uint16_t)(2 * i + 2), 1);
        if (row->answered[0] != '\0' && (t.packet_count > before) != (strncmp(row->ours, "send", 4) == 0)) {
            fail_msg("%s: %zu packets came back", row->name, t.packet_count - before);
        }
    }
    caller_hangs_up(&t, "echo", call, tag, cseq);
    exchange_close(&t);
}

/* Ours is in the 200, what the ACK answers is in force (RFC 3261 14.2). */
static void test_reinvite_without_offer(void **state)
{
    struct bench t;
    char tag[64];
    struct net_addr moved = caller_rtp;

    (void)state;
    exchange_open(&t);
    moved.port = 33000;
    caller_dials(&t, "echo", "ro", offer, tag);
    caller_request(&t, "INVITE", "echo", "ro", 2, tag, NULL, "");
    const char *ok = sent_last(&t, "SIP/2.0 200 ");
    assert_non_null(strstr(ok, "CSeq: 2 INVITE"));
    assert_non_null(strstr(ok, "m=audio 40002 RTP/AVP 0 8 101"));
    caller_request(&t, "ACK", "echo", "ro", 2, tag, NULL, offer_moved);
    caller_sends(&t, 0, &moved, 0, 1, 1);
    assert_int_equal(t.packet_count, 1);
    assert_true(addr_equal(&t.packet[0].to, &moved));
    caller_hangs_up(&t, "echo", "ro", tag, 3);
    exchange_close(&t);
}

static void test_two_at_once_and_full(void **state)
{
    struct bench t;
    char tags[3][64];
    static const char *const ids[] = {"c1", "c2", "c3"};

    (void)state;
    exchange_open(&t);
    caller_dials(&t, "echo", ids[0], offer, tags[0]);
    caller_dials(&t, "tone", ids[1], offer, tags[1]);
    caller_dials(&t, "tone", ids[2], offer, tags[2]);
    assert_int_equal(loopback_ua_calls(t.x), 3);
    caller_request(&t, "INVITE", "echo", "c4", 1, "", NULL, offer);
    assert_non_null(sent_last(&t, "SIP/2.0 480 "));
    char tag[64];
    caller_request(&t, "ACK", "echo", "c4", 1, sent_tag(sent_last(&t, "SIP/2.0 480 "), tag), "", "");
    caller_sends(&t, 0, &caller_rtp, 0, 1, 4);
    assert_int_equal(t.packet_count, 1);
    exchange_pass(&t, DUR_MS(20));
    assert_int_equal(t.packet_count, 3); /* both tones */
    caller_hangs_up(&t, "tone", ids[1], tags[1], 2);
    exchange_pass(&t, DUR_MS(20));
    assert_int_equal(t.packet_count, 4); /* the other goes on */
    caller_hangs_up(&t, "echo", ids[0], tags[0], 2);
    caller_hangs_up(&t, "tone", ids[2], tags[2], 2);
    exchange_close(&t);
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
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
