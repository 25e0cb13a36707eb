/* SPDX-License-Identifier: MIT */
/* The name under which programs of old include it. */
#include "../sip_client.h"
