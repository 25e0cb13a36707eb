/* SPDX-License-Identifier: MIT */
/* Names by c-ares: its sockets stand in our epoll set, its time-outs are our deadlines, no thread. One question at a
 * time, each with a channel of its own: a channel reads /etc/resolv.conf once, and a box that is on for months changes
 * networks. */
#include <stdlib.h>
#include <string.h>

#include "os_priv.h"

#ifdef OS_WITH_CARES
#include <ares.h>
#include <netdb.h>
#include <strings.h>
#include <sys/time.h>

#include "dns_ttl.h"

#define SOCKETS_MAX     16   /* of one question: name servers by UDP and TCP */
#define TIMEOUT_MS      2000 /* the first try; later ones are longer */
#define TRIES           3
#define DNS_CLASS_IN    1  /* RFC 1035 3.2.4 */
#define DNS_TYPE_SRV    33 /* RFC 2782 */
#define LOCALHOST_TTL_S 86400

struct resolver_socket {
    ares_socket_t fd; /* ARES_SOCKET_BAD: unused */
    struct pool_id watch;
};

struct os_resolver {
    struct os_loop *loop; /* borrows */
    int first_try;
    char *servers; /* owns; NULL: the system's */
    os_answer_fn tell;
    void *ctx;
    ares_channel channel; /* of the question under way, else NULL */
    struct resolver_socket sockets[SOCKETS_MAX];
    bool busy, done;
    struct os_answer answer; /* being put together; its lists are those below */
    struct os_srv srv[OS_ANSWER_MAX];
    struct net_addr addrs[OS_ANSWER_MAX];
};

const char *os_resolver_version(void)
{
    return ares_version(NULL);
}

int os_resolver_new(struct os_loop *loop, const char *servers, int first_try, os_answer_fn tell, void *ctx,
                    struct os_resolver **out)
{
    struct os_resolver *r = calloc(1, sizeof(*r));

    *out = NULL;
    if (r == NULL) {
        return ST_NO_MEMORY;
    }
    r->loop = loop;
    r->first_try = first_try > 0 ? first_try : TIMEOUT_MS;
    r->tell = tell;
    r->ctx = ctx;
    for (size_t i = 0; i < SOCKETS_MAX; i++) {
        r->sockets[i].fd = ARES_SOCKET_BAD;
    }
    if (servers != NULL && (r->servers = strdup(servers)) == NULL) {
        free(r);
        return ST_NO_MEMORY;
    }
    if (ares_library_init(ARES_LIB_INIT_ALL) != ARES_SUCCESS) {
        free(r->servers);
        free(r);
        return os_fail_text("c-ares cannot be set up", ST_IO);
    }
    *out = r;
    return ST_OK;
}

static void close_channel(struct os_resolver *r)
{
    if (r->channel != NULL) {
        ares_destroy(r->channel); /* closes its sockets by way of socket_state */
        r->channel = NULL;
    }
}

void os_resolver_free(struct os_resolver *r)
{
    if (r != NULL) {
        r->done = true; /* what destroying still tells is not heard */
        close_channel(r);
        ares_library_cleanup();
        free(r->servers);
        free(r);
    }
}

/* ---- sockets ---- */

static void answer_deliver(struct os_resolver *r, mono_us now)
{
    if (r->done && r->busy) {
        r->busy = false;
        close_channel(r);
        r->tell(r->ctx, now, &r->answer);
    }
}

static void socket_ready(void *ctx, struct pool_id watch, unsigned events, mono_us now)
{
    struct os_resolver *r = ctx;

    for (size_t i = 0; i < SOCKETS_MAX; i++) {
        if (r->sockets[i].fd != ARES_SOCKET_BAD && pool_id_eq(r->sockets[i].watch, watch) && r->channel != NULL) {
            const ares_socket_t fd = r->sockets[i].fd;
            ares_process_fd(r->channel, (events & (OS_READ | OS_HANGUP)) != 0 ? fd : ARES_SOCKET_BAD,
                            (events & OS_WRITE) != 0 ? fd : ARES_SOCKET_BAD);
            break;
        }
    }
    answer_deliver(r, now);
}

static struct resolver_socket *socket_of(struct os_resolver *r, ares_socket_t fd)
{
    for (size_t i = 0; i < SOCKETS_MAX; i++) {
        if (r->sockets[i].fd == fd) {
            return &r->sockets[i];
        }
    }
    return NULL;
}

