/* SPDX-License-Identifier: MIT */
/* What is not permitted is told with the limit that stands in the way, and the server goes on without it. */
#include "server_priv.h"

#define KIB 1024

static void realtime_take(const struct server *server)
{
    const struct log *log = &server->log;
    unsigned priority = server->options->realtime;
    uint64_t allowed;
    int status = os_realtime_begin(priority, &allowed);

    if (status == ST_OK) {
        log_write(log, LOG_INFO, LOG_TEXT(log, REALTIME), priority);
    } else if (status == ST_DENIED && allowed < priority) {
        log_write(log, LOG_WARNING, LOG_TEXT(log, REALTIME_LIMIT), priority, (unsigned long long)allowed);
    } else {
        log_write(log, LOG_WARNING, LOG_TEXT(log, REALTIME_REFUSED), priority, os_error_text());
    }
}

static void memory_lock(const struct server *server)
{
    const struct log *log = &server->log;
    uint64_t needed;
    uint64_t allowed;
    int status = os_memory_lock(options_worst_case_memory(server->options), &needed, &allowed);

    if (status == ST_OK) {
        log_write(log, LOG_INFO, LOG_TEXT(log, MEMORY_LOCKED));
    } else if (status == ST_DENIED && allowed < needed) {
        log_write(log, LOG_WARNING, LOG_TEXT(log, MEMORY_LIMIT), (unsigned long long)(allowed / KIB),
                  (unsigned long long)(needed / KIB));
    } else {
        log_write(log, LOG_WARNING, LOG_TEXT(log, MEMORY_REFUSED), os_error_text());
    }
}

void server_realtime_begin(const struct server *server)
{
    if (server->options->realtime > 0) {
        realtime_take(server);
        memory_lock(server);
    }
}
