/* SPDX-License-Identifier: MIT */
#include "wsaudio/siptx/tx.h"

#include <stdlib.h>
#include <string.h>

#include "tx_run.h"
#include "wsaudio/sipmsg/writer.h"

struct sip_tx_layer *sip_tx_layer_new(const struct sip_tx_config *config)
{
    struct sip_tx_layer *layer = config->max > 0 ? calloc(1, sizeof(*layer)) : NULL;

    if (layer == NULL) {
        return NULL;
    }
    layer->config = *config;
    list_init(&layer->gone);
    layer->scratch = malloc(SIP_DATAGRAM_MAX);
    if (layer->scratch == NULL || config->max > UINT32_MAX / SIP_TX_CLOCK_COUNT ||
        pool_init(&layer->pool, sizeof(struct sip_tx), config->max) != ST_OK ||
        timerq_init(&layer->timers, config->max * SIP_TX_CLOCK_COUNT) != ST_OK ||
        sip_tx_index_init(&layer->index, config->max, config->hash_seed) != ST_OK) {
        sip_tx_layer_free(layer);
        return NULL;
    }
    return layer;
}

uint64_t sip_tx_layer_memory(uint32_t max)
{
    return max * (uint64_t)sizeof(struct sip_tx) + sip_tx_index_memory(max);
}

void sip_tx_layer_free(struct sip_tx_layer *layer)
{
    struct sip_tx *tx;

    if (layer == NULL) {
        return;
    }
    for (uint32_t slot = 0; (tx = pool_next(&layer->pool, &slot, NULL)) != NULL; slot++) {
        sip_tx_key_release(&tx->entry.key);
        free(tx->kept);
    }
    sip_tx_index_fini(&layer->index);
    timerq_fini(&layer->timers);
    pool_fini(&layer->pool);
    free(layer->scratch);
    free(layer);
}

/* ---- time ---- */

mono_us sip_tx_due(const struct sip_tx_layer *layer)
{
    return timerq_due(&layer->timers);
}

void sip_tx_expire(struct sip_tx_layer *layer, mono_us now)
{
    static const enum sip_tx_event events[SIP_TX_CLOCK_COUNT] = {
        [SIP_TX_TMR_RETRY] = SIP_TX_EV_RETRY,
        [SIP_TX_TMR_GIVE_UP] = SIP_TX_EV_GIVE_UP,
        [SIP_TX_TMR_LINGER] = SIP_TX_EV_LINGER,
        [SIP_TX_FAILURE] = SIP_TX_EV_TRANSPORT,
    };
    struct timerq_entry *entry;

    while ((entry = timerq_pop(&layer->timers, now)) != NULL) {
        struct sip_tx *tx = LIST_OWNER(entry - entry->tag, struct sip_tx, clocks);
        sip_tx_step(layer, tx, now, events[entry->tag], NULL);
    }
}

void sip_tx_reap(struct sip_tx_layer *layer)
{
    struct list_node *node;

    while ((node = list_first(&layer->gone)) != NULL) {
        list_remove(node);
        pool_free(&layer->pool, LIST_OWNER(node, struct sip_tx, gone)->id);
    }
}

/* ---- making ---- */

/* In Init, not in the index yet. */
static struct sip_tx *tx_new(struct sip_tx_layer *layer, enum sip_tx_machine machine, const struct sip_flow *flow,
                             const struct sip_tx_owner *owner)
{
    struct pool_id id;
    struct sip_tx *tx = pool_new(&layer->pool, &id);

    if (tx == NULL) {
        return NULL;
    }
    tx->id = id;
    tx->machine = machine;
    tx->state = SIP_TX_ST_INIT;
    tx->flow = *flow;
    tx->reliability = sip_transport_traits(flow->transport)->reliable ? SIP_TX_RELIABLE : SIP_TX_UNRELIABLE;
    if (owner != NULL) {
        tx->owner = *owner;
    }
    list_init(&tx->gone);
    for (uint32_t i = 0; i < SIP_TX_CLOCK_COUNT; i++) {
        tx->clocks[i].tag = i;
    }
    return tx;
}

