/* SPDX-License-Identifier: MIT */
/* sip_client_async.h: one engine and one phone for each. */
#include "sip_client_async.h"

#include <stdlib.h>

#include "phone.h"

#define CALLS_DEFAULT 4
#define CALLS_MAX     64
#define RING_DEFAULT  120

struct sip_phone {
    struct engine *engine; /* owns */
    struct phone *phone;   /* owns */
    sip_phone_event_fn event;
    void *ctx;
    struct net_addr media_ip;
    int rtp_port;
    dur_us ring;
    char why[MEDIA_WHY_MAX]; /* of the last file that was refused */
};

/* ---- numbers of calls: slot and the low bits of the generation ---- */

static int number_of(struct pool_id id)
{
    return (int)((id.generation & 0xffffffU) * CALLS_MAX + id.slot);
}

static struct line *find(const sip_phone *phone, int call)
{
    uint32_t slot = (uint32_t)call % CALLS_MAX;
    struct pool_id id = POOL_ID_NONE;
    struct line *line = call > 0 && phone != NULL ? pool_next(&phone->phone->lines, &slot, &id) : NULL;

    return line != NULL && number_of(id) == call && line->state != LINE_ENDED ? line : NULL;
}

/* ---- events ---- */

static void on_event(void *ctx, struct line *line, enum line_event what)
{
    static const sip_phone_event_kind kinds[] = {[LINE_EVENT_PROGRESS] = SIP_PHONE_RINGING,
                                                 [LINE_EVENT_ANSWERED] = SIP_PHONE_ANSWERED,
                                                 [LINE_EVENT_PLAYED] = SIP_PHONE_PLAYED,
                                                 [LINE_EVENT_ENDED] = SIP_PHONE_ENDED};
    sip_phone *phone = ctx;
    const sip_phone_event event = {
        .kind = kinds[what], .call = number_of(line->id), .code = line->code, .reason = line->reason};

    if (phone->event != NULL) {
        phone->event(phone->ctx, &event);
    }
}

static void on_packet(void *ctx, const struct line_audio *audio, const void *data, size_t len)
{
    sip_phone *phone = ctx;
    struct line *line;

    for (uint32_t slot = 0; (line = pool_next(&phone->phone->lines, &slot, NULL)) != NULL; slot++) {
        if (&line->audio == audio && phone->event != NULL) {
            const sip_phone_event event = {
                .kind = SIP_PHONE_PACKET, .call = number_of(line->id), .reason = "", .data = data, .data_size = len};
            phone->event(phone->ctx, &event);
            return;
        }
    }
}

/* ---- phones ---- */

static bool settings_ok(const sip_phone_settings *s, const char **why)
{
    *why = "settings: size, server, a port outside of 0 to 65535, or max_calls outside of 0 to 64";
    return s != NULL && s->size >= sizeof(*s) && s->server != NULL && s->server_port >= 0 &&
           s->server_port <= UINT16_MAX && s->local_port >= 0 && s->local_port <= UINT16_MAX && s->rtp_port >= 0 &&
           s->rtp_port <= UINT16_MAX && s->max_calls >= 0 && s->max_calls <= CALLS_MAX && s->ring_seconds >= 0;
}

static int open_phone(sip_phone *phone, const sip_phone_settings *s, const char **why)
{
    const struct phone_hooks hooks = {.ctx = phone, .event = on_event};
    struct phone_config config = {.domain = s->server,
                                  .user = s->username,
                                  .password = s->password,
                                  .caller = s->caller,
                                  .max_calls = s->max_calls != 0 ? (uint32_t)s->max_calls : CALLS_DEFAULT};
    uint16_t port = s->server_port != 0 ? (uint16_t)s->server_port : 5060;
    int status = os_resolve(s->server, port, &config.server);

    *why = "server: no address";
    if (status == ST_OK) {
        config.bind = config.server.family == 4 ? addr_ipv4(0, 0, 0, 0, 0) : (struct net_addr){.family = 6};
        if (s->local_ip != NULL && addr_parse_ip(span_cstr(s->local_ip), &config.bind) != ST_OK) {
            *why = "local_ip is no IP address";
            return ST_BAD;
        }
        config.bind.port = (uint16_t)s->local_port;
        status = phone_open(phone->engine, &config, &hooks, &phone->phone);
        *why = status == ST_NO_MEMORY ? "out of memory" : os_error_text();
    }
    phone->media_ip = config.bind;
    return status;
}

