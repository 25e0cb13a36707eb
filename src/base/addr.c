/* SPDX-License-Identifier: MIT */
#include "wsaudio/base/addr.h"

#include <stdio.h>

static int parse_ipv4(struct span text, uint8_t ip[4])
{
    struct span rest = text;

    for (int i = 0; i < 4; i++) {
        size_t dot = span_find(rest, '.');
        struct span part = span_head(rest, dot);
        uint32_t value = 0;
        if ((dot == rest.len) != (i == 3) || part.len > 3 || (part.len > 1 && part.ptr[0] == '0') ||
            span_parse_u32(part, 255, &value) != ST_OK) {
            return ST_BAD;
        }
        ip[i] = (uint8_t)value;
        rest = span_from(rest, dot + 1);
    }
    return ST_OK;
}

static int parse_group(struct span part, uint16_t *out)
{
    uint32_t value = 0;

    if (part.len == 0 || part.len > 4) {
        return ST_BAD;
    }
    for (size_t i = 0; i < part.len; i++) {
        int digit = char_hex(part.ptr[i]);
        if (digit < 0) {
            return ST_BAD;
        }
        value = value << 4 | (uint32_t)digit;
    }
    *out = (uint16_t)value;
    return ST_OK;
}

/* Groups separated by ':' up to the end; with `dotted` the last may be a dotted quad. Returns their number or ST_BAD. */
static int parse_groups(struct span text, bool dotted, uint16_t *groups, int max)
{
    int count = 0;

    while (text.len > 0) {
        size_t colon = span_find(text, ':');
        struct span part = span_head(text, colon);
        if (colon < text.len && colon + 1 == text.len) {
            return ST_BAD; /* ends in a colon */
        }
        if (dotted && colon == text.len && span_find(part, '.') < part.len) {
            uint8_t ip[4];
            if (count + 2 > max || parse_ipv4(part, ip) != ST_OK) {
                return ST_BAD;
            }
            groups[count++] = (uint16_t)(ip[0] << 8 | ip[1]);
            groups[count++] = (uint16_t)(ip[2] << 8 | ip[3]);
        } else if (count >= max || parse_group(part, &groups[count++]) != ST_OK) {
            return ST_BAD;
        }
        text = span_from(text, colon + 1);
    }
    return count;
}

static size_t find_double_colon(struct span text)
{
    for (size_t i = 0; i + 1 < text.len; i++) {
        if (text.ptr[i] == ':' && text.ptr[i + 1] == ':') {
            return i;
        }
    }
    return text.len;
}

static int parse_ipv6(struct span text, uint8_t ip[16])
{
    uint16_t head[8] = {0};
    uint16_t tail[8] = {0};
    size_t gap = find_double_colon(text);
    bool has_gap = gap < text.len;
    int head_count = parse_groups(span_head(text, gap), !has_gap, head, 8);
    int tail_count = has_gap ? parse_groups(span_from(text, gap + 2), true, tail, 8) : 0;

    if (head_count < 0 || tail_count < 0 || (has_gap ? head_count + tail_count > 7 : head_count != 8)) {
        return ST_BAD;
    }
    for (int i = 0; i < tail_count; i++) {
        head[8 - tail_count + i] = tail[i];
    }
    for (int i = 0; i < 8; i++) {
        ip[2 * i] = (uint8_t)(head[i] >> 8);
        ip[2 * i + 1] = (uint8_t)head[i];
    }
    return ST_OK;
}

int addr_parse_ip(struct span text, struct net_addr *out)
{
    struct net_addr addr = {0};

    if (text.len >= 2 && text.ptr[0] == '[' && text.ptr[text.len - 1] == ']') {
        text = span_make(text.ptr + 1, text.len - 2);
        if (span_find(text, ':') == text.len) {
            return ST_BAD;
        }
    }
    if (text.len == 0) {
        return ST_BAD;
    }
    addr.family = span_find(text, ':') < text.len ? 6 : 4;
    int status = addr.family == 6 ? parse_ipv6(text, addr.ip) : parse_ipv4(text, addr.ip);
    if (status == ST_OK) {
        *out = addr;
    }
    return status;
}

