/* SPDX-License-Identifier: MIT */
/* Whether the median is over the limit needs no sorting: it is when more than half of the ticks are. */
#include "lateness.h"

#include <stdlib.h>

static bool late_is_over(const struct lateness *l, uint32_t late_us)
{
    return l->limit > 0 && late_us > l->limit;
}

void lateness_push(struct lateness *l, dur_us late)
{
    uint32_t *place = &l->late_us[l->next];

    if (l->count < LATENESS_TICKS) {
        l->count++;
    } else if (late_is_over(l, *place)) {
        l->over--;
    }
    *place = late < 0 ? 0 : late > UINT32_MAX ? UINT32_MAX : (uint32_t)late;
    l->over += late_is_over(l, *place);
    l->next = (l->next + 1) % LATENESS_TICKS;
}

void lateness_clear(struct lateness *l)
{
    l->over = l->count = l->next = 0;
}

bool lateness_is_over(const struct lateness *l)
{
    return l->count == LATENESS_TICKS && l->over > LATENESS_TICKS / 2;
}

static int late_order(const void *a, const void *b)
{
    uint32_t left = *(const uint32_t *)a;
    uint32_t right = *(const uint32_t *)b;

    return (left > right) - (left < right);
}

dur_us lateness_median(const struct lateness *l)
{
    uint32_t sorted[LATENESS_TICKS];

    if (l->count == 0) {
        return 0;
    }
    memcpy(sorted, l->late_us, sizeof(sorted)); /* a ring that is not full begins at its start */
    qsort(sorted, l->count, sizeof(sorted[0]), late_order);
    return sorted[(l->count - 1) / 2];
}
