# SPDX-License-Identifier: MIT
"""SIPp as the caller: every way in which an incoming call is refused, rings, is answered and ends (--incoming)."""
import os
import re
import socket
import sys
import threading
import time

import audio
from clients import Client, parse_stats
from common import check_echo, idle_ports, loopback, wait_echo
from harness import free_udp_port, main, need, wait_until
from scenario import Scenario, playing, sdp

NO_OFFER = ""
BRANCH = "z9hG4bKin[pid]x[call_number]"
G729 = sdp(types="18")


class Caller(Scenario):
    """What SIPp sends when it calls; its identity is written out so that ACK and CANCEL can carry the INVITE's branch."""

    def _send(self, method, cseq=1, branch=BRANCH, to="", body=None, extra=(), called="5000", from_tag="c[call_number]", version="SIP/2.0", uri=None,
              kind="application/sdp"):
        return self._message([
            "%s %s %s" % (method, uri or "sip:%s@[remote_ip]:[remote_port]" % called, version),
            "Via: SIP/2.0/UDP [local_ip]:[local_port];branch=" + branch,
            "From: <sip:0921367101@[local_ip]:[local_port]>;tag=" + from_tag,
            "To: <sip:%s@[remote_ip]:[remote_port]>%s" % (called, to), "Call-ID: [call_id]", "CSeq: %d %s" % (cseq, method),
            "Max-Forwards: 70", "Contact: <sip:caller@[local_ip]:[local_port]>"] + list(extra), body, kind=kind)

    def invite(self, body=None, **options):
        return self._send("INVITE", body=sdp() if body is None else body or None, **options)

    def ack(self, body=None, final=False, cseq=1):
        """final: to a response from 300 on, in the INVITE's own transaction."""
        return self._send("ACK", cseq, branch=BRANCH if final else "[branch]", to="[peer_tag_param]", body=body)

    def cancel(self):
        return self._send("CANCEL")

    def bye(self, cseq=2):
        return self._send("BYE", cseq, branch="[branch]", to="[peer_tag_param]").recv(200, ("CSeq", "%d BYE" % cseq))

    def refused(self, code, *checks, rings=False):
        if rings:
            self.recv(180, ("To", ";tag="))
        return self.recv(code, ("To", ";tag="), *checks).ack(final=True)

    def ringing(self):
        """180 with a tag and a Contact: a request in the early dialog finds us."""
        return self.recv(180, ("To", ";tag="), ("Contact", "<sip:"), ("msg", "!m=audio"))

    def answered(self, *checks):
        return self.ringing().recv(200, ("Contact", "<sip:"), ("Content-Type", "application/sdp"), *checks).ack()

    def told_bye(self, timeout=20000):
        return self.recv("BYE", timeout=timeout).answer("200 OK", tag=None)


def listener(server):
    client = Client(server)
    client.send("LISTEN")
    barrier(client)
    return client


def barrier(client):
    """What was sent before has been carried out."""
    client.send("STATS")
    client.error("STATS", "no_call")


def figures(client):
    """Of the call that ended last."""
    return parse_stats([text for _, text in client.control if text.startswith("CALL_STATS:")][-1])


def ring(*flags, **options):
    return loopback("--incoming", "ring", *flags, **options)


def calls(server, steps, **options):
    return playing(steps, uac=server.sip_port, **options)


# ---- refused at once

def refused(server, code, *checks, body=None, extra=(), **options):
    with calls(server, Caller().invite(body, extra=extra, **options).refused(code, *checks)):
        pass


def test_reject_is_the_default():
    with loopback() as server, Client(server) as client:
        client.send("LISTEN")
        client.error("LISTEN", "denied")
        refused(server, 480)
        client.send("ANSWER")
        client.error("ANSWER", "no_call")
        client.send("REJECT")
        client.error("REJECT", "no_call")


def test_nobody_listens_or_all_talk():
    with ring() as server, Client(server) as idle, listener(server) as client:
        client.call("echo")
        refused(server, 486)
        client.send("ANSWER")
        client.error("ANSWER", "busy")
        client.hangup()
        client.send("UNLISTEN")
        barrier(client)
        refused(server, 480)
        assert idle.count("INCOMING") == client.count("INCOMING") == 0
        server.wait_log("Incoming call from 0921367101 to 5000 refused: 480 ")


