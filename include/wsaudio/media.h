/* SPDX-License-Identifier: MIT */
/* Room media, level 2: one RTP session from its first SDP to its last packet. It negotiates, sends a packet each 20 ms (DTMF, the
 * file that plays, queued live audio or silence), learns where the far end's audio comes from, receives, plays out, reports and
 * records. It knows no client and no SIP dialog: SDP comes in as text and goes out as text, and what happens is told by one hook.
 * Sockets, files and the wall clock come in through the tables below, time as an argument. */
#ifndef WSAUDIO_MEDIA_H
#define WSAUDIO_MEDIA_H

#include "wsaudio/audio.h"
#include "wsaudio/base.h"
#include "wsaudio/rtp.h"
#include "wsaudio/sdp.h"

#define MEDIA_TICK_US RTP_FRAME_US

/* All sessions send on one grid: the multiples of 20 ms of the monotonic clock. */
static inline mono_us media_tick_after(mono_us now)
{
    return (now / MEDIA_TICK_US + 1) * MEDIA_TICK_US;
}

/* ---- sockets ---- */

struct media_io {
    void *ctx;
    /* Opens the RTP/RTCP pair of one session; what arrives on it is brought to media_input with that id. *port is the RTP port.
     * ST_FULL (no pair free), ST_IO. */
    int (*open)(void *ctx, struct pool_id session, uint16_t *port);
    void (*close)(void *ctx, struct pool_id session);
    /* ST_OK, ST_AGAIN or ST_IO: a packet that cannot be sent is lost, as on any network. */
    int (*send)(void *ctx, struct pool_id session, bool rtcp, const struct net_addr *to, const void *data, size_t len);
    /* Microseconds since 1970 (NTP time of RTCP, file names). */
    int64_t (*wall)(void *ctx);
};

/* ---- files ---- */

#define FILE_HANDLE_NONE (-1)
#define MEDIA_WHY_MAX    160 /* of a text that says why a file cannot be played */

/* Handles belong to the implementation. Every function returns ST_OK or a status; none may block on a disk flush. */
struct media_files {
    void *ctx;
    /* Playing; a handle is never negative. open: ST_NOT_FOUND, ST_IO. read: bytes read, fewer only at the end, or ST_IO. */
    int (*play_open)(void *ctx, const char *name, int *handle, uint64_t *size);
    int (*play_read)(void *ctx, int handle, uint64_t offset, void *data, size_t len);
    void (*play_close)(void *ctx, int handle);
    /* The converted form of a file that no session can play as it lies: 8 kHz, one channel, 16-bit little-endian samples, kept
     * beside it. `source` is a handle of play_open: what was converted is valid for those very bytes only, not for a later file
     * of that name. cached_open: *handle for play_read and play_close, its samples are the `len` bytes from *offset on;
     * ST_NOT_FOUND: none, or one that does not fit. cache_begin: len is the length that will be written; ST_FULL (quota, disk),
     * ST_TOO_LARGE, ST_IO; at most one at a time. cache_write: ST_TOO_LARGE, ST_FULL, ST_IO; after an error only abort may follow.
     * commit: flushed and renamed behind the scenes, then media_cache_done; one that returns an error has released the file. abort
     * is always allowed before commit. All NULL: nothing is kept. */
    int (*cached_open)(void *ctx, const char *name, int source, int *handle, uint64_t *offset, uint64_t *len);
    int (*cache_begin)(void *ctx, const char *name, int source, uint64_t len, struct pool_id *cache);
    int (*cache_write)(void *ctx, struct pool_id cache, const void *data, size_t len);
    int (*cache_commit)(void *ctx, struct pool_id cache);
    void (*cache_abort)(void *ctx, struct pool_id cache);
    /* Recordings. begin gives the file's path, for people. write: ST_FULL (quota, disk) or ST_IO end the recording. end: no write
     * follows; flushed and closed behind the scenes. */
    int (*record_begin)(void *ctx, const char *number, const char *callid8, struct pool_id *recording, char *path,
                        size_t cap);
    int (*record_write)(void *ctx, struct pool_id recording, uint64_t offset, const void *data, size_t len);
    void (*record_end)(void *ctx, struct pool_id recording);
    /* Each RTP packet that was taken; NULL: not wanted. */
    void (*raw_packet)(void *ctx, const void *data, size_t len);
};

