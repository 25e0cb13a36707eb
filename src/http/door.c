/* SPDX-License-Identifier: MIT */
/* Who may stand at the door for how long before he is let in. */
#include "conn.h"

/* Those whose address may come in. A reverse proxy's clients all come at once when it has been started again. */
#define GUESTS_FEW 8
/* Those whose address alone is refused are heard out only so that they can be told what is missing. */
#define STRANGERS_FEW 4

void door_init(struct http_server *s)
{
    places_init(&s->guests, HTTP_GUESTS, GUESTS_FEW, false);
    places_init(&s->strangers, HTTP_STRANGERS, STRANGERS_FEW, true);
}

static void give_way(struct http_server *s, struct place *place, mono_us now)
{
    struct http_conn *c = LIST_OWNER(place, struct http_conn, place);
    const struct log *log = s->config.log;
    char text[ADDR_TEXT_MAX];

    if (place->in == &s->guests && c->phase == HTTP_PHASE_REQUEST &&
        log_quota_take(&s->quota.crowd, log, LOG_INFO, now)) {
        log_write(log, LOG_INFO, LOG_TEXT(log, DOOR_CROWDED), addr_text(&c->peer, text));
    }
    http_conn_end(c, now);
}

void door_take_place(struct http_conn *c, mono_us now)
{
    struct http_server *s = c->server;
    struct places *places = access_address_ok(&s->access, &c->peer) ? &s->guests : &s->strangers;
    struct place *other;

    while ((other = places_giving_way(places, &c->peer)) != NULL) {
        give_way(s, other, now);
    }
    places_take(places, &c->place, &c->peer);
}

bool door_admit(struct http_conn *c, mono_us now)
{
    struct http_server *s = c->server;
    const struct log *log = s->config.log;
    char text[ADDR_TEXT_MAX];

    if (s->clients >= s->config.max_clients) {
        if (log_quota_take(&s->quota.full, log, LOG_WARNING, now)) {
            log_write(log, LOG_WARNING, LOG_TEXT(log, CLIENTS_FULL), addr_text(&c->peer, text), s->clients);
        }
        return false;
    }
    places_leave(&c->place);
    c->let_in = true;
    s->clients++;
    return true;
}

void door_leave(struct http_conn *c)
{
    places_leave(&c->place);
    c->server->clients -= c->let_in;
    c->let_in = false;
}

void http_server_relieve(struct http_server *s, mono_us now)
{
    struct place *oldest = places_oldest(&s->strangers);

    oldest = oldest != NULL ? oldest : places_oldest(&s->guests);
    if (oldest != NULL) {
        give_way(s, oldest, now);
    }
}
