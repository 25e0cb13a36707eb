#include "registration_table.h"

#include <stddef.h>

/* Plain data. Numbers are sections of RFC 3261. CANNOT stands where no REGISTER is out that could bring an answer, or no
 * timer that could run out. */

#define GO(state, bits)                                                                                                \
    {                                                                                                                  \
        .rule = SIP_TX_GO, .next = SIP_REGISTRATION_##state, .actions = (bits)                                         \
    }
#define DROP                                                                                                           \
    {                                                                                                                  \
        .rule = SIP_TX_DROP                                                                                            \
    }
#define CANNOT                                                                                                         \
    {                                                                                                                  \
        .rule = SIP_TX_CANNOT                                                                                          \
    }

/* The action bits without their prefix, so that a cell fits on a line. */
enum {
    ARM_SOON = SIP_REGISTRATION_ARM_SOON,
    ARM_REFRESH = SIP_REGISTRATION_ARM_REFRESH,
    ARM_RETRY = SIP_REGISTRATION_ARM_RETRY,
    ARM_LAPSE = SIP_REGISTRATION_ARM_LAPSE,
    KEEP = SIP_REGISTRATION_KEEP,
    FORGET = SIP_REGISTRATION_FORGET,
    BEGIN = SIP_REGISTRATION_BEGIN,
    SEND = SIP_REGISTRATION_SEND,
    SEND_REMOVE = SIP_REGISTRATION_SEND_REMOVE,
    TELL_UP = SIP_REGISTRATION_TELL_UP,
    TELL_HELD = SIP_REGISTRATION_TELL_HELD,
    TELL_DOWN = SIP_REGISTRATION_TELL_DOWN,
    TELL_LAPSED = SIP_REGISTRATION_TELL_LAPSED,
    TELL_REMOVED = SIP_REGISTRATION_TELL_REMOVED,
};

