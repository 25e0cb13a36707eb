/* SPDX-License-Identifier: MIT */
#include "support_loopback.h"

#include "rng_seeded.h"

const struct net_addr caller = {.family = 4, .port = 5090, .ip = {127, 0, 0, 1}};
const struct net_addr caller_rtp = {.family = 4, .port = 32000, .ip = {127, 0, 0, 1}};

static int take_sip(void *ctx, const struct sip_flow *to, const void *data, size_t len)
{
    struct bench *t = ctx;

    assert_true(addr_equal(&to->remote, &caller));
    assert_true(t->sip_count < SENT_MAX);
    t->sip[t->sip_count++] = strndup(data, len);
    return ST_OK;
}

static int open_pair(void *ctx, struct pool_id call, uint16_t *port)
{
    struct bench *t = ctx;

    if (t->open_status != ST_OK) {
        return t->open_status;
    }
    assert_true(t->media_count < CALLS_MAX + 2);
    t->media[t->media_count++] = call;
    *port = (uint16_t)(40000 + 2 * t->media_count);
    t->ports_open++;
    return ST_OK;
}

static void close_pair(void *ctx, struct pool_id call)
{
    struct bench *t = ctx;

    (void)call;
    t->ports_open--;
    assert_true(t->ports_open >= 0);
}

static int take_packet(void *ctx, struct pool_id call, bool rtcp, const struct net_addr *to, const void *data,
                       size_t len)
{
    struct bench *t = ctx;

    (void)call;
    assert_true(t->packet_count < SENT_MAX && len <= sizeof(t->packet[0].data));
    struct packet *p = &t->packet[t->packet_count++];
    *p = (struct packet){.to = *to, .rtcp = rtcp, .len = len, .at = t->now};
    memcpy(p->data, data, len);
    return ST_OK;
}

static int64_t wall(void *ctx)
{
    const struct bench *t = ctx;
    return 1700000000000000 + t->now;
}

void exchange_open(struct bench *t)
{
    memset(t, 0, sizeof(*t));
    t->now = DUR_S(100) + 1234;
    t->seed = 5;
    t->rng = (struct rng){rng_seeded_fill, &t->seed};
    struct loopback_ua_config config = {.local = addr_ipv4(127, 0, 0, 1, 5070),
                                        .max_calls = CALLS_MAX,
                                        .rng = &t->rng,
                                        .media = {t, open_pair, close_pair, take_packet, wall},
                                        .sip_send = take_sip,
                                        .sip_ctx = t};
    assert_int_equal(loopback_ua_new(&config, &t->x), ST_OK);
    assert_true(loopback_ua_tick_due(t->x) == MONO_NEVER);
}

void exchange_forget(struct bench *t)
{
    for (size_t i = 0; i < t->sip_count; i++) {
        free(t->sip[i]);
    }
    t->sip_count = 0;
    t->packet_count = 0;
}

/* Lets time pass: every deadline is carried out when it comes. */
void exchange_pass(struct bench *t, dur_us duration)
{
    mono_us end = t->now + duration;

    for (;;) {
        mono_us tick = loopback_ua_tick_due(t->x);
        mono_us due = loopback_ua_due(t->x);
        mono_us at = tick < due ? tick : due;
        if (at > end) {
            break;
        }
        t->now = at > t->now ? at : t->now;
        if (tick <= t->now) {
            loopback_ua_tick(t->x, t->now);
        }
        loopback_ua_expire(t->x, t->now);
        loopback_ua_reap(t->x);
    }
    t->now = end;
}

/* Every call is over and every deadline has passed. */
void exchange_close(struct bench *t)
{
    exchange_pass(t, DUR_S(70));
    assert_int_equal(loopback_ua_calls(t->x), 0);
    assert_int_equal(t->ports_open, 0);
    assert_true(loopback_ua_tick_due(t->x) == MONO_NEVER);
    assert_true(loopback_ua_due(t->x) == MONO_NEVER);
    loopback_ua_free(t->x);
    exchange_forget(t);
}

/* ---- the caller ---- */

