/* SPDX-License-Identifier: MIT */
/* Each function of room os with the call that it makes failing once, for each error that the call can return: the status that the
 * header promises, no descriptor left, and the next try works. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "failcall.h"
#include "wsaudio/os.h"

static char dir[64];
static int dir_fd;
static unsigned long failed_calls;

static const char *path_of(const char *name)
{
    static char path[128];

    snprintf(path, sizeof(path), "%s/%s", dir, name);
    return path;
}

static const struct net_addr any_port = {.family = 4, .ip = {127, 0, 0, 1}};

/* ---- what is driven ---- */

static int close_if(int status, int fd)
{
    assert_int_equal(fd >= 0, status == ST_OK);
    os_close(fd);
    return status;
}

static int do_udp_open(void)
{
    int fd = -1;
    struct os_udp_options options = {1000, 1000, 46, true};
    int status = os_udp_open(&any_port, &options, &fd);
    return close_if(status, fd);
}

static int do_listen(void)
{
    int fd = -1;
    int status = os_tcp_listen(&any_port, 4, &fd);
    return close_if(status, fd);
}

static int do_route(void)
{
    struct net_addr out;
    return os_route_local(&any_port, &out);
}

static int do_host_name(void)
{
    char name[OS_NAME_MAX + 1];
    int status = os_host_name(name);
    assert_int_equal(name[0] != '\0', status == ST_OK);
    return status;
}

static int udp_fd, tcp_listener, tcp_here, tcp_there, file_fd;

static int do_udp_send(void)
{
    struct net_addr to;
    assert_int_equal(os_udp_local(udp_fd, &to), ST_OK);
    return os_udp_send(udp_fd, &to, "x", 1);
}

static int do_udp_receive(void)
{
    struct os_udp_batch *batch;
    struct os_datagram list[OS_UDP_BATCH];
    assert_int_equal(os_udp_batch_new(1500, &batch), ST_OK);
    int n = os_udp_receive(udp_fd, batch, list);
    os_udp_batch_free(batch);
    return n < 0 ? n : ST_OK;
}

/* What ICMP says of a datagram to a port that nobody holds; what fails once is still there for the next call. */
static int do_udp_unreachable(void)
{
    struct os_udp_options options = {1000, 1000, -1, true};
    struct net_addr lost[OS_UDP_BATCH];
    struct net_addr nobody;
    int fd, other;
    assert_int_equal(os_udp_open(&any_port, NULL, &other), ST_OK);
    assert_int_equal(os_udp_local(other, &nobody), ST_OK);
    os_close(other);
    assert_int_equal(os_udp_open(&any_port, &options, &fd), ST_OK);
    assert_int_equal(os_udp_send(fd, &nobody, "x", 1), ST_OK);
    struct pollfd told = {.fd = fd};
    assert_int_equal(poll(&told, 1, 10000), 1); /* POLLERR */
    int n = os_udp_unreachable(fd, lost);
    n = n == 0 ? os_udp_unreachable(fd, lost) : n;
    os_close(fd);
    assert_int_equal(n, 1);
    return addr_equal(&lost[0], &nobody) ? ST_OK : ST_BAD;
}

static int do_netwatch_open(void)
{
    int fd;
    int status = os_netwatch_open(&fd);
    return close_if(status, fd);
}

static int net_fd = -1;

/* ST_OK: nothing changed; ST_AGAIN: something did. */
static int do_netwatch_read(void)
{
    if (net_fd < 0) {
        assert_int_equal(os_netwatch_open(&net_fd), ST_OK);
    }
    return os_netwatch_read(net_fd) ? ST_AGAIN : ST_OK;
}

static int do_accept(void)
{
    struct net_addr peer;
    int fd;
    int status = os_tcp_accept(tcp_listener, &fd, &peer);
    return close_if(status, fd);
}

static int do_tcp_write(void)
{
    int n = os_tcp_write(tcp_here, "1234", 4);
    return n < 0 ? n : ST_OK;
}

