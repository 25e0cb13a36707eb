/* SPDX-License-Identifier: MIT */
/* Room client, level 4: connections, the dialects that they speak, and the one call that each may have. It knows no word of
 * any protocol: what a client sends goes to its dialect, which acts by the functions below, and what happens to its call and its
 * files comes to the dialect as events. */
#ifndef WSAUDIO_CLIENT_H
#define WSAUDIO_CLIENT_H

#include "wsaudio/call.h"
#include "wsaudio/ws.h"

struct client;
struct dialect;

/* ---- files ---- */

struct list_entry {
    char name[FILE_NAME_LEN_MAX + 1];
    uint64_t bytes;
    uint64_t ms;
    uint32_t reads; /* that it took to know this: lists have a share of a turn */
};

/* In the tables below every function returns ST_OK or a status; none may block on a disk flush. why: what the system said when the
 * function before this one failed with another status than ST_FULL or ST_BUSY; NULL: nothing more is known. */

/* Uploads. begin: ST_FULL (as many files as there may be, or no disk space), ST_BUSY (too many at once), ST_IO. write:
 * ST_TOO_LARGE (over the upload limit), ST_FULL (quota or disk), ST_IO; after an error only abort may follow. read: what was
 * written, as play_read. commit: flush, rename, flush; gateway_upload_done(client) comes later, from another turn or from inside
 * commit. abort is always allowed before commit; a commit that returns an error has released the upload. */
struct upload_io {
    void *ctx;
    const char *(*why)(void *ctx);
    int (*begin)(void *ctx, const char *name, struct pool_id *upload);
    int (*write)(void *ctx, struct pool_id upload, const void *data, size_t len);
    int (*read)(void *ctx, struct pool_id upload, uint64_t offset, void *data, size_t len);
    int (*commit)(void *ctx, struct pool_id upload, struct pool_id client);
    void (*abort)(void *ctx, struct pool_id upload);
};

/* What is uploaded: listed, one entry a call (ST_AGAIN: one was passed over; ST_NOT_FOUND at the end), and removed (ST_NOT_FOUND,
 * ST_IO). */
struct list_io {
    void *ctx;
    const char *(*why)(void *ctx);
    int (*open)(void *ctx, void **list);
    int (*next)(void *ctx, void *list, struct list_entry *entry);
    void (*close)(void *ctx, void *list);
    int (*remove)(void *ctx, const char *name);
};

/* ---- the gateway: clients, and the calls that they have ---- */

struct gateway;

struct gateway_config {
    /* Its clock is the gateway's too. Of this, the gateway fills in max_parties and hooks: its clients are the parties. */
    struct calls_config calls;
    uint32_t max_clients;
    uint64_t max_message; /* longest WebSocket message */
    uint64_t upload_max;  /* bytes, for the text of too_large */
    struct upload_io uploads;
    struct list_io lists;
};

/* Everything is copied but what is borrowed. The stack is there before, and stays until the gateway is freed; whoever owns both
 * brings the events and questions of the one to the other. ST_NO_MEMORY. */
WS_MUST_CHECK int gateway_new(const struct gateway_config *config, struct gateway **out);
/* Closes what is open without telling anybody. NULL is fine. */
void gateway_free(struct gateway *g);

/* A WebSocket client after the 101, which speaks this dialect. ST_FULL, ST_NO_MEMORY. */
WS_MUST_CHECK int gateway_client_open(struct gateway *g, const struct dialect *dialect, const struct net_addr *peer,
                                      struct pool_id *id);
/* Its calls count for this token instead of its address. ST_IO, ST_NO_MEMORY: they count for the address. */
WS_MUST_CHECK int gateway_client_token(struct gateway *g, struct pool_id id, struct span token);
/* For reading into and writing from, in this turn only; NULL when stale. Bytes committed to its input are worked on in
 * gateway_pump. */
struct ws_conn *gateway_client_conn(struct gateway *g, struct pool_id id);
/* The socket is gone: the call is hung up, the upload dropped; the client is released at the end of the turn. */
void gateway_client_gone(struct gateway *g, struct pool_id id);
/* The file room finished upload_commit for this client (ST_OK or why not). */
void gateway_upload_done(struct gateway *g, struct pool_id client, int status);
/* The file room finished cache_commit: the converted form is there (ST_OK), or not. Comes from a later turn or from inside commit. */
void gateway_cache_done(struct gateway *g, int status);