/* c-ares says what it wants of its sockets. One that cannot be watched is a name server that does not answer. */
static void socket_state(void *ctx, ares_socket_t fd, int readable, int writable)
{
    struct os_resolver *r = ctx;
    const unsigned events = (readable != 0 ? (unsigned)OS_READ : 0u) | (writable != 0 ? (unsigned)OS_WRITE : 0u);
    struct resolver_socket *s = socket_of(r, fd);

    if (s != NULL && events == 0) {
        os_loop_unwatch(r->loop, s->watch);
        s->fd = ARES_SOCKET_BAD;
    } else if (s != NULL) {
        os_loop_set_events(r->loop, s->watch, events);
    } else if (events != 0 && (s = socket_of(r, ARES_SOCKET_BAD)) != NULL &&
               os_loop_watch(r->loop, fd, events, OS_CLASS_SOCKET, socket_ready, r, &s->watch) == ST_OK) {
        s->fd = fd;
    }
}

/* ---- time ---- */

mono_us os_resolver_due(const struct os_resolver *r)
{
    struct timeval wait;

    if (!r->busy) {
        return MONO_NEVER;
    }
    if (r->done || r->channel == NULL) {
        return 0;
    }
    /* c-ares keeps its own clock: what it says is from now on */
    const struct timeval *left = ares_timeout(r->channel, NULL, &wait);
    return left != NULL ? os_clock_mono() + DUR_S(left->tv_sec) + left->tv_usec : MONO_NEVER;
}

