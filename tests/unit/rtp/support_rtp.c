/* SPDX-License-Identifier: MIT */
#include "support_rtp.h"

const struct rtp_clock g711 = {8000, 160};

struct rtp_packet packet_numbered(uint32_t ssrc, uint16_t seq)
{
    return (struct rtp_packet){.ssrc = ssrc, .sequence = seq, .timestamp = (uint32_t)seq * 160};
}

void assert_near(double a, double b)
{
    double gap = a > b ? a - b : b - a;
    if (gap > 1e-6) {
        print_error("%.9f is not %.9f\n", a, b);
        fail();
    }
}
