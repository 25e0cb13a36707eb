/* SPDX-License-Identifier: MIT */
/* What people take for a WAV file, by the first bytes of it. */
#include "wav_chunk.h"

#define NOT "not a RIFF file"

struct kind {
    uint8_t at, len;
    const char *magic;
    const char *name;
};

#define MAGIC(at, magic, name)                                                                                         \
    {                                                                                                                  \
        at, sizeof(magic) - 1, magic, name                                                                             \
    }

static const struct kind kinds[] = {
    MAGIC(0, "RIFX", NOT " (big-endian RIFX)"),
    MAGIC(0, "RF64", NOT " (RF64)"),
    MAGIC(0, "BW64", NOT " (BW64)"),
    MAGIC(0, "riff\x2E\x91\xCF\x11", NOT " (Sony Wave64)"),
    MAGIC(0, "ID3", NOT " (MP3)"),
    MAGIC(0, "OggS", NOT " (Ogg)"),
    MAGIC(0, "fLaC", NOT " (FLAC)"),
    MAGIC(0, "FORM", NOT " (AIFF)"),
    MAGIC(0, ".snd", NOT " (Sun audio)"),
    MAGIC(0, "dns.", NOT " (Sun audio)"),
    MAGIC(0, "caff", NOT " (CAF)"),
    MAGIC(0, "#!AMR", NOT " (AMR)"),
    MAGIC(0, "#!SILK", NOT " (SILK)"),
    MAGIC(0, "\x02#!SILK", NOT " (SILK)"),
    MAGIC(0, "\x1A\x45\xDF\xA3", NOT " (WebM or Matroska)"),
    MAGIC(4, "ftypM4A", NOT " (M4A)"),
    MAGIC(4, "ftypqt", NOT " (QuickTime)"),
    MAGIC(4, "ftyp3g", NOT " (3GP)"),
    MAGIC(4, "ftyp", NOT " (MP4)"),
    MAGIC(0, "\x30\x26\xB2\x75\x8E\x66\xCF\x11", NOT " (WMA)"),
    MAGIC(0, "ADIF", NOT " (AAC)"),
    MAGIC(0, "wvpk", NOT " (WavPack)"),
    MAGIC(0, "MAC ", NOT " (Monkey's Audio)"),
    MAGIC(0, "NIST_1A", NOT " (SPHERE)"),
    MAGIC(0, "Creative Voi", NOT " (VOC)"),
    MAGIC(0, "MThd", NOT " (MIDI)"),
    MAGIC(0, "UklGR", NOT " (base64 of one: it was encoded twice)"),
    MAGIC(0, "data:", NOT " (a data: URL, encoded once more)"),
    MAGIC(0, "52494646", NOT " (hexadecimal text of one)"),
    MAGIC(0, "PK\x03\x04", NOT " (ZIP)"),
    MAGIC(0, "\x1F\x8B", NOT " (gzip)"),
    MAGIC(0, "%PDF", NOT " (PDF)"),
};

/* Frame headers that begin with twelve bits set: the two bits of the layer are 0 in AAC's (ADTS) alone. */
static const char *name_of_frame(const uint8_t *b, size_t len)
{
    if (len >= 2 && b[0] == 0x56 && (b[1] & 0xE0) == 0xE0) {
        return NOT " (AAC)"; /* LOAS */
    }
    if (len < 3 || b[0] != 0xFF || (b[1] & 0xE0) != 0xE0) {
        return NULL;
    }
    if ((b[1] & 0xF6) == 0xF0) {
        return NOT " (AAC)";
    }
    const bool reserved = (b[1] & 0x18) == 0x08 || (b[1] & 0x06) == 0 || (b[2] & 0xF0) == 0xF0 || (b[2] & 0x0C) == 0x0C;
    return reserved ? NULL : NOT " (MP3)";
}

/* What text begins with. */
static const char *name_of_text(const uint8_t *b, size_t len)
{
    size_t at = len >= 3 && memcmp(b, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;

    while (at < len && (b[at] == ' ' || b[at] == '\t' || b[at] == '\r' || b[at] == '\n')) {
        at++;
    }
    if (at == len) {
        return NULL;
    }
    if (b[at] == '{' || b[at] == '[') {
        return NOT " (JSON)";
    }
    return b[at] == '<' ? NOT " (HTML or XML)" : NULL;
}

const char *wav_name_of_other(const uint8_t *begin, size_t len)
{
    if (len == 0) {
        return "an empty file";
    }
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        const struct kind *k = &kinds[i];
        if (len >= (size_t)k->at + k->len && memcmp(begin + k->at, k->magic, k->len) == 0) {
            return k->name;
        }
    }
    const char *name = name_of_frame(begin, len);
    name = name != NULL ? name : name_of_text(begin, len);
    return name != NULL ? name : NOT;
}
