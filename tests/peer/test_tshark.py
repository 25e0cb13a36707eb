# SPDX-License-Identifier: MIT
"""tshark reads a whole call: every packet of ours is SIP, SDP, RTP or RTCP without a complaint, and the streams are even."""
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time

import audio
import pcap
from clients import Client
from common import call_as, through
from harness import main, need
from phone import Phone, RtpPort
from timing import SLOW, soon

WARNING = 0x00600000  # severities of tshark's expert items: chat 2, note 4, warning 6, error 8, each << 20


class TracedRtp(RtpPort):
    def __init__(self, **options):
        self.sent = []
        super().__init__(**options)

    def send(self, payload, to, **fields):
        octets = super().send(payload, to, **fields)
        self.sent.append((time.time(), to, octets))
        return octets

    def report(self, octets, to):
        self.sent.append((time.time(), to, octets))
        self.sock.sendto(octets, to)

    def datagrams(self):
        me = (self.ip, self.port)
        with self.cond:
            return [(when, source, me, octets) for when, source, octets in self.seen] + [
                (when, me, to, octets) for when, to, octets in self.sent]


class TracedPhone(Phone):
    def __init__(self):
        self.sent = []
        super().__init__()

    def raw(self, octets, to):
        self.sent.append((time.time(), to, octets if isinstance(octets, bytes) else octets.encode()))
        super().raw(octets, to)

    def datagrams(self):
        me, offset = (self.ip, self.port), time.time() - time.monotonic()
        with self.cond:
            return [(m.time + offset, m.source, me, m.raw) for m in self.messages] + [
                (when, me, to, octets) for when, to, octets in self.sent]

    def rtp_pair(self):
        """RTP on an even port, RTCP on the next."""
        for _ in range(100):
            rtp = TracedRtp()
            if rtp.port % 2 == 0:
                try:
                    rtp.rtcp.close()  # ours from here on
                    rtcp = TracedRtp(port=rtp.port + 1)
                    self.rtps += [rtp, rtcp]
                    return rtp, rtcp
                except OSError:
                    pass
            rtp.close()
        raise AssertionError("no port pair")


class Capture:
    """A capture file and what tshark says of it."""

    def __init__(self, datagrams, sip_ports):
        self.folder = tempfile.mkdtemp(prefix="capture-")
        self.path = os.path.join(self.folder, "call.pcap")
        pcap.write(self.path, datagrams)
        self.base = ["tshark", "-n", "-r", self.path]
        for port in sip_ports:
            self.base += ["-d", "udp.port==%d,sip" % port]

    def run(self, *arguments):
        done = subprocess.run(self.base + list(arguments), stdin=subprocess.DEVNULL, capture_output=True, timeout=60 * SLOW,
                              cwd=self.folder, env=dict(os.environ, HOME=self.folder, LC_ALL="C"))
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout.decode("utf-8", "replace")

    def fields(self, names, condition=""):
        """A list of lists of values for each packet that meets the condition."""
        text = self.run("-T", "fields", "-E", "separator=/t", "-E", "occurrence=a", "-E", "aggregator=;",
                        *(["-Y", condition] if condition else []), *(one for name in names for one in ("-e", name)))
        return [line.split("\t") for line in text.splitlines()]

    def count(self, condition):
        return len(self.fields(["frame.number"], condition))

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind is not None:
            print("--- capture\n" + self.run()[-3000:])
        shutil.rmtree(self.folder, ignore_errors=True)


def check_clean(capture, ours):
    """Nothing malformed, nothing left unread, no expert item from warning up, and each packet of ours is known for what it is."""
    bad = capture.fields(["frame.number", "udp.srcport", "_ws.expert.message", "_ws.expert.severity"],
                         "_ws.malformed || _ws.expert.severity >= %d" % WARNING)
    assert not bad, bad[:8]
    from_us = "(%s)" % " || ".join("udp.srcport == %d" % port for port in ours)
    protocols = capture.fields(["frame.number", "frame.protocols"], from_us)
    unknown = [one for one in protocols if not re.search(r":(sip|rtp|rtcp)(:|$)", one[1])]
    assert protocols and not unknown, unknown[:8]


