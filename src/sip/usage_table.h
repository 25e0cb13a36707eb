/* The life of an INVITE dialog usage (RFC 5057; RFC 3261 9, 13, 14, 15) as a table of plain data: one call seen from
 * SIP, either way, over the transactions of tx_table.h and with cells of the same shape. */
#ifndef SIP_USAGE_TABLE_H
#define SIP_USAGE_TABLE_H

#include "wsaudio/base/fsm.h"

enum sip_usage_state {
    SIP_USAGE_INIT, /* lasts no longer than the function that makes it */
    /* outgoing */
    SIP_USAGE_CALLING,    /* INVITE is out, no 1xx yet */
    SIP_USAGE_PROCEEDING, /* a 1xx came */
    SIP_USAGE_ABANDONED,  /* nobody wants it any more, and no 1xx yet: CANCEL waits for one (9.1) */
    SIP_USAGE_CANCELLING, /* CANCEL is out, the INVITE's final response is awaited */
    /* incoming */
    SIP_USAGE_RINGING,  /* INVITE not answered yet */
    SIP_USAGE_ANSWERED, /* our 2xx waits for its ACK */
    SIP_USAGE_CLOSING,  /* the same, and nobody wants it any more: BYE waits for the ACK (15) */
    /* both */
    SIP_USAGE_CONFIRMED,
    SIP_USAGE_REANSWERED, /* confirmed, and our 2xx to a re-INVITE waits for its ACK */
    SIP_USAGE_LEAVING,    /* BYE is out */
    SIP_USAGE_LINGERING,  /* over; 2xx that come again or from other forks are still dealt with */
    SIP_USAGE_TERMINATED, /* goes at the end of the turn */
    SIP_USAGE_STATE_COUNT
};

enum sip_usage_event {
    /* the owner */
    SIP_USAGE_ON_INVITE,
    SIP_USAGE_ON_PROGRESS,
    SIP_USAGE_ON_ANSWER,
    SIP_USAGE_ON_REJECT,
    SIP_USAGE_ON_ACCEPT, /* 2xx to a re-INVITE */
    SIP_USAGE_ON_END,
    /* our INVITE's transaction */
    SIP_USAGE_ON_1XX,
    SIP_USAGE_ON_2XX,      /* the first */
    SIP_USAGE_ON_2XX_SAME, /* one that was acknowledged before */
    SIP_USAGE_ON_2XX_FORK, /* one of another dialog, after the first, or of a server that was left */
    SIP_USAGE_ON_AGAIN,    /* its end, answered by a further INVITE: challenge, redirection, next server */
    SIP_USAGE_ON_FAILURE,  /* any other from 300 to 699 */
    SIP_USAGE_ON_TIMEOUT,
    SIP_USAGE_ON_BROKEN, /* transport error, or no room to go on */
    /* our BYE's transaction */
    SIP_USAGE_ON_BYE_AGAIN, /* challenge, or its address cannot be reached */
    SIP_USAGE_ON_BYE_DONE,  /* any other end */
    /* the peer's requests */
    SIP_USAGE_ON_INCOMING,
    SIP_USAGE_ON_CANCEL,
    SIP_USAGE_ON_ACK,
    SIP_USAGE_ON_BYE,
    SIP_USAGE_ON_OFFER, /* re-INVITE or UPDATE */
    /* time */
    SIP_USAGE_ON_RING,
    SIP_USAGE_ON_RETRY,
    SIP_USAGE_ON_GIVE_UP,
    SIP_USAGE_ON_SILENCE,
    /* inside */
    SIP_USAGE_ON_DRAINED, /* no transaction is left that could bring anything */
    SIP_USAGE_EVENT_COUNT
};

enum sip_usage_timer {
    SIP_USAGE_RING,    /* the owner's ring_us */
    SIP_USAGE_RETRY,   /* 2xx again: T1, doubling to T2 (13.3.1.4) */
    SIP_USAGE_GIVE_UP, /* ACK never came: 64*T1 */
    SIP_USAGE_SILENCE, /* no answer at all, and another server is left to be tried (RFC 3263 4.3) */
    SIP_USAGE_TIMER_COUNT
};

