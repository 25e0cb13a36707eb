/* SPDX-License-Identifier: MIT */
#include "why.h"

#include <stdarg.h>
#include <stdio.h>

int why_fail(char why[WHY_MAX], int status, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    vsnprintf(why, WHY_MAX, fmt, args);
    va_end(args);
    return status;
}
