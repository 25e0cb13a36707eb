/* SPDX-License-Identifier: MIT */
/* The SIP socket and the stack over it: opened from the options, driven by the loop, its events brought to the bridge. */
#include "gateway_priv.h"

#include <stdio.h>

#define SIP_RECEIVE_BUFFER (256 * 1024)

static int sip_send(void *ctx, const struct sip_flow *to, const void *data, size_t len)
{
    struct gateway *g = ctx;
    int status = os_udp_send(g->sip_fd, &to->remote, data, len);

    if (status == ST_IO) {
        gateway_link_send_failed(g);
    }
    return status;
}

static void sip_event(void *ctx, const struct sip_event *event)
{
    struct gateway *g = ctx;

    bridge_sip_event(g->bridge, g->now, event);
}

static bool sip_redirect(void *ctx, struct pool_id owner, struct span uri)
{
    struct gateway *g = ctx;

    return bridge_may_redirect(g->bridge, g->now, owner, uri);
}

static void hear_errors(struct gateway *g, mono_us now)
{
    struct net_addr lost[OS_UDP_BATCH];
    int n = os_udp_unreachable(g->sip_fd, lost);

    for (int i = 0; i < n; i++) {
        sip_stack_unreachable(g->sip, now, &lost[i]);
    }
}

static void sip_ready(void *ctx, struct pool_id watch, unsigned events, mono_us now)
{
    struct gateway *g = ctx;
    struct os_datagram datagrams[OS_UDP_BATCH];

    (void)watch;
    if ((events & OS_ERROR) != 0) {
        hear_errors(g, now);
    }
    int n = os_udp_receive(g->sip_fd, g->batch, datagrams);
    for (int i = 0; i < n; i++) {
        if (!datagrams[i].truncated) {
            struct sip_flow flow = sip_stack_flow(g->sip, &datagrams[i].from);
            sip_stack_input(g->sip, now, &flow, datagrams[i].data, datagrams[i].len);
        }
    }
}

static void on_media(void *ctx, mono_us now, struct pool_id call, bool rtcp, const struct net_addr *from,
                     const void *data, size_t len)
{
    struct gateway *g = ctx;

    bridge_media_input(g->bridge, now, call, rtcp, from, data, len);
}

/* RFC 6761 6.3: this name needs no name server. */
static bool is_localhost(const char *name)
{
    return span_ieq(span_cstr(name), SPAN_LIT("localhost"));
}

/* The server's address: given, the loopback exchange's, or looked up: while running where that is built in (then a server
 * that starts before its network finds it later), else once and here. */
static int find_server(struct gateway *g)
{
    const struct option_host *host = &g->options->sip_server;
    char text[ADDR_TEXT_MAX];

    if (host->name == NULL) {
        g->server = *gateway_loopback_addr(g->loopback);
        return ST_OK;
    }
    if (host->addr.family != 0) {
        g->server = host->addr;
        return ST_OK;
    }
    if (os_resolver_version() != NULL && !is_localhost(host->name)) {
        return gateway_names_open(g);
    }
    int status = os_resolve(host->name, host->port, &g->server);
    if (status != ST_OK) {
        return gateway_fail(g, status, "--sip-server %s: the name cannot be resolved: %s", host->name, os_error_text());
    }
    log_write(&g->log, LOG_INFO, LOG_TEXT(&g->log, SIP_SERVER_RESOLVED), host->name, addr_text(&g->server, text));
    if (os_resolver_version() == NULL) {
        log_write(&g->log, LOG_INFO, LOG_TEXT(&g->log, SIP_SERVER_ONCE));
    }
    return ST_OK;
}

