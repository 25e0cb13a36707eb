/* SPDX-License-Identifier: MIT */
/* The kinds of values that a flag can have: how their text is read, and what is wrong with it in words. */
#include <inttypes.h>
#include <stdlib.h>

#include "options_table.h"
#include "wsaudio/http/origin.h"

static void *field_of(struct options *o, const struct option_row *row)
{
    return (char *)o + row->offset;
}

/* ---- what text looks like ---- */

static bool text_is_plain(struct span text)
{
    struct span rest = text;

    while (rest.len > 0) {
        uint32_t code = 0;
        size_t len = utf8_next(rest, &code);
        if (len == 0 || utf8_is_control(code)) {
            return false;
        }
        rest = span_from(rest, len);
    }
    return text.len <= OPTIONS_TEXT_MAX;
}

static bool host_name_ok(struct span text)
{
    return text.len <= 253 && host_is_name(text) && char_is_alnum(text.ptr[0]);
}

static bool only_digits_and_dots(struct span text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (!char_is_digit(text.ptr[i]) && text.ptr[i] != '.') {
            return false;
        }
    }
    return true;
}

/* A literal (IPv6 only in brackets) or a name. What looks like an IPv4 address but is none is no name either. */
static int host_parse(struct span text, struct net_addr *literal)
{
    memset(literal, 0, sizeof(*literal));
    if (text.len == 0) {
        return ST_BAD;
    }
    if (text.ptr[0] == '[' || only_digits_and_dots(text)) {
        return addr_parse_ip(text, literal);
    }
    return host_name_ok(text) ? ST_OK : ST_BAD;
}

bool option_domain_ok(struct span text)
{
    struct net_addr literal;

    return host_parse(text, &literal) == ST_OK;
}

/* The part in front of the last ':' that is not inside brackets; false when there is none. */
static bool cut_port(struct span text, struct span *host, struct span *port)
{
    size_t at = text.len;

    while (at > 0 && char_is_digit(text.ptr[at - 1])) {
        at--;
    }
    if (at == 0 || text.ptr[at - 1] != ':') {
        return false;
    }
    *port = span_from(text, at);
    *host = span_head(text, at - 1);
    return true;
}

/* Dialled numbers have lost their separators: a pattern that is a number with some would never match. */
static bool is_number_with_separators(struct span text)
{
    bool digit = false;
    bool separator = false;

    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        digit = digit || char_is_digit(c);
        separator = separator || char_is_among(c, "-.()");
        if (!char_is_digit(c) && !char_is_among(c, "+*#?-.()")) {
            return false;
        }
    }
    return digit && separator;
}

bool option_pattern_ok(struct span text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (char_is_among(text.ptr[i], " %;")) {
            return false;
        }
    }
    return text.len <= OPTIONS_PATTERN_MAX && !span_istarts(text, SPAN_LIT("sip:")) && !is_number_with_separators(text);
}

bool option_origin_ok(struct span text)
{
    struct origin parsed;

    return origin_pattern_parse(text, &parsed) == ST_OK;
}

/* ---- one function a kind ---- */

static int set_switch(bool *field, struct span value)
{
    if (span_eq(value, SPAN_LIT("yes"))) {
        *field = true;
        return ST_OK;
    }
    if (span_eq(value, SPAN_LIT("no"))) {
        *field = false;
        return ST_OK;
    }
    return ST_BAD;
}

static char *text_copy(struct span value)
{
    char *copy = malloc(value.len + 1);

    if (copy != NULL) {
        memcpy(copy, value.len > 0 ? value.ptr : "", value.len);
        copy[value.len] = '\0';
    }
    return copy;
}

static int text_check(const struct option_row *row, struct span value)
{
    if (value.len == 0 && (row->flags & OPTION_MAY_BE_EMPTY) == 0) {
        return ST_BAD;
    }
    if (!text_is_plain(value) || (row->text_ok != NULL && !row->text_ok(value))) {
        return ST_BAD;
    }
    return ST_OK;
}

static void text_release(char **field)
{
    if (*field != NULL) {
        explicit_bzero(*field, strlen(*field));
        free(*field);
        *field = NULL;
    }
}

static int set_text(char **field, const struct option_row *row, struct span value)
{
    int status = text_check(row, value);

    if (status != ST_OK) {
        return status;
    }
    char *copy = text_copy(value);
    if (copy == NULL) {
        return ST_NO_MEMORY;
    }
    text_release(field);
    *field = copy;
    return ST_OK;
}

