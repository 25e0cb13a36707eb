#include "auth.h"
#include "scan.h"

/* One line with its line end and the folded lines behind it. */
static struct span cut_raw_header(struct span *rest)
{
    struct span all = *rest;

    do {
        *rest = span_from(*rest, span_find(*rest, '\n') + 1);
    } while (rest->len > 0 && (rest->ptr[0] == ' ' || rest->ptr[0] == '\t'));
    return span_head(all, all.len - rest->len);
}

static bool is_secret_header(struct span line)
{
    enum sip_header_id id = sip_header_find(span_trim(span_head(line, span_find(line, ':'))));

    return id == SIP_HEADER_AUTHORIZATION || id == SIP_HEADER_PROXY_AUTHORIZATION;
}

static bool may_be_shown(struct span name)
{
    static const char *const harmless[] = {"username", "realm", "uri", "algorithm", "qop"};

    for (size_t i = 0; i < sizeof harmless / sizeof harmless[0]; i++) {
        if (span_ieq(name, span_cstr(harmless[i]))) {
            return true;
        }
    }
    return false;
}

/* Length of a parameter: up to the comma outside quotes; an open quote takes the rest. */
static size_t param_len(struct span s)
{
    size_t at = 0;

    while (at < s.len && s.ptr[at] != ',') {
        if (s.ptr[at] != '"') {
            at++;
            continue;
        }
        at = sip_skip_quoted(s, at);
        if (at == 0) {
            return s.len;
        }
    }
    return at;
}

/* value: from behind the colon to the line end. */
static void put_masked(struct outbuf *out, struct span value)
{
    size_t scheme_at = sip_skip_lws(value, 0);
    size_t scheme_end = sip_skip_token(value, scheme_at);
    struct span scheme = span_from(span_head(value, scheme_end), scheme_at);
    const char *separator = " ";

    outbuf_char(out, ' ');
    outbuf_span(out, scheme);
    if (!span_ieq(scheme, SPAN_LIT("Digest"))) {
        outbuf_str(out, " ***");
        return;
    }
    struct span rest = span_from(value, scheme_end);
    while (rest.len > 0) {
        size_t len = param_len(rest);
        struct span param = span_trim(span_head(rest, len));
        struct span name = span_trim(span_head(param, span_find(param, '=')));
        rest = span_from(rest, len + 1);
        outbuf_str(out, separator);
        separator = ", ";
        if (may_be_shown(name)) {
            outbuf_span(out, param);
        } else if (sip_is_token(name) && name.len < param.len) {
            outbuf_span(out, name);
            outbuf_str(out, "=***");
        } else {
            outbuf_str(out, "***");
        }
    }
}

void sip_mask_secrets(struct outbuf *out, struct span message)
{
    struct span rest = message;

    while (rest.len > 0 && (rest.ptr[0] == '\r' || rest.ptr[0] == '\n')) {
        outbuf_char(out, rest.ptr[0]);
        rest = span_from(rest, 1);
    }
    while (rest.len > 0) {
        struct span line = cut_raw_header(&rest);
        if (span_trim(line).len == 0) {
            outbuf_span(out, line);
            break; /* the body follows */
        }
        if (!is_secret_header(line)) {
            outbuf_span(out, line);
            continue;
        }
        size_t colon = span_find(line, ':');
        outbuf_span(out, span_head(line, colon + 1));
        put_masked(out, span_from(span_head(line, span_trim(line).len), colon + 1));
        outbuf_str(out, "\r\n");
    }
    outbuf_span(out, rest);
}
