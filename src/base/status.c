/* SPDX-License-Identifier: MIT */
#include "wsaudio/base/status.h"

const char *status_name(int status)
{
    switch (status) {
    case ST_OK: return "ok";
    case ST_NO_MEMORY: return "out of memory";
    case ST_FULL: return "full";
    case ST_BAD: return "malformed";
    case ST_NOT_FOUND: return "not found";
    case ST_BUSY: return "busy";
    case ST_TOO_LARGE: return "too large";
    case ST_STATE: return "wrong state";
    case ST_IO: return "I/O error";
    case ST_AGAIN: return "try again";
    case ST_DENIED: return "denied";
    case ST_UNSUPPORTED: return "unsupported";
    default: return "unknown";
    }
}
