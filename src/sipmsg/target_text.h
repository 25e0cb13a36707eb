/* SPDX-License-Identifier: MIT */
/* Room sip, private: what people and clipboards write as a target. */
#ifndef WSAUDIO_SIPMSG_TARGET_TEXT_H
#define WSAUDIO_SIPMSG_TARGET_TEXT_H

#include "wsaudio/base.h"

#define SIP_TARGET_TEXT_MAX 1024

/* The target as it is meant: see sip_target_parse. In buf; a longer one comes back as it was, and is too long for every
 * place where it could go. */
struct span sip_target_text(struct span target, char buf[SIP_TARGET_TEXT_MAX]);
/* A number of four digits or more, then x, ext, extension, p, w, a comma or a semicolon, then digits. */
bool sip_target_has_extension(struct span text);

#endif
