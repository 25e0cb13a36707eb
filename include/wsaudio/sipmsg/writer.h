/* SPDX-License-Identifier: MIT */
/* Everything that leaves is written here, into an outbuf whose sticky overflow is checked once at the end. Spans that
 * stem from the network (From, Via, …) are unfolded; stray CR, LF and NUL never get out. */
#ifndef WSAUDIO_SIPMSG_WRITER_H
#define WSAUDIO_SIPMSG_WRITER_H

#include "wsaudio/sipmsg.h"
#include "wsaudio/sipmsg/flow.h"
#include "wsaudio/sipmsg/message.h"

/* ---- whole messages ---- */

/* A request. Empty spans and zero flags leave their header out. */
struct sip_request_form {
    struct span method;   /* "INVITE" */
    struct span uri;      /* Request-URI */
    struct sip_flow flow; /* where it goes; Via says by what, and where the answers find us */
    struct span branch;   /* with its z9hG4bK; ";rport" is added (RFC 3581) */
    struct span from;     /* whole value with ;tag, see sip_put_name_addr */
    struct span to;       /* whole value, with ;tag inside a dialog */
    struct span call_id;
    uint32_t cseq;
    struct span route;     /* values joined by ", " */
    struct span contact;   /* whole value, "<sip:…>" */
    struct span allow;     /* methods joined by ", " */
    struct span supported; /* option tags joined by ", " */
    struct span accept;
    struct span user_agent;
    struct span extra;        /* complete "Name: value\r\n" lines (credentials, --sip-header) */
    struct span content_type; /* used when body is not empty */
    struct span body;
};
void sip_write_request(struct outbuf *out, const struct sip_request_form *form);

/* A response to a request: all Vias in order, the top one with received and rport (RFC 3261 18.2.1, RFC 3581), From,
 * To, Call-ID, CSeq copied; also works on a request of verdict ANSWER (copies what there is). */
struct sip_response_form {
    const struct sip_msg *request;
    struct net_addr source; /* where the request came from */
    int code;
    struct span reason;  /* empty: sip_reason_phrase */
    struct span to_tag;  /* added to To when that has no tag and code is not 100 */
    bool record_route;   /* copy Record-Route (dialog-forming responses, RFC 3261 12.1.1) */
    struct span contact; /* whole value */
    struct span allow;   /* methods joined by ", " */
    struct span supported;
    struct span accept;
    struct span user_agent; /* as the Server header */
    struct span extra;      /* complete lines */
    struct span content_type;
    struct span body;
};
void sip_write_response(struct outbuf *out, const struct sip_response_form *form);

/* The ACK to a 300-699 (RFC 3261 17.1.1.3): Request-URI, Call-ID, From, CSeq number, top Via and Route of the INVITE as
 * it was sent, To of the response. ST_BAD when invite does not parse, ST_TOO_LARGE. */
WS_MUST_CHECK int sip_write_ack_non2xx(struct outbuf *out, struct span invite, const struct sip_msg *response);
/* The CANCEL of an INVITE as it was sent (RFC 3261 9.1). ST_BAD, ST_TOO_LARGE. */
WS_MUST_CHECK int sip_write_cancel(struct outbuf *out, struct span invite);

/* ---- parts ---- */

void sip_put_request_line(struct outbuf *out, struct span method, struct span uri);
/* Empty reason: the standard phrase. */
void sip_put_status_line(struct outbuf *out, int code, struct span reason);
/* "Name: value\r\n". */
void sip_put_header(struct outbuf *out, enum sip_header_id id, struct span value);
void sip_put_header_u32(struct outbuf *out, enum sip_header_id id, uint32_t value);
/* The same, nothing when value is empty. */
void sip_put_optional(struct outbuf *out, enum sip_header_id id, struct span value);
/* Every header line of that id of msg, under its long name. */
void sip_put_copies(struct outbuf *out, const struct sip_msg *msg, enum sip_header_id id);
/* "Via: SIP/2.0/UDP host:port;branch=…;rport\r\n": the flow's transport, our end of it as sent-by. */
void sip_put_via(struct outbuf *out, const struct sip_flow *flow, struct span branch);
void sip_put_cseq(struct outbuf *out, uint32_t number, struct span method);
/* Content-Type (when there is a body), Content-Length, the blank line and the body: the end of a message. */
void sip_put_body(struct outbuf *out, struct span content_type, struct span body);

/* Values without a header name, to be composed into spans above. */

/* `"Display" <uri>;tag=…`; empty display and tag are left out; the display name is quoted and escaped. */
void sip_put_name_addr(struct outbuf *out, struct span display, struct span uri, struct span tag);
/* An address as it came, with this tag instead of whatever (an empty one, or a last ';') stands in its place. */
void sip_put_with_tag(struct outbuf *out, const struct sip_name_addr *address, struct span tag);
/* `"text"` with '"' and '\' escaped; controls become blanks. */
void sip_put_quoted(struct outbuf *out, struct span text);
/* "sip:user@host[:port]"; user raw bytes (escaped here, may be empty). */
void sip_put_uri(struct outbuf *out, struct span user, struct span host, uint16_t port);
/* "sip:user@1.2.3.4:5060" or with [::1]. */
void sip_put_uri_addr(struct outbuf *out, struct span user, const struct net_addr *addr);
/* The bytes with each fold as one blank and no CR or LF. A NUL stays: quoted in a display name it is legal, and From and
 * To go back as they came (RFC 3261 8.2.6.2, RFC 4475 3.1.1.2). */
void sip_put_unfolded(struct outbuf *out, struct span value);
/* A random branch "z9hG4bK…" (RFC 3261 8.1.1.7), NUL-terminated. */
#define SIP_BRANCH_LEN 31
void sip_branch_new(const struct rng *rng, char out[SIP_BRANCH_LEN + 1]);

#endif
