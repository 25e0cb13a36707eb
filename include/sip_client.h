/* SPDX-License-Identifier: MIT */
/* libsip_client: SIP calls with RTP audio for C programs. C99 and C++; link with -lsip_client, or with libsip_client.a and
 * -lcrypto. Not thread-safe: one thread at a time. No thread and no process is started: the library works inside its
 * blocking calls and in sip_client_run; between them packets wait in the sockets' buffers. The guide is docs/library.md. */
#ifndef SIP_CLIENT_H
#define SIP_CLIENT_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---- settings: given with -D when the program is compiled, they take effect in the library; the environment variables
 * SIP_SERVER, SIP_PORT, LOCAL_IP, LOCAL_PORT, LOCAL_RTP_PORT, SIP_USERNAME, SIP_PASSWORD and SIP_CALLER win. ---- */

#ifdef SIP_SERVER
#define SIP_CLIENT_GIVEN_SERVER 1u
#else
#define SIP_CLIENT_GIVEN_SERVER 0u
#define SIP_SERVER              "192.168.1.170" /* name or IPv4 address */
#endif
#ifdef SIP_PORT
#define SIP_CLIENT_GIVEN_PORT 2u
#else
#define SIP_CLIENT_GIVEN_PORT 0u
#define SIP_PORT              5060
#endif
#ifdef LOCAL_IP
#define SIP_CLIENT_GIVEN_LOCAL_IP 4u
#else
#define SIP_CLIENT_GIVEN_LOCAL_IP 0u
#define LOCAL_IP                  "192.168.157.126"
#endif
#ifdef LOCAL_PORT
#define SIP_CLIENT_GIVEN_LOCAL_PORT 8u
#else
#define SIP_CLIENT_GIVEN_LOCAL_PORT 0u
#define LOCAL_PORT                  5062
#endif
#ifdef LOCAL_RTP_PORT
#define SIP_CLIENT_GIVEN_RTP_PORT 16u
#else
#define SIP_CLIENT_GIVEN_RTP_PORT 0u
#define LOCAL_RTP_PORT            32000
#endif
#ifdef LOCAL_RTP_SEND_PORT
#define SIP_CLIENT_GIVEN_RTP_SEND_PORT 32u
#else
#define SIP_CLIENT_GIVEN_RTP_SEND_PORT 0u
#define LOCAL_RTP_SEND_PORT            32001
#endif
#ifdef USERNAME
#define SIP_CLIENT_GIVEN_USERNAME 64u
#else
#define SIP_CLIENT_GIVEN_USERNAME 0u
#define USERNAME                  "voip"
#endif
#ifdef PASSWORD
#define SIP_CLIENT_GIVEN_PASSWORD 128u
#else
#define SIP_CLIENT_GIVEN_PASSWORD 0u
#define PASSWORD                  "qwER12#$"
#endif
#ifdef CALLER
#define SIP_CLIENT_GIVEN_CALLER 256u
#else
#define SIP_CLIENT_GIVEN_CALLER 0u
#define CALLER                  "0921367101"
#endif
#ifdef CALLEE
#define SIP_CLIENT_GIVEN_CALLEE 512u
#else
#define SIP_CLIENT_GIVEN_CALLEE 0u
#define CALLEE                  "0938220136"
#endif
#ifdef DEBUG
#define SIP_CLIENT_GIVEN_DEBUG 1024u
#else
#define SIP_CLIENT_GIVEN_DEBUG 0u
#endif

/* Fixed. */
#undef RTP_PACKET_SIZE
#undef WAV_HEADER_SIZE
#undef BUF_SIZE
#define RTP_PACKET_SIZE 160 /* samples and bytes of 20 ms of G.711 */
#define WAV_HEADER_SIZE 64  /* of old; files are read by their chunks */
#define BUF_SIZE        4096

#if defined(__GNUC__)
#define SIP_CLIENT_PRINTF(text, first) __attribute__((__format__(__printf__, text, first)))
#define SIP_CLIENT_API                 __attribute__((__visibility__("default")))
#else
#define SIP_CLIENT_PRINTF(text, first)
#define SIP_CLIENT_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* ---- structures ---- */

/* RFC 3550 5.1, in network byte order. 12 bytes. */
typedef struct {
    unsigned char version_p_x_cc;
    unsigned char m_pt;
    unsigned short seq_num;
    unsigned int timestamp;
    unsigned int ssrc;
} rtp_header_t;

/* One SIP session, one call at a time. From init_sip_session to close_sip_session it stays in its place: the library
 * writes into it. */
