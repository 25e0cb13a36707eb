/* SPDX-License-Identifier: MIT */
/* init_rtp_header, generate_test_audio; what has no session and no receiver. */
#include <fcntl.h>

#include "support_library.h"
#include "wsaudio/audio.h"

static void test_header(void **state)
{
    static const unsigned char wanted[12] = {0x80, 8, 0x12, 0x34, 0xde, 0xad, 0xbe, 0xef, 1, 2, 3, 4};
    rtp_header_t header;

    (void)state;
    init_rtp_header(&header, 8, 0x1234, 0xdeadbeef, 0x01020304);
    assert_memory_equal(&header, wanted, sizeof(wanted));
    init_rtp_header(&header, 0x1ff, 0, 0, 0);
    assert_int_equal(header.m_pt, 0x7f);
    init_rtp_header(NULL, 0, 0, 0, 0);
}

static void check_tone(int ms, size_t bytes)
{
    unsigned char tone[8 * 1000 + 1];
    FILE *file = tmpfile();

    assert_non_null(file);
    generate_test_audio(file, ms);
    rewind(file);
    assert_int_equal(fread(tone, 1, sizeof(tone), file), bytes);
    fclose(file);
    for (size_t i = 8; i < bytes; i++) {
        assert_int_equal(tone[i], tone[i - 8]); /* 1 kHz: eight samples a turn, over pieces too */
    }
    if (bytes >= 8) {
        assert_true(abs(ulaw_to_linear(tone[2])) > 1000 || abs(ulaw_to_linear(tone[0])) > 1000);
    }
}

static void test_tone(void **state)
{
    (void)state;
    check_tone(1000, 8000);
    check_tone(33, 264);
    check_tone(0, 0);
    check_tone(-5, 0);
    generate_test_audio(NULL, 10);
}

static void test_nothing_open(void **state)
{
    sip_session_t session;

    (void)state;
    memset(&session, 0, sizeof(session));
    session.sockfd = 0;
    close_sip_session(&session);
    assert_true(fcntl(0, F_GETFD) >= 0); /* standard input was none of ours: it stays open */
    assert_int_equal(make_sip_call(&session, "1"), -1);
    assert_int_equal(make_sip_call(NULL, "1"), -1);
    assert_int_equal(init_sip_session(NULL), -1);
    close_sip_session(NULL);
    stop_rtp_receiver();
    clear_rtp_callback();
    assert_int_equal(get_rtp_sockfd(), -1);
    assert_int_equal(start_rtp_receiver(-1, NULL), -1);
    assert_int_equal(start_rtp_receiver(65536, NULL), -1);
    assert_int_equal(start_rtp_receiver(0, "/no/such/folder/x.wav"), -1);
    assert_int_equal(sip_client_run(0), 0);
    assert_int_equal(sip_client_run(5), 0);
    assert_int_equal(sip_client_run(-1), 0);
    send_rtp_audio(-1, NULL, NULL, 0, NULL, NULL, NULL, NULL, NULL);
}

static void test_receiver_again(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(start_rtp_receiver(0, NULL), 0);
        assert_true(get_rtp_sockfd() >= 0);
        stop_rtp_receiver();
        assert_int_equal(get_rtp_sockfd(), -1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_header),
        cmocka_unit_test(test_tone),
        cmocka_unit_test(test_nothing_open),
        cmocka_unit_test(test_receiver_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
