/* SPDX-License-Identifier: MIT */
/* WAV (RIFF/WAVE) from a stream of bytes: finds fmt and data, passes over everything else. The RIFF size is not looked
 * at: it is wrong in too many files, and the chunks say all that is needed. */
#include "wav_chunk.h"
#include "wav_decode.h"

enum wav_phase { PHASE_RIFF, PHASE_CHUNK, PHASE_FMT, PHASE_SKIP, PHASE_PAD };

#define RIFF_LEN       12
#define FMT_LEN_MIN    14 /* WAVEFORMAT, of before PCM had a number of bits */
#define FMT_LEN_BITS   16
#define PAD_LEN        5  /* the byte that pads and a name, or a name and one more */
#define FMT_LEN_EXT    40 /* as far as the sub-format's GUID */
#define SIZE_UNKNOWN   0xFFFFFFFFu
#define TAG_EXTENSIBLE 0xFFFE

static unsigned le16(const uint8_t *p)
{
    return p[0] | (unsigned)p[1] << 8;
}

uint32_t wav_le32(const uint8_t *p)
{
    return le16(p) | (uint32_t)le16(p + 2) << 16;
}

bool wav_is_chunk_name(const uint8_t *four)
{
    return (char_is_alnum((char)four[0]) || four[0] == '_') && four[1] >= ' ' && four[1] < 0x7F && four[2] >= ' ' &&
           four[2] < 0x7F && four[3] >= ' ' && four[3] < 0x7F;
}

static void fail(struct wav_parser *p, const char *why)
{
    p->state = WAV_BAD;
    p->why = why;
}

void wav_parser_init(struct wav_parser *p)
{
    *p = (struct wav_parser){.state = WAV_MORE, .phase = PHASE_RIFF};
}

/* A chunk's body is followed by one byte when its length is odd. */
static void end_body(struct wav_parser *p)
{
    p->phase = p->odd ? PHASE_PAD : PHASE_CHUNK;
}

static void skip_body(struct wav_parser *p, uint32_t taken, uint32_t size)
{
    p->skip = size - taken;
    p->odd = size % 2 != 0;
    p->phase = PHASE_SKIP;
}

/* Writers that forget the byte are about as many as those that do not write 0 there. */
static void read_pad(struct wav_parser *p)
{
    static const char names[][5] = {"data", "fmt ", "LIST", "fact"};
    bool padded = !wav_is_chunk_name(p->held);

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        padded = padded || memcmp(p->held + 1, names[i], 4) == 0;
    }
    p->held_len = padded ? PAD_LEN - 1 : PAD_LEN;
    memmove(p->held, p->held + (padded ? 1 : 0), p->held_len);
    p->phase = PHASE_CHUNK;
}

static bool tag_is_known(unsigned tag)
{
    return tag == WAV_TAG_PCM || tag == WAV_TAG_FLOAT || tag == WAV_TAG_ALAW || tag == WAV_TAG_ULAW;
}

/* The format tag; that of the sub-format behind EXTENSIBLE. False: a sub-format of somebody else's. */
static bool read_tag(const struct wav_parser *p, unsigned *tag)
{
    /* The rest of KSDATAFORMAT_SUBTYPE_*: what makes the first two bytes of the GUID a format tag. */
    static const uint8_t guid_tail[14] = {0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xAA, 0, 0x38, 0x9B, 0x71};

    *tag = le16(p->held);
    if (*tag != TAG_EXTENSIBLE) {
        return true;
    }
    *tag = le16(p->held + 24);
    return p->held_len >= FMT_LEN_EXT && memcmp(p->held + 26, guid_tail, sizeof(guid_tail)) == 0;
}

/* Some writers say nothing, or 0 for what has 8 by its name. */
static unsigned read_bits(const struct wav_parser *p, unsigned tag, unsigned block_align)
{
    const unsigned channels = le16(p->held + 2);
    const unsigned bits = p->held_len >= FMT_LEN_BITS ? le16(p->held + 14)
                          : channels > 0              ? block_align / channels * 8
                                                      : 0;

    return bits == 0 && (tag == WAV_TAG_ULAW || tag == WAV_TAG_ALAW) ? 8 : bits;
}

/* Some writers put a wrong block align: of the three numbers that tell the size of a sample two must agree. */
static unsigned find_block_align(const struct wav_parser *p, unsigned tag, unsigned bits)
{
    const unsigned channels = le16(p->held + 2);
    const unsigned least = channels * ((bits + 7) / 8);
    const unsigned said = le16(p->held + 12);
    const bool holds = tag == WAV_TAG_PCM && bits > 0 && said > least && said <= 4 * channels && said % channels == 0;

    return holds && wav_le32(p->held + 8) != (uint64_t)wav_le32(p->held + 4) * least ? said : least;
}

static void read_fmt(struct wav_parser *p)
{
    unsigned tag;

    if (!read_tag(p, &tag)) {
        fail(p, "unknown sub-format in an EXTENSIBLE fmt chunk");
        return;
    }
    unsigned channels = le16(p->held + 2);
    unsigned block_align = le16(p->held + 12);
    unsigned bits = read_bits(p, tag, block_align);
    if (channels != 0 && tag_is_known(tag)) {
        block_align = find_block_align(p, tag, bits);
    }
    p->format.tag = (uint16_t)tag;
    p->format.channels = (uint16_t)channels;
    p->format.rate_hz = wav_le32(p->held + 4);
    p->format.bits = (uint16_t)bits;
    p->format.block_align = (uint16_t)block_align;
    if (channels == 0 || p->format.rate_hz == 0 || (tag_is_known(tag) && (block_align == 0 || block_align > 0xFFFF))) {
        fail(p, "impossible values in the fmt chunk");
        return;
    }
    p->have_format = true;
    if (p->have_data) {
        p->state = WAV_READY;
        return;
    }
    skip_body(p, p->held_len, p->fmt_len);
}

