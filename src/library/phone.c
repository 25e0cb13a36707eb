/* SPDX-License-Identifier: MIT */
#include "phone.h"

#include <stdio.h>
#include <stdlib.h>

#define URI_MAX       512
#define LABEL_MAX     256
#define USAGES(calls) ((calls)*2 + 6) /* with those that finish */
#define SIP_BUFFER    (256 * 1024)

/* ---- the socket ---- */

static int sip_send(void *ctx, const struct sip_flow *to, const void *data, size_t len)
{
    struct phone *p = ctx;

    if (p->fd < 0) {
        return ST_IO;
    }
    if (p->hooks.sent != NULL) {
        p->hooks.sent(p->hooks.ctx, span_make(data, len));
    }
    return os_udp_send(p->fd, &to->remote, data, len);
}

static void sip_ready(void *ctx, struct pool_id watch, unsigned events, mono_us now)
{
    struct phone *p = ctx;
    struct os_datagram datagrams[OS_UDP_BATCH];

    (void)watch;
    (void)events;
    int n = os_udp_receive(p->fd, p->engine->batch, datagrams);
    for (int i = 0; i < n && p->fd >= 0; i++) {
        p->engine->received++;
        if (datagrams[i].truncated) {
            continue;
        }
        if (p->engine->tap != NULL) {
            p->engine->tap(p->engine->tap_ctx, p->fd, &datagrams[i]);
        }
        struct sip_flow flow = sip_flow_udp(&p->public_ip, &datagrams[i].from);
        sip_stack_input(p->sip, now, &flow, datagrams[i].data, datagrams[i].len);
    }
}

/* ---- events of a call ---- */

static void tell(struct line *line, enum line_event event)
{
    struct phone *p = line->phone;

    if (p->hooks.event != NULL && p->fd >= 0) {
        p->hooks.event(p->hooks.ctx, line, event);
    }
}

static void end_line(struct line *line, int code, struct span reason)
{
    char safe[TEXT_SAFE_MAX + 1];

    text_safe(reason, safe);
    snprintf(line->reason, sizeof(line->reason), "%s", safe[0] != '\0' ? safe : sip_reason_phrase(code));
    line->code = code;
    line->state = LINE_ENDED;
    line_audio_close(&line->audio);
    line->phone->engine->ended++;
    if (!line->placing) {
        tell(line, LINE_EVENT_ENDED);
    }
}

/* We end what the far end's SDP makes impossible. */
static void give_up(struct line *line, const char *why)
{
    struct phone *p = line->phone;

    sip_inv_end(p->sip, engine_now(p->engine), line->usage);
    end_line(line, 488, span_cstr(why));
}

static bool answer_usable(struct line *line, struct span body, const char **why)
{
    *why = "the answer carries no SDP";
    return body.len > 0 && media_session_take_answer(line->audio.session, body, why) == ST_OK;
}

static void on_progress(struct line *line, const struct sip_event *event)
{
    const char *why = NULL;

    if (event->code <= 100) {
        return;
    }
    if (answer_usable(line, event->body, &why)) {
        (void)!line_audio_start(&line->audio, false); /* that cannot fail: nothing is sent yet */
    }
    line->code = event->code;
    tell(line, LINE_EVENT_PROGRESS);
}

static void on_answer(struct line *line, const struct sip_event *event)
{
    const char *why = NULL;

    if (!answer_usable(line, event->body, &why)) {
        give_up(line, why != NULL ? why : "the answer's SDP is not usable");
        return;
    }
    if (line_audio_start(&line->audio, true) != ST_OK) {
        give_up(line, os_error_text());
        return;
    }
    line->state = LINE_UP;
    line->code = event->code;
    tell(line, LINE_EVENT_ANSWERED);
}

/* A re-INVITE: what it offers is taken where we can, else the call goes on as it was. */
static void on_offer(struct line *line, const struct sip_event *event)
{
    struct phone *p = line->phone;
    struct media_session *session = line->audio.session;
    const char *why = NULL;
    char text[MEDIA_ANSWER_MAX];
    struct outbuf out;

    outbuf_init(&out, text, sizeof(text));
    if (media_session_answer(session, event->body, &out, &why) != ST_OK) {
        (void)!sip_inv_refuse_offer(p->sip, engine_now(p->engine), line->usage, 488); /* else the stack does */
    } else if (sip_inv_accept_offer(p->sip, engine_now(p->engine), line->usage, outbuf_view(&out)) != ST_OK) {
        media_session_withdraw(session);
    } else if (!media_session_awaits_answer(session)) {
        (void)!line_audio_start(&line->audio, true); /* it sends already */
    }
}

