/* SPDX-License-Identifier: MIT */
/* N telephones: they answer at once, speak RTP, and note how well they are served.

       telephones -n 500 -a 127.0.0.2:5060 [-x PID]              answer N calls of SIP
       telephones -n 500 -a 127.0.0.2:26000 -d 127.0.0.1:20000   no SIP: RTP between ports 26000 + 2i and 20000 + 2i

   -l: a file with the far ports, one a line, in place of those. -q: they only listen. -g: they speak in so many groups, spread evenly over 20 ms (20). -x: whose CPU clock and memory are read.
   "up" is written when all N calls are up. Then "begin" and "end" on standard input begin and end the measured time, and after
   "end" comes one line of figures:

       sent, received   RTP packets, all calls together
       lost             gaps in the sequence numbers received
       skipped          20 ms of timestamps for which no packet came though none is lost
       stamped          packets received that carry audio of ours, back from the client
       gap              |time between two packets of a call - 20 ms|, us, by the kernel's receive time stamps
       begun, ended     calls that were answered and hung up
       late             turns of 1 ms that began more than 20 ms late: then this program is the bottleneck
       cpu_ns           CPU of PID, user and system
       rss_kib, anon_kib  its memory at the end

   The kernel's time stamps let it drain each socket once in 20 ms without a loss of precision. */
#define _GNU_SOURCE
#include "answer.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#define SIP_BUFFER_BYTES (8 << 20)
#define BATCH            8 /* packets a call can have waiting: 160 ms */
#define CONTROL_LEN      64

struct telephone {
    int rtp, port;
    bool up;
    char call_id[CALL_ID_CAP]; /* "": free */
    uint16_t sequence;
    uint32_t timestamp, stamp;
    bool heard; /* the next three are of the last packet received */
    uint16_t heard_sequence;
    uint32_t heard_timestamp;
    uint64_t heard_ns;
};

struct figures {
    uint64_t began_ns, cpu_ns;
    uint64_t sent, received, lost, skipped, stamped, begun, ended, late;
    struct histogram gaps;
};

static struct telephone telephones[CALLS_MAX];
static struct figures figures;
static struct sockaddr_in own;
static int telephone_count = 100, group_count = 20, watched_pid, sip = -1;
static const char *far_ports; /* the file of -l */
static bool quiet, told_up;

/* ---- SIP ---- */

static struct telephone *telephone_find(const char *call_id)
{
    for (int i = 0; i < telephone_count; i++) {
        if (strcmp(telephones[i].call_id, call_id) == 0) {
            return &telephones[i];
        }
    }
    return NULL;
}

static bool telephone_begin(struct telephone *telephone, const char *call_id, const char *offer)
{
    struct sockaddr_in media;

    if (!offer_parse(offer, &media) || connect(telephone->rtp, (struct sockaddr *)&media, sizeof(media)) != 0) {
        return false;
    }
    snprintf(telephone->call_id, sizeof(telephone->call_id), "%s", call_id);
    telephone->up = true;
    telephone->heard = false;
    figures.begun++;
    return true;
}

static void request_answer(const char *request, const struct sockaddr_in *from)
{
    char out[MESSAGE_CAP], call_id[CALL_ID_CAP];
    enum request kind = request_parse(request, call_id);
    struct telephone *telephone = kind == REQUEST_NONE ? NULL : telephone_find(call_id);
    const char *status = "200 OK";
    int port = 0;

    if (kind == REQUEST_NONE || kind == REQUEST_ACK) {
        return;
    }
    if (kind == REQUEST_INVITE) {
        struct telephone *idle = telephone == NULL ? telephone_find("") : NULL;

        telephone = idle != NULL && telephone_begin(idle, call_id, request) ? idle : telephone;
        port = telephone != NULL ? telephone->port : 0;
        status = telephone != NULL ? status : "486 Busy Here";
    } else if (kind == REQUEST_BYE && telephone != NULL) {
        telephone->up = false;
        telephone->call_id[0] = '\0';
        figures.ended++;
    }
    size_t len = answer_write(out, request, status, &own, port);
    (void)!sendto(sip, out, len, 0, (const struct sockaddr *)from, sizeof(*from)); /* a lost one is asked for again */
}

