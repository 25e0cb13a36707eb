# SPDX-License-Identifier: MIT
"""FAULTS 11 to 18, 21, 22: inside a dialog, beside it, and what is no SIP at all."""
import re
import socket
import sys
import time

from clients import Client
from common import assert_fast, established, through
from harness import main, wait_until
from phone import Phone


def fault_11_bye_from_the_far_end():
    with Phone() as phone, through(phone) as server:
        client, invite, _ = established(server, phone)
        with client:
            started = time.monotonic()
            phone.request(invite, "BYE", cseq=1)
            phone.wait(200)
            client.ended(200)
            assert_fast(time.monotonic() - started, 0.3, "200 and ended")
            client.send("HANGUP")
            client.error("HANGUP", "no_call")
            client.send("CALL:carol")
            phone.answer()
            client.state("established")
            client.hangup()
            bye = phone.take_bye()
            assert bye.call_id != invite.call_id
            phone.never("BYE", 0.2)


def fault_12_options_in_a_dialog():
    with Phone() as phone, through(phone) as server:
        client, invite, _ = established(server, phone)
        with client:
            phone.request(invite, "OPTIONS", cseq=3)
            answer = phone.wait(200)
            assert answer.get("cseq") == "3 OPTIONS"
            client.hangup()
            phone.take_bye()


def outside(phone, server, method, sdp=None, more=(), **fields):
    """A request from nowhere in particular, sent to the server's SIP port."""
    text = ("{method} sip:box@127.0.0.1:{port} SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:{mine};branch=z9hG4bK{branch}\r\n"
            "From: <sip:x@127.0.0.1>;tag={tag}\r\nTo: <sip:box@127.0.0.1>{to}\r\nCall-ID: {call}\r\nCSeq: 1 {method}\r\n"
            "Max-Forwards: 70\r\nContact: <sip:x@127.0.0.1:{mine}>\r\n").format(
                method=method, port=server.sip_port, mine=phone.port, branch=fields.get("branch", "out%f" % time.time()),
                tag="t1", to=fields.get("to", ""), call=fields.get("call", "c%f" % time.time()))
    text += "".join(line + "\r\n" for line in more)
    if sdp:
        text += "Content-Type: application/sdp\r\n"
    phone.raw(text + "Content-Length: %d\r\n\r\n%s" % (len(sdp or ""), sdp or ""), ("127.0.0.1", server.sip_port))


def fault_13_idle_options_and_invite():
    with Phone() as phone, Phone() as stranger, through(phone) as server:
        outside(stranger, server, "OPTIONS")
        answer = stranger.wait(200)
        assert answer.tag("to") and "INVITE" in answer.get("allow"), answer.raw
        outside(stranger, server, "INVITE", stranger.sdp(stranger.new_rtp()), branch="one", call="one")
        answer = stranger.wait(480)
        assert answer.tag("to")
        stranger.wait(480)  # again until ACK
        stranger.raw(b"ACK sip:box@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:%d;branch=z9hG4bKone\r\n"
                     b"From: <sip:x@127.0.0.1>;tag=t1\r\nTo: %s\r\nCall-ID: one\r\nCSeq: 1 ACK\r\nMax-Forwards: 70\r\n"
                     b"Content-Length: 0\r\n\r\n" % (stranger.port, answer.get("to").encode()), ("127.0.0.1", server.sip_port))
        time.sleep(0.2)
        stranger.pending.clear()
        stranger.never(480, 1.2)


def fault_13_other_methods():
    with Phone() as phone, through(phone) as server:
        for method, code in (("MESSAGE", 405), ("SUBSCRIBE", 405), ("REGISTER", 405), ("PUBLISH", 405), ("FOO", 501), ("BYE", 481), ("CANCEL", 481)):
            outside(phone, server, method, to=";tag=none" if method == "BYE" else "")
            answer = wait_until(lambda m=method: next((a for a in phone.messages if a.status and a.status >= 200
                                                       and a.get("cseq").endswith(m)), None), 5, "answer to " + method)
            assert answer.status == code, (method, answer.raw)
            if code in (405, 501):
                assert "INVITE" in answer.get("allow"), answer.raw
        outside(phone, server, "ACK")
        phone.pending.clear()
        time.sleep(0.2)
        assert not phone.pending


def fault_15_hangup_to_bye():
    with Phone() as phone, through(phone) as server, Client(server) as client:
        worst = 0
        for _ in range(8):
            client.send("CALL:bob")
            phone.answer(ring=False)
            client.state("established")
            started = time.monotonic()
            client.send("HANGUP")
            worst = max(worst, phone.take_bye().time - started)
            client.ended(200)
        assert_fast(worst, 0.1, "HANGUP to BYE")