def test_all_lines_in_use():
    with ring("--max-calls", 1) as server, Client(server) as caller, listener(server) as client:
        caller.call("echo")
        refused(server, 486)
        caller.hangup()
        assert client.count("INCOMING") == 0


def test_offers_that_cannot_be_used():
    with ring() as server, listener(server) as client:
        refused(server, 488, ("Warning", '305 [^ ]+ ".*codec'), body=G729)
        refused(server, 488, ("Warning", "304 "), body=sdp().replace("RTP/AVP", "RTP/SAVP"))
        refused(server, 488, ("Warning", "304 "), body=sdp(port="0"))
        refused(server, 488, ("Warning", "399 "), body="this is no SDP\n")
        assert client.count("INCOMING") == 0


def test_requests_that_ask_too_much():
    """RFC 3261 8.2.2.3, 8.2.3, 21.4."""
    with ring() as server, listener(server) as client:
        refused(server, 420, ("Unsupported", "100rel, x-magic"), extra=("Require: 100rel, x-magic",))
        refused(server, 415, ("Accept-Encoding", "identity"), extra=("Content-Encoding: gzip",))
        refused(server, 415, ("Accept", "application/sdp"), body="hello\n", kind="text/plain")
        refused(server, 406, extra=("Accept: text/html",))
        refused(server, 416, uri="urn:service:sos")
        refused(server, 413, body=sdp(more=["a=x-padding:" + "x" * 80] * 200))
        refused(server, 505, version="SIP/7.0")
        assert client.count("INCOMING") == 0


# ---- rings, and nobody answers

def test_cancelled():
    steps = Caller().invite().ringing().pause(300).cancel()
    steps.recv(200, ("CSeq", "1 CANCEL")).recv(487, ("CSeq", "1 INVITE")).ack(final=True)
    with ring() as server, listener(server) as client, listener(server) as other:
        with calls(server, steps):
            assert client.expect("INCOMING") == "INCOMING:0921367101:5000"
            assert client.expect("INCOMING_GONE") == "INCOMING_GONE:cancelled"
        assert other.expect("INCOMING_GONE") == "INCOMING_GONE:cancelled"
        client.send("ANSWER")
        client.error("ANSWER", "no_call")
        idle_ports(server, 2)


def test_ring_seconds():
    with ring("--ring-seconds", 2) as server, listener(server) as client:
        started = time.monotonic()
        with calls(server, Caller().invite().refused(480, rings=True)):
            client.expect("INCOMING")
            assert client.expect("INCOMING_GONE") == "INCOMING_GONE:no answer"
        assert time.monotonic() - started >= 2


def test_expires():
    with ring() as server, listener(server) as client:
        with calls(server, Caller().invite(extra=("Expires: 1",)).refused(487, rings=True)):
            assert client.expect("INCOMING_GONE") == "INCOMING_GONE:no answer"


def test_rejected():
    with ring() as server, listener(server) as client:
        for word, code in (("REJECT", 603), ("REJECT:486", 486), ("REJECT:404", 404)):
            with calls(server, Caller().invite().refused(code, rings=True)):
                client.expect("INCOMING")
                for bad in ("REJECT:399", "REJECT:700", "REJECT:"):
                    client.send(bad)
                    client.error("REJECT", "bad_argument")
                client.send("HANGUP")
                client.error("HANGUP", "no_call")
                client.send(word)
                assert client.expect("INCOMING_GONE") == "INCOMING_GONE:rejected"


def test_rejected_by_one_answered_by_the_other():
    with ring() as server, listener(server) as first, listener(server) as second:
        with calls(server, Caller().invite().answered().told_bye()):
            first.expect("INCOMING")
            second.expect("INCOMING")
            first.send("REJECT")
            first.expect("INCOMING_GONE")
            second.send("ANSWER")
            second.state("established")
            second.hangup(200)


def test_the_last_listener_is_lost():
    with ring() as server, listener(server) as client:
        with calls(server, Caller().invite().refused(480, rings=True)):
            client.expect("INCOMING")
            client.vanish()


