/* SPDX-License-Identifier: MIT */
/* Room call, level 3: calls, each an INVITE session of the SIP stack with a media session. What happens is told by one hook, without
 * a word of any protocol; whose calls they are is a pool_id that is not looked into. No operating system: sockets, files, randomness
 * and the wall clock come in through io tables, time by a borrowed clock. */
#ifndef WSAUDIO_CALL_H
#define WSAUDIO_CALL_H

#include "wsaudio/audio.h"
#include "wsaudio/base.h"
#include "wsaudio/media.h"
#include "wsaudio/rtp.h"
#include "wsaudio/sdp.h"
#include "wsaudio/sipmsg.h"
#include "wsaudio/sipua.h"

/* ---- dialling rules ---- */

#define DIAL_PATTERN_MAX 128

/* --dial-allow or --dial-deny: '*' any number of characters, '?' one; see dial.h for what it is compared with. */
struct dial_rule {
    bool allow;
    const char *pattern;
};

/* ---- what calls are asked and what they tell ---- */

enum call_state {
    CALL_ST_IDLE,        /* the object exists, nothing has been sent */
    CALL_ST_TRYING,      /* INVITE is on its way */
    CALL_ST_RINGING,     /* 18x without usable SDP */
    CALL_ST_EARLY,       /* 18x with SDP: early media flows */
    CALL_ST_ALERTING,    /* incoming: it rings, or waits for somebody to be free; nobody's call yet */
    CALL_ST_ACCEPTED,    /* incoming without an offer: our 200 made one, the ACK must bring the answer */
    CALL_ST_ESTABLISHED, /* answered and acknowledged */
    CALL_ST_ENDED,       /* its owner was told; released at the end of the turn */
    CALL_ST_COUNT
};

const char *call_state_name(int state);

/* Why something was not done. */
enum call_why {
    CALL_DONE,      /* it was */
    CALL_NONE,      /* there is no such call */
    CALL_NOT_UP,    /* it has not been answered yet */
    CALL_BUSY,      /* whoever wants it has one already */
    CALL_NO_TARGET, /* sip_target_refusal knows what is wrong */
    CALL_DENIED,    /* by the rules */
    CALL_OVERLOAD,
    CALL_STOPPING,
    CALL_LINES, /* all are in use */
    CALL_RATE,  /* too many calls a minute */
    CALL_STATUS /* the status says it */
};

struct call_result {
    enum call_why why;
    int status;
};

/* Why a call does not ring any more, at all or for one who could have answered. */
enum call_gone {
    CALL_GONE_CANCELLED,
    CALL_GONE_ANSWERED_ELSEWHERE,
    CALL_GONE_NO_ANSWER,
    CALL_GONE_FAILED,
    CALL_GONE_STOPPING,      /* the server */
    CALL_GONE_REJECTED,      /* he does not want this one */
    CALL_GONE_DIALLING,      /* he has a call of his own now */
    CALL_GONE_NOT_LISTENING, /* he does not want to be rung */
    CALL_GONE_COUNT
};

/* What becomes of a file that is to be played. */
enum call_file { CALL_FILE_STARTED, CALL_FILE_FAILED, CALL_FILE_ENDED, CALL_FILE_STOPPED };

struct call_figures {
    struct span call_id;
    dur_us duration; /* since the answer */
    uint64_t tx_packets, rx_packets, lost, reordered, duplicates;
    uint64_t skipped; /* never sent, because this machine was too late */
    double jitter_ms;
    bool has_rtt; /* the next two are known */
    double rtt_ms, mos;
    const char *codec;
    const char *recording; /* its path; "": none */
};

enum call_event_kind {
    CALL_EVENT_STATE,      /* state was entered; CALL_ST_ENDED: code and text, once and as the last state */
    CALL_EVENT_FIGURES,    /* as asked for, and just before the end of a call that was established */
    CALL_EVENT_DIGIT,      /* digit: pressed at the far end, once a press */
    CALL_EVENT_MARK,       /* text: its name; the last sample queued before it has left */
    CALL_EVENT_FLOW,       /* stop: so much live audio waits that its sender should; or it may go on */
    CALL_EVENT_AUDIO,      /* audio: received */
    CALL_EVENT_SILENT,     /* none comes any more: its media are closed */
    CALL_EVENT_FILE,       /* file, text: its name; FAILED: why */
    CALL_EVENT_INCOMING,   /* it rings. caller, called: user parts, safe */
    CALL_EVENT_GONE,       /* it does not ring any more: gone */
    CALL_EVENT_UNANSWERED, /* whoever wanted to answer it could not: status */
    CALL_EVENT_FREE,       /* behind the end: whoever had it may have another */
    /* Not of a call, but of whoever has calls, to himself: */
    CALL_EVENT_BEGINS,    /* he wants one: what was told about his last one can be told anew */
    CALL_EVENT_AUDIO_LOST /* he reads too slowly: his oldest audio was dropped */
};

/* Pointers live as long as the function that is told. */
struct call_event {
    enum call_event_kind kind;
    struct pool_id call;
    struct pool_id owner; /* none: nobody's yet */
    enum call_state state;
    int code, status;
    bool stop;
    char digit;
    enum call_file file;
    enum call_gone gone;
    const char *text, *why, *caller, *called;
    const struct call_figures *figures;
    struct span audio;
};