typedef struct {
    int sockfd;                  /* SIP socket; -1: closed */
    char tag[32];                /* From tag of the call */
    char callid[64];             /* Call-ID */
    char branch[64];             /* Via branch of the last INVITE */
    char cseq[16];               /* CSeq number of the last INVITE */
    char to_tag[128];            /* To tag of the answer; "" when longer */
    int remote_rtp_port;         /* where the far end receives; 0: unknown */
    struct sockaddr_in servaddr; /* the SIP server */
    int call_established;        /* 1 while the call is up; 0 again when either side ended it */
} sip_session_t;

/* One received RTP packet, header included. It may call everything but make_sip_call, send_rtp_audio, recv_with_timeout
 * and sip_client_run, which fail inside it; what waits for a session that it closes returns. */
typedef void (*rtp_data_callback_t)(const unsigned char *rtp_data, size_t data_size);

/* ---- log ---- */

/* "[YYYY-MM-DD HH:MM:SS] " and the text to stdout, at once; the text brings its own newline. */
SIP_CLIENT_API void log_with_timestamp(const char *format, ...) SIP_CLIENT_PRINTF(1, 2);

/* ---- digest, identifiers ---- */

/* 32 lower-case hex digits and NUL: output has 33 bytes. "" when libcrypto refuses MD5. */
SIP_CLIENT_API void md5(const char *str, char *output);
/* RFC 2617 without qop; response has 33 bytes. */
SIP_CLIENT_API void make_digest_response(const char *username, const char *realm, const char *password,
                                         const char *method, const char *uri, const char *nonce, char *response);
/* From the WWW-Authenticate or Proxy-Authenticate of a message (or such a header's value alone), an MD5 challenge before
 * others; 256 bytes each, "" when absent or longer. */
SIP_CLIENT_API void parse_nonce_realm(const char *msg, char *nonce, char *realm);
/* Unpredictable letters and digits, len - 1 of them but at most 31 (tag) or 63 (Call-ID). */
SIP_CLIENT_API void get_tag(char *tag, size_t len);
SIP_CLIENT_API void get_callid(char *callid, size_t len);

/* ---- messages ---- */

/* Prints the start line and each header as a log line, credentials masked. */
SIP_CLIENT_API void parse_sip_headers(const char *msg);
/* 100 to 699; 0 when msg is no response. */
SIP_CLIENT_API int parse_sip_status_code(const char *msg);
/* tag_buf, or NULL when there is no To tag or it does not fit (tag_buf is "" then). */
SIP_CLIENT_API char *extract_to_tag(const char *msg, char *tag_buf, size_t buf_size);
/* Port of the first m=audio line, 1 to 65535; 0 when there is none. */
SIP_CLIENT_API int parse_rtp_port(const char *msg);

/* ---- sockets ---- */

/* The next datagram: its bytes (cut at maxlen), 0 when timeout_ms passed, -1 on error (errno). Negative: waits without
 * limit. Any datagram socket. On the library's own ones the library has acted upon the message too. */
SIP_CLIENT_API int recv_with_timeout(int sockfd, char *buf, int maxlen, struct sockaddr *src_addr, socklen_t *addrlen,
                                     int timeout_ms);
/* Empties the receive buffer. What waits on the library's own sockets is acted upon, not lost. */
SIP_CLIENT_API void flush_socket(int sockfd);

/* ---- sessions and calls ---- */

/* What stands in the structure does not matter; a session of the same structure that was not closed is closed first. 0, or
 * -1: a setting is wrong, LOCAL_PORT is in use, SIP_SERVER has no IPv4 address (a log line says which). */
SIP_CLIENT_API int init_sip_session(sip_session_t *session);
/* Ends a call that is still up (waits 5 s at most for the answer to its BYE) and frees all. Safe after a failed init and
 * when called twice. */
SIP_CLIENT_API void close_sip_session(sip_session_t *session);
/* Blocks until answered (0) or failed (-1: a log line says why). callee: a number, a name or a sip: URI. An unanswered call is
 * cancelled after 120 s. */
SIP_CLIENT_API int make_sip_call(sip_session_t *session, const char *callee);
/* cseq: the INVITE's number. For a call of make_sip_call: its ACK once more. Otherwise a message made of the arguments. */
SIP_CLIENT_API void send_ack(int sockfd, struct sockaddr_in *servaddr, const char *callid, const char *tag,
                             const char *branch, const char *to_tag, const char *cseq);
/* cseq: the INVITE's number; the BYE has one more. For a call of make_sip_call: ends it, unless it was ended already, and
 * waits 5 s at most for the answer. Otherwise a message made of the arguments, sent once. */
