/* SPDX-License-Identifier: MIT */
#include "wsaudio/sipmsg/headers.h"

const char *sip_method_name(enum sip_method method)
{
    static const char *const names[SIP_METHOD_COUNT] = {
        [SIP_METHOD_UNKNOWN] = "UNKNOWN",   [SIP_METHOD_INVITE] = "INVITE",       [SIP_METHOD_ACK] = "ACK",
        [SIP_METHOD_BYE] = "BYE",           [SIP_METHOD_CANCEL] = "CANCEL",       [SIP_METHOD_OPTIONS] = "OPTIONS",
        [SIP_METHOD_REGISTER] = "REGISTER", [SIP_METHOD_PRACK] = "PRACK",         [SIP_METHOD_UPDATE] = "UPDATE",
        [SIP_METHOD_INFO] = "INFO",         [SIP_METHOD_REFER] = "REFER",         [SIP_METHOD_NOTIFY] = "NOTIFY",
        [SIP_METHOD_MESSAGE] = "MESSAGE",   [SIP_METHOD_SUBSCRIBE] = "SUBSCRIBE", [SIP_METHOD_PUBLISH] = "PUBLISH",
    };

    return (unsigned)method < SIP_METHOD_COUNT ? names[method] : "UNKNOWN";
}

enum sip_method sip_method_find(struct span name)
{
    for (int i = SIP_METHOD_UNKNOWN + 1; i < SIP_METHOD_COUNT; i++) {
        if (span_eq(name, span_cstr(sip_method_name((enum sip_method)i)))) {
            return (enum sip_method)i;
        }
    }
    return SIP_METHOD_UNKNOWN;
}

struct header_row {
    const char *name;
    char compact; /* '\0': none */
};

static const struct header_row header_rows[SIP_HEADER_COUNT] = {
    [SIP_HEADER_OTHER] = {"", '\0'},
    [SIP_HEADER_VIA] = {"Via", 'v'},
    [SIP_HEADER_FROM] = {"From", 'f'},
    [SIP_HEADER_TO] = {"To", 't'},
    [SIP_HEADER_CALL_ID] = {"Call-ID", 'i'},
    [SIP_HEADER_CSEQ] = {"CSeq", '\0'},
    [SIP_HEADER_CONTACT] = {"Contact", 'm'},
    [SIP_HEADER_MAX_FORWARDS] = {"Max-Forwards", '\0'},
    [SIP_HEADER_CONTENT_LENGTH] = {"Content-Length", 'l'},
    [SIP_HEADER_CONTENT_TYPE] = {"Content-Type", 'c'},
    [SIP_HEADER_CONTENT_ENCODING] = {"Content-Encoding", 'e'},
    [SIP_HEADER_CONTENT_DISPOSITION] = {"Content-Disposition", '\0'},
    [SIP_HEADER_ROUTE] = {"Route", '\0'},
    [SIP_HEADER_RECORD_ROUTE] = {"Record-Route", '\0'},
    [SIP_HEADER_SERVICE_ROUTE] = {"Service-Route", '\0'},
    [SIP_HEADER_REQUIRE] = {"Require", '\0'},
    [SIP_HEADER_PROXY_REQUIRE] = {"Proxy-Require", '\0'},
    [SIP_HEADER_SUPPORTED] = {"Supported", 'k'},
    [SIP_HEADER_UNSUPPORTED] = {"Unsupported", '\0'},
    [SIP_HEADER_ALLOW] = {"Allow", '\0'},
    [SIP_HEADER_ALLOW_EVENTS] = {"Allow-Events", 'u'},
    [SIP_HEADER_ACCEPT] = {"Accept", '\0'},
    [SIP_HEADER_EXPIRES] = {"Expires", '\0'},
    [SIP_HEADER_MIN_EXPIRES] = {"Min-Expires", '\0'},
    [SIP_HEADER_RETRY_AFTER] = {"Retry-After", '\0'},
    [SIP_HEADER_WWW_AUTHENTICATE] = {"WWW-Authenticate", '\0'},
    [SIP_HEADER_PROXY_AUTHENTICATE] = {"Proxy-Authenticate", '\0'},
    [SIP_HEADER_AUTHORIZATION] = {"Authorization", '\0'},
    [SIP_HEADER_PROXY_AUTHORIZATION] = {"Proxy-Authorization", '\0'},
    [SIP_HEADER_RSEQ] = {"RSeq", '\0'},
    [SIP_HEADER_RACK] = {"RAck", '\0'},
    [SIP_HEADER_SESSION_EXPIRES] = {"Session-Expires", 'x'},
    [SIP_HEADER_MIN_SE] = {"Min-SE", '\0'},
    [SIP_HEADER_REFER_TO] = {"Refer-To", 'r'},
    [SIP_HEADER_REFERRED_BY] = {"Referred-By", 'b'},
    [SIP_HEADER_REPLACES] = {"Replaces", '\0'},
    [SIP_HEADER_EVENT] = {"Event", 'o'},
    [SIP_HEADER_SUBSCRIPTION_STATE] = {"Subscription-State", '\0'},
    [SIP_HEADER_REASON] = {"Reason", '\0'},
    [SIP_HEADER_WARNING] = {"Warning", '\0'},
    [SIP_HEADER_SUBJECT] = {"Subject", 's'},
    [SIP_HEADER_DATE] = {"Date", '\0'},
    [SIP_HEADER_TIMESTAMP] = {"Timestamp", '\0'},
    [SIP_HEADER_USER_AGENT] = {"User-Agent", '\0'},
    [SIP_HEADER_SERVER] = {"Server", '\0'},
};

const char *sip_header_name(enum sip_header_id id)
{
    return (unsigned)id < SIP_HEADER_COUNT ? header_rows[id].name : "";
}

enum sip_header_id sip_header_find(struct span name)
{
    for (int i = SIP_HEADER_OTHER + 1; i < SIP_HEADER_COUNT; i++) {
        const struct header_row *row = &header_rows[i];
        bool compact = name.len == 1 && row->compact != '\0' && char_lower(name.ptr[0]) == row->compact;
        if (compact || span_ieq(name, span_cstr(row->name))) {
            return (enum sip_header_id)i;
        }
    }
    return SIP_HEADER_OTHER;
}
