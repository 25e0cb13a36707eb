/* SPDX-License-Identifier: MIT */
/* Room call, level 2: the bridge between WebSocket clients and calls, and the loopback exchange, without an operating
 * system: sockets, files, randomness and the wall clock come in through the io tables below, time as an argument. */
#ifndef WSAUDIO_CALL_H
#define WSAUDIO_CALL_H

#include "wsaudio/audio.h"
#include "wsaudio/base.h"
#include "wsaudio/rtp.h"
#include "wsaudio/sdp.h"
#include "wsaudio/sipmsg.h"
#include "wsaudio/sipua.h"
#include "wsaudio/ws.h"

#define CALL_TICK_US DUR_MS(20)

/* All calls, here and in the loopback exchange, send on one grid: the multiples of 20 ms of the monotonic clock. */
static inline mono_us call_tick_after(mono_us now)
{
    return (now / CALL_TICK_US + 1) * CALL_TICK_US;
}

/* ---- media sockets, used by both the bridge and the exchange ---- */

struct media_io {
    void *ctx;
    /* Opens the RTP/RTCP pair of one call; packets arriving on it are brought to the room's input function with that id.
     * *port is the RTP port. ST_FULL (no pair free), ST_IO. */
    int (*open)(void *ctx, struct pool_id call, uint16_t *port);
    void (*close)(void *ctx, struct pool_id call);
    /* ST_OK, ST_AGAIN or ST_IO: a packet that cannot be sent is lost, as on any network. */
    int (*send)(void *ctx, struct pool_id call, bool rtcp, const struct net_addr *to, const void *data, size_t len);
    /* Microseconds since 1970 (NTP time of RTCP, file names). */
    int64_t (*wall)(void *ctx);
};

/* ---- files, used by the bridge ---- */

#define FILE_HANDLE_NONE (-1)

struct list_entry {
    char name[WS_NAME_MAX + 1];
    uint64_t bytes;
    uint64_t ms;
    uint32_t reads; /* that it took to know this: lists have a share of a turn */
};

/* Handles belong to the implementation. Every function returns ST_OK or a status; none may block on a disk
 * flush. */
struct file_io {
    void *ctx;
    /* What the system said when the function before this one failed with another status than ST_FULL or ST_BUSY; NULL: nothing more is known. */
    const char *(*why)(void *ctx);
    /* Uploads. begin: ST_FULL (as many files as there may be, or no disk space), ST_BUSY (too many at once), ST_IO. write:
     * ST_TOO_LARGE (over the upload limit), ST_FULL (quota or disk), ST_IO; after an error only abort may follow. read: what
     * was written, as play_read. commit: flush, rename, flush; bridge_upload_done(client) comes later, from
     * another turn or from inside commit. abort is always allowed before commit; a commit that returns an error has released the upload. */
    int (*upload_begin)(void *ctx, struct pool_id client, const char *name, struct pool_id *upload);
    int (*upload_write)(void *ctx, struct pool_id upload, const void *data, size_t len);
    int (*upload_read)(void *ctx, struct pool_id upload, uint64_t offset, void *data, size_t len);
    int (*upload_commit)(void *ctx, struct pool_id upload, struct pool_id client);
    void (*upload_abort)(void *ctx, struct pool_id upload);
    /* Playing; a handle is never negative. open: ST_NOT_FOUND, ST_IO. read: bytes read, fewer only at the end, or ST_IO. */
    int (*play_open)(void *ctx, const char *name, int *handle, uint64_t *size);
    int (*play_read)(void *ctx, int handle, uint64_t offset, void *data, size_t len);
    void (*play_close)(void *ctx, int handle);
    /* The converted form of an upload that calls cannot play as it lies: 8 kHz, one channel, 16-bit little-endian samples, kept
     * beside it. `source` is a handle of play_open: what was converted is valid for those very bytes only, not for a later file
     * of that name. cached_open: *handle for play_read and play_close, its samples are the `len` bytes from *offset on;
     * ST_NOT_FOUND: none, or one that does not fit. cache_begin: len is the length that will be written; ST_FULL (quota,
     * disk), ST_TOO_LARGE, ST_IO; at most one at a time. cache_write and abort as for uploads. commit: flushed and renamed
     * behind the scenes, then bridge_cache_done. All NULL: nothing is kept. */
    int (*cached_open)(void *ctx, const char *name, int source, int *handle, uint64_t *offset, uint64_t *len);
    int (*cache_begin)(void *ctx, const char *name, int source, uint64_t len, struct pool_id *cache);
    int (*cache_write)(void *ctx, struct pool_id cache, const void *data, size_t len);
    int (*cache_commit)(void *ctx, struct pool_id cache);
    void (*cache_abort)(void *ctx, struct pool_id cache);
    /* Listing, one entry a call; ST_AGAIN: one was passed over; ST_NOT_FOUND at the end. */
    int (*list_open)(void *ctx, void **list);
    int (*list_next)(void *ctx, void *list, struct list_entry *entry);
    void (*list_close)(void *ctx, void *list);
    /* ST_NOT_FOUND, ST_IO. */
    int (*remove)(void *ctx, const char *name);
    /* Recordings. begin gives the file's path for CALL_STATS. write: ST_FULL (quota, disk) or ST_IO end the recording. end:
     * no write follows; flushed and closed behind the scenes. */
    int (*record_begin)(void *ctx, const char *number, const char *callid8, struct pool_id *recording, char *path,
                        size_t cap);
    int (*record_write)(void *ctx, struct pool_id recording, uint64_t offset, const void *data, size_t len);
    void (*record_end)(void *ctx, struct pool_id recording);
    /* --rtp-raw-file; NULL when not wanted. */
    void (*raw_packet)(void *ctx, const void *data, size_t len);
};

