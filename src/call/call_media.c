/* SPDX-License-Identifier: MIT */
/* A call and its media session: how it is opened for the call's owner, and what of it is told to him. */
#include "calls_priv.h"

static void tell_file(const struct call *call, enum call_file file, const struct media_event *event)
{
    call_tell(call, (struct call_event){.kind = CALL_EVENT_FILE, .file = file, .text = event->name, .why = event->why});
}

static void on_event(void *ctx, const struct media_event *event)
{
    const struct call *call = ctx;

    switch (event->kind) {
    case MEDIA_EVENT_AUDIO:
        call_tell(call, (struct call_event){.kind = CALL_EVENT_AUDIO, .audio = event->audio});
        break;
    case MEDIA_EVENT_DTMF: call_tell(call, (struct call_event){.kind = CALL_EVENT_DIGIT, .digit = event->digit}); break;
    case MEDIA_EVENT_MARK: call_tell(call, (struct call_event){.kind = CALL_EVENT_MARK, .text = event->name}); break;
    case MEDIA_EVENT_FLOW_STOP: call_tell(call, (struct call_event){.kind = CALL_EVENT_FLOW, .stop = true}); break;
    case MEDIA_EVENT_FLOW_GO: call_tell(call, (struct call_event){.kind = CALL_EVENT_FLOW, .stop = false}); break;
    case MEDIA_EVENT_PLAY_STARTED: tell_file(call, CALL_FILE_STARTED, event); break;
    case MEDIA_EVENT_PLAY_FAILED: tell_file(call, CALL_FILE_FAILED, event); break;
    case MEDIA_EVENT_PLAY_ENDED: tell_file(call, CALL_FILE_ENDED, event); break;
    case MEDIA_EVENT_PLAY_STOPPED: tell_file(call, CALL_FILE_STOPPED, event); break;
    case MEDIA_EVENT_COUNT: break;
    }
}

int call_open_media(struct call *call)
{
    struct calls *all = call->calls;
    const struct media_session_config config = {.label = call->label,
                                                .local = all->config.media_addr,
                                                .sip_peer = call->sip_peer,
                                                .format = call->who.format,
                                                .upsampler = call->who.upsampler,
                                                .latency_ms = call->who.latency_ms,
                                                .source = call->echo ? MEDIA_SOURCE_ECHO : MEDIA_SOURCE_QUEUE,
                                                .event = on_event,
                                                .ctx = call};

    return media_session_open(all->media, &config, &call->media);
}

void call_close_media(struct call *call)
{
    media_session_close(call->media, *call->calls->now);
    call_tell(call, (struct call_event){.kind = CALL_EVENT_SILENT});
}

static void call_id_8(const struct call *call, char out[9])
{
    struct span id = sip_inv_call_id(call->calls->sip, call->usage);
    size_t n = 0;

    for (size_t i = 0; i < id.len && n < 8; i++) {
        if (char_is_alnum(id.ptr[i])) {
            out[n++] = id.ptr[i];
        }
    }
    while (n < 8) {
        out[n++] = '0';
    }
    out[8] = '\0';
}

void call_record_media(struct call *call)
{
    struct calls *all = call->calls;
    char callid8[9];

    if (!all->config.record) {
        return;
    }
    call_id_8(call, callid8);
    int status = media_session_record(call->media, *all->now, all->config.record_stereo, call->label, callid8);
    if (status != ST_OK) {
        /* no room left: that was warned of, once for all calls */
        enum log_level level = status == ST_FULL ? LOG_INFO : LOG_WARNING;
        char words[LOG_WORDS_MAX];
        log_write(all->log, level, LOG_TEXT(all->log, CALL_NOT_RECORDED), call->label,
                  log_words(all->log, status_name(status), words));
    }
}
