/* SPDX-License-Identifier: MIT */
#include "inv_table.h"

/* Plain data. Numbers beside the cells are sections of RFC 3261. What an owner asks for at the wrong time is DROP and
 * ST_STATE; so is what a peer may send at any time. CANNOT stands where there is no transaction or timer that could
 * bring the event. */

#define GO(state, bits) FSM_CELL_GO(SIP_INV_ST_##state, bits)
#define DROP            FSM_CELL_DROP
#define CANNOT          FSM_CELL_CANNOT

/* The action bits without their prefix, so that a cell fits on a line. */
enum {
    ARM_RING = SIP_INV_ACT_ARM_RING,
    ARM_RETRY = SIP_INV_ACT_ARM_RETRY,
    ARM_RETRY_TWICE = SIP_INV_ACT_ARM_RETRY_TWICE,
    ARM_GIVE_UP = SIP_INV_ACT_ARM_GIVE_UP,
    ARM_SILENCE = SIP_INV_ACT_ARM_SILENCE,
    EARLY = SIP_INV_ACT_EARLY,
    CONFIRM = SIP_INV_ACT_CONFIRM,
    ABANDON_BRANCH = SIP_INV_ACT_ABANDON_BRANCH,
    SEND_INVITE = SIP_INV_ACT_SEND_INVITE,
    SEND_CANCEL = SIP_INV_ACT_SEND_CANCEL,
    SEND_ACK = SIP_INV_ACT_SEND_ACK,
    SEND_ACK_AGAIN = SIP_INV_ACT_SEND_ACK_AGAIN,
    SEND_BYE = SIP_INV_ACT_SEND_BYE,
    SEND_1XX = SIP_INV_ACT_SEND_1XX,
    SEND_2XX = SIP_INV_ACT_SEND_2XX,
    SEND_2XX_AGAIN = SIP_INV_ACT_SEND_2XX_AGAIN,
    SEND_REJECT = SIP_INV_ACT_SEND_REJECT,
    BAD_END = SIP_INV_ACT_BAD_END,
    DETACH = SIP_INV_ACT_DETACH,
    TELL_INCOMING = SIP_INV_ACT_TELL_INCOMING,
    TELL_PROGRESS = SIP_INV_ACT_TELL_PROGRESS,
    TELL_ANSWERED = SIP_INV_ACT_TELL_ANSWERED,
    TELL_CONFIRMED = SIP_INV_ACT_TELL_CONFIRMED,
    TELL_LATE_ANSWER = SIP_INV_ACT_TELL_LATE_ANSWER,
    TELL_OFFER = SIP_INV_ACT_TELL_OFFER,
    TELL_ENDED = SIP_INV_ACT_TELL_ENDED,
    RELEASE = SIP_INV_ACT_RELEASE,
};

