/* SPDX-License-Identifier: MIT */
#include "player.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "convert.h"

#define CONVERT_PIECE 2048 /* bytes read at a time; at most as many samples come of it */

void player_init(struct player *p, const struct media_files *files, struct turn_budget *budget)
{
    *p = (struct player){.files = files, .budget = budget, .handle = FILE_HANDLE_NONE};
}

void player_forget(struct player *p)
{
    p->waiting_count = 0;
}

void player_stop(struct player *p)
{
    if (p->playing) { /* also false in a player that was never initialised: a call without ports */
        p->files->play_close(p->files->ctx, p->handle);
        p->handle = FILE_HANDLE_NONE;
        wav_converter_free(p->converter);
        p->converter = NULL;
    }
    p->playing = false;
    p->announced = false;
    p->stalled = false;
    p->held = 0;
    p->head = 0;
}

void player_fini(struct player *p)
{
    player_stop(p);
    player_forget(p);
    free(p->buffer);
    free(p->waiting);
    p->buffer = NULL;
    p->waiting = NULL;
}

static int say(int status, char *text, size_t cap, const char *what)
{
    snprintf(text, cap, "%s", what);
    return status;
}

/* Looks at an open file; closes it when it cannot be played. */
static int look_at(const struct media_files *files, int *handle, uint64_t size, struct wav_parser *wav,
                   enum audio_codec *codec, char *text, size_t cap)
{
    int status = media_wav_look(files, *handle, size, wav);

    if (status == ST_OK) {
        status = wav_playable(&wav->format, codec, text, cap);
    } else if (status == ST_IO) {
        say(status, text, cap, "the file cannot be read");
    } else {
        say(status, text, cap, wav->why != NULL ? wav->why : "no WAV header found");
    }
    if (status != ST_OK) {
        files->play_close(files->ctx, *handle);
        *handle = FILE_HANDLE_NONE;
    }
    return status;
}

static int open_file(const struct media_files *files, const char *name, int *handle, struct wav_parser *wav,
                     enum audio_codec *codec, char *text, size_t cap)
{
    uint64_t size = 0;
    int status = files->play_open(files->ctx, name, handle, &size);

    if (status != ST_OK) {
        return say(status, text, cap, status == ST_NOT_FOUND ? "no such file" : "the file cannot be read");
    }
    return look_at(files, handle, size, wav, codec, text, cap);
}

static bool make_buffer(struct player *p)
{
    p->buffer = p->buffer != NULL ? p->buffer : malloc(PLAYER_BUFFER);
    return p->buffer != NULL;
}

int player_add(struct player *p, const char *name, char *text, size_t cap)
{
    struct wav_parser wav;
    enum audio_codec codec;
    int handle = FILE_HANDLE_NONE;

    if (p->waiting_count == PLAYER_WAITING_MAX) {
        return say(ST_FULL, text, cap, "too many files wait already");
    }
    if (p->waiting == NULL) {
        p->waiting = calloc(PLAYER_WAITING_MAX, sizeof(*p->waiting));
    }
    if (p->waiting == NULL || !make_buffer(p)) {
        return say(ST_NO_MEMORY, text, cap, "out of memory");
    }
    /* looked at now, so that the client hears of a bad file at once; opened again when its turn comes */
    int status = open_file(p->files, name, &handle, &wav, &codec, text, cap);
    if (status != ST_OK) {
        return status;
    }
    p->files->play_close(p->files->ctx, handle);
    uint32_t at = (p->waiting_head + p->waiting_count) % PLAYER_WAITING_MAX;
    if (span_copy(span_cstr(name), p->waiting[at], sizeof(p->waiting[at])) != ST_OK) {
        return say(ST_BAD, text, cap, "the name is too long");
    }
    p->waiting_count++;
    return ST_OK;
}

/* The handle of the original becomes that of its converted form, `done` samples of which were played already. */
static bool take_cached(struct player *p, uint64_t done)
{
    const struct media_files *files = p->files;
    int handle = FILE_HANDLE_NONE;
    uint64_t offset = 0;
    uint64_t len = 0;

    if (files->cached_open == NULL ||
        files->cached_open(files->ctx, p->name, p->handle, &handle, &offset, &len) != ST_OK) {
        return false;
    }
    if (len / 2 < done) {
        files->play_close(files->ctx, handle);
        return false;
    }
    files->play_close(files->ctx, p->handle);
    p->handle = handle;
    p->codec = AUDIO_L16;
    p->offset = offset + 2 * done;
    p->end = offset + len;
    return true;
}

static int begin_converting(struct player *p, const struct wav_parser *wav, char *text, size_t cap)
{
    if (wav_converter_new(&wav->format, &p->converter) != ST_OK) {
        p->files->play_close(p->files->ctx, p->handle);
        p->handle = FILE_HANDLE_NONE;
        return say(ST_NO_MEMORY, text, cap, "out of memory");
    }
    p->codec = AUDIO_L16;
    return ST_OK;
}