static int do_tcp_read(void)
{
    char data[4];
    assert_true(os_tcp_write(tcp_there, "1234", 4) == 4);
    int n = os_tcp_read(tcp_here, data, sizeof(data));
    assert_true(n <= 4);
    return n < 0 ? n : ST_OK;
}

static int do_loop_new(void)
{
    struct os_loop *loop = NULL;
    int status = os_loop_new(4, &loop);
    assert_int_equal(loop != NULL, status == ST_OK);
    os_loop_free(loop);
    return status;
}

static void on_ready(void *ctx, struct pool_id watch, unsigned events, mono_us now)
{
    (void)ctx;
    (void)watch;
    (void)events;
    (void)now;
}

static int do_watch(void)
{
    struct os_loop *loop;
    struct pool_id watch;
    assert_int_equal(os_loop_new(1, &loop), ST_OK);
    int status = os_loop_watch(loop, udp_fd, OS_READ, OS_CLASS_SOCKET, on_ready, NULL, &watch);
    if (status != ST_OK) { /* its place is free for the next */
        assert_int_equal(os_loop_watch(loop, udp_fd, OS_READ, OS_CLASS_SOCKET, on_ready, NULL, &watch), ST_OK);
    }
    os_loop_free(loop);
    return status;
}

static int do_turn(void)
{
    struct os_loop *loop;
    mono_us now = 0;
    assert_int_equal(os_loop_new(1, &loop), ST_OK);
    int status = os_loop_turn(loop, 1, &now);
    assert_true(now > 0);
    os_loop_free(loop);
    return status;
}

static int do_ticker(void)
{
    struct os_ticker t;
    int status = os_ticker_open(&t);
    if (status == ST_OK) {
        status = os_ticker_arm(&t, os_clock_mono() + DUR_S(1), DUR_MS(20));
        assert_int_equal(t.armed, status == ST_OK);
    }
    os_ticker_close(&t);
    return status;
}

static int do_signals(void)
{
    int fd;
    int status = os_signals_open(&fd);
    return close_if(status, fd);
}

static int do_file_open(void)
{
    int fd;
    int status = os_file_open(dir_fd, "file", OS_OPEN_READ, &fd);
    return close_if(status, fd);
}

static int do_file_write(void)
{
    uint64_t before, after;
    assert_int_equal(os_file_size(file_fd, &before), ST_OK);
    int status = os_file_write(file_fd, "12345678", 8);
    assert_int_equal(os_file_size(file_fd, &after), ST_OK);
    assert_int_equal(after - before, status == ST_OK ? 8 : 0);
    return status;
}

static int do_file_write_at(void)
{
    return os_file_write_at(file_fd, 3, "12345678", 8);
}

static int do_file_read_at(void)
{
    char data[8];
    int n = os_file_read_at(file_fd, 0, data, sizeof(data));
    assert_true(n < 0 || n == 8);
    return n < 0 ? n : ST_OK;
}

static int do_file_size(void)
{
    uint64_t size;
    return os_file_size(file_fd, &size);
}

static int do_rename(void)
{
    return os_file_rename(dir_fd, "file", "file");
}

static int do_remove(void)
{
    int status = os_file_remove(dir_fd, "other");
    return status == ST_NOT_FOUND ? ST_OK : status;
}

static int do_link(void)
{
    return os_file_link(dir_fd, "file", "link");
}

static int do_load(void)
{
    char *text;
    size_t len;
    int status = os_file_load(path_of("text"), 100, &text, &len);
    assert_true(status != ST_OK || len == 10);
    free(text);
    return status;
}

static int do_dir_open(void)
{
    int fd;
    int status = os_dir_open(dir, &fd);
    return close_if(status, fd);
}

static int do_dir_prepare(void)
{
    bool created;
    return os_dir_prepare(dir, &created);
}

static int do_disk(void)
{
    unsigned percent;
    return os_disk_free_percent(dir_fd, &percent);
}

static int do_disk_block(void)
{
    uint32_t block;
    return os_disk_block(dir_fd, &block);
}

