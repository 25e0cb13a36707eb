# SPDX-License-Identifier: MIT
"""Who occupies what on the WebSocket port: strangers, crowds, descriptors that run out, and how a connection ends."""
import base64
import contextlib
import os
import resource
import socket
import sys
import time

import audio
from clients import Client, RawWs
from common import loopback, through
from harness import main, wait_until
from phone import Phone


def idle(server, count, source="127.0.0.1", say=b""):
    """Connections that never finish their request."""
    found = []
    for _ in range(count):
        sock = socket.create_connection(("127.0.0.1", server.ws_port), 5, (source, 0))
        if say:
            with contextlib.suppress(OSError):  # given up already
                sock.sendall(say)
        found.append(sock)
    return found


def close_all(sockets):
    for sock in sockets:
        sock.close()


def test_strangers_take_no_place():
    """72 connections from an address that is not let in: nobody notices, and few are held."""
    with loopback("--ws-allow", "127.0.0.1/32", "--max-clients", "2") as server:
        before = server.fds()
        strangers = idle(server, 72, "127.0.0.2") + idle(server, 72, "127.0.0.3", b"GET / HTTP/1.1\r\nHost: x\r\nX: ")
        with RawWs(server) as client:
            assert client.status == 101
        wait_until(lambda: server.fds() <= before + 8, 5, "a few an address are held: %d" % (server.fds() - before))
        clients = [Client(server) for _ in range(2)]
        clients[0].call()
        with RawWs(server, source="127.0.0.2") as stranger:  # and who asks is still told why not
            assert stranger.status == 403
        for client in clients:
            client.close()
        close_all(strangers)


def test_a_crowd_at_the_door():
    """150 idle connections from an address that is let in, one client among them after the other; then they are put out."""
    with loopback("--max-clients", "3") as server:
        before = server.fds()
        crowd = idle(server, 150)
        clients = [Client(server) for _ in range(3)]
        assert server.fds() <= before + 64 + 3
        for client in clients:
            client.close()
        wait_until(lambda: server.fds() <= before + 8, 9, "an address holds a few at most: %d" % (server.fds() - before))
        server.wait_log("Connection of 127.0.0.1:.* dropped: too many wait with their requests unsent")
        close_all(crowd)


def test_all_places_taken():
    """503, one limited line in the log; who is only told so takes no place."""
    with loopback("--max-clients", "2") as server:
        clients = [Client(server) for _ in range(2)]
        for _ in range(20):
            with RawWs(server) as client:
                assert client.status == 503
        lines = server.log.count("refused with 503: all 2 places of --max-clients are taken")
        assert 1 <= lines <= 6, lines
        clients[0].close()
        wait_until(lambda: RawWs(server).status == 101, 5, "a place is free again")
        clients[1].close()


def test_out_of_descriptors():
    """The listener rests, a line says why, and afterwards all is well."""
    with loopback() as server, Client(server) as client:
        soft, hard = resource.prlimit(server.pid, resource.RLIMIT_NOFILE)
        resource.prlimit(server.pid, resource.RLIMIT_NOFILE, (server.fds() + 2, hard))
        crowd = idle(server, 20)
        server.wait_log("WARNING A connection could not be taken: Too many open files")
        client.send("STATS")
        client.error("STATS", "no_call")
        resource.prlimit(server.pid, resource.RLIMIT_NOFILE, (soft, hard))
        close_all(crowd)
        with Client(server) as other:
            other.call()
        assert server.log.count("could not be taken") <= 6


def test_an_end_does_not_wait_for_the_other_side():
    """A client in a call that reads nothing: 1013, BYE at once, and its socket is closed although it is full."""
    with Phone() as phone, through(phone) as server:
        before = server.fds()
        with RawWs(server, rcvbuf=4096) as client:
            client.text("CALL:bob")
            phone.answer(ring=False)
            client.recv_text("CALL_STATE:established")
            for _ in range(80):  # in pieces, so that the socket is full when the output is
                client.sock.sendall(b"".join(client.frame(1, b"STATS") for _ in range(50)))
                time.sleep(0.01)
                if phone.all("BYE"):
                    break
            phone.take_bye()
            server.wait_log("closed with 1013: it left 64 KiB of text unread")
            server.wait_log("WebSocket client gone")
            wait_until(lambda: server.fds() <= before, 8, "descriptors closed")


def test_half_closed():
    """What came before the client's FIN is worked on, and answered: a request, commands, an upload that is flushed first."""
    with loopback() as server:
        with RawWs(server, upgrade=False) as client:
            client.sock.sendall(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            client.sock.shutdown(socket.SHUT_WR)
            assert client.read_head() == 200
        with RawWs(server) as client:
            wav = base64.b64encode(audio.wav_ulaw(audio.noise(50))).decode()
            commands = ["WAV_UPLOAD:h:" + wav] + ["DELETE_WAV:none"] * 200 + ["DELETE_WAV:h"]
            client.sock.sendall(b"".join(client.frame(1, text.encode()) for text in commands))
            client.sock.shutdown(socket.SHUT_WR)
            client.recv_text("WAV_ACK:")
            client.recv_text("WAV_DELETED:h")
            client.sock.settimeout(10)
            while client.sock.recv(65536):
                pass
        server.wait_log("WebSocket client gone")


def test_a_flood_beside_downloads_and_a_call():
    """Pings, fragments and many downloads at once: nobody starves, all end as they should."""
    with loopback("--max-clients", "64") as server, Client(server) as caller:
        with Client(server) as client:  # something to download
            client.call()
            client.wait_audio(20)
            client.hangup()
        caller.call()
        name = os.path.basename(server.recordings[0])
        floods = [RawWs(server) for _ in range(20)]
        downloads = [RawWs(server, upgrade=False) for _ in range(30)]
        pings = RawWs.frame(9) * 500
        rest = RawWs.frame(2, fin=False) + RawWs.frame(0, fin=False) * 500
        for number, client in enumerate(floods):
            client.sock.sendall(pings if number % 2 else rest)
        for client in downloads:
            client.sock.sendall(("GET /recordings/%s HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" % name).encode())
        for client in downloads:
            assert client.read_head() == 200
            size = len(client.buffer)
            for piece in iter(lambda: client.sock.recv(65536), b""):
                size += len(piece)
            assert size == int(client.header("Content-Length")) > 0
        caller.send("STATS")
        caller.stats()
        for client in floods:
            client.close()
        caller.hangup(200)


if __name__ == "__main__":
    main(sys.modules[__name__])
