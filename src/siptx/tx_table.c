/* SPDX-License-Identifier: MIT */
#include "wsaudio/siptx/tx_table.h"

/* Plain data. The reasons stand beside the cells;
 * "refused" means that the function called by the owner looks at this table first and gives ST_STATE. */

#define GO(state, bits) FSM_CELL_GO(SIP_TX_ST_##state, bits)
#define DROP            FSM_CELL_DROP
#define CANNOT          FSM_CELL_CANNOT

/* Not yet in the index, no timer: nothing but START can come. */
#define CLIENT_INIT                                                                                                    \
    [SIP_TX_EV_1XX] = CANNOT, [SIP_TX_EV_2XX] = CANNOT, [SIP_TX_EV_300_699] = CANNOT, [SIP_TX_EV_RETRY] = CANNOT,      \
    [SIP_TX_EV_GIVE_UP] = CANNOT, [SIP_TX_EV_LINGER] = CANNOT, [SIP_TX_EV_TRANSPORT] = CANNOT
#define SERVER_INIT CLIENT_INIT, [SIP_TX_EV_REQUEST] = CANNOT
/* Out of the index, timers and pending failure cancelled, the owner's functions refuse. */
#define CLIENT_TERMINATED [SIP_TX_EV_START] = CANNOT, CLIENT_INIT
#define SERVER_TERMINATED [SIP_TX_EV_START] = CANNOT, SERVER_INIT

#define ACCEPT (SIP_TX_ACT_FORGET | SIP_TX_ACT_ARM_LINGER_64T1 | SIP_TX_ACT_TELL_FINAL)   /* M */
#define REJECT (SIP_TX_ACT_SEND_ACK | SIP_TX_ACT_ARM_ABSORB_64T1 | SIP_TX_ACT_TELL_FINAL) /* D: at least 32 s */
#define FINISH (SIP_TX_ACT_FORGET | SIP_TX_ACT_ARM_ABSORB_T4 | SIP_TX_ACT_TELL_FINAL)     /* K */

