/* SPDX-License-Identifier: MIT */
/* When nothing is received: what counts as silence, and what the end and the log say of packets that were dropped.
 *
 *  payload_type     RTP of a type that was not agreed: one line, and the call's end names it
 *  strangers        the same for another source, and for what is no RTP
 *  cleared          what was dropped before the far end was heard is not the reason
 *  refused          a re-INVITE that is refused stops the clock, one that is accepted starts it anew (test_offers.c: a hold)
 *  lines            a flood of such calls does not fill the log
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "world.h"

#define S5 DUR_S(5)

static const struct net_addr phone_rtp_addr = {.family = 4, .port = 30000, .ip = {10, 0, 0, 9}};
static const struct net_addr stranger = {.family = 4, .port = 4000, .ip = {198, 51, 100, 66}};

/* No offer that we could take, whatever it is for. */
static const char other_codec_sdp[] = "v=0\r\no=phone 1 2 IN IP4 10.0.0.9\r\ns=-\r\nc=IN IP4 10.0.0.9\r\nt=0 0\r\n"
                                      "m=audio 30000 RTP/AVP 18\r\na=sendonly\r\n";

static struct world *established(uint64_t seed, size_t *c)
{
    struct world *w = world_new(seed, NULL);

    *c = world_connect(w);
    world_send(w, *c, "CALL:1");
    world_wait(w, *c, "CALL_STATE:established", S5);
    return w;
}

static void talks(struct world *w, const struct net_addr *from, uint8_t type, uint16_t first, uint16_t count)
{
    for (uint16_t n = first; n < first + count; n++) {
        world_phone_rtp(w, from, type, n);
        world_run(w, DUR_MS(20));
    }
}

static void payload_type_not_negotiated(void **state)
{
    size_t c;
    struct world *w = established(1, &c);

    (void)state;
    talks(w, &phone_rtp_addr, 96, 0, 200);
    assert_int_equal(world_logged(w, "Call 1: RTP of payload type 96 from 10.0.0.9:30000 dropped: it was not agreed"),
                     1);
    const char *end = world_wait(w, c, "CALL_STATE:ended", DUR_S(40));
    assert_string_equal(end, "CALL_STATE:ended:0:no media received for 30 s (packets of payload type 96 from "
                             "10.0.0.9:30000 were dropped)");
    assert_int_equal(world_logged(w, "no media received for 30 s (packets of payload type 96"), 1);
    world_end(w);
}

static void strangers_and_no_rtp(void **state)
{
    static const uint8_t stun[28] = {0, 1, 0, 8, 0x21, 0x12, 0xA4, 0x42};
    size_t c;
    struct world *w = established(2, &c);

    (void)state;
    talks(w, &stranger, 0, 0, 3);
    assert_int_equal(world_logged(w, "198.51.100.66"), 0); /* a stray or two are not worth a line */
    world_rtp_to_gateway(w, w->media_call[0], &phone_rtp_addr, stun, sizeof(stun));
    world_run(w, DUR_MS(20));
    assert_int_equal(world_logged(w, "Call 1: packets of 10.0.0.9:30000 dropped: they are no RTP"), 1);
    talks(w, &phone_rtp_addr, 0, 0, 1); /* heard: a stranger is nobody's any more */
    talks(w, &stranger, 0, 3, 100);
    assert_int_equal(world_logged(w, "Call 1: RTP from 198.51.100.66:4000 dropped"), 1);
    const char *end = world_wait(w, c, "CALL_STATE:ended", DUR_S(40));
    assert_string_equal(end,
                        "CALL_STATE:ended:0:no media received for 30 s (packets from 198.51.100.66:4000 were dropped)");
    world_end(w);
    w = established(2, &c);
    for (int i = 0; i < 5; i++) {
        world_rtp_to_gateway(w, w->media_call[0], &phone_rtp_addr, stun, sizeof(stun));
        world_run(w, DUR_MS(20));
    }
    end = world_wait(w, c, "CALL_STATE:ended", DUR_S(40));
    assert_string_equal(
        end, "CALL_STATE:ended:0:no media received for 30 s (packets, no RTP, from 10.0.0.9:30000 were dropped)");
    world_end(w);
}

static void what_came_before_is_no_reason(void **state)
{
    size_t c;
    struct world *w = established(3, &c);

    (void)state;
    talks(w, &phone_rtp_addr, 96, 0, 50);
    talks(w, &phone_rtp_addr, 0, 50, 1);
    const char *end = world_wait(w, c, "CALL_STATE:ended", DUR_S(40));
    assert_string_equal(end, "CALL_STATE:ended:0:no media received for 30 s");
    world_end(w);
}

static void refused_offer_stops_the_clock(void **state)
{
    size_t c;
    struct world *w = established(4, &c);

    (void)state;
    talks(w, &phone_rtp_addr, 0, 0, 5);
    phone_request(w, "INVITE", NULL, other_codec_sdp);
    world_run(w, DUR_S(1));
    assert_true(world_messages(w, true, "SIP/2.0 488") >= 1);
    phone_request(w, "ACK", NULL, NULL);
    world_run(w, DUR_S(300)); /* the far end is silent all the same */
    assert_int_equal(world_count(w, c, "CALL_STATE:ended"), 0);
    phone_request(w, "INVITE", NULL, phone_sdp); /* it comes back: from now on silence counts, from its beginning */
    world_run(w, DUR_S(29));
    assert_int_equal(world_count(w, c, "CALL_STATE:ended"), 0);
    world_wait(w, c, "CALL_STATE:ended:0:no media received for 30 s", DUR_S(2));
    world_end(w);
}

static void few_lines(void **state)
{
    size_t c;
    struct world *w = world_new(5, NULL);

    (void)state;
    c = world_connect(w);
    for (int call = 0; call < 30; call++) {
        size_t before = world_count(w, c, "CALL_STATE:established");
        world_send(w, c, "CALL:1");
        world_run(w, DUR_MS(300));
        assert_int_equal(world_count(w, c, "CALL_STATE:established"), before + 1);
        talks(w, &phone_rtp_addr, 96, 0, 3);
        world_send(w, c, "HANGUP");
        world_run(w, DUR_MS(300));
    }
    assert_true(world_logged(w, "RTP of payload type 96") <= 8);
    assert_true(world_logged(w, "lines like the next one were left out") >= 1);
    world_end(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(payload_type_not_negotiated),
        cmocka_unit_test(strangers_and_no_rtp),
        cmocka_unit_test(what_came_before_is_no_reason),
        cmocka_unit_test(refused_offer_stops_the_clock),
        cmocka_unit_test(few_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
