/* Who may come in: protected mode, --ws-allow, tokens, Origin and Host (end of SPEC section 2). */
#ifndef WSAUDIO_APP_ACCESS_H
#define WSAUDIO_APP_ACCESS_H

#include "options.h"
#include "tokens.h"
#include "wsaudio/ws.h"

enum access_verdict {
    ACCESS_OK,
    ACCESS_PROTECTED, /* 403: no rule is set and the peer is not this machine */
    ACCESS_FORWARDED, /* 403: no rule is set and the peer is a proxy on this machine, whoever it speaks for */
    ACCESS_ADDRESS,   /* 403: not in --ws-allow */
    ACCESS_ORIGIN,    /* 403: a browser page of another host */
    ACCESS_TOKEN,     /* 401: missing or wrong */
    ACCESS_VERDICT_COUNT
};

const char *access_verdict_name(enum access_verdict verdict);

struct access {
    const struct options *options; /* borrowed for its life */
    struct token_set tokens;
};

struct access_result {
    enum access_verdict verdict;
    int code;                 /* HTTP status; 0 with ACCESS_OK */
    const char *body;         /* text/plain, names the flag to set; "" with ACCESS_OK */
    const char *headers;      /* complete header lines for the answer, or NULL */
    enum log_level level;     /* of the line that access_log writes */
    const struct span *token; /* the one that let it in, borrowed from the token set; NULL: none was needed */
};

/* Loads the tokens. ST_BAD, ST_NO_MEMORY with a reason in why. Peers are judged by options->ws_allow, ws_origin. */
WS_MUST_CHECK int access_init(struct access *a, const struct options *options, char why[TOKENS_WHY_MAX]);
/* Wipes; safe on a zeroed struct and twice. */
void access_fini(struct access *a);
/* Reads the token file again (SIGHUP). On failure the old tokens stay. */
WS_MUST_CHECK int access_reload(struct access *a, char why[TOKENS_WHY_MAX]);

/* The first header by which a proxy says that it passes a request on (Forwarded, X-Forwarded-For, X-Real-IP and their kin), or
 * NULL. What it says is not believed: anybody can write it. */
const struct http_header *access_forwarded(const struct http_request *request);
/* Judges a complete request head (HTTP_READY) from peer: address, then Origin, then token. */
struct access_result access_check(const struct access *a, const struct http_request *request,
                                  const struct net_addr *peer);
/* One line about a refusal: peer, what was refused, which flag to set. Never a token. */
void access_log(const struct log *log, const struct access_result *result, const struct http_request *request,
                const struct net_addr *peer);

#endif
