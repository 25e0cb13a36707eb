/* SPDX-License-Identifier: MIT */
/* The loopback exchange (SPEC section 6) as a SIP user agent in the server role: what was dialled says what becomes of
 * the call. Its audio is a media session that sends back at once or plays a tone. */
#include "wsaudio/loopback.h"

#include <stdlib.h>

#define RING_LIMIT_US    DUR_S(3600) /* its CANCEL may never come (RFC 3261 13.3.1) */
#define SILENCE_LIMIT_US DUR_S(180)  /* nor the BYE of a call of which nothing is heard */
#define CHALLENGE_MAX    160
#define REPORT_US        DUR_S(3) /* so that the caller soon knows its round trip */

enum far_kind { FAR_ECHO, FAR_TONE, FAR_BUSY, FAR_NO_ANSWER };

struct far_call {
    struct loopback_ua *ua;
    struct pool_id id;
    struct pool_id usage;
    bool ended;
    struct timerq_entry timer; /* it is given up */
    struct net_addr sip_peer;
    struct media_session *media; /* NULL: not answered */
};

struct loopback_ua {
    struct loopback_ua_config config;
    struct sip_stack *sip;
    struct media *media;
    struct pool calls;
    struct timerq timers;
    bool reap;
};

static void far_release(struct far_call *f, mono_us now)
{
    struct loopback_ua *u = f->ua;

    if (!f->ended) {
        f->ended = true;
        u->reap = true;
        timerq_cancel(&u->timers, &f->timer);
        media_session_close(f->media, now);
    }
}

static enum far_kind kind_of(struct span user)
{
    if (span_eq(user, SPAN_LIT("busy"))) {
        return FAR_BUSY;
    }
    if (span_eq(user, SPAN_LIT("noanswer"))) {
        return FAR_NO_ANSWER;
    }
    return span_eq(user, SPAN_LIT("tone")) ? FAR_TONE : FAR_ECHO;
}

/* CALL:auth: one challenge, any credentials pass. */
static int challenge(struct loopback_ua *u, mono_us now, const struct sip_event *event)
{
    char nonce[33];
    char line[CHALLENGE_MAX];
    struct outbuf out;

    rng_token(u->config.rng, nonce, 32);
    outbuf_init(&out, line, sizeof(line));
    outbuf_printf(&out, "Proxy-Authenticate: Digest realm=\"loopback\", nonce=\"%s\", algorithm=MD5, qop=\"auth\"\r\n",
                  nonce);
    return sip_inv_reject(u->sip, now, event->usage, 407, outbuf_view(&out));
}

static void no_event(void *ctx, const struct media_event *event)
{
    (void)ctx;
    (void)event;
}

static int far_answer(struct far_call *f, mono_us now, struct span offer, enum far_kind kind)
{
    struct loopback_ua *u = f->ua;
    const struct media_session_config config = {.label = "loopback",
                                                .local = u->config.local,
                                                .sip_peer = f->sip_peer,
                                                .format = MEDIA_AUDIO_OFF,
                                                .source = kind == FAR_TONE ? MEDIA_SOURCE_TONE : MEDIA_SOURCE_REFLECT,
                                                .event = no_event};
    const char *why = NULL;
    char text[MEDIA_ANSWER_MAX];
    struct outbuf out;

    if (offer.len == 0) {
        return ST_BAD; /* who dials here has an offer */
    }
    int status = media_session_open(u->media, &config, &f->media);
    if (status != ST_OK) {
        return status;
    }
    outbuf_init(&out, text, sizeof(text));
    status = media_session_answer(f->media, offer, &out, &why);
    if (status == ST_OK) {
        timerq_set(&u->timers, &f->timer, now + SILENCE_LIMIT_US);
        media_session_signs_life(f->media, now);
        media_session_start(f->media, now, &f->sip_peer, true);
        status = sip_inv_answer(u->sip, now, f->usage, outbuf_view(&out));
    }
    return status;
}

static void far_refuse(struct far_call *f, mono_us now, int code)
{
    struct loopback_ua *u = f->ua;
    struct pool_id usage = f->usage;

    far_release(f, now);
    if (sip_inv_reject(u->sip, now, usage, code, SPAN_NONE) != ST_OK) {
        log_write(u->config.log, LOG_DEBUG, "loopback exchange: %d could not be sent", code);
    }
}

