/* SPDX-License-Identifier: MIT */
/* A parsed message that owns its bytes: they are copied, and every view into them is moved by as much. A field that is
 * not in the lists here would go on looking at the datagram that is gone: the test compares each. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "wsaudio/sipmsg/message.h"

/* From the bytes that were parsed to the same bytes elsewhere. */
struct move {
    struct span from;
    const char *to;
};

static void move_span(const struct move *move, struct span *s)
{
    if (s->len == 0) {
        *s = SPAN_NONE;
        return;
    }
    assert(s->ptr >= move->from.ptr && s->ptr + s->len <= move->from.ptr + move->from.len);
    s->ptr = move->to + (s->ptr - move->from.ptr);
}

static void move_spans(const struct move *move, struct span *const *spans, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        move_span(move, spans[i]);
    }
}
#define MOVE(move, ...)                                                                                                \
    move_spans((move), (struct span *const[]){__VA_ARGS__},                                                            \
               sizeof((struct span *const[]){__VA_ARGS__}) / sizeof(struct span *))

static void move_uri(const struct move *move, struct sip_uri *uri)
{
    MOVE(move, &uri->text, &uri->scheme_name, &uri->user, &uri->password, &uri->host, &uri->params, &uri->headers);
}

static void move_address(const struct move *move, struct sip_name_addr *address)
{
    MOVE(move, &address->text, &address->display, &address->params, &address->tag);
    move_uri(move, &address->uri);
}

struct sip_msg *sip_msg_clone(const struct sip_msg *msg)
{
    const size_t len = offsetof(struct sip_msg, headers) + msg->header_count * sizeof(msg->headers[0]);
    struct sip_msg *copy = malloc(len + msg->raw.len);

    if (copy == NULL) {
        return NULL;
    }
    struct move move = {.from = msg->raw, .to = (char *)copy + len};
    memcpy(copy, msg, len);
    memcpy((char *)copy + len, msg->raw.ptr, msg->raw.len);
    MOVE(&move, &copy->raw, &copy->method_text, &copy->reason, &copy->call_id, &copy->content_type, &copy->body);
    move_uri(&move, &copy->uri);
    MOVE(&move, &copy->via.text, &copy->via.transport, &copy->via.host, &copy->via.branch, &copy->via.received,
         &copy->via.maddr, &copy->via.params);
    move_address(&move, &copy->from);
    move_address(&move, &copy->to);
    move_address(&move, &copy->contact);
    for (size_t i = 0; i < copy->header_count; i++) {
        MOVE(&move, &copy->headers[i].name, &copy->headers[i].value);
    }
    return copy;
}
