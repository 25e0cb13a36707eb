/* SPDX-License-Identifier: MIT */
#include "options.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>

#include "options_table.h"
#include "web_tokens.h"
#include "wsaudio/dialect_text.h"
#include "wsaudio/os.h"

#define CONFIG_FILE_MAX   (256 * 1024)
#define PASSWORD_FILE_MAX 4096
#define ROWS_MAX          64
#define EXPECTED_MAX      160
#define COMMAND_LINE_MAX  65536 /* flags on one command line */

enum origin { ORIGIN_PRESET, ORIGIN_FILE, ORIGIN_COMMAND_LINE };

struct loader {
    struct options *o;
    char *error;
    enum origin origin[ROWS_MAX]; /* of what each row holds now */
};

/* One flag of the command line; the value still points into argv, or into a copy for secrets. */
struct setting {
    const struct option_row *row;
    const char *value;
    bool wiped; /* value is a copy that is wiped and freed at the end */
};

struct settings {
    struct setting *items;
    int count;
};

static int load_fail(struct loader *l, int status, const char *fmt, ...) WS_PRINTF(3, 4);
static int load_fail(struct loader *l, int status, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    vsnprintf(l->error, OPTIONS_ERROR_MAX, fmt, args);
    va_end(args);
    return status;
}

/* What an error line may show of a value. */
static const char *shown(const struct option_row *row, struct span value, char buf[TEXT_SAFE_MAX + 1])
{
    return (row->flags & OPTION_IS_SECRET) != 0 ? "****" : text_safe(value, buf);
}

/* where: "--lang" or "FILE:3: lang". */
static int fail_value(struct loader *l, int status, const char *where, const struct option_row *row, struct span value)
{
    char safe[TEXT_SAFE_MAX + 1];
    char expected[EXPECTED_MAX];

    if (status == ST_NO_MEMORY) {
        return load_fail(l, status, "%s: out of memory", where);
    }
    if (status == ST_FULL) {
        return load_fail(l, ST_BAD, "%s %s: expected at most %d values", where, shown(row, value, safe),
                         OPTIONS_LIST_MAX);
    }
    return load_fail(l, ST_BAD, "%s '%s': expected %s", where, shown(row, value, safe),
                     option_expected(row, expected, sizeof(expected)));
}

/* Where the origin of what the row's field holds is kept: rows that share a field share it. */
static size_t origin_index(const struct option_row *row)
{
    size_t i = 0;

    while (option_rows[i].offset != row->offset) {
        i++;
    }
    return i;
}

static int row_apply(struct loader *l, const struct option_row *row, struct span value, enum origin origin,
                     const char *where)
{
    enum origin *now = &l->origin[origin_index(row)];
    bool is_list = row->kind == OPTION_TEXT_LIST || row->kind == OPTION_CIDR_LIST || row->kind == OPTION_RULE_LIST;

    if (is_list && *now != origin) {
        option_clear(l->o, row);
    }
    *now = origin;
    int status = option_set(l->o, row, value);
    return status == ST_OK ? ST_OK : fail_value(l, status, where, row, value);
}

static int apply_presets(struct loader *l)
{
    for (size_t i = 0; i < option_row_count; i++) {
        const struct option_row *row = &option_rows[i];
        if (row->preset != NULL) {
            int status = row_apply(l, row, span_cstr(row->preset), ORIGIN_PRESET, row->name);
            if (status != ST_OK) {
                return status;
            }
        }
    }
    return ST_OK;
}

/* ---- command line ---- */

/* The process title shows argv: take a copy and overwrite the original. */
static int take_secret(char *in_argv, struct setting *out)
{
    size_t len = strlen(in_argv);
    char *copy = malloc(len + 1);

    if (copy != NULL) {
        memcpy(copy, in_argv, len + 1);
    }
    memset(in_argv, 0, len);
    out->value = copy;
    out->wiped = copy != NULL;
    return copy != NULL ? ST_OK : ST_NO_MEMORY;
}

