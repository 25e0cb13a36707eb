# SPDX-License-Identifier: MIT
"""RFC 6455 on /echo in every corner that a conformance suite visits. Each case checks all that comes back, close code included.

framing  sizes, pieces on the wire, masks, lengths      pings    payloads, order, pongs unasked
reserved bits and opcodes                               fragments of messages and of control frames
utf8     valid, invalid, as early as it can be known    closing  codes, reasons, what comes after
limits   --ws-max-message                               deflate  offered and not taken
before   what was complete before a violation still comes back"""
import os
import sys
import time

import kuhn
from conformance import (BINARY, CLOSE, CONT, END, PING, PONG, TEXT, Case, Peer, answered, binary, close, cut, expect, failed, fragments,
                         frame, pong, run, text)
from common import loopback
from harness import main

SIZES = (0, 1, 125, 126, 127, 128, 8191, 8192, 8193, 65535, 65536, 1 << 20)
TEXT_UNIT = "grün電話𝄞-".encode()  # 1 to 4 octets a character, 18 in all


def sample(size):
    """Text of exactly that many octets, its characters at ever different places of a frame."""
    whole = TEXT_UNIT * (size // len(TEXT_UNIT))
    return whole + b"x" * (size - len(whole))


def both(size):
    yield "text", TEXT, sample(size), text(sample(size))
    octets = os.urandom(size)
    yield "binary", BINARY, octets, binary(octets)


def framing_cases():
    for size in SIZES:
        for kind, opcode, payload, back in both(size):
            whole = frame(opcode, payload)
            yield Case("%s of %d" % (kind, size), whole, back)
            for wire in (1, 64, 997):
                if len(whole) // wire < 20000:
                    yield Case("%s of %d, %d octets at a time" % (kind, size, wire), whole, back, wire=wire)
    for kind, opcode, payload, back in both(100):
        yield Case("%s twice in one write" % kind, frame(opcode, payload) * 2, back, back)
        yield Case("%s, mask of zeros" % kind, frame(opcode, payload, key=bytes(4)), back)
        yield Case("%s, mask of ones" % kind, frame(opcode, payload, key=b"\xff" * 4), back)
    yield Case("500 messages in one write", frame(TEXT, b"a") * 500, *[text(b"a")] * 500)
    yield Case("text and binary in turn", frame(TEXT, b"t") + frame(BINARY, b"b") + frame(TEXT, b"t"), text(b"t"), binary(b"b"),
               text(b"t"))
    yield Case("a client's word for the server", frame(TEXT, b"CALL:echo"), text(b"CALL:echo"))
    yield Case("line end stays", frame(TEXT, b"a\r\n"), text(b"a\r\n"))


def length_cases():
    """5.2: unmasked, or a length in more octets than it needs, or with the top bit set."""
    for opcode in (TEXT, BINARY, CONT, PING, PONG, CLOSE):
        for payload in (b"", b"\x03\xe8"):
            yield Case("opcode %d of %d without a mask" % (opcode, len(payload)), frame(opcode, payload, mask=False), failed(1002))
    yield Case("second message without a mask", frame(TEXT, b"a") + frame(TEXT, b"b", mask=False), text(b"a"), failed(1002))
    for opcode in (TEXT, BINARY, PING, PONG, CLOSE):
        for size, form in ((0, 126), (2, 126), (125, 126), (0, 127), (125, 127), (126, 127), (65535, 127)):
            payload = b"\x03\xe8" + b"x" * (size - 2) if size > 1 else b""
            yield Case("opcode %d: %d as %d" % (opcode, size, form), frame(opcode, payload, form=form), failed(1002))
    for length in (1 << 63, (1 << 64) - 1):
        for opcode in (TEXT, BINARY, PING):
            yield Case("opcode %d of %x" % (opcode, length), frame(opcode, length=length), failed(1002))
    yield Case("head only, in single octets", frame(TEXT, length=1 << 63), failed(1002), wire=1)


def test_framing():
    run(framing_cases())


def test_lengths_and_masks():
    run(length_cases())


def ping_cases():
    for size in range(126):
        yield Case("ping of %d" % size, frame(PING, bytes(range(size))), pong(bytes(range(size))))
    for size in (0, 1, 125):
        yield Case("ping of %d in single octets" % size, frame(PING, b"\xfe" * size), pong(b"\xfe" * size), wire=1)
        yield Case("pong of %d unasked" % size, frame(PONG, b"p" * size))
        yield Case("pong of %d unasked, in single octets" % size, frame(PONG, b"p" * size), wire=1)
    for size in (126, 127, 1000, 65535, 65536):
        yield Case("ping of %d" % size, frame(PING, b"x" * size), failed(1002))
        yield Case("pong of %d" % size, frame(PONG, b"x" * size), failed(1002))
        yield Case("close of %d" % size, close(1000, b"x" * (size - 2)), failed(1002))
    yield Case("ping of 126, its head only", frame(PING, length=126), failed(1002))
    pings = b"".join(frame(PING, b"payload-%d" % i) for i in range(10))
    pongs = [pong(b"payload-%d" % i) for i in range(10)]
    yield Case("10 pings", pings, *pongs)
    yield Case("10 pings in single octets", pings, *pongs, wire=1)
    yield Case("1000 pings of 125", frame(PING, b"z" * 125) * 1000, *[pong(b"z" * 125)] * 1000)
    yield Case("ping, pong unasked, ping", frame(PING, b"a") + frame(PONG, b"b") + frame(PING, b"c"), pong(b"a"), pong(b"c"))
    yield Case("pong as if to a ping", frame(PONG, b"alive"))
    yield Case("ping of invalid UTF-8", frame(PING, b"\xff\x00\x80"), pong(b"\xff\x00\x80"))
    yield Case("ping between two messages", frame(TEXT, b"a") + frame(PING, b"p") + frame(TEXT, b"b"), text(b"a"), pong(b"p"), text(b"b"))


def test_pings():
    run(ping_cases())


def reserved_cases():
    for rsv in range(1, 8):
        for opcode, payload in ((TEXT, b"x"), (TEXT, b""), (BINARY, b"x"), (PING, b"x"), (PONG, b""), (CLOSE, b"\x03\xe8")):
            yield Case("bits %d, opcode %d of %d" % (rsv, opcode, len(payload)), frame(opcode, payload, rsv=rsv), failed(1002))
        yield Case("bits %d after a message" % rsv, frame(TEXT, b"a") + frame(TEXT, b"b", rsv=rsv) + frame(PING, b"p"), text(b"a"),
                   failed(1002))
        yield Case("bits %d after a message, in single octets" % rsv,
                   frame(TEXT, b"a") + frame(TEXT, b"b", rsv=rsv) + frame(PING, b"p"), text(b"a"), failed(1002), wire=1)
        yield Case("bits %d in a fragment" % rsv, frame(TEXT, b"a", fin=False) + frame(CONT, b"b", rsv=rsv), failed(1002))
    for opcode in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15):
        for payload in (b"", b"payload"):
            bad = frame(opcode, payload)
            yield Case("opcode %d of %d" % (opcode, len(payload)), bad, failed(1002))
            yield Case("message, opcode %d of %d, ping" % (opcode, len(payload)), frame(TEXT, b"a") + bad + frame(PING), text(b"a"),
                       failed(1002))
        yield Case("opcode %d in single octets" % opcode, frame(TEXT, b"a") + frame(opcode, b"x"), text(b"a"), failed(1002), wire=1)
        yield Case("opcode %d inside a message" % opcode, frame(TEXT, b"a", fin=False) + frame(opcode, b"x"), failed(1002))
        yield Case("opcode %d, not final" % opcode, frame(opcode, b"x", fin=False), failed(1002))