/* ---- dialling rules ---- */

#define DIAL_PATTERN_MAX 128

/* --dial-allow or --dial-deny: '*' any number of characters, '?' one; see dial.h for what it is compared with. */
struct dial_rule {
    bool allow;
    const char *pattern;
};

/* ---- the bridge ---- */

struct bridge;

/* What an incoming call meets: 480, the echo test, or the clients that sent LISTEN. */
enum bridge_incoming { BRIDGE_INCOMING_REJECT, BRIDGE_INCOMING_ECHO, BRIDGE_INCOMING_RING };

struct bridge_config {
    struct sip_stack *sip; /* borrows: calls are its INVITE sessions; max_usages from SIP_STACK_USAGES(max_calls) */
    const struct log *log; /* borrows */
    const struct rng *rng; /* borrows */
    struct span domain;    /* host of a dialled bare target */
    struct net_addr media_addr; /* IP put in our SDP (port ignored) */
    uint32_t max_calls;
    uint32_t max_clients;
    uint64_t max_message;  /* longest WebSocket message */
    uint64_t upload_max;   /* bytes, for the text of too_large */
    uint64_t media_buffer; /* bytes of all calls' queued live audio */
    dur_us ring;           /* 0 never */
    enum bridge_incoming incoming;
    dur_us max_call;
    dur_us no_media; /* 0 never */
    enum rtp_learn rtp_learn;
    const struct dial_rule *dial_rules; /* in order, the first match wins */
    uint32_t dial_rule_count;
    uint32_t calls_per_minute; /* of one token or address; 0: no limit */
    bool record;
    bool record_stereo; /* else what was received only */
    struct media_io media;
    struct file_io files;
};

/* Everything is copied but what is borrowed. The stack is there before, and stays until the bridge is freed; whoever owns both
 * brings the events and questions of the one to the other. ST_NO_MEMORY. */
WS_MUST_CHECK int bridge_new(const struct bridge_config *config, struct bridge **out);
/* Closes what is open without telling anybody. NULL is fine. */
void bridge_free(struct bridge *b);

/* A WebSocket client after the 101. echo: the /echo endpoint, no commands. ST_FULL, ST_NO_MEMORY. */
WS_MUST_CHECK int bridge_client_open(struct bridge *b, mono_us now, bool echo, const struct net_addr *peer,
                                     struct pool_id *id);
/* Its calls count for this token instead of its address. ST_IO, ST_NO_MEMORY: they count for the address. */
WS_MUST_CHECK int bridge_client_token(struct bridge *b, struct pool_id id, struct span token);
/* For reading into and writing from, in this turn only; NULL when stale. Bytes committed to its input are worked on in
 * bridge_pump. */
struct ws_conn *bridge_client_conn(struct bridge *b, struct pool_id id);
/* The socket is gone: the call is hung up, the upload dropped; the client is released at the end of the turn. */
void bridge_client_gone(struct bridge *b, mono_us now, struct pool_id id);
/* The file room finished upload_commit for this client (ST_OK or why not). */
void bridge_upload_done(struct bridge *b, mono_us now, struct pool_id client, int status);
/* The file room finished cache_commit: the converted form is there (ST_OK), or not. Comes from a later turn or from inside commit. */
void bridge_cache_done(struct bridge *b, mono_us now, int status);

