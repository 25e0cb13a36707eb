/* SPDX-License-Identifier: MIT */
#include "record.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "wsaudio/os.h"

#define SAMPLES_MAX ((int64_t)0x7fffff00)     /* what fits into a WAV's header and into any reader's signed length */
#define GAP_MAX     ((int64_t)AUDIO_HZ * 600) /* a longer silence is no silence but another time line */

static int write_header(struct record *r)
{
    uint8_t header[WAV_ULAW_HEADER_LEN];

    wav_write_ulaw_header(header, 1, (uint32_t)r->end);
    return os_file_write_at(r->fd, 0, header, sizeof(header));
}

int record_open(const char *path, struct record **out)
{
    struct stat info;
    struct record *r = calloc(1, sizeof(*r));

    *out = NULL;
    if (r == NULL) {
        return ST_NO_MEMORY;
    }
    r->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0666);
    if (r->fd < 0) {
        free(r);
        return ST_DENIED;
    }
    /* only a regular file has a header that can be written again */
    if (fstat(r->fd, &info) != 0 || !S_ISREG(info.st_mode) || ftruncate(r->fd, 0) != 0 || write_header(r) != ST_OK) {
        record_close(r);
        return ST_IO;
    }
    *out = r;
    return ST_OK;
}

/* Sample position of the packet in the file; a new time line goes on where the file ends. */
static int64_t position(struct record *r, uint32_t timestamp, size_t count, enum rtp_rx_verdict verdict)
{
    int64_t unwrapped = r->unwrapped + (int32_t)(timestamp - r->last_ts);
    int64_t at = r->base + unwrapped;
    /* the next in order brings something new, unless its sender's clock stands or jumps */
    bool astray = verdict == RTP_RX_NEW && (at + (int64_t)count <= r->end || at > r->end + GAP_MAX);

    if (!r->placed || verdict == RTP_RX_RESTART || astray) {
        r->placed = true;
        r->base = r->end;
        r->unwrapped = 0;
        r->last_ts = timestamp;
        return r->end;
    }
    if (verdict == RTP_RX_NEW) {
        r->unwrapped = unwrapped;
        r->last_ts = timestamp;
    }
    return at;
}

static int fill_gap(struct record *r, int64_t until)
{
    uint8_t silence[1024];
    int status = ST_OK;

    memset(silence, ULAW_SILENCE, sizeof(silence));
    while (status == ST_OK && r->end < until) {
        int64_t n = until - r->end < (int64_t)sizeof(silence) ? until - r->end : (int64_t)sizeof(silence);
        status = os_file_write_at(r->fd, WAV_ULAW_HEADER_LEN + (uint64_t)r->end, silence, (size_t)n);
        r->end += status == ST_OK ? n : 0;
    }
    return status;
}

int record_packet(struct record *r, const struct rtp_packet *packet, enum audio_codec codec,
                  enum rtp_rx_verdict verdict)
{
    uint8_t ulaw[RTP_PACKET_MAX];
    size_t count = packet->payload.len;

    if (r->failed || verdict == RTP_RX_DUPLICATE || verdict == RTP_RX_HELD || count == 0 || count > sizeof(ulaw)) {
        return ST_OK;
    }
    int64_t at = position(r, packet->timestamp, count, verdict);
    if (at < 0 || at + (int64_t)count > SAMPLES_MAX) {
        return ST_OK;
    }
    audio_convert(codec, (const uint8_t *)packet->payload.ptr, AUDIO_ULAW, ulaw, count);
    int status = fill_gap(r, at);
    if (status == ST_OK) {
        status = os_file_write_at(r->fd, WAV_ULAW_HEADER_LEN + (uint64_t)at, ulaw, count);
    }
    if (status == ST_OK) {
        r->end = at + (int64_t)count > r->end ? at + (int64_t)count : r->end;
        status = write_header(r);
    }
    r->failed = status != ST_OK;
    return status;
}

void record_close(struct record *r)
{
    if (r == NULL) {
        return;
    }
    os_close(r->fd);
    free(r);
}