static void begin_fmt(struct wav_parser *p, uint32_t size)
{
    if (p->have_format) {
        skip_body(p, 0, size);
        return;
    }
    if (size < FMT_LEN_MIN) {
        fail(p, "fmt chunk too short");
        return;
    }
    p->fmt_len = size;
    p->phase = PHASE_FMT;
}

static void begin_data(struct wav_parser *p, uint32_t size)
{
    if (p->have_data) {
        skip_body(p, 0, size);
        return;
    }
    bool unknown = size == 0 || size == SIZE_UNKNOWN;
    p->have_data = true;
    p->data_offset = p->offset;
    p->data_len = unknown ? UINT64_MAX : size;
    if (p->have_format) {
        p->state = WAV_READY;
    } else if (unknown) {
        fail(p, "data without a size before the fmt chunk");
    } else {
        skip_body(p, 0, size);
    }
}

static void read_chunk(struct wav_parser *p)
{
    uint32_t size = wav_le32(p->held + 4);

    if (memcmp(p->held, "fmt ", 4) == 0) {
        begin_fmt(p, size);
    } else if (memcmp(p->held, "data", 4) == 0) {
        begin_data(p, size);
    } else {
        skip_body(p, 0, size);
    }
}

static void read_riff(struct wav_parser *p)
{
    if (memcmp(p->held, "RIFF", 4) != 0) {
        fail(p, wav_name_of_other(p->held, RIFF_LEN));
    } else if (memcmp(p->held + 8, "WAVE", 4) != 0) {
        fail(p, "a RIFF file, but not WAVE");
    } else {
        p->phase = PHASE_CHUNK;
    }
}

/* Bytes of the current piece, all of which are needed before it can be read. */
static size_t piece_len(const struct wav_parser *p)
{
    switch ((enum wav_phase)p->phase) {
    case PHASE_RIFF: return RIFF_LEN;
    case PHASE_CHUNK: return WAV_CHUNK_LEN;
    case PHASE_FMT: return p->fmt_len < FMT_LEN_EXT ? p->fmt_len : FMT_LEN_EXT;
    case PHASE_PAD: return PAD_LEN;
    case PHASE_SKIP: break;
    }
    return 0;
}

static void read_piece(struct wav_parser *p)
{
    switch ((enum wav_phase)p->phase) {
    case PHASE_RIFF: read_riff(p); break;
    case PHASE_CHUNK: read_chunk(p); break;
    case PHASE_FMT: read_fmt(p); break;
    case PHASE_PAD: read_pad(p); return; /* what it holds belongs to the next chunk */
    case PHASE_SKIP: break;
    }
    p->held_len = 0;
}

static size_t take_skip(struct wav_parser *p, size_t len)
{
    size_t taken = p->skip < len ? (size_t)p->skip : len;

    p->skip -= taken;
    p->offset += taken;
    if (p->skip == 0) {
        end_body(p);
    }
    return taken;
}

static size_t take_piece(struct wav_parser *p, const uint8_t *bytes, size_t len)
{
    size_t wanted = piece_len(p) - p->held_len;
    size_t taken = wanted < len ? wanted : len;

    memcpy(p->held + p->held_len, bytes, taken);
    p->held_len = (uint8_t)(p->held_len + taken);
    p->offset += taken;
    if (taken == wanted) {
        read_piece(p);
    }
    return taken;
}

enum wav_state wav_parser_push(struct wav_parser *p, const void *data, size_t len)
{
    const uint8_t *bytes = data;

    while (p->state == WAV_MORE && len != 0) {
        size_t taken = p->phase == PHASE_SKIP ? take_skip(p, len) : take_piece(p, bytes, len);
        bytes += taken;
        len -= taken;
    }
    return p->state;
}

uint64_t wav_parser_next(struct wav_parser *p)
{
    if (p->state == WAV_MORE && p->phase == PHASE_SKIP) {
        p->offset += p->skip;
        p->skip = 0;
        end_body(p);
    }
    return p->offset;
}

enum wav_state wav_parser_end(struct wav_parser *p, uint64_t file_len)
{
    if (p->state == WAV_BAD) {
        return p->state;
    }
    if (p->state == WAV_MORE) {
        const char *other = p->phase == PHASE_RIFF ? wav_name_of_other(p->held, p->held_len) : NULL;
        fail(p, other != NULL ? other : !p->have_format ? "no fmt chunk" : "no data chunk");
        return p->state;
    }
    uint64_t there = file_len > p->data_offset ? file_len - p->data_offset : 0;
    if (p->data_len > there) {
        p->data_len = there;
    }
    if (p->format.block_align != 0) {
        p->data_len -= p->data_len % p->format.block_align;
    }
    if (p->data_len == 0) {
        fail(p, "no audio in it");
    }
    return p->state;
}
