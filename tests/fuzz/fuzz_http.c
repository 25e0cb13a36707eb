/* SPDX-License-Identifier: MIT */
/* HTTP request head and WebSocket handshake: the same in any split, nothing of what follows the head is taken, views lie in the
 * buffer, a head written from what was read reads the same, and the answer is one head without a line too many. */
#include "support_fuzz.h"
#include "wsaudio/http.h"

static size_t push(struct http_request *r, struct fuzz_chunks chunks, struct span text)
{
    size_t total = 0;

    http_request_init(r);
    while (text.len > 0 && r->state == HTTP_MORE) {
        struct span chunk = fuzz_chunk(&chunks, &text);
        size_t taken = http_request_push(r, chunk.ptr, chunk.len);
        FUZZ_CHECK(taken <= chunk.len && (taken == chunk.len || r->state != HTTP_MORE));
        total += taken;
    }
    FUZZ_CHECK(http_request_push(r, "x", 0) == 0);
    return total;
}

static void check_views(const struct http_request *r)
{
    struct span buf = span_make(r->buf, r->len);

    FUZZ_CHECK(r->len <= HTTP_HEAD_MAX && r->header_count <= HTTP_HEADERS_MAX);
    FUZZ_CHECK(fuzz_inside(buf, r->method) && fuzz_inside(buf, r->query));
    FUZZ_CHECK(fuzz_inside(buf, r->path) || span_eq(r->path, SPAN_LIT("/")));
    for (size_t i = 0; i < r->header_count; i++) {
        FUZZ_CHECK(fuzz_inside(buf, r->headers[i].name) && fuzz_inside(buf, r->headers[i].value));
        FUZZ_CHECK(r->headers[i].name.len > 0 && span_find(r->headers[i].value, '\n') == r->headers[i].value.len);
    }
}

static bool same(const struct http_request *a, const struct http_request *b)
{
    bool same = a->state == b->state && a->error == b->error && a->header_count == b->header_count &&
                span_eq(a->method, b->method) && span_eq(a->path, b->path) && span_eq(a->query, b->query) &&
                a->minor_version == b->minor_version;
    for (size_t i = 0; same && i < a->header_count; i++) {
        same = span_eq(a->headers[i].name, b->headers[i].name) && span_eq(a->headers[i].value, b->headers[i].value);
    }
    return same;
}

static void check_written(const struct http_request *r, struct http_request *again)
{
    char *bytes = fuzz_alloc(HTTP_HEAD_MAX + 256);
    struct outbuf out;

    outbuf_init(&out, bytes, HTTP_HEAD_MAX + 256);
    outbuf_span(&out, r->method);
    outbuf_char(&out, ' ');
    outbuf_span(&out, r->path);
    outbuf_str(&out, r->query.len > 0 ? "?" : "");
    outbuf_span(&out, r->query);
    outbuf_printf(&out, " HTTP/1.%u\r\n", r->minor_version);
    for (size_t i = 0; i < r->header_count; i++) {
        outbuf_span(&out, r->headers[i].name);
        outbuf_str(&out, ": ");
        outbuf_span(&out, r->headers[i].value);
        outbuf_str(&out, "\r\n");
    }
    outbuf_str(&out, "\r\n");
    http_request_init(again);
    /* a blank behind each colon may carry it over the limit */
    if (out.len < HTTP_HEAD_MAX && http_request_push(again, out.ptr, out.len) == out.len) {
        FUZZ_CHECK(same(r, again));
    }
    free(bytes);
}

/* Decoded text has no NUL inside, and a smaller room is refused, never overrun. */
static void check_value(const struct http_request *r, const char *key)
{
    char *out = fuzz_alloc(r->query.len + 1);
    int status = http_query_value(r, key, out, r->query.len + 1);

    FUZZ_CHECK(status == ST_OK || status == ST_BAD || status == ST_NOT_FOUND);
    if (status == ST_OK) {
        size_t len = strlen(out);
        char *small = fuzz_alloc(len);
        FUZZ_CHECK(len <= r->query.len);
        FUZZ_CHECK(http_query_value(r, key, small, len) == ST_TOO_LARGE);
        free(small);
    }
    free(out);
}

static void check_answer(const struct http_request *r)
{
    static const char *const protocols[] = {"sip-audio-protocol", "sip-demo-protocol", NULL};
    char bytes[4096];
    struct outbuf out;
    const char *why = NULL;

    outbuf_init(&out, bytes, sizeof(bytes));
    int status = http_upgrade_answer(r, protocols, &out, &why);
    struct span text = outbuf_view(&out);
    FUZZ_CHECK(outbuf_status(&out) == ST_OK);
    FUZZ_CHECK(status == ST_OK ? span_starts(text, SPAN_LIT("HTTP/1.1 101 ")) : status == ST_BAD && why != NULL);
    FUZZ_CHECK(status == ST_OK || span_starts(text, SPAN_LIT("HTTP/1.1 4")));
    FUZZ_CHECK(status != ST_OK || (http_upgrade_wanted(r) && r->minor_version > 0));
    if (status == ST_OK) {
        size_t lines = 0;
        while (text.len > 0) {
            struct span line = span_cut(&text, '\n');
            FUZZ_CHECK(line.len > 0 && line.ptr[line.len - 1] == '\r' && (line.len > 1 || text.len == 0));
            lines++;
        }
        FUZZ_CHECK(lines == 5 || lines == 6);
    }
}

static void check_ready(const struct http_request *r, struct http_request *again)
{
    FUZZ_CHECK(r->head_len == r->len && r->path.len > 0 && r->method.len > 0);
    check_written(r, again);
    check_value(r, "token");
    check_value(r, "");
    check_answer(r);
    for (size_t i = 0; i < r->header_count; i++) {
        char name[64];
        if (span_copy(r->headers[i].name, name, sizeof(name)) == ST_OK) {
            FUZZ_CHECK(http_header_find(r, name) != NULL && http_header_count(r, name) > 0);
            (void)http_header_has_token(r, name, "upgrade");
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_in in = {data, size};
    struct fuzz_chunks chunks = fuzz_chunks_from(&in);
    struct span text = fuzz_rest(&in);
    struct http_request *whole = fuzz_alloc(sizeof(*whole));
    struct http_request *parts = fuzz_alloc(sizeof(*parts));

    size_t taken = push(whole, (struct fuzz_chunks){{0}, 0}, text);
    FUZZ_CHECK(push(parts, chunks, text) == taken && same(whole, parts));
    check_views(whole);
    check_views(parts);
    FUZZ_CHECK(whole->state != HTTP_BAD ||
               (whole->why != NULL && (whole->error == 400 || whole->error == 431 || whole->error == 505)));
    if (whole->state == HTTP_READY) {
        FUZZ_CHECK(whole->head_len == taken);
        check_ready(whole, parts);
    }
    free(whole);
    free(parts);
    return 0;
}
