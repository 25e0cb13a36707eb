/* SPDX-License-Identifier: MIT */
/* What a refusal says: to the one who asked, in full; to the log, in a line. */
#include "access.h"

/* Made safe, of the first header of that name; "" when there is none. */
static const char *header_text(const struct http_request *request, const char *name, char text[TEXT_SAFE_MAX + 1])
{
    const struct span *value = http_header_find(request, name);

    return text_safe(value != NULL ? *value : SPAN_NONE, text);
}

static const char *peer_ip(const struct net_addr *peer, char text[ADDR_TEXT_MAX])
{
    struct net_addr plain = addr_unmapped(*peer);

    return addr_ip_text(&plain, text);
}

/* ---- the body ---- */

static void write_forwarded(struct outbuf *out, const struct http_request *request)
{
    char name[TEXT_SAFE_MAX + 1];
    char value[TEXT_SAFE_MAX + 1];
    const struct http_header *header = access_forwarded(request);

    outbuf_printf(
        out,
        "Protected mode: only this machine gets in, and a proxy on it passes this request on (%s: %s). Start the "
        "server with --ws-token-file FILE (a token that clients send), or with --ws-allow and the proxy's "
        "address (then all get in whom the proxy lets through).\n",
        text_safe(header != NULL ? header->name : SPAN_NONE, name),
        text_safe(header != NULL ? header->value : SPAN_NONE, value));
}

/* The flag can be named only where it takes the value as it came. */
static void write_origin_remedy(struct outbuf *out, const char *origin)
{
    outbuf_printf(
        out,
        " To let it in start the server with --ws-origin %s. A program that is no browser may leave Origin out, "
        "or send a token of --ws-token-file as Authorization: Bearer TOKEN.\n",
        origin);
}

static void write_origin(struct outbuf *out, enum access_fault fault, const struct http_request *request)
{
    char origin[TEXT_SAFE_MAX + 1];
    char host[TEXT_SAFE_MAX + 1];

    header_text(request, "Origin", origin);
    header_text(request, "Host", host);
    switch (fault) {
    case ACCESS_FAULT_PAGE:
        outbuf_printf(
            out,
            "Pages of Host %s are not let in: that is no IP address, not localhost, not this machine's name, and "
            "no host that the server's --ws-origin names. To let them in start the server with --ws-origin "
            "http://%s.\n",
            host, host);
        break;
    case ACCESS_FAULT_MALFORMED:
        outbuf_printf(out, "Origin %s is not let in: one origin of the form scheme://host[:port] is expected.", origin);
        write_origin_remedy(out, "ORIGIN");
        break;
    case ACCESS_FAULT_NAME:
        outbuf_printf(
            out,
            "Origin %s is not let in: it is the host asked for (Host: %s), but by a name that anybody's DNS could "
            "point here, and the server's --ws-origin does not name it.",
            origin, host);
        write_origin_remedy(out, origin);
        break;
    case ACCESS_FAULT_FOREIGN:
    case ACCESS_FAULT_NONE:
        outbuf_printf(
            out,
            "Origin %s is not let in: it is not the host asked for (Host: %s), and the server's --ws-origin does "
            "not name it.",
            origin, host);
        write_origin_remedy(out, origin);
        break;
    }
}

void access_write_body(struct outbuf *out, const struct access_result *result, const struct http_request *request,
                       const struct net_addr *peer)
{
    char ip[ADDR_TEXT_MAX];

    peer_ip(peer, ip);
    switch (result->verdict) {
    case ACCESS_PROTECTED:
        outbuf_printf(out,
                      "Protected mode: only this machine gets in, and this request came from %s. Start the server with "
                      "--ws-allow CIDR (who may connect) or --ws-token-file FILE (a token to send) to let others in.\n",
                      ip);
        break;
    case ACCESS_FORWARDED: write_forwarded(out, request); break;
    case ACCESS_ADDRESS:
        outbuf_printf(out, "This address is not let in: add %s to the server's --ws-allow.\n", ip);
        break;
    case ACCESS_ORIGIN: write_origin(out, result->fault, request); break;
    case ACCESS_TOKEN:
        outbuf_str(out,
                   "A token of the server's --ws-token-file is needed: Authorization: Bearer TOKEN, or ?token=TOKEN "
                   "in the address.\n");
        break;
    case ACCESS_OK:
    case ACCESS_VERDICT_COUNT: break;
    }
}

/* ---- the line ---- */

static void log_forwarded(const struct log *log, enum log_level level, const char *from,
                          const struct http_request *request)
{
    char name[TEXT_SAFE_MAX + 1];
    char value[TEXT_SAFE_MAX + 1];
    const struct http_header *header = access_forwarded(request);

    log_write(log, level, LOG_TEXT(log, ACCESS_FORWARDED), from,
              text_safe(header != NULL ? header->name : SPAN_NONE, name),
              text_safe(header != NULL ? header->value : SPAN_NONE, value));
}

static void log_origin(const struct log *log, const struct access_result *result, const char *from,
                       const struct http_request *request)
{
    char origin[TEXT_SAFE_MAX + 1];
    char host[TEXT_SAFE_MAX + 1];

    header_text(request, "Origin", origin);
    header_text(request, "Host", host);
    if (result->fault == ACCESS_FAULT_PAGE) {
        log_write(log, result->level, LOG_TEXT(log, ACCESS_PAGE), from, host);
    } else if (result->fault == ACCESS_FAULT_NAME) {
        log_write(log, result->level, LOG_TEXT(log, ACCESS_NAME), from, origin);
    } else {
        log_write(log, result->level, LOG_TEXT(log, ACCESS_ORIGIN), from, origin, host);
    }
}

void access_log(struct access *a, const struct log *log, const struct access_result *result,
                const struct http_request *request, const struct net_addr *peer, mono_us now)
{
    char from[ADDR_TEXT_MAX];
    struct net_addr plain = addr_unmapped(*peer);

    if (result->verdict == ACCESS_OK || !log_quota_take(&a->refusals[result->verdict], log, result->level, now)) {
        return;
    }
    addr_text(&plain, from);
    switch (result->verdict) {
    case ACCESS_PROTECTED: log_write(log, result->level, LOG_TEXT(log, ACCESS_PROTECTED), from); break;
    case ACCESS_FORWARDED: log_forwarded(log, result->level, from, request); break;
    case ACCESS_ADDRESS: log_write(log, result->level, LOG_TEXT(log, ACCESS_ADDRESS), from); break;
    case ACCESS_ORIGIN: log_origin(log, result, from, request); break;
    case ACCESS_TOKEN: log_write(log, result->level, LOG_TEXT(log, ACCESS_TOKEN), from); break;
    case ACCESS_OK:
    case ACCESS_VERDICT_COUNT: break;
    }
}
