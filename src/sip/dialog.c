#include "dialog.h"

#include "writer.h"

#define SIP_PORT 5060

/* The Contact as a target, or the fallback: some peers send none, and the call is worth more than the rule. */
static struct span target_of(const struct sip_msg *message, struct span fallback)
{
    if (message->has_contact && !message->contact.star && message->contact.uri.scheme == SIP_SCHEME_SIP) {
        return message->contact.uri.text;
    }
    return fallback;
}

static size_t collect_routes(const struct sip_msg *message, struct span routes[SIP_DIALOG_ROUTES_MAX])
{
    size_t count = 0;
    struct span value;
    for (struct sip_values it = sip_values_of(message, SIP_HEADER_RECORD_ROUTE); sip_values_next(&it, &value);) {
        if (count == SIP_DIALOG_ROUTES_MAX) {
            return SIP_DIALOG_ROUTES_MAX + 1;
        }
        routes[count++] = value;
    }
    return count;
}

/* Joined by ", "; reversed for the side that sent the INVITE (12.1.2). */
static int set_routes(struct sip_text *text, const struct sip_msg *message, bool reversed)
{
    struct span routes[SIP_DIALOG_ROUTES_MAX];
    size_t count = collect_routes(message, routes);
    if (count > SIP_DIALOG_ROUTES_MAX) {
        return ST_TOO_LARGE;
    }
    char buf[SIP_DIALOG_TEXT_MAX];
    struct outbuf out;
    outbuf_init(&out, buf, sizeof(buf));
    for (size_t i = 0; i < count; i++) {
        if (i > 0) {
            outbuf_str(&out, ", ");
        }
        sip_put_unfolded(&out, routes[reversed ? count - 1 - i : i]);
    }
    int status = outbuf_status(&out);
    return status == ST_OK ? sip_text_set(text, outbuf_view(&out)) : status;
}

static int set_unfolded(struct sip_text *text, struct span value)
{
    char buf[SIP_DIALOG_TEXT_MAX];
    struct outbuf out;
    outbuf_init(&out, buf, sizeof(buf));
    sip_put_unfolded(&out, value);
    int status = outbuf_status(&out);
    return status == ST_OK ? sip_text_set(text, outbuf_view(&out)) : status;
}

/* All four texts or none. */
static int set_peer(struct sip_dialog *dialog, const struct sip_msg *message, const struct sip_name_addr *peer,
                    struct span target, bool reversed)
{
    struct sip_dialog fresh = {0};
    int status = set_unfolded(&fresh.remote, peer->text);
    if (status == ST_OK) {
        status = set_unfolded(&fresh.tag, peer->tag);
    }
    if (status == ST_OK) {
        status = set_unfolded(&fresh.target, target);
    }
    if (status == ST_OK) {
        status = set_routes(&fresh.routes, message, reversed);
    }
    if (status != ST_OK) {
        sip_dialog_fini(&fresh);
        return status;
    }
    sip_text_clear(&dialog->remote);
    sip_text_clear(&dialog->tag);
    sip_text_clear(&dialog->target);
    sip_text_clear(&dialog->routes);
    dialog->remote = fresh.remote;
    dialog->tag = fresh.tag;
    dialog->target = fresh.target;
    dialog->routes = fresh.routes;
    return ST_OK;
}

int sip_dialog_from_response(struct sip_dialog *dialog, const struct sip_msg *response, const struct net_addr *source,
                             uint32_t cseq, struct span request_uri)
{
    int status = set_peer(dialog, response, &response->to, target_of(response, request_uri), true);
    if (status == ST_OK) {
        dialog->source = *source;
        dialog->local_cseq = cseq;
    }
    return status;
}

int sip_dialog_from_request(struct sip_dialog *dialog, const struct sip_msg *request, const struct net_addr *source)
{
    int status = set_peer(dialog, request, &request->from, target_of(request, request->from.uri.text), false);
    if (status == ST_OK) {
        dialog->source = *source;
        dialog->remote_cseq = request->cseq;
        dialog->has_remote_cseq = true;
    }
    return status;
}

void sip_dialog_fini(struct sip_dialog *dialog)
{
    sip_text_clear(&dialog->remote);
    sip_text_clear(&dialog->tag);
    sip_text_clear(&dialog->target);
    sip_text_clear(&dialog->routes);
    sip_text_clear(&dialog->ack);
}

int sip_dialog_refresh(struct sip_dialog *dialog, const struct sip_msg *message, const struct net_addr *source)
{
    struct span target = target_of(message, SPAN_NONE);
    if (target.len > 0) {
        int status = set_unfolded(&dialog->target, target);
        if (status != ST_OK) {
            return status;
        }
        dialog->target_unreachable = false;
    }
    dialog->source = *source;
    return ST_OK;
}

bool sip_dialog_cseq_in(struct sip_dialog *dialog, uint32_t cseq)
{
    if (dialog->has_remote_cseq && cseq < dialog->remote_cseq) {
        return false;
    }
    dialog->remote_cseq = cseq;
    dialog->has_remote_cseq = true;
    return true;
}

/* A datagram can be sent there: a literal address that is neither unset nor a group. */
static bool literal_addr(const struct sip_uri *uri, struct net_addr *out)
{
    return sip_uri_addr(uri, SIP_PORT, out) == ST_OK && !addr_is_any(out) && !addr_is_multicast(out);
}

/* RFC 3261 12.2.1.1 with a strict router first: it becomes the Request-URI, the target the last route. */
static void strict_path(const struct sip_dialog *dialog, struct span rest, const struct sip_uri *first,
                        struct outbuf *out, struct sip_dialog_path *path)
{
    size_t question = span_find(first->text, '?');
    path->uri = span_head(first->text, question);
    size_t start = out->len;
    if (rest.len > 0) {
        outbuf_span(out, rest);
        outbuf_str(out, ", ");
    }
    outbuf_char(out, '<');
    outbuf_span(out, sip_text_view(&dialog->target));
    outbuf_char(out, '>');
    path->route = span_from(outbuf_view(out), start);
}

struct sip_dialog_path sip_dialog_path_of(const struct sip_dialog *dialog, struct outbuf *out)
{
    struct sip_dialog_path path = {.uri = sip_text_view(&dialog->target), .to = dialog->source};
    struct span rest = sip_text_view(&dialog->routes);
    struct span value;
    struct sip_name_addr first;
    struct sip_uri hop;
    bool has_hop = false;
    if (sip_list_next(&rest, &value) && sip_name_addr_parse(value, &first) == ST_OK) {
        hop = first.uri;
        has_hop = true;
        if (sip_uri_param(&hop, SPAN_LIT("lr"), NULL)) {
            path.route = sip_text_view(&dialog->routes);
        } else {
            strict_path(dialog, span_trim(rest), &hop, out, &path);
        }
    } else {
        has_hop = sip_uri_parse(path.uri, &hop) == ST_OK;
    }
    struct net_addr to;
    if (!dialog->target_unreachable && has_hop && literal_addr(&hop, &to)) {
        path.to = to;
    }
    return path;
}