/* ---- all sessions of one owner ---- */

struct media;
struct media_session;

/* A tenth of a millisecond on a PC, under one on a slow board. */
#define MEDIA_TURN_STEPS 200000U

struct media_config {
    const struct log *log; /* borrows; NULL: nothing is logged */
    const struct rng *rng; /* borrows */
    struct media_io io;
    struct media_files files; /* none: all NULL; then nothing is played or recorded by name */
    enum rtp_learn learn;
    uint32_t max_sessions;
    uint64_t live_bytes; /* of all sessions' queued live audio */
    dur_us report_every; /* 0: RTCP reports at times drawn as RFC 3550 6.2 wants */
    uint64_t turn_steps; /* what a turn may spend on converting files, as wav_converter_steps; 0: MEDIA_TURN_STEPS */
};

/* Everything is copied but log and rng. ST_NO_MEMORY. */
WS_MUST_CHECK int media_new(const struct media_config *config, struct media **out);
/* Its sessions are closed by then. NULL is fine. */
void media_free(struct media *m);
/* Bytes that so many sessions need at most, with what they play and record. */
uint64_t media_memory(uint32_t max_sessions, uint64_t live_bytes);
/* Of them those without files and live audio. */
uint64_t media_memory_bare(uint32_t max_sessions);

/* The one place where packets arrive: a datagram on the RTP or RTCP socket of a session. Stale ids are ignored. */
void media_input(struct media *m, mono_us now, struct pool_id session, bool rtcp, const struct net_addr *from,
                 const void *data, size_t len);

/* The next tick on the grid, or MONO_NEVER while no session sends: then the ticker is disarmed. */
mono_us media_tick_due(const struct media *m);
/* At or after media_tick_due: sends what is due in every session. */
void media_tick(struct media *m, mono_us now);

/* Towards the end of every turn: spends what is left of the turn's share for files, first on those that are converted while they
 * play, another session's first each time, then on the one that is to be kept. The next turn has a full share again. */
void media_turn(struct media *m);
/* The next turn should come at once: files still have to be converted. */
bool media_has_work(const struct media *m);
/* Keeps the converted form of that file, when its turn comes. One that waits already is not doubled; when too many wait it is
 * forgotten: it plays all the same, and the next time it does it is asked for again. */
void media_convert(struct media *m, const char *name);
/* cache_commit is over: the converted form is there (ST_OK), or not. Comes from a later turn or from inside commit. */
void media_cache_done(struct media *m, int status);
/* No file is converted any more; what is being stored goes on. */
void media_stop(struct media *m);

struct media_stats {
    uint64_t rtp_in, rtp_out, rtp_dropped; /* dropped: no valid RTP of that session */
    uint64_t ticks_skipped;                /* packets skipped because we were late */
    uint64_t live_held;                    /* bytes of live_bytes in use */
    uint64_t conversions;                  /* converted forms that were kept */
    uint64_t convert_turns;                /* turns that converted something, for a session or to be kept */
    uint64_t convert_steps_max;            /* most that one of them did, see wav_converter_steps */
};
struct media_stats media_stats(const struct media *m);

/* ---- what is told ---- */

