/* SPDX-License-Identifier: MIT */
#include "options_table.h"

#include <inttypes.h>
#include <stddef.h>

#include "wsaudio/sipmsg.h"

#define FIELD(member) offsetof(struct options, member)
#define KIB           ((uint64_t)1024)
#define BYTES_ANY     (KIB * KIB * KIB * KIB * 1024)
#define YEAR_S        31536000

/* Indices are the enums of options.h and enum log_level. */
static const char *const LANG_WORDS[] = {"en", "zh", NULL};
static const char *const LEVEL_WORDS[] = {"debug", "info", "warning", "error", NULL};
static const char *const INCOMING_WORDS[] = {"reject", "echo", "ring", NULL};
static const char *const LEARN_WORDS[] = {"off", "port", "private", "any", NULL};
static const char *const CHANNEL_WORDS[] = {"stereo", "received", NULL};

#define GENERAL OPTION_SECTION_GENERAL
#define WS      OPTION_SECTION_WS
#define SIP     OPTION_SECTION_SIP
#define MEDIA   OPTION_SECTION_MEDIA
#define FILES   OPTION_SECTION_FILES

#define PATTERN_EXPECTED                                                                                               \
    "a number, name or user@host with * and ?, of 128 bytes, without sip:, blanks, %, ; or the - . ( ) of a number"

