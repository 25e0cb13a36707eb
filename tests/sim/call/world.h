/* SPDX-License-Identifier: MIT */
/* A world on a virtual clock: one gateway (room call with everything below it), a scripted phone that shares no code with it,
 * WebSocket clients, and the links between them with delay and loss. No test sleeps. */
#ifndef TESTS_SIM_WORLD_H
#define TESTS_SIM_WORLD_H

#include "legal.h"
#include "wsaudio/client.h"
#include "wsaudio/dialect_text.h"
#include "wsaudio/loopback.h"

#define WORLD_CLIENTS  4
#define WORLD_LISTS    64
#define WORLD_FILES    8
#define WORLD_TEXTS    4096
#define WORLD_MESSAGES 4096
#define WORLD_CALLERS  24

struct world;

/* What the phone does by itself with a request; times in ms after it. */
struct phone_plan {
    int ignore_invites;        /* the first so many are not seen */
    int trying_ms;             /* 100; -1 none */
    int ring_ms;               /* 180; -1 none */
    int early_ms;              /* 183 with SDP; -1 none */
    int final_ms;              /* the final response; -1 none */
    int final_code;            /* 200 with SDP, or another */
    const char *final_headers; /* extra lines, or NULL */
    const char *sdp;           /* NULL: the phone's own */
    int challenge;             /* 401 or 407 to an INVITE without credentials; 0 none */
    bool always_challenge;     /* refuse every INVITE: wrong password */
    bool ignore_bye, ignore_cancel, ignore_ack;
    bool answer_on_cancel;   /* the 200 crosses the CANCEL: sent instead of 487 */
    bool echo;               /* RTP comes back */
    bool persistent;         /* sends its refusals and its own requests again until they are answered */
    int redirects;           /* the first so many INVITEs get a 302 to somewhere else */
    const char *redirect_to; /* their Contact; NULL: sip:otherN@10.0.0.9 */
    bool forks;              /* a second 200 from another fork */
    int group;               /* so many other telephones of its group ring with it, the last of all */
    int challenge_bye;       /* 407 to a BYE without credentials */
    int bye_ms;              /* its own BYE so long after the ACK; -1 none */
    bool dead;               /* answers nothing at all */
    bool registrar;          /* REGISTER and OPTIONS get a 200 */
    const char *seen;        /* ";received=…;rport=…" in Via instead of rport (RFC 3581), or NULL */
};

struct world_message {
    mono_us at;
    bool to_phone;
    bool lost;
    char *text; /* owned */
};

struct world_client {
    struct pool_id id;
    bool open;
    bool reading;                       /* takes what the server writes */
    bool in_call, established, figures; /* as told by CALL_STATE and CALL_STATS */
    bool rings;                         /* as told by INCOMING */
    size_t begun, ended;                /* calls */
    size_t chunk;                       /* bytes of input handed over at once; 0: all */
    uint8_t *in;                        /* bytes from the server not yet parsed */
    size_t in_len, in_cap;
    char *texts[WORLD_TEXTS]; /* text messages but RTP:, owned */
    size_t text_count;
    size_t rtp_count;
    uint8_t *rtp_payload; /* payloads of RTP: messages, concatenated */
    size_t rtp_payload_len, rtp_payload_cap;
    size_t binary_count;
    uint8_t *heard; /* binary messages, concatenated */
    size_t heard_len, heard_cap;
    size_t text_heard[WORLD_TEXTS]; /* heard_len when the text came */
    uint8_t last[2048];             /* the packet of the last RTP: or binary message */
    size_t last_len;
    unsigned close_code;
};

struct world_file {
    char name[FILE_NAME_LEN_MAX + 1];
    uint8_t *data;
    size_t len;
    bool used, temporary;
    bool removed; /* nobody finds it any more; its bytes live until the last handle is closed */
    int handles;
    struct pool_id client;
    uint64_t serial; /* no two files have the same */
};

/* An RTP packet that the gateway sent. */
struct world_rtp {
    mono_us at;
    struct net_addr to;
    bool marker;
    uint8_t payload_type;
    uint16_t sequence;
    uint32_t timestamp, ssrc;
    size_t len;       /* of the payload */
    uint8_t begin[4]; /* its first bytes */
};

struct world_event {
    mono_us at;
    uint64_t order;
    int kind;
    struct net_addr from, to;
    struct pool_id call;
    bool rtcp;
    uint8_t *data;
    size_t len;
    void (*run)(struct world *w, const char *arg);
};

/* The loopback exchange as the far end, instead of the phone. */
struct world_far {
    struct loopback_ua *exchange; /* NULL: the phone is the far end */
    struct legal *legal;
    bool open[64];
    struct pool_id call[64];
    int ports_open;
};

