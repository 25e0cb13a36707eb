/* SPDX-License-Identifier: MIT */
/* A whole gateway with its loopback exchange, over real sockets in this process: each system call failing once, with each error
 * that it can return, while a client connects, uploads, calls, plays, lists and hangs up. The client is driven from the wait of the
 * gateway's own loop. The gateway may refuse to start (exit 1) or break off what the call belonged to, but it never crashes,
 * hangs or keeps a descriptor, and SIGTERM ends it.
 *
 * test_gateway: the first call of each kind, first error; test_gateway all: calls 1, 2, 3, 5, 8 … 144, all errors. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "failcall.h"
#include "server.h"
#include "wavgen.h"
#include "wsaudio/os.h"
#include "wsframe.h"

#define RUN_LIMIT_US DUR_S(4) /* for the client's part; the gateway takes 5 s more at most to stop */

/* The client's own calls must not be the ones that fail: these go past the linker's --wrap. */
int __real_connect(int fd, const struct sockaddr *name, socklen_t size);
int __real_socket(int domain, int type, int protocol);
ssize_t __real_send(int fd, const void *data, size_t len, int flags);
ssize_t __real_recv(int fd, void *data, size_t len, int flags);

static bool everything;
static char dir[64];
static uint16_t port;
static unsigned long runs, failed_calls, refused, whole;

static struct {
    int fd;
    int step;
    bool told_to_stop;
    mono_us started;
    char in[65536]; /* all that was received; text frames are found in it as they are */
    size_t in_len;
} client;

/* ---- the client ---- */

static char upload[4096];

/* What is said, and what must be heard before the next is. */
static const struct {
    const char *say; /* NULL: the upload */
    const char *hear;
} steps[] = {
    {NULL, "WAV_ACK:"},
    {"CALL:1", "CALL_STATE:established"},
    {"PLAY_WAV:a", "WAV_DONE:a"},
    {"STATS", "CALL_STATS:"},
    {"LIST_WAV", "WAV_LIST_END:"},
    {"DELETE_WAV:a", "WAV_DELETED:a"},
    {"HANGUP", "CALL_STATE:ended:"},
};
#define STEPS ((int)(sizeof(steps) / sizeof(steps[0])))

static void stop(void)
{
    if (!client.told_to_stop) {
        client.told_to_stop = true;
        close(client.fd); /* nobody waits for a close handshake */
        client.fd = -1;
        kill(getpid(), SIGTERM);
    }
}

static void say(const char *text)
{
    uint8_t frame[8192];
    size_t n = wsframe_text(frame, text);

    if (__real_send(client.fd, frame, n, MSG_NOSIGNAL) != (ssize_t)n) {
        stop();
    }
}

static void connect_once(void)
{
    static const char request[] = "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                                  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
    struct sockaddr_in name = {.sin_family = AF_INET, .sin_port = htons(port)};

    name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    client.fd = __real_socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (client.fd < 0 || __real_connect(client.fd, (const struct sockaddr *)&name, sizeof(name)) != 0 ||
        fcntl(client.fd, F_SETFL, O_NONBLOCK) != 0 ||
        __real_send(client.fd, request, sizeof(request) - 1, MSG_NOSIGNAL) < 0) {
        stop();
    }
}

static bool heard(const char *text)
{
    return memmem(client.in, client.in_len, text, strlen(text)) != NULL;
}

static void listen_once(void)
{
    size_t room = sizeof(client.in) - client.in_len;
    ssize_t n = __real_recv(client.fd, client.in + client.in_len, room, 0);

    if (n > 0) {
        client.in_len += (size_t)n;
    } else if (n == 0 || errno != EAGAIN) {
        stop(); /* the gateway broke it off, which it may */
    }
    /* heard audio makes room for what is still to be heard */
    if (client.in_len > sizeof(client.in) / 2) {
        memmove(client.in, client.in + client.in_len / 2, client.in_len - client.in_len / 2);
        client.in_len -= client.in_len / 2;
    }
}