static unsigned group_at(const struct net_addr *addr, int i)
{
    return (unsigned)addr->ip[2 * i] << 8 | addr->ip[2 * i + 1];
}

/* RFC 5952 4.2.3: the longest run of two or more zero groups, the first of equals. */
static void longest_zero_run(const struct net_addr *addr, int *start, int *len)
{
    *start = -1;
    *len = 1;
    for (int i = 0; i < 8; i++) {
        int run = 0;
        while (i + run < 8 && group_at(addr, i + run) == 0) {
            run++;
        }
        if (run > *len) {
            *start = i;
            *len = run;
        }
        i += run;
    }
}

static void write_ipv6(const struct net_addr *addr, char *buf, size_t cap)
{
    int start;
    int len;
    size_t at = 0;

    longest_zero_run(addr, &start, &len);
    buf[0] = '\0';
    for (int i = 0; i < 8; i++) {
        int n;
        if (i == start) {
            n = snprintf(buf + at, cap - at, "::");
            i += len - 1;
        } else {
            bool colon = i > 0 && i != start + len;
            n = snprintf(buf + at, cap - at, "%s%x", colon || (start < 0 && i > 0) ? ":" : "", group_at(addr, i));
        }
        at += (size_t)n;
    }
}

/* By hand: a call's messages hold a dozen addresses. Returns the end, where a NUL is. */
static char *write_decimal(char *at, unsigned number)
{
    char digits[10];
    size_t len = 0;

    do {
        digits[len++] = (char)('0' + number % 10);
        number /= 10;
    } while (number != 0);
    while (len > 0) {
        *at++ = digits[--len];
    }
    *at = '\0';
    return at;
}

static void write_ipv4(const struct net_addr *addr, char *at)
{
    for (int i = 0; i < 4; i++) {
        at = write_decimal(at, addr->ip[i]);
        if (i < 3) {
            *at++ = '.';
        }
    }
}

const char *addr_ip_text(const struct net_addr *addr, char buf[ADDR_TEXT_MAX])
{
    if (addr->family == 4) {
        write_ipv4(addr, buf);
    } else if (addr->family == 6) {
        write_ipv6(addr, buf, ADDR_TEXT_MAX);
    } else {
        snprintf(buf, ADDR_TEXT_MAX, "none");
    }
    return buf;
}

const char *addr_host_text(const struct net_addr *addr, char buf[ADDR_TEXT_MAX])
{
    char ip[ADDR_TEXT_MAX];

    if (addr->family != 6) {
        return addr_ip_text(addr, buf);
    }
    snprintf(buf, ADDR_TEXT_MAX, "[%.45s]", addr_ip_text(addr, ip));
    return buf;
}

const char *addr_text(const struct net_addr *addr, char buf[ADDR_TEXT_MAX])
{
    char *end = buf + strlen(addr_host_text(addr, buf));

    *end++ = ':';
    (void)write_decimal(end, addr->port);
    return buf;
}

struct net_addr addr_unmapped(struct net_addr addr)
{
    static const uint8_t prefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};

    if (addr.family != 6 || memcmp(addr.ip, prefix, sizeof(prefix)) != 0) {
        return addr;
    }
    return addr_ipv4(addr.ip[12], addr.ip[13], addr.ip[14], addr.ip[15], addr.port);
}

bool addr_same_ip(const struct net_addr *a, const struct net_addr *b)
{
    if (a->family == 4 && b->family == 4) { /* most of all; asked of each packet */
        return memcmp(a->ip, b->ip, 4) == 0;
    }
    struct net_addr x = addr_unmapped(*a);
    struct net_addr y = addr_unmapped(*b);

    return x.family != 0 && x.family == y.family && memcmp(x.ip, y.ip, x.family == 4 ? 4 : 16) == 0;
}