static void sip_serve(void)
{
    char request[MESSAGE_CAP];
    struct sockaddr_in from;
    socklen_t from_len = sizeof(from);

    for (;;) {
        ssize_t len = recvfrom(sip, request, sizeof(request) - 1, MSG_DONTWAIT, (struct sockaddr *)&from, &from_len);

        if (len <= 0) {
            return;
        }
        request[len] = '\0';
        request_answer(request, &from);
    }
}

/* ---- RTP ---- */

static void packet_take(struct telephone *telephone, const uint8_t *packet, uint64_t when_ns)
{
    struct stamp stamp;
    uint16_t sequence = u16_read(packet + 2);
    uint32_t timestamp = u32_read(packet + 4);

    figures.received++;
    figures.stamped += stamp_parse(packet + RTP_HEADER_LEN, &stamp);
    if (telephone->heard) {
        uint16_t step = (uint16_t)(sequence - telephone->heard_sequence);
        uint32_t frames = (timestamp - telephone->heard_timestamp) / PAYLOAD_LEN;

        figures.lost += step > 1 ? step - 1u : 0;
        figures.skipped += frames > step ? frames - step : 0;
        if (step == 1 && frames == 1) {
            histogram_add(&figures.gaps, llabs((int64_t)(when_ns - telephone->heard_ns) - PTIME_NS));
        }
    }
    telephone->heard = true;
    telephone->heard_sequence = sequence;
    telephone->heard_timestamp = timestamp;
    telephone->heard_ns = when_ns;
}

static void telephone_hear(struct telephone *telephone)
{
    static uint8_t packets[BATCH][RTP_LEN];
    static uint64_t controls[BATCH][CONTROL_LEN / sizeof(uint64_t)];
    struct iovec parts[BATCH];
    struct mmsghdr messages[BATCH];

    for (int i = 0; i < BATCH; i++) {
        parts[i] = (struct iovec){.iov_base = packets[i], .iov_len = sizeof(packets[i])};
        messages[i] = (struct mmsghdr){.msg_hdr = {.msg_iov = &parts[i],
                                                   .msg_iovlen = 1,
                                                   .msg_control = controls[i],
                                                   .msg_controllen = sizeof(controls[i])}};
    }
    int count = recvmmsg(telephone->rtp, messages, BATCH, MSG_DONTWAIT, NULL);
    for (int i = 0; i < count; i++) {
        if (messages[i].msg_len == RTP_LEN) {
            packet_take(telephone, packets[i], message_stamp_ns(&messages[i].msg_hdr));
        }
    }
}

static void telephone_speak(struct telephone *telephone, int index)
{
    uint8_t packet[RTP_LEN];
    struct stamp stamp = {.call = (uint32_t)index, .sequence = telephone->stamp++, .sent_ns = clock_ns(CLOCK_REALTIME)};

    memset(packet, 0x55, sizeof(packet));
    packet[0] = 0x80; /* version 2; payload type 0 is PCMU */
    packet[1] = 0;
    u16_write(packet + 2, ++telephone->sequence);
    u32_write(packet + 4, telephone->timestamp += PAYLOAD_LEN);
    u32_write(packet + 8, (uint32_t)index + 1);
    stamp_write(packet + RTP_HEADER_LEN, &stamp);
    figures.sent += send(telephone->rtp, packet, sizeof(packet), MSG_DONTWAIT) == RTP_LEN;
}

static void group_serve(int group)
{
    for (int i = group; i < telephone_count; i += group_count) {
        if (telephones[i].up) {
            telephone_hear(&telephones[i]);
            if (!quiet) {
                telephone_speak(&telephones[i], i);
            }
        }
    }
}

/* ---- orders ---- */

static void measure_begin(void)
{
    memset(&figures, 0, sizeof(figures));
    figures.began_ns = clock_ns(CLOCK_MONOTONIC);
    figures.cpu_ns = process_cpu_ns(watched_pid);
}