/* Gives it its key and the bytes that it must be able to send, or takes it back. */
static int tx_fill(struct sip_tx_layer *layer, struct sip_tx *tx, const struct sip_tx_key *key, struct span bytes)
{
    tx->entry.key = *key;
    if (sip_tx_key_hold(&tx->entry.key) != ST_OK) {
        pool_free(&layer->pool, tx->id);
        return ST_NO_MEMORY;
    }
    if (bytes.len > 0 && sip_tx_keep(layer, tx, bytes) != ST_OK) {
        sip_tx_key_release(&tx->entry.key);
        pool_free(&layer->pool, tx->id);
        return ST_NO_MEMORY;
    }
    sip_tx_index_add(&layer->index, &tx->entry);
    return ST_OK;
}

static int client_start(struct sip_tx_layer *layer, mono_us now, const struct sip_flow *flow,
                        const struct sip_tx_key *key, struct span request, const struct sip_tx_owner *owner,
                        struct pool_id *id)
{
    bool invite = key->method == SIP_METHOD_INVITE;
    struct sip_tx *tx = tx_new(layer, invite ? SIP_TX_INVITE_CLIENT : SIP_TX_CLIENT, flow, owner);

    if (tx == NULL) {
        return ST_FULL;
    }
    int status = tx_fill(layer, tx, key, request);
    if (status != ST_OK) {
        return status;
    }
    *id = tx->id;
    struct sip_tx_hand hand = {.bytes = span_make(tx->kept, tx->kept_len)};
    sip_tx_step(layer, tx, now, SIP_TX_EV_START, &hand);
    return ST_OK;
}

int sip_tx_request(struct sip_tx_layer *layer, mono_us now, const struct sip_request_form *form,
                   const struct sip_tx_owner *owner, struct pool_id *id)
{
    struct sip_tx_key key = sip_tx_key_client(form->method, form->cseq, form->branch, form->call_id, layer->index.seed);
    struct outbuf out;

    *id = POOL_ID_NONE;
    if (form->flow.remote.family == 0 || key.method == SIP_METHOD_ACK || !sip_tx_branch_is_unique(form->branch)) {
        return ST_BAD;
    }
    if (sip_tx_index_find(&layer->index, &key) != NULL) {
        return ST_BUSY;
    }
    outbuf_init(&out, layer->scratch, sip_transport_traits(form->flow.transport)->message_max);
    sip_write_request(&out, form);
    int status = outbuf_status(&out);
    return status == ST_OK ? client_start(layer, now, &form->flow, &key, outbuf_view(&out), owner, id) : status;
}

int sip_tx_cancel(struct sip_tx_layer *layer, mono_us now, struct pool_id invite, const struct sip_tx_owner *owner,
                  struct pool_id *id)
{
    struct sip_tx *tx = pool_get(&layer->pool, invite);
    struct pool_id made = POOL_ID_NONE;
    struct outbuf out;

    if (id != NULL) {
        *id = POOL_ID_NONE;
    }
    if (tx == NULL || tx->state == SIP_TX_ST_TERMINATED) {
        return ST_NOT_FOUND;
    }
    if (tx->machine != SIP_TX_INVITE_CLIENT || !sip_tx_may(tx, SIP_TX_EV_CANCEL)) {
        return ST_STATE;
    }
    outbuf_init(&out, layer->scratch, SIP_DATAGRAM_MAX);
    int status = sip_write_cancel(&out, span_make(tx->kept, tx->kept_len));
    if (status == ST_OK) {
        struct sip_tx_key key = sip_tx_key_client(SPAN_LIT("CANCEL"), tx->entry.key.cseq, tx->entry.key.branch,
                                                  tx->entry.key.call_id, layer->index.seed);
        status = client_start(layer, now, &tx->flow, &key, outbuf_view(&out), owner, &made);
    }
    if (status == ST_OK) {
        sip_tx_step(layer, tx, now, SIP_TX_EV_CANCEL, NULL);
    }
    if (id != NULL) {
        *id = made;
    }
    return status;
}

