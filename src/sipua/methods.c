/* SPDX-License-Identifier: MIT */
#include "methods.h"

#include "inv.h"

/* clang-format off */
static const struct sip_method_row rows[] = {
    /* method            first                outside               inside              may_offer */
    {SIP_METHOD_INVITE,  NULL,                sip_inv_incoming,     sip_inv_on_offer,   true},
    {SIP_METHOD_ACK,     sip_stack_on_ack,    NULL,                 NULL,               false},
    {SIP_METHOD_BYE,     NULL,                sip_stack_no_dialog,  sip_inv_on_bye,     false},
    {SIP_METHOD_CANCEL,  sip_stack_on_cancel, NULL,                 NULL,               false},
    {SIP_METHOD_OPTIONS, NULL,                sip_stack_on_options, sip_inv_on_options, false},
    {SIP_METHOD_UPDATE,  NULL,                NULL,                 sip_inv_on_offer,   true},
};
/* clang-format on */
#define ROWS (sizeof(rows) / sizeof(rows[0]))

const struct sip_method_row *sip_method_row(enum sip_method method)
{
    for (size_t i = 0; i < ROWS; i++) {
        if (rows[i].method == method) {
            return &rows[i];
        }
    }
    return NULL;
}

int sip_method_refusal(enum sip_method method)
{
    return method == SIP_METHOD_UNKNOWN ? 501 : 405;
}

void sip_methods_put_allow(struct outbuf *out)
{
    for (size_t i = 0; i < ROWS; i++) {
        outbuf_str(out, i > 0 ? ", " : "");
        outbuf_str(out, sip_method_name(rows[i].method));
    }
}
