/* SPDX-License-Identifier: MIT */
/* What a client is told of its call, of one that rings here, and of its files. */
#include <stdio.h>

#include "text.h"

static void tell_state(struct client *c, const struct call_event *event)
{
    if (event->state == CALL_ST_ENDED) {
        dialect_text_tell(c, "CALL_STATE:ended:%d:%s", event->code, event->text);
    } else {
        dialect_text_tell(c, "CALL_STATE:%s", call_state_name((int)event->state));
    }
}

static void tell_unanswered(struct client *c, int status)
{
    dialect_text_error(c, SPAN_LIT("ANSWER"),
                       status == ST_FULL ? ERROR_BUSY
                       : status == ST_IO ? ERROR_IO
                                         : ERROR_INTERNAL,
                       "the call cannot be answered (%s)", status_name(status));
}

static void tell_figures(struct client *c, const struct call_figures *f)
{
    char rtt[32] = "-";
    char mos[32] = "-";

    if (f->has_rtt) {
        snprintf(rtt, sizeof(rtt), "%.1f", f->rtt_ms);
        snprintf(mos, sizeof(mos), "%.2f", f->mos);
    }
    dialect_text_tell(
        c,
        "CALL_STATS:call_id=%.*s duration_ms=%lld tx_packets=%lu rx_packets=%llu lost=%llu reordered=%llu "
        "duplicates=%llu jitter_ms=%.1f rtt_ms=%s mos=%s codec=%s skipped=%llu recording=%s",
        SPAN_ARG(f->call_id), (long long)(f->duration / 1000), (unsigned long)f->tx_packets,
        (unsigned long long)f->rx_packets, (unsigned long long)f->lost, (unsigned long long)f->reordered,
        (unsigned long long)f->duplicates, f->jitter_ms, rtt, mos, f->codec, (unsigned long long)f->skipped,
        f->recording[0] != '\0' ? f->recording : "-");
}

static void tell_played(struct client *c, const struct call_event *event)
{
    switch (event->file) {
    case CALL_FILE_STARTED: dialect_text_tell(c, "WAV_ACK:開始播放檔案 %s", event->text); break;
    case CALL_FILE_FAILED: dialect_text_tell(c, "WAV_ACK:播放檔案 %s 失敗: %s", event->text, event->why); break;
    case CALL_FILE_ENDED: dialect_text_tell(c, "WAV_DONE:%s", event->text); break;
    case CALL_FILE_STOPPED: dialect_text_tell(c, "WAV_DONE:%s:stopped", event->text); break;
    }
}

static void put_escaped(struct outbuf *out, const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == ':' || *text == '%') {
            outbuf_char(out, '%');
            outbuf_hex(out, text, 1);
        } else {
            outbuf_char(out, *text);
        }
    }
}

static void tell_incoming(struct client *c, const struct call_event *event)
{
    char text[6 * TEXT_SAFE_MAX + 16]; /* ':' and '%' escaped */
    struct outbuf out;

    outbuf_init(&out, text, sizeof(text));
    outbuf_str(&out, "INCOMING:");
    put_escaped(&out, event->caller);
    outbuf_char(&out, ':');
    put_escaped(&out, event->called);
    client_say(c, outbuf_view(&out));
}

static const char *gone_text(enum call_gone gone)
{
    static const char *const texts[CALL_GONE_COUNT] = {
        [CALL_GONE_CANCELLED] = "cancelled",   [CALL_GONE_ANSWERED_ELSEWHERE] = "answered elsewhere",
        [CALL_GONE_NO_ANSWER] = "no answer",   [CALL_GONE_FAILED] = "failed",
        [CALL_GONE_STOPPING] = "server stops", [CALL_GONE_REJECTED] = "rejected",
        [CALL_GONE_DIALLING] = "dialling",     [CALL_GONE_NOT_LISTENING] = "not listening",
    };
    return texts[gone];
}

static void tell_flow(struct client *c, bool stop)
{
    dialect_text_tell(c, stop ? "MEDIA_XOFF" : "MEDIA_XON");
    if (!stop) {
        text_client(c)->told_too_large = false;
    }
}

static void call_begins(struct text_client *t)
{
    t->told_slow = false;
    t->told_no_call = false;
    t->told_too_early = false;
    t->told_too_large = false;
}

static void tell_slow(struct client *c)
{
    struct text_client *t = text_client(c);

    if (!t->told_slow) {
        t->told_slow = true;
        dialect_text_error(c, SPAN_LIT("MEDIA"), ERROR_BUSY, "you read too slowly, the oldest audio was dropped");
    }
}

void dialect_text_event(struct client *c, const struct call_event *event)
{
    switch (event->kind) {
    case CALL_EVENT_BEGINS: call_begins(text_client(c)); break;
    case CALL_EVENT_STATE: tell_state(c, event); break;
    case CALL_EVENT_FIGURES: tell_figures(c, event->figures); break;
    case CALL_EVENT_DIGIT: dialect_text_tell(c, "DTMF:%c", event->digit); break;
    case CALL_EVENT_MARK: dialect_text_tell(c, "MARK:%s", event->text); break;
    case CALL_EVENT_FLOW: tell_flow(c, event->stop); break;
    case CALL_EVENT_FILE: tell_played(c, event); break;
    case CALL_EVENT_AUDIO_LOST: tell_slow(c); break;
    case CALL_EVENT_INCOMING: tell_incoming(c, event); break;
    case CALL_EVENT_GONE: dialect_text_tell(c, "INCOMING_GONE:%s", gone_text(event->gone)); break;
    case CALL_EVENT_UNANSWERED: tell_unanswered(c, event->status); break;
    case CALL_EVENT_AUDIO:
    case CALL_EVENT_SILENT:
    case CALL_EVENT_FREE: break;
    }
}

void dialect_text_file(struct client *c, const struct file_event *event)
{
    switch (event->kind) {
    case FILE_EVENT_STORED:
        dialect_text_tell(c, "WAV_ACK:檔案上傳成功 (%llu 字節)", (unsigned long long)event->bytes);
        break;
    case FILE_EVENT_NOT_STORED:
        dialect_text_error(c, SPAN_LIT("WAV_UPLOAD"), event->status == ST_FULL ? ERROR_QUOTA : ERROR_IO,
                           "the file cannot be stored: %s", event->status == ST_FULL ? "no room left" : event->text);
        break;
    case FILE_EVENT_LISTED:
        dialect_text_tell(c, "WAV_LIST:%s:%llu:%llu", event->text, (unsigned long long)event->bytes,
                          (unsigned long long)event->ms);
        break;
    case FILE_EVENT_LIST_END: dialect_text_tell(c, "WAV_LIST_END:%u", (unsigned)event->count); break;
    }
}
