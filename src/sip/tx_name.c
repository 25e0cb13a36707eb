/* Names for logs, drawings and failed checks. */
#include "tx.h"

const char *sip_tx_machine_name(int machine)
{
    static const char *const names[SIP_TX_MACHINE_COUNT] = {
        [SIP_TX_INVITE_CLIENT] = "INVITE client",
        [SIP_TX_CLIENT] = "client",
        [SIP_TX_INVITE_SERVER] = "INVITE server",
        [SIP_TX_SERVER] = "server",
    };
    return machine >= 0 && machine < SIP_TX_MACHINE_COUNT ? names[machine] : "?";
}

const char *sip_tx_state_name(int state)
{
    static const char *const names[SIP_TX_STATE_COUNT] = {
        [SIP_TX_INIT] = "Init",
        [SIP_TX_CALLING] = "Calling",
        [SIP_TX_TRYING] = "Trying",
        [SIP_TX_PROCEEDING] = "Proceeding",
        [SIP_TX_CANCELLING] = "Cancelling",
        [SIP_TX_COMPLETED] = "Completed",
        [SIP_TX_CONFIRMED] = "Confirmed",
        [SIP_TX_ACCEPTED] = "Accepted",
        [SIP_TX_TERMINATED] = "Terminated",
    };
    return state >= 0 && state < SIP_TX_STATE_COUNT ? names[state] : "?";
}

const char *sip_tx_event_name(int event)
{
    static const char *const names[SIP_TX_EVENT_COUNT] = {
        [SIP_TX_ON_START] = "start",
        [SIP_TX_ON_CANCEL] = "cancel",
        [SIP_TX_ON_1XX] = "1xx",
        [SIP_TX_ON_2XX] = "2xx",
        [SIP_TX_ON_300_699] = "300-699",
        [SIP_TX_ON_REQUEST] = "request",
        [SIP_TX_ON_ACK] = "ACK",
        [SIP_TX_ON_RETRY] = "retry",
        [SIP_TX_ON_GIVE_UP] = "give up",
        [SIP_TX_ON_LINGER] = "lingered",
        [SIP_TX_ON_TRANSPORT] = "transport error",
    };
    return event >= 0 && event < SIP_TX_EVENT_COUNT ? names[event] : "?";
}

const char *sip_tx_action_name(uint32_t bit)
{
    static const struct {
        uint32_t bit;
        const char *name;
    } names[] = {
        {SIP_TX_STOP_RETRY, "stop retry"},
        {SIP_TX_ARM_TRYING, "retry in 200 ms"},
        {SIP_TX_ARM_RETRY, "retry in T1"},
        {SIP_TX_ARM_RETRY_TWICE, "retry doubled"},
        {SIP_TX_ARM_RETRY_CAP, "retry doubled to T2"},
        {SIP_TX_ARM_RETRY_T2, "retry in T2"},
        {SIP_TX_ARM_GIVE_UP, "give up in 64*T1"},
        {SIP_TX_ARM_LINGER_64T1, "linger 64*T1"},
        {SIP_TX_ARM_LINGER_T4, "linger T4"},
        {SIP_TX_SEND, "send"},
        {SIP_TX_SEND_ONCE, "send once"},
        {SIP_TX_SEND_AGAIN, "send again"},
        {SIP_TX_SEND_ACK, "send ACK"},
        {SIP_TX_FORGET, "forget"},
        {SIP_TX_TELL_PROVISIONAL, "tell PROVISIONAL"},
        {SIP_TX_TELL_FINAL, "tell FINAL"},
        {SIP_TX_TELL_AGAIN, "tell 2XX_AGAIN"},
        {SIP_TX_TELL_ACK, "tell ACKED"},
        {SIP_TX_TELL_DONE, "tell DONE"},
        {SIP_TX_TELL_TIMEOUT, "tell TIMEOUT"},
        {SIP_TX_TELL_TRANSPORT, "tell TRANSPORT"},
        {SIP_TX_TELL_GONE, "tell GONE"},
        {SIP_TX_TELL_ACK_FAILED, "tell ACK_FAILED"},
        {SIP_TX_TELL_SEND_FAILED, "tell SEND_FAILED"},
    };
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (names[i].bit == bit) {
            return names[i].name;
        }
    }
    return "?";
}

const char *sip_tx_timer_letter(int machine, int state, int timer)
{
    /* retry, give up, linger; Accepted has its own letters, Confirmed too */
    static const char *const letters[SIP_TX_MACHINE_COUNT][SIP_TX_TIMER_COUNT] = {
        [SIP_TX_INVITE_CLIENT] = {"A", "B", "D"},
        [SIP_TX_CLIENT] = {"E", "F", "K"},
        [SIP_TX_INVITE_SERVER] = {"G", "H", "L"},
        [SIP_TX_SERVER] = {"-", "-", "J"},
    };
    if (machine < 0 || machine >= SIP_TX_MACHINE_COUNT || state < 0 || state >= SIP_TX_STATE_COUNT || timer < 0 ||
        timer >= SIP_TX_TIMER_COUNT || (sip_tx_hold[machine][state] & (1U << timer)) == 0) {
        return "-";
    }
    if (state == SIP_TX_CANCELLING || (machine == SIP_TX_INVITE_SERVER && state == SIP_TX_PROCEEDING)) {
        return "-";
    }
    if (machine == SIP_TX_INVITE_CLIENT && state == SIP_TX_ACCEPTED) {
        return "M";
    }
    return state == SIP_TX_CONFIRMED ? "I" : letters[machine][timer];
}

const char *sip_tx_notice_kind_name(enum sip_tx_notice_kind kind)
{
    static const char *const names[SIP_TX_NOTICE_KIND_COUNT] = {
        [SIP_TX_PROVISIONAL] = "PROVISIONAL",
        [SIP_TX_FINAL] = "FINAL",
        [SIP_TX_2XX_AGAIN] = "2XX_AGAIN",
        [SIP_TX_ACKED] = "ACKED",
        [SIP_TX_DONE] = "DONE",
        [SIP_TX_TIMEOUT] = "TIMEOUT",
        [SIP_TX_TRANSPORT] = "TRANSPORT",
        [SIP_TX_GONE] = "GONE",
        [SIP_TX_ACK_FAILED] = "ACK_FAILED",
        [SIP_TX_SEND_FAILED] = "SEND_FAILED",
    };
    return (unsigned)kind < SIP_TX_NOTICE_KIND_COUNT ? names[kind] : "?";
}

bool sip_tx_notice_is_ending(enum sip_tx_notice_kind kind)
{
    return kind == SIP_TX_FINAL || kind == SIP_TX_DONE || kind == SIP_TX_TIMEOUT || kind == SIP_TX_TRANSPORT;
}

bool sip_tx_notice_is_last(enum sip_tx_notice_kind kind)
{
    return kind == SIP_TX_GONE || kind == SIP_TX_ACK_FAILED || kind == SIP_TX_DONE || kind == SIP_TX_TIMEOUT ||
           kind == SIP_TX_TRANSPORT;
}
