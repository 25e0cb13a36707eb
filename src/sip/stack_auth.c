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

int sip_stack_challenge(const struct sip_stack *stack, struct sip_auth *auth, const struct sip_msg *response)
{
    return credentials_of(&stack->config).has_password ? sip_auth_challenge(auth, response) : ST_DENIED;
}

int sip_stack_write_credentials(const struct sip_stack *stack, struct sip_auth *auth, struct span method,
                                struct span uri, struct outbuf *out)
{
    struct sip_credentials credentials = credentials_of(&stack->config);
    return auth->realm_count == 0 ? ST_OK : sip_auth_write(auth, &credentials, method, uri, stack->config.rng, out);
}
