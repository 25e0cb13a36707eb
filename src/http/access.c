/* SPDX-License-Identifier: MIT */
#include "access.h"

#include <stdlib.h>

/* The body quotes the request. */
#define NOSNIFF "X-Content-Type-Options: nosniff\r\n"

static const struct access_result RESULTS[ACCESS_VERDICT_COUNT] = {
    [ACCESS_OK] = {.verdict = ACCESS_OK, .level = LOG_DEBUG},
    [ACCESS_PROTECTED] = {.verdict = ACCESS_PROTECTED, .code = 403, .headers = NOSNIFF, .level = LOG_WARNING},
    [ACCESS_FORWARDED] = {.verdict = ACCESS_FORWARDED, .code = 403, .headers = NOSNIFF, .level = LOG_WARNING},
    [ACCESS_ADDRESS] = {.verdict = ACCESS_ADDRESS, .code = 403, .headers = NOSNIFF, .level = LOG_INFO},
    [ACCESS_ORIGIN] = {.verdict = ACCESS_ORIGIN, .code = 403, .headers = NOSNIFF, .level = LOG_WARNING},
    [ACCESS_TOKEN] = {.verdict = ACCESS_TOKEN,
                      .code = 401,
                      .headers = "WWW-Authenticate: Bearer\r\n",
                      .level = LOG_INFO},
};

int access_init(struct access *a, const struct http_rules *rules)
{
    memset(a, 0, sizeof(*a));
    a->rules = *rules;
    if (rules->origin_count == 0) {
        return ST_OK;
    }
    a->origins = calloc(rules->origin_count, sizeof(*a->origins));
    if (a->origins == NULL) {
        return ST_NO_MEMORY;
    }
    for (uint32_t i = 0; i < rules->origin_count; i++) {
        int status = origin_pattern_parse(span_cstr(rules->origins[i]), &a->origins[i]);
        if (status != ST_OK) {
            return status;
        }
    }
    return ST_OK;
}

void access_fini(struct access *a)
{
    tokens_free(&a->tokens);
    free(a->origins);
    a->origins = NULL;
}

void access_set_tokens(struct access *a, struct token_set *tokens)
{
    tokens_free(&a->tokens);
    a->tokens = *tokens;
    memset(tokens, 0, sizeof(*tokens));
}

void access_set_host_name(struct access *a, const char *name)
{
    struct span text = span_head(span_cstr(name), HTTP_HOST_NAME_MAX);

    memcpy(a->host_name, text.ptr, text.len);
    a->host_name[text.len] = '\0';
}

/* ---- address ---- */

/* X-Forwarded- is followed by For, Host, Proto, Port, Server and what else proxies invent. */
static bool says_forwarded(struct span name)
{
    static const char *const NAMES[] = {"Forwarded",           "X-Forwarded",    "X-Real-IP",        "X-Client-IP",
                                        "X-Cluster-Client-IP", "True-Client-IP", "CF-Connecting-IP", "Via"};

    for (size_t i = 0; i < sizeof(NAMES) / sizeof(NAMES[0]); i++) {
        if (span_ieq(name, span_cstr(NAMES[i]))) {
            return true;
        }
    }
    return span_istarts(name, SPAN_LIT("X-Forwarded-")) || span_istarts(name, SPAN_LIT("X-Original-Forwarded-"));
}

const struct http_header *access_forwarded(const struct http_request *request)
{
    for (size_t i = 0; i < request->header_count; i++) {
        if (says_forwarded(request->headers[i].name)) {
            return &request->headers[i];
        }
    }
    return NULL;
}

static bool is_protected(const struct http_rules *rules)
{
    return rules->allow_count == 0 && !rules->needs_token;
}

static enum access_verdict judge_address(const struct http_rules *rules, const struct net_addr *peer)
{
    struct net_addr plain = addr_unmapped(*peer);

    if (is_protected(rules)) {
        return addr_is_loopback(&plain) ? ACCESS_OK : ACCESS_PROTECTED;
    }
    if (rules->allow_count == 0) {
        return ACCESS_OK;
    }
    for (uint32_t i = 0; i < rules->allow_count; i++) {
        if (addr_in_cidr(&plain, &rules->allow[i])) {
            return ACCESS_OK;
        }
    }
    return ACCESS_ADDRESS;
}

/* The address of a proxy on this machine is loopback, so it must not vouch for whom it speaks. */
static enum access_verdict judge_sender(const struct http_rules *rules, const struct http_request *request,
                                        const struct net_addr *peer)
{
    enum access_verdict verdict = judge_address(rules, peer);
    bool forwarded = verdict == ACCESS_OK && is_protected(rules) && access_forwarded(request) != NULL;

    return forwarded ? ACCESS_FORWARDED : verdict;
}

bool access_address_ok(const struct access *a, const struct net_addr *peer)
{
    return judge_address(&a->rules, peer) == ACCESS_OK;
}

/* ---- origin ---- */

static bool origin_is_listed(const struct access *a, const struct origin *origin)
{
    for (uint32_t i = 0; i < a->rules.origin_count; i++) {
        if (origin_matches(&a->origins[i], origin)) {
            return true;
        }
    }
    return false;
}

static bool host_is_listed(const struct access *a, const struct origin_host *host)
{
    for (uint32_t i = 0; i < a->rules.origin_count; i++) {
        if (origin_names_host(&a->origins[i], host)) {
            return true;
        }
    }
    return false;
}

