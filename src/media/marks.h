/* SPDX-License-Identifier: MIT */
/* Marks that wait for a place in one of two queues; in each part they are told in the order in which they came. */
#ifndef WSAUDIO_MEDIA_MARKS_H
#define WSAUDIO_MEDIA_MARKS_H

#include "wsaudio/media.h"

enum tx_part { TX_FILES, TX_LIVE, TX_PART_COUNT };

struct mark {
    uint64_t at; /* its place, in the queue's own measure */
    uint16_t next;
    char name[MEDIA_MARK_NAME_MAX + 1];
};

struct marks {
    struct mark *slots; /* owns; made at the first mark, kept for the call */
    uint16_t free;
    uint16_t head[TX_PART_COUNT], tail[TX_PART_COUNT];
    uint16_t count[TX_PART_COUNT];
};

/* Names of 1 to 64 bytes of UTF-8 without control characters. */
bool mark_name_ok(struct span name);
/* Frees the storage, forgets all. Safe on zeroed marks. */
void marks_fini(struct marks *m);
/* Behind those of its part; at is not below theirs. ST_FULL, ST_NO_MEMORY. */
WS_MUST_CHECK int marks_add(struct marks *m, enum tx_part part, uint64_t at, struct span name);
/* Removes the first mark of the part when its place is at or before `reached` and copies its name. */
bool marks_pop(struct marks *m, enum tx_part part, uint64_t reached, char name[MEDIA_MARK_NAME_MAX + 1]);
/* Nothing comes behind `end`: the part's marks that stand behind it stand there. */
void marks_cut(struct marks *m, enum tx_part part, uint64_t end);

#endif
