/* SPDX-License-Identifier: MIT */
/* The four transaction tables of RFC 3261 section 17 with the Accepted states of RFC 6026, as plain data. */
#ifndef WSAUDIO_SIPTX_TX_TABLE_H
#define WSAUDIO_SIPTX_TX_TABLE_H

#include "wsaudio/base.h"
#include "wsaudio/base/fsm.h"

#define SIP_T1 DUR_MS(500)
#define SIP_T2 DUR_S(4)
#define SIP_T4 DUR_S(5)

enum sip_tx_machine {
    SIP_TX_INVITE_CLIENT, /* RFC 3261 figure 5, RFC 6026 figure 5 */
    SIP_TX_CLIENT,        /* RFC 3261 figure 6 */
    SIP_TX_INVITE_SERVER, /* RFC 3261 figure 7, RFC 6026 figure 7 */
    SIP_TX_SERVER,        /* RFC 3261 figure 8 */
    SIP_TX_MACHINE_COUNT
};

enum sip_tx_state {
    SIP_TX_ST_INIT, /* made, nothing sent or answered yet; lasts no longer than the function that makes it */
    SIP_TX_ST_CALLING,
    SIP_TX_ST_TRYING,
    SIP_TX_ST_PROCEEDING,
    SIP_TX_ST_CANCELLING, /* INVITE client: Proceeding with a CANCEL of ours under way (RFC 3261 9.1, last paragraph) */
    SIP_TX_ST_COMPLETED,
    SIP_TX_ST_CONFIRMED,
    SIP_TX_ST_ACCEPTED,
    SIP_TX_ST_TERMINATED,
    SIP_TX_ST_COUNT
};

enum sip_tx_event {
    SIP_TX_EV_START,     /* client: the owner's request; server: the request that made it */
    SIP_TX_EV_CANCEL,    /* INVITE client: the owner sends CANCEL */
    SIP_TX_EV_1XX,       /* client: from the network; server: from the owner */
    SIP_TX_EV_2XX,       /* likewise */
    SIP_TX_EV_300_699,   /* likewise */
    SIP_TX_EV_REQUEST,   /* server: the request again */
    SIP_TX_EV_ACK,       /* INVITE server: an ACK that matches */
    SIP_TX_EV_RETRY,     /* timer A, E, G; INVITE server in Proceeding: the 200 ms of 17.2.1 */
    SIP_TX_EV_GIVE_UP,   /* timer B, F, H; Cancelling: the 64*T1 of 9.1 */
    SIP_TX_EV_LINGER,    /* timer D, I, J, K, L, M */
    SIP_TX_EV_TRANSPORT, /* the last send failed */
    SIP_TX_EV_COUNT
};

enum sip_tx_timer { SIP_TX_TMR_RETRY, SIP_TX_TMR_GIVE_UP, SIP_TX_TMR_LINGER, SIP_TX_TMR_COUNT };

/* Carried out in this order, after the new state is stored and logged and the timers that it may not hold are cancelled:
 * stop, arm, send and keep, then tell (one bit at most). */
