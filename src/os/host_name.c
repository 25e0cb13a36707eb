/* SPDX-License-Identifier: MIT */
/* This machine's name, for what names it to people. */
#include <errno.h>
#include <unistd.h>

#include "os_priv.h"

int os_host_name(char out[OS_NAME_MAX + 1])
{
    if (gethostname(out, OS_NAME_MAX + 1) != 0) {
        out[0] = '\0';
        return os_fail(errno);
    }
    out[OS_NAME_MAX] = '\0'; /* POSIX leaves open whether a name that was cut short is ended */
    return ST_OK;
}
