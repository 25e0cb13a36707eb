/* SPDX-License-Identifier: MIT */
#include "stack_auth.h"

#include "stack.h"
#include "wsaudio/sipmsg/uri.h"

/* ---- credentials ---- */

static struct sip_credentials credentials_of(const struct sip_config *config)
{
    struct sip_credentials credentials = {
        .user = config->auth_user.len > 0 ? config->auth_user : config->user,
        .password = config->password,
        .has_password = config->has_password,
    };

    if (!config->has_password && config->any_credentials) {
        credentials.has_password = true;
        credentials.user = credentials.user.len > 0 ? credentials.user : SPAN_LIT("anonymous");
    }
    return credentials;
}

int sip_stack_write_credentials(const struct sip_stack *stack, struct sip_auth *auth, struct span method,
                                struct span uri, struct outbuf *out)
{
    struct sip_credentials credentials = credentials_of(&stack->config);

    if (auth->realm_count == 0 || (!stack->config.any_credentials && !sip_stack_is_own_uri(stack, uri))) {
        return ST_OK;
    }
    return sip_auth_write(auth, &credentials, method, uri, stack->config.rng, out);
}

/* ---- whose URI ---- */

static uint16_t port_or_default(uint16_t port)
{
    return port != 0 ? port : SIP_PORT_DEFAULT;
}

static bool is_server_port(const struct sip_stack *stack, uint16_t port)
{
    if (stack->config.next_hop.family != 0 && stack->config.next_hop.port == port) {
        return true;
    }
    for (uint32_t i = 0; i < stack->servers.count; i++) {
        if (stack->servers.list[i].addr.port == port) {
            return true;
        }
    }
    return false;
}

static bool is_server_address(const struct sip_stack *stack, const struct sip_uri *uri)
{
    struct net_addr addr;

    return sip_uri_addr(uri, 0, &addr) == ST_OK && sip_guard_is_server(stack, &addr);
}

static bool is_domain(const struct sip_stack *stack, const struct sip_uri *uri)
{
    struct span domain;
    uint16_t port;
    bool is_ipv6;

    return sip_hostport_parse(stack->config.domain, &domain, &is_ipv6, &port) == ST_OK && span_ieq(uri->host, domain);
}

bool sip_stack_is_own_uri(const struct sip_stack *stack, struct span text)
{
    struct sip_uri uri;

    if (sip_uri_parse(text, &uri) != ST_OK || sip_uri_param(&uri, SPAN_LIT("maddr"), NULL) ||
        (!is_domain(stack, &uri) && !is_server_address(stack, &uri))) {
        return false;
    }
    /* another port of that host is another program */
    return uri.port == 0 || uri.port == SIP_PORT_DEFAULT || is_server_port(stack, uri.port);
}

bool sip_stack_is_server_uri(const struct sip_stack *stack, struct span text)
{
    struct sip_uri uri;

    return sip_uri_parse(text, &uri) == ST_OK && !sip_uri_param(&uri, SPAN_LIT("maddr"), NULL) &&
           is_server_address(stack, &uri) && is_server_port(stack, port_or_default(uri.port));
}

/* ---- realms ---- */

static int realms_add(struct sip_realms *realms, struct span name)
{
    for (size_t i = 0; i < realms->count; i++) {
        if (span_eq(sip_text_view(&realms->names[i]), name)) {
            return ST_OK;
        }
    }
    if (realms->count == SIP_AUTH_REALMS_MAX) { /* the oldest gives way: the server has been set up anew */
        sip_text_clear(&realms->names[0]);
        memmove(&realms->names[0], &realms->names[1], (SIP_AUTH_REALMS_MAX - 1) * sizeof(realms->names[0]));
        realms->count--;
        realms->names[realms->count] = (struct sip_text){0};
    }
    int status = sip_text_set(&realms->names[realms->count], name);
    realms->count += status == ST_OK ? 1 : 0;
    return status;
}

static void realms_clear(struct sip_realms *realms)
{
    for (size_t i = 0; i < SIP_AUTH_REALMS_MAX; i++) {
        sip_text_clear(&realms->names[i]);
    }
    realms->count = 0;
    realms->origin = SIP_REALM_UNKNOWN;
}

int sip_realms_init(struct sip_stack *stack)
{
    if (stack->config.realm.len == 0) {
        return ST_OK;
    }
    stack->realms.origin = SIP_REALM_CONFIG;
    return realms_add(&stack->realms, stack->config.realm);
}

void sip_realms_fini(struct sip_stack *stack)
{
    realms_clear(&stack->realms);
}

static struct sip_auth_realms realms_view(const struct sip_realms *realms)
{
    struct sip_auth_realms only = {.count = realms->count};

    for (size_t i = 0; i < realms->count; i++) {
        only.names[i] = sip_text_view(&realms->names[i]);
    }
    return only;
}