/* Reads argv[*at] and, where the flag takes one, its value. */
static int read_flag(struct loader *l, int argc, char **argv, int *at, struct setting *out)
{
    char safe[TEXT_SAFE_MAX + 1];
    char expected[EXPECTED_MAX];
    char *word = argv[*at];

    if (strncmp(word, "--", 2) != 0) {
        return load_fail(l, ST_BAD, "'%s': expected a flag that begins with -- (see --help)",
                         text_safe(span_cstr(word), safe));
    }
    char *equals = strchr(word, '=');
    struct span name = span_make(word + 2, (equals != NULL ? (size_t)(equals - word) : strlen(word)) - 2);
    const struct option_row *row = option_row_find(name);
    if (row == NULL) {
        return load_fail(l, ST_BAD, "--%s: unknown flag, expected one that --help lists", text_safe(name, safe));
    }
    *out = (struct setting){row, "yes", false};
    if (row->kind == OPTION_SWITCH) {
        return equals == NULL ? ST_OK
                              : load_fail(l, ST_BAD, "--%s '%s': expected no value", row->name,
                                          text_safe(span_cstr(equals + 1), safe));
    }
    char *value = equals != NULL ? equals + 1 : NULL;
    bool secret = (row->flags & OPTION_IS_SECRET) != 0;
    /* "--log-file --ws-echo" is a value forgotten; "--log-file=--ws-echo" is meant. */
    if (value == NULL && *at + 1 < argc && (secret || strncmp(argv[*at + 1], "--", 2) != 0)) {
        *at += 1;
        value = argv[*at];
    }
    if (value == NULL) {
        return load_fail(l, ST_BAD, "--%s: value missing, expected %s", row->name,
                         option_expected(row, expected, sizeof(expected)));
    }
    if (secret) {
        return take_secret(value, out) == ST_OK ? ST_OK : load_fail(l, ST_NO_MEMORY, "--%s: out of memory", row->name);
    }
    out->value = value;
    return ST_OK;
}

static int read_command_line(struct loader *l, int argc, char **argv, struct settings *out)
{
    if (argc < 0 || argc > COMMAND_LINE_MAX) {
        return load_fail(l, ST_BAD, "command line: expected at most %d words", COMMAND_LINE_MAX);
    }
    out->items = calloc((size_t)argc + 1, sizeof(*out->items));
    if (out->items == NULL) {
        return load_fail(l, ST_NO_MEMORY, "out of memory");
    }
    for (int at = 1; at < argc; at++) {
        struct setting *item = &out->items[out->count];
        int status = read_flag(l, argc, argv, &at, item);
        out->count += item->value != NULL ? 1 : 0;
        if (status != ST_OK) {
            return status;
        }
    }
    return ST_OK;
}

static void settings_fini(struct settings *s)
{
    for (int i = 0; i < s->count; i++) {
        if (s->items[i].wiped) {
            char *copy = (char *)(uintptr_t)s->items[i].value;
            explicit_bzero(copy, strlen(copy));
            free(copy);
        }
    }
    free(s->items);
}

static int apply_settings(struct loader *l, const struct settings *s)
{
    for (int i = 0; i < s->count; i++) {
        char where[64];
        snprintf(where, sizeof(where), "--%s", s->items[i].row->name);
        int status = row_apply(l, s->items[i].row, span_cstr(s->items[i].value), ORIGIN_COMMAND_LINE, where);
        if (status != ST_OK) {
            return status;
        }
    }
    return ST_OK;
}

/* ---- configuration file ---- */

static int apply_line(struct loader *l, const char *path, unsigned number, struct span line)
{
    char safe[TEXT_SAFE_MAX + 1];
    char where[OPTIONS_ERROR_MAX / 2];

    line = span_trim(line);
    if (line.len == 0 || line.ptr[0] == '#') {
        return ST_OK;
    }
    struct span value = line;
    struct span key = span_trim(span_cut(&value, '='));
    bool has_value = span_find(line, '=') < line.len;
    value = span_trim(value);
    const struct option_row *row = option_row_find(key);
    if (row == NULL || (row->flags & OPTION_NOT_IN_FILE) != 0) {
        return load_fail(l, ST_BAD, "%s:%u: '%s': unknown key, expected a flag of --help without --", path, number,
                         text_safe(key, safe));
    }
    if (!has_value) {
        return load_fail(l, ST_BAD, "%s:%u: %s: value missing, expected '%s = value'", path, number, row->name,
                         row->name);
    }
    snprintf(where, sizeof(where), "%s:%u: %s =", path, number, row->name);
    return row_apply(l, row, value, ORIGIN_FILE, where);
}

