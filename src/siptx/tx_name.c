/* SPDX-License-Identifier: MIT */
/* Names for logs, drawings and failed checks. */
#include "wsaudio/siptx/tx.h"

#include <stdio.h>

const char *sip_tx_machine_name(int machine)
{
    static const char *const names[SIP_TX_MACHINE_COUNT] = {
        [SIP_TX_INVITE_CLIENT] = "INVITE client",
        [SIP_TX_CLIENT] = "client",
        [SIP_TX_INVITE_SERVER] = "INVITE server",
        [SIP_TX_SERVER] = "server",
    };

    return FSM_NAME(names, machine);
}

const char *sip_tx_state_name(int state)
{
    static const char *const names[SIP_TX_ST_COUNT] = {
        [SIP_TX_ST_INIT] = "Init",
        [SIP_TX_ST_CALLING] = "Calling",
        [SIP_TX_ST_TRYING] = "Trying",
        [SIP_TX_ST_PROCEEDING] = "Proceeding",
        [SIP_TX_ST_CANCELLING] = "Cancelling",
        [SIP_TX_ST_COMPLETED] = "Completed",
        [SIP_TX_ST_CONFIRMED] = "Confirmed",
        [SIP_TX_ST_ACCEPTED] = "Accepted",
        [SIP_TX_ST_TERMINATED] = "Terminated",
    };

    return FSM_NAME(names, state);
}

const char *sip_tx_event_name(int event)
{
    static const char *const names[SIP_TX_EV_COUNT] = {
        [SIP_TX_EV_START] = "start",
        [SIP_TX_EV_CANCEL] = "cancel",
        [SIP_TX_EV_1XX] = "1xx",
        [SIP_TX_EV_2XX] = "2xx",
        [SIP_TX_EV_300_699] = "300-699",
        [SIP_TX_EV_REQUEST] = "request",
        [SIP_TX_EV_ACK] = "ACK",
        [SIP_TX_EV_RETRY] = "retry",
        [SIP_TX_EV_GIVE_UP] = "give up",
        [SIP_TX_EV_LINGER] = "lingered",
        [SIP_TX_EV_TRANSPORT] = "transport error",
    };

    return FSM_NAME(names, event);
}

const char *sip_tx_action_name(uint32_t bit)
{
    static const char *const names[] = {
        "stop retry",
        "retry in 200 ms",
        "retry in T1",
        "retry doubled",
        "retry doubled to T2",
        "retry in T2",
        "give up in 64*T1",
        "linger 64*T1",
        "linger 64*T1, reliable 0",
        "linger T4, reliable 0",
        "send",
        "send once",
        "send again",
        "send ACK",
        "forget",
        "tell PROVISIONAL",
        "tell FINAL",
        "tell 2XX_AGAIN",
        "tell ACKED",
        "tell DONE",
        "tell TIMEOUT",
        "tell TRANSPORT",
        "tell GONE",
        "tell ACK_FAILED",
        "tell SEND_FAILED",
    };

    _Static_assert((uint32_t)1 << sizeof(names) / sizeof(names[0]) == SIP_TX_ACT_END, "a name for each action");
    return FSM_BIT_NAME(names, bit);
}

const char *sip_tx_timer_letter(int machine, int state, int timer)
{
    /* retry, give up, linger; Accepted has its own letters, Confirmed too */
    static const char *const letters[SIP_TX_MACHINE_COUNT][SIP_TX_TMR_COUNT] = {
        [SIP_TX_INVITE_CLIENT] = {"A", "B", "D"},
        [SIP_TX_CLIENT] = {"E", "F", "K"},
        [SIP_TX_INVITE_SERVER] = {"G", "H", "L"},
        [SIP_TX_SERVER] = {"-", "-", "J"},
    };
    if (machine < 0 || machine >= SIP_TX_MACHINE_COUNT || state < 0 || state >= SIP_TX_ST_COUNT || timer < 0 ||
        timer >= SIP_TX_TMR_COUNT || (sip_tx_hold[SIP_TX_UNRELIABLE][machine][state] & (1U << timer)) == 0) {
        return "-";
    }
    if (state == SIP_TX_ST_CANCELLING || (machine == SIP_TX_INVITE_SERVER && state == SIP_TX_ST_PROCEEDING)) {
        return "-";
    }
    if (machine == SIP_TX_INVITE_CLIENT && state == SIP_TX_ST_ACCEPTED) {
        return "M";
    }
    return state == SIP_TX_ST_CONFIRMED ? "I" : letters[machine][timer];
}

const char *sip_tx_change_text(const struct sip_tx_change *change, char buf[SIP_TX_CHANGE_TEXT_MAX])
{
    const char *event = change->event == SIP_TX_EV_COUNT ? "kill" : sip_tx_event_name((int)change->event);

    (void)snprintf(buf, SIP_TX_CHANGE_TEXT_MAX, "%s %s > %s on %s", sip_tx_machine_name((int)change->machine),
                   sip_tx_state_name((int)change->from), sip_tx_state_name((int)change->to), event);
    return buf;
}

bool sip_tx_notice_is_ending(enum sip_tx_notice_kind kind)
{
    return kind == SIP_TX_FINAL || kind == SIP_TX_DONE || kind == SIP_TX_TIMEOUT || kind == SIP_TX_TRANSPORT;
}
