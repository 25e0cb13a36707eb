/* SPDX-License-Identifier: MIT */
/* Ways of messages.
 *
 * answers_go_to_the_sender     RFC 3261 18.2.2, RFC 3581 4: source address; rport, else the Via's port, else the transport's;
 *                              maddr and received are not followed
 * answers_by_the_connection    18.2.2: over a reliable transport back by the connection, whatever the Via says
 * transports                   the names of 25.1 and what follows from each; the Via says which it is */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "wsaudio/sipmsg/writer.h"

static struct sip_flow source_by(enum sip_transport transport)
{
    return (struct sip_flow){.transport = transport,
                             .local = addr_ipv4(10, 0, 0, 1, 5062),
                             .remote = addr_ipv4(10, 0, 0, 9, 6000),
                             .id = transport == SIP_TRANSPORT_UDP ? 0 : 3};
}

static const char *const vias[] = {
    "SIP/2.0/UDP 1.2.3.4:5070;rport;maddr=5.6.7.8",
    "SIP/2.0/UDP 1.2.3.4:5070;received=9.9.9.9",
    "SIP/2.0/UDP 1.2.3.4",
};

static void expect_back(enum sip_transport transport, const char *via_text, uint16_t port)
{
    struct sip_flow source = source_by(transport);
    struct sip_via via;

    assert_int_equal(sip_via_parse(span_cstr(via_text), &via), ST_OK);
    struct sip_flow back = sip_flow_back(&source, &via);
    assert_int_equal(back.transport, transport);
    assert_int_equal(back.id, source.id);
    assert_true(addr_equal(&back.local, &source.local));
    assert_true(addr_same_ip(&back.remote, &source.remote));
    assert_int_equal(back.remote.port, port);
}

static void answers_go_to_the_sender(void **state)
{
    (void)state;
    expect_back(SIP_TRANSPORT_UDP, vias[0], 6000);
    expect_back(SIP_TRANSPORT_UDP, vias[1], 5070);
    expect_back(SIP_TRANSPORT_UDP, vias[2], 5060);
}

static void answers_by_the_connection(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(vias) / sizeof(vias[0]); i++) {
        expect_back(SIP_TRANSPORT_TCP, vias[i], 6000);
        expect_back(SIP_TRANSPORT_TLS, vias[i], 6000);
    }
}

static void transports(void **state)
{
    (void)state;
    static const struct {
        enum sip_transport transport;
        const char *via;
        bool reliable, secure;
        uint16_t port;
    } rows[] = {
        {SIP_TRANSPORT_UDP, "Via: SIP/2.0/UDP 10.0.0.1:5062;branch=z9hG4bK1;rport\r\n", false, false, 5060},
        {SIP_TRANSPORT_TCP, "Via: SIP/2.0/TCP 10.0.0.1:5062;branch=z9hG4bK1;rport\r\n", true, false, 5060},
        {SIP_TRANSPORT_TLS, "Via: SIP/2.0/TLS 10.0.0.1:5062;branch=z9hG4bK1;rport\r\n", true, true, 5061},
    };

    assert_int_equal(sizeof(rows) / sizeof(rows[0]), SIP_TRANSPORT_COUNT);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct sip_transport_traits *traits = sip_transport_traits(rows[i].transport);
        struct sip_flow flow = source_by(rows[i].transport);
        char text[128];
        struct outbuf out;
        outbuf_init(&out, text, sizeof(text));
        sip_put_via(&out, &flow, SPAN_LIT("z9hG4bK1"));
        assert_true(span_eq(outbuf_view(&out), span_cstr(rows[i].via)));
        assert_int_equal(traits->reliable, rows[i].reliable);
        assert_int_equal(traits->secure, rows[i].secure);
        assert_int_equal(traits->port, rows[i].port);
        assert_true(traits->message_max >= 1300);
    }
    assert_string_equal(sip_transport_traits(SIP_TRANSPORT_COUNT)->name, "UDP");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_go_to_the_sender),
        cmocka_unit_test(answers_by_the_connection),
        cmocka_unit_test(transports),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
