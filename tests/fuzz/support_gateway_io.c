/* SPDX-License-Identifier: MIT */
/* The io tables of the gateway: memory instead of sockets and files; what is sent is judged here. */
#include "support_gateway.h"
#include "wsaudio/sipmsg/message.h"

#define TRAVEL_US DUR_MS(1)

bool fuzz_world_fails(struct fuzz_world *g, enum fuzz_world_fault fault)
{
    if (g->fault != fault) {
        return false;
    }
    g->fault = FAULT_NONE;
    return true;
}

static struct fuzz_world_packet *post(struct fuzz_world *g, bool to_exchange, const struct net_addr *from,
                                      const void *data, size_t len)
{
    struct fuzz_world_packet *p = fuzz_alloc(sizeof(*p) + len);

    *p = (struct fuzz_world_packet){.at = g->now + TRAVEL_US, .to_exchange = to_exchange, .from = *from, .len = len};
    memcpy(p->data, data, len);
    *g->last = p;
    g->last = &p->next;
    return p;
}

/* ---- SIP ---- */

/* Every message of ours parses again. An answer to a malformed request repeats what could be read of it, and Vias that came in
 * one line leave in many. */
static void judge_sip(struct fuzz_world *g, const struct net_addr *to, struct span datagram, struct sip_msg *msg)
{
    enum sip_verdict verdict = sip_msg_parse(datagram, msg);
    bool excused =
        !msg->is_request && (msg->status == 400 || msg->status == 505 || strstr(msg->bad_reason, "Too many"));

    FUZZ_CHECK(verdict == SIP_VERDICT_OK || excused);
    FUZZ_CHECK(to->family != 0 && to->port != 0 && !addr_is_any(to) && !addr_is_group(to));
    FUZZ_CHECK(datagram.len <= SIP_DATAGRAM_MAX);
    FUZZ_CHECK(++g->sent_now <= 64); /* one event may not set off a storm */
}

/* A few losses are made good by retransmission, unless the process slept through it. */
static void note_loss(struct fuzz_world *g)
{
    g->forged = g->forged || ++g->lost > 3 || g->jumps > 0;
}

static void keep(char **kept, struct span text)
{
    free(*kept);
    *kept = fuzz_alloc(text.len + 1);
    memcpy(*kept, text.ptr, text.len);
    (*kept)[text.len] = '\0';
}

int fuzz_world_sip_send(void *ctx, const struct sip_flow *to, const void *data, size_t len)
{
    struct fuzz_world *g = ctx;
    struct sip_msg msg;

    judge_sip(g, &to->remote, span_make(data, len), &msg);
    if (fuzz_world_fails(g, FAULT_SIP_IO)) {
        g->forged = true;
        return ST_IO;
    }
    if (fuzz_world_fails(g, FAULT_SIP_AGAIN)) {
        return ST_AGAIN;
    }
    if (msg.is_request && msg.method != SIP_METHOD_ACK) {
        keep(&g->request, span_make(data, len));
        if (msg.method == SIP_METHOD_INVITE) {
            keep(&g->invite, span_make(data, len));
        }
    }
    if (!msg.is_request && msg.method == SIP_METHOD_INVITE && msg.status > 100) {
        keep(&g->answer, span_make(data, len));
    }
    if (g->exchange != NULL && addr_equal(&to->remote, &g->exchange_addr)) {
        if (g->lose_to_exchange > 0) {
            g->lose_to_exchange--;
            note_loss(g);
        } else {
            post(g, true, &g->local, data, len)->sip = true;
        }
    }
    return ST_OK;
}

int fuzz_world_exchange_sip_send(void *ctx, const struct sip_flow *to, const void *data, size_t len)
{
    struct fuzz_world *g = ctx;
    struct sip_msg msg;

    judge_sip(g, &to->remote, span_make(data, len), &msg);
    if (addr_equal(&to->remote, &g->local)) {
        if (g->lose_to_gateway > 0) {
            g->lose_to_gateway--;
            note_loss(g);
        } else {
            post(g, false, &g->exchange_addr, data, len)->sip = true;
        }
    }
    return ST_OK;
}

/* ---- media ---- */

#define GATEWAY_PORTS  32000
#define EXCHANGE_PORTS 45000

static int pair_open(struct fuzz_world_pair *pairs, uint16_t ports, struct pool_id call, uint16_t *port)
{
    FUZZ_CHECK(call.slot < FUZZ_WORLD_CALLS && !pool_id_is_none(call) && !pairs[call.slot].open);
    pairs[call.slot] = (struct fuzz_world_pair){.open = true, .call = call};
    *port = (uint16_t)(ports + 2 * call.slot);
    return ST_OK;
}

static void pair_close(struct fuzz_world_pair *pairs, struct pool_id call)
{
    FUZZ_CHECK(call.slot < FUZZ_WORLD_CALLS && pairs[call.slot].open && pool_id_eq(pairs[call.slot].call, call));
    pairs[call.slot].open = false;
}

