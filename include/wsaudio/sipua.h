/* SPDX-License-Identifier: MIT */
/* Room sipua, level 1: SIP user agent over datagrams (RFC 3261, 3581, 6026, 7616, 8760). Bytes and `now` in; bytes,
 * events and "wake me at" out. The door is the stack; an INVITE dialog usage (RFC 5057) is one call seen from SIP,
 * outgoing or incoming, with all its dialogs and transactions. */
#ifndef WSAUDIO_SIPUA_H
#define WSAUDIO_SIPUA_H

#include "wsaudio/base.h"
#include "wsaudio/siptx/transport.h"

struct sip_stack;

enum sip_event_kind {
    SIP_EVENT_INCOMING,  /* a new INVITE from outside, first time only; adopt it inside the hook or it gets 480 */
    SIP_EVENT_PROGRESS,  /* 1xx to our INVITE (100 too); code, reason, body (SDP or empty) */
    SIP_EVENT_ANSWERED,  /* first 2xx to our INVITE; ACK has been sent; body: its SDP, else that of the 1xx of the
                            same fork (RFC 6337 2.1) */
    SIP_EVENT_CONFIRMED, /* our 2xx to an INVITE was acknowledged; body: the ACK's SDP or empty. For a re-INVITE only
                            when its ACK brings an SDP (it had no offer itself) */
    SIP_EVENT_OFFER,     /* re-INVITE (or UPDATE) in the dialog; answer it inside the hook or it gets 488 */
    SIP_EVENT_ENDED,     /* the usage is over; the last event of its id. code, reason */
    SIP_EVENT_KIND_COUNT
};

/* All spans borrow the datagram in hand and are gone when the hook returns. */
struct sip_event {
    enum sip_event_kind kind;
    mono_us now; /* when it happens: that of the call from which the hook is called */
    struct pool_id usage;
    struct pool_id owner;   /* as given at invite or adopt; none for INCOMING */
    int code;               /* SIP status. ENDED: the final status; 200 normal clearing (BYE from either side); 487
                                our own CANCEL or theirs; 408 no final answer, ACK never came, or a request inside
                                the dialog timed out; 481, 503 (transport) as they were met */
    struct span reason;     /* reason phrase, raw from the network */
    struct span body;       /* application/sdp body, or empty */
    struct net_addr source; /* where the datagram came from; family 0 for a time-out */
    struct span call_id;
    /* INCOMING only */
    struct span request_user; /* user part of the Request-URI, unescaped bytes as sent */
    struct span caller_user;  /* user part of From */
    bool has_credentials;     /* Authorization or Proxy-Authorization present */
    uint32_t expires_s;       /* its Expires: unanswered for so long it is void, 487 (13.3.1); 0 none */
    bool
        elsewhere; /* ENDED by a CANCEL or BYE whose Reason says that the call was answered somewhere else (RFC 3326) */
    /* ENDED with 401/407 that could not be answered */
    bool auth_failed; /* credentials missing or refused */
};

/* Called from sip_stack_input, sip_stack_expire and the sip_inv_ functions, last thing of the step that caused it.
 * May call any sip_inv_ function. */
typedef void (*sip_event_fn)(void *ctx, const struct sip_event *event);
/* What becomes of our account at the SIP server, as user agents call what they keep of one: whether it can be reached, whether it knows
 * us, where it sees us. */
enum sip_account_event {
    SIP_ACCOUNT_REACHABLE,
    SIP_ACCOUNT_UNREACHABLE,
    SIP_ACCOUNT_REGISTERED,
    SIP_ACCOUNT_UNREGISTERED,
    SIP_ACCOUNT_ADDRESS /* learn_local: the server sees us at another address; new calls use it in Contact already */
};
/* local: our address as it now stands in Contact. Once for each change. */
typedef void (*sip_account_fn)(void *ctx, enum sip_account_event event, const struct net_addr *local);

