# SPDX-License-Identifier: MIT
"""A call over IPv6 alone: SIP, SDP and RTP between two of our servers on ::1, the second answering with the echo test."""
import re
import socket
import sys

import audio
from audio import payload_of
from clients import Client
from common import wait_echo
from harness import Server, main


def available():
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as sock:
            sock.bind(("::1", 0))
        return True
    except OSError:
        return False


def echo_server(*flags):
    """Whoever calls from ::1 is let in: that is its SIP server's address."""
    return Server("--incoming", "echo", *flags, sip="[::1]:9", sip_listen="[::1]:0")


def echo_through(server, target="bob"):
    data = audio.noise(50, seed=61)
    with Client(server) as client:
        client.call(target)
        client.upload("six.wav", audio.wav_ulaw(data))
        client.play("six.wav")
        wait_echo(client, data)
        client.hangup(200)
        stream = payload_of(client.packets())
        frames = [data[i:i + audio.FRAME] for i in range(0, len(data), audio.FRAME)]
        heard = sum(frame in stream for frame in frames)  # two processes, two clocks: a frame may meet its tick late
        assert heard >= 0.9 * len(frames), "%d of %d frames" % (heard, len(frames))


def test_call_and_echo():
    with echo_server() as other, Server("--log-level", "debug", sip="[::1]:%d" % other.sip_port, sip_listen="[::1]:0") as ours:
        echo_through(ours)
        port = ours.sip_port
        for text in ("INVITE sip:bob@[::1] SIP/2.0", "Via: SIP/2.0/UDP [::1]:%d;branch=" % port, "From: <sip:anonymous@[::1]>", "Contact: <sip:[::1]:%d>" % port,
                     "c=IN IP6 ::1"):
            assert text in ours.log, text
        assert "IN IP4" not in ours.log
        assert re.search(r"Received RTP packet #1: source=\[::1\]:\d+", ours.log)
        other.wait_log("SIP call established")


def test_all_interfaces():
    """--sip-listen without an address: the family of the server's."""
    with echo_server() as other, Server(sip="[::1]:%d" % other.sip_port, sip_listen="0") as ours:
        echo_through(ours, "sip:bob@[::1]")


if __name__ == "__main__":
    if not available():
        print("no ::1 here")
        sys.exit(77)
    main(sys.modules[__name__])
