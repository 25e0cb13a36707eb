/* SPDX-License-Identifier: MIT */
#include "target_text.h"

#include "wsaudio/sipmsg.h"

#define NUMBER_DIGITS_MIN 4 /* 4x4 is a name */

static void put_meant(struct outbuf *out, uint32_t code, struct span bytes)
{
    if (utf8_is_blank(code)) {
        outbuf_char(out, ' ');
    } else if (utf8_is_dash(code)) {
        outbuf_char(out, '-');
    } else if (!utf8_is_invisible(code)) {
        outbuf_span(out, bytes);
    }
}

struct span sip_target_text(struct span target, char buf[SIP_TARGET_TEXT_MAX])
{
    struct span rest = target;
    struct outbuf out;

    outbuf_init(&out, buf, SIP_TARGET_TEXT_MAX);
    while (rest.len > 0) {
        uint32_t code = 0;
        size_t len = utf8_next(rest, &code);
        put_meant(&out, len > 0 ? code : 0xFFFD,
                  span_head(rest, len > 0 ? len : 1)); /* what is no UTF-8 stays, and is refused */
        rest = span_from(rest, len > 0 ? len : 1);
    }
    struct span text = outbuf_status(&out) == ST_OK ? outbuf_view(&out) : target;
    while (text.len > 0 && text.ptr[0] == ' ') {
        text = span_from(text, 1);
    }
    while (text.len > 0 && text.ptr[text.len - 1] == ' ') {
        text.len--;
    }
    return text;
}

static struct span text_skip(struct span text, const char *set)
{
    size_t at = 0;

    while (at < text.len && char_is_among(text.ptr[at], set)) {
        at++;
    }
    return span_from(text, at);
}

static bool skip_word(struct span *text)
{
    static const char *const words[] = {"extension", "extn", "ext", "x", "p", "w"};

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (span_istarts(*text, span_cstr(words[i]))) {
            *text = span_from(*text, strlen(words[i]));
            return true;
        }
    }
    return false;
}

bool sip_target_has_extension(struct span text)
{
    struct span rest = text_skip(text, "0123456789+-.() ");
    size_t digits = 0;

    for (size_t i = 0; i < text.len - rest.len; i++) {
        digits += char_is_digit(text.ptr[i]) ? 1 : 0;
    }
    struct span word = text_skip(rest, ",;# ");
    bool paused = word.len < rest.len;
    bool named = skip_word(&word);
    struct span extension = text_skip(word, ",;:=.# ");
    return digits >= NUMBER_DIGITS_MIN && (paused || named) && extension.len > 0 &&
           text_skip(extension, "0123456789*#").len == 0;
}

static bool has_other_script(struct span text)
{
    for (size_t i = 0; i < text.len; i++) {
        if ((unsigned char)text.ptr[i] >= 0x80) {
            return true;
        }
    }
    return false;
}

const char *sip_target_refusal(struct span target)
{
    char buf[SIP_TARGET_TEXT_MAX];
    struct span text = sip_target_text(target, buf);

    if (text.len == 0) {
        return "the target is empty: expected a number, a name or a sip: URI";
    }
    if (sip_target_has_extension(text)) {
        return "a number is dialled without its extension: send it as DTMF when the call is established";
    }
    if (has_other_script(text)) {
        return "characters other than ASCII are not dialled: expected digits 0-9, a name or a sip: URI";
    }
    if (span_istarts(text, SPAN_LIT("sip:"))) {
        return "not a sip: URI that can be dialled (sip:user@host, no headers, no maddr)";
    }
    if (span_istarts(text, SPAN_LIT("tel:")) || span_istarts(text, SPAN_LIT("sips:"))) {
        return "tel: and sips: are not dialled: expected a number, a name or a sip: URI";
    }
    if (span_find(text, '@') < text.len) {
        return "an address needs sip: before it, and no < >";
    }
    return "expected a number (0-9 + * #), a name (letters, digits, _ . + -, 64 at most) or a sip: URI";
}
