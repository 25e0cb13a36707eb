# SPDX-License-Identifier: MIT
"""A SIP phone for what SIPp cannot express: each message is sent by the test, everything is recorded with its time."""
import hashlib
import itertools
import random
import re
import secrets
import socket
import struct
import threading
import time

from audio import FRAME, Rtp, rtp_packet
from timing import SLOW

COMPACT = {"v": "via", "f": "from", "t": "to", "i": "call-id", "m": "contact", "l": "content-length", "c": "content-type",
           "s": "subject", "k": "supported"}
REASONS = {100: "Trying", 180: "Ringing", 183: "Session Progress", 200: "OK", 302: "Moved Temporarily", 401: "Unauthorized",
           403: "Forbidden", 404: "Not Found", 407: "Proxy Authentication Required", 480: "Temporarily Unavailable",
           481: "Call/Transaction Does Not Exist", 486: "Busy Here", 487: "Request Terminated", 488: "Not Acceptable Here",
           500: "Server Internal Error", 503: "Service Unavailable", 603: "Decline"}


class SipMessage:
    def __init__(self, octets, source=None):
        self.raw, self.source, self.time = octets, source, time.monotonic()
        head, _, self.body = octets.partition(b"\r\n\r\n")
        lines = re.sub(r"\r\n[ \t]+", " ", head.decode("utf-8", "replace")).split("\r\n")
        self.start = lines[0]
        self.headers = []
        for line in lines[1:]:
            name, _, value = line.partition(":")
            name = name.strip().lower()
            self.headers.append((COMPACT.get(name, name), value.strip()))
        self.status = int(self.start.split(" ")[1]) if self.start.startswith("SIP/2.0 ") else None
        self.method = None if self.status else self.start.split(" ")[0]
        self.uri = None if self.status else self.start.split(" ")[1]

    def all(self, name):
        return [v for n, v in self.headers if n == name.lower()]

    def get(self, name):
        values = self.all(name)
        return values[0] if values else None

    @property
    def cseq(self):
        return int(self.get("cseq").split()[0])

    @property
    def branch(self):
        return re.search(r"branch=([^;,\s]+)", self.get("via")).group(1)

    @property
    def call_id(self):
        return self.get("call-id")

    def tag(self, name):
        found = re.search(r";\s*tag=([^;,\s]+)", re.sub(r"<[^>]*>", "", self.get(name)))
        return found.group(1) if found else None

    def contact_uri(self):
        value = self.get("contact")
        return re.search(r"<([^>]*)>", value).group(1) if "<" in value else value.split(";")[0]

    def sdp_lines(self, kind):
        return re.findall(r"(?m)^%s=(.*?)\r?$" % kind, self.body.decode("utf-8", "replace"))

    def media(self):
        """(ip, port, payload types) of the audio line."""
        _, port, _, *types = self.sdp_lines("m")[0].split()
        return self.sdp_lines("c")[-1].split()[-1], int(port), [int(t) for t in types]

    def __repr__(self):
        return "<%s %s>" % (self.start, self.get("cseq"))


def complaints(message):
    """What RFC 3261 8.1.1 and 20 would say against a request."""
    found = []
    for name in ("via", "from", "to", "call-id", "cseq", "max-forwards"):
        if len(message.all(name)) != 1:
            found.append("%d %s" % (len(message.all(name)), name))
    if found:
        return found
    if not message.branch.startswith("z9hG4bK"):
        found.append("branch")
    if not message.tag("from"):
        found.append("no From tag")
    if message.get("cseq").split()[1] != message.method:
        found.append("CSeq method")
    length = message.get("content-length")
    if length is None or int(length) != len(message.body):
        found.append("Content-Length %s, body %d" % (length, len(message.body)))
    if message.method == "INVITE" and (not message.get("contact") or message.get("content-type") != "application/sdp"):
        found.append("INVITE without Contact or SDP")
    return found


