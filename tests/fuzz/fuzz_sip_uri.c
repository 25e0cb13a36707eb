/* SPDX-License-Identifier: MIT */
/* URIs, addresses and parameter lists, two of them divided by a line feed: views lie inside, comparison is symmetric and holds
 * for a URI and itself, and what is written from the parts parses to the same. */
#include "support_fuzz.h"
#include "wsaudio/sipmsg/message.h"
#include "wsaudio/sipmsg/writer.h"

static void check_views(struct span text, const struct sip_uri *uri)
{
    FUZZ_CHECK(fuzz_inside(text, uri->scheme_name) && fuzz_inside(text, uri->user) && fuzz_inside(text, uri->host));
    FUZZ_CHECK(fuzz_inside(text, uri->password) && fuzz_inside(text, uri->params));
    FUZZ_CHECK(fuzz_inside(text, uri->headers) && uri->scheme < SIP_SCHEME_COUNT);
}

/* sip:user@host:port written anew from the unescaped user. */
static void check_written(const struct sip_uri *uri)
{
    size_t cap = 3 * uri->text.len + 16;
    char *user = fuzz_alloc(cap);
    char *host = fuzz_alloc(cap);
    char *text = fuzz_alloc(cap);
    struct outbuf user_out;
    struct outbuf host_out;
    struct outbuf out;
    struct sip_uri again;

    outbuf_init(&user_out, user, cap);
    sip_unescape(&user_out, uri->user);
    outbuf_init(&host_out, host, cap);
    outbuf_str(&host_out, uri->host_is_ipv6 ? "[" : "");
    outbuf_span(&host_out, uri->host);
    outbuf_str(&host_out, uri->host_is_ipv6 ? "]" : "");
    outbuf_init(&out, text, cap);
    sip_put_uri(&out, outbuf_view(&user_out), outbuf_view(&host_out), uri->port);
    FUZZ_CHECK(outbuf_status(&out) == ST_OK);
    FUZZ_CHECK(sip_uri_parse(outbuf_view(&out), &again) == ST_OK);
    FUZZ_CHECK(again.scheme == SIP_SCHEME_SIP && again.port == uri->port && span_eq(again.host, uri->host));
    struct sip_uri bare = *uri;
    bare.scheme = SIP_SCHEME_SIP;
    bare.password = bare.params = bare.headers = SPAN_NONE;
    FUZZ_CHECK(uri->text.len > 1000 || sip_uri_equal(&again, &bare));
    free(user);
    free(host);
    free(text);
}

static bool check_uri(struct span text, struct sip_uri *uri)
{
    struct net_addr addr;

    int status = sip_uri_parse(text, uri);
    FUZZ_CHECK(status == ST_OK || status == ST_BAD);
    check_views(text, uri);
    if (status != ST_OK) {
        return false;
    }
    FUZZ_CHECK(sip_uri_equal(uri, uri));
    if (uri->scheme == SIP_SCHEME_SIP || uri->scheme == SIP_SCHEME_SIPS) {
        FUZZ_CHECK(uri->host.len > 0);
        if (sip_uri_addr(uri, 5060, &addr) == ST_OK) {
            FUZZ_CHECK(addr.port == (uri->port != 0 ? uri->port : 5060) && (addr.family == 4 || addr.family == 6));
        }
        check_written(uri);
    }
    return true;
}

static void check_params(struct span params)
{
    struct sip_param param;
    struct span rest = params;
    struct span value;
    size_t count = 0;
    int status;

    while ((status = sip_param_next(&rest, &param)) != ST_NOT_FOUND) {
        FUZZ_CHECK(status == ST_OK || status == ST_BAD);
        FUZZ_CHECK(++count <= params.len + 1);
        FUZZ_CHECK(fuzz_inside(params, param.name) && fuzz_inside(params, param.value) && fuzz_inside(params, rest));
        if (status == ST_OK) {
            FUZZ_CHECK(param.name.len > 0 && sip_param_find(params, param.name, &value));
        }
    }
    FUZZ_CHECK(rest.len == 0);
}

static void check_list(struct span list)
{
    struct span rest = list;
    struct span value;
    size_t count = 0;

    while (sip_list_next(&rest, &value)) {
        FUZZ_CHECK(value.len > 0 && fuzz_inside(list, value) && ++count <= list.len);
    }
}

static void check_address(struct span text)
{
    struct sip_name_addr a;
    struct sip_name_addr again;
    struct outbuf out;

    if (sip_name_addr_parse(text, &a) != ST_OK || a.star) {
        return;
    }
    size_t cap = 2 * text.len + 32;
    char *bytes = fuzz_alloc(cap);
    outbuf_init(&out, bytes, cap);
    sip_put_name_addr(&out, a.display, a.uri.text, a.tag);
    FUZZ_CHECK(outbuf_status(&out) == ST_OK);
    FUZZ_CHECK(sip_name_addr_parse(outbuf_view(&out), &again) == ST_OK);
    FUZZ_CHECK(span_eq(again.uri.text, a.uri.text) && span_eq(again.tag, a.tag));
    FUZZ_CHECK((again.display.len > 0) == (a.display.len > 0));
    free(bytes);
}

static void check_via(struct span text)
{
    struct sip_via via;
    struct span host = SPAN_LIT("left unset");
    bool is_ipv6 = false;
    uint16_t port = 0;

    int status = sip_via_parse(text, &via);
    FUZZ_CHECK(status == ST_OK || status == ST_BAD);
    FUZZ_CHECK(status != ST_OK || (via.host.len > 0 && via.transport.len > 0));
    FUZZ_CHECK(fuzz_inside(text, via.host) && fuzz_inside(text, via.params) && fuzz_inside(text, via.branch));
    status = sip_hostport_parse(text, &host, &is_ipv6, &port);
    FUZZ_CHECK(status != ST_OK || host.len > 0);
    FUZZ_CHECK(fuzz_inside(text, host));
}

static void check_escapes(struct span bytes)
{
    size_t cap = 3 * bytes.len;
    char *escaped = fuzz_alloc(cap);
    char *plain = fuzz_alloc(cap);
    struct outbuf out;
    struct outbuf back;

    outbuf_init(&out, escaped, cap);
    sip_escape_user(&out, bytes);
    FUZZ_CHECK(outbuf_status(&out) == ST_OK);
    outbuf_init(&back, plain, cap);
    sip_unescape(&back, outbuf_view(&out));
    FUZZ_CHECK(span_eq(outbuf_view(&back), bytes));
    free(escaped);
    free(plain);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span b = span_make(data, size);
    struct span a = span_cut(&b, '\n');
    struct sip_uri uri_a;
    struct sip_uri uri_b;

    if (size > 8192) {
        return 0;
    }
    bool good_a = check_uri(a, &uri_a);
    bool good_b = check_uri(b, &uri_b);
    if (good_a && good_b) {
        bool equal = sip_uri_equal(&uri_a, &uri_b);
        FUZZ_CHECK(equal == sip_uri_equal(&uri_b, &uri_a));
        FUZZ_CHECK(!equal || (uri_a.scheme == uri_b.scheme && uri_a.port == uri_b.port));
        FUZZ_CHECK(!equal || span_ieq(uri_a.host, uri_b.host));
        FUZZ_CHECK(!span_eq(a, b) || sip_uri_equal(&uri_a, &uri_b));
    }
    check_params(span_make(data, size));
    check_list(span_make(data, size));
    check_address(a);
    check_via(a);
    check_escapes(a);
    return 0;
}
