#include "access.h"

#include "origin.h"

const char *access_verdict_name(enum access_verdict verdict)
{
    static const char *const NAMES[ACCESS_VERDICT_COUNT] = {
        [ACCESS_OK] = "ok",           [ACCESS_PROTECTED] = "protected", [ACCESS_FORWARDED] = "forwarded",
        [ACCESS_ADDRESS] = "address", [ACCESS_ORIGIN] = "origin",       [ACCESS_TOKEN] = "token",
    };
    return verdict < ACCESS_VERDICT_COUNT ? NAMES[verdict] : "?";
}

static const struct access_result RESULTS[ACCESS_VERDICT_COUNT] = {
    [ACCESS_OK] = {ACCESS_OK, 0, "", NULL, LOG_DEBUG, NULL},
    [ACCESS_PROTECTED] = {ACCESS_PROTECTED, 403,
                          "Protected mode: only this machine gets in. Start the server with --ws-allow CIDR (who may "
                          "connect) or --ws-token-file FILE (a token to send) to let others in.\n",
                          NULL, LOG_WARNING, NULL},
    [ACCESS_FORWARDED] = {ACCESS_FORWARDED, 403,
                          "Protected mode: only this machine gets in, and a proxy on it passes this request on for "
                          "somebody else. Start the "
                          "server with --ws-token-file FILE (a token that clients send), or with --ws-allow and the "
                          "proxy's address (then "
                          "all get in whom the proxy lets through).\n",
                          NULL, LOG_WARNING, NULL},
    [ACCESS_ADDRESS] = {ACCESS_ADDRESS, 403, "This address is not let in. Add it to the server's --ws-allow.\n", NULL,
                        LOG_INFO, NULL},
    [ACCESS_ORIGIN] =
        {ACCESS_ORIGIN, 403,
         "Pages of this origin are not let in. Name the page's origin (scheme://host:port) in the server's "
         "--ws-origin.\n",
         NULL, LOG_WARNING, NULL},
    [ACCESS_TOKEN] =
        {ACCESS_TOKEN, 401,
         "A token of the server's --ws-token-file is needed: Authorization: Bearer TOKEN, or ?token=TOKEN in "
         "the address.\n",
         "WWW-Authenticate: Bearer\r\n", LOG_INFO, NULL},
};

int access_init(struct access *a, const struct options *options, char why[TOKENS_WHY_MAX])
{
    memset(a, 0, sizeof(*a));
    a->options = options;
    why[0] = '\0';
    return options->ws_token_file != NULL ? tokens_load(options->ws_token_file, &a->tokens, why) : ST_OK;
}

void access_fini(struct access *a)
{
    tokens_free(&a->tokens);
}

