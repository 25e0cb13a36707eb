# SPDX-License-Identifier: MIT
"""RFC 6455 as a stranger would try it: raw frames against / and /echo."""
import os
import socket
import struct
import sys
import time

from clients import Client, Client2, RawWs
from common import loopback
from harness import main
from timing import LONG, soon


def refused_with(server, code, octets, path="/"):
    with RawWs(server, path=path) as client:
        client.sock.sendall(octets)
        got = client.close_code()
        assert got == code, "close code %s, expected %s for %r" % (got, code, octets[:40])
        client.sock.shutdown(socket.SHUT_WR)
        assert client.at_end(2), "the stream stays open after the close"


def test_protocol_errors():
    frame = RawWs.frame
    with loopback("--ws-echo") as server:
        for path in ("/", "/echo"):
            for octets in (frame(1, b"x", mask=False), frame(1, b"x", rsv=4), frame(1, b"x", rsv=1), frame(3, b"x"), frame(11, b""),
                           frame(9, b"x", fin=False), frame(9, b"x" * 126), frame(0, b"x"),
                           frame(1, b"a", fin=False) + frame(1, b"b"), frame(8, b"\x03"), frame(8, struct.pack("!H", 1005)),
                           frame(8, struct.pack("!H", 999)), frame(8, struct.pack("!H", 5000))):
                refused_with(server, 1002, octets, path)
            for octets in (frame(1, b"\xff"), frame(1, b"\xed\xa0\x80"), frame(1, b"\xc0\xaf"), frame(1, b"\xf4\x90\x80\x80"),
                           frame(1, b"abc\xe2\x82"), frame(1, b"\xe2", fin=False) + frame(0, b"x"),
                           frame(8, struct.pack("!H", 1000) + b"\xff")):
                refused_with(server, 1007, octets, path)


def test_ping_and_close():
    with loopback() as server:
        with RawWs(server) as client:
            for payload in (b"", b"x", b"y" * 125):
                client.send(9, payload)
                assert client.recv() == (10, payload)
            client.send(10, b"unasked")
            client.send(1, b"LIST_", fin=False)
            client.send(9, b"between")
            client.send(0, b"WAV")
            assert client.recv() == (10, b"between")
            assert client.recv() == (1, b"WAV_LIST_END:0")
            client.send(8, struct.pack("!H", 1000) + b"bye")
            assert client.close_code() == 1000 and client.at_end()
        with RawWs(server) as client:
            client.send(8)
            assert client.close_code() in (1000, 1005) and client.at_end()
        with RawWs(server) as client:
            client.send(8, struct.pack("!H", 3000))
            assert client.close_code() == 3000


def test_echo_endpoint():
    with loopback("--ws-echo") as server:
        for kind in (Client, Client2):
            with kind(server, path="/echo") as client:
                for message in ("", "text ü 電", "CALL:echo", "x" * 65535, "y" * 65536, "z" * (1 << 20)):
                    client.send(message)
                client.send(b"")
                client.send(os.urandom(70000))
                deadline = time.monotonic() + 10
                while len(client.control) + len(client.binary) < 8 and time.monotonic() < deadline:
                    time.sleep(0.02)
                assert [len(t) for _, t in client.control] == [0, 8, 9, 65535, 65536, 1 << 20], client.texts()
                assert [len(b) for _, b in client.binary] == [0, 70000]
        with RawWs(server, path="/echo") as client:
            client.send(1, b"a" * 10, fin=False)
            for _ in range(20):
                client.send(0, b"b", fin=False)
            client.send(0, b"")
            assert client.recv() == (1, b"a" * 10 + b"b" * 20)


def test_frames_in_single_bytes():
    with loopback() as server, RawWs(server) as client:
        for octet in client.frame(1, b"CALL:echo") + client.frame(9, b"p"):
            client.sock.sendall(bytes([octet]))
        client.recv_text("CALL_STATE:established")
        client.text("HANGUP")
        client.recv_text("CALL_STATE:ended:200")


def test_many_messages_in_one_packet():
    with loopback() as server, RawWs(server) as client:
        client.sock.sendall(client.frame(1, b"LIST_WAV") * 500)
        for _ in range(500):
            assert client.recv() == (1, b"WAV_LIST_END:0")


def test_limit_of_message():
    with loopback("--ws-max-message", "64K", "--upload-max", "32K") as server:
        refused_with(server, 1009, RawWs.frame(1, b"x", length=65537))  # text may be an upload, until its first letter
        refused_with(server, 1009, RawWs.frame(1, b"x" * 60000, fin=False) + RawWs.frame(0, b"x" * 6000))
        refused_with(server, 1009, RawWs.frame(2, b"", length=1 << 62))


def test_close_that_nobody_answers():
    """The server does not wait for ever: 5 s."""
    with loopback() as server, RawWs(server) as client:
        client.send(3, b"x")
        started = time.monotonic()
        assert client.close_code() == 1002 and client.at_end(10) and time.monotonic() - started < soon(7)


def test_ping_from_the_server():
    """Every 20 s; a client that answers stays, one that stays silent for 60 s is dropped (the latter with PEER_LONG)."""
    with loopback() as server, RawWs(server) as client:
        started = time.monotonic()
        opcode, payload = client.recv(30)
        assert opcode == 9 and 15 < time.monotonic() - started < 25, (opcode, time.monotonic() - started)
        client.send(10, payload)
        if LONG:
            assert client.close_code(80) is not None or client.at_end(10)


def test_server_stop_gives_1001():
    with loopback() as server:
        client, second = Client(server), Client2(server)
        client.call()
        server.stop()
        client.ended(200)
        assert client.wait_closed() == 1001 and second.wait_closed() == 1001
        client.close()
        second.close()


if __name__ == "__main__":
    main(sys.modules[__name__])