class RtpPort:
    """A UDP socket for RTP: records what comes with kernel times, echoes if told to, sends."""

    def __init__(self, ip="127.0.0.1", port=0, echo=False):
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.setsockopt(socket.SOL_SOCKET, 35, 1)  # SO_TIMESTAMPNS
        self.sock.setsockopt(socket.IPPROTO_IP, 13, 1)  # IP_RECVTOS
        self.dscp = set()
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        self.rtcp = self._bind_pair(ip, port)
        self.ip, self.port = self.sock.getsockname()
        self.echo = echo
        self.seen = []  # (time, source, octets)
        self.cond = threading.Condition()
        self.seq, self.ts, self.ssrc = secrets.randbelow(65536), secrets.randbits(32), secrets.randbits(32)
        self.open = True
        threading.Thread(target=self._loop, daemon=True).start()

    def _bind_pair(self, ip, port):
        """Holds the port above as well: the server's RTCP goes there, and it must be no other test's socket."""
        for _ in range(200):
            number = port or random.randrange(10000, 20000, 2)
            rtcp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            try:
                rtcp.bind((ip, number + 1))
                self.sock.bind((ip, number))
                return rtcp
            except OSError:
                rtcp.close()
                if port:
                    self.sock.bind((ip, port))
                    return None
        raise AssertionError("no free port pair for the phone")

    def _loop(self):
        while self.open:
            try:
                octets, ancillary, _, source = self.sock.recvmsg(65536, 128)
            except OSError:
                return
            if not octets and not self.open:  # shut down by close()
                return
            stamp = time.time()
            for level, kind, value in ancillary:
                if level == socket.IPPROTO_IP and kind == socket.IP_TOS:
                    self.dscp.add(value[0] >> 2)
                if level == socket.SOL_SOCKET and kind == 35:
                    seconds, nanos = struct.unpack("qq", value[:16])
                    stamp = seconds + nanos / 1e9
            with self.cond:
                self.seen.append((stamp, source, octets))
                self.cond.notify_all()
            if self.echo and self.open:
                try:
                    self.sock.sendto(octets, source)
                except OSError:
                    return

    def packets(self):
        with self.cond:
            return [Rtp(octets) for _, _, octets in self.seen]

    def wait(self, count, timeout=5):
        deadline = time.monotonic() + timeout * SLOW
        with self.cond:
            while len(self.seen) < count:
                left = deadline - time.monotonic()
                assert left > 0, "%d of %d RTP packets" % (len(self.seen), count)
                self.cond.wait(left)

    def send(self, payload, to, **fields):
        octets = rtp_packet(self.seq, self.ts, self.ssrc, payload, **fields)
        self.seq, self.ts = self.seq + 1, self.ts + FRAME
        self.sock.sendto(octets, to)
        return octets

    def stream(self, to, count, pace=0.02, payload=b"\x55" * FRAME):
        """Sends that many packets on absolute times."""
        start, sent = time.monotonic(), []
        for index in range(count):
            sent.append(self.send(payload, to))
            time.sleep(max(0, start + (index + 1) * pace - time.monotonic()))
        return sent

    def close(self):
        self.open = False
        try:
            self.sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.sock.close()
        if self.rtcp:
            self.rtcp.close()


