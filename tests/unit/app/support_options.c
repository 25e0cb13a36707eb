/* SPDX-License-Identifier: MIT */
#include "support_options.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

static char g_dir[64];

void run_free(struct run *r)
{
    options_fini(&r->o);
    for (int i = 0; i < r->argc; i++) {
        free(r->argv[i]);
    }
}

void run_load(struct run *r, const char *const *args)
{
    memset(r, 0, sizeof(*r));
    r->argv[r->argc++] = strdup("ws_audio_server");
    for (int i = 0; args[i] != NULL; i++) {
        assert_true(r->argc < RUN_ARGS_MAX);
        r->argv[r->argc++] = strdup(args[i]);
    }
    r->status = options_load(&r->o, r->argc, r->argv, &r->action, r->error);
    assert_int_not_equal(r->status, ST_NO_MEMORY); /* what follows would look at what is not there */
}

char *write_file(const char *name, const char *text, char buf[256])
{
    snprintf(buf, 256, "%s/%s", g_dir, name);
    FILE *f = fopen(buf, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
    return buf;
}

int options_set_up(void **state)
{
    (void)state;
    unsetenv("SIP_PASSWORD");
    snprintf(g_dir, sizeof(g_dir), "/tmp/test_options.XXXXXX");
    return mkdtemp(g_dir) != NULL ? 0 : -1;
}

int options_tear_down(void **state)
{
    (void)state;
    char command[128];
    snprintf(command, sizeof(command), "rm -rf '%s'", g_dir);
    return system(command);
}

const char *const DUE_NAMES[] = {"config",
                                 "check-config",
                                 "lang",
                                 "log-level",
                                 "log-file",
                                 "realtime",
                                 "version",
                                 "help",
                                 "ws-listen",
                                 "ws-reuse-port",
                                 "ws-allow",
                                 "ws-token-file",
                                 "ws-origin",
                                 "ws-echo",
                                 "ws-max-message",
                                 "max-clients",
                                 "sip-server",
                                 "sip-listen",
                                 "sip-user",
                                 "sip-password-file",
                                 "sip-password",
                                 "sip-auth-user",
                                 "sip-realm",
                                 "sip-caller",
                                 "sip-display-name",
                                 "sip-domain",
                                 "sip-register",
                                 "sip-expires",
                                 "sip-allow",
                                 "sip-keepalive",
                                 "sip-header",
                                 "ring-seconds",
                                 "incoming",
                                 "dial-allow",
                                 "dial-deny",
                                 "calls-per-minute",
                                 "advertise",
                                 "sip-dscp",
                                 "rtp-dscp",
                                 "rtp-ports",
                                 "rtp-learn",
                                 "max-calls",
                                 "max-call-seconds",
                                 "no-media-seconds",
                                 "max-tick-late",
                                 "media-buffer",
                                 "rtp-raw-file",
                                 "upload-dir",
                                 "upload-max",
                                 "upload-quota",
                                 "record-dir",
                                 "no-record",
                                 "record-channels",
                                 "record-quota",
                                 "record-sync",
                                 NULL};

const char *const NOT_DUE[] = {"call-log",
                               "user",
                               "require-unprivileged",
                               "sandbox",
                               "ws-tls-cert",
                               "ws-tls-key",
                               "ws-tls-client-ca",
                               "sip-transport",
                               "sip-tls-ca",
                               "sip-tls-cert",
                               "sip-tls-key",
                               "session-timer",
                               "allow-transfer",
                               "srtp",
                               "media-alerts",
                               "watermark-key-file",
                               NULL};