def test_reserved_bits_and_opcodes():
    run(reserved_cases())


def fragment_cases():
    for opcode in (PING, PONG, CLOSE):
        for payload in (b"", b"\x03\xe8"):
            yield Case("control %d of %d, not final" % (opcode, len(payload)), frame(opcode, payload, fin=False), failed(1002))
        yield Case("control %d in two" % opcode, fragments(opcode, [b"\x03\xe8", b"x"]), failed(1002))
    for kind, opcode, back in (("text", TEXT, text), ("binary", BINARY, binary)):
        two = fragments(opcode, [b"frag", b"ment"])
        yield Case(kind + " in two", two, back(b"fragment"))
        for wire in (1, 64):
            yield Case("%s in two, %d octets at a time" % (kind, wire), two, back(b"fragment"), wire=wire)
        yield Case(kind + " in two writes", [two[:10], two[10:]], back(b"fragment"))
        between = frame(opcode, b"frag", fin=False) + frame(PING, b"between") + frame(CONT, b"ment")
        yield Case("ping inside " + kind, between, pong(b"between"), back(b"fragment"))
        yield Case("ping inside %s, single octets" % kind, between, pong(b"between"), back(b"fragment"), wire=1)
        yield Case("pong inside " + kind, frame(opcode, b"a", fin=False) + frame(PONG, b"p") + frame(CONT, b"b"), back(b"ab"))
        for pieces in ([b"", b""], [b"", b"", b""], [b"", b"middle", b""], [b"a", b"", b"b"], [b"a"] * 100):
            yield Case("%s of %s" % (kind, [len(p) for p in pieces[:4]]), fragments(opcode, pieces), back(b"".join(pieces)))
        yield Case(kind + " in five, pings between", b"".join(
            frame(CONT if i else opcode, b"%d" % i, fin=i == 4) + frame(PING, b"p%d" % i) for i in range(5)),
            *[pong(b"p%d" % i) for i in range(4)], back(b"01234"), pong(b"p4"))
        yield Case(kind + ", continued after its end", two + frame(CONT, b"more"), back(b"fragment"), failed(1002))
        yield Case(kind + ", continued after its end, not final", two + frame(CONT, b"more", fin=False), back(b"fragment"), failed(1002))
        for second in (TEXT, BINARY):
            for fin in (True, False):
                yield Case("%s, then opcode %d %s inside" % (kind, second, "final" if fin else "not final"),
                           frame(opcode, b"a", fin=False) + frame(second, b"b", fin=fin) + frame(CONT, b"c"), failed(1002))
                yield Case("%s in two, then opcode %d %s inside" % (kind, second, "final" if fin else "not final"),
                           frame(opcode, b"a", fin=False) + frame(CONT, b"b", fin=False) + frame(second, b"c", fin=fin), failed(1002))
        for size in (4096, 65536, 1 << 18):
            for piece in (1, 64, 125, 126, 997, 8192):
                if size // piece <= 4096:
                    payload = sample(size)
                    yield Case("%s of %d in frames of %d" % (kind, size, piece), fragments(opcode, cut(payload, piece)), back(payload))
    for fin in (True, False):
        for payload in (b"", b"x"):
            octets = frame(CONT, payload, fin=fin)
            yield Case("continuation of nothing, %s, %d" % (fin, len(payload)), octets, failed(1002))
            yield Case("continuation of nothing, %s, %d, then text" % (fin, len(payload)), octets + frame(TEXT, b"a"), failed(1002))
            yield Case("the same three times, %s, %d" % (fin, len(payload)), (octets + fragments(TEXT, [b"a", b"b"])) * 3, failed(1002))
    yield Case("close inside a message", frame(TEXT, b"a", fin=False) + close(1000) + frame(CONT, b"b"), answered(1000))
    yield Case("frames of one octet with all that is allowed between", b"".join(
        frame(CONT if i else TEXT, bytes([b]), fin=i == len(TEXT_UNIT) - 1) + frame(PONG) for i, b in enumerate(TEXT_UNIT)),
        text(TEXT_UNIT))


