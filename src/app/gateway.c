/* SPDX-License-Identifier: MIT */
#include "gateway_priv.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#define STOP_LIMIT_US   DUR_S(5)
#define RELOAD_EVERY_US DUR_S(1)
/* SIP datagrams may fill a UDP packet, RTP never does; one batch of slots serves all sockets. */
#define DATAGRAM_SLOT 65536
/* listener, signals, ticker, flusher, SIP, loopback SIP and some air */
#define FIXED_WATCHES 32

int gateway_fail(struct gateway *g, int status, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    vsnprintf(g->why, sizeof(g->why), fmt, args);
    va_end(args);
    return status;
}

/* ---- ticks and signals ---- */

static void tick_ready(void *ctx, struct pool_id watch, unsigned events, mono_us now)
{
    struct gateway *g = ctx;

    (void)watch;
    (void)events;
    /* how many expirations there were does not matter: each call looks at the clock (SPEC, late ticks) */
    if (os_ticker_read(&g->ticker) == 0) {
        return;
    }
    bridge_tick(g->bridge, now);
    if (g->loopback != NULL) {
        gateway_loopback_tick(g->loopback, now);
    }
}

static void begin_stop(struct gateway *g, mono_us now)
{
    if (g->stopping) {
        g->killed = true;
        return;
    }
    g->stopping = true;
    g->stop_by = now + STOP_LIMIT_US;
    log_write(&g->log, LOG_INFO, LOG_TEXT(&g->log, STOPPING));
    web_stop(g->web, now);
    bridge_stop(g->bridge, now);
    sip_stack_stop(g->sip, now);
}

/* ---- the log ---- */

static void unwatch_log(struct gateway *g)
{
    os_loop_unwatch(g->loop, g->log_watch);
    g->log_watch = POOL_ID_NONE;
}

static void log_ready(void *ctx, struct pool_id watch, unsigned events, mono_us now)
{
    struct gateway *g = ctx;

    (void)watch;
    (void)events;
    (void)now;
    logfile_flush(&g->logfile);
}

/* The reader is asked after only while lines wait for it. What epoll cannot watch is tried again with the next line. */
static void watch_log(struct gateway *g)
{
    bool waits = os_lines_waits_for_reader(&g->logfile.lines);

    if (!waits && !pool_id_is_none(g->log_watch)) {
        unwatch_log(g);
    } else if (waits && pool_id_is_none(g->log_watch)) {
        (void)!os_loop_watch(g->loop, g->logfile.lines.fd, OS_WRITE, OS_CLASS_SOCKET, log_ready, g, &g->log_watch);
    }
}

/* SIGHUP: files are opened and read anew. What comes by the thousand is carried out once a second. */
static void reload(struct gateway *g, mono_us now)
{
    char why[TOKENS_WHY_MAX];
    char words[LOG_WORDS_MAX];

    g->reload_due = MONO_NEVER;
    g->reloaded_at = now;
    unwatch_log(g);                                                /* before its descriptor closes */
    bool reopened = logfile_reopen(&g->logfile, &g->log) == ST_OK; /* says itself why not */
    if (web_reload(g->web, why) != ST_OK) {
        log_write(&g->log, LOG_ERROR, LOG_TEXT(&g->log, TOKENS_KEPT), log_words(&g->log, why, words));
    } else if (reopened && log_quota_take(&g->reloads, &g->log, LOG_INFO, now)) {
        log_write(&g->log, LOG_INFO, LOG_TEXT(&g->log, RELOADED));
    }
}

static void ask_reload(struct gateway *g, mono_us now)
{
    if (now - g->reloaded_at >= RELOAD_EVERY_US) {
        reload(g, now);
    } else {
        g->reload_due = g->reloaded_at + RELOAD_EVERY_US;
    }
}

