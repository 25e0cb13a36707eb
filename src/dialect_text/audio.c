/* SPDX-License-Identifier: MIT */
/* Live audio from a client, and what it is told of audio that is not taken: each once until something is different. */
#include "text.h"

static void tell_once(struct client *c, bool *told, enum error_code error, const char *text)
{
    if (!*told) {
        *told = true;
        dialect_text_error(c, SPAN_LIT("MEDIA"), error, "%s", text);
    }
}

void dialect_text_audio(struct client *c, struct span piece, bool last)
{
    struct text_client *t = text_client(c);
    struct call_result result = client_audio_in(c, piece, last);

    if (piece.len == 0) {
        return;
    }
    if (result.why == CALL_NONE) {
        tell_once(c, &t->told_no_call, ERROR_NO_CALL, "audio without a call");
    } else if (result.why == CALL_NOT_UP) {
        tell_once(c, &t->told_too_early, ERROR_NOT_ESTABLISHED, "audio before the call was answered");
    } else if (result.why == CALL_DENIED) {
        tell_once(c, &t->told_off, ERROR_DENIED, "audio while the format is off");
    } else if (result.why == CALL_STATUS) {
        tell_once(c, &t->told_too_large, ERROR_TOO_LARGE,
                  result.status == ST_TOO_LARGE ? "60 s of audio wait already, the newest was dropped"
                                                : "no memory for more audio, the newest was dropped");
    }
}
