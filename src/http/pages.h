/* SPDX-License-Identifier: MIT */
/* What a browser or curl reads on the WebSocket port: the front page, the list of recordings, texts of refusals. */
#ifndef WSAUDIO_HTTP_PAGES_H
#define WSAUDIO_HTTP_PAGES_H

#include "wsaudio/base.h"

#define PAGE_HTML "text/html; charset=utf-8"
#define PAGE_TEXT "text/plain; charset=utf-8"
/* Goes with each HTML page: no script, no foreign content, no frame around it; a WebSocket from the browser's console works. */
#define PAGE_HTML_HEADERS                                                                                              \
    "Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'; connect-src 'self' ws: wss:; "            \
    "frame-ancestors 'none'\r\n"                                                                                       \
    "X-Content-Type-Options: nosniff\r\nCache-Control: no-store\r\n"

#define PAGE_ROW_MAX 4096 /* bytes of one row of the list at most */

/* What this is, how to connect, where to look: the body of GET /. commands: as one types them, NULL ends them. Needs about 2 KiB of
 * room beside them. */
void page_front(struct outbuf *out, const char *version, bool loopback, const char *const *commands);
/* The list of recordings in pieces, for a body that grows: head, one row a file, foot. Names are escaped. */
void page_recordings_head(struct outbuf *out);
void page_recordings_row(struct outbuf *out, struct span name, uint64_t size);
void page_recordings_foot(struct outbuf *out, uint64_t count);
/* One line of text for a status this server answers with (404, 405, 503, ...). */
struct span page_error_body(int code);

/* Text for HTML, bytes outside the URL's unreserved set as %XX. */
void page_escape_html(struct outbuf *out, struct span text);
void page_escape_url(struct outbuf *out, struct span text);

#endif
