# SPDX-License-Identifier: MIT
"""Cases for a WebSocket conformance run against /echo: octets out, the exact list of events that must come back."""
import os
import socket
import struct
import threading

from clients import RawWs
from common import loopback
from harness import wait_until
from timing import SLOW, soon

CONT, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
END = ("end",)
ENOUGH = 20  # wrong cases after which the rest is not tried


def frame(opcode, payload=b"", fin=True, rsv=0, mask=True, key=None, length=None, form=None):
    """A frame; length: what the header says when it is not true; form: 126 or 127 for a length in more octets than it needs."""
    size = len(payload) if length is None else length
    form = form or (size if size < 126 else 126 if size < 65536 else 127)
    head = struct.pack("!BB", (0x80 if fin else 0) | rsv << 4 | opcode, (0x80 if mask else 0) | form)
    head += struct.pack("!H", size) if form == 126 else struct.pack("!Q", size) if form == 127 else b""
    if not mask:
        return head + payload
    key = os.urandom(4) if key is None else key
    stream = (key * (len(payload) // 4 + 1))[:len(payload)]
    masked = int.from_bytes(payload, "big") ^ int.from_bytes(stream, "big")
    return head + key + masked.to_bytes(len(payload), "big")


def close(code=None, reason=b"", **options):
    return frame(CLOSE, b"" if code is None else struct.pack("!H", code) + reason, **options)


def fragments(opcode, pieces):
    last = len(pieces) - 1
    return b"".join(frame(CONT if i else opcode, piece, fin=i == last) for i, piece in enumerate(pieces))


def cut(octets, size):
    return [octets[i:i + size] for i in range(0, len(octets), size)] or [b""]


# What may come back.

def text(payload=b""):
    return "text", payload


def binary(payload=b""):
    return "binary", payload


def pong(payload=b""):
    return "pong", payload


def failed(code):
    """The server fails the connection: a close frame of its own, then nothing."""
    return "failed", code


def answered(code=None, reason=b""):
    """The server answers our close frame with the same (None: without a body) and closes the stream."""
    return "answered", code, reason


class Case:
    def __init__(self, name, octets, *events, wire=None):
        """octets: bytes, or a list of pieces that are written one by one; wire: size of such pieces."""
        self.name, self.events = name, list(events)
        self.pieces = octets if isinstance(octets, list) else [octets]
        if wire:
            self.pieces = cut(b"".join(self.pieces), wire)


class Peer(RawWs):
    """Reads frames as strictly as RFC 6455 lets a client: no mask, no reserved bits, shortest length, fragments in order."""

    def __init__(self, server, headers=()):
        super().__init__(server, path="/echo", headers=headers)
        assert self.status == 101, self.head
        self.sock.settimeout(5 * SLOW)
        self.at = 0
        self.kind, self.parts = None, []
        self.sender = None

    def write(self, pieces):
        """From a thread of its own when it is much: the server reads no more than the client reads of the echo."""
        if sum(len(p) for p in pieces) > 30000:
            self.sender = threading.Thread(target=self._write, args=(pieces,), daemon=True)
            self.sender.start()
        else:
            self._write(pieces)

    def _write(self, pieces):
        try:
            for piece in pieces:
                self.sock.sendall(piece)
        except OSError:  # the server has had enough
            pass

    def finish(self):
        """Nothing more from us. The server may have gone already, where it can find no frame any more."""
        try:
            self.sock.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def take(self, count):
        if len(self.buffer) - self.at < count:
            parts = [self.buffer[self.at:]]
            have = len(parts[0])
            while have < count:
                more = self.sock.recv(1 << 18)
                if not more:
                    raise EOFError
                parts.append(more)
                have += len(more)
            self.buffer, self.at = b"".join(parts), 0
        self.at += count
        return self.buffer[self.at - count:self.at]

    def frame_in(self):
        first, second = self.take(2)
        assert not first & 0x70 and not second & 0x80, "reserved bits or a mask: %02x %02x" % (first, second)
        fin, opcode, size = bool(first & 0x80), first & 0x0F, second & 0x7F
        assert opcode in (CONT, TEXT, BINARY, CLOSE, PING, PONG), "opcode %d" % opcode
        assert opcode < 8 or (fin and size < 126), "control frame in fragments or too long"
        if size == 126:
            size = struct.unpack("!H", self.take(2))[0]
            assert size > 125, "length not minimal"
        elif size == 127:
            size = struct.unpack("!Q", self.take(8))[0]
            assert size > 65535, "length not minimal"
        return fin, opcode, self.take(size)

    def event(self):
        """The next message, pong, close ("close", code or None, reason) or the end of the stream."""
        try:
            while True:
                fin, opcode, payload = self.frame_in()
                if opcode == CLOSE:
                    assert len(payload) != 1, "close frame with one octet"
                    payload[2:].decode()
                    return "close", struct.unpack("!H", payload[:2])[0] if payload else None, payload[2:]
                if opcode == PING:  # each 20 s: a million pieces take longer on a slow machine, and are a sign of life
                    continue
                if opcode >= 8:
                    assert opcode == PONG, "an unknown control frame"
                    return pong(payload)
                assert (opcode == CONT) == (self.kind is not None), "fragments out of order"
                self.kind = self.kind or ("text" if opcode == TEXT else "binary")
                self.parts.append(payload)
                if fin:
                    kind, whole = self.kind, b"".join(self.parts)
                    self.kind, self.parts = None, []
                    return kind, whole
        except (EOFError, ConnectionError):
            return END


def short(event):
    return tuple(v if not isinstance(v, bytes) or len(v) < 40 else v[:30] + b"...%d" % len(v) for v in event)


def expect(peer, name, wanted):
    got = peer.event()
    if wanted[0] == "failed":  # with whatever reason
        assert got[:2] == ("close", wanted[1]), "%s: %s, expected %s" % (name, short(got), wanted)
    elif wanted[0] == "answered":
        assert got == ("close",) + wanted[1:], "%s: %s, expected %s" % (name, short(got), wanted)
    else:
        assert got == wanted, "%s: %s, expected %s" % (name, short(got), short(wanted))


def run_case(server, case):
    with Peer(server) as peer:
        peer.write(case.pieces)
        for wanted in case.events:
            expect(peer, case.name, wanted)
        last = case.events[-1][0] if case.events else None
        if last == "failed":
            peer.finish()
        elif last != "answered":  # still alive, with nothing unasked in between
            if peer.sender:
                peer.sender.join()
            peer.write([frame(PING, b"alive"), close(1000)])
            expect(peer, case.name, pong(b"alive"))
            expect(peer, case.name, answered(1000))
        peer.sock.settimeout(soon(3))
        got = peer.event()
        assert got == END, "%s: %s after the close" % (case.name, short(got))


def run(cases, *flags, workers=2):
    """Runs them all; returns their number."""
    cases = list(cases)
    assert len({c.name for c in cases}) == len(cases), "names repeat"
    wrong, lock, todo = [], threading.Lock(), iter(cases)

    def work(server):
        while True:
            with lock:
                case = next(todo, None)
            if case is None or len(wrong) >= ENOUGH:
                return
            try:
                run_case(server, case)
            except (AssertionError, OSError, UnicodeError) as error:
                wrong.append("%s: %s" % (case.name, error))
    with loopback("--ws-echo", *flags) as server:
        fds = server.fds()
        threads = [threading.Thread(target=work, args=(server,)) for _ in range(workers)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not wrong, "%d wrong of %d cases:\n%s" % (len(wrong), len(cases), "\n".join(wrong))
        wait_until(lambda: server.fds() == fds, 8, "connections closed")
    print("     %d cases" % len(cases))
    return len(cases)
