#include "registration.h"

/* Digits in front of blanks, parameters or a comment. */
static bool seconds_of(struct span value, uint32_t *out)
{
    size_t end = 0;
    while (end < value.len && char_is_digit(value.ptr[end])) {
        end++;
    }
    int status = span_parse_u32(span_head(value, end), UINT32_MAX, out);
    if (status == ST_TOO_LARGE) {
        *out = UINT32_MAX;
    }
    return status == ST_OK || status == ST_TOO_LARGE;
}

/* 10.2.4, 10.3 step 8: the answer lists all bindings, each with its time. A registrar that writes our Contact in another
 * way lists one that is not ours: when it is the only one it is taken for ours. */
static bool listed_time(const struct sip_msg *response, struct span contact, uint32_t *seconds)
{
    struct sip_uri ours;
    struct sip_name_addr listed;
    struct span value;
    struct span text;
    uint32_t others = 0;
    bool known = false;
    if (sip_uri_parse(contact, &ours) != ST_OK) {
        return false;
    }
    for (struct sip_values it = sip_values_of(response, SIP_HEADER_CONTACT); sip_values_next(&it, &value);) {
        if (sip_name_addr_parse(value, &listed) != ST_OK || listed.star) {
            continue;
        }
        bool timed = sip_param_find(listed.params, SPAN_LIT("expires"), &text);
        if (sip_uri_equal(&ours, &listed.uri)) {
            return timed && seconds_of(text, seconds);
        }
        others++;
        known = timed && seconds_of(text, seconds);
    }
    return others == 1 && response->expires < 0 && known;
}

static uint32_t granted(const struct sip_msg *response, struct span contact, uint32_t asked_s)
{
    uint32_t seconds;
    if (!listed_time(response, contact, &seconds)) {
        seconds = response->expires >= 0 ? (uint32_t)response->expires : asked_s;
    }
    return seconds < asked_s ? seconds : asked_s;
}

static enum sip_registration_event failure(int code)
{
    bool passes = code >= 500 && code < 600;
    passes = passes || code < 400 || code == 408 || code == 429 || code == 480 || code == 491;
    return passes ? SIP_REGISTRATION_ON_FAILED : SIP_REGISTRATION_ON_REFUSED;
}

struct sip_registration_answer sip_registration_read(const struct sip_msg *response, struct span contact,
                                                     uint32_t asked_s)
{
    struct sip_registration_answer answer = {.event = failure(response->status), .retry_after = response->retry_after};
    uint32_t least;
    if (response->status < 300) {
        answer.seconds = granted(response, contact, asked_s);
        /* 0: it did not take us, or somebody else removed us */
        answer.event = answer.seconds > 0 ? SIP_REGISTRATION_ON_OK : SIP_REGISTRATION_ON_FAILED;
    } else if (response->status == 423) {
        bool said = seconds_of(sip_msg_value(response, SIP_HEADER_MIN_EXPIRES), &least);
        bool usable = said && least > asked_s && least <= SIP_REGISTRATION_EXPIRES_MAX;
        answer.event = usable ? SIP_REGISTRATION_ON_AGAIN : SIP_REGISTRATION_ON_REFUSED;
        answer.seconds = usable ? least : 0;
    }
    return answer;
}
