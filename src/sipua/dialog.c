/* SPDX-License-Identifier: MIT */
#include "dialog.h"

#include "wsaudio/sipmsg/writer.h"

static bool has_target(const struct sip_msg *message)
{
    return message->has_contact && !message->contact.star && message->contact.uri.scheme == SIP_SCHEME_SIP;
}

static int set_target(struct sip_text *text, const struct sip_uri *uri)
{
    char buf[SIP_DIALOG_TEXT_MAX];
    struct outbuf out;

    outbuf_init(&out, buf, sizeof(buf));
    sip_uri_put_target(&out, uri);
    int status = outbuf_status(&out);
    return status == ST_OK ? sip_text_set(text, outbuf_view(&out)) : status;
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

/* To of our requests: what the peer wrote, or, when that cannot be read, what it was called with its tag. */
static int set_remote(struct sip_text *text, const struct sip_name_addr *peer, struct span called)
{
    char buf[SIP_DIALOG_TEXT_MAX];
    struct outbuf out;

    if (peer->uri.text.len > 0) {
        return set_unfolded(text, peer->text);
    }
    outbuf_init(&out, buf, sizeof(buf));
    sip_put_name_addr(&out, SPAN_NONE, called, peer->tag);
    int status = outbuf_status(&out);
    return status == ST_OK ? sip_text_set(text, outbuf_view(&out)) : status;
}

/* The Contact, an earlier one, or what the peer is called: some send none or one that nobody can read, and the call is
 * worth more than the rule. */
static int choose_target(struct sip_dialog *fresh, const struct sip_dialog *known, const struct sip_msg *message,
                         struct span called)
{
    struct sip_uri uri;

    if (has_target(message)) {
        return set_target(&fresh->target, &message->contact.uri);
    }
    if (known->target.len > 0) {
        fresh->target_guessed = known->target_guessed;
        return sip_text_set(&fresh->target, sip_text_view(&known->target));
    }
    fresh->target_guessed = true;
    int status = sip_uri_parse_bracketed(called, &uri);
    return status == ST_OK ? set_target(&fresh->target, &uri) : set_unfolded(&fresh->target, called);
}

/* All four texts or none. called: the peer's URI as far as it is known without a Contact. */
static int set_peer(struct sip_dialog *dialog, const struct sip_msg *message, const struct sip_name_addr *peer,
                    struct span called, bool reversed)
{
    struct sip_dialog fresh = {0};
    int status = set_remote(&fresh.remote, peer, called);

    if (status == ST_OK) {
        status = set_unfolded(&fresh.tag, peer->tag);
    }
    if (status == ST_OK) {
        status = choose_target(&fresh, dialog, message, called);
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
    dialog->target_guessed = fresh.target_guessed;
    return ST_OK;
}

int sip_dialog_from_response(struct sip_dialog *dialog, const struct sip_msg *response, const struct sip_flow *source,
                             uint32_t cseq, struct span request_uri)
{
    int status = set_peer(dialog, response, &response->to, request_uri, true);

    if (status == ST_OK) {
        dialog->source = *source;
        dialog->local_cseq = cseq;
    }
    return status;
}

int sip_dialog_from_request(struct sip_dialog *dialog, const struct sip_msg *request, const struct sip_flow *source)
{
    int status = set_peer(dialog, request, &request->from, request->from.uri.text, false);

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

int sip_dialog_refresh(struct sip_dialog *dialog, const struct sip_msg *message, const struct sip_flow *source)
{
    if (has_target(message)) {
        int status = set_target(&dialog->target, &message->contact.uri);
        if (status != ST_OK) {
            return status;
        }
        dialog->target_unreachable = false;
        dialog->target_guessed = false;
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

/* A datagram can be sent there: a literal address that is neither unset nor a group (maddr says it before the host, RFC
 * 3263 4), over UDP. */
static bool literal_addr(const struct sip_uri *uri, struct net_addr *out)
{
    struct sip_uri hop = *uri;
    struct span value;

    if (sip_uri_param(uri, SPAN_LIT("transport"), &value) && !span_ieq(value, SPAN_LIT("udp"))) {
        return false;
    }
    if (sip_uri_param(uri, SPAN_LIT("maddr"), &value)) {
        hop.host = value;
    }
    return sip_uri_addr(&hop, SIP_PORT_DEFAULT, out) == ST_OK && !addr_is_any(out) && !addr_is_group(out);
}

/* RFC 3261 12.2.1.1 with a strict router first: it becomes the Request-URI, the target the last route. */
static void strict_path(const struct sip_dialog *dialog, struct span rest, const struct sip_uri *first,
                        struct outbuf *out, struct sip_dialog_path *path)
{
    size_t start = out->len;

    sip_uri_put_target(out, first);
    path->uri = span_from(outbuf_view(out), start);
    start = out->len;
    if (rest.len > 0) {
        outbuf_span(out, rest);
        outbuf_str(out, ", ");
    }
    outbuf_char(out, '<');
    outbuf_span(out, sip_text_view(&dialog->target));
    outbuf_char(out, '>');
    path->route = span_from(outbuf_view(out), start);
}

/* "lr" belongs inside the <>; a route without them, or with lr behind them, means it all the same. */
static bool is_loose(const struct sip_name_addr *route)
{
    return sip_uri_param(&route->uri, SPAN_LIT("lr"), NULL) || sip_param_find(route->params, SPAN_LIT("lr"), NULL);
}

struct sip_dialog_path sip_dialog_path_of(const struct sip_dialog *dialog, struct outbuf *out)
{
    struct sip_dialog_path path = {.uri = sip_text_view(&dialog->target), .to = dialog->source};
    struct span rest = sip_text_view(&dialog->routes);
    struct span value;
    struct sip_name_addr first = {0};
    bool has_hop = false;

    if (sip_list_next(&rest, &value)) {
        has_hop = sip_name_addr_parse(value, &first) == ST_OK;
        if (!has_hop || is_loose(&first)) {
            path.route = sip_text_view(&dialog->routes); /* one that cannot be read is its owner's to understand */
        } else {
            strict_path(dialog, span_trim(rest), &first.uri, out, &path);
        }
    } else if (!dialog->target_guessed) {
        has_hop = sip_uri_parse(path.uri, &first.uri) == ST_OK;
    }
    struct net_addr to;
    if (!dialog->target_unreachable && has_hop && literal_addr(&first.uri, &to)) {
        path.to = sip_flow_udp(&dialog->source.local, &to);
    }
    return path;
}
