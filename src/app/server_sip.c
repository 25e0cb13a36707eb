/* SPDX-License-Identifier: MIT */
/* The SIP socket and the stack over it: opened from the options, driven by the loop, its events brought to the gateway. */
#include "server_priv.h"

#include <stdio.h>

#define SIP_RECEIVE_BUFFER (256 * 1024)

static int sip_send(void *ctx, const struct sip_flow *to, const void *data, size_t len)
{
    struct server *server = ctx;
    int status = os_udp_send(server->sip_fd, &to->remote, data, len);

    if (status == ST_IO) {
        route_watch_send_failed(server->route, server->now);
    }
    return status;
}

static void sip_event(void *ctx, const struct sip_event *event)
{
    struct server *server = ctx;

    gateway_sip_event(server->gateway, event);
}

static bool sip_redirect(void *ctx, struct pool_id owner, struct span uri)
{
    struct server *server = ctx;

    return gateway_may_redirect(server->gateway, owner, uri);
}

static void hear_errors(struct server *server, mono_us now)
{
    struct net_addr lost[OS_UDP_BATCH];
    int n = os_udp_unreachable(server->sip_fd, lost);

    for (int i = 0; i < n; i++) {
        sip_stack_unreachable(server->sip, now, &lost[i]);
    }
}

static void sip_ready(void *ctx, struct pool_id watch, unsigned events, mono_us now)
{
    struct server *server = ctx;
    struct os_datagram datagrams[OS_UDP_BATCH];

    (void)watch;
    if ((events & OS_ERROR) != 0) {
        hear_errors(server, now);
    }
    int n = os_udp_receive(server->sip_fd, server->batch, datagrams);
    for (int i = 0; i < n; i++) {
        if (!datagrams[i].truncated) {
            struct sip_flow flow = sip_stack_flow(server->sip, &datagrams[i].from);
            sip_stack_input(server->sip, now, &flow, datagrams[i].data, datagrams[i].len);
        }
    }
}

/* ---- addresses ---- */

/* The address that others are told, without its port. */
static struct net_addr told_addr(const struct server *server, const struct net_addr *local)
{
    return server->options->advertise.family != 0 ? server->options->advertise : *local;
}

static void servers_found(void *ctx, mono_us now, const struct net_addr *addrs, uint32_t count)
{
    struct server *server = ctx;

    sip_stack_set_servers(server->sip, now, addrs, count); /* it asks and registers there itself */
    route_watch_look(server->route, now);                  /* our address may be another one */
}

static const struct net_addr *route_target(void *ctx, mono_us now)
{
    struct server *server = ctx;

    return sip_stack_server(server->sip, now);
}

static void route_changed(void *ctx, mono_us now, const struct net_addr *local)
{
    struct server *server = ctx;
    struct net_addr told = told_addr(server, local);
    char text[ADDR_TEXT_MAX];

    told.port = server->sip_local.port;
    log_write(&server->log, LOG_INFO, LOG_TEXT(&server->log, ROUTE_CHANGED), addr_ip_text(local, text));
    sockets_set_local(server->media, local);
    gateway_set_media_addr(server->gateway, &told);
    sip_stack_set_local(server->sip, now, &told);
}

static void sip_account(void *ctx, enum sip_account_event event, const struct net_addr *local)
{
    struct server *server = ctx;

    if (event == SIP_ACCOUNT_ADDRESS) {
        gateway_set_media_addr(server->gateway, local);
    }
    if (event == SIP_ACCOUNT_UNREACHABLE || event == SIP_ACCOUNT_REACHABLE) {
        route_watch_look(server->route, server->now);
    }
}

/* ---- opening ---- */

/* The SIP server's address, the loopback exchange's where none is named; family 0: not known yet. */
static int find_server(struct server *server, struct net_addr *addr)
{
    const struct options *o = server->options;
    const struct server_dns_config config = {.server = &o->sip_server,
                                             .family = o->sip_listen.family,
                                             .loop = server->loop,
                                             .log = &server->log,
                                             .rng = &server->rng,
                                             .found = servers_found,
                                             .ctx = server};

    if (server->loopback != NULL) {
        *addr = *server_loopback_addr(server->loopback);
        return ST_OK;
    }
    return server_dns_open(&config, addr, &server->dns, server->why);
}

static int bind_sip(struct server *server, uint8_t family)
{
    struct os_udp_options options = {
        .receive_buffer = SIP_RECEIVE_BUFFER, .dscp = (int)server->options->sip_dscp, .errors = true};
    struct net_addr local = server->options->sip_listen;
    char text[ADDR_TEXT_MAX];

    if (local.family == 0) {
        local.family = family; /* the wildcard of the server's family; of both while that is not known */
    }
    if (local.family != family && family != 0) {
        return why_fail(server->why, ST_BAD, "--sip-listen %s: the SIP server has an address of the other family",
                        addr_text(&local, text));
    }
    int status = os_udp_open(&local, &options, &server->sip_fd);
    if (status != ST_OK) {
        return why_fail(server->why, status, "--sip-listen %s: %s", addr_text(&local, text), os_error_text());
    }
    status = os_udp_local(server->sip_fd, &server->sip_local);
    if (status == ST_OK) {
        status = os_loop_watch(server->loop, server->sip_fd, OS_READ | OS_ERROR, OS_CLASS_SOCKET, sip_ready, server,
                               &server->sip_watch);
    }
    return status == ST_OK ? ST_OK
                           : why_fail(server->why, status, "the SIP socket cannot be watched: %s", os_error_text());
}

