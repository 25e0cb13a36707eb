/* SPDX-License-Identifier: MIT */
/* A mu-law WAV of what is received, each packet in its place by its timestamp, valid at every moment. */
#ifndef WSAUDIO_LIBRARY_RECORD_H
#define WSAUDIO_LIBRARY_RECORD_H

#include "wsaudio/audio.h"
#include "wsaudio/rtp.h"

struct record {
    int fd;
    bool failed; /* a write failed: what is there stays */
    bool placed; /* base is valid */
    int64_t base;
    uint32_t last_ts;
    int64_t unwrapped; /* last_ts without wraps */
    int64_t end;       /* samples in the file */
};

/* Creates or empties the file. ST_DENIED, ST_NOT_FOUND, ST_IO, ST_NO_MEMORY. */
WS_MUST_CHECK int record_open(const char *path, struct record **out);
/* One packet, judged by rtp_rx_push; payloads that are no G.711 (0 mu-law, 8 A-law) are passed over. ST_IO the first time
 * that it cannot be written. */
WS_MUST_CHECK int record_packet(struct record *r, const struct rtp_packet *packet, enum audio_codec codec,
                                enum rtp_rx_verdict verdict);
/* NULL is fine. */
void record_close(struct record *r);

#endif
