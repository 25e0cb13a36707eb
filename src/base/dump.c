/* SPDX-License-Identifier: MIT */
#include "wsaudio/base/dump.h"

#include "wsaudio/base/utf8.h"

void dump_begin(struct outbuf *out, const char *kind, struct pool_id id, const char *state)
{
    outbuf_printf(out, "%s %u.%u %s", kind, id.slot, id.generation, state);
}

void dump_due(struct outbuf *out, const char *name, mono_us due, mono_us now)
{
    if (due != MONO_NEVER) {
        long long left = due > now ? (long long)(due - now) / 1000 : 0;

        outbuf_printf(out, ", %s in %lld.%03lld s", name, left / 1000, left % 1000);
    }
}

void dump_timer(struct outbuf *out, const char *name, const struct timerq_entry *timer, mono_us now)
{
    if (timerq_is_set(timer)) {
        dump_due(out, name, timer->due, now);
    }
}

void dump_text(struct outbuf *out, const char *name, struct span text)
{
    char safe[TEXT_SAFE_MAX + 1];

    if (text.len > 0) {
        outbuf_printf(out, ", %s \"%s\"", name, text_safe(text, safe));
    }
}

void dump_addr(struct outbuf *out, const char *name, const struct net_addr *addr)
{
    char text[ADDR_TEXT_MAX];

    if (addr->family != 0) {
        outbuf_printf(out, ", %s %s", name, addr_text(addr, text));
    }
}

void dump_flag(struct outbuf *out, const char *name, bool holds)
{
    if (holds) {
        outbuf_printf(out, ", %s", name);
    }
}
