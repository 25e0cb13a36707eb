/* SPDX-License-Identifier: MIT */
/* What is uploaded, for a client that asks: listed and removed. */
#include "client_priv.h"

/* A list may be longer than what a client reads at once: a few lines a turn, each a file that is looked at, and none while it is
 * behind. */
#define UNREAD_MAX (WS_CONTROL_MAX / 4)

static const struct list_io *io_of(const struct client *c)
{
    return &c->gateway->config.lists;
}

int client_list(struct client *c, const char **why)
{
    const struct list_io *io = io_of(c);

    int status = io->open(io->ctx, &c->listing);
    if (status != ST_OK) {
        c->listing = NULL;
        *why = io->why(io->ctx);
        *why = *why != NULL ? *why : status_name(status);
        return status;
    }
    c->listed = 0;
    ws_conn_pause(c->conn, true);
    return ST_OK;
}

void listing_stop(struct client *c)
{
    const struct list_io *io = io_of(c);

    if (c->listing != NULL) {
        io->close(io->ctx, c->listing);
        c->listing = NULL;
    }
}

size_t listing_step(struct client *c, size_t budget)
{
    const struct list_io *io = io_of(c);
    size_t spent = 0;

    if (c->listing == NULL || ws_conn_control_queued(c->conn) > UNREAD_MAX) {
        return 0;
    }
    while (spent < budget) {
        struct list_entry entry = {.reads = 0};
        int status = io->next(io->ctx, c->listing, &entry);
        spent += (size_t)WS_TEXT_COST * (1 + entry.reads);
        if (status == ST_AGAIN) {
            continue;
        }
        if (status == ST_OK) {
            c->dialect->on_file(
                c, &(struct file_event){
                       .kind = FILE_EVENT_LISTED, .text = entry.name, .bytes = entry.bytes, .ms = entry.ms});
            c->listed++;
            continue;
        }
        listing_stop(c);
        c->dialect->on_file(c, &(struct file_event){.kind = FILE_EVENT_LIST_END, .count = c->listed});
        ws_conn_pause(c->conn, false);
        break;
    }
    return spent;
}

int client_delete(struct client *c, struct span name)
{
    const struct list_io *io = io_of(c);
    char text[FILE_NAME_LEN_MAX + 1];

    if (!file_name_is_ok(name) || span_copy(name, text, sizeof(text)) != ST_OK) {
        return ST_BAD;
    }
    return io->remove(io->ctx, text);
}
