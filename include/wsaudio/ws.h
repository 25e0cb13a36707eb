/* SPDX-License-Identifier: MIT */
/* Room ws, level 1, the only one that includes wslay: the WebSocket connection behind its handshake (RFC 6455),
 * and the words of the text protocol (SPEC section 3). */
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
    WS_END_BROKEN,   /* no close frame: out of memory */
    WS_END_COUNT
};

const char *ws_end_name(enum ws_end end);

/* All called from ws_conn_process; spans borrow. A hook may call any ws_conn_ function except process and free. */
struct ws_hooks {
    void *ctx;
    /* One complete text message that is no upload, at most WS_COMMAND_MAX bytes. A leading byte order mark and trailing
     * blanks, line ends and NULs are removed; before an upload the former too. */
    void (*command)(void *ctx, struct span text);
    /* A text message other than an upload was longer than WS_COMMAND_MAX; verb is what stood before the first ':' (at most
     * 32 bytes, else empty). Its bytes were passed over. */
    void (*command_too_large)(void *ctx, struct span verb);
    /* "WAV_UPLOAD:name:base64" as it streams in: begin once with the name, data any number of times, end once. aborted: the
     * message never completed (connection gone or failed). A missing second ':' gives begin with the rest as name and end
     * with no data. Names over WS_NAME_MAX come cut at WS_NAME_MAX + 1 bytes. */
    void (*upload_begin)(void *ctx, struct span name);
    void (*upload_data)(void *ctx, struct span base64);
    void (*upload_end)(void *ctx, bool aborted);
    /* Behind begin: the message is longer than max_message. No more data comes, the end does when all was read past. */
    void (*upload_over)(void *ctx);
    /* A piece of a binary message in order; last with its final piece (which may be empty). */
    void (*binary)(void *ctx, struct span piece, bool last);
    /* A piece of any message in echo mode never comes here: echo is handled inside. */
};

#define WS_COMMAND_MAX 8192
#define WS_NAME_MAX    FILE_NAME_LEN_MAX
#define WS_CONTROL_MAX 65536 /* control text a client may leave unread */
#define WS_INPUT_CAP   16384 /* at most this much is held of what a client has sent */
#define WS_OUTPUT_CAP  131072

struct ws_conn_config {
    uint64_t max_message;         /* longer ones close with 1009, uploads under 6 GiB excepted */
    bool echo;                    /* the /echo endpoint: messages go back as they came */
    const struct ws_hooks *hooks; /* copied; ignored with echo */
    const struct rng *rng;        /* borrowed */
    mono_us now;
};

/* An open connection (after the 101). NULL: out of memory. */
struct ws_conn *ws_conn_new(const struct ws_conn_config *config);
/* wake(ctx) is called whenever what the functions below say of output, end, pause or room for input may have become another: so
 * nobody has to ask all connections in each turn. From inside of any of them; it may be called once too often. NULL: nobody is. */
void ws_conn_set_wake(struct ws_conn *conn, void (*wake)(void *ctx), void *ctx);
/* Aborts an upload that is under way (upload_end(aborted)). NULL is fine. */
void ws_conn_free(struct ws_conn *conn);

/* Where to read the next bytes from the socket into: *ptr and room (0: full, read later). */
size_t ws_conn_input_space(struct ws_conn *conn, void **ptr);
/* So many bytes were put there. */
void ws_conn_input_commit(struct ws_conn *conn, size_t len);
/* Works on what is held: calls hooks, answers pings and closes. Stops at the next message border when paused. */
void ws_conn_process(struct ws_conn *conn, mono_us now);
/* The same for a share of a turn: stops behind the step with which `budget` is used up, and returns what was spent. A byte
 * costs 1, a frame WS_FRAME_COST beside its bytes, one that begins a text message WS_COMMAND_COST; what is spent may be over
 * budget by WS_STEP_COST_MAX. */
size_t ws_conn_process_some(struct ws_conn *conn, mono_us now, size_t budget);
#define WS_FRAME_COST    256
#define WS_COMMAND_COST  2048
#define WS_STEP_COST_MAX 4097
/* While paused no further message is begun (a command after an upload sees its result); bytes wait, and so does a close
 * frame, so that the result goes out before its answer. Pings in front are answered. */
