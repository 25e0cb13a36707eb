/* SPDX-License-Identifier: MIT */
#include "support_access.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "options_table.h"

struct http_request support_request;

void support_set(struct options *o, const char *flag, const char *value)
{
    const struct option_row *row = option_row_find(span_cstr(flag));
    assert_non_null(row);
    assert_int_equal(option_set(o, row, span_cstr(value)), ST_OK);
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

char support_body_text[ACCESS_BODY_MAX + 1];

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

char support_token_path[64];

void support_write_tokens(const char *text)
{
    FILE *f = fopen(support_token_path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

int support_set_up(void **state)
{
    (void)state;
    snprintf(support_token_path, sizeof(support_token_path), "/tmp/test_access.XXXXXX");
    int fd = mkstemp(support_token_path);
    return fd >= 0 ? close(fd) : -1;
}

int support_tear_down(void **state)
{
    (void)state;
    unlink(support_token_path);
    return 0;
}