/* The address that the far end can reach us on: bound, else that of the route to the server. */
static int find_local(struct server *server, const struct net_addr *hop, struct net_addr *local)
{
    char text[ADDR_TEXT_MAX];
    int status = ST_OK;

    *local = server->sip_local;
    if (addr_is_any(&server->sip_local) && hop->family != 0) {
        status = os_route_local(hop, local);
    }
    if (status != ST_OK) {
        return why_fail(server->why, status, "--sip-server %s: no route: %s", addr_text(hop, text), os_error_text());
    }
    local->port = server->sip_local.port;
    return ST_OK;
}

static int open_media(struct server *server, const struct net_addr *local)
{
    const struct options *o = server->options;
    struct media_sockets_config config = {.now = &server->now,
                                          .loop = server->loop,
                                          .batch = server->batch,
                                          .local = *local,
                                          .low = o->rtp_ports.low,
                                          .high = o->rtp_ports.high,
                                          .max_calls = o->max_calls,
                                          .dscp = (int)o->rtp_dscp,
                                          .log = &server->log};
    int status = sockets_new(&config, &server->media);

    return status == ST_OK ? ST_OK
                           : why_fail(server->why, status, "--rtp-ports %u-%u: %s", o->rtp_ports.low, o->rtp_ports.high,
                                      status_name(status));
}

/* Complete header lines for the stack from the --sip-header flags. */
static int join_headers(struct server *server, struct outbuf *out)
{
    const struct option_texts *headers = &server->options->sip_header;

    for (uint32_t i = 0; i < headers->count; i++) {
        outbuf_str(out, headers->items[i]);
        outbuf_str(out, "\r\n");
    }
    return outbuf_status(out) == ST_OK ? ST_OK
                                       : why_fail(server->why, ST_TOO_LARGE, "--sip-header: too much header text");
}

static uint32_t dial_rules(const struct options *o, struct dial_rule rules[OPTIONS_LIST_MAX])
{
    for (uint32_t i = 0; i < o->dial_rules.count; i++) {
        rules[i] = (struct dial_rule){o->dial_rules.items[i].allow, o->dial_rules.items[i].pattern};
    }
    return o->dial_rules.count;
}

static int open_stack(struct server *server, const struct net_addr *hop, const struct net_addr *local,
                      struct span domain)
{
    const struct options *o = server->options;
    struct net_addr told = told_addr(server, local);
    char headers[8192];
    struct outbuf out;

    told.port = local->port;
    outbuf_init(&out, headers, sizeof(headers));
    int status = join_headers(server, &out);
    if (status != ST_OK) {
        return status;
    }
    struct sip_config config = {.local = told,
                                .next_hop = *hop,
                                .domain = domain,
                                .user = span_cstr(o->sip_user),
                                .caller = span_cstr(o->sip_caller),
                                .display_name = span_cstr(o->sip_display_name),
                                .auth_user = span_cstr(o->sip_auth_user),
                                .realm = span_cstr(o->sip_realm),
                                .password = span_cstr(o->sip_password),
                                .has_password =
                                    o->sip_password != NULL && (o->sip_user != NULL || o->sip_auth_user != NULL),
                                .keepalive = o->sip_keepalive_us,
                                .registers = o->sip_register,
                                .expires_s = (uint32_t)(o->sip_expires_us / DUR_S(1)),
                                .learn_local = server->loopback == NULL && o->advertise.family == 0,
                                .any_credentials = server->loopback != NULL,
                                .user_agent = SPAN_LIT("ws_audio_server/" WSAUDIO_VERSION),
                                .extra_headers = outbuf_view(&out),
                                .guard = true,
                                .allow = o->sip_allow.items,
                                .allow_count = o->sip_allow.count,
                                .max_usages = SIP_STACK_USAGES(o->max_calls),
                                .log = &server->log,
                                .rng = &server->rng};
    const struct sip_hooks hooks = {
        .ctx = server, .send = sip_send, .event = sip_event, .account = sip_account, .redirect = sip_redirect};
    server->sip = sip_stack_new(&config, &hooks);
    return server->sip != NULL ? ST_OK
                               : why_fail(server->why, ST_NO_MEMORY, "the SIP stack cannot be set up: out of memory");
}

