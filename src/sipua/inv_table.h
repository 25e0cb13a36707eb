/* SPDX-License-Identifier: MIT */
/* The life of an INVITE dialog usage (RFC 5057; RFC 3261 9, 13, 14, 15) as a table of plain data: one call seen from
 * SIP, either way, over the transactions of tx_table.h and with cells of the same shape. */
#ifndef WSAUDIO_SIPUA_INV_TABLE_H
#define WSAUDIO_SIPUA_INV_TABLE_H

#include "wsaudio/base/fsm.h"

enum sip_inv_state {
    SIP_INV_ST_INIT, /* lasts no longer than the function that makes it */
    /* outgoing */
    SIP_INV_ST_CALLING,    /* INVITE is out, no 1xx yet */
    SIP_INV_ST_PROCEEDING, /* a 1xx came */
    SIP_INV_ST_ABANDONED,  /* nobody wants it any more, and no 1xx yet: CANCEL waits for one (9.1) */
    SIP_INV_ST_CANCELLING, /* CANCEL is out, the INVITE's final response is awaited */
    /* incoming */
    SIP_INV_ST_RINGING,  /* INVITE not answered yet */
    SIP_INV_ST_ANSWERED, /* our 2xx waits for its ACK */
    SIP_INV_ST_CLOSING,  /* the same, and nobody wants it any more: BYE waits for the ACK (15) */
    /* both */
    SIP_INV_ST_CONFIRMED,
    SIP_INV_ST_REANSWERED, /* confirmed, and our 2xx to a re-INVITE waits for its ACK */
    SIP_INV_ST_LEAVING,    /* BYE is out */
    SIP_INV_ST_LINGERING,  /* over; 2xx that come again or from other forks are still dealt with */
    SIP_INV_ST_TERMINATED, /* goes at the end of the turn */
    SIP_INV_ST_COUNT
};

enum sip_inv_event {
    /* the owner */
    SIP_INV_EV_INVITE,
    SIP_INV_EV_PROGRESS,
    SIP_INV_EV_ANSWER,
    SIP_INV_EV_REJECT,
    SIP_INV_EV_ACCEPT, /* 2xx to a re-INVITE */
    SIP_INV_EV_END,
    /* our INVITE's transaction */
    SIP_INV_EV_1XX,
    SIP_INV_EV_2XX,      /* the first */
    SIP_INV_EV_2XX_SAME, /* one that was acknowledged before */
    SIP_INV_EV_2XX_FORK, /* one of another dialog, after the first, or of an abandoned branch */
    SIP_INV_EV_AGAIN,    /* its end, answered by a further INVITE: challenge, redirection, next server */
    SIP_INV_EV_FAILURE,  /* any other from 300 to 699 */
    SIP_INV_EV_TIMEOUT,
    SIP_INV_EV_BROKEN, /* transport error, or no room to go on */
    /* our BYE's transaction */
    SIP_INV_EV_BYE_AGAIN, /* challenge, or its address cannot be reached */
    SIP_INV_EV_BYE_DONE,  /* any other end */
    /* the peer's requests */
    SIP_INV_EV_INCOMING,
    SIP_INV_EV_CANCEL,
    SIP_INV_EV_ACK,
    SIP_INV_EV_BYE,
    SIP_INV_EV_OFFER, /* re-INVITE or UPDATE */
    /* time */
    SIP_INV_EV_RING,
    SIP_INV_EV_RETRY,
    SIP_INV_EV_GIVE_UP,
    SIP_INV_EV_SILENCE,
    /* inside */
    SIP_INV_EV_DRAINED, /* no transaction is left that could bring anything */
    SIP_INV_EV_COUNT
};

enum sip_inv_timer {
    SIP_INV_TMR_RING,    /* the owner's ring_us */
    SIP_INV_TMR_RETRY,   /* 2xx again: T1, doubling to T2 (13.3.1.4) */
    SIP_INV_TMR_GIVE_UP, /* ACK never came: 64*T1 */
    SIP_INV_TMR_SILENCE, /* no answer at all, and another server is left to be tried (RFC 3263 4.3) */
    SIP_INV_TMR_COUNT
};

/* Carried out from the lowest bit to the highest, after the new state is stored and logged and the timers that it may
 * not hold are cancelled: arm, then dialogs, then send, then tell. At most one TELL. */