/* The system may know its name with its domain (pbx.lan); multicast DNS then serves the first label (pbx.local). */
static bool is_own_name(struct span own, struct span name)
{
    static const struct span local = {".local", 6};
    struct span base = name;

    if (name.len > local.len && span_ieq(span_from(name, name.len - local.len), local)) {
        base.len -= local.len;
    }
    return own.len > 0 &&
           (span_ieq(name, own) || span_ieq(base, own) || span_ieq(base, span_head(own, span_find(own, '.'))));
}

/* A name that an attacker's DNS points here equals itself in Origin and Host; so a name counts only when it cannot be
 * pointed anywhere (a literal, localhost), when it is this machine's own or when the operator named it. */
static bool host_is_ours(const struct access *a, const struct origin_host *host)
{
    return host->literal.family != 0 || span_ieq(host->name, SPAN_LIT("localhost")) ||
           is_own_name(span_cstr(a->host_name), host->name) || host_is_listed(a, host);
}

/* Host's host and port; one left out is the scheme's of the origin. */
static bool is_host_asked_for(const struct http_request *request, const struct origin *origin)
{
    struct origin_host host;

    return !origin->is_null && origin->default_port != 0 && http_header_count(request, "Host") == 1 &&
           origin_host_parse(*http_header_find(request, "Host"), origin->default_port, &host) == ST_OK &&
           host.port == origin->host.port && origin_host_same_name(&host, &origin->host);
}

/* A page of a name that was pointed here reads from "its own" origin, and browsers send no Origin with that; newer ones say
 * that it is so (Fetch Metadata, Sec-Fetch-Site). */
static bool is_foreign_page(const struct access *a, const struct http_request *request)
{
    const struct span *site = http_header_find(request, "Sec-Fetch-Site");
    const struct span *host_header = http_header_find(request, "Host");
    struct origin_host host;

    if (site == NULL || !span_ieq(*site, SPAN_LIT("same-origin"))) {
        return false;
    }
    return host_header == NULL || origin_host_parse(*host_header, 80, &host) != ST_OK || !host_is_ours(a, &host);
}

static enum access_fault judge_origin(const struct access *a, const struct http_request *request)
{
    size_t count = http_header_count(request, "Origin");
    struct origin origin;

    if (count == 0) {
        return is_foreign_page(a, request) ? ACCESS_FAULT_PAGE : ACCESS_FAULT_NONE;
    }
    if (count != 1 || origin_parse(*http_header_find(request, "Origin"), &origin) != ST_OK) {
        return ACCESS_FAULT_MALFORMED;
    }
    if (origin_is_listed(a, &origin)) {
        return ACCESS_FAULT_NONE;
    }
    if (!is_host_asked_for(request, &origin)) {
        return ACCESS_FAULT_FOREIGN;
    }
    return host_is_ours(a, &origin.host) ? ACCESS_FAULT_NONE : ACCESS_FAULT_NAME;
}

struct span access_cors_origin(const struct access *a, const struct http_request *request)
{
    const struct span *header = http_header_find(request, "Origin");
    struct origin origin;
    bool listed = header != NULL && http_header_count(request, "Origin") == 1 &&
                  origin_parse(*header, &origin) == ST_OK && origin_is_listed(a, &origin);

    return listed ? *header : SPAN_NONE;
}

bool access_is_preflight(const struct http_request *request)
{
    return span_eq(request->method, SPAN_LIT("OPTIONS")) && http_header_count(request, "Origin") == 1 &&
           http_header_find(request, "Access-Control-Request-Method") != NULL;
}

/* ---- token ---- */

/* The token in the set, or NULL. */
static const struct span *bearer_token(const struct access *a, const struct http_request *request)
{
    const struct span *header = http_header_find(request, "Authorization");

    if (header == NULL || http_header_count(request, "Authorization") != 1) {
        return NULL;
    }
    struct span rest = *header;
    struct span scheme = span_cut(&rest, ' ');
    return span_ieq(scheme, SPAN_LIT("Bearer")) ? tokens_find(&a->tokens, span_trim(rest)) : NULL;
}

static const struct span *query_token(const struct access *a, const struct http_request *request)
{
    char value[TOKEN_MAX + 2];
    const struct span *token = NULL;

    if (http_query_value(request, "token", value, sizeof(value)) == ST_OK) {
        token = tokens_find(&a->tokens, span_cstr(value));
    }
    tokens_wipe(value, sizeof(value));
    return token;
}

static bool needs_token(const struct access *a, const struct http_request *request)
{
    bool preflight = access_is_preflight(request) && access_cors_origin(a, request).len > 0;

    return a->rules.needs_token && !preflight;
}

static enum access_verdict request_judge(const struct access *a, const struct http_request *request,
                                         const struct net_addr *peer, struct access_result *result)
{
    enum access_verdict verdict = judge_sender(&a->rules, request, peer);
    const struct span *bearer = bearer_token(a, request);

    if (verdict != ACCESS_OK) {
        return verdict;
    }
    result->fault = bearer != NULL ? ACCESS_FAULT_NONE : judge_origin(a, request);
    if (result->fault != ACCESS_FAULT_NONE) {
        return ACCESS_ORIGIN;
    }
    result->token = bearer != NULL ? bearer : query_token(a, request);
    return result->token == NULL && needs_token(a, request) ? ACCESS_TOKEN : ACCESS_OK;
}

struct access_result access_check(const struct access *a, const struct http_request *request,
                                  const struct net_addr *peer)
{
    struct access_result found = {0};
    struct access_result result = RESULTS[request_judge(a, request, peer, &found)];

    result.fault = found.fault;
    result.token = found.token;
    return result;
}
