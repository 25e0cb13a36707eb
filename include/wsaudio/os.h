/* SPDX-License-Identifier: MIT */
/* Side room os, above base only: the one room that touches epoll, sockets, timerfd, signals, files, clocks and
 * randomness. Nothing here knows a protocol; nothing below the app sees it. */
#ifndef WSAUDIO_OS_H
#define WSAUDIO_OS_H

#include "wsaudio/base.h"

#define OS_NAME_MAX 253 /* bytes of a host name */

/* ---- clocks and randomness ---- */

mono_us os_clock_mono(void);
/* Microseconds since 1970-01-01 UTC. */
int64_t os_clock_wall(void);
/* getrandom; fits rng_fill_fn (ctx unused). Ends the process when the kernel has none. */
void os_entropy_fill(void *ctx, void *out, size_t len);
/* The same drawn in advance: one getrandom for the tags of several calls. Zeroed is empty. A process that may be forked takes
 * os_entropy_fill, for a copy of this would give the same octets twice. */
#define OS_ENTROPY_LEN 2048
struct os_entropy {
    size_t left; /* of octets, from the first one on; those behind have been given away and are wiped */
    uint8_t octets[OS_ENTROPY_LEN];
};
/* Fits rng_fill_fn; ctx is a struct os_entropy. */
void os_entropy_draw(void *ctx, void *out, size_t len);

/* The text of the last failed call of this room ("Address already in use"), for one log line; never NULL. */
const char *os_error_text(void);

/* ---- loop ---- */

struct os_loop;

enum os_class { OS_CLASS_TICK, OS_CLASS_SIGNAL, OS_CLASS_SOCKET, OS_CLASS_COUNT }; /* order of service in a turn */
enum { OS_READ = 1, OS_WRITE = 2, OS_HANGUP = 4, OS_ERROR = 8 };                   /* event bits */

typedef void (*os_ready_fn)(void *ctx, struct pool_id watch, unsigned events, mono_us now);

/* cap: the most descriptors watched at once. */
WS_MUST_CHECK int os_loop_new(uint32_t cap, struct os_loop **out);
void os_loop_free(struct os_loop *loop);
/* Readable while a turn has something to serve, for a loop inside another one. */
int os_loop_fd(const struct os_loop *loop);
/* Level-triggered; events 0 is legal (then only OS_HANGUP). Unwatch before closing the descriptor. Errors that ICMP
 * leaves on datagram sockets are taken off by the loop and not reported. An event for a descriptor that was unwatched
 * (or whose slot was reused) earlier in the same batch is recognised by its generation and dropped. OS_HANGUP is
 * always reported. OS_ERROR is for datagram sockets opened with `errors`: os_udp_unreachable has something to tell and must be
 * called. ST_FULL, ST_IO. */
WS_MUST_CHECK int os_loop_watch(struct os_loop *loop, int fd, unsigned events, enum os_class cls, os_ready_fn ready,
                                void *ctx, struct pool_id *watch);
/* No system call when nothing changes. */
void os_loop_set_events(struct os_loop *loop, struct pool_id watch, unsigned events);
/* Stops watching; does not close. Stale ids and a NULL loop are ignored. */
void os_loop_unwatch(struct os_loop *loop, struct pool_id watch);
/* Waits until a descriptor is ready or `deadline` passes (MONO_NEVER: no limit; the wait is rounded up to whole
 * milliseconds, so that it never ends before the deadline: finer deadlines are the ticker's), reads the clock once,
 * serves what is ready by class; every ready descriptor once a turn. Returns the turn's time in *now. A wait
 * that brought nothing (interrupted when the process was stopped for a while, or the deadline) looks once more without
 * waiting before it reads the clock, so that no time-out runs over data that waits. While many descriptors are served the clock is
 * read anew now and then, and *now goes on. ST_IO only for a broken epoll. */
WS_MUST_CHECK int os_loop_turn(struct os_loop *loop, mono_us deadline, mono_us *now);