struct phone {
    struct phone_plan plan;
    char *invite; /* the INVITE being answered */
    char *answer; /* the 200 being repeated */
    char *last_tag;
    bool acked, ended;
    int answer_repeats;
    struct {
        char *invite, *response;
    } moved[20]; /* INVITEs that got a 302; they may come again at any time */
    size_t moved_count;
    char *last_response; /* to the INVITE, for its retransmissions */
    uint32_t answered;   /* CSeq of the last response to a request of ours */
    bool refusal_acked;
    int request_repeats;
    int invites, acks, cancels, byes;
    size_t rtp_packets;
    uint16_t last_seq;
    uint32_t last_ts, ssrc;
    bool rtp_gap; /* a sequence number was left out or the SSRC changed */
    uint8_t *rtp_payload;
    size_t rtp_len, rtp_cap;
    uint32_t cseq;
};

/* What a telephone that calls the gateway does by itself. */
struct caller_plan {
    const char *sdp;     /* of the INVITE; NULL: phone_sdp; "": none */
    const char *ack_sdp; /* of the ACK to a 2xx; NULL: none */
    const char *headers; /* more lines in the INVITE, or NULL */
    const char *cancel_headers;
    bool no_ack, ignore_bye;
    bool persistent; /* sends its requests again until they are answered */
};

struct caller {
    struct caller_plan plan;
    char from[256], to[256], uri[300], target[256], tag[64];
    char *invite, *request; /* owned; the last request but ACK */
    char *response;         /* owned; the newest to the INVITE, up to the first final one */
    bool request_done, cancelled, hung_up;
    int repeats;
    int status;       /* of that response; 0 none */
    int other_status; /* of the last response to another request */
    int ringing, oks, acks, byes;
};

struct world {
    mono_us now;
    uint64_t seed, seed_state;
    struct rng rng;
    struct log log;
    struct sip_stack *sip;
    struct gateway *gateway;
    struct gateway_config config;
    struct phone phone;
    struct caller callers[WORLD_CALLERS];
    size_t caller_count;
    struct world_client clients[WORLD_CLIENTS];
    struct world_file files[WORLD_FILES], recording;
    struct world_event *events; /* heap-free: a plain array */
    size_t event_count, event_cap;
    uint64_t event_order;
    struct world_message messages[WORLD_MESSAGES];
    size_t message_count;
    unsigned loss_percent;
    dur_us delay, jitter;
    /* drops a SIP message when it returns true; NULL: only loss_percent */
    bool (*drop)(struct world *w, bool to_phone, const char *text);
    int drops;
    bool media_open[64];
    struct pool_id media_call[64];
    int ports_open;
    dur_us commit_delay;
    bool commit_fails;
    size_t list_open; /* lists under way */
    struct {
        bool open;
        size_t at;
    } lists[WORLD_LISTS];
    uint32_t list_reads;                     /* what each file costs */
    size_t list_calls_turn, list_calls_most; /* files looked at in this turn; the most of any turn */
    size_t list_extra; /* so many more files in every list, each behind one that was passed over */
    int play_open;
    /* the one converted form that is kept, and the one that is being written; *_of: serial of its original */
    struct world_file cached, caching;
    uint64_t cached_of, caching_of, file_serial;
    int cached_opens; /* how often it was found */
    int cache_status; /* of cache_begin */
    /* faults; ST_OK: none */
    int media_status, begin_status, write_status, read_back_status, commit_status, list_status, remove_status,
        play_status;
    struct world_rtp *sent; /* everything that left, owned */
    size_t sent_count, sent_cap;
    size_t rtcp_count;
    struct net_addr rtcp_to;
    uint8_t rtcp[512]; /* the last RTCP packet sent */
    size_t rtcp_len;
    size_t raw_count; /* packets given to raw_packet */
    char *log_text;   /* lines of INFO and above, each with a newline; owned */
    size_t log_len, log_cap;
    int more_recordings; /* under way beside the first; their bytes are not kept */
    struct world_far far;
    struct legal *legal; /* judges what the gateway sends */
    unsigned duplicate_percent;
    bool near_wraps;   /* random numbers lie next to 2^16 and 2^32 half of the time */
    int fail_send_in;  /* the n-th SIP message fails to be sent, with fail_status; 0 none */
    int fail_media_in; /* the same for RTP */
    int fail_status;
    mono_us stall_at; /* at that time the world stands still for stall_for; 0 never */
    dur_us stall_for;
    bool quiet;        /* whoever runs this world prints the ladder himself */
    bool memory_fails; /* a connection may be refused */
};

/* How a world is made. Zeroed parts are not the defaults: world_settings() has those. */
struct world_settings {
    struct gateway_config gateway;
    struct sip_config sip;
};

