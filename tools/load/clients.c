/* SPDX-License-Identifier: MIT */
/* N WebSocket clients that dial, and send back what they hear, or only listen.

       clients -n 500 -s 127.0.0.1:8080 -f ulaw -e -t 'MEDIA:ulaw;CALL:bench'
       clients -n 200 -s 127.0.0.1:8080 -f off -r 500 -t MEDIA:off
       clients -n 900 -s 127.0.0.1:8080 -f ulaw -e -r 100 -k -t MEDIA:ulaw

   -f: how audio comes, ulaw (binary, 160 bytes), rtp (binary, the packet), hex (text, RTP:HEX) or off. -e: each sends a
   binary message of 20 ms every 20 ms, what it heard, oldest first; in 20 groups, those of the telephones. -o: each sends 20 ms of its
   own, with a stamp, as soon as its call is up, whatever it hears. -t: texts sent once connected, a semicolon between. -u: texts sent
   when the call is up. -r: so many calls a second are dialled with CALL:bench, each hung up when it is up, by whichever client is
   idle, until "stop". -k: each is kept, and a call is dialled only while fewer than N of "want N", which begins too, are up or on
   their way; who is refused may be asked again.
   "up" is written when all are connected, and have their calls where -t dials. Then "begin" and "end" on standard input begin and
   end the measured time, and after "end" comes one line of figures:

       open             clients connected
       up               calls that are up, at the end
       frames           messages of audio received, all clients together
       lost             gaps in the telephones' stamps in them
       stamped          messages with a stamp
       echoed, short    messages sent; of them those that found no room
       silent           messages sent with nothing heard to send back
       placed, done     calls dialled with -r; of them those that were up and have ended
       failed, errors   those that were refused or ended before; messages ERROR:
       cut              calls that were up and ended though nobody hung up here
       starved          calls that were due with no client idle
       latency          us from a telephone's sendto to the segment in the client's socket, by stamp and kernel's receive time stamp
       answer, ending   us from CALL to established, from HANGUP to ended */
#define _GNU_SOURCE
#include "load.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/timerfd.h>
#include <unistd.h>

#define EVENTS_MAX   256
#define INPUT_CAP    8192
#define TEXT_MAX     1024
#define RTP_HEX_LEN  (4 + 2 * RTP_LEN) /* RTP: and the packet */
#define GROUP_COUNT  20
#define TURN_NS      (PTIME_NS / GROUP_COUNT)
#define HEARD_MAX    8 /* 160 ms */
#define OP_TEXT      1
#define OP_BINARY    2
#define OP_CLOSE     8
#define OP_PING      9
#define OP_PONG      10
#define INDEX_ORDERS CALLS_MAX
#define INDEX_TURN   (CALLS_MAX + 1)

enum format { FORMAT_OFF, FORMAT_ULAW, FORMAT_RTP, FORMAT_HEX };
enum state { CLIENT_CLOSED, CLIENT_ASKED, CLIENT_IDLE, CLIENT_DIALLED, CLIENT_UP, CLIENT_ENDING };

struct client {
    int fd;
    enum state state;
    bool stamped; /* .stamp is that of the last audio */
    uint32_t stamp;
    uint64_t asked_ns; /* CALL or HANGUP */
    bool speaks;       /* from when two frames wait: one comes late now and then */
    uint32_t own_stamp;
    uint32_t heard_first, heard_count;
    uint8_t heard[HEARD_MAX][PAYLOAD_LEN];
    size_t len;
    uint8_t input[INPUT_CAP];
};

struct figures {
    uint64_t frames, lost, stamped, echoed, short_sent, silent, placed, done, failed, cut, errors, starved;
    struct histogram latency, answer, ending;
};

static struct client clients[CALLS_MAX];
static struct figures figures;
static int client_count = 100, rate, next_idle, up_count, closed_count, wanted;
static int calls_count; /* up or on their way, with -k */
static enum format format = FORMAT_ULAW;
static bool echoes, speaks_of_itself, keeps, told_up;
static const char *texts_first = "", *texts_up = "";
static uint64_t churn_from_ns, churn_due; /* calls that were due since then */