void ws_conn_pause(struct ws_conn *conn, bool paused);
bool ws_conn_is_paused(const struct ws_conn *conn);
/* True when bytes are held that process could work on now. */
bool ws_conn_has_work(const struct ws_conn *conn);

/* Control text: never dropped. Over WS_CONTROL_MAX unread the connection is closed with 1013. */
void ws_conn_send_text(struct ws_conn *conn, struct span text);
/* Bytes of control text not yet taken by the socket: a writer of many lines (WAV_LIST) stops when it grows. */
size_t ws_conn_control_queued(const struct ws_conn *conn);
/* Is there room for audio now: nothing queued in wslay, no close sent, and `len` payload bytes (+10) fit the output with
 * room to spare for control? */
bool ws_conn_audio_room(const struct ws_conn *conn, size_t len);
/* Writes one text or binary audio message straight to the output, no allocation. Only after ws_conn_audio_room. The
 * payload is produced by fill into exactly len bytes (so that hex is written in place). */
typedef void (*ws_fill_fn)(void *ctx, uint8_t *out, size_t len);
void ws_conn_send_audio(struct ws_conn *conn, bool text, size_t len, ws_fill_fn fill, void *ctx);
/* Starts the close handshake; further calls are ignored. No hook is called for a message after this; an upload under way
 * is aborted in the next process or free. `due` is then past until expire has been called once: it starts the clock. */
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

/* ---- words of the text protocol ---- */

enum ws_verb {
    WS_VERB_UNKNOWN,
    WS_VERB_CALL,
    WS_VERB_HANGUP,
    WS_VERB_WAV_UPLOAD,
    WS_VERB_PLAY_WAV,
    WS_VERB_STOP_WAV,
    WS_VERB_DTMF,
    WS_VERB_MEDIA,
    WS_VERB_MARK,
    WS_VERB_CLEAR,
    WS_VERB_LATENCY,
    WS_VERB_LIST_WAV,
    WS_VERB_DELETE_WAV,
    WS_VERB_STATS,
    WS_VERB_LISTEN,
    WS_VERB_UNLISTEN,
    WS_VERB_ANSWER,
    WS_VERB_REJECT,
    WS_VERB_HOLD,
    WS_VERB_RESUME,
    WS_VERB_TRANSFER,
    WS_VERB_COUNT
};

const char *ws_verb_name(enum ws_verb verb);

struct ws_command {
    enum ws_verb verb;
    struct span word; /* the verb as sent, for ERROR:VERB (cut at 32 bytes, made safe by the writer) */
    bool has_arg;     /* a ':' stood behind it */
    struct span arg;  /* behind the first ':' */
};

/* Never fails: what is not known is WS_VERB_UNKNOWN. Verbs are exact. */
void ws_command_parse(struct span text, struct ws_command *out);

/* The verb that an unknown word most likely means, ASCII case and '_' aside: one that holds it or is held by it, or differs in
 * a third of its letters at most. WS_VERB_UNKNOWN: none is near. */
enum ws_verb ws_verb_nearest(struct span word);
/* Whether these bytes are a command's text: "VERB:" and anything, or a verb with nothing but blanks, line ends and NULs
 * behind it. *maybe: they could become one if more came; never set over WS_VERB_TEXT_MAX bytes. */
enum ws_verb ws_verb_of_text(struct span bytes, bool *maybe);
#define WS_VERB_TEXT_MAX 16

enum ws_error {
    WS_ERROR_BAD_ARGUMENT,
    WS_ERROR_BAD_BASE64,
    WS_ERROR_BAD_WAV,
    WS_ERROR_TOO_LARGE,
    WS_ERROR_QUOTA,
    WS_ERROR_NOT_FOUND,
    WS_ERROR_BUSY,
    WS_ERROR_NO_CALL,
    WS_ERROR_NOT_ESTABLISHED,
    WS_ERROR_DENIED,
    WS_ERROR_RATE_LIMITED,
    WS_ERROR_UNSUPPORTED,
    WS_ERROR_UNKNOWN_VERB,
    WS_ERROR_IO,
    WS_ERROR_INTERNAL,
    WS_ERROR_COUNT
};

const char *ws_error_name(enum ws_error error);

#endif
