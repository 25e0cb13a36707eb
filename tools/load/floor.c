/* SPDX-License-Identifier: MIT */
/* The floor: what the kernel alone charges for carrying N telephone calls through one process. One epoll loop does the socket
   work of such a server and nothing else: it knows no SIP, looks at no packet, queues nothing. What a real server takes more
   than this is its own doing.

       floor -n 500 -a 127.0.0.1:20000 -t 127.0.0.2:26000 -w 127.0.0.1:8080 [-m rswi] [-d] [-k 20]

   Call i has RTP between port 20000 + 2i here and 26000 + 2i there, and the i-th client that connects to 8080. -m names the work
   of each 20 ms, any of: r receive an RTP packet, s send one, w write its audio to the client as a WebSocket frame (at the tick
   when there is no r), i read such a frame. -d: RTP is not in the epoll set but drained at the tick, so that a packet wakes
   nobody. -k: the calls are spread over so many ticks of 20/k ms. It says "ready" when it may be loaded, and runs until it is
   ended. tools/bench reads its CPU clock from outside. */
#define _GNU_SOURCE
#include "load.h"

#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#define EVENTS_MAX       256
#define OUT_HEADER_LEN   4 /* of a frame of 160 bytes, without a mask */
#define IN_HEADER_LEN    8 /* with one */
#define OUT_FRAME_LEN    (OUT_HEADER_LEN + PAYLOAD_LEN)
#define IN_FRAME_LEN     (IN_HEADER_LEN + PAYLOAD_LEN)
#define OUT_FRAME_OFFSET (RTP_HEADER_LEN - OUT_HEADER_LEN)

struct call {
    int udp, tcp;
    uint16_t sequence;
    uint32_t timestamp;
    uint8_t heard[RTP_LEN]; /* a packet; its audio goes out from here, the frame's header over the end of RTP's */
    uint8_t frame[IN_FRAME_LEN];
    size_t frame_len;
    uint8_t packet[RTP_LEN]; /* what is sent at the tick */
};

enum kind { KIND_RTP, KIND_CLIENT, KIND_TICK };

static struct call calls[CALLS_MAX];
static int call_count = 100, slot_count = 1;
static bool receives, sends, writes, reads, drains;

static void client_write(struct call *call)
{
    static const uint8_t header[OUT_HEADER_LEN] = {0x82, 126, 0, PAYLOAD_LEN};

    memcpy(call->heard + OUT_FRAME_OFFSET, header, sizeof(header));
    (void)!send(call->tcp, call->heard + OUT_FRAME_OFFSET, OUT_FRAME_LEN,
                MSG_DONTWAIT | MSG_NOSIGNAL); /* the clients count */
}

static bool rtp_read(struct call *call)
{
    if (recv(call->udp, call->heard, RTP_LEN, MSG_DONTWAIT) <= 0) {
        return false;
    }
    if (writes) {
        client_write(call);
    }
    return true;
}

static void client_read(struct call *call)
{
    ssize_t len = recv(call->tcp, call->frame + call->frame_len, IN_FRAME_LEN - call->frame_len, MSG_DONTWAIT);

    if (len == 0) {
        exit(0); /* the clients are done */
    }
    call->frame_len += len > 0 ? (size_t)len : 0;
    if (call->frame_len < IN_FRAME_LEN) {
        return;
    }
    call->frame_len = 0;
    for (int at = 0; at < PAYLOAD_LEN; at++) {
        call->packet[RTP_HEADER_LEN + at] =
            call->frame[IN_HEADER_LEN + at] ^ call->frame[IN_HEADER_LEN - 4 + at % 4]; /* RFC 6455 5.3 */
    }
}

static void rtp_send(struct call *call)
{
    u16_write(call->packet + 2, ++call->sequence);
    u32_write(call->packet + 4, call->timestamp += PAYLOAD_LEN);
    (void)!send(call->udp, call->packet, RTP_LEN, MSG_DONTWAIT); /* the telephones count */
}

static void slot_serve(int slot)
{
    for (int i = slot; i < call_count; i += slot_count) {
        while (receives && drains && rtp_read(&calls[i])) {
        }
        if (writes && !receives) {
            client_write(&calls[i]);
        }
        if (sends) {
            rtp_send(&calls[i]);
        }
    }
}

/* Late ticks are made up for, all at once: nothing may be missing. */
static void tick_serve(int timer)
{
    static int slot;
    uint64_t due = 0;

    if (read(timer, &due, sizeof(due)) != sizeof(due)) {
        return;
    }
    for (; due > 0; due--) {
        slot_serve(slot);
        slot = (slot + 1) % slot_count;
    }
}

/* ---- before the calls begin ---- */

static void poll_add(int poll, int fd, enum kind kind, int index)
{
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = (uint64_t)kind << 32 | (uint32_t)index};

    if (epoll_ctl(poll, EPOLL_CTL_ADD, fd, &event) != 0) {
        die("epoll_ctl");
    }
}