/* What is called before anything else in a turn, or between two descriptors of a long one, as soon as the clock has reached
 * the time set by os_loop_beat_at. It only waits for descriptors: a ticker armed for the same time has to wake the loop. */
typedef void (*os_beat_fn)(void *ctx, mono_us now);
void os_loop_set_beat(struct os_loop *loop, os_beat_fn beat, void *ctx);
/* `due` MONO_NEVER: not called. */
void os_loop_beat_at(struct os_loop *loop, mono_us due);

/* While much comes (see loop.c) a turn begins at the next whole multiple of `grain` of the monotonic clock, and serves what has
 * come by then in one go: each wake-up costs as much as a packet. What comes is served up to `grain` later, deadlines that
 * are multiples of it and tickers are not late. 0: never. Narrows the process's timer slack. */
void os_loop_gather(struct os_loop *loop, dur_us grain);

/* ---- ticker: one timerfd on absolute deadlines ---- */

struct os_ticker {
    int fd;
    bool armed;
};

WS_MUST_CHECK int os_ticker_open(struct os_ticker *t);
void os_ticker_close(struct os_ticker *t);
/* First expiry at `first` (absolute), then every `interval`. */
WS_MUST_CHECK int os_ticker_arm(struct os_ticker *t, mono_us first, dur_us interval);
void os_ticker_disarm(struct os_ticker *t);
/* Expirations since the last read; 0 when none. */
uint64_t os_ticker_read(struct os_ticker *t);

/* ---- the process: descriptors, memory and signals ---- */

/* Descriptors 0, 1 and 2 that whoever started us left closed are opened on /dev/null, so that no socket or file of ours is
 * taken for them. The first thing that a program does. */
void os_standard_descriptors(void);
/* While it is on, blocks of 64 KiB and more are the system's own, page by page as they are touched: pools and tables made at
 * start for the busiest hour. Else a block of that size comes out of the heap, where zeroing it touches it all. */
void os_memory_sparse(bool on);
/* Room for so many descriptors, as far as the system's hard limit allows it. Returns how many there may be. */
uint64_t os_descriptors_raise(uint64_t wanted);
/* A signalfd for SIGINT, SIGTERM, SIGHUP and SIGUSR2 (blocked from now on). Ignored are SIGPIPE, SIGXFSZ (a file at its limit of size is a full disk),
 * SIGUSR1 and SIGALRM. */
WS_MUST_CHECK int os_signals_open(int *fd);
/* The next signal number, or 0. */
int os_signals_read(int fd);
void os_signals_close(int fd);

/* ---- the process: its time and its memory ---- */

/* SCHED_FIFO at that priority, 1 to 99; a child would not have it. *allowed: RLIMIT_RTPRIO, raised to its hard limit. ST_DENIED:
 * that is less, or something else forbids it (seccomp, a control group); ST_IO. */
WS_MUST_CHECK int os_realtime_begin(unsigned priority, uint64_t *allowed);
/* Whatever is mapped, now and from now on, stays resident once it was touched; what was not touched takes no memory. more: bytes that
 * may still be mapped. *needed: that and all that is mapped now; *allowed: RLIMIT_MEMLOCK, raised to its hard limit.
 * ST_DENIED: less is allowed than needed, and nothing is locked, for a process whose memory is locked gets none beyond the limit.
 * ST_UNSUPPORTED: the kernel would make all of it resident at once. ST_NO_MEMORY, ST_IO. */
WS_MUST_CHECK int os_memory_lock(uint64_t more, uint64_t *needed, uint64_t *allowed);

/* ---- UDP ---- */

struct os_udp_options {
    int receive_buffer; /* bytes, 0: the system's */
    int send_buffer;
    int dscp;    /* 0 to 63, -1: not set */
    bool errors; /* keep what ICMP says about datagrams that were sent, for os_udp_unreachable */
};

