/* SPDX-License-Identifier: MIT */
#include "pages.h"

#define STYLE                                                                                                          \
    "<style>body{font:16px/1.5 sans-serif;max-width:46em;margin:2em auto;padding:0 1em}"                               \
    "code,pre{background:#eee;padding:.1em .3em}td,th{text-align:left;padding:.1em 1em .1em 0}</style>"

void page_escape_html(struct outbuf *out, struct span text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        switch (c) {
        case '<': outbuf_str(out, "&lt;"); break;
        case '>': outbuf_str(out, "&gt;"); break;
        case '&': outbuf_str(out, "&amp;"); break;
        case '"': outbuf_str(out, "&quot;"); break;
        case '\'': outbuf_str(out, "&#39;"); break;
        default: outbuf_char(out, c); break;
        }
    }
}

void page_escape_url(struct outbuf *out, struct span text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (char_is_alnum(c) || c == '-' || c == '.' || c == '_' || c == '~') {
            outbuf_char(out, c);
        } else {
            outbuf_char(out, '%');
            outbuf_hex(out, &c, 1);
        }
    }
}

static void write_commands(struct outbuf *out, const char *const *commands)
{
    for (size_t i = 0; commands[i] != NULL; i++) {
        outbuf_str(out, i > 0 ? ", <code>" : "<code>");
        page_escape_html(out, span_cstr(commands[i]));
        outbuf_str(out, "</code>");
    }
}

void page_front(struct outbuf *out, const char *version, bool loopback, const char *const *commands)
{
    outbuf_str(out, "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>ws_audio_server</title>" STYLE
                    "<h1>ws_audio_server ");
    outbuf_str(out, version);
    outbuf_str(
        out,
        "</h1><p>Joins WebSocket clients to the telephone network: dial, play WAV files, listen, hang up. It speaks "
        "SIP and RTP (G.711) on the other side.</p>");
    if (loopback) {
        outbuf_str(out,
                   "<p><strong>No SIP server is set</strong>: calls are answered by the built-in loopback exchange. "
                   "Try <code>CALL:echo</code>, <code>CALL:tone</code> or <code>CALL:busy</code>.</p>");
    }
    outbuf_str(out, "<h2>Connect</h2><p>Open a WebSocket to this address and send one command a text message:</p>"
                    "<pre>python3 -m websockets ws://HOST:PORT/\nCALL:echo\nHANGUP</pre>"
                    "<p>Commands: ");
    write_commands(out, commands);
    outbuf_str(
        out, ".</p><h2>Look</h2><ul><li><a href=\"/recordings/\">/recordings/</a>: recorded calls</li>"
             "<li><a href=\"/healthz\">/healthz</a>: is the server well</li></ul>"
             "<p>Manual: <code>man ws_audio_server</code>; the message protocol is in docs/protocol.md, the inside in "
             "docs/architecture.md of the source.</p></html>\n");
}

void page_recordings_head(struct outbuf *out)
{
    outbuf_str(out, "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Recordings</title>" STYLE
                    "<h1>Recordings</h1><table><tr><th>File</th><th>Bytes</th><th>Time (UTC)</th></tr>\n");
}

/* A recording's name begins with its time, YYYYMMDDTHHMMSSZ. */
static void write_time_of_name(struct outbuf *out, struct span name)
{
    static const char SHAPE[] = "dddd-dd-dd dd:dd:dd";
    size_t at = 0;

    if (name.len < 16 || name.ptr[8] != 'T' || name.ptr[15] != 'Z') {
        return;
    }
    for (const char *s = SHAPE; *s != '\0'; s++) {
        if (*s != 'd') {
            outbuf_char(out, *s);
            continue;
        }
        at += name.ptr[at] == 'T' ? 1 : 0;
        outbuf_char(out, char_is_digit(name.ptr[at]) ? name.ptr[at] : '?');
        at++;
    }
}

void page_recordings_row(struct outbuf *out, struct span name, uint64_t size)
{
    outbuf_str(out, "<tr><td><a href=\"/recordings/");
    page_escape_url(out, name);
    outbuf_str(out, "\">");
    page_escape_html(out, name);
    outbuf_str(out, "</a></td><td>");
    outbuf_u64(out, size);
    outbuf_str(out, "</td><td>");
    write_time_of_name(out, name);
    outbuf_str(out, "</td></tr>\n");
}

void page_recordings_foot(struct outbuf *out, uint64_t count)
{
    outbuf_str(out, "</table><p>");
    outbuf_u64(out, count);
    outbuf_str(out, count == 1 ? " file</p></html>\n" : " files</p></html>\n");
}

struct span page_error_body(int code)
{
    switch (code) {
    case 301: return SPAN_LIT("See /recordings/.\n");
    case 404:
        return SPAN_LIT("Not found. What there is: / (WebSocket and this server's page), /healthz, /recordings/.\n");
    case 405: return SPAN_LIT("GET, HEAD and OPTIONS are served here.\n");
    case 426: return SPAN_LIT("A WebSocket handshake is needed here (Upgrade: websocket); does a proxy drop it?\n");
    case 500: return SPAN_LIT("The server failed.\n");
    case 503: return SPAN_LIT("Too many clients, or the server is stopping. Try again later.\n");
    default: return SPAN_LIT("Refused.\n");
    }
}
