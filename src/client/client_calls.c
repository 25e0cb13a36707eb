/* SPDX-License-Identifier: MIT */
/* What a client may do with its call, or with one that rings here. */
#include "client_priv.h"

static struct call_result because(enum call_why why)
{
    return (struct call_result){why, ST_OK};
}

static struct call_party party_of(const struct client *c)
{
    return (struct call_party){.owner = c->id,
                               .format = c->format,
                               .upsampler = c->upsampler,
                               .latency_ms = c->latency_ms,
                               .account = c->account,
                               .peer = c->peer};
}

static struct call *call_of(const struct client *c)
{
    return calls_get(c->gateway->calls, c->call);
}

struct call_result client_need_call(const struct client *c)
{
    const struct call *call = call_of(c);

    return because(call == NULL ? CALL_NONE : call_state(call) != CALL_ST_ESTABLISHED ? CALL_NOT_UP : CALL_DONE);
}

struct call_result client_dial(struct client *c, struct span target)
{
    struct call_party who = party_of(c);

    if (call_of(c) != NULL) {
        return because(CALL_BUSY);
    }
    client_begin_call(c);
    return call_dial(c->gateway->calls, &who, target, &c->call);
}

struct call_result client_answer(struct client *c)
{
    struct call_party who = party_of(c);
    struct call *call = calls_get(c->gateway->calls, c->rings);

    if (!pool_id_is_none(c->call)) {
        return because(CALL_BUSY);
    }
    if (call == NULL) {
        return because(CALL_NONE);
    }
    client_begin_call(c);
    c->call = c->rings;
    int status = call_answer(call, &who);
    if (status != ST_OK) {
        c->call = POOL_ID_NONE;
        return (struct call_result){CALL_STATUS, status};
    }
    return because(CALL_DONE);
}

struct call_result client_reject(struct client *c, int code)
{
    if (pool_id_is_none(c->rings)) {
        return because(CALL_NONE);
    }
    ringing_reject(c, code);
    return because(CALL_DONE);
}

struct call_result client_hangup(struct client *c)
{
    struct call *call = call_of(c);

    return call != NULL ? call_hangup(call) : because(CALL_NONE);
}

struct call_result client_listen(struct client *c, bool on)
{
    if (on && c->gateway->config.calls.incoming != CALLS_INCOMING_RING) {
        return because(CALL_DENIED);
    }
    ringing_listen(c, on);
    return because(CALL_DONE);
}

struct call_result client_play(struct client *c, struct span name, char why[MEDIA_WHY_MAX])
{
    char text[FILE_NAME_LEN_MAX + 1];
    struct call_result result = client_need_call(c);

    if (!file_name_is_ok(name) || span_copy(name, text, sizeof(text)) != ST_OK) {
        return because(CALL_DENIED);
    }
    return result.why == CALL_DONE ? call_play(call_of(c), text, why) : result;
}

struct call_result client_stop_playing(struct client *c)
{
    struct call_result result = client_need_call(c);

    return result.why == CALL_DONE ? call_stop_playing(call_of(c)) : result;
}

struct call_result client_dtmf(struct client *c, struct span digits)
{
    struct call_result result = client_need_call(c);

    return result.why == CALL_DONE ? call_dtmf(call_of(c), digits) : result;
}

struct call_result client_figures(struct client *c)
{
    struct call_result result = client_need_call(c);

    return result.why == CALL_DONE ? call_figures(call_of(c)) : result;
}