/* Non-blocking, close-on-exec. port 0 picks one. ST_BUSY (in use), ST_DENIED, ST_IO. */
WS_MUST_CHECK int os_udp_open(const struct net_addr *local, const struct os_udp_options *options, int *fd);
WS_MUST_CHECK int os_udp_local(int fd, struct net_addr *out);
/* ST_OK, ST_AGAIN, or ST_IO (ICMP refusals of earlier datagrams are not errors of this one: they are cleared and the
 * send tried once more). */
WS_MUST_CHECK int os_udp_send(int fd, const struct net_addr *to, const void *data, size_t len);

#define OS_UDP_BATCH 16
/* Takes off what ICMP has said: the addresses where datagrams did not arrive (port, host or network unreachable). Returns
 * their number, OS_UDP_BATCH at most; what remains makes the socket ready again. Anybody can send such a message. */
int os_udp_unreachable(int fd, struct net_addr out[OS_UDP_BATCH]);

struct os_datagram {
    struct net_addr from;
    const uint8_t *data; /* valid until the next receive */
    size_t len;
    bool truncated; /* longer than the slot */
};
/* Storage for recvmmsg; slot_len bytes for each of OS_UDP_BATCH datagrams. One may serve many sockets. */
struct os_udp_batch;
WS_MUST_CHECK int os_udp_batch_new(size_t slot_len, struct os_udp_batch **out);
void os_udp_batch_free(struct os_udp_batch *batch);
/* One datagram into buf; *out borrows it. 1, 0: none, or ST_IO. */
WS_MUST_CHECK int os_udp_receive_one(int fd, void *buf, size_t cap, struct os_datagram *out);
/* One system call: up to OS_UDP_BATCH datagrams. Returns their number (0: none), or ST_IO. */
WS_MUST_CHECK int os_udp_receive(int fd, struct os_udp_batch *batch, struct os_datagram out[OS_UDP_BATCH]);

/* The local address (port 0) from which datagrams to `to` would leave (a connected probe socket; nothing is sent). */
WS_MUST_CHECK int os_route_local(const struct net_addr *to, struct net_addr *out);
/* Resolves a host name or literal, blocking: at start only. IPv4 first. ST_NOT_FOUND. */
WS_MUST_CHECK int os_resolve(const char *host, uint16_t port, struct net_addr *out);

/* This machine's own name as the system has it, with or without its domain; no name server is asked. ST_IO and "". */
WS_MUST_CHECK int os_host_name(char out[OS_NAME_MAX + 1]);

/* ---- changes of addresses and routes (rtnetlink) ---- */

/* A descriptor that becomes readable when an interface's address or a route changes. ST_DENIED, ST_IO: the system does
 * not let us watch. */
WS_MUST_CHECK int os_netwatch_open(int *fd);
/* Takes in what has come. True: something changed. */
bool os_netwatch_read(int fd);

/* ---- names without waiting (c-ares, when built in) ---- */

#define OS_ANSWER_MAX 32 /* records told of one answer; more are left out */

struct os_srv {
    uint16_t priority, weight, port;
    char target[OS_NAME_MAX + 1]; /* "." as it is, else without a dot at the end; letters, digits, - . _ */
};

struct os_answer {
    int status; /* ST_OK: at least one record; ST_NOT_FOUND: no such name or record; else nobody answered usefully */
    const char *why; /* never NULL */
    uint32_t ttl_s;
    uint32_t count;
    const struct os_srv *srv; /* of the kind that was asked for */
    const struct net_addr *addrs;
};

struct os_resolver;
typedef void (*os_answer_fn)(void *ctx, mono_us now, const struct os_answer *answer);

/* The version of c-ares; NULL: not built in, and os_resolver_new gives ST_UNSUPPORTED. */
const char *os_resolver_version(void);
/* One question at a time. servers: "127.0.0.1:5353,…" or NULL for the system's (resolv.conf, hosts), which are read anew
 * for each question. first_try: milliseconds after which it is sent again (0: 2000), three times with longer waits.
 * Sockets are watched in loop (borrowed). ST_NO_MEMORY, ST_IO. */