def test_fragments():
    run(fragment_cases())


def utf8_valid_cases():
    for index, octets in enumerate(kuhn.VALID):
        yield Case("valid %d" % index, frame(TEXT, octets), text(octets))
        yield Case("valid %d in frames of one octet" % index, fragments(TEXT, cut(octets, 1)), text(octets))
        yield Case("valid %d in single octets" % index, frame(TEXT, octets), text(octets), wire=1)
    whole = b"".join(kuhn.VALID)
    yield Case("all of them", frame(TEXT, whole), text(whole))
    for size in range(1, 9):
        yield Case("all of them in frames of %d" % size, fragments(TEXT, cut(whole, size)), text(whole))
    yield Case("ping inside a character", frame(TEXT, b"\xe9\x9b", fin=False) + frame(PING, b"\xff") + frame(CONT, b"\xbb"), pong(b"\xff"),
               text("電".encode()))
    yield Case("empty fragment inside a character", fragments(TEXT, [b"\xe9\x9b", b"", b"\xbb"]), text("電".encode()))
    for octets in (b"\xff", b"\xc0\xaf", b"\xed\xa0\x80"):
        yield Case("binary is not text: " + octets.hex(), frame(BINARY, octets), binary(octets))


def utf8_invalid_cases():
    before = "κόσμε".encode()
    for name, octets in kuhn.INVALID.items():
        yield Case(name, frame(TEXT, octets), failed(1007))
        yield Case(name + ", text around it", frame(TEXT, before + octets + b"edited"), failed(1007))
        yield Case(name + " in frames of one octet", fragments(TEXT, cut(before + octets + b"edited", 1)), failed(1007))
        yield Case(name + " in single octets", frame(TEXT, octets + b"edited"), failed(1007), wire=1)
    for octets in kuhn.UNFINISHED:
        yield Case("unfinished at the end: " + octets.hex(), frame(TEXT, octets), failed(1007))
        yield Case("unfinished at the end, text before: " + octets.hex(), frame(TEXT, before + octets), failed(1007))
        yield Case("unfinished at the last fragment's end: " + octets.hex(), fragments(TEXT, [before, octets]), failed(1007))
        yield Case("unfinished, then an empty last fragment: " + octets.hex(), fragments(TEXT, [before + octets, b""]), failed(1007))
        yield Case("unfinished in one message, next message: " + octets.hex(), frame(TEXT, before) + frame(TEXT, octets) +
                   frame(TEXT, before), text(before), failed(1007))


