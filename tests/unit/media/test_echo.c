/* SPDX-License-Identifier: MIT */
/* The queue of the echo test: what comes goes back in order, in pieces of any size, the oldest is dropped when it is full. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "echo.h"

static struct span bytes(uint8_t *out, size_t len, unsigned first)
{
    for (size_t i = 0; i < len; i++) {
        out[i] = (uint8_t)(first + i);
    }
    return span_make(out, len);
}

static void in_order(void **state)
{
    struct echo e = {.on = true};
    uint8_t in[400], out[400];
    unsigned pushed = 0, taken = 0;

    (void)state;
    assert_false(echo_take(&e, out, 1));
    for (size_t round = 0; round < 200; round++) { /* around the ring many times */
        size_t len = 1 + round * 37 % 240;
        echo_push(&e, bytes(in, len, pushed));
        pushed += (unsigned)len;
        while (echo_take(&e, out, 160)) {
            for (size_t i = 0; i < 160; i++) {
                assert_int_equal(out[i], (uint8_t)(taken + i));
            }
            taken += 160;
        }
        assert_true(e.held < 160 && pushed - taken == e.held);
    }
}

static void drops_the_oldest(void **state)
{
    struct echo e = {.on = true};
    uint8_t in[160], out[160];

    (void)state;
    for (unsigned i = 0; i < 15; i++) {
        memset(in, (int)i, sizeof(in));
        echo_push(&e, span_make(in, sizeof(in)));
    }
    assert_int_equal(e.held, ECHO_SAMPLES);
    for (unsigned i = 5; i < 15; i++) {
        assert_true(echo_take(&e, out, sizeof(out)));
        assert_int_equal(out[0], i);
        assert_int_equal(out[159], i);
    }
    assert_false(echo_take(&e, out, 1));
}

static void which_packets(void **state)
{
    const struct sdp_negotiated negotiated = {.payload_type = 8, .telephone_event_pt = 101};
    struct rtp_packet packet = {.payload_type = 8};

    (void)state;
    assert_true(echo_wants(&negotiated, &packet, RTP_RX_NEW));
    assert_false(echo_wants(&negotiated, &packet, RTP_RX_DUPLICATE));
    packet.payload_type = 101;
    assert_false(echo_wants(&negotiated, &packet, RTP_RX_NEW));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(in_order),
        cmocka_unit_test(drops_the_oldest),
        cmocka_unit_test(which_packets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
