/* SPDX-License-Identifier: MIT */
#include "dialog_text.h"

#include <stdlib.h>

int sip_text_set(struct sip_text *text, struct span value)
{
    char *copy = NULL;

    if (value.len > 0) {
        copy = malloc(value.len);
        if (copy == NULL) {
            return ST_NO_MEMORY;
        }
        memcpy(copy, value.ptr, value.len);
    }
    free(text->ptr);
    text->ptr = copy;
    text->len = value.len;
    return ST_OK;
}

void sip_text_clear(struct sip_text *text)
{
    free(text->ptr);
    text->ptr = NULL;
    text->len = 0;
}
