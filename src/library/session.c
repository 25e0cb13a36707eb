/* SPDX-License-Identifier: MIT */
/* sip_client.h's sessions: each blocking function puts its wish to the telephone (phone.c) and turns the loop until it
 * is done. */
#include <stdio.h>

#include "process.h"
#include "text.h"

/* ---- what the structure shows ---- */

static void show(struct span value, char *out, size_t cap)
{
    (void)!span_copy(value, out, cap); /* "" when it does not fit */
}

/* The INVITE on its way says what the call is called. */
static void note_invite(struct session *s, struct span message)
{
    struct span value = SPAN_NONE;
    sip_session_t *user = s->user;

    (void)!message_text_header(message, "Call-ID", 'i', &value);
    show(value, s->call_id, sizeof(s->call_id));
    if (user == NULL) {
        return;
    }
    show(value, user->callid, sizeof(user->callid));
    (void)!message_text_header(message, "From", 'f', &value);
    show(message_text_param(value, "tag"), user->tag, sizeof(user->tag));
    (void)!message_text_header(message, "Via", 'v', &value);
    show(message_text_param(value, "branch"), user->branch, sizeof(user->branch));
    (void)!message_text_header(message, "CSeq", '\0', &value);
    show(span_head(value, span_find(value, ' ')), user->cseq, sizeof(user->cseq));
}

static void sent(void *ctx, struct span message)
{
    struct session *s = ctx;

    if (s->outcome != OUTCOME_OPEN) {
        return;
    }
    if (span_starts(message, SPAN_LIT("INVITE "))) {
        note_invite(s, message);
    } else if (span_starts(message, SPAN_LIT("ACK ")) && message.len <= sizeof(s->ack)) {
        memcpy(s->ack, message.ptr, message.len);
        s->ack_len = message.len;
    }
}

static void answered(struct session *s, const struct line *line)
{
    struct span value = SPAN_NONE;
    sip_session_t *user = s->user;

    s->outcome = OUTCOME_ANSWERED;
    if (user != NULL) {
        (void)!message_text_header(span_make(s->ack, s->ack_len), "To", 't', &value);
        show(message_text_param(value, "tag"), user->to_tag, sizeof(user->to_tag));
        user->remote_rtp_port = media_session_negotiated(line->audio.session)->rtp.port;
        user->call_established = 1;
    }
}

static void event(void *ctx, struct line *line, enum line_event what)
{
    struct session *s = ctx;
    struct log *log = &line->phone->engine->log;

    if (what == LINE_EVENT_ANSWERED) {
        answered(s, line);
    } else if (what == LINE_EVENT_ENDED) {
        if (s->outcome == OUTCOME_OPEN) {
            s->outcome = OUTCOME_FAILED;
            log_write(log, LOG_WARNING, LOG_TEXT(log, LIB_CALL_FAILED), s->callee, line->code, line->reason);
        }
        s->line = POOL_ID_NONE;
        if (s->user != NULL) {
            s->user->call_established = 0;
        }
    }
}

/* ---- sessions ---- */

static int find_server(struct net_addr *server)
{
    struct log *log = process_log();
    const struct settings *settings = &process.settings;
    int status = os_resolve(settings->server, (uint16_t)settings->port, server);

    if (status != ST_OK || server->family != 4 || server->port == 0) {
        log_write(log, LOG_ERROR, LOG_TEXT(log, LIB_SERVER), settings->server,
                  status != ST_OK ? os_error_text() : "SIP_PORT is 0, or only IPv6");
        return ST_NOT_FOUND;
    }
    return ST_OK;
}

