/* SPDX-License-Identifier: MIT */
#include "bridge_priv.h"

typedef void (*command_fn)(struct client *c, const struct ws_command *cmd);

static struct call *call_of(struct client *c)
{
    return call_get(c->bridge, c->call);
}

static struct call *need_call(struct client *c, const struct ws_command *cmd)
{
    struct call *call = call_of(c);

    if (call == NULL) {
        client_error(c, cmd->word, WS_ERROR_NO_CALL, "there is no call");
    }
    return call;
}

static struct call *need_established(struct client *c, const struct ws_command *cmd)
{
    struct call *call = need_call(c, cmd);

    if (call != NULL && call->state != CALL_ESTABLISHED) {
        client_error(c, cmd->word, WS_ERROR_NOT_ESTABLISHED, "the call has not been answered yet");
        return NULL;
    }
    return call;
}

/* A NUL-terminated copy of a valid file name. */
static bool take_name(struct span arg, char out[WS_NAME_MAX + 1])
{
    return file_name_is_ok(arg) && span_copy(arg, out, WS_NAME_MAX + 1) == ST_OK;
}

static void do_call(struct client *c, const struct ws_command *cmd)
{
    if (call_of(c) != NULL) {
        client_error(c, cmd->word, WS_ERROR_BUSY, "this connection has a call already");
        return;
    }
    if (client_begin_call(c) != ST_OK) {
        client_error(c, cmd->word, WS_ERROR_INTERNAL, "out of memory");
        return;
    }
    call_dial(c, cmd->arg);
}

static void do_hangup(struct client *c, const struct ws_command *cmd)
{
    struct call *call = need_call(c, cmd);

    if (call != NULL) {
        int code = call_clearing_code(call);
        call_end(call, CALL_EV_HANGUP, code, sip_reason_phrase(code));
    }
}

static void do_play(struct client *c, const struct ws_command *cmd)
{
    char name[WS_NAME_MAX + 1];
    char safe[TEXT_SAFE_MAX + 1];
    char why[160];
    struct call *call = call_of(c);
    const char *reason = why;
    bool ok = false;

    if (!take_name(cmd->arg, name)) {
        reason = "the name is not allowed";
    } else if (call == NULL) {
        reason = "there is no call";
    } else if (call->state != CALL_ESTABLISHED) {
        reason = "the call has not been answered yet";
    } else {
        ok = player_add(&call->media.player, name, why, sizeof(why)) == ST_OK;
    }
    if (ok) {
        lanes_file_queued(&call->media.lanes);
        (void)media_file_next(call); /* what has to be converted is there at the next tick */
    } else {
        client_tell(c, "WAV_ACK:播放檔案 %s 失敗: %s", text_safe(cmd->arg, safe), reason);
    }
}

static void do_stop(struct client *c, const struct ws_command *cmd)
{
    struct call *call = need_established(c, cmd);

    if (call == NULL) {
        return;
    }
    struct player *p = &call->media.player;
    player_forget(p);
    if (p->playing && p->announced) {
        client_tell(c, "WAV_DONE:%s:stopped", p->name);
    }
    player_stop(p);
    lanes_files_stopped(&call->media.lanes);
}

static void do_dtmf(struct client *c, const struct ws_command *cmd)
{
    struct call *call = need_established(c, cmd);
    char safe[TEXT_SAFE_MAX + 1];

    if (call == NULL) {
        return;
    }
    switch (rtp_dtmf_tx_add(&call->media.keys_out, cmd->arg)) {
    case ST_OK: break;
    case ST_TOO_LARGE:
        client_error(c, cmd->word, WS_ERROR_TOO_LARGE, "at most %d keys and pauses", RTP_DTMF_MAX);
        break;
    case ST_FULL:
        client_error(c, cmd->word, WS_ERROR_BUSY, "at most %d keys and pauses may wait, none of these was taken",
                     RTP_DTMF_MAX);
        break;
    default:
        client_error(c, cmd->word, WS_ERROR_BAD_ARGUMENT, "'%s': expected 0-9 * # A-D and ',' for a pause",
                     text_safe(cmd->arg, safe));
        break;
    }
}

