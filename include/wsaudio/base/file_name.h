/* SPDX-License-Identifier: MIT */
/* The names that files of clients may have (SPEC section 3 "File names"). Whoever takes a name from outside asks here; the
 * store asks once more, as the last gate before the disk. */
#ifndef WSAUDIO_BASE_FILE_NAME_H
#define WSAUDIO_BASE_FILE_NAME_H

#include "wsaudio/base/span.h"

#define FILE_NAME_LEN_MAX 128 /* bytes */

/* UTF-8 of 1 to FILE_NAME_LEN_MAX bytes without control characters, '/', '\\' and ':', and no '.' in front: such a name cannot
 * lead out of its directory, is not hidden there, and is one word between the colons of a command. */
bool file_name_is_ok(struct span name);

#endif
