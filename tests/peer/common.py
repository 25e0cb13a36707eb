# SPDX-License-Identifier: MIT
"""Steps that several files share."""
import os
import random
import time

import audio
from audio import payload_of
from clients import Client
from harness import Server, wait_until
from timing import WRAPPER, soon


def loopback(*flags, **options):
    """A server with the built-in exchange."""
    return Server(*flags, **options)


def through(phone, *flags, **options):
    """A server that calls through this phone (or SIPp)."""
    return Server(*flags, sip=phone, **options)


def established(server, phone, kind=Client, target="bob", **options):
    """A client in a call that the phone answered: (client, INVITE, RTP port)."""
    client = kind(server)
    client.send("CALL:" + target)
    invite, rtp = phone.answer(**options)
    client.state("established")
    return client, invite, rtp


def call_as(client, phone, rtp=None, **sdp):
    """The client calls, the phone answers with that SDP: (INVITE, RTP port)."""
    client.send("CALL:bob")
    invite, rtp = phone.wait("INVITE"), rtp or phone.new_rtp()
    phone.reply(invite, 200, phone.sdp(rtp, **sdp))
    phone.wait("ACK")
    client.state("established")
    return invite, rtp


def contains(stream, data, what):
    assert data in stream, "%s: %d octets not found in %d (best prefix %d)" % (
        what, len(data), len(stream), longest_prefix(stream, data))
    return stream.index(data)


def recorded(stream, data, what, client):
    """All of it in one piece, where the client's packets came steadily. Where a busy machine (or a wrapper) made turns late, packets
    were skipped and the recording has moved its timelines: there most frames, in order. (where, whether it is in one piece)"""
    if data in stream or (client.steady() and not WRAPPER):
        return contains(stream, data, what), True
    frames = [data[i:i + audio.FRAME] for i in range(0, len(data), audio.FRAME)]
    start, at, found = None, 0, 0
    for frame in frames:
        here = stream.find(frame, at)
        if here >= 0:
            start, at, found = here if start is None else start, here + len(frame), found + 1
    assert found >= len(frames) * 0.8, "%s: %d of %d frames" % (what, found, len(frames))
    return start, False


def longest_prefix(stream, data):
    low, high = 0, len(data)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if data[:middle] in stream else (low, middle - 1)
    return low


def check_recording(server, client, data, both=True, slack=800):
    """The newest recording is stereo mu-law with `data` on the right (sent) and, echoed, on the left (received)."""
    wav = audio.read_wav(server.recordings[-1])
    assert (wav.tag, wav.channels, wav.rate, wav.bits) == (7, 2, 8000, 8), vars(wav)
    sent, whole = recorded(wav.right, data, "recording, right (sent)", client)
    if both:
        received, as_whole = recorded(wav.left, data, "recording, left (received)", client)
        late = WRAPPER or not (whole and as_whole and client.steady())
        assert late or abs(received - sent) <= slack, "echo at %d, sent at %d" % (received, sent)
    return wav


def check_echo(client, data, start=0):
    """The file came back in RTP: lines byte for byte."""
    packets = client.packets()[start:]
    audio.assert_continuous(packets)
    contains(payload_of(packets), data, "RTP: payloads")


def wait_echo(client, data, timeout=5):
    """Waits until the last frame of the file has come back, and a little more."""
    wait_until(lambda: data[-audio.FRAME:] in payload_of(client.packets()), timeout, "end of the echo")
    time.sleep(0.06)


def assert_fast(seconds, bound, what):
    assert seconds < soon(bound), "%s took %.3f s, bound %.3f" % (what, seconds, soon(bound))


def idle_ports(server, count=1):
    """UDP sockets left when every call is over: SIP and, with the loopback exchange, its own."""
    wait_until(lambda: len(server.udp_sockets()) <= count, 8, "RTP ports closed: %s" % server.udp_sockets())


def file_octets(*path):
    with open(os.path.join(*path), "rb") as file:
        return file.read()


def burst(client, data, seed):
    """Sends it in pieces of any size, some at once and some with pauses, always before it is due: half a second ahead at least,
    as this machine may be busy."""
    dice = random.Random(seed)
    client.send(data[:8000])
    data = data[8000:]
    while data:
        size = dice.choice((1, 159, 160, 161, 1000, 7777, 16000))
        client.send(data[:size])
        data = data[size:]
        if dice.random() < 0.3:
            time.sleep(0.01)
