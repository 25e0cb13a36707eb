/* SPDX-License-Identifier: MIT */
/* --help, --version and --check-config. */
#include <inttypes.h>
#include <openssl/crypto.h>
#include <wslay/wslayver.h>

#include "options.h"
#include "options_table.h"
#include "wsaudio/os.h"

#define HELP_COLUMN 34
#define HELP_WIDTH  100

static const void *field_in(const struct options *o, const struct option_row *row)
{
    return (const char *)o + row->offset;
}

/* ---- help and version ---- */

/* Words of text, wrapped between the two columns; the cursor stands at `column`. */
static void print_wrapped(FILE *to, struct span text, size_t column)
{
    while (text.len > 0) {
        struct span word = span_cut(&text, ' ');
        if (column + word.len + 1 > HELP_WIDTH) {
            fprintf(to, "\n%*s", HELP_COLUMN, "");
            column = HELP_COLUMN;
        }
        fprintf(to, " %.*s", SPAN_ARG(word));
        column += word.len + 1;
    }
    fputc('\n', to);
}

static void print_row_help(FILE *to, const struct option_row *row)
{
    char left[80];
    char text[512];
    const char *preset = row->preset != NULL ? row->preset : row->preset_words;
    int len = snprintf(left, sizeof(left), "  --%s%s%s", row->name, row->metavar != NULL ? " " : "",
                       row->metavar != NULL ? row->metavar : "");

    snprintf(text, sizeof(text), "%s%s%s%s", row->help, preset != NULL ? " [" : "", preset != NULL ? preset : "",
             preset != NULL ? "]" : "");
    if (len >= HELP_COLUMN) {
        fprintf(to, "%s\n%*s", left, HELP_COLUMN, "");
    } else {
        fprintf(to, "%-*s", HELP_COLUMN, left);
    }
    print_wrapped(to, span_cstr(text), HELP_COLUMN);
}

void options_print_help(FILE *to)
{
    fputs("Usage: ws_audio_server [flags]\n"
          "Joins WebSocket clients to the telephone network by SIP and RTP (G.711).\n"
          "A flag is given as --flag VALUE or --flag=VALUE; the default stands in brackets.\n",
          to);
    enum option_section section = OPTION_SECTION_COUNT;
    for (size_t i = 0; i < option_row_count; i++) {
        if (option_rows[i].section != section) {
            section = option_rows[i].section;
            fprintf(to, "\n%s:\n", option_section_title(section));
        }
        print_row_help(to, &option_rows[i]);
    }
    fputs("\nByte counts take K, M, G. Exit code: 0 after a stop by signal, 1 when a port or directory\n"
          "cannot be had, 2 for a bad flag or value. More: man ws_audio_server, docs/.\n",
          to);
}

#if defined(__clang__)
#define BUILT_WITH "clang " __clang_version__
#elif defined(__GNUC__)
#define BUILT_WITH "gcc " __VERSION__
#else
#define BUILT_WITH "another compiler"
#endif
#if defined(__SANITIZE_ADDRESS__)
#define BUILT_SANITIZER ", address sanitizer"
#else
#define BUILT_SANITIZER ""
#endif
#if defined(NDEBUG)
#define BUILT_ASSERT ", without assertions"
#else
#define BUILT_ASSERT ", with assertions"
#endif

void options_print_version(FILE *to)
{
    fprintf(to, "ws_audio_server %s\n", WSAUDIO_VERSION);
    fprintf(to, "wslay %s\n", WSLAY_VERSION);
    fprintf(to, "%s\n", OpenSSL_version(OPENSSL_VERSION));
    fprintf(to, "c-ares %s\n", os_resolver_version() != NULL ? os_resolver_version() : "not built in");
    fprintf(to, "build: %s, %s%s%s\n", sizeof(void *) == 8 ? "64 bit" : "32 bit", BUILT_WITH, BUILT_SANITIZER,
            BUILT_ASSERT);
}

/* ---- settings ---- */

static void print_bytes(FILE *to, uint64_t value)
{
    static const char *const UNITS[] = {"", "K", "M", "G"};
    size_t unit = 0;

    while (unit < 3 && value > 0 && value % 1024 == 0) {
        value /= 1024;
        unit++;
    }
    fprintf(to, "%" PRIu64 "%s\n", value, UNITS[unit]);
}

static void print_listen(FILE *to, const struct net_addr *addr)
{
    char text[ADDR_TEXT_MAX];

    if (addr->family == 0) {
        fprintf(to, "%u\n", addr->port);
    } else {
        fprintf(to, "%s\n", addr_text(addr, text));
    }
}

static void print_host(FILE *to, const struct option_host *host)
{
    bool brackets = host->addr.family == 6;

    if (host->addr.family == 0 && !host->port_given) {
        fprintf(to, "%s\n", host->name); /* a port would change what is looked up */
    } else {
        fprintf(to, "%s%s%s:%u\n", brackets ? "[" : "", host->name, brackets ? "]" : "", host->port);
    }
}