/* ---- frames out (RFC 6455 5.2) ---- */

static bool frame_send(struct client *client, int op, const uint8_t *data, size_t len)
{
    static const uint8_t mask[4] = {0x5a, 0x01, 0x33, 0x80};
    uint8_t frame[8 + TEXT_MAX];
    size_t head = len < 126 ? 2 : 4;

    if (len > TEXT_MAX) {
        return false;
    }
    frame[0] = (uint8_t)(0x80 | op);
    frame[1] = (uint8_t)(0x80 | (len < 126 ? len : 126));
    if (len >= 126) {
        u16_write(frame + 2, (uint32_t)len);
    }
    memcpy(frame + head, mask, sizeof(mask));
    head += sizeof(mask);
    for (size_t i = 0; i < len; i++) {
        frame[head + i] = data[i] ^ mask[i % 4];
    }
    return send(client->fd, frame, head + len, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)(head + len);
}

static void text_send(struct client *client, const char *text, size_t len)
{
    if (!frame_send(client, OP_TEXT, (const uint8_t *)text, len)) {
        die("a text to the server");
    }
}

static void texts_send(struct client *client, const char *texts)
{
    while (*texts != '\0') {
        size_t len = strcspn(texts, ";");

        text_send(client, texts, len);
        texts += len + (texts[len] == ';');
    }
}

/* ---- what comes ---- */

static void up_tell(void)
{
    up_count++;
    if (up_count == client_count && !told_up) {
        told_up = true;
        puts("up");
        fflush(stdout);
    }
}

static int digit_value(char digit)
{
    return isdigit((unsigned char)digit) ? digit - '0' : digit - 'A' + 10;
}

/* The 20 ms of mu-law in a message, or NULL. */
static const uint8_t *audio_of(int op, const uint8_t *data, size_t len)
{
    static uint8_t decoded[PAYLOAD_LEN];

    if (format == FORMAT_ULAW && op == OP_BINARY && len == PAYLOAD_LEN) {
        return data;
    }
    if (format == FORMAT_RTP && op == OP_BINARY && len == RTP_LEN) {
        return data + RTP_HEADER_LEN;
    }
    if (format != FORMAT_HEX || op != OP_TEXT || len != RTP_HEX_LEN || memcmp(data, "RTP:", 4) != 0) {
        return NULL;
    }
    const char *digits = (const char *)data + 4 + 2 * RTP_HEADER_LEN;
    for (int i = 0; i < PAYLOAD_LEN; i++) {
        decoded[i] = (uint8_t)(digit_value(digits[2 * i]) << 4 | digit_value(digits[2 * i + 1]));
    }
    return decoded;
}

static void audio_take(struct client *client, const uint8_t *audio, uint64_t when_ns)
{
    struct stamp stamp;

    figures.frames++;
    if (stamp_parse(audio, &stamp)) {
        if (client->stamped && stamp.sequence > client->stamp + 1) {
            figures.lost += stamp.sequence - client->stamp - 1;
        }
        client->stamped = true;
        client->stamp = stamp.sequence;
        figures.stamped++;
        histogram_add(&figures.latency, (int64_t)(when_ns - stamp.sent_ns));
    }
    if (echoes && client->heard_count < HEARD_MAX) {
        memcpy(client->heard[(client->heard_first + client->heard_count) % HEARD_MAX], audio, PAYLOAD_LEN);
        client->heard_count++;
        client->speaks = client->speaks || client->heard_count > 1;
    }
}

static bool begins(const uint8_t *data, size_t len, const char *word)
{
    return len >= strlen(word) && memcmp(data, word, strlen(word)) == 0;
}

static void call_up(struct client *client)
{
    uint64_t now_ns = clock_ns(CLOCK_MONOTONIC);

    texts_send(client, texts_up);
    client->state = CLIENT_UP;
    client->speaks = speaks_of_itself;
    if (rate == 0) {
        up_tell();
        return;
    }
    histogram_add(&figures.answer, (int64_t)(now_ns - client->asked_ns));
    if (!keeps) {
        client->asked_ns = now_ns;
        client->state = CLIENT_ENDING;
        text_send(client, "HANGUP", 6);
    }
}

