/* SPDX-License-Identifier: MIT */
/* Log lines that strangers can cause have a rate: a few at once, then one now and then. What was left out is counted, and
 * the next line of that kind is preceded by one that says how many. */
#ifndef WSAUDIO_BASE_LOG_QUOTA_H
#define WSAUDIO_BASE_LOG_QUOTA_H

#include "wsaudio/base/log.h"
#include "wsaudio/base/rate.h"

#define LOG_QUOTA_BURST    5
#define LOG_QUOTA_EVERY_US DUR_S(10)

/* One for each kind of line. Zeroed is a fresh one. */
struct log_quota {
    struct rate_bucket bucket;
    uint32_t left_out;
};

/* Whether a line of that level may be written now; says first what was left out. False also where the log does not want the
 * level, and then nothing is counted. */
bool log_quota_take(struct log_quota *quota, const struct log *log, enum log_level level, mono_us now);

#endif