const char offer[] = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
                     "m=audio 32000 RTP/AVP 0 8 101\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\n";
const char offer_pcma[] = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
                          "m=audio 32000 RTP/AVP 8\r\n";
const char offer_moved[] = "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
                           "m=audio 33000 RTP/AVP 0\r\n";
const char offer_g729[] = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
                          "m=audio 32000 RTP/AVP 18\r\n";

void caller_request(struct bench *t, const char *method, const char *user, const char *id, unsigned cseq,
                    const char *to_tag, const char *headers, const char *body)
{
    char text[4096];
    /* CANCEL and the ACK to a refusal belong to the INVITE's branch; the ACK to a 200 has its own */
    bool same = strcmp(method, "CANCEL") == 0 || (strcmp(method, "ACK") == 0 && headers != NULL);

    snprintf(text, sizeof(text),
             "%s sip:%s@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:5090;branch=z9hG4bK%s%s%u;rport\r\n"
             "Max-Forwards: 70\r\nFrom: <sip:me@127.0.0.1>;tag=caller\r\nTo: <sip:%s@127.0.0.1>%s%s\r\n"
             "Call-ID: %s\r\nCSeq: %u %s\r\nContact: <sip:me@127.0.0.1:5090>\r\n%s%sContent-Length: %zu\r\n\r\n%s",
             method, user, same ? "INVITE" : method, id, cseq, user, to_tag[0] != '\0' ? ";tag=" : "", to_tag, id, cseq,
             method, headers != NULL ? headers : "", body[0] != '\0' ? "Content-Type: application/sdp\r\n" : "",
             strlen(body), body);
    loopback_ua_sip_input(t->x, t->now, &caller, text, strlen(text));
    loopback_ua_expire(t->x, t->now);
    loopback_ua_reap(t->x);
}

/* The latest message that begins so, or NULL. */
const char *sent_last(const struct bench *t, const char *prefix)
{
    for (size_t i = t->sip_count; i-- > 0;) {
        if (strncmp(t->sip[i], prefix, strlen(prefix)) == 0) {
            return t->sip[i];
        }
    }
    fail_msg("nothing that begins with %s", prefix);
    return NULL;
}

size_t sent_count(const struct bench *t, const char *prefix)
{
    size_t n = 0;

    for (size_t i = 0; i < t->sip_count; i++) {
        n += strncmp(t->sip[i], prefix, strlen(prefix)) == 0 ? 1 : 0;
    }
    return n;
}

const char *sent_tag(const char *message, char out[64])
{
    const char *to = strstr(message, "\r\nTo: ");
    assert_non_null(to);
    const char *tag = strstr(to, ";tag=");
    assert_non_null(tag);
    snprintf(out, 64, "%.*s", (int)strcspn(tag + 5, ";\r\n"), tag + 5);
    return out;
}

/* Dials and acknowledges; the dialog's tag. */
const char *caller_dials(struct bench *t, const char *user, const char *id, const char *sdp, char tag[64])
{
    caller_request(t, "INVITE", user, id, 1, "", NULL, sdp);
    const char *ok = sent_last(t, "SIP/2.0 200 ");
    assert_non_null(ok);
    sent_tag(ok, tag);
    caller_request(t, "ACK", user, id, 1, tag, NULL, "");
    return tag;
}

void caller_hangs_up(struct bench *t, const char *user, const char *id, const char *tag, unsigned cseq)
{
    size_t before = sent_count(t, "SIP/2.0 200 ");
    caller_request(t, "BYE", user, id, cseq, tag, NULL, "");
    assert_int_equal(sent_count(t, "SIP/2.0 200 "), before + 1);
}

void caller_sends(struct bench *t, size_t call, const struct net_addr *from, uint8_t type, uint16_t seq, uint8_t fill)
{
    uint8_t data[172] = {0x80, type, (uint8_t)(seq >> 8), (uint8_t)seq, 0, 0, 0, (uint8_t)(seq * 160)};

    data[11] = 1;
    memset(data + 12, fill, 160);
    media_input(loopback_ua_media(t->x), t->now, t->media[call], false, from, data, sizeof(data));
}
