/* SPDX-License-Identifier: MIT */
/* The reader of SDP bodies (RFC 8866): session level once, then every m= section as a candidate; the first audio section
 * that can be used is what the caller gets. */
#include "format.h"
#include "text.h"

#define PORT_MAX 65535

/* What may stand at session level and be overruled in a section. */
struct level {
    bool have_connection;
    struct net_addr connection; /* family 0: not an address that can be sent to */
    bool have_direction;
    enum sdp_direction direction;
    uint16_t ptime_ms, maxptime_ms;
    bool rtcp_mux;
    bool have_rtcp;
    struct net_addr rtcp; /* family 0: the address of c= */
};

struct parser {
    struct sdp_session *out;
    struct level session;
    struct level media;
    bool in_media;
    struct sdp_session candidate; /* the section being read */
    bool candidate_is_audio;
    bool chosen_usable;
    const char *why;
};

static bool bad(struct parser *p, const char *why)
{
    p->why = why;
    return false;
}

/* Digits and dots only: meant as an IPv4 address, never as a host name. */
static bool looks_numeric(struct span host)
{
    for (size_t i = 0; i < host.len; i++) {
        if (!char_is_digit(host.ptr[i]) && host.ptr[i] != '.') {
            return false;
        }
    }
    return true;
}

/* "IN IP4 host": a literal becomes *out; a host name, many hosts' address and another kind of network leave family 0. */
static bool read_address(struct span *rest, struct net_addr *out)
{
    struct span network = sdp_next_word(rest);
    struct span kind = sdp_next_word(rest);
    struct span host = sdp_next_word(rest);

    *out = (struct net_addr){0};
    if (network.len == 0 || kind.len == 0 || host.len == 0) {
        return false;
    }
    bool ip4 = span_ieq(kind, SPAN_LIT("IP4"));
    bool ip6 = span_ieq(kind, SPAN_LIT("IP6"));
    if (!span_ieq(network, SPAN_LIT("IN")) || (!ip4 && !ip6) || span_find(host, '/') != host.len) {
        return true;
    }
    struct net_addr addr;
    if (addr_parse_ip(host, &addr) != ST_OK) {
        return !looks_numeric(host) && span_find(host, ':') == host.len;
    }
    if (addr.family != (ip4 ? 4 : 6)) {
        return false;
    }
    if (!addr_is_group(&addr)) {
        *out = addr;
    }
    return true;
}

static bool read_connection(struct parser *p, struct span value)
{
    struct level *level = p->in_media ? &p->media : &p->session;
    struct net_addr addr;

    if (!read_address(&value, &addr)) {
        return bad(p, "malformed c= line");
    }
    /* Several in one section are layers of a multicast session: the first is the base. */
    if (!level->have_connection) {
        level->have_connection = true;
        level->connection = addr;
    }
    return true;
}

/* Nothing hangs on o= here, and peers write what they like into it (SIPp: an IPv6 address in brackets): what cannot be read
 * counts as 0. */
static void read_origin(struct parser *p, struct span value)
{
    (void)sdp_next_word(&value);
    if (span_parse_u64(sdp_next_word(&value), UINT64_MAX, &p->out->origin_id) != ST_OK ||
        span_parse_u64(sdp_next_word(&value), UINT64_MAX, &p->out->origin_version) != ST_OK) {
        p->out->origin_id = 0;
        p->out->origin_version = 0;
    }
}

/* RFC 8866 6.4 allows "20.5"; whole milliseconds are enough here. */
static void read_ms(struct span value, uint16_t *out)
{
    uint32_t ms = 0;
    struct span rest = span_trim(value);
    struct span whole = span_cut(&rest, '.');

    if (span_parse_u32(whole, UINT16_MAX, &ms) == ST_OK) {
        *out = (uint16_t)ms;
    }
}

static void read_rtcp(struct level *level, struct span value)
{
    uint32_t port = 0;
    struct net_addr addr = {0};
    bool ok = span_parse_u32(sdp_next_word(&value), PORT_MAX, &port) == ST_OK;

    if (!ok || (span_trim(value).len != 0 && !read_address(&value, &addr))) {
        return;
    }
    addr.port = (uint16_t)port;
    level->have_rtcp = true;
    level->rtcp = addr;
}

static bool read_direction(struct level *level, struct span name)
{
    for (int d = SDP_INACTIVE; d <= SDP_SENDRECV; d++) {
        if (span_eq(name, span_cstr(sdp_direction_name((enum sdp_direction)d)))) {
            level->have_direction = true;
            level->direction = (enum sdp_direction)d;
            return true;
        }
    }
    return false;
}

/* An attribute that cannot be read is one that is not known: passed over (RFC 8866 5.13), not a reason to lose a call. */
static void read_attribute(struct parser *p, struct span value)
{
    struct level *level = p->in_media ? &p->media : &p->session;
    struct span name = span_trim(span_cut(&value, ':'));
    bool audio = p->in_media && p->candidate_is_audio;

    if (read_direction(level, name)) {
        return;
    }
    if (span_eq(name, SPAN_LIT("ptime"))) {
        read_ms(value, &level->ptime_ms);
    } else if (span_eq(name, SPAN_LIT("maxptime"))) {
        read_ms(value, &level->maxptime_ms);
    } else if (span_eq(name, SPAN_LIT("rtcp-mux"))) {
        level->rtcp_mux = true;
    } else if (audio && span_eq(name, SPAN_LIT("rtcp"))) {
        read_rtcp(level, value);
    } else if (audio && span_eq(name, SPAN_LIT("rtpmap"))) {
        (void)sdp_rtpmap_read(value, &p->candidate);
    } else if (audio && span_eq(name, SPAN_LIT("fmtp"))) {
        (void)sdp_fmtp_read(value, &p->candidate);
    }
}