WS_MUST_CHECK int os_resolver_new(struct os_loop *loop, const char *servers, int first_try, os_answer_fn tell,
                                  void *ctx, struct os_resolver **out);
/* Tells nothing. NULL is fine. */
void os_resolver_free(struct os_resolver *r);
/* The answer is told from the loop or from os_resolver_expire, never from inside; it may ask the next question. ST_STATE:
 * one is under way; ST_NO_MEMORY, ST_IO: then nothing follows. */
WS_MUST_CHECK int os_resolver_ask_srv(struct os_resolver *r, const char *name);
/* family 4, 6, or 0 for both. localhost and what ends in .localhost is this machine, without asking (RFC 6761 6.3). */
WS_MUST_CHECK int os_resolver_ask_host(struct os_resolver *r, const char *name, uint8_t family);
/* The next deadline, or MONO_NEVER. */
mono_us os_resolver_due(const struct os_resolver *r);
void os_resolver_expire(struct os_resolver *r, mono_us now);

/* ---- RTP/RTCP port pairs ---- */

struct os_ports;
struct os_port_pair {
    int rtp_fd, rtcp_fd; /* -1 when closed */
    uint16_t port;       /* even; RTCP is port + 1 */
};

/* Pairs from low (rounded up to even) to high on `local`'s address; ST_BAD when that holds no pair. A closed pair
 * rests rest_us before it is used again, unless no other is free: then the longest-rested one is taken. low 0: any free pair the
 * system gives (for the loopback exchange). */
WS_MUST_CHECK int os_ports_new(const struct net_addr *local, uint16_t low, uint16_t high, dur_us rest_us,
                               const struct os_udp_options *options, struct os_ports **out);
void os_ports_free(struct os_ports *ports);
/* Pairs opened from now on are bound to this IP. */
void os_ports_set_local(struct os_ports *ports, const struct net_addr *local);
uint32_t os_ports_count(const struct os_ports *ports);
/* The lowest free even port whose pair binds; skips ports in use by others. ST_FULL, ST_IO. */
WS_MUST_CHECK int os_ports_open(struct os_ports *ports, mono_us now, struct os_port_pair *out);
void os_ports_close(struct os_ports *ports, mono_us now, struct os_port_pair *pair);

/* ---- TCP ---- */

/* Non-blocking listener. An IPv6 wildcard serves IPv4 too; family 0 means all interfaces (IPv6 dual-stack, IPv4 where
 * there is no IPv6). ST_BUSY, ST_DENIED, ST_IO. */
WS_MUST_CHECK int os_tcp_listen(const struct net_addr *local, int backlog, int *fd);
/* The same on a port that processes of one user share when each asks for it (SO_REUSEPORT): the kernel gives each connection to
 * one of them. ST_BUSY: somebody has it who did not ask. */
WS_MUST_CHECK int os_tcp_listen_shared(const struct net_addr *local, int backlog, int *fd);
WS_MUST_CHECK int os_tcp_local(int fd, struct net_addr *out);
/* Non-blocking, TCP_NODELAY. ST_AGAIN when none waits; ST_FULL when out of descriptors (the loop must not spin: a spare
 * descriptor is used to accept and close). */
WS_MUST_CHECK int os_tcp_accept(int listener, int *fd, struct net_addr *peer);
/* Bytes read (> 0), 0 at the end of the stream, ST_AGAIN, ST_IO. */
WS_MUST_CHECK int os_tcp_read(int fd, void *data, size_t cap);
/* Bytes written (> 0), ST_AGAIN, ST_IO. No SIGPIPE. */
WS_MUST_CHECK int os_tcp_write(int fd, const void *data, size_t len);
/* Nothing more will be sent; reading goes on. */
void os_tcp_shutdown(int fd);
/* Closes; what is unsent the kernel goes on with for 10 s at most, instead of many minutes for a peer that is not there. */
void os_tcp_close(int fd);
/* Closes any descriptor of this room; -1 is fine. */
void os_close(int fd);

/* ---- files ---- */