/* The ACK brings the answer to an offer of ours; an SDP that answers none says nothing. */
static void on_confirmed(struct line *line, const struct sip_event *event)
{
    struct media_session *session = line->audio.session;
    const char *why = NULL;

    if (!media_session_awaits_answer(session) || event->body.len == 0) {
        return;
    }
    if (media_session_take_late_answer(session, event->body, &why) != ST_OK) {
        give_up(line, why != NULL ? why : "the answer's SDP is not usable");
        return;
    }
    (void)!line_audio_start(&line->audio, true); /* it sends already */
}

static void sip_event(void *ctx, const struct sip_event *event)
{
    struct phone *p = ctx;
    struct line *line = pool_get(&p->lines, event->owner);

    if (line == NULL || line->state == LINE_ENDED || (!line->placing && !pool_id_eq(line->usage, event->usage))) {
        return; /* INCOMING is not adopted: 480 */
    }
    switch (event->kind) {
    case SIP_EVENT_PROGRESS: on_progress(line, event); break;
    case SIP_EVENT_ANSWERED: on_answer(line, event); break;
    case SIP_EVENT_OFFER: on_offer(line, event); break;
    case SIP_EVENT_CONFIRMED: on_confirmed(line, event); break;
    case SIP_EVENT_ENDED: end_line(line, event->code, event->reason); break;
    case SIP_EVENT_INCOMING:
    case SIP_EVENT_KIND_COUNT: break;
    }
}

/* ---- opening and closing ---- */

static int open_socket(struct phone *p, const struct phone_config *config)
{
    struct os_udp_options options = {.receive_buffer = SIP_BUFFER, .dscp = 24};
    int status = os_udp_open(&config->bind, &options, &p->fd);

    if (status == ST_OK) {
        status = os_udp_local(p->fd, &p->local);
    }
    if (status == ST_OK) {
        status = os_loop_watch(p->engine->loop, p->fd, OS_READ, OS_CLASS_SOCKET, sip_ready, p, &p->watch);
    }
    p->public_ip = config->advertise;
    if (status == ST_OK && p->public_ip.family == 0) {
        p->public_ip = p->local;
        if (addr_is_any(&p->local)) {
            status = os_route_local(&p->server, &p->public_ip);
        }
    }
    p->public_ip.port = p->local.port;
    return status;
}

static int open_stack(struct phone *p, const struct phone_config *config)
{
    const struct sip_hooks hooks = {.ctx = p, .send = sip_send, .event = sip_event};
    const struct sip_config sip = {.local = p->public_ip,
                                   .next_hop = p->server,
                                   .domain = span_cstr(p->domain),
                                   .user = span_cstr(config->user),
                                   .caller = span_cstr(config->caller),
                                   .password = span_cstr(config->password),
                                   .has_password =
                                       config->user != NULL && config->user[0] != '\0' && config->password != NULL,
                                   .user_agent = SPAN_LIT("libsip_client/" WSAUDIO_VERSION),
                                   .max_usages = USAGES(config->max_calls),
                                   .log = &p->engine->log,
                                   .rng = &p->engine->rng};

    p->sip = sip_stack_new(&sip, &hooks);
    return p->sip != NULL ? ST_OK : ST_NO_MEMORY;
}

static void free_phone(struct phone *p)
{
    sip_stack_free(p->sip);
    os_loop_unwatch(p->engine->loop, p->watch);
    os_close(p->fd);
    pool_fini(&p->lines);
    list_remove(&p->node);
    free(p);
}

int phone_open(struct engine *e, const struct phone_config *config, const struct phone_hooks *hooks, struct phone **out)
{
    struct phone *p = calloc(1, sizeof(*p));

    *out = NULL;
    if (p == NULL) {
        return ST_NO_MEMORY;
    }
    list_init(&p->node);
    p->engine = e;
    p->fd = -1;
    p->server = config->server;
    p->hooks = *hooks;
    int status = span_copy(span_cstr(config->domain), p->domain, sizeof(p->domain));
    if (status == ST_OK) {
        status = pool_init(&p->lines, sizeof(struct line), config->max_calls);
    }
    if (status == ST_OK) {
        status = open_socket(p, config);
    }
    if (status == ST_OK) {
        status = open_stack(p, config);
    }
    if (status != ST_OK) {
        free_phone(p);
        return status;
    }
    list_push_back(&e->phones, &p->node);
    *out = p;
    return ST_OK;
}