/* Carried out from the lowest bit to the highest, after the new state is stored and logged and the timers that it may
 * not hold are cancelled: arm, then dialogs, then send, then tell. At most one TELL. */
enum sip_usage_action {
    /* arm */
    SIP_USAGE_ARM_RING = 1 << 0,
    SIP_USAGE_ARM_RETRY = 1 << 1,       /* T1 */
    SIP_USAGE_ARM_RETRY_TWICE = 1 << 2, /* the last interval doubled, at most T2 */
    SIP_USAGE_ARM_GIVE_UP = 1 << 3,     /* 64*T1 */
    SIP_USAGE_ARM_SILENCE = 1 << 4,     /* when another server is left */
    /* dialogs */
    SIP_USAGE_EARLY = 1 << 5,   /* a 1xx with a tag makes or keeps an early dialog (12.1.2) */
    SIP_USAGE_CONFIRM = 1 << 6, /* the 2xx's dialog becomes the call's; the early ones go */
    /* send */
    SIP_USAGE_LEAVE_SERVER = 1 << 7, /* the INVITE's transaction runs on by itself: CANCEL or BYE when it wakes */
    SIP_USAGE_SEND_INVITE = 1 << 8,
    SIP_USAGE_SEND_CANCEL = 1 << 9,
    SIP_USAGE_SEND_ACK = 1 << 10,       /* to the 2xx in hand, kept for the same 2xx coming again */
    SIP_USAGE_SEND_ACK_AGAIN = 1 << 11, /* the kept one */
    SIP_USAGE_SEND_BYE = 1 << 12,       /* on the dialog in hand */
    SIP_USAGE_SEND_1XX = 1 << 13,
    SIP_USAGE_SEND_2XX = 1 << 14,       /* kept until ACK */
    SIP_USAGE_SEND_2XX_AGAIN = 1 << 15, /* the kept one */
    SIP_USAGE_SEND_REJECT = 1 << 16,    /* 300 to 699 to the incoming INVITE */
    /* tell */
    SIP_USAGE_BAD_END = 1 << 17, /* the last state changes go to the log */
    SIP_USAGE_DETACH = 1 << 18,  /* the owner has let go: it hears nothing more */
    SIP_USAGE_TELL_INCOMING = 1 << 19,
    SIP_USAGE_TELL_PROGRESS = 1 << 20,
    SIP_USAGE_TELL_ANSWERED = 1 << 21,
    SIP_USAGE_TELL_CONFIRMED = 1 << 22,
    SIP_USAGE_TELL_LATE_ANSWER = 1 << 23, /* CONFIRMED too, but only when the ACK brings an SDP */
    SIP_USAGE_TELL_OFFER = 1 << 24,
    SIP_USAGE_TELL_ENDED = 1 << 25, /* ending; detaches */
    SIP_USAGE_RELEASE = 1 << 26,
    SIP_USAGE_ACTION_END = 1 << 27
};
/* On each path that begins with an owner exactly one of them. */
#define SIP_USAGE_ENDINGS (SIP_USAGE_DETACH | SIP_USAGE_TELL_ENDED)

/* Rules are enum fsm_rule. DROP of an owner's event is ST_STATE for the caller; DROP of a peer's request means that
 * it has no effect on the usage and is refused by whoever read it. */
extern const struct fsm_cell sip_usage_table[SIP_USAGE_STATE_COUNT][SIP_USAGE_EVENT_COUNT];
/* Bits 1 << enum sip_usage_timer: the timers that a state may hold. */
extern const uint8_t sip_usage_hold[SIP_USAGE_STATE_COUNT];

/* Never NULL. "Proceeding", "1xx", "SEND_ACK", "RING". */
const char *sip_usage_state_name(int state);
const char *sip_usage_event_name(int event);
const char *sip_usage_action_name(uint32_t bit);
const char *sip_usage_timer_name(int timer);

#endif