/* A copy of the value for a list that has so many already. */
static int text_for_list(uint32_t count, const struct option_row *row, struct span value, char **copy)
{
    int status = text_check(row, value);

    if (status == ST_OK && count >= OPTIONS_LIST_MAX) {
        status = ST_FULL;
    }
    if (status == ST_OK) {
        *copy = text_copy(value);
        status = *copy != NULL ? ST_OK : ST_NO_MEMORY;
    }
    return status;
}

static int add_text(struct option_texts *list, const struct option_row *row, struct span value)
{
    char *copy;
    int status = text_for_list(list->count, row, value, &copy);

    if (status != ST_OK) {
        return status;
    }
    if (list->items == NULL && (list->items = calloc(OPTIONS_LIST_MAX, sizeof(*list->items))) == NULL) {
        free(copy);
        return ST_NO_MEMORY;
    }
    list->items[list->count++] = copy;
    return ST_OK;
}

static int add_cidr(struct option_cidrs *list, struct span value)
{
    struct net_cidr cidr;
    int status = addr_parse_cidr(value, &cidr);

    if (status != ST_OK) {
        return status;
    }
    if (list->count >= OPTIONS_LIST_MAX) {
        return ST_FULL;
    }
    if (list->items == NULL && (list->items = calloc(OPTIONS_LIST_MAX, sizeof(*list->items))) == NULL) {
        return ST_NO_MEMORY;
    }
    list->items[list->count++] = cidr;
    return ST_OK;
}

static int add_rule(struct option_rules *list, const struct option_row *row, struct span value)
{
    char *copy;
    int status = text_for_list(list->count, row, value, &copy);

    if (status != ST_OK) {
        return status;
    }
    if (list->items == NULL && (list->items = calloc(OPTIONS_LIST_MAX, sizeof(*list->items))) == NULL) {
        free(copy);
        return ST_NO_MEMORY;
    }
    list->items[list->count++] = (struct option_rule){(row->flags & OPTION_IS_ALLOW) != 0, copy};
    return ST_OK;
}

static int parse_number(const struct option_row *row, struct span digits, uint64_t unit, uint64_t *out)
{
    uint64_t number = 0;

    if (span_parse_u64(digits, row->max / unit, &number) != ST_OK || number * unit < row->min) {
        return ST_BAD;
    }
    *out = number * unit;
    return ST_OK;
}

static int set_bytes(uint64_t *field, const struct option_row *row, struct span value)
{
    static const char UNITS[] = "kmg";
    uint64_t unit = 1;

    if (value.len > 0 && !char_is_digit(value.ptr[value.len - 1])) {
        const char *found = strchr(UNITS, char_lower(value.ptr[value.len - 1]));
        if (found == NULL || *found == '\0') {
            return ST_BAD;
        }
        unit = (uint64_t)1 << (10 * (found - UNITS + 1));
        value = span_head(value, value.len - 1);
    }
    return parse_number(row, value, unit, field);
}

static int set_seconds(dur_us *field, const struct option_row *row, struct span value)
{
    uint64_t seconds = 0;
    int status = parse_number(row, value, 1, &seconds);

    if (status == ST_OK) {
        *field = DUR_S((dur_us)seconds);
    }
    return status;
}

static int set_count(uint32_t *field, const struct option_row *row, struct span value)
{
    uint64_t number = 0;
    int status = parse_number(row, value, 1, &number);

    if (status == ST_OK) {
        *field = (uint32_t)number;
    }
    return status;
}

static int set_listen(struct net_addr *field, struct span value)
{
    struct net_addr addr = {0};
    struct span host = SPAN_NONE;
    struct span digits = value;
    uint32_t port = 0;

    if (cut_port(value, &host, &digits)) {
        bool quad_or_bracket = host.len > 0 && (host.ptr[0] == '[' || only_digits_and_dots(host));
        if (!quad_or_bracket || addr_parse_ip(host, &addr) != ST_OK || addr_is_group(&addr)) {
            return ST_BAD;
        }
    }
    if (span_parse_u32(digits, 65535, &port) != ST_OK) {
        return ST_BAD;
    }
    addr.port = (uint16_t)port;
    *field = addr;
    return ST_OK;
}

static int set_ip(struct net_addr *field, struct span value)
{
    struct net_addr addr;

    if (addr_parse_ip(value, &addr) != ST_OK || addr_is_any(&addr) || addr_is_group(&addr)) {
        return ST_BAD;
    }
    *field = addr;
    return ST_OK;
}

