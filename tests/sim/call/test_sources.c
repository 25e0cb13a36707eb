/* SPDX-License-Identifier: MIT */
/* Where the far end's audio comes from (SPEC section 3, "Audio"), through the whole gateway. The phone's SDP names a public
 * address unless a scenario says otherwise; SIP comes from 10.0.0.9.
 *
 *  new_port            a NAT gives a new port in mid-call: heard again after 200 ms, our audio follows, reports too
 *  stray_first         one packet of another port first: the SDP's address counts
 *  old_call_first      two packets of the call before on this port: the same
 *  far_end_pauses      another IP sends while the far end is silent, or only listens: dropped, our audio stays
 *  while_it_rings      a stranger's packets before any SDP, and behind a 183 with one: not told, not learnt
 *  early_audio         the SIP peer's IP before any SDP: heard; the SDP's address afterwards
 *  private_address     another IP with the fifth packet; nobody once the private address was heard
 *  new_fork            the newest SDP's address alone, also while the old one's packets still come
 *  learn_off           --rtp-learn off, and any
 *  recvonly            nothing is learnt while the far end is not to send
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "world.h"

#define S5 DUR_S(5)

#define SDP_OF(ip, port, more)                                                                                         \
    "v=0\r\no=- 1 1 IN IP4 10.0.0.9\r\ns=-\r\nc=IN IP4 " ip "\r\nt=0 0\r\nm=audio " port " RTP/AVP 0 101\r\n"          \
    "a=rtpmap:101 telephone-event/8000\r\n" more

static const char public_sdp[] = SDP_OF("203.0.113.7", "30000", "");
static const char listens_sdp[] = SDP_OF("203.0.113.7", "30000", "a=recvonly\r\n");
static const char private_sdp[] = SDP_OF("192.168.1.7", "30000", "");

static const struct net_addr far_end = {.family = 4, .port = 30000, .ip = {203, 0, 113, 7}};
static const struct net_addr new_port = {.family = 4, .port = 41234, .ip = {203, 0, 113, 7}};
static const struct net_addr stranger = {.family = 4, .port = 30000, .ip = {198, 51, 100, 66}};
static const struct net_addr peer_port = {.family = 4, .port = 17000, .ip = {10, 0, 0, 9}};
static const struct net_addr private_far = {.family = 4, .port = 30000, .ip = {192, 168, 1, 7}};

static struct world *call_of(uint64_t seed, const char *sdp, enum rtp_learn learn, size_t *c)
{
    struct gateway_config config = world_config();
    config.calls.rtp_learn = learn;
    struct world *w = world_new(seed, &config);

    *c = world_connect(w);
    w->phone.plan.sdp = sdp;
    world_send(w, *c, "CALL:1");
    return w;
}

static struct world *established(uint64_t seed, const char *sdp, enum rtp_learn learn, size_t *c)
{
    struct world *w = call_of(seed, sdp, learn, c);

    world_wait(w, *c, "CALL_STATE:established", S5);
    return w;
}

static size_t told(const struct world *w)
{
    return w->clients[0].rtp_count;
}

/* `count` packets from there, one each 20 ms; how many of them the client was given. */
static size_t talks(struct world *w, const struct net_addr *from, uint16_t first, uint16_t count)
{
    size_t before = told(w);

    for (uint16_t n = first; n < first + count; n++) {
        world_phone_rtp(w, from, 0, n);
        world_run(w, DUR_MS(20));
    }
    world_run(w, DUR_MS(10));
    return told(w) - before;
}

static void sends_to(const struct world *w, const struct net_addr *to)
{
    char is[ADDR_TEXT_MAX];
    char wanted[ADDR_TEXT_MAX];

    assert_true(w->sent_count > 0);
    assert_string_equal(addr_text(&w->sent[w->sent_count - 1].to, is), addr_text(to, wanted));
}

/* None of what was ever sent went there. */
static void never_sent_to(const struct world *w, const struct net_addr *to)
{
    for (size_t i = 0; i < w->sent_count; i++) {
        assert_false(addr_equal(&w->sent[i].to, to));
    }
}

static void report_leaves(struct world *w)
{
    size_t before = w->rtcp_count;

    for (int i = 0; i < 1000 && w->rtcp_count == before; i++) {
        world_run(w, DUR_MS(10));
    }
    assert_true(w->rtcp_count > before);
}

