/* SPDX-License-Identifier: MIT */
#include "wsaudio/base/timerq.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* A binary heap; heap[i - 1] is the entry with pos i. */

int timerq_init(struct timerq *q, uint32_t cap)
{
    memset(q, 0, sizeof(*q));
    q->heap = malloc((cap > 0 ? (size_t)cap : 1) * sizeof(*q->heap));
    if (q->heap == NULL) {
        return ST_NO_MEMORY;
    }
    q->cap = cap;
    return ST_OK;
}

void timerq_fini(struct timerq *q)
{
    free(q->heap);
    memset(q, 0, sizeof(*q));
}

static bool before(const struct timerq_entry *a, const struct timerq_entry *b)
{
    return a->due != b->due ? a->due < b->due : a->order < b->order;
}

static void place(struct timerq *q, struct timerq_entry *entry, uint32_t pos)
{
    q->heap[pos - 1] = entry;
    entry->pos = pos;
}

static void sift_up(struct timerq *q, struct timerq_entry *entry, uint32_t pos)
{
    while (pos > 1 && before(entry, q->heap[pos / 2 - 1])) {
        place(q, q->heap[pos / 2 - 1], pos);
        pos /= 2;
    }
    place(q, entry, pos);
}

static void sift_down(struct timerq *q, struct timerq_entry *entry, uint32_t pos)
{
    for (;;) {
        uint32_t child = pos * 2;
        if (child > q->len) {
            break;
        }
        if (child < q->len && before(q->heap[child], q->heap[child - 1])) {
            child++;
        }
        if (!before(q->heap[child - 1], entry)) {
            break;
        }
        place(q, q->heap[child - 1], pos);
        pos = child;
    }
    place(q, entry, pos);
}

void timerq_set(struct timerq *q, struct timerq_entry *entry, mono_us due)
{
    timerq_cancel(q, entry);
    assert(q->len < q->cap);
    entry->due = due;
    entry->order = q->next_order++;
    q->len++;
    sift_up(q, entry, q->len);
}

void timerq_cancel(struct timerq *q, struct timerq_entry *entry)
{
    if (entry->pos == 0) {
        return;
    }
    uint32_t pos = entry->pos;
    struct timerq_entry *last = q->heap[q->len - 1];
    q->len--;
    entry->pos = 0;
    if (last == entry) {
        return;
    }
    if (pos > 1 && before(last, q->heap[pos / 2 - 1])) {
        sift_up(q, last, pos);
    } else {
        sift_down(q, last, pos);
    }
}

mono_us timerq_due(const struct timerq *q)
{
    return q->len > 0 ? q->heap[0]->due : MONO_NEVER;
}

struct timerq_entry *timerq_pop(struct timerq *q, mono_us now)
{
    assert(now >= q->popped_at);
    q->popped_at = now;
    if (q->len == 0 || q->heap[0]->due > now) {
        return NULL;
    }
    struct timerq_entry *entry = q->heap[0];
    timerq_cancel(q, entry);
    return entry;
}
