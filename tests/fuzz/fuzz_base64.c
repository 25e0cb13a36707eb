/* SPDX-License-Identifier: MIT */
/* base64_stream: what decodes is the canonical encoding of what it decodes to, whatever the chunks; an error stays.
 * base64_text takes all that and more: the same bytes whatever the chunks, and what canonical text says is not changed. */
#include "support_fuzz.h"

/* Bytes, or ST_BAD; *end is what base64_stream_end says. */
static int decode(struct fuzz_chunks chunks, struct span text, uint8_t *out, int *end)
{
    struct base64_stream stream = {0};
    int total = 0;

    while (text.len > 0) {
        struct span chunk = fuzz_chunk(&chunks, &text);
        uint8_t *room = fuzz_alloc((chunk.len + 3) / 4 * 3); /* the exact room that the contract asks for */
        int n = base64_stream_push(&stream, chunk, room);
        if (n > 0) {
            FUZZ_CHECK((size_t)n <= (chunk.len + 3) / 4 * 3);
            memcpy(out + total, room, (size_t)n);
            total += n;
        }
        free(room);
        if (n < 0) {
            uint8_t more[3];
            FUZZ_CHECK(n == ST_BAD);
            FUZZ_CHECK(base64_stream_push(&stream, SPAN_LIT("AAAA"), more) == ST_BAD);
            FUZZ_CHECK(base64_stream_end(&stream) == ST_BAD);
            return ST_BAD;
        }
    }
    *end = base64_stream_end(&stream);
    return total;
}

/* Bytes, or ST_BAD. */
static int decode_text(struct fuzz_chunks chunks, struct span text, uint8_t *out)
{
    struct base64_text decoder = {0};
    uint8_t last[3];
    int total = 0;

    while (text.len > 0) {
        struct span chunk = fuzz_chunk(&chunks, &text);
        uint8_t *room = fuzz_alloc((chunk.len + 4) / 4 * 3);
        int n = base64_text_push(&decoder, chunk, room);
        FUZZ_CHECK(n == ST_BAD || (n >= 0 && (size_t)n <= (chunk.len + 4) / 4 * 3));
        if (n > 0) {
            memcpy(out + total, room, (size_t)n);
            total += n;
        }
        free(room);
    }
    int n = base64_text_end(&decoder, last);
    FUZZ_CHECK(decoder.bad == (n == ST_BAD) && decoder.bad == (decoder.why != NULL));
    if (n > 0) {
        memcpy(out + total, last, (size_t)n);
    }
    return n < 0 ? n : total + n;
}

static void check_text(struct fuzz_chunks chunks, struct span text, const uint8_t *canonical, int canonical_len)
{
    uint8_t *whole = fuzz_alloc(text.len + 3);
    uint8_t *parts = fuzz_alloc(text.len + 3);

    int n = decode_text((struct fuzz_chunks){{0}, 0}, text, whole);
    FUZZ_CHECK(decode_text(chunks, text, parts) == n);
    FUZZ_CHECK(n <= 0 || memcmp(whole, parts, (size_t)n) == 0);
    FUZZ_CHECK(canonical_len < 0 || (n == canonical_len && memcmp(whole, canonical, (size_t)n) == 0));
    free(whole);
    free(parts);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_in in = {data, size};
    struct fuzz_chunks chunks = fuzz_chunks_from(&in);
    struct span text = fuzz_rest(&in);
    uint8_t *whole = fuzz_alloc(text.len + 3);
    uint8_t *parts = fuzz_alloc(text.len + 3);
    char *again = fuzz_alloc(text.len + 8);
    int end = ST_OK;
    int end_parts = ST_OK;

    int n = decode((struct fuzz_chunks){{0}, 0}, text, whole, &end);
    FUZZ_CHECK(decode(chunks, text, parts, &end_parts) == n);
    if (n >= 0) {
        FUZZ_CHECK(end == end_parts);
        FUZZ_CHECK(memcmp(whole, parts, (size_t)n) == 0);
        if (end == ST_OK) {
            FUZZ_CHECK(base64_encode(whole, (size_t)n, again, text.len + 1) == ST_OK);
            FUZZ_CHECK(span_eq(span_cstr(again), text));
        }
    }
    check_text(chunks, text, whole, n >= 0 && end == ST_OK ? n : ST_BAD);
    free(whole);
    free(parts);
    free(again);
    return 0;
}
