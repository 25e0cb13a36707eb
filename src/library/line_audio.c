/* SPDX-License-Identifier: MIT */
#include "line_audio.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- what the session tells ---- */

static void record(struct engine *e, struct record *r, const struct media_event *event)
{
    if (r != NULL && record_packet(r, event->packet, event->codec, event->verdict) != ST_OK) {
        log_write(&e->log, LOG_WARNING, LOG_TEXT(&e->log, LIB_RECORDING_STOPPED), os_error_text());
    }
}

static void on_packet(struct line_audio *a, const struct media_event *event)
{
    struct engine *e = a->engine;

    if (event->is_audio) {
        record(e, a->port->record, event);
        record(e, a->record, event);
    }
    if (e->hear != NULL) {
        e->hear(e->hear_ctx, a, event->audio.ptr, event->audio.len); /* last: it may end the call */
    }
}

static void on_event(void *ctx, const struct media_event *event)
{
    struct line_audio *a = ctx;
    mono_us tick = media_tick_after(engine_now(a->engine)) - MEDIA_TICK_US;

    if (event->kind == MEDIA_EVENT_AUDIO) {
        on_packet(a, event);
    } else if (event->kind == MEDIA_EVENT_PLAY_ENDED) {
        a->playing_until = tick + DUR_MS(media_session_negotiated(a->session)->ptime_ms);
        if (a->last) {
            media_session_mute(a->session); /* from the next packet on */
        }
    }
}

/* ---- the session ---- */

int line_audio_open(struct line_audio *a, struct engine *e, struct port *port, const struct net_addr *ip,
                    const struct net_addr *sip_peer)
{
    const struct media_session_config config = {.label = "",
                                                .local = *ip,
                                                .port = port->number,
                                                .sip_peer = *sip_peer,
                                                .format = MEDIA_AUDIO_PACKETS,
                                                .event = on_event,
                                                .ctx = a};

    *a = (struct line_audio){.engine = e, .sip_peer = *sip_peer, .playing_until = MONO_NEVER};
    int status = media_session_open(e->media, &config, &a->session);
    if (status == ST_OK) {
        a->port = port;
        port_attach(port, media_session_id(a->session));
    }
    return status;
}

int line_audio_start(struct line_audio *a, bool sending)
{
    mono_us now = engine_now(a->engine);
    int status = sending ? engine_ticker_arm(a->engine) : ST_OK;

    if (status == ST_OK) {
        media_session_start(a->session, now, &a->sip_peer, sending);
    }
    return status;
}

void line_audio_close(struct line_audio *a)
{
    if (a->port == NULL) {
        return;
    }
    struct port *port = a->port;
    a->port = NULL;
    media_session_close(a->session, engine_now(a->engine)); /* RTCP BYE goes by the port */
    media_session_free(a->session);
    a->session = NULL;
    a->playing = false;
    engine_ticker_rest(a->engine);
    record_close(a->record);
    a->record = NULL;
    port_detach(port);
    port_close_unused(a->engine);
}

/* ---- the file ---- */

static int file_refuse(int status, char why[MEDIA_WHY_MAX], const char *text)
{
    snprintf(why, MEDIA_WHY_MAX, "%s", text);
    return status;
}

static int open_regular(const char *path, int *out, uint64_t *size, char why[MEDIA_WHY_MAX])
{
    struct stat info;

    if (path == NULL) {
        return file_refuse(ST_NOT_FOUND, why, "no file is named");
    }
    /* not to be held up by a FIFO of that name */
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
    if (fd < 0) {
        return file_refuse(errno == ENOENT ? ST_NOT_FOUND : ST_DENIED, why, strerror(errno));
    }
    if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) {
        (void)close(fd);
        return file_refuse(ST_DENIED, why, "not a regular file");
    }
    *size = (uint64_t)info.st_size;
    *out = fd;
    return ST_OK;
}

int line_audio_play(struct line_audio *a, const char *path, char why[MEDIA_WHY_MAX])
{
    uint64_t size = 0;
    int fd = -1;

    line_audio_stop_playing(a);
    int status = open_regular(path, &fd, &size, why);
    if (status == ST_OK) {
        status = media_session_play_file(a->session, fd, size, why);
    }
    a->playing = status == ST_OK;
    a->playing_until = MONO_NEVER;
    return status;
}

void line_audio_stop_playing(struct line_audio *a)
{
    media_session_stop_playing(a->session);
    a->playing = false;
}

bool line_audio_is_playing(struct line_audio *a)
{
    a->playing = a->playing && engine_now(a->engine) < a->playing_until;
    return a->playing;
}
