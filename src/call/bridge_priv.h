/* SPDX-License-Identifier: MIT */
/* What the files of room call share. Ownership: bridge > client and call > {SIP usage, media}. */
#ifndef WSAUDIO_CALL_BRIDGE_PRIV_H
#define WSAUDIO_CALL_BRIDGE_PRIV_H

#include "convert.h"
#include "dial.h"
#include "formats.h"
#include "incoming.h"
#include "intake.h"
#include "life.h"
#include "media.h"
#include "overload.h"
#include "wsaudio/base/log_quota.h"
#include "wsaudio/call.h"

#define CALL_LABEL_MAX 64
#define CALL_URI_MAX   512

/* A WAV_UPLOAD as it streams in. The first error wins and is told when the message ends. */
struct upload {
    bool active;         /* between begin and end */
    struct pool_id file; /* none when nothing is open */
    bool failed;
    enum ws_error error;
    char text[320]; /* for ERROR:WAV_UPLOAD */
    uint64_t size;  /* decoded bytes so far */
    struct base64_text base64;
    char name[WS_NAME_MAX + 1]; /* a legal one */
    char head[256];             /* of the data: it may be the rest of a name with a ':' */
    size_t head_len;
    struct wav_parser wav;
};

/* A binary message is audio, unless it begins like a command: that is somebody's mistake, and would be heard as noise. */
enum binary_state { BINARY_BEGINS, BINARY_IS_AUDIO, BINARY_IS_TEXT };
struct binary_start {
    enum binary_state state;
    uint8_t len;
    char held[WS_VERB_TEXT_MAX];
};

struct client {
    struct bridge *bridge;
    struct pool_id id;
    struct ws_conn *conn; /* owns */
    struct net_addr peer;
    struct rate_key account; /* whose minute its calls count in: its token, else its address (IPv6: its /64) */
    struct timerq_entry timer;
    bool echo;
    bool left;            /* its connection ends: it has no call any more and gets none */
    bool gone;            /* released at the end of the turn */
    struct pool_id call;  /* none: no call */
    bool listening;       /* LISTEN */
    struct pool_id rings; /* the incoming call that rings here; none */
    enum media_format format;
    uint32_t latency_ms;       /* of its live audio; 0: off */
    struct frame_ring audio;   /* received packets waiting to be read; storage made at the first CALL */
    struct resampler *widener; /* owns; l16/16000: 8 to 16 kHz, made with the format */
    bool told_slow;            /* ERROR:MEDIA:busy was told in this call */
    struct intake intake;      /* live audio from the client */
    bool told_no_call;         /* ERROR:MEDIA:no_call was told since the last CALL */
    bool told_too_early;       /* ERROR:MEDIA:not_established was told in this call */
    bool told_off;             /* ERROR:MEDIA:denied was told since the last MEDIA */
    bool told_too_large;       /* ERROR:MEDIA:too_large was told since the last XON, CLEAR or CALL */
    struct binary_start binary;
    bool told_binary; /* that commands are text */
    bool committing;  /* an upload is being flushed; the connection is paused */
    uint64_t committed_size;
    char committed_name[WS_NAME_MAX + 1]; /* "": nothing to convert */
    void *listing;                        /* NULL: no LIST_WAV under way; the connection is paused while one is */
    uint32_t listed;
    struct upload upload;
};

struct call {
    struct bridge *bridge;
    struct pool_id id;
    struct pool_id client;
    struct pool_id usage;
    enum call_state state;
    char label[CALL_LABEL_MAX + 1]; /* bare target for logs and file names */
    uint16_t rtp_port;
    bool ports_open;
    bool was_established;
    bool acknowledged;  /* incoming: the ACK has come */
    bool may_be_silent; /* a re-INVITE was refused: the far end may hold all the same, and send nothing */
    mono_us established_at;
    struct timerq_entry timer; /* the nearer of duration and no-media */
    struct sdp_local local;    /* our side of SDP */
    bool offered;              /* the last SDP that we sent was an offer */
    bool asked_back;           /* it was our 200 to a re-INVITE without one: the ACK brings the answer */
    struct sdp_agreed agreed;  /* valid once media.open */
    struct sdp_agreed pending; /* what CALL_ACT_OPEN_MEDIA takes over */
    struct net_addr sip_peer;
    struct incoming incoming; /* until it is answered */
    struct call_media media;
    int end_code; /* for TELL_ENDED */
    char end_reason[CALL_REASON_MAX];
};

struct bridge {
    struct bridge_config config;
    const struct log *log;
    const struct rng *rng;
    struct sip_stack *sip; /* borrows */
    struct dial_guard dial;
    struct pool clients;
    struct pool calls;
    struct block_store blocks; /* of all calls' live audio */
    struct timerq timers;
    uint32_t sending;  /* calls with media open */
    mono_us tick_next; /* grid of 20 ms, MONO_NEVER while nothing is sent */
    struct overload overload;
    struct turn_budget read_budget;
    uint32_t input_next; /* slot of the client that is the first to be worked for in the next turn */
    struct convert convert;
    mono_us now; /* of the turn in hand */
    bool stopping;
    bool reap;                /* something ended in this turn */
    bool settle;              /* who can be rung has changed in this turn */
    struct list_node ringing; /* calls in CALL_ALERTING, the oldest first */
    uint8_t *rejected;        /* owns; see ringing.c */
    char domain[256];
    struct log_quota closes; /* lines about connections that we end */
    struct bridge_stats stats;
    struct log_quota drop_lines; /* about packets that a call did not take */
};

