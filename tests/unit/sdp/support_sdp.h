/* SPDX-License-Identifier: MIT */
/* What every test of this folder begins with. */
#ifndef SUPPORT_SDP_H
#define SUPPORT_SDP_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "wsaudio/sdp.h"

#define SESSION "v=0\r\no=- 1 2 IN IP4 192.0.2.1\r\ns=-\r\n"
#define CONN    "c=IN IP4 192.0.2.1\r\n"
#define TIME    "t=0 0\r\n"
#define HEAD    SESSION CONN TIME
#define AUDIO   "m=audio 4000 RTP/AVP 0 8\r\n"

/* Parses flush against a guard page; the input is gone afterwards. */
int sdp_parse_guarded(const char *text, size_t len, struct sdp_session *out, const char **why);
/* The same of a body that must be good. */
struct sdp_session sdp_parsed(const char *text);
void assert_addr(const struct net_addr *addr, const char *text);

#endif
