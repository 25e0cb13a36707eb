/* SPDX-License-Identifier: MIT */
/* RFC 3263 4.2 as steps: it says which question is to be asked of DNS, is given the answer, and comes to an ordered
 * list with a time to live. NAPTR is left out, as one transport is spoken. */
#include <stdio.h>
#include <string.h>

#include "wsaudio/sipmsg/uri.h"
#include "wsaudio/sipua.h"

#define RETRY_MIN_S 2
#define RETRY_STEPS 5 /* doublings: 64 s */

/* ---- RFC 2782 ---- */

static void swap(struct sip_srv *a, struct sip_srv *b)
{
    struct sip_srv t = *a;

    *a = *b;
    *b = t;
}

/* By priority, those of weight 0 first among equals; what is equal keeps its order. */
static void sort(struct sip_srv *records, uint32_t count)
{
    for (uint32_t i = 1; i < count; i++) {
        for (uint32_t j = i; j > 0; j--) {
            const struct sip_srv *a = &records[j - 1];
            const struct sip_srv *b = &records[j];
            bool wrong = a->priority > b->priority || (a->priority == b->priority && a->weight > 0 && b->weight == 0);
            if (!wrong) {
                break;
            }
            swap(&records[j - 1], &records[j]);
        }
    }
}

/* Brings the one that the dice choose to the front; the others keep their order. */
static void choose(struct sip_srv *records, uint32_t count, const struct rng *rng)
{
    uint32_t sum = 0;
    uint32_t chosen = 0;

    for (uint32_t i = 0; i < count; i++) {
        sum += records[i].weight;
    }
    uint32_t pick = rng_below(rng, sum + 1);
    for (sum = records[0].weight; sum < pick; sum += records[chosen].weight) {
        chosen++;
    }
    for (; chosen > 0; chosen--) {
        swap(&records[chosen], &records[chosen - 1]);
    }
}

void sip_srv_order(struct sip_srv *records, uint32_t count, const struct rng *rng)
{
    sort(records, count);
    for (uint32_t at = 0; at < count; at++) {
        uint32_t end = at + 1;
        while (end < count && records[end].priority == records[at].priority) {
            end++;
        }
        if (end - at > 1) {
            choose(records + at, end - at, rng);
        }
    }
}

/* ---- the look-up ---- */

int sip_locate_init(struct sip_locate *l, struct span host, uint16_t port, uint8_t family, const struct rng *rng)
{
    *l = (struct sip_locate){.port = port, .family = family, .rng = rng};
    return span_copy(host, l->host, sizeof(l->host));
}

mono_us sip_locate_due(const struct sip_locate *l)
{
    return l->asking ? MONO_NEVER : l->due;
}

static enum sip_locate_step fail(struct sip_locate *l, mono_us now, const char *why)
{
    dur_us wait = DUR_S((int64_t)RETRY_MIN_S << (l->failures < RETRY_STEPS ? l->failures : RETRY_STEPS));

    l->failures++;
    l->asking = false;
    l->why = why;
    l->due = now + wait / 2 + rng_below(l->rng, (uint32_t)(wait / 2));
    return SIP_LOCATE_FAILED;
}

static enum sip_locate_step ask(struct sip_locate *l, enum sip_locate_step step, const char *prefix, const char *name)
{
    (void)snprintf(l->question, sizeof(l->question), "%s%s", prefix, name);
    l->asking = true;
    l->step = step;
    return step;
}

static enum sip_locate_step ask_host_itself(struct sip_locate *l)
{
    l->target_count = 1;
    l->targets[0] = (struct sip_srv){.port = l->port != 0 ? l->port : SIP_PORT_DEFAULT};
    (void)snprintf(l->targets[0].target, sizeof(l->targets[0].target), "%s", l->host);
    return ask(l, SIP_LOCATE_ASK_HOST, "", l->host);
}

