# SPDX-License-Identifier: MIT
"""WAV files of every kind as sox writes them: uploaded, played at once, and their tone found again in what a client hears."""
import glob
import math
import os
import subprocess
import sys
import tempfile
import time

import audio
from audio import payload_of
from clients import Client
from common import loopback
from harness import main, need, wait_until

TONE = 1004
CODINGS = {"u8": ("unsigned-integer", 8), "s16": ("signed-integer", 16), "s24": ("signed-integer", 24), "s32": ("signed-integer", 32),
           "f32": ("floating-point", 32), "alaw": ("a-law", 8), "ulaw": ("mu-law", 8)}
RATES = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000)


def write(path, coding, rate, channels, seconds=0.4):
    encoding, bits = CODINGS[coding]
    subprocess.run(["sox", "-D", "-n", "-r", str(rate), "-c", str(channels), "-b", str(bits), "-e", encoding, path,
                    "synth", str(seconds), "sine", str(TONE), "vol", "-3dB"], check=True)
    with open(path, "rb") as file:
        return file.read()


def snr(samples, hz=TONE, rate=8000):
    """(level, SNR) in dB of the tone in these samples, by least squares."""
    ss = sc = cc = xs = xc = 0.0
    turns = [(math.sin(2 * math.pi * hz * i / rate), math.cos(2 * math.pi * hz * i / rate)) for i in range(len(samples))]
    for x, (s, c) in zip(samples, turns):
        ss, sc, cc, xs, xc = ss + s * s, sc + s * c, cc + c * c, xs + s * x, xc + c * x
    a = (xs * cc - xc * sc) / (ss * cc - sc * sc)
    b = (xc * ss - xs * sc) / (ss * cc - sc * sc)
    rest = sum((x - a * s - b * c) ** 2 for x, (s, c) in zip(samples, turns))
    power = (a * a + b * b) / 2
    return 10 * math.log10(power * 2 / 32767 ** 2), 10 * math.log10(power * len(samples) / (rest + 1e-9))


def heard(client, start):
    samples = audio.ulaw_decode(payload_of(client.packets()[start:]))
    first = next(i for i, x in enumerate(samples) if x != 0)
    last = max(i for i, x in enumerate(samples) if x != 0)
    return samples[first:last + 1]


def play_each(coding):
    with tempfile.TemporaryDirectory() as folder, loopback("--no-record") as server, Client(server) as client:
        client.call()
        for number, rate in enumerate(RATES):
            channels = 1 + number % 2
            octets = write(os.path.join(folder, "tone.wav"), coding, rate, channels)
            client.upload("tone.wav", octets)
            start = len(client.packets())
            client.play("tone.wav")
            time.sleep(0.1)
            sound = heard(client, start)
            assert 3150 < len(sound) < 3250, "%s %d Hz: %d samples" % (coding, rate, len(sound))
            level, ratio = snr(sound[100:3100])
            print("%-5s %5d Hz %d channels: level %.2f dB, SNR %.1f dB" % (coding, rate, channels, level, ratio))
            assert abs(level + 3) < 0.1, level
            assert ratio > 35, ratio
        client.hangup()


def test_pcm_8():
    play_each("u8")


def test_pcm_16():
    play_each("s16")


def test_pcm_24():
    play_each("s24")


def test_pcm_32():
    play_each("s32")


def test_float_32():
    play_each("f32")


def test_alaw():
    play_each("alaw")


def test_ulaw():
    play_each("ulaw")


def test_converted_form_is_kept_beside_it():
    with tempfile.TemporaryDirectory() as folder, loopback("--no-record") as server, Client(server) as client:
        octets = write(os.path.join(folder, "t.wav"), "f32", 44100, 2, 1)
        hidden = server.path("uploaded_wavs", ".converted-t.wav")
        client.upload("t.wav", octets)
        wait_until(lambda: os.path.exists(hidden), what="the converted form")
        assert audio.read_wav(hidden).rate == 8000 and 76 + 16000 == os.path.getsize(hidden)
        client.send("LIST_WAV")
        client.expect("WAV_LIST:t.wav:%d:1000" % len(octets))
        client.expect("WAV_LIST_END:1")
        with open(server.path("uploaded_wavs", "by-hand.wav"), "wb") as file:
            file.write(write(os.path.join(folder, "b.wav"), "s24", 48000, 2, 1))
        client.call()
        for name in ("by-hand.wav", "t.wav"):
            start = len(client.packets())
            client.play(name)
            time.sleep(0.1)
            assert snr(heard(client, start)[100:7000])[1] > 35, name
        assert os.path.exists(server.path("uploaded_wavs", ".converted-by-hand.wav"))
        client.send("DELETE_WAV:t.wav")
        client.expect("WAV_DELETED:t.wav")
        assert not os.path.exists(hidden)
        client.hangup()
        assert not glob.glob(server.path("uploaded_wavs", ".upload-*"))


if __name__ == "__main__":
    need("sox")
    main(sys.modules[__name__])
