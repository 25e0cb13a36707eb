/* SPDX-License-Identifier: MIT */
/* The HTTP server with up to eight connections, played by a script: requests of ours and any bytes, readers that stop, ends, time,
 * a protocol behind the upgrade that says and ends what it likes. Whatever comes: one answer a connection and a well-formed head,
 * behind a 101 exactly what the protocol said and got; no phase lasts longer than it may; nothing is left. */
#include "support_fuzz.h"
#include "wsaudio/http/server.h"

#define LINES 8

struct line {
    struct http_conn *conn; /* NULL: none */
    mono_us since;          /* when its phase began, or its answer was read from last */
    enum http_phase phase;
    char head[64]; /* first bytes that came */
    size_t got;
    bool up;
    int gone;
    size_t heard; /* bytes that the protocol was given */
    size_t left;  /* bytes that it has still to say */
    enum http_protocol_state state;
    uint8_t in[4096];
    size_t in_len;
};

struct play {
    struct http_server *server;
    mono_us now;
    int handles;
    struct line lines[LINES];
};

static const char WORDS[256];

static int protocol_open(void *ctx, mono_us now, void *owner, struct http_conn *conn, const struct net_addr *peer,
                         uint32_t endpoint, const struct span *token)
{
    struct line *l = owner;

    FUZZ_CHECK(now == ((struct play *)ctx)->now && conn == l->conn && peer->family == 4 && endpoint < 2 &&
               token == NULL);
    FUZZ_CHECK(!l->up);
    l->up = endpoint == 0;
    return endpoint == 0 ? ST_OK : ST_FULL;
}

static size_t protocol_space(void *ctx, void *owner, void **ptr)
{
    struct line *l = owner;

    (void)ctx;
    FUZZ_CHECK(l->up && l->gone == 0);
    *ptr = l->in + l->in_len;
    return sizeof(l->in) - l->in_len;
}

static void protocol_commit(void *ctx, void *owner, size_t len)
{
    struct line *l = owner;

    (void)ctx;
    FUZZ_CHECK(l->up && l->gone == 0 && len <= sizeof(l->in) - l->in_len);
    l->in_len = (l->in_len + len) % 4000; /* it works on them, by and by */
    l->heard += len;
}

static size_t protocol_output(void *ctx, void *owner, const void **ptr)
{
    const struct line *l = owner;

    (void)ctx;
    FUZZ_CHECK(l->up && l->gone == 0);
    *ptr = WORDS;
    return l->left < sizeof(WORDS) ? l->left : sizeof(WORDS);
}

static void protocol_consume(void *ctx, void *owner, size_t len)
{
    struct line *l = owner;

    (void)ctx;
    FUZZ_CHECK(l->up && l->gone == 0 && len <= l->left);
    l->left -= len;
}

static enum http_protocol_state protocol_state(void *ctx, void *owner, bool input_ended)
{
    const struct line *l = owner;

    (void)ctx;
    FUZZ_CHECK(l->up && l->gone == 0);
    return input_ended && l->left == 0 ? HTTP_PROTOCOL_LOST : l->state;
}

static void protocol_gone(void *ctx, mono_us now, void *owner)
{
    struct line *l = owner;

    FUZZ_CHECK(now == ((struct play *)ctx)->now && l->up);
    l->gone++;
}

static int recording_open(void *ctx, struct span name, int *handle, uint64_t *size)
{
    struct play *p = ctx;

    if (!span_eq(name, SPAN_LIT("a.wav"))) {
        return ST_NOT_FOUND;
    }
    p->handles++;
    *handle = 0;
    *size = 50000;
    return ST_OK;
}

static int recording_read(void *ctx, int handle, uint64_t offset, void *data, size_t len)
{
    (void)ctx;
    FUZZ_CHECK(handle == 0 && offset + len <= 50000);
    memset(data, 'x', len);
    return (int)len;
}

static void recording_close(void *ctx, int handle)
{
    struct play *p = ctx;

    FUZZ_CHECK(handle == 0 && p->handles > 0);
    p->handles--;
}

