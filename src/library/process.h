/* SPDX-License-Identifier: MIT */
/* The state behind the functions of sip_client.h: one for the process. */
#ifndef WSAUDIO_LIBRARY_PROCESS_H
#define WSAUDIO_LIBRARY_PROCESS_H

#include "phone.h"
#include "settings.h"
#include "sip_client.h"

#define SESSIONS_MAX 64
#define RING_US      DUR_S(120)
#define FINISH_US    DUR_S(5)     /* how long an answer to a BYE or CANCEL is waited for */
#define ACK_MAX      4096         /* an ACK that is longer is not kept */
#define INBOX_BYTES  (128 * 1024) /* datagrams of one batch that recv_with_timeout has not handed out */

enum outcome { OUTCOME_OPEN, OUTCOME_ANSWERED, OUTCOME_FAILED };

struct session {
    struct phone *phone;  /* owns; NULL: free slot */
    sip_session_t *user;  /* borrows from init to close */
    struct pool_id line;  /* the call that is up or under way */
    enum outcome outcome; /* of the call under way */
    bool finishing;       /* BYE or CANCEL went out; finish_by is when its answer is waited for no longer */
    mono_us finish_by;
    char call_id[sizeof(((sip_session_t *)0)->callid)]; /* of the last call */
    char callee[TEXT_SAFE_MAX + 1];                     /* of the last call, as log lines show it */
    size_t ack_len;
    char ack[ACK_MAX]; /* to its 200 */
};

struct process {
    struct engine *engine; /* owns; NULL: nothing is open */
    int pid;               /* of the process that opened it: a child of fork leaves all alone */
    struct settings settings;
    struct session sessions[SESSIONS_MAX];
    struct port *receiver; /* borrows: of the engine */
    struct record *record; /* owns: what the receiver writes */
    rtp_data_callback_t callback;
    struct frame_ring inbox; /* owns: what recv_with_timeout still has to hand out, each with its struct inbox_head */
    int inbox_fd;
};

extern struct process process;

/* Settings read, engine made if there is none. ST_BAD: a setting (logged); ST_NO_MEMORY, ST_IO. */
WS_MUST_CHECK int process_open(void);
/* The engine with what waited drained, or NULL when nothing is open. First thing of every call that works on it. */
struct engine *process_enter(void);
/* A session or the receiver is open. */
bool process_is_needed(void);
/* Frees the engine when nothing needs it any more. Last thing of the calls that close something. */
void process_leave(void);
/* NULL: that socket is none of a session's. */
struct session *process_session(int fd);
/* The address to bind and the address to advertise (family 0: that of the route), from LOCAL_IP. */
void process_local(const struct settings *s, struct net_addr *bind, struct net_addr *advertise);
/* A line of the log also where there is no engine. */
struct log *process_log(void);

/* ---- session.c ---- */

/* Ends the session's call, if there is one, and waits until that is answered or too late. */
void session_end_call(struct session *s);
/* That call was answered, whether it is still up or not. */
bool session_is_call(const struct session *s, const char *call_id);

/* ---- message.c ---- */

/* ACK (further 0) or BYE (further 1) made of the arguments of send_ack and send_bye, sent once. */
void message_send(const char *method, uint32_t further, int fd, const struct sockaddr_in *server, const char *call_id,
                  const char *tag, const char *branch, const char *to_tag, const char *cseq);

/* ---- sockaddr.c ---- */

struct net_addr from_sockaddr(const struct sockaddr_in *in);
struct sockaddr_in to_sockaddr(const struct net_addr *addr);

#endif