static void on_incoming(struct loopback_ua *u, const struct sip_event *event)
{
    const mono_us now = event->now;
    struct pool_id id;
    enum far_kind kind = kind_of(event->request_user);

    if (span_eq(event->request_user, SPAN_LIT("auth")) && !event->has_credentials) {
        if (challenge(u, now, event) != ST_OK) {
            log_write(u->config.log, LOG_DEBUG, "loopback exchange: 407 could not be sent");
        }
        return;
    }
    struct far_call *f = pool_new(&u->calls, &id);
    if (f == NULL) {
        return; /* not adopted: 480 */
    }
    f->ua = u;
    f->id = id;
    f->usage = event->usage;
    f->sip_peer = event->source;
    timerq_set(&u->timers, &f->timer, now + RING_LIMIT_US);
    if (sip_inv_adopt(u->sip, now, event->usage, id) != ST_OK) {
        far_release(f, now);
        return;
    }
    if (kind == FAR_BUSY) {
        far_refuse(f, now, 486);
        return;
    }
    int status = sip_inv_progress(u->sip, now, f->usage, 180, SPAN_NONE);
    if (status == ST_OK && kind != FAR_NO_ANSWER) {
        status = far_answer(f, now, event->body, kind);
    }
    if (status != ST_OK) {
        far_refuse(f, now, status == ST_BAD ? 488 : 480);
    }
}

static void on_offer(struct far_call *f, const struct sip_event *event)
{
    const mono_us now = event->now;
    struct loopback_ua *u = f->ua;
    const char *why = NULL;
    char text[MEDIA_ANSWER_MAX];
    struct outbuf out;

    outbuf_init(&out, text, sizeof(text));
    if (media_session_answer(f->media, event->body, &out, &why) != ST_OK) {
        (void)!sip_inv_refuse_offer(u->sip, now, f->usage, 488); /* else the stack does */
    } else if (sip_inv_accept_offer(u->sip, now, f->usage, outbuf_view(&out)) != ST_OK) {
        media_session_withdraw(f->media);
    } else if (!media_session_awaits_answer(f->media)) {
        media_session_start(f->media, now, &f->sip_peer, true);
    }
}

/* The ACK to a 2xx that made an offer. */
static void on_confirmed(struct far_call *f, mono_us now, struct span answer)
{
    const char *why = NULL;

    if (media_session_awaits_answer(f->media) && media_session_take_late_answer(f->media, answer, &why) == ST_OK) {
        media_session_start(f->media, now, &f->sip_peer, true);
    }
}

static void on_event(void *ctx, const struct sip_event *event)
{
    struct loopback_ua *u = ctx;

    if (event->kind == SIP_EVENT_INCOMING) {
        on_incoming(u, event);
        return;
    }
    struct far_call *f = pool_get(&u->calls, event->owner);
    if (f == NULL || f->ended || !pool_id_eq(f->usage, event->usage)) {
        return;
    }
    if (event->kind == SIP_EVENT_ENDED) {
        far_release(f, event->now);
    } else if (event->kind == SIP_EVENT_OFFER && f->media != NULL) {
        on_offer(f, event);
    } else if (event->kind == SIP_EVENT_CONFIRMED && f->media != NULL) {
        on_confirmed(f, event->now, event->body);
    }
}

static int send_sip(void *ctx, const struct sip_flow *to, const void *data, size_t len)
{
    struct loopback_ua *u = ctx;
    return u->config.sip_send(u->config.sip_ctx, to, data, len);
}

/* ---- begin and end ---- */

static int open_parts(struct loopback_ua *u)
{
    const struct loopback_ua_config *config = &u->config;
    /* the server's log shows the same messages and packets from its side */
    const struct sip_config sip = {.local = config->local,
                                   .domain = SPAN_LIT("loopback"),
                                   .user_agent = SPAN_LIT("ws_audio_server loopback exchange"),
                                   .max_usages = SIP_STACK_USAGES(config->max_calls),
                                   .rng = config->rng};
    const struct sip_hooks hooks = {.ctx = u, .send = send_sip, .event = on_event};
    /* the server is at the other end, which sends from the port that its SDP names; only its IP may be one that --advertise says */
    const struct media_config media = {.rng = config->rng,
                                       .io = config->media,
                                       .learn = RTP_LEARN_PORT,
                                       .max_sessions = config->max_calls,
                                       .report_every = REPORT_US};
    int status = pool_init(&u->calls, sizeof(struct far_call), config->max_calls);

    if (status == ST_OK) {
        status = timerq_init(&u->timers, config->max_calls);
    }
    if (status == ST_OK) {
        status = media_new(&media, &u->media);
    }
    if (status == ST_OK) {
        u->sip = sip_stack_new(&sip, &hooks);
        status = u->sip != NULL ? ST_OK : ST_NO_MEMORY;
    }
    return status;
}

int loopback_ua_new(const struct loopback_ua_config *config, struct loopback_ua **out)
{
    struct loopback_ua *u = calloc(1, sizeof(*u));

    if (u == NULL) {
        return ST_NO_MEMORY;
    }
    u->config = *config;
    int status = open_parts(u);
    if (status != ST_OK) {
        loopback_ua_free(u);
        return status;
    }
    *out = u;
    return ST_OK;
}