class Phone:
    """Listens on UDP. wait() takes messages out in order; what a handler returns True for never gets there."""
    numbers = itertools.count(1)

    def __init__(self, ip="127.0.0.1", port=0, handler=None):
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.setsockopt(socket.IPPROTO_IP, 13, 1)  # IP_RECVTOS
        self.sock.bind((ip, port))
        self.ip, self.port = self.sock.getsockname()
        self.handler = handler
        self.cond = threading.Condition()
        self.messages = []  # all that came
        self.pending = []
        self.problems = []
        self.rtps = []
        self.open = True
        self.tag = "phone%d%s" % (next(self.numbers), secrets.token_hex(4))
        threading.Thread(target=self._loop, daemon=True).start()

    def _loop(self):
        while self.open:
            try:
                octets, ancillary, _, source = self.sock.recvmsg(65536, 64)
            except OSError:
                return
            if not octets.strip():
                continue
            try:
                message = SipMessage(octets, source)
                message.dscp = ancillary[0][2][0] >> 2 if ancillary else None
                if message.method:
                    self.problems += ["%s in %r" % (text, message) for text in complaints(message)]
            except Exception as error:  # pylint: disable=broad-except
                self.problems.append("unreadable %r: %s" % (octets[:200], error))
                continue
            with self.cond:
                self.messages.append(message)
            if self.handler and self.handler(self, message):
                continue
            with self.cond:
                self.pending.append(message)
                self.cond.notify_all()

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        self.close()
        if kind is None:
            assert not self.problems, self.problems[:5]

    def close(self):
        self.open = False
        try:
            self.sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.sock.close()
        for rtp in self.rtps:
            rtp.close()

    # ---- what came

    def wait(self, what, timeout=5, where=None):
        """The first waiting message of that method or status (number)."""
        deadline = time.monotonic() + timeout * SLOW
        with self.cond:
            while True:
                for message in self.pending:
                    if (message.status if isinstance(what, int) else message.method) == what and (not where or where(message)):
                        self.pending.remove(message)
                        return message
                left = deadline - time.monotonic()
                assert left > 0, "no %s; waiting: %s, all: %s" % (what, self.pending, self.messages[-12:])
                self.cond.wait(left)

    def never(self, what, seconds=0.3):
        time.sleep(seconds)
        with self.cond:
            assert not [m for m in self.pending if what in (m.method, m.status)], "unexpected %s: %s" % (what, self.pending)

    def all(self, method):
        with self.cond:
            return [m for m in self.messages if m.method == method]

    # ---- what goes out

    def raw(self, octets, to):
        self.sock.sendto(octets if isinstance(octets, bytes) else octets.encode(), to)

    def new_rtp(self, **options):
        rtp = RtpPort(**options)
        self.rtps.append(rtp)
        return rtp

    @staticmethod
    def sdp(rtp=None, ip=None, port=None, types=(0, 101), more=(), media_level=False, session_ip=None):
        ip, port = ip or (rtp.ip if rtp else "127.0.0.1"), port if port is not None else rtp.port
        maps = {0: "PCMU/8000", 8: "PCMA/8000", 9: "G722/8000", 18: "G729/8000", 97: "telephone-event/8000", 101: "telephone-event/8000"}
        session = session_ip or ip
        lines = ["v=0", "o=phone 1 1 IN IP4 " + session, "s=-", "c=IN IP4 " + session, "t=0 0",
                 "m=audio %d RTP/AVP %s" % (port, " ".join(str(t) for t in types))]
        if media_level:
            lines.append("c=IN IP4 " + ip)
        lines += ["a=rtpmap:%d %s" % (t, maps[t]) for t in types]
        return "\r\n".join(lines + list(more)) + "\r\n"

    def response(self, request, code, sdp=None, tag=None, contact=None, extra=(), reason=None):
        lines = ["SIP/2.0 %d %s" % (code, reason or REASONS.get(code, "Reason"))]
        lines += ["Via: " + v for v in request.all("via")]
        lines += ["Record-Route: " + v for v in request.all("record-route")]
        to = request.get("to")
        if code != 100 and not request.tag("to"):
            to += ";tag=" + (tag or self.tag)
        lines += ["From: " + request.get("from"), "To: " + to, "Call-ID: " + request.call_id, "CSeq: " + request.get("cseq")]
        if request.method == "INVITE" and 100 < code < 300:
            lines.append("Contact: <%s>" % (contact or "sip:phone@%s:%d" % (self.ip, self.port)))
        lines += list(extra)
        if sdp:
            lines.append("Content-Type: application/sdp")
        body = sdp or ""
        return ("\r\n".join(lines + ["Content-Length: %d" % len(body.encode())]) + "\r\n\r\n" + body).encode()

    def reply(self, request, code, sdp=None, **options):
        octets = self.response(request, code, sdp, **options)
        self.raw(octets, request.source)
        return octets

    def challenge(self, request, code=401, realm="phone", nonce=None, algorithm=None, qop=None, stale=False, more=()):
        name = "WWW-Authenticate" if code == 401 else "Proxy-Authenticate"
        self.nonce = nonce or secrets.token_hex(16)
        value = 'Digest realm="%s", nonce="%s"' % (realm, self.nonce)
        value += ", algorithm=" + algorithm if algorithm else ""
        value += ', qop="%s"' % qop if qop else ""
        value += ", stale=true" if stale else ""
        return self.reply(request, code, extra=["%s: %s" % (name, value)] + list(more))

    def request(self, invite, method, cseq=1, sdp=None, extra=(), to=None, tag=None, branch=None, call_id=None):
        """A request inside the dialog that the server's INVITE began."""
        lines = ["%s %s SIP/2.0" % (method, invite.contact_uri()),
                 "Via: SIP/2.0/UDP %s:%d;branch=%s" % (self.ip, self.port, branch or "z9hG4bK" + secrets.token_hex(8)),
                 "From: %s;tag=%s" % (re.sub(r";\s*tag=[^;]*", "", invite.get("to")), tag or self.tag),
                 "To: " + invite.get("from"), "Call-ID: " + (call_id or invite.call_id), "CSeq: %d %s" % (cseq, method),
                 "Max-Forwards: 70", "Contact: <sip:phone@%s:%d>" % (self.ip, self.port)] + list(extra)
        if sdp:
            lines.append("Content-Type: application/sdp")
        octets = ("\r\n".join(lines + ["Content-Length: %d" % len(sdp or "")]) + "\r\n\r\n" + (sdp or "")).encode()
        self.raw(octets, to or invite.source)
        return octets

    # ---- whole steps

    def answer(self, rtp=None, code=200, ring=True, timeout=5, **options):
        """INVITE, 180, 200 with SDP, ACK. Gives the INVITE and the RTP port."""
        invite = self.wait("INVITE", timeout)
        rtp = rtp or self.new_rtp()
        if ring:
            self.reply(invite, 180)
        self.reply(invite, code, self.sdp(rtp), **options)
        self.wait("ACK", timeout, lambda m: m.cseq == invite.cseq)
        return invite, rtp

    def take_bye(self, timeout=5):
        bye = self.wait("BYE", timeout)
        self.reply(bye, 200)
        return bye

    def refuse(self, code, timeout=5, **options):
        invite = self.wait("INVITE", timeout)
        self.reply(invite, code, **options)
        ack = self.wait("ACK", timeout)
        return invite, ack


