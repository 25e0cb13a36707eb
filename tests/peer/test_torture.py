# SPDX-License-Identifier: MIT
"""The messages of RFC 4475 and RFC 5118 sent to a running server: idle, while it rings, and in a call.

Each must bring the reaction of the table and nothing else; the call that runs and the calls that follow notice nothing.
A message and then an OPTIONS of our own: by the time that one is answered, everything about the message has been seen."""
import collections
import contextlib
import hashlib
import itertools
import os
import random
import re
import secrets
import socket
import sys
import threading
import time

import audio
from clients import Client
from common import established
from harness import Server, main, sanitized, wait_until
from phone import Phone
from timing import LONG, SLOW, WRAPPER, soon

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "torture")
SOURCE = "source"  # the answer goes to the port that the message came from (rport), else to that of its Via

Row = collections.namedtuple("Row", "name verdict code to more")


def row(name, verdict, code, to=5060, more=()):
    """verdict: what the RFC says of the message. code: of the one response, None: no answer. to: its port; more: what it
    must contain."""
    return Row(name, verdict, code, to, more)


ALLOW = (rb"(?m)^Allow: .*\bINVITE\b.*\bBYE\b",)
RFC4475 = [
    row("wsinv", "valid, but a To tag: of no dialog", 481),
    row("intmeth", "valid", 501, more=ALLOW),
    row("esc01", "valid", 480),
    row("escnull", "valid", 405, more=ALLOW),
    row("esc02", "valid", 501, more=ALLOW),
    row("lwsdisp", "treat as valid", 200, more=ALLOW),
    row("longreq", "valid", 480),
    row("dblreq", "valid, more octets behind it", 405, more=ALLOW),
    row("semiuri", "valid", 200, more=ALLOW),
    row("transports", "valid", 200, more=ALLOW),
    row("mpart01", "valid", 405, SOURCE, more=ALLOW),
    row("unreason", "valid, no request of ours", None),
    row("noreason", "valid, no request of ours", None),
    row("badinv01", "invalid", 400),
    row("clerr", "invalid", 400),
    row("ncl", "invalid", 400),
    row("scalar02", "invalid", 400),
    row("scalarlg", "invalid response", None),
    row("quotbal", "invalid", 400, 5050),
    row("ltgtruri", "invalid", 400),
    row("lwsruri", "invalid", 400),
    row("lwsstart", "invalid", 400),
    row("trws", "invalid", 400),
    row("escruri", "invalid, its headers are never applied", 480),
    row("baddate", "invalid, Date is not used", 480),
    row("regbadct", "invalid", 400),
    row("badaspec", "invalid", 400),
    row("baddn", "invalid", 400),
    row("badvers", "invalid", 505),
    row("mismatch01", "invalid", 400),
    row("mismatch02", "invalid", 400),
    row("bigcode", "invalid response", None),
    row("badbranch", "odd: matched as RFC 2543 says", 200, more=ALLOW),
    row("insuf", "invalid", 400),
    row("unkscm", "well-formed", 416),
    row("novelsc", "well-formed", 416),
    row("unksm2", "well-formed", 405, more=ALLOW),
    row("bext01", "well-formed", 420, more=(rb"(?m)^Unsupported: nothingSupportsThis, ?nothingSupportsThisEither\r$",)),
    row("invut", "well-formed", 415, more=(rb"(?m)^Accept: application/sdp\b",)),
    row("regaut01", "well-formed", 405, more=ALLOW),
    row("multi01", "invalid", 400),
    row("mcl01", "invalid", 400),
    row("bcast", "well-formed, no request of ours", None),
    row("zeromf", "valid: we are an end point", 200, more=ALLOW),
    row("cparam01", "valid", 405, more=ALLOW),
    row("cparam02", "valid", 405, more=ALLOW),
    row("regescrt", "valid", 405, more=ALLOW),
    row("sdp01", "well-formed, takes no SDP", 406),
    row("inv2543", "valid in RFC 2543", 480),
    row("test", "no request line", None),
]
RFC5118 = [
    row("ipv6-good", "valid", 405, more=ALLOW),
    row("ipv6-bad", "invalid", 400),
    row("port-ambiguous", "well-formed", 405, more=ALLOW),
    row("port-unambiguous", "valid", 405, more=ALLOW),
    row("via-received-param-with-delim", "accept: a BYE of no dialog", 481),
    row("via-received-param-no-delim", "valid", 200, more=ALLOW),
    row("ipv6-in-sdp", "Content-Length over the body", 400),
    row("mult-ip-in-header", "valid: a BYE of no dialog", 481, 6050),
    row("mult-ip-in-sdp", "valid", 480),
    row("ipv4-mapped-ipv6", "valid", 480, 19823),
    row("ipv6-bug-abnf-3-colons", "tolerate", 200, more=ALLOW),
    row("ipv6-correct-abnf-2-colons", "valid", 200, more=ALLOW),
]
# As archived, with LF for CRLF: lines end there too for us, but a body is shorter and two have no blank line.
LF_CODES = {"mult-ip-in-sdp": 400, "ipv6-bug-abnf-3-colons": 400, "ipv6-correct-abnf-2-colons": 400}
LF_RFC5118 = [r._replace(code=LF_CODES[r.name], verdict="invalid with LF", more=()) if r.name in LF_CODES else r
              for r in RFC5118]

