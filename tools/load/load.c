/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "load.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* ---- numbers of the wire ---- */

void u16_write(uint8_t *at, uint32_t value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

void u32_write(uint8_t *at, uint32_t value)
{
    u16_write(at, value >> 16);
    u16_write(at + 2, value);
}

uint16_t u16_read(const uint8_t *at)
{
    return (uint16_t)(at[0] << 8 | at[1]);
}

uint32_t u32_read(const uint8_t *at)
{
    return (uint32_t)u16_read(at) << 16 | u16_read(at + 2);
}

/* ---- stamps ---- */

#define STAMP_MARK 0x10adc0deu

void stamp_write(uint8_t payload[PAYLOAD_LEN], const struct stamp *stamp)
{
    u32_write(payload, STAMP_MARK);
    u32_write(payload + 4, stamp->call);
    u32_write(payload + 8, stamp->sequence);
    u32_write(payload + 12, (uint32_t)(stamp->sent_ns >> 32));
    u32_write(payload + 16, (uint32_t)stamp->sent_ns);
}

bool stamp_parse(const uint8_t payload[PAYLOAD_LEN], struct stamp *stamp)
{
    stamp->call = u32_read(payload + 4);
    stamp->sequence = u32_read(payload + 8);
    stamp->sent_ns = (uint64_t)u32_read(payload + 12) << 32 | u32_read(payload + 16);
    return u32_read(payload) == STAMP_MARK;
}

/* ---- histograms ---- */

void histogram_clear(struct histogram *histogram)
{
    memset(histogram, 0, sizeof(*histogram));
}

void histogram_add(struct histogram *histogram, int64_t ns)
{
    uint64_t us = ns > 0 ? (uint64_t)ns / 1000 : 0;

    histogram->counts[us < HISTOGRAM_COUNT ? us : HISTOGRAM_COUNT - 1]++;
    histogram->total++;
    if (us > histogram->longest_us) {
        histogram->longest_us = us;
    }
}

static uint64_t histogram_quantile(const struct histogram *histogram, double share)
{
    uint64_t below = 0, wanted = (uint64_t)(share * (double)histogram->total);

    for (uint64_t us = 0; us + 1 < HISTOGRAM_COUNT; us++) {
        below += histogram->counts[us];
        if (below > wanted) {
            return us;
        }
    }
    return histogram->longest_us;
}

void histogram_print(const char *name, const struct histogram *histogram)
{
    printf(" %s=", name);
    if (histogram->total == 0) {
        printf("-");
        return;
    }
    for (int percent = 0; percent < 100; percent++) {
        printf("%" PRIu64 ",", histogram_quantile(histogram, percent / 100.0));
    }
    for (int tenth = 1; tenth < 10; tenth++) {
        printf("%" PRIu64 ",", histogram_quantile(histogram, 0.99 + tenth / 1000.0));
    }
    printf("%" PRIu64, histogram->longest_us);
}

/* ---- clocks, processes ---- */

uint64_t clock_ns(clockid_t clock)
{
    struct timespec time;

    clock_gettime(clock, &time);
    return (uint64_t)time.tv_sec * SECOND_NS + (uint64_t)time.tv_nsec;
}

uint64_t process_cpu_ns(int pid)
{
    clockid_t clock;
    struct timespec time;

    if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &time) != 0) {
        return 0;
    }
    return (uint64_t)time.tv_sec * SECOND_NS + (uint64_t)time.tv_nsec;
}

long process_status_kib(int pid, const char *key)
{
    char line[256];
    long value = 0;
    size_t len = strlen(key);

    snprintf(line, sizeof(line), "/proc/%d/status", pid);
    FILE *file = fopen(line, "r");
    while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
        if (strncmp(line, key, len) == 0 && line[len] == ':') {
            value = strtol(line + len + 1, NULL, 10);
        }
    }
    if (file != NULL) {
        fclose(file);
    }
    return value;
}

/* ---- sockets ---- */

void die(const char *what)
{
    perror(what);
    exit(1);
}

struct sockaddr_in address_parse(const char *text)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    char ip[64];
    int port = 0;

    if (sscanf(text, "%63[0-9.]:%d", ip, &port) < 1 || port < 0 || port > UINT16_MAX ||
        inet_pton(AF_INET, ip, &address.sin_addr) != 1 || ntohl(address.sin_addr.s_addr) >> 24 != IN_LOOPBACKNET) {
        fprintf(stderr, "%s: expected IP:PORT of 127.0.0.0/8\n", text);
        exit(2);
    }
    address.sin_port = htons((uint16_t)port);
    return address;
}

struct sockaddr_in address_with_port(const struct sockaddr_in *address, int port)
{
    struct sockaddr_in other = *address;

    other.sin_port = htons((uint16_t)port);
    return other;
}

int udp_open(const struct sockaddr_in *address)
{
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);

    if (fd < 0 || bind(fd, (const struct sockaddr *)address, sizeof(*address)) != 0) {
        die("a UDP socket");
    }
    return fd;
}

void socket_stamp(int fd)
{
    int on = 1;

    if (setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on)) != 0) {
        die("SO_TIMESTAMPNS");
    }
}

uint64_t message_stamp_ns(struct msghdr *message)
{
    for (struct cmsghdr *part = CMSG_FIRSTHDR(message); part != NULL; part = CMSG_NXTHDR(message, part)) {
        if (part->cmsg_level == SOL_SOCKET && part->cmsg_type == SCM_TIMESTAMPNS) {
            struct timespec time;

            memcpy(&time, CMSG_DATA(part), sizeof(time));
            return (uint64_t)time.tv_sec * SECOND_NS + (uint64_t)time.tv_nsec;
        }
    }
    return 0;
}

void descriptors_raise(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        (void)!setrlimit(RLIMIT_NOFILE, &limit); /* too few are noticed where they are opened */
    }
}

/* ---- orders ---- */

enum order order_read(int *number)
{
    struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
    char line[64];

    if (poll(&input, 1, 0) <= 0) {
        return ORDER_NONE;
    }
    ssize_t len = read(STDIN_FILENO, line, sizeof(line)); /* tools/bench waits for an answer before it writes again */
    if (len <= 0) {
        return ORDER_QUIT;
    }
    line[len - 1] = '\0'; /* its line end */
    if (sscanf(line, "want %d", number) == 1) {
        return ORDER_WANT;
    }
    return line[0] == 'b' ? ORDER_BEGIN : line[0] == 's' ? ORDER_STOP : ORDER_END;
}

int number_parse(const char *text, int least, int most)
{
    char *end;
    long value = strtol(text, &end, 10);

    if (*text == '\0' || *end != '\0' || value < least || value > most) {
        fprintf(stderr, "%s: expected a number from %d to %d\n", text, least, most);
        exit(2);
    }
    return (int)value;
}