static int turn(void)
{
    if (client.started == 0) {
        client.started = os_clock_mono();
        connect_once();
    }
    if (client.told_to_stop) {
        return 20;
    }
    listen_once();
    const char *awaited = client.step == 0 ? "101 Switching" : steps[client.step - 1].hear;
    if (heard(awaited) || (client.step > 0 && heard("ERROR:")) || heard("CALL_STATE:ended") || heard("HTTP/1.1 4") ||
        heard("HTTP/1.1 5") || heard("\xE5\xA4\xB1\xE6\x95\x97" /* a file that cannot be played */)) {
        bool over = client.step < STEPS && heard("CALL_STATE:ended");
        client.in_len = 0;
        if (client.step == STEPS || over) {
            stop();
        } else {
            say(steps[client.step].say != NULL ? steps[client.step].say : upload);
            client.step++;
        }
    }
    if (os_clock_mono() - client.started > RUN_LIMIT_US) {
        stop();
    }
    return 2;
}

/* ---- one run ---- */

static int open_descriptors(void)
{
    int n = 0;
    DIR *d = opendir("/proc/self/fd");

    while (d != NULL && readdir(d) != NULL) {
        n++;
    }
    closedir(d);
    return n;
}

/* A signal that came after the gateway had closed its signalfd. */
static void swallow_signals(void)
{
    sigset_t set;
    const struct timespec none = {0, 0};

    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    while (sigtimedwait(&set, NULL, &none) > 0) {
    }
}

static int run_once(void)
{
    char listen[64], up[128], rec[128];
    char program[] = "ws_audio_server", f1[] = "--ws-listen", f2[] = "--upload-dir", f3[] = "--record-dir";
    char f4[] = "--sip-listen", v4[] = "127.0.0.1:0", f5[] = "--rtp-ports", v5[] = "34000-34999";
    char f6[] = "--log-file", v6[] = "/dev/null";
    char error[OPTIONS_ERROR_MAX];
    struct options o = {0};
    enum options_action action;

    snprintf(listen, sizeof(listen), "127.0.0.1:%u", port);
    snprintf(up, sizeof(up), "%s/up", dir);
    snprintf(rec, sizeof(rec), "%s/rec", dir);
    char *argv[] = {program, f1, listen, f2, up, f3, rec, f4, v4, f5, v5, f6, v6, NULL};
    assert_int_equal(options_load(&o, 13, argv, &action, error), ST_OK);
    memset(&client, 0, sizeof(client));
    client.fd = -1;
    failcall_turn = turn;
    int code = server_run(&o);
    failcall_turn = NULL;
    if (client.fd >= 0) {
        close(client.fd);
    }
    options_fini(&o);
    swallow_signals();
    return code;
}

/* Returns whether that call came at all. */
static bool run_with(enum failcall call, unsigned long nth, int error)
{
    mono_us start = os_clock_mono();
    int before = open_descriptors();

    failcall_start(call, nth, error);
    int code = run_once();
    bool came = failcall_stop();
    if (getenv("CALLS_VERBOSE") != NULL) {
        printf("%s %lu %s: exit %d, step %d, %lld ms\n", failcall_name(call), nth,
               error == FAILCALL_SHORT ? "half" : strerror(error), code, client.step,
               (long long)(os_clock_mono() - start) / 1000);
    }
    runs++;
    failed_calls += came ? 1 : 0;
    refused += code != 0 ? 1 : 0;
    whole += code == 0 && client.step == STEPS ? 1 : 0;
    if ((code != 0 && code != 1) || open_descriptors() != before || os_clock_mono() - start > DUR_S(12)) {
        fail_msg("%s number %lu with %s: exit %d, descriptors %d, before %d, %lld ms", failcall_name(call), nth,
                 error == FAILCALL_SHORT ? "half" : strerror(error), code, open_descriptors(), before,
                 (long long)(os_clock_mono() - start) / 1000);
    }
    return came;
}

/* ---- the errors ---- */

