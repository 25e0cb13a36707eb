/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "support_gateway.h"

#define EXPANSION_MAX 65536

/* The value of the first header line of that name in a message of ours. */
static struct span value_of(const char *message, const char *name)
{
    struct span rest = span_cstr(message);
    size_t name_len = strlen(name);

    while (rest.len > 0) {
        struct span line = span_cut(&rest, '\n');
        if (line.len > name_len && span_istarts(line, span_cstr(name)) && line.ptr[name_len] == ':') {
            return span_trim(span_from(line, name_len + 1));
        }
        if (line.len <= 1) {
            break;
        }
    }
    return SPAN_LIT("none");
}

static void put_response_head(struct outbuf *out, const char *message, const char *tag)
{
    struct span to = value_of(message, "To");

    outbuf_printf(out, "Via: %.*s\r\n", SPAN_ARG(value_of(message, "Via")));
    outbuf_printf(out, "From: %.*s\r\n", SPAN_ARG(value_of(message, "From")));
    outbuf_printf(out, "To: %.*s", SPAN_ARG(to));
    if (memmem(to.ptr, to.len, ";tag=", 5) == NULL) {
        outbuf_printf(out, ";tag=%s", tag);
    }
    outbuf_printf(out, "\r\nCall-ID: %.*s\r\n", SPAN_ARG(value_of(message, "Call-ID")));
    outbuf_printf(out, "CSeq: %.*s\r\n", SPAN_ARG(value_of(message, "CSeq")));
}

static void put_dialog_head(struct fuzz_world *g, struct outbuf *out)
{
    char text[ADDR_TEXT_MAX];
    struct span to = value_of(g->invite, "To");

    outbuf_printf(out, "Via: SIP/2.0/UDP %s;branch=z9hG4bKd%u;rport\r\n", addr_text(&g->far, text), g->serial++);
    outbuf_printf(out, "From: %.*s", SPAN_ARG(to));
    outbuf_str(out, memmem(to.ptr, to.len, ";tag=", 5) == NULL ? ";tag=peer\r\n" : "\r\n");
    outbuf_printf(out, "To: %.*s\r\nCall-ID: %.*s\r\nMax-Forwards: 70\r\n", SPAN_ARG(value_of(g->invite, "From")),
                  SPAN_ARG(value_of(g->invite, "Call-ID")));
}

static void put_new_head(struct fuzz_world *g, struct outbuf *out)
{
    char text[ADDR_TEXT_MAX];
    unsigned n = g->serial++;

    outbuf_printf(out, "Via: SIP/2.0/UDP %s;branch=z9hG4bKn%u;rport\r\nFrom: <sip:peer@far>;tag=n%u\r\n",
                  addr_text(&g->far, text), n, n);
    outbuf_printf(out, "To: <sip:voip@here>\r\nCall-ID: new%u\r\nMax-Forwards: 70\r\n", n);
}

/* Of the peer's own: what it sends in a call that it began. */
static void put_caller_head(struct fuzz_world *g, struct outbuf *out, bool same_transaction)
{
    char text[ADDR_TEXT_MAX];

    if (same_transaction) {
        outbuf_printf(out, "Via: %.*s\r\n", SPAN_ARG(value_of(g->answer, "Via")));
    } else {
        outbuf_printf(out, "Via: SIP/2.0/UDP %s;branch=z9hG4bKa%u;rport\r\n", addr_text(&g->far, text), g->serial++);
    }
    outbuf_printf(out, "From: %.*s\r\n", SPAN_ARG(value_of(g->answer, "From")));
    outbuf_printf(out, "To: %.*s\r\n", SPAN_ARG(value_of(g->answer, "To")));
    outbuf_printf(out, "Call-ID: %.*s\r\nMax-Forwards: 70\r\n", SPAN_ARG(value_of(g->answer, "Call-ID")));
}

static void put_sdp(struct fuzz_world *g, struct outbuf *out, const char *audio)
{
    char text[512];
    char host[ADDR_TEXT_MAX];
    const char *kind = g->far.family == 6 ? "IP6" : "IP4";

    addr_ip_text(&g->far, host);
    int n = snprintf(text, sizeof(text),
                     "v=0\r\no=- 1 1 IN %s %s\r\ns=-\r\nc=IN %s %s\r\nt=0 0\r\nm=audio %d RTP/AVP %s\r\n", kind, host,
                     kind, host, FUZZ_WORLD_SDP_PORT, audio);
    outbuf_printf(out, "Content-Type: application/sdp\r\nContent-Length: %d\r\n\r\n%s", n, text);
}

static struct span contact_uri(const char *message)
{
    struct span value = value_of(message, "Contact");
    struct span rest = span_from(value, span_find(value, '<') + 1);

    rest = span_head(rest, span_find(rest, '>'));
    return rest.len > 0 ? rest : SPAN_LIT("sip:none@none");
}

/* False when the letter stands for nothing. */
static bool put_part(struct fuzz_world *g, struct outbuf *out, char letter)
{
    char text[ADDR_TEXT_MAX];

    switch (letter) {
    case 'I': outbuf_span(out, value_of(g->request, "Call-ID")); break;
    case 'F': outbuf_span(out, value_of(g->request, "From")); break;
    case 'T': outbuf_span(out, value_of(g->request, "To")); break;
    case 'V': outbuf_span(out, value_of(g->request, "Via")); break;
    case 'Q': outbuf_span(out, value_of(g->request, "CSeq")); break;
    case 'P': outbuf_span(out, contact_uri(g->invite)); break;
    case 'H': put_response_head(out, g->request, "peer"); break;
    case 'G': put_response_head(out, g->invite, "fork"); break;
    case 'D': put_dialog_head(g, out); break;
    case 'A': put_caller_head(g, out, false); break;
    case 'B': put_caller_head(g, out, true); break;
    case 'N': put_new_head(g, out); break;
    case 'C': outbuf_printf(out, "Contact: <sip:peer@%s>\r\n", addr_text(&g->far, text)); break;
    case 'S': put_sdp(g, out, "0 8 101\r\na=rtpmap:101 telephone-event/8000"); break;
    case 'U': put_sdp(g, out, "8\r\na=ptime:40"); break; /* no events */
    case 'E': outbuf_str(out, "Content-Length: 0\r\n\r\n"); break;
    default: return false;
    }
    return true;
}

char *fuzz_world_template(struct fuzz_world *g, struct span text, size_t *len)
{
    struct outbuf out;

    outbuf_init(&out, fuzz_alloc(EXPANSION_MAX), EXPANSION_MAX);
    for (size_t i = 0; i < text.len; i++) {
        bool macro = text.len - i > 2 && text.ptr[i] == '{' && text.ptr[i + 2] == '}';
        if (macro && put_part(g, &out, text.ptr[i + 1])) {
            i += 2;
        } else {
            outbuf_char(&out, text.ptr[i]);
        }
    }
    *len = out.len < SIP_DATAGRAM_MAX ? out.len : SIP_DATAGRAM_MAX;
    return out.ptr;
}
