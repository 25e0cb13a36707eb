/* SPDX-License-Identifier: MIT */
/* What floor, telephones and clients share: the numbers of a call, stamps inside the audio, clocks, histograms, sockets of
   loopback, and the orders that tools/bench writes to their standard input. */
#ifndef LOAD_H
#define LOAD_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <time.h>

#define CALLS_MAX      4096
#define SECOND_NS      1000000000u
#define PTIME_NS       20000000u
#define RTP_HEADER_LEN 12
#define PAYLOAD_LEN    160 /* 20 ms of G.711 */
#define RTP_LEN        (RTP_HEADER_LEN + PAYLOAD_LEN)

/* ---- numbers of the wire ---- */

void u16_write(uint8_t *at, uint32_t value);
void u32_write(uint8_t *at, uint32_t value);
uint16_t u16_read(const uint8_t *at);
uint32_t u32_read(const uint8_t *at);

/* ---- stamps: who sent a frame of audio, which one it is, and when; mu-law of a PCMU call passes bit for bit ---- */

struct stamp {
    uint32_t call;
    uint32_t sequence;
    uint64_t sent_ns; /* CLOCK_REALTIME, as the kernel's receive time stamps */
};

void stamp_write(uint8_t payload[PAYLOAD_LEN], const struct stamp *stamp);
/* False: silence, or somebody else's audio. */
bool stamp_parse(const uint8_t payload[PAYLOAD_LEN], struct stamp *stamp);

/* ---- histograms: 1 us wide, to 400 ms ---- */

#define HISTOGRAM_COUNT 400001

struct histogram {
    uint32_t counts[HISTOGRAM_COUNT]; /* the last one: that or more */
    uint64_t total;
    uint64_t longest_us;
};

void histogram_clear(struct histogram *histogram);
void histogram_add(struct histogram *histogram, int64_t ns); /* a negative one counts as 0 */
/* NAME=, the values in us at 0, 1, … 99, 99.1, … 99.9 and 100 percent, commas between; "-" when it is empty. */
void histogram_print(const char *name, const struct histogram *histogram);

/* ---- clocks, processes ---- */

uint64_t clock_ns(clockid_t clock);
/* The process's CPU clock, user and system, all threads; 0 when it is gone. */
uint64_t process_cpu_ns(int pid);
/* A line of /proc/PID/status in KiB, such as "RssAnon"; 0 when it is gone. */
long process_status_kib(int pid, const char *key);

/* ---- sockets; whatever cannot be had ends the program with a message ---- */

_Noreturn void die(const char *what);
/* IP:PORT of 127.0.0.0/8, or IP alone (port 0). */
struct sockaddr_in address_parse(const char *text);
struct sockaddr_in address_with_port(const struct sockaddr_in *address, int port);
int udp_open(const struct sockaddr_in *address);
/* The kernel notes when each packet or segment came. */
void socket_stamp(int fd);
/* When the message that was just received came, CLOCK_REALTIME; 0 without a time stamp. */
uint64_t message_stamp_ns(struct msghdr *message);
/* As many descriptors as the hard limit lets. */
void descriptors_raise(void);

/* ---- orders, a line each: "begin" and "end" of the measured time, "stop" placing calls, "want N" calls that are to be up from
   now on; the end of the input ends the program ---- */

enum order { ORDER_NONE, ORDER_BEGIN, ORDER_STOP, ORDER_WANT, ORDER_END, ORDER_QUIT };

/* Never waits. *number: that of "want", else as it was. */
enum order order_read(int *number);

/* A number of the command line; outside of its bounds the program ends. */
int number_parse(const char *text, int least, int most);

#endif