static bool recording_next(void *ctx, struct http_cursor *cursor, struct http_recording *out)
{
    (void)ctx;
    *out = (struct http_recording){"a.wav", 50000};
    return ++cursor->after[0] < 100;
}

static void play_init(struct play *p)
{
    static const char *const names[] = {"chat", NULL};
    static const struct http_endpoint endpoints[] = {{"/", names}, {"/full", names}};
    struct http_server_config config = {
        .max_clients = 3,
        .endpoints = endpoints,
        .endpoint_count = 2,
        .protocol = {p, protocol_open, protocol_space, protocol_commit, protocol_output, protocol_consume,
                     protocol_state, protocol_gone},
        .site = {.ctx = p,
                 .version = "1",
                 .commands = names,
                 .recording_open = recording_open,
                 .recording_read = recording_read,
                 .recording_close = recording_close,
                 .recording_next = recording_next},
    };

    p->now = DUR_S(100);
    FUZZ_CHECK(http_server_new(&config, &p->server) == ST_OK);
}

static void line_drop(struct play *p, struct line *l)
{
    http_conn_free(l->conn, p->now);
    FUZZ_CHECK(l->gone == (l->up ? 1 : 0));
    FUZZ_CHECK(!l->up || l->got < 13 || span_starts(span_make(l->head, l->got), SPAN_LIT("HTTP/1.1 101 ")));
    l->conn = NULL;
}

/* Of all connections, behind everything that happens. */
static void look(struct play *p)
{
    struct line *l;

    while ((l = http_server_next_over(p->server)) != NULL) {
        FUZZ_CHECK(http_conn_phase(l->conn) == HTTP_PHASE_OVER);
        line_drop(p, l);
    }
    for (int i = 0; i < LINES; i++) {
        l = &p->lines[i];
        if (l->conn == NULL) {
            continue;
        }
        enum http_phase phase = http_conn_phase(l->conn);
        FUZZ_CHECK((phase == HTTP_PHASE_UPGRADED) == (l->up && l->gone == 0));
        l->since = phase == l->phase ? l->since : p->now;
        l->phase = phase;
        FUZZ_CHECK(phase != HTTP_PHASE_REQUEST || p->now - l->since < DUR_S(10));
        FUZZ_CHECK(phase != HTTP_PHASE_RESPONSE || p->now - l->since < DUR_S(30));
        FUZZ_CHECK(phase != HTTP_PHASE_LINGER || p->now - l->since < DUR_S(2));
    }
}

static void line_connects(struct play *p, struct line *l, uint8_t from)
{
    static const uint8_t hosts[] = {1, 1, 1, 2, 200};
    struct net_addr peer = addr_ipv4(127, 0, 0, hosts[from % 5], 40000);

    peer.ip[0] = from % 5 == 4 ? 10 : 127;
    *l = (struct line){.since = p->now};
    l->conn = http_conn_open(p->server, p->now, &peer, l);
    FUZZ_CHECK(l->conn != NULL);
}

static void line_sends(struct play *p, struct line *l, struct span bytes)
{
    void *space;

    while (l->conn != NULL && bytes.len > 0) {
        size_t room = http_conn_input_space(l->conn, &space);
        size_t n = bytes.len < room ? bytes.len : room;
        size_t heard = l->heard;
        if (n == 0) {
            return;
        }
        memcpy(space, bytes.ptr, n);
        bool up = l->phase == HTTP_PHASE_UPGRADED;
        FUZZ_CHECK(http_conn_input_commit(l->conn, p->now, n) >= n);
        FUZZ_CHECK(!up || l->heard == heard + n);
        bytes = span_from(bytes, n);
        look(p);
    }
}

