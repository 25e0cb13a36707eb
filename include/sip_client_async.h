/* SPDX-License-Identifier: MIT */
/* libsip_client for programs with a loop of their own: phones that never block. C99 and C++; link as for sip_client.h, of
 * which nothing is needed. Several phones may live side by side, each used by one thread at a time. The guide is
 * docs/library.md.
 *
 *     sip_phone *phone = sip_phone_new(&settings, on_event, NULL, &why);
 *     sip_phone_call(phone, "0938220136");
 *     for (;;) {
 *         struct pollfd fds[] = {{sip_phone_fd(phone), POLLIN, 0}};
 *         poll(fds, 1, sip_phone_timeout_ms(phone));
 *         sip_phone_step(phone);
 *     }
 */
#ifndef SIP_CLIENT_ASYNC_H
#define SIP_CLIENT_ASYNC_H

#include <stddef.h>

#if defined(__GNUC__)
#define SIP_PHONE_API __attribute__((__visibility__("default")))
#else
#define SIP_PHONE_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

typedef struct sip_phone sip_phone;

/* Zeroed, with size and server set, is a good start. All texts are copied. */
typedef struct {
    size_t size;          /* sizeof(sip_phone_settings): later versions may have more members */
    const char *server;   /* name (looked up in sip_phone_new, which then waits for it) or IP address */
    int server_port;      /* 0: 5060 */
    const char *local_ip; /* NULL: all addresses, and that of the route to the server is told to it */
    int local_port;       /* SIP; 0: any free one */
    int rtp_port;         /* of the first call, the next ones take the next free even ports; 0: any free ones */
    const char *username; /* digest; NULL: challenges cannot be answered */
    const char *password;
    const char *caller; /* From; NULL: username, else "anonymous" */
    int max_calls;      /* at once, 1 to 64; 0: 4 */
    int ring_seconds;   /* an unanswered call is cancelled; 0: 120 */
    int debug;          /* every SIP message on stdout */
} sip_phone_settings;

typedef enum {
    SIP_PHONE_RINGING,  /* code: 180, 183 … */
    SIP_PHONE_ANSWERED, /* the call is up: play, record */
    SIP_PHONE_PLAYED,   /* the file was played to its end */
    SIP_PHONE_PACKET,   /* a received RTP packet, header included: data, data_size */
    SIP_PHONE_ENDED     /* the call's last event; code: SIP status (200: a normal end), reason */
} sip_phone_event_kind;

typedef struct {
    sip_phone_event_kind kind;
    int call; /* as sip_phone_call gave it */
    int code;
    const char *reason; /* never NULL; all pointers are good until the callback returns */
    const unsigned char *data;
    size_t data_size;
} sip_phone_event;

/* Called from sip_phone_step only. It may call every sip_phone_ function but sip_phone_step and sip_phone_free. */
typedef void (*sip_phone_event_fn)(void *ctx, const sip_phone_event *event);

/* NULL: *why (may be NULL; a text that lives until the next call of the library) says what is wrong. Nothing is sent. */
SIP_PHONE_API sip_phone *sip_phone_new(const sip_phone_settings *settings, sip_phone_event_fn event, void *ctx,
                                       const char **why);
/* Calls that are up get one BYE and no waiting for its answer; to wait, hang up and step until sip_phone_is_idle. NULL is
 * fine. */
SIP_PHONE_API void sip_phone_free(sip_phone *phone);

/* Readable when a step has something to do. Poll it, or put it into an epoll set; neither read nor close it. */
SIP_PHONE_API int sip_phone_fd(const sip_phone *phone);
/* Milliseconds until a step is due although nothing comes; 0: now; -1: never. Fits poll and epoll_wait. */
SIP_PHONE_API int sip_phone_timeout_ms(const sip_phone *phone);
/* Does what is due and tells it, never waits. To be called when the descriptor is readable or the time is over; calling it
 * more often is harmless. 0, or -1 for a broken descriptor. */
SIP_PHONE_API int sip_phone_step(sip_phone *phone);
/* 1: no call is up or under way, and no BYE or CANCEL waits for its answer. */
SIP_PHONE_API int sip_phone_is_idle(const sip_phone *phone);

/* A number, a name or a sip: URI. The call's number, above 0; -1: target not understood, -2: all calls in use, no port or
 * no memory. ENDED follows in every case that gave a number, unless hung up here. */
SIP_PHONE_API int sip_phone_call(sip_phone *phone, const char *target);
/* BYE or CANCEL. No event follows for this call. 0, or -1: no such call. */
SIP_PHONE_API int sip_phone_hang_up(sip_phone *phone, int call);
/* Plays a WAV file into an answered call, instead of what plays. 0; -1: no such call, or not answered; -2: the file cannot
 * be played, *why says it. */
SIP_PHONE_API int sip_phone_play(sip_phone *phone, int call, const char *file, const char **why);
/* What plays ends without PLAYED. 0 or -1. */
SIP_PHONE_API int sip_phone_stop_playing(sip_phone *phone, int call);
/* Records what is received from now on into a mu-law WAV, complete at every moment; NULL ends it. 0; -1: no such call; -2:
 * the file cannot be written. */
SIP_PHONE_API int sip_phone_record(sip_phone *phone, int call, const char *file);
/* Port at which the far end receives; 0 before it is known. */
SIP_PHONE_API int sip_phone_remote_rtp_port(const sip_phone *phone, int call);

#ifdef __cplusplus
}
#endif

#endif
