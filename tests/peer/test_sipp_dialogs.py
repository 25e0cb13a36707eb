# SPDX-License-Identifier: MIT
"""SIPp scenarios for what networks and proxies do to a dialog: forks, routes, redirects, everything twice or late, re-INVITE,
challenges within it, crossings. SIPp checks each message (SIPp's own verdict), the client's CALL_STATE messages the rest."""
import sys

from clients import Client
from common import through
from harness import main, need
from scenario import Scenario, playing, sdp
from test_sipp import sent_requests

NO_RETRANS = ("-nr",)  # SIPp takes each repetition as a message of its own


def states(client):
    return [":".join(text.split(":")[1:3]) for text in client.texts() if text.startswith("CALL_STATE:")]


def normal_call(client, sipp, packets=10):
    """From CALL to the end; each state told once."""
    client.call("bob")
    client.wait_audio(packets)
    client.hangup(200)
    sipp.done()
    assert states(client) == ["trying", "ringing", "established", "ended:200"], client.texts()
    assert client.count("CALL_STATS") == 1


def test_forked_200s():
    """Two to-tags: ACK for both, BYE for the second, the call stays with the first."""
    steps = Scenario()
    steps.recv("INVITE", keep=True).answer("180 Ringing", tag="fork1").answer("180 Ringing", tag="fork2")
    steps.answer("200 OK", sdp(), tag="fork1", contact="sip:fork1@[local_ip]:[local_port]")
    steps.recv("ACK", ("To", ";tag=fork1"), ("msg", "^ACK sip:fork1@"))
    steps.answer("200 OK", sdp(), to="kept", tag="fork2", contact="sip:fork2@[local_ip]:[local_port]")
    steps.recv("ACK", ("To", ";tag=fork2"), ("msg", "^ACK sip:fork2@"), ("CSeq", "1 ACK"))
    steps.recv("BYE", ("To", ";tag=fork2"), ("msg", "^BYE sip:fork2@"), ("CSeq", "2 BYE")).answer("200 OK", tag=None)
    steps.pause(300)
    steps.answer("200 OK", sdp(), to="kept", tag="fork2", contact="sip:fork2@[local_ip]:[local_port]")  # its ACK was lost
    steps.recv("ACK", ("To", ";tag=fork2"))
    steps.recv("BYE", ("To", ";tag=fork1"), ("msg", "^BYE sip:fork1@"), timeout=60000).answer("200 OK", tag=None)
    with playing(steps, more=NO_RETRANS) as sipp, through(sipp) as server, Client(server) as client:
        normal_call(client, sipp, 40)


ROUTES = ("Record-Route: <sip:far@127.0.0.3:5099;lr>", "Record-Route: <sip:near@127.0.0.1:[local_port];lr;x=1>")
ROUTED = ("Route", r"<sip:near@127\.0\.0\.1:[0-9]+;lr;x=1>")
SECOND = ("msg", r"Route: [^\n]*near[^\n]*(, *|\r\nRoute: *)<sip:far@127\.0\.0\.3:5099;lr>")


def test_record_route():
    """ACK and BYE go along the route set, nearest proxy first, to the Contact of the 200, then to that of a re-INVITE."""
    steps = Scenario()
    steps.recv("INVITE", ("msg", "!\nRoute:"), keep=True)
    steps.answer("180 Ringing", contact="sip:early@127.0.0.7:9", extra=ROUTES)
    steps.answer("200 OK", sdp(), contact="sip:target@127.0.0.9:9;x=y", extra=ROUTES)
    steps.recv("ACK", ("msg", r"^ACK sip:target@127\.0\.0\.9:9;x=y SIP/2\.0"), ROUTED, SECOND)
    steps.request("INVITE", 1, sdp(), contact="sip:moved@127.0.0.8:9").recv(200, ("CSeq", "1 INVITE"), ("Contact", "<sip:"))
    steps.request("ACK", 1)
    steps.recv("BYE", ("msg", r"^BYE sip:moved@127\.0\.0\.8:9 SIP/2\.0"), ROUTED, SECOND, timeout=60000)
    steps.answer("200 OK", tag=None)
    with playing(steps) as sipp, through(sipp) as server, Client(server) as client:
        normal_call(client, sipp, 20)