def auto_phone(echo=True, ring=0.0):
    """A phone that answers every call by itself and echoes."""
    def handler(phone, message):
        if message.method == "INVITE":
            if message.call_id in phone.calls:  # sent again
                return True
            phone.calls[message.call_id] = rtp = phone.new_rtp(echo=echo)
            phone.reply(message, 180)
            time.sleep(ring)
            phone.reply(message, 200, phone.sdp(rtp))
        elif message.method in ("BYE", "OPTIONS", "CANCEL"):
            phone.reply(message, 200)
        return message.method in ("INVITE", "ACK", "OPTIONS", "CANCEL")
    phone = Phone()
    phone.calls = {}
    phone.handler = handler
    return phone


HASHES = {None: hashlib.md5, "MD5": hashlib.md5, "SHA-256": hashlib.sha256,
          "SHA-512-256": lambda data: hashlib.new("sha512_256", data)}


def credentials(message, proxy=False, realm=None):
    """The fields of (Proxy-)Authorization, of that realm if given; None when there is none."""
    for value in message.all("proxy-authorization" if proxy else "authorization"):
        assert value.lower().startswith("digest "), value
        fields = {m.group(1).lower(): (m.group(2) if m.group(2) is not None else m.group(3))
                  for m in re.finditer(r'([\w-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,]+))', value[7:])}
        if realm is None or fields.get("realm") == realm:
            return fields
    return None


def digest_ok(message, user, password, nonce, realm="phone", algorithm=None, qop=None, proxy=False):
    """Checks by RFC 2617 3.2.2 / RFC 7616 3.4 what a client of ours may send."""
    fields = credentials(message, proxy, realm)
    if not fields or fields["username"] != user or fields["nonce"] != nonce or fields["uri"] != message.uri:
        return False
    if (fields.get("algorithm") or "MD5").upper() != (algorithm or "MD5").upper():
        return False

    def digest(text):
        return HASHES[algorithm](text.encode()).hexdigest()
    ha1, ha2 = digest("%s:%s:%s" % (user, realm, password)), digest("%s:%s" % (message.method, fields["uri"]))
    if qop:
        if fields.get("qop") != "auth" or not re.fullmatch(r"[0-9a-f]{8}", fields["nc"]) or not fields["cnonce"]:
            return False
        wanted = digest(":".join([ha1, nonce, fields["nc"], fields["cnonce"], "auth", ha2]))
    else:
        if "qop" in fields:
            return False
        wanted = digest(":".join([ha1, nonce, ha2]))
    return fields["response"] == wanted
