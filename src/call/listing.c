/* SPDX-License-Identifier: MIT */
#include "bridge_priv.h"

/* A list may be longer than what a client reads at once: a few lines a turn, each a file that is looked at, and none while it is
 * behind. */
#define UNREAD_MAX (WS_CONTROL_MAX / 4)

void listing_start(struct client *c)
{
    const struct file_io *files = &c->bridge->config.files;

    int status = files->list_open(files->ctx, &c->listing);
    if (status != ST_OK) {
        c->listing = NULL;
        const char *why = files->why != NULL ? files->why(files->ctx) : NULL;
        client_error(c, SPAN_LIT("LIST_WAV"), WS_ERROR_IO, "the uploads cannot be listed: %s",
                     why != NULL ? why : status_name(status));
        return;
    }
    c->listed = 0;
    ws_conn_pause(c->conn, true);
}

void listing_stop(struct client *c)
{
    const struct file_io *files = &c->bridge->config.files;

    if (c->listing != NULL) {
        files->list_close(files->ctx, c->listing);
        c->listing = NULL;
    }
}

size_t listing_step(struct client *c, size_t budget)
{
    const struct file_io *files = &c->bridge->config.files;
    size_t spent = 0;

    if (c->listing == NULL || ws_conn_control_queued(c->conn) > UNREAD_MAX) {
        return 0;
    }
    while (spent < budget) {
        struct list_entry entry = {.reads = 0};
        int status = files->list_next(files->ctx, c->listing, &entry);
        spent += (size_t)WS_COMMAND_COST * (1 + entry.reads);
        if (status == ST_AGAIN) {
            continue;
        }
        if (status == ST_OK) {
            client_tell(c, "WAV_LIST:%s:%llu:%llu", entry.name, (unsigned long long)entry.bytes,
                        (unsigned long long)entry.ms);
            c->listed++;
            continue;
        }
        listing_stop(c);
        client_tell(c, "WAV_LIST_END:%u", c->listed);
        ws_conn_pause(c->conn, false);
        break;
    }
    return spent;
}
