/* SPDX-License-Identifier: MIT */
/* Who may dial what, and how often: --dial-allow and --dial-deny as one ordered list, --calls-per-minute. */
#ifndef WSAUDIO_CALL_DIAL_H
#define WSAUDIO_CALL_DIAL_H

#include "wsaudio/call.h"

/* Whether text is what the pattern says: '*' any number of bytes, '?' one, anything else itself; ASCII case does not
 * count. */
bool dial_pattern_matches(struct span pattern, struct span text);

struct dial_pattern {
    bool allow;
    bool broad; /* nothing but wildcards: it names nobody */
    bool exact; /* no wildcard */
    char text[DIAL_PATTERN_MAX + 1];
    char number[DIAL_PATTERN_MAX + 1]; /* what is written like a number, without - . ( ) and blanks; "": not other */
};

struct dial_guard {
    struct dial_pattern *patterns; /* owns */
    uint32_t pattern_count;
    bool any_allow;            /* then what no pattern matches is denied */
    struct rate_table callers; /* a minute's calls */
    struct rate_table lines;   /* of the log */
    uint64_t denied, limited;
};

/* Copies the rules. ST_NO_MEMORY, ST_TOO_LARGE (a pattern). */
WS_MUST_CHECK int dial_guard_init(struct dial_guard *guard, const struct calls_config *config);
/* Safe on a zeroed guard. */
void dial_guard_fini(struct dial_guard *guard);
uint64_t dial_guard_memory(uint32_t max_clients);

/* dial_uri.c: whether the rules let this Request-URI ("sip:…") be dialled. What its user part says is judged with escapes
 * undone, a pattern with '@' against user@host, and in each way in which a far end may read it; one that the rules do not
 * let through denies it:
 *
 * - as it stands, and without the marks that numbers are written with;
 * - each part of what stands between delimiters (; : , & / = and others), in parameters and the password too;
 * - digits alone, and each run of them, where it does not begin with a letter: then it is a name;
 * - a leading + as 00 or as nothing, a leading 00 as +, unless an allow names it as it is; a phone-context before its number;
 * - the host, when there is no user part or the host is a number.
 *
 * Where there is any rule, control characters, bytes outside of ASCII, a '%' that stays and over 512 bytes are denied. */
bool dial_allows(const struct dial_guard *guard, struct span uri);

/* One attempt of somebody: by the rules, or by the rate. What is refused is counted and logged, the log limited to 5
 * lines an address and one a minute. */
struct dial_attempt {
    const struct log *log;
    mono_us now;
    const struct rate_key *account; /* whose minute it is */
    const struct net_addr *peer;
    const char *label; /* for the log */
};
bool dial_pass_rules(struct dial_guard *guard, const struct dial_attempt *attempt, struct span uri);
bool dial_pass_rate(struct dial_guard *guard, const struct dial_attempt *attempt);

#endif