enum sip_locate_step sip_locate_expire(struct sip_locate *l, mono_us now)
{
    if (l->asking || now < l->due) {
        return SIP_LOCATE_WAIT;
    }
    l->target_at = 0;
    l->found_count = 0;
    l->incomplete = false;
    l->ttl_s = SIP_LOOKUP_MAX_S;
    return l->port == 0 ? ask(l, SIP_LOCATE_ASK_SRV, "_sip._udp.", l->host) : ask_host_itself(l);
}

enum sip_locate_step sip_locate_srv(struct sip_locate *l, mono_us now, int status, const struct sip_srv *records,
                                    uint32_t count, uint32_t ttl_s)
{
    if (status == ST_NOT_FOUND) {
        return ask_host_itself(l);
    }
    if (status != ST_OK || count == 0) {
        /* A list that is known is worth more than a guess; at the start the guess is all there is. */
        return l->count > 0 ? fail(l, now, "the name servers give no answer about its SRV records")
                            : ask_host_itself(l);
    }
    l->target_count = count < SIP_SRV_MAX ? count : SIP_SRV_MAX;
    memcpy(l->targets, records, l->target_count * sizeof(*records));
    l->ttl_s = ttl_s < l->ttl_s ? ttl_s : l->ttl_s;
    if (l->target_count == 1 && span_eq(span_cstr(l->targets[0].target), SPAN_LIT("."))) {
        return fail(l, now, "its SRV record says that there is no SIP service");
    }
    sip_srv_order(l->targets, l->target_count, l->rng);
    return ask(l, SIP_LOCATE_ASK_HOST, "", l->targets[0].target);
}

static bool knows(const struct sip_locate *l, const struct net_addr *addr)
{
    for (uint32_t i = 0; i < l->found_count; i++) {
        if (addr_equal(&l->found[i], addr)) {
            return true;
        }
    }
    return false;
}

static void take(struct sip_locate *l, const struct net_addr *addrs, uint32_t count, uint16_t port)
{
    for (uint32_t i = 0; i < count && l->found_count < sizeof(l->found) / sizeof(l->found[0]); i++) {
        struct net_addr addr = addr_unmapped(addrs[i]);
        bool speaks = l->family == 0 ? addr.family == 4 || addr.family == 6 : addr.family == l->family;
        addr.port = port;
        if (speaks && !addr_is_any(&addr) && !addr_is_group(&addr) && !knows(l, &addr)) {
            l->found[l->found_count++] = addr;
        }
    }
}

static bool has_family(const struct sip_locate *l, uint8_t family)
{
    for (uint32_t i = 0; i < l->found_count; i++) {
        if (l->found[i].family == family) {
            return true;
        }
    }
    return false;
}

static enum sip_locate_step finish(struct sip_locate *l, mono_us now)
{
    uint8_t family = has_family(l, 4) ? 4 : 6;

    if (l->found_count == 0) {
        return fail(l, now, l->incomplete ? "the name servers give no answer" : "it has no address of use here");
    }
    l->count = 0;
    for (uint32_t i = 0; i < l->found_count && l->count < SIP_SERVERS_MAX; i++) {
        if (l->found[i].family == family) {
            l->addrs[l->count++] = l->found[i];
        }
    }
    uint32_t ttl_s = l->incomplete || l->ttl_s < SIP_LOOKUP_MIN_S ? SIP_LOOKUP_MIN_S : l->ttl_s;
    l->due = now + DUR_S(ttl_s);
    l->failures = 0;
    l->asking = false;
    return SIP_LOCATE_FOUND;
}

enum sip_locate_step sip_locate_host(struct sip_locate *l, mono_us now, int status, const struct net_addr *addrs,
                                     uint32_t count, uint32_t ttl_s)
{
    if (status == ST_OK) {
        take(l, addrs, count, l->targets[l->target_at].port);
        l->ttl_s = ttl_s < l->ttl_s ? ttl_s : l->ttl_s;
    } else if (status != ST_NOT_FOUND) {
        l->incomplete = true;
    }
    l->target_at++;
    if (l->target_at < l->target_count) {
        return ask(l, SIP_LOCATE_ASK_HOST, "", l->targets[l->target_at].target);
    }
    return finish(l, now);
}
