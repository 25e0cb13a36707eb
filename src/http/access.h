/* SPDX-License-Identifier: MIT */
/* Who may come in: protected mode, --ws-allow, tokens, Origin and Host (end of SPEC section 2). */
#ifndef WSAUDIO_HTTP_ACCESS_H
#define WSAUDIO_HTTP_ACCESS_H

#include "wsaudio/base/log_quota.h"
#include "wsaudio/http.h"
#include "wsaudio/http/origin.h"
#include "wsaudio/http/server.h"

enum access_verdict {
    ACCESS_OK,
    ACCESS_PROTECTED, /* 403: no rule is set and the peer is not this machine */
    ACCESS_FORWARDED, /* 403: no rule is set and the peer is a proxy on this machine, whoever it speaks for */
    ACCESS_ADDRESS,   /* 403: not in --ws-allow */
    ACCESS_ORIGIN,    /* 403: a browser page of another host */
    ACCESS_TOKEN,     /* 401: missing or wrong */
    ACCESS_VERDICT_COUNT
};

/* What was wrong with ACCESS_ORIGIN. */
enum access_fault {
    ACCESS_FAULT_NONE,
    ACCESS_FAULT_FOREIGN,   /* neither the host asked for nor listed */
    ACCESS_FAULT_NAME,      /* the host asked for, but by a name that anybody's DNS could point here */
    ACCESS_FAULT_MALFORMED, /* no origin, or several */
    ACCESS_FAULT_PAGE /* no Origin: the browser says that a page of the host asked for reads, and that is such a name */
};

struct access {
    struct http_rules rules; /* what it points to is borrowed for its life */
    struct origin *origins;  /* owns; rules.origins, read once */
    struct token_set tokens;
    char host_name[HTTP_HOST_NAME_MAX + 1];          /* this machine's own; "": not known */
    struct log_quota refusals[ACCESS_VERDICT_COUNT]; /* a flood of one kind leaves the lines of the others */
};

struct access_result {
    enum access_verdict verdict;
    enum access_fault fault;
    int code;                 /* HTTP status; 0 with ACCESS_OK */
    const char *headers;      /* complete header lines for the answer, or NULL */
    enum log_level level;     /* of the line that access_log writes */
    const struct span *token; /* the one that let it in, borrowed from the token set; NULL: none was needed */
};

/* ST_BAD: a pattern of rules->origins is none; ST_NO_MEMORY. It has no token and no host name. access_fini in either case. */
WS_MUST_CHECK int access_init(struct access *a, const struct http_rules *rules);
/* Wipes; safe on a zeroed struct and twice. */
void access_fini(struct access *a);
/* Takes them over (*tokens is empty afterwards) and wipes those before. */
void access_set_tokens(struct access *a, struct token_set *tokens);
/* Cut at HTTP_HOST_NAME_MAX. */
void access_set_host_name(struct access *a, const char *name);

/* Whether that address may come in at all, whatever it asks: known before its request is. */
bool access_address_ok(const struct access *a, const struct net_addr *peer);
/* The first header by which a proxy says that it passes a request on (Forwarded, X-Forwarded-For, X-Real-IP and their kin), or
 * NULL. What it says is not believed: anybody can write it. */
const struct http_header *access_forwarded(const struct http_request *request);
/* Judges a complete request head (HTTP_READY) from peer: address, then Origin, then token. A right Authorization: Bearer
 * makes Origin not count: no page can send it with a WebSocket, nor elsewhere before the preflight lets it. A preflight of a
 * listed origin needs no token, because browsers send none with it. */
struct access_result access_check(const struct access *a, const struct http_request *request,
                                  const struct net_addr *peer);
/* The request's Origin as sent when --ws-origin names it: its pages may read the answer (CORS). Else empty. */
struct span access_cors_origin(const struct access *a, const struct http_request *request);
/* Is this a browser's question whether a page of another origin may ask (Fetch standard, CORS preflight)? */
bool access_is_preflight(const struct http_request *request);

/* access_text.c */
#define ACCESS_BODY_MAX 1536
/* The refusal's text/plain body: what was compared with what, and the flag to set. Text of the request is made safe. */
void access_write_body(struct outbuf *out, const struct access_result *result, const struct http_request *request,
                       const struct net_addr *peer);
/* One limited line about a refusal: peer, what was refused, which flag to set. Never a token. */
void access_log(struct access *a, const struct log *log, const struct access_result *result,
                const struct http_request *request, const struct net_addr *peer, mono_us now);

#endif
