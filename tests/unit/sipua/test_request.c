/* SPDX-License-Identifier: MIT */
/* One client request by itself.
 *
 * what_it_says, ends, servers, too_long   outside of dialogs (RFC 3261 8.1, RFC 3263 4.3): what it is made of, which end is told
 * inside_says         12.2.1.1   From, To, Call-ID, route set and CSeq are the dialog's; one CSeq for all that is asked in it
 * inside_ends         12.2.1.2   408 and 481 end the dialog, 491 clashes (14.1), no redirection is followed
 * inside_silence      12.2.1.2   once more to the source of the dialog's messages, then the dialog is over
 * inside_broken                  the same when it cannot be sent
 * inside_unreachable             ICMP: at once, and what the first one brings is nobody's
 * inside_closed                  let go of: nothing is told
 * inside_credentials  22         for the server as the far end alone, four tries at most */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "inv.h"
#include "rng_seeded.h"

static uint64_t seed = 5;
static struct rng rng = {rng_seeded_fill, &seed};
static char sent[8192];
static size_t sent_count;
static struct sip_flow sent_to;
static enum sip_request_end end;
static int end_code;
static size_t end_count;
static int send_status;
static mono_us now;

static int send(void *ctx, const struct sip_flow *to, const void *data, size_t len)
{
    (void)ctx;
    assert_true(len < sizeof(sent));
    memcpy(sent, data, len);
    sent[len] = '\0';
    sent_to = *to;
    sent_count++;
    return send_status;
}

static void done(struct sip_request *request, mono_us at, enum sip_request_end how, const struct sip_msg *message)
{
    assert_true(at == now);
    assert_false(sip_request_is_busy(request));
    end = how;
    end_code = message != NULL ? message->status : 0;
    end_count++;
}

static void event(void *ctx, const struct sip_event *e)
{
    (void)ctx;
    (void)e;
}

static struct sip_config config(void)
{
    return (struct sip_config){
        .local = addr_ipv4(10, 0, 0, 1, 5062),
        .next_hop = addr_ipv4(10, 0, 0, 2, 5060),
        .domain = SPAN_LIT("d.test"),
        .user = SPAN_LIT("a b"),
        .max_usages = 1,
        .rng = &rng,
    };
}

static struct sip_stack *make(const struct sip_config *c)
{
    struct sip_hooks hooks = {.send = send, .event = event};
    struct sip_stack *stack = sip_stack_new(c, &hooks);
    assert_non_null(stack);
    sent_count = end_count = 0;
    send_status = ST_OK;
    now = DUR_S(1);
    return stack;
}

static void answer(struct sip_stack *stack, const char *start, const char *extra)
{
    static char text[8192];
    const char *via = strstr(sent, "Via:");
    const char *from = strstr(sent, "From:");
    const char *cseq = strstr(sent, "CSeq:");
    assert_non_null(via);
    assert_non_null(from);
    assert_non_null(cseq);
    int len = snprintf(text, sizeof(text), "SIP/2.0 %s\r\n%.*s\r\n%.*s\r\n%s\r\n", start, (int)strcspn(via, "\r"), via,
                       (int)(strstr(cseq, "\r") - from), from, extra);
    sip_stack_input(stack, now, &sent_to, text, (size_t)len);
}

static void assert_sent(const char *part)
{
    if (strstr(sent, part) == NULL) {
        fail_msg("'%s' is not in:\n%s", part, sent);
    }
}

