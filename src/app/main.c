/* SPDX-License-Identifier: MIT */
/* Options, gateway, exit code. */
#include <stdio.h>

#include "options.h"
#include "server.h"
#include "wsaudio/os.h"

static int act(const struct options *options, enum options_action action)
{
    switch (action) {
    case OPTIONS_HELP: options_print_help(stdout); return 0;
    case OPTIONS_VERSION: options_print_version(stdout); return 0;
    case OPTIONS_CHECK: options_print_settings(stdout, options); return 0;
    case OPTIONS_RUN: return server_run(options);
    }
    return 2;
}

int main(int argc, char **argv)
{
    struct options options = {0};
    enum options_action action = OPTIONS_RUN;
    char error[OPTIONS_ERROR_MAX];
    int code = 2;

    os_standard_descriptors();
    if (options_load(&options, argc, argv, &action, error) == ST_OK) {
        code = act(&options, action);
    } else {
        fprintf(stderr, "ws_audio_server: %s\n", error);
    }
    options_fini(&options);
    return code;
}