static void judge_rtp(struct fuzz_world_pair *pair, struct span datagram)
{
    struct rtp_packet p;

    FUZZ_CHECK(rtp_packet_parse(datagram, &p) == ST_OK && p.payload.len > 0);
    FUZZ_CHECK(!pair->sent || (p.ssrc == pair->ssrc && p.sequence == pair->next_sequence));
    pair->sent = true;
    pair->ssrc = p.ssrc;
    pair->next_sequence = (uint16_t)(p.sequence + 1);
}

static void judge_media(struct fuzz_world *g, struct fuzz_world_pair *pair, struct pool_id call, bool rtcp,
                        const struct net_addr *to, struct span datagram)
{
    struct rtcp_state state = {0};

    FUZZ_CHECK(pair->open && pool_id_eq(pair->call, call));
    FUZZ_CHECK(to->family != 0 && to->port != 0 && !addr_is_any(to) && !addr_is_group(to));
    if (rtcp) {
        FUZZ_CHECK(rtcp_input(&state, datagram, 1, g->now, g->now, 8000) == ST_OK);
    } else {
        judge_rtp(pair, datagram);
    }
}

/* The pair that owns the port, or NULL. */
static struct fuzz_world_pair *pair_at(struct fuzz_world_pair *pairs, uint16_t ports, const struct net_addr *to,
                                       bool *rtcp)
{
    unsigned index = (unsigned)(to->port - ports);

    *rtcp = index % 2 == 1;
    return to->port >= ports && index / 2 < FUZZ_WORLD_CALLS && pairs[index / 2].open ? &pairs[index / 2] : NULL;
}

static void carry(struct fuzz_world *g, bool from_gateway, struct pool_id call, bool rtcp, const struct net_addr *to,
                  struct span datagram)
{
    struct net_addr from = from_gateway ? g->local : g->exchange_addr;
    bool to_gateway = addr_same_ip(to, &g->local) && to->port < EXCHANGE_PORTS;
    bool to_rtcp;
    struct fuzz_world_pair *pair = to_gateway ? pair_at(g->pairs, GATEWAY_PORTS, to, &to_rtcp)
                                              : pair_at(g->exchange_pairs, EXCHANGE_PORTS, to, &to_rtcp);

    if (g->exchange == NULL || pair == NULL || g->media == MEDIA_LOST || !addr_same_ip(to, &g->exchange_addr)) {
        return;
    }
    from.port = (uint16_t)((from_gateway ? GATEWAY_PORTS : EXCHANGE_PORTS) + 2 * call.slot + (rtcp ? 1 : 0));
    for (int copies = g->media == MEDIA_TWICE ? 2 : 1; copies > 0; copies--) {
        struct fuzz_world_packet *p = post(g, !to_gateway, &from, datagram.ptr, datagram.len);
        p->call = pair->call;
        p->rtcp = to_rtcp;
    }
}

static int media_open_pair(void *ctx, struct pool_id call, uint16_t *port)
{
    struct fuzz_world *g = ctx;
    return fuzz_world_fails(g, FAULT_PORTS) ? ST_FULL : pair_open(g->pairs, GATEWAY_PORTS, call, port);
}

static void media_close_pair(void *ctx, struct pool_id call)
{
    struct fuzz_world *g = ctx;
    pair_close(g->pairs, call);
}

static int media_send(void *ctx, struct pool_id call, bool rtcp, const struct net_addr *to, const void *data,
                      size_t len)
{
    struct fuzz_world *g = ctx;
    judge_media(g, &g->pairs[call.slot], call, rtcp, to, span_make(data, len));
    carry(g, true, call, rtcp, to, span_make(data, len));
    return fuzz_world_fails(g, FAULT_MEDIA_SEND) ? ST_IO : ST_OK;
}

static int exchange_open_pair(void *ctx, struct pool_id call, uint16_t *port)
{
    struct fuzz_world *g = ctx;
    return pair_open(g->exchange_pairs, EXCHANGE_PORTS, call, port);
}

static void exchange_close_pair(void *ctx, struct pool_id call)
{
    struct fuzz_world *g = ctx;
    pair_close(g->exchange_pairs, call);
}

static int exchange_send(void *ctx, struct pool_id call, bool rtcp, const struct net_addr *to, const void *data,
                         size_t len)
{
    struct fuzz_world *g = ctx;
    judge_media(g, &g->exchange_pairs[call.slot], call, rtcp, to, span_make(data, len));
    carry(g, false, call, rtcp, to, span_make(data, len));
    return ST_OK;
}

static int64_t wall(void *ctx)
{
    const struct fuzz_world *g = ctx;
    return INT64_C(1700000000000000) + g->now;
}

struct media_io fuzz_world_media_io(struct fuzz_world *g)
{
    return (struct media_io){g, media_open_pair, media_close_pair, media_send, wall};
}

struct media_io fuzz_world_exchange_media_io(struct fuzz_world *g)
{
    return (struct media_io){g, exchange_open_pair, exchange_close_pair, exchange_send, wall};
}
