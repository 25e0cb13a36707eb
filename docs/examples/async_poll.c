/* SPDX-License-Identifier: MIT */
/* The same without ever blocking, under a plain poll loop that could serve other descriptors too:
 *   cc async_poll.c $(pkg-config --cflags --libs sip_client) -o async_poll
 *   ./async_poll 192.0.2.1 5060 0938220136 hello.wav heard.wav */
#include <poll.h>
#include <sip_client_async.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct state {
    sip_phone *phone;
    char **files;
    unsigned long packets;
    int over;
};

static void on_event(void *ctx, const sip_phone_event *event)
{
    struct state *state = ctx;
    const char *why = "";

    switch (event->kind) {
    case SIP_PHONE_RINGING: printf("ringing (%d)\n", event->code); break;
    case SIP_PHONE_ANSWERED:
        if (sip_phone_record(state->phone, event->call, state->files[1]) != 0 ||
            sip_phone_play(state->phone, event->call, state->files[0], &why) != 0) {
            printf("no audio: %s\n", why);
        }
        break;
    case SIP_PHONE_PACKET: state->packets++; break;
    case SIP_PHONE_PLAYED:
        sip_phone_hang_up(state->phone, event->call);
        state->over = 1;
        break;
    case SIP_PHONE_ENDED:
        printf("ended: %d %s\n", event->code, event->reason);
        state->over = 1;
        break;
    }
}

int main(int argc, char **argv)
{
    struct state state = {NULL, NULL, 0, 0};
    sip_phone_settings settings;
    const char *why = "";

    if (argc != 6) {
        fprintf(stderr, "usage: %s SERVER PORT NUMBER PLAY.wav RECORD.wav\n", argv[0]);
        return 2;
    }
    memset(&settings, 0, sizeof(settings));
    settings.size = sizeof(settings);
    settings.server = argv[1];
    settings.server_port = atoi(argv[2]);
    state.files = argv + 4;
    state.phone = sip_phone_new(&settings, on_event, &state, &why);
    if (state.phone == NULL || sip_phone_call(state.phone, argv[3]) < 0) {
        fprintf(stderr, "no call: %s\n", why);
        sip_phone_free(state.phone);
        return 1;
    }
    while (!state.over || !sip_phone_is_idle(state.phone)) { /* until the BYE is answered */
        struct pollfd fds[] = {{sip_phone_fd(state.phone), POLLIN, 0}};
        poll(fds, 1, sip_phone_timeout_ms(state.phone));
        sip_phone_step(state.phone);
    }
    sip_phone_free(state.phone);
    printf("%lu packets received\n", state.packets);
    return 0;
}