/* A 3xx leads to this Request-URI: may it be tried? Called from sip_stack_input; may call nothing here. */
typedef bool (*sip_redirect_fn)(void *ctx, struct pool_id owner, struct span uri);

struct sip_hooks {
    void *ctx;
    sip_send_fn send;
    sip_event_fn event;
    sip_account_fn account;   /* may be NULL */
    sip_redirect_fn redirect; /* NULL: all may */
};

/* Everything is copied by sip_stack_new, except log and rng, which are borrowed for the stack's life. */
struct sip_config {
    struct net_addr local;    /* address and port in Via and Contact (the advertised one) */
    struct net_addr next_hop; /* the only server until sip_stack_set_servers; family 0: none, and sip_inv_invite gives
                                 ST_STATE */
    struct span domain;       /* host of From, To and Request-URI for bare targets, e.g. "192.168.1.170" */
    struct span user;         /* Contact's user and, with caller empty, From's; may be empty */
    struct span caller;       /* From's user; empty: user, else "anonymous" */
    struct span display_name; /* From's display name, any UTF-8 text; may be empty */
    struct span auth_user;    /* digest username; empty: user */
    struct span realm;    /* the only realm whose challenges are answered; empty: that of our registration, else of the
                                 server's first challenge to a request for domain (src/sipua/stack_auth.h) */
    struct span password; /* digest password; has_password false: challenges cannot be answered */
    bool has_password;
    bool any_credentials;         /* answer challenges with empty password when none is set (towards the loopback
                                  exchange, which takes any) */
    struct span user_agent;       /* "ws_audio_server/1.0" */
    struct span extra_headers;    /* complete "Name: value\r\n" lines added to outgoing INVITEs, validated by
                                  sip_header_line_ok */
    bool guard;                   /* judge who sends requests from outside, and how many; false: everybody may */
    const struct net_cidr *allow; /* who may send requests that start something */
    uint32_t allow_count;         /* 0: the SIP servers */
    /* from sip_stack_start on */
    dur_us keepalive;    /* one OPTIONS at once and one each so often (80 to 100 % of it); 0: none */
    bool registers;      /* keep user@domain registered */
    uint32_t expires_s;  /* seconds to ask for, 1 to 604800 */
    bool learn_local;    /* what the server says in rport and received becomes our address (RFC 3581) */
    uint32_t max_usages; /* usages alive at once, those that are finishing included; one that only waits for late
                                  packets (up to 64*T1 after the answer) gives way to a new one */
    const struct log *log;
    const struct rng *rng;
};

/* max_usages for so many calls at once: usages finish behind calls that are gone. INVITE and BYE live up to 32 s, and a line that
 * is used again and again leaves one every few seconds; three such beside the call that is up, and some for who is refused. */
#define SIP_STACK_USAGES(calls) ((calls)*4 + 32)

/* T1 500 ms, T2 4 s, T4 5 s (RFC 3261 17.1.1.1). NULL when out of memory. */
struct sip_stack *sip_stack_new(const struct sip_config *config, const struct sip_hooks *hooks);
/* Frees everything, sends nothing, tells nothing. NULL is fine. Secrets are wiped. */
void sip_stack_free(struct sip_stack *stack);

/* Bytes that a stack of this size needs at most while SIP messages stay under 4 KiB (a longer one costs its length). */
uint64_t sip_stack_worst_case_memory(uint32_t max_usages);

/* One datagram arrived. Malformed ones are counted and, where RFC 3261 allows, answered 400. */
void sip_stack_input(struct sip_stack *stack, mono_us now, const struct sip_flow *from, const void *data, size_t len);
/* The way of datagrams between our address as it now is and remote: what a datagram from there came by. */
struct sip_flow sip_stack_flow(const struct sip_stack *stack, const struct net_addr *remote);
/* The next deadline, or MONO_NEVER. */
mono_us sip_stack_due(const struct sip_stack *stack);
/* Carries out what is due at now. */
void sip_stack_expire(struct sip_stack *stack, mono_us now);
/* Releases objects that ended in this turn; call at its end, never inside a hook. */
void sip_stack_reap(struct sip_stack *stack);

