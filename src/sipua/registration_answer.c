/* SPDX-License-Identifier: MIT */
/* What a 2xx to REGISTER says (RFC 3261 10.3, 10.2.4): which of the bindings listed is ours, and for how long it is
 * granted. */
#include "registration.h"

/* Digits in front of blanks, parameters or a comment; in quotes they are the same. */
static bool seconds_of(struct span value, uint32_t *out)
{
    size_t end = 0;

    value = span_from(value, value.len > 0 && value.ptr[0] == '"' ? 1 : 0);
    while (end < value.len && char_is_digit(value.ptr[end])) {
        end++;
    }
    int status = span_parse_u32(span_head(value, end), UINT32_MAX, out);
    if (status == ST_TOO_LARGE) {
        *out = UINT32_MAX;
    }
    return status == ST_OK || status == ST_TOO_LARGE;
}

/* ---- which binding is ours ---- */

/* How sure it is, the least sure first. */
enum likeness { UNLIKE, SAME_HOST, SAME_ADDRESS, EQUAL, LIKENESS_COUNT };

/* Our Contact, and where the registrar saw us (RFC 3581). */
struct ourselves {
    struct sip_uri uri;
    struct span seen; /* empty: it does not say */
    uint16_t seen_port;
};

static bool same_host(struct span a, struct span b)
{
    struct net_addr x;
    struct net_addr y;

    if (addr_parse_ip(a, &x) == ST_OK && addr_parse_ip(b, &y) == ST_OK) {
        x = addr_unmapped(x);
        y = addr_unmapped(y);
        return addr_same_ip(&x, &y);
    }
    return span_ieq(a, b);
}

static uint16_t port_of(uint16_t port)
{
    return port != 0 ? port : SIP_PORT_DEFAULT;
}

static enum likeness compare(const struct ourselves *ours, const struct sip_uri *listed)
{
    bool is_host = same_host(ours->uri.host, listed->host);
    bool is_seen = ours->seen.len > 0 && same_host(ours->seen, listed->host);
    uint16_t port = port_of(listed->port);

    if (sip_uri_equal(&ours->uri, listed)) {
        return EQUAL;
    }
    if ((is_host && port == port_of(ours->uri.port)) || (is_seen && port == ours->seen_port)) {
        return SAME_ADDRESS;
    }
    return is_host || is_seen ? SAME_HOST : UNLIKE;
}

static bool set_ourselves(struct ourselves *ours, const struct sip_msg *response, struct span contact)
{
    const struct sip_via *via = &response->via;

    *ours = (struct ourselves){.seen = via->received};
    if (sip_uri_parse(contact, &ours->uri) != ST_OK) {
        return false;
    }
    if (via->received.len > 0 || via->rport != 0) {
        ours->seen = via->received.len > 0 ? via->received : via->host;
        ours->seen_port = via->rport != 0 ? via->rport : port_of(ours->uri.port);
    }
    return true;
}

/* ---- for how long ---- */

/* The shortest times of the bindings, by how much they look like ours. */
struct times {
    bool found[LIKENESS_COUNT]; /* one above 0; of EQUAL any */
    uint32_t least[LIKENESS_COUNT];
    bool gone; /* another one with 0 */
};

static void count_binding(struct times *times, enum likeness likeness, bool timed, uint32_t seconds)
{
    if (seconds == 0 && likeness != EQUAL) {
        times->gone = true; /* just now, often our last address */
        return;
    }
    if (!timed && likeness == UNLIKE) {
        return;
    }
    if (!times->found[likeness] || seconds < times->least[likeness]) {
        times->found[likeness] = true;
        times->least[likeness] = seconds;
    }
}

static struct times read_bindings(const struct sip_msg *response, const struct ourselves *ours, uint32_t otherwise)
{
    struct times times = {0};
    struct sip_name_addr listed;
    struct span value;
    struct span text;

    for (struct sip_values it = sip_values_of(response, SIP_HEADER_CONTACT); sip_values_next(&it, &value);) {
        uint32_t seconds = otherwise;
        if (sip_name_addr_parse(value, &listed) != ST_OK || listed.star) {
            continue;
        }
        bool timed = sip_param_find(listed.params, SPAN_LIT("expires"), &text) && seconds_of(text, &seconds);
        count_binding(&times, compare(ours, &listed.uri), timed, timed ? seconds : otherwise);
    }
    return times;
}

/* 10.2.4, 10.3 step 8. */
static uint32_t granted(const struct sip_msg *response, struct span contact, uint32_t asked_s)
{
    uint32_t otherwise = response->expires >= 0 ? (uint32_t)response->expires : asked_s;
    uint32_t seconds = otherwise;
    struct ourselves ours;
    struct times times = {0};

    if (set_ourselves(&ours, response, contact)) {
        times = read_bindings(response, &ours, otherwise);
    }
    int likeness = EQUAL;
    while (likeness > UNLIKE && !times.found[likeness]) {
        likeness--;
    }
    if (times.found[likeness]) {
        seconds = times.least[likeness]; /* none is ours: the shortest may be */
    } else if (times.gone && response->expires < 0) {
        seconds = 0;
    }
    return seconds < asked_s ? seconds : asked_s;
}

static enum sip_registration_event failure(int code)
{
    bool passes = code >= 500 && code < 600;

    passes = passes || code < 400 || code == 408 || code == 429 || code == 480 || code == 491;
    return passes ? SIP_REGISTRATION_EV_FAILED : SIP_REGISTRATION_EV_REFUSED;
}

struct sip_registration_answer sip_registration_read(const struct sip_msg *response, struct span contact,
                                                     uint32_t asked_s)
{
    struct sip_registration_answer answer = {.event = failure(response->status), .retry_after = response->retry_after};
    uint32_t least;

    if (response->status < 300) {
        answer.seconds = granted(response, contact, asked_s);
        /* 0: it did not take us, or somebody else removed us */
        answer.event = answer.seconds > 0 ? SIP_REGISTRATION_EV_OK : SIP_REGISTRATION_EV_FAILED;
    } else if (response->status == 423) {
        bool said = seconds_of(sip_msg_value(response, SIP_HEADER_MIN_EXPIRES), &least);
        bool usable = said && least > asked_s && least <= SIP_REGISTRATION_EXPIRES_MAX;
        answer.event = usable ? SIP_REGISTRATION_EV_AGAIN : SIP_REGISTRATION_EV_REFUSED;
        answer.seconds = usable ? least : 0;
    }
    return answer;
}