RFC4475_AND_5118 = [("", r) for r in RFC4475] + [("rfc5118-wire", r) for r in RFC5118]
AS_ARCHIVED = [("rfc5118", r) for r in LF_RFC5118]
PORTS = (5060, 5050, 6050, 19823)


def load(folder, name):
    with open(os.path.join(FOLDER, folder, name + ".dat"), "rb") as file:
        return file.read()


def header_values(octets, *names):
    """Values of those headers, unfolded, without blanks, one of a list each."""
    head = re.split(rb"\r?\n\r?\n", octets, maxsplit=1)[0]
    head = re.sub(rb"\r?\n[ \t]+", b" ", head)
    found = []
    for line in re.split(rb"\r?\n", head)[1:]:
        name, _, value = line.partition(b":")
        if name.strip().lower().decode("latin-1") in names:
            found += [re.sub(rb"[ \t]", b"", v) for v in (value.split(b",") if "via" in names else [value])]
    return found


def loopback_ip():
    return "127.%d.%d.%d" % (random.randrange(16, 250), random.randrange(250), random.randrange(2, 250))


class Tormentor:
    """Sends the messages from the SIP server's address (nobody else is more trusted) and takes what comes back, by port."""

    def __init__(self, server, ip):
        self.ip, self.to = ip, ("127.0.0.1", server.sip_port)
        self.socks = {}
        for port in PORTS + (0,):
            sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            sock.bind((ip, port))
            self.socks[port or SOURCE] = sock
        self.port = self.socks[SOURCE].getsockname()[1]
        self.numbers = itertools.count(1)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for sock in self.socks.values():
            sock.close()

    def send(self, octets):
        self.socks[SOURCE].sendto(octets, self.to)

    def reaction(self, octets):
        """[(port, octets)] of what comes back for it."""
        self.send(octets)
        came = self.probe()
        for port, sock in self.socks.items():
            sock.setblocking(False)
            while True:
                try:
                    came.append((port, sock.recv(65536)))
                except BlockingIOError:
                    break
        return came

    def drain(self):
        """Waits until all has been looked at, and forgets what came back."""
        self.reaction(b"\r\n\r\n")

    def probe(self):
        """A plain OPTIONS; what comes before its answer is given back, its answer is not."""
        number, came = next(self.numbers), []
        call_id = "probe%d-%s" % (number, secrets.token_hex(4))
        self.send(("OPTIONS sip:%s:%d SIP/2.0\r\nVia: SIP/2.0/UDP %s:9;branch=z9hG4bK%s;rport\r\nMax-Forwards: 70\r\n"
                   "From: <sip:probe@%s>;tag=p%d\r\nTo: <sip:%s>\r\nCall-ID: %s\r\nCSeq: %d OPTIONS\r\nContent-Length: 0\r\n\r\n"
                   % (self.to[0], self.to[1], self.ip, call_id, self.ip, number, self.to[0], call_id, number)).encode())
        sock = self.socks[SOURCE]
        sock.settimeout(5 * SLOW)
        while True:
            octets = sock.recv(65536)
            if b"Call-ID: " + call_id.encode() in octets:
                assert octets.startswith(b"SIP/2.0 200 "), "probe: %r" % octets[:60]
                return came
            came.append((SOURCE, octets))

    def ack(self, request, response):
        """What a UAC sends for a refused INVITE (RFC 3261 17.1.1.3)."""
        uri = re.split(rb" ", re.split(rb"\r?\n", request, maxsplit=1)[0].strip(), maxsplit=1)[1].strip()
        lines = [b"ACK " + uri]
        head = re.sub(rb"\r?\n[ \t]+", b" ", re.split(rb"\r?\n\r?\n", request, maxsplit=1)[0])
        lines += [line for line in re.split(rb"\r?\n", head) if re.match(rb"(?i)(v|via)[ \t]*:", line)][:1]
        for name in (b"From", b"To", b"Call-ID"):
            lines += re.findall(rb"(?m)^%s: .*(?=\r)" % name, response)
        number = re.findall(rb"(?m)^CSeq: (\d+)", response)
        lines += [b"CSeq: %s ACK" % number[0] if number else b"CSeq: 1 ACK", b"Max-Forwards: 70", b"Content-Length: 0"]
        self.send(b"\r\n".join(lines) + b"\r\n\r\n")


