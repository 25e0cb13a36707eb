/* SPDX-License-Identifier: MIT */
/* Room ws, private: what the files of a connection share.
 *
 * conn.c     life: start, close, time
 * conn_in.c  bytes to frames and pieces of messages: decides what wslay may see next
 * conn_held.c where those bytes lie
 * conn_out.c the output buffer: control text, audio, echo */
#ifndef WSAUDIO_WS_CONN_H
#define WSAUDIO_WS_CONN_H

#include <wslay/wslay.h>

#include "frame.h"
#include "wsaudio/ws.h"

#define CONN_PING_EVERY     DUR_S(20)
#define CONN_SILENCE_MAX    DUR_S(60)
#define CONN_CLOSE_MAX      DUR_S(5)
#define CONN_CLOSE_HURRY    DUR_S(1) /* for a client that does not read */
#define CONN_OUT_SLACK      4096     /* pongs of one turn and the close frame */
#define CONN_AUDIO_MAX      (WS_OUTPUT_CAP - WS_CONTROL_MAX - CONN_OUT_SLACK)
#define CONN_AUDIO_RUNS     32
#define CONN_FEED           4096 /* bytes that wslay is given in one step */
#define CONN_ECHO_FRAME     8192 /* payload bytes of a frame that goes back */
#define CONN_AUDIO_HEADROOM 10   /* longest header of ours */
#define CONN_OUT_SMALL      512  /* output that needs no memory beside the connection: three frames of 20 ms */
#define CONN_OUT_KEEP       2048 /* a larger buffer of output is given back once it is empty */
#define CONN_IN_SMALL       4096 /* memory for what is left over of a read, when it is little */
#define CONN_WHOLE_MAX      2048 /* a binary frame up to here is waited for and taken in one piece */

/* Bytes of the output that are audio, as offsets in the whole stream, of which 32 bits are enough to tell them apart: the rest is
 * control text. */
struct conn_run {
    uint32_t from, to;
};

/* What each frame touches stands in front. The big buffers are elsewhere, and there only while they are needed. */
struct ws_conn {
    bool closing;        /* our close frame is queued or sent: what arrives is only searched for the client's */
    bool close_received; /* or nothing more can be expected */
    bool close_sent;     /* ours is in the output */
    bool failed;
    bool echo;
    bool paused;
    bool message_open; /* a data message has begun and not ended */
    bool undecided;    /* it is too long, and its owner does not know yet what becomes of it */
    bool input_seen;   /* something came since the silence clock was last looked at */
    bool in_lent;      /* in is not ours */
    uint8_t message_opcode;
    uint8_t frame_opcode; /* of the frame that is being taken */
    enum ws_end end;
    uint32_t in_head, in_tail, in_cap;
    uint32_t out_head, out_tail, out_cap;
    uint32_t run_count;
    uint32_t out_done;   /* bytes of the stream before out_head, modulo 2^32 */
    uint8_t *in;         /* lent, or owned while bytes are held; NULL */
    uint8_t *out;        /* out_small, or owned */
    uint64_t frame_left; /* bytes of the frame still to be handed on, header included */
    uint64_t max_message;
    struct ws_hooks hooks;
    void (*wake)(void *ctx); /* NULL: nobody waits for changes */
    void *wake_ctx;
    mono_us ping_due, silence_due;
    struct conn_run runs[CONN_AUDIO_RUNS];
    uint8_t out_small[CONN_OUT_SMALL];

    wslay_event_context_ptr wslay; /* NULL: no frame is in the middle of being taken, nor a message */
    size_t feed_left;              /* bytes that wslay may still read in this step */
    uint64_t message_len;
    uint32_t out_seen; /* out_done when the silence clock was last set back for our own sake */
    mono_us close_due; /* MONO_AT_ONCE until the first expire after the close began */
    dur_us close_max;
    struct conn_echo *echoed; /* owns; NULL without echo */
};

/* What goes back of a message. */
struct conn_echo {
    bool begun; /* a fragment of the message has gone back */
    size_t len; /* of the frame that is being filled */
    char bytes[CONN_ECHO_FRAME];
};

/* conn.c */
/* Something that its owner may ask for has changed. */
void conn_touch(struct ws_conn *conn);
/* Something that who carries its bytes may ask for. */
void conn_touch_carrier(struct ws_conn *conn);
/* For a reason of our own: code says which. */
void conn_close(struct ws_conn *conn, uint16_t code, const char *reason, dur_us patience);
/* For any other. */
void conn_close_for(struct ws_conn *conn, enum ws_end end, uint16_t code, const char *reason, dur_us patience);
/* Whatever has come in is a sign of life. */
void conn_note_input(struct ws_conn *conn, mono_us now);
/* What a close frame of ours with that code means. */
enum ws_end conn_end_of_code(uint16_t code);
/* Nothing can be sent any more. An end that was decided before stays the reason. */
void conn_fail(struct ws_conn *conn, enum ws_end end);

/* conn_in.c */
void conn_in_fini(struct ws_conn *conn);
/* Works on what is held, as ws_conn_process; returns what it cost. */
size_t conn_in_work(struct ws_conn *conn, mono_us now, size_t budget);
/* The message in hand will never end: its owner is told. */
void conn_abort_message(struct ws_conn *conn);
/* callbacks of wslay */
ssize_t conn_on_recv(wslay_event_context_ptr ctx, uint8_t *buf, size_t len, int flags, void *user);
void conn_on_chunk(wslay_event_context_ptr ctx, const struct wslay_event_on_frame_recv_chunk_arg *arg, void *user);
void conn_on_message(wslay_event_context_ptr ctx, const struct wslay_event_on_msg_recv_arg *arg, void *user);

/* conn_out.c */
void conn_out_init(struct ws_conn *conn);
void conn_out_fini(struct ws_conn *conn);
ssize_t conn_on_send(wslay_event_context_ptr ctx, const uint8_t *data, size_t len, int flags, void *user);
/* A frame that is no audio: text or control. Without memory the connection fails. */
void conn_out_frame(struct ws_conn *conn, uint8_t opcode, struct span payload);
/* Has more than WS_CONTROL_MAX been left unread? Closes it then. */
void conn_check_unread(struct ws_conn *conn);
bool conn_echo_room(const struct ws_conn *conn);
void conn_echo_begin(struct ws_conn *conn);
void conn_echo_piece(struct ws_conn *conn, struct span piece);
void conn_echo_end(struct ws_conn *conn);

#endif
