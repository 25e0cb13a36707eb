/* SPDX-License-Identifier: MIT */
/* A message that owns its bytes.
 *
 * says_the_same        every field of the copy is what a parse of the same text gives, after the original's bytes are gone
 * looks_back_nowhere   no pointer of the copy leads into the original's bytes, whichever field it is in */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "wsaudio/sipmsg/message.h"

static const char *const texts[] = {
    "\r\n\r\nINVITE sip:bob:pw@[2001:db8::1]:5070;user=phone?subject=x SIP/2.0\r\n"
    "Via: SIP/2.0/UDP 10.0.0.9:5060;branch=z9hG4bK1;received=1.2.3.4;rport=7;maddr=5.6.7.8;ttl=3\r\n"
    "From: \"A \\\" B\" <sip:alice:secret@h;a=b?c=d>;tag=f1\r\nTo: Bob <sip:bob@h>;tag=t1\r\nCall-ID: c@h\r\n"
    "CSeq: 7 INVITE\r\nContact: <sip:alice@10.0.0.9>;q=0.5\r\nMax-Forwards: 70\r\nX-Fold: a\r\n b\r\n"
    "Content-Type: application/sdp\r\nContent-Length: 5\r\n\r\nv=0\r\nand more",
    "SIP/2.0 180 Ringing away\r\nv: SIP/2.0/UDP h;branch=z9hG4bK1\r\nf: <sip:a@h>;tag=1\r\nt: <sip:b@h>;tag=2\r\ni: "
    "c\r\n"
    "CSeq: 1 INVITE\r\n\r\n",
    ("REGISTER sip:h SIP/2.0\r\nVia: SIP/2.0/UDP h\r\nFrom: <sip:a@h>\r\nTo: <sip:a@h>\r\nCall-ID: c\r\n"
     "CSeq: 1 REGISTER\r\nContact: *\r\nExpires: 0\r\n\r\n"),
};

static void same_span(struct span a, struct span b)
{
    assert_true(span_eq(a, b));
}

static void same_uri(const struct sip_uri *a, const struct sip_uri *b)
{
    same_span(a->text, b->text);
    same_span(a->scheme_name, b->scheme_name);
    same_span(a->user, b->user);
    same_span(a->password, b->password);
    same_span(a->host, b->host);
    same_span(a->params, b->params);
    same_span(a->headers, b->headers);
    assert_true(a->scheme == b->scheme && a->port == b->port && a->host_is_ipv6 == b->host_is_ipv6);
}

static void same_address(const struct sip_name_addr *a, const struct sip_name_addr *b)
{
    same_span(a->text, b->text);
    same_span(a->display, b->display);
    same_span(a->params, b->params);
    same_span(a->tag, b->tag);
    same_uri(&a->uri, &b->uri);
    assert_int_equal(a->star, b->star);
}

static void same_via(const struct sip_via *a, const struct sip_via *b)
{
    same_span(a->text, b->text);
    same_span(a->transport, b->transport);
    same_span(a->host, b->host);
    same_span(a->branch, b->branch);
    same_span(a->received, b->received);
    same_span(a->maddr, b->maddr);
    same_span(a->params, b->params);
    assert_true(a->port == b->port && a->rport == b->rport && a->has_rport == b->has_rport && a->ttl == b->ttl);
}

static void same_message(const struct sip_msg *a, const struct sip_msg *b)
{
    same_span(a->raw, b->raw);
    same_span(a->method_text, b->method_text);
    same_span(a->reason, b->reason);
    same_span(a->call_id, b->call_id);
    same_span(a->content_type, b->content_type);
    same_span(a->body, b->body);
    same_uri(&a->uri, &b->uri);
    same_via(&a->via, &b->via);
    same_address(&a->from, &b->from);
    same_address(&a->to, &b->to);
    same_address(&a->contact, &b->contact);
    assert_true(a->is_request == b->is_request && a->method == b->method && a->status == b->status);
    assert_true(a->cseq == b->cseq && a->max_forwards == b->max_forwards && a->expires == b->expires);
    assert_int_equal(a->header_count, b->header_count);
    for (size_t i = 0; i < a->header_count; i++) {
        assert_int_equal(a->headers[i].id, b->headers[i].id);
        same_span(a->headers[i].name, b->headers[i].name);
        same_span(a->headers[i].value, b->headers[i].value);
    }
}

/* A copy of the text's message, whose bytes are gone. NULL: no memory. */
static struct sip_msg *clone_of(const char *text)
{
    size_t len = strlen(text);
    char *bytes = malloc(len);
    struct sip_msg msg;

    assert_non_null(bytes);
    memcpy(bytes, text, len);
    assert_int_equal(sip_msg_parse(span_make(bytes, len), &msg), SIP_VERDICT_OK);
    struct sip_msg *copy = sip_msg_clone(&msg);
    memset(bytes, '#', len);
    free(bytes);
    return copy;
}

static void says_the_same(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct sip_msg *copy = clone_of(texts[i]);
        struct sip_msg again;
        assert_non_null(copy);
        assert_int_equal(sip_msg_parse(span_cstr(texts[i]), &again), SIP_VERDICT_OK);
        same_message(copy, &again);
        struct sip_msg *twice = sip_msg_clone(copy);
        assert_non_null(twice);
        free(copy);
        same_message(twice, &again);
        free(twice);
    }
}

/* Where in the parsed bytes the word at `at` of the copy points to; SIZE_MAX: nowhere. */
static size_t look_back(const struct sip_msg *copy, size_t at, struct span parsed)
{
    uintptr_t from = (uintptr_t)parsed.ptr;
    uintptr_t word;

    memcpy(&word, (const char *)copy + at, sizeof(word));
    return word >= from && word <= from + parsed.len ? word - from : SIZE_MAX;
}

/* The same bytes are parsed at two places: a pointer that was left behind points to the same of them twice, what lies between the
 * members of a structure, left over from whatever the stack held, does not. */
static void looks_back_nowhere(void **state)
{
    static struct sip_msg msg[2]; /* their unused headers hold nothing */
    static char bytes[2][2048];

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        size_t len = strlen(texts[i]);
        struct sip_msg *copy[2];
        struct span parsed[2];
        for (size_t k = 0; k < 2; k++) {
            parsed[k] = span_make(bytes[k] + 77 * k, len);
            memcpy(bytes[k] + 77 * k, texts[i], len);
            assert_int_equal(sip_msg_parse(parsed[k], &msg[k]), SIP_VERDICT_OK);
            copy[k] = sip_msg_clone(&msg[k]);
            assert_non_null(copy[k]);
        }
        size_t end = offsetof(struct sip_msg, headers) + copy[0]->header_count * sizeof(copy[0]->headers[0]);
        for (size_t at = 0; at + sizeof(uintptr_t) <= end; at += sizeof(uintptr_t)) {
            size_t place = look_back(copy[0], at, parsed[0]);
            assert_false(place != SIZE_MAX && place == look_back(copy[1], at, parsed[1]));
        }
        free(copy[0]);
        free(copy[1]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_the_same),
        cmocka_unit_test(looks_back_nowhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
