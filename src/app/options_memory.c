/* SPDX-License-Identifier: MIT */
/* The most memory that a server with these options may need, for --check-config. */
#include "options.h"
#include "wsaudio/client.h"
#include "wsaudio/http.h"
#include "wsaudio/http/server.h"
#include "wsaudio/loopback.h"
#include "wsaudio/store/recordings.h"

/* Code, libraries, libcrypto's tables, loop and receive slots. */
#define PROGRAM_BYTES (8u * 1024 * 1024)
/* A connection of the WebSocket and HTTP port, with the piece of its answer. */
#define PEER_BYTES (HTTP_PIECE + 768u)
/* A recording in the index: its name, size and place in the list. */
#define INDEX_ENTRY_BYTES 160u

uint64_t options_worst_case_memory(const struct options *o)
{
    uint64_t memory = PROGRAM_BYTES + gateway_worst_case_memory(o->max_calls, o->max_clients, o->media_buffer);

    memory += sip_stack_worst_case_memory(SIP_STACK_USAGES(o->max_calls));
    memory += HTTP_CONNS(0) * (uint64_t)sizeof(struct http_request);
    memory += HTTP_CONNS((uint64_t)o->max_clients) * PEER_BYTES;
    if (!o->no_record) {
        memory += (uint64_t)RECORDINGS_INDEX_MAX * INDEX_ENTRY_BYTES;
    }
    if (o->sip_server.name == NULL) {
        memory += loopback_ua_memory(o->max_calls);
    }
    return memory;
}
