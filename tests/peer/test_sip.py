# SPDX-License-Identifier: MIT
"""SIP that SIPp cannot script: redirects, forked answers, re-INVITE, a crossing BYE, requests for no dialog."""
import re
import sys
import time

from clients import Client
from common import established, through
from harness import main
from phone import Phone


def test_redirects_are_followed():
    """Always through the server; at most 5; no loops."""
    with Phone() as phone, through(phone) as server, Client(server) as client:
        client.send("CALL:bob")
        first = phone.wait("INVITE")
        phone.reply(first, 302, extra=["Contact: <sip:carol@127.0.0.1:%d>;q=0.5" % phone.port])
        phone.wait("ACK")
        second = phone.wait("INVITE")
        assert second.uri == "sip:carol@127.0.0.1:%d" % phone.port and second.cseq > first.cseq and second.branch != first.branch
        phone.reply(second, 200, phone.sdp(phone.new_rtp()))
        phone.wait("ACK")
        client.state("established")
        client.hangup()
        phone.take_bye()
        client.send("CALL:bob")  # a loop
        first = phone.wait("INVITE")
        phone.reply(first, 302, extra=["Contact: <%s>" % first.uri])
        phone.wait("ACK")
        code, _ = client.ended()
        assert 300 <= code < 700
        client.send("CALL:bob")  # without end
        for hop in range(7):
            try:
                invite = phone.wait("INVITE", 0.7)
            except AssertionError:
                break
            phone.reply(invite, 302, extra=["Contact: <sip:hop%d@127.0.0.1:%d>" % (hop, phone.port)])
            phone.wait("ACK")
        assert hop == 6, "followed %d times" % (hop - 1)
        client.ended()


def test_forked_200s():
    """The second fork's 200 gets ACK and BYE, the first one's call goes on."""
    with Phone() as phone, through(phone) as server, Client(server) as client:
        client.send("CALL:bob")
        invite = phone.wait("INVITE")
        rtp = phone.new_rtp()
        phone.reply(invite, 180, tag="fork1")
        phone.reply(invite, 180, tag="fork2")
        phone.reply(invite, 200, phone.sdp(rtp), tag="fork1")
        assert phone.wait("ACK").tag("to") == "fork1"
        phone.reply(invite, 200, phone.sdp(phone.new_rtp()), tag="fork2")
        assert phone.wait("ACK").tag("to") == "fork2"
        assert phone.take_bye().tag("to") == "fork2"
        client.state("established")
        rtp.stream(invite.media()[:2], 10)
        client.wait_audio(10)
        assert client.count("CALL_STATE:ended") == 0
        client.hangup()
        assert phone.take_bye().tag("to") == "fork1"


def test_reinvite():
    """Whose SDP changes nothing, another port and codec: 200, the audio goes there. What we cannot do: 488, and the call goes on."""
    with Phone() as phone, through(phone) as server:
        client, invite, rtp = established(server, phone)
        with client:
            phone.request(invite, "INVITE", cseq=2, sdp=phone.sdp(rtp))
            answer = phone.wait(200)
            assert answer.media() == (invite.media()[0], invite.media()[1], answer.media()[2]) and 0 in answer.media()[2]
            assert answer.get("contact")
            phone.request(invite, "ACK", cseq=2)
            other = phone.new_rtp()
            phone.request(invite, "INVITE", cseq=3, sdp=phone.sdp(other, types=(8, 101)))
            assert phone.wait(200).media()[2] == [8, 101]
            phone.request(invite, "ACK", cseq=3)
            other.wait(10)
            phone.request(invite, "INVITE", cseq=4, sdp=phone.sdp(rtp, types=(18,)))
            refused = phone.wait(488)
            branch = refused.branch
            phone.request(invite, "ACK", cseq=4, branch=branch)
            other.stream(invite.media()[:2], 10)
            client.wait_audio(10)
            phone.request(invite, "OPTIONS", cseq=1)  # older than what came before
            assert phone.wait(500).status == 500
            assert client.count("CALL_STATE:ended") == 0
            client.hangup()
            phone.take_bye()


