/* SPDX-License-Identifier: MIT */
/* What the files of room call share. Ownership: calls > call > {SIP usage, media session}. */
#ifndef WSAUDIO_CALL_CALLS_PRIV_H
#define WSAUDIO_CALL_CALLS_PRIV_H

#include "call_fsm.h"
#include "dial.h"
#include "incoming.h"
#include "overload.h"
#include "wsaudio/base/log_quota.h"
#include "wsaudio/call.h"

#define CALL_LABEL_MAX  64
#define CALL_URI_MAX    512
#define CALL_REASON_MAX MEDIA_SILENCE_TEXT_MAX

struct call {
    /* what each tick and packet asks for */
    struct calls *calls;
    struct pool_id id;
    struct pool_id owner;        /* whose it is; none: nobody's yet, or no longer */
    struct media_session *media; /* owns; NULL: no ports were opened */
    enum call_state state;
    bool was_established;
    bool
        may_be_silent; /* a re-INVITE holds us, or was refused and may have been meant so: the far end may send nothing */
    bool echo;         /* incoming: nobody but the echo test answers */
    /* the rest is for its begin and its end */
    struct pool_id usage;
    struct call_party who; /* for whom it counts */
    mono_us established_at;
    struct timerq_entry timer; /* the nearer of duration and no-media */
    struct list_node ended;    /* in the list of those that are to be released */
    struct net_addr sip_peer;
    struct incoming *incoming; /* owns; NULL: it was dialled, or has been answered */
    enum call_gone gone;       /* why it stops to ring, once it does */
    int end_code;              /* for TELL_STATE */
    char end_reason[CALL_REASON_MAX];
    char label[CALL_LABEL_MAX + 1]; /* bare target for logs and file names */
};

struct calls {
    struct calls_config config;
    const struct log *log;
    const struct rng *rng;
    const mono_us *now;    /* borrows: the time of the turn in hand */
    struct sip_stack *sip; /* borrows */
    struct dial_guard dial;
    struct pool pool;
    struct media *media; /* owns */
    struct timerq timers;
    struct overload overload;
    struct list_node ended; /* to be released at the end of the turn */
    bool stopping;
    char domain[256];
    struct calls_stats stats;
};

/* call.c */
/* Tells the owner, if there is one. */
void call_tell(const struct call *call, struct call_event event);
/* One step of the life table. The call may be CALL_ST_ENDED afterwards. */
void call_step(struct call *call, enum call_fsm_event event);
/* Sets what ended will say, then steps. */
void call_end(struct call *call, enum call_fsm_event event, int code, const char *reason);
void call_expire(struct call *call);
void call_send_ringing(struct call *call);
/* What `ended` says when we hang up: 200 behind the answer, 487 before it. */
int call_clearing_code(const struct call *call);
void call_release(struct call *call);

/* call_media.c */
/* The RTP/RTCP pair, and our side of SDP. From now on packets are taken. ST_FULL, ST_IO. */
WS_MUST_CHECK int call_open_media(struct call *call);
/* Stops playing and recording, closes the ports; what waits to be heard is handed on. */
void call_close_media(struct call *call);
/* The recording begins, if there is to be one. */
void call_record_media(struct call *call);

/* stats.c */
void call_tell_figures(const struct call *call);
void call_warn_quality(const struct call *call);

#endif