def test_strict_router():
    """RFC 3261 12.2.1.1: a route without lr becomes the Request-URI, the target goes to the end."""
    routes = ["Record-Route: <sip:far@127.0.0.3:5099;lr>", "Record-Route: <sip:strict@127.0.0.1:[local_port]>"]
    order = ("msg", r"Route: *<sip:far@127\.0\.0\.3:5099;lr>(, *|\r\nRoute: *)<sip:target@127\.0\.0\.9:9>")
    steps = Scenario().recv("INVITE", keep=True).answer("180 Ringing", extra=routes)
    steps.answer("200 OK", sdp(), contact="sip:target@127.0.0.9:9", extra=routes)
    steps.recv("ACK", ("msg", r"^ACK sip:strict@127\.0\.0\.1:[0-9]+ SIP/2\.0"), order)
    steps.recv("BYE", ("msg", r"^BYE sip:strict@127\.0\.0\.1:[0-9]+ SIP/2\.0"), order, timeout=60000).answer("200 OK", tag=None)
    with playing(steps) as sipp, through(sipp) as server, Client(server) as client:
        normal_call(client, sipp)


def test_redirect():
    """Followed to the contact with the highest q, in the same dialog-to-be with a new CSeq and branch."""
    steps = Scenario().recv("INVITE", ("msg", "^INVITE sip:bob@"), ("CSeq", "1 INVITE"))
    steps.answer("302 Moved Temporarily", contact=None, extra=[
        "Contact: <sip:low@127.0.0.1:[local_port]>;q=0.1, \"C, <\" <sip:carol@127.0.0.1:[local_port];p=1>;q=0.9"])
    steps.recv("ACK", ("msg", "^ACK sip:bob@"), ("CSeq", "1 ACK"))
    steps.recv("INVITE", ("msg", r"^INVITE sip:carol@127\.0\.0\.1:[0-9]+;p=1 SIP"), ("CSeq", "2 INVITE"), ("To", "!;tag="))
    steps.answer("180 Ringing").answer("200 OK", sdp()).recv("ACK", ("CSeq", "2 ACK")).hung_up()
    with playing(steps) as sipp, through(sipp) as server, Client(server) as client:
        normal_call(client, sipp)
        first, second = sent_requests(sipp, "INVITE")
        assert first.branch != second.branch and first.tag("from") == second.tag("from")


def redirected(hops, expected):
    """Sends the caller on along these user names; how many INVITEs came."""
    steps = Scenario()
    for hop in hops[:expected]:
        steps.recv("INVITE").answer("302 Moved Temporarily", contact="sip:%s@127.0.0.1:[local_port]" % hop).recv("ACK")
    steps.pause(700)
    with playing(steps) as sipp, through(sipp) as server, Client(server) as client:
        client.call("sip:bob@127.0.0.1:%d" % sipp.port, until=None)
        code, _ = client.ended()
        assert 300 <= code < 700, client.texts()
        sipp.done()
        assert len(sent_requests(sipp, "INVITE")) == expected
        assert states(client)[-1] == "ended:%d" % code and client.count("CALL_STATE:ended") == 1


def test_redirect_loop():
    redirected(["bob"], 1)


def test_redirect_loop_over_two():
    redirected(["carol", "bob"], 2)


def test_redirects_at_most_five():
    redirected(["hop%d" % i for i in range(8)], 6)


def test_everything_twice():
    """Each answer comes twice: told once, a second ACK for the second 200."""
    steps = Scenario().recv("INVITE", keep=True)
    for answer in ("100 Trying", "180 Ringing", "200 OK"):
        for _ in range(1 if answer == "200 OK" else 2):
            steps.answer(answer, sdp() if answer == "200 OK" else None, tag=None if answer == "100 Trying" else "twice")
    steps.recv("ACK")
    steps.answer("200 OK", sdp(), to="kept", tag="twice").recv("ACK").pause(300)
    steps.answer("180 Ringing", to="kept", tag="twice").answer("200 OK", sdp(), to="kept", tag="twice").recv("ACK")
    steps.recv("BYE", timeout=60000).answer("200 OK", tag=None).answer("200 OK", tag=None)
    with playing(steps, more=NO_RETRANS) as sipp, through(sipp) as server, Client(server) as client:
        normal_call(client, sipp, 30)
        acks = sent_requests(sipp, "ACK")
        assert len(acks) == 3 and len({ack.raw for ack in acks}) == 1, acks


