/* SPDX-License-Identifier: MIT */
/* Room base, level 0: what every other room may use. No I/O, no clock. */
#ifndef WSAUDIO_BASE_H
#define WSAUDIO_BASE_H

#include "wsaudio/base/addr.h"
#include "wsaudio/base/base64.h"
#include "wsaudio/base/digest.h"
#include "wsaudio/base/dump.h"
#include "wsaudio/base/file_name.h"
#include "wsaudio/base/fsm.h"
#include "wsaudio/base/hash.h"
#include "wsaudio/base/host.h"
#include "wsaudio/base/list.h"
#include "wsaudio/base/log.h"
#include "wsaudio/base/log_quota.h"
#include "wsaudio/base/log_words.h"
#include "wsaudio/base/outbuf.h"
#include "wsaudio/base/pool.h"
#include "wsaudio/base/rate.h"
#include "wsaudio/base/rng.h"
#include "wsaudio/base/span.h"
#include "wsaudio/base/status.h"
#include "wsaudio/base/text.h"
#include "wsaudio/base/timerq.h"
#include "wsaudio/base/utf8.h"

#endif