/* clang-format off */
const struct fsm_cell sip_tx_table[SIP_TX_MACHINE_COUNT][SIP_TX_ST_COUNT][SIP_TX_EV_COUNT] = {
    [SIP_TX_INVITE_CLIENT] = {
        [SIP_TX_ST_INIT] = {
            [SIP_TX_EV_START] = GO(CALLING, SIP_TX_ACT_ARM_RETRY | SIP_TX_ACT_ARM_GIVE_UP | SIP_TX_ACT_SEND), /* A, B */
            [SIP_TX_EV_CANCEL] = CANNOT, /* the owner has no id yet */
            CLIENT_INIT,
        },
        [SIP_TX_ST_CALLING] = {
            [SIP_TX_EV_START] = CANNOT,  /* once only */
            [SIP_TX_EV_CANCEL] = CANNOT, /* refused: no CANCEL before a 1xx (9.1) */
            [SIP_TX_EV_1XX] = GO(PROCEEDING, SIP_TX_ACT_TELL_PROVISIONAL), /* ends A and B */
            [SIP_TX_EV_2XX] = GO(ACCEPTED, ACCEPT),
            [SIP_TX_EV_300_699] = GO(COMPLETED, REJECT),
            [SIP_TX_EV_RETRY] = GO(CALLING, SIP_TX_ACT_ARM_RETRY_TWICE | SIP_TX_ACT_SEND_AGAIN), /* A */
            [SIP_TX_EV_GIVE_UP] = GO(TERMINATED, SIP_TX_ACT_TELL_TIMEOUT),                   /* B */
            [SIP_TX_EV_LINGER] = CANNOT, /* not held */
            [SIP_TX_EV_TRANSPORT] = GO(TERMINATED, SIP_TX_ACT_TELL_TRANSPORT),
        },
        [SIP_TX_ST_PROCEEDING] = {
            [SIP_TX_EV_START] = CANNOT,                                  /* once only */
            [SIP_TX_EV_CANCEL] = GO(CANCELLING, SIP_TX_ACT_ARM_GIVE_UP),     /* 9.1: an end even if no final response comes */
            [SIP_TX_EV_1XX] = GO(PROCEEDING, SIP_TX_ACT_TELL_PROVISIONAL),
            [SIP_TX_EV_2XX] = GO(ACCEPTED, ACCEPT),
            [SIP_TX_EV_300_699] = GO(COMPLETED, REJECT),
            [SIP_TX_EV_RETRY] = CANNOT,     /* not held: a 1xx stops A */
            [SIP_TX_EV_GIVE_UP] = CANNOT,   /* not held: a phone may ring for long, the owner bounds it */
            [SIP_TX_EV_LINGER] = CANNOT,    /* not held */
            [SIP_TX_EV_TRANSPORT] = CANNOT, /* nothing is sent here; a failure of Calling ended with it */
        },
        [SIP_TX_ST_CANCELLING] = {
            [SIP_TX_EV_START] = CANNOT,  /* once only */
            [SIP_TX_EV_CANCEL] = CANNOT, /* refused: one CANCEL is enough, its own transaction repeats it */
            [SIP_TX_EV_1XX] = GO(CANCELLING, SIP_TX_ACT_TELL_PROVISIONAL),
            [SIP_TX_EV_2XX] = GO(ACCEPTED, ACCEPT), /* crossed the CANCEL: the owner sends ACK and BYE */
            [SIP_TX_EV_300_699] = GO(COMPLETED, REJECT), /* the 487, as a rule */
            [SIP_TX_EV_RETRY] = CANNOT, /* not held */
            [SIP_TX_EV_GIVE_UP] = GO(TERMINATED, SIP_TX_ACT_TELL_TIMEOUT), /* 9.1: cancelled after 64*T1 all the same */
            [SIP_TX_EV_LINGER] = CANNOT, /* not held */
            [SIP_TX_EV_TRANSPORT] = CANNOT, /* nothing is sent here: the CANCEL is a transaction of its own */
        },
        [SIP_TX_ST_COMPLETED] = {
            [SIP_TX_EV_START] = CANNOT,  /* once only */
            [SIP_TX_EV_CANCEL] = CANNOT, /* refused: answered already */
            [SIP_TX_EV_1XX] = DROP,      /* overtaken on the way */
            [SIP_TX_EV_2XX] = DROP,      /* no arrow in the figure: a fork that answers behind the final response */
            [SIP_TX_EV_300_699] = GO(COMPLETED, SIP_TX_ACT_SEND_ACK), /* it came again, so our ACK was lost */
            [SIP_TX_EV_RETRY] = CANNOT,   /* not held: the ACK is sent only when asked for */
            [SIP_TX_EV_GIVE_UP] = CANNOT, /* not held */
            [SIP_TX_EV_LINGER] = GO(TERMINATED, SIP_TX_ACT_TELL_GONE), /* D */
            [SIP_TX_EV_TRANSPORT] = GO(TERMINATED, SIP_TX_ACT_TELL_ACK_FAILED), /* the ending was told before */
        },
        [SIP_TX_ST_ACCEPTED] = {
            [SIP_TX_EV_START] = CANNOT,  /* once only */
            [SIP_TX_EV_CANCEL] = CANNOT, /* refused: answered already */
            [SIP_TX_EV_1XX] = DROP,      /* overtaken, or a fork that still rings */
            [SIP_TX_EV_2XX] = GO(ACCEPTED, SIP_TX_ACT_TELL_AGAIN), /* RFC 6026 7.2: every one goes up */
            [SIP_TX_EV_300_699] = DROP,   /* RFC 6026: only 2xx count here */
            [SIP_TX_EV_RETRY] = CANNOT,   /* not held */
            [SIP_TX_EV_GIVE_UP] = CANNOT, /* not held */
            [SIP_TX_EV_LINGER] = GO(TERMINATED, SIP_TX_ACT_TELL_GONE), /* M */
            [SIP_TX_EV_TRANSPORT] = CANNOT, /* nothing is sent here: the ACK to a 2xx is the owner's */
        },
        [SIP_TX_ST_TERMINATED] = {[SIP_TX_EV_CANCEL] = CANNOT, CLIENT_TERMINATED},
    },
    [SIP_TX_CLIENT] = {
        [SIP_TX_ST_INIT] = {
            [SIP_TX_EV_START] = GO(TRYING, SIP_TX_ACT_ARM_RETRY | SIP_TX_ACT_ARM_GIVE_UP | SIP_TX_ACT_SEND), /* E, F */
            CLIENT_INIT,
        },
        [SIP_TX_ST_TRYING] = {
            [SIP_TX_EV_START] = CANNOT, /* once only */
            [SIP_TX_EV_1XX] = GO(PROCEEDING, SIP_TX_ACT_TELL_PROVISIONAL), /* E and F run on */
            [SIP_TX_EV_2XX] = GO(COMPLETED, FINISH),
            [SIP_TX_EV_300_699] = GO(COMPLETED, FINISH),
            [SIP_TX_EV_RETRY] = GO(TRYING, SIP_TX_ACT_ARM_RETRY_CAP | SIP_TX_ACT_SEND_AGAIN), /* E */
            [SIP_TX_EV_GIVE_UP] = GO(TERMINATED, SIP_TX_ACT_TELL_TIMEOUT),                /* F */
            [SIP_TX_EV_LINGER] = CANNOT, /* not held */
            [SIP_TX_EV_TRANSPORT] = GO(TERMINATED, SIP_TX_ACT_TELL_TRANSPORT),
        },
        [SIP_TX_ST_PROCEEDING] = {
            [SIP_TX_EV_START] = CANNOT, /* once only */
            [SIP_TX_EV_1XX] = GO(PROCEEDING, SIP_TX_ACT_TELL_PROVISIONAL),
            [SIP_TX_EV_2XX] = GO(COMPLETED, FINISH),
            [SIP_TX_EV_300_699] = GO(COMPLETED, FINISH),
            [SIP_TX_EV_RETRY] = GO(PROCEEDING, SIP_TX_ACT_ARM_RETRY_T2 | SIP_TX_ACT_SEND_AGAIN), /* E: slowly, it is being worked on */
            [SIP_TX_EV_GIVE_UP] = GO(TERMINATED, SIP_TX_ACT_TELL_TIMEOUT), /* F: a 1xx buys no time */
            [SIP_TX_EV_LINGER] = CANNOT, /* not held */
            [SIP_TX_EV_TRANSPORT] = GO(TERMINATED, SIP_TX_ACT_TELL_TRANSPORT),
        },
        [SIP_TX_ST_COMPLETED] = {
            [SIP_TX_EV_START] = CANNOT,   /* once only */
            [SIP_TX_EV_1XX] = DROP,       /* overtaken on the way */
            [SIP_TX_EV_2XX] = DROP,       /* sent again: K is here to absorb it */
            [SIP_TX_EV_300_699] = DROP,   /* likewise */
            [SIP_TX_EV_RETRY] = CANNOT,   /* not held */
            [SIP_TX_EV_GIVE_UP] = CANNOT, /* not held */
            [SIP_TX_EV_LINGER] = GO(TERMINATED, SIP_TX_ACT_TELL_GONE), /* K */
            [SIP_TX_EV_TRANSPORT] = CANNOT, /* nothing is sent here */
        },
        [SIP_TX_ST_TERMINATED] = {CLIENT_TERMINATED},
    },
    [SIP_TX_INVITE_SERVER] = {
        [SIP_TX_ST_INIT] = {
            [SIP_TX_EV_START] = GO(PROCEEDING, SIP_TX_ACT_ARM_TRYING), /* the 100 lies ready */
            [SIP_TX_EV_ACK] = CANNOT,                              /* not in the index yet */
            SERVER_INIT,
        },
        [SIP_TX_ST_PROCEEDING] = {
            [SIP_TX_EV_START] = CANNOT, /* once only */
            [SIP_TX_EV_1XX] = GO(PROCEEDING, SIP_TX_ACT_STOP_RETRY | SIP_TX_ACT_SEND), /* no 100 behind a 180 */
            [SIP_TX_EV_2XX] = GO(ACCEPTED, SIP_TX_ACT_ARM_LINGER_64T1 | SIP_TX_ACT_SEND_ONCE | SIP_TX_ACT_FORGET), /* L */
            [SIP_TX_EV_300_699] = GO(COMPLETED, SIP_TX_ACT_ARM_RETRY | SIP_TX_ACT_ARM_GIVE_UP | SIP_TX_ACT_SEND),  /* G, H */
            [SIP_TX_EV_REQUEST] = GO(PROCEEDING, SIP_TX_ACT_STOP_RETRY | SIP_TX_ACT_SEND_AGAIN), /* the last 1xx, at first the 100 */
            [SIP_TX_EV_ACK] = DROP,       /* there is nothing to acknowledge yet */
            [SIP_TX_EV_RETRY] = GO(PROCEEDING, SIP_TX_ACT_SEND_AGAIN), /* 200 ms without an answer: the 100, once */
            [SIP_TX_EV_GIVE_UP] = CANNOT, /* not held: the owner bounds it */
            [SIP_TX_EV_LINGER] = CANNOT,  /* not held */
            [SIP_TX_EV_TRANSPORT] = GO(PROCEEDING, SIP_TX_ACT_TELL_SEND_FAILED), /* RFC 6026 7.1: stays to absorb the INVITE */
        },
        [SIP_TX_ST_COMPLETED] = {
            [SIP_TX_EV_START] = CANNOT,   /* once only */
            [SIP_TX_EV_1XX] = CANNOT,     /* refused: answered already */
            [SIP_TX_EV_2XX] = CANNOT,     /* likewise */
            [SIP_TX_EV_300_699] = CANNOT, /* likewise */
            [SIP_TX_EV_REQUEST] = GO(COMPLETED, SIP_TX_ACT_SEND_AGAIN),
            [SIP_TX_EV_ACK] = GO(CONFIRMED, SIP_TX_ACT_ARM_ABSORB_T4 | SIP_TX_ACT_FORGET | SIP_TX_ACT_TELL_DONE),  /* I */
            [SIP_TX_EV_RETRY] = GO(COMPLETED, SIP_TX_ACT_ARM_RETRY_CAP | SIP_TX_ACT_SEND_AGAIN),               /* G */
            [SIP_TX_EV_GIVE_UP] = GO(TERMINATED, SIP_TX_ACT_TELL_TIMEOUT),                                 /* H */
            [SIP_TX_EV_LINGER] = CANNOT, /* not held */
            [SIP_TX_EV_TRANSPORT] = GO(COMPLETED, SIP_TX_ACT_TELL_SEND_FAILED), /* RFC 6026 7.1: H ends it */
        },
        [SIP_TX_ST_CONFIRMED] = {
            [SIP_TX_EV_START] = CANNOT,   /* once only */
            [SIP_TX_EV_1XX] = CANNOT,     /* refused: answered already */
            [SIP_TX_EV_2XX] = CANNOT,     /* likewise */
            [SIP_TX_EV_300_699] = CANNOT, /* likewise */
            [SIP_TX_EV_REQUEST] = DROP,   /* overtaken by its ACK */
            [SIP_TX_EV_ACK] = DROP,       /* sent again: I is here to absorb it */
            [SIP_TX_EV_RETRY] = CANNOT,   /* not held: acknowledged */
            [SIP_TX_EV_GIVE_UP] = CANNOT, /* not held: acknowledged */
            [SIP_TX_EV_LINGER] = GO(TERMINATED, 0), /* I; DONE was told with the ACK */
            [SIP_TX_EV_TRANSPORT] = CANNOT, /* nothing is sent here */
        },
        [SIP_TX_ST_ACCEPTED] = {
            [SIP_TX_EV_START] = CANNOT, /* once only */
            [SIP_TX_EV_1XX] = CANNOT,   /* refused: answered already */
            [SIP_TX_EV_2XX] = GO(ACCEPTED, SIP_TX_ACT_SEND_ONCE), /* RFC 6026 7.1: sent again by the owner until ACK */
            [SIP_TX_EV_300_699] = CANNOT, /* refused: answered already */
            [SIP_TX_EV_REQUEST] = DROP,   /* RFC 6026 7.1: absorbed, that is what L is for */
            [SIP_TX_EV_ACK] = GO(ACCEPTED, SIP_TX_ACT_TELL_ACK), /* RFC 6026 7.1: the owner's */
            [SIP_TX_EV_RETRY] = CANNOT,   /* not held: the owner sends again */
            [SIP_TX_EV_GIVE_UP] = CANNOT, /* not held: the owner waits for the ACK */
            [SIP_TX_EV_LINGER] = GO(TERMINATED, SIP_TX_ACT_TELL_DONE), /* L */
            [SIP_TX_EV_TRANSPORT] = GO(ACCEPTED, SIP_TX_ACT_TELL_SEND_FAILED), /* RFC 6026 7.1: L ends it */
        },
        [SIP_TX_ST_TERMINATED] = {[SIP_TX_EV_ACK] = CANNOT, SERVER_TERMINATED},
    },
    [SIP_TX_SERVER] = {
        [SIP_TX_ST_INIT] = {
            [SIP_TX_EV_START] = GO(TRYING, 0),
            SERVER_INIT,
        },
        [SIP_TX_ST_TRYING] = {
            [SIP_TX_EV_START] = CANNOT, /* once only */
            [SIP_TX_EV_1XX] = GO(PROCEEDING, SIP_TX_ACT_SEND),
            [SIP_TX_EV_2XX] = GO(COMPLETED, SIP_TX_ACT_ARM_ABSORB_64T1 | SIP_TX_ACT_SEND),     /* J */
            [SIP_TX_EV_300_699] = GO(COMPLETED, SIP_TX_ACT_ARM_ABSORB_64T1 | SIP_TX_ACT_SEND), /* J */
            [SIP_TX_EV_REQUEST] = DROP,     /* 17.2.2: there is no answer to repeat yet */
            [SIP_TX_EV_RETRY] = CANNOT,     /* not held: the client repeats */
            [SIP_TX_EV_GIVE_UP] = CANNOT,   /* not held: the owner bounds it */
            [SIP_TX_EV_LINGER] = CANNOT,    /* not held */
            [SIP_TX_EV_TRANSPORT] = CANNOT, /* nothing is sent here */
        },
        [SIP_TX_ST_PROCEEDING] = {
            [SIP_TX_EV_START] = CANNOT, /* once only */
            [SIP_TX_EV_1XX] = GO(PROCEEDING, SIP_TX_ACT_SEND),
            [SIP_TX_EV_2XX] = GO(COMPLETED, SIP_TX_ACT_ARM_ABSORB_64T1 | SIP_TX_ACT_SEND),     /* J */
            [SIP_TX_EV_300_699] = GO(COMPLETED, SIP_TX_ACT_ARM_ABSORB_64T1 | SIP_TX_ACT_SEND), /* J */
            [SIP_TX_EV_REQUEST] = GO(PROCEEDING, SIP_TX_ACT_SEND_AGAIN),
            [SIP_TX_EV_RETRY] = CANNOT,   /* not held: the client repeats */
            [SIP_TX_EV_GIVE_UP] = CANNOT, /* not held: the owner bounds it */
            [SIP_TX_EV_LINGER] = CANNOT,  /* not held */
            [SIP_TX_EV_TRANSPORT] = GO(TERMINATED, SIP_TX_ACT_TELL_TRANSPORT),
        },
        [SIP_TX_ST_COMPLETED] = {
            [SIP_TX_EV_START] = CANNOT,   /* once only */
            [SIP_TX_EV_1XX] = CANNOT,     /* refused: answered already */
            [SIP_TX_EV_2XX] = CANNOT,     /* likewise */
            [SIP_TX_EV_300_699] = CANNOT, /* likewise */
            [SIP_TX_EV_REQUEST] = GO(COMPLETED, SIP_TX_ACT_SEND_AGAIN),
            [SIP_TX_EV_RETRY] = CANNOT,   /* not held: the client repeats */
            [SIP_TX_EV_GIVE_UP] = CANNOT, /* not held */
            [SIP_TX_EV_LINGER] = GO(TERMINATED, SIP_TX_ACT_TELL_DONE), /* J */
            [SIP_TX_EV_TRANSPORT] = GO(TERMINATED, SIP_TX_ACT_TELL_TRANSPORT),
        },
        [SIP_TX_ST_TERMINATED] = {SERVER_TERMINATED},
    },
};
/* clang-format on */