void os_resolver_expire(struct os_resolver *r, mono_us now)
{
    if (r->busy && !r->done && r->channel != NULL) {
        ares_process_fd(r->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
    }
    answer_deliver(r, now);
}

/* ---- questions ---- */

static int status_of(int ares_status)
{
    switch (ares_status) {
    case ARES_SUCCESS: return ST_OK;
    case ARES_ENOTFOUND:
    case ARES_ENODATA: return ST_NOT_FOUND;
    case ARES_ENOMEM: return ST_NO_MEMORY;
    default: return ST_IO;
    }
}

static void question_end(struct os_resolver *r, int ares_status)
{
    if (r->done) {
        return;
    }
    r->done = true;
    r->answer.status = status_of(ares_status);
    r->answer.why = ares_strerror(ares_status);
    if (r->answer.status == ST_OK && r->answer.count == 0) {
        r->answer.status = ST_NOT_FOUND;
    }
}

/* A new channel for each question: it reads the system's name servers anew, which a box that boots before its network
 * learns late, and leaves no socket behind. */
static int question_begin(struct os_resolver *r, const char *name)
{
    struct ares_options options = {
        .timeout = r->first_try, .tries = TRIES, .sock_state_cb = socket_state, .sock_state_cb_data = r};
    int mask = ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_SOCK_STATE_CB;

    if (r->busy) {
        return os_fail_text("a question is under way", ST_STATE);
    }
    if (strchr(name, '.') != NULL) { /* a whole name is not looked for in the system's search domains as well */
        options.flags = ARES_FLAG_NOSEARCH;
        mask |= ARES_OPT_FLAGS;
    }
    int status = ares_init_options(&r->channel, &options, mask);
    if (status == ARES_SUCCESS && r->servers != NULL) {
        status = ares_set_servers_ports_csv(r->channel, r->servers);
    }
    if (status != ARES_SUCCESS) {
        close_channel(r);
        return os_fail_text(ares_strerror(status), status == ARES_ENOMEM ? ST_NO_MEMORY : ST_IO);
    }
    r->busy = true;
    r->done = false;
    r->answer = (struct os_answer){.srv = r->srv, .addrs = r->addrs, .ttl_s = UINT32_MAX};
    return ST_OK;
}

static bool name_ok(const char *name)
{
    const struct span text = span_cstr(name);

    for (size_t i = 0; i < text.len; i++) {
        if (!char_is_alnum(name[i]) && strchr("-._", name[i]) == NULL) {
            return false;
        }
    }
    return text.len > 0 && text.len <= OS_NAME_MAX;
}

static void add_srv(struct os_resolver *r, const struct ares_srv_reply *record)
{
    const char *name = record->host != NULL && record->host[0] != '\0' ? record->host : ".";

    if (r->answer.count < OS_ANSWER_MAX && name_ok(name)) {
        struct os_srv *s = &r->srv[r->answer.count++];
        *s = (struct os_srv){record->priority, record->weight, record->port, ""};
        memcpy(s->target, name, strlen(name) + 1);
    }
}

static void on_srv(void *arg, int status, int timeouts, unsigned char *reply, int len)
{
    struct os_resolver *r = arg;
    struct ares_srv_reply *list = NULL;

    (void)timeouts;
    if (r->done) {
        return;
    }
    if (status == ARES_SUCCESS) {
        status = ares_parse_srv_reply(reply, len, &list);
    }
    if (status == ARES_SUCCESS) {
        for (const struct ares_srv_reply *record = list; record != NULL; record = record->next) {
            add_srv(r, record);
        }
        r->answer.ttl_s = os_dns_answer_ttl(reply, (size_t)len);
    }
    if (list != NULL) {
        ares_free_data(list);
    }
    question_end(r, status);
}

int os_resolver_ask_srv(struct os_resolver *r, const char *name)
{
    int status = question_begin(r, name);

    if (status == ST_OK) {
        ares_query(r->channel, name, DNS_CLASS_IN, DNS_TYPE_SRV, on_srv, r);
    }
    return status;
}

static void add_addr(struct os_resolver *r, const struct ares_addrinfo_node *node)
{
    union os_sockaddr name;

    if (r->answer.count == OS_ANSWER_MAX || node->ai_addrlen > sizeof(name)) {
        return;
    }
    memcpy(&name, node->ai_addr, node->ai_addrlen);
    const struct net_addr addr = os_sockaddr_to(&name);
    if (addr.family != 0) {
        r->addrs[r->answer.count++] = addr;
        const uint32_t ttl_s = node->ai_ttl > 0 ? (uint32_t)node->ai_ttl : 0;
        r->answer.ttl_s = ttl_s < r->answer.ttl_s ? ttl_s : r->answer.ttl_s;
    }
}

static void on_host(void *arg, int status, int timeouts, struct ares_addrinfo *info)
{
    struct os_resolver *r = arg;

    (void)timeouts;
    if (!r->done && status == ARES_SUCCESS) {
        for (const struct ares_addrinfo_node *node = info->nodes; node != NULL; node = node->ai_next) {
            add_addr(r, node);
        }
    }
    if (info != NULL) {
        ares_freeaddrinfo(info);
    }
    question_end(r, status);
}

static void answer_localhost(struct os_resolver *r, uint8_t family)
{
    if (family != 6) {
        r->addrs[r->answer.count++] = addr_ipv4(127, 0, 0, 1, 0);
    }
    if (family != 4) {
        r->addrs[r->answer.count++] = (struct net_addr){.family = 6, .ip = {[15] = 1}};
    }
    r->answer.ttl_s = LOCALHOST_TTL_S;
    question_end(r, ARES_SUCCESS);
}

int os_resolver_ask_host(struct os_resolver *r, const char *name, uint8_t family)
{
    const struct ares_addrinfo_hints hints = {.ai_family = family == 4   ? AF_INET
                                                           : family == 6 ? AF_INET6
                                                                         : AF_UNSPEC,
                                              .ai_socktype = SOCK_DGRAM,
                                              .ai_flags = ARES_AI_NOSORT};
    int status = question_begin(r, name);

    if (status == ST_OK && host_is_localhost(span_cstr(name))) {
        answer_localhost(r, family);
    } else if (status == ST_OK) {
        ares_getaddrinfo(r->channel, name, NULL, &hints, on_host, r);
    }
    return status;
}

#else /* the same without c-ares: nothing can be asked */

const char *os_resolver_version(void)
{
    return NULL;
}

int os_resolver_new(struct os_loop *loop, const char *servers, int first_try, os_answer_fn tell, void *ctx,
                    struct os_resolver **out)
{
    (void)loop;
    (void)servers;
    (void)first_try;
    (void)tell;
    (void)ctx;
    *out = NULL;
    return os_fail_text("built without c-ares", ST_UNSUPPORTED);
}

void os_resolver_free(struct os_resolver *r)
{
    (void)r;
}

int os_resolver_ask_srv(struct os_resolver *r, const char *name)
{
    (void)r;
    (void)name;
    return ST_UNSUPPORTED;
}

int os_resolver_ask_host(struct os_resolver *r, const char *name, uint8_t family)
{
    (void)r;
    (void)name;
    (void)family;
    return ST_UNSUPPORTED;
}

mono_us os_resolver_due(const struct os_resolver *r)
{
    (void)r;
    return MONO_NEVER;
}

void os_resolver_expire(struct os_resolver *r, mono_us now)
{
    (void)r;
    (void)now;
}

#endif