/* New calls name another IP in their SDP: our address is another one, or the server sees us at one (SIP_LINK_ADDRESS). */
void bridge_set_media_addr(struct bridge *b, const struct net_addr *addr);

/* The stack's hooks event and redirect. */
void bridge_sip_event(struct bridge *b, mono_us now, const struct sip_event *event);
bool bridge_may_redirect(struct bridge *b, mono_us now, struct pool_id owner, struct span uri);
/* A datagram on a call's RTP or RTCP socket. */
void bridge_media_input(struct bridge *b, mono_us now, struct pool_id call, bool rtcp, const struct net_addr *from,
                        const void *data, size_t len);

/* The next 20 ms tick on the absolute grid, or MONO_NEVER while no call has media: then the ticker is disarmed. */
mono_us bridge_tick_due(const struct bridge *b);
/* At or after bridge_tick_due: sends what is due in every call. */
void bridge_tick(struct bridge *b, mono_us now);
/* Every other deadline, and doing what is due. */
mono_us bridge_due(const struct bridge *b);
void bridge_expire(struct bridge *b, mono_us now);
/* Towards the end of every turn: works on what clients have sent, hands audio and lists to the connections. Then the app writes.
 * All clients together have a share of BRIDGE_TURN_COST of a turn (as ws_conn_process_some counts, a line of a list is a
 * WS_COMMAND_COST), each in its turn a part of it: however many of them flood, the tick of the calls that are up is not late.
 * While some is left, bridge_due is now. */
#define BRIDGE_TURN_COST   65536
#define BRIDGE_CLIENT_COST 8192
void bridge_pump(struct bridge *b, mono_us now);
/* At the very end of the turn: releases what ended in it. */
void bridge_reap(struct bridge *b);

/* No new calls or clients' commands; every call is hung up, every client gets close 1001. Then sip_stack_stop, and turns until
 * bridge_is_quiet and sip_stack_busy is 0, or the time is up. */
void bridge_stop(struct bridge *b, mono_us now);
bool bridge_is_quiet(const struct bridge *b);

struct bridge_stats {
    uint32_t clients, calls;
    uint64_t calls_started, calls_established;
    uint64_t calls_denied, calls_limited;  /* by the dialling rules; by --calls-per-minute. Redirections count too */
    uint64_t rtp_in, rtp_out, rtp_dropped; /* dropped: no valid RTP of that call */
    uint64_t ticks_skipped;                /* packets skipped because we were late */
    uint64_t media_held;                   /* bytes of media_buffer in use */
    uint64_t conversions;                  /* converted forms made of uploads */
    uint64_t convert_turns;                /* turns that converted something, for a call or to be kept */
    uint64_t input_cost_max;               /* most that one turn spent on what clients had sent */
    uint64_t convert_steps_max;            /* most that one of them did, see wav_converter_steps */
};
struct bridge_stats bridge_stats(const struct bridge *b);

/* As base/dump.h says: the bridge, its clients, its calls. */
bool bridge_dump(const struct bridge *b, mono_us now, uint32_t *at, struct outbuf *out);

/* Bytes that a bridge of this size may need at most (pools, rings, players, recorders), without its SIP stack. */
uint64_t bridge_worst_case_memory(uint32_t max_calls, uint32_t max_clients, uint64_t media_buffer);

/* ---- the loopback exchange (SPEC section 6) ---- */

struct exchange;

struct exchange_config {
    struct net_addr local; /* its SIP address and the IP of its SDP */
    uint32_t max_calls;
    const struct log *log;
    const struct rng *rng;
    struct media_io media;
    sip_send_fn sip_send;
    void *sip_ctx;
};

WS_MUST_CHECK int exchange_new(const struct exchange_config *config, struct exchange **out);
void exchange_free(struct exchange *x);
void exchange_sip_input(struct exchange *x, mono_us now, const struct net_addr *from, const void *data, size_t len);
void exchange_media_input(struct exchange *x, mono_us now, struct pool_id call, bool rtcp, const struct net_addr *from,
                          const void *data, size_t len);
/* As bridge_tick_due; only CALL:tone needs it. */
mono_us exchange_tick_due(const struct exchange *x);
void exchange_tick(struct exchange *x, mono_us now);
mono_us exchange_due(const struct exchange *x);
void exchange_expire(struct exchange *x, mono_us now);
void exchange_finish_turn(struct exchange *x);
uint64_t exchange_worst_case_memory(uint32_t max_calls);
uint32_t exchange_calls(const struct exchange *x);

#endif
