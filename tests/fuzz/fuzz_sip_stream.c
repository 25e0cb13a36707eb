/* SPDX-License-Identifier: MIT */
/* SIP over a byte stream: the same frames in any pieces, nothing lost between them, and no byte of a frame that the parser
 * does not take for that message's. */
#include "support_fuzz.h"
#include "wsaudio/sipmsg/message.h"
#include "wsaudio/sipmsg/stream.h"

#define STEPS_MAX 256

/* Where each step ended, and which it was. */
struct steps {
    struct {
        enum sip_stream_step step;
        size_t len;
        size_t end;
    } list[STEPS_MAX];
    size_t count;
    size_t taken;
    const char *why;
};

static void check_message(struct span frame)
{
    struct sip_msg *msg = fuzz_alloc(sizeof(*msg));
    enum sip_verdict verdict = sip_msg_parse(frame, msg);

    FUZZ_CHECK(verdict != SIP_VERDICT_EMPTY);
    FUZZ_CHECK(msg->raw.ptr == frame.ptr && msg->raw.len == frame.len);
    FUZZ_CHECK(verdict != SIP_VERDICT_OK || sip_msg_header(msg, SIP_HEADER_CONTENT_LENGTH) != NULL);
    free(msg);
}

static struct steps *cut(struct fuzz_chunks chunks, struct span text, size_t max)
{
    struct steps *steps = fuzz_alloc(sizeof(*steps));
    struct sip_stream stream;
    struct span left = text;
    size_t come = 0;

    memset(steps, 0, sizeof(*steps));
    sip_stream_init(&stream, max);
    while (left.len > 0 && stream.why == NULL) {
        come += fuzz_chunk(&chunks, &left).len;
        struct span rest = span_make(text.ptr + steps->taken, come - steps->taken);
        struct span frame;
        enum sip_stream_step step;
        while ((step = sip_stream_next(&stream, &rest, &frame)) != SIP_STREAM_MORE) {
            FUZZ_CHECK(step != SIP_STREAM_MESSAGE || (frame.len > 0 && frame.len <= max));
            FUZZ_CHECK(fuzz_inside(text, frame) && (rest.len == 0 || rest.ptr + rest.len == text.ptr + come));
            steps->taken = come - rest.len;
            if (steps->count < STEPS_MAX) {
                steps->list[steps->count].step = step;
                steps->list[steps->count].len = frame.len;
                steps->list[steps->count].end = steps->taken;
                steps->count++;
            }
            if (step == SIP_STREAM_BAD) {
                break;
            }
            if (step == SIP_STREAM_MESSAGE) {
                check_message(frame);
            }
        }
        steps->taken = come - rest.len;
    }
    steps->why = stream.why;
    return steps;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_in in = {data, size};
    struct fuzz_chunks chunks = fuzz_chunks_from(&in);
    size_t max = 64 + (size_t)fuzz_u16(&in);
    struct span text = fuzz_rest(&in);
    struct steps *whole = cut((struct fuzz_chunks){{0}, 0}, text, max);
    struct steps *parts = cut(chunks, text, max);

    FUZZ_CHECK(whole->count == parts->count && whole->why == parts->why);
    for (size_t i = 0; i < whole->count; i++) {
        FUZZ_CHECK(whole->list[i].step == parts->list[i].step && whole->list[i].len == parts->list[i].len);
        FUZZ_CHECK(whole->list[i].end == parts->list[i].end || whole->list[i].step == SIP_STREAM_BAD);
    }
    FUZZ_CHECK(whole->why != NULL || whole->taken == parts->taken);
    free(whole);
    free(parts);
    return 0;
}