def fault_16_hangup_then_call_at_once():
    with Phone() as phone, through(phone) as server:
        client, first, _ = established(server, phone)
        with client:
            client.send("HANGUP")
            client.send("CALL:carol")
            client.ended(200)
            second = phone.wait("INVITE", 5, lambda m: m.call_id != first.call_id)
            bye = phone.wait("BYE")
            assert bye.call_id == first.call_id
            assert_fast(second.time - bye.time, 0.3, "the new INVITE")
            phone.reply(second, 200, phone.sdp(phone.new_rtp()))
            client.state("established")
            phone.reply(bye, 200)
            client.hangup(200)
            assert phone.take_bye().call_id == second.call_id


def fault_16_disconnect_reconnect_call():
    with Phone() as phone, through(phone) as server:
        client, first, _ = established(server, phone)
        client.vanish()
        with Client(server) as client:
            client.send("CALL:carol")
            bye = phone.wait("BYE")
            assert bye.call_id == first.call_id
            second = phone.wait("INVITE", 5, lambda m: m.call_id != first.call_id)
            phone.reply(bye, 200)
            phone.reply(second, 200, phone.sdp(phone.new_rtp()))
            client.state("established")
            client.hangup()
            phone.take_bye()


def fault_17_second_call_is_told():
    with Phone() as phone, through(phone) as server, Client(server) as client:
        client.send("CALL:bob")
        invite = phone.wait("INVITE")
        client.send("CALL:carol")
        client.error("CALL", "busy")
        phone.reply(invite, 180)
        client.state("ringing")
        client.send("CALL:carol")
        client.error("CALL", "busy")
        phone.reply(invite, 200, phone.sdp(phone.new_rtp()))
        client.state("established")
        client.send("CALL:carol")
        client.error("CALL", "busy")
        client.hangup(200)
        phone.take_bye()
        assert len({m.call_id for m in phone.all("INVITE")}) == 1


def fault_18_ack_and_bye_go_to_the_contact():
    """Another port in Contact: ACK and BYE go there; From and To stay what the INVITE said."""
    with Phone() as phone, Phone() as desk, through(phone, "--sip-caller", "0921367101") as server, Client(server) as client:
        client.send("CALL:0911222333")
        invite = phone.wait("INVITE")
        phone.reply(invite, 200, phone.sdp(phone.new_rtp()), contact="sip:desk@127.0.0.1:%d;x=y" % desk.port)
        ack = desk.wait("ACK")
        client.state("established")
        client.hangup()
        bye = desk.take_bye()
        for message in (ack, bye):
            assert message.uri == "sip:desk@127.0.0.1:%d;x=y" % desk.port, message.uri
            assert "sip:0911222333@" in message.get("to") and "0938220136" not in message.raw.decode()
            assert message.get("from") == invite.get("from") and "sip:0921367101@" in message.get("from")
            assert message.tag("to") == phone.tag
        assert ack.cseq == invite.cseq and bye.cseq == invite.cseq + 1 and ack.branch != invite.branch
        assert not phone.all("ACK") and not phone.all("BYE")


def fault_18_record_route():
    """Route set reversed, the request goes to its first entry, the Contact is the Request-URI."""
    with Phone() as phone, Phone() as near, Phone() as far, Phone() as desk, through(phone) as server, Client(server) as client:
        client.send("CALL:bob")
        invite = phone.wait("INVITE")
        routes = ["Record-Route: <sip:127.0.0.1:%d;lr>" % far.port, "Record-Route: <sip:127.0.0.1:%d;lr>" % near.port]
        phone.reply(invite, 200, phone.sdp(phone.new_rtp()), extra=routes, contact="sip:bob@127.0.0.1:%d" % desk.port)
        ack = near.wait("ACK")
        client.state("established")
        client.hangup()
        bye = near.take_bye()
        for message in (ack, bye):
            assert message.uri == "sip:bob@127.0.0.1:%d" % desk.port, message.uri
            route = ", ".join(message.all("route"))
            assert re.search(r"127\.0\.0\.1:%d;lr>.*127\.0\.0\.1:%d;lr>" % (near.port, far.port), route), route
        assert not phone.all("ACK") and not far.messages and not desk.messages