/* clang-format off */
const struct option_row option_rows[] = {
    {.name = "config", .kind = OPTION_TEXT, .section = GENERAL, .flags = OPTION_NOT_IN_FILE, .metavar = "FILE",
     .offset = FIELD(config), .help = "read settings from FILE: one 'key = value' a line, the key is the flag without --"},
    {.name = "check-config", .kind = OPTION_SWITCH, .section = GENERAL, .flags = OPTION_IS_ACTION,
     .offset = FIELD(check_config), .help = "print the resulting settings and the worst-case memory, then exit"},
    {.name = "lang", .kind = OPTION_ENUM, .section = GENERAL, .metavar = "zh|en", .words = LANG_WORDS,
     .preset_words = "from LC_ALL, LC_MESSAGES or LANG, else en",
     .offset = FIELD(lang), .help = "language of log lines"},
    {.name = "log-level", .kind = OPTION_ENUM, .section = GENERAL, .metavar = "debug|info|warning|error",
     .words = LEVEL_WORDS, .preset = "info",
     .offset = FIELD(log_level), .help = "least level logged; debug prints every SIP message, secrets masked"},
    {.name = "log-file", .kind = OPTION_TEXT, .section = GENERAL, .metavar = "FILE", .preset_words = "stdout",
     .offset = FIELD(log_file), .help = "append log lines to FILE; SIGHUP opens it anew"},
    {.name = "realtime", .kind = OPTION_COUNT, .section = GENERAL, .metavar = "PRIORITY", .min = 0, .max = 99,
     .preset_words = "off",
     .offset = FIELD(realtime), .help = "SCHED_FIFO of that priority (1 to 99) and locked memory, where permitted; 0 off"},
    {.name = "version", .kind = OPTION_SWITCH, .section = GENERAL, .flags = OPTION_IS_ACTION,
     .offset = FIELD(version), .help = "print version, libraries and build options, then exit"},
    {.name = "help", .kind = OPTION_SWITCH, .section = GENERAL, .flags = OPTION_IS_ACTION,
     .offset = FIELD(help), .help = "print this, then exit"},

    {.name = "ws-listen", .kind = OPTION_LISTEN, .section = WS, .metavar = "[ADDR:]PORT", .preset = "8080",
     .offset = FIELD(ws_listen), .help = "where WebSocket and HTTP clients connect; without ADDR all interfaces, port 0 "
     "picks a free one"},
    {.name = "ws-reuse-port", .kind = OPTION_SWITCH, .section = WS,
     .offset = FIELD(ws_reuse_port), .help = "share the port with other processes of this user that say so too (SO_REUSEPORT)"},
    {.name = "ws-allow", .kind = OPTION_CIDR_LIST, .section = WS, .metavar = "CIDR",
     .offset = FIELD(ws_allow), .help = "who may connect (repeatable)"},
    {.name = "ws-token-file", .kind = OPTION_TEXT, .section = WS, .metavar = "FILE",
     .offset = FIELD(ws_token_file), .help = "one token a line; a client sends Authorization: Bearer T or ?token=T"},
    {.name = "ws-origin", .kind = OPTION_TEXT_LIST, .section = WS, .metavar = "ORIGIN", .preset_words = "same host",
     .text_ok = option_origin_ok, .expected = "scheme://host or scheme://host:port, *. in front of a domain allowed, file:// or null",
     .offset = FIELD(ws_origin), .help = "browser origin let in (repeatable): scheme://host[:port], scheme://*.domain[:port], "
     "file:// or null (pages opened from a file)"},
    {.name = "ws-echo", .kind = OPTION_SWITCH, .section = WS,
     .offset = FIELD(ws_echo), .help = "serve the diagnostic echo endpoint /echo"},
    {.name = "ws-max-message", .kind = OPTION_BYTES, .section = WS, .metavar = "BYTES", .min = 1, .max = 4 * KIB * KIB * KIB,
     .preset_words = "4M, or what --upload-max needs",
     .offset = FIELD(ws_max_message), .help = "longest message taken; a longer one closes with 1009, "
     "a longer WAV_UPLOAD is read past and refused"},
    {.name = "max-clients", .kind = OPTION_COUNT, .section = WS, .metavar = "N", .preset = "64", .min = 1, .max = 10000,
     .offset = FIELD(max_clients), .help = "concurrent connections that are let in; more get HTTP 503"},

    {.name = "sip-server", .kind = OPTION_HOST, .section = SIP, .metavar = "HOST[:PORT]",
     .preset_words = "none: the built-in loopback exchange",
     .offset = FIELD(sip_server), .help = "proxy, registrar or PBX to call through; PORT is 5060 when not given"},
    {.name = "sip-listen", .kind = OPTION_LISTEN, .section = SIP, .metavar = "[ADDR:]PORT", .preset = "5062",
     .offset = FIELD(sip_listen), .help = "local SIP address; port 0 picks a free one"},
    {.name = "sip-user", .kind = OPTION_TEXT, .section = SIP, .metavar = "NAME",
     .offset = FIELD(sip_user), .help = "user name, also for digest credentials"},
    {.name = "sip-password-file", .kind = OPTION_TEXT, .section = SIP, .metavar = "FILE",
     .offset = FIELD(sip_password_file), .help = "file that holds the password (one trailing newline dropped)"},
    {.name = "sip-password", .kind = OPTION_TEXT, .section = SIP, .flags = OPTION_IS_SECRET | OPTION_MAY_BE_EMPTY,
     .metavar = "P", .expected = "text without control characters",
     .offset = FIELD(sip_password), .help = "the password itself, wiped from the process title at once; else the file, else "
     "environment SIP_PASSWORD"},
    {.name = "sip-auth-user", .kind = OPTION_TEXT, .section = SIP, .metavar = "NAME", .preset_words = "sip-user",
     .offset = FIELD(sip_auth_user), .help = "digest name where it differs"},
    {.name = "sip-realm", .kind = OPTION_TEXT, .section = SIP, .metavar = "REALM",
     .preset_words = "that of the registration, else of the server's first challenge",
     .offset = FIELD(sip_realm), .help = "the only realm whose challenges are answered, and never to whom a call, a "
     "caller or a redirection names"},
    {.name = "sip-caller", .kind = OPTION_TEXT, .section = SIP, .metavar = "NUMBER",
     .preset_words = "sip-user, else anonymous",
     .offset = FIELD(sip_caller), .help = "calling number in From"},
    {.name = "sip-display-name", .kind = OPTION_TEXT, .section = SIP, .flags = OPTION_MAY_BE_EMPTY, .metavar = "TEXT",
     .expected = "text without control characters",
     .offset = FIELD(sip_display_name), .help = "display name in From"},
    {.name = "sip-domain", .kind = OPTION_TEXT, .section = SIP, .metavar = "DOMAIN", .preset_words = "the server's host",
     .text_ok = option_domain_ok, .expected = "a host name or IP address, brackets around IPv6",
     .offset = FIELD(sip_domain), .help = "domain of From, To and the request"},
    {.name = "sip-register", .kind = OPTION_SWITCH, .section = SIP,
     .offset = FIELD(sip_register), .help = "keep --sip-user registered at the SIP server, and unregister at exit"},
    {.name = "sip-expires", .kind = OPTION_SECONDS, .section = SIP, .metavar = "SECONDS", .preset = "600", .min = 10,
     .max = 604800,
     .offset = FIELD(sip_expires_us), .help = "how long a registration is to last; it is refreshed well before"},
    {.name = "sip-allow", .kind = OPTION_CIDR_LIST, .section = SIP, .metavar = "CIDR",
     .preset_words = "the SIP server's addresses",
     .offset = FIELD(sip_allow), .help = "who may send requests that start something (repeatable); others are dropped "
     "without an answer"},
    {.name = "sip-keepalive", .kind = OPTION_SECONDS, .section = SIP, .metavar = "SECONDS", .preset = "30", .min = 0,
     .max = 3600,
     .offset = FIELD(sip_keepalive_us), .help = "ask the SIP server with OPTIONS that often; any answer means reachable; "
     "0 off"},
    {.name = "sip-header", .kind = OPTION_TEXT_LIST, .section = SIP, .metavar = "\"Name: value\"",
     .text_ok = sip_header_line_ok, .expected = "\"Name: value\", not a header that the server writes itself",
     .offset = FIELD(sip_header), .help = "header added to outgoing INVITEs (repeatable)"},
    {.name = "ring-seconds", .kind = OPTION_SECONDS, .section = SIP, .metavar = "N", .preset = "120", .min = 1, .max = 3600,
     .offset = FIELD(ring_us), .help = "an outgoing call unanswered for so long is cancelled, an incoming one gets 480"},
    {.name = "incoming", .kind = OPTION_ENUM, .section = SIP, .metavar = "reject|echo|ring", .words = INCOMING_WORDS,
     .preset = "reject",
     .offset = FIELD(incoming), .help = "what an incoming call meets: 480, an echo test, or the clients that sent LISTEN"},
    {.name = "dial-allow", .kind = OPTION_RULE_LIST, .section = SIP, .flags = OPTION_IS_ALLOW, .metavar = "PATTERN",
     .preset_words = "all", .text_ok = option_pattern_ok, .expected = PATTERN_EXPECTED,
     .offset = FIELD(dial_rules), .help = "what may be dialled (repeatable); one list with --dial-deny, the first match "
     "wins; * and ?. With any --dial-allow, what nothing matches is denied"},
    {.name = "dial-deny", .kind = OPTION_RULE_LIST, .section = SIP, .metavar = "PATTERN",
     .preset_words = "none", .text_ok = option_pattern_ok, .expected = PATTERN_EXPECTED,
     .offset = FIELD(dial_rules), .help = "what may not (repeatable)"},
    {.name = "calls-per-minute", .kind = OPTION_COUNT, .section = SIP, .flags = OPTION_ZERO_IS_NO_LIMIT, .metavar = "N", .preset = "30", .min = 0,
     .max = 60000,
     .offset = FIELD(calls_per_minute), .help = "calls that one token or address (IPv6: /64) may place in a minute; 0 no limit"},
    {.name = "advertise", .kind = OPTION_IP, .section = SIP, .metavar = "IP",
     .preset_words = "from the route to the SIP server",
     .offset = FIELD(advertise), .help = "address put in Contact and SDP"},
    {.name = "sip-dscp", .kind = OPTION_COUNT, .section = SIP, .metavar = "N", .preset = "24", .min = 0, .max = 63,
     .offset = FIELD(sip_dscp), .help = "DSCP of SIP packets"},
    {.name = "rtp-dscp", .kind = OPTION_COUNT, .section = SIP, .metavar = "N", .preset = "46", .min = 0, .max = 63,
     .offset = FIELD(rtp_dscp), .help = "DSCP of RTP and RTCP packets"},

    {.name = "rtp-ports", .kind = OPTION_PORTS, .section = MEDIA, .metavar = "LOW[-HIGH]", .preset = "32000-32999",
     .offset = FIELD(rtp_ports), .help = "ports for RTP (even) and RTCP (the odd one above); without HIGH 1000 ports"},
    {.name = "rtp-learn", .kind = OPTION_ENUM, .section = MEDIA, .metavar = "off|port|private|any", .words = LEARN_WORDS,
     .preset = "private",
     .offset = FIELD(rtp_learn), .help = "whose audio is taken besides that of the SDP's address: nobody's, another port of "
     "its host's, of another address where the SDP names a private one, or of any address"},
    {.name = "max-calls", .kind = OPTION_COUNT, .section = MEDIA, .metavar = "N", .preset = "64", .min = 1, .max = 10000,
     .offset = FIELD(max_calls), .help = "concurrent calls, at most one for each port pair (the default: as many as there are, when that is fewer)"},
    {.name = "max-call-seconds", .kind = OPTION_SECONDS, .section = MEDIA, .metavar = "N", .preset = "3600", .min = 1,
     .max = YEAR_S,
     .offset = FIELD(max_call_us), .help = "a longer call is ended"},
    {.name = "no-media-seconds", .kind = OPTION_SECONDS, .section = MEDIA, .metavar = "N", .preset = "30", .min = 0,
     .max = YEAR_S,
     .offset = FIELD(no_media_us), .help = "a call that receives no RTP for so long is ended; 0 never"},
    {.name = "max-tick-late", .kind = OPTION_COUNT, .section = MEDIA, .flags = OPTION_ZERO_IS_NO_LIMIT, .metavar = "MS", .preset = "10", .min = 0,
     .max = 1000,
     .offset = FIELD(max_tick_late_ms), .help = "refuse new calls while the 20 ms ticks are later than this, in the median of the last 50; "
     "0 never refuse"},
    {.name = "media-buffer", .kind = OPTION_BYTES, .section = MEDIA, .metavar = "BYTES", .preset = "8M", .min = 64 * KIB,
     .max = KIB * KIB * KIB,
     .offset = FIELD(media_buffer), .help = "all queued live audio together"},
    {.name = "rtp-raw-file", .kind = OPTION_TEXT, .section = MEDIA, .metavar = "FILE",
     .offset = FIELD(rtp_raw_file), .help = "write every received RTP packet to FILE, at most 64M, for debugging"},

    {.name = "upload-dir", .kind = OPTION_TEXT, .section = FILES, .metavar = "DIR", .preset = "uploaded_wavs",
     .offset = FIELD(upload_dir), .help = "where uploads are kept; created at start"},
    {.name = "upload-max", .kind = OPTION_BYTES, .section = FILES, .metavar = "BYTES", .preset = "16M", .min = 1,
     .max = 2 * KIB * KIB * KIB,
     .offset = FIELD(upload_max), .help = "largest decoded upload"},
    {.name = "upload-quota", .kind = OPTION_BYTES, .section = FILES, .flags = OPTION_ZERO_IS_NO_LIMIT, .metavar = "BYTES", .preset = "256M", .min = 0,
     .max = BYTES_ANY,
     .offset = FIELD(upload_quota), .help = "all uploads together, in blocks of the disk, 0 no limit; at most 10000 files"},
    {.name = "record-dir", .kind = OPTION_TEXT, .section = FILES, .metavar = "DIR", .preset = "recordings",
     .offset = FIELD(record_dir), .help = "where recordings are kept; created at start"},
    {.name = "no-record", .kind = OPTION_SWITCH, .section = FILES,
     .offset = FIELD(no_record), .help = "record nothing"},
    {.name = "record-channels", .kind = OPTION_ENUM, .section = FILES, .metavar = "stereo|received",
     .words = CHANNEL_WORDS, .preset = "stereo",
     .offset = FIELD(record_channels), .help = "received left and sent right, or only what was received"},
    {.name = "record-quota", .kind = OPTION_BYTES, .section = FILES, .flags = OPTION_ZERO_IS_NO_LIMIT, .metavar = "BYTES", .preset = "1G", .min = 0,
     .max = BYTES_ANY,
     .offset = FIELD(record_quota), .help = "all recordings together; the oldest closed ones are deleted first; 0 no limit"},
    {.name = "record-sync", .kind = OPTION_SECONDS, .section = FILES, .metavar = "SECONDS", .preset = "10", .min = 0,
     .max = 86400,
     .offset = FIELD(record_sync_us), .help = "flush recordings to disk that often; 0 never"},
};
/* clang-format on */

