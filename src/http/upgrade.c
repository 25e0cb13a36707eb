/* SPDX-License-Identifier: MIT */
/* The server's side of the opening handshake (RFC 6455 4.2). Extensions are offered in vain: none is chosen. */
#include "wsaudio/http.h"

#define ACCEPT_GUID "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
#define KEY_LEN     24
#define NONCE_LEN   16

struct refusal {
    int code;
    const char *why;   /* NULL: none */
    const char *extra; /* header lines or NULL */
};

bool http_upgrade_wanted(const struct http_request *r)
{
    return http_header_has_token(r, "Upgrade", "websocket");
}

static bool is_key(struct span key)
{
    uint8_t nonce[KEY_LEN];
    struct base64_stream stream = {0};

    return key.len == KEY_LEN && base64_stream_push(&stream, key, nonce) == NONCE_LEN &&
           base64_stream_end(&stream) == ST_OK;
}

static bool has_body(const struct http_request *r)
{
    const struct span *length = http_header_find(r, "Content-Length");

    return http_header_count(r, "Transfer-Encoding") > 0 || http_header_count(r, "Content-Length") > 1 ||
           (length != NULL && !span_eq(*length, SPAN_LIT("0")));
}

static struct refusal upgrade_refuse(int code, const char *why)
{
    return (struct refusal){code, why, NULL};
}

static struct refusal check_version(const struct http_request *r)
{
    const struct span *version = http_header_find(r, "Sec-WebSocket-Version");

    if (http_header_count(r, "Sec-WebSocket-Version") > 1) {
        return upgrade_refuse(400, "more than one Sec-WebSocket-Version");
    }
    if (version == NULL || !span_eq(*version, SPAN_LIT("13"))) {
        /* RFC 9110 15.5.22: a 426 names what to upgrade to. */
        return (struct refusal){426, "Sec-WebSocket-Version is not 13",
                                "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"};
    }
    return upgrade_refuse(0, NULL);
}

static struct refusal check_request(const struct http_request *r)
{
    if (!span_eq(r->method, SPAN_LIT("GET"))) {
        return (struct refusal){405, "a WebSocket handshake is a GET", "Allow: GET\r\n"};
    }
    if (r->minor_version == 0) {
        return upgrade_refuse(400, "a WebSocket handshake needs HTTP/1.1");
    }
    if (http_header_count(r, "Host") != 1) {
        return upgrade_refuse(400, "exactly one Host header is needed");
    }
    if (!http_header_has_token(r, "Upgrade", "websocket")) {
        return upgrade_refuse(400, "Upgrade does not name websocket");
    }
    if (!http_header_has_token(r, "Connection", "upgrade")) {
        return upgrade_refuse(400, "Connection does not name upgrade");
    }
    if (has_body(r)) {
        return upgrade_refuse(400, "a WebSocket handshake has no body");
    }
    struct refusal version = check_version(r);
    if (version.why != NULL) {
        return version;
    }
    if (http_header_count(r, "Sec-WebSocket-Key") != 1 || !is_key(*http_header_find(r, "Sec-WebSocket-Key"))) {
        return upgrade_refuse(400, "Sec-WebSocket-Key is not one key of 16 bytes in base64");
    }
    return upgrade_refuse(0, NULL);
}

static const char *known_protocol(const char *const *known, struct span offered)
{
    for (; *known != NULL; known++) {
        if (span_eq(offered, span_cstr(*known))) {
            return *known;
        }
    }
    return NULL;
}

/* The first we know in the client's order of preference, over all such headers (RFC 6455 4.2.2, 11.3.4); NULL: none. */
static const char *choose_protocol(const struct http_request *r, const char *const *protocols)
{
    for (size_t i = 0; i < r->header_count; i++) {
        struct span list = r->headers[i].value;
        if (!span_ieq(r->headers[i].name, SPAN_LIT("Sec-WebSocket-Protocol"))) {
            continue;
        }
        while (list.len > 0) {
            const char *known = known_protocol(protocols, span_trim(span_cut(&list, ',')));
            if (known != NULL) {
                return known;
            }
        }
    }
    return NULL;
}

static int accept_value(struct span key, char *out, size_t cap)
{
    uint8_t hash[DIGEST_MAX_LEN];
    const struct span parts[] = {key, SPAN_LIT(ACCEPT_GUID)};
    int status = digest_parts(DIGEST_SHA1, parts, 2, hash);

    return status != ST_OK ? status : base64_encode(hash, digest_len(DIGEST_SHA1), out, cap);
}

static void write_refusal(struct outbuf *out, const struct refusal *refusal)
{
    char text[128];
    struct outbuf body;

    outbuf_init(&body, text, sizeof(text));
    outbuf_printf(&body, "%s\n", refusal->why);
    http_write_response(out, refusal->code, "text/plain; charset=utf-8", refusal->extra, outbuf_view(&body));
}

int http_upgrade_answer(const struct http_request *r, const char *const *protocols, struct outbuf *out,
                        const char **why)
{
    char accept[64];
    struct refusal refusal = check_request(r);

    if (refusal.why == NULL &&
        accept_value(*http_header_find(r, "Sec-WebSocket-Key"), accept, sizeof(accept)) != ST_OK) {
        refusal = upgrade_refuse(500, "SHA-1 is not available");
    }
    *why = refusal.why;
    if (refusal.why != NULL) {
        write_refusal(out, &refusal);
        return ST_BAD;
    }
    const char *protocol = choose_protocol(r, protocols);
    outbuf_printf(out, "HTTP/1.1 101 %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n",
                  http_reason(101), accept);
    if (protocol != NULL) {
        outbuf_printf(out, "Sec-WebSocket-Protocol: %s\r\n", protocol);
    }
    outbuf_str(out, "\r\n");
    return ST_OK;
}
