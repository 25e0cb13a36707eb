/* SPDX-License-Identifier: MIT */
#include "dialects.h"

#include "wsaudio/dialect_text.h"

/* For those who try out a connection or a proxy (--ws-echo), with any client. */
static const struct dialect dialect_echo = {
    .name = "echo", .path = "/echo", .subprotocols = dialect_text_subprotocols, .echo = true};

static const struct dialect *const dialects[DIALECTS] = {
    [DIALECT_TEXT] = &dialect_text, [DIALECT_ECHO] = &dialect_echo};

const struct dialect *server_dialect(uint32_t index)
{
    return dialects[index];
}
