# SPDX-License-Identifier: MIT
"""FAULTS 26, 27, 35 to 38: what is uploaded and what of it is heard."""
import base64
import os
import struct
import sys
import time

import audio
from audio import FRAME, payload_of
from clients import Client
from common import contains, file_octets, loopback, wait_echo
from harness import main, wait_until


def b64(octets):
    return base64.b64encode(octets).decode()


def fault_26_header_of_any_length():
    """44, 46, 58 and 64 octets of header: every octet of audio is heard and none of the header."""
    with loopback() as server, Client(server) as client:
        client.call()
        for seed, header in enumerate((44, 46, 58, 64)):
            data = audio.noise(10, seed)
            name = "h%d.wav" % header
            client.upload(name, audio.wav_ulaw(data, header))
            start = len(client.packets())
            client.play(name)
            wait_echo(client, data)
            time.sleep(0.1)
            heard = payload_of(client.packets()[start:])
            at = contains(heard, data, name)
            around = heard[:at] + heard[at + len(data):]
            assert set(around) <= {0xFF, 0x7F}, "more than the audio of %s was played" % name
        client.hangup()


def fault_27_only_the_data_chunk_is_played():
    data = audio.noise(8)
    tail = audio.chunk(b"LIST", b"INFOISFT" + struct.pack("<I", 400) + b"\x55" * 400)
    with loopback() as server, Client(server) as client:
        client.upload("list.wav", audio.riff([audio.fmt(7, 8), audio.chunk(b"data", data), tail]))
        client.upload("before.wav", audio.riff([tail, audio.fmt(7, 8), tail, audio.chunk(b"data", data)]))
        client.call()
        for name in ("list.wav", "before.wav"):
            start = len(client.packets())
            client.play(name)
            wait_echo(client, data)
            time.sleep(0.1)
            heard = payload_of(client.packets()[start:])
            at = contains(heard, data, name)
            assert set(heard[:at] + heard[at + len(data):]) <= {0xFF, 0x7F}, name
        client.hangup()


