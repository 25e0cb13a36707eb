/* SPDX-License-Identifier: MIT */
/* SIGUSR2: everything that lives, one line each, into the log. So many lines a turn that the next tick is not late: a line costs
 * about 10 us to make and write, 32 of them a sixtieth of the 20 ms between two ticks. What comes or goes meanwhile may be there or
 * not. */
#include "server_priv.h"

#define LINES_A_TURN 32

enum dump_part { PART_NONE, PART_SERVER, PART_FILES, PART_SIP, PART_GATEWAY, PART_WEB, PART_LOOPBACK, PART_END };

/* A level that is not shown would answer the question with nothing. */
static enum log_level level_of(const struct log *log)
{
    return log->level > LOG_INFO ? log->level : LOG_INFO;
}

static void server_line(const struct server *server, struct outbuf *out)
{
    outbuf_printf(out, "server: ticker %s, %zu bytes of log wait for their reader", server->ticker.armed ? "on" : "off",
                  server->logfile.lines.len);
    sockets_dump(server->media, out);
    dump_flag(out, "stopping", server->stopping);
    dump_due(out, "looked up", server_dns_due(server->dns), server->now);
    dump_due(out, "route", route_watch_due(server->route), server->now);
    dump_due(out, "reload", server->reload_due, server->now);
}

static void files_line(const struct server *server, struct outbuf *out)
{
    server_files_dump(server->files, out);
}

static bool line_once(struct server *server, void (*line)(const struct server *server, struct outbuf *out),
                      struct outbuf *out)
{
    if (server->dump.at > 0) {
        return false;
    }
    line(server, out);
    return true;
}

/* The next line of the part in hand; false: it has no more. */
static bool line_of_part(struct server *server, struct outbuf *out)
{
    switch ((enum dump_part)server->dump.part) {
    case PART_SERVER: return line_once(server, server_line, out);
    case PART_FILES: return line_once(server, files_line, out);
    case PART_SIP: return sip_stack_dump(server->sip, server->now, &server->dump.at, out);
    case PART_GATEWAY: return gateway_dump(server->gateway, &server->dump.at, out);
    case PART_WEB: return web_dump(server->web, server->now, &server->dump.at, out);
    case PART_LOOPBACK:
        return server->loopback != NULL && server_loopback_dump(server->loopback, server->now, &server->dump.at, out);
    case PART_NONE:
    case PART_END: break;
    }
    return false;
}

void server_dump_start(struct server *server)
{
    if (!server_dump_is_due(server)) { /* what is asked twice is answered once */
        server->dump.part = PART_SERVER;
        server->dump.at = 0;
        server->dump.lines = 0;
        log_write(&server->log, level_of(&server->log), LOG_TEXT(&server->log, DUMP_BEGINS));
    }
}

bool server_dump_is_due(const struct server *server)
{
    return server->dump.part != PART_NONE;
}

static void dump_some(struct server *server)
{
    char text[LOG_LINE_MAX];
    struct outbuf out;

    for (int i = 0; i < LINES_A_TURN && server->dump.part != PART_NONE; i++) {
        outbuf_init(&out, text, sizeof(text) - 1);
        if (line_of_part(server, &out)) {
            text[out.len] = '\0';
            log_write(&server->log, level_of(&server->log), "%s", text);
            server->dump.at++;
            server->dump.lines++;
        } else {
            server->dump.part++;
            server->dump.at = 0;
        }
        if (server->dump.part == PART_END) {
            log_write(&server->log, level_of(&server->log), LOG_TEXT(&server->log, DUMP_ENDS), server->dump.lines);
            server->dump.part = PART_NONE;
        }
    }
}

void server_dump_turn(struct server *server)
{
    if (server->dump.part != PART_NONE) {
        dump_some(server);
    }
}