static const struct {
    enum failcall call;
    int errors[7]; /* ended by 0 */
} table[] = {
    {FAILCALL_accept4, {EMFILE, ENFILE, ECONNABORTED, EINTR, EAGAIN, ENOBUFS}},
    {FAILCALL_bind, {EADDRINUSE, EACCES}},
    {FAILCALL_epoll_create1, {EMFILE, ENFILE}},
    {FAILCALL_epoll_ctl, {ENOSPC, ENOMEM}},
    {FAILCALL_epoll_wait, {EINTR}},
    {FAILCALL_eventfd, {EMFILE, ENFILE}},
    {FAILCALL_fstat, {EIO}},
    {FAILCALL_fstatvfs, {EIO}},
    {FAILCALL_gethostname, {ENAMETOOLONG}},
    {FAILCALL_getsockname, {ENOBUFS}},
    {FAILCALL_listen, {EADDRINUSE}},
    {FAILCALL_mkdir, {ENOSPC, EACCES}},
    {FAILCALL_open, {EMFILE, ENFILE, EACCES}},
    {FAILCALL_openat, {EMFILE, ENFILE, ENOSPC, EIO}},
    {FAILCALL_opendir, {EMFILE, ENFILE}},
    {FAILCALL_pread, {EIO, EINTR, FAILCALL_SHORT}},
    {FAILCALL_pwrite, {ENOSPC, EIO, EINTR, FAILCALL_SHORT}},
    {FAILCALL_read, {EAGAIN, EINTR, EIO, FAILCALL_SHORT}},
    {FAILCALL_readdir, {EIO}},
    {FAILCALL_recv, {ECONNRESET, EAGAIN, EINTR, EIO, FAILCALL_SHORT}},
    {FAILCALL_recvmmsg, {EIO, EAGAIN, EINTR, ECONNREFUSED, ENOMEM}},
    {FAILCALL_renameat, {ENOSPC, EIO}},
    {FAILCALL_send, {EPIPE, ECONNRESET, EAGAIN, EINTR, ENOBUFS, FAILCALL_SHORT}},
    {FAILCALL_sendto, {EIO, EAGAIN, ENOBUFS, EINTR, ECONNREFUSED, EPIPE}},
    {FAILCALL_setsockopt, {ENOMEM}},
    {FAILCALL_signalfd, {EMFILE, ENFILE}},
    {FAILCALL_socket, {EMFILE, ENFILE, ENOBUFS}},
    {FAILCALL_stat, {EIO}},
    {FAILCALL_symlinkat, {ENOSPC, EIO}},
    {FAILCALL_syscall, {EAGAIN, ENOSYS, ENOMEM}},
    {FAILCALL_timerfd_create, {EMFILE, ENFILE}},
    {FAILCALL_timerfd_settime, {EINVAL}},
    {FAILCALL_unlinkat, {EIO, EACCES}},
    {FAILCALL_write, {ENOSPC, EIO, EINTR, FAILCALL_SHORT}},
};

static void every_call_fails_once(void **state)
{
    static const unsigned long nth[] = {1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144};

    (void)state;
    assert_int_equal(run_once(), 0); /* what is kept for good is there now */
    assert_int_equal(client.step, STEPS);
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        for (size_t e = 0; e < (everything ? 7 : 1) && table[i].errors[e] != 0; e++) {
            for (size_t n = 0; n < (everything ? 11 : 1); n++) {
                if (!run_with(table[i].call, nth[n], table[i].errors[e])) {
                    break;
                }
            }
        }
    }
    assert_int_equal(run_once(), 0); /* and nothing of it stays */
    assert_int_equal(client.step, STEPS);
}

/* ---- around it ---- */

static void make_upload(void)
{
    static uint8_t data[320];
    uint8_t file[1024];
    struct wavgen g = {.tag = WAVGEN_ULAW, .fmt_len = 18, .data = data, .data_len = sizeof(data)};
    size_t size = wavgen_build(file, sizeof(file), &g);
    int n = snprintf(upload, sizeof(upload), "WAV_UPLOAD:a:");

    assert_int_equal(base64_encode(file, size, upload + n, sizeof(upload) - (size_t)n), ST_OK);
}

static int set_up(void **state)
{
    struct net_addr any = {.family = 4, .ip = {127, 0, 0, 1}};
    int fd;

    (void)state;
    make_upload();
    snprintf(dir, sizeof(dir), "/tmp/ws_audio_gateway.XXXXXX");
    if (mkdtemp(dir) == NULL || os_udp_open(&any, NULL, &fd) != ST_OK || os_udp_local(fd, &any) != ST_OK) {
        return -1;
    }
    port = any.port; /* free, most likely for TCP as well */
    os_close(fd);
    return 0;
}

static int tear_down(void **state)
{
    char command[128];

    (void)state;
    printf("%lu runs, %lu calls failed; %lu did not start or ended with an error, %lu went through whole\n", runs,
           failed_calls, refused, whole);
    snprintf(command, sizeof(command), "rm -rf '%s'", dir);
    return system(command);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_call_fails_once)};

    everything = argc > 1 && strcmp(argv[1], "all") == 0;
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
