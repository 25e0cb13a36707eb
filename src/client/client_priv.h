/* SPDX-License-Identifier: MIT */
/* What the files of room client share. Ownership: gateway > clients and calls. */
#ifndef WSAUDIO_CLIENT_CLIENT_PRIV_H
#define WSAUDIO_CLIENT_CLIENT_PRIV_H

#include "ringing.h"
#include "wsaudio/base/log_quota.h"
#include "wsaudio/client.h"

/* An upload on its way to the disk. */
struct upload {
    struct pool_id file; /* none when nothing is open */
    uint64_t size;       /* bytes so far */
    struct wav_parser wav;
    char name[FILE_NAME_LEN_MAX + 1]; /* "": no call has to convert it */
    char why[320];                    /* what was wrong with it, or with storing it */
};

struct client {
    struct gateway *gateway;
    struct pool_id id;
    struct ws_conn *conn; /* owns */
    struct net_addr peer;
    struct rate_key account; /* whose minute its calls count in: its token, else its address (IPv6: its /64) */
    struct timerq_entry timer;
    struct list_node
        pending; /* in the gateway's list of those that may have work; of those that are gone, once it is */
    struct list_node listener; /* in the gateway's list of those that sent LISTEN */
    const struct dialect *dialect;
    void *state;          /* owns; the dialect's */
    bool left;            /* its connection ends: it has no call any more and gets none */
    bool gone;            /* released at the end of the turn */
    struct pool_id call;  /* none: no call */
    struct pool_id rings; /* the incoming call that rings here; none */
    enum media_audio format;
    uint32_t latency_ms;         /* of its live audio; 0: off */
    struct frame_ring audio;     /* received packets waiting to be read; storage made when one has to */
    struct resampler *upsampler; /* owns; 8 to 16 kHz, made with the format */
    struct media_uplink uplink;  /* live audio from the client */
    bool committing;             /* an upload is being flushed; the connection is paused */
    void *listing;               /* NULL: no LIST_WAV under way; the connection is paused while one is */
    uint32_t listed;
    struct upload upload;
};

struct gateway {
    struct gateway_config config;
    const struct log *log;
    const mono_us *now;  /* borrows, as the calls do: the time of the turn in hand */
    struct calls *calls; /* owns */
    struct pool clients;
    struct timerq timers;
    struct list_node pending;   /* clients that may have work, the next to be worked for first */
    struct list_node listeners; /* clients that sent LISTEN */
    struct list_node gone;      /* clients to be released at the end of the turn */
    struct ringing rings;       /* at which clients calls ring */
    size_t input_spent;         /* of the turn's share, on what came in */
    bool settle;                /* who can be rung has changed in this turn */
    struct log_quota closes;    /* lines about connections that we end */
    struct gateway_stats stats;
};

/* client.c */
struct client *client_get(struct gateway *g, struct pool_id id);
void client_hooks(struct client *c, struct ws_hooks *hooks);
/* It may have work: it is looked at towards the end of the turn. */
void client_wake(struct client *c);
void client_deadline(struct client *c);
void client_event(struct client *c, const struct call_event *event);
/* The hooks of the calls; ctx is the gateway. What they tell goes to the client whose call it is, or is rung for it. */
void gateway_call_event(void *ctx, const struct call_event *event);
int gateway_call_refusal(void *ctx);
void client_release(struct client *c);
/* Budget and priority of its part of a turn: see gateway.c. */
bool client_has_work(const struct client *c);

/* client_calls.c: whether it has one that is up: CALL_NONE, CALL_NOT_UP, CALL_DONE. */
struct call_result client_need_call(const struct client *c);

/* client_audio.c: audio towards the client, and from it */
/* A received packet for the client's ear. */
void client_audio(struct client *c, struct span audio);
void client_pump_audio(struct client *c);
/* Hands on what fits and drops the rest: no audio of a call comes behind its end. */
void client_end_audio(struct client *c);
/* Audio waits, and the connection has room for it: there is work for the next turn. */
bool client_has_audio(const struct client *c);
/* What a call leaves behind is cleared for the next one. */
void client_begin_call(struct client *c);
#define CLIENT_AUDIO_RING 65536

/* client_end.c */
/* Its connection ends or has ended: the call is hung up, nothing rings here. Once; later calls do nothing. */
void client_leave(struct client *c);
/* Whether the connection's end has been decided, by a line in the log and client_leave. */
void client_note_end(struct client *c);

/* listing.c */
/* A few lines, fewer than budget pays for and one more; returns what they cost: WS_TEXT_COST each file and each read that it took. */
size_t listing_step(struct client *c, size_t budget);
void listing_stop(struct client *c);

#endif
