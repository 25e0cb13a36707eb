/* SPDX-License-Identifier: MIT */
/* A SIP message as plain fields of views over the datagram (RFC 3261 7, 20, 25). Nothing is copied or allocated; the
 * datagram must outlive the struct. Values may hold folds (CRLF and blanks); the writer unfolds what it copies.
 *
 * What nobody here needs may be malformed (8.2.2): a line that is no header is left out, and so is a value that cannot be
 * read of a header that decides nothing. What is needed refuses the message: in a request Via, From, To, Call-ID, CSeq,
 * Content-Length; in a response the branch of its Via, Call-ID, CSeq, Content-Length and that there is a To. */
#ifndef WSAUDIO_SIPMSG_MESSAGE_H
#define WSAUDIO_SIPMSG_MESSAGE_H

#include "wsaudio/sipmsg/headers.h"
#include "wsaudio/sipmsg/uri.h"

#define SIP_HEADERS_MAX 128 /* header lines in one message; more are refused */

enum sip_verdict {
    SIP_VERDICT_OK,
    SIP_VERDICT_EMPTY,  /* only CRLFs: a keep-alive (RFC 5626 3.5.1) */
    SIP_VERDICT_ANSWER, /* a malformed request that can be answered: send msg.bad_code with msg.bad_reason, stateless;
                           of the fields only the top Via and the header lines can be relied on */
    SIP_VERDICT_DROP,   /* malformed, and nothing can or may be answered (responses, ACK, no readable Via) */
    SIP_VERDICT_COUNT
};

struct sip_header {
    enum sip_header_id id;
    struct span name;  /* as it came */
    struct span value; /* without blanks at its ends */
};

/* One value of Via (RFC 3261 20.42, RFC 3581). */
struct sip_via {
    struct span text;      /* the whole value */
    struct span transport; /* "UDP", any token */
    struct span host;      /* sent-by host, without brackets */
    bool host_is_ipv6;
    uint16_t port;      /* sent-by port; 0: not given */
    struct span branch; /* empty: none, or "branch=" */
    struct span received;
    struct span maddr;
    struct span params; /* all of them, for sip_param_next */
    bool has_rport;
    uint16_t rport; /* 0: without a value, or none that can be read */
    int ttl;        /* -1: not given, or unreadable */
};

/* One value of From, To, Contact, Route or Record-Route: a name-addr or addr-spec with its header parameters. */
struct sip_name_addr {
    struct span text;    /* the whole value */
    struct span display; /* display name, without quotes, its backslashes kept */
    struct sip_uri uri;
    struct span params; /* header parameters, for sip_param_next */
    struct span tag;    /* the tag parameter; empty: none, or "tag=" */
    bool star;          /* Contact: * ; nothing else is set */
};

struct sip_msg {
    struct span raw; /* from the start line to the end of the body */
    bool is_request;
    /* request */
    enum sip_method method;  /* responses: the CSeq's method */
    struct span method_text; /* the same as text */
    struct sip_uri uri;      /* Request-URI; scheme OTHER is for the caller to refuse (416) */
    /* response */
    int status; /* 100 to 699; 0 for requests */
    struct span reason;
    /* both */
    struct sip_via via;            /* the topmost; in a response perhaps only its branch */
    struct sip_name_addr from, to; /* in a response perhaps unreadable (uri.host and uri.user empty), its tag at most */
    struct span call_id;
    uint32_t cseq;
    bool has_contact;             /* at least one good Contact */
    struct sip_name_addr contact; /* the first */
    int max_forwards;             /* -1: none or unreadable; over 255: 255 */
    int64_t expires;              /* seconds; -1: none or unreadable */
    int64_t retry_after;          /* seconds; -1: none or unreadable */
    int64_t rseq;                 /* -1: none or unreadable */
    struct span content_type;     /* whole value, empty: none */
    bool has_authorization;       /* Authorization or Proxy-Authorization */
    struct span body;
    /* verdicts ANSWER and DROP */
    int bad_code;           /* 400 or 505 */
    const char *bad_reason; /* English text for the status line and the log, never NULL after a parse */
    /* every header line in order of arrival; last, for what is behind header_count is neither written nor copied */
    size_t header_count;
    struct sip_header headers[SIP_HEADERS_MAX];
};

/* Parses one datagram. Leading CRLFs and octets behind Content-Length are ignored (RFC 3261 7.5, 18.3). */
WS_MUST_CHECK enum sip_verdict sip_msg_parse(struct span datagram, struct sip_msg *msg);

/* The same message with bytes of its own, in one block of no more room than it needs: free() releases it. Nothing is parsed again.
 * NULL: no memory. */
struct sip_msg *sip_msg_clone(const struct sip_msg *msg);

/* Content-Length of a message's head, which goes from its start line to its blank line, as sip_msg_parse finds it. ST_NOT_FOUND:
 * it has none, or an empty one; ST_BAD: no number, or one that does not fit, or several that differ. */
WS_MUST_CHECK int sip_head_content_length(struct span head, uint32_t *len);

/* The first header line of that id, or NULL. */
const struct sip_header *sip_msg_header(const struct sip_msg *msg, enum sip_header_id id);
/* Its value; empty when there is none. */
struct span sip_msg_value(const struct sip_msg *msg, enum sip_header_id id);

/* All values of a header that is a list: repeated lines and commas alike, in order.
 * for (struct sip_values it = sip_values_of(msg, id); sip_values_next(&it, &value);) … */
struct sip_values {
    const struct sip_msg *msg;
    enum sip_header_id id;
    size_t index;     /* next header line to look at */
    struct span rest; /* of the current line */
};
struct sip_values sip_values_of(const struct sip_msg *msg, enum sip_header_id id);
/* False at the end. Empty elements are skipped. */
bool sip_values_next(struct sip_values *it, struct span *value);
/* Number of values. */
size_t sip_values_count(const struct sip_msg *msg, enum sip_header_id id);

/* Whether Reason (RFC 3326) names this cause of this protocol ("SIP", "Q.850"; case ignored). */
bool sip_reason_has(const struct sip_msg *msg, struct span protocol, uint32_t cause);

/* Cuts the first element off a comma-separated list, respecting quotes and <>; false when nothing is left. */
bool sip_list_next(struct span *rest, struct span *value);

/* ST_OK or ST_BAD; after ST_BAD out->host and out->branch are set when they could be read all the same. */
WS_MUST_CHECK int sip_via_parse(struct span value, struct sip_via *out);
/* ST_OK or ST_BAD (open quote, blanks in <>, bad URI, '?' outside <>, …); after ST_BAD out->tag is set when it could be
 * read all the same. */
WS_MUST_CHECK int sip_name_addr_parse(struct span value, struct sip_name_addr *out);

#endif
