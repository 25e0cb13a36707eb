/* SPDX-License-Identifier: MIT */
/* A request inside a dialog (RFC 3261 12.2.1): what the dialog says of it, who may see credentials, and which way is left. */
#include "inv.h"
#include "request_priv.h"

struct sip_request_inside *sip_request_inside_of(struct sip_request *request)
{
    return LIST_OWNER(request, struct sip_request_inside, request);
}

/* ---- where it goes ---- */

void sip_request_aim_inside(const struct sip_inv *inv, const struct sip_dialog *dialog, struct sip_request_head *head,
                            struct outbuf *composed)
{
    struct sip_dialog_path path = sip_dialog_path_of(dialog, composed);

    *head = (struct sip_request_head){
        .uri = path.uri,
        .route = path.route,
        .from = sip_text_view(&inv->local),
        .to = sip_text_view(&dialog->remote),
        .call_id = sip_text_view(&inv->call_id),
        .hop = path.to,
        .leave_at = MONO_NEVER,
    };
}

/* The server itself must be the far end of a call that it has asked credentials for. A proxy that stays in the path takes the
 * INVITE's out at best, and hands these on to the far end as they are. */
bool sip_request_is_with_server(const struct sip_inv *inv, const struct sip_dialog *dialog,
                                const struct sip_request_head *head)
{
    return inv->credentials.len > 0 && dialog->routes.len == 0 && sip_guard_is_server(inv->stack, &head->hop.remote) &&
           sip_stack_is_server_uri(inv->stack, head->uri);
}

static int inside_aim(struct sip_request *request, mono_us now, struct sip_request_head *head, struct outbuf *composed)
{
    struct sip_request_inside *inside = sip_request_inside_of(request);

    (void)now;
    sip_request_aim_inside(inside->inv, inside->dialog, head, composed);
    head->cseq = &inside->dialog->local_cseq;
    if (request->tries == 0) {
        sip_inv_auth_restart(inside->inv);
    }
    if (sip_request_is_with_server(inside->inv, inside->dialog, head)) {
        head->auth = inside->inv->auth;
    }
    return ST_OK;
}

/* ---- its end ---- */

/* No way is left to be tried, or the far end's BYE has ended the dialog meanwhile. */
static bool is_spent(const struct sip_request_inside *inside)
{
    return inside->dialog->bye_received || inside->request.tries >= SIP_REQUEST_TRIES_MAX;
}

enum sip_request_end sip_request_inside_end(int code)
{
    static const struct {
        int code;
        enum sip_request_end end;
    } rows[] = {
        {401, SIP_REQUEST_REFUSED}, {407, SIP_REQUEST_REFUSED}, {408, SIP_REQUEST_GONE},
        {481, SIP_REQUEST_GONE},    {491, SIP_REQUEST_CLASH},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (rows[i].code == code) {
            return rows[i].end;
        }
    }
    return SIP_REQUEST_ANSWERED;
}

static enum sip_request_end inside_answered(struct sip_request *request, mono_us now, const struct sip_msg *message,
                                            const struct sip_flow *source)
{
    struct sip_request_inside *inside = sip_request_inside_of(request);
    struct sip_dialog *dialog = inside->dialog;
    enum sip_request_end end = sip_request_inside_end(message->status);

    if (end != SIP_REQUEST_REFUSED || is_spent(inside)) {
        return end;
    }
    char text[2 * SIP_DIALOG_TEXT_MAX];
    struct outbuf composed;
    struct sip_request_head head;
    outbuf_init(&composed, text, sizeof(text));
    sip_request_aim_inside(inside->inv, dialog, &head, &composed);
    struct sip_challenged what = {.uri = sip_text_view(&dialog->target),
                                  .in_dialog = !sip_request_is_with_server(inside->inv, dialog, &head)};
    struct sip_auth *auth = sip_inv_auth(inside->inv);
    return auth != NULL ? sip_request_challenge(request, now, auth, message, source, &what) : SIP_REQUEST_REFUSED;
}

/* Once more to where the dialog's messages come from: behind a NAT the Contact's address leads nowhere. */
static bool has_detour(const struct sip_request_inside *inside)
{
    return !inside->dialog->target_unreachable && !is_spent(inside);
}

static enum sip_request_end inside_unanswered(struct sip_request *request, mono_us now, bool broken)
{
    struct sip_request_inside *inside = sip_request_inside_of(request);
    bool is_elsewhere = !sip_flow_equal(&request->to, &inside->dialog->source);

    (void)now;
    if ((broken || is_elsewhere) && has_detour(inside)) {
        inside->dialog->target_unreachable = true;
        sip_inv_dialog_changed(inside->dialog);
        return SIP_REQUEST_AGAIN;
    }
    return broken ? SIP_REQUEST_BROKEN : SIP_REQUEST_GONE;
}

/* What was sent runs on, as nobody knows who says that it does not arrive; the same goes to the source as well. */
static void inside_unreachable(struct sip_request *request, mono_us now)
{
    struct sip_request_inside *inside = sip_request_inside_of(request);

    if (has_detour(inside) && !sip_flow_equal(&request->to, &inside->dialog->source)) {
        inside->dialog->target_unreachable = true;
        sip_inv_dialog_changed(inside->dialog);
        sip_request_let_go(request);
        request->done(request, now, SIP_REQUEST_AGAIN, NULL);
    }
}

static void inside_busy_changed(struct sip_request *request)
{
    struct sip_request_inside *inside = sip_request_inside_of(request);

    if (sip_request_is_busy(request)) {
        inside->inv->requests++;
    } else {
        inside->inv->requests--;
    }
    sip_inv_changed(inside->inv);
    sip_inv_dialog_changed(inside->dialog);
}

static const struct sip_request_place inside_place = {
    .aim = inside_aim,
    .answered = inside_answered,
    .unanswered = inside_unanswered,
    .unreachable = inside_unreachable,
    .busy_changed = inside_busy_changed,
    .may_lack_credentials = true,
};

void sip_request_open_inside(struct sip_request_inside *inside, struct sip_inv *inv, struct sip_dialog *dialog,
                             enum sip_method method, sip_request_fn done)
{
    *inside = (struct sip_request_inside){.request = {.stack = inv->stack,
                                                      .place = &inside_place,
                                                      .done = done,
                                                      .method = method,
                                                      .inv = inv->id,
                                                      .leave_at = MONO_NEVER},
                                          .inv = inv,
                                          .dialog = dialog};
}