/* clang-format off */
const struct fsm_cell sip_inv_table[SIP_INV_ST_COUNT][SIP_INV_EV_COUNT] = {
    [SIP_INV_ST_INIT] = {
        [SIP_INV_EV_INVITE] = GO(CALLING, ARM_RING | ARM_SILENCE | SEND_INVITE), /* 13.2.1 */
        [SIP_INV_EV_PROGRESS] = CANNOT,
        [SIP_INV_EV_ANSWER] = CANNOT,
        [SIP_INV_EV_REJECT] = CANNOT,
        [SIP_INV_EV_ACCEPT] = CANNOT,
        [SIP_INV_EV_END] = CANNOT,
        [SIP_INV_EV_1XX] = CANNOT,
        [SIP_INV_EV_2XX] = CANNOT,
        [SIP_INV_EV_2XX_SAME] = CANNOT,
        [SIP_INV_EV_2XX_FORK] = CANNOT,
        [SIP_INV_EV_AGAIN] = CANNOT,
        [SIP_INV_EV_FAILURE] = CANNOT,
        [SIP_INV_EV_TIMEOUT] = CANNOT,
        [SIP_INV_EV_BROKEN] = CANNOT,
        [SIP_INV_EV_BYE_AGAIN] = CANNOT,
        [SIP_INV_EV_BYE_DONE] = CANNOT,
        [SIP_INV_EV_INCOMING] = GO(RINGING, TELL_INCOMING), /* 13.3.1 */
        [SIP_INV_EV_CANCEL] = CANNOT,
        [SIP_INV_EV_ACK] = CANNOT,
        [SIP_INV_EV_BYE] = CANNOT,
        [SIP_INV_EV_OFFER] = CANNOT,
        [SIP_INV_EV_RING] = CANNOT,
        [SIP_INV_EV_RETRY] = CANNOT,
        [SIP_INV_EV_GIVE_UP] = CANNOT,
        [SIP_INV_EV_SILENCE] = CANNOT,
        [SIP_INV_EV_DRAINED] = CANNOT,
    },
    [SIP_INV_ST_CALLING] = {
        [SIP_INV_EV_INVITE] = CANNOT,
        [SIP_INV_EV_PROGRESS] = DROP,
        [SIP_INV_EV_ANSWER] = DROP,
        [SIP_INV_EV_REJECT] = DROP,
        [SIP_INV_EV_ACCEPT] = DROP,
        [SIP_INV_EV_END] = GO(ABANDONED, DETACH), /* no CANCEL before a 1xx (9.1) */
        [SIP_INV_EV_1XX] = GO(PROCEEDING, EARLY | TELL_PROGRESS), /* 13.2.2.1 */
        [SIP_INV_EV_2XX] = GO(CONFIRMED, CONFIRM | SEND_ACK | TELL_ANSWERED), /* 13.2.2.4 */
        [SIP_INV_EV_2XX_SAME] = GO(CALLING, SEND_ACK_AGAIN),
        [SIP_INV_EV_2XX_FORK] = GO(CALLING, SEND_ACK | SEND_BYE), /* of an abandoned branch */
        [SIP_INV_EV_AGAIN] = GO(CALLING, ARM_SILENCE | SEND_INVITE), /* 8.1.3.4, 22.2, RFC 3263 4.3 */
        [SIP_INV_EV_FAILURE] = GO(LINGERING, TELL_ENDED), /* 13.2.2.3 */
        [SIP_INV_EV_TIMEOUT] = GO(LINGERING, BAD_END | TELL_ENDED), /* timer B: as a 408 (8.1.3.1) */
        [SIP_INV_EV_BROKEN] = GO(LINGERING, BAD_END | TELL_ENDED), /* as a 503 (8.1.3.1) */
        [SIP_INV_EV_BYE_AGAIN] = CANNOT,
        [SIP_INV_EV_BYE_DONE] = CANNOT,
        [SIP_INV_EV_INCOMING] = CANNOT,
        [SIP_INV_EV_CANCEL] = DROP,
        [SIP_INV_EV_ACK] = DROP,
        [SIP_INV_EV_BYE] = DROP,
        [SIP_INV_EV_OFFER] = DROP,
        [SIP_INV_EV_RING] = GO(ABANDONED, TELL_ENDED), /* the owner is free at once */
        [SIP_INV_EV_RETRY] = CANNOT,
        [SIP_INV_EV_GIVE_UP] = CANNOT,
        [SIP_INV_EV_SILENCE] = GO(CALLING, ARM_SILENCE | ABANDON_BRANCH | SEND_INVITE), /* RFC 3263 4.3 */
        [SIP_INV_EV_DRAINED] = CANNOT,
    },
    [SIP_INV_ST_PROCEEDING] = {
        [SIP_INV_EV_INVITE] = CANNOT,
        [SIP_INV_EV_PROGRESS] = DROP,
        [SIP_INV_EV_ANSWER] = DROP,
        [SIP_INV_EV_REJECT] = DROP,
        [SIP_INV_EV_ACCEPT] = DROP,
        [SIP_INV_EV_END] = GO(CANCELLING, SEND_CANCEL | DETACH), /* 15 */
        [SIP_INV_EV_1XX] = GO(PROCEEDING, EARLY | TELL_PROGRESS), /* each may bring news */
        [SIP_INV_EV_2XX] = GO(CONFIRMED, CONFIRM | SEND_ACK | TELL_ANSWERED), /* 13.2.2.4 */
        [SIP_INV_EV_2XX_SAME] = GO(PROCEEDING, SEND_ACK_AGAIN),
        [SIP_INV_EV_2XX_FORK] = GO(PROCEEDING, SEND_ACK | SEND_BYE), /* of an abandoned branch */
        [SIP_INV_EV_AGAIN] = GO(CALLING, ARM_SILENCE | SEND_INVITE), /* 8.1.3.4, 22.2, RFC 3263 4.3 */
        [SIP_INV_EV_FAILURE] = GO(LINGERING, TELL_ENDED), /* 13.2.2.3 */
        [SIP_INV_EV_TIMEOUT] = GO(LINGERING, BAD_END | TELL_ENDED),
        [SIP_INV_EV_BROKEN] = GO(LINGERING, BAD_END | TELL_ENDED),
        [SIP_INV_EV_BYE_AGAIN] = CANNOT,
        [SIP_INV_EV_BYE_DONE] = CANNOT,
        [SIP_INV_EV_INCOMING] = CANNOT,
        [SIP_INV_EV_CANCEL] = DROP,
        [SIP_INV_EV_ACK] = DROP,
        [SIP_INV_EV_BYE] = GO(CANCELLING, SEND_CANCEL | TELL_ENDED), /* against 15, but it wants to go */
        [SIP_INV_EV_OFFER] = DROP,
        [SIP_INV_EV_RING] = GO(CANCELLING, SEND_CANCEL | TELL_ENDED), /* the owner is free at once */
        [SIP_INV_EV_RETRY] = CANNOT,
        [SIP_INV_EV_GIVE_UP] = CANNOT,
        [SIP_INV_EV_SILENCE] = CANNOT,
        [SIP_INV_EV_DRAINED] = CANNOT,
    },
    [SIP_INV_ST_ABANDONED] = {
        [SIP_INV_EV_INVITE] = CANNOT,
        [SIP_INV_EV_PROGRESS] = DROP,
        [SIP_INV_EV_ANSWER] = DROP,
        [SIP_INV_EV_REJECT] = DROP,
        [SIP_INV_EV_ACCEPT] = DROP,
        [SIP_INV_EV_END] = DROP,
        [SIP_INV_EV_1XX] = GO(CANCELLING, SEND_CANCEL), /* 9.1 */
        [SIP_INV_EV_2XX] = GO(LEAVING, CONFIRM | SEND_ACK | SEND_BYE), /* nobody wants it: 13.2.2.4, 15.1.1 */
        [SIP_INV_EV_2XX_SAME] = GO(ABANDONED, SEND_ACK_AGAIN),
        [SIP_INV_EV_2XX_FORK] = GO(ABANDONED, SEND_ACK | SEND_BYE), /* of an abandoned branch */
        [SIP_INV_EV_AGAIN] = CANNOT,
        [SIP_INV_EV_FAILURE] = GO(LINGERING, 0),
        [SIP_INV_EV_TIMEOUT] = GO(LINGERING, 0),
        [SIP_INV_EV_BROKEN] = GO(LINGERING, 0),
        [SIP_INV_EV_BYE_AGAIN] = CANNOT,
        [SIP_INV_EV_BYE_DONE] = CANNOT,
        [SIP_INV_EV_INCOMING] = CANNOT,
        [SIP_INV_EV_CANCEL] = DROP,
        [SIP_INV_EV_ACK] = DROP,
        [SIP_INV_EV_BYE] = DROP,
        [SIP_INV_EV_OFFER] = DROP,
        [SIP_INV_EV_RING] = CANNOT,
        [SIP_INV_EV_RETRY] = CANNOT,
        [SIP_INV_EV_GIVE_UP] = CANNOT,
        [SIP_INV_EV_SILENCE] = CANNOT,
        [SIP_INV_EV_DRAINED] = CANNOT,
    },
    [SIP_INV_ST_CANCELLING] = {
        [SIP_INV_EV_INVITE] = CANNOT,
        [SIP_INV_EV_PROGRESS] = DROP,
        [SIP_INV_EV_ANSWER] = DROP,
        [SIP_INV_EV_REJECT] = DROP,
        [SIP_INV_EV_ACCEPT] = DROP,
        [SIP_INV_EV_END] = DROP,
        [SIP_INV_EV_1XX] = DROP,
        [SIP_INV_EV_2XX] = GO(LEAVING, CONFIRM | SEND_ACK | SEND_BYE), /* it crossed the CANCEL */
        [SIP_INV_EV_2XX_SAME] = GO(CANCELLING, SEND_ACK_AGAIN),
        [SIP_INV_EV_2XX_FORK] = GO(CANCELLING, SEND_ACK | SEND_BYE), /* of an abandoned branch */
        [SIP_INV_EV_AGAIN] = CANNOT,
        [SIP_INV_EV_FAILURE] = GO(LINGERING, 0), /* 487 as a rule */
        [SIP_INV_EV_TIMEOUT] = GO(LINGERING, 0), /* 64*T1 after CANCEL (9.1) */
        [SIP_INV_EV_BROKEN] = GO(LINGERING, 0),
        [SIP_INV_EV_BYE_AGAIN] = CANNOT,
        [SIP_INV_EV_BYE_DONE] = CANNOT,
        [SIP_INV_EV_INCOMING] = CANNOT,
        [SIP_INV_EV_CANCEL] = DROP,
        [SIP_INV_EV_ACK] = DROP,
        [SIP_INV_EV_BYE] = DROP,
        [SIP_INV_EV_OFFER] = DROP,
        [SIP_INV_EV_RING] = CANNOT,
        [SIP_INV_EV_RETRY] = CANNOT,
        [SIP_INV_EV_GIVE_UP] = CANNOT,
        [SIP_INV_EV_SILENCE] = CANNOT,
        [SIP_INV_EV_DRAINED] = CANNOT,
    },
    [SIP_INV_ST_RINGING] = {
        [SIP_INV_EV_INVITE] = CANNOT,
        [SIP_INV_EV_PROGRESS] = GO(RINGING, SEND_1XX), /* 13.3.1.1 */
        [SIP_INV_EV_ANSWER] = GO(ANSWERED, ARM_RETRY | ARM_GIVE_UP | SEND_2XX), /* 13.3.1.4 */
        [SIP_INV_EV_REJECT] = GO(LINGERING, SEND_REJECT | DETACH), /* 13.3.1.3 */
        [SIP_INV_EV_ACCEPT] = DROP,
        [SIP_INV_EV_END] = GO(LINGERING, SEND_REJECT | DETACH), /* 480 */
        [SIP_INV_EV_1XX] = CANNOT,
        [SIP_INV_EV_2XX] = CANNOT,
        [SIP_INV_EV_2XX_SAME] = CANNOT,
        [SIP_INV_EV_2XX_FORK] = CANNOT,
        [SIP_INV_EV_AGAIN] = CANNOT,
        [SIP_INV_EV_FAILURE] = CANNOT,
        [SIP_INV_EV_TIMEOUT] = CANNOT,
        [SIP_INV_EV_BROKEN] = CANNOT,
        [SIP_INV_EV_BYE_AGAIN] = CANNOT,
        [SIP_INV_EV_BYE_DONE] = CANNOT,
        [SIP_INV_EV_INCOMING] = CANNOT,
        [SIP_INV_EV_CANCEL] = GO(LINGERING, SEND_REJECT | TELL_ENDED), /* 487 (9.2) */
        [SIP_INV_EV_ACK] = DROP,
        [SIP_INV_EV_BYE] = GO(LINGERING, SEND_REJECT | TELL_ENDED), /* 487 (15.1.2) */
        [SIP_INV_EV_OFFER] = DROP,
        [SIP_INV_EV_RING] = CANNOT,
        [SIP_INV_EV_RETRY] = CANNOT,
        [SIP_INV_EV_GIVE_UP] = CANNOT,
        [SIP_INV_EV_SILENCE] = CANNOT,
        [SIP_INV_EV_DRAINED] = CANNOT,
    },
    [SIP_INV_ST_ANSWERED] = {
        [SIP_INV_EV_INVITE] = CANNOT,
        [SIP_INV_EV_PROGRESS] = DROP,
        [SIP_INV_EV_ANSWER] = DROP,
        [SIP_INV_EV_REJECT] = DROP,
        [SIP_INV_EV_ACCEPT] = DROP,
        [SIP_INV_EV_END] = GO(CLOSING, DETACH), /* no BYE before the ACK (15) */
        [SIP_INV_EV_1XX] = CANNOT,
        [SIP_INV_EV_2XX] = CANNOT,
        [SIP_INV_EV_2XX_SAME] = CANNOT,
        [SIP_INV_EV_2XX_FORK] = CANNOT,
        [SIP_INV_EV_AGAIN] = CANNOT,
        [SIP_INV_EV_FAILURE] = CANNOT,
        [SIP_INV_EV_TIMEOUT] = CANNOT,
        [SIP_INV_EV_BROKEN] = CANNOT,
        [SIP_INV_EV_BYE_AGAIN] = CANNOT,
        [SIP_INV_EV_BYE_DONE] = CANNOT,
        [SIP_INV_EV_INCOMING] = CANNOT,
        [SIP_INV_EV_CANCEL] = DROP,
        [SIP_INV_EV_ACK] = GO(CONFIRMED, TELL_CONFIRMED), /* 13.3.1.4 */
        [SIP_INV_EV_BYE] = GO(LINGERING, TELL_ENDED), /* its ACK was lost */
        [SIP_INV_EV_OFFER] = DROP,
        [SIP_INV_EV_RING] = CANNOT,
        [SIP_INV_EV_RETRY] = GO(ANSWERED, ARM_RETRY_TWICE | SEND_2XX_AGAIN), /* 13.3.1.4 */
        [SIP_INV_EV_GIVE_UP] = GO(LEAVING, SEND_BYE | BAD_END | TELL_ENDED), /* 13.3.1.4 */
        [SIP_INV_EV_SILENCE] = CANNOT,
        [SIP_INV_EV_DRAINED] = CANNOT,
    },
    [SIP_INV_ST_CLOSING] = {
        [SIP_INV_EV_INVITE] = CANNOT,
        [SIP_INV_EV_PROGRESS] = DROP,
        [SIP_INV_EV_ANSWER] = DROP,
        [SIP_INV_EV_REJECT] = DROP,
        [SIP_INV_EV_ACCEPT] = DROP,
        [SIP_INV_EV_END] = DROP,
        [SIP_INV_EV_1XX] = CANNOT,
        [SIP_INV_EV_2XX] = CANNOT,
        [SIP_INV_EV_2XX_SAME] = CANNOT,
        [SIP_INV_EV_2XX_FORK] = CANNOT,
        [SIP_INV_EV_AGAIN] = CANNOT,
        [SIP_INV_EV_FAILURE] = CANNOT,
        [SIP_INV_EV_TIMEOUT] = CANNOT,
        [SIP_INV_EV_BROKEN] = CANNOT,
        [SIP_INV_EV_BYE_AGAIN] = CANNOT,
        [SIP_INV_EV_BYE_DONE] = CANNOT,
        [SIP_INV_EV_INCOMING] = CANNOT,
        [SIP_INV_EV_CANCEL] = DROP,
        [SIP_INV_EV_ACK] = GO(LEAVING, SEND_BYE), /* 15 */
        [SIP_INV_EV_BYE] = GO(LINGERING, 0),
        [SIP_INV_EV_OFFER] = DROP,
        [SIP_INV_EV_RING] = CANNOT,
        [SIP_INV_EV_RETRY] = GO(CLOSING, ARM_RETRY_TWICE | SEND_2XX_AGAIN), /* 13.3.1.4 */
        [SIP_INV_EV_GIVE_UP] = GO(LEAVING, SEND_BYE), /* 15 */
        [SIP_INV_EV_SILENCE] = CANNOT,
        [SIP_INV_EV_DRAINED] = CANNOT,
    },
    [SIP_INV_ST_CONFIRMED] = {
        [SIP_INV_EV_INVITE] = CANNOT,
        [SIP_INV_EV_PROGRESS] = DROP,
        [SIP_INV_EV_ANSWER] = DROP,
        [SIP_INV_EV_REJECT] = DROP,
        [SIP_INV_EV_ACCEPT] = GO(REANSWERED, ARM_RETRY | ARM_GIVE_UP | SEND_2XX), /* 14.2 */
        [SIP_INV_EV_END] = GO(LEAVING, SEND_BYE | DETACH), /* 15.1.1 */
        [SIP_INV_EV_1XX] = CANNOT,
        [SIP_INV_EV_2XX] = CANNOT,
        [SIP_INV_EV_2XX_SAME] = GO(CONFIRMED, SEND_ACK_AGAIN), /* 13.2.2.4: the ACK was lost */
        [SIP_INV_EV_2XX_FORK] = GO(CONFIRMED, SEND_ACK | SEND_BYE), /* 13.2.2.4: one answer is enough */
        [SIP_INV_EV_AGAIN] = CANNOT,
        [SIP_INV_EV_FAILURE] = CANNOT,
        [SIP_INV_EV_TIMEOUT] = CANNOT,
        [SIP_INV_EV_BROKEN] = CANNOT,
        [SIP_INV_EV_BYE_AGAIN] = CANNOT,
        [SIP_INV_EV_BYE_DONE] = CANNOT,
        [SIP_INV_EV_INCOMING] = CANNOT,
        [SIP_INV_EV_CANCEL] = DROP,
        [SIP_INV_EV_ACK] = DROP,
        [SIP_INV_EV_BYE] = GO(LINGERING, TELL_ENDED), /* 15.1.2 */
        [SIP_INV_EV_OFFER] = GO(CONFIRMED, TELL_OFFER), /* 14.2 */
        [SIP_INV_EV_RING] = CANNOT,
        [SIP_INV_EV_RETRY] = CANNOT,
        [SIP_INV_EV_GIVE_UP] = CANNOT,
        [SIP_INV_EV_SILENCE] = CANNOT,
        [SIP_INV_EV_DRAINED] = CANNOT,
    },
    [SIP_INV_ST_REANSWERED] = {
        [SIP_INV_EV_INVITE] = CANNOT,
        [SIP_INV_EV_PROGRESS] = DROP,
        [SIP_INV_EV_ANSWER] = DROP,
        [SIP_INV_EV_REJECT] = DROP,
        [SIP_INV_EV_ACCEPT] = DROP,
        [SIP_INV_EV_END] = GO(LEAVING, SEND_BYE | DETACH), /* 15.1.1 */
        [SIP_INV_EV_1XX] = CANNOT,
        [SIP_INV_EV_2XX] = CANNOT,
        [SIP_INV_EV_2XX_SAME] = GO(REANSWERED, SEND_ACK_AGAIN),
        [SIP_INV_EV_2XX_FORK] = GO(REANSWERED, SEND_ACK | SEND_BYE),
        [SIP_INV_EV_AGAIN] = CANNOT,
        [SIP_INV_EV_FAILURE] = CANNOT,
        [SIP_INV_EV_TIMEOUT] = CANNOT,
        [SIP_INV_EV_BROKEN] = CANNOT,
        [SIP_INV_EV_BYE_AGAIN] = CANNOT,
        [SIP_INV_EV_BYE_DONE] = CANNOT,
        [SIP_INV_EV_INCOMING] = CANNOT,
        [SIP_INV_EV_CANCEL] = DROP,
        [SIP_INV_EV_ACK] = GO(CONFIRMED, TELL_LATE_ANSWER), /* 14.2 */
        [SIP_INV_EV_BYE] = GO(LINGERING, TELL_ENDED), /* 15.1.2 */
        [SIP_INV_EV_OFFER] = DROP,
        [SIP_INV_EV_RING] = CANNOT,
        [SIP_INV_EV_RETRY] = GO(REANSWERED, ARM_RETRY_TWICE | SEND_2XX_AGAIN), /* 13.3.1.4 */
        [SIP_INV_EV_GIVE_UP] = GO(LEAVING, SEND_BYE | BAD_END | TELL_ENDED), /* 14.2 */
        [SIP_INV_EV_SILENCE] = CANNOT,
        [SIP_INV_EV_DRAINED] = CANNOT,
    },
    [SIP_INV_ST_LEAVING] = {
        [SIP_INV_EV_INVITE] = CANNOT,
        [SIP_INV_EV_PROGRESS] = DROP,
        [SIP_INV_EV_ANSWER] = DROP,
        [SIP_INV_EV_REJECT] = DROP,
        [SIP_INV_EV_ACCEPT] = DROP,
        [SIP_INV_EV_END] = DROP,
        [SIP_INV_EV_1XX] = CANNOT,
        [SIP_INV_EV_2XX] = CANNOT,
        [SIP_INV_EV_2XX_SAME] = GO(LEAVING, SEND_ACK_AGAIN),
        [SIP_INV_EV_2XX_FORK] = GO(LEAVING, SEND_ACK | SEND_BYE),
        [SIP_INV_EV_AGAIN] = CANNOT,
        [SIP_INV_EV_FAILURE] = CANNOT,
        [SIP_INV_EV_TIMEOUT] = CANNOT,
        [SIP_INV_EV_BROKEN] = CANNOT,
        [SIP_INV_EV_BYE_AGAIN] = GO(LEAVING, SEND_BYE), /* 22.2 */
        [SIP_INV_EV_BYE_DONE] = GO(LINGERING, 0), /* any answer, or none (15.1.1) */
        [SIP_INV_EV_INCOMING] = CANNOT,
        [SIP_INV_EV_CANCEL] = DROP,
        [SIP_INV_EV_ACK] = DROP,
        [SIP_INV_EV_BYE] = GO(LEAVING, 0), /* both at once: each is answered */
        [SIP_INV_EV_OFFER] = DROP,
        [SIP_INV_EV_RING] = CANNOT,
        [SIP_INV_EV_RETRY] = CANNOT,
        [SIP_INV_EV_GIVE_UP] = CANNOT,
        [SIP_INV_EV_SILENCE] = CANNOT,
        [SIP_INV_EV_DRAINED] = CANNOT,
    },
    [SIP_INV_ST_LINGERING] = {
        [SIP_INV_EV_INVITE] = CANNOT,
        [SIP_INV_EV_PROGRESS] = DROP,
        [SIP_INV_EV_ANSWER] = DROP,
        [SIP_INV_EV_REJECT] = DROP,
        [SIP_INV_EV_ACCEPT] = DROP,
        [SIP_INV_EV_END] = DROP,
        [SIP_INV_EV_1XX] = DROP,
        [SIP_INV_EV_2XX] = DROP,
        [SIP_INV_EV_2XX_SAME] = GO(LINGERING, SEND_ACK_AGAIN),
        [SIP_INV_EV_2XX_FORK] = GO(LINGERING, SEND_ACK | SEND_BYE),
        [SIP_INV_EV_AGAIN] = DROP,
        [SIP_INV_EV_FAILURE] = DROP,
        [SIP_INV_EV_TIMEOUT] = DROP,
        [SIP_INV_EV_BROKEN] = DROP,
        [SIP_INV_EV_BYE_AGAIN] = DROP,
        [SIP_INV_EV_BYE_DONE] = DROP,
        [SIP_INV_EV_INCOMING] = CANNOT,
        [SIP_INV_EV_CANCEL] = DROP,
        [SIP_INV_EV_ACK] = DROP,
        [SIP_INV_EV_BYE] = GO(LINGERING, 0), /* it crossed ours */
        [SIP_INV_EV_OFFER] = DROP,
        [SIP_INV_EV_RING] = CANNOT,
        [SIP_INV_EV_RETRY] = CANNOT,
        [SIP_INV_EV_GIVE_UP] = CANNOT,
        [SIP_INV_EV_SILENCE] = CANNOT,
        [SIP_INV_EV_DRAINED] = GO(TERMINATED, RELEASE),
    },
    [SIP_INV_ST_TERMINATED] = {
        [SIP_INV_EV_INVITE] = CANNOT,
        [SIP_INV_EV_PROGRESS] = DROP,
        [SIP_INV_EV_ANSWER] = DROP,
        [SIP_INV_EV_REJECT] = DROP,
        [SIP_INV_EV_ACCEPT] = DROP,
        [SIP_INV_EV_END] = DROP,
        [SIP_INV_EV_1XX] = DROP,
        [SIP_INV_EV_2XX] = DROP,
        [SIP_INV_EV_2XX_SAME] = DROP,
        [SIP_INV_EV_2XX_FORK] = DROP,
        [SIP_INV_EV_AGAIN] = DROP,
        [SIP_INV_EV_FAILURE] = DROP,
        [SIP_INV_EV_TIMEOUT] = DROP,
        [SIP_INV_EV_BROKEN] = DROP,
        [SIP_INV_EV_BYE_AGAIN] = DROP,
        [SIP_INV_EV_BYE_DONE] = DROP,
        [SIP_INV_EV_INCOMING] = CANNOT,
        [SIP_INV_EV_CANCEL] = DROP,
        [SIP_INV_EV_ACK] = DROP,
        [SIP_INV_EV_BYE] = DROP,
        [SIP_INV_EV_OFFER] = DROP,
        [SIP_INV_EV_RING] = CANNOT,
        [SIP_INV_EV_RETRY] = CANNOT,
        [SIP_INV_EV_GIVE_UP] = CANNOT,
        [SIP_INV_EV_SILENCE] = CANNOT,
        [SIP_INV_EV_DRAINED] = CANNOT,
    },
};