def fault_21_only_the_own_transaction_counts():
    with Phone() as phone, Phone() as stranger, through(phone) as server, Client(server) as client:
        client.send("CALL:bob")
        invite = phone.wait("INVITE")
        target = ("127.0.0.1", server.sip_port)
        sdp = stranger.sdp(stranger.new_rtp())
        alien = stranger.response(invite, 200, sdp)
        for old, new in ((invite.branch.encode(), b"z9hG4bKother"), (b" INVITE", b" OPTIONS"), (invite.call_id.encode(), b"other-call"),
                         (("CSeq: %d " % invite.cseq).encode(), b"CSeq: 77 ")):
            assert old in alien
            stranger.raw(alien.replace(old, new), target)
        stranger.raw(b"SIP/2.0 200\r\n\r\n", target)
        stranger.raw(b"SIP/2.0 200 OK\r\n\r\n", target)
        client.never("CALL_STATE:established", 0.4)
        assert client.count("CALL_STATE:ended") == 0
        phone.reply(invite, 180)
        client.state("ringing")
        phone.reply(invite, 200, phone.sdp(phone.new_rtp()))
        client.state("established")
        client.hangup()
        phone.take_bye()
        stranger.never("ACK", 0)


def fault_21_negative_port():
    with Phone() as phone, through(phone) as server, Client(server) as client:
        for port in ("-5", "70000", "x", ""):
            client.send("CALL:bob")
            invite = phone.wait("INVITE")
            phone.reply(invite, 200, phone.sdp(port=1).replace("m=audio 1 ", "m=audio %s " % port))
            phone.wait("ACK")
            phone.take_bye()
            assert client.ended()[0] == 488


GARBAGE = [b"", b"\r\n", b"\r\n\r\n\r\n", b"\0" * 100, b"A" * 4096, b"A" * 60000, b"SIP/2.0", b"SIP/2.0 99999999999 X\r\n\r\n",
           b"SIP/2.0 -1 X\r\n\r\n", b"SIP/2.0 200 OK\r\nVia", b"INVITE", b"INVITE sip:a SIP/2.0\r\n\r\n",
           b"INVITE sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP\r\n\r\n", b"OPTIONS sip:a SIP/7.0\r\n\r\n", b"\xff" * 500,
           b"GET / HTTP/1.1\r\n\r\n", b"SIP/2.0 200 OK\r\n" + b"A: b\r\n" * 3000 + b"\r\n", b"%s%n%s%n", b"\x80\0\0\0" * 10]


def fault_22_garbage_is_passed_over():
    """Sent before, during set-up and in the call: nothing happens to the call."""
    with Phone() as phone, through(phone) as server, Client(server) as client:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            def spray():
                for octets in GARBAGE:
                    sock.sendto(octets, ("127.0.0.1", server.sip_port))
                    phone.raw(octets, ("127.0.0.1", server.sip_port))
            spray()
            client.send("CALL:bob")
            invite = phone.wait("INVITE")
            spray()
            phone.reply(invite, 180)
            client.state("ringing")
            spray()
            phone.reply(invite, 200, phone.sdp(phone.new_rtp()))
            phone.wait("ACK")
            client.state("established")
            spray()
            time.sleep(0.2)
            client.send("STATS")
            client.stats()
            client.hangup(200)
            phone.take_bye()


def fault_22_broken_answers_to_our_own_request():
    """A long tag in a 183 is fine; a 401 with an open quote, or one without a challenge, ends that call with a reason."""
    with Phone() as phone, through(phone, "--sip-user", "alice", env={"SIP_PASSWORD": "secret"}) as server, Client(server) as client:
        client.send("CALL:bob")
        invite = phone.wait("INVITE")
        phone.reply(invite, 183, phone.sdp(phone.new_rtp()), tag="t" * 500)
        client.state("early")
        phone.reply(invite, 486, tag="t" * 500)
        phone.wait("ACK")
        client.ended(486)
        for line in ('WWW-Authenticate: Digest realm="open, nonce="x', 'WWW-Authenticate: Digest', 'WWW-Authenticate: Basic realm="x"',
                     "X-Nothing: here", 'WWW-Authenticate: Digest realm="a", nonce="b", algorithm=ROT13'):
            client.send("CALL:bob")
            invite = phone.wait("INVITE")
            phone.reply(invite, 401, extra=[line])
            phone.wait("ACK")
            assert client.ended(401)[1]
        phone.never("INVITE", 0.1)


def fault_22_status_out_of_range():
    """99999999999 in an answer that matches all else: ignored; the call waits for a real one."""
    with Phone() as phone, through(phone) as server, Client(server) as client:
        client.send("CALL:bob")
        invite = phone.wait("INVITE")
        good = phone.response(invite, 200, phone.sdp(phone.new_rtp()))
        for status in (b"99999999999", b"0", b"-200", b"20", b"2000", b"abc", b"699999"):
            phone.raw(good.replace(b"SIP/2.0 200 OK", b"SIP/2.0 " + status + b" OK"), invite.source)
        time.sleep(0.2)
        assert client.count("CALL_STATE:established") == 0
        phone.raw(good, invite.source)
        phone.wait("ACK")
        client.state("established")
        client.hangup(200)
        phone.take_bye()


if __name__ == "__main__":
    main(sys.modules[__name__])
