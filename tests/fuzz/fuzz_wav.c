/* SPDX-License-Identifier: MIT */
/* wav_parser: the same whatever the chunks; what it finds lies in the file. The header that we write reads back. */
#include "support_fuzz.h"
#include "wavgen.h"
#include "wsaudio/audio.h"

static struct wav_parser parse(struct fuzz_chunks chunks, struct span file)
{
    struct wav_parser p;
    uint64_t pushed = 0;

    wav_parser_init(&p);
    while (file.len > 0) {
        struct span chunk = fuzz_chunk(&chunks, &file);
        enum wav_state before = p.state;
        enum wav_state state = wav_parser_push(&p, chunk.ptr, chunk.len);
        pushed += chunk.len;
        FUZZ_CHECK(state == p.state);
        FUZZ_CHECK(before == WAV_MORE || state == before);
        FUZZ_CHECK(p.offset <= pushed);
        FUZZ_CHECK(state == WAV_MORE ? p.offset == pushed : true);
        FUZZ_CHECK(state != WAV_BAD || p.why != NULL);
        FUZZ_CHECK(state != WAV_READY || (p.have_format && p.have_data && p.data_offset <= p.offset));
    }
    return p;
}

static void same(const struct wav_parser *a, const struct wav_parser *b)
{
    FUZZ_CHECK(a->state == b->state && a->why == b->why && a->offset == b->offset);
    FUZZ_CHECK(a->have_format == b->have_format && a->have_data == b->have_data);
    FUZZ_CHECK(a->data_offset == b->data_offset && a->data_len == b->data_len);
    FUZZ_CHECK(memcmp(&a->format, &b->format, sizeof(a->format)) == 0);
}

static void check_end(struct wav_parser *p, uint64_t file_len)
{
    enum audio_codec codec = AUDIO_CODEC_COUNT;
    char text[128];
    bool was_bad = p->state == WAV_BAD;

    enum wav_state state = wav_parser_end(p, file_len);
    FUZZ_CHECK(state == WAV_READY || (state == WAV_BAD && p->why != NULL));
    FUZZ_CHECK(!was_bad || state == WAV_BAD);
    if (state != WAV_READY) {
        return;
    }
    FUZZ_CHECK(p->data_len > 0 && p->data_offset + p->data_len <= file_len);
    FUZZ_CHECK(p->format.channels > 0 && p->format.rate_hz > 0);
    FUZZ_CHECK(p->format.block_align == 0 || p->data_len % p->format.block_align == 0);
    text[0] = '\0';
    int status = wav_playable(&p->format, &codec, text, sizeof(text));
    FUZZ_CHECK(status == ST_OK || (status == ST_UNSUPPORTED && memchr(text, '\0', sizeof(text)) != NULL));
    FUZZ_CHECK(status == ST_OK || text[0] != '\0');
    if (status == ST_OK && codec != AUDIO_CODEC_COUNT) {
        FUZZ_CHECK(p->format.block_align == (codec == AUDIO_L16 ? 2 : 1));
        FUZZ_CHECK(wav_duration_ms(&p->format, p->data_len) == p->data_len / p->format.block_align / 8);
    }
    (void)wav_duration_ms(&p->format, UINT64_MAX);
}

static int read_span(void *ctx, uint64_t offset, void *data, size_t len)
{
    const struct span *file = ctx;
    struct span rest = span_head(span_from(*file, offset < file->len ? (size_t)offset : file->len), len);
    if (rest.len > 0) {
        memcpy(data, rest.ptr, rest.len);
    }
    return (int)rest.len;
}

/* The judgement of the whole file finds the same audio as the stream of its bytes, or the beginning of it. */
static void check_look(const struct wav_parser *streamed, struct span file)
{
    struct wav_parser p;
    int status = wav_look(read_span, &file, file.len, &p);

    FUZZ_CHECK(status == ST_OK || (status == ST_BAD && p.state == WAV_BAD && p.why != NULL));
    if (status == ST_OK) {
        FUZZ_CHECK(streamed->state == WAV_READY && p.state == WAV_READY && p.data_offset == streamed->data_offset);
        FUZZ_CHECK(p.data_len > 0 && p.data_len <= streamed->data_len);
        FUZZ_CHECK(memcmp(&p.format, &streamed->format, sizeof(p.format)) == 0);
    }
}

/* A file of ours with len bytes of audio. */
static void check_own(uint16_t channels, uint32_t len)
{
    uint8_t header[WAV_ULAW_HEADER_LEN];
    struct wav_parser p;

    len -= len % channels;
    wav_write_ulaw_header(header, channels, len);
    wav_parser_init(&p);
    FUZZ_CHECK(wav_parser_push(&p, header, sizeof(header)) == WAV_READY);
    FUZZ_CHECK(p.format.tag == 7 && p.format.channels == channels && p.format.rate_hz == 8000);
    FUZZ_CHECK(p.data_offset == WAV_ULAW_HEADER_LEN);
    enum wav_state state = wav_parser_end(&p, WAV_ULAW_HEADER_LEN + (uint64_t)len);
    FUZZ_CHECK(len == 0 ? state == WAV_BAD : state == WAV_READY && p.data_len == len);
}

/* A file made by another hand, of chunks in many orders: its audio is found to the byte. */
static void check_made(struct fuzz_chunks chunks)
{
    static const uint32_t fmt_lens[] = {16, 18, 40};
    static const uint8_t audio[255] = {0x11, 0x22, 0x33};
    uint8_t file[1024];
    const struct wavgen w = {.fmt_len = fmt_lens[chunks.sizes[0] % 3],
                             .fact = chunks.sizes[1] % 2 != 0,
                             .list_before = chunks.sizes[2] % 32u,
                             .list_after = chunks.sizes[3] % 32u,
                             .data_first = chunks.sizes[4] % 2 != 0,
                             .data = audio,
                             .data_len = 1 + chunks.sizes[5] % 250u};
    size_t len = wavgen_build(file, sizeof(file), &w);

    struct wav_parser p = parse(chunks, span_make(file, len));
    FUZZ_CHECK(p.state == WAV_READY);
    FUZZ_CHECK(wav_parser_end(&p, len) == WAV_READY && p.data_len == w.data_len && p.format.tag == 7);
    FUZZ_CHECK(memcmp(file + p.data_offset, audio, w.data_len) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_in in = {data, size};
    struct fuzz_chunks chunks = fuzz_chunks_from(&in);
    struct span file = fuzz_rest(&in);

    struct wav_parser whole = parse((struct fuzz_chunks){{0}, 0}, file);
    struct wav_parser parts = parse(chunks, file);
    same(&whole, &parts);
    check_end(&whole, file.len);
    check_end(&parts, file.len);
    check_look(&whole, file);
    same(&whole, &parts);
    check_made(chunks);
    check_own(chunks.sizes[0] % 2 == 0 ? 1 : 2, (uint32_t)file.len);
    return 0;
}