static bool is_set(const struct option_row *row, const void *field)
{
    switch (row->kind) {
    case OPTION_TEXT: return *(char *const *)field != NULL;
    case OPTION_TEXT_LIST: return ((const struct option_texts *)field)->count > 0;
    case OPTION_CIDR_LIST: return ((const struct option_cidrs *)field)->count > 0;
    case OPTION_RULE_LIST: return ((const struct option_rules *)field)->count > 0;
    case OPTION_IP: return ((const struct net_addr *)field)->family != 0;
    case OPTION_HOST: return ((const struct option_host *)field)->name != NULL;
    case OPTION_SWITCH:
    case OPTION_BYTES:
    case OPTION_SECONDS:
    case OPTION_LISTEN:
    case OPTION_PORTS:
    case OPTION_ENUM: return true;
    case OPTION_COUNT: return row->preset != NULL || *(const uint32_t *)field > 0;
    }
    return true;
}

static void print_texts(FILE *to, const char *name, const struct option_texts *list)
{
    for (uint32_t i = 0; i < list->count; i++) {
        fprintf(to, "%s = %s\n", name, list->items[i]);
    }
}

static void print_cidrs(FILE *to, const char *name, const struct option_cidrs *list)
{
    char text[ADDR_TEXT_MAX];

    for (uint32_t i = 0; i < list->count; i++) {
        fprintf(to, "%s = %s/%u\n", name, addr_ip_text(&list->items[i].base, text), list->items[i].bits);
    }
}

/* Of the rows of one list the first prints all, in order. */
static void print_rules(FILE *to, const struct option_row *row, const struct option_rules *list)
{
    if ((row->flags & OPTION_IS_ALLOW) == 0) {
        return;
    }
    for (uint32_t i = 0; i < list->count; i++) {
        fprintf(to, "dial-%s = %s\n", list->items[i].allow ? "allow" : "deny", list->items[i].pattern);
    }
}

static void print_value(FILE *to, const struct option_row *row, const void *field)
{
    char text[ADDR_TEXT_MAX];
    const struct option_ports *ports = field;

    fprintf(to, "%s = ", row->name);
    switch (row->kind) {
    case OPTION_SWITCH: fprintf(to, "%s\n", *(const bool *)field ? "yes" : "no"); break;
    case OPTION_TEXT: fprintf(to, "%s\n", (row->flags & OPTION_IS_SECRET) != 0 ? "****" : *(char *const *)field); break;
    case OPTION_BYTES: print_bytes(to, *(const uint64_t *)field); break;
    case OPTION_SECONDS: fprintf(to, "%" PRId64 "\n", *(const dur_us *)field / DUR_S(1)); break;
    case OPTION_COUNT: fprintf(to, "%" PRIu32 "\n", *(const uint32_t *)field); break;
    case OPTION_LISTEN: print_listen(to, field); break;
    case OPTION_IP: fprintf(to, "%s\n", addr_ip_text(field, text)); break;
    case OPTION_HOST: print_host(to, field); break;
    case OPTION_PORTS: fprintf(to, "%u-%u\n", ports->low, ports->high); break;
    case OPTION_ENUM: fprintf(to, "%s\n", option_word(row, *(const int *)field)); break;
    case OPTION_TEXT_LIST:
    case OPTION_CIDR_LIST:
    case OPTION_RULE_LIST: break;
    }
}

static bool is_zero(const struct option_row *row, const void *field)
{
    return row->kind == OPTION_BYTES ? *(const uint64_t *)field == 0 : *(const uint32_t *)field == 0;
}

static void print_setting(FILE *to, const struct options *o, const struct option_row *row)
{
    const void *field = field_in(o, row);

    if (!is_set(row, field)) {
        fprintf(to, "# %s = %s\n", row->name, row->preset_words != NULL ? row->preset_words : "none");
    } else if (row->kind == OPTION_TEXT_LIST) {
        print_texts(to, row->name, field);
    } else if (row->kind == OPTION_CIDR_LIST) {
        print_cidrs(to, row->name, field);
    } else if (row->kind == OPTION_RULE_LIST) {
        print_rules(to, row, field);
    } else {
        fputs((row->flags & OPTION_NOT_IN_FILE) != 0 ? "# " : "", to);
        print_value(to, row, field);
        if ((row->flags & OPTION_ZERO_IS_NO_LIMIT) != 0 && is_zero(row, field)) {
            fprintf(to, "# %s = no limit\n", row->name);
        }
    }
}

void options_print_settings(FILE *to, const struct options *o)
{
    enum option_section section = OPTION_SECTION_COUNT;

    for (size_t i = 0; i < option_row_count; i++) {
        const struct option_row *row = &option_rows[i];
        if (row->section != section) {
            section = row->section;
            fprintf(to, "# %s\n", option_section_title(section));
        }
        if ((row->flags & OPTION_IS_ACTION) == 0) {
            print_setting(to, o, row);
        }
    }
    uint64_t memory = options_worst_case_memory(o);
    fprintf(to, "# worst-case memory = %" PRIu64 " bytes (%" PRIu64 " MiB)\n", memory, (memory + 1048575) / 1048576);
}
