/* SPDX-License-Identifier: MIT */
/* Room audio, level 1: G.711, WAV in and out, resampler, tones, a ring of packets that drops its oldest. */
#ifndef WSAUDIO_AUDIO_H
#define WSAUDIO_AUDIO_H

#include "wsaudio/base.h"

/* ---- G.711 (ITU-T G.711 tables 1 and 2) ---- */

#define ULAW_SILENCE 0xFF
#define ALAW_SILENCE 0xD5

int16_t ulaw_to_linear(uint8_t code);
uint8_t linear_to_ulaw(int16_t sample);
int16_t alaw_to_linear(uint8_t code);
uint8_t linear_to_alaw(int16_t sample);
/* Direct code to code by way of linear values. */

/* `count` samples. */
void ulaw_decode(const uint8_t *in, size_t count, int16_t *out);
void ulaw_encode(const int16_t *in, size_t count, uint8_t *out);
void alaw_decode(const uint8_t *in, size_t count, int16_t *out);
void alaw_encode(const int16_t *in, size_t count, uint8_t *out);

/* ---- codecs ---- */

#define AUDIO_HZ    8000 /* of all that is queued, played and recorded */
#define AUDIO_FRAME 160  /* its samples in 20 ms */

enum audio_codec { AUDIO_ULAW, AUDIO_ALAW, AUDIO_L16, AUDIO_CODEC_COUNT };

struct audio_codec_row {
    const char *name;       /* in SDP, upper case */
    int payload_type;       /* RFC 3551's static one; -1: it is not spoken on the wire, only in files and queues */
    uint32_t clock_hz;      /* of its RTP timestamps */
    uint16_t frame_samples; /* of that clock in 20 ms */
    uint16_t frame_octets;  /* the same in bytes */
    uint8_t width;          /* bytes of a sample */
    uint8_t silence;        /* each byte of it */
    void (*decode)(const uint8_t *in, size_t count, int16_t *out);
    void (*encode)(const int16_t *in, size_t count, uint8_t *out);
};

/* In the order in which we offer them. */
extern const struct audio_codec_row audio_codecs[AUDIO_CODEC_COUNT];

static inline const struct audio_codec_row *audio_codec_row(enum audio_codec codec)
{
    return &audio_codecs[codec];
}
/* Bytes of a sample. */
static inline size_t audio_codec_width(enum audio_codec codec)
{
    return audio_codecs[codec].width;
}
/* The codec that a static payload type stands for. False: none of ours. */
bool audio_codec_of_payload(uint8_t payload_type, enum audio_codec *codec);
/* The codec that SDP names so, in upper case. False: none of ours. */
bool audio_codec_of_name(const char *name, uint32_t clock_hz, enum audio_codec *codec);
static inline uint8_t audio_silence(enum audio_codec codec)
{
    return audio_codecs[codec].silence;
}
/* `count` samples of silence. */
void audio_put_silence(enum audio_codec codec, uint8_t *out, size_t count);
/* Converts `count` samples; out may be in when both codecs have one byte a sample. L16 is little-endian bytes. */
void audio_convert(enum audio_codec from, const uint8_t *in, enum audio_codec to, uint8_t *out, size_t count);
/* Samples to the bytes of L16 and back. */
void audio_l16_pack(const int16_t *in, size_t count, uint8_t *out);
void audio_l16_unpack(const uint8_t *in, size_t count, int16_t *out);

/* ---- WAV input: a push parser, any chunk order, any split ---- */

enum wav_state { WAV_MORE, WAV_READY, WAV_BAD };

struct wav_format {
    uint16_t tag; /* 1 PCM, 3 float, 6 A-law, 7 mu-law; the real one behind EXTENSIBLE */
    uint16_t channels;
    uint32_t rate_hz;
    uint16_t bits;
    uint16_t block_align; /* bytes of one sample of every channel: for the known tags never less than bits need */
};

struct wav_parser {
    enum wav_state state;
    const char *why; /* WAV_BAD: short English reason */
    struct wav_format format;
    bool have_format, have_data;
    uint64_t data_offset; /* from the file's start */
    uint64_t data_len;    /* as declared; UINT64_MAX: to the end (0xFFFFFFFF, or 0 with data behind it) */
    uint64_t offset;      /* bytes taken so far */
    uint64_t skip;        /* bytes of the current chunk's body still to pass over */
    uint8_t held_len;
    uint8_t held[48]; /* a header or fmt body that is not complete yet */
    int phase;        /* private */
    uint32_t fmt_len; /* private */
    bool odd;         /* private */
};

