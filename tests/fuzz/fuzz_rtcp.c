/* SPDX-License-Identifier: MIT */
/* RTCP: whatever comes, the figures stay in their ranges, and nothing is taken from a packet that is refused. The first
 * eight bytes set our SSRC and the time. */
#include "support_fuzz.h"
#include "wsaudio/rtp.h"

static void check_state(const struct rtcp_state *s)
{
    FUZZ_CHECK(!s->have_remote_loss || (s->remote_fraction_lost >= 0 && s->remote_fraction_lost <= 1));
    FUZZ_CHECK(s->remote_jitter_ms >= 0);
    FUZZ_CHECK(!s->have_rtt || (s->rtt >= 0 && s->rtt < DUR_S(3600)));
}

static void check_answer(const struct rtcp_state *state, uint32_t our_ssrc, mono_us now, int64_t wall)
{
    const struct rtp_tx tx = {.ssrc = our_ssrc, .packets = our_ssrc % 3, .octets = 160};
    struct rtp_rx rx;
    struct rtcp_state theirs = {0};
    struct rtp_packet p = {.ssrc = our_ssrc + 1, .sequence = 7};
    uint8_t bytes[256];
    struct outbuf out;

    rtp_rx_init(&rx);
    FUZZ_CHECK(rtp_rx_push(&rx, now, &p, 8000) == RTP_RX_RESTART);
    outbuf_init(&out, bytes, sizeof(bytes));
    bool bye = our_ssrc % 2 == 0;
    FUZZ_CHECK(rtcp_write_report(&tx, &rx, state, now, wall, 1, SPAN_LIT("cname"), bye, &out) == ST_OK);
    FUZZ_CHECK(out.len % 4 == 0);
    FUZZ_CHECK(rtcp_input(&theirs, outbuf_view(&out), our_ssrc + 1, now, wall, 8000) == ST_OK);
    FUZZ_CHECK(theirs.heard && theirs.have_remote_loss);
    check_state(&theirs);
}

/* RFC 3550 A.2, written a second time: versions, the first one's type, lengths that come out even. */
static bool looks_valid(struct span datagram)
{
    const uint8_t *p = (const uint8_t *)datagram.ptr;
    size_t left = datagram.len;

    if (left < 8 || (p[1] != 200 && p[1] != 201)) {
        return false;
    }
    while (left > 0) {
        size_t len = left < 4 ? 0 : 4 * ((size_t)p[2] * 256 + p[3] + 1);
        if (len == 0 || len > left || p[0] >> 6 != 2) {
            return false;
        }
        p += len;
        left -= len;
    }
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_in in = {data, size};
    uint32_t our_ssrc = fuzz_u32(&in);
    mono_us now = DUR_MS(fuzz_u32(&in));
    int64_t wall = INT64_C(1700000000000000) + now;
    struct rtcp_state state = {0};

    while (in.len > 0) {
        const struct rtcp_state before = state;
        struct span datagram = fuzz_take(&in, fuzz_u8(&in) * 4u);
        int status = rtcp_input(&state, datagram, our_ssrc, now, wall, 8000);
        FUZZ_CHECK(status == ST_OK ? looks_valid(datagram) : status == ST_BAD);
        FUZZ_CHECK(status == ST_OK || memcmp(&before, &state, sizeof(state)) == 0);
        check_state(&state);
        now += DUR_MS(500);
        wall += DUR_MS(500);
    }
    check_answer(&state, our_ssrc, now, wall);
    return 0;
}
