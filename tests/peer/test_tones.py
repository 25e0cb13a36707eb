# SPDX-License-Identifier: MIT
"""multimon-ng, a decoder of other people's, listens to the keys that are sent as tones, and to the tone of each key alone."""
import os
import re
import subprocess
import sys
import tempfile

from audio import payload_of
from clients import Client
from common import call_as, idle_ports, through
from harness import main, need, wait_until
from phone import Phone
from timing import SLOW

KEYS = "0123456789*#ABCD"


def decoded(octets, law):
    """What multimon-ng hears in 8 kHz G.711; sox brings it to the rate that it takes."""
    with tempfile.TemporaryDirectory() as folder:
        source, raw = os.path.join(folder, "in"), os.path.join(folder, "out.raw")
        with open(source, "wb") as file:
            file.write(octets)
        subprocess.run(["sox", "-t", law, "-r", "8000", "-c", "1", source, "-t", "raw", "-r", "22050", "-e", "signed", "-b", "16", raw],
                       check=True, timeout=60 * SLOW)
        done = subprocess.run(["multimon-ng", "-q", "-a", "DTMF", "-t", "raw", raw], capture_output=True, timeout=60 * SLOW,
                              stdin=subprocess.DEVNULL, check=True)
    return "".join(re.findall(r"DTMF: (.)", done.stdout.decode("utf-8", "replace")))


def tones(payload_type, law, more=()):
    with Phone() as phone, through(phone) as server, Client(server) as client:
        _, rtp = call_as(client, phone, types=(payload_type,), more=more)
        client.send("DTMF:" + KEYS + "5,5")
        wait_until(lambda: sum(len(p.payload) for p in rtp.packets()) > 18 * 1600 + 4000 + 4000, 15, "the keys")
        client.hangup()
        phone.take_bye()
        heard = decoded(payload_of(rtp.packets()), law)
        assert heard == KEYS + "55", heard
        idle_ports(server)


def test_ulaw():
    tones(0, "ul")


def test_alaw_60_ms():
    tones(8, "al", more=["a=ptime:60"])


def test_silence_is_no_key():
    assert decoded(b"\xff" * 8000, "ul") == ""


if __name__ == "__main__":
    need("multimon-ng")
    need("sox")
    main(sys.modules[__name__], workers=2)