struct call_hooks {
    void *ctx;
    void (*event)(void *ctx, const struct call_event *event);
    /* Why nobody can be rung now: 480, 486, or 0. */
    int (*refusal)(void *ctx);
};

/* Who has a call, and for whom it counts. */
struct call_party {
    struct pool_id owner;
    enum media_audio format;     /* in which received audio is told; MEDIA_AUDIO_OFF: not */
    struct resampler *upsampler; /* borrows, as media_session_hear */
    uint32_t latency_ms;         /* of live audio; 0: off */
    struct rate_key account;     /* whose minute it is */
    struct net_addr peer;
};

/* ---- all calls ---- */

struct calls;
struct call;

/* What becomes of incoming calls: 480, the echo test, or somebody is rung. */
enum calls_incoming { CALLS_INCOMING_REJECT, CALLS_INCOMING_ECHO, CALLS_INCOMING_RING };

struct calls_config {
    const mono_us *now;    /* borrows: set once a turn, before anything is served, and never back */
    struct sip_stack *sip; /* borrows: calls are its INVITE sessions; max_usages from SIP_STACK_USAGES(max_calls) */
    const struct log *log; /* borrows */
    const struct rng *rng; /* borrows */
    struct span domain;    /* host of a dialled bare target; copied */
    struct net_addr media_addr; /* IP put in our SDP (port ignored) */
    uint32_t max_calls;
    uint32_t max_parties;  /* who may have calls: for the table of their rates */
    uint64_t media_buffer; /* bytes of all calls' queued live audio */
    dur_us ring;           /* 0 never */
    enum calls_incoming incoming;
    dur_us max_call;
    dur_us no_media; /* 0 never */
    enum rtp_learn rtp_learn;
    dur_us
        max_tick_late; /* no new calls while the ticks of the last second are later, in the median; 0 never refuses */
    const struct dial_rule *dial_rules; /* in order, the first match wins */
    uint32_t dial_rule_count;
    uint32_t calls_per_minute; /* of one token or address; 0: no limit */
    bool record;
    bool record_stereo; /* else what was received only */
    struct media_io media;
    struct media_files media_files;
    struct call_hooks hooks;
};

/* Everything is copied but what is borrowed. The stack is there before, and stays until the calls are freed; whoever owns both
 * brings the events and questions of the one to the other. ST_NO_MEMORY. */
WS_MUST_CHECK int calls_new(const struct calls_config *config, struct calls **out);
/* Closes what is open without telling anybody. NULL is fine. */
void calls_free(struct calls *all);
/* The stack's hooks event and redirect. */
void calls_sip_event(struct calls *all, const struct sip_event *event);
bool calls_may_redirect(struct calls *all, struct pool_id owner, struct span uri);
/* In this turn only; NULL when stale. */
struct call *calls_get(const struct calls *all, struct pool_id id);
struct media *calls_media(struct calls *all);
/* New calls name another IP in their SDP. */
void calls_set_media_addr(struct calls *all, const struct net_addr *addr);
/* At or after media_tick_due: every call sends what is due. */
void calls_tick(struct calls *all);
/* Every other deadline, and doing what is due. */
mono_us calls_due(const struct calls *all);
void calls_expire(struct calls *all);
/* At the very end of the turn: releases what ended in it. */
void calls_reap(struct calls *all);
/* No new calls; every call is hung up. */
void calls_stop(struct calls *all);

struct calls_stats {
    uint32_t calls;
    uint64_t started, established;
    uint64_t denied, limited; /* by the dialling rules; by calls_per_minute. Redirections count too */
};
struct calls_stats calls_stats(const struct calls *all);
/* As base/dump.h says: all of them together, each call. */
bool calls_dump(const struct calls *all, uint32_t *at, struct outbuf *out);
/* With their media, without the SIP stack. */
uint64_t calls_worst_case_memory(uint32_t max_calls, uint32_t max_parties, uint64_t media_buffer);

/* ---- one call ---- */

/* To a number, a name or a URI; *id is set before anything is told of the call. */
struct call_result call_dial(struct calls *all, const struct call_party *who, struct span target, struct pool_id *id);
/* One that rings. Else than ST_OK: that was told as CALL_EVENT_UNANSWERED, and the call has ended. */
WS_MUST_CHECK int call_answer(struct call *call, const struct call_party *who);
void call_refuse(struct call *call, int code);
struct call_result call_hangup(struct call *call);
/* Its owner is gone: hung up, and nobody is told. */
void call_orphan(struct call *call);

enum call_state call_state(const struct call *call);
/* Of one that rings: user parts, safe. */
const char *call_caller(const struct call *call);
const char *call_called(const struct call *call);
/* The audio of a call that is up, or NULL. */
struct media_session *call_session(const struct call *call);

/* While it is up. CALL_STATUS: why says. */
struct call_result call_play(struct call *call, const char *name, char why[MEDIA_WHY_MAX]);
struct call_result call_stop_playing(struct call *call);
struct call_result call_dtmf(struct call *call, struct span digits);
/* uplink: as for media_session_mark. */
struct call_result call_mark(struct call *call, const struct media_uplink *uplink, struct span name);
struct call_result call_clear(struct call *call);
struct call_result call_figures(struct call *call);

#endif
