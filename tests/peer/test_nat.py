# SPDX-License-Identifier: MIT
"""The gateway behind a NAT, the PBX outside: audio both ways, and the binding lives through a long silence."""
import contextlib
import re
import sys
import time

import audio
from audio import payload_of
from clients import Client2
from harness import Server, main, need, wait_until
from netns import GATEWAY, OUTER, PBX, UDP_TIMEOUT, Nat
from registrar import Registrar

SILENCE = 20 * UDP_TIMEOUT  # ten minutes with the usual 30 s


class Pbx(Registrar):
    """Says in each answer where the request came from (RFC 3581)."""

    def reply(self, request, code, sdp=None, **options):
        self.seen = request.source
        return super().reply(request, code, sdp, **options)


@contextlib.contextmanager
def behind(nat, *flags):
    """(PBX, server, client) with the server registered through the NAT."""
    with nat.inside("pbx"):
        pbx = Pbx(ip=PBX, port=5060)
    with nat.inside("gw"):
        server = Server("--sip-user", "201", "--sip-password", "secret", "--sip-register", "--sip-expires", "3600", *flags,
                        sip=PBX + ":5060", sip_listen=GATEWAY + ":0")
        client = Client2(server)
    with pbx, server, client:
        pbx.wait_bound()
        yield pbx, server, client


def call(nat, pbx, client):
    client.send("CALL:bob")
    with nat.inside("pbx"):
        rtp = pbx.new_rtp(ip=PBX, echo=True)
        invite, _ = pbx.answer(rtp=rtp)
    client.state("established")
    return invite, rtp


def heard(client, data):
    frames = [data[i:i + audio.FRAME] for i in range(0, len(data), audio.FRAME)]
    got = payload_of(client.packets())
    return sum(frame in got for frame in frames) >= 0.9 * len(frames)


def test_audio_both_ways():
    """The PBX sees the NAT's address everywhere: Via's source, Contact, SDP. A file goes out and its echo comes back."""
    with Nat("audio") as nat, behind(nat, "--sip-keepalive", "1") as (pbx, server, client):
        invite, rtp = call(nat, pbx, client)
        assert invite.source[0] == OUTER, invite.source
        assert re.search(r"@%s:%d" % (re.escape(OUTER), invite.source[1]), invite.contact_uri()), invite.raw
        assert invite.media()[0] == OUTER, invite.raw
        data = audio.noise(80, seed=31)
        client.upload("a.wav", audio.wav_ulaw(data))
        client.play("a.wav")
        wait_until(lambda: heard(client, data), 8, "the echo")
        assert {source[0] for _, source, _ in rtp.seen} == {OUTER}
        client.send("STATS")
        assert client.stats()["lost"] == "0"
        client.send("HANGUP")
        pbx.take_bye()
        client.ended(200)


def invite_to(nat, pbx, uri):
    """The PBX calls the bound Contact."""
    with nat.inside("pbx"):
        rtp = pbx.new_rtp(ip=PBX)
    ip, port = re.search(r"@([\d.]+):(\d+)", uri).groups()
    number = len(pbx.messages)
    lines = ["INVITE %s SIP/2.0" % uri, "Via: SIP/2.0/UDP %s:5060;branch=z9hG4bKin%d;rport" % (PBX, number), "Max-Forwards: 70",
             "From: <sip:202@%s>;tag=in%d" % (PBX, number), "To: <sip:201@%s>" % PBX, "Call-ID: in%d@pbx" % number, "CSeq: 1 INVITE",
             "Contact: <sip:202@%s:5060>" % PBX, "Content-Type: application/sdp"]
    body = pbx.sdp(rtp)
    pbx.raw("\r\n".join(lines + ["Content-Length: %d" % len(body)]) + "\r\n\r\n" + body, (ip, int(port)))
    return lines


def test_binding_survives_silence():
    """Nothing but keepalives for twenty times the NAT's memory; then the PBX's call comes in."""
    with Nat("keep") as nat, behind(nat, "--sip-keepalive", "1", "--incoming", "echo") as (pbx, server, client):
        uri = pbx.wait_bound()
        uri = uri or next(iter(pbx.bindings))
        assert OUTER in uri, uri
        registers = len(pbx.registers())
        time.sleep(SILENCE)
        assert len(pbx.registers()) == registers, "a registration kept it open, not the keepalive"
        lines = invite_to(nat, pbx, uri)
        answer = pbx.wait(200, 10)
        pbx.raw("\r\n".join(["ACK %s SIP/2.0" % answer.contact_uri()] + lines[1:4] + ["To: " + answer.get("to"), lines[5], "CSeq: 1 ACK",
                                                                        "Content-Length: 0"]) + "\r\n\r\n", answer.source)
        server.wait_log("SIP call established")
        pbx.raw("\r\n".join(["BYE %s SIP/2.0" % answer.contact_uri(), lines[1] + "b", lines[2], lines[3], "To: " + answer.get("to"), lines[5],
                             "CSeq: 2 BYE", "Content-Length: 0"]) + "\r\n\r\n", answer.source)
        pbx.wait(200, 5, lambda m: "BYE" in m.get("cseq"))


def test_without_keepalive_it_is_lost():
    """What the other test would show if it did nothing: the NAT forgets, and the PBX's INVITE does not arrive."""
    with Nat("lost") as nat, behind(nat, "--sip-keepalive", "0", "--incoming", "echo") as (pbx, _, client):
        uri = pbx.wait_bound() or next(iter(pbx.bindings))
        time.sleep(2 * UDP_TIMEOUT + 1)
        invite_to(nat, pbx, uri)
        pbx.never(200, 2)
        assert client.count("ERROR") == 0


def namespaces():
    try:
        Nat("probe").remove()
        return True
    except OSError as error:
        print("no NAT of namespaces here: %s" % error)
        return False


if __name__ == "__main__":
    need("ip")
    need("nft")
    if not namespaces():
        sys.exit(77)
    main(sys.modules[__name__], workers=3)