const uint8_t sip_inv_hold[SIP_INV_ST_COUNT] = {
    [SIP_INV_ST_CALLING] = 1 << SIP_INV_TMR_RING | 1 << SIP_INV_TMR_SILENCE,
    [SIP_INV_ST_PROCEEDING] = 1 << SIP_INV_TMR_RING,
    [SIP_INV_ST_ANSWERED] = 1 << SIP_INV_TMR_RETRY | 1 << SIP_INV_TMR_GIVE_UP,
    [SIP_INV_ST_CLOSING] = 1 << SIP_INV_TMR_RETRY | 1 << SIP_INV_TMR_GIVE_UP,
    [SIP_INV_ST_REANSWERED] = 1 << SIP_INV_TMR_RETRY | 1 << SIP_INV_TMR_GIVE_UP,
};

const int16_t sip_inv_offer_refusal[SIP_INV_ST_COUNT] = {
    [SIP_INV_ST_INIT] = 481,
    [SIP_INV_ST_CALLING] = 491,
    [SIP_INV_ST_PROCEEDING] = 491,
    [SIP_INV_ST_ABANDONED] = 481,
    [SIP_INV_ST_CANCELLING] = 481,
    [SIP_INV_ST_RINGING] = 500,
    [SIP_INV_ST_ANSWERED] = 500,
    [SIP_INV_ST_CLOSING] = 500,
    [SIP_INV_ST_CONFIRMED] = 481,
    [SIP_INV_ST_REANSWERED] = 500,
    [SIP_INV_ST_LEAVING] = 481,
    [SIP_INV_ST_LINGERING] = 481,
    [SIP_INV_ST_TERMINATED] = 481,
};
/* clang-format on */

