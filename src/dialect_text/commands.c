/* SPDX-License-Identifier: MIT */
/* What each verb does, and how a client is told that it was not done. */
#include "text.h"

#include "formats.h"

typedef void (*command_fn)(struct client *c, const struct command *cmd);

/* The words for a refusal that all verbs share; those of one verb alone stand with it. */
static void tell_refusal(struct client *c, const struct command *cmd, struct call_result result)
{
    switch (result.why) {
    case CALL_DONE: break;
    case CALL_NONE: dialect_text_error(c, cmd->word, ERROR_NO_CALL, "there is no call"); break;
    case CALL_NOT_UP:
        dialect_text_error(c, cmd->word, ERROR_NOT_ESTABLISHED, "the call has not been answered yet");
        break;
    case CALL_BUSY: dialect_text_error(c, cmd->word, ERROR_BUSY, "this connection has a call already"); break;
    case CALL_NO_TARGET:
        dialect_text_error(c, cmd->word, ERROR_BAD_ARGUMENT, "%s", sip_target_refusal(cmd->arg));
        break;
    case CALL_DENIED: dialect_text_error(c, cmd->word, ERROR_DENIED, "the dialling rules do not allow it"); break;
    case CALL_OVERLOAD:
        dialect_text_error(
            c, cmd->word, ERROR_BUSY,
            "the server is overloaded: packets of the calls that are up leave too late; try again later");
        break;
    case CALL_STOPPING: dialect_text_error(c, cmd->word, ERROR_BUSY, "the server is stopping"); break;
    case CALL_LINES: dialect_text_error(c, cmd->word, ERROR_BUSY, "all lines are in use"); break;
    case CALL_RATE:
        dialect_text_error(c, cmd->word, ERROR_RATE_LIMITED, "more than %u calls a minute",
                           (unsigned)client_limits(c).calls_per_minute);
        break;
    case CALL_STATUS: dialect_text_error(c, cmd->word, ERROR_INTERNAL, "out of memory"); break;
    }
}

static void do_call(struct client *c, const struct command *cmd)
{
    struct call_result result = client_dial(c, cmd->arg);

    if (result.why != CALL_STATUS) {
        tell_refusal(c, cmd, result);
    } else if (result.status == ST_FULL) {
        dialect_text_error(c, cmd->word, ERROR_BUSY, "no free line, try again later");
    } else if (result.status == ST_STATE) {
        dialect_text_error(c, cmd->word, ERROR_IO, "the SIP server's name has no address yet, try again later");
    } else {
        dialect_text_error(c, cmd->word, result.status == ST_IO ? ERROR_IO : ERROR_INTERNAL,
                           "the call could not be placed (%s)", status_name(result.status));
    }
}

static void do_hangup(struct client *c, const struct command *cmd)
{
    tell_refusal(c, cmd, client_hangup(c));
}

/* PLAY_WAV is never answered by ERROR. */
static void do_play(struct client *c, const struct command *cmd)
{
    char safe[TEXT_SAFE_MAX + 1];
    char why[MEDIA_WHY_MAX];
    struct call_result result = client_play(c, cmd->arg, why);
    const char *reason = result.why == CALL_NONE     ? "there is no call"
                         : result.why == CALL_NOT_UP ? "the call has not been answered yet"
                         : result.why == CALL_DENIED ? "the name is not allowed"
                                                     : why;

    if (result.why != CALL_DONE) {
        dialect_text_tell(c, "WAV_ACK:播放檔案 %s 失敗: %s", text_safe(cmd->arg, safe), reason);
    }
}

static void do_stop(struct client *c, const struct command *cmd)
{
    tell_refusal(c, cmd, client_stop_playing(c));
}