static void signals_ready(void *ctx, struct pool_id watch, unsigned events, mono_us now)
{
    struct gateway *g = ctx;
    int signal_number;

    (void)watch;
    (void)events;
    while ((signal_number = os_signals_read(g->signals_fd)) != 0) {
        if (signal_number == SIGHUP) {
            ask_reload(g, now);
        } else if (signal_number == SIGUSR2) {
            gateway_dump_start(g);
        } else {
            begin_stop(g, now);
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

static void check_descriptors(struct gateway *g)
{
    const struct options *o = g->options;
    unsigned long long needed = descriptors_needed(o);
    unsigned long long have = os_descriptors_raise(needed);

    if (have < needed) {
        log_write(&g->log, LOG_WARNING, LOG_TEXT(&g->log, FEW_DESCRIPTORS), have, needed, o->max_calls, o->max_clients);
    }
}

static int open_loop(struct gateway *g)
{
    const struct options *o = g->options;
    uint32_t watches = FIXED_WATCHES + web_sockets_max(o->max_clients) + 4 * o->max_calls;
    int status = os_loop_new(watches, &g->loop);

    if (status == ST_OK) {
        status = os_signals_open(&g->signals_fd);
    }
    if (status == ST_OK) {
        status = os_loop_watch(g->loop, g->signals_fd, OS_READ, OS_CLASS_SIGNAL, signals_ready, g, &g->signals_watch);
    }
    if (status == ST_OK) {
        status = os_ticker_open(&g->ticker);
    }
    if (status == ST_OK) {
        status = os_loop_watch(g->loop, g->ticker.fd, OS_READ, OS_CLASS_TICK, tick_ready, g, &g->ticker_watch);
    }
    if (status == ST_OK) {
        status = os_udp_batch_new(DATAGRAM_SLOT, &g->batch);
    }
    return status == ST_OK ? ST_OK : gateway_fail(g, status, "the event loop cannot be set up: %s", os_error_text());
}

static int open_web(struct gateway *g)
{
    struct web_config config = {
        .options = g->options,
        .log = &g->log,
        .loop = g->loop,
        .bridge = g->bridge,
        .sip = g->sip,
        .recordings = g->recordings,
        .loopback = g->loopback != NULL,
    };

    return web_open(&config, &g->web, g->why);
}

static int open_all(struct gateway *g)
{
    int status = open_loop(g);

    if (status == ST_OK) {
        status = gateway_files_open(g);
    }
    if (status == ST_OK) {
        status = gateway_sip_open(g);
    }
    if (status == ST_OK) {
        status = open_web(g);
    }
    if (status == ST_OK) {
        log_write(&g->log, LOG_INFO, LOG_TEXT(&g->log, UPLOAD_DIR), g->options->upload_dir);
    }
    return status;
}

static void close_all(struct gateway *g)
{
    unwatch_log(g);
    web_close(g->web, g->now);
    gateway_sip_close(g);
    gateway_files_close(g);
    os_udp_batch_free(g->batch);
    os_ticker_close(&g->ticker);
    os_signals_close(g->signals_fd);
    os_loop_free(g->loop);
    digest_fini();
}

/* ---- turning ---- */

static mono_us next_deadline(const struct gateway *g)
{
    mono_us due = mono_earlier(bridge_due(g->bridge), web_due(g->web));

    due = mono_earlier(due, sip_stack_due(g->sip));
    if (g->loopback != NULL) {
        due = mono_earlier(due, gateway_loopback_due(g->loopback));
    }
    due = mono_earlier(due, gateway_link_due(g));
    due = mono_earlier(due, gateway_names_due(g));
    due = mono_earlier(due, g->reload_due);
    due = gateway_dump_is_due(g) ? g->now : due;
    return g->stopping ? mono_earlier(due, g->stop_by) : due;
}

/* The ticker runs only while somebody has something to send. */
static void set_ticker(struct gateway *g)
{
    mono_us due = bridge_tick_due(g->bridge);

    if (g->loopback != NULL) {
        due = mono_earlier(due, gateway_loopback_tick_due(g->loopback));
    }
    if (due == MONO_NEVER && g->ticker.armed) {
        os_ticker_disarm(&g->ticker);
    } else if (due != MONO_NEVER && !g->ticker.armed && os_ticker_arm(&g->ticker, due, MEDIA_TICK_US) != ST_OK) {
        log_write(&g->log, LOG_ERROR, LOG_TEXT(&g->log, TICKER_FAILED), os_error_text());
    }
}

static int turn(struct gateway *g)
{
    /* written before anything is served: the turn's own time for all that is called back without it */
    int status = os_loop_turn(g->loop, next_deadline(g), &g->now);
    mono_us now = g->now;

    if (status != ST_OK) {
        return status;
    }
    web_serve(g->web, now);
    if (now >= g->reload_due) {
        reload(g, now);
    }
    gateway_names_expire(g, now);
    gateway_link_expire(g, now);
    sip_stack_expire(g->sip, now);
    bridge_expire(g->bridge, now);
    bridge_pump(g->bridge, now);
    web_turn(g->web, now);
    bridge_reap(g->bridge);
    sip_stack_reap(g->sip);
    if (g->loopback != NULL) {
        gateway_loopback_turn(g->loopback, now);
    }
    set_ticker(g);
    gateway_dump_turn(g);
    watch_log(g);
    return ST_OK;
}

static bool is_over(const struct gateway *g)
{
    if (!g->stopping) {
        return false;
    }
    bool quiet = bridge_is_quiet(g->bridge) && sip_stack_busy(g->sip) == 0 && web_is_quiet(g->web) &&
                 os_flusher_pending(g->flusher) == 0;
    return g->killed || quiet || g->now >= g->stop_by;
}

static int run_until_stopped(struct gateway *g)
{
    g->now = os_clock_mono();
    if (g->loopback == NULL) { /* there it would wake an idle server for nothing */
        sip_stack_start(g->sip, g->now);
    }
    while (!is_over(g)) {
        if (turn(g) != ST_OK) {
            log_write(&g->log, LOG_ERROR, LOG_TEXT(&g->log, LOOP_FAILED), os_error_text());
            return 1;
        }
    }
    log_write(&g->log, LOG_INFO, LOG_TEXT(&g->log, STOPPED));
    if (g->killed) {
        _exit(1); /* whoever asks twice does not want to wait for the disk */
    }
    return 0;
}

int gateway_run(const struct options *options)
{
    struct gateway g = {.options = options,
                        .reload_due = MONO_NEVER,
                        .reloaded_at = -RELOAD_EVERY_US,
                        .signals_fd = -1,
                        .sip_fd = -1,
                        .net_fd = -1,
                        .raw_fd = -1,
                        .ticker = {.fd = -1}};
    int code = 1;

    g.rng = (struct rng){.fill = os_entropy_fill};
    if (logfile_open(&g.logfile, options->log_file, NULL, g.why) != ST_OK) {
        fprintf(stderr, "ws_audio_server: --log-file %s: %s\n", options->log_file, g.why);
        return 1;
    }
    g.log = (struct log){.level = (enum log_level)options->log_level,
                         .zh = options->lang == OPTION_LANG_ZH,
                         .sink = logfile_sink,
                         .ctx = &g.logfile};
    g.logfile.log = &g.log;
    log_write(&g.log, LOG_INFO, LOG_TEXT(&g.log, SERVER_START));
    check_descriptors(&g);
    if (open_all(&g) == ST_OK) {
        code = run_until_stopped(&g);
    } else {
        log_write(&g.log, LOG_ERROR, "%s", g.why);
        fprintf(stderr, "ws_audio_server: %s\n", g.why);
    }
    close_all(&g);
    logfile_close(&g.logfile);
    return code;
}
