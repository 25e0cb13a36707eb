/* SPDX-License-Identifier: MIT */
/* The row of the text protocol: what a connection brings, and the messages that carry audio. */
#include "wsaudio/dialect_text.h"

#include "text.h"

static void on_command(void *ctx, struct span text)
{
    dialect_text_command(ctx, text);
}

static void on_too_large(void *ctx, struct span verb)
{
    dialect_text_error(ctx, verb, ERROR_TOO_LARGE, "a text command is at most %d bytes", COMMAND_MAX);
}

static void on_no_memory(void *ctx, struct span verb)
{
    dialect_text_error(ctx, verb, ERROR_INTERNAL, "out of memory");
}

static bool is_closing(void *ctx)
{
    return client_is_closing(ctx);
}

static const struct command_hooks hooks = {
    .command = on_command,
    .too_large = on_too_large,
    .no_memory = on_no_memory,
    .upload_begin = dialect_text_upload_begin,
    .upload_data = dialect_text_upload_data,
    .upload_end = dialect_text_upload_end,
    .upload_over = dialect_text_upload_over,
    .is_closing = is_closing,
};

static void begin(struct client *c)
{
    command_stream_init(&text_client(c)->stream, &hooks, c);
}

static void on_text(struct client *c, struct span piece, bool last)
{
    command_stream_push(&text_client(c)->stream, piece, last);
}

static enum ws_long on_text_over(struct client *c, uint64_t len)
{
    return command_stream_over(&text_client(c)->stream, len);
}

static void on_text_abort(struct client *c)
{
    command_stream_abort(&text_client(c)->stream);
}

/* ---- audio ---- */

static const struct span hex_prefix = {"RTP:", 4};

static void fill_hex(void *ctx, uint8_t *out, size_t len)
{
    const struct span *packet = ctx;
    struct outbuf text;

    outbuf_init(&text, out, len);
    outbuf_span(&text, hex_prefix);
    outbuf_hex(&text, packet->ptr, packet->len);
}

static void fill_raw(void *ctx, uint8_t *out, size_t len)
{
    const struct span *audio = ctx;

    memcpy(out, audio->ptr, len);
}

static void audio(const struct client *c, size_t len, struct dialect_audio *out)
{
    if (client_format(c) == MEDIA_AUDIO_PACKETS && !text_client(c)->rtp) {
        *out = (struct dialect_audio){true, hex_prefix.len + 2 * len, fill_hex};
    } else {
        *out = (struct dialect_audio){false, len, fill_raw};
    }
}

const char *const dialect_text_subprotocols[] = {"sip-audio-protocol", "sip-demo-protocol", NULL};

const struct dialect dialect_text = {
    .name = "text",
    .path = "/",
    .subprotocols = dialect_text_subprotocols,
    .state_size = sizeof(struct text_client),
    .begin = begin,
    .on_text = on_text,
    .on_text_over = on_text_over,
    .on_text_abort = on_text_abort,
    .on_binary = dialect_text_binary,
    .on_event = dialect_text_event,
    .on_file = dialect_text_file,
    .audio = audio,
};

const char *dialect_text_usage(size_t index)
{
    size_t at = 0;

    for (int verb = VERB_UNKNOWN + 1; verb < VERB_COUNT; verb++) {
        if (dialect_text_is_done((enum verb)verb) && at++ == index) {
            return verb_usage((enum verb)verb);
        }
    }
    return NULL;
}

uint64_t dialect_text_upload_len(uint64_t bytes)
{
    uint64_t base64 = (bytes + 2) / 3 * 4;

    /* the name's ':', and lines of 64 characters that end with CR LF */
    return sizeof("WAV_UPLOAD:") - 1 + FILE_NAME_LEN_MAX + 1 + BASE64_URL_MAX + base64 + (base64 / 64 + 1) * 2;
}
