/* SPDX-License-Identifier: MIT */
/* Room ws, private: the close codes that wslay does not know. */
#ifndef WSAUDIO_WS_CLOSE_H
#define WSAUDIO_WS_CLOSE_H

#include "frame.h"

#define CLOSE_REASON_CAP (FRAME_CONTROL_MAX - 2 + 1)

/* The code of a whole, masked close frame where it is one that was registered with IANA after RFC 6455 (1012, 1013, 1014;
 * RFC 6455 7.4.2) and the frame is right in every other way; its reason with NUL then. 0 for any other frame: wslay judges
 * that one. */
uint16_t close_code_newer(struct span frame, const struct frame_header *header, char reason[CLOSE_REASON_CAP]);

#endif
