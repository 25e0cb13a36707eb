/* SPDX-License-Identifier: MIT */
/* Two calls at once on one phone, driven by poll alone; hang-ups from inside the callback; what is refused. */
#include <assert.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sip_client_async.h"

static sip_phone *phone;
static int answered, played, ended, packets;

static void on_event(void *ctx, const sip_phone_event *event)
{
    const char *why = "";

    (void)ctx;
    printf("event %d call %d code %d %s\n", (int)event->kind, event->call, event->code,
           event->kind == SIP_PHONE_PACKET ? "" : event->reason);
    switch (event->kind) {
    case SIP_PHONE_RINGING:
        assert(sip_phone_play(phone, event->call, "a.wav", &why) == -1 && strstr(why, "not answered") != NULL);
        break;
    case SIP_PHONE_ANSWERED:
        answered++;
        assert(sip_phone_remote_rtp_port(phone, event->call) > 0);
        assert(sip_phone_play(phone, event->call, "missing.wav", &why) == -2 && why[0] != '\0');
        assert(sip_phone_record(phone, event->call, "/no/such/folder/x.wav") == -2);
        assert(sip_phone_record(phone, event->call, answered == 1 ? "one.wav" : "two.wav") == 0);
        assert(sip_phone_play(phone, event->call, "a.wav", &why) == 0);
        assert(sip_phone_step(phone) == -1); /* not from inside */
        break;
    case SIP_PHONE_PACKET: packets++; break;
    case SIP_PHONE_PLAYED:
        played++;
        assert(sip_phone_hang_up(phone, event->call) == 0 && sip_phone_hang_up(phone, event->call) == -1);
        break;
    case SIP_PHONE_ENDED: ended++; break;
    }
}

static void refuse(sip_phone_settings settings, const char *text)
{
    const char *why = "";

    assert(sip_phone_new(&settings, on_event, NULL, &why) == NULL && strstr(why, text) != NULL);
}

int main(int argc, char **argv)
{
    sip_phone_settings s;
    int wanted = argc > 2 ? atoi(argv[2]) : 2;

    memset(&s, 0, sizeof(s));
    s.size = sizeof(s);
    refuse(s, "settings");
    s.server = "no.such.invalid";
    refuse(s, "server");
    s.server = "127.0.0.1";
    s.local_ip = "x";
    refuse(s, "local_ip");
    s.local_ip = "127.0.0.1";
    s.server_port = atoi(argv[1]);
    s.max_calls = 2;
    phone = sip_phone_new(&s, on_event, NULL, NULL);
    assert(phone != NULL && sip_phone_is_idle(phone) && sip_phone_timeout_ms(phone) == -1 && sip_phone_fd(phone) >= 0);
    assert(sip_phone_call(phone, "a b\r\nc") == -1 && sip_phone_hang_up(phone, 7) == -1);
    int first = sip_phone_call(phone, "1001");
    int second = sip_phone_call(phone, "1002");
    assert(first > 0 && second > 0 && first != second && sip_phone_call(phone, "1003") == -2);
    while (played + ended < wanted || !sip_phone_is_idle(phone)) {
        struct pollfd fds[] = {{sip_phone_fd(phone), POLLIN, 0}};
        poll(fds, 1, sip_phone_timeout_ms(phone));
        assert(sip_phone_step(phone) == 0);
    }
    printf("answered %d played %d ended %d packets %d\n", answered, played, ended, packets > 0);
    sip_phone_free(phone);
    return 0;
}
