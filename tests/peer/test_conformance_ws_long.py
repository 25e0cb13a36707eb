# SPDX-License-Identifier: MIT
"""The slow part of the conformance run: 16 MiB messages and whole ranges (label long)."""
import os
import sys

import kuhn
from conformance import (BINARY, CLOSE, TEXT, Case, Peer, answered, binary, close, cut, expect, failed, fragments, frame, run, run_case,
                         text)
from common import loopback
from harness import main, sanitized
from test_conformance_ws import INVALID_CODES, VALID_CODES, both, sample

MIB = 1 << 20
RAISED = ("--ws-max-message", "16M")


def big_cases():
    for size in (4 * MIB, 16 * MIB):
        for kind, opcode, payload, back in both(size):
            yield Case("%s of %d" % (kind, size), frame(opcode, payload), back)
            for wire in (64, 997):
                yield Case("%s of %d, %d octets at a time" % (kind, size, wire), frame(opcode, payload), back, wire=wire)
            for piece in (64, 256, 1024, 65536, MIB, 4 * MIB):
                yield Case("%s of %d in frames of %d" % (kind, size, piece), fragments(opcode, cut(payload, piece)), back)
    for kind, opcode, payload, back in both(MIB):
        yield Case("%s of %d, 1 octet at a time" % (kind, MIB), frame(opcode, payload), back, wire=1)
    yield Case("one over", frame(BINARY, length=16 * MIB + 1), failed(1009))
    yield Case("one over in fragments", fragments(BINARY, [bytes(16 * MIB), b"x"]), failed(1009))


def test_big_messages():
    run(big_cases(), *RAISED)


def test_big_messages_are_never_held():
    """16 MiB through a server that grows by less than 4."""
    with loopback("--ws-echo", *RAISED) as server:
        run_case(server, Case("first", frame(TEXT, b"a"), text(b"a")))
        before = server.status("VmHWM")
        payload = os.urandom(16 * MIB)
        for name, octets in (("one frame", frame(BINARY, payload)), ("fragments", fragments(BINARY, cut(payload, 4000)))):
            run_case(server, Case(name, octets, binary(payload)))
        growth = server.status("VmHWM") - before
        assert sanitized() or growth < 4096, "%d kB more" % growth


def test_every_code_point():
    everything = "".join(map(chr, list(range(0xD800)) + list(range(0xE000, 0x110000)))).encode()
    run([Case("in one frame", frame(TEXT, everything), text(everything)),
         Case("in frames of 7", fragments(TEXT, cut(everything, 7)), text(everything)),
         Case("in frames of 997, 64 octets at a time", fragments(TEXT, cut(everything, 997)), text(everything), wire=64)], *RAISED)


def test_every_second_octet():
    """Each lead octet with each octet behind it, unfinished or wrong: refused as soon as it can be known, not sooner."""
    def cases():
        for lead in range(0x80, 0x100):
            for second in range(0x100):
                octets = bytes([lead, second])
                if kuhn.first_bad(octets) is not None:
                    known = octets[:kuhn.first_bad(octets) + 1]
                    yield Case(octets.hex(), frame(TEXT, known, length=100), failed(1007))
                else:
                    rest = b"\x80" * sum(1 for _ in kuhn.follows(lead)[1:])
                    yield Case(octets.hex(), [frame(TEXT, octets, fin=False), frame(0, rest)], text(octets + rest))
    run(cases())


def test_every_close_code():
    valid = set(VALID_CODES) | set(range(3000, 5000))
    assert not valid & set(INVALID_CODES)
    run(Case("code %d" % code, close(code), answered(code) if code in valid else failed(1002)) for code in range(65536))


def test_every_first_octet():
    """Flags and opcode of a first frame, all 256, with a payload that is right for each kind."""
    def cases():
        for first in range(256):
            fin, rsv, opcode = bool(first & 0x80), first >> 4 & 7, first & 15
            payload = b"\x03\xe8" if opcode == CLOSE else b"x"
            legal = rsv == 0 and (opcode in (TEXT, BINARY) or (fin and opcode in (8, 9, 10)))
            octets = frame(opcode, payload, fin=fin, rsv=rsv)
            if not legal:
                yield Case("%02x" % first, octets, failed(1002))
            elif opcode in (TEXT, BINARY):
                kind = "text" if opcode == TEXT else "binary"
                yield Case("%02x" % first, octets + (b"" if fin else frame(0)), (kind, b"x"))
            else:
                yield Case("%02x" % first, octets, *{8: [answered(1000)], 9: [("pong", b"x")], 10: []}[opcode])
    run(cases())


def test_thousand_round_trips():
    for kind, opcode, size in (("text", TEXT, 0), ("text", TEXT, 1024), ("binary", BINARY, 1024), ("text", TEXT, 65536)):
        with loopback("--ws-echo") as server, Peer(server) as peer:
            for number in range(1000):
                payload = sample(size)
                peer.write([frame(opcode, payload)])
                expect(peer, "%s of %d, number %d" % (kind, size, number), (kind, payload))


if __name__ == "__main__":
    main(sys.modules[__name__], workers=2)