static int set_host(struct option_host *field, struct span value)
{
    struct option_host parsed = {.name = NULL, .port = 5060};
    struct span host = value;
    struct span digits = SPAN_NONE;
    uint32_t port = 5060;

    parsed.port_given = cut_port(value, &host, &digits);
    if (parsed.port_given && (span_parse_u32(digits, 65535, &port) != ST_OK || port == 0)) {
        return ST_BAD;
    }
    if (host_parse(host, &parsed.addr) != ST_OK) {
        return ST_BAD;
    }
    if (parsed.addr.family != 0 && (addr_is_any(&parsed.addr) || addr_is_group(&parsed.addr))) {
        return ST_BAD;
    }
    if (host.ptr[0] == '[') {
        host = span_make(host.ptr + 1, host.len - 2);
    }
    parsed.name = text_copy(host);
    if (parsed.name == NULL) {
        return ST_NO_MEMORY;
    }
    parsed.port = (uint16_t)port;
    parsed.addr.port = (uint16_t)port;
    free(field->name);
    *field = parsed;
    return ST_OK;
}

static int set_ports(struct option_ports *field, struct span value)
{
    struct span rest = value;
    struct span low_text = span_cut(&rest, '-');
    uint32_t low = 0;

    if (span_parse_u32(low_text, 65535, &low) != ST_OK || low == 0) {
        return ST_BAD;
    }
    uint32_t high = low + 999 < 65535 ? low + 999 : 65535;
    if (low_text.len < value.len && span_parse_u32(rest, 65535, &high) != ST_OK) {
        return ST_BAD;
    }
    struct option_ports ports = {(uint16_t)low, (uint16_t)high};
    if (high < low || options_port_pairs(&ports) == 0) {
        return ST_BAD;
    }
    *field = ports;
    return ST_OK;
}

static int set_enum(int *field, const struct option_row *row, struct span value)
{
    for (int i = 0; row->words[i] != NULL; i++) {
        if (span_eq(span_cstr(row->words[i]), value)) {
            *field = i;
            return ST_OK;
        }
    }
    return ST_BAD;
}

int option_set(struct options *o, const struct option_row *row, struct span value)
{
    void *field = field_of(o, row);

    switch (row->kind) {
    case OPTION_SWITCH: return set_switch(field, value);
    case OPTION_TEXT: return set_text(field, row, value);
    case OPTION_TEXT_LIST: return add_text(field, row, value);
    case OPTION_CIDR_LIST: return add_cidr(field, value);
    case OPTION_RULE_LIST: return add_rule(field, row, value);
    case OPTION_BYTES: return set_bytes(field, row, value);
    case OPTION_SECONDS: return set_seconds(field, row, value);
    case OPTION_COUNT: return set_count(field, row, value);
    case OPTION_LISTEN: return set_listen(field, value);
    case OPTION_IP: return set_ip(field, value);
    case OPTION_HOST: return set_host(field, value);
    case OPTION_PORTS: return set_ports(field, value);
    case OPTION_ENUM: return set_enum(field, row, value);
    }
    return ST_BAD;
}

static void clear_texts(struct option_texts *list)
{
    for (uint32_t i = 0; i < list->count; i++) {
        free(list->items[i]);
    }
    free(list->items);
    *list = (struct option_texts){NULL, 0};
}

static void clear_cidrs(struct option_cidrs *list)
{
    free(list->items);
    *list = (struct option_cidrs){NULL, 0};
}

static void clear_rules(struct option_rules *list)
{
    for (uint32_t i = 0; i < list->count; i++) {
        free(list->items[i].pattern);
    }
    free(list->items);
    *list = (struct option_rules){NULL, 0};
}

static void clear_host(struct option_host *host)
{
    free(host->name);
    memset(host, 0, sizeof(*host));
}

void option_clear(struct options *o, const struct option_row *row)
{
    void *field = field_of(o, row);

    if (row->kind == OPTION_TEXT) {
        text_release(field);
    } else if (row->kind == OPTION_TEXT_LIST) {
        clear_texts(field);
    } else if (row->kind == OPTION_CIDR_LIST) {
        clear_cidrs(field);
    } else if (row->kind == OPTION_RULE_LIST) {
        clear_rules(field);
    } else if (row->kind == OPTION_HOST) {
        clear_host(field);
    }
}