const size_t option_row_count = sizeof(option_rows) / sizeof(option_rows[0]);

const struct option_row *option_row_find(struct span name)
{
    for (size_t i = 0; i < option_row_count; i++) {
        if (span_eq(span_cstr(option_rows[i].name), name)) {
            return &option_rows[i];
        }
    }
    return NULL;
}

const char *option_section_title(enum option_section section)
{
    static const char *const TITLES[OPTION_SECTION_COUNT] = {
        [OPTION_SECTION_GENERAL] = "General", [OPTION_SECTION_WS] = "WebSocket and HTTP",
        [OPTION_SECTION_SIP] = "SIP",         [OPTION_SECTION_MEDIA] = "Media and calls",
        [OPTION_SECTION_FILES] = "Files",
    };

    return section < OPTION_SECTION_COUNT ? TITLES[section] : "";
}

const char *option_word(const struct option_row *row, int value)
{
    for (int i = 0; row->words[i] != NULL; i++) {
        if (i == value) {
            return row->words[i];
        }
    }
    return "?";
}

static const char *number_expected(const struct option_row *row, const char *what, char *buf, size_t cap)
{
    snprintf(buf, cap, "%s %" PRIu64 " to %" PRIu64, what, row->min, row->max);
    return buf;
}

static const char *words_expected(const struct option_row *row, char *buf, size_t cap)
{
    struct outbuf out;

    outbuf_init(&out, buf, cap - 1);
    for (int i = 0; row->words[i] != NULL; i++) {
        outbuf_str(&out, i == 0 ? "" : row->words[i + 1] == NULL ? " or " : ", ");
        outbuf_str(&out, row->words[i]);
    }
    buf[outbuf_view(&out).len] = '\0';
    return buf;
}