def test_in_dialog_methods():
    with Phone() as phone, through(phone) as server:
        client, invite, _ = established(server, phone)
        with client:
            for number, (method, code) in enumerate((("MESSAGE", 405), ("WHATEVER", 501), ("OPTIONS", 200))):
                phone.request(invite, method, cseq=10 + number)
                answer = phone.wait(code)
                assert answer.get("cseq") == "%d %s" % (10 + number, method)
                if code != 200:
                    assert "BYE" in answer.get("allow")
            phone.request(invite, "BYE", cseq=20, tag="wrong")
            phone.wait(481)
            phone.request(invite, "BYE", cseq=20, call_id="wrong")
            phone.wait(481)
            assert client.count("CALL_STATE:ended") == 0
            phone.request(invite, "BYE", cseq=21)
            phone.wait(200)
            client.ended(200)
            phone.request(invite, "BYE", cseq=22)
            phone.wait(481)


def test_bye_crosses_hangup():
    with Phone() as phone, through(phone) as server:
        client, invite, _ = established(server, phone)
        with client:
            client.send("HANGUP")
            bye = phone.wait("BYE")
            phone.request(invite, "BYE", cseq=1)
            crossed = phone.wait(200)
            assert crossed.get("cseq") == "1 BYE"
            phone.reply(bye, 481)
            client.ended(200)
            client.send("CALL:bob")
            phone.answer()
            client.state("established")
            client.hangup()
            phone.take_bye()


def test_cancel_without_an_end():
    """CANCEL is answered, the INVITE never: it ends by the clock, and the line was free at once."""
    with Phone() as phone, through(phone) as server, Client(server) as client:
        client.send("CALL:bob")
        invite = phone.wait("INVITE")
        phone.reply(invite, 180)
        client.state("ringing")
        client.hangup(487)
        phone.reply(phone.wait("CANCEL"), 200)
        client.send("CALL:carol")
        phone.answer()
        client.state("established")
        client.hangup()
        phone.take_bye()


def test_via_received_and_order():
    """An answer with compact names, folded lines, two headers on a line and odd case is an answer."""
    with Phone() as phone, through(phone) as server, Client(server) as client:
        client.send("CALL:bob")
        invite = phone.wait("INVITE")
        sdp = phone.sdp(phone.new_rtp())
        text = ("SIP/2.0 200 Fine by me\r\nm:\r\n  <sip:phone@127.0.0.1:%d>;expires=9\r\nl: %d\r\nc: application/sdp\r\ni:%s\r\n"
                "cseq:  %d   INVITE\r\nf: %s\r\nt: %s ; tag=odd\r\nX-Any: a,\r\n\tb\r\nv: %s\r\n\r\n%s" % (
                    phone.port, len(sdp), invite.call_id, invite.cseq, invite.get("from"), invite.get("to"), invite.get("via"), sdp))
        phone.raw(text, invite.source)
        assert phone.wait("ACK").tag("to") == "odd"
        client.state("established")
        client.hangup()
        phone.take_bye()


def test_many_provisionals():
    with Phone() as phone, through(phone) as server, Client(server) as client:
        client.send("CALL:bob")
        invite = phone.wait("INVITE")
        for _ in range(20):
            for code in (100, 180, 181, 182, 183, 199):
                phone.reply(invite, code)
        time.sleep(0.2)
        phone.reply(invite, 200, phone.sdp(phone.new_rtp()))
        phone.wait("ACK")
        client.state("established")
        assert client.count("CALL_STATE:ringing") == 1 and client.count("CALL_STATE:trying") == 1, client.texts()
        client.hangup()
        phone.take_bye()


def test_addresses_in_the_invite():
    with Phone() as phone, through(phone) as server, Client(server) as client:
        client.send("CALL:bob")
        invite, _ = phone.refuse(486)
        client.ended(486)
        assert re.search(r"SIP/2.0/UDP 127\.0\.0\.1:%d;" % server.sip_port, invite.get("via")) and ";rport" in invite.get("via")
        assert "127.0.0.1:%d" % server.sip_port in invite.get("contact") and invite.source == ("127.0.0.1", server.sip_port)
        assert invite.get("user-agent").startswith("ws_audio_server") and "INVITE" in invite.get("allow")
        ip, port, types = invite.media()
        assert (ip, types) == ("127.0.0.1", [0, 8, 101]) and port % 2 == 0
        text = invite.body.decode()
        for line in ("v=0", "a=rtpmap:0 PCMU/8000", "a=rtpmap:8 PCMA/8000", "a=rtpmap:101 telephone-event/8000", "a=ptime:20"):
            assert line + "\r\n" in text, (line, text)


if __name__ == "__main__":
    main(sys.modules[__name__])