def check_response(tormentor, item, octets, came):
    """One response, of that code, to that port, with what RFC 3261 8.2.6 copies from the request."""
    name = item.name
    assert len(came) == 1, "%s: %d answers: %s" % (name, len(came), came)
    port, response = came[0]
    start = response.split(b"\r\n")[0]
    assert start.startswith(b"SIP/2.0 %d " % item.code), "%s: %r, expected %d" % (name, start, item.code)
    assert port == item.to, "%s: answered to port %s, expected %s" % (name, port, item.to)
    head, _, body = response.partition(b"\r\n\r\n")
    assert body == b"" and b"\r\nContent-Length: 0" in head and head.count(b"\n") == head.count(b"\r\n"), response
    for short, long in (("f", "from"), ("i", "call-id"), ("", "cseq")):
        wanted, got = header_values(octets, short, long), header_values(response, long)
        assert got == wanted or (len(wanted) != 1 and item.code == 400), "%s: %s %s, not %s" % (name, long, got, wanted)
    check_via(tormentor, item, octets, response)
    to = header_values(octets, "t", "to")
    if len(to) == 1:
        got = header_values(response, "to")
        assert len(got) == 1 and (got[0] == to[0] or re.fullmatch(re.escape(to[0]) + rb";tag=[\w.-]+", got[0])), (name, got, to)
        assert b";tag=" in got[0], "%s: no To tag in %r" % (name, got)
    for pattern in item.more:
        assert re.search(pattern, response), "%s: %r is not in %r" % (name, pattern, response)


def check_via(tormentor, item, octets, response):
    """18.2.1: ours are those of the request, the first one with received, and with rport where it was asked for."""
    wanted, got = header_values(octets, "v", "via"), header_values(response, "via")
    if item.name == "badinv01":  # ";;,;,," in its Via: what can be copied of that is ours to say
        return
    assert got[1:] == wanted[1:], "%s: Via %s, not %s" % (item.name, got, wanted)
    assert b";received=%s" % tormentor.ip.encode() in got[0], "%s: no received in %r" % (item.name, got[0])
    if item.to == SOURCE:
        assert b";rport=%d" % tormentor.port in got[0], "%s: no rport in %r" % (item.name, got[0])

    def plain(via):
        return re.sub(rb";(received|rport)(=[^;]*)?", b"", via)
    assert plain(got[0]) == plain(wanted[0]), "%s: %r, not %r" % (item.name, got[0], wanted[0])


