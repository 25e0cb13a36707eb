#include "stack.h"

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

static bool is_for_us(struct sip_stack *stack, const struct sip_auth *auth, struct span uri)
{
    const struct log *log = stack->config.log;
    char name[TEXT_SAFE_MAX + 1];
    if (sip_guard_is_own_domain(stack, uri)) {
        sip_guard_learn_realms(stack, auth);
        return true;
    }
    const struct sip_auth_realm *unknown = sip_guard_unknown_realm(stack, auth);
    if (unknown != NULL) {
        log_write(log, LOG_WARNING, LOG_TEXT(log, SIP_CHALLENGE_REALM),
                  text_safe(span_make(unknown->text, unknown->realm_len), name));
    }
    return unknown == NULL;
}

int sip_stack_challenge(struct sip_stack *stack, struct sip_auth *auth, const struct sip_msg *response,
                        const struct net_addr *source, struct span uri)
{
    const struct log *log = stack->config.log;
    char addr[ADDR_TEXT_MAX];
    if (!credentials_of(&stack->config).has_password) {
        return ST_DENIED;
    }
    if (!sip_guard_is_server(stack, source)) {
        log_write(log, LOG_WARNING, LOG_TEXT(log, SIP_CHALLENGE_SOURCE), addr_text(source, addr));
        return ST_STATE;
    }
    int status = sip_auth_challenge(auth, response);
    return status == ST_OK && !is_for_us(stack, auth, uri) ? ST_STATE : status;
}

int sip_stack_write_credentials(const struct sip_stack *stack, struct sip_auth *auth, struct span method,
                                struct span uri, struct outbuf *out)
{
    struct sip_credentials credentials = credentials_of(&stack->config);
    return auth->realm_count == 0 ? ST_OK : sip_auth_write(auth, &credentials, method, uri, stack->config.rng, out);
}
