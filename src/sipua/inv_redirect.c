/* SPDX-License-Identifier: MIT */
#include "inv_redirect.h"

#include <stdlib.h>

#include "dialog.h"

#define Q_ONE 1000

void sip_inv_targets_clear(struct sip_inv_targets *targets)
{
    for (uint32_t i = 0; i < targets->tried_count; i++) {
        sip_text_clear(&targets->tried[i]);
    }
    for (uint32_t i = 0; i < targets->waiting_count; i++) {
        sip_text_clear(&targets->waiting[i].uri);
    }
    targets->tried_count = 0;
    targets->waiting_count = 0;
}

struct sip_inv_targets *sip_inv_targets_new(struct span first)
{
    struct sip_inv_targets *targets = calloc(1, sizeof(*targets));

    if (targets != NULL && sip_text_set(&targets->tried[0], first) != ST_OK) {
        free(targets);
        return NULL;
    }
    if (targets != NULL) {
        targets->tried_count = 1;
    }
    return targets;
}

void sip_inv_targets_free(struct sip_inv_targets *targets)
{
    if (targets != NULL) {
        sip_inv_targets_clear(targets);
        free(targets);
    }
}

/* RFC 3261 25.1: "0" [ "." 0*3DIGIT ] / "1" [ "." 0*3("0") ]; anything else counts as 1. */
static uint32_t parse_q(struct span params)
{
    struct span text;

    if (!sip_param_find(params, SPAN_LIT("q"), &text)) {
        return Q_ONE;
    }
    struct span whole = span_cut(&text, '.');
    uint32_t units;
    if (span_parse_u32(whole, 1, &units) != ST_OK || text.len > 3) {
        return Q_ONE;
    }
    uint32_t q = units * Q_ONE;
    uint32_t weight = Q_ONE / 10;
    for (size_t i = 0; i < text.len; i++, weight /= 10) {
        if (!char_is_digit(text.ptr[i])) {
            return Q_ONE;
        }
        q += (uint32_t)(text.ptr[i] - '0') * weight;
    }
    return q < Q_ONE ? q : Q_ONE;
}

static bool same_uri(const struct sip_text *text, const struct sip_uri *uri)
{
    struct sip_uri other;

    return sip_uri_parse(sip_text_view(text), &other) == ST_OK && sip_uri_equal(&other, uri);
}

static bool target_is_known(const struct sip_inv_targets *targets, const struct sip_uri *uri)
{
    for (uint32_t i = 0; i < targets->tried_count; i++) {
        if (same_uri(&targets->tried[i], uri)) {
            return true;
        }
    }
    for (uint32_t i = 0; i < targets->waiting_count; i++) {
        if (same_uri(&targets->waiting[i].uri, uri)) {
            return true;
        }
    }
    return false;
}

/* Behind those of the same q: the order in which they came decides among equals. */
static void target_insert(struct sip_inv_targets *targets, struct sip_text uri, uint32_t q)
{
    uint32_t at = targets->waiting_count;

    while (at > 0 && targets->waiting[at - 1].q < q) {
        targets->waiting[at] = targets->waiting[at - 1];
        at--;
    }
    targets->waiting[at] = (struct sip_inv_target){uri, q};
    targets->waiting_count++;
}

static void target_add(struct sip_inv_targets *targets, struct span value)
{
    struct sip_name_addr contact;
    struct sip_uri uri;
    struct sip_text copy = {0};
    char buf[SIP_DIALOG_TEXT_MAX];
    struct outbuf out;

    if (targets->waiting_count == SIP_INV_TARGETS_MAX || sip_name_addr_parse(value, &contact) != ST_OK ||
        contact.star || contact.uri.scheme != SIP_SCHEME_SIP) {
        return;
    }
    /* Headers of the URI would become headers of the request (19.1.5); they are left out, not obeyed. */
    outbuf_init(&out, buf, sizeof(buf));
    sip_uri_put_target(&out, &contact.uri);
    if (outbuf_status(&out) != ST_OK || sip_uri_parse(outbuf_view(&out), &uri) != ST_OK ||
        target_is_known(targets, &uri)) {
        return;
    }
    if (sip_text_set(&copy, uri.text) == ST_OK) {
        target_insert(targets, copy, parse_q(contact.params));
    }
}

void sip_inv_targets_add(struct sip_inv_targets *targets, const struct sip_msg *response)
{
    struct span value;

    for (struct sip_values it = sip_values_of(response, SIP_HEADER_CONTACT); sip_values_next(&it, &value);) {
        target_add(targets, value);
    }
}

bool sip_inv_targets_next(struct sip_inv_targets *targets, struct sip_text *uri)
{
    if (targets->waiting_count == 0 || targets->tried_count > SIP_INV_REDIRECTS) {
        return false;
    }
    struct sip_text next = targets->waiting[0].uri;
    if (sip_text_set(uri, sip_text_view(&next)) != ST_OK) {
        return false;
    }
    targets->waiting_count--;
    for (uint32_t i = 0; i < targets->waiting_count; i++) {
        targets->waiting[i] = targets->waiting[i + 1];
    }
    targets->tried[targets->tried_count++] = next;
    return true;
}