static int apply_config_file(struct loader *l, const char *path)
{
    char *text = NULL;
    size_t len = 0;
    char safe[TEXT_SAFE_MAX + 1];

    text_safe(span_cstr(path), safe);
    int status = os_file_load(path, CONFIG_FILE_MAX, &text, &len);
    if (status != ST_OK) {
        return load_fail(l, status == ST_NO_MEMORY ? status : ST_BAD, "--config '%s': expected a readable file: %s",
                         safe, status == ST_TOO_LARGE ? "over 256K" : os_error_text());
    }
    struct span rest = span_make(text, len);
    for (unsigned number = 1; status == ST_OK && rest.len > 0; number++) {
        status = apply_line(l, safe, number, span_cut(&rest, '\n'));
    }
    explicit_bzero(text, len);
    free(text);
    return status;
}

static const char *config_path(const struct settings *s)
{
    const char *path = NULL;

    for (int i = 0; i < s->count; i++) {
        if (strcmp(s->items[i].row->name, "config") == 0) {
            path = s->items[i].value;
        }
    }
    return path;
}

/* ---- what follows from the rest ---- */

static int lang_from_environment(void)
{
    static const char *const NAMES[] = {"LC_ALL", "LC_MESSAGES", "LANG"};

    for (size_t i = 0; i < sizeof(NAMES) / sizeof(NAMES[0]); i++) {
        const char *value = getenv(NAMES[i]);
        if (value != NULL && value[0] != '\0') {
            return strncmp(value, "zh", 2) == 0 ? OPTION_LANG_ZH : OPTION_LANG_EN;
        }
    }
    return OPTION_LANG_EN;
}

static enum origin origin_of(const struct loader *l, const char *name)
{
    return l->origin[origin_index(option_row_find(span_cstr(name)))];
}

static int set_password(struct loader *l, const char *where, struct span password)
{
    const struct option_row *row = option_row_find(SPAN_LIT("sip-password"));
    int status = option_set(l->o, row, password);

    return status == ST_OK ? ST_OK : fail_value(l, status, where, row, password);
}

static int load_password_file(struct loader *l, const char *path, bool used)
{
    char safe[TEXT_SAFE_MAX + 1];
    char *text = NULL;
    size_t len = 0;
    int status = os_file_load(path, PASSWORD_FILE_MAX, &text, &len);

    if (status != ST_OK) {
        return load_fail(l, status == ST_NO_MEMORY ? status : ST_BAD,
                         "--sip-password-file '%s': expected a readable file: %s", text_safe(span_cstr(path), safe),
                         status == ST_TOO_LARGE ? "over 4K" : os_error_text());
    }
    struct span password = span_make(text, len);
    if (password.len > 0 && password.ptr[password.len - 1] == '\n') {
        password = span_head(password, password.len - 1);
    }
    char where[OPTIONS_ERROR_MAX / 2];
    snprintf(where, sizeof(where), "--sip-password-file '%s':", text_safe(span_cstr(path), safe));
    if (used) {
        status = set_password(l, where, password);
    }
    explicit_bzero(text, len);
    free(text);
    return status;
}

/* Of --sip-password and --sip-password-file the command line's wins over the file's key, then --sip-password; the
 * environment comes last. */
static int resolve_password(struct loader *l)
{
    const struct options *o = l->o;

    if (o->sip_password_file != NULL) {
        bool used = o->sip_password == NULL || origin_of(l, "sip-password-file") > origin_of(l, "sip-password");
        return load_password_file(l, o->sip_password_file, used);
    }
    const char *environment = getenv("SIP_PASSWORD");
    if (o->sip_password == NULL && environment != NULL) {
        return set_password(l, "SIP_PASSWORD", span_cstr(environment));
    }
    return ST_OK;
}

static int check_tokens(struct loader *l, const char *path)
{
    char safe[TEXT_SAFE_MAX + 1];
    char why[TOKENS_WHY_MAX];
    struct token_set tokens;
    int status = web_tokens_load(path, &tokens, why);

    if (status != ST_OK) {
        return load_fail(l, status == ST_NO_MEMORY ? status : ST_BAD,
                         "--ws-token-file '%s': expected one token a line: %s", text_safe(span_cstr(path), safe), why);
    }
    tokens_free(&tokens);
    return ST_OK;
}

