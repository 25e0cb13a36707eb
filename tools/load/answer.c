/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "answer.h"

#include <arpa/inet.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct copied {
    const char *name, *compact;
};

/* RFC 3261 8.2.6.2: what a response takes from its request. */
static const struct copied copied[] = {
    {"Via", "v"}, {"Record-Route", NULL}, {"From", "f"}, {"To", "t"}, {"Call-ID", "i"}, {"CSeq", NULL},
};

/* The value of a header behind `text`, or NULL; *len is without the line's end. */
static const char *header_find(const char *text, const struct copied *wanted, size_t *len)
{
    for (const char *line = strstr(text, "\r\n"); line != NULL && line[2] != '\r'; line = strstr(line + 2, "\r\n")) {
        const char *name = line + 2;
        size_t name_len = strcspn(name, ": \r\n");
        const char *names[] = {wanted->name, wanted->compact};

        for (size_t i = 0; i < 2; i++) {
            if (names[i] != NULL && strlen(names[i]) == name_len && strncasecmp(name, names[i], name_len) == 0) {
                name += name_len + strspn(name + name_len, ": ");
                *len = strcspn(name, "\r\n");
                return name;
            }
        }
    }
    return NULL;
}

enum request request_parse(const char *text, char call_id[CALL_ID_CAP])
{
    static const struct copied wanted = {"Call-ID", "i"};
    size_t len = 0;
    const char *value = header_find(text, &wanted, &len);

    if (value == NULL || strncmp(text, "SIP/2.0", 7) == 0) {
        return REQUEST_NONE;
    }
    snprintf(call_id, CALL_ID_CAP, "%.*s", (int)len, value);
    if (strncmp(text, "INVITE ", 7) == 0) {
        return REQUEST_INVITE;
    }
    if (strncmp(text, "ACK ", 4) == 0) {
        return REQUEST_ACK;
    }
    return strncmp(text, "BYE ", 4) == 0 ? REQUEST_BYE : REQUEST_OTHER;
}

bool offer_parse(const char *text, struct sockaddr_in *media)
{
    const char *address = strstr(text, "\nc=IN IP4 "), *audio = strstr(text, "\nm=audio ");
    char ip[64];
    int port;

    if (address == NULL || audio == NULL || sscanf(address + 10, "%63[0-9.]", ip) != 1 || strncmp(ip, "127.", 4) != 0 ||
        sscanf(audio + 9, "%d", &port) != 1 || port <= 0 || port > UINT16_MAX) {
        return false;
    }
    *media = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    return inet_pton(AF_INET, ip, &media->sin_addr) == 1;
}

__attribute__((format(printf, 3, 4))) static void append(char out[MESSAGE_CAP], size_t *len, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    int more = *len < MESSAGE_CAP ? vsnprintf(out + *len, MESSAGE_CAP - *len, format, arguments) : 0;
    va_end(arguments);
    *len += (size_t)more;
}

static void headers_copy(char out[MESSAGE_CAP], size_t *len, const char *request)
{
    for (size_t i = 0; i < sizeof(copied) / sizeof(copied[0]); i++) {
        size_t value_len = 0;
        const char *at = request;

        while ((at = header_find(at, &copied[i], &value_len)) != NULL) {
            append(out, len, "%s: %.*s", copied[i].name, (int)value_len, at);
            if (strcmp(copied[i].name, "To") == 0 && memmem(at, value_len, ";tag=", 5) == NULL) {
                append(out, len, ";tag=telephone");
            }
            append(out, len, "\r\n");
            at += value_len;
        }
    }
}

size_t answer_write(char out[MESSAGE_CAP], const char *request, const char *status, const struct sockaddr_in *own,
                    int rtp_port)
{
    char ip[INET_ADDRSTRLEN], sdp[256] = "";
    size_t len = 0;

    inet_ntop(AF_INET, &own->sin_addr, ip, sizeof(ip));
    if (rtp_port != 0) {
        snprintf(sdp, sizeof(sdp),
                 "v=0\r\no=- 1 1 IN IP4 %s\r\ns=-\r\nc=IN IP4 %s\r\nt=0 0\r\nm=audio %d RTP/AVP 0\r\n"
                 "a=rtpmap:0 PCMU/8000\r\na=ptime:20\r\n",
                 ip, ip, rtp_port);
    }
    append(out, &len, "SIP/2.0 %s\r\n", status);
    headers_copy(out, &len, request);
    append(out, &len, "Contact: <sip:telephone@%s:%d>\r\n%sContent-Length: %zu\r\n\r\n%s", ip, ntohs(own->sin_port),
           rtp_port != 0 ? "Content-Type: application/sdp\r\n" : "", strlen(sdp), sdp);
    return len < MESSAGE_CAP ? len : 0;
}
