#include "player.h"

#include <stdio.h>
#include <stdlib.h>

/* A WAV header with its chunks before the data is looked for in this many bytes of the file. */
#define HEADER_SEARCH_MAX 65536U

void player_init(struct player *p, const struct file_io *files)
{
    *p = (struct player){.files = files, .handle = FILE_HANDLE_NONE};
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

/* Reads chunk headers until the data's place is known. */
static int find_audio(const struct file_io *files, int handle, uint64_t size, struct wav_parser *wav)
{
    uint8_t piece[1024];
    uint64_t at = 0;

    wav_parser_init(wav);
    while (wav->state == WAV_MORE && at < size && at < HEADER_SEARCH_MAX) {
        int n = files->play_read(files->ctx, handle, at, piece, sizeof(piece));
        if (n < 0) {
            return ST_IO;
        }
        if (n == 0) {
            break;
        }
        wav_parser_push(wav, piece, (size_t)n);
        at += (uint64_t)n;
    }
    return wav_parser_end(wav, size) == WAV_READY ? ST_OK : ST_BAD;
}

static int open_file(const struct file_io *files, const char *name, int *handle, struct wav_parser *wav,
                     enum audio_codec *codec, char *text, size_t cap)
{
    uint64_t size = 0;
    int status = files->play_open(files->ctx, name, handle, &size);

    if (status != ST_OK) {
        return say(status, text, cap, status == ST_NOT_FOUND ? "no such file" : "the file cannot be read");
    }
    status = find_audio(files, *handle, size, wav);
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
    if (p->buffer == NULL) {
        p->buffer = malloc(PLAYER_BUFFER);
    }
    if (p->waiting == NULL || p->buffer == NULL) {
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
    if (status != ST_OK) {
        return status;
    }
    p->playing = true;
    p->announced = false;
    p->stalled = false;
    p->head = 0;
    p->held = 0;
    p->offset = wav.data_offset;
    p->end = wav.data_offset + wav.data_len;
    uint32_t first = PLAYER_REFILL;
    player_refill(p, &first);
    return ST_OK;
}

void player_refill(struct player *p, uint32_t *budget)
{
    if (!p->playing || p->stalled || p->offset >= p->end || p->held > PLAYER_BUFFER / 2 || *budget == 0) {
        return;
    }
    memmove(p->buffer, p->buffer + p->head, p->held);
    p->head = 0;
    uint64_t want = p->end - p->offset;
    want = want < PLAYER_REFILL ? want : PLAYER_REFILL;
    want = want < *budget ? want : *budget;
    int n = p->files->play_read(p->files->ctx, p->handle, p->offset, p->buffer + p->held, (size_t)want);
    if (n <= 0) {
        /* the file got shorter or the disk failed: what is held is still played, then it ends */
        p->stalled = true;
        return;
    }
    p->held += (size_t)n;
    p->offset += (uint64_t)n;
    *budget -= (uint32_t)n;
}

static size_t sample_bytes(enum audio_codec codec)
{
    return codec == AUDIO_L16 ? 2 : 1;
}

bool player_at_end(const struct player *p)
{
    return p->held < sample_bytes(p->codec) && (p->stalled || p->offset >= p->end);
}

size_t player_take(struct player *p, enum audio_codec to, uint8_t *out, size_t samples)
{
    size_t have = 0;

    if (p->playing) {
        size_t each = sample_bytes(p->codec);
        have = p->held / each;
        have = have < samples ? have : samples;
        /* a read that was put off leaves too little: silence now rather than a hole inside the frame */
        if (have < samples && !p->stalled && p->offset < p->end) {
            have = 0;
        }
        audio_convert(p->codec, p->buffer + p->head, to, out, have);
        p->head += have * each;
        p->held -= have * each;
    }
    memset(out + have, audio_silence(to), samples - have);
    return have;
}