/* What was answered is known from now on, unless something better is known already. */
static void realms_learn(struct sip_stack *stack, const struct sip_auth *auth, bool is_register)
{
    struct sip_realms *realms = &stack->realms;
    const struct log *log = stack->config.log;
    enum sip_realm_origin origin = is_register ? SIP_REALM_REGISTRATION : SIP_REALM_CHALLENGE;
    struct sip_auth_realms met = sip_auth_met(auth);
    char name[TEXT_SAFE_MAX + 1];

    if (realms->origin > origin || (realms->origin == origin && !is_register)) {
        return;
    }
    if (realms->origin < origin) {
        realms_clear(realms);
        realms->origin = origin;
    }
    for (size_t i = 0; i < met.count; i++) {
        size_t before = realms->count;
        if (realms_add(realms, met.names[i]) == ST_OK && realms->count > before) {
            log_write(log, LOG_INFO, LOG_TEXT(log, SIP_REALM_LEARNT), text_safe(met.names[i], name));
        }
    }
    if (realms->count == 0) {
        realms->origin = SIP_REALM_UNKNOWN; /* no memory: the next one */
    }
}

/* ---- judging ---- */

static bool challenge_may_tell(struct sip_stack *stack, mono_us now)
{
    return log_quota_take(&stack->realms.lines, stack->config.log, LOG_WARNING, now);
}

/* Whether what was asked is the server's own; says why not. */
static bool is_ours_to_answer(struct sip_stack *stack, mono_us now, const struct sip_auth *auth,
                              const struct sip_msg *response, const struct sip_flow *source,
                              const struct sip_challenged *what)
{
    const struct log *log = stack->config.log;
    char addr[ADDR_TEXT_MAX];
    const char *text = NULL;

    if (!sip_guard_is_server(stack, &source->remote)) {
        if (challenge_may_tell(stack, now)) {
            log_write(log, LOG_WARNING, LOG_TEXT(log, SIP_CHALLENGE_SOURCE), addr_text(&source->remote, addr));
        }
        return false;
    }
    if (what->in_dialog) {
        text = LOG_TEXT(log, SIP_CHALLENGE_DIALOG);
    } else if (what->redirected) {
        text = LOG_TEXT(log, SIP_CHALLENGE_REDIRECTED);
    } else if (!sip_stack_is_own_uri(stack, what->uri)) {
        text = LOG_TEXT(log, SIP_CHALLENGE_DOMAIN);
    } else if (what->rang || (!what->is_register && sip_auth_changed_kind(auth, response))) {
        text = LOG_TEXT(log, SIP_CHALLENGE_LATE);
    }
    if (text != NULL && challenge_may_tell(stack, now)) {
        log_write(log, LOG_WARNING, "%s", text);
    }
    return text == NULL;
}

static void tell_other(struct sip_stack *stack, mono_us now, struct span realm)
{
    const struct log *log = stack->config.log;
    char theirs[TEXT_SAFE_MAX + 1];
    char ours[TEXT_SAFE_MAX + 1];

    if (challenge_may_tell(stack, now)) {
        log_write(log, LOG_WARNING, LOG_TEXT(log, SIP_CHALLENGE_REALM), text_safe(realm, theirs),
                  text_safe(sip_text_view(&stack->realms.names[0]), ours));
    }
}

static bool is_one_realm(const struct sip_auth *auth)
{
    struct sip_auth_realms met = sip_auth_met(auth);

    for (size_t i = 1; i < met.count; i++) {
        if (!span_eq(met.names[i], met.names[0])) {
            return false;
        }
    }
    return true;
}

/* A proxy that forks adds the challenges of telephones to its own (RFC 3261 16.7): while no realm is known, which of several is
 * its own cannot be told. A registrar does not fork. */
static bool is_unclear(struct sip_stack *stack, mono_us now, struct sip_auth *auth, const struct sip_challenged *what)
{
    const struct log *log = stack->config.log;

    if (stack->realms.count > 0 || what->is_register || is_one_realm(auth)) {
        return false;
    }
    sip_auth_fini(auth);
    if (challenge_may_tell(stack, now)) {
        log_write(log, LOG_WARNING, LOG_TEXT(log, SIP_CHALLENGE_SEVERAL));
    }
    return true;
}

int sip_stack_challenge(struct sip_stack *stack, mono_us now, struct sip_auth *auth, const struct sip_msg *response,
                        const struct sip_flow *source, const struct sip_challenged *what)
{
    if (!credentials_of(&stack->config).has_password) {
        return ST_DENIED;
    }
    if (stack->config.any_credentials) {
        return sip_auth_challenge(auth, response);
    }
    if (!is_ours_to_answer(stack, now, auth, response, source, what)) {
        return ST_STATE;
    }
    struct sip_auth_realms only = realms_view(&stack->realms);
    bool any = only.count == 0 || (what->is_register && stack->realms.origin != SIP_REALM_CONFIG);
    struct span other;
    int status = sip_auth_challenge_of(auth, response, any ? NULL : &only, &other);
    if (status == ST_DENIED && other.ptr != NULL) {
        tell_other(stack, now, other);
        return ST_STATE;
    }
    if (status == ST_OK && is_unclear(stack, now, auth, what)) {
        return ST_STATE;
    }
    if (status == ST_OK) {
        realms_learn(stack, auth, what->is_register);
    }
    return status;
}