static void do_mark(struct client *c, const struct ws_command *cmd)
{
    struct call *call = need_established(c, cmd);

    if (call != NULL) {
        client_mark(c, call, cmd->arg);
    }
}

static void do_clear(struct client *c, const struct ws_command *cmd)
{
    struct call *call = need_established(c, cmd);

    if (call != NULL) {
        client_clear(c, call);
    }
}

static void do_media(struct client *c, const struct ws_command *cmd)
{
    char done[64];
    char safe[TEXT_SAFE_MAX + 1];
    enum media_format format = MEDIA_HEX;
    int status = media_format_parse(cmd->arg, &format);

    if (status == ST_OK && client_hear_format(c, format) != ST_OK) {
        client_error(c, cmd->word, WS_ERROR_INTERNAL, "out of memory");
        return;
    }
    if (status == ST_OK) {
        client_set_format(c, format);
        return;
    }
    media_format_list(done, sizeof(done));
    if (status == ST_UNSUPPORTED) {
        client_error(c, cmd->word, WS_ERROR_UNSUPPORTED, "%s is not done yet; taken: %s", media_format_name(format),
                     done);
    } else {
        client_error(c, cmd->word, WS_ERROR_BAD_ARGUMENT, "'%s': expected one of %s", text_safe(cmd->arg, safe), done);
    }
}

static void do_latency(struct client *c, const struct ws_command *cmd)
{
    uint32_t ms = 0;
    bool off = span_eq(cmd->arg, SPAN_LIT("off"));

    if (!off && (span_parse_u32(cmd->arg, LATENCY_MAX_MS, &ms) != ST_OK || ms < LATENCY_MIN_MS)) {
        client_error(c, cmd->word, WS_ERROR_BAD_ARGUMENT, "expected LATENCY:ms, from %u to %u, or LATENCY:off",
                     LATENCY_MIN_MS, LATENCY_MAX_MS);
        return;
    }
    client_set_latency(c, ms);
}

static void do_list(struct client *c, const struct ws_command *cmd)
{
    (void)cmd;
    listing_start(c);
}

static void do_delete(struct client *c, const struct ws_command *cmd)
{
    const struct file_io *files = &c->bridge->config.files;
    char name[WS_NAME_MAX + 1];
    char safe[TEXT_SAFE_MAX + 1];

    if (!take_name(cmd->arg, name)) {
        client_error(c, cmd->word, WS_ERROR_BAD_ARGUMENT, "the name '%s' is not allowed", text_safe(cmd->arg, safe));
        return;
    }
    int status = files->remove(files->ctx, name);
    if (status == ST_OK) {
        client_tell(c, "WAV_DELETED:%s", name);
    } else if (status == ST_NOT_FOUND) {
        client_error(c, cmd->word, WS_ERROR_NOT_FOUND, "no upload is named '%s'", text_safe(cmd->arg, safe));
    } else {
        client_error(c, cmd->word, WS_ERROR_IO, "the file cannot be removed");
    }
}

static void do_stats(struct client *c, const struct ws_command *cmd)
{
    struct call *call = need_established(c, cmd);

    if (call != NULL) {
        call_tell_stats(call, c);
    }
}

static void do_listen(struct client *c, const struct ws_command *cmd)
{
    if (c->bridge->config.incoming == BRIDGE_INCOMING_RING) {
        ringing_listen(c, true);
    } else {
        client_error(c, cmd->word, WS_ERROR_DENIED, "incoming calls do not ring here (--incoming ring)");
    }
}

static void do_unlisten(struct client *c, const struct ws_command *cmd)
{
    (void)cmd;
    ringing_listen(c, false);
}

