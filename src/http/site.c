/* SPDX-License-Identifier: MIT */
/* What is at which path: one row each, and the bodies that are made as they are taken. */
#include "conn.h"
#include "pages.h"

#define PATH_MAX_LEN 512
#define LOCATION_MAX (HTTP_HEAD_MAX + 128)

static void front_page(struct http_conn *c, struct span below)
{
    const struct http_site *site = &c->server->config.site;
    char page[8192];
    struct outbuf out;

    (void)below;
    outbuf_init(&out, page, sizeof(page));
    page_front(&out, site->version, site->loopback, site->commands);
    answer_text(c, 200, PAGE_HTML, PAGE_HTML_HEADERS, outbuf_view(&out));
}

/* ---- health ---- */

struct health {
    int code;
    struct span text;
};

static struct health health_of(const struct http_server *s)
{
    const struct http_site *site = &s->config.site;

    if (s->stopping) {
        return (struct health){503, SPAN_LIT("stopping\n")};
    }
    if (site->is_registered != NULL && !site->is_registered(site->ctx)) {
        return (struct health){503, SPAN_LIT("unregistered\n")};
    }
    return (struct health){200, site->loopback ? SPAN_LIT("ok loopback\n") : SPAN_LIT("ok\n")};
}

static int health_code(const struct http_server *s)
{
    return health_of(s).code;
}

static void health_get(struct http_conn *c, struct span below)
{
    struct health h = health_of(c->server);

    (void)below;
    answer_text(c, h.code, PAGE_TEXT, NULL, h.text);
}

/* ---- recordings ---- */

/* A browser would look for the list's links beside the path without it. The query may hold the token. */
static void recordings_redirect(struct http_conn *c, struct span below)
{
    char location[LOCATION_MAX];
    struct outbuf out;
    struct span query = c->request->query;

    (void)below;
    outbuf_init(&out, location, sizeof(location) - 1);
    outbuf_printf(&out, "Location: /recordings/%s%.*s\r\nCache-Control: no-store\r\n", query.len > 0 ? "?" : "",
                  SPAN_ARG(query));
    location[outbuf_view(&out).len] = '\0';
    answer_error(c, 301, location);
}

static void recording_get(struct http_conn *c, struct span name)
{
    const struct http_site *site = &c->server->config.site;
    struct http_body *body = &c->body;
    int handle;
    uint64_t size = 0;

    if (site->recording_open(site->ctx, name, &handle, &size) != ST_OK) {
        answer_error(c, 404, NULL);
    } else if (answer_file(c, "audio/wav", size)) {
        *body = (struct http_body){.kind = BODY_RECORDING, .handle = handle, .end = size};
    } else {
        site->recording_close(site->ctx, handle);
    }
}

/* The list has as many rows as there are recordings: it is written as it is taken and ends with the connection. */
static void recordings_path(struct http_conn *c, struct span below)
{
    char name[PATH_MAX_LEN];

    if (below.len == 0) {
        c->body.kind = answer_list(c, PAGE_HTML_HEADERS, page_recordings_head) ? BODY_LIST : BODY_NONE;
    } else if (http_percent_decode(below, name, sizeof(name)) != ST_OK) {
        answer_error(c, 404, NULL);
    } else {
        recording_get(c, span_cstr(name));
    }
}

static bool next_rows(struct http_conn *c, struct outbuf *out)
{
    const struct http_site *site = &c->server->config.site;
    struct http_body *body = &c->body;
    struct http_recording row;

    while (HTTP_PIECE - out->len > PAGE_ROW_MAX) {
        if (!site->recording_next(site->ctx, &body->cursor, &row)) {
            page_recordings_foot(out, body->listed);
            body->kind = BODY_NONE;
            break;
        }
        page_recordings_row(out, span_cstr(row.name), row.bytes);
        body->listed++;
    }
    return out->len > 0;
}

static bool next_file_piece(struct http_conn *c, struct outbuf *out)
{
    const struct http_site *site = &c->server->config.site;
    struct http_body *body = &c->body;
    uint64_t left = body->end - body->offset;
    size_t want = left < HTTP_PIECE ? (size_t)left : HTTP_PIECE;
    int n = want > 0 ? site->recording_read(site->ctx, body->handle, body->offset, c->out, want) : 0;

    if (n <= 0) {
        site_body_close(c);
        return false;
    }
    out->len = (size_t)n;
    body->offset += (uint64_t)n;
    return true;
}

bool site_body_next(struct http_conn *c)
{
    struct outbuf out;
    bool more = false;

    outbuf_init(&out, c->out, HTTP_PIECE);
    if (c->body.kind == BODY_LIST) {
        more = next_rows(c, &out);
    } else if (c->body.kind == BODY_RECORDING) {
        more = next_file_piece(c, &out);
    }
    c->out_len = out.len;
    c->out_sent = 0;
    return more;
}

void site_body_close(struct http_conn *c)
{
    const struct http_site *site = &c->server->config.site;

    if (c->body.kind == BODY_RECORDING) {
        site->recording_close(site->ctx, c->body.handle);
    }
    c->body.kind = BODY_NONE;
}

/* ---- rows ---- */

static bool has_recordings(const struct http_server *s)
{
    return s->config.site.recording_next != NULL;
}

/* GET's answer; HEAD, OPTIONS, CORS and the 405 are the same for all. */
static const struct site_page {
    const char *path;
    bool below;                                 /* and what lies below it */
    bool (*served)(const struct http_server *); /* NULL: always */
    int (*code)(const struct http_server *);    /* status of OPTIONS; NULL: 200 */
    void (*get)(struct http_conn *, struct span below);
} PAGES[] = {
    {"/", false, NULL, NULL, front_page},
    {"/healthz", false, NULL, health_code, health_get}, /* balancers of old ask by OPTIONS */
    {"/recordings", false, has_recordings, NULL, recordings_redirect},
    {"/recordings/", true, has_recordings, NULL, recordings_path},
};

const struct site_page *site_find(const struct http_server *s, struct span path)
{
    for (size_t i = 0; i < sizeof(PAGES) / sizeof(PAGES[0]); i++) {
        const struct site_page *page = &PAGES[i];
        struct span here = span_cstr(page->path);
        if ((page->below ? span_starts(path, here) : span_eq(path, here)) &&
            (page->served == NULL || page->served(s))) {
            return page;
        }
    }
    return NULL;
}

int site_code(const struct http_server *s, const struct site_page *page)
{
    return page->code != NULL ? page->code(s) : 200;
}

void site_get(struct http_conn *c, const struct site_page *page)
{
    page->get(c, span_from(c->request->path, strlen(page->path)));
}