def test_one_that_rings_dials():
    with ring() as server, listener(server) as client:
        with calls(server, Caller().invite().refused(486, rings=True)):
            client.expect("INCOMING")
            client.send("CALL:echo")
            assert client.expect("INCOMING_GONE") == "INCOMING_GONE:dialling"
            client.state("established")
        client.hangup(200)


def test_bye_in_the_early_dialog():
    steps = Caller().invite().ringing()._send("BYE", 2, branch="[branch]", to="[peer_tag_param]")
    steps.recv(200, ("CSeq", "2 BYE")).recv(487, ("CSeq", "1 INVITE")).ack(final=True)
    with ring() as server, listener(server) as client:
        with calls(server, steps):
            assert client.expect("INCOMING_GONE") == "INCOMING_GONE:cancelled"


def test_the_server_stops():
    with ring() as server, listener(server) as client:
        with calls(server, Caller().invite().refused(480, rings=True)):
            client.expect("INCOMING")
            server.stop()
        assert client.expect("INCOMING_GONE") == "INCOMING_GONE:server stops"


# ---- answered

def test_answered_and_hung_up():
    """SIPp sends back what it hears: a file comes back byte for byte."""
    data = audio.noise(100, seed=11)
    with ring() as server, listener(server) as client:
        client.upload("hello.wav", audio.wav_ulaw(data))
        with calls(server, Caller().invite().answered(("msg", r"m=audio [0-9]+ RTP/AVP 0\r"), ("Allow", "INVITE")).told_bye()):
            client.expect("INCOMING")
            client.send("ANSWER")
            client.state("established")
            client.play("hello.wav")
            wait_echo(client, data)
            client.send("STATS")
            assert int(client.stats()["rx_packets"]) > 90
            client.hangup(200)
        check_echo(client, data)
        assert os.path.basename(figures(client)["recording"]) == os.path.basename(server.recordings[-1])
        assert "-0921367101-" in server.recordings[-1]
        assert client.count("INCOMING_GONE") == 0
        idle_ports(server, 2)


def test_the_caller_hangs_up():
    with ring() as server, listener(server) as client:
        with calls(server, Caller().invite().answered().pause(500).bye()):
            client.expect("INCOMING")
            client.send("ANSWER")
            client.state("established")
            client.ended(200)
        # and the line is free for the next
        with calls(server, Caller().invite().answered().pause(100).bye()):
            client.expect("INCOMING")
            client.send("ANSWER")
            client.ended(200)


def test_first_answer_wins():
    with ring() as server, listener(server) as first, listener(server) as second, listener(server) as third:
        with calls(server, Caller().invite().answered().told_bye()):
            for client in (first, second, third):
                client.expect("INCOMING")
            second.send("ANSWER")
            second.state("established")
            for client in (first, third):
                assert client.expect("INCOMING_GONE") == "INCOMING_GONE:answered elsewhere"
            first.send("ANSWER")
            first.error("ANSWER", "no_call")
            second.hangup(200)


def test_two_calls_one_client():
    """The second waits until the first is over with."""
    with ring() as server, listener(server) as client:
        with calls(server, Caller().invite().refused(603, rings=True)), \
                calls(server, Caller().invite(called="6000").answered().told_bye()):
            first = client.expect("INCOMING")
            wait_until(lambda: server.log.count("Incoming call from") == 2, 5, "both calls")
            client.never(re.compile("^INCOMING:(?!.*%s)" % first.rsplit(":", 1)[1]), 0.1)
            if first.endswith(":6000"):
                client.send("ANSWER")
                client.state("established")
                client.hangup(200)
                client.expect("INCOMING")
                client.send("REJECT")
            else:
                client.send("REJECT")
                client.expect("INCOMING_GONE")
                assert client.expect("INCOMING").endswith(":6000")
                client.send("ANSWER")
                client.state("established")
                client.hangup(200)


def test_listen_while_it_rings():
    with ring() as server, listener(server) as first, Client(server) as late:
        with calls(server, Caller().invite().answered().told_bye()):
            first.expect("INCOMING")
            late.send("LISTEN")
            assert late.expect("INCOMING") == "INCOMING:0921367101:5000"
            first.send("UNLISTEN")
            assert first.expect("INCOMING_GONE") == "INCOMING_GONE:not listening"
            late.send("ANSWER")
            late.state("established")
            late.close()  # its call goes with it
        first.never("CALL_STATE", 0.1)