sip_phone *sip_phone_new(const sip_phone_settings *settings, sip_phone_event_fn event, void *ctx, const char **why)
{
    const char *unused = NULL;
    const char **text = why != NULL ? why : &unused;

    sip_phone *phone = settings_ok(settings, text) ? calloc(1, sizeof(*phone)) : NULL;

    if (phone == NULL) {
        return NULL;
    }
    *text = "out of memory or descriptors";
    int status = engine_new(&phone->engine);
    if (status == ST_OK) {
        library_log_open(&phone->engine->log, settings->debug != 0);
        status = open_phone(phone, settings, text);
    }
    if (status != ST_OK) {
        sip_phone_free(phone);
        return NULL;
    }
    phone->event = event;
    phone->ctx = ctx;
    phone->engine->hear = on_packet;
    phone->engine->hear_ctx = phone;
    phone->rtp_port = settings->rtp_port;
    phone->ring = DUR_S(settings->ring_seconds != 0 ? settings->ring_seconds : RING_DEFAULT);
    return phone;
}

void sip_phone_free(sip_phone *phone)
{
    if (phone == NULL || (phone->engine != NULL && phone->engine->inside)) {
        return;
    }
    phone_close(phone->phone);
    engine_free(phone->engine);
    free(phone);
}

int sip_phone_fd(const sip_phone *phone)
{
    return phone != NULL ? os_loop_fd(phone->engine->loop) : -1;
}

int sip_phone_timeout_ms(const sip_phone *phone)
{
    return phone != NULL ? engine_ms_until(engine_due(phone->engine)) : -1;
}

int sip_phone_step(sip_phone *phone)
{
    return phone != NULL && engine_turn(phone->engine, 0) == ST_OK ? 0 : -1;
}

int sip_phone_is_idle(const sip_phone *phone)
{
    return phone == NULL || !phone_is_busy(phone->phone);
}

/* ---- calls ---- */

static int find_port(sip_phone *phone, struct port **out)
{
    int number = phone->rtp_port;
    int status = ST_BUSY;

    for (int i = 0; i < RTP_PORT_TRIES && status == ST_BUSY && number <= UINT16_MAX;
         i++, number += number != 0 ? 2 : 0) {
        status = port_open(phone->engine, &phone->media_ip, (uint16_t)number, out);
    }
    return status;
}

int sip_phone_call(sip_phone *phone, const char *target)
{
    struct port *port = NULL;
    struct pool_id id;

    if (phone == NULL || target == NULL) {
        return -1;
    }
    if (find_port(phone, &port) != ST_OK) {
        return -2;
    }
    int status = phone_call(phone->phone, target, phone->ring, port, &id);
    port_close_unused(phone->engine); /* a target that was refused left it */
    if (status != ST_OK) {
        return status == ST_BAD ? -1 : -2;
    }
    return number_of(id);
}

int sip_phone_hang_up(sip_phone *phone, int call)
{
    struct line *line = find(phone, call);

    if (line == NULL) {
        return -1;
    }
    phone_hang_up(phone->phone, line->id);
    return 0;
}

int sip_phone_play(sip_phone *phone, int call, const char *file, const char **why)
{
    struct line *line = find(phone, call);
    const char *unused = NULL;
    const char **text = why != NULL ? why : &unused;

    if (line == NULL || line->state != LINE_UP) {
        *text = line == NULL ? "no such call" : "the call is not answered yet";
        return -1;
    }
    int status = line_audio_play(&line->audio, file, phone->why);
    line->was_playing = status == ST_OK;
    if (status != ST_OK) {
        *text = phone->why;
        return -2;
    }
    return 0;
}

int sip_phone_stop_playing(sip_phone *phone, int call)
{
    struct line *line = find(phone, call);

    if (line == NULL) {
        return -1;
    }
    line_audio_stop_playing(&line->audio);
    line->was_playing = false;
    return 0;
}

int sip_phone_record(sip_phone *phone, int call, const char *file)
{
    struct line *line = find(phone, call);

    if (line == NULL) {
        return -1;
    }
    record_close(line->audio.record);
    line->audio.record = NULL;
    return file == NULL || record_open(file, &line->audio.record) == ST_OK ? 0 : -2;
}

int sip_phone_remote_rtp_port(const sip_phone *phone, int call)
{
    const struct line *line = find(phone, call);

    return line != NULL ? media_session_negotiated(line->audio.session)->rtp.port : 0;
}
