/* SPDX-License-Identifier: MIT */
#include "web_site.h"

#include "wsaudio/dialect_text.h"
#include "wsaudio/os.h"

static bool is_registered(void *ctx)
{
    const struct web_site *site = ctx;
    return sip_stack_is_registered(site->sip);
}

static int recording_open(void *ctx, struct span name, int *handle, uint64_t *size)
{
    const struct web_site *site = ctx;
    return recordings_open_file(site->recordings, name, handle, size);
}

_Static_assert(sizeof(struct recordings_cursor) <= sizeof(struct http_cursor), "a cursor holds a name");

/* The name that is given lies in the cursor, so that a copy of it would not do. */
static bool recording_next(void *ctx, struct http_cursor *cursor, struct http_recording *out)
{
    const struct web_site *site = ctx;
    struct recordings_cursor *at = (void *)cursor->after;
    struct recordings_entry entry;

    if (!recordings_next(site->recordings, at, &entry)) {
        return false;
    }
    *out = (struct http_recording){entry.name, entry.bytes};
    return true;
}

struct http_site web_site(struct web_site *site, bool loopback, bool registers)
{
    for (size_t i = 0; i < WEB_COMMANDS_MAX; i++) {
        site->commands[i] = dialect_text_usage(i);
        if (site->commands[i] == NULL) {
            break;
        }
    }
    struct http_site result = {
        .ctx = site,
        .version = WSAUDIO_VERSION,
        .loopback = loopback,
        .commands = site->commands,
        .is_registered = registers ? is_registered : NULL,
    };
    if (site->recordings != NULL) {
        result.recording_open = recording_open;
        result.recording_read = os_handle_read;
        result.recording_close = os_handle_close;
        result.recording_next = recording_next;
    }
    return result;
}