static void measure_end(void)
{
    uint64_t cpu_ns = process_cpu_ns(watched_pid) - figures.cpu_ns;
    double seconds = (double)(clock_ns(CLOCK_MONOTONIC) - figures.began_ns) / SECOND_NS;

    printf("seconds=%.6f sent=%" PRIu64 " received=%" PRIu64 " lost=%" PRIu64 " skipped=%" PRIu64 " stamped=%" PRIu64,
           seconds, figures.sent, figures.received, figures.lost, figures.skipped, figures.stamped);
    printf(" begun=%" PRIu64 " ended=%" PRIu64 " late=%" PRIu64 " cpu_ns=%" PRIu64 " rss_kib=%ld anon_kib=%ld",
           figures.begun, figures.ended, figures.late, cpu_ns, process_status_kib(watched_pid, "VmRSS"),
           process_status_kib(watched_pid, "RssAnon"));
    histogram_print("gap", &figures.gaps);
    puts("");
    fflush(stdout);
}

static void order_obey(void)
{
    int number;

    switch (order_read(&number)) {
    case ORDER_NONE: return;
    case ORDER_BEGIN: measure_begin(); return;
    case ORDER_STOP:
    case ORDER_WANT: return;
    case ORDER_END: measure_end(); return;
    case ORDER_QUIT: exit(0);
    }
}

static void up_tell(void)
{
    if (!told_up && (sip < 0 || figures.begun >= (uint64_t)telephone_count)) {
        told_up = true;
        puts("up");
        fflush(stdout);
    }
}

_Noreturn static void turns_serve(void)
{
    uint64_t begin_ns = (clock_ns(CLOCK_MONOTONIC) / PTIME_NS + 1) * PTIME_NS; /* the clients' groups begin there too */

    for (uint64_t turn = 0;; turn++) {
        uint64_t due_ns = begin_ns + turn * PTIME_NS / (uint32_t)group_count, now_ns = clock_ns(CLOCK_MONOTONIC);
        struct timespec due = {.tv_sec = (time_t)(due_ns / SECOND_NS), .tv_nsec = (long)(due_ns % SECOND_NS)};

        figures.late += now_ns > due_ns + PTIME_NS;
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, NULL);
        if (sip >= 0) {
            sip_serve();
        }
        group_serve((int)(turn % (uint32_t)group_count));
        up_tell();
        order_obey();
    }
}

static int far_port_next(FILE *ports, int otherwise)
{
    char line[16];

    return ports != NULL && fgets(line, sizeof(line), ports) != NULL ? atoi(line) : otherwise;
}

static void telephones_open(const struct sockaddr_in *far)
{
    FILE *ports = far_ports != NULL ? fopen(far_ports, "r") : NULL;

    for (int i = 0; i < telephone_count; i++) {
        struct sockaddr_in address = address_with_port(&own, far == NULL ? 0 : ntohs(own.sin_port) + 2 * i);
        socklen_t len = sizeof(address);

        telephones[i].rtp = udp_open(&address);
        socket_stamp(telephones[i].rtp);
        getsockname(telephones[i].rtp, (struct sockaddr *)&address, &len);
        telephones[i].port = ntohs(address.sin_port);
        if (far != NULL) {
            struct sockaddr_in there = address_with_port(far, far_port_next(ports, ntohs(far->sin_port) + 2 * i));

            telephones[i].up = connect(telephones[i].rtp, (struct sockaddr *)&there, sizeof(there)) == 0;
        }
    }
    if (far == NULL) {
        int bytes = SIP_BUFFER_BYTES;

        sip = udp_open(&own);
        (void)!setsockopt(sip, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes)); /* with less, more is asked for again */
    }
}

int main(int count, char **words)
{
    struct sockaddr_in far;
    bool direct = false;

    own = address_parse("127.0.0.2:5060");
    for (int option = getopt(count, words, "n:a:d:l:x:g:q"); option != -1;
         option = getopt(count, words, "n:a:d:l:x:g:q")) {
        switch (option) {
        case 'n': telephone_count = number_parse(optarg, 1, CALLS_MAX); break;
        case 'a': own = address_parse(optarg); break;
        case 'd':
            far = address_parse(optarg);
            direct = true;
            break;
        case 'x': watched_pid = number_parse(optarg, 1, INT32_MAX); break;
        case 'g': group_count = number_parse(optarg, 1, 1000); break;
        case 'l': far_ports = optarg; break;
        case 'q': quiet = true; break;
        default: return 2;
        }
    }
    descriptors_raise();
    prctl(PR_SET_TIMERSLACK, 1000); /* ns */
    telephones_open(direct ? &far : NULL);
    turns_serve();
}
