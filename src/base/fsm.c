/* SPDX-License-Identifier: MIT */
#include "wsaudio/base/fsm.h"

#include <stddef.h>

const char *fsm_name(const char *const *names, int count, int number)
{
    return number >= 0 && number < count && names[number] != NULL ? names[number] : "?";
}

const char *fsm_bit_name(const char *const *names, int count, uint32_t bit)
{
    for (int i = 0; i < count && i < 32; i++) {
        if (bit == (uint32_t)1 << i) {
            return fsm_name(names, count, i);
        }
    }
    return "?";
}
