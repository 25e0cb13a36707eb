/* SPDX-License-Identifier: MIT */
/* A whole gateway, fed by a script: the first byte is enum fuzz_world_flag, then records divided by the bytes FF 0A, each a letter,
 * mostly a digit, and what belongs to it. See seeds.py for examples.
 *
 *   kN  client N connects            tN bytes  it sends a text message      bN bytes  a binary one
 *   dN  it is gone                   rN bytes  raw bytes of its stream      fN        it stops or goes on reading
 *   sN text  a SIP datagram to the gateway, SN to the exchange; N draws the source, {X} in text is filled in (fuzz_world_template)
 *   mN bytes RTP, MN bytes RTCP to the first call; pN a good RTP packet of 20 ms
 *   wMS the clock moves on           uN the upload is on disk (0) or not    nN something fails once (enum fuzz_world_fault)
 *   lN  loses SIP between gateway and exchange (1, 2: one way; 3: both)      iN what happens to media between them
 *   jMS the clock jumps: the process got no time                            z         the server stops */
#include <stdio.h>

#include "support_gateway.h"

#define RECORDS_MAX 200
#define STEP_MAX_MS 60000

static struct net_addr source_of(const struct fuzz_world *g, unsigned n)
{
    switch (n) {
    case 0: return g->hop;
    case 1: return addr_ipv4(198, 51, 100, 7, 5060);
    case 2: return g->exchange_addr;
    case 3: return (struct net_addr){.family = 6, .port = 65535, .ip = {0xfe, 0x80, [15] = 1}, .scope = 2};
    default: return g->far;
    }
}

static struct net_addr media_source(const struct fuzz_world *g, unsigned n, bool rtcp)
{
    struct net_addr from = n < 2 ? g->far : source_of(g, n);

    from.port = n == 1 ? 65535 : (uint16_t)(FUZZ_WORLD_SDP_PORT + (rtcp ? 1 : 0));
    return from;
}

static void feed_sip(struct fuzz_world *g, unsigned n, bool to_exchange, struct span text)
{
    size_t len = 0;
    char *datagram = fuzz_world_template(g, text, &len);
    struct net_addr from = source_of(g, n);

    fuzz_world_sip(g, &from, to_exchange, span_make(datagram, len));
    free(datagram);
}

static void feed_media(struct fuzz_world *g, unsigned n, bool rtcp, struct span bytes)
{
    struct net_addr from = media_source(g, n, rtcp);
    fuzz_world_media(g, &from, rtcp, bytes);
}

static void feed_packet(struct fuzz_world *g, unsigned n)
{
    char bytes[RTP_HEADER_LEN + 160];
    char payload[160];
    struct outbuf out;
    uint32_t serial = g->serial++;

    memset(payload, 0x7f, sizeof(payload));
    struct rtp_packet p = {.sequence = (uint16_t)(65530 + serial),
                           .timestamp = serial * 160,
                           .ssrc = 77,
                           .payload = span_make(payload, sizeof(payload))};
    outbuf_init(&out, bytes, sizeof(bytes));
    FUZZ_CHECK(rtp_packet_write(&p, &out) == ST_OK);
    feed_media(g, n, false, outbuf_view(&out));
}

static dur_us duration_of(struct span digits)
{
    uint32_t ms = 0;
    int status = span_parse_u32(digits, STEP_MAX_MS, &ms);

    return DUR_MS(status == ST_OK ? ms : status == ST_TOO_LARGE ? STEP_MAX_MS : 20);
}

static void disturb(struct fuzz_world *g, char letter, unsigned n)
{
    static const int statuses[] = {ST_OK, ST_IO, ST_FULL};

    switch (letter) {
    case 'u': fuzz_world_commit(g, statuses[n % 3]); break;
    case 'n': g->fault = (enum fuzz_world_fault)(n % FAULT_COUNT); break;
    case 'l':
        g->lose_to_exchange += n & 1;
        g->lose_to_gateway += (n & 2) / 2;
        break;
    case 'i': g->media = (enum fuzz_world_media)(n % MEDIA_COUNT); break;
    case 'f': g->clients[n % FUZZ_WORLD_CLIENTS].reading = !g->clients[n % FUZZ_WORLD_CLIENTS].reading; break;
    default: break;
    }
}

static void play(struct fuzz_world *g, struct span record)
{
    char letter = record.len > 0 ? record.ptr[0] : '\0';
    unsigned n = record.len > 1 && char_is_digit(record.ptr[1]) ? (unsigned)(record.ptr[1] - '0') : 0;
    unsigned client = n % FUZZ_WORLD_CLIENTS;
    struct span rest = span_from(record, 2);

    switch (letter) {
    case 'k': fuzz_world_connect(g, client); break;
    case 'd': fuzz_world_disconnect(g, client); break;
    case 't': fuzz_world_frame(g, client, WSFRAME_TEXT, rest); break;
    case 'b': fuzz_world_frame(g, client, WSFRAME_BINARY, rest); break;
    case 'r': fuzz_world_bytes(g, client, rest); break;
    case 's': feed_sip(g, n, false, rest); break;
    case 'S': feed_sip(g, n, true, rest); break;
    case 'm': feed_media(g, n, false, rest); break;
    case 'M': feed_media(g, n, true, rest); break;
    case 'p': feed_packet(g, n); break;
    case 'w': fuzz_world_run(g, duration_of(span_from(record, 1))); break;
    case 'j': fuzz_world_jump(g, duration_of(span_from(record, 1))); break;
    case 'z': fuzz_world_stop(g); break;
    default: disturb(g, letter, n); break;
    }
}

static struct span cut_record(struct span *rest)
{
    for (size_t i = 0; i + 1 < rest->len; i++) {
        if ((unsigned char)rest->ptr[i] == 0xff && rest->ptr[i + 1] == '\n') {
            struct span record = span_head(*rest, i);
            *rest = span_from(*rest, i + 2);
            return record;
        }
    }
    struct span record = *rest;
    *rest = SPAN_NONE;
    return record;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_in in = {data, size};
    struct fuzz_world *g = fuzz_world_new(fuzz_u8(&in));
    struct span script = fuzz_rest(&in);

    for (int i = 0; i < RECORDS_MAX && script.len > 0; i++) {
        play(g, cut_record(&script));
    }
    fuzz_world_end(g);
    return 0;
}