static void do_dtmf(struct client *c, const struct command *cmd)
{
    struct call_result result = client_dtmf(c, cmd->arg);
    char safe[TEXT_SAFE_MAX + 1];

    if (result.why != CALL_STATUS) {
        tell_refusal(c, cmd, result);
    } else if (result.status == ST_TOO_LARGE) {
        dialect_text_error(c, cmd->word, ERROR_TOO_LARGE, "at most %d keys and pauses", RTP_DTMF_MAX);
    } else if (result.status == ST_FULL) {
        dialect_text_error(c, cmd->word, ERROR_BUSY, "at most %d keys and pauses may wait, none of these was taken",
                           RTP_DTMF_MAX);
    } else {
        dialect_text_error(c, cmd->word, ERROR_BAD_ARGUMENT, "'%s': expected 0-9 * # A-D and ',' for a pause",
                           text_safe(cmd->arg, safe));
    }
}

static void do_mark(struct client *c, const struct command *cmd)
{
    struct call_result result = client_mark(c, cmd->arg);

    if (result.why != CALL_STATUS) {
        tell_refusal(c, cmd, result);
    } else if (result.status == ST_BAD) {
        dialect_text_error(c, cmd->word, ERROR_BAD_ARGUMENT,
                           "expected a name of 1 to %u bytes without control characters",
                           client_limits(c).mark_name_max);
    } else if (result.status == ST_FULL) {
        dialect_text_error(c, cmd->word, ERROR_BUSY, "%u marks wait already", client_limits(c).marks_max);
    } else {
        dialect_text_error(c, cmd->word, ERROR_INTERNAL, "out of memory");
    }
}

static void do_clear(struct client *c, const struct command *cmd)
{
    struct call_result result = client_clear(c);

    if (result.why == CALL_DONE) {
        text_client(c)->told_too_large = false;
    }
    tell_refusal(c, cmd, result);
}

static void do_media(struct client *c, const struct command *cmd)
{
    const struct text_format *format = dialect_text_format_find(cmd->arg);
    char all[64];
    char safe[TEXT_SAFE_MAX + 1];

    if (format == NULL) {
        dialect_text_format_list(all, sizeof(all));
        dialect_text_error(c, cmd->word, ERROR_BAD_ARGUMENT, "'%s': expected one of %s", text_safe(cmd->arg, safe),
                           all);
    } else if (client_set_format(c, format->format) != ST_OK) {
        dialect_text_error(c, cmd->word, ERROR_INTERNAL, "out of memory");
    } else {
        text_client(c)->rtp = format->rtp;
        text_client(c)->told_off = false;
        dialect_text_tell(c, "MEDIA:%s", format->name);
    }
}

static void do_latency(struct client *c, const struct command *cmd)
{
    struct client_limits limits = client_limits(c);
    uint32_t ms = 0;
    bool off = span_eq(cmd->arg, SPAN_LIT("off"));

    if (!off && (span_parse_u32(cmd->arg, limits.latency_max_ms, &ms) != ST_OK || ms < limits.latency_min_ms)) {
        dialect_text_error(c, cmd->word, ERROR_BAD_ARGUMENT, "expected LATENCY:ms, from %u to %u, or LATENCY:off",
                           limits.latency_min_ms, limits.latency_max_ms);
        return;
    }
    if (off) {
        dialect_text_tell(c, "LATENCY:off");
    } else {
        dialect_text_tell(c, "LATENCY:%u", (unsigned)ms);
    }
    client_set_latency(c, ms); /* its marks and MEDIA_XON come behind the echo */
}

static void do_list(struct client *c, const struct command *cmd)
{
    const char *why = NULL;

    if (client_list(c, &why) != ST_OK) {
        dialect_text_error(c, cmd->word, ERROR_IO, "the uploads cannot be listed: %s", why);
    }
}

static void do_delete(struct client *c, const struct command *cmd)
{
    char safe[TEXT_SAFE_MAX + 1];

    text_safe(cmd->arg, safe);
    switch (client_delete(c, cmd->arg)) {
    case ST_OK: dialect_text_tell(c, "WAV_DELETED:%.*s", SPAN_ARG(cmd->arg)); break;
    case ST_BAD: dialect_text_error(c, cmd->word, ERROR_BAD_ARGUMENT, "the name '%s' is not allowed", safe); break;
    case ST_NOT_FOUND: dialect_text_error(c, cmd->word, ERROR_NOT_FOUND, "no upload is named '%s'", safe); break;
    default: dialect_text_error(c, cmd->word, ERROR_IO, "the file cannot be removed"); break;
    }
}