enum sip_tx_action {
    /* stop and arm */
    SIP_TX_ACT_STOP_RETRY = 1 << 0,
    SIP_TX_ACT_ARM_TRYING = 1 << 1, /* RETRY: 200 ms (17.2.1) */
    /* RETRY over a reliable transport: not armed */
    SIP_TX_ACT_ARM_RETRY = 1 << 2,       /* RETRY: T1 (A, E, G) */
    SIP_TX_ACT_ARM_RETRY_TWICE = 1 << 3, /* RETRY: the last interval doubled, without limit (A) */
    SIP_TX_ACT_ARM_RETRY_CAP = 1 << 4,   /* RETRY: the last interval doubled, at most T2 (E, G) */
    SIP_TX_ACT_ARM_RETRY_T2 = 1 << 5,    /* RETRY: T2 (E in Proceeding) */
    SIP_TX_ACT_ARM_GIVE_UP = 1 << 6,     /* GIVE_UP: 64*T1 (B, F, H, 9.1) */
    SIP_TX_ACT_ARM_LINGER_64T1 = 1 << 7, /* LINGER: 64*T1 (L, M) */
    /* only to absorb what is sent again: over a reliable transport 0 */
    SIP_TX_ACT_ARM_ABSORB_64T1 = 1 << 8, /* LINGER: 64*T1 (D, J) */
    SIP_TX_ACT_ARM_ABSORB_T4 = 1 << 9,   /* LINGER: T4 (I, K) */
    /* send and keep */
    SIP_TX_ACT_SEND = 1 << 10,       /* the message in hand, kept for sending again */
    SIP_TX_ACT_SEND_ONCE = 1 << 11,  /* the message in hand, not kept */
    SIP_TX_ACT_SEND_AGAIN = 1 << 12, /* what is kept */
    SIP_TX_ACT_SEND_ACK = 1 << 13, /* the ACK of 17.1.1.3: the first time made from the INVITE and kept in its place */
    SIP_TX_ACT_FORGET = 1 << 14,   /* release what is kept */
    /* tell */
    SIP_TX_ACT_TELL_PROVISIONAL = 1 << 15, /* client: a 1xx */
    SIP_TX_ACT_TELL_FINAL = 1 << 16,       /* ending. client: the final response */
    SIP_TX_ACT_TELL_AGAIN = 1 << 17,       /* INVITE client: one more 2xx */
    SIP_TX_ACT_TELL_ACK = 1 << 18,         /* INVITE server in Accepted: an ACK */
    SIP_TX_ACT_TELL_DONE = 1 << 19,        /* ending, last. server: acknowledged, or nothing more can come */
    SIP_TX_ACT_TELL_TIMEOUT = 1 << 20,     /* ending, last. client: no final response; INVITE server: no ACK */
    SIP_TX_ACT_TELL_TRANSPORT = 1 << 21,   /* ending, last. the request or response could not be sent */
    SIP_TX_ACT_TELL_GONE = 1 << 22,        /* last. client: lingers no more, after FINAL */
    SIP_TX_ACT_TELL_ACK_FAILED = 1 << 23,  /* last. INVITE client: the ACK could not be sent, after FINAL */
    SIP_TX_ACT_TELL_SEND_FAILED = 1 << 24, /* INVITE server: a response could not be sent, the transaction goes on */
    SIP_TX_ACT_END = 1 << 25
};
#define SIP_TX_SENDS (SIP_TX_ACT_SEND | SIP_TX_ACT_SEND_ONCE | SIP_TX_ACT_SEND_AGAIN | SIP_TX_ACT_SEND_ACK)
/* Each path from Init to Terminated holds exactly one of either set. */
#define SIP_TX_ENDINGS                                                                                                 \
    (SIP_TX_ACT_TELL_FINAL | SIP_TX_ACT_TELL_DONE | SIP_TX_ACT_TELL_TIMEOUT | SIP_TX_ACT_TELL_TRANSPORT)
#define SIP_TX_LASTS                                                                                                   \
    (SIP_TX_ACT_TELL_GONE | SIP_TX_ACT_TELL_ACK_FAILED | SIP_TX_ACT_TELL_DONE | SIP_TX_ACT_TELL_TIMEOUT |              \
     SIP_TX_ACT_TELL_TRANSPORT)

extern const struct fsm_cell sip_tx_table[SIP_TX_MACHINE_COUNT][SIP_TX_ST_COUNT][SIP_TX_EV_COUNT];

/* Whether the transport sees to it that what is sent arrives (RFC 3261 17: UDP does not, TCP and TLS do). The cells are the
 * same for both; what is armed is not. */
enum sip_tx_reliability { SIP_TX_UNRELIABLE, SIP_TX_RELIABLE, SIP_TX_RELIABILITY_COUNT };

/* Bits 1 << enum sip_tx_timer: the timers that a state may hold. */
extern const uint8_t sip_tx_hold[SIP_TX_RELIABILITY_COUNT][SIP_TX_MACHINE_COUNT][SIP_TX_ST_COUNT];

/* What an arming action does. */
struct sip_tx_arm {
    uint32_t action;
    enum sip_tx_timer timer;
    bool doubles;                           /* to twice the last interval; after is the most then */
    dur_us after[SIP_TX_RELIABILITY_COUNT]; /* SIP_TX_NOT_ARMED: nothing is */
};
#define SIP_TX_NOT_ARMED (-1)
#define SIP_TX_ARM_COUNT 9
extern const struct sip_tx_arm sip_tx_arms[SIP_TX_ARM_COUNT];

/* Bits 1 << enum sip_tx_state, 1 << enum sip_tx_event: what a machine has. */
extern const uint16_t sip_tx_states[SIP_TX_MACHINE_COUNT];
extern const uint16_t sip_tx_events[SIP_TX_MACHINE_COUNT];

/* Never NULL. "INVITE client", "Proceeding", "1xx", "SEND"; the letter of the timer in a state's slot, e.g. "A";
 * "-" for none and for the two that the RFC gives no letter. */
const char *sip_tx_machine_name(int machine);
const char *sip_tx_state_name(int state);
const char *sip_tx_event_name(int event);
const char *sip_tx_action_name(uint32_t bit);
const char *sip_tx_timer_letter(int machine, int state, int timer);

#endif
