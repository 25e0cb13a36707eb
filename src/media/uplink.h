/* SPDX-License-Identifier: MIT */
/* From an owner's messages to live audio in a queue: any length, any split. What media.h shows of it works on a session's queue. */
#ifndef WSAUDIO_MEDIA_UPLINK_H
#define WSAUDIO_MEDIA_UPLINK_H

#include "tx_queue.h"
#include "wsaudio/media.h"

/* So long the first byte of a sample waits for its second between two messages. Inside a message it waits without limit: messages are
 * one stream of bytes, and a byte too few makes noise of all that follows. */
#define UPLINK_HALF_US DUR_S(2)

/* As media_uplink_piece. */
WS_MUST_CHECK int uplink_piece(struct media_uplink *u, struct tx_queue *q, mono_us now, enum media_audio format,
                               struct span piece, bool last);
/* Whole samples that are held back go into the queue. */
void uplink_settle(struct media_uplink *u, struct tx_queue *q);
/* Before a frame is taken: the same, when nothing came for TX_QUEUE_PAD_US. */
void uplink_settle_alone(struct tx_queue *q, mono_us now);
/* How many samples of the queue are held back. */
size_t uplink_owed(const struct media_uplink *u);

#endif
