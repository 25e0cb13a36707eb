/* SPDX-License-Identifier: MIT */
#include "wsaudio/sipmsg/stream.h"

#include "wsaudio/sipmsg/message.h"

void sip_stream_init(struct sip_stream *stream, size_t max)
{
    *stream = (struct sip_stream){.max = max};
}

static enum sip_stream_step stream_refuse(struct sip_stream *stream, const char *why)
{
    stream->why = why;
    return SIP_STREAM_BAD;
}

/* RFC 3261 7.5: line ends in front of a start line mean nothing to it. A CR or LF alone is no keep-alive either, and some
 * send them behind a body. MESSAGE: a start line begins. */
static enum sip_stream_step cut_line_ends(struct sip_stream *stream, struct span *rest)
{
    while (rest->len > 0 && (rest->ptr[0] == '\r' || rest->ptr[0] == '\n')) {
        if (rest->ptr[0] == '\r' && rest->len == 1) {
            return SIP_STREAM_MORE; /* half of a CRLF perhaps */
        }
        bool whole = rest->ptr[0] == '\r' && rest->ptr[1] == '\n';
        *rest = span_from(*rest, whole ? 2 : 1);
        stream->after_crlf = whole && !stream->after_crlf;
        if (whole) {
            return stream->after_crlf ? SIP_STREAM_CRLF : SIP_STREAM_CRLFCRLF;
        }
    }
    return rest->len > 0 ? SIP_STREAM_MESSAGE : SIP_STREAM_MORE;
}

/* The blank line, as sip_msg_parse finds it: a line end right behind a line end, the CR of either may be missing. True:
 * head_len is known. What has been looked at is not looked at again, however small the pieces are. */
static bool find_head(struct sip_stream *stream, struct span bytes)
{
    size_t at = stream->scanned;

    while ((at += span_find(span_from(bytes, at), '\n')) < bytes.len) {
        struct span behind = span_from(bytes, at + 1);
        if (behind.len == 0 || (behind.len == 1 && behind.ptr[0] == '\r')) {
            break; /* this line end must be looked at once more */
        }
        if (behind.ptr[0] == '\n' || (behind.ptr[0] == '\r' && behind.ptr[1] == '\n')) {
            stream->head_len = at + (behind.ptr[0] == '\n' ? 2 : 3);
            return true;
        }
        at++;
    }
    stream->scanned = at;
    return false;
}

/* RFC 3261 20.14: over a stream it must be there. To guess at 0 would make the body the next message, and somebody's text a
 * request. */
static const char *take_length(struct sip_stream *stream, struct span head)
{
    uint32_t len = 0;

    switch (sip_head_content_length(head, &len)) {
    case ST_OK: stream->body_len = len; break;
    case ST_NOT_FOUND: return "No Content-Length";
    default: return "Bad Content-Length";
    }
    return len > stream->max - head.len ? "Message too large" : NULL;
}

enum sip_stream_step sip_stream_next(struct sip_stream *stream, struct span *rest, struct span *frame)
{
    *frame = SPAN_NONE;
    if (stream->why != NULL) {
        return SIP_STREAM_BAD;
    }
    if (stream->scanned == 0) {
        enum sip_stream_step step = cut_line_ends(stream, rest);
        if (step != SIP_STREAM_MESSAGE) {
            return step;
        }
        stream->after_crlf = false;
    }
    if (stream->head_len == 0) {
        bool whole = find_head(stream, *rest);
        if (whole ? stream->head_len > stream->max : rest->len >= stream->max) {
            return stream_refuse(stream, "Message too large");
        }
        if (!whole) {
            return SIP_STREAM_MORE;
        }
        const char *why = take_length(stream, span_head(*rest, stream->head_len));
        if (why != NULL) {
            *frame = span_head(*rest, stream->head_len);
            return stream_refuse(stream, why);
        }
    }
    if (rest->len < stream->head_len + stream->body_len) {
        return SIP_STREAM_MORE;
    }
    *frame = span_head(*rest, stream->head_len + stream->body_len);
    *rest = span_from(*rest, frame->len);
    sip_stream_init(stream, stream->max);
    return SIP_STREAM_MESSAGE;
}
