/* SPDX-License-Identifier: MIT */
/* Life of the server and of its connections, its lists, and time. */
#include <stdlib.h>

#include "conn.h"

#define REQUEST_LIMIT_US DUR_S(10)
#define BRIEF_LIMIT_US   DUR_S(2) /* for an address that holds its few places already */

int http_server_new(const struct http_server_config *config, struct http_server **out)
{
    uint32_t conns = HTTP_CONNS(config->max_clients);
    struct http_server *s = calloc(1, sizeof(*s));

    if (s == NULL) {
        return ST_NO_MEMORY;
    }
    s->config = *config;
    list_init(&s->pending);
    list_init(&s->over);
    door_init(s);
    int status = access_init(&s->access, &config->rules);
    if (status == ST_OK) {
        status = pool_init(&s->conns, sizeof(struct http_conn), conns);
    }
    if (status == ST_OK) {
        status = timerq_init(&s->timers, conns);
    }
    if (status != ST_OK) {
        http_server_free(s);
        return status;
    }
    *out = s;
    return ST_OK;
}

static void conn_release(struct http_conn *c)
{
    list_remove(&c->node);
    site_body_close(c);
    free(c->request);
    free(c->out);
    pool_free(&c->server->conns, c->id);
}

void http_server_free(struct http_server *s)
{
    struct http_conn *c;

    if (s == NULL) {
        return;
    }
    for (uint32_t slot = 0; (c = pool_next(&s->conns, &slot, NULL)) != NULL; slot++) {
        conn_release(c);
    }
    access_fini(&s->access);
    timerq_fini(&s->timers);
    pool_fini(&s->conns);
    free(s);
}

void http_server_set_tokens(struct http_server *s, struct token_set *tokens)
{
    access_set_tokens(&s->access, tokens);
}

void http_server_set_host_name(struct http_server *s, const char *name)
{
    access_set_host_name(&s->access, name);
}

/* ---- connections ---- */

struct http_conn *http_conn_open(struct http_server *s, mono_us now, const struct net_addr *peer, void *owner)
{
    struct pool_id id;
    struct http_conn *c = pool_new(&s->conns, &id);

    if (c == NULL) {
        return NULL;
    }
    c->server = s;
    c->id = id;
    c->owner = owner;
    c->peer = *peer;
    c->opened_at = now;
    list_init(&c->node);
    c->request = malloc(sizeof(*c->request));
    if (c->request == NULL) {
        conn_release(c);
        return NULL;
    }
    http_request_init(c->request);
    door_take_place(c, now);
    timerq_set(&s->timers, &c->timer, now + (c->place.above_few ? BRIEF_LIMIT_US : REQUEST_LIMIT_US));
    return c;
}

void http_conn_free(struct http_conn *c, mono_us now)
{
    http_conn_end(c, now);
    conn_release(c);
}

/* ---- lists ---- */

static void *list_take_owner(struct list_node *head)
{
    struct list_node *node = list_first(head);

    if (node == NULL) {
        return NULL;
    }
    list_remove(node);
    return LIST_OWNER(node, struct http_conn, node)->owner;
}

void *http_server_next_over(struct http_server *s)
{
    return list_take_owner(&s->over);
}

void *http_server_next_pending(struct http_server *s)
{
    return list_take_owner(&s->pending);
}

/* ---- time ---- */

mono_us http_server_due(const struct http_server *s)
{
    return timerq_due(&s->timers);
}

static void conn_expire(struct http_conn *c, mono_us now)
{
    struct http_server *s = c->server;
    const struct log *log = s->config.log;
    char text[ADDR_TEXT_MAX];

    if (c->phase != HTTP_PHASE_LINGER && log_quota_take(&s->quota.slow, log, LOG_INFO, now)) {
        log_write(log, LOG_INFO,
                  c->phase == HTTP_PHASE_REQUEST ? LOG_TEXT(log, DOOR_SLOW) : LOG_TEXT(log, ANSWER_UNREAD),
                  addr_text(&c->peer, text));
    }
    http_conn_end(c, now);
}

void http_server_expire(struct http_server *s, mono_us now)
{
    struct timerq_entry *entry;

    while ((entry = timerq_pop(&s->timers, now)) != NULL) {
        conn_expire(LIST_OWNER(entry, struct http_conn, timer), now);
    }
}

/* ---- the end ---- */

void http_server_stop(struct http_server *s, mono_us now)
{
    struct http_conn *c;

    s->stopping = true;
    for (uint32_t slot = 0; (c = pool_next(&s->conns, &slot, NULL)) != NULL; slot++) {
        if (c->phase == HTTP_PHASE_REQUEST || c->phase == HTTP_PHASE_LINGER) {
            http_conn_end(c, now);
        }
    }
}

bool http_server_is_quiet(const struct http_server *s)
{
    return s->busy == 0;
}
