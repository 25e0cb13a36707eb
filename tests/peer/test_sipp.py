# SPDX-License-Identifier: MIT
"""SIPp as the far end: its standard answer, challenges, early media, its BYE, a lost INVITE, busy, CANCEL."""
import re
import sys
import time

import audio
from audio import payload_of
from clients import Client, Client2
from common import check_echo, check_recording, contains, through, wait_echo
from harness import main, need
from phone import Phone, SipMessage, digest_ok
from sippeer import Sipp


def sent_requests(sipp, method):
    """The requests of that method that SIPp logged as received."""
    found = re.findall(r"(?s)message received[^\n]*\n\n(%s .*?)(?=\n-{20,}|\Z)" % method, sipp.messages)
    return [SipMessage(re.sub(r"\r?\n", "\r\n", text).encode()) for text in found]


def echo_of_a_file(kind):
    data = audio.noise(100, seed=7)
    with Sipp("standard") as sipp, through(sipp) as server, kind(server) as client:
        client.call("0938220136")
        assert client.count("CALL_STATE:ringing") == 1
        client.upload("hello.wav", audio.wav_ulaw(data, header=46))
        client.play("hello.wav")
        wait_echo(client, data)
        client.hangup(200)
        check_echo(client, data)
        check_recording(server, client, data)
        sipp.done()
        invite = sent_requests(sipp, "INVITE")[0]
        assert invite.uri.startswith("sip:0938220136@127.0.0.1"), invite.uri
        assert "0938220136" in invite.get("to") and "RTP/AVP 0 8 101" in invite.raw.decode()


def test_echo_python3_websockets():
    echo_of_a_file(Client)


def test_echo_websocket_client():
    echo_of_a_file(Client2)


def test_sipp_own_uas():
    """The scenario that SIPp brings with it."""
    with Sipp("uas") as sipp, through(sipp) as server, Client(server) as client:
        client.call("service")
        client.wait_audio(25)
        client.hangup(200)


def test_401():
    with Sipp("auth401") as sipp, through(sipp, "--sip-user", "alice", env={"SIP_PASSWORD": "secret"}) as server, \
            Client(server) as client:
        client.call("bob")
        client.wait_audio(5)
        client.hangup(200)


def test_407():
    with Sipp("auth407") as sipp, through(sipp, "--sip-user", "alice", env={"SIP_PASSWORD": "secret"}) as server, \
            Client(server) as client:
        client.call("bob")
        client.hangup(200)
        sipp.done()
        proofs = [m for m in sent_requests(sipp, "INVITE") if m.get("proxy-authorization")]
        assert proofs and not proofs[0].get("authorization")
        assert digest_ok(proofs[0], "alice", "secret", "0d7a3c6e1f", realm="sipp.test", proxy=True)


def test_401_wrong_password():
    """SIPp's own check says no: it answers 403."""
    sipp = Sipp("auth401")
    try:
        with through(sipp, "--sip-user", "alice", env={"SIP_PASSWORD": "wrong"}) as server, Client(server) as client:
            client.call("bob", until=None)
            client.ended(403)
    finally:
        sipp.close()


def test_early_media_then_late_200():
    early = bytes((i * 7 + i // 160) & 0xFF for i in range(160 * 100))
    with Sipp("early", files=[("early.ulaw", early)], echo=False) as sipp, through(sipp) as server, Client(server) as client:
        client.call("bob", until="early")
        client.wait_audio(60, 4)
        assert client.count("CALL_STATE:established") == 0
        contains(early, payload_of(client.packets()[:50]), "early media in the file")
        client.state("established")
        client.hangup(200)


def test_sipp_hangs_up():
    with Sipp("bye") as sipp, through(sipp) as server, Client(server) as client:
        client.call("bob")
        client.ended(200)
        texts = client.texts()
        assert texts[-2].startswith("CALL_STATS:"), texts
        sipp.done()


def test_first_invite_lost():
    """A phone swallows the first INVITE; SIPp on the same port gets the second."""
    with Phone() as deaf:
        port = deaf.port
        with through(deaf) as server, Client(server) as client:
            client.send("CALL:bob")
            first = deaf.wait("INVITE")
            deaf.close()
            with Sipp("standard", port=port) as sipp:
                client.state("established")
                client.hangup(200)
                sipp.done()
                again = sent_requests(sipp, "INVITE")[0]
                assert again.branch == first.branch and again.cseq == first.cseq and again.call_id == first.call_id


def test_busy():
    with Sipp("busy") as sipp, through(sipp) as server, Client(server) as client:
        client.call("bob", until=None)
        assert client.ended(486)[1] == "Busy Here"
        sipp.done()


def test_cancel():
    with Sipp("cancel") as sipp, through(sipp) as server, Client(server) as client:
        client.call("bob", until="ringing")
        client.hangup(487)
        sipp.done()


def test_ten_calls_at_once():
    with Sipp("standard", calls=10) as sipp, through(sipp) as server:
        clients = [Client(server) for _ in range(10)]
        for client in clients:
            client.send("CALL:bob")
        for client in clients:
            client.state("established")
        time.sleep(0.5)
        for client in clients:
            client.hangup(200)
            client.close()
            client.check()
        sipp.done()


def test_sipp_calls_us():
    """SIPp's own caller scenario meets 480 (no --incoming yet)."""
    with Sipp("standard") as other:
        with through(other) as server:
            caller = Sipp("uac", echo=False, uac=server.sip_port)
            try:
                assert caller.process.wait(20) != 0
            finally:
                messages = caller.messages
                caller.close()
            assert "SIP/2.0 480" in messages, messages
            with Client(server) as client:
                client.call("bob")
                client.hangup()


if __name__ == "__main__":
    need("sipp")
    main(sys.modules[__name__], workers=5)
