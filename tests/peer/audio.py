# SPDX-License-Identifier: MIT
"""G.711, WAV files and RTP packets, written here a second time so that the server is not compared with itself."""
import random
import struct

FRAME = 160  # octets of 20 ms at 8 kHz
ULAW_SILENCE = 0xFF


def ulaw_encode_sample(sample):
    sign = 0x80 if sample < 0 else 0
    magnitude = min(abs(sample), 32635) + 0x84
    exponent = magnitude.bit_length() - 8
    mantissa = (magnitude >> (exponent + 3)) & 0x0F
    return ~(sign | exponent << 4 | mantissa) & 0xFF


def ulaw_decode_sample(octet):
    octet = ~octet & 0xFF
    magnitude = (((octet & 0x0F) << 3) + 0x84) << ((octet >> 4) & 7)
    return (0x84 - magnitude) if octet & 0x80 else (magnitude - 0x84)


def alaw_encode_sample(sample):
    sign = 0x80 if sample >= 0 else 0
    magnitude = min(sample if sample >= 0 else -sample - 1, 32767) >> 4
    exponent = max(magnitude.bit_length() - 4, 0)
    mantissa = (magnitude >> (exponent - 1 if exponent > 1 else 0)) & 0x0F
    return (sign | exponent << 4 | mantissa) ^ 0x55


def alaw_decode_sample(octet):
    octet ^= 0x55
    magnitude = ((octet & 0x0F) << 4) + 8
    exponent = (octet >> 4) & 7
    if exponent:
        magnitude = (magnitude + 0x100) << (exponent - 1)
    return magnitude if octet & 0x80 else -magnitude


ULAW_TO_LINEAR = [ulaw_decode_sample(i) for i in range(256)]
ALAW_TO_LINEAR = [alaw_decode_sample(i) for i in range(256)]


def ulaw_encode(samples):
    return bytes(ulaw_encode_sample(s) for s in samples)


def alaw_encode(samples):
    return bytes(alaw_encode_sample(s) for s in samples)


def ulaw_decode(octets):
    return [ULAW_TO_LINEAR[o] for o in octets]


def alaw_decode(octets):
    return [ALAW_TO_LINEAR[o] for o in octets]


def noise(frames, seed=1):
    """Octets in which no 20 ms repeat and no stretch looks like silence, so that they are found again anywhere."""
    source = random.Random(seed)
    return bytes(source.choice(range(0x00, 0x70)) | (0x80 if source.random() < 0.5 else 0) for _ in range(frames * FRAME))


def chunk(name, data):
    return name + struct.pack("<I", len(data)) + data + (b"\0" if len(data) & 1 else b"")


def riff(chunks):
    body = b"WAVE" + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def fmt(tag, bits, rate=8000, channels=1, extra=None):
    block = channels * bits // 8
    data = struct.pack("<HHIIHH", tag, channels, rate, rate * block, block, bits)
    return chunk(b"fmt ", data if extra is None else data + struct.pack("<H", len(extra)) + extra)


def wav_ulaw(data, header=44):
    """A mu-law file whose audio starts at the given offset: 44, 46, 58 or 64."""
    chunks = {
        44: [fmt(7, 8)],
        46: [fmt(7, 8, extra=b"")],
        58: [fmt(7, 8, extra=b""), chunk(b"fact", struct.pack("<I", len(data)))],
        64: [fmt(7, 8), chunk(b"LIST", b"INFOICMT\0\0\0\0")],
    }[header]
    whole = riff(chunks + [chunk(b"data", data)])
    assert whole.index(b"data") + 8 == header
    return whole


def wav_alaw(data):
    return riff([fmt(6, 8, extra=b""), chunk(b"fact", struct.pack("<I", len(data))), chunk(b"data", data)])


def wav_pcm16(samples, rate=8000, channels=1):
    return riff([fmt(1, 16, rate, channels), chunk(b"data", struct.pack("<%dh" % len(samples), *samples))])


class Wav:
    """A WAV file as read back; every size in it must fit (a valid header at every moment)."""

    def __init__(self, octets):
        assert octets[:4] == b"RIFF" and octets[8:12] == b"WAVE", octets[:16]
        riff_size = struct.unpack("<I", octets[4:8])[0]
        assert riff_size + 8 <= len(octets) + 1, "RIFF size %d, file %d" % (riff_size, len(octets))
        offset, self.data, self.tag = 12, None, None
        while offset + 8 <= min(len(octets), riff_size + 8):
            name, size = octets[offset:offset + 4], struct.unpack("<I", octets[offset + 4:offset + 8])[0]
            body = octets[offset + 8:offset + 8 + size]
            assert len(body) == size, "chunk %r says %d, %d there" % (name, size, len(body))
            if name == b"fmt ":
                self.tag, self.channels, self.rate, _, self.block, self.bits = struct.unpack("<HHIIHH", body[:16])
            elif name == b"data":
                self.data = body
            offset += 8 + size + (size & 1)
        assert self.tag is not None and self.data is not None, "no fmt or no data chunk"

    @property
    def left(self):
        return self.data[0::self.channels]

    @property
    def right(self):
        return self.data[1::self.channels]


def read_wav(path):
    with open(path, "rb") as file:
        return Wav(file.read())


class Rtp:
    """One RTP packet, parsed by RFC 3550 5.1."""

    def __init__(self, octets):
        assert len(octets) >= 12 and octets[0] >> 6 == 2, "not RTP: %r" % octets[:16]
        self.raw = octets
        self.marker, self.pt = octets[1] >> 7, octets[1] & 0x7F
        self.seq, self.ts, self.ssrc = struct.unpack("!HII", octets[2:12])
        start = 12 + 4 * (octets[0] & 0x0F)
        self.payload = octets[start:]


def rtp_packet(seq, ts, ssrc, payload, pt=0, marker=0, first=0x80):
    return struct.pack("!BBHII", first, marker << 7 | pt, seq & 0xFFFF, ts & 0xFFFFFFFF, ssrc) + payload


def payload_of(packets):
    return b"".join(p.payload for p in packets)


def assert_continuous(packets):
    """Sequence +1 and timestamp +160 from each packet to the next, one SSRC."""
    for before, after in zip(packets, packets[1:]):
        assert after.ssrc == before.ssrc, "SSRC changed from %08X to %08X" % (before.ssrc, after.ssrc)
        assert (after.seq - before.seq) & 0xFFFF == 1, "sequence %d after %d" % (after.seq, before.seq)
        step = (after.ts - before.ts) & 0xFFFFFFFF
        # a late tick skips frames: the timestamp jumps by whole frames and the marker is set
        assert step == FRAME or (step % FRAME == 0 and after.marker), "timestamp step %d" % step
