/* SPDX-License-Identifier: MIT */
#include "wsaudio/base/log_quota.h"

bool log_quota_take(struct log_quota *quota, const struct log *log, enum log_level level, mono_us now)
{
    static const struct rate_limit LIMIT = {.burst = LOG_QUOTA_BURST, .every = LOG_QUOTA_EVERY_US};

    if (!log_wants(log, level)) {
        return false;
    }
    if (!rate_bucket_take(&quota->bucket, &LIMIT, now)) {
        quota->left_out++;
        return false;
    }
    if (quota->left_out > 0) {
        log_write(log, level, LOG_TEXT(log, LINES_LEFT_OUT), quota->left_out);
        quota->left_out = 0;
    }
    return true;
}