static int open_phone(struct session *s)
{
    struct log *log = process_log();
    const struct settings *settings = &process.settings;
    const struct phone_hooks hooks = {.ctx = s, .event = event, .sent = sent};
    struct phone_config config = {.domain = settings->server,
                                  .user = settings->username,
                                  .password = settings->password,
                                  .caller = settings->caller,
                                  .max_calls = 2}; /* one that ends beside one that begins */
    char text[ADDR_TEXT_MAX];

    if (find_server(&config.server) != ST_OK) {
        return ST_NOT_FOUND;
    }
    process_local(settings, &config.bind, &config.advertise);
    config.bind.port = (uint16_t)settings->local_port;
    int status = phone_open(process.engine, &config, &hooks, &s->phone);
    if (status != ST_OK) {
        log_write(log, LOG_ERROR, LOG_TEXT(log, LIB_SESSION), addr_text(&config.bind, text),
                  status == ST_NO_MEMORY ? "out of memory" : os_error_text());
    }
    return status;
}

static struct session *free_session(void)
{
    for (size_t i = 0; i < SESSIONS_MAX; i++) {
        if (process.sessions[i].phone == NULL) {
            return &process.sessions[i];
        }
    }
    return NULL;
}

static void wait_finished(struct session *s)
{
    struct engine *e = process.engine;

    if (!s->finishing) {
        s->finishing = true;
        s->finish_by = engine_now(e) + FINISH_US;
    }
    while (phone_is_busy(s->phone) && engine_now(e) < s->finish_by && engine_turn(e, s->finish_by) == ST_OK) {
    }
}

void session_end_call(struct session *s)
{
    phone_hang_up(s->phone, s->line);
    s->line = POOL_ID_NONE;
    if (s->user != NULL) {
        s->user->call_established = 0;
    }
    wait_finished(s);
}

static void close_session(struct session *s)
{
    session_end_call(s);
    if (process.inbox_fd == s->phone->fd) {
        frame_ring_clear(&process.inbox);
    }
    phone_close(s->phone);
    s->phone = NULL;
}

/* A structure that is used again without close_sip_session: two sessions may not write into one. */
static void close_forgotten(const sip_session_t *user)
{
    for (size_t i = 0; i < SESSIONS_MAX; i++) {
        if (process.sessions[i].phone != NULL && process.sessions[i].user == user) {
            process.sessions[i].user = NULL; /* what stands in it now is not ours */
            close_session(&process.sessions[i]);
        }
    }
}

int init_sip_session(sip_session_t *session)
{
    if (session == NULL) {
        return -1;
    }
    (void)process_enter();
    close_forgotten(session);
    memset(session, 0, sizeof(*session));
    session->sockfd = -1;
    struct session *s = process_open() == ST_OK ? free_session() : NULL;
    if (s == NULL) {
        process_leave();
        return -1;
    }
    *s = (struct session){.user = session};
    if (open_phone(s) != ST_OK) {
        process_leave();
        return -1;
    }
    session->sockfd = s->phone->fd;
    session->servaddr = to_sockaddr(&s->phone->server);
    get_tag(session->tag, sizeof(session->tag));
    get_callid(session->callid, sizeof(session->callid));
    snprintf(session->cseq, sizeof(session->cseq), "1");
    snprintf(session->branch, sizeof(session->branch), "z9hG4bK%s", session->tag);
    return 0;
}

void close_sip_session(sip_session_t *session)
{
    if (session == NULL) {
        return;
    }
    (void)process_enter();
    struct session *s = process_session(session->sockfd);
    if (s != NULL) {
        s->user = session;
        close_session(s);
    }
    session->sockfd = -1;
    session->call_established = 0;
    process_leave();
}

/* ---- calls ---- */

static bool can_be_used(const struct port *port)
{
    return port != NULL && pool_id_is_none(port->session);
}

/* The receiver's port, else LOCAL_RTP_PORT, else the next free even one. */
static int find_port(struct port **out)
{
    struct engine *e = process.engine;
    struct net_addr ip;
    struct net_addr advertise;
    int number = process.settings.rtp_port;
    int status = ST_BUSY;

    if (can_be_used(process.receiver)) {
        *out = process.receiver;
        return ST_OK;
    }
    process_local(&process.settings, &ip, &advertise);
    for (int i = 0; i < RTP_PORT_TRIES && status == ST_BUSY && number <= UINT16_MAX; i++, number += 2) {
        status =
            port_find(e, (uint16_t)number) != NULL && number != 0 ? ST_BUSY : port_open(e, &ip, (uint16_t)number, out);
    }
    return status;
}

