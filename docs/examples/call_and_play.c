/* SPDX-License-Identifier: MIT */
/* Calls a number and plays a file into the call:
 *   cc call_and_play.c $(pkg-config --cflags --libs sip_client) -o call_and_play
 *   SIP_SERVER=192.0.2.1 SIP_USERNAME=alice SIP_PASSWORD=… ./call_and_play 0938220136 hello.wav */
#include <sip_client.h>

int main(int argc, char **argv)
{
    sip_session_t session;

    if (argc != 3) {
        fprintf(stderr, "usage: %s NUMBER FILE.wav\n", argv[0]);
        return 2;
    }
    if (init_sip_session(&session) != 0) {
        return 1;
    }
    int result = make_sip_call(&session, argv[1]);
    if (result == 0) {
        log_with_timestamp("answered, the far end receives at port %d\n", session.remote_rtp_port);
        send_rtp_audio(session.sockfd, &session.servaddr, argv[2], session.remote_rtp_port, session.callid, session.tag,
                       session.to_tag, session.cseq, &session.servaddr); /* and BYE */
    }
    close_sip_session(&session);
    return result == 0 ? 0 : 1;
}
