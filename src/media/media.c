/* SPDX-License-Identifier: MIT */
/* All sessions of one owner: what they share, where their packets arrive, and the tick. */
#include <stdlib.h>

#include "media_priv.h"

int media_new(const struct media_config *config, struct media **out)
{
    struct media *m = calloc(1, sizeof(*m));

    *out = NULL;
    if (m == NULL) {
        return ST_NO_MEMORY;
    }
    m->config = *config;
    m->config.turn_steps = config->turn_steps > 0 ? config->turn_steps : MEDIA_TURN_STEPS;
    m->tick_next = MONO_NEVER;
    list_init(&m->sending);
    list_init(&m->converting);
    convert_refill(m);
    int status = pool_init(&m->sessions, sizeof(struct media_session), config->max_sessions);
    if (status == ST_OK) {
        status = block_store_init(&m->blocks, config->live_bytes);
    }
    if (status != ST_OK) {
        media_free(m);
        return status;
    }
    *out = m;
    return ST_OK;
}

void media_free(struct media *m)
{
    if (m == NULL) {
        return;
    }
    media_stop(m);
    block_store_fini(&m->blocks);
    pool_fini(&m->sessions);
    free(m);
}

uint64_t media_memory(uint32_t max_sessions, uint64_t live_bytes)
{
    const uint64_t player = PLAYER_BUFFER + PLAYER_WAITING_MAX * (FILE_NAME_LEN_MAX + 1) + WAV_CONVERTER_BYTES;
    const uint64_t recorder = RECORDER_WINDOW * 2;
    const uint64_t listener = 2 * RTP_PLAYOUT_SAMPLES + sizeof(struct echo);
    uint64_t session =
        sizeof(struct media_session) + player + recorder + listener + MEDIA_MARKS_MAX * sizeof(struct mark);

    return WAV_CONVERTER_BYTES + max_sessions * session + block_store_memory(live_bytes);
}

uint64_t media_memory_bare(uint32_t max_sessions)
{
    return max_sessions * (sizeof(struct media_session) + 2 * RTP_PLAYOUT_SAMPLES);
}

void media_input(struct media *m, mono_us now, struct pool_id session, bool rtcp, const struct net_addr *from,
                 const void *data, size_t len)
{
    struct media_session *s = pool_get(&m->sessions, session);

    if (s != NULL) {
        media_session_input(s, now, rtcp, from, span_make(data, len));
    }
}

mono_us media_tick_due(const struct media *m)
{
    return m->tick_next;
}

#define LINE 64

static void fetch(const void *from, size_t len)
{
    for (size_t at = 0; at < len; at += LINE) {
        __builtin_prefetch((const uint8_t *)from + at);
    }
}

/* With some hundred calls none of a session's memory is in a cache any more when its tick comes. What the next but one needs of
 * its own, and where the next one's audio lies, is on its way while the kernel sends what this one has to say. */
static void fetch_ahead(struct media *m, struct list_node *next)
{
    if (next == &m->sending) {
        return;
    }
    const struct media_session *s = LIST_OWNER(next, struct media_session, node);
    rtp_playout_fetch(&s->playout);
    fetch(s->config.ctx, LINE);
    if (next->next != &m->sending) {
        const struct media_session *far = LIST_OWNER(next->next, struct media_session, node);
        fetch(far, offsetof(struct media_session, dtmf_in));
        fetch(&far->playout, offsetof(struct rtp_playout, usual));
    }
}

void media_tick(struct media *m, mono_us now)
{
    if (now < m->tick_next) {
        return;
    }
    m->tick_next = media_tick_after(now);
    for (struct list_node *node = m->sending.next; node != &m->sending; node = node->next) {
        struct media_session *s = LIST_OWNER(node, struct media_session, node);
        fetch_ahead(m, node->next);
        media_session_downlink_tick(s, now);
        media_session_tick(s, now);
    }
}

struct media_stats media_stats(const struct media *m)
{
    struct media_stats stats = m->stats;

    stats.live_held = (uint64_t)m->blocks.used * BLOCK_BYTES;
    return stats;
}