static void what_it_says(void **state)
{
    (void)state;
    struct sip_config c = config();
    struct sip_stack *stack = make(&c);
    struct sip_request_outside ask;
    struct sip_request_parts form = {.contact = SPAN_LIT("<sip:x@y>"),
                                     .supported = SPAN_LIT("path"),
                                     .accept = SPAN_LIT("application/sdp"),
                                     .extra = SPAN_LIT("Expires: 7\r\n")};
    assert_int_equal(sip_request_open_outside(&ask, stack, SIP_METHOD_REGISTER, true, done), ST_OK);
    assert_int_equal(sip_request_send(&ask.request, now, &form), ST_OK);
    assert_sent("REGISTER sip:d.test SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.1:5062;branch=z9hG4bK");
    assert_sent("\r\nFrom: <sip:a%20b@d.test>;tag=");
    assert_sent("\r\nTo: <sip:a%20b@d.test>\r\n");
    assert_sent("\r\nCSeq: 1 REGISTER\r\nContact: <sip:x@y>\r\n");
    assert_sent("\r\nSupported: path\r\n");
    assert_sent("\r\nAccept: application/sdp\r\n");
    assert_sent("\r\nExpires: 7\r\n");
    assert_int_equal(sip_request_send(&ask.request, now, &form), ST_STATE); /* one at a time */
    assert_int_equal(sent_count, 1);
    answer(stack, "100 Trying", "");
    assert_int_equal(end_count, 0);
    answer(stack, "200 OK", "");
    assert_int_equal(end_count, 1);
    assert_int_equal(end, SIP_REQUEST_ANSWERED);
    assert_int_equal(end_code, 200);
    answer(stack, "200 OK", ""); /* again */
    assert_int_equal(end_count, 1);
    sip_request_close_outside(&ask);
    assert_int_equal(sip_request_open_outside(&ask, stack, SIP_METHOD_OPTIONS, false, done), ST_OK);
    assert_int_equal(sip_request_send(&ask.request, now, &(struct sip_request_parts){0}), ST_OK);
    assert_sent("OPTIONS sip:d.test SIP/2.0\r\n");
    assert_sent("\r\nTo: <sip:d.test>\r\n");
    assert_null(strstr(sent, "Contact:"));
    sip_request_close_outside(&ask); /* its transaction runs on alone */
    sip_request_close_outside(&ask);
    answer(stack, "200 OK", "");
    assert_int_equal(end_count, 1);
    sip_stack_free(stack);
}

static void ends(void **state)
{
    (void)state;
    struct sip_config c = config();
    struct sip_stack *stack = make(&c);
    struct sip_request_outside ask;
    const char *challenge = "WWW-Authenticate: Digest realm=\"r\", nonce=\"n\"\r\n";
    assert_int_equal(sip_request_open_outside(&ask, stack, SIP_METHOD_REGISTER, true, done), ST_OK);
    assert_int_equal(sip_request_send(&ask.request, now, &(struct sip_request_parts){0}), ST_OK);
    answer(stack, "401 Unauthorized", challenge);
    assert_int_equal(end, SIP_REQUEST_REFUSED); /* no password */
    assert_int_equal(sip_request_send(&ask.request, now, &(struct sip_request_parts){0}), ST_OK);
    answer(stack, "302 Moved", "Contact: <sip:other.test>\r\n");
    assert_int_equal(end, SIP_REQUEST_AGAIN);
    assert_int_equal(sip_request_send(&ask.request, now, &(struct sip_request_parts){0}), ST_OK);
    assert_sent("REGISTER sip:other.test SIP/2.0");
    answer(stack, "302 Moved", "Contact: <sip:other.test>\r\n");
    assert_int_equal(end, SIP_REQUEST_ANSWERED);
    assert_int_equal(sip_request_restart(&ask), ST_OK);
    assert_int_equal(sip_request_send(&ask.request, now, &(struct sip_request_parts){0}), ST_OK);
    assert_sent("REGISTER sip:d.test SIP/2.0");
    for (int i = 0; i < 40; i++) {
        sip_stack_expire(stack, now += DUR_S(1));
    }
    assert_int_equal(end, SIP_REQUEST_SILENT);
    assert_int_equal(end_code, 0);
    assert_int_equal(end_count, 4);
    sip_request_close_outside(&ask);
    sip_stack_free(stack);
}

static void servers(void **state)
{
    (void)state;
    struct sip_config c = config();
    c.next_hop.family = 0;
    struct sip_stack *stack = make(&c);
    const struct net_addr two[] = {addr_ipv4(10, 0, 0, 8, 5060), addr_ipv4(10, 0, 0, 9, 5060)};
    struct sip_request_outside ask;
    assert_int_equal(sip_request_open_outside(&ask, stack, SIP_METHOD_OPTIONS, false, done), ST_OK);
    assert_int_equal(sip_request_send(&ask.request, now, &(struct sip_request_parts){0}), ST_STATE); /* nobody to ask */
    assert_int_equal(sip_request_server(&ask).family, 0);
    sip_stack_set_servers(stack, now, two, 2);
    assert_int_equal(sip_request_send(&ask.request, now, &(struct sip_request_parts){0}), ST_OK);
    assert_true(addr_equal(&sent_to.remote, &two[0]));
    assert_int_equal(sip_request_due(&ask.request), now + SIP_REQUEST_PATIENCE);
    sip_request_unreachable(&ask.request, now, &two[1]);
    assert_int_equal(sip_request_due(&ask.request), now + SIP_REQUEST_PATIENCE);
    sip_request_unreachable(&ask.request, now, &two[0]);
    sip_request_expire(&ask.request, now);
    assert_int_equal(end, SIP_REQUEST_AGAIN);
    assert_int_equal(sip_request_send(&ask.request, now, &(struct sip_request_parts){0}), ST_OK);
    assert_true(addr_equal(&sent_to.remote, &two[1]));
    assert_int_equal(sip_request_due(&ask.request), MONO_NEVER); /* the last one has all the time there is */
    answer(stack, "503 Down", "");
    assert_int_equal(end, SIP_REQUEST_ANSWERED);
    sip_request_close_outside(&ask);
    sip_stack_free(stack);
}

