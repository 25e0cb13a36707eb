/* SPDX-License-Identifier: MIT */
#include "wsaudio/base/utf8.h"

static uint8_t byte_at(struct span s, size_t i)
{
    return (uint8_t)s.ptr[i];
}

size_t utf8_next(struct span s, uint32_t *code)
{
    if (s.len == 0) {
        return 0;
    }
    uint8_t lead = byte_at(s, 0);
    size_t len = lead < 0x80 ? 1 : lead < 0xC2 ? 0 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : lead < 0xF5 ? 4 : 0;

    if (len == 0 || len > s.len) {
        return 0;
    }
    uint32_t value = len == 1 ? lead : lead & (0x7FU >> len);
    for (size_t i = 1; i < len; i++) {
        if ((byte_at(s, i) & 0xC0) != 0x80) {
            return 0;
        }
        value = value << 6 | (byte_at(s, i) & 0x3FU);
    }
    bool overlong = (len == 3 && value < 0x800) || (len == 4 && value < 0x10000);
    if (overlong || value > 0x10FFFF || (value >= 0xD800 && value < 0xE000)) {
        return 0;
    }
    *code = value;
    return len;
}

bool utf8_valid(struct span s)
{
    uint32_t code;

    while (s.len > 0) {
        size_t n = utf8_next(s, &code);
        if (n == 0) {
            return false;
        }
        s = span_from(s, n);
    }
    return true;
}

bool utf8_is_control(uint32_t code)
{
    return code < 0x20 || (code >= 0x7F && code < 0xA0);
}

bool utf8_is_invisible(uint32_t code)
{
    return code == 0xAD || code == 0x34F || code == 0x61C || code == 0x180E || (code >= 0x200B && code <= 0x200F) ||
           (code >= 0x202A && code <= 0x202E) || (code >= 0x2060 && code <= 0x206F) ||
           (code >= 0xFE00 && code <= 0xFE0F) || code == 0xFEFF;
}

bool utf8_is_blank(uint32_t code)
{
    return code == 0xA0 || code == 0x1680 || (code >= 0x2000 && code <= 0x200A) || code == 0x202F || code == 0x205F ||
           code == 0x3000;
}

bool utf8_is_dash(uint32_t code)
{
    return (code >= 0x2010 && code <= 0x2015) || code == 0x2212 || code == 0xFE58 || code == 0xFE63 || code == 0xFF0D;
}

const char *text_safe(struct span s, char buf[TEXT_SAFE_MAX + 1])
{
    size_t out = 0;

    while (s.len > 0 && out < TEXT_SAFE_MAX) {
        uint32_t code = 0;
        size_t n = utf8_next(s, &code);
        if (n == 0 || utf8_is_control(code)) {
            buf[out++] = '?';
            s = span_from(s, n > 0 ? n : 1);
            continue;
        }
        if (out + n > TEXT_SAFE_MAX) {
            break;
        }
        memcpy(buf + out, s.ptr, n);
        out += n;
        s = span_from(s, n);
    }
    buf[out] = '\0';
    return buf;
}
