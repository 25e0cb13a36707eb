#include "options.h"
#include "wsaudio/call.h"

/* Beside what the bridge itself counts; upper bounds. */
#define PROGRAM_BYTES   (8u * 1024 * 1024) /* code, libraries, libcrypto's tables, loop, receive slots */
#define HANDSHAKE_BYTES (4u * 1024)        /* of a connection in front of the bridge, its request head not counted */
#define CALL_FILE_BYTES (4u * 1024)        /* recording, upload and port pair of one call */
#define EXCHANGE_BYTES  (64u * 1024)       /* one call seen from the loopback exchange, its SIP side included */

uint64_t options_worst_case_memory(const struct options *o)
{
    uint64_t client = sizeof(struct http_request) + HANDSHAKE_BYTES;
    uint64_t call = CALL_FILE_BYTES;
    if (o->sip_server.name == NULL) {
        call += EXCHANGE_BYTES;
    }
    return PROGRAM_BYTES + bridge_worst_case_memory(o->max_calls, o->max_clients) + o->max_clients * client +
           o->max_calls * call;
}
