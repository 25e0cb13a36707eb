/* SPDX-License-Identifier: MIT */
/* The name of a recording: when, with whom, which call; and the way back from a name found on the disk. */
#include <time.h>

#include "recordings_priv.h"

#define TIME_LEN  16 /* YYYYMMDDTHHMMSSZ */
#define LABEL_MAX 64
#define CALL_ID_8 8

static bool is_label_char(char c)
{
    return char_is_alnum(c) || c == '+' || c == '_' || c == '.' || c == '-';
}

bool recordings_name_valid(struct span name)
{
    static const char shape[] = "ddddddddTddddddZ-";
    const struct span suffix = SPAN_LIT(".wav");
    const size_t fixed = sizeof(shape) - 1;

    if (name.len <= fixed + suffix.len || name.len >= RECORDING_NAME_MAX ||
        !span_eq(span_from(name, name.len - suffix.len), suffix)) {
        return false;
    }
    for (size_t i = 0; i < name.len; i++) {
        const char c = name.ptr[i];
        if (i >= fixed ? !is_label_char(c) : (shape[i] == 'd' ? !char_is_digit(c) : c != shape[i])) {
            return false;
        }
    }
    return true;
}

static void put_time(struct outbuf *out, int64_t wall_us)
{
    char text[TIME_LEN + 1] = "";
    struct tm parts;
    time_t seconds = (time_t)(wall_us > 0 ? wall_us / 1000000 : 0);

    if (gmtime_r(&seconds, &parts) == NULL || strftime(text, sizeof(text), "%Y%m%dT%H%M%SZ", &parts) != TIME_LEN) {
        outbuf_str(out, "19700101T000000Z");
        return;
    }
    outbuf_str(out, text);
}

static void put_label(struct outbuf *out, struct span label)
{
    label = label.len > 0 ? span_head(label, LABEL_MAX) : SPAN_LIT("unknown");
    for (size_t i = 0; i < label.len; i++) {
        outbuf_char(out, is_label_char(label.ptr[i]) ? label.ptr[i] : '_');
    }
}

static void put_call_id(struct outbuf *out, struct span call_id)
{
    size_t put = 0;

    for (size_t i = 0; i < call_id.len && put < CALL_ID_8; i++) {
        if (char_is_alnum(call_id.ptr[i])) {
            outbuf_char(out, call_id.ptr[i]);
            put++;
        }
    }
    for (; put < CALL_ID_8; put++) {
        outbuf_char(out, '0');
    }
}

void recordings_name_make(char out[RECORDING_NAME_MAX], struct span number, struct span call_id, int64_t wall_us,
                          unsigned attempt)
{
    struct outbuf text;

    outbuf_init(&text, out, RECORDING_NAME_MAX - 1);
    put_time(&text, wall_us);
    outbuf_char(&text, '-');
    put_label(&text, number);
    outbuf_char(&text, '-');
    put_call_id(&text, call_id);
    if (attempt > 1) {
        outbuf_char(&text, '-');
        outbuf_u64(&text, attempt);
    }
    outbuf_str(&text, ".wav");
    out[text.len] = '\0';
}