def test_refusal_twice():
    steps = Scenario().recv("INVITE", keep=True).answer("486 Busy Here").recv("ACK")
    steps.answer("486 Busy Here", to="kept").recv("ACK").pause(200).answer("486 Busy Here", to="kept").recv("ACK")
    with playing(steps, more=NO_RETRANS) as sipp, through(sipp) as server, Client(server) as client:
        client.call("bob", until=None)
        client.ended(486)
        sipp.done()
        assert states(client) == ["trying", "ended:486"], client.texts()
        invite, acks = sent_requests(sipp, "INVITE")[0], sent_requests(sipp, "ACK")
        assert {ack.branch for ack in acks} == {invite.branch} and {ack.uri for ack in acks} == {invite.uri}


def test_challenge_twice():
    """A 407 sent again is acknowledged again, and not answered with a third INVITE."""
    challenge = ['Proxy-Authenticate: Digest realm="sipp.test", nonce="%s", algorithm=MD5' % ("n" * 32)]
    steps = Scenario().recv("INVITE", keep=True).answer("407 Proxy Authentication Required", extra=challenge)
    steps.recv("ACK").recv("INVITE", ("Proxy-Authorization", 'nonce="n+"'), ("CSeq", "2 INVITE"))
    steps.answer("407 Proxy Authentication Required", to="kept", extra=challenge).recv("ACK", ("CSeq", "1 ACK"))
    steps.recv("INVITE", ("CSeq", "2 INVITE"), keep=True)  # sent again: nothing answered it yet
    steps.answer("180 Ringing").answer("200 OK", sdp()).recv("ACK", ("CSeq", "2 ACK")).hung_up()
    with playing(steps, more=NO_RETRANS) as sipp, through(sipp, "--sip-user", "alice", env={"SIP_PASSWORD": "secret"}) as server, \
            Client(server) as client:
        normal_call(client, sipp)


def test_everything_late():
    """INVITE and BYE are answered only when they came the third time."""
    steps = Scenario().recv("INVITE", keep=True).recv("INVITE").recv("INVITE")
    steps.answer("180 Ringing").pause(1000).answer("200 OK", sdp(), to="kept").recv("ACK")
    steps.recv("BYE", timeout=60000).recv("BYE").recv("BYE").answer("200 OK", tag=None)
    with playing(steps, more=NO_RETRANS) as sipp, through(sipp) as server, Client(server) as client:
        normal_call(client, sipp)
        for method in ("INVITE", "BYE"):
            sent = sent_requests(sipp, method)
            assert len(sent) == 3 and len({message.raw for message in sent}) == 1, sent


def test_cancel_late():
    """The same for CANCEL; the 487 twice. The client was free at once."""
    steps = Scenario().recv("INVITE", keep=True).answer("180 Ringing")
    steps.recv("CANCEL", timeout=60000).recv("CANCEL").recv("CANCEL").answer("200 OK", tag="sipp[call_number]")
    steps.answer("487 Request Terminated", to="kept").recv("ACK").answer("487 Request Terminated", to="kept").recv("ACK")
    with playing(steps, more=NO_RETRANS) as sipp, through(sipp) as server, Client(server) as client:
        client.call("bob", until="ringing")
        client.hangup(487)
        sipp.done()
        assert states(client) == ["trying", "ringing", "ended:487"], client.texts()
        invite, cancel = sent_requests(sipp, "INVITE")[0], sent_requests(sipp, "CANCEL")[0]
        assert cancel.branch == invite.branch and cancel.uri == invite.uri and cancel.cseq == invite.cseq


def test_no_100rel():
    """Reliable provisionals are not offered; one that asks for PRACK all the same is taken as any other."""
    steps = Scenario().recv("INVITE", ("msg", "!100rel"), ("msg", "!\nRequire:"))
    steps.answer("183 Session Progress", sdp(), extra=["Require: 100rel", "RSeq: 1"]).pause(700)
    steps.answer("200 OK", sdp()).recv("ACK").hung_up()
    with playing(steps) as sipp, through(sipp) as server, Client(server) as client:
        client.call("bob", until="early")
        client.state("established")
        client.hangup(200)
        sipp.done()
        assert not sent_requests(sipp, "PRACK")


def test_reinvite_that_changes_nothing():
    """The same SDP again, the same with a new version, and no SDP at all (ours is then the offer)."""
    steps = Scenario().established()
    for cseq, body in enumerate((sdp(), sdp(version=2), None), 1):
        steps.pause(200).request("INVITE", cseq, body)
        steps.recv(200, ("CSeq", "%d INVITE" % cseq), ("Contact", "<sip:"), ("msg", r"m=audio [1-9][0-9]* RTP/AVP 0"))
        steps.request("ACK", cseq, None if body else sdp(version=3))
    steps.hung_up()
    with playing(steps) as sipp, through(sipp) as server, Client(server) as client:
        normal_call(client, sipp, 60)


