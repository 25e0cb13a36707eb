/* SPDX-License-Identifier: MIT */
/* A call's life as its owner hears it: a table of plain data, cell = rule, next state, actions (base/fsm.h). */
#ifndef WSAUDIO_CALL_CALL_FSM_H
#define WSAUDIO_CALL_CALL_FSM_H

#include "wsaudio/call.h"

enum call_fsm_event {
    CALL_EV_DIALLED,     /* the INVITE has left */
    CALL_EV_NOT_PLACED,  /* it could not */
    CALL_EV_RINGS,       /* 18x without usable SDP */
    CALL_EV_EARLY,       /* 18x with usable SDP */
    CALL_EV_ANSWERED,    /* 2xx with usable SDP */
    CALL_EV_UNUSABLE,    /* 2xx, or the ACK to one of ours that had an offer, whose SDP cannot be used */
    CALL_EV_OFFER,       /* re-INVITE or UPDATE that the media session can serve */
    CALL_EV_OFFER_BAD,   /* one that it cannot: no common codec, no audio, an address of another family */
    CALL_EV_REANSWERED,  /* the ACK to a re-INVITE without an offer brings a usable answer to ours */
    CALL_EV_FAR_END,     /* the SIP usage ended: final response, BYE, time-out */
    CALL_EV_HANGUP,      /* its owner hangs up, or the server stops */
    CALL_EV_LIMIT,       /* a limit of ours: duration, no media */
    CALL_EV_ORPHANED,    /* its owner is gone */
    CALL_EV_INCOMING,    /* an INVITE came and was taken */
    CALL_EV_TAKEN,       /* our 200 has answered the INVITE's offer */
    CALL_EV_TAKEN_BLIND, /* our 200 has gone out with an offer of ours: the INVITE had none */
    CALL_EV_REFUSED,     /* nobody is left who could answer, or it cannot be answered: end_code says why */
    CALL_EV_COUNT
};

/* Carried out in the order of the bits. */
enum call_action {
    CALL_ACT_OPEN_MEDIA = 1 << 0,   /* take over the SDP's address and codec, start sending */
    CALL_ACT_START_LIMITS = 1 << 1, /* duration and no-media clocks, recording */
    CALL_ACT_ACCEPT_OFFER = 1 << 2, /* 200 with our answer, which is in force with it */
    CALL_ACT_REFUSE_OFFER = 1 << 3, /* 488, and all stays as it was */
    CALL_ACT_CLOSE_MEDIA = 1 << 4,  /* stop playing and recording, RTCP BYE, free the ports */
    CALL_ACT_TELL_STATS = 1 << 5,   /* the figures, and the quality warnings */
    CALL_ACT_END_USAGE = 1 << 6,    /* BYE or CANCEL, finished by the SIP stack alone */
    CALL_ACT_TELL_STATE = 1 << 7,   /* the owner hears the state that was entered; an end with its code and reason */
    CALL_ACT_SEND_RINGING = 1 << 8, /* 180 */
    CALL_ACT_STOP_RINGING = 1 << 9, /* everywhere but at the one that answered */
    CALL_ACT_REJECT = 1 << 10,      /* end_code as the final response to their INVITE */
    CALL_ACT_LOG_END = 1 << 11,     /* every end has its line, also of a call whose owner is gone */
    CALL_ACT_RELEASE = 1 << 12      /* the owner is free for another call */
};

extern const struct fsm_cell call_fsm[CALL_ST_COUNT][CALL_EV_COUNT];

const char *call_fsm_event_name(int event);
const char *call_fsm_action_name(uint32_t bit);

#endif
