/* SPDX-License-Identifier: MIT */
/* A virtual network on a virtual clock with SIP stacks and scripted phones on it. Nothing sleeps; every datagram that
 * was ever sent stays in the record, with its time, for assertions and for the ladder printed when one fails. */
#ifndef SUPPORT_SIM_H
#define SUPPORT_SIM_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "wsaudio/sipua.h"

#define SIM_MESSAGES 4096
#define SIM_EVENTS   64
#define SIM_UAS      4
#define T1           DUR_MS(500)

#define SDP_OFFER  "v=0\r\no=- 1 1 IN IP4 10.0.0.1\r\ns=-\r\nt=0 0\r\n"
#define SDP_ANSWER "v=0\r\no=- 2 1 IN IP4 10.0.0.2\r\ns=-\r\nt=0 0\r\n"

struct sim_message {
    mono_us at, arrives;
    struct net_addr from, to;
    char *text; /* NUL-terminated for convenience */
    size_t len;
    bool lost, delivered;
};

struct sim_event {
    mono_us at;
    enum sip_event_kind kind;
    struct pool_id usage;
    struct pool_id owner;
    int code;
    char reason[128];
    char body[512];
    char user[64];
    bool auth_failed, has_credentials;
};

struct sim;

struct sim_ua {
    struct pool_id id; /* the owner that its usages name */
    struct sim *sim;
    struct sip_stack *stack;
    struct sip_config config;
    struct net_addr addr;
    struct rng rng;
    uint64_t seed;
    struct sim_event events[SIM_EVENTS];
    size_t event_count;
    enum sip_account_event links[SIM_EVENTS];
    size_t link_count;
    struct pool_id call;      /* the last one made or adopted */
    bool adopt;               /* take INVITEs */
    bool take_softly;         /* the same, and whatever comes back is fine; offers are accepted so too */
    int answer_at_once;       /* code to answer an INVITE with inside the hook; 0 none */
    const char *accept_offer; /* answer of a re-INVITE; NULL: none is given */
    int refuse_offer;
    enum sip_event_kind end_on; /* sip_inv_end inside this event's hook, when end_armed */
    bool end_armed;
    bool send_fails_to_set;
    struct net_addr send_fails_to; /* ST_IO for datagrams to that address */
};

struct sim {
    mono_us now;
    dur_us delay;
    struct sim_message messages[SIM_MESSAGES];
    size_t count, first_pending;
    struct sim_ua *uas[SIM_UAS];
    size_t ua_count;
    /* true: the message is lost */
    bool (*lose)(struct sim *sim, const struct sim_message *message);
    int lose_count;
    /* how long it travels; NULL: delay */
    dur_us (*travel)(struct sim *sim);
    /* a datagram for a host that is no agent has arrived */
    void (*other)(struct sim *sim, const struct sim_message *message);
    void *ctx;   /* theirs */
    size_t read; /* messages before it have been looked at by sim_expect */
    unsigned branches;
    const char *seen; /* parameters that phones put into Via in place of ";rport"; NULL: it stays */
};

/* New network; the stacks of the last one are freed. */
struct sim *sim_open(void);
/* An agent at 10.0.0.host:5060 whose next hop is 10.0.0.next:5060. Change config between prepare and start. */
struct sim_ua *sim_prepare(struct sim *sim, uint8_t host, uint8_t next);
void sim_start(struct sim_ua *ua);
/* Both in one. */
struct sim_ua *sim_ua(struct sim *sim, uint8_t host, uint8_t next);
/* Runs on until now + time. */
void sim_run(struct sim *sim, dur_us time);
/* Runs until nothing is under way; asserts that everything was released and that no timer is left; frees all. */
void sim_close(struct sim *sim);
void sim_ladder(const struct sim *sim);

/* ---- the stack's side ---- */
struct pool_id sim_invite(struct sim_ua *ua, const char *uri, dur_us ring);
void sim_end(struct sim_ua *ua);
/* Events of a kind so far; the last of them. */
size_t sim_events(const struct sim_ua *ua, enum sip_event_kind kind);
const struct sim_event *sim_event(const struct sim_ua *ua, enum sip_event_kind kind);
/* Asserts that exactly one ENDED with this code was told. */
void sim_assert_ended(const struct sim_ua *ua, int code);

/* ---- the phone's side: 10.0.0.host:5060 ---- */
struct net_addr sim_addr(uint8_t host);
/* The next message to that host whose start line begins so ("INVITE", "SIP/2.0 200"), waiting at most 64*T1. Asserts
 * that there is one. */
const struct sim_message *sim_expect(struct sim *sim, uint8_t host, const char *start);
/* The next one after now within time; NULL when none comes. */
const struct sim_message *sim_await(struct sim *sim, uint8_t host, const char *start, dur_us time);
/* Messages sent to a host so far whose start line begins so; lost ones count. */
size_t sim_sent(const struct sim *sim, uint8_t host, const char *start);
/* The n-th of them, from 0. */
const struct sim_message *sim_nth(const struct sim *sim, uint8_t host, const char *start, size_t n);
/* The same; there must be one. */
const struct sim_message *sim_must(const struct sim *sim, uint8_t host, const char *start, size_t n);
/* A header's value (its first line); "" without one. Valid until eight more calls. */
const char *sim_header(const struct sim_message *message, const char *name);
/* The Request-URI. */
const char *sim_uri(const struct sim_message *message);
const char *sim_branch(const struct sim_message *message);
void sim_assert_has(const struct sim_message *message, const char *text);

void sim_send_text(struct sim *sim, uint8_t from, uint8_t to, const char *text);
/* A response to a request that host received; tag "" leaves To as it is; extra complete lines. */
void sim_reply(struct sim *sim, uint8_t host, const struct sim_message *request, int code, const char *tag,
               const char *extra, const char *sdp);

/* A dialog as the phone sees it. */
struct sim_dialog {
    char local[256], remote[256], call_id[128], target[256], tag[64];
    unsigned cseq;
};
/* From an INVITE that the phone got and answered with this tag. */
struct sim_dialog sim_dialog_of_invite(const struct sim_message *invite, const char *tag);
/* From a response to the phone's INVITE. */
struct sim_dialog sim_dialog_of_response(const struct sim_message *response);
/* A request of the phone inside the dialog; ACK keeps the CSeq number. */
void sim_request(struct sim *sim, uint8_t host, uint8_t to, struct sim_dialog *dialog, const char *method,
                 const char *extra, const char *sdp);
/* A request outside of dialogs: method, URI, To value; From tag "f1", Call-ID "out-N" with N from call. */
void sim_stranger(struct sim *sim, uint8_t host, uint8_t to, const char *method, int call, const char *extra,
                  const char *sdp);

#endif