def fault_27_pcm_is_converted():
    """A 16-bit ramp and tone come out as the same signal, within the steps of G.711."""
    samples = [((i * 97) % 60000) - 30000 for i in range(FRAME * 10)]
    with loopback() as server, Client(server) as client:
        client.upload("pcm.wav", audio.wav_pcm16(samples))
        client.upload("alaw.wav", audio.wav_alaw(audio.alaw_encode(samples)))
        client.call()
        for name in ("pcm.wav", "alaw.wav"):
            start = len(client.packets())
            client.play(name)
            time.sleep(0.2)
            heard = audio.ulaw_decode(payload_of(client.packets()[start:]))
            part = 12 if name == "alaw.wav" else 25  # two roundings, or one

            def fits(at):
                return all(abs(h - s) <= max(40, abs(s) // part) for h, s in zip(heard[at:at + len(samples)], samples))
            assert any(fits(at) for at in range(0, len(heard) - len(samples) + 1, FRAME)), name + " is not heard as it was"
        client.hangup()


def fault_27_last_packet_is_padded():
    data = audio.noise(3)[:FRAME * 2 + 7]
    with loopback() as server, Client(server) as client:
        client.upload("odd.wav", audio.wav_ulaw(data))
        client.call()
        client.play("odd.wav")
        time.sleep(0.3)
        packets = client.packets()
        assert {len(p.payload) for p in packets} == {FRAME}
        heard = payload_of(packets)
        at = contains(heard, data, "odd.wav")
        assert set(heard[at + len(data):]) <= {0xFF, 0x7F} and at % FRAME == 0
        client.hangup()


def fault_27_what_is_no_audio_is_refused():
    with loopback() as server, Client(server) as client:
        for octets in (b"", b"RIFF", b"\0" * 44, audio.wav_ulaw(b""), audio.riff([audio.fmt(7, 8)]), audio.riff([audio.chunk(b"data", b"x" * 160)]),
                       b"RIFX" + audio.wav_ulaw(b"x" * 160)[4:], audio.riff([audio.fmt(2, 4), audio.chunk(b"data", b"x" * 160)])):
            client.send("WAV_UPLOAD:bad.wav:" + b64(octets))
            client.error("WAV_UPLOAD", "bad_wav")
        client.send("WAV_UPLOAD:bad.wav:" + b64(audio.wav_pcm16([0] * 800, rate=96000)))
        text = client.error("WAV_UPLOAD", "bad_wav")
        assert "96000" in text, "bad_wav says what was found: " + text
        assert server.uploads == []


def fault_27_sizes_that_lie():
    """A data size of 0xFFFFFFFF or past the end means to the end."""
    data = audio.noise(6)
    whole = audio.wav_ulaw(data)
    with loopback() as server, Client(server) as client:
        client.call()
        for index, size in enumerate((0xFFFFFFFF, len(data) + 5000)):
            octets = whole[:40] + struct.pack("<I", size) + whole[44:]
            client.upload("lie%d" % index, octets)
            start = len(client.packets())
            client.play("lie%d" % index)
            wait_echo(client, data)
            contains(payload_of(client.packets()[start:]), data, "to the end")
        client.hangup()


def fault_35_upload_outside_of_the_folder():
    good = audio.wav_ulaw(audio.noise(2))
    with loopback() as server, Client(server) as client:
        before = sorted(os.listdir(server.folder))
        for name in ("../x.wav", "../../x.wav", "a/b.wav", "/tmp/x.wav", "..", ".", ".x", "a\\b", "a\x00b", "x/../../y", "\n", "a\tb"):
            client.send("WAV_UPLOAD:%s:%s" % (name, b64(good)))
            client.error("WAV_UPLOAD", "bad_argument")
        assert server.uploads == [] and sorted(os.listdir(server.folder)) == before
        assert client.count("WAV_ACK") == 0


def fault_35_links_are_not_followed():
    """A link that somebody put into the folder does not lead the server out of it."""
    with loopback() as server, Client(server) as client:
        victim = server.path("victim.txt")
        with open(victim, "w", encoding="ascii") as file:
            file.write("untouched")
        os.symlink(victim, server.path("uploaded_wavs", "link.wav"))
        client.allow_errors = True
        client.send("WAV_UPLOAD:link.wav:" + b64(audio.wav_ulaw(audio.noise(2))))
        wait_until(lambda: client.count("WAV_ACK") + client.count("ERROR:WAV_UPLOAD"), 5, "answer")
        assert file_octets(victim) == b"untouched"


def fault_36_play_outside_of_the_folder():
    with loopback() as server, Client(server) as client:
        with open(server.path("outside.wav"), "wb") as file:
            file.write(audio.wav_ulaw(audio.noise(20)))
        client.call()
        for name in ("../../../etc/passwd", "../outside.wav", "/etc/passwd", "..", "uploaded_wavs/../../outside.wav"):
            client.send("PLAY_WAV:" + name)
            text = client.expect("WAV_ACK")
            assert text.startswith("WAV_ACK:播放檔案 ") and " 失敗: " in text, text
        time.sleep(0.3)
        assert set(payload_of(client.packets())) <= {0xFF, 0x7F}
        client.hangup()
        assert client.count("WAV_DONE") == 0


def fault_37_bad_base64():
    good = b64(audio.wav_ulaw(audio.noise(2)))
    with loopback() as server, Client(server) as client:
        for text in ("@@@@!!!!", "AA==BBBB", "AAB", "A", "=", "====", "A===", "AA=A", good[:-1] + "\u00e9", good[:100] + "*" + good[101:],
                     good.rstrip("=") + "===", good[:50] + "=" + good[51:], good[:60] + " " + good[60:] + "*", "\u96fb" * 4, "AA==AA=="):
            client.send("WAV_UPLOAD:x.wav:" + text)
            client.error("WAV_UPLOAD", "bad_base64")
        assert server.uploads == [] and client.count("WAV_ACK") == 0
        client.upload("x.wav", audio.wav_ulaw(audio.noise(2)))


def fault_38_every_upload_is_answered():
    first, second = audio.wav_ulaw(audio.noise(5, 1)), audio.wav_ulaw(audio.noise(5, 2))
    with loopback("--upload-max", "1M") as server, Client(server) as client:
        for size in ((1 << 20) + 1, 2 << 20):
            client.send("WAV_UPLOAD:big.wav:" + b64(audio.wav_ulaw(b"\x11" * size)))
            client.error("WAV_UPLOAD", "too_large", 10)
        client.upload("edge.wav", audio.wav_ulaw(b"\x11" * ((1 << 20) - 44)))
        for size in (129, 255, 256, 1000, 5000):
            client.send("WAV_UPLOAD:%s:%s" % ("n" * size, b64(first)))
            client.error("WAV_UPLOAD", "bad_argument")
        client.upload("same.wav", first)
        client.upload("same.wav", second)
        assert file_octets(server.path("uploaded_wavs", "same.wav")) == second
        client.send("WAV_UPLOAD:same.wav:" + b64(b"not a wave file"))
        client.error("WAV_UPLOAD", "bad_wav")
        assert file_octets(server.path("uploaded_wavs", "same.wav")) == second
        assert server.uploads == ["edge.wav", "same.wav"], server.uploads


def fault_38_replaced_while_it_plays():
    """The file that plays goes on as it was; the next play takes the new one."""
    old, new = audio.noise(60, 1), audio.noise(10, 2)
    with loopback() as server, Client(server) as client:
        client.upload("x", audio.wav_ulaw(old))
        client.call()
        client.send("PLAY_WAV:x")
        client.expect("WAV_ACK:開始播放檔案 x")
        time.sleep(0.2)
        client.upload("x", audio.wav_ulaw(new))
        client.expect("WAV_DONE:x")
        client.play("x")
        wait_echo(client, new)
        heard = payload_of(client.packets())
        assert contains(heard, old, "old") < contains(heard, new, "new")
        client.hangup()


if __name__ == "__main__":
    main(sys.modules[__name__])