/* mkdir -p of one level and a writability check. *created tells whether it was made. ST_IO, ST_DENIED. */
WS_MUST_CHECK int os_dir_prepare(const char *path, bool *created);
WS_MUST_CHECK int os_dir_open(const char *path, int *dir_fd);
/* Before each use of a directory that somebody may remove or replace under a running program: when `path` does not lead to the one
 * behind *dir_fd any more, it is opened anew, made where it is missing, and *renewed is true. other (may be NULL): a path that
 * must not lead to the same one. ST_DENIED, ST_NOT_FOUND, ST_IO: *dir_fd is as it was. */
WS_MUST_CHECK int os_dir_renew(const char *path, const char *other, int *dir_fd, bool *renewed);
/* Both lead to one directory, by whatever path, links followed. False also when one of them leads nowhere. */
bool os_dir_same(const char *path, const char *other);
enum os_open_mode { OS_OPEN_READ, OS_OPEN_CREATE_EXCL, OS_OPEN_APPEND };
/* Names below are relative to dir_fd (-1: the current directory, and then a path is legal; else a plain name: ST_BAD
 * when it is empty, ".", ".." or holds a '/'). */
/* O_NOFOLLOW, regular files only; CREATE_EXCL reads and writes. ST_NOT_FOUND, ST_BUSY (exists), ST_DENIED (permission,
 * a symbolic link, no regular file), ST_FULL (no space), ST_IO (no descriptors too). */
WS_MUST_CHECK int os_file_open(int dir_fd, const char *name, enum os_open_mode mode, int *fd);
/* Appends (write: at the file's own position, which is its end). All or nothing: what a failed write had added to the
 * end of the file is cut off again. Returns ST_OK, or ST_FULL (no space, quota), ST_IO. */
WS_MUST_CHECK int os_file_write(int fd, const void *data, size_t len);
WS_MUST_CHECK int os_file_write_at(int fd, uint64_t offset, const void *data, size_t len);
/* Bytes read, fewer only at the end of the file. */
WS_MUST_CHECK int os_file_read_at(int fd, uint64_t offset, void *data, size_t len);
/* That and os_close for the tables of functions by which rooms read files: the handle is a descriptor, ctx is not looked at. */
WS_MUST_CHECK int os_handle_read(void *ctx, int handle, uint64_t offset, void *data, size_t len);
void os_handle_close(void *ctx, int handle);
WS_MUST_CHECK int os_file_size(int fd, uint64_t *out);
/* What tells one file's bytes from those of any other that had its name before or will have it later. */
struct os_file_identity {
    uint64_t size;
    int64_t modified_us; /* since 1970 */
    uint64_t serial;     /* of the file in its file system */
};
WS_MUST_CHECK int os_file_identify(int fd, struct os_file_identity *out);
WS_MUST_CHECK int os_file_rename(int dir_fd, const char *from, const char *to);
WS_MUST_CHECK int os_file_remove(int dir_fd, const char *name);
/* A symbolic link dir/name -> target, replacing an earlier link atomically (never a regular file: ST_BUSY). */
WS_MUST_CHECK int os_file_link(int dir_fd, const char *target, const char *name);
/* Reads a small file whole (secrets, tokens, config) into a NUL-terminated malloc'd buffer that the caller frees. */
WS_MUST_CHECK int os_file_load(const char *path, size_t max, char **out, size_t *len);
/* Percentage of the file system's blocks that is free for us, 0 to 100. */
WS_MUST_CHECK int os_disk_free_percent(int dir_fd, unsigned *out);
/* What a file of one byte takes on that file system: 4 KiB to 1 MiB. */
WS_MUST_CHECK int os_disk_block(int dir_fd, uint32_t *out);

/* ---- lines to a descriptor whose reader may stop ---- */

#define OS_LINES_MAX (1024 * 1024) /* bytes that wait for the reader; what is more is left out */
#define OS_LINE_MAX  4096          /* PIPE_BUF: a line of that length is whole in a pipe or not in it */