def volley(tormentor, rows, pause=0.0):
    """Sends them all; returns how many did as the table says."""
    right = 0
    for folder, item in rows:
        octets = load(folder, item.name)
        came = tormentor.reaction(octets)
        if item.code is None:
            assert not came, "%s: answered with %s" % (item.name, came)
        else:
            check_response(tormentor, item, octets, came)
            if octets.startswith(b"INVITE"):
                tormentor.ack(octets, came[0][1])
        right += 1
        time.sleep(pause)
    return right


def quiet(tormentor, seconds=0.7):
    """Nothing is sent again: each INVITE that was refused has had its ACK (timer G would fire after 500 ms)."""
    time.sleep(seconds)
    came = tormentor.reaction(b"\r\n\r\n")
    assert not came, "sent again: %s" % [c[1][:200] for c in came]


@contextlib.contextmanager
def torture():
    """A phone that is the SIP server, our server, and the tormentor at the phone's address."""
    ip = loopback_ip()
    with Phone(ip=ip) as phone, Server(sip="%s:%d" % (ip, phone.port)) as server, Tormentor(server, ip) as tormentor:
        yield phone, server, tormentor


def stray_responses(phone, server):
    """The responses of the table from the very socket that our requests go to: none of them answers one."""
    for folder, item in RFC4475_AND_5118:
        octets = load(folder, item.name)
        if octets.startswith(b"SIP/2.0 "):
            phone.raw(octets, ("127.0.0.1", server.sip_port))


def fresh_call(server, phone, client):
    """A call as it should be: answered, heard in both directions, hung up."""
    calls = client.count("CALL_STATE:ended")
    client.send("CALL:after")
    invite, rtp = phone.answer()
    client.state("established")
    heard = len(client.audio)
    sent = rtp.stream(invite.media()[:2], 5)
    client.wait_audio(heard + 5)
    assert [octets for _, octets in client.audio[heard:]] == sent
    rtp.wait(5)
    client.hangup()
    phone.take_bye()
    assert client.count("CALL_STATE:ended") == calls + 1
    wait_until(lambda: len(server.udp_sockets()) == 1, 8, "RTP ports closed")


def idle(rows):
    with torture() as (phone, server, tormentor):
        fds = server.fds()
        assert volley(tormentor, rows) == len(rows)
        stray_responses(phone, server)
        quiet(tormentor)
        assert phone.messages == [] and server.fds() == fds
        with Client(server) as client:
            fresh_call(server, phone, client)
        wait_until(lambda: server.fds() == fds, 5, "descriptors closed")


def ringing(rows):
    with torture() as (phone, server, tormentor), Client(server) as client:
        client.send("CALL:bob")
        invite = phone.wait("INVITE")
        stray_responses(phone, server)  # no provisional response has come yet
        tormentor.probe()
        phone.reply(invite, 180)
        client.state("ringing")
        fds, told = server.fds(), client.texts()
        assert volley(tormentor, rows) == len(rows)
        stray_responses(phone, server)
        quiet(tormentor)
        assert [m for m in phone.messages if m.raw != invite.raw] == [], phone.messages
        assert client.texts() == told and server.fds() == fds, client.texts()
        phone.reply(invite, 200, phone.sdp(phone.new_rtp()))
        ack = phone.wait("ACK")
        assert (ack.cseq, ack.call_id, ack.tag("to")) == (invite.cseq, invite.call_id, phone.tag)
        client.state("established")
        client.hangup()
        assert phone.take_bye().cseq == invite.cseq + 1
        fresh_call(server, phone, client)