struct sip_stats {
    uint32_t usages;       /* alive, finishing ones included */
    uint32_t transactions; /* alive, lingering ones included */
    uint32_t timers;       /* queued */
    uint64_t datagrams_in, datagrams_out;
    uint64_t malformed;     /* dropped or answered 400 */
    uint64_t stray;         /* responses and ACKs that belong to no transaction or dialog */
    uint64_t refused;       /* requests outside of dialogs from addresses that are not allowed: dropped */
    uint64_t limited;       /* datagrams over their source's rate: dropped */
    uint64_t dropped_cells; /* table cells DROP */
    uint64_t retransmits_out;
};
struct sip_stats sip_stack_stats(const struct sip_stack *stack);
/* As base/dump.h says: the stack, its standing with the server, the servers, the usages, the transactions. */
bool sip_stack_dump(const struct sip_stack *stack, mono_us now, uint32_t *at, struct outbuf *out);
/* Usages that still have something to send or wait for before a clean exit (BYE, CANCEL, an unanswered INVITE), calls
 * that are up included; what only lingers does not count. */
uint32_t sip_stack_busy(const struct sip_stack *stack);

/* ---- the SIP server: reachability, registration (RFC 3261 10, 11), our address (RFC 3581) ---- */

/* Begins to ask the server with OPTIONS and to register, as the config says; what changes is logged and told by the account
 * hook. Once. */
void sip_stack_start(struct sip_stack *stack, mono_us now);
/* Asks no more and removes the registration; sip_stack_busy counts it until that is answered. */
void sip_stack_stop(struct sip_stack *stack, mono_us now);
/* Whether the registrar knows us, as far as we know. */
bool sip_stack_is_registered(const struct sip_stack *stack);
/* Our address is another one: new Contacts name it, the registration follows (the old binding is removed), the server is
 * asked at once how it sees us. */
void sip_stack_set_local(struct sip_stack *stack, mono_us now, const struct net_addr *local);

/* ---- the SIP servers: where requests outside of dialogs go (RFC 3263 4.2, 4.3) ---- */

#define SIP_SERVERS_MAX 16
/* A server that failed is unavailable for this long, unless it answers before. */
#define SIP_SERVER_UNAVAILABLE DUR_S(60)

struct sip_server {
    struct net_addr addr;
    mono_us unavailable_until; /* 0: it is available */
    bool by_retry_after;       /* it said so itself: an answer does not end it */
};

/* An ordered list, the preferred one first. Zeroed is empty. */
struct sip_servers {
    struct sip_server list[SIP_SERVERS_MAX];
    uint32_t count;
};

/* Replaces the list; of more than SIP_SERVERS_MAX the first ones are taken, repetitions once. A server that was in the
 * old list stays unavailable. */
void sip_servers_set(struct sip_servers *servers, const struct net_addr *addrs, uint32_t count);
/* The first one that is available; when none is, the one that will be first; NULL: the list is empty. Borrowed
 * until the list is set anew. */
const struct net_addr *sip_servers_current(const struct sip_servers *servers, mono_us now);
/* The first one that is available and not among tried; NULL: none. The same, but unavailable ones too, except those that
 * asked for it, when even_unavailable. */
const struct net_addr *sip_servers_next(const struct sip_servers *servers, mono_us now, const struct net_addr *tried,
                                        uint32_t tried_count, bool even_unavailable);
/* A request to addr met silence, a transport error or a 503. retry_after: seconds of the 503's Retry-After, else -1 (it
 * is then unavailable for SIP_SERVER_UNAVAILABLE). An address that is not in the list (any more) is ignored. True: it was
 * available before. */
