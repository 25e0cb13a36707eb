/* Names of methods and header fields (RFC 3261 20 and its extensions), compact forms included. */
#ifndef SIP_HEADERS_H
#define SIP_HEADERS_H

#include "wsaudio/base.h"

enum sip_method {
    SIP_METHOD_UNKNOWN, /* well-formed, known to nobody here; the text is in the message */
    SIP_METHOD_INVITE,
    SIP_METHOD_ACK,
    SIP_METHOD_BYE,
    SIP_METHOD_CANCEL,
    SIP_METHOD_OPTIONS,
    SIP_METHOD_REGISTER,
    SIP_METHOD_PRACK,
    SIP_METHOD_UPDATE,
    SIP_METHOD_INFO,
    SIP_METHOD_REFER,
    SIP_METHOD_NOTIFY,
    SIP_METHOD_SUBSCRIBE,
    SIP_METHOD_MESSAGE,
    SIP_METHOD_PUBLISH,
    SIP_METHOD_COUNT
};

/* "INVITE"; "UNKNOWN" for UNKNOWN. */
const char *sip_method_name(enum sip_method method);
/* Exact case (RFC 3261 7.1). */
enum sip_method sip_method_find(struct span name);

enum sip_header_id {
    SIP_HEADER_OTHER,
    SIP_HEADER_VIA,
    SIP_HEADER_FROM,
    SIP_HEADER_TO,
    SIP_HEADER_CALL_ID,
    SIP_HEADER_CSEQ,
    SIP_HEADER_CONTACT,
    SIP_HEADER_MAX_FORWARDS,
    SIP_HEADER_CONTENT_LENGTH,
    SIP_HEADER_CONTENT_TYPE,
    SIP_HEADER_CONTENT_ENCODING,
    SIP_HEADER_CONTENT_DISPOSITION,
    SIP_HEADER_ROUTE,
    SIP_HEADER_RECORD_ROUTE,
    SIP_HEADER_REQUIRE,
    SIP_HEADER_PROXY_REQUIRE,
    SIP_HEADER_SUPPORTED,
    SIP_HEADER_UNSUPPORTED,
    SIP_HEADER_ALLOW,
    SIP_HEADER_ALLOW_EVENTS,
    SIP_HEADER_ACCEPT,
    SIP_HEADER_EXPIRES,
    SIP_HEADER_MIN_EXPIRES,
    SIP_HEADER_RETRY_AFTER,
    SIP_HEADER_WWW_AUTHENTICATE,
    SIP_HEADER_PROXY_AUTHENTICATE,
    SIP_HEADER_AUTHORIZATION,
    SIP_HEADER_PROXY_AUTHORIZATION,
    SIP_HEADER_RSEQ,
    SIP_HEADER_RACK,
    SIP_HEADER_SESSION_EXPIRES,
    SIP_HEADER_MIN_SE,
    SIP_HEADER_REFER_TO,
    SIP_HEADER_REFERRED_BY,
    SIP_HEADER_REPLACES,
    SIP_HEADER_EVENT,
    SIP_HEADER_SUBSCRIPTION_STATE,
    SIP_HEADER_REASON,
    SIP_HEADER_WARNING,
    SIP_HEADER_SUBJECT,
    SIP_HEADER_DATE,
    SIP_HEADER_TIMESTAMP,
    SIP_HEADER_USER_AGENT,
    SIP_HEADER_SERVER,
    SIP_HEADER_COUNT
};

/* The long name as we write it ("Call-ID"); "" for OTHER. */
const char *sip_header_name(enum sip_header_id id);
/* Long or compact, case ignored. */
enum sip_header_id sip_header_find(struct span name);

#endif
