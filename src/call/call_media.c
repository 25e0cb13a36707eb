/* SPDX-License-Identifier: MIT */
/* A call and its media session: how it is opened for the call's client, and what it tells in the client's words. */
#include "bridge_priv.h"

static void on_event(void *ctx, const struct media_event *event)
{
    struct call *call = ctx;
    struct client *c = client_get(call->bridge, call->client);

    switch (event->kind) {
    case MEDIA_EVENT_AUDIO: client_audio(c, event->audio.ptr, event->audio.len); break;
    case MEDIA_EVENT_DTMF: client_tell(c, "DTMF:%c", event->digit); break;
    case MEDIA_EVENT_MARK: client_tell(c, "MARK:%s", event->name); break;
    case MEDIA_EVENT_FLOW_STOP: client_tell(c, "MEDIA_XOFF"); break;
    case MEDIA_EVENT_FLOW_GO:
        client_tell(c, "MEDIA_XON");
        if (c != NULL) {
            c->told_too_large = false;
        }
        break;
    case MEDIA_EVENT_PLAY_STARTED: client_tell(c, "WAV_ACK:開始播放檔案 %s", event->name); break;
    case MEDIA_EVENT_PLAY_FAILED: client_tell(c, "WAV_ACK:播放檔案 %s 失敗: %s", event->name, event->why); break;
    case MEDIA_EVENT_PLAY_ENDED: client_tell(c, "WAV_DONE:%s", event->name); break;
    case MEDIA_EVENT_PLAY_STOPPED: client_tell(c, "WAV_DONE:%s:stopped", event->name); break;
    case MEDIA_EVENT_COUNT: break;
    }
}

int call_open_media(struct call *call)
{
    struct bridge *b = call->bridge;
    const struct client *c = client_get(b, call->client);
    const struct media_session_config config = {.label = call->label,
                                                .local = b->config.media_addr,
                                                .sip_peer = call->sip_peer,
                                                .format = c != NULL ? media_format_audio(c->format) : MEDIA_AUDIO_OFF,
                                                .upsampler = c != NULL ? c->upsampler : NULL,
                                                .latency_ms = c != NULL ? c->latency_ms : 0,
                                                .source = call->echo ? MEDIA_SOURCE_ECHO : MEDIA_SOURCE_QUEUE,
                                                .event = on_event,
                                                .ctx = call};

    return media_session_open(b->media, &config, &call->media);
}

void call_close_media(struct call *call)
{
    struct client *c = client_get(call->bridge, call->client);

    media_session_close(call->media, call->bridge->now);
    if (c != NULL) {
        client_end_audio(c);
    }
}

static void call_id_8(const struct call *call, char out[9])
{
    struct span id = sip_inv_call_id(call->bridge->sip, call->usage);
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
    struct bridge *b = call->bridge;
    char callid8[9];

    if (!b->config.record) {
        return;
    }
    call_id_8(call, callid8);
    int status = media_session_record(call->media, b->now, b->config.record_stereo, call->label, callid8);
    if (status != ST_OK) {
        /* no room left: that was warned of, once for all calls */
        enum log_level level = status == ST_FULL ? LOG_INFO : LOG_WARNING;
        char words[LOG_WORDS_MAX];
        log_write(b->log, level, LOG_TEXT(b->log, CALL_NOT_RECORDED), call->label,
                  log_words(b->log, status_name(status), words));
    }
}
