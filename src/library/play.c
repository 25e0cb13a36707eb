/* SPDX-License-Identifier: MIT */
#include "play.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "wsaudio/os.h"

#define TAKE_MAX  480U
#define PIECE_LEN 1024U /* of a file that is converted */

static int refuse(int status, char why[PLAY_WHY_MAX], const char *text)
{
    snprintf(why, PLAY_WHY_MAX, "%s", text);
    return status;
}

static int open_regular(const char *path, FILE **out, uint64_t *size, char why[PLAY_WHY_MAX])
{
    struct stat info;
    /* not to be held up by a FIFO of that name */
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);

    if (fd < 0) {
        return refuse(errno == ENOENT ? ST_NOT_FOUND : ST_DENIED, why, strerror(errno));
    }
    if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) {
        (void)close(fd);
        return refuse(ST_DENIED, why, "not a regular file");
    }
    *size = (uint64_t)info.st_size;
    *out = fdopen(fd, "rb");
    if (*out == NULL) {
        (void)close(fd);
        return refuse(ST_NO_MEMORY, why, "out of memory");
    }
    return ST_OK;
}

/* Room for what is left of one take and all that a piece or the end can give. */
static int open_converter(struct play *p, const struct wav_format *format)
{
    int status = wav_converter_new(format, &p->converter);

    if (status != ST_OK) {
        return status;
    }
    size_t piece = wav_converter_push_max(p->converter, PIECE_LEN);
    size_t end = wav_converter_flush_max(p->converter);
    p->pcm = malloc(2 * (TAKE_MAX + (piece > end ? piece : end)));
    return p->pcm != NULL ? ST_OK : ST_NO_MEMORY;
}

static int read_at(void *ctx, uint64_t offset, void *data, size_t len)
{
    return os_file_read_at(fileno(ctx), offset, data, len);
}

static int find_audio(struct play *p, uint64_t size, char why[PLAY_WHY_MAX])
{
    struct wav_parser wav;
    int status = wav_look(read_at, p->file, size, &wav);

    if (status != ST_OK) {
        return refuse(status, why, wav.why);
    }
    status = wav_playable(&wav.format, &p->codec, why, PLAY_WHY_MAX);
    if (status != ST_OK) {
        return status;
    }
    if (p->codec == AUDIO_CODEC_COUNT && open_converter(p, &wav.format) != ST_OK) {
        return refuse(ST_NO_MEMORY, why, "out of memory");
    }
    p->left = wav.data_len;
    return fseeko(p->file, (off_t)wav.data_offset, SEEK_SET) == 0 ? ST_OK : refuse(ST_IO, why, strerror(errno));
}

int play_open(struct play *p, const char *path, char why[PLAY_WHY_MAX])
{
    uint64_t size = 0;

    *p = (struct play){0};
    if (path == NULL) {
        return refuse(ST_NOT_FOUND, why, "no file is named");
    }
    int status = open_regular(path, &p->file, &size, why);
    if (status == ST_OK) {
        status = find_audio(p, size, why);
    }
    if (status != ST_OK) {
        play_close(p);
    }
    return status;
}

void play_close(struct play *p)
{
    if (p->file != NULL) {
        (void)fclose(p->file);
    }
    wav_converter_free(p->converter);
    free(p->pcm);
    *p = (struct play){0};
}

bool play_at_end(const struct play *p)
{
    return p->file == NULL || (p->left == 0 && (p->converter == NULL || (p->flushed && p->held == 0)));
}

/* Bytes of the file's audio; fewer only at its end, or when it became shorter or cannot be read any more. */
static size_t read_audio(struct play *p, uint8_t *out, size_t want)
{
    size_t got = fread(out, 1, want < p->left ? want : (size_t)p->left, p->file);

    p->left = got < want ? 0 : p->left - got;
    return got;
}

static size_t take_converted(struct play *p, enum audio_codec to, uint8_t *out, size_t want)
{
    uint8_t piece[PIECE_LEN];

    while (p->held < 2 * want && !p->flushed) {
        size_t got = read_audio(p, piece, sizeof(piece));
        size_t samples = got > 0 ? wav_converter_push(p->converter, piece, got, p->pcm + p->held)
                                 : wav_converter_flush(p->converter, p->pcm + p->held);
        p->flushed = got == 0;
        p->held += 2 * samples;
    }
    size_t count = p->held / 2 < want ? p->held / 2 : want;
    audio_convert(AUDIO_L16, p->pcm, to, out, count);
    p->held -= 2 * count;
    memmove(p->pcm, p->pcm + 2 * count, p->held);
    return count;
}

size_t play_take(struct play *p, enum audio_codec to, uint8_t *out, size_t samples)
{
    uint8_t raw[2 * TAKE_MAX];
    size_t width = audio_codec_width(p->codec);
    size_t want = samples < TAKE_MAX ? samples : TAKE_MAX;
    size_t got;

    if (play_at_end(p)) {
        return 0;
    }
    if (p->converter != NULL) {
        got = take_converted(p, to, out, want);
    } else {
        got = read_audio(p, raw, want * width) / width;
        audio_convert(p->codec, raw, to, out, got);
    }
    memset(out + got, audio_silence(to), samples - got);
    return got;
}