/* New calls name another IP in their SDP: our address is another one, or the server sees us at one (SIP_ACCOUNT_ADDRESS). */
void gateway_set_media_addr(struct gateway *g, const struct net_addr *addr);

/* The stack's hooks event and redirect. */
void gateway_sip_event(struct gateway *g, const struct sip_event *event);
bool gateway_may_redirect(struct gateway *g, struct pool_id owner, struct span uri);
/* Where datagrams of the sessions' RTP and RTCP sockets go (media_input). */
struct media *gateway_media(struct gateway *g);

/* The next 20 ms tick on the absolute grid, or MONO_NEVER while no call has media: then the ticker is disarmed. */
mono_us gateway_tick_due(const struct gateway *g);
/* At or after gateway_tick_due: sends what is due in every call. */
void gateway_tick(struct gateway *g);
/* Every other deadline, and doing what is due. */
mono_us gateway_due(const struct gateway *g);
void gateway_expire(struct gateway *g);
/* Towards the end of every turn: works on what clients have sent, hands audio and lists to the connections. Then the app writes.
 * All clients together have a share of GATEWAY_TURN_COST of a turn (as ws_conn_process counts, a line of a list is a
 * WS_TEXT_COST), each in its turn a part of it: however many of them flood, the tick of the calls that are up is not late.
 * While some is left, gateway_due is now. What gateway_client_input spends before is part of the same share. */
#define GATEWAY_TURN_COST   131072 /* 300 messages of 20 ms: what 1,000 calls bring in 6 ms */
#define GATEWAY_CLIENT_COST 8192
void gateway_pump(struct gateway *g);
/* Bytes of a client whose connection holds none (ws_conn_holds_input): they are worked on where they lie, with a client's part of the
 * turn, and changed there; what is left is kept for gateway_pump. A client that is not there any more is ignored. */
void gateway_client_input(struct gateway *g, struct pool_id id, void *bytes, size_t len);
/* At the very end of the turn: releases what ended in it. */
void gateway_reap(struct gateway *g);

/* No new calls or clients' commands; every call is hung up, every client gets close 1001. Then sip_stack_stop, and turns until
 * gateway_is_quiet and sip_stack_busy is 0, or the time is up. */
void gateway_stop(struct gateway *g);
bool gateway_is_quiet(const struct gateway *g);

struct gateway_stats {
    uint32_t clients, calls;
    uint64_t calls_started, calls_established;
    uint64_t calls_denied, calls_limited; /* by the dialling rules; by --calls-per-minute. Redirections count too */
    uint64_t input_cost_max;              /* most that one turn spent on what clients had sent */
    struct media_stats media;
};
struct gateway_stats gateway_stats(const struct gateway *g);
/* As base/dump.h says: the gateway, its clients, its calls. */
bool gateway_dump(const struct gateway *g, uint32_t *at, struct outbuf *out);

/* Bytes that a gateway of this size may need at most (pools, rings, players, recorders). */
uint64_t gateway_worst_case_memory(uint32_t max_calls, uint32_t max_clients, uint64_t media_buffer);

/* ---- dialects ---- */

enum file_event_kind {
    FILE_EVENT_STORED,     /* the upload is on disk; bytes */
    FILE_EVENT_NOT_STORED, /* it is not: status; ST_FULL: no room, else text is what the system said */
    FILE_EVENT_LISTED,     /* one of the uploads: text is its name, bytes, ms */
    FILE_EVENT_LIST_END    /* count */
};

struct file_event {
    enum file_event_kind kind;
    int status;
    const char *text;
    uint64_t bytes, ms;
    uint32_t count;
};

/* How a message with received audio looks on the wire. */
struct dialect_audio {
    bool text;
    size_t len;
    ws_fill_fn fill; /* its ctx is a struct span, the audio */
};

#define DIALECT_STATE_MAX                                                                                              \
    16384 /* bytes that a dialect may keep of a client, with what it allocates while a message comes in */

