# SPDX-License-Identifier: MIT
"""Scanners and floods on the SIP port, from addresses of 127.0.0.0/8 that are not the SIP server's."""
import itertools
import re
import socket
import sys
import time

from clients import Client
from common import loopback, through
from harness import main, wait_until
from phone import Phone, auto_phone

AGENT = "friendly-scanner"
NUMBERS = itertools.count(1)


def probe(method, target, ip, port, user="100", more=(), body=""):
    """As sipvicious and its kin send them: a branch and Call-ID of digits, the tool's name, a Contact that leads nowhere."""
    number = next(NUMBERS)
    lines = ["%s sip:%s@%s SIP/2.0" % (method, user, target), "Via: SIP/2.0/UDP %s:%d;branch=z9hG4bK-%d;rport" % (ip, port, number),
             "Max-Forwards: 70", "To: \"%s\" <sip:%s@1.1.1.1>" % (AGENT, user), "From: \"%s\" <sip:%s@1.1.1.1>;tag=%032x" % (AGENT, user, number),
             "User-Agent: " + AGENT, "Call-ID: %d" % (10 ** 15 + number), "Contact: sip:%s@%s:%d" % (user, ip, port), "CSeq: 1 " + method,
             "Accept: application/sdp"] + list(more) + ["Content-Length: %d" % len(body)]
    return ("\r\n".join(lines) + "\r\n\r\n" + body).encode()


class Scanner:
    def __init__(self, server, ip="127.0.0.9"):
        self.server, self.ip = server, ip
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.bind((ip, 0))
        self.sock.settimeout(0.5)
        self.port = self.sock.getsockname()[1]
        self.to = ("127.0.0.1", server.sip_port)

    def send(self, octets):
        self.sock.sendto(octets, self.to)

    def probe(self, method, **options):
        octets = probe(method, "127.0.0.1:%d" % self.server.sip_port, self.ip, self.port, **options)
        self.send(octets)
        return octets

    def answers(self):
        found = []
        while True:
            try:
                found.append(self.sock.recv(65536))
            except socket.timeout:
                return found

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sock.close()


SDP = Phone.sdp(ip="1.1.1.1", port=17000)
REGISTER = ("Expires: 60", "Authorization: Digest username=\"100\",realm=\"asterisk\",nonce=\"1\",uri=\"sip:1.1.1.1\",response=\"0\"")


def test_enumeration_meets_silence():
    """svwar and svcrack: extensions and passwords one after the other, calls to far countries, odds and ends."""
    with auto_phone() as phone, through(phone) as server, Scanner(server) as scanner:
        for user in range(100, 130):
            scanner.probe("REGISTER", user=str(user), more=REGISTER)
            scanner.probe("INVITE", user="900972592%d" % user, body=SDP, more=("Content-Type: application/sdp",))
            time.sleep(0.1)  # 20 a second: all of them are read
        for method in ("SUBSCRIBE", "MESSAGE", "CANCEL", "BYE", "ACK", "PUBLISH", "NONSENSE"):
            scanner.probe(method)
        scanner.send(b"INVITE sip:100@1.1.1.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.9;branch=z9hG4bK1\r\n\r\n")
        scanner.send(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        scanner.send(b"\r\n\r\n")
        scanner.send(b"\0" * 100)
        assert scanner.answers() == []
        lines = re.findall(r"(?m)^.*127\.0\.0\.9.*$", server.log)
        assert len(lines) == 1 and "--sip-allow" in lines[0] and "REGISTER" in lines[0], lines
        assert [m.method for m in phone.messages if m.method not in (None, "OPTIONS")] == []
        with Client(server) as client:
            client.call("bob")
            client.hangup(200)


def test_options_are_limited():
    """svmap: it hears that somebody is there, ten times at once, by hardly more than it sent."""
    with auto_phone() as phone, through(phone) as server, Scanner(server) as scanner:
        started = time.monotonic()
        sent = [scanner.probe("OPTIONS") for _ in range(60)]
        heard = scanner.answers()
        assert 10 <= len(heard) <= 11 + time.monotonic() - started, len(heard)  # one a second more
        assert all(text.startswith(b"SIP/2.0 200 ") for text in heard)
        assert max(map(len, heard)) <= max(map(len, sent)) + 128
        assert "127.0.0.9" not in server.log


def test_allowed_address():
    with auto_phone() as phone, through(phone, "--sip-allow", "127.0.0.9", "--sip-allow", "127.0.0.1") as server, \
            Scanner(server) as friend, Scanner(server, "127.0.0.10") as stranger:
        for scanner in (friend, stranger):
            scanner.probe("INVITE", body=SDP, more=("Content-Type: application/sdp",))
        assert [text.split()[1] for text in friend.answers()][:1] == [b"480"]
        assert stranger.answers() == []


def test_flood_beside_a_call():
    """Tens of thousands of requests from many addresses while a call is up: no packet of it is lost or left out, nothing is
    answered, and the log stays short."""
    with loopback() as server, Client(server) as client:
        scanners = [Scanner(server, "127.0.%d.%d" % (1 + i // 100, 1 + i % 100)) for i in range(200)]
        client.call("echo")
        client.wait_audio(10)
        probes = [probe(method, "127.0.0.1", "1.1.1.1", 5060, body=SDP if method == "INVITE" else "")
                  for method in ("INVITE", "REGISTER", "OPTIONS", "BYE") for _ in range(50)]
        for turn in range(100):
            for index, scanner in enumerate(scanners):
                scanner.send(probes[(turn * 7 + index) % len(probes)])
        heard = len(client.audio)
        client.wait_audio(heard + 50)
        client.send("STATS")
        stats = client.stats()
        assert int(stats["lost"]) == 0 and int(stats["duplicates"]) == 0, stats
        client.hangup(200)
        lines = server.log.count("--sip-allow")
        assert lines <= 33, lines
        answers = 0
        for scanner in scanners:
            scanner.sock.setblocking(False)
            try:
                while True:
                    text = scanner.sock.recv(65536)
                    answers += 1
                    assert text.startswith(b"SIP/2.0 200 ") and b"CSeq: 1 OPTIONS" in text, text
            except BlockingIOError:
                pass
            scanner.sock.close()
        seconds = int(stats["duration_ms"]) / 1000 + 2
        assert answers <= 50 + 20 * seconds, answers


def test_nothing_is_left_of_a_flood():
    """Descriptors, sockets and memory are as before."""
    with loopback() as server, Scanner(server) as scanner:
        scanner.probe("OPTIONS")
        wait_until(scanner.answers, 5, "an answer")
        fds, sockets, memory = server.fds(), server.udp_sockets(), server.status("VmRSS")
        for _ in range(20000):
            scanner.probe("INVITE", body=SDP)
        assert scanner.answers() == []
        assert server.fds() == fds and server.udp_sockets() == sockets
        assert server.status("VmRSS") < memory + 4096, (memory, server.status("VmRSS"))


if __name__ == "__main__":
    main(sys.modules[__name__])