void wav_parser_init(struct wav_parser *p);
/* Feeds the next bytes of the file, in any split. WAV_READY once both fmt and the start of data are known (data first is
 * legal: then it goes on to find fmt). Bytes after that may be pushed and are ignored. Where a body of odd length is followed by
 * a chunk's name at once, its pad byte is missing: that is forgiven. PCM samples lie left-justified in containers of block
 * align / channels bytes (24 bits in 4, 16 in 3), if that holds them and the byte rate does not speak for the smallest ones. */
enum wav_state wav_parser_push(struct wav_parser *p, const void *data, size_t len);
/* For a file that can be read anywhere: where to read the next bytes to push; the body of a chunk that does not matter is passed
 * over. */
uint64_t wav_parser_next(struct wav_parser *p);
/* At the file's end: total length known. Corrects data_len to the whole samples that are there. WAV_BAD for no fmt, no data
 * or no sample. */
enum wav_state wav_parser_end(struct wav_parser *p, uint64_t file_len);
/* Reads from `offset` on: the bytes read, fewer only at the end, or a negative status. */
typedef int (*wav_read_fn)(void *ctx, uint64_t offset, void *data, size_t len);
/* The judgement of a whole file, the same for whoever stores, lists or plays it. A data size of 0, 0xFFFFFFFF or past the file's
 * end means to the end, without the chunks (LIST, id3, …) that end with the file, of which WAV_TAIL_MAX bytes are looked at. Does at
 * most WAV_LOOK_READS reads of 1 KiB to find the audio (bodies of chunks are passed over), and for such a data size so many
 * again of 9 bytes and 17 of 4 KiB. ST_OK: *p is WAV_READY, its audio whole samples that are there. ST_BAD: p->why. ST_IO: the
 * same, a read failed. */
WS_MUST_CHECK int wav_look(wav_read_fn read, void *ctx, uint64_t size, struct wav_parser *p);
#define WAV_LOOK_READS 128
#define WAV_TAIL_MAX   65536
/* Whether this program plays it: 8 to 48 kHz, one or two channels, PCM of 8, 16, 24 or 32 bits, 32-bit float, A-law, mu-law. ST_OK
 * and *codec: what its data is when a call can play it as it lies (8 kHz, one channel, A-law, mu-law or PCM of 16 bits), else
 * AUDIO_CODEC_COUNT: a wav_converter plays it. ST_UNSUPPORTED and text says what was found and what is taken ("found PCM 20-bit
 * stereo 44100 Hz; taken: …"). */
WS_MUST_CHECK int wav_playable(const struct wav_format *format, enum audio_codec *codec, char *text, size_t cap);
#define WAV_TAKEN "8 to 48 kHz, mono or stereo, PCM of 8, 16, 24 or 32 bits, 32-bit float, A-law, mu-law"
/* Playing time in ms of len bytes of that format. */
uint64_t wav_duration_ms(const struct wav_format *format, uint64_t len);

/* ---- WAV output ---- */

#define WAV_WRITE_HZ        8000 /* rate of all that is written */
#define WAV_ULAW_HEADER_LEN 58   /* RIFF, fmt (18), fact, data */
/* Header of an 8 kHz mu-law file holding data_len bytes of `channels` interleaved channels. */
void wav_write_ulaw_header(uint8_t out[WAV_ULAW_HEADER_LEN], uint16_t channels, uint32_t data_len);

/* ---- resampler: any whole rate to any other, 8 to 48 kHz, of the telephone's band ---- */

#define RESAMPLE_HZ_MIN 8000
#define RESAMPLE_HZ_MAX 48000

enum resample_use {
    RESAMPLE_FILE, /* output n stands at the same time as the input there; the first come 4 ms of input later, the last with flush */
    RESAMPLE_LIVE /* 4 ms late; a push of in_hz * t samples gives out_hz * t at once where both are whole, e.g. each 20 ms */
};

struct resampler;

/* Flat to 3.4 kHz, from 4 kHz on 80 dB down, images and aliases too; equal rates pass bit for bit, without delay. Integers
 * only, saturating: the same samples on every machine, whatever the pieces. One allocation of resample_bytes, none later; its
 * tables cost up to RESAMPLE_TABLE_MAX coefficients' work here. ST_UNSUPPORTED: a rate out of bounds. ST_NO_MEMORY. */