/* The file is open, and was looked at. */
static int begin_playing(struct player *p, const struct wav_parser *wav, char *text, size_t cap)
{
    p->offset = wav->data_offset;
    p->end = wav->data_offset + wav->data_len;
    if (p->codec == AUDIO_CODEC_COUNT && !take_cached(p, 0)) {
        int status = begin_converting(p, wav, text, cap);
        if (status != ST_OK) {
            return status;
        }
    }
    p->playing = true;
    p->announced = false;
    p->stalled = false;
    p->converted = 0;
    p->flushed = false;
    p->asked = false;
    p->head = 0;
    p->held = 0;
    player_refill(p);
    return ST_OK;
}

int player_next(struct player *p, char *text, size_t cap)
{
    struct wav_parser wav;

    if (p->playing || p->waiting_count == 0) {
        return ST_AGAIN;
    }
    memcpy(p->name, p->waiting[p->waiting_head], sizeof(p->name));
    p->waiting_head = (p->waiting_head + 1) % PLAYER_WAITING_MAX;
    p->waiting_count--;
    int status = open_file(p->files, p->name, &p->handle, &wav, &p->codec, text, cap);
    return status == ST_OK ? begin_playing(p, &wav, text, cap) : status;
}

int player_start(struct player *p, int handle, uint64_t size, char *text, size_t cap)
{
    struct wav_parser wav;

    player_stop(p);
    p->name[0] = '\0';
    if (!make_buffer(p)) {
        p->files->play_close(p->files->ctx, handle);
        return say(ST_NO_MEMORY, text, cap, "out of memory");
    }
    p->handle = handle;
    int status = look_at(p->files, &p->handle, size, &wav, &p->codec, text, cap);
    return status == ST_OK ? begin_playing(p, &wav, text, cap) : status;
}

void player_cached(struct player *p, const char *name)
{
    if (p->playing && p->converter != NULL && !p->stalled && strcmp(p->name, name) == 0 &&
        take_cached(p, p->converted)) {
        wav_converter_free(p->converter);
        p->converter = NULL;
    }
}

/* ---- reading ahead ---- */

static bool more_to_come(const struct player *p)
{
    return !p->stalled && (p->offset < p->end || (p->converter != NULL && !p->flushed));
}

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* Up to `most` bytes of the file; 0: the file got shorter or the disk failed: what is held is still played, then it ends. */
static size_t read_on(struct player *p, uint8_t *out, uint64_t most)
{
    uint64_t want = least(least(p->end - p->offset, most), p->budget->bytes);
    int n = p->files->play_read(p->files->ctx, p->handle, p->offset, out, (size_t)want);

    if (n <= 0) {
        p->stalled = true;
        return 0;
    }
    p->offset += (uint64_t)n;
    p->budget->bytes -= (uint64_t)n;
    return (size_t)n;
}

/* False: no more in this turn. */
static bool convert_piece(struct player *p)
{
    uint8_t raw[CONVERT_PIECE];
    uint8_t *out = p->buffer + p->held;
    size_t made;

    if (p->offset >= p->end) {
        assert(p->held + 2 * wav_converter_flush_max(p->converter) <= PLAYER_BUFFER);
        made = wav_converter_flush(p->converter, out);
        p->flushed = true;
    } else {
        uint64_t most = least(wav_converter_piece(p->converter, p->budget->steps), sizeof(raw));
        if (most == 0 || p->budget->bytes == 0) {
            return false;
        }
        size_t len = read_on(p, raw, most);
        p->budget->steps -= least(wav_converter_steps(p->converter, len), p->budget->steps);
        assert(p->held + 2 * wav_converter_push_max(p->converter, len) <= PLAYER_BUFFER);
        made = wav_converter_push(p->converter, raw, len, out);
    }
    p->converted += made;
    p->held += 2 * made;
    return more_to_come(p) && p->held <= PLAYER_BUFFER / 2;
}

void player_refill(struct player *p)
{
    if (!p->playing || !more_to_come(p) || p->held > PLAYER_BUFFER / 2) {
        return;
    }
    memmove(p->buffer, p->buffer + p->head, p->held);
    p->head = 0;
    if (p->converter == NULL) {
        if (p->budget->bytes > 0) {
            p->held += read_on(p, p->buffer + p->held, PLAYER_REFILL);
        }
        return;
    }
    while (convert_piece(p)) {
    }
}

bool player_needs_data(const struct player *p)
{
    return p->playing && p->converter != NULL && more_to_come(p) && p->held <= PLAYER_BUFFER / 2;
}

bool player_at_end(const struct player *p)
{
    return p->held < audio_codec_width(p->codec) && !more_to_come(p);
}

bool player_is_ready(const struct player *p, size_t samples)
{
    return p->held >= samples * audio_codec_width(p->codec) || !more_to_come(p);
}

size_t player_take(struct player *p, enum audio_codec to, uint8_t *out, size_t samples)
{
    size_t have = 0;

    if (p->playing) {
        size_t each = audio_codec_width(p->codec);
        have = p->held / each;
        have = have < samples ? have : samples;
        /* a read that was put off leaves too little: silence now rather than a hole inside the frame */
        if (have < samples && more_to_come(p)) {
            have = 0;
        }
        audio_convert(p->codec, p->buffer + p->head, to, out, have);
        p->head += have * each;
        p->held -= have * each;
    }
    audio_put_silence(to, out + have, samples - have);
    return have;
}
