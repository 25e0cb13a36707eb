/* SPDX-License-Identifier: MIT */
/* Payload formats: the numbers of the m= line, and what rtpmap, fmtp and RFC 3551 table 4 say about them. */
#include "format.h"

#include "text.h"

#define PAYLOAD_TYPE_MAX 127
#define NARROW_HZ        8000 /* the clock of most static types */
#define WIDE_HZ          16000

static const struct {
    uint8_t payload_type;
    const char *encoding;
    uint32_t clock_hz;
} static_types[] = {
    {0, "PCMU", NARROW_HZ},   {3, "GSM", NARROW_HZ}, {4, "G723", NARROW_HZ},  {5, "DVI4", NARROW_HZ},
    {6, "DVI4", WIDE_HZ},     {7, "LPC", NARROW_HZ}, {8, "PCMA", NARROW_HZ},  {9, "G722", NARROW_HZ},
    {12, "QCELP", NARROW_HZ}, {13, "CN", NARROW_HZ}, {15, "G728", NARROW_HZ}, {18, "G729", NARROW_HZ},
};

static void set_encoding(struct sdp_format *format, struct span name)
{
    format->encoding[0] = '\0';
    if (span_copy(name, format->encoding, sizeof(format->encoding)) != ST_OK) {
        return;
    }
    for (char *c = format->encoding; *c != '\0'; c++) {
        if (*c >= 'a' && *c <= 'z') {
            *c = (char)(*c - 'a' + 'A');
        }
    }
}

static void set_static(struct sdp_format *format)
{
    for (size_t i = 0; i < sizeof(static_types) / sizeof(static_types[0]); i++) {
        if (static_types[i].payload_type == format->payload_type) {
            set_encoding(format, span_cstr(static_types[i].encoding));
            format->clock_hz = static_types[i].clock_hz;
        }
    }
}

static struct sdp_format *find(struct sdp_session *session, uint32_t payload_type)
{
    for (size_t i = 0; i < session->format_count; i++) {
        if (session->formats[i].payload_type == payload_type) {
            return &session->formats[i];
        }
    }
    return NULL;
}

bool sdp_formats_read(struct span list, struct sdp_session *out)
{
    for (struct span word = sdp_next_word(&list); word.len != 0; word = sdp_next_word(&list)) {
        uint32_t number = 0;
        if (span_parse_u32(word, PAYLOAD_TYPE_MAX, &number) != ST_OK) {
            return false;
        }
        if (out->format_count == SDP_FORMATS_MAX || find(out, number) != NULL) {
            continue;
        }
        struct sdp_format *format = &out->formats[out->format_count++];
        *format = (struct sdp_format){.payload_type = (uint8_t)number};
        set_static(format);
    }
    return true;
}

bool sdp_rtpmap_read(struct span value, struct sdp_session *out)
{
    uint32_t number = 0;
    uint32_t clock_hz = 0;
    uint32_t channels = 1;

    if (span_parse_u32(sdp_next_word(&value), PAYLOAD_TYPE_MAX, &number) != ST_OK) {
        return false;
    }
    struct span rest = sdp_next_word(&value);
    struct span name = span_cut(&rest, '/');
    struct span clock = span_cut(&rest, '/');
    if (name.len == 0 || span_parse_u32(clock, UINT32_MAX, &clock_hz) != ST_OK) {
        return false;
    }
    /* For audio the last part is the number of channels; whatever else stands there is a format unknown here. */
    if (rest.len != 0 && span_parse_u32(rest, UINT32_MAX, &channels) != ST_OK) {
        channels = 0;
    }
    struct sdp_format *format = find(out, number);
    if (format != NULL) {
        set_encoding(format, channels == 1 ? name : SPAN_NONE);
        format->clock_hz = clock_hz;
    }
    return true;
}

bool sdp_fmtp_read(struct span value, struct sdp_session *out)
{
    uint32_t number = 0;

    if (span_parse_u32(sdp_next_word(&value), PAYLOAD_TYPE_MAX, &number) != ST_OK) {
        return false;
    }
    struct sdp_format *format = find(out, number);
    if (format != NULL && span_copy(span_trim(value), format->fmtp, sizeof(format->fmtp)) != ST_OK) {
        format->fmtp[0] = '\0';
    }
    return true;
}

bool sdp_format_codec(const struct sdp_format *format, enum audio_codec *codec)
{
    return audio_codec_of_name(format->encoding, format->clock_hz, codec);
}

bool sdp_format_is_telephone_event(const struct sdp_format *format, uint32_t clock_hz)
{
    return format->clock_hz == clock_hz && strcmp(format->encoding, "TELEPHONE-EVENT") == 0;
}
