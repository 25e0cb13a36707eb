/* SPDX-License-Identifier: MIT */
#include "support_access.h"

#include <stdio.h>
#include <stdlib.h>

struct http_request support_request;
char support_body_text[ACCESS_BODY_MAX + 1];

static const char *token_lines;

void support_allow(struct support_rules *r, const char *cidr)
{
    assert_true(r->rules.allow_count < sizeof(r->allow) / sizeof(r->allow[0]));
    assert_int_equal(addr_parse_cidr(span_cstr(cidr), &r->allow[r->rules.allow_count++]), ST_OK);
}

void support_origin(struct support_rules *r, const char *pattern)
{
    assert_true(r->rules.origin_count < sizeof(r->origins) / sizeof(r->origins[0]));
    r->origins[r->rules.origin_count++] = pattern;
}

void support_tokens(struct support_rules *r, const char *lines)
{
    r->rules.needs_token = true;
    token_lines = lines;
}

int support_reload(struct access *a, char why[TOKENS_WHY_MAX])
{
    struct token_set tokens;
    size_t len = strlen(token_lines);
    char *text = malloc(len + 1);

    assert_non_null(text);
    memcpy(text, token_lines, len + 1);
    int status = tokens_parse(text, len, &tokens, why);
    if (status == ST_OK) {
        access_set_tokens(a, &tokens);
    }
    return status;
}

int support_init(struct access *a, const struct support_rules *r)
{
    struct http_rules rules = r->rules;
    char why[TOKENS_WHY_MAX];

    rules.allow = r->allow;
    rules.origins = r->origins;
    int status = access_init(a, &rules);
    return status == ST_OK && rules.needs_token ? support_reload(a, why) : status;
}
/* False when the HTTP parser itself refuses. A Host is added where none is given. */
bool support_try_head(const char *target, const char *headers)
{
    char text[2048];
    const char *host = strstr(headers, "Host:") != NULL ? "" : "Host: 192.0.2.1:8080\r\n";
    int len = snprintf(text, sizeof(text), "GET %s HTTP/1.1\r\n%s%s\r\n", target, host, headers);
    http_request_init(&support_request);
    (void)http_request_push(&support_request, text, (size_t)len);
    return support_request.state == HTTP_READY;
}

void support_head(const char *target, const char *headers)
{
    assert_true(support_try_head(target, headers));
}

struct access_result support_judge(const struct access *a, const char *peer)
{
    struct net_addr addr;
    assert_int_equal(addr_parse_ip(span_cstr(peer), &addr), ST_OK);
    addr.port = 40000;
    return access_check(a, &support_request, &addr);
}

/* What the peer is told. */
const char *support_body(const struct access_result *result, const char *peer)
{
    struct net_addr addr;
    struct outbuf out;
    assert_int_equal(addr_parse_ip(span_cstr(peer), &addr), ST_OK);
    outbuf_init(&out, support_body_text, ACCESS_BODY_MAX);
    access_write_body(&out, result, &support_request, &addr);
    assert_int_equal(outbuf_status(&out), ST_OK);
    support_body_text[out.len] = '\0';
    return support_body_text;
}

enum access_verdict support_verdict(const struct access *a, const char *peer)
{
    return support_judge(a, peer).verdict;
}