def in_call(rows):
    """The phone speaks all the while; what the server sends has no gap, and what the client hears neither."""
    with torture() as (phone, server, tormentor):
        client, invite, rtp = established(server, phone)
        with client:
            fds, told, messages = server.fds(), client.texts(), len(phone.messages)
            pause = 0.02
            count = int(len(rows) * pause / 0.02) + 40
            rtp.wait(3)
            first, started = len(rtp.seen), time.monotonic()
            sent = []
            speaker = threading.Thread(target=lambda: sent.extend(rtp.stream(invite.media()[:2], count)))
            speaker.start()
            assert volley(tormentor, rows, pause) == len(rows)
            stray_responses(phone, server)
            quiet(tormentor)
            speaker.join()
            seconds = time.monotonic() - started
            client.wait_audio(count)
            assert [octets for _, octets in client.audio] == sent
            heard, stamps = rtp.packets()[first:], [stamp for stamp, _, _ in rtp.seen[first:]]
            audio.assert_continuous(heard)
            assert {source for _, source, _ in rtp.seen} == {invite.media()[:2]}, "RTP from elsewhere"
            assert len(heard) >= seconds / 0.02 * 0.9 - 5, "%d packets in %.1f s" % (len(heard), seconds)
            gaps = [b - a for a, b in zip(stamps, stamps[1:])]
            assert max(gaps) < soon(0.4), "a gap of %.3f s" % max(gaps)
            assert phone.messages[messages:] == [] and client.texts() == told and server.fds() == fds, client.texts()
            phone.request(invite, "OPTIONS", cseq=1)  # the dialog knows no other request than this
            assert phone.wait(200).get("cseq") == "1 OPTIONS"
            client.hangup()
            assert phone.take_bye().cseq == invite.cseq + 1
            fresh_call(server, phone, client)


def test_table_is_whole():
    """Each file of the folders has one row, and its bytes are those of the checksums."""
    for folder, rows in (("", RFC4475), ("rfc5118-wire", RFC5118), ("rfc5118", LF_RFC5118)):
        files = sorted(name[:-4] for name in os.listdir(os.path.join(FOLDER, folder)) if name.endswith(".dat"))
        assert files == sorted(r.name for r in rows)
    with open(os.path.join(FOLDER, "SHA256SUMS"), encoding="ascii") as file:
        sums = file.read().split("\n")
    for line in filter(None, sums):
        digest, path = line.split(maxsplit=1)
        folder, name = os.path.split(path.lstrip("*./"))
        assert hashlib.sha256(load(folder, name[:-4])).hexdigest() == digest, path
    assert (len(RFC4475), len(RFC5118)) == (50, 12) and len([line for line in sums if line]) == 74


def test_idle():
    idle(RFC4475_AND_5118)


def test_idle_line_feeds():
    idle(AS_ARCHIVED)


def test_ringing():
    ringing(RFC4475_AND_5118)


def test_ringing_line_feeds():
    ringing(AS_ARCHIVED)


def test_in_call():
    in_call(RFC4475_AND_5118)


def test_in_call_line_feeds():
    in_call(AS_ARCHIVED)


def test_response_with_two_vias_is_none_of_ours():
    """bcast.dat made dangerous: our own branch, Call-ID and CSeq, but a second Via (RFC 3261 8.1.3.3)."""
    with torture() as (phone, server, tormentor), Client(server) as client:
        client.send("CALL:bob")
        invite = phone.wait("INVITE")
        answer = phone.response(invite, 200, phone.sdp(phone.new_rtp()))
        second = b"Via: SIP/2.0/UDP 255.255.255.255;branch=z9hG4bK1saber23\r\nFrom: "
        phone.raw(answer.replace(b"From: ", second, 1), invite.source)
        tormentor.probe()
        phone.never("ACK", 0.2)
        assert client.count("CALL_STATE:established") == 0
        phone.raw(answer, invite.source)
        phone.wait("ACK")
        client.state("established")
        client.hangup()
        phone.take_bye()


BROKEN_STATUS = ("SIP/2.0 4294967301 better not break the receiver", "SIP/2.0 99999999999 OK", "SIP/2.0 2000 OK", "SIP/2.0 20 OK",
                 "SIP/2.0 099 OK", "SIP/2.0 700 OK", "SIP/2.0 -200 OK", "SIP/2.0 +200 OK", "SIP/2.0 0200 OK", "SIP/2.0 2x0 OK",
                 "SIP/2.0  200 OK", "SIP/2.0 200OK", "SIP/3.0 200 OK", "SIP/2.01 200 OK", "SIP/2.0\t200 OK", "SIP/2.0 ")


