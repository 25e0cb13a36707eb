/* SPDX-License-Identifier: MIT */
#include "text.h"

#include <stdlib.h>

#include "engine.h"
#include "sip_client.h"
#include "wsaudio/sipmsg.h"

#define QUOTED_MAX 256 /* of parse_nonce_realm's arguments */

/* ---- lines ---- */

bool message_text_next_header(struct span *rest, struct span *line)
{
    size_t len = 0;

    do {
        len += span_find(span_from(*rest, len), '\n') + 1;
    } while (len < rest->len && char_is_blank(rest->ptr[len]));
    *line = span_trim(span_head(*rest, len));
    *rest = span_from(*rest, len);
    return line->len > 0;
}

/* Whether the line is that header; its value. */
static bool is_header(struct span line, const char *name, char compact, struct span *value)
{
    size_t colon = span_find(line, ':');
    struct span found = span_trim(span_head(line, colon));
    bool same = span_ieq(found, span_cstr(name)) || (compact != '\0' && span_ieq(found, span_make(&compact, 1)));

    *value = span_trim(span_from(line, colon + 1));
    return colon < line.len && same;
}

bool message_text_header(struct span message, const char *name, char compact, struct span *value)
{
    struct span line;

    while (message_text_next_header(&message, &line)) {
        if (is_header(line, name, compact, value)) {
            return true;
        }
    }
    *value = SPAN_NONE;
    return false;
}

/* Length of a quoted string at the front, quotes included; all of s when it has no end. */
static size_t quoted_len(struct span s)
{
    size_t i = 1;

    while (i < s.len && s.ptr[i] != '"') {
        i += s.ptr[i] == '\\' ? 2 : 1;
    }
    return i < s.len ? i + 1 : s.len;
}

/* Index of the first `c` outside of quotes and angle brackets, or s.len. */
static size_t find_outside(struct span s, char c)
{
    bool in_brackets = false;

    for (size_t i = 0; i < s.len; i++) {
        if (s.ptr[i] == '"' && !in_brackets) {
            i += quoted_len(span_from(s, i)) - 1;
        } else if (s.ptr[i] == c && !in_brackets) {
            return i;
        } else if (s.ptr[i] == '<') {
            in_brackets = true;
        } else if (s.ptr[i] == '>') {
            in_brackets = false;
        }
    }
    return s.len;
}

struct span message_text_param(struct span value, const char *name)
{
    struct span rest = span_from(value, find_outside(value, ';') + 1);

    while (rest.len > 0) {
        size_t len = find_outside(rest, ';');
        struct span param = span_head(rest, len);
        struct span key = span_trim(span_head(param, span_find(param, '=')));
        if (span_ieq(key, span_cstr(name))) {
            return span_trim(span_from(param, span_find(param, '=') + 1));
        }
        rest = span_from(rest, len + 1);
    }
    return SPAN_NONE;
}

/* ---- challenges ---- */

/* A quoted string or token without quotes and escapes; "" when it does not fit or has no end. */
static void copy_value(struct span value, char *out, size_t cap)
{
    size_t n = 0;
    size_t end = value.len;

    out[0] = '\0';
    if (value.len > 0 && value.ptr[0] == '"') {
        if (quoted_len(value) != value.len || value.len < 2 || value.ptr[value.len - 1] != '"') {
            return;
        }
        value = span_from(value, 1);
        end = value.len > 0 ? value.len - 1 : 0;
    }
    for (size_t i = 0; i < end; i++) {
        if (value.ptr[i] == '\\' && i + 1 < end) {
            i++;
        }
        if (n + 1 == cap || value.ptr[i] == '\0') {
            out[0] = '\0';
            return;
        }
        out[n++] = value.ptr[i];
    }
    out[n] = '\0';
}

static struct span challenge_param(struct span params, const char *name)
{
    while (params.len > 0) {
        size_t len = find_outside(params, ',');
        struct span param = span_trim(span_head(params, len));
        size_t equals = span_find(param, '=');
        if (equals < param.len && span_ieq(span_trim(span_head(param, equals)), span_cstr(name))) {
            return span_trim(span_from(param, equals + 1));
        }
        params = span_from(params, len + 1);
    }
    return SPAN_NONE;
}