/* clang-format off */
const struct sip_tx_cell sip_registration_table[SIP_REGISTRATION_STATE_COUNT][SIP_REGISTRATION_EVENT_COUNT] = {
    [SIP_REGISTRATION_OFF] = {
        [SIP_REGISTRATION_ON_START] = GO(WAITING, ARM_SOON),
        [SIP_REGISTRATION_ON_STOP] = DROP,
        [SIP_REGISTRATION_ON_OK] = CANNOT,
        [SIP_REGISTRATION_ON_OUTDATED] = CANNOT,
        [SIP_REGISTRATION_ON_AGAIN] = CANNOT,
        [SIP_REGISTRATION_ON_FAILED] = CANNOT,
        [SIP_REGISTRATION_ON_REFUSED] = CANNOT,
        [SIP_REGISTRATION_ON_MOVED] = DROP,
        [SIP_REGISTRATION_ON_REACHED] = DROP,
        [SIP_REGISTRATION_ON_NEXT] = CANNOT,
        [SIP_REGISTRATION_ON_LAPSE] = CANNOT,
    },
    [SIP_REGISTRATION_WAITING] = {
        [SIP_REGISTRATION_ON_START] = DROP,
        [SIP_REGISTRATION_ON_STOP] = GO(OFF, 0),
        [SIP_REGISTRATION_ON_OK] = CANNOT,
        [SIP_REGISTRATION_ON_OUTDATED] = CANNOT,
        [SIP_REGISTRATION_ON_AGAIN] = CANNOT,
        [SIP_REGISTRATION_ON_FAILED] = CANNOT,
        [SIP_REGISTRATION_ON_REFUSED] = CANNOT,
        [SIP_REGISTRATION_ON_MOVED] = GO(REGISTERING, BEGIN | SEND),
        [SIP_REGISTRATION_ON_REACHED] = GO(REGISTERING, BEGIN | SEND),
        [SIP_REGISTRATION_ON_NEXT] = GO(REGISTERING, BEGIN | SEND),
        [SIP_REGISTRATION_ON_LAPSE] = CANNOT,
    },
    [SIP_REGISTRATION_REGISTERING] = {
        [SIP_REGISTRATION_ON_START] = DROP,
        [SIP_REGISTRATION_ON_STOP] = GO(CLOSING, 0),
        [SIP_REGISTRATION_ON_OK] = GO(REGISTERED, ARM_REFRESH | ARM_LAPSE | KEEP | TELL_UP),
        [SIP_REGISTRATION_ON_OUTDATED] = GO(REFRESHING, ARM_LAPSE | KEEP | BEGIN | SEND | TELL_UP),
        [SIP_REGISTRATION_ON_AGAIN] = GO(REGISTERING, SEND),
        [SIP_REGISTRATION_ON_FAILED] = GO(WAITING, ARM_RETRY | TELL_DOWN),
        [SIP_REGISTRATION_ON_REFUSED] = GO(WAITING, ARM_RETRY | TELL_DOWN),
        [SIP_REGISTRATION_ON_MOVED] = DROP, /* its answer is OUTDATED */
        [SIP_REGISTRATION_ON_REACHED] = DROP, /* it is on its way */
        [SIP_REGISTRATION_ON_NEXT] = CANNOT,
        [SIP_REGISTRATION_ON_LAPSE] = CANNOT,
    },
    [SIP_REGISTRATION_REGISTERED] = {
        [SIP_REGISTRATION_ON_START] = DROP,
        [SIP_REGISTRATION_ON_STOP] = GO(LEAVING, BEGIN | SEND_REMOVE),
        [SIP_REGISTRATION_ON_OK] = CANNOT,
        [SIP_REGISTRATION_ON_OUTDATED] = CANNOT,
        [SIP_REGISTRATION_ON_AGAIN] = CANNOT,
        [SIP_REGISTRATION_ON_FAILED] = CANNOT,
        [SIP_REGISTRATION_ON_REFUSED] = CANNOT,
        [SIP_REGISTRATION_ON_MOVED] = GO(REFRESHING, BEGIN | SEND),
        [SIP_REGISTRATION_ON_REACHED] = GO(REFRESHING, BEGIN | SEND), /* it may have been restarted and forgotten us */
        [SIP_REGISTRATION_ON_NEXT] = GO(REFRESHING, BEGIN | SEND),
        [SIP_REGISTRATION_ON_LAPSE] = GO(REGISTERING, FORGET | BEGIN | SEND | TELL_LAPSED), /* the machine slept */
    },
    [SIP_REGISTRATION_REFRESHING] = {
        [SIP_REGISTRATION_ON_START] = DROP,
        [SIP_REGISTRATION_ON_STOP] = GO(CLOSING, 0),
        [SIP_REGISTRATION_ON_OK] = GO(REGISTERED, ARM_REFRESH | ARM_LAPSE | KEEP | TELL_UP),
        [SIP_REGISTRATION_ON_OUTDATED] = GO(REFRESHING, ARM_LAPSE | KEEP | BEGIN | SEND),
        [SIP_REGISTRATION_ON_AGAIN] = GO(REFRESHING, SEND),
        [SIP_REGISTRATION_ON_FAILED] = GO(HOLDING, ARM_RETRY | TELL_HELD),
        [SIP_REGISTRATION_ON_REFUSED] = GO(WAITING, ARM_RETRY | TELL_DOWN),
        [SIP_REGISTRATION_ON_MOVED] = DROP, /* its answer is OUTDATED */
        [SIP_REGISTRATION_ON_REACHED] = DROP, /* it is on its way */
        [SIP_REGISTRATION_ON_NEXT] = CANNOT,
        [SIP_REGISTRATION_ON_LAPSE] = GO(REGISTERING, FORGET | TELL_LAPSED),
    },
    [SIP_REGISTRATION_HOLDING] = {
        [SIP_REGISTRATION_ON_START] = DROP,
        [SIP_REGISTRATION_ON_STOP] = GO(LEAVING, BEGIN | SEND_REMOVE),
        [SIP_REGISTRATION_ON_OK] = CANNOT,
        [SIP_REGISTRATION_ON_OUTDATED] = CANNOT,
        [SIP_REGISTRATION_ON_AGAIN] = CANNOT,
        [SIP_REGISTRATION_ON_FAILED] = CANNOT,
        [SIP_REGISTRATION_ON_REFUSED] = CANNOT,
        [SIP_REGISTRATION_ON_MOVED] = GO(REFRESHING, BEGIN | SEND),
        [SIP_REGISTRATION_ON_REACHED] = GO(REFRESHING, BEGIN | SEND),
        [SIP_REGISTRATION_ON_NEXT] = GO(REFRESHING, BEGIN | SEND),
        [SIP_REGISTRATION_ON_LAPSE] = GO(WAITING, FORGET | TELL_LAPSED),
    },
    [SIP_REGISTRATION_CLOSING] = {
        [SIP_REGISTRATION_ON_START] = DROP,
        [SIP_REGISTRATION_ON_STOP] = DROP,
        [SIP_REGISTRATION_ON_OK] = GO(LEAVING, KEEP | BEGIN | SEND_REMOVE),
        [SIP_REGISTRATION_ON_OUTDATED] = GO(LEAVING, KEEP | BEGIN | SEND_REMOVE),
        [SIP_REGISTRATION_ON_AGAIN] = GO(LEAVING, SEND_REMOVE), /* the challenge is answered with it */
        [SIP_REGISTRATION_ON_FAILED] = GO(LEAVING, BEGIN | SEND_REMOVE), /* what went out may have been heard */
        [SIP_REGISTRATION_ON_REFUSED] = GO(OFF, 0),
        [SIP_REGISTRATION_ON_MOVED] = DROP,
        [SIP_REGISTRATION_ON_REACHED] = DROP,
        [SIP_REGISTRATION_ON_NEXT] = CANNOT,
        [SIP_REGISTRATION_ON_LAPSE] = CANNOT,
    },
    [SIP_REGISTRATION_LEAVING] = {
        [SIP_REGISTRATION_ON_START] = DROP,
        [SIP_REGISTRATION_ON_STOP] = DROP,
        [SIP_REGISTRATION_ON_OK] = GO(OFF, FORGET | TELL_REMOVED),
        [SIP_REGISTRATION_ON_OUTDATED] = GO(OFF, FORGET | TELL_REMOVED),
        [SIP_REGISTRATION_ON_AGAIN] = GO(LEAVING, SEND_REMOVE),
        [SIP_REGISTRATION_ON_FAILED] = GO(OFF, 0),
        [SIP_REGISTRATION_ON_REFUSED] = GO(OFF, 0),
        [SIP_REGISTRATION_ON_MOVED] = DROP,
        [SIP_REGISTRATION_ON_REACHED] = DROP,
        [SIP_REGISTRATION_ON_NEXT] = CANNOT,
        [SIP_REGISTRATION_ON_LAPSE] = CANNOT,
    },
};
/* clang-format on */

