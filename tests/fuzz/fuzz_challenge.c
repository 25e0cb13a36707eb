/* SPDX-License-Identifier: MIT */
/* Digest challenges: the list ends, its views lie inside, a request is challenged no more than four times (an endless 401 is no
 * endless loop), and the credentials that we write read back with the realm and nonce that were asked for. */
#include "rng_seeded.h"
#include "support_fuzz.h"
#include "wsaudio/sipmsg/auth.h"

static void check_list(struct span value)
{
    struct sip_challenge c;
    struct span rest = value;
    size_t count = 0;
    int status;

    while ((status = sip_challenge_next(&rest, &c)) != ST_NOT_FOUND) {
        FUZZ_CHECK(status == ST_OK || status == ST_BAD);
        FUZZ_CHECK(++count <= value.len + 1);
        FUZZ_CHECK(fuzz_inside(value, c.realm) && fuzz_inside(value, c.nonce) && fuzz_inside(value, c.opaque));
        FUZZ_CHECK(fuzz_inside(value, rest) && c.alg < SIP_AUTH_ALG_COUNT);
        FUZZ_CHECK(status != ST_OK || !c.is_digest || (c.has_realm && c.nonce.len > 0));
        FUZZ_CHECK(!sip_challenge_usable(&c) || c.is_digest);
    }
    FUZZ_CHECK(rest.len == 0);
}

static struct span answer_to(uint8_t draw, struct span value, char *bytes, size_t cap)
{
    struct outbuf out;

    outbuf_init(&out, bytes, cap);
    outbuf_printf(&out,
                  "SIP/2.0 %d X\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nFrom: <sip:a@h>;tag=1\r\nTo: <sip:b@h>\r\n",
                  (draw & 1) != 0 ? 407 : 401);
    outbuf_str(&out, "Call-ID: c\r\nCSeq: 1 INVITE\r\n");
    outbuf_str(&out, (draw & 1) != 0 ? "Proxy-Authenticate: " : "WWW-Authenticate: ");
    outbuf_span(&out, value);
    outbuf_str(&out, "\r\n\r\n");
    FUZZ_CHECK(outbuf_status(&out) == ST_OK);
    return outbuf_view(&out);
}

/* Without the backslashes of a quoted string; controls as the writer puts them, as blanks. */
static size_t unquote(char *dst, struct span s)
{
    size_t len = 0;

    for (size_t i = 0; i < s.len; i++) {
        if (s.ptr[i] == '\\' && i + 1 < s.len) {
            i++;
        }
        unsigned char c = (unsigned char)s.ptr[i];
        dst[len++] = (char)(c < ' ' || c == 0x7f ? ' ' : c);
    }
    return len;
}

static bool blanked_eq(struct span written, struct span raw)
{
    char *text = fuzz_alloc(written.len);
    size_t len = unquote(text, written);
    bool same = len == raw.len;

    for (size_t i = 0; same && i < len; i++) {
        unsigned char c = (unsigned char)raw.ptr[i];
        same = text[i] == (char)(c < ' ' || c == 0x7f ? ' ' : c);
    }
    free(text);
    return same;
}

static void check_credentials(struct sip_auth *auth, size_t cap)
{
    uint64_t seed = 1;
    const struct rng rng = {rng_seeded_fill, &seed};
    const struct sip_credentials who = {SPAN_LIT("user\"\\"), SPAN_LIT("secret"), true};
    const struct sip_credentials nobody = {SPAN_LIT("user"), SPAN_NONE, false};
    char *bytes = fuzz_alloc(cap);
    struct outbuf out;

    outbuf_init(&out, bytes, cap);
    FUZZ_CHECK(sip_auth_write(auth, &nobody, SPAN_LIT("INVITE"), SPAN_LIT("sip:x@h"), &rng, &out) == ST_DENIED);
    FUZZ_CHECK(out.len == 0);
    FUZZ_CHECK(sip_auth_write(auth, &who, SPAN_LIT("INVITE"), SPAN_LIT("sip:x@h"), &rng, &out) == ST_OK);
    struct span text = outbuf_view(&out);
    for (uint8_t i = 0; i < auth->realm_count; i++) {
        const struct sip_auth_realm *r = &auth->realms[i];
        struct span line = span_cut(&text, '\n');
        struct sip_challenge c;
        FUZZ_CHECK(line.len > 0 && line.ptr[line.len - 1] == '\r' && span_find(line, '\0') == line.len);
        struct span name = span_cut(&line, ':');
        FUZZ_CHECK(span_eq(name, r->proxy ? SPAN_LIT("Proxy-Authorization") : SPAN_LIT("Authorization")));
        struct span rest = span_trim(line);
        FUZZ_CHECK(sip_challenge_next(&rest, &c) == ST_OK && rest.len == 0 && c.is_digest);
        FUZZ_CHECK(blanked_eq(c.realm, span_make(r->text, r->realm_len)));
        FUZZ_CHECK(blanked_eq(c.nonce, span_make(r->text + r->realm_len, r->nonce_len)));
        FUZZ_CHECK(c.has_opaque == r->has_opaque && c.alg == r->alg && c.qop_auth == r->qop_auth);
    }
    FUZZ_CHECK(text.len == 0);
    free(bytes);
}

/* Each line of the input is the challenge of one response, over and over: as a hostile server may do. */
static void check_loop(uint8_t draw, struct span lines)
{
    struct sip_auth auth = {0};
    struct span rest = SPAN_NONE;
    size_t cap = lines.len + 512;
    char *bytes = fuzz_alloc(cap);
    int taken = 0;

    for (int i = 0; i < 12; i++) {
        struct sip_msg response;
        rest = rest.len > 0 ? rest : lines;
        struct span text = answer_to((uint8_t)(draw >> (i % 8)), span_cut(&rest, '\n'), bytes, cap);
        if (sip_msg_parse(text, &response) != SIP_VERDICT_OK || sip_auth_challenge(&auth, &response) != ST_OK) {
            continue;
        }
        taken++;
        FUZZ_CHECK(auth.realm_count > 0 && auth.realm_count <= SIP_AUTH_REALMS_MAX);
        check_credentials(&auth, 4 * cap * SIP_AUTH_REALMS_MAX + 2048);
    }
    FUZZ_CHECK(taken <= SIP_AUTH_CHALLENGES_MAX && auth.challenges == taken);
    sip_auth_fini(&auth);
    free(bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_in in = {data, size};
    uint8_t draw = fuzz_u8(&in);
    struct span value = fuzz_rest(&in);

    if (size > 65000) {
        return 0;
    }
    check_list(value);
    check_loop(draw, value);
    return 0;
}
