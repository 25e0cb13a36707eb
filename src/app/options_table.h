/* SPDX-License-Identifier: MIT */
/* One row a flag: what options.c reads, options_value.c sets and options_print.c shows. */
#ifndef WSAUDIO_APP_OPTIONS_TABLE_H
#define WSAUDIO_APP_OPTIONS_TABLE_H

#include "options.h"

enum option_kind {
    OPTION_SWITCH,    /* bool */
    OPTION_TEXT,      /* char * */
    OPTION_TEXT_LIST, /* struct option_texts */
    OPTION_CIDR_LIST, /* struct option_cidrs */
    OPTION_RULE_LIST, /* struct option_rules: one list that several rows add to */
    OPTION_BYTES,     /* uint64_t */
    OPTION_SECONDS,   /* dur_us */
    OPTION_COUNT,     /* uint32_t */
    OPTION_LISTEN,    /* struct net_addr: [ADDR:]PORT */
    OPTION_IP,        /* struct net_addr */
    OPTION_HOST,      /* struct option_host */
    OPTION_PORTS,     /* struct option_ports */
    OPTION_ENUM       /* int: index into words */
};

enum option_section {
    OPTION_SECTION_GENERAL,
    OPTION_SECTION_WS,
    OPTION_SECTION_SIP,
    OPTION_SECTION_MEDIA,
    OPTION_SECTION_FILES,
    OPTION_SECTION_COUNT
};

enum {
    OPTION_IS_SECRET = 1,
    OPTION_MAY_BE_EMPTY = 2,
    OPTION_NOT_IN_FILE = 4,
    OPTION_IS_ACTION = 8,
    OPTION_IS_ALLOW = 16,
    OPTION_ZERO_IS_NO_LIMIT = 32 /* said when the settings are printed */
};

struct option_row {
    const char *name;
    enum option_kind kind;
    enum option_section section;
    unsigned flags;
    const char *metavar;      /* NULL for a switch */
    const char *preset;       /* default, parsed like any value; NULL: not set */
    const char *preset_words; /* what not set means; NULL: none */
    uint64_t min, max;        /* of a number */
    const char *const *words; /* of an enum, ended by NULL */
    bool (*text_ok)(struct span text);
    const char *expected; /* for the error line; NULL: from the kind */
    const char *help;
    size_t offset;
};

extern const struct option_row option_rows[];
extern const size_t option_row_count;

/* NULL when there is none. */
const struct option_row *option_row_find(struct span name);
const char *option_section_title(enum option_section section);
/* What a value has to look like, for an error line. Returns buf. */
const char *option_expected(const struct option_row *row, char *buf, size_t cap);

/* Parses value into the row's field; a list grows. ST_OK, ST_BAD (the field keeps what it had), ST_FULL (list),
 * ST_NO_MEMORY. */
WS_MUST_CHECK int option_set(struct options *o, const struct option_row *row, struct span value);
/* Back to "not set": frees what the field owns. */
void option_clear(struct options *o, const struct option_row *row);
/* "zh" or "en" names of an enum value. */
const char *option_word(const struct option_row *row, int value);

/* "null", or scheme://host[:port] without path, in lower case (RFC 6454 6.1). */
bool option_origin_ok(struct span text);
/* A pattern that a dialled number, name or user@host can match at all. */
bool option_pattern_ok(struct span text);
/* A host name, an IPv4 address or an IPv6 address in brackets. */
bool option_domain_ok(struct span text);

#endif