def fail_fast_cases():
    """The octets end with the first wrong one: neither the rest of the frame nor of the message ever comes."""
    before = "κόσμε".encode()
    for name, octets in kuhn.INVALID.items():
        known = before + octets[:kuhn.first_bad(octets) + 1]
        yield Case(name + " in a frame", frame(TEXT, known, length=len(known) + 6), failed(1007))
        yield Case(name + " in a long frame", frame(TEXT, known, length=1 << 20), failed(1007))
        yield Case(name + " at a fragment's end", frame(TEXT, known, fin=False), failed(1007))
        yield Case(name + " in the second fragment", frame(TEXT, known[:-1], fin=False) + frame(CONT, known[-1:], fin=False, length=9),
                   failed(1007))
        yield Case(name + " in the second fragment, a ping before", frame(TEXT, known[:-1], fin=False) + frame(PING, b"p") +
                   frame(CONT, known[-1:], fin=False, length=9), pong(b"p"), failed(1007))


def test_utf8_valid():
    run(utf8_valid_cases())


def test_utf8_invalid():
    run(utf8_invalid_cases())


def test_utf8_fails_fast():
    run(fail_fast_cases())


# IANA's registry of close codes; 1004 reserved, 1005, 1006 and 1015 never on the wire (RFC 6455 7.4.1); 3000-4999 for others.
VALID_CODES = [1000, 1001, 1002, 1003] + list(range(1007, 1015)) + [3000, 3001, 3999, 4000, 4001, 4999]
INVALID_CODES = [0, 1, 500, 999, 1004, 1005, 1006, 1015, 1016, 1100, 1999, 2000, 2999, 5000, 32768, 65535]


