/* SPDX-License-Identifier: MIT */
/* What rooms tell of their objects when somebody asks a live process (SIGUSR2). Each room has X_dump functions of one shape:
 *
 *     bool x_dump(const struct x *x, mono_us now, uint32_t *at, struct outbuf *out);
 *
 * (without now where x borrows a clock) writes one line about the object at *at or, when there is none, about the next one, and sets
 * *at to it; false: there are no more. Whoever asks adds one to *at and asks again, in a later turn if he likes: objects may come and go between two calls.
 * Nothing is changed, no secret is written, and text from the network is made safe. */
#ifndef WSAUDIO_BASE_DUMP_H
#define WSAUDIO_BASE_DUMP_H

#include "wsaudio/base/addr.h"
#include "wsaudio/base/outbuf.h"
#include "wsaudio/base/pool.h"
#include "wsaudio/base/timerq.h"

/* "KIND 3.1 state": how a line begins. */
void dump_begin(struct outbuf *out, const char *kind, struct pool_id id, const char *state);
/* ", NAME in 1.500 s", 0.000 when it is overdue; MONO_NEVER: nothing. */
void dump_due(struct outbuf *out, const char *name, mono_us due, mono_us now);
/* The same of a queued deadline; nothing when it is not queued. */
void dump_timer(struct outbuf *out, const char *name, const struct timerq_entry *timer, mono_us now);
/* ", NAME \"text\"", at most TEXT_SAFE_MAX bytes of it; nothing when it is empty. */
void dump_text(struct outbuf *out, const char *name, struct span text);
/* ", NAME 192.0.2.1:5060"; nothing when there is none (family 0). */
void dump_addr(struct outbuf *out, const char *name, const struct net_addr *addr);
/* ", NAME" when it holds. */
void dump_flag(struct outbuf *out, const char *name, bool holds);

#endif