static int bind_sip(struct gateway *g)
{
    struct os_udp_options options = {
        .receive_buffer = SIP_RECEIVE_BUFFER, .dscp = (int)g->options->sip_dscp, .errors = true};
    struct net_addr local = g->options->sip_listen;
    char text[ADDR_TEXT_MAX];

    if (local.family == 0) {
        local.family = g->server.family; /* the wildcard of the server's family; of both while that is not known */
    }
    if (local.family != g->server.family && g->server.family != 0) {
        return gateway_fail(g, ST_BAD, "--sip-listen %s: the SIP server has an address of the other family",
                            addr_text(&local, text));
    }
    int status = os_udp_open(&local, &options, &g->sip_fd);
    if (status != ST_OK) {
        return gateway_fail(g, status, "--sip-listen %s: %s", addr_text(&local, text), os_error_text());
    }
    status = os_udp_local(g->sip_fd, &g->sip_local);
    if (status == ST_OK) {
        status = os_loop_watch(g->loop, g->sip_fd, OS_READ | OS_ERROR, OS_CLASS_SOCKET, sip_ready, g, &g->sip_watch);
    }
    return status == ST_OK ? ST_OK : gateway_fail(g, status, "the SIP socket cannot be watched: %s", os_error_text());
}

/* The address that the far end can reach us on: bound, else that of the route to the server. */
static int find_local(struct gateway *g, struct net_addr *local)
{
    char text[ADDR_TEXT_MAX];
    int status = ST_OK;

    *local = g->sip_local;
    if (addr_is_any(&g->sip_local) && g->server.family != 0) {
        status = os_route_local(&g->server, local);
    }
    if (status != ST_OK) {
        return gateway_fail(g, status, "--sip-server %s: no route: %s", addr_text(&g->server, text), os_error_text());
    }
    local->port = g->sip_local.port;
    return ST_OK;
}

static int open_media(struct gateway *g, const struct net_addr *local)
{
    const struct options *o = g->options;
    struct media_sockets_config config = {.loop = g->loop,
                                          .batch = g->batch,
                                          .local = *local,
                                          .low = o->rtp_ports.low,
                                          .high = o->rtp_ports.high,
                                          .max_calls = o->max_calls,
                                          .dscp = (int)o->rtp_dscp,
                                          .log = &g->log,
                                          .input = on_media,
                                          .ctx = g};
    int status = sockets_new(&config, &g->media);

    return status == ST_OK ? ST_OK
                           : gateway_fail(g, status, "--rtp-ports %u-%u: %s", o->rtp_ports.low, o->rtp_ports.high,
                                          status_name(status));
}

/* Complete header lines for the stack from the --sip-header flags. */
static int join_headers(struct gateway *g, struct outbuf *out)
{
    const struct option_texts *headers = &g->options->sip_header;

    for (uint32_t i = 0; i < headers->count; i++) {
        outbuf_str(out, headers->items[i]);
        outbuf_str(out, "\r\n");
    }
    return outbuf_status(out) == ST_OK ? ST_OK : gateway_fail(g, ST_TOO_LARGE, "--sip-header: too much header text");
}

static uint32_t dial_rules(const struct options *o, struct dial_rule rules[OPTIONS_LIST_MAX])
{
    for (uint32_t i = 0; i < o->dial_rules.count; i++) {
        rules[i] = (struct dial_rule){o->dial_rules.items[i].allow, o->dial_rules.items[i].pattern};
    }
    return o->dial_rules.count;
}

/* The address that others are told, without its port. */
static struct net_addr told_addr(const struct gateway *g, const struct net_addr *local)
{
    return g->options->advertise.family != 0 ? g->options->advertise : *local;
}

static int open_stack(struct gateway *g, const struct net_addr *local, struct span domain)
{
    const struct options *o = g->options;
    struct net_addr told = told_addr(g, local);
    char headers[8192];
    struct outbuf out;

    told.port = local->port;
    outbuf_init(&out, headers, sizeof(headers));
    int status = join_headers(g, &out);
    if (status != ST_OK) {
        return status;
    }
    struct sip_config config = {.local = told,
                                .next_hop = g->server,
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
                                .learn_local = g->loopback == NULL && o->advertise.family == 0,
                                .any_credentials = g->loopback != NULL,
                                .user_agent = SPAN_LIT("ws_audio_server/" WSAUDIO_VERSION),
                                .extra_headers = outbuf_view(&out),
                                .guard = true,
                                .allow = o->sip_allow.items,
                                .allow_count = o->sip_allow.count,
                                .max_usages = SIP_STACK_USAGES(o->max_calls),
                                .log = &g->log,
                                .rng = &g->rng};
    const struct sip_hooks hooks = {
        .ctx = g, .send = sip_send, .event = sip_event, .link = gateway_link_event, .redirect = sip_redirect};
    g->sip = sip_stack_new(&config, &hooks);
    return g->sip != NULL ? ST_OK : gateway_fail(g, ST_NO_MEMORY, "the SIP stack cannot be set up: out of memory");
}