def closing_cases():
    yield Case("no body", close(), answered())
    yield Case("no body, in single octets", close(), answered(), wire=1)
    yield Case("one octet", frame(CLOSE, b"\x03"), failed(1002))
    yield Case("one octet, a zero", frame(CLOSE, b"\0"), failed(1002))
    for code in VALID_CODES:
        yield Case("code %d" % code, close(code), answered(code))
        yield Case("code %d and reason" % code, close(code, "grün電".encode()), answered(code, "grün電".encode()))
        yield Case("code %d, a message before" % code, frame(TEXT, b"a") + close(code, b"bye"), text(b"a"), answered(code, b"bye"))
        yield Case("code %d in single octets" % code, close(code, b"bye"), answered(code, b"bye"), wire=1)
        yield Case("code %d, reason not UTF-8" % code, close(code, b"\xc3\x28"), failed(1007))
        yield Case("code %d, not final" % code, close(code, b"x", fin=False), failed(1002))
        yield Case("code %d, reserved bit" % code, close(code, rsv=1), failed(1002))
        yield Case("code %d, no mask" % code, close(code, mask=False), failed(1002))
    for code in INVALID_CODES:
        yield Case("code %d" % code, close(code), failed(1002))
        yield Case("code %d and reason" % code, close(code, b"bye"), failed(1002))
    yield Case("reason of 123", close(1000, b"x" * 123), answered(1000, b"x" * 123))
    yield Case("reason of 123, last character cut", close(1000, b"x" * 122 + b"\xc3"), failed(1007))
    yield Case("reason of 124", close(1000, b"x" * 124), failed(1002))
    yield Case("reason of a NUL", close(1000, b"\0"), answered(1000, b"\0"))
    for name, octets in kuhn.INVALID.items():
        yield Case("reason %s" % name, close(1000, octets[:123]), failed(1007))
    for index, octets in enumerate(kuhn.VALID):
        yield Case("valid reason %d" % index, close(1000, octets), answered(1000, octets))
    for name, after in (("text", frame(TEXT, b"late")), ("ping", frame(PING, b"late")), ("pong", frame(PONG)),
                        ("a second close", close(1001)), ("reserved bits", frame(TEXT, b"x", rsv=7)), ("no mask", frame(TEXT, mask=False)),
                        ("invalid UTF-8", frame(TEXT, b"\xff")), ("1 MiB", frame(BINARY, bytes(1 << 20))), ("noise", os.urandom(5000)),
                        ("half a head", b"\x81")):
        yield Case("close, then " + name, close(1000) + after, answered(1000))
        yield Case("message, close, then " + name, frame(TEXT, b"a") + close(3000, b"bye") + after, text(b"a"), answered(3000, b"bye"))
    half = sample(1 << 18)
    yield Case("half a message, close, the rest", frame(TEXT, half, fin=False) + close(1000) + frame(CONT, b"x"), answered(1000))
    yield Case("256 KiB, close at once", frame(TEXT, half) + close(1000), text(half), answered(1000))
    yield Case("pings, close at once", frame(PING, b"p") * 100 + close(1000), *[pong(b"p")] * 100, answered(1000))


def test_closing():
    run(closing_cases())


def violation_cases():
    """What came completely before it goes back first, however much of it waits."""
    half = sample(1 << 18)
    for name, octets, code in (("reserved bits", frame(TEXT, b"x", rsv=2), 1002), ("opcode", frame(5, b"x"), 1002),
                               ("no mask", frame(TEXT, b"x", mask=False), 1002), ("continuation", frame(CONT, b"x"), 1002),
                               ("ping in fragments", frame(PING, fin=False), 1002), ("long ping", frame(PING, b"x" * 126), 1002),
                               ("length", frame(TEXT, length=1 << 63), 1002), ("UTF-8", frame(TEXT, b"\xff"), 1007),
                               ("size", frame(TEXT, length=1 << 40), 1009), ("close code", close(999), 1002),
                               ("close reason", close(1000, b"\xff"), 1007), ("close of one octet", frame(CLOSE, b"x"), 1002)):
        yield Case("message, " + name, frame(TEXT, b"first") + octets, text(b"first"), failed(code))
        yield Case("message, %s, message" % name, frame(TEXT, b"first") + octets + frame(TEXT, b"never"), text(b"first"), failed(code))
        yield Case("two messages and a ping, " + name, frame(TEXT, b"1") + frame(BINARY, b"2") + frame(PING, b"3") + octets, text(b"1"),
                   binary(b"2"), pong(b"3"), failed(code))
        yield Case("256 KiB, " + name, frame(TEXT, half) + octets, text(half), failed(code))
        yield Case("256 KiB in frames of 997, " + name, fragments(BINARY, cut(half, 997)) + octets, binary(half), failed(code))
        inside = {"continuation": frame(TEXT, b"x"), "UTF-8": frame(CONT, b"\xff")}.get(name, octets)
        yield Case("inside a message, " + name, frame(TEXT, b"first", fin=False) + inside, failed(code))


def test_echo_before_a_violation():
    run(violation_cases())


