/* SPDX-License-Identifier: MIT */
#include "failmalloc.h"

#include <openssl/evp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wslay/wslay.h>

#define SLOTS 65536

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
char *__real_strdup(const char *text);
void __real_free(void *block);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
char *__wrap_strdup(const char *text);
void __wrap_free(void *block);

static unsigned long count, fail_from;
static bool counting, failed;
static void *live[SLOTS]; /* open addressing; TOMB where one was taken out */
static size_t live_count;
static char tomb;

static bool fails(void)
{
    if (!counting) {
        return false;
    }
    bool now = ++count == fail_from;
    failed = failed || now;
    return now;
}

static size_t slot_of(const void *block)
{
    return (size_t)((uintptr_t)block >> 4) * 2654435761U % SLOTS;
}

static void *keep(void *block)
{
    if (block == NULL) {
        return NULL;
    }
    for (size_t i = slot_of(block), n = 0; n < SLOTS; i = (i + 1) % SLOTS, n++) {
        if (live[i] == NULL || live[i] == &tomb) {
            live[i] = block;
            live_count++;
            return block;
        }
    }
    fprintf(stderr, "failmalloc: too many blocks\n");
    abort();
}

static void forget(const void *block)
{
    for (size_t i = slot_of(block), n = 0; n < SLOTS && live[i] != NULL; i = (i + 1) % SLOTS, n++) {
        if (live[i] == block) {
            live[i] = &tomb;
            live_count--;
            return;
        }
    }
}

void *__wrap_malloc(size_t size)
{
    return fails() ? NULL : keep(__real_malloc(size));
}

void *__wrap_calloc(size_t items, size_t size)
{
    return fails() ? NULL : keep(__real_calloc(items, size));
}

void *__wrap_realloc(void *old, size_t size)
{
    if (fails()) {
        return NULL;
    }
    forget(old);
    return keep(__real_realloc(old, size));
}

char *__wrap_strdup(const char *text)
{
    return fails() ? NULL : keep(__real_strdup(text));
}

void __wrap_free(void *block)
{
    if (block != NULL) {
        forget(block);
    }
    __real_free(block);
}

/* ---- libraries ---- */

EVP_MD_CTX *__real_EVP_MD_CTX_new(void);
EVP_MD_CTX *__wrap_EVP_MD_CTX_new(void);
EVP_MD_CTX *__wrap_EVP_MD_CTX_new(void)
{
    return fails() ? NULL : __real_EVP_MD_CTX_new();
}

int __real_wslay_event_context_server_init(wslay_event_context_ptr *ctx, const struct wslay_event_callbacks *callbacks,
                                           void *user_data);
int __wrap_wslay_event_context_server_init(wslay_event_context_ptr *ctx, const struct wslay_event_callbacks *callbacks,
                                           void *user_data);
int __wrap_wslay_event_context_server_init(wslay_event_context_ptr *ctx, const struct wslay_event_callbacks *callbacks,
                                           void *user_data)
{
    return fails() ? WSLAY_ERR_NOMEM : __real_wslay_event_context_server_init(ctx, callbacks, user_data);
}

int __real_wslay_event_queue_msg(wslay_event_context_ptr ctx, const struct wslay_event_msg *message);
int __wrap_wslay_event_queue_msg(wslay_event_context_ptr ctx, const struct wslay_event_msg *message);
int __wrap_wslay_event_queue_msg(wslay_event_context_ptr ctx, const struct wslay_event_msg *message)
{
    return fails() ? WSLAY_ERR_NOMEM : __real_wslay_event_queue_msg(ctx, message);
}

int __real_wslay_event_queue_close(wslay_event_context_ptr ctx, uint16_t code, const uint8_t *reason, size_t len);
int __wrap_wslay_event_queue_close(wslay_event_context_ptr ctx, uint16_t code, const uint8_t *reason, size_t len);
int __wrap_wslay_event_queue_close(wslay_event_context_ptr ctx, uint16_t code, const uint8_t *reason, size_t len)
{
    return fails() ? WSLAY_ERR_NOMEM : __real_wslay_event_queue_close(ctx, code, reason, len);
}

int __real_wslay_event_recv(wslay_event_context_ptr ctx);
int __wrap_wslay_event_recv(wslay_event_context_ptr ctx);
int __wrap_wslay_event_recv(wslay_event_context_ptr ctx)
{
    return fails() ? WSLAY_ERR_NOMEM : __real_wslay_event_recv(ctx);
}

/* ---- for tests ---- */

void failmalloc_start(unsigned long fail_at)
{
    count = 0;
    fail_from = fail_at;
    counting = true;
    failed = false;
}

unsigned long failmalloc_stop(void)
{
    counting = false;
    return count;
}

size_t failmalloc_live(void)
{
    return live_count;
}

bool failmalloc_failed(void)
{
    return failed;
}

unsigned long failmalloc_all(void (*once)(void *ctx), void *ctx, unsigned long step)
{
    unsigned long total = 0;

    once(ctx); /* what is kept for good (libcrypto's algorithms) is there from now on */
    size_t before = live_count;
    for (unsigned long n = 1;; n += step) {
        failmalloc_start(n);
        once(ctx);
        (void)failmalloc_stop();
        if (live_count != before) {
            fprintf(stderr, "allocation %lu failed: %zu blocks were left\n", n, live_count - before);
            abort();
        }
        if (!failed) {
            return total;
        }
        total++;
    }
}