def test_codec_order_and_payload_types():
    offer = sdp(types="18 8 0 96", more=["a=rtpmap:96 telephone-event/8000", "a=ptime:40", "a=sendrecv"])
    checks = (("msg", "RTP/AVP 8 96"), ("msg", "a=rtpmap:96 telephone-event/8000"), ("msg", "a=ptime:40"))
    with ring() as server, listener(server) as client:
        with calls(server, Caller().invite(offer).answered(*checks).told_bye()):
            client.expect("INCOMING")
            client.send("ANSWER")
            client.wait_audio(10)
            client.hangup(200)
        assert figures(client)["codec"] == "PCMA"


def test_no_offer():
    """Ours is in the 200, SIPp's answer in its ACK."""
    steps = Caller().invite(NO_OFFER).ringing()
    steps.recv(200, ("msg", "RTP/AVP 0 8 101")).ack(sdp()).told_bye()
    with ring() as server, listener(server) as client:
        with calls(server, steps):
            client.expect("INCOMING")
            client.send("ANSWER")
            client.state("established")
            client.wait_audio(10)
            client.hangup(200)


def test_no_offer_and_no_answer():
    for body in (None, G729):
        steps = Caller().invite(NO_OFFER).ringing().recv(200, ("msg", "RTP/AVP 0 8 101")).ack(body).told_bye()
        with ring() as server, listener(server) as client:
            with calls(server, steps):
                client.expect("INCOMING")
                client.send("ANSWER")
                client.ended(488)
            assert client.count("CALL_STATE:established") == 0
            idle_ports(server, 2)


def test_cancel_crosses_answer():
    """SIPp cancels although the 200 is on its way: it stands, and BYE ends it."""
    steps = Caller().invite().ringing().recv(200, ("CSeq", "1 INVITE")).cancel()
    steps.recv(200, ("CSeq", "1 CANCEL")).ack().bye()
    with ring() as server, listener(server) as client:
        with calls(server, steps):
            client.expect("INCOMING")
            client.send("ANSWER")
            client.state("established")
            client.ended(200)
        assert client.count("INCOMING_GONE") == 0


def test_hangup_before_the_ack():
    """BYE waits for it (15)."""
    steps = Caller().invite().ringing().recv(200).pause(700).ack().told_bye()
    with ring() as server, listener(server) as client:
        with calls(server, steps):
            client.expect("INCOMING")
            client.send("ANSWER")
            client.state("established")
            client.hangup(200)


def test_bye_before_the_ack():
    steps = Caller().invite().ringing().recv(200).bye()
    with ring() as server, listener(server) as client:
        with calls(server, steps):
            client.expect("INCOMING")
            client.send("ANSWER")
            client.ended(200)


def test_the_ack_never_comes():
    """200 again and again, then BYE, ended:408."""
    with ring("--no-media-seconds", 0) as server, listener(server) as client:
        with calls(server, Caller().invite().ringing().recv(200).told_bye(timeout=60000), timeout=90) as sipp:
            client.expect("INCOMING")
            client.send("ANSWER")
            client.state("established")
            client.ended(408, timeout=40)
            assert sipp.messages.count("SIP/2.0 200 OK") >= 8


def test_sent_again():
    """The same INVITE three times: one call."""
    steps = Caller().invite().recv(180).pause(100).invite().recv(180).pause(100).invite().recv(180)
    steps.recv(200).ack().bye()
    with ring() as server, listener(server) as client:
        with calls(server, steps, more=("-nr",)):
            client.expect("INCOMING")
            time.sleep(0.5)
            client.send("ANSWER")
            client.ended(200)
        assert client.count("INCOMING") == 1 and server.log.count("Incoming call from") == 2  # it comes, it is answered


def test_merged():
    """The same request by two ways (8.2.2.2): the second is 482."""
    other = BRANCH + "b"
    steps = Caller().invite().ringing().invite(branch=other).recv(482, ("Via", "b;|b$"))
    steps._send("ACK", branch=other, to="[peer_tag_param]").recv(200, ("CSeq", "1 INVITE")).ack().bye()
    with ring() as server, listener(server) as client:
        with calls(server, steps):
            client.expect("INCOMING")
            time.sleep(0.3)
            client.send("ANSWER")
            client.ended(200)
        assert client.count("INCOMING") == 1