bool sip_servers_failed(struct sip_servers *servers, mono_us now, const struct net_addr *addr, int64_t retry_after);
/* addr answered, with anything but a 503: it is available, unless it said when it will be. True: it was not before. */
bool sip_servers_answered(struct sip_servers *servers, mono_us now, const struct net_addr *addr);

/* The list of the stack; registration, pings and calls share it. */
void sip_stack_set_servers(struct sip_stack *stack, mono_us now, const struct net_addr *addrs, uint32_t count);
/* As sip_servers_current, sip_servers_failed and sip_servers_answered; what changes is logged. */
const struct net_addr *sip_stack_server(const struct sip_stack *stack, mono_us now);
void sip_stack_server_failed(struct sip_stack *stack, mono_us now, const struct net_addr *addr, int64_t retry_after);
void sip_stack_server_answered(struct sip_stack *stack, mono_us now, const struct net_addr *addr);

/* The system says that datagrams to addr cannot arrive (ICMP). Anybody can make such a message up: it only sends calls
 * that have met no answer at all on to the next server at once; with no other server they wait as ever. */
void sip_stack_unreachable(struct sip_stack *stack, mono_us now, const struct net_addr *addr);

/* ---- finding the servers by name (RFC 3263 4.2, RFC 2782) ---- */

/* NAPTR is not asked: it chooses among transports, and UDP is the only one spoken here. The machine asks one question
 * at a time; whoever owns it brings the answers, from DNS or from a test. */
#define SIP_NAME_MAX     253 /* characters of a DNS name */
#define SIP_SRV_MAX      32  /* records of one answer; more are left out */
#define SIP_LOOKUP_MIN_S 30  /* bounds of what a TTL says */
#define SIP_LOOKUP_MAX_S 3600

struct sip_srv {
    uint16_t priority, weight, port;
    char target[SIP_NAME_MAX + 1]; /* "." : the service is decidedly not there; no dot at the end otherwise */
};

/* Into the order in which they are to be tried: priority, then by RFC 2782's random choice among weights. */
void sip_srv_order(struct sip_srv *records, uint32_t count, const struct rng *rng);

enum sip_locate_step {
    SIP_LOCATE_WAIT,     /* nothing is under way: sip_locate_due says when */
    SIP_LOCATE_ASK_SRV,  /* bring SRV records of question */
    SIP_LOCATE_ASK_HOST, /* bring addresses of question */
    SIP_LOCATE_FOUND,    /* addrs and count are new, the best first; then as WAIT */
    SIP_LOCATE_FAILED,   /* nothing was found, what was known stays; then as WAIT */
    SIP_LOCATE_STEP_COUNT
};

/* Written by the functions below; whoever owns it reads question, addrs, count and why. */
struct sip_locate {
    char host[SIP_NAME_MAX + 1];
    uint16_t port;  /* 0: none was given */
    uint8_t family; /* 4 or 6: the only one of use; 0: either, but one for all, IPv4 first */
    const struct rng *rng;
    bool asking;
    enum sip_locate_step step; /* the kind of question that is open */
    char question[SIP_NAME_MAX + 16];
    struct sip_srv targets[SIP_SRV_MAX]; /* of the look-up under way */
    uint32_t target_count, target_at;
    struct net_addr found[2 * SIP_SERVERS_MAX];
    uint32_t found_count;
    uint32_t ttl_s;
    bool incomplete;                        /* a target did not answer: look again soon */
    struct net_addr addrs[SIP_SERVERS_MAX]; /* what is known */
    uint32_t count;
    const char *why; /* of FAILED */
    uint32_t failures;
    mono_us due;
};

/* host is copied; at most SIP_NAME_MAX, else ST_TOO_LARGE. The first look-up is due at once. rng is borrowed. */
WS_MUST_CHECK int sip_locate_init(struct sip_locate *l, struct span host, uint16_t port, uint8_t family,
                                  const struct rng *rng);
