/* SPDX-License-Identifier: MIT */
/* Requests to be judged by access.c: heads as they come, from whom, and what is said of them. */
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

/* The head that was given last. */
extern struct http_request support_request;
/* What support_body wrote last. */
extern char support_body_text[ACCESS_BODY_MAX + 1];
/* A file for tokens, while support_set_up holds. */
extern char support_token_path[64];

/* A flag with its value. */
void support_set(struct options *o, const char *flag, const char *value);
/* False when the HTTP parser itself refuses. A Host is added where none is given. */
bool support_try_head(const char *target, const char *headers);
void support_head(const char *target, const char *headers);
struct access_result support_judge(const struct access *a, const char *peer);
enum access_verdict support_verdict(const struct access *a, const char *peer);
/* What the peer is told. */
const char *support_body(const struct access_result *result, const char *peer);
void support_write_tokens(const char *text);
/* Of a group of tests: make and remove the file of tokens. */
int support_set_up(void **state);
int support_tear_down(void **state);

#endif