/* Who registers needs somewhere and somebody to register. */
static int check_register(struct loader *l)
{
    const struct options *o = l->o;

    if (!o->sip_register || (o->sip_server.name != NULL && o->sip_user != NULL)) {
        return ST_OK;
    }
    return load_fail(l, ST_BAD, "--sip-register: expected %s as well",
                     o->sip_server.name == NULL ? "--sip-server" : "--sip-user");
}

/* Nobody asked for more calls than there are ports: the default goes down, a number that was given is refused. */
static int check_calls(struct loader *l)
{
    struct options *o = l->o;
    uint32_t pairs = options_port_pairs(&o->rtp_ports);

    if (o->max_calls > pairs && pairs > 0 && origin_of(l, "max-calls") == ORIGIN_PRESET) {
        o->max_calls = pairs;
    }
    if (o->max_calls > pairs) {
        return load_fail(l, ST_BAD,
                         "--max-calls %" PRIu32 ": expected at most %" PRIu32 ", the port pairs of --rtp-ports %u-%u",
                         o->max_calls, pairs, o->rtp_ports.low, o->rtp_ports.high);
    }
    return ST_OK;
}

static int load_finish(struct loader *l)
{
    struct options *o = l->o;

    if (origin_of(l, "lang") == ORIGIN_PRESET) {
        o->lang = lang_from_environment();
    }
    if (origin_of(l, "ws-max-message") == ORIGIN_PRESET) {
        uint64_t needed = dialect_text_upload_len(o->upload_max);
        o->ws_max_message = needed > 4 * 1024 * 1024 ? needed : 4 * 1024 * 1024;
    }
    int status = check_calls(l);
    if (status == ST_OK) {
        status = check_register(l);
    }
    if (status == ST_OK) {
        status = resolve_password(l);
    }
    if (status == ST_OK && o->ws_token_file != NULL) {
        status = check_tokens(l, o->ws_token_file);
    }
    return status;
}

/* --help and --version need no valid rest. */
static bool is_asked(const struct settings *s, const char *name)
{
    for (int i = 0; i < s->count; i++) {
        if (strcmp(s->items[i].row->name, name) == 0) {
            return true;
        }
    }
    return false;
}

static int load_all(struct loader *l, const struct settings *s)
{
    const char *path = config_path(s);
    int status = path != NULL ? apply_config_file(l, path) : ST_OK;

    if (status == ST_OK) {
        status = apply_settings(l, s);
    }
    return status == ST_OK ? load_finish(l) : status;
}

static enum options_action action_of(const struct options *o)
{
    if (o->help) {
        return OPTIONS_HELP;
    }
    if (o->version) {
        return OPTIONS_VERSION;
    }
    return o->check_config ? OPTIONS_CHECK : OPTIONS_RUN;
}

int options_load(struct options *o, int argc, char **argv, enum options_action *action, char error[OPTIONS_ERROR_MAX])
{
    struct loader l = {.o = o, .error = error};
    struct settings s = {NULL, 0};

    memset(o, 0, sizeof(*o));
    error[0] = '\0';
    *action = OPTIONS_RUN;
    int status = read_command_line(&l, argc, argv, &s);
    if (status == ST_OK) {
        status = apply_presets(&l);
    }
    if (status == ST_OK && is_asked(&s, "help")) {
        *action = OPTIONS_HELP;
    } else if (status == ST_OK && is_asked(&s, "version")) {
        *action = OPTIONS_VERSION;
    } else if (status == ST_OK) {
        status = load_all(&l, &s);
        *action = action_of(o);
    }
    settings_fini(&s);
    return status;
}

void options_fini(struct options *o)
{
    for (size_t i = 0; i < option_row_count; i++) {
        option_clear(o, &option_rows[i]);
    }
}

uint32_t options_port_pairs(const struct option_ports *ports)
{
    uint32_t low = (uint32_t)(ports->low + 1) & ~(uint32_t)1;
    uint32_t end = (uint32_t)ports->high + 1;

    return low < end ? (end - low) / 2 : 0;
}