static const char *const state_names[SIP_INV_ST_COUNT] = {
    [SIP_INV_ST_INIT] = "Init",
    [SIP_INV_ST_CALLING] = "Calling",
    [SIP_INV_ST_PROCEEDING] = "Proceeding",
    [SIP_INV_ST_ABANDONED] = "Abandoned",
    [SIP_INV_ST_CANCELLING] = "Cancelling",
    [SIP_INV_ST_RINGING] = "Ringing",
    [SIP_INV_ST_ANSWERED] = "Answered",
    [SIP_INV_ST_CLOSING] = "Closing",
    [SIP_INV_ST_CONFIRMED] = "Confirmed",
    [SIP_INV_ST_REANSWERED] = "Reanswered",
    [SIP_INV_ST_LEAVING] = "Leaving",
    [SIP_INV_ST_LINGERING] = "Lingering",
    [SIP_INV_ST_TERMINATED] = "Terminated",
};

static const char *const event_names[SIP_INV_EV_COUNT] = {
    [SIP_INV_EV_INVITE] = "invite",
    [SIP_INV_EV_PROGRESS] = "progress",
    [SIP_INV_EV_ANSWER] = "answer",
    [SIP_INV_EV_REJECT] = "reject",
    [SIP_INV_EV_ACCEPT] = "accept",
    [SIP_INV_EV_END] = "end",
    [SIP_INV_EV_1XX] = "1xx",
    [SIP_INV_EV_2XX] = "2xx",
    [SIP_INV_EV_2XX_SAME] = "2xx again",
    [SIP_INV_EV_2XX_FORK] = "2xx of a fork",
    [SIP_INV_EV_AGAIN] = "challenge, redirection, next server",
    [SIP_INV_EV_FAILURE] = "300-699",
    [SIP_INV_EV_TIMEOUT] = "time-out",
    [SIP_INV_EV_BROKEN] = "transport error",
    [SIP_INV_EV_BYE_AGAIN] = "BYE challenged",
    [SIP_INV_EV_BYE_DONE] = "BYE done",
    [SIP_INV_EV_INCOMING] = "INVITE",
    [SIP_INV_EV_CANCEL] = "CANCEL",
    [SIP_INV_EV_ACK] = "ACK",
    [SIP_INV_EV_BYE] = "BYE",
    [SIP_INV_EV_OFFER] = "offer",
    [SIP_INV_EV_RING] = "ring time-out",
    [SIP_INV_EV_RETRY] = "retry",
    [SIP_INV_EV_GIVE_UP] = "no ACK",
    [SIP_INV_EV_SILENCE] = "silence",
    [SIP_INV_EV_DRAINED] = "drained",
};