void loopback_ua_free(struct loopback_ua *u)
{
    struct far_call *f;

    if (u == NULL) {
        return;
    }
    for (uint32_t s = 0; (f = pool_next(&u->calls, &s, NULL)) != NULL; s++) {
        media_session_close(f->media, 0); /* it neither records nor says RTCP BYE: nothing needs the time */
        media_session_free(f->media);
    }
    sip_stack_free(u->sip);
    media_free(u->media);
    timerq_fini(&u->timers);
    pool_fini(&u->calls);
    free(u);
}

uint64_t loopback_ua_memory(uint32_t max_calls)
{
    return max_calls * sizeof(struct far_call) + media_memory_bare(max_calls) +
           sip_stack_worst_case_memory(SIP_STACK_USAGES(max_calls));
}

/* ---- turns ---- */

void loopback_ua_sip_input(struct loopback_ua *u, mono_us now, const struct net_addr *from, const void *data,
                           size_t len)
{
    struct sip_flow flow = sip_flow_udp(&u->config.local, from);

    sip_stack_input(u->sip, now, &flow, data, len);
}

struct media *loopback_ua_media(struct loopback_ua *u)
{
    return u->media;
}

mono_us loopback_ua_tick_due(const struct loopback_ua *u)
{
    return media_tick_due(u->media);
}

void loopback_ua_tick(struct loopback_ua *u, mono_us now)
{
    media_tick(u->media, now);
}

mono_us loopback_ua_due(const struct loopback_ua *u)
{
    mono_us timers = timerq_due(&u->timers);
    mono_us sip = sip_stack_due(u->sip);

    return timers < sip ? timers : sip;
}

static void far_expire(struct far_call *f, mono_us now)
{
    struct loopback_ua *u = f->ua;
    mono_us until = f->media != NULL ? media_session_heard_at(f->media) + SILENCE_LIMIT_US : 0;

    if (now < until) {
        timerq_set(&u->timers, &f->timer, until);
        return;
    }
    struct pool_id usage = f->usage;
    far_release(f, now);
    sip_inv_end(u->sip, now, usage); /* 480 or BYE */
}

void loopback_ua_expire(struct loopback_ua *u, mono_us now)
{
    struct timerq_entry *entry;

    sip_stack_expire(u->sip, now);
    while ((entry = timerq_pop(&u->timers, now)) != NULL) {
        far_expire(LIST_OWNER(entry, struct far_call, timer), now);
    }
}

void loopback_ua_reap(struct loopback_ua *u)
{
    struct far_call *f;
    struct pool_id id;

    for (uint32_t s = 0; u->reap && (f = pool_next(&u->calls, &s, &id)) != NULL; s++) {
        if (f->ended) {
            media_session_free(f->media);
            pool_free(&u->calls, id);
        }
    }
    u->reap = false;
    sip_stack_reap(u->sip);
}

uint32_t loopback_ua_calls(const struct loopback_ua *u)
{
    return u->calls.used;
}

/* ---- in lines ---- */

enum dump_at { AT_EXCHANGE, AT_CALLS };

static void exchange_line(const struct loopback_ua *u, mono_us now, struct outbuf *out)
{
    outbuf_printf(out, "loopback exchange: %u calls of %u", loopback_ua_calls(u), u->config.max_calls);
    dump_due(out, "tick", loopback_ua_tick_due(u), now);
    dump_due(out, "timer", loopback_ua_due(u), now);
}

static void far_line(const struct far_call *f, mono_us now, struct outbuf *out)
{
    struct media_figures figures;

    dump_begin(out, "loopback call", f->id, f->ended ? "ended" : f->media != NULL ? "answered" : "rings");
    outbuf_printf(out, ", usage %u.%u", f->usage.slot, f->usage.generation);
    dump_addr(out, "peer", &f->sip_peer);
    if (f->media != NULL) {
        media_session_figures(f->media, &figures);
        outbuf_printf(out, ", RTP port %u, %u packets sent, %llu received", media_session_port(f->media), figures.sent,
                      (unsigned long long)figures.received);
    }
    dump_timer(out, "timer", &f->timer, now);
}

bool loopback_ua_dump(const struct loopback_ua *u, mono_us now, uint32_t *at, struct outbuf *out)
{
    const uint32_t first_sip = AT_CALLS + u->calls.cap;
    const struct far_call *f;

    if (*at == AT_EXCHANGE) {
        exchange_line(u, now, out);
        return true;
    }
    uint32_t slot = *at - AT_CALLS;
    if (*at < first_sip && (f = pool_next(&u->calls, &slot, NULL)) != NULL) {
        *at = AT_CALLS + slot;
        far_line(f, now, out);
        return true;
    }
    slot = *at < first_sip ? 0 : *at - first_sip;
    outbuf_str(out, "loopback "); /* the server's own stack tells lines of the same look */
    bool found = sip_stack_dump(u->sip, now, &slot, out);

    *at = first_sip + slot;
    return found;
}
