/* SPDX-License-Identifier: MIT */
/* The life of our registration (RFC 3261 10.2) as a table of plain data, with cells of the shape of tx_table.h. */
#ifndef WSAUDIO_SIPUA_REGISTRATION_TABLE_H
#define WSAUDIO_SIPUA_REGISTRATION_TABLE_H

#include <stdbool.h>

#include "wsaudio/base/fsm.h"

enum sip_registration_state {
    SIP_REGISTRATION_ST_OFF,
    SIP_REGISTRATION_ST_WAITING,     /* not registered; the next try waits for its time */
    SIP_REGISTRATION_ST_REGISTERING, /* not registered; REGISTER is out */
    SIP_REGISTRATION_ST_REGISTERED,
    SIP_REGISTRATION_ST_REFRESHING, /* registered; REGISTER is out */
    SIP_REGISTRATION_ST_HOLDING,    /* registered; the refresh failed, the next try waits for its time */
    SIP_REGISTRATION_ST_CLOSING,    /* REGISTER is out and nobody wants it any more: removed behind its answer (10.2) */
    SIP_REGISTRATION_ST_LEAVING,    /* the removing REGISTER is out */
    SIP_REGISTRATION_ST_COUNT
};

enum sip_registration_event {
    /* the owner */
    SIP_REGISTRATION_EV_START,
    SIP_REGISTRATION_EV_STOP,
    /* the REGISTER that is out */
    SIP_REGISTRATION_EV_OK,
    SIP_REGISTRATION_EV_OUTDATED, /* 2xx, and our address has changed since it was sent */
    SIP_REGISTRATION_EV_AGAIN,    /* challenge, 423, redirection, or another server: a further REGISTER answers it */
    SIP_REGISTRATION_EV_FAILED,   /* may be better another time: 5xx, silence, transport */
    SIP_REGISTRATION_EV_REFUSED,  /* will not be better by itself: credentials refused, 403, 404 and their like */
    /* what happens besides */
    SIP_REGISTRATION_EV_MOVED,   /* our address is another one */
    SIP_REGISTRATION_EV_REACHED, /* the server can be reached, and could not before */
    /* time */
    SIP_REGISTRATION_EV_NEXT,
    SIP_REGISTRATION_EV_LAPSE,
    SIP_REGISTRATION_EV_COUNT
};

enum sip_registration_timer {
    SIP_REGISTRATION_TMR_NEXT,  /* refresh or next try */
    SIP_REGISTRATION_TMR_LAPSE, /* the registrar forgets us */
    SIP_REGISTRATION_TMR_COUNT
};

/* Carried out from the lowest bit to the highest, after the new state is stored and logged and the timers that it may
 * not hold are stopped. At most one TELL. */
enum sip_registration_action {
    SIP_REGISTRATION_ACT_ARM_SOON = 1 << 0,    /* NEXT: the first OPTIONS may tell our address before */
    SIP_REGISTRATION_ACT_ARM_REFRESH = 1 << 1, /* NEXT: well before LAPSE, spread */
    SIP_REGISTRATION_ACT_ARM_RETRY = 1 << 2,   /* NEXT: Retry-After, else a wait that grows, spread (RFC 5626 4.5) */
    SIP_REGISTRATION_ACT_ARM_LAPSE = 1 << 3,
    SIP_REGISTRATION_ACT_KEEP = 1 << 4,   /* the Contact that was sent is the one that the registrar holds */
    SIP_REGISTRATION_ACT_FORGET = 1 << 5, /* the registrar holds none */
    SIP_REGISTRATION_ACT_BEGIN = 1 << 6,  /* a new question: tries are counted anew */
    SIP_REGISTRATION_ACT_SEND = 1 << 7,
    SIP_REGISTRATION_ACT_SEND_REMOVE = 1 << 8,
    SIP_REGISTRATION_ACT_TELL_UP = 1 << 9,
    SIP_REGISTRATION_ACT_TELL_HELD = 1 << 10, /* not refreshed, still registered */
    SIP_REGISTRATION_ACT_TELL_DOWN = 1 << 11,
    SIP_REGISTRATION_ACT_TELL_LAPSED = 1 << 12,
    SIP_REGISTRATION_ACT_TELL_REMOVED = 1 << 13,
    SIP_REGISTRATION_ACT_END = 1 << 14
};

/* Rules are enum fsm_rule. */
extern const struct fsm_cell sip_registration_table[SIP_REGISTRATION_ST_COUNT][SIP_REGISTRATION_EV_COUNT];
/* Bits 1 << enum sip_registration_timer: the timers that a state may hold. */
extern const uint8_t sip_registration_hold[SIP_REGISTRATION_ST_COUNT];
/* States in which the registrar is believed to know us. */
bool sip_registration_state_is_up(enum sip_registration_state state);

/* Never NULL. "Refreshing", "refused", "SEND", "NEXT". */
const char *sip_registration_state_name(int state);
const char *sip_registration_event_name(int event);
const char *sip_registration_action_name(uint32_t bit);
const char *sip_registration_timer_name(int timer);

#endif