/* The directory in another's place. */
static int do_renew(void)
{
    bool renewed;
    int fd;
    int status = os_dir_open("/", &fd);
    if (status == ST_OK) {
        status = os_dir_renew(dir, NULL, &fd, &renewed);
        os_close(fd);
    }
    return status;
}

static int do_list(void)
{
    struct os_dir_iter *iter;
    struct os_dir_entry entry;
    int status = os_dir_iter_open(dir, &iter);
    while (status == ST_OK) {
        status = os_dir_iter_next(iter, &entry);
    }
    os_dir_iter_close(iter);
    return status == ST_NOT_FOUND && iter != NULL ? ST_OK : status;
}

static int flushed;

static void on_flushed(void *ctx, int status)
{
    (void)ctx;
    flushed = status;
}

/* Whatever fails in the kernel's own flushing: it is done in place. */
static int do_flush(void)
{
    struct os_loop *loop;
    struct os_flusher *f = NULL;
    bool kernel;
    assert_int_equal(os_loop_new(4, &loop), ST_OK);
    int status = os_flusher_new(loop, 4, &f, &kernel);
    flushed = 1;
    if (status == ST_OK) {
        status = os_flush(f, file_fd, on_flushed, NULL);
        os_flusher_free(f);
        assert_true(status != ST_OK || flushed <= 0);
        status = status == ST_OK ? flushed : status;
    }
    os_loop_free(loop);
    return status;
}

/* ---- the table ---- */

