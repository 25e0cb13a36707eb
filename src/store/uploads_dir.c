/* SPDX-License-Identifier: MIT */
/* The directory of uploads, which may be removed or replaced under a running server. */
#include "uploads_priv.h"

#define COUNTED_MAX 64 /* files in one go: calls go on meanwhile */

static void files_recount(struct uploads *u)
{
    int status = ST_OK;

    if (u->recount == NULL) {
        return;
    }
    for (int i = 0; i < COUNTED_MAX && (status == ST_OK || status == ST_AGAIN); i++) {
        status = uploads_list_count(u->recount);
    }
    if (status == ST_OK || status == ST_AGAIN) {
        return;
    }
    const bool disturbed = status == ST_NOT_FOUND && !uploads_list_is_current(u->recount);
    uploads_list_close(u->recount);
    u->recount = NULL;
    if (disturbed) {
        (void)!uploads_list_begin(u, &u->recount); /* once more, from the beginning */
    }
}

int uploads_renew_dir(struct uploads *u)
{
    bool renewed;
    int status = os_dir_renew(u->dir, u->other, &u->dir_fd, &renewed);

    if (renewed) {
        log_write(u->log, LOG_INFO, LOG_TEXT(u->log, DIR_RENEWED), u->dir);
        u->stored = 0;
        u->files = 0;
        u->changes++;
        uploads_list_close(u->recount);
        u->recount = NULL;
        (void)!uploads_list_begin(u, &u->recount);
    }
    files_recount(u);
    return status;
}