static int open_gateway(struct server *server, const struct net_addr *local, struct span domain)
{
    const struct options *o = server->options;
    struct dial_rule rules[OPTIONS_LIST_MAX];
    uint32_t rule_count = dial_rules(o, rules);
    struct gateway_config config = {.calls = {.now = &server->now,
                                              .sip = server->sip,
                                              .log = &server->log,
                                              .rng = &server->rng,
                                              .domain = domain,
                                              .media_addr = told_addr(server, local),
                                              .max_calls = o->max_calls,
                                              .media_buffer = o->media_buffer,
                                              .ring = o->ring_us,
                                              .incoming = (enum calls_incoming)o->incoming,
                                              .max_call = o->max_call_us,
                                              .no_media = o->no_media_us,
                                              .rtp_learn = (enum rtp_learn)o->rtp_learn,
                                              .max_tick_late = DUR_MS(o->max_tick_late_ms),
                                              .dial_rules = rules,
                                              .dial_rule_count = rule_count,
                                              .calls_per_minute = o->calls_per_minute,
                                              .record = !o->no_record,
                                              .record_stereo = o->record_channels == OPTION_CHANNELS_STEREO,
                                              .media = sockets_io(server->media),
                                              .media_files = server_files_media(server->files)},
                                    .max_clients = o->max_clients,
                                    .max_message = o->ws_max_message,
                                    .upload_max = o->upload_max,
                                    .uploads = server_files_uploads(server->files),
                                    .lists = server_files_lists(server->files)};

    int status = gateway_new(&config, &server->gateway);

    if (status != ST_OK) {
        return why_fail(server->why, status, "the gateway cannot be set up: %s", status_name(status));
    }
    sockets_set_media(server->media, gateway_media(server->gateway));
    return ST_OK;
}

/* The stack, then the gateway that calls by it. */
static int open_calls(struct server *server, const struct net_addr *hop, const struct net_addr *local)
{
    const struct options *o = server->options;
    const char *domain = o->sip_domain != NULL ? o->sip_domain : o->sip_server.name;
    char host[ADDR_TEXT_MAX];
    struct net_addr literal;

    if (domain == NULL || addr_parse_ip(span_cstr(domain), &literal) == ST_OK) {
        /* an IPv6 literal wants its brackets in a URI */
        domain = addr_host_text(domain == NULL ? hop : &literal, host);
    }
    int status = open_stack(server, hop, local, span_cstr(domain));
    return status == ST_OK ? open_gateway(server, local, span_cstr(domain)) : status;
}

static int open_loopback(struct server *server)
{
    const struct server_loopback_config config = {.now = &server->now,
                                                  .loop = server->loop,
                                                  .batch = server->batch,
                                                  .log = &server->log,
                                                  .rng = &server->rng,
                                                  .max_calls = server->options->max_calls};

    return server_loopback_open(&config, &server->loopback, server->why);
}

/* A bound socket stays where it is. */
static int open_route(struct server *server, const struct net_addr *local)
{
    const struct route_watch_config config = {.loop = server->loop,
                                              .log = &server->log,
                                              .local = *local,
                                              .ctx = server,
                                              .target = route_target,
                                              .changed = route_changed};

    if (server->loopback != NULL || !addr_is_any(&server->sip_local)) {
        return ST_OK;
    }
    server->route = route_watch_new(&config);
    return server->route != NULL ? ST_OK : why_fail(server->why, ST_NO_MEMORY, "out of memory");
}

static void log_opened(const struct server *server)
{
    const struct log *log = &server->log;
    char text[ADDR_TEXT_MAX];

    log_write(log, LOG_INFO, LOG_TEXT(log, SIP_LISTEN), addr_text(&server->sip_local, text));
    if (server->loopback != NULL) {
        log_write(log, LOG_WARNING, LOG_TEXT(log, LOOPBACK));
    }
    if (server->options->rtp_learn == RTP_LEARN_ANY) {
        log_write(log, LOG_WARNING, LOG_TEXT(log, LEARN_ANY));
    }
}

int server_sip_open(struct server *server)
{
    struct net_addr hop;
    struct net_addr local;
    int status = server->options->sip_server.name == NULL ? open_loopback(server) : ST_OK;

    if (status == ST_OK) {
        status = find_server(server, &hop);
    }
    if (status == ST_OK) {
        status = bind_sip(server, hop.family);
    }
    if (status == ST_OK) {
        status = find_local(server, &hop, &local);
    }
    if (status == ST_OK) {
        status = open_media(server, &local);
    }
    if (status == ST_OK) {
        status = open_calls(server, &hop, &local);
    }
    if (status == ST_OK) {
        status = open_route(server, &local);
    }
    if (status == ST_OK) {
        log_opened(server);
    }
    return status;
}

void server_sip_close(struct server *server)
{
    gateway_free(server->gateway);
    server->gateway = NULL;
    sip_stack_free(server->sip);
    server->sip = NULL;
    sockets_free(server->media);
    server_loopback_close(server->loopback);
    route_watch_free(server->route);
    server_dns_close(server->dns);
    os_loop_unwatch(server->loop, server->sip_watch);
    os_close(server->sip_fd);
}