static void new_port_in_mid_call(void **state)
{
    size_t c;
    struct world *w = established(1, public_sdp, RTP_LEARN_PRIVATE, &c);
    struct net_addr reports = far_end;

    (void)state;
    assert_int_equal(talks(w, &far_end, 0, 50), 50);
    mono_us silent = w->now;
    size_t heard = 0;
    uint16_t n = 50;
    while (heard == 0 && w->now - silent < DUR_S(2)) {
        heard = talks(w, &new_port, n++, 1);
    }
    assert_true(w->now - silent < DUR_MS(300));
    assert_int_equal(talks(w, &new_port, n, 50), 50);
    sends_to(w, &new_port);
    report_leaves(w);
    reports.port = 41235;
    assert_true(addr_equal(&w->rtcp_to, &reports));
    static const uint8_t rr[8] = {0x80, 201, 0, 1, 1, 2, 3, 4};
    reports.port = 50999; /* what its NAT made of its RTCP port */
    world_rtcp_to_gateway(w, w->media_call[0], &reports, rr, sizeof(rr));
    report_leaves(w);
    assert_true(addr_equal(&w->rtcp_to, &reports));
    world_end(w);
}

static void stray_packet_first(void **state)
{
    size_t c;
    struct world *w = established(2, public_sdp, RTP_LEARN_PRIVATE, &c);

    (void)state;
    assert_int_equal(talks(w, &new_port, 900, 1), 0);
    assert_int_equal(talks(w, &far_end, 0, 50), 50);
    assert_int_equal(talks(w, &new_port, 901, 1), 0);
    assert_int_equal(talks(w, &far_end, 50, 50), 50);
    never_sent_to(w, &new_port);
    assert_int_equal(world_logged(w, "source=203.0.113.7:30000"), 1);
    world_end(w);
}

static void stream_of_the_call_before_first(void **state)
{
    size_t c;
    struct world *w = established(3, public_sdp, RTP_LEARN_PRIVATE, &c);

    (void)state;
    talks(w, &new_port, 900, 5); /* taken for a NAT's */
    assert_int_equal(talks(w, &far_end, 0, 50), 50);
    sends_to(w, &far_end);
    for (uint16_t n = 0; n < 50; n++) { /* both at once */
        world_phone_rtp(w, &new_port, 0, (uint16_t)(905 + n));
        assert_int_equal(talks(w, &far_end, (uint16_t)(50 + n), 1), 1);
    }
    sends_to(w, &far_end);
    world_end(w);
}

static void far_end_pauses(void **state)
{
    static const char *const sdps[] = {public_sdp, listens_sdp, private_sdp};

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        size_t c;
        struct world *w = established(4, sdps[i], RTP_LEARN_PRIVATE, &c);
        const struct net_addr *real = i == 2 ? &private_far : &far_end;
        if (i != 1) {
            assert_int_equal(talks(w, real, 0, 10), 10);
        }
        world_run(w, DUR_MS(500));
        assert_int_equal(talks(w, &stranger, 10, 1), 0);
        world_run(w, DUR_S(10));
        assert_int_equal(talks(w, &stranger, 11, 100), 0);
        never_sent_to(w, &stranger);
        sends_to(w, real);
        assert_int_equal(talks(w, real, 10, 10), 10);
        world_end(w);
    }
}

static void stranger_while_it_rings(void **state)
{
    static const int early[] = {-1, 50};

    (void)state;
    for (int learn = RTP_LEARN_OFF; learn < RTP_LEARN_COUNT; learn++) {
        for (size_t i = 0; i < 2; i++) {
            size_t c;
            struct world *w = call_of(5, public_sdp, (enum rtp_learn)learn, &c);
            w->phone.plan.early_ms = early[i];
            w->phone.plan.final_ms = 2000;
            world_wait(w, c, i == 1 ? "CALL_STATE:early" : "CALL_STATE:ringing", S5);
            /* any: a call that has an SDP and no audio is what it warns of */
            if (i == 0 || learn != RTP_LEARN_ANY) {
                assert_int_equal(talks(w, &stranger, 10, 50), 0);
            }
            world_wait(w, c, "CALL_STATE:established", S5);
            assert_int_equal(talks(w, &far_end, 0, 10), 10);
            sends_to(w, &far_end);
            if (learn != RTP_LEARN_ANY) {
                assert_int_equal(talks(w, &stranger, 60, 50), 0);
                never_sent_to(w, &stranger);
            }
            world_end(w);
        }
    }
}

