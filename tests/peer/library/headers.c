/* SPDX-License-Identifier: MIT */
/* Both headers, alone and twice, in any order; the structures as the document has them. */
#include "lib/sip_client.h"
#include "sip_client.h"
#include "sip_client_async.h"

#define OFFSET(type, member, value)                                                                                    \
    typedef char check_##type##_##member[offsetof(type, member) == (value) ? 1 : -1];                                  \
    extern check_##type##_##member use_##type##_##member

OFFSET(rtp_header_t, m_pt, 1);
OFFSET(rtp_header_t, seq_num, 2);
OFFSET(rtp_header_t, timestamp, 4);
OFFSET(rtp_header_t, ssrc, 8);
OFFSET(sip_session_t, tag, 4);
OFFSET(sip_session_t, callid, 36);
OFFSET(sip_session_t, branch, 100);
OFFSET(sip_session_t, cseq, 164);
OFFSET(sip_session_t, to_tag, 180);
OFFSET(sip_session_t, remote_rtp_port, 308);
OFFSET(sip_session_t, servaddr, 312);
OFFSET(sip_session_t, call_established, 328);
typedef char check_sizes[sizeof(rtp_header_t) == 12 && sizeof(sip_session_t) == 332 ? 1 : -1];
extern check_sizes use_sizes;
typedef char check_macros[RTP_PACKET_SIZE == 160 && WAV_HEADER_SIZE == 64 && BUF_SIZE == 4096 ? 1 : -1];
extern check_macros use_macros;

int main(void)
{
    return SIP_PORT == 5060 && LOCAL_PORT == 5062 && LOCAL_RTP_PORT == 32000 && LOCAL_RTP_SEND_PORT == 32001 &&
                   strcmp(SIP_SERVER, "192.168.1.170") == 0 && strcmp(LOCAL_IP, "192.168.157.126") == 0 &&
                   strcmp(USERNAME, "voip") == 0 && strcmp(PASSWORD, "qwER12#$") == 0 &&
                   strcmp(CALLER, "0921367101") == 0 && strcmp(CALLEE, "0938220136") == 0
               ? 0
               : 1;
}