SIP_CLIENT_API void send_bye(int sockfd, struct sockaddr_in *servaddr, const char *callid, const char *tag,
                             const char *to_tag, const char *cseq);

/* ---- RTP ---- */

/* payload_type: 0 PCMU, 8 PCMA. Version 2, no marker, network byte order. */
SIP_CLIENT_API void init_rtp_header(rtp_header_t *hdr, int payload_type, unsigned short seq_num, unsigned int timestamp,
                                    unsigned int ssrc);
/* Blocks while it plays the WAV file in packets of 20 ms, then, 100 ms later, ends the call with BYE; ends early when the
 * far end hangs up. A file that cannot be played: a log line, and BYE. The call's answered address is used; without a
 * call of that socket: dest_addr with dest_port, and PCMU. */
SIP_CLIENT_API void send_rtp_audio(int sockfd, struct sockaddr_in *dest_addr, const char *wav_file, int dest_port,
                                   const char *callid, const char *tag, const char *to_tag, const char *cseq,
                                   struct sockaddr_in *servaddr);
/* 0, or -1: the port is in use, the file cannot be written, a receiver runs already. The file is a mu-law WAV, valid at
 * every moment; NULL: none. */
SIP_CLIENT_API int start_rtp_receiver(int port, const char *output_filename);
/* Takes in what waits, completes the WAV, closes the port unless a call uses it. */
SIP_CLIENT_API void stop_rtp_receiver(void);
/* The receiver's socket, or -1. */
SIP_CLIENT_API int get_rtp_sockfd(void);
SIP_CLIENT_API void set_rtp_callback(rtp_data_callback_t callback);
/* Delivers what waits to the old callback first. */
SIP_CLIENT_API void clear_rtp_callback(void);
/* duration_ms of 1 kHz at 8 kHz as bare mu-law bytes, 8 for each ms, without a WAV header. */
SIP_CLIENT_API void generate_test_audio(FILE *file, int duration_ms);

/* ---- loop ---- */

/* Does the library's work for timeout_ms: receives, records, answers the far end, sends again what was lost, keeps
 * established calls' audio alive with silence. 0: only what waits. Negative: until a call ends. Returns 0 when the time is over, 1
 * earlier because a call ended, -1 on error (or from inside a callback). */
SIP_CLIENT_API int sip_client_run(int timeout_ms);

/* ---- how the macros above reach the library: each file that includes this header registers its own at start ---- */

struct sip_client_program {
    unsigned size;  /* of this structure */
    unsigned given; /* SIP_CLIENT_GIVEN_ bits of those that the program set itself */
    const char *sip_server, *local_ip, *username, *password, *caller, *callee;
    int sip_port, local_port, local_rtp_port, local_rtp_send_port;
};

/* Called by this header. What is marked as given wins over what is not; of several the last. The texts are copied. */
#if defined(__GNUC__) && !defined(SIP_CLIENT_LIBRARY)
SIP_CLIENT_API void sip_client_set_program(const struct sip_client_program *program) __attribute__((__weak__));

static void sip_client_register_program(void) __attribute__((__constructor__));
static void sip_client_register_program(void)
{
    struct sip_client_program program;

    if (sip_client_set_program) { /* a file that uses nothing but the structures needs no library */
        memset(&program, 0, sizeof(program));
        program.size = (unsigned)sizeof(program);
        program.given = SIP_CLIENT_GIVEN_SERVER | SIP_CLIENT_GIVEN_PORT | SIP_CLIENT_GIVEN_LOCAL_IP |
                        SIP_CLIENT_GIVEN_LOCAL_PORT | SIP_CLIENT_GIVEN_RTP_PORT | SIP_CLIENT_GIVEN_RTP_SEND_PORT |
                        SIP_CLIENT_GIVEN_USERNAME | SIP_CLIENT_GIVEN_PASSWORD | SIP_CLIENT_GIVEN_CALLER |
                        SIP_CLIENT_GIVEN_CALLEE | SIP_CLIENT_GIVEN_DEBUG;
        program.sip_server = SIP_SERVER;
        program.local_ip = LOCAL_IP;
        program.username = USERNAME;
        program.password = PASSWORD;
        program.caller = CALLER;
        program.callee = CALLEE;
        program.sip_port = SIP_PORT;
        program.local_port = LOCAL_PORT;
        program.local_rtp_port = LOCAL_RTP_PORT;
        program.local_rtp_send_port = LOCAL_RTP_SEND_PORT;
        sip_client_set_program(&program);
    }
}
#else
SIP_CLIENT_API void sip_client_set_program(const struct sip_client_program *program);
#endif

#ifdef __cplusplus
}
#endif

#endif
