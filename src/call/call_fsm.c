/* SPDX-License-Identifier: MIT */
#include "call_fsm.h"

#define GO(state, bits) FSM_CELL_GO(state, bits)
#define DROP            FSM_CELL_DROP
#define CANNOT          FSM_CELL_CANNOT

#define TELL      CALL_ACT_TELL_STATE
#define END       (CALL_ACT_LOG_END | CALL_ACT_RELEASE)
#define END_TOLD  (CALL_ACT_CLOSE_MEDIA | TELL | END)
#define END_BY_US (CALL_ACT_END_USAGE | END_TOLD)
#define END_MUTE  (CALL_ACT_END_USAGE | CALL_ACT_CLOSE_MEDIA | END)
#define END_ALERT (CALL_ACT_STOP_RINGING | CALL_ACT_REJECT | END)
#define ANSWER    (CALL_ACT_OPEN_MEDIA | CALL_ACT_START_LIMITS | TELL)

/* clang-format off */
const struct fsm_cell call_fsm[CALL_ST_COUNT][CALL_EV_COUNT] = {
    [CALL_ST_IDLE] = {
        [CALL_EV_DIALLED] = GO(CALL_ST_TRYING, TELL),
        /* no port, no address, no memory: whoever dialled hears it as the answer to that, so it is no end to tell */
        [CALL_EV_NOT_PLACED] = GO(CALL_ST_ENDED, CALL_ACT_CLOSE_MEDIA | CALL_ACT_RELEASE),
        /* no usage exists yet that could report these */
        [CALL_EV_RINGS] = CANNOT,
        [CALL_EV_EARLY] = CANNOT,
        [CALL_EV_ANSWERED] = CANNOT,
        [CALL_EV_UNUSABLE] = CANNOT,
        [CALL_EV_OFFER] = CANNOT,
        [CALL_EV_OFFER_BAD] = CANNOT,
        [CALL_EV_REANSWERED] = CANNOT,
        [CALL_EV_FAR_END] = CANNOT,
        /* dialling is one step of one turn: nothing comes between */
        [CALL_EV_HANGUP] = CANNOT,
        [CALL_EV_LIMIT] = CANNOT,
        [CALL_EV_ORPHANED] = CANNOT,
        [CALL_EV_INCOMING] = GO(CALL_ST_ALERTING, CALL_ACT_SEND_RINGING),
        [CALL_EV_TAKEN] = CANNOT, /* it rings first */
        [CALL_EV_TAKEN_BLIND] = CANNOT,
        [CALL_EV_REFUSED] = CANNOT,
    },
    [CALL_ST_TRYING] = {
        [CALL_EV_DIALLED] = CANNOT, /* dialled once */
        [CALL_EV_NOT_PLACED] = CANNOT,
        [CALL_EV_RINGS] = GO(CALL_ST_RINGING, TELL),
        [CALL_EV_EARLY] = GO(CALL_ST_EARLY, CALL_ACT_OPEN_MEDIA | TELL),
        [CALL_EV_ANSWERED] = GO(CALL_ST_ESTABLISHED, ANSWER),
        [CALL_EV_UNUSABLE] = GO(CALL_ST_ENDED, END_BY_US),
        [CALL_EV_OFFER] = GO(CALL_ST_TRYING, CALL_ACT_REFUSE_OFFER), /* no agreement to keep yet */
        [CALL_EV_OFFER_BAD] = GO(CALL_ST_TRYING, CALL_ACT_REFUSE_OFFER),
        [CALL_EV_REANSWERED] = CANNOT, /* no offer of ours but the INVITE's is out */
        [CALL_EV_FAR_END] = GO(CALL_ST_ENDED, END_TOLD),
        [CALL_EV_HANGUP] = GO(CALL_ST_ENDED, END_BY_US),
        [CALL_EV_LIMIT] = CANNOT, /* the clocks start with the answer */
        [CALL_EV_ORPHANED] = GO(CALL_ST_ENDED, END_MUTE),
        /* of incoming calls before they are answered */
        [CALL_EV_INCOMING] = CANNOT,
        [CALL_EV_TAKEN] = CANNOT,
        [CALL_EV_TAKEN_BLIND] = CANNOT,
        [CALL_EV_REFUSED] = CANNOT,
    },
    [CALL_ST_RINGING] = {
        [CALL_EV_DIALLED] = CANNOT,
        [CALL_EV_NOT_PLACED] = CANNOT,
        [CALL_EV_RINGS] = DROP, /* 180 again, or 181, 182 after it: told once */
        [CALL_EV_EARLY] = GO(CALL_ST_EARLY, CALL_ACT_OPEN_MEDIA | TELL),
        [CALL_EV_ANSWERED] = GO(CALL_ST_ESTABLISHED, ANSWER),
        [CALL_EV_UNUSABLE] = GO(CALL_ST_ENDED, END_BY_US),
        [CALL_EV_OFFER] = GO(CALL_ST_RINGING, CALL_ACT_REFUSE_OFFER),
        [CALL_EV_OFFER_BAD] = GO(CALL_ST_RINGING, CALL_ACT_REFUSE_OFFER),
        [CALL_EV_REANSWERED] = CANNOT,
        [CALL_EV_FAR_END] = GO(CALL_ST_ENDED, END_TOLD),
        [CALL_EV_HANGUP] = GO(CALL_ST_ENDED, END_BY_US),
        [CALL_EV_LIMIT] = CANNOT,
        [CALL_EV_ORPHANED] = GO(CALL_ST_ENDED, END_MUTE),
        /* of incoming calls before they are answered */
        [CALL_EV_INCOMING] = CANNOT,
        [CALL_EV_TAKEN] = CANNOT,
        [CALL_EV_TAKEN_BLIND] = CANNOT,
        [CALL_EV_REFUSED] = CANNOT,
    },
    [CALL_ST_EARLY] = {
        [CALL_EV_DIALLED] = CANNOT,
        [CALL_EV_NOT_PLACED] = CANNOT,
        [CALL_EV_RINGS] = DROP, /* 180 after 183: the early media goes on */
        [CALL_EV_EARLY] = GO(CALL_ST_EARLY, CALL_ACT_OPEN_MEDIA), /* the newest SDP counts: another fork, another address */
        [CALL_EV_ANSWERED] = GO(CALL_ST_ESTABLISHED, ANSWER),
        [CALL_EV_UNUSABLE] = GO(CALL_ST_ENDED, END_BY_US),
        [CALL_EV_OFFER] = GO(CALL_ST_EARLY, CALL_ACT_REFUSE_OFFER),
        [CALL_EV_OFFER_BAD] = GO(CALL_ST_EARLY, CALL_ACT_REFUSE_OFFER),
        [CALL_EV_REANSWERED] = CANNOT,
        [CALL_EV_FAR_END] = GO(CALL_ST_ENDED, END_TOLD),
        [CALL_EV_HANGUP] = GO(CALL_ST_ENDED, END_BY_US),
        [CALL_EV_LIMIT] = CANNOT,
        [CALL_EV_ORPHANED] = GO(CALL_ST_ENDED, END_MUTE),
        /* of incoming calls before they are answered */
        [CALL_EV_INCOMING] = CANNOT,
        [CALL_EV_TAKEN] = CANNOT,
        [CALL_EV_TAKEN_BLIND] = CANNOT,
        [CALL_EV_REFUSED] = CANNOT,
    },
    [CALL_ST_ALERTING] = {
        [CALL_EV_DIALLED] = CANNOT, /* not ours */
        [CALL_EV_NOT_PLACED] = CANNOT,
        [CALL_EV_RINGS] = CANNOT,
        [CALL_EV_EARLY] = CANNOT,
        [CALL_EV_ANSWERED] = CANNOT,
        [CALL_EV_UNUSABLE] = CANNOT, /* the offer was judged before it rang */
        [CALL_EV_OFFER] = CANNOT, /* the stack refuses one before the answer */
        [CALL_EV_OFFER_BAD] = CANNOT,
        [CALL_EV_REANSWERED] = CANNOT,
        [CALL_EV_FAR_END] = GO(CALL_ST_ENDED, CALL_ACT_STOP_RINGING | END), /* CANCEL, or BYE */
        [CALL_EV_HANGUP] = GO(CALL_ST_ENDED, END_ALERT), /* the server stops */
        [CALL_EV_LIMIT] = GO(CALL_ST_ENDED, END_ALERT), /* --ring-seconds, or the INVITE's Expires */
        [CALL_EV_ORPHANED] = CANNOT, /* nobody's call yet */
        [CALL_EV_INCOMING] = CANNOT, /* came once */
        [CALL_EV_TAKEN] = GO(CALL_ST_ESTABLISHED, ANSWER | CALL_ACT_STOP_RINGING), /* media flows before the ACK comes */
        [CALL_EV_TAKEN_BLIND] = GO(CALL_ST_ACCEPTED, CALL_ACT_STOP_RINGING), /* no address to send to yet */
        [CALL_EV_REFUSED] = GO(CALL_ST_ENDED, END_ALERT),
    },
    [CALL_ST_ACCEPTED] = {
        [CALL_EV_DIALLED] = CANNOT,
        [CALL_EV_NOT_PLACED] = CANNOT,
        [CALL_EV_RINGS] = CANNOT,
        [CALL_EV_EARLY] = CANNOT,
        [CALL_EV_ANSWERED] = GO(CALL_ST_ESTABLISHED, ANSWER), /* the ACK's SDP */
        [CALL_EV_UNUSABLE] = GO(CALL_ST_ENDED, END_BY_US), /* or it has none */
        [CALL_EV_OFFER] = CANNOT, /* the stack refuses one before the ACK */
        [CALL_EV_OFFER_BAD] = CANNOT,
        [CALL_EV_REANSWERED] = CANNOT, /* the first answer is ANSWERED */
        [CALL_EV_FAR_END] = GO(CALL_ST_ENDED, END_TOLD), /* BYE, or no ACK */
        [CALL_EV_HANGUP] = GO(CALL_ST_ENDED, END_BY_US),
        [CALL_EV_LIMIT] = CANNOT, /* the clocks start with the SDP; the stack waits 32 s for the ACK */
        [CALL_EV_ORPHANED] = GO(CALL_ST_ENDED, END_MUTE),
        [CALL_EV_INCOMING] = CANNOT,
        [CALL_EV_TAKEN] = CANNOT,
        [CALL_EV_TAKEN_BLIND] = CANNOT,
        [CALL_EV_REFUSED] = CANNOT,
    },
    [CALL_ST_ESTABLISHED] = {
        [CALL_EV_DIALLED] = CANNOT,
        [CALL_EV_NOT_PLACED] = CANNOT,
        [CALL_EV_RINGS] = DROP, /* a 18x overtaken by the 200 */
        [CALL_EV_EARLY] = DROP,
        [CALL_EV_ANSWERED] = CANNOT, /* the stack tells the first 2xx only */
        [CALL_EV_UNUSABLE] = GO(CALL_ST_ENDED, CALL_ACT_TELL_STATS | END_BY_US), /* of an ACK to a re-INVITE */
        [CALL_EV_OFFER] = GO(CALL_ST_ESTABLISHED, CALL_ACT_ACCEPT_OFFER), /* RFC 3261 14.2, RFC 3264 8 */
        [CALL_EV_OFFER_BAD] = GO(CALL_ST_ESTABLISHED, CALL_ACT_REFUSE_OFFER), /* 488, the call goes on */
        [CALL_EV_REANSWERED] = GO(CALL_ST_ESTABLISHED, CALL_ACT_OPEN_MEDIA), /* RFC 3261 14.2: the ACK's SDP is in force */
        [CALL_EV_FAR_END] = GO(CALL_ST_ENDED, CALL_ACT_TELL_STATS | END_TOLD),
        [CALL_EV_HANGUP] = GO(CALL_ST_ENDED, CALL_ACT_TELL_STATS | END_BY_US),
        [CALL_EV_LIMIT] = GO(CALL_ST_ENDED, CALL_ACT_TELL_STATS | END_BY_US),
        [CALL_EV_ORPHANED] = GO(CALL_ST_ENDED, CALL_ACT_TELL_STATS | END_MUTE), /* stats: the warnings still go to the log */
        /* of incoming calls before they are answered */
        [CALL_EV_INCOMING] = CANNOT,
        [CALL_EV_TAKEN] = CANNOT,
        [CALL_EV_TAKEN_BLIND] = CANNOT,
        [CALL_EV_REFUSED] = CANNOT,
    },
    [CALL_ST_ENDED] = {
        /* the usage was let go or is over, the client has no name for this call any more */
        [CALL_EV_DIALLED] = CANNOT,
        [CALL_EV_NOT_PLACED] = CANNOT,
        [CALL_EV_RINGS] = CANNOT,
        [CALL_EV_EARLY] = CANNOT,
        [CALL_EV_ANSWERED] = CANNOT,
        [CALL_EV_UNUSABLE] = CANNOT,
        [CALL_EV_OFFER] = CANNOT,
        [CALL_EV_OFFER_BAD] = CANNOT,
        [CALL_EV_REANSWERED] = CANNOT,
        [CALL_EV_FAR_END] = CANNOT,
        [CALL_EV_HANGUP] = CANNOT,
        [CALL_EV_LIMIT] = CANNOT,
        [CALL_EV_ORPHANED] = CANNOT,
        [CALL_EV_INCOMING] = CANNOT,
        [CALL_EV_TAKEN] = CANNOT,
        [CALL_EV_TAKEN_BLIND] = CANNOT,
        [CALL_EV_REFUSED] = CANNOT,
    },
};
/* clang-format on */

