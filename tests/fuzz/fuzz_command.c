/* SPDX-License-Identifier: MIT */
/* The words of the text protocol and what their arguments go through: targets, file names, header lines, addresses, text for
 * the log. The first byte draws how much room is given. */
#include "support_fuzz.h"
#include "verbs.h"
#include "wsaudio/http.h"
#include "wsaudio/sipmsg.h"
#include "wsaudio/sipmsg/uri.h"
#include "wsaudio/ws.h"

static void check_command(struct span text, struct span *arg)
{
    struct command cmd;

    command_parse(text, &cmd);
    FUZZ_CHECK(cmd.verb < VERB_COUNT && fuzz_inside(text, cmd.word) && fuzz_inside(text, cmd.arg));
    FUZZ_CHECK(cmd.word.len <= 32 && span_find(cmd.word, ':') == cmd.word.len);
    FUZZ_CHECK(cmd.has_arg == (span_find(text, ':') < text.len));
    if (cmd.verb != VERB_UNKNOWN) {
        const char *name = verb_name(cmd.verb);
        FUZZ_CHECK(span_eq(cmd.word, span_cstr(name)));
        FUZZ_CHECK(cmd.word.len + (cmd.has_arg ? 1 : 0) + cmd.arg.len == text.len);
        FUZZ_CHECK(verb_nearest(cmd.word) == cmd.verb);
    }
    bool maybe = false;
    enum verb told = verb_of_text(text, &maybe);
    FUZZ_CHECK(!maybe || text.len < VERB_TEXT_MAX);
    FUZZ_CHECK(cmd.verb == VERB_UNKNOWN || told == cmd.verb);
    FUZZ_CHECK(told == VERB_UNKNOWN || span_starts(text, span_cstr(verb_name(told))));
    FUZZ_CHECK(verb_nearest(cmd.word) < VERB_COUNT);
    *arg = cmd.arg;
}

static void check_target(struct span target, size_t cap, size_t label_cap)
{
    char *uri = fuzz_alloc(cap);
    char *label = fuzz_alloc(label_cap);
    struct sip_uri parsed;

    int status = sip_target_parse(target, SPAN_LIT("pbx.example:5070"), uri, cap, label, label_cap);
    FUZZ_CHECK(status == ST_OK || status == ST_BAD || status == ST_TOO_LARGE);
    FUZZ_CHECK(strlen(sip_target_refusal(target)) > 10);
    if (status == ST_OK) {
        struct span text = span_cstr(uri);
        FUZZ_CHECK(text.len < cap && strlen(label) < label_cap && label[0] != '\0');
        FUZZ_CHECK(sip_uri_parse(text, &parsed) == ST_OK && parsed.scheme == SIP_SCHEME_SIP);
        FUZZ_CHECK(parsed.headers.len == 0 && !sip_uri_param(&parsed, SPAN_LIT("maddr"), NULL));
        FUZZ_CHECK(span_find(text, '#') == text.len && span_find(text, '?') == text.len);
        for (size_t i = 0; i < text.len; i++) {
            FUZZ_CHECK((unsigned char)text.ptr[i] > ' ' && (unsigned char)text.ptr[i] < 0x7f);
        }
    } else if (cap > 0 && label_cap > 0) {
        FUZZ_CHECK(uri[0] == '\0' && label[0] == '\0');
    }
    free(uri);
    free(label);
}

static void check_name(struct span name)
{
    if (file_name_is_ok(name)) {
        FUZZ_CHECK(name.len >= 1 && name.len <= FILE_NAME_LEN_MAX && name.ptr[0] != '.' && utf8_valid(name));
        for (size_t i = 0; i < name.len; i++) {
            FUZZ_CHECK((unsigned char)name.ptr[i] >= ' ' && strchr("/\\:\x7f", name.ptr[i]) == NULL);
        }
    }
}

static void check_header_line(struct span line)
{
    if (sip_header_line_ok(line)) {
        FUZZ_CHECK(span_find(line, ':') < line.len && span_find(line, ':') > 0);
        FUZZ_CHECK(span_find(line, '\r') == line.len && span_find(line, '\n') == line.len);
    }
}

static void check_safe_text(struct span text)
{
    char safe[TEXT_SAFE_MAX + 1];

    FUZZ_CHECK(text_safe(text, safe) == safe);
    struct span out = span_cstr(safe);
    FUZZ_CHECK(out.len <= TEXT_SAFE_MAX && utf8_valid(out));
    while (out.len > 0) {
        uint32_t code = 0;
        size_t len = utf8_next(out, &code);
        FUZZ_CHECK(len > 0 && !utf8_is_control(code));
        out = span_from(out, len);
    }
}

static void check_addr(struct span text)
{
    struct net_addr addr;
    struct net_addr again;
    struct net_cidr cidr;
    char buf[ADDR_TEXT_MAX];

    if (addr_parse_ip(text, &addr) == ST_OK) {
        FUZZ_CHECK(addr.port == 0);
        FUZZ_CHECK(addr_parse_ip(span_cstr(addr_ip_text(&addr, buf)), &again) == ST_OK && addr_equal(&addr, &again));
        FUZZ_CHECK(addr_parse_ip(span_cstr(addr_host_text(&addr, buf)), &again) == ST_OK && addr_equal(&addr, &again));
    }
    if (addr_parse_cidr(text, &cidr) == ST_OK) {
        FUZZ_CHECK(addr_in_cidr(&cidr.base, &cidr));
    }
}

static void check_percent(struct span text)
{
    char *out = fuzz_alloc(text.len + 1);
    if (http_percent_decode(text, out, text.len + 1) == ST_OK) {
        FUZZ_CHECK(strlen(out) <= text.len);
    }
    free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_in in = {data, size};
    uint8_t draw = fuzz_u8(&in);
    struct span text = fuzz_rest(&in);
    struct span arg;

    check_command(text, &arg);
    check_target(arg, 512, 65);
    check_target(arg, draw, draw / 2);
    check_target(text, 3 * text.len + 64, text.len + 1);
    check_name(arg);
    check_header_line(arg);
    check_header_line(text);
    check_safe_text(text);
    check_addr(arg);
    check_percent(arg);
    return 0;
}
