/* SPDX-License-Identifier: MIT */
/* SDP: what is read stays in its ranges; an offer that we accept can always be answered, and that answer, read as the far end
 * reads it, says what was agreed. The first byte draws our own direction. */
#include "support_fuzz.h"
#include "wsaudio/sdp.h"

static const struct net_addr ours = {.family = 4, .port = 32000, .ip = {192, 0, 2, 1}};
static const struct net_addr ours6 = {.family = 6, .port = 65534, .ip = {0x20, 1, 0xd, 0xb8, [15] = 1}};

static void check_session(const struct sdp_session *s)
{
    FUZZ_CHECK(s->format_count <= SDP_FORMATS_MAX && (unsigned)s->direction <= SDP_SENDRECV);
    FUZZ_CHECK(s->rtp.family == 0 || s->rtp.family == 4 || s->rtp.family == 6);
    FUZZ_CHECK(!s->has_audio || s->media_index < s->media_count);
    FUZZ_CHECK(s->rtcp.family == 0 || s->rtcp.port != 0);
    for (size_t i = 0; i < s->format_count; i++) {
        const struct sdp_format *f = &s->formats[i];
        FUZZ_CHECK(f->payload_type <= 127);
        FUZZ_CHECK(memchr(f->encoding, '\0', sizeof(f->encoding)) != NULL);
        FUZZ_CHECK(memchr(f->fmtp, '\0', sizeof(f->fmtp)) != NULL);
        for (size_t j = 0; j < i; j++) {
            FUZZ_CHECK(s->formats[j].payload_type != f->payload_type);
        }
    }
}

static void check_negotiated(const struct sdp_session *s, const struct sdp_negotiated *a)
{
    FUZZ_CHECK(a->codec == AUDIO_ULAW || a->codec == AUDIO_ALAW);
    FUZZ_CHECK(a->payload_type <= 127 && a->telephone_event_pt >= -1 && a->telephone_event_pt <= 127);
    FUZZ_CHECK(a->telephone_event_pt != a->payload_type);
    FUZZ_CHECK(a->ptime_ms == 20 || a->ptime_ms == 40 || a->ptime_ms == 60);
    FUZZ_CHECK(a->rtp.family != 0 && a->rtp.port != 0 && !addr_is_group(&a->rtp));
    FUZZ_CHECK(!addr_is_any(&a->rtp) || !a->we_send);
    FUZZ_CHECK(s->maxptime_ms == 0 || a->ptime_ms <= s->maxptime_ms || a->ptime_ms == 20);
    FUZZ_CHECK(sdp_offer_has(s, a->codec, a->payload_type));
}

/* The answer, judged by the one who made the offer. */
static void check_answer(struct span offer, const struct sdp_session *s, const struct sdp_negotiated *negotiated,
                         const struct sdp_local *local)
{
    struct sdp_session answer;
    struct sdp_negotiated theirs;
    const char *why = NULL;
    struct outbuf out;
    size_t cap = 4 * offer.len + 1024;
    char *bytes = fuzz_alloc(cap);

    outbuf_init(&out, bytes, cap);
    FUZZ_CHECK(sdp_write_answer(local, negotiated, offer, &out) == ST_OK);
    FUZZ_CHECK(sdp_parse(outbuf_view(&out), &answer, &why) == ST_OK);
    check_session(&answer);
    FUZZ_CHECK(answer.media_count == s->media_count && answer.media_index == s->media_index);
    FUZZ_CHECK(answer.origin_id == local->origin_id && answer.origin_version == local->version);
    FUZZ_CHECK(sdp_accept_answer(&answer, &theirs, &why) == ST_OK);
    FUZZ_CHECK(theirs.codec == negotiated->codec && theirs.payload_type == negotiated->payload_type);
    FUZZ_CHECK(theirs.telephone_event_pt == negotiated->telephone_event_pt && theirs.ptime_ms == negotiated->ptime_ms);
    FUZZ_CHECK(addr_equal(&theirs.rtp, &local->rtp));
    FUZZ_CHECK(!theirs.we_receive || negotiated->we_send);
    FUZZ_CHECK(!theirs.we_send || negotiated->we_receive);
    free(bytes);
}

static void check_offer(const struct sdp_local *local)
{
    struct sdp_session s;
    struct sdp_negotiated negotiated;
    const char *why = NULL;
    char bytes[1024];
    struct outbuf out;

    outbuf_init(&out, bytes, sizeof(bytes));
    FUZZ_CHECK(sdp_write_offer(local, &out) == ST_OK);
    FUZZ_CHECK(sdp_parse(outbuf_view(&out), &s, &why) == ST_OK);
    FUZZ_CHECK(s.has_audio && addr_equal(&s.rtp, &local->rtp) && s.direction == local->direction);
    FUZZ_CHECK(sdp_accept_offer(&s, &negotiated, &why) == ST_OK);
    FUZZ_CHECK(negotiated.codec == AUDIO_ULAW && negotiated.telephone_event_pt == 101);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_in in = {data, size};
    uint8_t draw = fuzz_u8(&in);
    struct span body = fuzz_rest(&in);
    const struct sdp_local local = {.rtp = (draw & 4) != 0 ? ours6 : ours,
                                    .origin_id = UINT64_MAX - draw,
                                    .version = draw,
                                    .direction = (enum sdp_direction)(draw & 3)};
    struct sdp_session s;
    struct sdp_negotiated negotiated;
    const char *why = NULL;

    if (size > 65535) {
        return 0;
    }
    int status = sdp_parse(body, &s, &why);
    FUZZ_CHECK(status == ST_OK || (status == ST_BAD && why != NULL && !s.has_audio));
    check_session(&s);
    why = NULL;
    int accepted = sdp_accept_offer(&s, &negotiated, &why);
    FUZZ_CHECK(accepted == ST_OK || (accepted == ST_BAD && why != NULL));
    if (accepted == ST_OK) {
        check_negotiated(&s, &negotiated);
        check_answer(body, &s, &negotiated, &local);
    }
    check_offer(&local);
    return 0;
}