static void do_answer(struct client *c, const struct ws_command *cmd)
{
    (void)cmd;
    incoming_answer(c);
}

static void do_reject(struct client *c, const struct ws_command *cmd)
{
    uint32_t code = 603;
    char safe[TEXT_SAFE_MAX + 1];

    if (cmd->has_arg && (span_parse_u32(cmd->arg, 699, &code) != ST_OK || code < 400)) {
        client_error(c, cmd->word, WS_ERROR_BAD_ARGUMENT, "'%s': expected REJECT or REJECT:code, code from 400 to 699",
                     text_safe(cmd->arg, safe));
    } else {
        incoming_reject(c, (int)code);
    }
}

static void do_upload_without_name(struct client *c, const struct ws_command *cmd)
{
    client_error(c, cmd->word, WS_ERROR_BAD_ARGUMENT, "expected WAV_UPLOAD:name:base64");
}

enum takes { TAKES_NOTHING, TAKES_ARGUMENT, TAKES_EITHER };

/* A verb without a function here is one of SPEC that a later version brings. */
static const struct {
    command_fn run;
    enum takes takes;
} commands[WS_VERB_COUNT] = {
    [WS_VERB_CALL] = {do_call, TAKES_ARGUMENT},
    [WS_VERB_HANGUP] = {do_hangup, TAKES_NOTHING},
    [WS_VERB_WAV_UPLOAD] = {do_upload_without_name, TAKES_ARGUMENT},
    [WS_VERB_PLAY_WAV] = {do_play, TAKES_ARGUMENT},
    [WS_VERB_STOP_WAV] = {do_stop, TAKES_NOTHING},
    [WS_VERB_DTMF] = {do_dtmf, TAKES_ARGUMENT},
    [WS_VERB_MEDIA] = {do_media, TAKES_ARGUMENT},
    [WS_VERB_MARK] = {do_mark, TAKES_ARGUMENT},
    [WS_VERB_CLEAR] = {do_clear, TAKES_NOTHING},
    [WS_VERB_LATENCY] = {do_latency, TAKES_ARGUMENT},
    [WS_VERB_LIST_WAV] = {do_list, TAKES_NOTHING},
    [WS_VERB_DELETE_WAV] = {do_delete, TAKES_ARGUMENT},
    [WS_VERB_STATS] = {do_stats, TAKES_NOTHING},
    [WS_VERB_LISTEN] = {do_listen, TAKES_NOTHING},
    [WS_VERB_UNLISTEN] = {do_unlisten, TAKES_NOTHING},
    [WS_VERB_ANSWER] = {do_answer, TAKES_NOTHING},
    [WS_VERB_REJECT] = {do_reject, TAKES_EITHER},
};

void client_command(struct client *c, struct span text)
{
    struct ws_command cmd;

    if (c->gone) {
        return;
    }
    ws_command_parse(text, &cmd);
    if (!client_is_one_line(c, text)) {
        return;
    }
    if (cmd.verb == WS_VERB_UNKNOWN) {
        client_unknown(c, text, cmd.word);
    } else if (commands[cmd.verb].run == NULL) {
        client_error(c, cmd.word, WS_ERROR_UNSUPPORTED, "this version does not do that yet");
    } else if (commands[cmd.verb].takes == TAKES_NOTHING && cmd.has_arg) {
        client_error(c, cmd.word, WS_ERROR_BAD_ARGUMENT, "%s takes no argument", ws_verb_name(cmd.verb));
    } else if (commands[cmd.verb].takes == TAKES_ARGUMENT && !cmd.has_arg && cmd.verb != WS_VERB_PLAY_WAV) {
        client_error(c, cmd.word, WS_ERROR_BAD_ARGUMENT, "an argument is missing: %s:…", ws_verb_name(cmd.verb));
    } else {
        commands[cmd.verb].run(c, &cmd);
    }
}