static void line_asks(struct play *p, struct line *l, uint8_t which)
{
#define HOST "Host: localhost\r\n"
#define OPEN                                                                                                           \
    HOST "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: "               \
         "dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    static const char *const requests[] = {
        "GET / HTTP/1.1\r\n" OPEN,
        "GET /full HTTP/1.1\r\n" OPEN,
        "GET / HTTP/1.1\r\n" HOST "\r\n",
        "GET /recordings/a.wav HTTP/1.1\r\n" HOST "\r\n",
        "GET /recordings/ HTTP/1.1\r\n" HOST "\r\n",
        "HEAD /recordings/a.wav HTTP/1.1\r\n" HOST "\r\n",
        "OPTIONS * HTTP/1.0\r\n\r\n",
        "POST / HTTP/1.1\r\n" HOST "\r\n",
    };
    line_sends(p, l, span_cstr(requests[which % (sizeof(requests) / sizeof(requests[0]))]));
}

static void line_reads(struct play *p, struct line *l, size_t want)
{
    const void *bytes;
    size_t len = http_conn_output(l->conn, &bytes);

    len = len < want ? len : want;
    if (len > 0) {
        for (size_t i = 0; i < len && l->got + i < sizeof(l->head); i++) {
            l->head[l->got + i] = ((const char *)bytes)[i];
        }
        l->got += len;
        FUZZ_CHECK(l->got < 9 || memcmp(l->head, "HTTP/1.1 ", 9) == 0);
        http_conn_output_consume(l->conn, p->now, len);
        l->since = p->now; /* it reads: that much time again */
    }
    http_conn_settle(l->conn, p->now);
}

static void pending(struct play *p)
{
    struct line *l;

    while ((l = http_server_next_pending(p->server)) != NULL) {
        FUZZ_CHECK(l->conn != NULL && http_conn_phase(l->conn) != HTTP_PHASE_OVER);
        http_conn_settle(l->conn, p->now);
    }
}

static void time_passes(struct play *p, dur_us duration)
{
    mono_us until = p->now + duration;
    mono_us due;

    while ((due = http_server_due(p->server)) <= until) {
        FUZZ_CHECK(due >= p->now);
        p->now = due;
        http_server_expire(p->server, p->now);
        look(p);
    }
    p->now = until;
}

static void step(struct play *p, struct fuzz_in *in)
{
    uint8_t op = fuzz_u8(in);
    struct line *l = &p->lines[(op >> 4) % LINES];

    if (l->conn == NULL) {
        line_connects(p, l, fuzz_u8(in));
        return;
    }
    switch (op % 12) {
    case 0:
    case 1: line_sends(p, l, fuzz_take(in, fuzz_u8(in))); break;
    case 2:
    case 3: line_asks(p, l, fuzz_u8(in)); break;
    case 4: line_reads(p, l, 1 + 256u * fuzz_u8(in)); break;
    case 5: line_reads(p, l, SIZE_MAX); break;
    case 6: time_passes(p, DUR_MS(100) * fuzz_u8(in)); break;
    case 7: http_conn_input_end(l->conn, p->now); break;
    case 8: line_drop(p, l); break;
    case 9:
        l->left += l->up ? fuzz_u8(in) : 0;
        http_conn_touch(l->conn);
        break;
    case 10:
        l->state = (enum http_protocol_state)(fuzz_u8(in) % 4);
        http_conn_touch(l->conn);
        break;
    default:
        if (fuzz_u8(in) % 8 == 0) {
            http_server_stop(p->server, p->now);
        } else {
            http_server_relieve(p->server, p->now);
        }
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_in in = {data, size};
    struct play *p = fuzz_alloc(sizeof(*p));

    memset(p, 0, sizeof(*p));
    play_init(p);
    while (in.len > 0) {
        step(p, &in);
        look(p);
        pending(p);
        look(p);
    }
    for (int i = 0; i < LINES; i++) {
        if (p->lines[i].conn != NULL) {
            line_drop(p, &p->lines[i]);
        }
    }
    FUZZ_CHECK(http_server_is_quiet(p->server) && http_server_due(p->server) == MONO_NEVER && p->handles == 0);
    http_server_free(p->server);
    free(p);
    return 0;
}