/* client.c */
struct client *client_get(struct bridge *b, struct pool_id id);
void client_hooks(struct client *c, struct ws_hooks *hooks);
void client_deadline(struct client *c);
/* Formats one control message for the client; cut at 8 KiB. NULL client: nothing. */
void client_tell(struct client *c, const char *fmt, ...) WS_PRINTF(2, 3);
void client_error(struct client *c, struct span verb, enum ws_error error, const char *fmt, ...) WS_PRINTF(4, 5);
/* A received packet for the client's ear. */
void client_audio(struct client *c, const void *packet, size_t len);
void client_pump_audio(struct client *c);
/* Hands on what fits and drops the rest: no audio of a call comes behind its end. */
void client_end_audio(struct client *c);
/* Audio waits, and the connection has room for it: there is work for the next turn. */
bool client_has_audio(const struct client *c);
/* media_hear.c: before the format changes. Nothing of the old format is left behind it. ST_NO_MEMORY: it must not change. */
WS_MUST_CHECK int client_hear_format(struct client *c, enum media_format format);
#define CLIENT_AUDIO_RING 65536
void client_release(struct client *c);

/* What a call leaves behind is cleared for the next one. ST_NO_MEMORY. */
WS_MUST_CHECK int client_begin_call(struct client *c);

/* client_end.c */
/* Its connection ends or has ended: the call is hung up, nothing rings here. Once; later calls do nothing. */
void client_leave(struct client *c);
/* Whether the connection's end has been decided, by a line in the log and client_leave. */
void client_note_end(struct client *c);

/* client_live.c: audio from the client, LATENCY, MARK and CLEAR */
void client_binary(struct client *c, struct span piece, bool last);
/* CALL: what was told about audio can be told anew. */
void client_live_begin(struct client *c);
/* MEDIA:format, answered: what was queued keeps its meaning. */
void client_set_format(struct client *c, enum media_format format);
/* LATENCY:ms, answered; 0: off. It stays with the connection. */
void client_set_latency(struct client *c, uint32_t ms);
/* A call begins: its client's setting. */
void client_live_latency(struct call *call);
void client_mark(struct client *c, struct call *call, struct span name);
void client_clear(struct client *c, struct call *call);
/* Before a frame is taken: what a client that has fallen silent left half done. c may be NULL. */
void client_settle(struct client *c, struct call *call);
/* The hooks of a call's lanes. */
struct lanes_hooks client_lanes_hooks(struct call *call);

/* commands.c */
void client_command(struct client *c, struct span text);

/* unknown.c: answers to what is no command */
void client_unknown(struct client *c, struct span text, struct span word);
/* Whether a known verb's message is one line; otherwise the client was told. */
WS_MUST_CHECK bool client_is_one_line(struct client *c, struct span text);
/* A piece of a binary message: as client_binary, but one that reads like a command is dropped and told once a connection. */
void client_binary_piece(struct client *c, struct span piece, bool last);

/* upload.c */
void upload_begin(struct client *c, struct span name);
void upload_data(struct client *c, struct span base64);
void upload_end(struct client *c, bool aborted);
void upload_over(struct client *c);

/* listing.c */
void listing_start(struct client *c);
/* A few lines, fewer than budget pays for and one more; returns what they cost: WS_COMMAND_COST each file and each read that it took. */
size_t listing_step(struct client *c, size_t budget);
void listing_stop(struct client *c);

/* call.c */
struct call *call_get(struct bridge *b, struct pool_id id);
/* CALL:target; tells the client what came of it. */
void call_dial(struct client *c, struct span target);
/* One step of the life table. The call may be CALL_ENDED afterwards. */
void call_step(struct call *call, enum call_event event);
/* Sets what ended will say, then steps. */
void call_end(struct call *call, enum call_event event, int code, const char *reason);
/* Whether a redirection of a call may be followed. */
bool call_may_redirect(struct bridge *b, struct pool_id owner, struct span uri);
void call_sip_event(struct bridge *b, const struct sip_event *event);
void call_expire(struct call *call);
/* The RTP/RTCP pair, and our side of SDP. ST_FULL, ST_IO. */
WS_MUST_CHECK int call_open_ports(struct call *call);
void call_send_ringing(struct call *call);
/* What `ended` says when we hang up: 200 behind the answer, 487 before it. */
int call_clearing_code(const struct call *call);
void call_release(struct call *call);

/* stats.c */
void call_tell_stats(struct call *call, struct client *c);
void call_warn_quality(const struct call *call);

#endif