const char *call_state_name(int state)
{
    static const char *const names[CALL_ST_COUNT] = {
        [CALL_ST_IDLE] = "idle",
        [CALL_ST_TRYING] = "trying",
        [CALL_ST_RINGING] = "ringing",
        [CALL_ST_EARLY] = "early",
        [CALL_ST_ALERTING] = "alerting",
        [CALL_ST_ACCEPTED] = "accepted",
        [CALL_ST_ESTABLISHED] = "established",
        [CALL_ST_ENDED] = "ended",
    };

    return FSM_NAME(names, state);
}

const char *call_fsm_event_name(int event)
{
    static const char *const names[CALL_EV_COUNT] = {
        [CALL_EV_DIALLED] = "dialled",       [CALL_EV_NOT_PLACED] = "not_placed",
        [CALL_EV_RINGS] = "rings",           [CALL_EV_EARLY] = "early",
        [CALL_EV_ANSWERED] = "answered",     [CALL_EV_UNUSABLE] = "unusable",
        [CALL_EV_OFFER] = "offer",           [CALL_EV_OFFER_BAD] = "offer_bad",
        [CALL_EV_REANSWERED] = "reanswered", [CALL_EV_FAR_END] = "far_end",
        [CALL_EV_HANGUP] = "hangup",         [CALL_EV_LIMIT] = "limit",
        [CALL_EV_ORPHANED] = "orphaned",     [CALL_EV_INCOMING] = "incoming",
        [CALL_EV_TAKEN] = "taken",           [CALL_EV_TAKEN_BLIND] = "taken_blind",
        [CALL_EV_REFUSED] = "refused",
    };

    return FSM_NAME(names, event);
}

const char *call_fsm_action_name(uint32_t bit)
{
    static const char *const names[] = {
        "open_media", "start_limits", "accept_offer", "refuse_offer", "close_media", "tell_stats", "end_usage",
        "tell_state", "send_ringing", "stop_ringing", "reject",       "log_end",     "release",
    };

    return FSM_BIT_NAME(names, bit);
}
