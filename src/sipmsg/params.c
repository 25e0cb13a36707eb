/* SPDX-License-Identifier: MIT */
/* Tokens, quoted strings and ;name=value lists (RFC 3261 25.1), read as others write them: a last ';' with nothing
 * behind it and empty values are taken. */
#include "wsaudio/sipmsg/scan.h"
#include "wsaudio/sipmsg/uri.h"

static bool is_token_char(char c)
{
    return char_is_alnum(c) || (c != '\0' && strchr("-.!%*_+`'~", c) != NULL);
}

size_t sip_skip_token(struct span s, size_t at)
{
    while (at < s.len && is_token_char(s.ptr[at])) {
        at++;
    }
    return at;
}

bool sip_is_token(struct span s)
{
    return s.len > 0 && sip_skip_token(s, 0) == s.len;
}

size_t sip_skip_quoted(struct span s, size_t at)
{
    for (size_t i = at + 1; i < s.len; i++) {
        if (s.ptr[i] == '\\') {
            i++;
        } else if (s.ptr[i] == '"') {
            return i + 1;
        }
    }
    return 0;
}

bool sip_has_blank_or_control(struct span s)
{
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.ptr[i];
        if (c <= ' ' || c == 0x7f) {
            return true;
        }
    }
    return false;
}

size_t sip_element_len(struct span s, char separator)
{
    size_t at = 0;

    while (at < s.len && s.ptr[at] != separator) {
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

static bool is_plain_value(struct span value)
{
    for (size_t i = 0; i < value.len; i++) {
        char c = value.ptr[i];
        if (c == '"' || c == '<' || c == '>' || c == ',') {
            return false;
        }
    }
    return value.len > 0 && !sip_has_blank_or_control(value);
}

static int parse_value(struct span value, struct sip_param *out)
{
    if (value.len > 0 && value.ptr[0] == '"') {
        if (sip_skip_quoted(value, 0) != value.len) {
            return ST_BAD;
        }
        out->quoted = true;
        out->value = span_make(value.ptr + 1, value.len - 2);
        return ST_OK;
    }
    out->value = value;
    return value.len == 0 || is_plain_value(value) ? ST_OK : ST_BAD;
}

int sip_param_next(struct span *rest, struct sip_param *out)
{
    *out = (struct sip_param){0};
    *rest = span_from(*rest, sip_skip_lws(*rest, 0));
    if (rest->len > 0 && rest->ptr[0] == ';') {
        *rest = span_from(*rest, 1);
        *rest = span_from(*rest, sip_skip_lws(*rest, 0));
    }
    if (rest->len == 0) {
        return ST_NOT_FOUND;
    }
    size_t len = sip_element_len(*rest, ';');
    struct span element = span_head(*rest, len);
    *rest = span_from(*rest, len); /* the ';' stays: the next call tells "a;b" from "a;;b" */

    size_t equals = span_find(element, '=');
    out->name = span_trim(span_head(element, equals));
    if (!is_plain_value(out->name)) {
        return ST_BAD;
    }
    if (equals == element.len) {
        return ST_OK;
    }
    out->has_value = true;
    return parse_value(span_trim(span_from(element, equals + 1)), out);
}

bool sip_param_find(struct span params, struct span name, struct span *value)
{
    struct sip_param param;
    int status = ST_OK;

    while ((status = sip_param_next(&params, &param)) != ST_NOT_FOUND) {
        if (status == ST_OK && span_ieq(param.name, name)) {
            if (value != NULL) {
                *value = param.value;
            }
            return true;
        }
    }
    return false;
}