enum media_event_kind {
    MEDIA_EVENT_AUDIO,        /* audio: received, in the format of media_session_hear; the bytes live during the call */
    MEDIA_EVENT_DTMF,         /* digit: the far end pressed it */
    MEDIA_EVENT_MARK,         /* name: the last sample before it has left, or was dropped */
    MEDIA_EVENT_FLOW_STOP,    /* over 10 s of live audio wait */
    MEDIA_EVENT_FLOW_GO,      /* that was told, and under 2 s wait */
    MEDIA_EVENT_PLAY_STARTED, /* name: the file's first frame leaves */
    MEDIA_EVENT_PLAY_FAILED,  /* name, why: it cannot be opened any more when its turn comes, and is passed over */
    MEDIA_EVENT_PLAY_ENDED,   /* name: its last frame leaves */
    MEDIA_EVENT_PLAY_STOPPED, /* name: before its end */
    MEDIA_EVENT_COUNT
};

/* Texts live during the call. */
struct media_event {
    enum media_event_kind kind;
    char digit;
    const char *name;
    const char *why;
    struct span audio;
    /* AUDIO of MEDIA_AUDIO_PACKETS */
    const struct rtp_packet *packet;
    enum rtp_rx_verdict verdict;
    bool is_audio; /* and its codec; else an event or comfort noise */
    enum audio_codec codec;
};

/* May not open, close or free a session, but behind MEDIA_EVENT_AUDIO of MEDIA_AUDIO_PACKETS: that is the last thing of its packet. */
typedef void (*media_event_fn)(void *ctx, const struct media_event *event);

/* ---- one session: open, negotiate, start, close, free ---- */

/* In which form audio is wanted, or given. */
enum media_audio {
    MEDIA_AUDIO_PACKETS,  /* received: RTP packets as they came; given: mu-law */
    MEDIA_AUDIO_ULAW,     /* frames of 20 ms, 8 kHz */
    MEDIA_AUDIO_ALAW,     /* */
    MEDIA_AUDIO_L16,      /* 16-bit little-endian, 8 kHz */
    MEDIA_AUDIO_L16_WIDE, /* 16 kHz */
    MEDIA_AUDIO_OFF,
    MEDIA_AUDIO_COUNT
};
#define MEDIA_WIDE_HZ (2 * AUDIO_HZ)

/* What is sent. */
enum media_source {
    MEDIA_SOURCE_QUEUE,   /* DTMF, files, live audio, else silence, each 20 ms */
    MEDIA_SOURCE_ECHO,    /* what came in, over a queue of 200 ms, else the same */
    MEDIA_SOURCE_REFLECT, /* what comes in goes out again at once, DTMF as DTMF, and nothing else: no tick */
    MEDIA_SOURCE_TONE     /* 1 kHz */
};

struct media_session_config {
    const char *label;     /* borrows: whose log lines they are */
    struct net_addr local; /* IP of our SDP */
    uint16_t port;         /* the owner has opened this one already; 0: io.open opens a pair */
    struct net_addr sip_peer;
    enum media_audio format;     /* as media_session_hear */
    struct resampler *upsampler; /* borrows */
    uint32_t latency_ms;         /* as media_session_set_latency */
    enum media_source source;
    media_event_fn event;
    void *ctx;
};

/* From now on packets are taken: early ones are welcome. ST_FULL: no session or no ports are left. ST_IO. */
WS_MUST_CHECK int media_session_open(struct media *m, const struct media_session_config *config,
                                     struct media_session **out);
/* Stops playing and recording, says RTCP BYE, closes the ports; its figures stay. Tells the audio that waits to be heard. NULL, one
 * that is closed: nothing. */
void media_session_close(struct media_session *s, mono_us now);
/* Closed by then. NULL is fine. */
void media_session_free(struct media_session *s);

/* Our offer: of the INVITE, or of a 2xx to one without. ST_TOO_LARGE. */
WS_MUST_CHECK int media_session_write_offer(struct media_session *s, struct outbuf *out);

/* Writes the answer to an offer, first or again: whatever the session can serve (RFC 3264 8: another address, direction, codec, payload
 * type), and the same for every owner. No offer: ours, and the ACK brings the answer. The codec in use stays while it is offered; the
 * version of our SDP goes up by one when its text is another. What it comes to is in force with media_session_start, once the
 * answer is on its way; until then, and with any failure, all is as it was. ST_BAD: *why says what cannot be served. ST_TOO_LARGE. */