/* Standard output or a file, a pipe, a FIFO, a socket, a terminal: no call of this group waits for whoever reads. */
struct os_lines {
    int fd;
    bool owned;      /* close it at the end */
    bool file;       /* a regular one: always ready, though its disk may be full */
    bool socket;     /* send, not write */
    bool ask;        /* shared with others and cannot be opened anew: is there room? must be asked before each write */
    bool gone;       /* the reader is gone for good: everything is left out */
    char *ring;      /* owns OS_LINES_MAX bytes */
    size_t head;     /* of the first line that waits */
    size_t len;      /* bytes that wait, from head on, the first line whole */
    size_t begun;    /* bytes of the first line that were written already */
    uint64_t lost;   /* lines left out, ever */
    uint64_t untold; /* those since os_lines_untold last told some */
};

/* Opens path for appending (made with mode 0640; a FIFO needs no reader); NULL: standard output, which stays open and keeps
 * its flags (it may be shared with other programs). ST_NO_MEMORY, ST_DENIED, ST_IO and what os_file_open gives. */
WS_MUST_CHECK int os_lines_open(struct os_lines *l, const char *path);
/* Opens path in place of the present one; what waits goes there, whole lines. On failure all is as it was. */
WS_MUST_CHECK int os_lines_reopen(struct os_lines *l, const char *path);
/* Writes what waits as long as the reader takes some each 100 ms, then closes. Safe on a closed or zeroed one with fd -1. */
void os_lines_close(struct os_lines *l);
/* One line, its line end included, OS_LINE_MAX bytes at most. False: it was left out, as is all behind it until
 * os_lines_untold has told how many: so that what says it stands where they are missing. */
bool os_lines_put(struct os_lines *l, const char *line, size_t len);
/* Writes what the reader takes, 64 KiB at most. */
void os_lines_flush(struct os_lines *l);
/* Something waits for a reader whose readiness epoll tells (OS_WRITE on fd). What waits for room on a disk is tried again
 * with the next line instead. */
bool os_lines_waits_for_reader(const struct os_lines *l);
/* Lines left out since it last told some; 0 while more than half of the room is taken. */
uint64_t os_lines_untold(struct os_lines *l);

struct os_dir_iter;
struct os_dir_entry {
    const char *name; /* valid until the next call */
    uint64_t size;
    int64_t modified_us; /* since 1970 */
};
WS_MUST_CHECK int os_dir_iter_open(const char *path, struct os_dir_iter **out);
/* Regular files only, "." and ".." never. ST_OK, ST_AGAIN: some others were passed over, go on; ST_NOT_FOUND at the end, ST_IO. */
WS_MUST_CHECK int os_dir_iter_next(struct os_dir_iter *iter, struct os_dir_entry *out);
void os_dir_iter_close(struct os_dir_iter *iter);

/* ---- flushes without blocking: kernel AIO (io_submit, IOCB_CMD_FDSYNC), completion by eventfd ---- */

struct os_flusher;
typedef void (*os_flush_fn)(void *ctx, int status);

/* Watches its eventfd in loop. *kernel tells whether the kernel has AIO; else fsync is called in place. */
WS_MUST_CHECK int os_flusher_new(struct os_loop *loop, uint32_t cap, struct os_flusher **out, bool *kernel);
/* Waits for what is under way and calls its done functions, also for flushes that those begin. At the end of the
 * program. */
void os_flusher_drain(struct os_flusher *f);
/* os_flusher_drain first; NULL is fine. */
void os_flusher_free(struct os_flusher *f);
/* False when there is no kernel AIO, or from the first time on that a file system refused it. */
bool os_flusher_kernel(const struct os_flusher *f);
/* Flushes fd (file or directory) to the disk and then calls done(ctx, ST_OK or ST_IO) from a later turn (from this call
 * itself when the kernel has no AIO). The descriptor must stay open until then. ST_FULL: try later. */
WS_MUST_CHECK int os_flush(struct os_flusher *f, int fd, os_flush_fn done, void *ctx);
uint32_t os_flusher_pending(const struct os_flusher *f);

#endif