/* The parameters behind "Digest "; empty: another scheme. */
static struct span digest_params(struct span value)
{
    bool is_digest = span_istarts(value, SPAN_LIT("Digest")) && value.len > 6 && char_is_blank(value.ptr[6]);

    return is_digest ? span_trim(span_from(value, 7)) : SPAN_NONE;
}

static bool is_md5(struct span params)
{
    struct span algorithm = challenge_param(params, "algorithm");

    return algorithm.len == 0 || span_ieq(algorithm, SPAN_LIT("MD5")) || span_ieq(algorithm, SPAN_LIT("\"MD5\""));
}

/* The MD5 challenge of a message, else its first one. */
static struct span find_challenge(struct span message)
{
    struct span first = digest_params(span_trim(message)); /* the value alone */
    struct span line;
    struct span value;

    while (message_text_next_header(&message, &line)) {
        if (!is_header(line, "WWW-Authenticate", '\0', &value) &&
            !is_header(line, "Proxy-Authenticate", '\0', &value)) {
            continue;
        }
        struct span params = digest_params(value);
        if (params.len > 0 && is_md5(params)) {
            return params;
        }
        first = first.len > 0 ? first : params;
    }
    return first;
}

void parse_nonce_realm(const char *msg, char *nonce, char *realm)
{
    struct span params = find_challenge(span_cstr(msg));

    if (nonce != NULL) {
        copy_value(challenge_param(params, "nonce"), nonce, QUOTED_MAX);
    }
    if (realm != NULL) {
        copy_value(challenge_param(params, "realm"), realm, QUOTED_MAX);
    }
}

/* ---- messages ---- */

void parse_sip_headers(const char *msg)
{
    struct span message = span_cstr(msg);
    struct span line;
    struct log log;
    size_t cap = 2 * message.len + 256;
    char *masked = msg != NULL ? malloc(cap) : NULL;
    struct outbuf out;

    if (masked == NULL) {
        return;
    }
    library_log_open(&log, false);
    log.level = LOG_INFO;
    outbuf_init(&out, masked, cap);
    sip_mask_secrets(&out, message);
    message = outbuf_view(&out);
    while (message_text_next_header(&message, &line)) {
        char *folded = masked + (line.ptr - masked);
        for (size_t i = 0; i < line.len; i++) {
            folded[i] = line.ptr[i] == '\r' || line.ptr[i] == '\n' ? ' ' : line.ptr[i];
        }
        log_write(&log, LOG_INFO, "%.*s", SPAN_ARG(line));
    }
    free(masked);
}

int parse_sip_status_code(const char *msg)
{
    struct span rest = span_cstr(msg);
    uint32_t code = 0;

    if (!span_istarts(rest, SPAN_LIT("SIP/2.0 "))) {
        return 0;
    }
    rest = span_from(rest, 8);
    bool ends =
        rest.len == 3 || (rest.len > 3 && (char_is_blank(rest.ptr[3]) || rest.ptr[3] == '\r' || rest.ptr[3] == '\n'));
    return ends && span_parse_u32(span_head(rest, 3), 699, &code) == ST_OK && code >= 100 ? (int)code : 0;
}

char *extract_to_tag(const char *msg, char *tag_buf, size_t buf_size)
{
    struct span to;

    if (tag_buf == NULL || buf_size == 0) {
        return NULL;
    }
    tag_buf[0] = '\0';
    if (!message_text_header(span_cstr(msg), "To", 't', &to)) {
        return NULL;
    }
    struct span tag = message_text_param(to, "tag");
    return tag.len > 0 && span_copy(tag, tag_buf, buf_size) == ST_OK ? tag_buf : NULL;
}

int parse_rtp_port(const char *msg)
{
    struct span rest = span_cstr(msg);
    uint32_t port = 0;

    while (rest.len > 0) {
        struct span line = span_cut(&rest, '\n');
        if (span_starts(line, SPAN_LIT("m=audio "))) {
            struct span number = span_from(line, 8);
            size_t len = 0;
            while (len < number.len && char_is_digit(number.ptr[len])) {
                len++;
            }
            bool ends =
                len == number.len || number.ptr[len] == ' ' || number.ptr[len] == '/' || number.ptr[len] == '\r';
            return ends && span_parse_u32(span_head(number, len), UINT16_MAX, &port) == ST_OK ? (int)port : 0;
        }
    }
    return 0;
}
