/* SPDX-License-Identifier: MIT */
/* Where a connection's input lies: lent by its owner while it is worked on, in memory of the connection's own as far as something
 * is left over. */
#include <assert.h>
#include <stdlib.h>

#include "conn.h"

bool ws_conn_holds_input(const struct ws_conn *conn)
{
    return conn->in_head < conn->in_tail;
}

/* Nothing is held any more: no memory is either. */
static void in_release(struct ws_conn *conn)
{
    if (!conn->in_lent) {
        free(conn->in);
    }
    conn->in_lent = false;
    conn->in = NULL;
    conn->in_head = conn->in_tail = conn->in_cap = 0;
}

/* What is held goes to the front of memory of that size; false: there is none, the connection has failed. */
static bool in_move(struct ws_conn *conn, uint32_t cap)
{
    uint32_t held = conn->in_tail - conn->in_head;
    uint8_t *bytes = malloc(cap);

    if (bytes == NULL) {
        in_release(conn);
        conn_fail(conn, WS_END_BROKEN);
        return false;
    }
    if (held > 0) {
        memcpy(bytes, conn->in + conn->in_head, held);
    }
    in_release(conn);
    conn->in = bytes;
    conn->in_cap = cap;
    conn->in_tail = held;
    return true;
}

size_t ws_conn_process(struct ws_conn *conn, mono_us now, size_t budget)
{
    size_t spent = conn_in_work(conn, now, budget);

    if (spent > 0) { /* there is room for more, and its end may have been in it */
        conn_touch(conn);
    }
    if (!ws_conn_holds_input(conn)) {
        in_release(conn);
    }
    return spent;
}

size_t ws_conn_input_space(struct ws_conn *conn, void **ptr)
{
    if (conn->in_head > 0) {
        memmove(conn->in, conn->in + conn->in_head, conn->in_tail - conn->in_head);
        conn->in_tail -= conn->in_head;
        conn->in_head = 0;
    }
    bool little = conn->in_cap - conn->in_tail < CONN_IN_SMALL / 2;
    if (conn->in_cap < WS_INPUT_CAP && little && !in_move(conn, WS_INPUT_CAP)) {
        return 0;
    }
    *ptr = conn->in + conn->in_tail;
    return conn->in_cap - conn->in_tail;
}

void ws_conn_input_commit(struct ws_conn *conn, size_t len)
{
    conn->in_tail += (uint32_t)len;
    conn->input_seen = conn->input_seen || len > 0;
    conn_touch(conn);
}

size_t ws_conn_input(struct ws_conn *conn, void *bytes, size_t len, mono_us now, size_t budget)
{
    assert(!ws_conn_holds_input(conn) && len <= WS_INPUT_CAP);
    in_release(conn);
    conn->in = bytes;
    conn->in_tail = conn->in_cap = (uint32_t)len;
    conn->in_lent = true;
    conn->input_seen = conn->input_seen || len > 0;
    size_t spent = conn_in_work(conn, now, budget);
    uint32_t held = conn->in_tail - conn->in_head;
    if (held == 0 || ws_conn_is_done(conn)) {
        in_release(conn);
    } else if (in_move(conn, held <= CONN_IN_SMALL / 2 ? CONN_IN_SMALL : WS_INPUT_CAP)) {
        conn_touch(conn);
    }
    return spent;
}
