/* SPDX-License-Identifier: MIT */
/* Requests to be judged by access.c: rules as the flags give them, heads as they come, from whom, and what is said of them. */
#ifndef SUPPORT_ACCESS_H
#define SUPPORT_ACCESS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "access.h"

#define LOCAL  "127.0.0.1"
#define REMOTE "192.0.2.10"

/* Zeroed: no rule. */
struct support_rules {
    struct net_cidr allow[8];
    const char *origins[8];
    struct http_rules rules;
};

/* The head that was given last. */
extern struct http_request support_request;
/* What support_body wrote last. */
extern char support_body_text[ACCESS_BODY_MAX + 1];

void support_allow(struct support_rules *r, const char *cidr);
void support_origin(struct support_rules *r, const char *pattern);
/* Tokens are needed: these, one a line, with the next support_init or support_reload. */
void support_tokens(struct support_rules *r, const char *lines);
/* access_init by those rules; with tokens, where some are needed. */
WS_MUST_CHECK int support_init(struct access *a, const struct support_rules *r);
/* The tokens that were given last, in place of those before. */
WS_MUST_CHECK int support_reload(struct access *a, char why[TOKENS_WHY_MAX]);
/* False when the HTTP parser itself refuses. A Host is added where none is given. */
bool support_try_head(const char *target, const char *headers);
void support_head(const char *target, const char *headers);
struct access_result support_judge(const struct access *a, const char *peer);
enum access_verdict support_verdict(const struct access *a, const char *peer);
/* What the peer is told. */
const char *support_body(const struct access_result *result, const char *peer);

#endif
