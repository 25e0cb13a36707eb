/* SPDX-License-Identifier: MIT */
/* RTP that is sent: header, tone, send_rtp_audio. */
#include "process.h"

#define TAIL_US DUR_MS(100) /* the far end plays what its jitter buffer holds before a BYE cuts it off */

void init_rtp_header(rtp_header_t *hdr, int payload_type, unsigned short seq_num, unsigned int timestamp,
                     unsigned int ssrc)
{
    if (hdr != NULL) {
        hdr->version_p_x_cc = 2 << 6;
        hdr->m_pt = (unsigned char)(payload_type & 0x7f);
        hdr->seq_num = htons(seq_num);
        hdr->timestamp = htonl(timestamp);
        hdr->ssrc = htonl(ssrc);
    }
}

void generate_test_audio(FILE *file, int duration_ms)
{
    uint8_t tone[RTP_PACKET_SIZE];
    uint32_t phase = 0;
    int64_t left = (int64_t)duration_ms * (AUDIO_HZ / 1000);

    while (file != NULL && left > 0) {
        size_t count = left < (int64_t)sizeof(tone) ? (size_t)left : sizeof(tone);
        audio_tone_1k(tone, count, &phase);
        if (fwrite(tone, 1, count, file) != count) {
            return;
        }
        left -= (int64_t)count;
    }
}

static void cannot_play(const char *file, const char *why)
{
    struct log *log = process_log();

    log_write(log, LOG_ERROR, LOG_TEXT(log, LIB_NOT_PLAYED), file != NULL ? file : "?", why);
}

static void play_into_call(struct session *s, const char *file)
{
    char why[MEDIA_WHY_MAX];
    struct line *line = phone_line(s->phone, s->line);

    if (line_audio_play(&line->audio, file, why) == ST_OK) {
        line->audio.last = true;
    } else {
        cannot_play(file, why);
    }
    while (line != NULL && line_audio_is_playing(&line->audio) && engine_turn(process.engine, MONO_NEVER) == ST_OK) {
        line = phone_line(s->phone, s->line);
    }
    mono_us until = engine_now(process.engine) + TAIL_US;
    while (line != NULL && os_clock_mono() < until && engine_turn(process.engine, until) == ST_OK) {
        line = phone_line(s->phone, s->line);
    }
    if (line != NULL) {
        session_end_call(s);
    }
    process_leave(); /* a callback may have closed all */
}

/* The receiver's port, so that both directions are one; else LOCAL_RTP_SEND_PORT, else any. */
static int find_port(struct port **out)
{
    struct net_addr ip = addr_ipv4(0, 0, 0, 0, 0);
    int status;

    if (process.receiver != NULL && pool_id_is_none(process.receiver->session)) {
        *out = process.receiver;
        return ST_OK;
    }
    status = port_open(process.engine, &ip, (uint16_t)process.settings.rtp_send_port, out);
    return status == ST_OK ? ST_OK : port_open(process.engine, &ip, 0, out);
}

/* Without a call of ours: to where the caller says. */
static void play_to(const struct net_addr *to, const char *file)
{
    const struct sdp_negotiated negotiated = {.codec = AUDIO_ULAW,
                                              .payload_type = (uint8_t)audio_codec_row(AUDIO_ULAW)->payload_type,
                                              .telephone_event_pt = -1,
                                              .ptime_ms = 20,
                                              .rtp = *to,
                                              .we_send = true,
                                              .we_receive = true};
    char why[MEDIA_WHY_MAX];
    struct line_audio audio;
    struct port *port = NULL;

    if (process_open() != ST_OK || find_port(&port) != ST_OK) {
        cannot_play(file, os_error_text());
        process_leave();
        return;
    }
    if (line_audio_open(&audio, process.engine, port, to, to) != ST_OK) {
        cannot_play(file, "too many calls");
    } else if (line_audio_play(&audio, file, why) != ST_OK) {
        cannot_play(file, why);
    } else {
        media_session_assume(audio.session, &negotiated);
        audio.last = true;
        for (int status = line_audio_start(&audio, true); status == ST_OK && line_audio_is_playing(&audio);) {
            status = engine_turn(process.engine, MONO_NEVER);
        }
    }
    line_audio_close(&audio);
    process_leave();
}

void send_rtp_audio(int sockfd, struct sockaddr_in *dest_addr, const char *wav_file, int dest_port, const char *callid,
                    const char *tag, const char *to_tag, const char *cseq, struct sockaddr_in *servaddr)
{
    struct engine *e = process_enter();
    struct session *s = process_session(sockfd);

    if (e != NULL && e->inside) {
        cannot_play(wav_file, "not from inside a callback");
        return;
    }
    if (s != NULL && phone_line(s->phone, s->line) != NULL) {
        play_into_call(s, wav_file);
        return;
    }
    if (session_is_call(s, callid)) {
        return; /* it has ended: there is nobody to play to */
    }
    if (dest_addr == NULL || dest_port <= 0 || dest_port > UINT16_MAX) {
        cannot_play(wav_file, "no call, and no address");
    } else {
        struct net_addr to = from_sockaddr(dest_addr);
        to.port = (uint16_t)dest_port;
        play_to(&to, wav_file);
    }
    if (callid != NULL) {
        send_bye(sockfd, servaddr, callid, tag, to_tag, cseq);
    }
}