#define HOLDS(timer) (1 << SIP_REGISTRATION_##timer)

const uint8_t sip_registration_hold[SIP_REGISTRATION_STATE_COUNT] = {
    [SIP_REGISTRATION_WAITING] = HOLDS(NEXT),
    [SIP_REGISTRATION_REGISTERED] = HOLDS(NEXT) | HOLDS(LAPSE),
    [SIP_REGISTRATION_REFRESHING] = HOLDS(LAPSE),
    [SIP_REGISTRATION_HOLDING] = HOLDS(NEXT) | HOLDS(LAPSE),
};

bool sip_registration_state_is_up(enum sip_registration_state state)
{
    return state == SIP_REGISTRATION_REGISTERED || state == SIP_REGISTRATION_REFRESHING ||
           state == SIP_REGISTRATION_HOLDING;
}

bool sip_registration_state_asks(enum sip_registration_state state)
{
    return state == SIP_REGISTRATION_REGISTERING || state == SIP_REGISTRATION_REFRESHING ||
           state == SIP_REGISTRATION_CLOSING || state == SIP_REGISTRATION_LEAVING;
}

static const char *const state_names[SIP_REGISTRATION_STATE_COUNT] = {
    [SIP_REGISTRATION_OFF] = "Off",
    [SIP_REGISTRATION_WAITING] = "Waiting",
    [SIP_REGISTRATION_REGISTERING] = "Registering",
    [SIP_REGISTRATION_REGISTERED] = "Registered",
    [SIP_REGISTRATION_REFRESHING] = "Refreshing",
    [SIP_REGISTRATION_HOLDING] = "Holding",
    [SIP_REGISTRATION_CLOSING] = "Closing",
    [SIP_REGISTRATION_LEAVING] = "Leaving",
};

static const char *const event_names[SIP_REGISTRATION_EVENT_COUNT] = {
    [SIP_REGISTRATION_ON_START] = "start",     [SIP_REGISTRATION_ON_STOP] = "stop",
    [SIP_REGISTRATION_ON_OK] = "2xx",          [SIP_REGISTRATION_ON_OUTDATED] = "2xx, address changed",
    [SIP_REGISTRATION_ON_AGAIN] = "again",     [SIP_REGISTRATION_ON_FAILED] = "failed",
    [SIP_REGISTRATION_ON_REFUSED] = "refused", [SIP_REGISTRATION_ON_MOVED] = "moved",
    [SIP_REGISTRATION_ON_REACHED] = "reached", [SIP_REGISTRATION_ON_NEXT] = "next",
    [SIP_REGISTRATION_ON_LAPSE] = "lapse",
};

static const char *const action_names[] = {
    "ARM_SOON", "ARM_REFRESH", "ARM_RETRY", "ARM_LAPSE", "KEEP",      "FORGET",      "BEGIN",
    "SEND",     "SEND_REMOVE", "TELL_UP",   "TELL_HELD", "TELL_DOWN", "TELL_LAPSED", "TELL_REMOVED",
};

static const char *const timer_names[SIP_REGISTRATION_TIMER_COUNT] = {
    [SIP_REGISTRATION_NEXT] = "NEXT",
    [SIP_REGISTRATION_LAPSE] = "LAPSE",
};

const char *sip_registration_state_name(int state)
{
    return state >= 0 && state < SIP_REGISTRATION_STATE_COUNT ? state_names[state] : "?";
}

const char *sip_registration_event_name(int event)
{
    return event >= 0 && event < SIP_REGISTRATION_EVENT_COUNT ? event_names[event] : "?";
}

const char *sip_registration_action_name(uint32_t bit)
{
    for (size_t i = 0; i < sizeof(action_names) / sizeof(action_names[0]); i++) {
        if (bit == (uint32_t)1 << i) {
            return action_names[i];
        }
    }
    return "?";
}

const char *sip_registration_timer_name(int timer)
{
    return timer >= 0 && timer < SIP_REGISTRATION_TIMER_COUNT ? timer_names[timer] : "?";
}