static const struct row {
    int (*run)(void);
    enum failcall call;
    struct {
        int error;
        int status;
    } cases[9]; /* ended by error 0 */
} rows[] = {
    {do_udp_open, FAILCALL_socket, {{EMFILE, ST_FULL}, {ENFILE, ST_FULL}, {ENOBUFS, ST_IO}, {ENOMEM, ST_NO_MEMORY}}},
    {do_udp_open, FAILCALL_bind, {{EADDRINUSE, ST_BUSY}, {EACCES, ST_DENIED}, {EADDRNOTAVAIL, ST_IO}}},
    {do_udp_open, FAILCALL_setsockopt, {{ENOPROTOOPT, ST_OK}, {ENOMEM, ST_OK}, {EPERM, ST_OK}}},
    {do_listen, FAILCALL_socket, {{EMFILE, ST_FULL}, {ENFILE, ST_FULL}, {ENOBUFS, ST_IO}}},
    {do_listen, FAILCALL_listen, {{EADDRINUSE, ST_BUSY}, {EOPNOTSUPP, ST_IO}}},
    {do_listen, FAILCALL_bind, {{EADDRINUSE, ST_BUSY}, {EACCES, ST_DENIED}}},
    {do_route, FAILCALL_socket, {{EMFILE, ST_FULL}, {ENFILE, ST_FULL}}},
    {do_route, FAILCALL_connect, {{ENETUNREACH, ST_IO}, {EACCES, ST_DENIED}}},
    {do_route, FAILCALL_getsockname, {{ENOBUFS, ST_IO}}},
    {do_host_name, FAILCALL_gethostname, {{ENAMETOOLONG, ST_IO}}},
    {do_udp_send,
     FAILCALL_sendto,
     {{EAGAIN, ST_AGAIN},
      {ENOBUFS, ST_AGAIN},
      {EINTR, ST_OK},
      {ECONNREFUSED, ST_OK},
      {EHOSTUNREACH, ST_OK},
      {EPIPE, ST_IO},
      {ENOMEM, ST_IO},
      {EIO, ST_IO}}},
    {do_udp_receive,
     FAILCALL_recvmmsg,
     {{EAGAIN, ST_OK}, {EINTR, ST_OK}, {ECONNREFUSED, ST_OK}, {ENOBUFS, ST_OK}, {ENOMEM, ST_OK}, {EIO, ST_IO}}},
    {do_udp_unreachable, FAILCALL_recvmsg, {{EAGAIN, ST_OK}, {EINTR, ST_OK}, {ENOMEM, ST_OK}, {EIO, ST_OK}}},
    {do_netwatch_open, FAILCALL_socket, {{EMFILE, ST_FULL}, {EACCES, ST_DENIED}, {EAFNOSUPPORT, ST_IO}}},
    {do_netwatch_open, FAILCALL_bind, {{EACCES, ST_DENIED}, {EPERM, ST_DENIED}, {EADDRINUSE, ST_BUSY}}},
    {do_netwatch_read, FAILCALL_recv, {{EAGAIN, ST_OK}, {EINTR, ST_OK}, {ENOBUFS, ST_AGAIN}, {EIO, ST_OK}}},
    {do_accept,
     FAILCALL_accept4,
     {{EAGAIN, ST_AGAIN},
      {EINTR, ST_AGAIN},
      {ECONNABORTED, ST_AGAIN},
      {EMFILE, ST_FULL},
      {ENFILE, ST_FULL},
      {ENOBUFS, ST_FULL},
      {ENOMEM, ST_FULL},
      {EIO, ST_IO}}},
    {do_tcp_write,
     FAILCALL_send,
     {{EAGAIN, ST_AGAIN},
      {EINTR, ST_OK},
      {ECONNRESET, ST_IO},
      {EPIPE, ST_IO},
      {ENOBUFS, ST_IO},
      {FAILCALL_SHORT, ST_OK}}},
    {do_tcp_read,
     FAILCALL_recv,
     {{EAGAIN, ST_AGAIN}, {EINTR, ST_OK}, {ECONNRESET, ST_IO}, {EIO, ST_IO}, {FAILCALL_SHORT, ST_OK}}},
    {do_loop_new, FAILCALL_epoll_create1, {{EMFILE, ST_FULL}, {ENFILE, ST_FULL}, {ENOMEM, ST_NO_MEMORY}}},
    {do_watch, FAILCALL_epoll_ctl, {{ENOSPC, ST_IO}, {ENOMEM, ST_IO}}},
    {do_turn, FAILCALL_epoll_wait, {{EINTR, ST_OK}, {EBADF, ST_IO}}},
    {do_ticker, FAILCALL_timerfd_create, {{EMFILE, ST_FULL}, {ENFILE, ST_FULL}, {ENOMEM, ST_NO_MEMORY}}},
    {do_ticker, FAILCALL_timerfd_settime, {{EINVAL, ST_IO}}},
    {do_signals, FAILCALL_signalfd, {{EMFILE, ST_FULL}, {ENFILE, ST_FULL}, {ENOMEM, ST_NO_MEMORY}}},
    {do_file_open,
     FAILCALL_openat,
     {{ENOENT, ST_NOT_FOUND}, {EACCES, ST_DENIED}, {EMFILE, ST_IO}, {ENFILE, ST_IO}, {ENOSPC, ST_FULL}, {EIO, ST_IO}}},
    {do_file_open, FAILCALL_fstat, {{EIO, ST_IO}, {ENOMEM, ST_NO_MEMORY}}},
    {do_file_write,
     FAILCALL_write,
     {{EINTR, ST_OK}, {ENOSPC, ST_FULL}, {EDQUOT, ST_FULL}, {EIO, ST_IO}, {EPIPE, ST_IO}, {FAILCALL_SHORT, ST_OK}}},
    {do_file_write_at,
     FAILCALL_pwrite,
     {{EINTR, ST_OK}, {ENOSPC, ST_FULL}, {EDQUOT, ST_FULL}, {EIO, ST_IO}, {FAILCALL_SHORT, ST_OK}}},
    {do_file_write_at, FAILCALL_fstat, {{EIO, ST_IO}}},
    {do_file_read_at, FAILCALL_pread, {{EINTR, ST_OK}, {EIO, ST_IO}, {FAILCALL_SHORT, ST_OK}}},
    {do_file_size, FAILCALL_fstat, {{EIO, ST_IO}}},
    {do_rename, FAILCALL_renameat, {{ENOSPC, ST_FULL}, {EIO, ST_IO}, {EACCES, ST_DENIED}}},
    {do_remove, FAILCALL_unlinkat, {{EIO, ST_IO}, {EACCES, ST_DENIED}}},
    {do_link, FAILCALL_symlinkat, {{ENOSPC, ST_FULL}, {EIO, ST_IO}}},
    {do_link, FAILCALL_renameat, {{ENOSPC, ST_FULL}, {EIO, ST_IO}}},
    {do_load, FAILCALL_open, {{ENOENT, ST_NOT_FOUND}, {EMFILE, ST_FULL}, {ENFILE, ST_FULL}, {EACCES, ST_DENIED}}},
    {do_load, FAILCALL_read, {{EINTR, ST_OK}, {EIO, ST_IO}, {FAILCALL_SHORT, ST_OK}}},
    {do_dir_open, FAILCALL_open, {{EMFILE, ST_IO}, {ENFILE, ST_IO}, {EACCES, ST_DENIED}}},
    {do_dir_prepare, FAILCALL_mkdir, {{EACCES, ST_DENIED}, {ENOSPC, ST_FULL}, {EROFS, ST_DENIED}}},
    {do_dir_prepare, FAILCALL_stat, {{EIO, ST_IO}}},
    {do_disk, FAILCALL_fstatvfs, {{EIO, ST_IO}}},
    {do_disk_block, FAILCALL_fstatvfs, {{EIO, ST_IO}}},
    {do_renew, FAILCALL_mkdir, {{EACCES, ST_DENIED}, {ENOSPC, ST_FULL}}},
    {do_renew, FAILCALL_open, {{EMFILE, ST_IO}, {EACCES, ST_DENIED}}},
    {do_list, FAILCALL_opendir, {{EMFILE, ST_IO}, {ENFILE, ST_IO}, {EACCES, ST_DENIED}}},
    {do_list, FAILCALL_readdir, {{EIO, ST_IO}}},
    {do_list, FAILCALL_fstatat, {{ENOENT, ST_OK}, {EIO, ST_OK}}},
    {do_flush, FAILCALL_syscall, {{EAGAIN, ST_OK}, {ENOSYS, ST_OK}, {EINVAL, ST_OK}, {ENOMEM, ST_OK}}},
    {do_flush, FAILCALL_eventfd, {{EMFILE, ST_FULL}, {ENFILE, ST_FULL}}},
    {do_flush, FAILCALL_epoll_ctl, {{ENOSPC, ST_IO}}},
};

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