def test_reinvite_that_cannot_be_done():
    """A codec that we do not have: 488, its ACK, and the call goes on as it was."""
    steps = Scenario().established()
    steps.pause(200).request("INVITE", 1, sdp(types="18", version=2)).recv(488, ("CSeq", "1 INVITE"))
    steps.request("ACK", 1).pause(400).hung_up()
    with playing(steps) as sipp, through(sipp) as server, Client(server) as client:
        normal_call(client, sipp, 60)
        assert client.count("CALL_STATE:held") == 0


def test_reinvite_sent_twice():
    """It is answered twice and carried out once."""
    steps = Scenario().established()
    for _ in range(2):
        steps.request("INVITE", 1, sdp(), branch="z9hG4bKagain[call_number]").recv(200, ("CSeq", "1 INVITE"))
    steps.request("ACK", 1).hung_up()
    with playing(steps, more=NO_RETRANS) as sipp, through(sipp) as server, Client(server) as client:
        normal_call(client, sipp, 30)


def test_reinvite_never_acknowledged():
    """RFC 3261 13.3.1.4: the 200 is repeated; the ACK that comes in the end stops that, and the call lives."""
    steps = Scenario().established().request("INVITE", 1, sdp()).recv(200).recv(200).recv(200).request("ACK", 1).pause(500)
    steps.hung_up()
    with playing(steps, more=NO_RETRANS) as sipp, through(sipp) as server, Client(server) as client:
        normal_call(client, sipp, 120)


def test_bye_is_challenged():
    """407 to BYE in a call whose INVITE the server has challenged: once more with the proof, and the next CSeq."""
    challenge = 'Proxy-Authenticate: Digest realm="r", nonce="%s", qop="auth"'
    steps = Scenario().recv("INVITE", keep=True).answer("407 Proxy Authentication Required", extra=[challenge % "n1"])
    steps.recv("ACK").recv("INVITE", ("CSeq", "2 INVITE"), keep=True)
    steps.answer("180 Ringing").answer("200 OK", sdp()).recv("ACK", ("CSeq", "2 ACK"))
    steps.recv("BYE", ("CSeq", "3 BYE"), ("Proxy-Authorization", 'nonce="n1"'), timeout=60000)
    steps.answer("407 Proxy Authentication Required", tag=None, extra=[challenge % "n2"])
    steps.recv("BYE", ("CSeq", "4 BYE"), ("Proxy-Authorization", 'nonce="n2"'), ("Proxy-Authorization", 'uri="sip:sipp@'))
    steps.answer("200 OK", tag=None)
    with playing(steps) as sipp, through(sipp, "--sip-user", "alice", env={"SIP_PASSWORD": "secret"}) as server, \
            Client(server) as client:
        normal_call(client, sipp)


def test_bye_is_challenged_by_the_far_end():
    """Nobody asked at the INVITE: whoever asks now gets no digest."""
    steps = Scenario().established().recv("BYE", timeout=60000)
    steps.answer("407 Proxy Authentication Required", tag=None,
                 extra=['Proxy-Authenticate: Digest realm="r", nonce="n1", qop="auth"']).pause(700)
    with playing(steps) as sipp, through(sipp, "--sip-user", "alice", env={"SIP_PASSWORD": "secret"}) as server, \
            Client(server) as client:
        normal_call(client, sipp)
        assert len(sent_requests(sipp, "BYE")) == 1


def test_bye_is_challenged_without_credentials():
    """The client is free at once, the BYE is not repeated for ever."""
    steps = Scenario().established().recv("BYE", timeout=60000)
    steps.answer("401 Unauthorized", tag=None, extra=['WWW-Authenticate: Digest realm="r", nonce="n1"']).pause(700)
    with playing(steps) as sipp, through(sipp) as server, Client(server) as client:
        normal_call(client, sipp)
        assert len(sent_requests(sipp, "BYE")) == 1


def ended_by_us(steps, code):
    """The answer cannot be used: ACK, BYE, the client told."""
    with playing(steps) as sipp, through(sipp) as server, Client(server) as client:
        client.call("bob", until=None)
        client.ended(code)
        sipp.done()
        assert client.count("CALL_STATE:established") == 0 and client.count("CALL_STATE:ended") == 1, client.texts()


