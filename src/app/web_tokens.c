/* SPDX-License-Identifier: MIT */
#include "web_tokens.h"

#include <stdio.h>

#include "wsaudio/os.h"

int web_tokens_load(const char *path, struct token_set *out, char why[TOKENS_WHY_MAX])
{
    char *text;
    size_t len;
    int status = os_file_load(path, WEB_TOKENS_FILE_MAX, &text, &len);

    if (status == ST_OK) {
        return tokens_parse(text, len, out, why);
    }
    *out = (struct token_set){0};
    snprintf(why, TOKENS_WHY_MAX, "%s", status == ST_TOO_LARGE ? "it is over 64K" : os_error_text());
    return status == ST_NO_MEMORY ? status : ST_BAD;
}
