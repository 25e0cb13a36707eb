/* SPDX-License-Identifier: MIT */
/* A registrar that says anything: the first byte of each step is what it does (answer, answer an OPTIONS, let time pass, give our
 * address anew, stop), then a line of header text. Whatever it is: requests parse, they stay far apart in number, a registration
 * has an end, and after a stop nothing is left. */
#include "rng_seeded.h"
#include "support_fuzz.h"
#include "wsaudio/sipmsg.h"
#include "wsaudio/sipmsg/message.h"
#include "wsaudio/sipua.h"

#define STEPS_MAX    200
#define REQUESTS_MAX 2048

struct world {
    struct sip_stack *stack;
    mono_us now;
    size_t registers; /* different ones */
    uint32_t cseq;
    struct {
        char text[16384];
        size_t len;
    } last[2]; /* REGISTER, OPTIONS */
};

static int on_send(void *ctx, const struct sip_flow *to, const void *data, size_t len)
{
    struct world *w = ctx;
    struct sip_msg message;

    (void)to;
    FUZZ_CHECK(sip_msg_parse(span_make(data, len), &message) == SIP_VERDICT_OK);
    if (!message.is_request) {
        return ST_OK;
    }
    bool is_register = message.method == SIP_METHOD_REGISTER;
    FUZZ_CHECK(is_register || message.method == SIP_METHOD_OPTIONS);
    FUZZ_CHECK(sip_values_count(&message, SIP_HEADER_VIA) == 1);
    if (is_register) {
        FUZZ_CHECK(message.has_contact && message.cseq >= w->cseq && message.expires >= 0);
        w->registers += message.cseq > w->cseq ? 1 : 0;
        w->cseq = message.cseq;
        FUZZ_CHECK(w->registers < REQUESTS_MAX);
    }
    size_t slot = is_register ? 0 : 1;
    w->last[slot].len = len < sizeof(w->last[slot].text) ? len : 0;
    memcpy(w->last[slot].text, data, w->last[slot].len);
    return ST_OK;
}

static void turn(struct world *w, dur_us time)
{
    mono_us until = w->now + time;
    for (int i = 0; i < 10000 && sip_stack_due(w->stack) <= until; i++) {
        mono_us due = sip_stack_due(w->stack);
        w->now = due > w->now ? due : w->now;
        sip_stack_expire(w->stack, w->now);
        sip_stack_reap(w->stack);
    }
    FUZZ_CHECK(sip_stack_due(w->stack) > until);
    w->now = until;
}

/* Its Via with what the line says behind it, its From, To, Call-ID and CSeq, and the line as headers. */
static void reply(struct world *w, size_t slot, unsigned code, struct span via, struct span lines)
{
    struct sip_msg request;
    struct span datagram = span_make(w->last[slot].text, w->last[slot].len);
    struct net_addr us = addr_ipv4(10, 0, 0, 1, 5062);
    struct net_addr server = addr_ipv4(10, 0, 0, 2, 5060);
    struct sip_flow from = sip_flow_udp(&us, &server);
    struct outbuf out;
    char *text = fuzz_alloc(SIP_DATAGRAM_MAX);

    outbuf_init(&out, text, SIP_DATAGRAM_MAX);
    if (datagram.len > 0 && sip_msg_parse(datagram, &request) == SIP_VERDICT_OK) {
        outbuf_printf(&out, "SIP/2.0 %u X\r\nVia: ", code);
        outbuf_span(&out, request.via.text);
        outbuf_span(&out, via);
        outbuf_printf(&out, "\r\nFrom: %.*s\r\nTo: %.*s;tag=r\r\n", SPAN_ARG(request.from.text),
                      SPAN_ARG(request.to.text));
        outbuf_printf(&out, "Call-ID: %.*s\r\nCSeq: %u %s\r\n", SPAN_ARG(request.call_id), (unsigned)request.cseq,
                      slot == 0 ? "REGISTER" : "OPTIONS");
        outbuf_span(&out, lines);
        outbuf_str(&out, "\r\n\r\n");
        struct span view = outbuf_view(&out);
        sip_stack_input(w->stack, w->now, &from, view.ptr, view.len);
        sip_stack_reap(w->stack);
    }
    free(text);
}

static void step(struct world *w, struct fuzz_in *in)
{
    static const unsigned codes[] = {200, 401, 407, 423, 302, 503, 403, 100};
    uint8_t what = fuzz_u8(in);
    uint8_t more = fuzz_u8(in);
    size_t slot = (what & 8) != 0 ? 1 : 0;

    switch (what & 7) {
    case 0:
    case 1:
    case 2: {
        struct span rest = span_make(in->ptr, in->len);
        struct span via = (what & 16) != 0 ? span_cut(&rest, '\n') : SPAN_NONE;
        struct span lines = span_cut(&rest, '\0');
        *in = (struct fuzz_in){(const uint8_t *)rest.ptr, rest.len};
        reply(w, slot, (what & 32) != 0 ? 200U + more * 2 : codes[more & 7], via, lines);
        break;
    }
    case 3: turn(w, DUR_MS(100) * more); break;
    case 4: turn(w, DUR_S(more)); break;
    case 5: {
        struct net_addr local = addr_ipv4(10, 0, (uint8_t)(more & 1), 1, 5062);
        sip_stack_set_local(w->stack, w->now, &local);
        break;
    }
    case 6: sip_stack_stop(w->stack, w->now); break;
    default: turn(w, DUR_MS(10)); break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct world world; /* large */
    struct fuzz_in in = {data, size};
    uint64_t seed = 1;
    const struct rng rng = {rng_seeded_fill, &seed};
    uint8_t draw = fuzz_u8(&in);
    struct sip_config config = {.local = addr_ipv4(10, 0, 0, 1, 5062),
                                .next_hop = addr_ipv4(10, 0, 0, 2, 5060),
                                .domain = SPAN_LIT("d.test"),
                                .user = SPAN_LIT("voip"),
                                .password = SPAN_LIT("secret"),
                                .has_password = (draw & 1) != 0,
                                .keepalive = (draw & 2) != 0 ? DUR_S(30) : 0,
                                .registers = true,
                                .expires_s = 600,
                                .learn_local = true,
                                .max_usages = 1,
                                .rng = &rng};
    struct sip_hooks hooks = {.ctx = &world, .send = on_send};

    world = (struct world){.now = DUR_S(1000)};
    world.stack = sip_stack_new(&config, &hooks);
    FUZZ_CHECK(world.stack != NULL);
    sip_stack_start(world.stack, world.now);
    for (int i = 0; i < STEPS_MAX && in.len > 0; i++) {
        step(&world, &in);
    }
    /* a registration has an end: nobody answers any more */
    turn(&world, DUR_S(700));
    FUZZ_CHECK(!sip_stack_is_registered(world.stack) || world.registers > 0);
    sip_stack_stop(world.stack, world.now);
    turn(&world, DUR_S(100));
    FUZZ_CHECK(!sip_stack_is_registered(world.stack) && sip_stack_busy(world.stack) == 0);
    FUZZ_CHECK(sip_stack_due(world.stack) == MONO_NEVER && sip_stack_stats(world.stack).transactions == 0);
    sip_stack_free(world.stack);
    return 0;
}
