/* SPDX-License-Identifier: MIT */
/* What every test of this folder begins with. */
#ifndef SUPPORT_RTP_H
#define SUPPORT_RTP_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "wsaudio/rtp.h"

/* 8000 Hz. */
extern const struct rtp_clock g711;
/* A packet that only counts: `seq` and a timestamp of 160 a packet. */
struct rtp_packet packet_numbered(uint32_t ssrc, uint16_t seq);
/* Doubles within 1e-6. */
void assert_near(double a, double b);

#endif
