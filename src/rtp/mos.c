/* SPDX-License-Identifier: MIT */
/* What a listener would say of the line: the E-model with default values but delay and loss. */
#include "wsaudio/rtp.h"

#define R_DEFAULT      93.2  /* ITU-T G.107, all parameters at their defaults */
#define DELAY_KNEE_MS  177.3 /* from here on people begin to interrupt each other */
#define G711_BPL       4.3   /* ITU-T G.113 appendix I: G.711 without packet loss concealment */
#define IMPAIRMENT_MAX 95.0
#define MOS_MAX        4.5

double rtp_mos(double one_way_delay_ms, double loss)
{
    double delay = one_way_delay_ms > 0 ? one_way_delay_ms : 0;
    double percent = 100.0 * (loss < 0 ? 0 : loss > 1 ? 1 : loss);
    double r = R_DEFAULT - 0.024 * delay - IMPAIRMENT_MAX * percent / (percent + G711_BPL);

    if (delay > DELAY_KNEE_MS) {
        r -= 0.11 * (delay - DELAY_KNEE_MS);
    }
    if (r <= 0) {
        return 1.0;
    }
    double mos = 1.0 + 0.035 * r + r * (r - 60.0) * (100.0 - r) * 7e-6;
    return mos < 1.0 ? 1.0 : mos > MOS_MAX ? MOS_MAX : mos;
}
