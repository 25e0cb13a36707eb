/* SPDX-License-Identifier: MIT */
/* Room ws, level 1, the only one that includes wslay: the WebSocket connection behind its handshake (RFC 6455). It carries messages
 * and knows no word of what is said in them. */
#ifndef WSAUDIO_WS_H
#define WSAUDIO_WS_H

#include "wsaudio/base.h"

/* ---- connection ---- */

struct ws_conn;

enum ws_close { /* RFC 6455 7.4.1 */
                WS_CLOSE_NORMAL = 1000,
                WS_CLOSE_GOING_AWAY = 1001,
                WS_CLOSE_PROTOCOL = 1002,
                WS_CLOSE_INVALID_DATA = 1007,
                WS_CLOSE_POLICY = 1008,
                WS_CLOSE_TOO_BIG = 1009,
                WS_CLOSE_TRY_LATER = 1013
};

/* Why a connection ends. */
enum ws_end {
    WS_END_NONE,     /* it does not */
    WS_END_CLIENT,   /* the client has closed it */
    WS_END_OWNER,    /* ws_conn_close */
    WS_END_PROTOCOL, /* 1002: the client broke RFC 6455 */
    WS_END_INVALID,  /* 1007: its text is no UTF-8 */
    WS_END_TOO_BIG,  /* 1009: a message over max_message */
    WS_END_UNREAD,   /* 1013: WS_CONTROL_MAX of control text unread */
    WS_END_SILENT,   /* no close frame: nothing was heard for 60 s */
    WS_END_BROKEN    /* no close frame: out of memory */
};

/* What becomes of a text message that turns out longer than max_message. */
enum ws_long {
    WS_LONG_REFUSE, /* the connection is closed with 1009 */
    WS_LONG_ASK, /* not known yet: it is handed on byte by byte, and asked for behind each; refused when it ends like that */
    WS_LONG_TAKE /* it is handed on like any other: its owner reads it past */
};

/* All but wake are called from ws_conn_process and ws_conn_input, text_abort from ws_conn_free too; spans borrow. They may call any ws_conn_ function
 * except process, free and those for input, wake none. Echo is handled inside and calls none of them but wake. */
struct ws_hooks {
    void *ctx;
    /* A piece of a text message in order; last with its final piece (which may be empty). The UTF-8 of what comes before last
     * may be cut in the middle of a character; text that is none ends the connection before last is told. */
    void (*text)(void *ctx, struct span piece, bool last);
    /* The text message that goes on, or the next one before its first piece, is len bytes at least, more than max_message.
     * Asked again for each frame of it. NULL: refused, as binary ones are. */
    enum ws_long (*text_over)(void *ctx, uint64_t len);
    /* The text message that has begun will not be completed: the connection ends or has gone. May be NULL. */
    void (*text_abort)(void *ctx);
    /* A piece of a binary message, as text. */
    void (*binary)(void *ctx, struct span piece, bool last);
    /* There may be something to do for this connection: bytes are held or have gone out, its end was decided, a pause is over. From
     * inside of any function below; with echo too. May be NULL. */
    void (*wake)(void *ctx);
};

#define WS_CONTROL_MAX 65536 /* control text a client may leave unread */
#define WS_INPUT_CAP   16384 /* at most this much is held of what a client has sent */
#define WS_OUTPUT_CAP  131072
/* What a connection takes at most: input, output and the piece of it that it outgrew, itself, wslay's context, the frame that an echo
 * fills. While it is not behind it takes a KiB. */
#define WS_CONN_MEMORY (WS_INPUT_CAP + WS_OUTPUT_CAP + WS_OUTPUT_CAP / 4 + 24576)

struct ws_conn_config {
    uint64_t max_message;         /* longer ones close with 1009, unless text_over takes them */
    bool echo;                    /* the /echo endpoint: messages go back as they came */
    const struct ws_hooks *hooks; /* copied */
};

/* An open connection (after the 101). NULL: out of memory. */
struct ws_conn *ws_conn_new(const struct ws_conn_config *config, mono_us now);
/* wake(ctx) is called whenever what the functions below say of output, end, pause or room for input may have become another: so
 * nobody has to ask all connections in each turn. From inside of any of them; it may be called once too often. NULL: nobody is. The
 * hook of that name is for who works on its messages, this one for who carries its bytes. */
