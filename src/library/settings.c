/* SPDX-License-Identifier: MIT */
#include "settings.h"

#include <stdlib.h>

/* The macros' defaults, and this file's own registration. */
#include "sip_client.h"

/* A text that was too long in the program is refused at use: len says so. */
struct program_text {
    char text[SETTINGS_TEXT_MAX];
    bool too_long;
};

static struct {
    bool filled;
    unsigned given;
    struct program_text server, local_ip, username, password, caller, callee;
    int port, local_port, rtp_port, rtp_send_port;
} program;

static void take_text(struct program_text *to, const char *text, unsigned bit, unsigned given)
{
    if ((given & bit) != 0 || (program.given & bit) == 0) {
        to->too_long = span_copy(span_cstr(text), to->text, sizeof(to->text)) != ST_OK;
    }
}

static void take_number(int *to, int value, unsigned bit, unsigned given)
{
    if ((given & bit) != 0 || (program.given & bit) == 0) {
        *to = value;
    }
}

static void program_take(const struct sip_client_program *p, unsigned given)
{
    take_text(&program.server, p->sip_server, 1u, given);
    take_number(&program.port, p->sip_port, 2u, given);
    take_text(&program.local_ip, p->local_ip, 4u, given);
    take_number(&program.local_port, p->local_port, 8u, given);
    take_number(&program.rtp_port, p->local_rtp_port, 16u, given);
    take_number(&program.rtp_send_port, p->local_rtp_send_port, 32u, given);
    take_text(&program.username, p->username, 64u, given);
    take_text(&program.password, p->password, 128u, given);
    take_text(&program.caller, p->caller, 256u, given);
    take_text(&program.callee, p->callee, 512u, given);
    program.given |= given;
    program.filled = true;
}

void sip_client_set_program(const struct sip_client_program *p)
{
    if (p != NULL && p->size >= sizeof(*p)) {
        program_take(p, p->given);
    }
}

static void fill_defaults(void)
{
    const struct sip_client_program defaults = {sizeof(defaults), 0,          SIP_SERVER,     LOCAL_IP,
                                                USERNAME,         PASSWORD,   CALLER,         CALLEE,
                                                SIP_PORT,         LOCAL_PORT, LOCAL_RTP_PORT, LOCAL_RTP_SEND_PORT};

    if (!program.filled) {
        program_take(&defaults, 0);
    }
}

static int choose_text(const char *name, const struct program_text *given, char out[SETTINGS_TEXT_MAX],
                       const char **wrong)
{
    const char *value = name != NULL ? getenv(name) : NULL;

    if (value == NULL ? given->too_long : strlen(value) >= SETTINGS_TEXT_MAX) {
        *wrong = name != NULL ? name : "CALLEE";
        return ST_BAD;
    }
    return span_copy(span_cstr(value != NULL ? value : given->text), out, SETTINGS_TEXT_MAX);
}

static int choose_port(const char *name, int given, int *out, const char **wrong)
{
    const char *value = name != NULL ? getenv(name) : NULL;
    uint32_t number = 0;

    *out = given;
    if (value != NULL && span_parse_u32(span_cstr(value), UINT16_MAX, &number) != ST_OK) {
        *out = -1;
    } else if (value != NULL) {
        *out = (int)number;
    }
    if (*out < 0 || *out > UINT16_MAX) {
        *wrong = name != NULL ? name : "LOCAL_RTP_SEND_PORT";
        return ST_BAD;
    }
    return ST_OK;
}

/* "1" and the like; "", "0" and "no" are off. */
static bool is_on(const char *value)
{
    return value != NULL && value[0] != '\0' && strcmp(value, "0") != 0 && strcmp(value, "no") != 0;
}

int settings_get(struct settings *s, const char **wrong)
{
    fill_defaults();
    memset(s, 0, sizeof(*s));
    const char *debug = getenv("SIP_DEBUG");
    s->debug = debug != NULL ? is_on(debug) : (program.given & 1024u) != 0;
    s->local_ip_given = getenv("LOCAL_IP") != NULL || (program.given & 4u) != 0;
    int status = choose_text("SIP_SERVER", &program.server, s->server, wrong);
    status = status == ST_OK ? choose_text("LOCAL_IP", &program.local_ip, s->local_ip, wrong) : status;
    status = status == ST_OK ? choose_text("SIP_USERNAME", &program.username, s->username, wrong) : status;
    status = status == ST_OK ? choose_text("SIP_PASSWORD", &program.password, s->password, wrong) : status;
    status = status == ST_OK ? choose_text("SIP_CALLER", &program.caller, s->caller, wrong) : status;
    status = status == ST_OK ? choose_text(NULL, &program.callee, s->callee, wrong) : status;
    status = status == ST_OK ? choose_port("SIP_PORT", program.port, &s->port, wrong) : status;
    status = status == ST_OK ? choose_port("LOCAL_PORT", program.local_port, &s->local_port, wrong) : status;
    status = status == ST_OK ? choose_port("LOCAL_RTP_PORT", program.rtp_port, &s->rtp_port, wrong) : status;
    return status == ST_OK ? choose_port(NULL, program.rtp_send_port, &s->rtp_send_port, wrong) : status;
}
