# SPDX-License-Identifier: MIT
"""The library's examples with baresip as the far end: what baresip recorded is the file that was played, what was recorded here is
what baresip played, and the call ends with one BYE."""
import os
import re
import struct
import sys

import audio
from baresip import MODULES, Baresip
from harness import free_udp_port, main, need, wait_until
from test_library import run_example, shared_if_any, sounding


SILENT = {struct.pack("<h", value) * 160 for value in (0, 2)}  # 0xFF is 2 to its decoder


def pcm(octets):
    samples = audio.ulaw_decode(octets)
    return struct.pack("<%dh" % len(samples), *samples)


def spoken(track):
    """A linear track without its silent frames: before the file, after it, and where a busy machine was late."""
    frames = [track[i:i + 320] for i in range(0, len(track), 320)]
    return b"".join(frame for frame in frames if frame not in SILENT)


def ended_by_us(far):
    wait_until(lambda: re.search(r"(?s)\nBYE sip:.*\nSIP/2.0 200 ", far.output), 5, "BYE")
    wait_until(lambda: "terminated" in far.output or "closed" in far.output, 5, "baresip hears the end")
    branches = re.findall(r"\nBYE sip:[^\n]*\n(?:[^\n]+\n)*?Via:[^\n]*branch=([^;\s]+)", far.output)
    assert len(set(branches)) == 1, branches


def test_call_and_play():
    ours = audio.noise(150, seed=31)
    with Baresip([0] * 8000 * 30) as far:
        output, _ = run_example("call_and_play.c", shared_if_any(), far, ["phone", "a.wav"], ours, LOCAL_RTP_PORT=0)
        assert "answered" in output, output
        ended_by_us(far)
        far.stop()
        assert spoken(far.dump("dec")) == pcm(ours), (len(spoken(far.dump("dec"))), len(pcm(ours)))


def test_two_way():
    """Both speak at once. baresip's file is longer than the call."""
    ours, theirs = audio.noise(150, seed=32), audio.noise(1000, seed=33)
    with Baresip(audio.ulaw_decode(theirs)) as far:
        output, folder = run_example("two_way.c", shared_if_any(), far, ["phone", "a.wav", "heard.wav", "1"], ours,
                                     ["-DLOCAL_RTP_PORT=%d" % free_udp_port(low=20000, high=22000)])
        assert int(re.search(r"(\d+) packets received", output).group(1)) > 150, output
        ended_by_us(far)
        far.stop()
        assert spoken(far.dump("dec")) == pcm(ours), (len(spoken(far.dump("dec"))), len(pcm(ours)))
        heard = audio.read_wav(os.path.join(folder, "heard.wav"))
        assert (heard.tag, heard.channels, heard.rate) == (7, 1, 8000), vars(heard)
        got = sounding(heard.data)
        assert got == theirs[:len(got)] and len(got) >= 150 * audio.FRAME, (len(got), len(theirs))


if __name__ == "__main__":
    need("baresip")
    if not MODULES:
        need("the modules of baresip")
    need("pkg-config")
    main(sys.modules[__name__], workers=2)