static void too_long(void **state)
{
    (void)state;
    static char domain[2000];
    struct sip_config c = config();
    struct sip_request_outside ask;
    memset(domain, 'd', sizeof(domain));
    c.domain = span_make(domain, sizeof(domain));
    struct sip_stack *stack = make(&c);
    assert_int_equal(sip_request_open_outside(&ask, stack, SIP_METHOD_REGISTER, true, done), ST_TOO_LARGE);
    assert_false(sip_request_is_open(&ask.request));
    sip_stack_free(stack);
    c.registers = true;
    struct sip_hooks hooks = {.send = send, .event = event};
    assert_null(sip_stack_new(&c, &hooks));
}

/* ---- inside a dialog ---- */

static const struct net_addr phone = {.family = 4, .port = 5070, .ip = {10, 0, 0, 9}};

/* A call that the server's 200 has answered; more: its Contact, Record-Route. */
static struct sip_inv *call(struct sip_stack *stack, const char *more)
{
    struct pool_id id;
    char text[4096];
    assert_int_equal(sip_inv_invite(stack, now, SPAN_LIT("sip:1@d.test"), SPAN_LIT("v=0\r\n"), 0, POOL_ID_NONE, &id),
                     ST_OK);
    const char *via = strstr(sent, "Via:");
    const char *from = strstr(sent, "From:");
    const char *call_id = strstr(sent, "Call-ID:");
    const char *cseq = strstr(sent, "CSeq:");
    assert_true(via != NULL && from != NULL && call_id != NULL && cseq != NULL);
    int len = snprintf(text, sizeof(text),
                       "SIP/2.0 200 OK\r\n%.*s\r\n%.*s\r\nTo: <sip:1@d.test>;tag=far\r\n%.*s\r\n%.*s\r\n%s\r\n",
                       (int)strcspn(via, "\r"), via, (int)strcspn(from, "\r"), from, (int)strcspn(call_id, "\r"),
                       call_id, (int)strcspn(cseq, "\r"), cseq, more);
    sip_stack_input(stack, now, &sent_to, text, (size_t)len);
    struct sip_inv *inv = sip_inv_get(stack, id);
    assert_non_null(inv);
    assert_int_equal(inv->state, SIP_INV_ST_CONFIRMED);
    sent_count = end_count = 0;
    return inv;
}

#define FAR_CONTACT "Contact: <sip:far@10.0.0.9:5070>\r\n"

static void ask(struct sip_request_inside *inside)
{
    assert_int_equal(
        sip_request_send(&inside->request, now, &(struct sip_request_parts){.extra = SPAN_LIT("X-Part: 1\r\n")}),
        ST_OK);
}

static void open_info(struct sip_request_inside *inside, struct sip_inv *inv)
{
    sip_request_open_inside(inside, inv, inv->dialog, SIP_METHOD_INFO, done);
}

