/* SPDX-License-Identifier: MIT */
/* What is not taken leaves a trace: a line in the log, strangers under a quota of their own, and a reason at the end
 * of the call that the message belonged to. */
#include <stdio.h>

#include "inv.h"
#include "wsaudio/sipmsg/body.h"

/* Some servers keep a NAT's binding alive with a few bytes that are no SIP (four zeros): nobody's fault, nothing to tell. */
#define KEEPALIVE_MAX 8

/* Whether a line may be written, and how loud: unknown sources have the guard's rate, so that they cannot use up the lines about
 * those whom we talk to. */
static bool refusal_may_tell(struct sip_stack *stack, mono_us now, struct log_quota *quota, const struct sip_flow *from,
                             enum log_level *level)
{
    const struct log *log = stack->config.log;

    *level = sip_guard_knows(stack, &from->remote) ? LOG_WARNING : LOG_INFO;
    if (*level == LOG_WARNING) {
        return log_quota_take(quota, log, LOG_WARNING, now);
    }
    return log_wants(log, LOG_INFO) && sip_guard_line(stack, now, &from->remote);
}

/* "INVITE", "response 200" or "datagram": never a line as it came, which may hold a password. */
static const char *name_of(const struct sip_msg *message, char buf[TEXT_SAFE_MAX + 1])
{
    if (message->is_request) {
        return text_safe(message->method_text, buf);
    }
    (void)snprintf(buf, TEXT_SAFE_MAX + 1, message->status != 0 ? "response %d" : "datagram", message->status);
    return buf;
}

void sip_stack_unread(struct sip_stack *stack, mono_us now, const struct sip_msg *message, const struct sip_flow *from,
                      const char *why)
{
    const struct log *log = stack->config.log;
    enum log_level level = LOG_INFO;
    struct sip_inv *usage =
        message->call_id.len > 0 ? sip_inv_index_find(&stack->by_call_id, message->call_id, NULL) : NULL;
    char what[TEXT_SAFE_MAX + 1];
    char addr[ADDR_TEXT_MAX];

    if (usage != NULL) {
        usage->unread = why;
    }
    if (message->raw.len > KEEPALIVE_MAX && refusal_may_tell(stack, now, &stack->unread_lines, from, &level)) {
        log_write(log, level, LOG_TEXT(log, SIP_UNREAD), name_of(message, what), addr_text(&from->remote, addr), why);
    }
}

struct span sip_inv_why(const struct sip_inv *usage, int code, char buf[SIP_INV_WHY_MAX])
{
    if (code != 408 || usage->unread == NULL) {
        return span_cstr(sip_reason_phrase(code));
    }
    (void)snprintf(buf, SIP_INV_WHY_MAX, TEXT_EN_WORD_UNREAD, sip_reason_phrase(code), usage->unread);
    return span_cstr(buf);
}

/* What in the request it was. */
static struct span refusal_culprit(const struct sip_msg *request, int code)
{
    switch (code) {
    case 406: return sip_msg_value(request, SIP_HEADER_ACCEPT);
    case 415: return sip_body_read(request).why;
    case 416: return request->uri.scheme_name;
    case 420: return sip_msg_value(request, SIP_HEADER_REQUIRE);
    default: return SPAN_NONE;
    }
}

/* What is told: a refusal of ours that nobody above decided. 405, 481, 482, 491 and 501 are every day's answers to what other servers
 * try, and what the owner refuses he tells himself; only a re-INVITE's 488 has nobody else. */
static bool refusal_is_told(const struct sip_msg *request, int code)
{
    static const int codes[] = {400, 406, 413, 415, 416, 420, 500, 505};

    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        if (codes[i] == code) {
            return true;
        }
    }
    return code == 488 && request->to.tag.len > 0;
}

void sip_stack_log_refusal(struct sip_stack *stack, mono_us now, const struct sip_msg *request,
                           const struct sip_flow *source, const struct sip_reply *reply)
{
    const struct log *log = stack->config.log;
    enum log_level level = LOG_INFO;
    struct span reason = reply->reason.len > 0 ? reply->reason : span_cstr(sip_reason_phrase(reply->code));
    char method[TEXT_SAFE_MAX + 1];
    char phrase[TEXT_SAFE_MAX + 1];
    char detail[TEXT_SAFE_MAX + 1];
    char addr[ADDR_TEXT_MAX];

    if (!refusal_is_told(request, reply->code) ||
        !refusal_may_tell(stack, now, &stack->refused_lines, source, &level)) {
        return;
    }
    struct span what = refusal_culprit(request, reply->code);
    log_write(log, level, LOG_TEXT(log, SIP_REFUSED), text_safe(request->method_text, method),
              addr_text(&source->remote, addr), reply->code, text_safe(reason, phrase), what.len > 0 ? ": " : "",
              text_safe(what, detail));
}