/* A way to speak with clients. All functions may be NULL when echo is set, on_text_over and on_text_abort always. */
struct dialect {
    const char *name;
    const char *path; /* where it is spoken */
    const char *const
        *subprotocols; /* ended by NULL: of those that a client offers the first known is chosen; none is fine too */
    bool echo;         /* messages go back as they came, and there are no calls */
    size_t state_size; /* of what it keeps of each client, zeroed for begin; DIALECT_STATE_MAX at most */
    void (*begin)(struct client *c);
    /* As in struct ws_hooks. */
    void (*on_text)(struct client *c, struct span piece, bool last);
    enum ws_long (*on_text_over)(struct client *c, uint64_t len);
    void (*on_text_abort)(struct client *c);
    void (*on_binary)(struct client *c, struct span piece, bool last);
    /* Of its call, or of one that rings here. May come from inside of the functions below. */
    void (*on_event)(struct client *c, const struct call_event *event);
    void (*on_file)(struct client *c, const struct file_event *event);
    /* The message for len bytes of received audio in the format in force. */
    void (*audio)(const struct client *c, size_t len, struct dialect_audio *out);
};

/* ---- what a dialect may do: from its functions only ---- */

void *client_state(const struct client *c);
/* Control text: never dropped; too much of it unread ends the connection. Nothing is sent once that is decided. */
void client_say(struct client *c, struct span text);
/* The connection's end has been decided: nothing more of the client is heard. */
bool client_is_closing(const struct client *c);

/* Its call. */
struct call_result client_dial(struct client *c, struct span target);
/* CALL_STATUS: CALL_EVENT_UNANSWERED has told it. */
struct call_result client_answer(struct client *c);
/* The call that rings here, with a code from 400 to 699. CALL_NONE. */
struct call_result client_reject(struct client *c, int code);
struct call_result client_hangup(struct client *c);
/* Takes part in ringing, or no longer. CALL_DENIED: incoming calls do not ring here. */
struct call_result client_listen(struct client *c, bool on);
/* CALL_STATUS: why says. CALL_DENIED: no legal name. */
struct call_result client_play(struct client *c, struct span name, char why[MEDIA_WHY_MAX]);
struct call_result client_stop_playing(struct client *c);
/* As rtp_dtmf_tx_add. */
struct call_result client_dtmf(struct client *c, struct span digits);
/* ST_BAD: the name. ST_FULL, ST_NO_MEMORY. */
struct call_result client_mark(struct client *c, struct span name);
struct call_result client_clear(struct client *c);
/* They come as CALL_EVENT_FIGURES. */
struct call_result client_figures(struct client *c);

/* How audio travels both ways. ST_NO_MEMORY: as before. */
WS_MUST_CHECK int client_set_format(struct client *c, enum media_audio format);
enum media_audio client_format(const struct client *c);
/* At most so many ms of live audio wait, now and in later calls; 0: all that is sent is said. */
void client_set_latency(struct client *c, uint32_t ms);
/* A piece of a message of audio in that format, last with its final one. CALL_NONE, CALL_NOT_UP, CALL_DENIED (the format is
 * MEDIA_AUDIO_OFF), CALL_STATUS: ST_TOO_LARGE, ST_FULL; what is refused is dropped with the rest of its message. */
struct call_result client_audio_in(struct client *c, struct span piece, bool last);

/* Its files. An upload begins, gets its bytes and ends; after another result than ST_OK it is over, client_upload_why may say more. */
WS_MUST_CHECK int client_upload_begin(struct client *c, struct span name);
WS_MUST_CHECK int client_upload_bytes(struct client *c, const void *bytes, size_t len);
/* ST_OK: it is being stored, and no message is taken until FILE_EVENT_STORED or FILE_EVENT_NOT_STORED. */
WS_MUST_CHECK int client_upload_end(struct client *c);
/* Always allowed. */
void client_upload_abort(struct client *c);
/* ST_BAD: what is wrong with the WAV. ST_UNSUPPORTED: what of it cannot be played. Else what the system said. Never NULL. */
const char *client_upload_why(const struct client *c);
/* The uploads come as FILE_EVENT_LISTED, and no message is taken until FILE_EVENT_LIST_END. *why: what the system said, or the status. */
WS_MUST_CHECK int client_list(struct client *c, const char **why);
/* ST_BAD: no legal name. ST_NOT_FOUND, ST_IO. */
WS_MUST_CHECK int client_delete(struct client *c, struct span name);

struct client_limits {
    uint64_t max_message, upload_max;
    uint32_t calls_per_minute;
    unsigned marks_max, mark_name_max; /* waiting in a call; bytes */
    unsigned latency_min_ms, latency_max_ms;
};
struct client_limits client_limits(const struct client *c);

#endif