#define HOLD(timer) (1 << SIP_TX_TMR_##timer)

/* What is not named here may hold none. */
const uint8_t
    sip_tx_hold[SIP_TX_RELIABILITY_COUNT][SIP_TX_MACHINE_COUNT][SIP_TX_ST_COUNT] =
        {
            [SIP_TX_UNRELIABLE] =
                {
                    [SIP_TX_INVITE_CLIENT] =
                        {
                            [SIP_TX_ST_CALLING] = HOLD(RETRY) | HOLD(GIVE_UP), /* A, B */
                            [SIP_TX_ST_CANCELLING] = HOLD(GIVE_UP),            /* 9.1 */
                            [SIP_TX_ST_COMPLETED] = HOLD(LINGER),              /* D */
                            [SIP_TX_ST_ACCEPTED] = HOLD(LINGER),               /* M */
                        },
                    [SIP_TX_CLIENT] =
                        {
                            [SIP_TX_ST_TRYING] = HOLD(RETRY) | HOLD(GIVE_UP),     /* E, F */
                            [SIP_TX_ST_PROCEEDING] = HOLD(RETRY) | HOLD(GIVE_UP), /* E, F */
                            [SIP_TX_ST_COMPLETED] = HOLD(LINGER),                 /* K */
                        },
                    [SIP_TX_INVITE_SERVER] =
                        {
                            [SIP_TX_ST_PROCEEDING] = HOLD(RETRY),                /* 200 ms */
                            [SIP_TX_ST_COMPLETED] = HOLD(RETRY) | HOLD(GIVE_UP), /* G, H */
                            [SIP_TX_ST_CONFIRMED] = HOLD(LINGER),                /* I */
                            [SIP_TX_ST_ACCEPTED] = HOLD(LINGER),                 /* L */
                        },
                    [SIP_TX_SERVER] =
                        {
                            [SIP_TX_ST_COMPLETED] = HOLD(LINGER), /* J */
                        },
                },
            /* the same without A, E and G */
            [SIP_TX_RELIABLE] =
                {
                    [SIP_TX_INVITE_CLIENT] =
                        {
                            [SIP_TX_ST_CALLING] = HOLD(GIVE_UP),    /* B */
                            [SIP_TX_ST_CANCELLING] = HOLD(GIVE_UP), /* 9.1 */
                            [SIP_TX_ST_COMPLETED] = HOLD(LINGER),   /* D */
                            [SIP_TX_ST_ACCEPTED] = HOLD(LINGER),    /* M */
                        },
                    [SIP_TX_CLIENT] =
                        {
                            [SIP_TX_ST_TRYING] = HOLD(GIVE_UP),     /* F */
                            [SIP_TX_ST_PROCEEDING] = HOLD(GIVE_UP), /* F */
                            [SIP_TX_ST_COMPLETED] = HOLD(LINGER),   /* K */
                        },
                    [SIP_TX_INVITE_SERVER] =
                        {
                            [SIP_TX_ST_PROCEEDING] = HOLD(RETRY),  /* 200 ms: not sent again, but for the first time */
                            [SIP_TX_ST_COMPLETED] = HOLD(GIVE_UP), /* H */
                            [SIP_TX_ST_CONFIRMED] = HOLD(LINGER),  /* I */
                            [SIP_TX_ST_ACCEPTED] = HOLD(LINGER),   /* L */
                        },
                    [SIP_TX_SERVER] =
                        {
                            [SIP_TX_ST_COMPLETED] = HOLD(LINGER), /* J */
                        },
                },
};