static void do_stats(struct client *c, const struct command *cmd)
{
    tell_refusal(c, cmd, client_figures(c));
}

static void do_listen(struct client *c, const struct command *cmd)
{
    if (client_listen(c, true).why != CALL_DONE) {
        dialect_text_error(c, cmd->word, ERROR_DENIED, "incoming calls do not ring here (--incoming ring)");
    }
}

static void do_unlisten(struct client *c, const struct command *cmd)
{
    (void)cmd;
    (void)client_listen(c, false);
}

static void do_answer(struct client *c, const struct command *cmd)
{
    struct call_result result = client_answer(c);

    if (result.why == CALL_NONE) {
        dialect_text_error(c, cmd->word, ERROR_NO_CALL, "no call rings here");
    } else if (result.why != CALL_STATUS) { /* that was told as CALL_EVENT_UNANSWERED, before the end of the call was */
        tell_refusal(c, cmd, result);
    }
}

static void do_reject(struct client *c, const struct command *cmd)
{
    uint32_t code = 603;
    char safe[TEXT_SAFE_MAX + 1];

    if (cmd->has_arg && (span_parse_u32(cmd->arg, 699, &code) != ST_OK || code < 400)) {
        dialect_text_error(c, cmd->word, ERROR_BAD_ARGUMENT,
                           "'%s': expected REJECT or REJECT:code, code from 400 to 699", text_safe(cmd->arg, safe));
    } else if (client_reject(c, (int)code).why != CALL_DONE) {
        dialect_text_error(c, cmd->word, ERROR_NO_CALL, "no call rings here");
    }
}

static void do_upload_without_name(struct client *c, const struct command *cmd)
{
    dialect_text_error(c, cmd->word, ERROR_BAD_ARGUMENT, "expected WAV_UPLOAD:name:base64");
}

/* A verb without a function here is one of SPEC that a later version brings. */
static const command_fn commands[VERB_COUNT] = {
    [VERB_CALL] = do_call,       [VERB_HANGUP] = do_hangup, [VERB_WAV_UPLOAD] = do_upload_without_name,
    [VERB_PLAY_WAV] = do_play,   [VERB_STOP_WAV] = do_stop, [VERB_DTMF] = do_dtmf,
    [VERB_MEDIA] = do_media,     [VERB_MARK] = do_mark,     [VERB_CLEAR] = do_clear,
    [VERB_LATENCY] = do_latency, [VERB_LIST_WAV] = do_list, [VERB_DELETE_WAV] = do_delete,
    [VERB_STATS] = do_stats,     [VERB_LISTEN] = do_listen, [VERB_UNLISTEN] = do_unlisten,
    [VERB_ANSWER] = do_answer,   [VERB_REJECT] = do_reject,
};

bool dialect_text_is_done(enum verb verb)
{
    return commands[verb] != NULL;
}

void dialect_text_command(struct client *c, struct span text)
{
    struct command cmd;

    command_parse(text, &cmd);
    if (!dialect_text_is_one_line(c, text)) {
        return;
    }
    enum verb_takes takes = verb_takes(cmd.verb);
    if (cmd.verb == VERB_UNKNOWN) {
        dialect_text_unknown(c, text, cmd.word);
    } else if (commands[cmd.verb] == NULL) {
        dialect_text_error(c, cmd.word, ERROR_UNSUPPORTED, "this version does not do that yet");
    } else if (takes == VERB_TAKES_NOTHING && cmd.has_arg) {
        dialect_text_error(c, cmd.word, ERROR_BAD_ARGUMENT, "%s takes no argument", verb_name(cmd.verb));
    } else if (takes == VERB_TAKES_ARGUMENT && !cmd.has_arg && cmd.verb != VERB_PLAY_WAV) {
        dialect_text_error(c, cmd.word, ERROR_BAD_ARGUMENT, "an argument is missing: %s:…", verb_name(cmd.verb));
    } else {
        commands[cmd.verb](c, &cmd);
    }
}
