/* SPDX-License-Identifier: MIT */
#include "server_priv.h"

#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#define STOP_LIMIT_US   DUR_S(5)
#define RELOAD_EVERY_US DUR_S(1)
/* SIP datagrams may fill a UDP packet, RTP never does; one batch of slots serves all sockets. */
#define DATAGRAM_SLOT 65536
/* listener, signals, ticker, flusher, SIP, loopback SIP and some air */
#define FIXED_WATCHES 32
/* What a packet may wait when much comes; a twentieth of the tick, so that the tick begins with a turn. */
#define GATHER_GRAIN_US DUR_MS(1)

/* ---- ticks and signals ---- */

/* The ticker wakes; the loop calls beat. How many expirations there were does not matter: each call looks at the clock (SPEC, late
 * ticks). */
static void tick_ready(void *ctx, struct pool_id watch, unsigned events, mono_us now)
{
    struct server *server = ctx;

    (void)watch;
    (void)events;
    (void)now;
    (void)os_ticker_read(&server->ticker);
}

static mono_us tick_due(const struct server *server)
{
    mono_us due = gateway_tick_due(server->gateway);

    return server->loopback != NULL ? mono_earlier(due, server_loopback_tick_due(server->loopback)) : due;
}

static void beat(void *ctx, mono_us now)
{
    struct server *server = ctx;

    gateway_tick(server->gateway);
    if (server->loopback != NULL) {
        server_loopback_tick(server->loopback, now);
    }
    os_loop_beat_at(server->loop, tick_due(server));
}

static void begin_stop(struct server *server, mono_us now)
{
    if (server->stopping) {
        server->killed = true;
        return;
    }
    server->stopping = true;
    server_dns_stop(server->dns);
    route_watch_stop(server->route);
    server->stop_by = now + STOP_LIMIT_US;
    log_write(&server->log, LOG_INFO, LOG_TEXT(&server->log, STOPPING));
    web_stop(server->web, now);
    gateway_stop(server->gateway);
    sip_stack_stop(server->sip, now);
}

/* ---- the log ---- */

static void unwatch_log(struct server *server)
{
    os_loop_unwatch(server->loop, server->log_watch);
    server->log_watch = POOL_ID_NONE;
}

static void log_ready(void *ctx, struct pool_id watch, unsigned events, mono_us now)
{
    struct server *server = ctx;

    (void)watch;
    (void)events;
    (void)now;
    logfile_flush(&server->logfile);
}

/* The reader is asked after only while lines wait for it. What epoll cannot watch is tried again with the next line. */
static void watch_log(struct server *server)
{
    bool waits = os_lines_waits_for_reader(&server->logfile.lines);

    if (!waits && !pool_id_is_none(server->log_watch)) {
        unwatch_log(server);
    } else if (waits && pool_id_is_none(server->log_watch)) {
        (void)!os_loop_watch(server->loop, server->logfile.lines.fd, OS_WRITE, OS_CLASS_SOCKET, log_ready, server,
                             &server->log_watch);
    }
}

/* SIGHUP: files are opened and read anew. What comes by the thousand is carried out once a second. */
static void files_reload(struct server *server, mono_us now)
{
    char why[TOKENS_WHY_MAX];
    char words[LOG_WORDS_MAX];

    server->reload_due = MONO_NEVER;
    server->reloaded_at = now;
    unwatch_log(server);                                                     /* before its descriptor closes */
    bool reopened = logfile_reopen(&server->logfile, &server->log) == ST_OK; /* says itself why not */
    if (web_reload(server->web, why) != ST_OK) {
        log_write(&server->log, LOG_ERROR, LOG_TEXT(&server->log, TOKENS_KEPT), log_words(&server->log, why, words));
    } else if (reopened && log_quota_take(&server->reloads, &server->log, LOG_INFO, now)) {
        log_write(&server->log, LOG_INFO, LOG_TEXT(&server->log, RELOADED));
    }
}

static void ask_reload(struct server *server, mono_us now)
{
    if (now - server->reloaded_at >= RELOAD_EVERY_US) {
        files_reload(server, now);
    } else {
        server->reload_due = server->reloaded_at + RELOAD_EVERY_US;
    }
}

static void signals_ready(void *ctx, struct pool_id watch, unsigned events, mono_us now)
{
    struct server *server = ctx;
    int signal_number;

    (void)watch;
    (void)events;
    while ((signal_number = os_signals_read(server->signals_fd)) != 0) {
        if (signal_number == SIGHUP) {
            ask_reload(server, now);
        } else if (signal_number == SIGUSR2) {
            server_dump_start(server);
        } else {
            begin_stop(server, now);
        }
    }
}

