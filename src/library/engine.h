/* SPDX-License-Identifier: MIT */
/* What both faces of the library stand on: one loop, its 20 ms ticker, randomness, log. The face of old has one for the
 * process, each phone of sip_client_async.h its own. */
#ifndef WSAUDIO_LIBRARY_ENGINE_H
#define WSAUDIO_LIBRARY_ENGINE_H

#include <signal.h>

#include "wsaudio/base.h"
#include "wsaudio/media.h"
#include "wsaudio/os.h"

/* Descriptors watched at once: sessions, media ports, the ticker, one socket of the program's. */
#define ENGINE_WATCHES 256

/* Calls at once on one engine: each has two descriptors. */
#define ENGINE_SESSIONS (ENGINE_WATCHES / 2)

struct line_audio;
struct port;

struct engine {
    struct os_loop *loop;       /* owns */
    struct os_udp_batch *batch; /* owns; shared by all sockets */
    struct os_ticker ticker;
    struct pool_id ticker_watch;
    struct rng rng;
    struct log log;
    struct list_node phones;
    struct media *media;                   /* owns: the calls' audio */
    struct port *port_of[ENGINE_SESSIONS]; /* borrows: by the slot of the session that uses it */
    struct list_node ports;
    mono_us now;                   /* of the turn in hand; read by engine_now */
    uint64_t received;             /* datagrams so far */
    uint64_t ended;                /* calls that ended so far */
    bool inside;                   /* a turn is under way: a callback may not begin another */
    volatile sig_atomic_t waiting; /* the turn only waits: what a signal handler finds is whole */
    bool
        defers_signals; /* handlers run between turns, in their waits and in callbacks, not in the middle of the work */
    sigset_t program_mask; /* the program's, while a turn has its own */
    /* who hears of every packet on any port (audio: the call's, NULL: none); NULL: nobody */
    void (*hear)(void *ctx, const struct line_audio *audio, const void *data, size_t len);
    void *hear_ctx;
    /* who sees each datagram that arrives on one of the sockets, before it is acted upon; NULL: nobody */
    void (*tap)(void *ctx, int fd, const struct os_datagram *datagram);
    void *tap_ctx;
};

/* ST_NO_MEMORY, ST_IO, ST_FULL (no descriptors). */
WS_MUST_CHECK int engine_new(struct engine **out);
/* Phones and ports are gone by then. NULL is fine. */
void engine_free(struct engine *e);
/* The time of the turn in hand: the clock was read once, when it began. Outside of a turn it is read anew. */
mono_us engine_now(struct engine *e);
/* When a turn has something to do without any datagram; MONO_NEVER: nothing. The ticker is not counted: it is among the
 * loop's descriptors. */
mono_us engine_due(const struct engine *e);
/* One turn: waits until a descriptor is ready, something is due or `until` passes, and does what there is to do. ST_STATE
 * from inside a callback; ST_IO for a broken loop. */
WS_MUST_CHECK int engine_turn(struct engine *e, mono_us until);
/* Turns without waiting until no datagram is left (bounded against a flood). Nothing from inside a callback. */
void engine_drain(struct engine *e);
/* For poll: until then, rounded up, as waking early would only mean to wait again. -1: MONO_NEVER. */
int engine_ms_until(mono_us until);
/* The ticker runs while something sends. */
WS_MUST_CHECK int engine_ticker_arm(struct engine *e);
void engine_ticker_rest(struct engine *e);

/* ---- log.c ---- */

/* "[YYYY-MM-DD HH:MM:SS] LEVEL text" on stdout. Lines below WARNING only where debugging is asked for. */
void library_log_open(struct log *log, bool debug);

#endif
