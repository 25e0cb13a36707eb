/* SPDX-License-Identifier: MIT */
/* What a call can be asked to do while it is up. */
#include "calls_priv.h"

static struct call_result done(int status)
{
    return (struct call_result){status == ST_OK ? CALL_DONE : CALL_STATUS, status};
}

enum call_state call_state(const struct call *call)
{
    return call->state;
}

const char *call_caller(const struct call *call)
{
    return call->incoming != NULL ? call->incoming->caller : "";
}

const char *call_called(const struct call *call)
{
    return call->incoming != NULL ? call->incoming->called : "";
}

struct media_session *call_session(const struct call *call)
{
    return call->media;
}

void call_orphan(struct call *call)
{
    call_end(call, CALL_EV_ORPHANED, call_clearing_code(call), TEXT_EN_WORD_CLIENT_LOST);
}

struct call_result call_hangup(struct call *call)
{
    int code = call_clearing_code(call);

    call_end(call, CALL_EV_HANGUP, code, sip_reason_phrase(code));
    return done(ST_OK);
}

struct call_result call_play(struct call *call, const char *name, char why[MEDIA_WHY_MAX])
{
    return done(media_session_play(call->media, name, why));
}

struct call_result call_stop_playing(struct call *call)
{
    media_session_stop_playing(call->media);
    return done(ST_OK);
}

struct call_result call_dtmf(struct call *call, struct span digits)
{
    return done(media_session_dtmf(call->media, digits));
}

struct call_result call_mark(struct call *call, const struct media_uplink *uplink, struct span name)
{
    return done(media_session_mark(call->media, uplink, name));
}

struct call_result call_clear(struct call *call)
{
    media_session_clear(call->media);
    return done(ST_OK);
}

struct call_result call_figures(struct call *call)
{
    call_tell_figures(call);
    return done(ST_OK);
}