static void every_call_fails_once(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct row *row = &rows[i];
        (void)row->run(); /* what is kept for good is there */
        int before = open_descriptors();
        for (size_t c = 0; c < 9 && row->cases[c].error != 0; c++) {
            failcall_start(row->call, 1, row->cases[c].error);
            int status = row->run();
            bool came = failcall_stop();
            if (!came || status != row->cases[c].status || open_descriptors() != before) {
                fail_msg("row %zu: %s with %s: %s, not %s (called: %d, descriptors %d, before %d)", i,
                         failcall_name(row->call), strerror(row->cases[c].error), status_name(status),
                         status_name(row->cases[c].status), came, open_descriptors(), before);
            }
            failed_calls++;
        }
    }
}

/* Found by test_gateway: a start whose epoll_create1 failed tidied up with no loop. */
static void unwatching_without_a_loop(void **state)
{
    (void)state;
    os_loop_unwatch(NULL, POOL_ID_NONE);
}

/* ---- the resolver: its sockets are c-ares's own, watching them is ours ---- */

static struct os_loop *dns_loop;
static int dns_fd;
static int dns_status = ST_STATE;

/* No such name, whatever is asked. */
static void dns_ready(void *ctx, struct pool_id watch, unsigned events, mono_us now)
{
    uint8_t question[512];
    struct sockaddr_storage from;
    socklen_t size = sizeof(from);
    (void)ctx;
    (void)watch;
    (void)events;
    (void)now;
    ssize_t n = recvfrom(dns_fd, question, sizeof(question), 0, (struct sockaddr *)&from, &size);
    if (n > 12) {
        question[2] = 0x84;
        question[3] = 0x83;
        question[10] = question[11] = 0; /* no OPT record comes back */
        for (ssize_t at = 12; at < n; at++) {
            if (question[at] == 0) { /* the end of the name, then type and class */
                n = at + 5;
            }
        }
        assert_int_equal(sendto(dns_fd, question, (size_t)n, 0, (struct sockaddr *)&from, size), n);
    }
}