static void inside_says(void **state)
{
    (void)state;
    struct sip_config c = config();
    struct sip_stack *stack = make(&c);
    struct sip_request_inside info;
    char text[128];
    struct sip_inv *inv = call(stack, FAR_CONTACT "Record-Route: <sip:10.0.0.2;lr>\r\n");
    open_info(&info, inv);
    assert_false(sip_request_is_busy(&info.request));
    ask(&info);
    assert_sent("INFO sip:far@10.0.0.9:5070 SIP/2.0\r\n");
    assert_sent("\r\nRoute: <sip:10.0.0.2;lr>\r\n");
    assert_sent("\r\nTo: <sip:1@d.test>;tag=far\r\n");
    assert_sent("\r\nCSeq: 2 INFO\r\n");
    assert_sent("\r\nX-Part: 1\r\n");
    (void)snprintf(text, sizeof(text), "\r\nCall-ID: %.*s\r\n", SPAN_ARG(sip_text_view(&inv->call_id)));
    assert_sent(text);
    (void)snprintf(text, sizeof(text), ";tag=%s\r\n", inv->local_tag);
    assert_sent(text);
    assert_true(addr_equal(&sent_to.remote, &c.next_hop)); /* the route's */
    assert_int_equal(sip_request_send(&info.request, now, &(struct sip_request_parts){0}), ST_STATE);
    answer(stack, "200 OK", "");
    assert_int_equal(end, SIP_REQUEST_ANSWERED);
    ask(&info);
    assert_sent("\r\nCSeq: 3 INFO\r\n");
    answer(stack, "200 OK", "");
    sip_inv_end(stack, now, inv->id);
    assert_sent("BYE sip:far@10.0.0.9:5070 SIP/2.0\r\n");
    assert_sent("\r\nCSeq: 4 BYE\r\n");
    sip_stack_free(stack);
}

static void inside_ends(void **state)
{
    (void)state;
    static const struct {
        const char *status;
        enum sip_request_end end;
    } rows[] = {
        {"200 OK", SIP_REQUEST_ANSWERED},          {"302 Moved", SIP_REQUEST_ANSWERED},
        {"401 Unauthorized", SIP_REQUEST_REFUSED}, {"407 Proxy", SIP_REQUEST_REFUSED},
        {"408 Timeout", SIP_REQUEST_GONE},         {"481 Gone", SIP_REQUEST_GONE},
        {"491 Pending", SIP_REQUEST_CLASH},        {"500 Later", SIP_REQUEST_ANSWERED},
        {"503 Down", SIP_REQUEST_ANSWERED},        {"603 Decline", SIP_REQUEST_ANSWERED},
    };
    struct sip_config c = config();
    struct sip_stack *stack = make(&c);
    struct sip_request_inside info;
    open_info(&info, call(stack, FAR_CONTACT));
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        ask(&info);
        assert_true(addr_equal(&sent_to.remote, &phone));
        answer(stack, rows[i].status,
               "Contact: <sip:other.test>\r\nWWW-Authenticate: Digest realm=\"r\", nonce=\"n\"\r\n");
        assert_int_equal(end_count, i + 1);
        assert_int_equal(end, rows[i].end);
        assert_int_equal(end_code, atoi(rows[i].status));
    }
    sip_stack_free(stack);
}

static void let_run(struct sip_stack *stack, int seconds)
{
    for (int i = 0; i < seconds; i++) {
        sip_stack_expire(stack, now += DUR_S(1));
        sip_stack_reap(stack);
    }
}

static void inside_silence(void **state)
{
    (void)state;
    struct sip_config c = config();
    struct sip_stack *stack = make(&c);
    struct sip_request_inside info;
    open_info(&info, call(stack, FAR_CONTACT));
    ask(&info);
    let_run(stack, 40);
    assert_int_equal(end_count, 1);
    assert_int_equal(end, SIP_REQUEST_AGAIN);
    ask(&info);
    assert_true(addr_equal(&sent_to.remote, &c.next_hop));
    assert_sent("INFO sip:far@10.0.0.9:5070 SIP/2.0\r\n");
    let_run(stack, 40);
    assert_int_equal(end_count, 2);
    assert_int_equal(end, SIP_REQUEST_GONE);
    assert_int_equal(end_code, 0);
    sip_stack_free(stack);
}

static void inside_broken(void **state)
{
    (void)state;
    struct sip_config c = config();
    struct sip_stack *stack = make(&c);
    struct sip_request_inside info;
    open_info(&info, call(stack, FAR_CONTACT));
    send_status = ST_IO;
    ask(&info);
    assert_int_equal(end_count, 0); /* told by the clock, never inside the sending */
    let_run(stack, 1);
    assert_int_equal(end, SIP_REQUEST_AGAIN);
    ask(&info);
    assert_true(addr_equal(&sent_to.remote, &c.next_hop));
    let_run(stack, 1);
    assert_int_equal(end_count, 2);
    assert_int_equal(end, SIP_REQUEST_BROKEN);
    sip_stack_free(stack);
}