int access_reload(struct access *a, char why[TOKENS_WHY_MAX])
{
    why[0] = '\0';
    if (a->options->ws_token_file == NULL) {
        return ST_OK;
    }
    struct token_set fresh;
    int status = tokens_load(a->options->ws_token_file, &fresh, why);
    if (status == ST_OK) {
        tokens_free(&a->tokens);
        a->tokens = fresh;
    }
    return status;
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

/* The address of a proxy on this machine is loopback, so it must not vouch for whom it speaks. */
static enum access_verdict judge_unset(const struct http_request *request, const struct net_addr *peer)
{
    if (!addr_is_loopback(peer)) {
        return ACCESS_PROTECTED;
    }
    return access_forwarded(request) != NULL ? ACCESS_FORWARDED : ACCESS_OK;
}

static enum access_verdict judge_address(const struct options *o, const struct http_request *request,
                                         const struct net_addr *peer)
{
    struct net_addr plain = addr_unmapped(*peer);
    if (o->ws_allow.count == 0) {
        return o->ws_token_file != NULL ? ACCESS_OK : judge_unset(request, &plain);
    }
    for (uint32_t i = 0; i < o->ws_allow.count; i++) {
        if (addr_in_cidr(&plain, &o->ws_allow.items[i])) {
            return ACCESS_OK;
        }
    }
    return ACCESS_ADDRESS;
}

/* ---- origin ---- */

static bool origin_is_listed(const struct option_texts *list, const struct origin *origin)
{
    for (uint32_t i = 0; i < list->count; i++) {
        struct origin listed;
        if (origin_parse(span_cstr(list->items[i]), &listed) == ST_OK && origin_equal(&listed, origin)) {
            return true;
        }
    }
    return false;
}

/* A name that an attacker's DNS points here equals itself in Origin and Host; so a name counts only when it cannot be
 * pointed anywhere (a literal, localhost) or when the operator named it. */
static bool host_is_ours(const struct option_texts *list, const struct origin_host *host)
{
    if (host->literal.family != 0 || span_ieq(host->name, SPAN_LIT("localhost"))) {
        return true;
    }
    for (uint32_t i = 0; i < list->count; i++) {
        struct origin listed;
        if (origin_parse(span_cstr(list->items[i]), &listed) == ST_OK && !listed.is_null &&
            origin_host_same_name(&listed.host, host)) {
            return true;
        }
    }
    return false;
}

static bool is_same_host(const struct option_texts *list, const struct http_request *request,
                         const struct origin *origin)
{
    const struct span *host_header = http_header_find(request, "Host");
    struct origin_host host;
    if (origin->is_null || origin->default_port == 0 || http_header_count(request, "Host") != 1) {
        return false;
    }
    if (origin_host_parse(*host_header, origin->default_port, &host) != ST_OK) {
        return false;
    }
    return host.port == origin->host.port && origin_host_same_name(&host, &origin->host) && host_is_ours(list, &host);
}

/* A page of a name that was pointed here reads from "its own" origin, and browsers send no Origin with that; newer ones say
 * that it is so (Fetch Metadata, Sec-Fetch-Site). */
static bool is_foreign_page(const struct options *o, const struct http_request *request)
{
    const struct span *site = http_header_find(request, "Sec-Fetch-Site");
    const struct span *host_header = http_header_find(request, "Host");
    struct origin_host host;
    if (site == NULL || !span_ieq(*site, SPAN_LIT("same-origin"))) {
        return false;
    }
    return host_header == NULL || origin_host_parse(*host_header, 80, &host) != ST_OK ||
           !host_is_ours(&o->ws_origin, &host);
}

static enum access_verdict judge_origin(const struct options *o, const struct http_request *request)
{
    size_t count = http_header_count(request, "Origin");
    if (count == 0) {
        return is_foreign_page(o, request) ? ACCESS_ORIGIN : ACCESS_OK;
    }
    struct origin origin;
    if (count != 1 || origin_parse(*http_header_find(request, "Origin"), &origin) != ST_OK) {
        return ACCESS_ORIGIN;
    }
    if (origin_is_listed(&o->ws_origin, &origin) || is_same_host(&o->ws_origin, request, &origin)) {
        return ACCESS_OK;
    }
    return ACCESS_ORIGIN;
}

/* ---- token ---- */

static struct span bearer_of(const struct http_request *request)
{
    const struct span *header = http_header_find(request, "Authorization");
    if (header == NULL || http_header_count(request, "Authorization") != 1) {
        return SPAN_NONE;
    }
    struct span rest = *header;
    struct span scheme = span_cut(&rest, ' ');
    return span_ieq(scheme, SPAN_LIT("Bearer")) ? span_trim(rest) : SPAN_NONE;
}

static enum access_verdict judge_token(const struct access *a, const struct http_request *request,
                                       const struct span **token)
{
    if (a->options->ws_token_file == NULL) {
        return ACCESS_OK;
    }
    char from_query[TOKEN_MAX + 2];
    struct span query = SPAN_NONE;
    if (http_query_value(request, "token", from_query, sizeof(from_query)) == ST_OK) {
        query = span_cstr(from_query);
    }
    const struct span *by_header = tokens_find(&a->tokens, bearer_of(request));
    const struct span *by_query = tokens_find(&a->tokens, query);
    explicit_bzero(from_query, sizeof(from_query));
    *token = by_header != NULL ? by_header : by_query;
    return *token != NULL ? ACCESS_OK : ACCESS_TOKEN;
}

struct access_result access_check(const struct access *a, const struct http_request *request,
                                  const struct net_addr *peer)
{
    const struct span *token = NULL;
    enum access_verdict verdict = judge_address(a->options, request, peer);
    if (verdict == ACCESS_OK) {
        verdict = judge_origin(a->options, request);
    }
    if (verdict == ACCESS_OK) {
        verdict = judge_token(a, request, &token);
    }
    struct access_result result = RESULTS[verdict];
    result.token = token;
    return result;
}

static void log_forwarded(const struct log *log, enum log_level level, const char *from,
                          const struct http_header *header)
{
    char name[TEXT_SAFE_MAX + 1];
    char value[TEXT_SAFE_MAX + 1];
    log_write(log, level, LOG_TEXT(log, ACCESS_FORWARDED), from,
              text_safe(header != NULL ? header->name : SPAN_NONE, name),
              text_safe(header != NULL ? header->value : SPAN_NONE, value));
}

void access_log(const struct log *log, const struct access_result *result, const struct http_request *request,
                const struct net_addr *peer)
{
    char from[ADDR_TEXT_MAX];
    char origin[TEXT_SAFE_MAX + 1];
    struct net_addr plain = addr_unmapped(*peer);
    const struct span *header = http_header_find(request, "Origin");
    addr_text(&plain, from);
    switch (result->verdict) {
    case ACCESS_PROTECTED: log_write(log, result->level, LOG_TEXT(log, ACCESS_PROTECTED), from); break;
    case ACCESS_FORWARDED: log_forwarded(log, result->level, from, access_forwarded(request)); break;
    case ACCESS_ADDRESS: log_write(log, result->level, LOG_TEXT(log, ACCESS_ADDRESS), from); break;
    case ACCESS_ORIGIN:
        log_write(log, result->level, LOG_TEXT(log, ACCESS_ORIGIN), from,
                  text_safe(header != NULL ? *header : SPAN_NONE, origin));
        break;
    case ACCESS_TOKEN: log_write(log, result->level, LOG_TEXT(log, ACCESS_TOKEN), from); break;
    case ACCESS_OK:
    case ACCESS_VERDICT_COUNT: break;
    }
}