def test_broken_responses_to_our_own_request():
    """bigcode.dat and scalarlg.dat made dangerous: with our own branch, Call-ID and tag they still answer nothing."""
    with torture() as (phone, server, tormentor), Client(server) as client:
        client.send("CALL:bob")
        invite = phone.wait("INVITE")
        phone.reply(invite, 180)
        client.state("ringing")
        answer = phone.response(invite, 200, phone.sdp(phone.new_rtp()))
        broken = [answer.replace(b"SIP/2.0 200 OK", start.encode(), 1) for start in BROKEN_STATUS]
        for number in (b"9292394834772304023312", b"4294967297", b"-1", b"x"):
            broken.append(answer.replace(b"CSeq: %d " % invite.cseq, b"CSeq: %s " % number))
        broken.append(answer.replace(b"INVITE", b"OPTIONS"))
        assert len(set(broken) - {answer}) == len(BROKEN_STATUS) + 5
        for octets in broken:
            phone.raw(octets, invite.source)
        tormentor.probe()
        phone.never("ACK", 0.2)
        assert client.count("CALL_STATE:established") == 0 and client.count("CALL_STATE:ended") == 0, client.texts()
        phone.raw(answer, invite.source)
        phone.wait("ACK")
        client.state("established")
        client.hangup()
        phone.take_bye()


def test_odd_reason_phrases_of_our_own_responses():
    """noreason.dat and unreason.dat as answers to our INVITE: legal, and taken."""
    reason = re.match(rb"SIP/2.0 200 ([^\r]*)\r", load("", "unreason")).group(1)
    with torture() as (phone, server, _), Client(server) as client:
        client.send("CALL:bob")
        invite = phone.wait("INVITE")
        phone.raw(phone.response(invite, 180).replace(b"180 Ringing", b"180 ", 1), invite.source)
        client.state("ringing")
        answer = phone.response(invite, 200, phone.sdp(phone.new_rtp()))
        phone.raw(answer.replace(b"200 OK", b"200 " + reason, 1), invite.source)
        phone.wait("ACK")
        client.state("established")
        client.hangup()
        phone.take_bye()
        client.send("CALL:bob")
        phone.raw(phone.response(phone.wait("INVITE"), 486).replace(b"486 Busy Here", b"486 " + reason, 1), invite.source)
        code, told = client.ended()
        assert code == 486 and told == reason.decode()[:len(told)] and len(told.encode()) > 60, told


def unlike(octets, number):
    """The same message as if it were a new one: other branches and another Call-ID."""
    octets = re.sub(rb"(?i)(branch *= *z9hG4bK)", rb"\g<1>%dx" % number, octets)
    return re.sub(rb"(?im)^((?:call-id|i) *: *)", rb"\g<1>%d" % number, octets)


def test_flood_grows_nothing():
    """All of them again and again during a call, each time as new ones, the INVITEs refused and never acknowledged."""
    rounds = 400 if LONG else 60
    with torture() as (phone, server, tormentor):
        unused = server.fds()
        client, _, _ = established(server, phone)
        with client:
            fds, told, messages = server.fds(), client.texts(), len(phone.messages)
            files = [load(folder, item.name) for folder, item in RFC4475_AND_5118 + AS_ARCHIVED]
            memory = 0
            for number in range(rounds):
                for octets in files:
                    tormentor.send(unlike(octets, number))
                tormentor.drain()
                if number == rounds // 2:
                    memory = server.status("VmRSS")
            growth = server.status("VmRSS") - memory
            assert growth < (60000 if WRAPPER or sanitized() else 1200), "%d kB more" % growth
            assert server.fds() == fds and client.texts() == told and phone.messages[messages:] == []
            client.hangup()
            phone.take_bye()
            fresh_call(server, phone, client)
        wait_until(lambda: server.fds() == unused, 5, "descriptors closed: %d before the call" % unused)


if __name__ == "__main__":
    main(sys.modules[__name__])