/* "5004" or "5004/2". */
static bool read_port(struct span text, uint16_t *port)
{
    struct span rest = text;
    uint32_t number = 0;
    uint32_t count = 1;
    bool counted = span_find(text, '/') != text.len;

    if (span_parse_u32(span_cut(&rest, '/'), PORT_MAX, &number) != ST_OK ||
        (counted && (span_parse_u32(rest, PORT_MAX, &count) != ST_OK || count == 0))) {
        return false;
    }
    *port = (uint16_t)number;
    return true;
}

static void apply_rtcp(struct sdp_session *s, const struct level *media)
{
    uint32_t port = media->have_rtcp ? media->rtcp.port : s->rtp.port + 1u;
    const struct net_addr *host = media->have_rtcp && media->rtcp.family != 0 ? &media->rtcp : &s->rtp;

    if (s->rtp.port == 0 || port == 0 || port > PORT_MAX || host->family == 0 || addr_is_any(host)) {
        return;
    }
    s->rtcp = *host;
    s->rtcp.port = (uint16_t)port;
}

static void apply_levels(struct sdp_session *s, const struct level *session, const struct level *media)
{
    uint16_t port = s->rtp.port;

    s->rtp = media->have_connection ? media->connection : session->connection;
    s->rtp.port = port;
    unsigned direction = media->have_direction     ? media->direction
                         : session->have_direction ? session->direction
                                                   : SDP_SENDRECV;
    if (s->rtp.family != 0 && addr_is_any(&s->rtp)) {
        /* RFC 3264 8.4: the hold of old. */
        direction &= ~(unsigned)SDP_RECVONLY;
    }
    s->direction = (enum sdp_direction)direction;
    s->ptime_ms = media->ptime_ms != 0 ? media->ptime_ms : session->ptime_ms;
    s->maxptime_ms = media->maxptime_ms != 0 ? media->maxptime_ms : session->maxptime_ms;
    s->rtcp_mux = media->rtcp_mux || session->rtcp_mux;
    apply_rtcp(s, media);
}

static bool usable(const struct sdp_session *s)
{
    enum audio_codec codec;

    for (size_t i = 0; i < s->format_count; i++) {
        if (sdp_format_codec(&s->formats[i], &codec)) {
            return s->rtp.port != 0 && s->rtp.family != 0;
        }
    }
    return false;
}

/* The section that was being read is complete. */
static void end_section(struct parser *p)
{
    if (!p->in_media || !p->candidate_is_audio || p->chosen_usable) {
        return;
    }
    struct sdp_session *s = &p->candidate;
    apply_levels(s, &p->session, &p->media);
    bool is_usable = usable(s);
    if (p->out->has_audio && !is_usable) {
        return;
    }
    s->has_audio = true;
    s->origin_id = p->out->origin_id;
    s->origin_version = p->out->origin_version;
    s->media_count = p->out->media_count;
    *p->out = *s;
    p->chosen_usable = is_usable;
}

static bool read_media(struct parser *p, struct span value)
{
    end_section(p);
    struct sdp_media_line line;
    uint16_t port = 0;
    sdp_split_media(value, &line);
    if (line.media.len == 0 || line.proto.len == 0) {
        return bad(p, "malformed m= line");
    }
    if (!read_port(line.port, &port)) {
        return bad(p, "bad port in m= line");
    }
    p->in_media = true;
    p->media = (struct level){0};
    p->candidate = (struct sdp_session){.media_index = p->out->media_count, .rtp = {.port = port}};
    p->out->media_count++;
    p->candidate_is_audio = span_ieq(line.media, SPAN_LIT("audio")) && span_ieq(line.proto, SPAN_LIT("RTP/AVP"));
    if (!p->candidate_is_audio) {
        return true;
    }
    if (line.formats.len == 0 && port != 0) {
        return bad(p, "m= line without formats");
    }
    return sdp_formats_read(line.formats, &p->candidate) || bad(p, "bad payload type in m= line");
}

static bool read_line(struct parser *p, struct span line)
{
    struct span value = sdp_line_value(line);

    /* Parts of an offer are repeated in the answer to it. */
    if (span_find(line, '\0') != line.len || span_find(line, '\r') != line.len) {
        return bad(p, "NUL or CR inside a line");
    }
    if (line.len < 2 || line.ptr[1] != '=') {
        return bad(p, "a line that is not type=value");
    }
    switch (line.ptr[0]) {
    case 'c': return read_connection(p, value);
    case 'm': return read_media(p, value);
    case 'a': read_attribute(p, value); return true;
    case 'o':
        if (!p->in_media) {
            read_origin(p, value);
        }
        return true;
    default: return true;
    }
}

int sdp_parse(struct span body, struct sdp_session *out, const char **why)
{
    struct parser p = {.out = out};
    struct span line;

    *out = (struct sdp_session){.direction = SDP_SENDRECV};
    if (!sdp_next_line(&body, &line) || !span_eq(span_trim(line), SPAN_LIT("v=0"))) {
        *why = "no v=0 line at the start";
        return ST_BAD;
    }
    while (sdp_next_line(&body, &line)) {
        if (!read_line(&p, line)) {
            *out = (struct sdp_session){.direction = SDP_SENDRECV};
            *why = p.why;
            return ST_BAD;
        }
    }
    end_section(&p);
    return ST_OK;
}