def streams(capture):
    """{source port: (packets, lost, mean delta, max delta)} of tshark's own RTP analysis."""
    found = {}
    for line in capture.run("-q", "-z", "rtp,streams").splitlines():
        match = re.match(r"\s*[\d.]+\s+[\d.]+\s+\S+\s+(\d+)\s+\S+\s+\d+\s+0x[0-9A-Fa-f]+\s+(\S+(?: \S+)*?)\s+(\d+)\s+(-?\d+) \([-\d.]+%\)"
                         r"\s+([\d.]+)\s+([\d.]+)\s+([\d.]+)", line)
        if match:
            found[int(match.group(1))] = (int(match.group(3)), int(match.group(4)), float(match.group(6)), float(match.group(7)))
    return found


def talk(phone, invite, rtp, rtcp, packets):
    """The far end's audio and its sender reports."""
    to = invite.media()[:2]
    rtcp_to = (to[0], to[1] + 1)

    def go():
        for _ in range(packets // 100):
            rtp.stream(to, 100)
            now = time.time()
            ntp = int((now + 2208988800) * 2 ** 32)
            cname = b"phone@127.0.0.1"
            item = b"\x01" + bytes([len(cname)]) + cname
            item += b"\0" * (4 - len(item) % 4)
            header = b"\x80\xc8\x00\x06" + rtp.ssrc.to_bytes(4, "big")
            report = header + ntp.to_bytes(8, "big") + (rtp.ts & 0xFFFFFFFF).to_bytes(4, "big") + b"\0\0\0\x64\0\0\x3e\x80"
            report += b"\x81\xca" + ((len(item) + 4) // 4).to_bytes(2, "big") + rtp.ssrc.to_bytes(4, "big") + item
            rtcp.report(report, rtcp_to)
    thread = threading.Thread(target=go)
    thread.start()
    return thread


def test_whole_call():
    """Challenge, ringing, early media, answer, both directions of RTP, reports, requests in the dialog, BYE."""
    with TracedPhone() as phone, through(phone, "--sip-user", "alice", "--sip-display-name", "Alice \"A\" 電話",
                                         env={"SIP_PASSWORD": "secret"}) as server, Client(server) as client:
        client.upload("a.wav", audio.wav_ulaw(audio.noise(250, seed=5)))
        client.send("CALL:+886-2-1234#5")
        phone.challenge(phone.wait("INVITE"), algorithm="SHA-256", qop="auth")
        phone.wait("ACK")
        invite = phone.wait("INVITE")
        rtp, rtcp = phone.rtp_pair()
        phone.reply(invite, 180)
        phone.reply(invite, 183, phone.sdp(rtp))
        client.state("early")
        phone.reply(invite, 200, phone.sdp(rtp))
        phone.wait("ACK")
        client.state("established")
        thread = talk(phone, invite, rtp, rtcp, 300)
        client.play("a.wav")
        phone.request(invite, "OPTIONS", cseq=1)
        phone.wait(200)
        phone.request(invite, "INFO", cseq=2)
        phone.wait(405)
        phone.request(invite, "INVITE", cseq=3, sdp=phone.sdp(rtp))
        phone.wait(200)
        phone.request(invite, "ACK", cseq=3)
        thread.join()
        client.hangup(200)
        phone.take_bye()
        time.sleep(0.3)
        datagrams = phone.datagrams() + rtp.datagrams() + rtcp.datagrams()
        media = invite.media()[1]
        with Capture(datagrams, (phone.port, server.sip_port)) as capture:
            check_clean(capture, (server.sip_port, media, media + 1))
            us = "udp.srcport == %d" % server.sip_port
            methods = [one[0] for one in capture.fields(["sip.Method"], us + " && sip.Method")]
            assert methods == ["INVITE", "ACK", "INVITE", "ACK", "BYE"], methods
            answers = capture.fields(["sip.Status-Code", "sip.CSeq.method"], us + " && sip.Status-Code")
            assert answers == [["200", "OPTIONS"], ["405", "INFO"], ["200", "INVITE"]], answers
            offer = capture.fields(["sdp.media.proto", "sdp.media.format", "sdp.media.port"], us + " && sip.Method == INVITE")[-1]
            assert offer[0] == "RTP/AVP" and offer[2] == str(media) and "PCMU" in offer[1] and "PCMA" in offer[1], offer
            shown = capture.fields(["sip.display.info"], us + " && sip.Method == BYE")[0][0]
            assert "電話" in shown, shown
            packets, lost, mean, worst = streams(capture)[media]
            assert packets > 250 and lost == 0, (packets, lost)
            times = [float(one[0]) * 1000 for one in capture.fields(["frame.time_epoch"], "rtp && udp.srcport == %d" % media)]
            deltas = sorted(later - earlier for earlier, later in zip(times, times[1:]))
            even = sum(abs(delta - 20) < soon(5) for delta in deltas) / len(deltas)
            # what runs beside this test makes some ticks late; the grid holds all the same
            own_mean = (times[-1] - times[0]) / (len(times) - 1)
            assert 18 < mean < 22 and 19.5 < own_mean < 21, (mean, own_mean)
            assert worst < 500 and even > 0.6 and abs(deltas[len(deltas) // 2] - 20) < 2, (worst, even, deltas[-10:])
            kinds = {kind for one in capture.fields(["rtcp.pt"], "udp.srcport == %d" % (media + 1)) for kind in one[0].split(";")}
            assert {"200", "202", "203"} <= kinds, kinds  # SR, SDES, BYE
            sender = capture.fields(["rtcp.senderssrc", "rtcp.sender.packetcount"], "rtcp.pt == 200 && udp.srcport == %d" % (media + 1))
            ssrcs = {one[0] for one in capture.fields(["rtp.ssrc"], "udp.srcport == %d && rtp" % media)}
            assert len(ssrcs) == 1 and sender[0][0].split(";")[0] in ssrcs, (ssrcs, sender)


def test_keys():
    """Telephone events: known for what they are by the payload type of the SDP, without a complaint, and told to their end."""
    keys = "0123456789*#ABCD"
    with TracedPhone() as phone, through(phone) as server, Client(server) as client:
        rtp, _ = phone.rtp_pair()
        invite, _ = call_as(client, phone, rtp, types=(8, 97), more=["a=fmtp:97 0-15"])
        client.send("DTMF:" + keys + ",")
        rtp.wait(7 * 16 + 3 * 16 + 30, 10)
        client.hangup(200)
        phone.take_bye()
        media = invite.media()[1]
        with Capture(phone.datagrams() + rtp.datagrams(), (phone.port, server.sip_port)) as capture:
            check_clean(capture, (server.sip_port, media))
            rows = capture.fields(["rtpevent.event_id", "rtpevent.end_of_event", "rtpevent.duration", "rtp.timestamp", "rtp.marker",
                                   "rtpevent.volume"], "rtpevent && udp.srcport == %d" % media)
            assert len(rows) >= 16 * 4 and {row[5] for row in rows} == {"10"}, rows[:3]
            heard = [row for row in rows if row[4] in ("1", "True")]
            assert "".join(keys[int(row[0])] for row in heard) == keys, heard
            for row in heard:
                ends = [one[2] for one in rows if one[3] == row[3] and one[1] in ("1", "True")]
                assert ends == ["800"] * 3, (row, ends)
            assert streams(capture)[media][1] == 0, "lost"


def refused_or_cancelled(play):
    with TracedPhone() as phone, through(phone) as server, Client(server) as client:
        client.send("CALL:sip:b%20ob@example.com;x=y")
        play(phone, client)
        time.sleep(0.1)
        with Capture(phone.datagrams(), (phone.port, server.sip_port)) as capture:
            check_clean(capture, (server.sip_port,))
            return [one[0] for one in capture.fields(["sip.Method"], "sip.Method")]


def test_cancelled_call():
    def play(phone, client):
        invite = phone.wait("INVITE")
        phone.reply(invite, 180)
        client.state("ringing")
        client.hangup(487)
        phone.reply(phone.wait("CANCEL"), 200)
        phone.reply(invite, 487)
        phone.wait("ACK")
    assert refused_or_cancelled(play) == ["INVITE", "CANCEL", "ACK"]


def test_refused_call():
    def play(phone, client):
        phone.refuse(486)
        client.ended(486)
    assert refused_or_cancelled(play) == ["INVITE", "ACK"]


def test_answers_to_strangers():
    """Refusals of requests that belong to no dialog are well made too."""
    with TracedPhone() as phone, through(phone) as server:
        to = ("127.0.0.1", server.sip_port)
        methods = ("OPTIONS", "INVITE", "REGISTER", "SUBSCRIBE", "FROBNICATE", "BYE", "MESSAGE")
        for number, method in enumerate(methods):
            phone.raw("%s sip:us@127.0.0.1:%d SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:%d;branch=z9hG4bKs%d;rport\r\nMax-Forwards: 70\r\n"
                      "From: <sip:x@127.0.0.1>;tag=s%d\r\nTo: <sip:us@127.0.0.1>\r\nCall-ID: s%d@x\r\nCSeq: 1 %s\r\n"
                      "Contact: <sip:x@127.0.0.1:%d>\r\nContent-Length: 0\r\n\r\n" % (
                          method, to[1], phone.port, number, number, number, method, phone.port), to)
        deadline = time.monotonic() + soon(5)
        while len({m.get("cseq") for m in phone.messages if m.status and m.status >= 200}) < len(methods):
            assert time.monotonic() < deadline, phone.messages
            time.sleep(0.02)
        invited = next(m for m in phone.messages if m.get("cseq") == "1 INVITE" and m.status >= 200)
        phone.raw("ACK sip:us@127.0.0.1:%d SIP/2.0\r\nVia: %s\r\nMax-Forwards: 70\r\nFrom: %s\r\nTo: %s\r\nCall-ID: %s\r\n"
                  "CSeq: 1 ACK\r\nContent-Length: 0\r\n\r\n" % (
                      to[1], "SIP/2.0/UDP 127.0.0.1:%d;branch=%s;rport" % (phone.port, invited.branch), invited.get("from"),
                      invited.get("to"), invited.call_id), to)
        time.sleep(0.2)
        with Capture(phone.datagrams(), (phone.port, server.sip_port)) as capture:
            check_clean(capture, (server.sip_port,))


def test_faults_are_seen():
    """This file's own judgement: a capture with one bad packet does not pass."""
    us, them = ("127.0.0.1", 6000), ("127.0.0.1", 6002)
    body = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 7000 RTP/AVP 0\r\n"
    head = ("INVITE sip:a@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:6000;branch=z9hG4bKx\r\nFrom: <sip:b@127.0.0.1>;tag=1\r\n"
            "To: <sip:a@127.0.0.1>\r\nCall-ID: x\r\nCSeq: 1 %s\r\nMax-Forwards: 70\r\nContact: <sip:b@127.0.0.1:6000>\r\n"
            "Content-Type: application/sdp\r\nContent-Length: %d\r\n\r\n")
    good = (1e9, us, them, (head % ("INVITE", len(body)) + body).encode())
    rtcp = b"\x80\xc8\x00\x06" + bytes(24)
    rtp = (1e9 + 2, ("127.0.0.1", 7000), ("127.0.0.1", 7100), b"\x80\x00" + bytes(10) + b"\xff" * 160)

    def verdict(*datagrams):
        with Capture(datagrams, (6000,)) as capture:
            try:
                check_clean(capture, (6000, 7000, 7001))
            except AssertionError:
                return False
            return True
    assert verdict(good, rtp, (1e9 + 1, ("127.0.0.1", 7001), ("127.0.0.1", 7101), rtcp))
    assert not verdict(good, (1e9 + 1, ("127.0.0.1", 7001), ("127.0.0.1", 7101), rtcp[:3] + b"\x60" + rtcp[4:]))
    assert not verdict(good, (1e9 + 1, ("127.0.0.1", 7009), ("127.0.0.1", 7109), b"abc"), (1e9 + 2, us, ("127.0.0.1", 7), b"??"))
    assert not verdict((1e9, us, them, (head % ("INVITE", len(body)) + body).replace("Max-Forwards: 70", "Max Forwards").encode()))


if __name__ == "__main__":
    need("tshark")
    main(sys.modules[__name__], workers=3)
