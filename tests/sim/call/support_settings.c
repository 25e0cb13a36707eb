/* SPDX-License-Identifier: MIT */
/* How a world is made when a test says nothing else. */
#include "world.h"

struct gateway_config world_config(void)
{
    return (struct gateway_config){
        .calls = {.domain = SPAN_LIT("10.0.0.9"),
                  .media_addr = addr_ipv4(10, 0, 0, 1, 0),
                  .max_calls = 4,
                  .media_buffer = 1024 * 1024,
                  .ring = DUR_S(120),
                  .max_call = DUR_S(3600),
                  .no_media = DUR_S(30),
                  .rtp_learn = RTP_LEARN_PRIVATE,
                  .max_tick_late = DUR_MS(10),
                  .record = true,
                  .record_stereo = true},
        .max_clients = WORLD_CLIENTS,
        .max_message = 4 * 1024 * 1024,
        .upload_max = 1024 * 1024,
    };
}

struct world_settings world_settings(void)
{
    return (struct world_settings){.gateway = world_config(),
                                   .sip = {.local = addr_ipv4(10, 0, 0, 1, 5062),
                                           .next_hop = addr_ipv4(10, 0, 0, 9, 5060),
                                           .domain = SPAN_LIT("10.0.0.9"),
                                           .user = SPAN_LIT("voip"),
                                           .caller = SPAN_LIT("0921367101"),
                                           .password = SPAN_LIT("secret"),
                                           .has_password = true,
                                           .user_agent = SPAN_LIT("ws_audio_server/sim")}};
}
