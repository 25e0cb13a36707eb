/* SPDX-License-Identifier: MIT */
/* Marks that wait for a place in one of two lanes; in each lane they are told in the order in which they came. */
#ifndef WSAUDIO_CALL_MARKS_H
#define WSAUDIO_CALL_MARKS_H

#include "wsaudio/base.h"

#define MARKS_MAX     256 /* waiting in a call */
#define MARK_NAME_MAX 64  /* bytes */

enum lane { LANE_FILES, LANE_LIVE, LANE_COUNT };

struct mark {
    uint64_t at; /* its place, in the lane's own measure */
    uint16_t next;
    char name[MARK_NAME_MAX + 1];
};

struct marks {
    struct mark *slots; /* owns; made at the first mark, kept for the call */
    uint16_t free;
    uint16_t head[LANE_COUNT], tail[LANE_COUNT];
    uint16_t count[LANE_COUNT];
};

/* Names of 1 to 64 bytes of UTF-8 without control characters. */
bool mark_name_ok(struct span name);
/* Frees the storage, forgets all. Safe on zeroed marks. */
void marks_fini(struct marks *m);
/* Behind those of its lane; at is not below theirs. ST_FULL, ST_NO_MEMORY. */
WS_MUST_CHECK int marks_add(struct marks *m, enum lane lane, uint64_t at, struct span name);
/* Removes the first mark of the lane when its place is at or before `reached` and copies its name. */
bool marks_pop(struct marks *m, enum lane lane, uint64_t reached, char name[MARK_NAME_MAX + 1]);
/* Nothing comes behind `end`: the lane's marks that stand behind it stand there. */
void marks_cut(struct marks *m, enum lane lane, uint64_t end);

#endif