#define MEDIA_ANSWER_MAX 4096 /* bytes: every m= line of the offer comes back */
WS_MUST_CHECK int media_session_answer(struct media_session *s, struct span offer, struct outbuf *out,
                                       const char **why);
/* What media_session_answer wrote last could not be sent, or may not: the session is as it was before. Nothing behind a failure. */
void media_session_withdraw(struct media_session *s);
/* The answer to an offer of ours. ST_BAD: *why. */
WS_MUST_CHECK int media_session_take_answer(struct media_session *s, struct span answer, const char **why);
/* Negotiated without SDP: what the owner knows of the far end. */
void media_session_assume(struct media_session *s, const struct sdp_negotiated *negotiated);
/* The same in the ACK behind media_session_answer without an offer (RFC 3261 14.2, RFC 3264 8): an answer that takes the stream away
 * keeps the session, with no media either way. An empty one answers nothing: ST_AGAIN. */
WS_MUST_CHECK int media_session_take_late_answer(struct media_session *s, struct span answer, const char **why);
/* That ACK is awaited. */
bool media_session_awaits_answer(const struct media_session *s);

/* What was negotiated is in force: where packets come from and go to, the codec, the packet time, the directions. sending false: early
 * media, only received. Once it sends, the stream goes on whatever is negotiated later: same SSRC, sequence and timestamps. */
void media_session_start(struct media_session *s, mono_us now, const struct net_addr *sip_peer, bool sending);
/* The far end is really there (its ACK has come). Until then an echo sends no more than came in: anybody's address can stand in an
 * INVITE. */
void media_session_confirm(struct media_session *s);

/* What is in force, or all zero before the first start. */
const struct sdp_negotiated *media_session_negotiated(const struct media_session *s);
uint16_t media_session_port(const struct media_session *s);
/* For media_io and media_input. */
struct pool_id media_session_id(const struct media_session *s);

/* When something valid came last, or media_session_signs_life was called. */
mono_us media_session_heard_at(const struct media_session *s);
void media_session_signs_life(struct media_session *s, mono_us now);
/* "no media received for so many s", with what was dropped most since a packet was last taken, and whose it was. */
#define MEDIA_SILENCE_TEXT_MAX 160
void media_session_silence_text(const struct media_session *s, dur_us silent, char buf[MEDIA_SILENCE_TEXT_MAX]);

struct media_figures {
    const char *codec; /* name in SDP */
    uint32_t sent;     /* packets */
    uint64_t skipped;  /* never sent, because this machine was too late */
    uint64_t expected, received, lost, reordered, duplicates;
    uint64_t dropped; /* no valid RTP of this session */
    double loss;      /* 0 to 1 */
    double jitter_ms;
    bool have_rtt;
    dur_us rtt;
    uint64_t live_waiting;      /* samples */
    uint32_t files_waiting;     /* behind the one that plays */
    const char *recording_path; /* "": nothing was recorded */
};
void media_session_figures(const struct media_session *s, struct media_figures *out);

/* ---- what is sent: files in order, then live audio, with marks in both; DTMF before them ---- */

/* Looks whether the file can be played and queues it. What no session can play as it lies is played from its converted form, where
 * there is one, else converted while it plays. ST_NOT_FOUND, ST_UNSUPPORTED, ST_FULL, ST_IO, ST_NO_MEMORY; why says it. */
WS_MUST_CHECK int media_session_play(struct media_session *s, const char *name, char why[MEDIA_WHY_MAX]);
/* Plays an open file from the next packet on, instead of what plays; handle: of media_files, it is closed when it is played, or at
 * once when it cannot be. ST_UNSUPPORTED, ST_BAD, ST_IO, ST_NO_MEMORY; why says it. Events of it have the name "". */