/* RFC 3261 table 4 (appendix A). A wait of 0 is a timer all the same: it runs out behind the step that armed it, and the owner
 * hears one thing at a time. L and M are no absorbers: they wait for what other forks send, which no transport hastens (RFC
 * 6026 7.1, 7.2). */
/* clang-format off */
#define BOTH(us)          {[SIP_TX_UNRELIABLE] = (us), [SIP_TX_RELIABLE] = (us)}
#define UNRELIABLE(us)    {[SIP_TX_UNRELIABLE] = (us), [SIP_TX_RELIABLE] = SIP_TX_NOT_ARMED}
#define ZERO_RELIABLE(us) {[SIP_TX_UNRELIABLE] = (us), [SIP_TX_RELIABLE] = 0}
const struct sip_tx_arm sip_tx_arms[SIP_TX_ARM_COUNT] = {
    {SIP_TX_ACT_ARM_TRYING,      SIP_TX_TMR_RETRY,   false, BOTH(DUR_MS(200))},         /* 17.2.1 */
    {SIP_TX_ACT_ARM_RETRY,       SIP_TX_TMR_RETRY,   false, UNRELIABLE(SIP_T1)},        /* A, E, G */
    {SIP_TX_ACT_ARM_RETRY_TWICE, SIP_TX_TMR_RETRY,   true,  UNRELIABLE(64 * SIP_T1)},   /* A: B comes first */
    {SIP_TX_ACT_ARM_RETRY_CAP,   SIP_TX_TMR_RETRY,   true,  UNRELIABLE(SIP_T2)},        /* E, G */
    {SIP_TX_ACT_ARM_RETRY_T2,    SIP_TX_TMR_RETRY,   false, UNRELIABLE(SIP_T2)},        /* E */
    {SIP_TX_ACT_ARM_GIVE_UP,     SIP_TX_TMR_GIVE_UP, false, BOTH(64 * SIP_T1)},         /* B, F, H, 9.1 */
    {SIP_TX_ACT_ARM_LINGER_64T1, SIP_TX_TMR_LINGER,  false, BOTH(64 * SIP_T1)},         /* L, M */
    {SIP_TX_ACT_ARM_ABSORB_64T1, SIP_TX_TMR_LINGER,  false, ZERO_RELIABLE(64 * SIP_T1)}, /* D, J */
    {SIP_TX_ACT_ARM_ABSORB_T4,   SIP_TX_TMR_LINGER,  false, ZERO_RELIABLE(SIP_T4)},     /* I, K */
};
/* clang-format on */