static void dns_tell(void *ctx, mono_us now, const struct os_answer *answer)
{
    (void)ctx;
    (void)now;
    assert_non_null(answer->why);
    dns_status = answer->status;
}

static int look_up(struct os_resolver *r)
{
    mono_us now;
    dns_status = ST_STATE;
    assert_int_equal(os_resolver_ask_host(r, "name.test", 4), ST_OK);
    while (dns_status == ST_STATE) {
        assert_int_equal(os_loop_turn(dns_loop, os_resolver_due(r), &now), ST_OK);
        os_resolver_expire(r, now);
    }
    return dns_status;
}

/* That name server did not answer; the next question is answered again, and no descriptor is left. */
static void resolver_whose_socket_cannot_be_watched(void **state)
{
    struct pool_id watch;
    struct net_addr at;
    struct os_resolver *r;
    char servers[ADDR_TEXT_MAX];

    (void)state;
    if (os_resolver_version() == NULL) {
        skip();
    }
    assert_int_equal(os_loop_new(8, &dns_loop), ST_OK);
    assert_int_equal(os_udp_open(&any_port, NULL, &dns_fd), ST_OK);
    assert_int_equal(os_udp_local(dns_fd, &at), ST_OK);
    assert_int_equal(os_loop_watch(dns_loop, dns_fd, OS_READ, OS_CLASS_SOCKET, dns_ready, NULL, &watch), ST_OK);
    assert_int_equal(os_resolver_new(dns_loop, addr_text(&at, servers), 20, dns_tell, NULL, &r), ST_OK);
    assert_int_equal(look_up(r), ST_NOT_FOUND);
    const int before = open_descriptors();
    static const int errors[] = {ENOSPC, ENOMEM};
    for (size_t i = 0; i < 2; i++) {
        failcall_start(FAILCALL_epoll_ctl, 1, errors[i]);
        int status = look_up(r);
        assert_true(failcall_stop());
        assert_int_equal(status, ST_IO);
        assert_int_equal(open_descriptors(), before);
        assert_int_equal(look_up(r), ST_NOT_FOUND);
    }
    os_resolver_free(r);
    os_loop_free(dns_loop);
    os_close(dns_fd);
}

static int set_up(void **state)
{
    struct net_addr at;

    (void)state;
    snprintf(dir, sizeof(dir), "/tmp/ws_audio_calls.XXXXXX");
    if (mkdtemp(dir) == NULL || os_dir_open(dir, &dir_fd) != ST_OK ||
        os_file_open(dir_fd, "file", OS_OPEN_CREATE_EXCL, &file_fd) != ST_OK ||
        os_file_write(file_fd, "0123456789", 10) != ST_OK || os_udp_open(&any_port, NULL, &udp_fd) != ST_OK ||
        os_tcp_listen(&any_port, 4, &tcp_listener) != ST_OK || os_tcp_local(tcp_listener, &at) != ST_OK) {
        return -1;
    }
    FILE *f = fopen(path_of("text"), "w");
    fputs("0123456789", f);
    fclose(f);
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair) != 0) {
        return -1;
    }
    tcp_here = pair[0];
    tcp_there = pair[1];
    return 0;
}

static int tear_down(void **state)
{
    char command[128];

    (void)state;
    os_close(dir_fd);
    os_close(file_fd);
    os_close(udp_fd);
    os_close(tcp_listener);
    os_close(tcp_here);
    os_close(tcp_there);
    os_close(net_fd);
    printf("%zu functions and calls, %lu calls failed\n", sizeof(rows) / sizeof(rows[0]), failed_calls);
    snprintf(command, sizeof(command), "rm -rf '%s'", dir);
    return system(command);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_call_fails_once),
                                       cmocka_unit_test(unwatching_without_a_loop),
                                       cmocka_unit_test(resolver_whose_socket_cannot_be_watched)};
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