bool addr_equal(const struct net_addr *a, const struct net_addr *b)
{
    return a->port == b->port && addr_same_ip(a, b);
}

bool addr_is_loopback(const struct net_addr *addr)
{
    static const uint8_t one[16] = {[15] = 1};
    struct net_addr a = addr_unmapped(*addr);

    return a.family == 4 ? a.ip[0] == 127 : a.family == 6 && memcmp(a.ip, one, 16) == 0;
}

bool addr_is_any(const struct net_addr *addr)
{
    static const uint8_t zero[16] = {0};
    struct net_addr a = addr_unmapped(*addr);

    return a.family == 0 || memcmp(a.ip, zero, a.family == 4 ? 4 : 16) == 0;
}

bool addr_is_private(const struct net_addr *addr)
{
    struct net_addr a = addr_unmapped(*addr);
    const uint8_t *ip = a.ip;

    if (a.family == 6) {
        return (ip[0] & 0xFE) == 0xFC || (ip[0] == 0xFE && (ip[1] & 0xC0) == 0x80);
    }
    return a.family == 4 && (ip[0] == 10 || (ip[0] == 172 && (ip[1] & 0xF0) == 16) || (ip[0] == 192 && ip[1] == 168) ||
                             (ip[0] == 100 && (ip[1] & 0xC0) == 64) || (ip[0] == 169 && ip[1] == 254));
}

bool addr_is_group(const struct net_addr *addr)
{
    static const uint8_t all[] = {255, 255, 255, 255};
    struct net_addr a = addr_unmapped(*addr);

    if (a.family == 4) {
        return (a.ip[0] & 0xF0) == 0xE0 || memcmp(a.ip, all, sizeof(all)) == 0;
    }
    return a.family == 6 && a.ip[0] == 0xFF;
}

struct net_addr addr_ipv4(uint8_t a, uint8_t b, uint8_t c, uint8_t d, uint16_t port)
{
    return (struct net_addr){.family = 4, .port = port, .ip = {a, b, c, d}};
}

static bool bit_at(const uint8_t *ip, unsigned bit)
{
    return (ip[bit / 8] >> (7 - bit % 8) & 1) != 0;
}

int addr_parse_cidr(struct span text, struct net_cidr *out)
{
    struct span rest = text;
    struct span host = span_cut(&rest, '/');
    bool has_bits = host.len < text.len;
    struct net_cidr cidr = {0};
    uint32_t bits = 0;

    if (addr_parse_ip(host, &cidr.base) != ST_OK) {
        return ST_BAD;
    }
    uint32_t most = cidr.base.family == 4 ? 32 : 128;
    if (has_bits ? span_parse_u32(rest, most, &bits) != ST_OK : (bits = most, false)) {
        return ST_BAD;
    }
    for (unsigned i = bits; i < most; i++) {
        if (bit_at(cidr.base.ip, i)) {
            return ST_BAD;
        }
    }
    cidr.bits = (uint8_t)bits;
    *out = cidr;
    return ST_OK;
}

bool addr_in_cidr(const struct net_addr *addr, const struct net_cidr *cidr)
{
    struct net_addr a = addr_unmapped(*addr);
    struct net_addr base = cidr->base;
    unsigned bits = cidr->bits;
    struct net_addr plain = addr_unmapped(base);

    if (plain.family != base.family && bits >= 96) {
        base = plain; /* ::ffff:10.0.0.0/104 means 10.0.0.0/8 */
        bits -= 96;
    }
    if (a.family != base.family) {
        return false;
    }
    for (unsigned i = 0; i < bits; i++) {
        if (bit_at(a.ip, i) != bit_at(base.ip, i)) {
            return false;
        }
    }
    return true;
}