WS_MUST_CHECK int resample_new(uint32_t in_hz, uint32_t out_hz, enum resample_use use, struct resampler **out);
/* NULL is fine. */
void resample_free(struct resampler *r);
#define RESAMPLE_TABLE_MAX 32768
/* What resample_new allocates for this pair: 2 KiB for 8 and 16 kHz, RESAMPLE_BYTES_MAX at most; 0: no such pair. */
size_t resample_bytes(uint32_t in_hz, uint32_t out_hz);
#define RESAMPLE_BYTES_MAX (RESAMPLE_TABLE_MAX * 4 + 4096)
/* Most samples that a push of `count`, or the flush, can give. */
size_t resample_push_max(const struct resampler *r, size_t count);
size_t resample_flush_max(const struct resampler *r);
/* Takes all `count` samples, writes what is complete to out and returns how many. in and out do not overlap. */
size_t resample_push(struct resampler *r, const int16_t *in, size_t count, int16_t *out);
/* The input is over: the rest of it. In all, count_in * out_hz / in_hz samples, rounded up, came out (RESAMPLE_FILE). Then only
 * resample_restart or resample_free. */
size_t resample_flush(struct resampler *r, int16_t *out);
/* How many samples the flush would give now (RESAMPLE_LIVE: 0). */
size_t resample_owed(const struct resampler *r);
/* Forgets all input: as after resample_new. */
void resample_restart(struct resampler *r);
/* Multiplications for one output sample: what a slice of work is measured by. */
uint32_t resample_cost(const struct resampler *r);

/* ---- WAV files of any kind into 8 kHz, one channel, 16-bit little-endian bytes ---- */

struct wav_converter;

/* For a format that wav_playable takes. Two channels become their mean; where more than 16 bits are dropped that are not all 0
 * TPDF dither is added (a generator with a fixed seed); companding to G.711 needs none, its own steps are coarser. The same bytes
 * give the same samples, whatever the pieces, on every machine. At most WAV_CONVERTER_BYTES, allocated here.
 * ST_UNSUPPORTED, ST_NO_MEMORY. */
WS_MUST_CHECK int wav_converter_new(const struct wav_format *format, struct wav_converter **out);
#define WAV_CONVERTER_BYTES (RESAMPLE_BYTES_MAX + 64)
/* NULL is fine. */
void wav_converter_free(struct wav_converter *c);
/* Most samples (two bytes each) that a push of len bytes, or the flush, can give. */
size_t wav_converter_push_max(const struct wav_converter *c, size_t len);
size_t wav_converter_flush_max(const struct wav_converter *c);
/* The next bytes of the data chunk, in any split; returns the samples written to l16. */
size_t wav_converter_push(struct wav_converter *c, const uint8_t *bytes, size_t len, uint8_t *l16);
/* Behind the last byte; half a sample at the end is dropped. Then only wav_converter_free. */
size_t wav_converter_flush(struct wav_converter *c, uint8_t *l16);
/* How many samples len bytes of that format become. */
uint64_t wav_converter_samples(const struct wav_format *format, uint64_t len);
/* The work of a push of len bytes, in steps of about one multiplication (0.2 to 3 ns); and how many bytes, whole blocks, can be
 * pushed for that many steps. */
uint64_t wav_converter_steps(const struct wav_converter *c, size_t len);
size_t wav_converter_piece(const struct wav_converter *c, uint64_t steps);

/* ---- tone ---- */

/* count mu-law samples of a 1 kHz tone at 8 kHz, -10 dBm0 or so; *phase (0 to 7) goes on from call to call. */
void audio_tone_1k(uint8_t *ulaw, size_t count, uint32_t *phase);
/* count samples of a key's two tones (ITU-T Q.23), -8 and -6 dBm0, 8 kHz: from sample `offset` of `total` on; both ends rise
 * and fall in 5 ms. Another character than 0-9 * # A-D: silence. */
void audio_key_tone(int16_t *out, size_t count, char key, size_t offset, size_t total);

/* ---- comfort noise (RFC 3389) ---- */

/* count samples of white noise, `level` (0 to 127) dB below full scale (dBov); *seed goes on from call to call. */
void audio_noise(int16_t *out, size_t count, uint8_t level, uint32_t *seed);

/* ---- ring of variable-length records, dropping its oldest ---- */

struct frame_ring {
    uint8_t *bytes; /* owns */
    size_t cap, head, used;
    uint32_t count;
    uint64_t dropped; /* records dropped so far */
};

/* ST_NO_MEMORY. With cap 0 every push is refused. */
WS_MUST_CHECK int frame_ring_init(struct frame_ring *r, size_t cap);
void frame_ring_fini(struct frame_ring *r);
/* Stores a record (1 to 65535 bytes), dropping the oldest until it fits. Returns the number dropped, or ST_TOO_LARGE. */
WS_MUST_CHECK int frame_ring_push(struct frame_ring *r, const void *data, size_t len);
/* Copies the oldest record out and removes it; 0 when empty. cap is at least the longest record ever pushed. */
size_t frame_ring_pop(struct frame_ring *r, void *out, size_t cap);
/* Length of the oldest; 0 when empty. */
size_t frame_ring_peek_len(const struct frame_ring *r);
void frame_ring_clear(struct frame_ring *r);

#endif
