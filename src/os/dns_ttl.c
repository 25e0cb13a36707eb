/* SPDX-License-Identifier: MIT */
#include "dns_ttl.h"

#include <stdbool.h>

#define HEADER_LEN 12

static uint32_t number(const uint8_t *at, size_t bytes)
{
    uint32_t value = 0;

    for (size_t i = 0; i < bytes; i++) {
        value = value << 8 | at[i];
    }
    return value;
}

/* Moves behind a name; where a pointer leads does not matter. */
static bool skip_name(const uint8_t *message, size_t len, size_t *at)
{
    while (*at < len) {
        const uint8_t label = message[*at];
        if (label >= 0xc0) {
            *at += 2;
            return *at <= len;
        }
        if (label > 63) {
            return false;
        }
        *at += 1u + label;
        if (label == 0) {
            return true;
        }
    }
    return false;
}

uint32_t os_dns_answer_ttl(const uint8_t *message, size_t len)
{
    if (len < HEADER_LEN) {
        return 0;
    }
    const uint32_t questions = number(message + 4, 2);
    const uint32_t answers = number(message + 6, 2);
    size_t at = HEADER_LEN;
    for (uint32_t i = 0; i < questions; i++) {
        if (!skip_name(message, len, &at) || len - at < 4) {
            return 0;
        }
        at += 4;
    }
    uint32_t least = UINT32_MAX;
    for (uint32_t i = 0; i < answers; i++) {
        if (!skip_name(message, len, &at) || len - at < 10) {
            return 0;
        }
        const uint32_t ttl = number(message + at + 4, 4);
        const size_t data = number(message + at + 8, 2);
        if (len - at - 10 < data) {
            return 0;
        }
        at += 10 + data;
        least = ttl < least ? ttl : least;
        if ((ttl & 0x80000000u) != 0) {
            return 0;
        }
    }
    return answers > 0 ? least : 0;
}