void ws_conn_set_wake(struct ws_conn *conn, void (*wake)(void *ctx), void *ctx);
/* Aborts the message that has begun (text_abort). NULL is fine. */
void ws_conn_free(struct ws_conn *conn);

/* Works at once on bytes that came while none were held (WS_INPUT_CAP at most), where they lie: they are unmasked there. now and budget as
 * with ws_conn_process, but the budget may be 0. What is left is copied into memory of the connection's own, which is there until all
 * of it has been worked on; without memory the connection ends as broken. Returns what was spent. */
size_t ws_conn_input(struct ws_conn *conn, void *bytes, size_t len, mono_us now, size_t budget);
/* Bytes are held, so that the next ones have to be put behind them: */
bool ws_conn_holds_input(const struct ws_conn *conn);
/* Where to: *ptr and room (0: full, read later). */
size_t ws_conn_input_space(struct ws_conn *conn, void **ptr);
/* So many bytes were put there. */
void ws_conn_input_commit(struct ws_conn *conn, size_t len);
/* Works on what is held: calls hooks, answers pings and closes. Stops at the next message border when paused, and behind the step
 * with which `budget` is used up; returns what was spent. A byte costs 1, a frame WS_FRAME_COST beside its bytes, one that begins
 * a text message WS_TEXT_COST; what is spent may be over budget by WS_STEP_COST_MAX. */
size_t ws_conn_process(struct ws_conn *conn, mono_us now, size_t budget);
#define WS_FRAME_COST    256
#define WS_TEXT_COST     2048
#define WS_STEP_COST_MAX 16640 /* a frame held whole, of WS_INPUT_CAP */
/* While paused no further message is begun (what a client asks for behind something slow sees its result); bytes wait, and so does a close
 * frame, so that the result goes out before its answer. Pings in front are answered. */
void ws_conn_pause(struct ws_conn *conn, bool paused);
bool ws_conn_is_paused(const struct ws_conn *conn);
/* True when bytes are held that process could work on now. */
bool ws_conn_has_work(const struct ws_conn *conn);

/* Control text: never dropped. Over WS_CONTROL_MAX unread the connection is closed with 1013. */
void ws_conn_send_text(struct ws_conn *conn, struct span text);
/* Bytes of control text not yet taken by the socket: a writer of many lines (WAV_LIST) stops when it grows. */
size_t ws_conn_control_queued(const struct ws_conn *conn);
/* Is there room for audio now: no close sent, and `len` payload bytes (+10) fit the output with
 * room to spare for control? */
bool ws_conn_audio_room(const struct ws_conn *conn, size_t len);
/* Writes one text or binary audio message straight to the output. Memory is allocated only where a backlog grows; when there is none
 * the connection ends as broken, and fill is not called. Only after ws_conn_audio_room. The payload is produced by fill into exactly len bytes (so that hex is written in place). */
typedef void (*ws_fill_fn)(void *ctx, uint8_t *out, size_t len);
void ws_conn_send_audio(struct ws_conn *conn, bool text, size_t len, ws_fill_fn fill, void *ctx);
/* Starts the close handshake; further calls are ignored. No hook is called for a message after this; a message that has begun
 * is aborted in the next process or free. `due` is then MONO_AT_ONCE until expire has been called once: it starts the clock. */
void ws_conn_close(struct ws_conn *conn, enum ws_close code, const char *reason);

/* Bytes to be written to the socket: *ptr and length. At most two looks are needed (ring border). */
size_t ws_conn_output(const struct ws_conn *conn, const void **ptr);
void ws_conn_output_consume(struct ws_conn *conn, size_t len);
/* As soon as it is decided, which may be seconds before it is done: nothing of the client is heard any more and nothing but
 * what is queued goes to it. */
enum ws_end ws_conn_end(const struct ws_conn *conn);
/* Both directions are done, or failed: flush what is left and close the socket. */
bool ws_conn_is_done(const struct ws_conn *conn);
/* Failed, silent, or out of time with its end (an answer to our close frame, or room for what is queued, did not come):
 * close the socket now, whatever has not been sent. */
bool ws_conn_is_lost(const struct ws_conn *conn);
/* Next ping, silence (60 s, whatever waits to be sent) or time-out of the end (5 s; 1 s after 1013). */
mono_us ws_conn_due(const struct ws_conn *conn);
void ws_conn_expire(struct ws_conn *conn, mono_us now);

#endif