static void call_ended(struct client *client)
{
    if (client->state == CLIENT_ENDING) {
        histogram_add(&figures.ending, (int64_t)(clock_ns(CLOCK_MONOTONIC) - client->asked_ns));
        figures.done++;
    } else {
        figures.failed += client->state != CLIENT_UP;
        figures.cut += client->state == CLIENT_UP;
        calls_count--;
    }
    client->speaks = client->stamped = false;
    client->heard_count = 0;
    client->state = CLIENT_IDLE;
}

static void text_take(struct client *client, const uint8_t *data, size_t len)
{
    if (begins(data, len, "CALL_STATE:established")) {
        call_up(client);
    } else if (begins(data, len, "CALL_STATE:ended")) {
        call_ended(client);
    } else if (begins(data, len, "ERROR:")) {
        if (figures.errors++ == 0) {
            fprintf(stderr, "clients: %.*s\n", (int)len, (const char *)data);
        }
        if (client->state == CLIENT_DIALLED && rate == 0) {
            exit(1); /* they never are all up */
        }
        if (client->state == CLIENT_DIALLED) {
            calls_count--;
            figures.failed++;
            client->state = CLIENT_IDLE;
        }
    }
}

static void message_take(struct client *client, int op, const uint8_t *data, size_t len, uint64_t when_ns)
{
    const uint8_t *audio = audio_of(op, data, len);

    if (audio != NULL) {
        audio_take(client, audio, when_ns);
    } else if (op == OP_TEXT) {
        text_take(client, data, len);
    } else if (op == OP_PING) {
        (void)frame_send(client, OP_PONG, data, len);
    } else if (op == OP_CLOSE && closed_count == 0) {
        fprintf(stderr, "clients: the server closes with %d\n", len >= 2 ? u16_read(data) : 0);
    }
}

/* What of the input is used; frames of a server have no mask, and none of ours is 64 KiB long. */
static size_t frames_take(struct client *client, uint64_t when_ns)
{
    size_t used = 0;

    while (client->len - used >= 4) {
        const uint8_t *frame = client->input + used;
        size_t len = frame[1] & 127u, head = 2;

        if (len == 126) {
            len = u16_read(frame + 2);
            head = 4;
        }
        if (client->len - used < head + len) {
            break;
        }
        message_take(client, frame[0] & 15, frame + head, len, when_ns);
        used += head + len;
    }
    return used;
}

static size_t upgrade_take(struct client *client)
{
    const uint8_t *end = memmem(client->input, client->len, "\r\n\r\n", 4);

    if (end == NULL) {
        return 0;
    }
    if (!begins(client->input, client->len, "HTTP/1.1 101 ")) {
        fprintf(stderr, "clients: %.*s\n", (int)client->len, (const char *)client->input);
        exit(1);
    }
    bool dials = strstr(texts_first, "CALL:") != NULL;
    client->state = dials ? CLIENT_DIALLED : CLIENT_IDLE;
    texts_send(client, texts_first);
    if (!dials) {
        up_tell();
    }
    return (size_t)(end + 4 - client->input);
}

static void client_close(struct client *client)
{
    if (closed_count++ == 0) {
        fprintf(stderr, "clients: a connection is gone\n");
    }
    close(client->fd);
    client->state = CLIENT_CLOSED;
}

static void client_read(struct client *client)
{
    uint64_t control[8];
    struct iovec part = {.iov_base = client->input + client->len, .iov_len = INPUT_CAP - client->len};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)};
    ssize_t len = recvmsg(client->fd, &message, MSG_DONTWAIT);
    size_t used = 0;

    if (len < 0 && errno == EAGAIN) {
        return;
    }
    if (len <= 0) {
        client_close(client);
        return;
    }
    client->len += (size_t)len;
    if (client->state == CLIENT_ASKED) {
        used = upgrade_take(client);
        memmove(client->input, client->input + used, client->len -= used);
    }
    if (client->state != CLIENT_ASKED) {
        used = frames_take(client, message_stamp_ns(&message));
        memmove(client->input, client->input + used, client->len -= used);
    }
}

