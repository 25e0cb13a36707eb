/* SPDX-License-Identifier: MIT */
#include "process.h"

#include <stdlib.h>
#include <unistd.h>

struct process process = {.inbox_fd = -1};

static struct log spare_log;

struct log *process_log(void)
{
    const char *wrong = NULL;
    struct settings settings;

    if (process.engine != NULL) {
        return &process.engine->log;
    }
    bool debug = settings_get(&settings, &wrong) == ST_OK && settings.debug;
    library_log_open(&spare_log, debug);
    return &spare_log;
}

/* After a fork the epoll set is shared with the parent: whatever the child took out would be gone there too. */
static void forget_parents(void)
{
    if (process.engine != NULL && process.pid != (int)getpid()) {
        rtp_data_callback_t callback = process.callback;
        memset(&process, 0, sizeof(process));
        process.inbox_fd = -1;
        process.callback = callback;
    }
}

bool process_is_needed(void)
{
    bool needed = process.receiver != NULL;

    for (size_t i = 0; i < SESSIONS_MAX && !needed; i++) {
        needed = process.sessions[i].phone != NULL;
    }
    return needed;
}

/* exit() and the end of main with a call up: the far end hears of it, the WAV is whole. */
static void at_exit(void)
{
    forget_parents();
    if (process.engine == NULL || (process.engine->inside && !process.engine->waiting)) {
        return; /* exit() in a callback: the turn around it is half done */
    }
    process.engine->inside = false; /* the wait that a handler's exit() left is not gone back to */
    for (size_t i = 0; i < SESSIONS_MAX; i++) {
        if (process.sessions[i].phone != NULL) {
            process.sessions[i].user = NULL; /* main's variables are gone */
            session_end_call(&process.sessions[i]);
            phone_close(process.sessions[i].phone);
            process.sessions[i].phone = NULL;
        }
    }
    process.callback = NULL;
    stop_rtp_receiver();
    process_leave();
}

static void deliver(void *ctx, const struct line_audio *audio, const void *data, size_t len)
{
    (void)ctx;
    (void)audio;
    if (process.callback != NULL) {
        sigset_t ours;
        /* with the program's own mask: it may fork, or take long */
        (void)sigprocmask(SIG_SETMASK, &process.engine->program_mask, &ours);
        process.callback(data, len);
        (void)sigprocmask(SIG_SETMASK, &ours, NULL);
    }
}

static int make_engine(void)
{
    static bool registered;
    char text[33];

    if (!registered) {
        md5("", text); /* libcrypto's own exit handler is registered now, so that it runs behind ours */
        registered = atexit(at_exit) == 0;
    }
    int status = engine_new(&process.engine);
    if (status == ST_OK) {
        process.pid = (int)getpid();
        process.engine->hear = deliver;
        process.engine->defers_signals = true;
    }
    return status;
}

int process_open(void)
{
    const char *wrong = NULL;

    forget_parents();
    if (settings_get(&process.settings, &wrong) != ST_OK) {
        struct log *log = process_log();
        log_write(log, LOG_ERROR, LOG_TEXT(log, LIB_SETTING), wrong);
        return ST_BAD;
    }
    int status = process.engine != NULL ? ST_OK : make_engine();
    if (status == ST_OK) {
        library_log_open(&process.engine->log, process.settings.debug);
    }
    return status;
}

struct engine *process_enter(void)
{
    forget_parents();
    if (process.engine != NULL) {
        engine_drain(process.engine);
    }
    return process.engine;
}

void process_leave(void)
{
    if (process.engine == NULL || process.engine->inside || process_is_needed()) {
        return;
    }
    frame_ring_fini(&process.inbox);
    process.inbox_fd = -1;
    engine_free(process.engine);
    process.engine = NULL;
    memset(&process.settings, 0, sizeof(process.settings)); /* the password among them */
    digest_fini();
}

struct session *process_session(int fd)
{
    forget_parents();
    for (size_t i = 0; fd >= 0 && i < SESSIONS_MAX; i++) {
        if (process.sessions[i].phone != NULL && process.sessions[i].phone->fd == fd) {
            return &process.sessions[i];
        }
    }
    return NULL;
}

/* Whether LOCAL_IP is an address of this machine. */
static bool is_ours(const struct net_addr *ip)
{
    struct net_addr probe = *ip;
    int fd = -1;

    probe.port = 0;
    bool ours = os_udp_open(&probe, NULL, &fd) == ST_OK;
    os_close(fd);
    return ours;
}

void process_local(const struct settings *s, struct net_addr *bind, struct net_addr *advertise)
{
    struct net_addr ip = {0};
    bool known = addr_parse_ip(span_cstr(s->local_ip), &ip) == ST_OK && ip.family == 4 && !addr_is_any(&ip);

    *bind = addr_ipv4(0, 0, 0, 0, 0);
    *advertise = (struct net_addr){0};
    if (known && is_ours(&ip)) {
        *bind = ip;
        *advertise = ip;
    } else if (known && s->local_ip_given) {
        *advertise = ip; /* a NAT's address in front of this machine */
    }
}

struct net_addr from_sockaddr(const struct sockaddr_in *in)
{
    struct net_addr addr = {.family = 4, .port = ntohs(in->sin_port)};

    memcpy(addr.ip, &in->sin_addr, 4);
    return addr;
}

struct sockaddr_in to_sockaddr(const struct net_addr *addr)
{
    struct sockaddr_in out;

    memset(&out, 0, sizeof(out));
    out.sin_family = AF_INET;
    out.sin_port = htons(addr->port);
    memcpy(&out.sin_addr, addr->ip, 4);
    return out;
}