/* 17.2.1: written now, while the request is here; it waits among the kept bytes until a response takes its place. */
static struct span trying_write(struct sip_tx_layer *layer, const struct sip_msg *request, const struct sip_flow *from)
{
    struct sip_response_form form = {.request = request, .source = from->remote, .code = 100};
    struct outbuf out;

    if (request->method != SIP_METHOD_INVITE) {
        return SPAN_NONE;
    }
    outbuf_init(&out, layer->scratch, SIP_DATAGRAM_MAX);
    sip_write_response(&out, &form);
    return outbuf_status(&out) == ST_OK ? outbuf_view(&out) : SPAN_NONE;
}

int sip_tx_accept(struct sip_tx_layer *layer, mono_us now, const struct sip_msg *request, const struct sip_flow *from,
                  const struct sip_tx_owner *owner, struct pool_id *id)
{
    *id = POOL_ID_NONE;
    if (!request->is_request || request->method == SIP_METHOD_ACK || from->remote.family == 0) {
        return ST_BAD;
    }
    struct sip_tx_key key = sip_tx_key_server(request, false, layer->index.seed);
    if (sip_tx_index_find(&layer->index, &key) != NULL) {
        return ST_BUSY;
    }
    struct sip_flow back = sip_flow_back(from, &request->via);
    bool invite = request->method == SIP_METHOD_INVITE;
    struct sip_tx *tx = tx_new(layer, invite ? SIP_TX_INVITE_SERVER : SIP_TX_SERVER, &back, owner);
    if (tx == NULL) {
        return ST_FULL;
    }
    int status = tx_fill(layer, tx, &key, trying_write(layer, request, from));
    if (status != ST_OK) {
        return status;
    }
    *id = tx->id;
    sip_tx_step(layer, tx, now, SIP_TX_EV_START, NULL);
    return ST_OK;
}

/* ---- events ---- */

static enum sip_tx_event code_event(int code)
{
    return code < 200 ? SIP_TX_EV_1XX : code < 300 ? SIP_TX_EV_2XX : SIP_TX_EV_300_699;
}

/* 17.2.3: an ACK without a branch of its own names our response by its To tag: the request's, when that had one; a 100 adds
 * none. */
static void remember_answer_tag(struct sip_tx *tx, int code, struct span to_tag)
{
    struct span own = tx->entry.key.to_tag;
    struct span tag = own.len > 0 ? own : code > 100 ? to_tag : SPAN_NONE;

    if (tx->machine != SIP_TX_INVITE_SERVER) {
        return;
    }
    if (span_copy(tag, tx->tag, sizeof(tx->tag)) != ST_OK) {
        tx->tag[0] = '\0'; /* none of ours is that long */
    }
    if (tx->entry.key.style == SIP_TX_KEY_SERVER_2543) {
        tx->entry.key.answer_tag = sip_tx_tag_hash(tag);
    }
}

int sip_tx_respond(struct sip_tx_layer *layer, mono_us now, struct pool_id id, int code, struct span to_tag,
                   struct span response)
{
    struct sip_tx *tx = pool_get(&layer->pool, id);

    if (tx == NULL || tx->state == SIP_TX_ST_TERMINATED) {
        return ST_NOT_FOUND;
    }
    if (code < 100 || code > 699 || response.len == 0 || response.len > SIP_DATAGRAM_MAX) {
        return ST_BAD;
    }
    if ((tx->machine != SIP_TX_INVITE_SERVER && tx->machine != SIP_TX_SERVER) || !sip_tx_may(tx, code_event(code))) {
        return ST_STATE;
    }
    tx->code = code;
    remember_answer_tag(tx, code, to_tag);
    struct sip_tx_hand hand = {.bytes = response};
    sip_tx_step(layer, tx, now, code_event(code), &hand);
    return ST_OK;
}