static void forget_call(struct session *s)
{
    sip_session_t *user = s->user;

    s->outcome = OUTCOME_OPEN;
    s->finishing = false;
    s->ack_len = 0;
    user->to_tag[0] = '\0';
    user->remote_rtp_port = 0;
    user->call_established = 0;
}

static int place(struct session *s, const char *callee)
{
    struct log *log = process_log();
    struct port *port = NULL;
    const char *why = NULL;
    int status = find_port(&port);

    text_safe(span_cstr(callee), s->callee);
    if (status == ST_OK) {
        status = phone_call(s->phone, callee, RING_US, port, &s->line);
        why = status == ST_BAD ? "a number, a name or a sip: URI is expected" : status_name(status);
        port_close_unused(process.engine); /* a target that was refused left it */
    } else {
        why = os_error_text();
    }
    if (status != ST_OK) {
        s->line = POOL_ID_NONE;
        log_write(log, LOG_ERROR, LOG_TEXT(log, LIB_NOT_PLACED), s->callee, why);
    }
    return status;
}

int make_sip_call(sip_session_t *session, const char *callee)
{
    struct engine *e = process_enter();
    struct session *s = session != NULL ? process_session(session->sockfd) : NULL;
    struct log *log = process_log();

    if (s == NULL || e->inside || phone_line(s->phone, s->line) != NULL) {
        const char *why = s == NULL   ? "no session of init_sip_session"
                          : e->inside ? "not from inside a callback"
                                      : "a call is up already";
        char safe[TEXT_SAFE_MAX + 1];
        log_write(log, LOG_ERROR, LOG_TEXT(log, LIB_NOT_PLACED), text_safe(span_cstr(callee), safe), why);
        return -1;
    }
    s->user = session;
    forget_call(s);
    if (place(s, callee) != ST_OK) {
        s->outcome = OUTCOME_FAILED;
        return -1;
    }
    int status = ST_OK;
    /* a callback may have closed the session: then there is no line any more */
    while (status == ST_OK && s->outcome == OUTCOME_OPEN && phone_line(s->phone, s->line) != NULL) {
        status = engine_turn(e, MONO_NEVER);
    }
    if (status != ST_OK) {
        phone_hang_up(s->phone, s->line);
    }
    int result = s->outcome == OUTCOME_ANSWERED ? 0 : -1;
    process_leave();
    return result;
}

/* ---- ACK and BYE by hand ---- */

bool session_is_call(const struct session *s, const char *call_id)
{
    return s != NULL && call_id != NULL && s->outcome == OUTCOME_ANSWERED && strcmp(s->call_id, call_id) == 0;
}

void send_ack(int sockfd, struct sockaddr_in *servaddr, const char *callid, const char *tag, const char *branch,
              const char *to_tag, const char *cseq)
{
    (void)process_enter();
    struct session *s = process_session(sockfd);

    if (!session_is_call(s, callid)) {
        message_send("ACK", 0, sockfd, servaddr, callid, tag, branch, to_tag, cseq);
    } else if (phone_line(s->phone, s->line) != NULL && s->ack_len > 0) {
        (void)!os_udp_send(sockfd, &s->phone->server, s->ack, s->ack_len); /* a lost one is asked for again */
    }
}

void send_bye(int sockfd, struct sockaddr_in *servaddr, const char *callid, const char *tag, const char *to_tag,
              const char *cseq)
{
    (void)process_enter();
    struct session *s = process_session(sockfd);

    if (!session_is_call(s, callid)) {
        message_send("BYE", 1, sockfd, servaddr, callid, tag, NULL, to_tag, cseq);
    } else if (phone_line(s->phone, s->line) != NULL) {
        session_end_call(s);
    }
}
