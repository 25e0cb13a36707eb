/* SPDX-License-Identifier: MIT */
/* SIGUSR2: everything that lives, one line each, into the log. So many lines a turn that the next tick is not late: a line costs
 * about 10 us to make and write, 32 of them a sixtieth of the 20 ms between two ticks. What comes or goes meanwhile may be there or
 * not. */
#include "gateway_priv.h"

#include <inttypes.h>

#define LINES_A_TURN 32

enum dump_part { PART_NONE, PART_SERVER, PART_FILES, PART_SIP, PART_BRIDGE, PART_END };

/* A level that is not shown would answer the question with nothing. */
static enum log_level level_of(const struct log *log)
{
    return log->level > LOG_INFO ? log->level : LOG_INFO;
}

static void server_line(const struct gateway *g, struct outbuf *out)
{
    outbuf_printf(out, "server: ticker %s, %zu bytes of log wait for their reader", g->ticker.armed ? "on" : "off",
                  g->logfile.lines.len);
    sockets_dump(g->media, out);
    dump_flag(out, "stopping", g->stopping);
    dump_due(out, "looked up", gateway_names_due(g), g->now);
    dump_due(out, "route", gateway_link_due(g), g->now);
    dump_due(out, "reload", g->reload_due, g->now);
}

static void files_line(const struct gateway *g, struct outbuf *out)
{
    outbuf_printf(out, "files: %" PRIu32 " uploads with %" PRIu64 " bytes", uploads_count(g->uploads),
                  uploads_used(g->uploads));
    if (g->recordings != NULL) {
        outbuf_printf(out, ", %" PRIu32 " recordings with %" PRIu64 " bytes", recordings_count(g->recordings),
                      recordings_used(g->recordings));
    }
    outbuf_printf(out, ", %" PRIu32 " flushes under way, %s", os_flusher_pending(g->flusher),
                  os_flusher_kernel(g->flusher) ? "by the kernel" : "in place");
}

static bool once(struct gateway *g, void (*line)(const struct gateway *g, struct outbuf *out), struct outbuf *out)
{
    if (g->dump.at > 0) {
        return false;
    }
    line(g, out);
    return true;
}

/* The next line of the part in hand; false: it has no more. */
static bool line_of_part(struct gateway *g, struct outbuf *out)
{
    switch ((enum dump_part)g->dump.part) {
    case PART_SERVER: return once(g, server_line, out);
    case PART_FILES: return once(g, files_line, out);
    case PART_SIP: return sip_stack_dump(g->sip, g->now, &g->dump.at, out);
    case PART_BRIDGE: return bridge_dump(g->bridge, g->now, &g->dump.at, out);
    case PART_NONE:
    case PART_END: break;
    }
    return false;
}

void gateway_dump_start(struct gateway *g)
{
    if (!gateway_dump_is_due(g)) { /* what is asked twice is answered once */
        g->dump.part = PART_SERVER;
        g->dump.at = 0;
        g->dump.lines = 0;
        log_write(&g->log, level_of(&g->log), LOG_TEXT(&g->log, DUMP_BEGINS));
    }
}

bool gateway_dump_is_due(const struct gateway *g)
{
    return g->dump.part != PART_NONE;
}

void gateway_dump_turn(struct gateway *g)
{
    char text[LOG_LINE_MAX];
    struct outbuf out;

    for (int i = 0; i < LINES_A_TURN && g->dump.part != PART_NONE; i++) {
        outbuf_init(&out, text, sizeof(text) - 1);
        if (line_of_part(g, &out)) {
            text[out.len] = '\0';
            log_write(&g->log, level_of(&g->log), "%s", text);
            g->dump.at++;
            g->dump.lines++;
        } else {
            g->dump.part++;
            g->dump.at = 0;
        }
        if (g->dump.part == PART_END) {
            log_write(&g->log, level_of(&g->log), LOG_TEXT(&g->log, DUMP_ENDS), g->dump.lines);
            g->dump.part = PART_NONE;
        }
    }
}