static int open_bridge(struct gateway *g, const struct net_addr *local, struct span domain)
{
    const struct options *o = g->options;
    struct dial_rule rules[OPTIONS_LIST_MAX];
    uint32_t rule_count = dial_rules(o, rules);
    struct bridge_config config = {.sip = g->sip,
                                   .log = &g->log,
                                   .rng = &g->rng,
                                   .domain = domain,
                                   .media_addr = told_addr(g, local),
                                   .max_calls = o->max_calls,
                                   .max_clients = o->max_clients,
                                   .max_message = o->ws_max_message,
                                   .upload_max = o->upload_max,
                                   .media_buffer = o->media_buffer,
                                   .ring = o->ring_us,
                                   .incoming = (enum bridge_incoming)o->incoming,
                                   .max_call = o->max_call_us,
                                   .no_media = o->no_media_us,
                                   .rtp_learn = (enum rtp_learn)o->rtp_learn,
                                   .dial_rules = rules,
                                   .dial_rule_count = rule_count,
                                   .calls_per_minute = o->calls_per_minute,
                                   .record = !o->no_record,
                                   .record_stereo = o->record_channels == OPTION_CHANNELS_STEREO,
                                   .media = sockets_io(g->media),
                                   .media_files = gateway_media_files(g),
                                   .uploads = gateway_upload_io(g),
                                   .lists = gateway_list_io(g)};

    int status = bridge_new(&config, &g->bridge);

    return status == ST_OK ? ST_OK : gateway_fail(g, status, "the gateway cannot be set up: %s", status_name(status));
}

/* The stack, then the bridge that calls by it. */
static int open_calls(struct gateway *g, const struct net_addr *local)
{
    const struct options *o = g->options;
    const char *domain = o->sip_domain != NULL ? o->sip_domain : o->sip_server.name;
    char host[ADDR_TEXT_MAX];
    struct net_addr literal;

    if (domain == NULL || addr_parse_ip(span_cstr(domain), &literal) == ST_OK) {
        /* an IPv6 literal wants its brackets in a URI */
        domain = addr_host_text(domain == NULL ? &g->server : &literal, host);
    }
    int status = open_stack(g, local, span_cstr(domain));
    return status == ST_OK ? open_bridge(g, local, span_cstr(domain)) : status;
}

int gateway_sip_open(struct gateway *g)
{
    struct net_addr local;
    char text[ADDR_TEXT_MAX];
    int status = ST_OK;

    if (g->options->sip_server.name == NULL) {
        status = gateway_loopback_open(g, &g->loopback);
    }
    if (status == ST_OK) {
        status = find_server(g);
    }
    if (status == ST_OK) {
        status = bind_sip(g);
    }
    if (status == ST_OK) {
        status = find_local(g, &local);
    }
    if (status == ST_OK) {
        status = open_media(g, &local);
    }
    if (status == ST_OK) {
        status = open_calls(g, &local);
    }
    if (status == ST_OK) {
        gateway_link_open(g, &local);
        log_write(&g->log, LOG_INFO, LOG_TEXT(&g->log, SIP_LISTEN), addr_text(&g->sip_local, text));
        if (g->loopback != NULL) {
            log_write(&g->log, LOG_WARNING, LOG_TEXT(&g->log, LOOPBACK));
        }
        if (g->options->rtp_learn == RTP_LEARN_ANY) {
            log_write(&g->log, LOG_WARNING, LOG_TEXT(&g->log, LEARN_ANY));
        }
    }
    return status;
}

void gateway_sip_close(struct gateway *g)
{
    bridge_free(g->bridge);
    g->bridge = NULL;
    sip_stack_free(g->sip);
    g->sip = NULL;
    sockets_free(g->media);
    gateway_loopback_close(g->loopback);
    gateway_link_close(g);
    gateway_names_close(g);
    os_loop_unwatch(g->loop, g->sip_watch);
    os_close(g->sip_fd);
}