/* ---- opening and closing ---- */

/* RTP, RTCP, recording and file of a call, with the loopback exchange its other end's as well; a client and its upload. */
static uint64_t descriptors_needed(const struct options *o)
{
    uint64_t of_a_call = o->sip_server.name == NULL ? 6 : 4;

    return FIXED_WATCHES + o->max_calls * of_a_call + web_sockets_max(o->max_clients) + o->max_clients;
}

static void check_descriptors(struct server *server)
{
    const struct options *o = server->options;
    unsigned long long needed = descriptors_needed(o);
    unsigned long long have = os_descriptors_raise(needed);

    if (have < needed) {
        log_write(&server->log, LOG_WARNING, LOG_TEXT(&server->log, FEW_DESCRIPTORS), have, needed, o->max_calls,
                  o->max_clients);
    }
}

static int open_loop(struct server *server)
{
    const struct options *o = server->options;
    uint32_t watches = FIXED_WATCHES + web_sockets_max(o->max_clients) + 4 * o->max_calls;
    int status = os_loop_new(watches, &server->loop);

    if (status == ST_OK) {
        os_loop_set_beat(server->loop, beat, server);
        os_loop_gather(server->loop, GATHER_GRAIN_US);
        status = os_signals_open(&server->signals_fd);
    }
    if (status == ST_OK) {
        status = os_loop_watch(server->loop, server->signals_fd, OS_READ, OS_CLASS_SIGNAL, signals_ready, server,
                               &server->signals_watch);
    }
    if (status == ST_OK) {
        status = os_ticker_open(&server->ticker);
    }
    if (status == ST_OK) {
        status = os_loop_watch(server->loop, server->ticker.fd, OS_READ, OS_CLASS_TICK, tick_ready, server,
                               &server->ticker_watch);
    }
    if (status == ST_OK) {
        status = os_udp_batch_new(DATAGRAM_SLOT, &server->batch);
    }
    return status == ST_OK ? ST_OK
                           : why_fail(server->why, status, "the event loop cannot be set up: %s", os_error_text());
}

static int open_web(struct server *server)
{
    struct web_config config = {
        .options = server->options,
        .log = &server->log,
        .loop = server->loop,
        .gateway = server->gateway,
        .sip = server->sip,
        .recordings = server_files_recordings(server->files),
        .loopback = server->loopback != NULL,
    };

    return web_open(&config, &server->web, server->why);
}

static void upload_done(void *ctx, struct pool_id client, int status)
{
    struct server *server = ctx;

    gateway_upload_done(server->gateway, client, status);
}

static void cache_done(void *ctx, int status)
{
    struct server *server = ctx;

    gateway_cache_done(server->gateway, status);
}

static int open_files(struct server *server)
{
    const struct server_files_config config = {.options = server->options,
                                               .log = &server->log,
                                               .loop = server->loop,
                                               .now = &server->now,
                                               .ctx = server,
                                               .upload_done = upload_done,
                                               .cache_done = cache_done};

    return server_files_open(&config, &server->files, server->why);
}

static int open_all(struct server *server)
{
    int status = open_loop(server);

    if (status == ST_OK) {
        status = open_files(server);
    }
    if (status == ST_OK) {
        status = server_sip_open(server);
    }
    if (status == ST_OK) {
        status = open_web(server);
    }
    if (status == ST_OK) {
        log_write(&server->log, LOG_INFO, LOG_TEXT(&server->log, UPLOAD_DIR), server->options->upload_dir);
    }
    return status;
}

static void close_all(struct server *server)
{
    unwatch_log(server);
    web_close(server->web, server->now);
    server_sip_close(server);
    server_files_close(server->files);
    os_udp_batch_free(server->batch);
    os_ticker_close(&server->ticker);
    os_signals_close(server->signals_fd);
    os_loop_free(server->loop);
    digest_fini();
}

/* ---- turning ---- */

static mono_us next_deadline(const struct server *server)
{
    mono_us due = mono_earlier(gateway_due(server->gateway), web_due(server->web));

    due = mono_earlier(due, sip_stack_due(server->sip));
    if (server->loopback != NULL) {
        due = mono_earlier(due, server_loopback_due(server->loopback));
    }
    due = mono_earlier(due, route_watch_due(server->route));
    due = mono_earlier(due, server_dns_due(server->dns));
    due = mono_earlier(due, server->reload_due);
    due = server_dump_is_due(server) ? server->now : due;
    return server->stopping ? mono_earlier(due, server->stop_by) : due;
}

