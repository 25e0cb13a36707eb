/* SPDX-License-Identifier: MIT */
/* Names of uploads, as clients say them and as they stand in the directory. */
#ifndef WSAUDIO_BASE_FILE_NAME_H
#define WSAUDIO_BASE_FILE_NAME_H

#include "wsaudio/base/span.h"

#define FILE_NAME_LEN_MAX 128 /* bytes */

/* 1 to FILE_NAME_LEN_MAX bytes of UTF-8; no '/', '\', ':' or control characters; no '.' in front: such a name is one entry of a
 * directory, never a hidden one, and leads nowhere else. */
bool file_name_ok(struct span name);

#endif
