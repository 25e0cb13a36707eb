/* SPDX-License-Identifier: MIT */
/* The Service-Route of the registration (RFC 3608): calls go along it. */
#include "registration.h"

#include "stack.h"

/* RFC 3608 6.1: values that a Route may have; all of them loose routers' (";lr"), since a strict one would take the place of
 * the Request-URI. */
static bool is_route(struct span value)
{
    struct sip_name_addr route;

    return sip_name_addr_parse(value, &route) == ST_OK && !route.star && route.uri.scheme == SIP_SCHEME_SIP &&
           sip_uri_param(&route.uri, SPAN_LIT("lr"), NULL);
}

int sip_registration_take_route(struct sip_registration *reg, const struct sip_msg *response)
{
    char text[SIP_DIALOG_TEXT_MAX];
    struct outbuf out;
    struct span value;
    size_t count = 0;

    sip_text_clear(&reg->service_route); /* an answer without one ends what was */
    outbuf_init(&out, text, sizeof(text));
    for (struct sip_values it = sip_values_of(response, SIP_HEADER_SERVICE_ROUTE); sip_values_next(&it, &value);) {
        if (count++ == SIP_DIALOG_ROUTES_MAX || !is_route(value)) {
            return ST_BAD;
        }
        outbuf_str(&out, out.len > 0 ? ", " : "");
        sip_put_unfolded(&out, value);
    }
    int status = outbuf_status(&out);
    return status == ST_OK ? sip_text_set(&reg->service_route, outbuf_view(&out)) : status;
}

struct span sip_registration_route(const struct sip_stack *stack)
{
    const struct sip_registration *reg = &stack->registration;

    return sip_registration_state_is_up(reg->state) ? sip_text_view(&reg->service_route) : SPAN_NONE;
}
