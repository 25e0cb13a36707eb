/* SPDX-License-Identifier: MIT */
/* HTTP response heads. Every answer but the 101 closes its connection, so none needs more than a length. */
#include "wsaudio/http.h"

const char *http_reason(int code)
{
    static const struct {
        int code;
        const char *reason;
    } reasons[] = {
        {101, "Switching Protocols"},
        {200, "OK"},
        {301, "Moved Permanently"},
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {408, "Request Timeout"},
        {413, "Content Too Large"},
        {426, "Upgrade Required"},
        {431, "Request Header Fields Too Large"},
        {500, "Internal Server Error"},
        {503, "Service Unavailable"},
        {505, "HTTP Version Not Supported"},
    };
    for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
        if (reasons[i].code == code) {
            return reasons[i].reason;
        }
    }
    return "Unknown";
}

void http_write_head(struct outbuf *out, int code, const char *content_type, const char *extra, uint64_t body_len)
{
    outbuf_printf(out, "HTTP/1.1 %d %s\r\n", code, http_reason(code));
    if (content_type != NULL) {
        outbuf_printf(out, "Content-Type: %s\r\n", content_type);
    }
    outbuf_str(out, "Content-Length: ");
    outbuf_u64(out, body_len);
    outbuf_str(out, "\r\nConnection: close\r\n");
    if (extra != NULL) {
        outbuf_str(out, extra);
    }
    outbuf_str(out, "\r\n");
}

void http_write_response(struct outbuf *out, int code, const char *content_type, const char *extra, struct span body)
{
    http_write_head(out, code, content_type, extra, body.len);
    outbuf_span(out, body);
}