static const char *const action_names[] = {
    "ARM_RING",   "ARM_RETRY",      "ARM_RETRY_TWICE", "ARM_GIVE_UP",    "ARM_SILENCE",    "EARLY",
    "CONFIRM",    "ABANDON_BRANCH", "SEND_INVITE",     "SEND_CANCEL",    "SEND_ACK",       "SEND_ACK_AGAIN",
    "SEND_BYE",   "SEND_1XX",       "SEND_2XX",        "SEND_2XX_AGAIN", "SEND_REJECT",    "BAD_END",
    "DETACH",     "TELL_INCOMING",  "TELL_PROGRESS",   "TELL_ANSWERED",  "TELL_CONFIRMED", "TELL_LATE_ANSWER",
    "TELL_OFFER", "TELL_ENDED",     "RELEASE",
};

static const char *const timer_names[SIP_INV_TMR_COUNT] = {
    [SIP_INV_TMR_RING] = "RING",
    [SIP_INV_TMR_RETRY] = "RETRY",
    [SIP_INV_TMR_GIVE_UP] = "GIVE_UP",
    [SIP_INV_TMR_SILENCE] = "SILENCE",
};

const char *sip_inv_state_name(int state)
{
    return FSM_NAME(state_names, state);
}

const char *sip_inv_event_name(int event)
{
    return FSM_NAME(event_names, event);
}

const char *sip_inv_action_name(uint32_t bit)
{
    return FSM_BIT_NAME(action_names, bit);
}

const char *sip_inv_timer_name(int timer)
{
    return FSM_NAME(timer_names, timer);
}
