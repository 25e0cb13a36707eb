/* SPDX-License-Identifier: MIT */
/* Calls, listens for some seconds, plays a file, and records all that the far end sends:
 *   cc two_way.c $(pkg-config --cflags --libs sip_client) -o two_way
 *   SIP_SERVER=192.0.2.1 ./two_way 0938220136 hello.wav heard.wav 5 */
#include <sip_client.h>
#include <stdlib.h>

static unsigned long packets;

static void on_rtp(const unsigned char *data, size_t size)
{
    (void)data;
    (void)size;
    packets++;
}

int main(int argc, char **argv)
{
    sip_session_t session;
    int result = 1;

    if (argc != 5) {
        fprintf(stderr, "usage: %s NUMBER PLAY.wav RECORD.wav SECONDS\n", argv[0]);
        return 2;
    }
    set_rtp_callback(on_rtp);
    if (start_rtp_receiver(LOCAL_RTP_PORT, argv[3]) == 0 && init_sip_session(&session) == 0) {
        if (make_sip_call(&session, argv[1]) == 0) {
            sip_client_run(1000 * atoi(argv[4])); /* or until the far end hangs up */
            send_rtp_audio(session.sockfd, &session.servaddr, argv[2], session.remote_rtp_port, session.callid,
                           session.tag, session.to_tag, session.cseq, &session.servaddr);
            result = 0;
        }
        close_sip_session(&session);
    }
    stop_rtp_receiver();
    clear_rtp_callback();
    log_with_timestamp("%lu packets received\n", packets);
    return result;
}