#define STATE(name) (1U << SIP_TX_ST_##name)
#define EVENT(name) (1U << SIP_TX_EV_##name)
#define EVENTS_ALL                                                                                                     \
    (EVENT(START) | EVENT(1XX) | EVENT(2XX) | EVENT(300_699) | EVENT(RETRY) | EVENT(GIVE_UP) | EVENT(LINGER) |         \
     EVENT(TRANSPORT))

const uint16_t sip_tx_states[SIP_TX_MACHINE_COUNT] = {
    [SIP_TX_INVITE_CLIENT] = STATE(INIT) | STATE(CALLING) | STATE(PROCEEDING) | STATE(CANCELLING) | STATE(COMPLETED) |
                             STATE(ACCEPTED) | STATE(TERMINATED),
    [SIP_TX_CLIENT] = STATE(INIT) | STATE(TRYING) | STATE(PROCEEDING) | STATE(COMPLETED) | STATE(TERMINATED),
    [SIP_TX_INVITE_SERVER] =
        STATE(INIT) | STATE(PROCEEDING) | STATE(COMPLETED) | STATE(CONFIRMED) | STATE(ACCEPTED) | STATE(TERMINATED),
    [SIP_TX_SERVER] = STATE(INIT) | STATE(TRYING) | STATE(PROCEEDING) | STATE(COMPLETED) | STATE(TERMINATED),
};

const uint16_t sip_tx_events[SIP_TX_MACHINE_COUNT] = {
    [SIP_TX_INVITE_CLIENT] = EVENTS_ALL | EVENT(CANCEL),
    [SIP_TX_CLIENT] = EVENTS_ALL,
    [SIP_TX_INVITE_SERVER] = EVENTS_ALL | EVENT(REQUEST) | EVENT(ACK),
    [SIP_TX_SERVER] = EVENTS_ALL | EVENT(REQUEST),
};
