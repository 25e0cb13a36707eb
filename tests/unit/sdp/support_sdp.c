/* SPDX-License-Identifier: MIT */
#include "support_sdp.h"

#include "guard.h"

int sdp_parse_guarded(const char *text, size_t len, struct sdp_session *out, const char **why)
{
    struct guard g = guard_copy(text, len);
    int status = sdp_parse(span_make(g.ptr, len), out, why);
    guard_free(&g);
    return status;
}

struct sdp_session sdp_parsed(const char *text)
{
    struct sdp_session s;
    const char *why = "?";
    if (sdp_parse_guarded(text, strlen(text), &s, &why) != ST_OK) {
        fail_msg("%s: %s", text, why);
    }
    return s;
}

void assert_addr(const struct net_addr *addr, const char *text)
{
    char buf[ADDR_TEXT_MAX];
    if (addr->family == 0) {
        assert_string_equal("none", text);
        return;
    }
    assert_string_equal(addr_text(addr, buf), text);
}