/* ---- calls that come and go ---- */

static struct client *client_idle(void)
{
    for (int i = 0; i < client_count; i++) {
        struct client *client = &clients[(next_idle + i) % client_count];

        if (client->state == CLIENT_IDLE) {
            next_idle = (next_idle + i + 1) % client_count;
            return client;
        }
    }
    return NULL;
}

static void churn_serve(void)
{
    uint64_t now_ns = clock_ns(CLOCK_MONOTONIC);
    uint64_t due = churn_from_ns == 0 ? 0 : (now_ns - churn_from_ns) * (uint64_t)rate / SECOND_NS;

    for (; churn_due < due; churn_due++) {
        struct client *client = keeps && calls_count >= wanted ? NULL : client_idle();

        if (client == NULL) {
            figures.starved += !keeps;
            continue;
        }
        client->state = CLIENT_DIALLED;
        client->asked_ns = now_ns;
        figures.placed++;
        calls_count++;
        text_send(client, "CALL:bench", 10);
    }
}

/* ---- turns of 1 ms ---- */

static void client_speak(struct client *client, int index)
{
    static uint8_t silence[PAYLOAD_LEN], own[PAYLOAD_LEN];
    const uint8_t *audio = silence;

    memset(silence, 0xff, sizeof(silence)); /* mu-law */
    if (speaks_of_itself) {
        struct stamp stamp = {
            .call = (uint32_t)index, .sequence = ++client->own_stamp, .sent_ns = clock_ns(CLOCK_REALTIME)};

        stamp_write(own, &stamp);
        audio = own;
    } else if (client->heard_count > 0) {
        audio = client->heard[client->heard_first];
        client->heard_first = (client->heard_first + 1) % HEARD_MAX;
        client->heard_count--;
    }
    bool sent = frame_send(client, OP_BINARY, audio, PAYLOAD_LEN);
    figures.echoed++;
    figures.silent += audio == silence;
    figures.short_sent += !sent;
}

static void turn_serve(int timer)
{
    static uint64_t turn;
    uint64_t times, now = clock_ns(CLOCK_MONOTONIC) / TURN_NS;

    if (read(timer, &times, sizeof(times)) != sizeof(times)) {
        return;
    }
    for (turn = turn == 0 ? now : turn; turn < now; turn++) {
        for (int i = (int)(turn % GROUP_COUNT); i < client_count; i += GROUP_COUNT) {
            if (clients[i].speaks && clients[i].state != CLIENT_CLOSED) {
                client_speak(&clients[i], i);
            }
        }
    }
    churn_serve();
}

/* ---- orders ---- */

static void measure_begin(void)
{
    memset(&figures, 0, sizeof(figures));
    churn_from_ns = clock_ns(CLOCK_MONOTONIC);
    churn_due = 0;
}

static void measure_end(void)
{
    int open = 0, up = 0;

    for (int i = 0; i < client_count; i++) {
        open += clients[i].state != CLIENT_CLOSED;
        up += clients[i].state == CLIENT_UP;
    }
    printf("open=%d up=%d frames=%" PRIu64 " lost=%" PRIu64 " stamped=%" PRIu64 " echoed=%" PRIu64 " short=%" PRIu64
           " silent=%" PRIu64,
           open, up, figures.frames, figures.lost, figures.stamped, figures.echoed, figures.short_sent, figures.silent);
    printf(" placed=%" PRIu64 " done=%" PRIu64 " failed=%" PRIu64 " cut=%" PRIu64 " errors=%" PRIu64
           " starved=%" PRIu64,
           figures.placed, figures.done, figures.failed, figures.cut, figures.errors, figures.starved);
    histogram_print("latency", &figures.latency);
    histogram_print("answer", &figures.answer);
    histogram_print("ending", &figures.ending);
    puts("");
    fflush(stdout);
}