WS_MUST_CHECK int media_session_play_file(struct media_session *s, int handle, uint64_t size, char why[MEDIA_WHY_MAX]);
/* From the next packet on nothing is sent but reports. */
void media_session_mute(struct media_session *s);
/* Ends the file that plays and forgets those that wait; their marks are told. */
void media_session_stop_playing(struct media_session *s);
/* 0-9 * # A-D and ',' for a pause, as rtp_dtmf_tx_add. */
WS_MUST_CHECK int media_session_dtmf(struct media_session *s, struct span digits);
/* Told when what was queued last before it and still waits has left; at once when nothing waits. uplink: may be holding back some of
 * the live audio before it. ST_BAD: the name, 1 to MEDIA_MARK_NAME_MAX bytes of UTF-8 without control characters. ST_FULL:
 * MEDIA_MARKS_MAX wait. ST_NO_MEMORY. */
#define MEDIA_MARKS_MAX     256
#define MEDIA_MARK_NAME_MAX 64
struct media_uplink;
WS_MUST_CHECK int media_session_mark(struct media_session *s, const struct media_uplink *uplink, struct span name);
/* Drops the live audio; its marks are told in order, flow is taken back. */
void media_session_clear(struct media_session *s);
/* At most so much live audio waits from now on, the rest is left out; 0: all that is sent is said. Marks whose place is passed are
 * told, flow is taken back. */
#define MEDIA_LATENCY_MIN_MS 40U
#define MEDIA_LATENCY_MAX_MS 2000U
void media_session_set_latency(struct media_session *s, uint32_t ms);

/* ---- live audio: an owner's messages of any length, in any split ---- */

struct media_uplink {
    bool inside;   /* a message has begun and is not over */
    bool skipping; /* the rest of this message is refused */
    bool has_half; /* 16 bits: the first byte of a sample whose second has not come yet */
    bool half_bad; /* it belongs to a sample that was refused */
    bool has_tail; /* 16 kHz: the downsampler holds the last 4 ms back */
    uint8_t half;
    struct resampler *downsampler; /* owns; 16 to 8 kHz, made with the format */
};

/* Before the format becomes this one. ST_NO_MEMORY: it must not. */
WS_MUST_CHECK int media_uplink_prepare(struct media_uplink *u, enum media_audio format);
/* Safe on a zeroed one. */
void media_uplink_fini(struct media_uplink *u);
/* A piece of a message in that format (not MEDIA_AUDIO_OFF), last with its final piece. Once something was refused the rest of that
 * message is too, so that what is lost is one piece at its end. ST_TOO_LARGE: 60 s wait, the newest was dropped. ST_FULL: no memory is
 * left for it. ST_OK for what is skipped. */
WS_MUST_CHECK int media_uplink_piece(struct media_uplink *u, struct media_session *s, mono_us now,
                                     enum media_audio format, struct span piece, bool last);
/* Refuses a piece, and with it the rest of its message. */
void media_uplink_refuse(struct media_uplink *u, enum media_audio format, struct span piece, bool last);
/* Another format comes: whole samples that are held back go into the queue. */
void media_uplink_settle(struct media_uplink *u, struct media_session *s);
/* CLEAR, another format, or the end of a call: what is held back is forgotten, half a sample too. */
void media_uplink_drop(struct media_uplink *u);

/* ---- what is received ---- */

/* In which form MEDIA_EVENT_AUDIO comes from now on. upsampler: 8 to 16 kHz, RESAMPLE_LIVE, for MEDIA_AUDIO_L16_WIDE; borrowed until the
 * next call of this or the close. */
void media_session_hear(struct media_session *s, enum media_audio format, struct resampler *upsampler);
/* Records both directions (stereo) or what is received into a file of that number, from now to the close. ST_FULL, ST_IO,
 * ST_NO_MEMORY: there is none, the session goes on. */
WS_MUST_CHECK int media_session_record(struct media_session *s, mono_us now, bool stereo, const char *number,
                                       const char *callid8);

#endif