/* The ticker runs only while somebody has something to send. */
static void set_ticker(struct server *server)
{
    mono_us due = tick_due(server);

    os_loop_beat_at(server->loop, due);
    if (due == MONO_NEVER && server->ticker.armed) {
        os_ticker_disarm(&server->ticker);
    } else if (due != MONO_NEVER && !server->ticker.armed &&
               os_ticker_arm(&server->ticker, due, MEDIA_TICK_US) != ST_OK) {
        log_write(&server->log, LOG_ERROR, LOG_TEXT(&server->log, TICKER_FAILED), os_error_text());
    }
}

static void expire(struct server *server, mono_us now)
{
    if (now >= server->reload_due) {
        files_reload(server, now);
    }
    server_dns_expire(server->dns, now);
    route_watch_expire(server->route, now);
    sip_stack_expire(server->sip, now);
    gateway_expire(server->gateway);
}

static int server_turn(struct server *server)
{
    const mono_us due = next_deadline(server);
    /* written before anything is served: the turn's own time for all that is called back without it */
    int status = os_loop_turn(server->loop, due, &server->now);
    mono_us now = server->now;

    if (status != ST_OK) {
        return status;
    }
    web_serve(server->web, now);
    if (now >= due) { /* what has become due since was set in this turn: the next one follows at once */
        expire(server, now);
    }
    gateway_pump(server->gateway);
    web_turn(server->web, now);
    gateway_reap(server->gateway);
    sip_stack_reap(server->sip);
    if (server->loopback != NULL) {
        server_loopback_turn(server->loopback, now);
    }
    set_ticker(server);
    server_dump_turn(server);
    watch_log(server);
    return ST_OK;
}

static bool is_over(const struct server *server)
{
    if (!server->stopping) {
        return false;
    }
    bool quiet = gateway_is_quiet(server->gateway) && sip_stack_busy(server->sip) == 0 && web_is_quiet(server->web) &&
                 server_files_is_quiet(server->files);
    return server->killed || quiet || server->now >= server->stop_by;
}

static int run_until_stopped(struct server *server)
{
    server->now = os_clock_mono();
    if (server->loopback == NULL) { /* there it would wake an idle server for nothing */
        sip_stack_start(server->sip, server->now);
    }
    while (!is_over(server)) {
        if (server_turn(server) != ST_OK) {
            log_write(&server->log, LOG_ERROR, LOG_TEXT(&server->log, LOOP_FAILED), os_error_text());
            return 1;
        }
    }
    log_write(&server->log, LOG_INFO, LOG_TEXT(&server->log, STOPPED));
    if (server->killed) {
        _exit(1); /* whoever asks twice does not want to wait for the disk */
    }
    return 0;
}

int server_run(const struct options *options)
{
    struct server server = {.options = options,
                            .reload_due = MONO_NEVER,
                            .reloaded_at = -RELOAD_EVERY_US,
                            .signals_fd = -1,
                            .sip_fd = -1,
                            .ticker = {.fd = -1}};
    int code = 1;

    server.rng = (struct rng){.fill = os_entropy_draw, .ctx = &server.entropy};
    if (logfile_open(&server.logfile, options->log_file, NULL, server.why) != ST_OK) {
        fprintf(stderr, "ws_audio_server: --log-file %s: %s\n", options->log_file, server.why);
        return 1;
    }
    server.log = (struct log){.level = (enum log_level)options->log_level,
                              .zh = options->lang == OPTION_LANG_ZH,
                              .sink = logfile_sink,
                              .ctx = &server.logfile};
    server.logfile.log = &server.log;
    log_write(&server.log, LOG_INFO, LOG_TEXT(&server.log, SERVER_START));
    check_descriptors(&server);
    os_memory_sparse(true);
    const int status = open_all(&server);
    os_memory_sparse(false);
    if (status == ST_OK) {
        server_realtime_begin(&server);
        code = run_until_stopped(&server);
    } else {
        log_write(&server.log, LOG_ERROR, "%s", server.why);
        fprintf(stderr, "ws_audio_server: %s\n", server.why);
    }
    close_all(&server);
    logfile_close(&server.logfile);
    return code;
}