const char *option_expected(const struct option_row *row, char *buf, size_t cap)
{
    if (row->expected != NULL) {
        return row->expected;
    }
    switch (row->kind) {
    case OPTION_SWITCH: return "yes or no";
    case OPTION_TEXT: return "text of 1 to 1024 bytes without control characters";
    case OPTION_TEXT_LIST: return "text";
    case OPTION_CIDR_LIST:
        return "a network like 10.0.0.0/8 or fd00::/8 (no bits behind the prefix), or one IP address";
    case OPTION_RULE_LIST: return "a pattern";
    case OPTION_BYTES: return number_expected(row, "bytes, K, M and G allowed,", buf, cap);
    case OPTION_SECONDS: return number_expected(row, "seconds,", buf, cap);
    case OPTION_COUNT: return number_expected(row, "a number,", buf, cap);
    case OPTION_LISTEN: return "PORT or ADDR:PORT, port 0 to 65535, IPv6 as [::]:8080";
    case OPTION_IP: return "an IP address of one host";
    case OPTION_HOST: return "HOST or HOST:PORT, port 1 to 65535, IPv6 as [::1]:5060";
    case OPTION_PORTS: return "LOW or LOW-HIGH, ports 1 to 65535 with an even one and the one above it";
    case OPTION_ENUM: return words_expected(row, buf, cap);
    }
    return "";
}
