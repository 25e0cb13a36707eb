# SPDX-License-Identifier: MIT
"""Live audio of a bursty client through the running server to a telephone: each sample once and in order, marks, CLEAR."""
import sys
import time

import audio
from audio import payload_of
from clients import Client
from common import burst, call_as, contains, idle_ports, through
from harness import main, wait_until
from phone import Phone

SILENCE = {0: b"\xff" * audio.FRAME, 8: b"\xd5" * audio.FRAME}


def speaks(payload_type, media, data, heard):
    with Phone() as phone, through(phone) as server:
        client, _, rtp = established_as(server, phone, payload_type)
        client.send("MEDIA:" + media)
        client.expect("MEDIA")
        burst(client, data, seed=payload_type)
        client.send("MARK:end")
        client.expect("MARK:end", 15)
        rtp.wait(len(rtp.packets()) + 3)
        rtp_packets = rtp.packets()
        contains(payload_of(rtp_packets), heard, "what the telephone heard")
        audio.assert_continuous(rtp_packets)
        client.send("HANGUP")
        phone.take_bye()
        client.ended(200)
        idle_ports(server)
        client.close()


def established_as(server, phone, payload_type):
    client = Client(server)
    invite, rtp = call_as(client, phone, types=(payload_type,))
    return client, invite, rtp


def test_bursts_into_pcmu():
    data = audio.noise(150, seed=21)
    speaks(0, "hex", data, data)


def test_bursts_into_pcma():
    data = audio.noise(150, seed=22)
    speaks(8, "alaw", data, data)


def test_linear_into_pcmu():
    samples = audio.ulaw_decode(audio.noise(100, seed=23))
    speaks(0, "l16", b"".join(s.to_bytes(2, "little", signed=True) for s in samples), audio.ulaw_encode(samples))


def test_clear_is_instant():
    """From CLEAR to the first silent packet: the next tick, whatever waits."""
    with Phone() as phone, through(phone) as server:
        client, _, rtp = established_as(server, phone, 0)
        waits = []
        for turn in range(10):
            client.send(audio.noise(500, seed=turn).replace(b"\xff", b"\x7f"))
            client.send("MARK:%d" % turn)
            start = len(rtp.packets())
            wait_until(lambda: any(p.payload != SILENCE[0] for p in rtp.packets()[start:]), 5, "speech")
            time.sleep(turn * 0.003)
            sent = time.time()
            client.send("CLEAR")
            client.expect("MARK:%d" % turn)
            told = time.time()
            rtp.wait(len(rtp.packets()) + 4)
            loud = [when for when, _, octets in list(rtp.seen) if audio.Rtp(octets).payload != SILENCE[0]]
            assert max(loud) <= told, "a packet of the old answer left behind its CLEAR"
            waits.append(max(0.0, max(loud) - sent))
        print("last loud packet after CLEAR: %s ms" % ", ".join("%.1f" % (1000 * w) for w in waits), file=sys.stderr)
        client.send("HANGUP")
        phone.take_bye()
        client.ended(200)
        client.close()


def test_a_minute_and_no_more():
    with Phone() as phone, through(phone) as server:
        client, _, _ = established_as(server, phone, 0)
        client.allow_errors = True
        client.send(audio.noise(500, seed=1) + b"\x11" * 10 * audio.FRAME)
        client.expect("MEDIA_XOFF")
        for _ in range(5):
            client.send(audio.noise(550, seed=2))
        client.error("MEDIA", "too_large")
        client.send("CLEAR")
        client.expect("MEDIA_XON")
        client.send("HANGUP")
        phone.take_bye()
        client.ended(200)
        client.close()


if __name__ == "__main__":
    main(sys.modules[__name__])