void phone_close(struct phone *p)
{
    struct line *line;
    struct pool_id id;

    if (p == NULL) {
        return;
    }
    p->hooks.event = NULL;
    for (uint32_t slot = 0; (line = pool_next(&p->lines, &slot, &id)) != NULL; slot++) {
        phone_hang_up(p, id);
    }
    os_loop_unwatch(p->engine->loop, p->watch);
    os_close(p->fd);
    p->fd = -1;
    if (!p->engine->inside) {
        free_phone(p);
    }
}

bool phone_is_busy(const struct phone *p)
{
    return p->fd >= 0 && sip_stack_busy(p->sip) > 0;
}

/* ---- turns ---- */

mono_us phone_due(const struct phone *p)
{
    return p->fd >= 0 ? sip_stack_due(p->sip) : MONO_NEVER;
}

/* PLAYED is told at the end of the turn, where the call may be hung up. */
static void tell_played(struct phone *p)
{
    struct line *line;

    for (uint32_t slot = 0; p->fd >= 0 && (line = pool_next(&p->lines, &slot, NULL)) != NULL; slot++) {
        if (line->was_playing && !line_audio_is_playing(&line->audio)) {
            line->was_playing = false;
            if (line->state == LINE_UP) {
                tell(line, LINE_EVENT_PLAYED);
            }
        }
    }
}

void phone_expire(struct phone *p)
{
    if (p->fd >= 0) {
        sip_stack_expire(p->sip, engine_now(p->engine));
        tell_played(p);
    }
}

void phone_reap(struct phone *p)
{
    struct line *line;
    struct pool_id id;

    if (p->fd < 0) {
        free_phone(p);
        return;
    }
    sip_stack_reap(p->sip);
    for (uint32_t slot = 0; (line = pool_next(&p->lines, &slot, &id)) != NULL; slot++) {
        if (line->state == LINE_ENDED) {
            pool_free(&p->lines, id);
        }
    }
}

/* ---- calls ---- */

static int place(struct line *line, struct span uri, dur_us ring, struct port *port)
{
    struct phone *p = line->phone;
    char sdp[SDP_WRITE_MAX];
    struct outbuf out;

    int status = line_audio_open(&line->audio, p->engine, port, &p->public_ip, &p->server);

    if (status != ST_OK) {
        return status;
    }
    outbuf_init(&out, sdp, sizeof(sdp));
    status = media_session_write_offer(line->audio.session, &out);
    if (status != ST_OK) {
        return status;
    }
    line->placing = true;
    status = sip_inv_invite(p->sip, engine_now(p->engine), uri, outbuf_view(&out), ring, line->id, &line->usage);
    line->placing = false;
    return status == ST_OK && line->state == LINE_ENDED ? ST_IO : status;
}

int phone_call(struct phone *p, const char *target, dur_us ring, struct port *port, struct pool_id *id)
{
    char uri[URI_MAX];
    char label[LABEL_MAX];
    int status = sip_target_parse(span_cstr(target), span_cstr(p->domain), uri, sizeof(uri), label, sizeof(label));
    struct line *line = status == ST_OK ? pool_new(&p->lines, id) : NULL;

    if (line == NULL) {
        return status != ST_OK ? ST_BAD : ST_FULL;
    }
    line->phone = p;
    line->id = *id;
    status = place(line, span_cstr(uri), ring, port);
    if (status != ST_OK) {
        line_audio_close(&line->audio);
        pool_free(&p->lines, *id);
    }
    return status;
}

struct line *phone_line(struct phone *p, struct pool_id id)
{
    struct line *line = p != NULL ? pool_get(&p->lines, id) : NULL;

    return line != NULL && line->state != LINE_ENDED ? line : NULL;
}

void phone_hang_up(struct phone *p, struct pool_id id)
{
    struct line *line = phone_line(p, id);

    if (line == NULL) {
        return;
    }
    line->state = LINE_ENDED;
    p->engine->ended++;
    line_audio_close(&line->audio);
    sip_inv_end(p->sip, engine_now(p->engine), line->usage);
}