/* Defaults: no loss, 5 ms of delay, the phone rings after 20 ms and answers after 100 ms with 200. */
struct world *world_new(uint64_t seed, const struct gateway_config *config);
/* The same with the loopback exchange as the far end: it answers digits, tone, busy, noanswer and auth. */
struct world *world_new_mirror(uint64_t seed, const struct gateway_config *config);
/* As world_new, with a stack that is set up otherwise too; NULL when it, the gateway or the exchange could not be made (memory). */
struct world *world_try_new(uint64_t seed, const struct world_settings *settings, bool mirror);
/* Lets what lingers run out, then asserts: no call, no SIP usage, transaction or timer, no open port, file or list. */
void world_end(struct world *w);
struct gateway_config world_config(void);
struct world_settings world_settings(void);
/* As the app does when it is told to stop. */
void world_stop(struct world *w);

size_t world_connect(struct world *w);
/* The same from another host; the port is chosen. */
size_t world_connect_from(struct world *w, const struct net_addr *host);
void world_send(struct world *w, size_t client, const char *text);
/* Any frame; first: flags and opcode as in wsframe.h. */
void world_send_frame(struct world *w, size_t client, unsigned first, const void *data, size_t len);
void world_disconnect(struct world *w, size_t client);
/* Everything stands still: time passes and nothing is done; then the next turn. */
void world_stall(struct world *w, dur_us duration);
/* How many lines of INFO and above hold this text. */
size_t world_logged(const struct world *w, const char *text);
/* Is there a finished upload of that name? */
const struct world_file *world_file(const struct world *w, const char *name);
/* Uploads, temporary ones too. */
size_t world_files(const struct world *w);
void world_run(struct world *w, dur_us duration);
/* One step towards limit; false when nothing happens until then. */
bool world_step(struct world *w, mono_us limit);
/* Runs until the client has got a text that begins with prefix (from the `from`th text on); asserts that it comes in time. */
const char *world_wait(struct world *w, size_t client, const char *prefix, dur_us limit);
/* How many texts of the client begin with prefix. */
size_t world_count(const struct world *w, size_t client, const char *prefix);
/* How many SIP messages of that direction begin with prefix (lost ones too). */
size_t world_messages(const struct world *w, bool to_phone, const char *prefix);
/* When the n-th (from 0) of them was sent. */
mono_us world_message_at(const struct world *w, bool to_phone, const char *prefix, size_t n);
const char *world_message(const struct world *w, bool to_phone, const char *prefix, size_t n);
void world_at(struct world *w, dur_us delay, void (*run)(struct world *w, const char *arg), const char *arg);
/* The message ladder, to stderr. */
void world_ladder(const struct world *w);
void world_put_file(struct world *w, const char *name, const void *data, size_t len);

/* Among the support files: the end of a turn; a client takes what waits for it; a rule of RFC 3261 or of SPEC is broken. */
void world_turn_end(struct world *w);
void world_client_reads(struct world *w, struct world_client *c);
void world_breach(const struct world *w, const char *why, const char *text);

/* support_disk.c */
void world_file_io(struct world *w, struct gateway_config *config);

/* support_caller.c: sends the INVITE. */
struct caller *caller_call(struct world *w, const char *from, const char *to, const struct caller_plan *plan);
void caller_cancel(struct world *w, struct caller *c);
void caller_bye(struct world *w, struct caller *c);
void caller_ack(struct world *w, struct caller *c);
/* A request in the dialog that its INVITE made. */
void caller_request(struct world *w, struct caller *c, const char *method, unsigned cseq, const char *sdp);
/* False: not for a caller. */
bool caller_input(struct world *w, const char *text);
void caller_fini(struct world *w);

/* support_phone.c */
void phone_init(struct world *w);
void phone_fini(struct world *w);
void phone_input(struct world *w, const char *text);
void phone_rtp(struct world *w, const uint8_t *data, size_t len, struct pool_id call);
/* A response to a request, with the phone's tag (other: another fork's) and SDP (or NULL). */
void phone_respond(struct world *w, const char *request, int code, const char *reason, const char *tag,
                   const char *headers, const char *sdp);
/* A request of the phone inside the dialog of its last INVITE. */
void phone_request(struct world *w, const char *method, const char *headers, const char *sdp);
extern const char phone_sdp[];
/* The Content-Type of a body that a scenario gives: one that begins with its delimiter "--part" has several parts. */
static inline const char *world_body_type(const char *body)
{
    return body[0] == '-' ? "multipart/mixed;boundary=part" : "application/sdp";
}
void world_to_gateway(struct world *w, const char *text);
/* RTP from the phone, from its SDP's address or another. */
void world_rtp_to_gateway(struct world *w, struct pool_id call, const struct net_addr *from, const uint8_t *data,
                          size_t len);
void world_rtcp_to_gateway(struct world *w, struct pool_id call, const struct net_addr *from, const uint8_t *data,
                           size_t len);
/* A packet as the phone would send it. */
void world_phone_rtp(struct world *w, const struct net_addr *from, uint8_t payload_type, uint16_t sequence);

#endif
