/* SPDX-License-Identifier: MIT */
/* The RTP receiver of sip_client.h: a port that takes packets without a call. */
#include <stdio.h>

#include "process.h"

static int receiver_fail(int port, const char *why)
{
    struct log *log = process_log();

    log_write(log, LOG_ERROR, LOG_TEXT(log, LIB_RECEIVER), port, why);
    process_leave();
    return -1;
}

/* The port may be that of a call which is up: the receiver then listens in. */
static int take_port(int number, struct port **out)
{
    struct net_addr ip;
    struct net_addr advertise;

    *out = number != 0 ? port_find(process.engine, (uint16_t)number) : NULL;
    if (*out != NULL) {
        return ST_OK;
    }
    process_local(&process.settings, &ip, &advertise);
    return port_open(process.engine, &ip, (uint16_t)number, out);
}

int start_rtp_receiver(int port, const char *output_filename)
{
    struct port *taken = NULL;

    (void)process_enter();
    if (port < 0 || port > UINT16_MAX) {
        return receiver_fail(port, "0 to 65535 is expected");
    }
    if (process.receiver != NULL) {
        return receiver_fail(port, "it runs already");
    }
    if (process_open() != ST_OK || take_port(port, &taken) != ST_OK) {
        return receiver_fail(port, os_error_text());
    }
    if (output_filename != NULL && record_open(output_filename, &process.record) != ST_OK) {
        port_close_unused(process.engine);
        return receiver_fail(port, "its file cannot be written");
    }
    taken->held = true;
    taken->record = process.record;
    process.receiver = taken;
    return 0;
}

void stop_rtp_receiver(void)
{
    if (process_enter() == NULL || process.receiver == NULL) {
        return;
    }
    process.receiver->held = false;
    process.receiver->record = NULL;
    process.receiver = NULL;
    record_close(process.record);
    process.record = NULL;
    port_close_unused(process.engine);
    process_leave();
}

int get_rtp_sockfd(void)
{
    return process_enter() != NULL && process.receiver != NULL ? process.receiver->fd[0] : -1;
}

void set_rtp_callback(rtp_data_callback_t callback)
{
    (void)process_enter();
    process.callback = callback;
}

void clear_rtp_callback(void)
{
    set_rtp_callback(NULL);
}
