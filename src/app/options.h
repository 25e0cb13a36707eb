/* SPDX-License-Identifier: MIT */
/* The settings of a run: command line, configuration file and environment (SPEC section 2). One table row a flag. */
#ifndef WSAUDIO_APP_OPTIONS_H
#define WSAUDIO_APP_OPTIONS_H

#include <stdio.h>

#include "wsaudio/base.h"

#define OPTIONS_LIST_MAX    64   /* values of one repeatable flag */
#define OPTIONS_TEXT_MAX    1024 /* bytes of one text value */
#define OPTIONS_ERROR_MAX   512
#define OPTIONS_PATTERN_MAX 128 /* bytes of one dialling pattern */

struct option_texts {
    char **items;
    uint32_t count;
};

struct option_cidrs {
    struct net_cidr *items;
    uint32_t count;
};

/* --dial-allow and --dial-deny, in the order given. */
struct option_rule {
    bool allow;
    char *pattern;
};

struct option_rules {
    struct option_rule *items;
    uint32_t count;
};

/* A host that may still have to be resolved. */
struct option_host {
    char *name;           /* NULL: not set. A name or an IP literal, without brackets */
    uint16_t port;        /* 5060 when none was given */
    bool port_given;      /* a name without one is looked up by SRV first */
    struct net_addr addr; /* family 0 unless name is a literal */
};

struct option_ports {
    uint16_t low, high; /* as given; a pair begins at an even port */
};

enum option_lang { OPTION_LANG_EN, OPTION_LANG_ZH };
enum option_channels { OPTION_CHANNELS_STEREO, OPTION_CHANNELS_RECEIVED };

/* All text is owned; NULL means not set. Durations are microseconds. Written only by this file's functions. */
struct options {
    /* general */
    char *config;
    bool check_config, version, help;
    int lang;      /* enum option_lang, resolved from the environment when no flag says */
    int log_level; /* enum log_level */
    char *log_file;
    uint32_t realtime; /* priority; 0: off */
    /* WebSocket and HTTP */
    struct net_addr ws_listen; /* family 0: all interfaces */
    bool ws_reuse_port;
    struct option_cidrs ws_allow;
    char *ws_token_file;
    struct option_texts ws_origin;
    bool ws_echo;
    uint64_t ws_max_message; /* resolved: at least what upload_max needs unless set by hand */
    uint32_t max_clients;
    /* SIP */
    struct option_host sip_server; /* name NULL: the loopback exchange */
    struct net_addr sip_listen;    /* family 0: all interfaces */
    char *sip_user;
    char *sip_password_file;
    char *sip_password; /* resolved from the flag, the file or SIP_PASSWORD; wiped by options_fini */
    char *sip_auth_user;
    char *sip_realm; /* NULL: learnt */
    char *sip_caller;
    char *sip_display_name;
    char *sip_domain;
    bool sip_register; /* needs sip_server and sip_user */
    dur_us sip_expires_us;
    struct option_cidrs sip_allow;  /* empty: the SIP server's addresses */
    dur_us sip_keepalive_us;        /* 0: never */
    struct option_texts sip_header; /* "Name: value", each valid */
    dur_us ring_us;
    int incoming; /* enum calls_incoming */
    struct option_rules dial_rules;
    uint32_t calls_per_minute; /* 0: no limit */
    struct net_addr advertise; /* family 0: from the route to the server */
    uint32_t sip_dscp, rtp_dscp;
    /* media and calls */
    struct option_ports rtp_ports;
    uint32_t max_calls;
    dur_us max_call_us;
    dur_us no_media_us;        /* 0: never */
    int rtp_learn;             /* enum rtp_learn */
    uint32_t max_tick_late_ms; /* 0: never refuse */
    uint64_t media_buffer;
    char *rtp_raw_file;
    /* files */
    char *upload_dir;
    uint64_t upload_max, upload_quota;
    char *record_dir;
    bool no_record;
    int record_channels; /* enum option_channels */
    uint64_t record_quota;
    dur_us record_sync_us; /* 0: never */
};

enum options_action { OPTIONS_RUN, OPTIONS_CHECK, OPTIONS_HELP, OPTIONS_VERSION };

/* Fills *o from defaults, the --config file and argv (argv[0] is the program), in rising order of precedence; a repeatable
 * flag of the command line replaces the file's values. LC_ALL, LC_MESSAGES and LANG give --lang's default, SIP_PASSWORD
 * the password when no flag or key does. The characters of a --sip-password in argv are overwritten before anything else
 * happens. Files that a flag names are read here where they must be readable at start (password, tokens).
 * ST_OK and *action; or ST_BAD, ST_NO_MEMORY with one line without newline in error, which names the flag (or file, line
 * and key), the value and what was expected. *o is to be finished in either case. */
WS_MUST_CHECK int options_load(struct options *o, int argc, char **argv, enum options_action *action,
                               char error[OPTIONS_ERROR_MAX]);
/* Releases and wipes; safe on a zeroed struct and twice. */
void options_fini(struct options *o);

/* RTP/RTCP port pairs in a range: even port and the odd one above it. */
uint32_t options_port_pairs(const struct option_ports *ports);
/* Bytes that the pools, queues and buffers of these settings can take at most, all clients and calls busy. */
uint64_t options_worst_case_memory(const struct options *o);

void options_print_help(FILE *to);
/* Program version, versions of wslay and OpenSSL in use, build options. */
void options_print_version(FILE *to);
/* All resulting settings in the syntax of a --config file (what is not set as a comment), secrets as ****, and the
 * worst-case memory. */
void options_print_settings(FILE *to, const struct options *o);

#endif
