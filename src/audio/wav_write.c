/* SPDX-License-Identifier: MIT */
/* The header of a mu-law recording. */
#include "wsaudio/audio.h"

#define TAG_ULAW     7
#define BEFORE_DATA  (WAV_ULAW_HEADER_LEN - 8) /* what the RIFF size counts beside the data */
#define DATA_LEN_MAX (UINT32_MAX - BEFORE_DATA - 1)

static uint8_t *put_text(uint8_t *at, const char *four)
{
    memcpy(at, four, 4);
    return at + 4;
}

static uint8_t *put_le16(uint8_t *at, unsigned value)
{
    at[0] = (uint8_t)value;
    at[1] = (uint8_t)(value >> 8);
    return at + 2;
}

static uint8_t *put_le32(uint8_t *at, uint32_t value)
{
    return put_le16(put_le16(at, value & 0xFFFF), value >> 16);
}

void wav_write_ulaw_header(uint8_t out[WAV_ULAW_HEADER_LEN], uint16_t channels, uint32_t data_len)
{
    if (channels == 0) {
        channels = 1;
    }
    if (data_len > DATA_LEN_MAX) {
        data_len = DATA_LEN_MAX;
    }
    uint8_t *at = put_text(out, "RIFF");
    at = put_le32(at, BEFORE_DATA + data_len + (data_len & 1));
    at = put_text(at, "WAVE");
    at = put_text(at, "fmt ");
    at = put_le32(at, 18);
    at = put_le16(at, TAG_ULAW);
    at = put_le16(at, channels);
    at = put_le32(at, WAV_WRITE_HZ);
    at = put_le32(at, (uint32_t)WAV_WRITE_HZ * channels);
    at = put_le16(at, channels);
    at = put_le16(at, 8);
    at = put_le16(at, 0);
    at = put_text(at, "fact");
    at = put_le32(at, 4);
    at = put_le32(at, data_len / channels);
    at = put_text(at, "data");
    put_le32(at, data_len);
}
