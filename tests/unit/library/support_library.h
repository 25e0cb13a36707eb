/* SPDX-License-Identifier: MIT */
/* What the library's tests share. */
#ifndef SUPPORT_LIBRARY_H
#define SUPPORT_LIBRARY_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "sip_client.h"

#endif
