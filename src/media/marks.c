/* SPDX-License-Identifier: MIT */
#include "marks.h"

#include <stdlib.h>

bool mark_name_ok(struct span name)
{
    if (name.len == 0 || name.len > MEDIA_MARK_NAME_MAX) {
        return false;
    }
    while (name.len > 0) {
        uint32_t code = 0;
        size_t len = utf8_next(name, &code);
        if (len == 0 || utf8_is_control(code)) {
            return false;
        }
        name = span_from(name, len);
    }
    return true;
}

void marks_fini(struct marks *m)
{
    free(m->slots);
    *m = (struct marks){0};
}

static int make_slots(struct marks *m)
{
    m->slots = malloc(MEDIA_MARKS_MAX * sizeof(*m->slots));
    if (m->slots == NULL) {
        return ST_NO_MEMORY;
    }
    for (uint16_t i = 0; i < MEDIA_MARKS_MAX; i++) {
        m->slots[i].next = (uint16_t)(i + 1);
    }
    m->free = 0;
    return ST_OK;
}

int marks_add(struct marks *m, enum tx_part part, uint64_t at, struct span name)
{
    if (m->slots == NULL && make_slots(m) != ST_OK) {
        return ST_NO_MEMORY;
    }
    if (m->free == MEDIA_MARKS_MAX) {
        return ST_FULL;
    }
    uint16_t slot = m->free;
    struct mark *mark = &m->slots[slot];
    if (span_copy(name, mark->name, sizeof(mark->name)) != ST_OK) {
        return ST_BAD;
    }
    m->free = mark->next;
    mark->at = at;
    if (m->count[part]++ == 0) {
        m->head[part] = slot;
    } else {
        m->slots[m->tail[part]].next = slot;
    }
    m->tail[part] = slot;
    return ST_OK;
}

bool marks_pop(struct marks *m, enum tx_part part, uint64_t reached, char name[MEDIA_MARK_NAME_MAX + 1])
{
    if (m->count[part] == 0 || m->slots[m->head[part]].at > reached) {
        return false;
    }
    uint16_t slot = m->head[part];
    struct mark *mark = &m->slots[slot];
    memcpy(name, mark->name, sizeof(mark->name));
    m->head[part] = mark->next;
    m->count[part]--;
    mark->next = m->free;
    m->free = slot;
    return true;
}

void marks_cut(struct marks *m, enum tx_part part, uint64_t end)
{
    uint16_t slot = m->head[part];

    for (uint16_t i = 0; i < m->count[part]; i++) {
        if (m->slots[slot].at > end) {
            m->slots[slot].at = end;
        }
        slot = m->slots[slot].next;
    }
}
