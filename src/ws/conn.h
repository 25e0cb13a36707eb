/* SPDX-License-Identifier: MIT */
/* Room ws, private: what the files of a connection share.
 *
 * conn.c     life: start, close, time
 * conn_in.c  bytes to frames and pieces of messages: decides what wslay may see next
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

/* Bytes of the output that are audio, as offsets in the whole stream: the rest is control text. */
struct conn_run {
    uint64_t from, to;
};

struct ws_conn {
    wslay_event_context_ptr wslay;
    struct ws_hooks hooks;
    void (*wake)(void *ctx); /* NULL: nobody waits for changes */
    void *wake_ctx;
    uint64_t max_message;
    bool echo;
    bool paused;

    bool closing;        /* our close frame is queued or sent: what arrives is only searched for the client's */
    bool close_received; /* or nothing more can be expected */
    bool failed;
    enum ws_end end;
    bool input_seen; /* something came since the silence clock was last looked at */
    mono_us ping_due, silence_due;
    mono_us close_due; /* MONO_AT_ONCE until the first expire after the close began */
    dur_us close_max;

    struct frame_header frame; /* the frame that is being taken */
    uint64_t frame_left;       /* bytes of it still to be handed on, header included */
    size_t feed_left;          /* bytes that wslay may still read in this step */
    bool message_open;         /* a data message has begun and not ended */
    uint8_t message_opcode;
    uint64_t message_len;
    bool undecided;  /* it is too long, and its owner does not know yet what becomes of it */
    bool echo_begun; /* a fragment of the message has gone back */
    size_t echo_len; /* of the frame that is being filled */
    char echo_bytes[CONN_ECHO_FRAME];

    size_t in_head, in_tail;
    size_t out_head, out_tail;
    uint64_t out_done; /* bytes of the stream before out_head */
    uint64_t out_seen; /* out_done when the silence clock was last set back for our own sake */
    size_t run_count;
    struct conn_run runs[CONN_AUDIO_RUNS];
    uint8_t in[WS_INPUT_CAP];
    uint8_t out[WS_OUTPUT_CAP];
};

/* conn.c */
/* Something that its owner may ask for has changed. */
void conn_touch(struct ws_conn *conn);
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
/* The message in hand will never end: its owner is told. */
void conn_abort_message(struct ws_conn *conn);
/* callbacks of wslay */
ssize_t conn_on_recv(wslay_event_context_ptr ctx, uint8_t *buf, size_t len, int flags, void *user);
void conn_on_chunk(wslay_event_context_ptr ctx, const struct wslay_event_on_frame_recv_chunk_arg *arg, void *user);
void conn_on_message(wslay_event_context_ptr ctx, const struct wslay_event_on_msg_recv_arg *arg, void *user);

/* conn_out.c */
ssize_t conn_on_send(wslay_event_context_ptr ctx, const uint8_t *data, size_t len, int flags, void *user);
/* Moves what wslay holds into the output buffer. */
void conn_out_flush(struct ws_conn *conn);
bool conn_echo_room(const struct ws_conn *conn);
void conn_echo_piece(struct ws_conn *conn, struct span piece);
void conn_echo_end(struct ws_conn *conn);

#endif