enum sip_inv_action {
    /* arm */
    SIP_INV_ACT_ARM_RING = 1 << 0,
    SIP_INV_ACT_ARM_RETRY = 1 << 1,       /* T1 */
    SIP_INV_ACT_ARM_RETRY_TWICE = 1 << 2, /* the last interval doubled, at most T2 */
    SIP_INV_ACT_ARM_GIVE_UP = 1 << 3,     /* 64*T1 */
    SIP_INV_ACT_ARM_SILENCE = 1 << 4,     /* when another server is left */
    /* dialogs */
    SIP_INV_ACT_EARLY = 1 << 5,   /* a 1xx with a tag makes or keeps an early dialog (12.1.2) */
    SIP_INV_ACT_CONFIRM = 1 << 6, /* the 2xx's dialog becomes the call's; the early ones go */
    /* send */
    SIP_INV_ACT_ABANDON_BRANCH = 1 << 7, /* the INVITE's transaction runs on by itself: CANCEL or BYE when it wakes */
    SIP_INV_ACT_SEND_INVITE = 1 << 8,
    SIP_INV_ACT_SEND_CANCEL = 1 << 9,
    SIP_INV_ACT_SEND_ACK = 1 << 10,       /* to the 2xx in hand, kept for the same 2xx coming again */
    SIP_INV_ACT_SEND_ACK_AGAIN = 1 << 11, /* the kept one */
    SIP_INV_ACT_SEND_BYE = 1 << 12,       /* on the dialog in hand */
    SIP_INV_ACT_SEND_1XX = 1 << 13,
    SIP_INV_ACT_SEND_2XX = 1 << 14,       /* kept until ACK */
    SIP_INV_ACT_SEND_2XX_AGAIN = 1 << 15, /* the kept one */
    SIP_INV_ACT_SEND_REJECT = 1 << 16,    /* 300 to 699 to the incoming INVITE */
    /* tell */
    SIP_INV_ACT_BAD_END = 1 << 17, /* the last state changes go to the log */
    SIP_INV_ACT_DETACH = 1 << 18,  /* the owner has let go: it hears nothing more */
    SIP_INV_ACT_TELL_INCOMING = 1 << 19,
    SIP_INV_ACT_TELL_PROGRESS = 1 << 20,
    SIP_INV_ACT_TELL_ANSWERED = 1 << 21,
    SIP_INV_ACT_TELL_CONFIRMED = 1 << 22,
    SIP_INV_ACT_TELL_LATE_ANSWER = 1 << 23, /* CONFIRMED too, but only when the ACK brings an SDP */
    SIP_INV_ACT_TELL_OFFER = 1 << 24,
    SIP_INV_ACT_TELL_ENDED = 1 << 25, /* ending; detaches */
    SIP_INV_ACT_RELEASE = 1 << 26,
    SIP_INV_ACT_END = 1 << 27
};
/* On each path that begins with an owner exactly one of them. */
#define SIP_INV_ACT_ENDINGS (SIP_INV_ACT_DETACH | SIP_INV_ACT_TELL_ENDED)

/* Rules are enum fsm_rule. DROP of an owner's event is ST_STATE for the caller; DROP of a peer's request means that
 * it has no effect on the usage and is refused by whoever read it. */
extern const struct fsm_cell sip_inv_table[SIP_INV_ST_COUNT][SIP_INV_EV_COUNT];
/* Bits 1 << enum sip_inv_timer: the timers that a state may hold. */
extern const uint8_t sip_inv_hold[SIP_INV_ST_COUNT];

/* What an offer (re-INVITE, UPDATE) is refused with where its event is DROP: 491 an offer of ours waits for its answer (14.2), 500
 * come again (14.2, with a Retry-After), 481 there is no such dialog any more. In Confirmed: of a dialog that is not the
 * call's. */
extern const int16_t sip_inv_offer_refusal[SIP_INV_ST_COUNT];

/* Never NULL. "Proceeding", "1xx", "SEND_ACK", "RING". */
const char *sip_inv_state_name(int state);
const char *sip_inv_event_name(int event);
const char *sip_inv_action_name(uint32_t bit);
const char *sip_inv_timer_name(int timer);

#endif