static void calls_open(const struct sockaddr_in *own, const struct sockaddr_in *far)
{
    for (int i = 0; i < call_count; i++) {
        struct sockaddr_in here = address_with_port(own, ntohs(own->sin_port) + 2 * i);
        struct sockaddr_in there = address_with_port(far, ntohs(far->sin_port) + 2 * i);

        calls[i].udp = udp_open(&here);
        calls[i].packet[0] = 0x80; /* version 2; payload type 0 is PCMU */
        u32_write(calls[i].packet + 8, (uint32_t)i + 1);
        memset(calls[i].packet + RTP_HEADER_LEN, 0xff, PAYLOAD_LEN);
        if (connect(calls[i].udp, (struct sockaddr *)&there, sizeof(there)) != 0) {
            die("connect");
        }
    }
}

static int clients_listen(const struct sockaddr_in *address)
{
    int on = 1, fd = socket(AF_INET, SOCK_STREAM, 0);

    (void)!setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)); /* without it the port may be taken: said below */
    if (fd < 0 || bind(fd, (const struct sockaddr *)address, sizeof(*address)) != 0 || listen(fd, CALLS_MAX) != 0) {
        die("the clients' port");
    }
    return fd;
}

/* Our clients always send the key of RFC 6455 1.3, so that the answer is always the one printed there. */
static int client_accept(int listening)
{
    static const char answer[] = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                                 "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
    char request[2048] = "";
    size_t len = 0;
    int on = 1, fd = accept(listening, NULL, NULL);

    if (fd < 0 || setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) != 0) {
        die("accept");
    }
    while (strstr(request, "\r\n\r\n") == NULL) {
        ssize_t more = len + 1 < sizeof(request) ? recv(fd, request + len, sizeof(request) - 1 - len, 0) : 0;

        if (more <= 0) {
            die("a client's request");
        }
        len += (size_t)more;
        request[len] = '\0';
    }
    (void)!send(fd, answer, sizeof(answer) - 1,
                MSG_NOSIGNAL); /* a client that is gone ends the program at its first frame */
    return fd;
}

static int timer_open(void)
{
    int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
    struct timespec each = {.tv_nsec = PTIME_NS / (uint32_t)slot_count};
    struct itimerspec timer = {.it_interval = each, .it_value = each};

    if (fd < 0 || timerfd_settime(fd, 0, &timer, NULL) != 0) {
        die("timerfd");
    }
    return fd;
}

static int poll_open(void)
{
    int poll = epoll_create1(0);

    for (int i = 0; i < call_count; i++) {
        if (receives && !drains) {
            poll_add(poll, calls[i].udp, KIND_RTP, i);
        }
        if (reads) {
            poll_add(poll, calls[i].tcp, KIND_CLIENT, i);
        }
    }
    return poll;
}

_Noreturn static void calls_serve(void)
{
    struct epoll_event events[EVENTS_MAX];
    int poll = poll_open(), timer = timer_open();

    poll_add(poll, timer, KIND_TICK, 0);
    for (;;) {
        int count = epoll_wait(poll, events, EVENTS_MAX, -1);

        for (int i = 0; i < count; i++) {
            struct call *call = &calls[(uint32_t)events[i].data.u64];

            switch ((enum kind)(events[i].data.u64 >> 32)) {
            case KIND_RTP: (void)rtp_read(call); break;
            case KIND_CLIENT: client_read(call); break;
            case KIND_TICK: tick_serve(timer); break;
            }
        }
    }
}

int main(int count, char **words)
{
    struct sockaddr_in own = address_parse("127.0.0.1:20000"), far = address_parse("127.0.0.2:26000");
    struct sockaddr_in clients = address_parse("127.0.0.1:8080");
    const char *work = "rswi";

    for (int option = getopt(count, words, "n:a:t:w:m:dk:"); option != -1;
         option = getopt(count, words, "n:a:t:w:m:dk:")) {
        switch (option) {
        case 'n': call_count = number_parse(optarg, 1, CALLS_MAX); break;
        case 'a': own = address_parse(optarg); break;
        case 't': far = address_parse(optarg); break;
        case 'w': clients = address_parse(optarg); break;
        case 'm': work = optarg; break;
        case 'd': drains = true; break;
        case 'k': slot_count = number_parse(optarg, 1, 20); break;
        default: return 2;
        }
    }
    receives = strchr(work, 'r') != NULL;
    sends = strchr(work, 's') != NULL;
    writes = strchr(work, 'w') != NULL;
    reads = strchr(work, 'i') != NULL;
    descriptors_raise();
    calls_open(&own, &far);
    int listening = writes || reads ? clients_listen(&clients) : -1;
    puts("ready");
    fflush(stdout);
    for (int i = 0; listening >= 0 && i < call_count; i++) {
        calls[i].tcp = client_accept(listening);
    }
    calls_serve();
}
