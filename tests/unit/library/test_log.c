/* SPDX-License-Identifier: MIT */
/* log_with_timestamp and parse_sip_headers on stdout; sockets that are not the library's. */
#include <errno.h>

#include "support_library.h"

static char captured[65536];

/* What action prints, in captured. */
static void capture(void (*action)(void))
{
    FILE *file = tmpfile();
    int saved = dup(STDOUT_FILENO);

    assert_non_null(file);
    fflush(stdout);
    dup2(fileno(file), STDOUT_FILENO);
    action();
    fflush(stdout);
    dup2(saved, STDOUT_FILENO);
    close(saved);
    rewind(file);
    captured[fread(captured, 1, sizeof(captured) - 1, file)] = '\0';
    fclose(file);
}

static void say(void)
{
    log_with_timestamp("%s %d\n", "收到", 42);
}

static void test_stamp(void **state)
{
    int y, mo, d, h, mi, s, end = 0;

    (void)state;
    capture(say);
    assert_int_equal(sscanf(captured, "[%4d-%2d-%2d %2d:%2d:%2d] %n", &y, &mo, &d, &h, &mi, &s, &end), 6);
    assert_int_equal(end, 22);
    assert_string_equal(captured + end, "收到 42\n");
}

static void say_long(void)
{
    static char text[40000];

    memset(text, 'l', sizeof(text) - 1);
    log_with_timestamp("%s", text);
    log_with_timestamp(NULL);
}

static void test_any_length(void **state)
{
    (void)state;
    capture(say_long);
    assert_int_equal(strlen(captured), 22 + 39999);
}

static void print_headers(void)
{
    parse_sip_headers("INVITE sip:a@b SIP/2.0\r\nVia: one,\r\n two\r\nAuthorization: Digest username=\"u\", "
                      "response=\"5ec2e7\"\r\nSubject: \x01\x1b[2J\r\n\r\nbody: no\r\n");
    parse_sip_headers("");
    parse_sip_headers(NULL);
}

static void test_headers(void **state)
{
    (void)state;
    capture(print_headers);
    assert_non_null(strstr(captured, "] INVITE sip:a@b SIP/2.0\n"));
    assert_non_null(strstr(captured, "] Via: one,"));
    assert_non_null(strstr(captured, "] Authorization: Digest username=\"u\""));
    assert_null(strstr(captured, "5ec2e7"));
    assert_null(strchr(captured, '\x1b'));
    assert_null(strstr(captured, "body"));
}

static int bound_socket(struct sockaddr_in *name)
{
    socklen_t len = sizeof(*name);
    int fd = socket(AF_INET, SOCK_DGRAM, 0);

    memset(name, 0, sizeof(*name));
    name->sin_family = AF_INET;
    name->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(bind(fd, (struct sockaddr *)name, sizeof(*name)), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)name, &len), 0);
    return fd;
}

static void test_foreign_socket(void **state)
{
    struct sockaddr_in name;
    struct sockaddr_in from;
    socklen_t len = sizeof(from);
    char buf[8];
    int fd = bound_socket(&name);

    (void)state;
    assert_int_equal(recv_with_timeout(fd, buf, sizeof(buf), NULL, NULL, 0), 0);
    assert_int_equal(recv_with_timeout(fd, buf, sizeof(buf), NULL, NULL, 30), 0);
    sendto(fd, "", 0, 0, (struct sockaddr *)&name, sizeof(name)); /* no time-out: passed over */
    sendto(fd, "hello", 5, 0, (struct sockaddr *)&name, sizeof(name));
    sendto(fd, "0123456789", 10, 0, (struct sockaddr *)&name, sizeof(name));
    assert_int_equal(recv_with_timeout(fd, buf, sizeof(buf), (struct sockaddr *)&from, &len, 1000), 5);
    assert_memory_equal(buf, "hello", 5);
    assert_int_equal(from.sin_port, name.sin_port);
    assert_int_equal(recv_with_timeout(fd, buf, sizeof(buf), NULL, NULL, -1), 8);
    for (int i = 0; i < 100; i++) {
        sendto(fd, "x", 1, 0, (struct sockaddr *)&name, sizeof(name));
    }
    flush_socket(fd);
    assert_int_equal(recv_with_timeout(fd, buf, sizeof(buf), NULL, NULL, 0), 0);
    close(fd);
    assert_int_equal(recv_with_timeout(fd, buf, sizeof(buf), NULL, NULL, 10), -1);
    assert_int_equal(recv_with_timeout(0, NULL, 8, NULL, NULL, 10), -1);
    assert_int_equal(recv_with_timeout(0, buf, 0, NULL, NULL, 10), -1);
    flush_socket(-1);
}

/* ACK and BYE of arguments alone, on a socket of the program's. */
static void test_messages_by_hand(void **state)
{
    struct sockaddr_in name;
    char buf[BUF_SIZE];
    char huge[20000];
    int fd = bound_socket(&name);

    (void)state;
    send_bye(fd, &name, "id@x", "from1", "to2", "102");
    int n = recv_with_timeout(fd, buf, BUF_SIZE - 1, NULL, NULL, 1000);
    assert_true(n > 0);
    buf[n] = '\0';
    assert_non_null(strstr(buf, "\r\nCSeq: 103 BYE\r\n"));
    assert_non_null(strstr(buf, "\r\nCall-ID: id@x\r\n"));
    assert_non_null(strstr(buf, ";tag=from1\r\n"));
    assert_non_null(strstr(buf, ";tag=to2\r\n"));
    assert_int_equal(strncmp(buf, "BYE sip:0938220136@127.0.0.1:", 29), 0);
    send_ack(fd, &name, "id@x", "from1", "z9hG4bKmine", "to2", "102 INVITE");
    n = recv_with_timeout(fd, buf, BUF_SIZE - 1, NULL, NULL, 1000);
    assert_true(n > 0);
    buf[n] = '\0';
    assert_non_null(strstr(buf, "\r\nCSeq: 102 ACK\r\n"));
    assert_non_null(strstr(buf, ";branch=z9hG4bKmine;"));
    memset(huge, 'h', sizeof(huge) - 1);
    huge[sizeof(huge) - 1] = '\0';
    send_bye(fd, &name, huge, "f", "t", "1");
    send_bye(fd, &name, "id", "f\r\nX: y", "t", "1");
    send_bye(fd, &name, "id", "f", "t", "x");
    send_bye(fd, &name, "id", "f", "t", "4294967296");
    send_bye(fd, &name, NULL, NULL, NULL, NULL);
    send_bye(fd, NULL, "id", "f", "t", "1");
    send_bye(-1, &name, "id", "f", "t", "1");
    assert_int_equal(recv_with_timeout(fd, buf, BUF_SIZE, NULL, NULL, 50), 0);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stamp),          cmocka_unit_test(test_any_length),       cmocka_unit_test(test_headers),
        cmocka_unit_test(test_foreign_socket), cmocka_unit_test(test_messages_by_hand),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