/* When sip_locate_expire has something to do; MONO_NEVER while a question is open. */
mono_us sip_locate_due(const struct sip_locate *l);
/* Begins a look-up when one is due. A list found lives for its TTL within the bounds above; after a failure the next try
 * comes after 2 s, doubling to 64 s, spread. */
enum sip_locate_step sip_locate_expire(struct sip_locate *l, mono_us now);
/* The answer to ASK_SRV. status: ST_OK with one record at least; ST_NOT_FOUND: there is no such name or record; anything
 * else: no answer. */
enum sip_locate_step sip_locate_srv(struct sip_locate *l, mono_us now, int status, const struct sip_srv *records,
                                    uint32_t count, uint32_t ttl_s);
/* The answer to ASK_HOST, likewise; ports of addrs are ignored. */
enum sip_locate_step sip_locate_host(struct sip_locate *l, mono_us now, int status, const struct net_addr *addrs,
                                     uint32_t count, uint32_t ttl_s);

/* ---- outgoing usages ---- */

/* Sends an INVITE to the current server with the offer as body. Retransmission, digest, 3xx (5 at most, no loops, always
 * through a server of the list), forks, CANCEL, ACK and time-outs are the stack's. ring_us: unanswered for that long after the INVITE
 * (ENDED 408 at once; CANCEL and what follows run on behind it); 0 never. ST_FULL, ST_STATE, ST_NO_MEMORY, ST_BAD
 * (uri). On error nothing was sent and no event follows. */
WS_MUST_CHECK int sip_inv_invite(struct sip_stack *stack, mono_us now, struct span request_uri, struct span offer,
                                 dur_us ring_us, struct pool_id owner, struct pool_id *usage);

/* ---- incoming usages: inside SIP_EVENT_INCOMING or later ---- */

/* Takes the INVITE; events name owner from now on. */
WS_MUST_CHECK int sip_inv_adopt(struct sip_stack *stack, mono_us now, struct pool_id usage, struct pool_id owner);
/* 180 or 183 with or without SDP. ST_STATE when already answered. */
WS_MUST_CHECK int sip_inv_progress(struct sip_stack *stack, mono_us now, struct pool_id usage, int code,
                                   struct span body);
/* 200 with SDP, sent again until ACK (64*T1: BYE and ENDED 408). */
WS_MUST_CHECK int sip_inv_answer(struct sip_stack *stack, mono_us now, struct pool_id usage, struct span body);
/* The SDP of its INVITE; empty when it has none. Valid until the usage ends. */
struct span sip_inv_offer(const struct sip_stack *stack, struct pool_id usage);
/* 3xx to 6xx with the standard reason phrase; the usage ends without ENDED. extra: complete header lines or empty
 * (Proxy-Authenticate, Contact, Warning). */
WS_MUST_CHECK int sip_inv_reject(struct sip_stack *stack, mono_us now, struct pool_id usage, int code,
                                 struct span extra);

/* ---- both ---- */

/* Inside SIP_EVENT_OFFER: 200 with this SDP. */
WS_MUST_CHECK int sip_inv_accept_offer(struct sip_stack *stack, mono_us now, struct pool_id usage, struct span body);
/* Inside SIP_EVENT_OFFER: 488, 491, 500…; the dialog goes on. */
WS_MUST_CHECK int sip_inv_refuse_offer(struct sip_stack *stack, mono_us now, struct pool_id usage, int code);
/* The owner lets go: no further event for this id, ENDED included. The stack finishes alone: BYE in a confirmed dialog,
 * CANCEL after a 1xx (waiting for one if need be), ACK + BYE to a late 2xx, 480 to an unanswered incoming INVITE.
 * Stale ids are ignored. */
void sip_inv_end(struct sip_stack *stack, mono_us now, struct pool_id usage);
/* Call-ID, valid while the usage lives; empty when stale. */
struct span sip_inv_call_id(const struct sip_stack *stack, struct pool_id usage);

#endif
