/* SPDX-License-Identifier: MIT */
/* Sessions without a far end: what opens is closed again; settings that cannot be used; two in one process. */
#include <dirent.h>

#include "support_library.h"

static int descriptors(void)
{
    DIR *folder = opendir("/proc/self/fd");
    int count = 0;

    assert_non_null(folder);
    while (readdir(folder) != NULL) {
        count++;
    }
    closedir(folder);
    return count;
}

static int setup(void **state)
{
    (void)state;
    setenv("SIP_SERVER", "127.0.0.1", 1);
    setenv("SIP_PORT", "9", 1);
    setenv("LOCAL_IP", "127.0.0.1", 1);
    setenv("LOCAL_PORT", "0", 1);
    return 0;
}

static void test_open_and_close(void **state)
{
    sip_session_t session;
    int before = descriptors();

    (void)state;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(init_sip_session(&session), 0);
        assert_true(session.sockfd >= 0);
        assert_int_equal(strlen(session.tag), 31);
        assert_int_equal(strlen(session.callid), 63);
        assert_string_equal(session.cseq, "1");
        assert_string_equal(session.to_tag, "");
        assert_int_equal(ntohs(session.servaddr.sin_port), 9);
        assert_int_equal(session.servaddr.sin_addr.s_addr, htonl(INADDR_LOOPBACK));
        assert_int_equal(session.call_established, 0);
        assert_int_equal(make_sip_call(&session, "no number\r\nX: y"), -1);
        assert_int_equal(make_sip_call(&session, ""), -1);
        assert_int_equal(make_sip_call(&session, NULL), -1);
        assert_int_equal(start_rtp_receiver(0, NULL), 0);
        stop_rtp_receiver();
        close_sip_session(&session);
        assert_int_equal(session.sockfd, -1);
        close_sip_session(&session);
        assert_int_equal(descriptors(), before);
    }
}

static void test_two(void **state)
{
    sip_session_t one;
    sip_session_t two;
    int before = descriptors();

    (void)state;
    assert_int_equal(init_sip_session(&one), 0);
    assert_int_equal(init_sip_session(&two), 0);
    assert_int_not_equal(one.sockfd, two.sockfd);
    assert_string_not_equal(one.callid, two.callid);
    close_sip_session(&one);
    assert_int_equal(sip_client_run(1), 0);
    close_sip_session(&two);
    assert_int_equal(descriptors(), before);
}

/* The same structure again, without close between: one session, not two that write into it. */
static void test_init_again(void **state)
{
    sip_session_t session;
    int before = descriptors();

    (void)state;
    memset(&session, 0xa5, sizeof(session));
    assert_int_equal(init_sip_session(&session), 0);
    int one = descriptors();
    memset(&session, 0x5a, sizeof(session));
    assert_int_equal(init_sip_session(&session), 0);
    assert_int_equal(descriptors(), one);
    close_sip_session(&session);
    assert_int_equal(descriptors(), before);
}

/* LOCAL_IP that this machine has not: a NAT's address when it was given, else passed over. */
static void test_local_ip(void **state)
{
    sip_session_t session;

    (void)state;
    setenv("LOCAL_IP", "192.0.2.7", 1);
    assert_int_equal(init_sip_session(&session), 0);
    close_sip_session(&session);
    unsetenv("LOCAL_IP");
    assert_int_equal(init_sip_session(&session), 0);
    close_sip_session(&session);
}

static void test_refused(void **state)
{
    static const struct {
        const char *name, *value;
    } table[] = {{"SIP_PORT", "0"}, {"SIP_SERVER", "::1"}, {"SIP_SERVER", ""}, {"LOCAL_PORT", "x"}};
    sip_session_t session;
    int before = descriptors();

    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        setenv(table[i].name, table[i].value, 1);
        assert_int_equal(init_sip_session(&session), -1);
        assert_int_equal(session.sockfd, -1);
        close_sip_session(&session);
        assert_int_equal(descriptors(), before);
        setup(state);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_open_and_close, setup), cmocka_unit_test_setup(test_two, setup),
        cmocka_unit_test_setup(test_init_again, setup),     cmocka_unit_test_setup(test_local_ip, setup),
        cmocka_unit_test_setup(test_refused, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