def test_200_without_sdp():
    ended_by_us(Scenario().established(body=None).hung_up(), 488)


def test_200_with_a_codec_not_offered():
    ended_by_us(Scenario().established(body=sdp(types="18")).hung_up(), 488)


def test_200_with_port_0():
    ended_by_us(Scenario().established(body=sdp(port="0")).hung_up(), 488)


def test_requests_within_the_dialog():
    """OPTIONS 200; UPDATE 200, one that cannot be done 488; INFO is not in Allow: 405; an unknown method 501;
    an old CSeq 500. The call goes on."""
    steps = Scenario().established(("Allow", "INVITE.*BYE"), ("Allow", "UPDATE"), ("Allow", "!INFO"))
    for cseq, (method, code) in enumerate((("OPTIONS", 200), ("INFO", 405), ("UPDATE", 200), ("FROBNICATE", 501)), 10):
        steps.request(method, cseq, sdp() if method == "UPDATE" else None)
        steps.recv(code, ("CSeq", "%d %s" % (cseq, method)), ("Allow", "BYE"), ("To", ";tag="))
    steps.request("UPDATE", 20, sdp(types="18", version=2)).recv(488, ("CSeq", "20 UPDATE"))
    steps.request("OPTIONS", 3).recv(500, ("CSeq", "3 OPTIONS")).hung_up()
    with playing(steps) as sipp, through(sipp) as server, Client(server) as client:
        normal_call(client, sipp)


def test_cancel_crosses_200():
    """The far end answers while CANCEL is on its way: ACK, BYE; the client hears 487 once."""
    steps = Scenario().recv("INVITE", keep=True).answer("180 Ringing").recv("CANCEL", timeout=60000)
    steps.answer("200 OK").answer("200 OK", sdp(), to="kept")  # CANCEL's own, and the INVITE's
    steps.recv("ACK").recv("BYE").answer("200 OK", tag=None)
    with playing(steps) as sipp, through(sipp) as server, Client(server) as client:
        client.call("bob", until="ringing")
        client.hangup(487)
        sipp.done()
        assert states(client) == ["trying", "ringing", "ended:487"], client.texts()


def test_cancel_crosses_a_refusal():
    """486 while CANCEL is on its way, which then meets 481."""
    steps = Scenario().recv("INVITE", keep=True).answer("180 Ringing").recv("CANCEL", timeout=60000)
    steps.answer("481 Call/Transaction Does Not Exist", tag="x").answer("486 Busy Here", to="kept").recv("ACK")
    with playing(steps) as sipp, through(sipp) as server, Client(server) as client:
        client.call("bob", until="ringing")
        client.hangup(487)
        sipp.done()
        assert client.count("CALL_STATE:ended") == 1


def test_early_dialogs_of_forks():
    """183s of two forks, each with SDP; the one that answers is the call."""
    steps = Scenario().recv("INVITE", keep=True)
    steps.answer("183 Session Progress", sdp(), tag="fork1").pause(200).answer("183 Session Progress", sdp(), tag="fork2")
    steps.answer("200 OK", sdp(), tag="fork2", contact="sip:fork2@[local_ip]:[local_port]")
    steps.recv("ACK", ("To", ";tag=fork2"), ("msg", "^ACK sip:fork2@")).recv("BYE", ("To", ";tag=fork2"), timeout=60000)
    steps.answer("200 OK", tag=None)
    with playing(steps) as sipp, through(sipp) as server, Client(server) as client:
        client.call("bob")
        client.wait_audio(20)
        client.hangup(200)
        sipp.done()
        assert states(client).count("early") == 1, client.texts()


def test_headers_in_odd_dress():
    """Answers with compact names and much space around them lead to the same dialog."""
    steps = Scenario().recv("INVITE", keep=True)
    steps.answer("180 Ringing").answer("200 OK", sdp(), contact="sip:odd@[local_ip]:[local_port]", extra=[
        "X-Long: " + "x" * 2000, "k:timer , path", "Server : a (b \\) c)", "Date: Sat, 13 Nov 2010 23:29:00 GMT"])
    steps.recv("ACK", ("msg", "^ACK sip:odd@")).hung_up()
    with playing(steps) as sipp, through(sipp) as server, Client(server) as client:
        normal_call(client, sipp)


if __name__ == "__main__":
    need("sipp")
    main(sys.modules[__name__], workers=6)