def limit_cases(limit):
    for kind, opcode, payload, back in both(limit):
        yield Case(kind + " at the limit", frame(opcode, payload), back)
        yield Case(kind + " at the limit in frames of 64", fragments(opcode, cut(payload, 64)), back)
        yield Case(kind + " at the limit, an empty end", fragments(opcode, [payload, b""]), back)
        yield Case(kind + " at the limit, twice", frame(opcode, payload) * 2, back, back)
        yield Case(kind + " one over", frame(opcode, payload + b"x"), failed(1009))
        yield Case(kind + " one over, head only", frame(opcode, length=limit + 1), failed(1009))
        yield Case(kind + " one over in the second fragment, head only",
                   frame(opcode, payload, fin=False) + frame(CONT, length=1), failed(1009))
        yield Case(kind + " one over in frames of 64", fragments(opcode, cut(payload + b"x", 64)), failed(1009))
        yield Case(kind + " over, pings go on until then", frame(opcode, payload, fin=False) + frame(PING, b"p") + frame(CONT, b"x"),
                   pong(b"p"), failed(1009))
        for length in (1 << 31, 1 << 32, (1 << 32) + 1, (1 << 63) - 1):
            yield Case("%s of %d" % (kind, length), frame(opcode, length=length), failed(1009))
            yield Case("%s, then %d more" % (kind, length), frame(opcode, b"x", fin=False) + frame(CONT, length=length), failed(1009))
        yield Case(kind + " over, a message before", frame(TEXT, b"a") + frame(opcode, length=limit + 1), text(b"a"), failed(1009))


def test_limit():
    run(limit_cases(65536), "--ws-max-message", "64K", "--upload-max", "32K")


OFFERS = ("permessage-deflate", "permessage-deflate; client_max_window_bits", "permessage-deflate; server_no_context_takeover",
          "permessage-deflate; server_max_window_bits=10, permessage-deflate", "x-webkit-deflate-frame", "nobody-knows; a=b; c=\"d\"")


def test_deflate_is_not_taken():
    """RFC 7692 5: not accepted means no such header in the answer; then a compressed message is one with a reserved bit."""
    deflated = bytes.fromhex("f248cdc9c90700")  # "Hello", RFC 7692 7.2.3.1
    with loopback("--ws-echo") as server:
        for offer in OFFERS:
            headers = ["Sec-WebSocket-Extensions: " + offer]
            with Peer(server, headers) as peer:
                assert peer.header("Sec-WebSocket-Extensions") is None, peer.head
                peer.write([frame(TEXT, b"plain"), frame(TEXT, deflated, rsv=4)])
                expect(peer, offer, text(b"plain"))
                expect(peer, offer, failed(1002))
            with Peer(server, headers) as peer:
                peer.write([close(1000)])
                expect(peer, offer, answered(1000))
    print("     %d cases" % (2 * len(OFFERS)))


def test_slow_reader_gets_all():
    """Echo and the close behind it, to a client that reads only when all is sent."""
    payload = sample(1 << 17)
    with loopback("--ws-echo") as server:
        for name, octets, last in (("violation", frame(TEXT, b"x", rsv=1), failed(1002)), ("close", close(1000), answered(1000))):
            with Peer(server) as peer:
                peer.sock.sendall(frame(TEXT, payload[:30000]) * 4 + octets)
                for _ in range(4):
                    expect(peer, name, text(payload[:30000]))
                expect(peer, name, last)


def test_failing_server_does_not_wait_for_ever():
    """A client that neither answers the close nor goes: the stream ends within the 5 s of the close handshake."""
    with loopback("--ws-echo") as server, Peer(server) as peer:
        peer.write([frame(TEXT, b"x", rsv=1)])
        expect(peer, "silent client", failed(1002))
        peer.sock.settimeout(12)
        assert peer.event() == END


def test_close_frames_split_anywhere():
    """A close frame of 1012 in two writes, at every place."""
    octets = close(1012, "grün".encode())
    with loopback("--ws-echo") as server:
        for at in range(1, len(octets)):
            with Peer(server) as peer:
                peer.write([octets[:at]])
                time.sleep(0.01)
                peer.write([octets[at:]])
                expect(peer, "split at %d" % at, answered(1012, "grün".encode()))
                assert peer.event() == END


if __name__ == "__main__":
    main(sys.modules[__name__], workers=4)