static void early_audio_of_the_sip_peer(void **state)
{
    size_t c;
    struct world *w = call_of(6, public_sdp, RTP_LEARN_PRIVATE, &c);

    (void)state;
    w->phone.plan.final_ms = 2000;
    world_wait(w, c, "CALL_STATE:ringing", S5);
    assert_int_equal(talks(w, &peer_port, 0, 20), 19); /* its first packet might be anybody's */
    assert_int_equal(w->sent_count, 0);
    world_wait(w, c, "CALL_STATE:established", S5);
    world_run(w, DUR_MS(50));
    sends_to(w, &far_end);
    assert_int_equal(talks(w, &far_end, 0, 20), 20);
    sends_to(w, &far_end);
    world_end(w);
}

static void private_address_in_the_sdp(void **state)
{
    size_t c;
    struct world *w = established(7, private_sdp, RTP_LEARN_PRIVATE, &c);

    (void)state;
    assert_int_equal(talks(w, &far_end, 0, 4), 0);
    sends_to(w, &private_far);
    assert_int_equal(talks(w, &far_end, 4, 20), 20);
    sends_to(w, &far_end);
    assert_int_equal(talks(w, &stranger, 0, 100), 0);
    sends_to(w, &far_end);
    assert_int_equal(talks(w, &new_port, 24, 20), 19); /* its NAT has a new port */
    world_end(w);
}

static void second_fork(struct world *w, const char *arg)
{
    (void)arg;
    phone_respond(w, w->phone.invite, 183, "Session Progress", "fork", NULL, SDP_OF("203.0.113.7", "30100", ""));
}

static void newest_fork_alone(void **state)
{
    struct net_addr fork = far_end;
    size_t c;
    struct world *w = call_of(8, public_sdp, RTP_LEARN_PRIVATE, &c);

    (void)state;
    fork.port = 30100;
    w->phone.plan.early_ms = 30;
    w->phone.plan.final_ms = -1;
    world_wait(w, c, "CALL_STATE:early", S5);
    assert_int_equal(talks(w, &far_end, 0, 10), 10);
    second_fork(w, "");
    world_run(w, DUR_MS(10));
    assert_int_equal(talks(w, &far_end, 10, 8), 0); /* on their way when the other came */
    assert_int_equal(talks(w, &fork, 0, 10), 10);
    sends_to(w, &fork);
    assert_int_equal(talks(w, &far_end, 18, 1), 0);
    world_end(w);
}

static void learn_nothing_or_any(void **state)
{
    size_t c;
    struct world *w = established(9, private_sdp, RTP_LEARN_OFF, &c);

    (void)state;
    assert_int_equal(talks(w, &new_port, 0, 20), 0);
    assert_int_equal(talks(w, &peer_port, 0, 20), 0);
    assert_int_equal(talks(w, &private_far, 0, 20), 20);
    world_end(w);
    w = established(9, public_sdp, RTP_LEARN_ANY, &c);
    assert_int_equal(talks(w, &far_end, 0, 10), 10);
    assert_int_equal(talks(w, &stranger, 0, 5), 0);
    assert_true(talks(w, &stranger, 5, 20) > 10);
    sends_to(w, &stranger);
    world_end(w);
}

static void nothing_is_learnt_from_one_that_only_listens(void **state)
{
    size_t c;
    struct world *w = established(10, listens_sdp, RTP_LEARN_ANY, &c);

    (void)state;
    assert_int_equal(talks(w, &new_port, 0, 50), 0);
    assert_int_equal(talks(w, &stranger, 0, 50), 0);
    sends_to(w, &far_end);
    world_end(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(new_port_in_mid_call),
        cmocka_unit_test(stray_packet_first),
        cmocka_unit_test(stream_of_the_call_before_first),
        cmocka_unit_test(far_end_pauses),
        cmocka_unit_test(stranger_while_it_rings),
        cmocka_unit_test(early_audio_of_the_sip_peer),
        cmocka_unit_test(private_address_in_the_sdp),
        cmocka_unit_test(newest_fork_alone),
        cmocka_unit_test(learn_nothing_or_any),
        cmocka_unit_test(nothing_is_learnt_from_one_that_only_listens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
