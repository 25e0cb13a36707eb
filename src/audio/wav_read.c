/* WAV (RIFF/WAVE) from a stream of bytes: finds fmt and data, passes over everything else. The RIFF size is not looked
 * at: it is wrong in too many files, and the chunks say all that is needed. */
#include "wav_decode.h"

enum wav_phase { PHASE_RIFF, PHASE_CHUNK, PHASE_FMT, PHASE_SKIP };

#define RIFF_LEN       12
#define CHUNK_LEN      8
#define FMT_LEN_MIN    16
#define FMT_LEN_EXT    40 /* as far as the sub-format's GUID */
#define SIZE_UNKNOWN   0xFFFFFFFFu
#define TAG_EXTENSIBLE 0xFFFE

static unsigned le16(const uint8_t *p)
{
    return p[0] | (unsigned)p[1] << 8;
}

static uint32_t le32(const uint8_t *p)
{
    return le16(p) | (uint32_t)le16(p + 2) << 16;
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
static void skip_body(struct wav_parser *p, uint32_t taken, uint32_t size)
{
    p->skip = (uint64_t)size + (size & 1) - taken;
    p->phase = PHASE_SKIP;
}

static bool tag_is_known(unsigned tag)
{
    return tag == WAV_TAG_PCM || tag == WAV_TAG_FLOAT || tag == WAV_TAG_ALAW || tag == WAV_TAG_ULAW;
}

static void read_fmt(struct wav_parser *p)
{
    /* The rest of KSDATAFORMAT_SUBTYPE_*: what makes the first two bytes of the GUID a format tag. */
    static const uint8_t guid_tail[14] = {0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xAA, 0, 0x38, 0x9B, 0x71};
    unsigned tag = le16(p->held);
    if (tag == TAG_EXTENSIBLE) {
        if (p->held_len < FMT_LEN_EXT || memcmp(p->held + 26, guid_tail, sizeof guid_tail) != 0) {
            fail(p, "unknown sub-format in an EXTENSIBLE fmt chunk");
            return;
        }
        tag = le16(p->held + 24);
    }
    unsigned channels = le16(p->held + 2);
    unsigned bits = le16(p->held + 14);
    unsigned block_align = le16(p->held + 12);
    if (tag_is_known(tag)) {
        /* Some writers put a wrong one; for these formats it follows from the rest. */
        block_align = channels * ((bits + 7) / 8);
    }
    p->format.tag = (uint16_t)tag;
    p->format.channels = (uint16_t)channels;
    p->format.rate_hz = le32(p->held + 4);
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
    uint32_t size = le32(p->held + 4);
    if (memcmp(p->held, "fmt ", 4) == 0) {
        begin_fmt(p, size);
    } else if (memcmp(p->held, "data", 4) == 0) {
        begin_data(p, size);
    } else {
        skip_body(p, 0, size);
    }
}

/* What people take for a WAV file most often. */
static const char *name_of_other(const uint8_t *begin)
{
    static const struct {
        char magic[5];
        const char *name;
    } kinds[] = {
        {"RIFX", "not a RIFF file (big-endian RIFX)"},
        {"RF64", "not a RIFF file (RF64)"},
        {"ID3", "not a RIFF file (MP3)"},
        {"\xFF\xFB", "not a RIFF file (MP3)"},
        {"OggS", "not a RIFF file (Ogg)"},
        {"fLaC", "not a RIFF file (FLAC)"},
        {"FORM", "not a RIFF file (AIFF)"},
        {".snd", "not a RIFF file (Sun audio)"},
    };
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (memcmp(begin, kinds[i].magic, strlen(kinds[i].magic)) == 0) {
            return kinds[i].name;
        }
    }
    return "not a RIFF file";
}

static void read_riff(struct wav_parser *p)
{
    if (memcmp(p->held, "RIFF", 4) != 0) {
        fail(p, name_of_other(p->held));
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
    case PHASE_CHUNK: return CHUNK_LEN;
    case PHASE_FMT: return p->fmt_len < FMT_LEN_EXT ? p->fmt_len : FMT_LEN_EXT;
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
        p->phase = PHASE_CHUNK;
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
        p->phase = PHASE_CHUNK;
    }
    return p->offset;
}

enum wav_state wav_parser_end(struct wav_parser *p, uint64_t file_len)
{
    if (p->state == WAV_BAD) {
        return p->state;
    }
    if (p->state == WAV_MORE) {
        fail(p, p->phase == PHASE_RIFF ? "not a RIFF file" : !p->have_format ? "no fmt chunk" : "no data chunk");
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