struct pool_id sip_tx_match(const struct sip_tx_layer *layer, const struct sip_msg *message)
{
    uint32_t seed = layer->index.seed;
    struct sip_tx_key key =
        message->is_request ? sip_tx_key_server(message, false, seed) : sip_tx_key_response(message, seed);
    struct sip_tx_entry *entry = sip_tx_index_find(&layer->index, &key);

    return entry != NULL ? LIST_OWNER(entry, struct sip_tx, entry)->id : POOL_ID_NONE;
}

static enum sip_tx_event message_event(const struct sip_msg *message)
{
    if (!message->is_request) {
        return code_event(message->status);
    }
    return message->method == SIP_METHOD_ACK ? SIP_TX_EV_ACK : SIP_TX_EV_REQUEST;
}

enum sip_tx_verdict sip_tx_input(struct sip_tx_layer *layer, mono_us now, struct pool_id id,
                                 const struct sip_msg *message, const struct sip_flow *from)
{
    struct sip_tx *tx = pool_get(&layer->pool, id);
    struct sip_tx_hand hand = {.message = message, .source = from};

    if (tx == NULL || tx->state == SIP_TX_ST_TERMINATED) {
        return SIP_TX_NO_MATCH;
    }
    sip_tx_step(layer, tx, now, message_event(message), &hand);
    return SIP_TX_TAKEN;
}

/* ---- questions ---- */

struct pool_id sip_tx_find_cancelled(const struct sip_tx_layer *layer, const struct sip_msg *cancel)
{
    struct sip_tx_key key = sip_tx_key_server(cancel, true, layer->index.seed);
    struct sip_tx_entry *entry = sip_tx_index_find(&layer->index, &key);

    return entry != NULL ? LIST_OWNER(entry, struct sip_tx, entry)->id : POOL_ID_NONE;
}

struct pool_id sip_tx_ref(const struct sip_tx_layer *layer, struct pool_id id)
{
    const struct sip_tx *tx = pool_get(&layer->pool, id);

    return tx != NULL ? tx->owner.ref : POOL_ID_NONE;
}

struct span sip_tx_answer_tag(const struct sip_tx_layer *layer, struct pool_id id)
{
    const struct sip_tx *tx = pool_get(&layer->pool, id);

    return tx != NULL ? span_cstr(tx->tag) : SPAN_NONE;
}

const struct sip_flow *sip_tx_flow(const struct sip_tx_layer *layer, struct pool_id id)
{
    const struct sip_tx *tx = pool_get(&layer->pool, id);

    return tx != NULL ? &tx->flow : NULL;
}

bool sip_tx_is_merged(const struct sip_tx_layer *layer, const struct sip_msg *request)
{
    struct sip_tx_key key = sip_tx_key_server(request, false, layer->index.seed);

    return request->to.tag.len == 0 && sip_tx_index_has_origin(&layer->index, &key);
}

/* ---- owners ---- */

void sip_tx_set_owner(struct sip_tx_layer *layer, struct pool_id id, const struct sip_tx_owner *owner)
{
    struct sip_tx *tx = pool_get(&layer->pool, id);

    if (tx != NULL) {
        tx->owner = *owner;
    }
}

void sip_tx_disown(struct sip_tx_layer *layer, struct pool_id id)
{
    sip_tx_set_owner(layer, id, &(struct sip_tx_owner){.notice = NULL});
}

void sip_tx_kill(struct sip_tx_layer *layer, mono_us now, struct pool_id id)
{
    struct sip_tx *tx = pool_get(&layer->pool, id);

    if (tx != NULL && tx->state != SIP_TX_ST_TERMINATED) {
        sip_tx_kill_now(layer, now, tx);
    }
}

struct sip_tx_stats sip_tx_layer_stats(const struct sip_tx_layer *layer)
{
    return (struct sip_tx_stats){
        .transactions = layer->pool.used,
        .timers = layer->timers.len,
        .kept_bytes = layer->kept_bytes,
        .dropped_cells = layer->dropped_cells,
        .retransmits_out = layer->retransmits_out,
        .sent = layer->sent,
    };
}
