/* SPDX-License-Identifier: MIT */
#include "wsaudio/base/host.h"

bool host_is_name(struct span host)
{
    for (size_t i = 0; i < host.len; i++) {
        char c = host.ptr[i];

        if (!char_is_alnum(c) && c != '-' && c != '.' && c != '_') {
            return false;
        }
    }
    return host.len > 0;
}

bool host_is_localhost(struct span host)
{
    const struct span below = SPAN_LIT(".localhost");

    if (host.len > 0 && host.ptr[host.len - 1] == '.') {
        host = span_head(host, host.len - 1);
    }
    return span_ieq(host, span_from(below, 1)) ||
           (host.len > below.len && span_ieq(span_from(host, host.len - below.len), below));
}