def test_record_routed():
    """Our BYE goes along the proxies that stayed in the way."""
    extra = ("Record-Route: <sip:near@[local_ip]:[local_port];lr>, <sip:far@127.0.0.3:5099;lr>",)
    steps = Caller().invite(extra=extra).recv(180, ("Record-Route", "near.*far"))
    steps.recv(200, ("Record-Route", "near.*far")).ack()
    steps.recv("BYE", ("Route", "near.*far"), ("msg", "^BYE sip:caller@")).answer("200 OK", tag=None)
    with ring() as server, listener(server) as client:
        with calls(server, steps):
            client.expect("INCOMING")
            client.send("ANSWER")
            client.state("established")
            client.hangup(200)


def test_no_port_is_left():
    """503 for the caller, an ERROR for the client."""
    low = free_udp_port(low=29000, high=29400)
    holders = []
    with ring("--max-calls", 1, rtp_ports="%d-%d" % (low, low + 1)) as server, listener(server) as client:
        for port in (low, low + 1):
            holders.append(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
            holders[-1].bind(("127.0.0.1", port))
        with calls(server, Caller().invite().refused(503, rings=True)):
            client.expect("INCOMING")
            client.send("ANSWER")
            client.error("ANSWER", "busy")
            assert client.expect("INCOMING_GONE") == "INCOMING_GONE:failed"
        for holder in holders:
            holder.close()


# ---- the echo test

class Ear:
    """A telephone's RTP socket: sends a file, keeps what comes back."""

    def __init__(self):
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.bind(("127.0.0.1", free_udp_port(low=29400, high=29990)))
        self.sock.settimeout(0.2)
        self.port = self.sock.getsockname()[1]
        self.heard, self.open = [], True
        self.thread = threading.Thread(target=self._listen, daemon=True)
        self.thread.start()

    def _listen(self):
        while self.open:
            try:
                self.heard.append(audio.Rtp(self.sock.recv(2048)))
            except OSError:
                pass

    def say(self, data, port):
        start = time.monotonic()
        for n in range(len(data) // audio.FRAME):
            time.sleep(max(0, start + n * 0.02 - time.monotonic()))
            self.sock.sendto(audio.rtp_packet(n, n * 160, 7, data[n * audio.FRAME:(n + 1) * audio.FRAME]), ("127.0.0.1", port))

    def close(self):
        self.open = False
        self.thread.join()
        self.sock.close()


def test_echo():
    data = audio.noise(50, seed=12)
    ear = Ear()
    with loopback("--incoming", "echo") as server:
        with calls(server, Caller().invite(sdp(port=str(ear.port))).answered().pause(2500).bye()) as sipp:
            found = wait_until(lambda: re.search(r"SIP/2.0 200 OK.*?m=audio (\d+)", sipp.messages, re.S), 5, "the answer")
            ear.say(data, int(found.group(1)))
        server.wait_log("Call 0921367101 ended: 200 OK")
        ear.close()
        wav = audio.read_wav(server.recordings[-1])
    heard = audio.payload_of(ear.heard)
    frames = [data[i:i + audio.FRAME] for i in range(0, len(data), audio.FRAME)]
    places = [heard.find(frame) for frame in frames]
    assert min(places) >= 0 and places == sorted(places), "frames that came back: %s" % places
    assert frames[10] in wav.left and frames[10] in wav.right, "the recording has both sides"
    audio.assert_continuous(ear.heard)


def test_echo_limits():
    with loopback("--incoming", "echo", "--max-call-seconds", 1) as server, Client(server) as client:
        client.send("LISTEN")
        client.error("LISTEN", "denied")
        with calls(server, Caller().invite().answered().told_bye()):
            pass
        server.wait_log("Call 0921367101 ended: 0 longer than 1 s")
        refused(server, 488, ("Warning", "305 "), body=G729)
        assert client.texts() == client.texts()[:1]


if __name__ == "__main__":
    need("sipp")
    main(sys.modules[__name__])