static void inside_unreachable(void **state)
{
    (void)state;
    struct sip_config c = config();
    struct sip_stack *stack = make(&c);
    struct sip_request_inside info;
    open_info(&info, call(stack, FAR_CONTACT));
    sip_request_unreachable(&info.request, now, &phone); /* nothing is under way */
    ask(&info);
    sip_request_unreachable(&info.request, now, &c.next_hop); /* it did not go there */
    assert_int_equal(end_count, 0);
    sip_request_unreachable(&info.request, now, &phone);
    assert_int_equal(end_count, 1);
    assert_int_equal(end, SIP_REQUEST_AGAIN);
    answer(stack, "200 OK", "");
    assert_int_equal(end_count, 1);
    ask(&info);
    assert_true(addr_equal(&sent_to.remote, &c.next_hop));
    sip_request_unreachable(&info.request, now, &c.next_hop); /* no way is left */
    assert_int_equal(end_count, 1);
    answer(stack, "200 OK", "");
    assert_int_equal(end, SIP_REQUEST_ANSWERED);
    sip_stack_free(stack);
}

static void inside_closed(void **state)
{
    (void)state;
    struct sip_config c = config();
    struct sip_stack *stack = make(&c);
    struct sip_request_inside info = {.request = {.stack = NULL}};
    sip_request_let_go(&info.request);
    assert_false(sip_request_is_open(&info.request));
    open_info(&info, call(stack, FAR_CONTACT));
    ask(&info);
    sip_request_let_go(&info.request);
    assert_false(sip_request_is_busy(&info.request));
    answer(stack, "200 OK", "");
    assert_int_equal(end_count, 0);
    sip_stack_free(stack);
}

static const char *challenge(int nonce)
{
    static char text[128];
    (void)snprintf(text, sizeof(text), "WWW-Authenticate: Digest realm=\"r\", nonce=\"%d\", stale=true\r\n", nonce);
    return text;
}

static void inside_credentials(void **state)
{
    (void)state;
    struct sip_config c = config();
    c.password = SPAN_LIT("secret");
    c.has_password = true;
    struct sip_stack *stack = make(&c);
    struct sip_request_inside info;
    /* the phone: not one that the INVITE was challenged by */
    open_info(&info, call(stack, FAR_CONTACT));
    ask(&info);
    answer(stack, "401 Unauthorized", "WWW-Authenticate: Digest realm=\"r\", nonce=\"n\"\r\n");
    assert_int_equal(end, SIP_REQUEST_REFUSED);
    sip_stack_free(stack);
    /* the server itself, which has seen the password's digest */
    c.max_usages = 2;
    stack = make(&c);
    struct sip_inv *inv = call(stack, "Contact: <sip:far@10.0.0.2:5060>\r\n");
    assert_int_equal(sip_text_set(&inv->credentials, SPAN_LIT("Authorization: Digest\r\n")), ST_OK);
    open_info(&info, inv);
    ask(&info);
    assert_null(strstr(sent, "\r\nAuthorization:"));
    answer(stack, "401 Unauthorized", challenge(0));
    assert_int_equal(end, SIP_REQUEST_AGAIN);
    ask(&info);
    assert_sent("\r\nAuthorization: Digest username=\"a b\", realm=\"r\", nonce=\"0\"");
    answer(stack, "401 Unauthorized", challenge(1));
    assert_int_equal(end, SIP_REQUEST_AGAIN);
    send_status = ST_IO;
    ask(&info);
    let_run(stack, 1);
    assert_int_equal(end, SIP_REQUEST_AGAIN);
    send_status = ST_OK;
    ask(&info);
    assert_sent("nonce=\"1\"");
    assert_int_equal(info.request.tries, SIP_REQUEST_TRIES_MAX);
    answer(stack, "401 Unauthorized", challenge(2));
    assert_int_equal(end, SIP_REQUEST_REFUSED);
    sip_request_open_inside(&info, inv, inv->dialog, SIP_METHOD_INFO, done);
    ask(&info);
    info.request.tries = SIP_REQUEST_TRIES_MAX;
    answer(stack, "401 Unauthorized", challenge(3)); /* its realm's try is not spent */
    assert_int_equal(end, SIP_REQUEST_REFUSED);
    assert_int_equal(inv->auth->challenges, 0);
    sip_stack_free(stack);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_it_says),
        cmocka_unit_test(ends),
        cmocka_unit_test(servers),
        cmocka_unit_test(too_long),
        cmocka_unit_test(inside_says),
        cmocka_unit_test(inside_ends),
        cmocka_unit_test(inside_silence),
        cmocka_unit_test(inside_broken),
        cmocka_unit_test(inside_unreachable),
        cmocka_unit_test(inside_closed),
        cmocka_unit_test(inside_credentials),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