static void order_obey(void)
{
    switch (order_read(&wanted)) {
    case ORDER_NONE: return;
    case ORDER_BEGIN: measure_begin(); return;
    case ORDER_STOP: churn_from_ns = 0; return;
    case ORDER_WANT: measure_begin(); return;
    case ORDER_END: measure_end(); return;
    case ORDER_QUIT: exit(0);
    }
}

static void poll_add(int poll, int fd, int index)
{
    struct epoll_event event = {.events = EPOLLIN, .data.u32 = (uint32_t)index};

    if (epoll_ctl(poll, EPOLL_CTL_ADD, fd, &event) != 0) {
        die("epoll_ctl");
    }
}

static void client_open(struct client *client, const struct sockaddr_in *server)
{
    /* The key is that of RFC 6455 1.3. */
    static const char request[] = "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                                  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
    int on = 1;

    client->fd = socket(AF_INET, SOCK_STREAM, 0);
    if (client->fd < 0 || connect(client->fd, (const struct sockaddr *)server, sizeof(*server)) != 0 ||
        setsockopt(client->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) != 0 ||
        send(client->fd, request, sizeof(request) - 1, MSG_NOSIGNAL) != sizeof(request) - 1) {
        die("connect to the server");
    }
    socket_stamp(client->fd);
    client->state = CLIENT_ASKED;
}

/* On whole milliseconds of the clock, as the telephones' turns. */
static int turns_open(void)
{
    uint64_t first_ns = (clock_ns(CLOCK_MONOTONIC) / TURN_NS + 1) * TURN_NS;
    struct itimerspec timer = {
        .it_interval = {.tv_nsec = TURN_NS},
        .it_value = {.tv_sec = (time_t)(first_ns / SECOND_NS), .tv_nsec = (long)(first_ns % SECOND_NS)},
    };
    int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);

    if (fd < 0 || timerfd_settime(fd, TFD_TIMER_ABSTIME, &timer, NULL) != 0) {
        die("timerfd");
    }
    return fd;
}

_Noreturn static void events_serve(int poll, int timer)
{
    struct epoll_event events[EVENTS_MAX];

    for (;;) {
        int count = epoll_wait(poll, events, EVENTS_MAX, -1);

        for (int i = 0; i < count; i++) {
            uint32_t index = events[i].data.u32;

            if (index == INDEX_ORDERS) {
                order_obey();
            } else if (index == INDEX_TURN) {
                turn_serve(timer);
            } else {
                client_read(&clients[index]);
            }
        }
    }
}

static enum format format_parse(const char *text)
{
    static const char *const names[] = {"off", "ulaw", "rtp", "hex"};

    for (int i = 0; i < 4; i++) {
        if (strcmp(text, names[i]) == 0) {
            return (enum format)i;
        }
    }
    fprintf(stderr, "%s: expected off, ulaw, rtp or hex\n", text);
    exit(2);
}

int main(int count, char **words)
{
    struct sockaddr_in server = address_parse("127.0.0.1:8080");
    int poll = epoll_create1(0), timer = -1;

    for (int option = getopt(count, words, "n:s:f:eot:u:r:k"); option != -1;
         option = getopt(count, words, "n:s:f:eot:u:r:k")) {
        switch (option) {
        case 'n': client_count = number_parse(optarg, 1, CALLS_MAX); break;
        case 's': server = address_parse(optarg); break;
        case 'f': format = format_parse(optarg); break;
        case 'e': echoes = true; break;
        case 'k': keeps = true; break;
        case 'o': speaks_of_itself = true; break;
        case 't': texts_first = optarg; break;
        case 'u': texts_up = optarg; break;
        case 'r': rate = number_parse(optarg, 1, 100000); break;
        default: return 2;
        }
    }
    descriptors_raise();
    prctl(PR_SET_TIMERSLACK, 1000); /* ns */
    for (int i = 0; i < client_count; i++) {
        client_open(&clients[i], &server);
        poll_add(poll, clients[i].fd, i);
    }
    poll_add(poll, STDIN_FILENO, INDEX_ORDERS);
    if (rate != 0 || echoes || speaks_of_itself) {
        timer = turns_open();
        poll_add(poll, timer, INDEX_TURN);
    }
    events_serve(poll, timer);
}
