/* SPDX-License-Identifier: MIT */
/* What every test of this folder begins with. */
#ifndef SUPPORT_AUDIO_H
#define SUPPORT_AUDIO_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "wsaudio/audio.h"

#endif
