/* SPDX-License-Identifier: MIT */
/* SIP messages that the program sends by its own hand through sip_client.h, one at a time, without a transaction. */
#include <stdio.h>

#include "process.h"

#define MESSAGE_MAX 4096

/* What may stand in a header without changing it: no blanks, no control characters, no brackets. */
static bool is_word(const char *text)
{
    size_t len = text != NULL ? strlen(text) : 0;

    for (size_t i = 0; i < len; i++) {
        if ((unsigned char)text[i] <= ' ' || text[i] == 0x7f || strchr("<>\",;", text[i]) != NULL) {
            return false;
        }
    }
    return len > 0;
}

static int parse_cseq(const char *text, uint32_t further, uint32_t *out)
{
    struct span s = span_trim(span_cstr(text));
    size_t len = 0;

    while (len < s.len && char_is_digit(s.ptr[len])) {
        len++;
    }
    int status = span_parse_u32(span_head(s, len), 0x7ffffffeU, out);
    *out += status == ST_OK ? further : 0;
    return status;
}

/* Where the far end can reach that socket. */
static int find_local(int fd, const struct net_addr *server, struct net_addr *out)
{
    struct net_addr route;
    int status = os_udp_local(fd, out);

    if (status == ST_OK && addr_is_any(out)) {
        status = os_route_local(server, &route);
        route.port = out->port;
        *out = route;
    }
    return status;
}

struct parts {
    const char *call_id, *tag, *to_tag, *branch;
    uint32_t cseq;
};

static void write_message(struct outbuf *out, const char *method, const struct settings *s,
                          const struct net_addr *server, const struct net_addr *local, const struct parts *parts)
{
    char host[ADDR_TEXT_MAX];
    char via[ADDR_TEXT_MAX];

    (void)addr_host_text(server, host);
    outbuf_printf(out, "%s sip:%s@%s:%u SIP/2.0\r\n", method, s->callee, host, server->port);
    outbuf_printf(out, "Via: SIP/2.0/UDP %s;branch=%s;rport\r\nMax-Forwards: 70\r\n", addr_text(local, via),
                  parts->branch);
    outbuf_printf(out, "From: <sip:%s@%s>;tag=%s\r\n", s->caller, host, parts->tag);
    outbuf_printf(out, "To: <sip:%s@%s>%s%s\r\n", s->callee, host, is_word(parts->to_tag) ? ";tag=" : "",
                  is_word(parts->to_tag) ? parts->to_tag : "");
    outbuf_printf(out, "Call-ID: %s\r\nCSeq: %u %s\r\n", parts->call_id, parts->cseq, method);
    outbuf_str(out, "User-Agent: libsip_client/" WSAUDIO_VERSION "\r\nContent-Length: 0\r\n\r\n");
}

static const char *send_parts(const char *method, int fd, const struct net_addr *server, const struct parts *parts)
{
    const char *wrong = NULL;
    struct settings settings;
    struct net_addr local;
    char text[MESSAGE_MAX];
    struct outbuf out;

    outbuf_init(&out, text, sizeof(text));
    if (settings_get(&settings, &wrong) != ST_OK || !is_word(settings.callee) || !is_word(settings.caller)) {
        return "a setting is wrong";
    }
    if (find_local(fd, server, &local) != ST_OK) {
        return os_error_text();
    }
    write_message(&out, method, &settings, server, &local, parts);
    if (outbuf_status(&out) != ST_OK) {
        return "too long";
    }
    return os_udp_send(fd, server, text, out.len) == ST_OK ? NULL : os_error_text();
}

void message_send(const char *method, uint32_t further, int fd, const struct sockaddr_in *server, const char *call_id,
                  const char *tag, const char *branch, const char *to_tag, const char *cseq)
{
    struct log *log = process_log();
    struct parts parts = {.call_id = call_id, .tag = tag, .to_tag = to_tag, .branch = branch};
    char made[40] = "z9hG4bK";
    const char *why = NULL;

    if (!is_word(branch)) {
        get_tag(made + strlen(made), 25);
        parts.branch = made;
    }
    if (!is_word(call_id) || !is_word(tag) || (to_tag != NULL && to_tag[0] != '\0' && !is_word(to_tag)) ||
        parse_cseq(cseq, further, &parts.cseq) != ST_OK) {
        why = "Call-ID, tags or CSeq cannot stand in a message";
    } else if (server == NULL || server->sin_family != AF_INET || server->sin_port == 0) {
        why = "no server address";
    } else {
        struct net_addr to = from_sockaddr(server);
        why = send_parts(method, fd, &to, &parts);
    }
    if (why != NULL) {
        log_write(log, LOG_ERROR, LOG_TEXT(log, LIB_NOT_SENT), method, why);
    }
}
