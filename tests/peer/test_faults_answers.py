# SPDX-License-Identifier: MIT
"""FAULTS 1 to 10, 14: what comes back to an INVITE or a BYE, and what does not."""
import sys
import time

from clients import Client
from common import assert_fast, established, through
from harness import main
from phone import Phone, credentials, digest_ok
from timing import LONG, SLOW, soon


def refused(phone, client, code):
    """A final answer sent again and again until ACK: one ACK each, the client told at once, the line free at once."""
    client.send("CALL:bob")
    invite = phone.wait("INVITE")
    phone.reply(invite, code)
    started = time.monotonic()
    ack = phone.wait("ACK")
    assert ack.branch == invite.branch and ack.cseq == invite.cseq and ack.uri == invite.uri, ack.raw
    assert ack.tag("to") == phone.tag and ack.call_id == invite.call_id and ack.get("from") == invite.get("from")
    assert client.ended(code)[1]
    assert_fast(time.monotonic() - started, 0.3, "ACK and ended")
    phone.reply(invite, code)  # as if our ACK had been lost
    again = phone.wait("ACK")
    assert again.branch == invite.branch
    return invite


def fault_01_busy_frees_the_line():
    with Phone() as phone, through(phone) as server, Client(server) as client:
        for code in (486, 603, 404, 480, 500, 503):
            refused(phone, client, code)
        assert client.count("CALL_STATE:ended") == 6
        client.send("CALL:carol")
        started = time.monotonic()
        phone.answer()
        client.state("established")
        assert_fast(time.monotonic() - started, 0.5, "new call")
        client.hangup()
        phone.take_bye()


def fault_02_forbidden_is_acked_and_told():
    with Phone() as phone, through(phone) as server, Client(server) as client:
        refused(phone, client, 403)


def fault_03_wrong_password_is_tried_once():
    with Phone() as phone, through(phone, "--sip-user", "alice", env={"SIP_PASSWORD": "wrong"}) as server, Client(server) as client:
        client.send("CALL:bob")
        for _ in range(2):
            invite = phone.wait("INVITE")
            phone.challenge(invite)
            phone.wait("ACK", 5, lambda m, i=invite: m.cseq == i.cseq)
        client.ended(401)
        time.sleep(1)
        invites = phone.all("INVITE")
        assert len({i.branch for i in invites}) == 2 and len({i.cseq for i in invites}) == 2, invites
        assert len(invites) <= 4, len(invites)
        client.send("CALL:bob")
        phone.refuse(486)
        client.ended(486)


def fault_03_no_password_names_the_flags():
    with Phone() as phone, through(phone) as server, Client(server) as client:
        client.send("CALL:bob")
        phone.challenge(phone.wait("INVITE"))
        phone.wait("ACK")
        client.ended(401)
        server.wait_log("--sip-user.*--sip-password-file|--sip-password-file.*--sip-user")
        phone.never("INVITE")


def authorized(code, **options):
    proxy = code == 407
    with Phone() as phone, through(phone, "--sip-user", "alice", env={"SIP_PASSWORD": "secret"}) as server, Client(server) as client:
        client.send("CALL:bob")
        first = phone.wait("INVITE")
        assert not credentials(first) and not credentials(first, True)
        phone.challenge(first, code, **options)
        ack = phone.wait("ACK")
        assert ack.branch == first.branch and ack.cseq == first.cseq
        second = phone.wait("INVITE", 5, lambda m: m.branch != first.branch)
        assert second.cseq == first.cseq + 1 and second.call_id == first.call_id and second.tag("from") == first.tag("from")
        assert not second.tag("to"), "the new INVITE is outside of any dialog"
        assert digest_ok(second, "alice", "secret", phone.nonce, proxy=proxy, realm=options.get("realm", "phone"),
                         algorithm=options.get("algorithm"), qop=options.get("qop")), second.raw
        assert not credentials(second, not proxy)
        phone.reply(second, 200, phone.sdp(phone.new_rtp()))
        ack = phone.wait("ACK", 5, lambda m: m.cseq == second.cseq)
        client.state("established")
        client.send("HANGUP")
        bye = phone.take_bye()
        assert bye.cseq > second.cseq
        client.ended(200)


def fault_04_407_gets_proxy_authorization():
    authorized(407)
    authorized(407, qop="auth")


def fault_05_401_acked_cseq_and_branch():
    authorized(401)
    authorized(401, qop="auth", algorithm="MD5")


def fault_05_other_hashes():
    authorized(401, qop="auth", algorithm="SHA-256")
    authorized(407, qop="auth", algorithm="SHA-512-256")
    authorized(401, algorithm="SHA-256")


def fault_05_ids_differ_within_one_second():
    with Phone() as phone, through(phone) as server:
        clients = [Client(server) for _ in range(5)]
        for client in clients:
            client.send("CALL:bob")
        invites = [phone.refuse(486)[0] for _ in clients]
        for client in clients:
            client.ended(486)
            client.close()
        for values in ([i.branch for i in invites], [i.tag("from") for i in invites], [i.call_id for i in invites]):
            assert len(set(values)) == 5 and all(len(v) >= 16 for v in values), values


def fault_05_stale_and_two_realms():
    """stale=true earns one more try; another realm, from behind the server, gets nothing."""
    with Phone() as phone, through(phone, "--sip-user", "alice", env={"SIP_PASSWORD": "secret"}) as server, Client(server) as client:
        client.send("CALL:bob")
        phone.challenge(phone.wait("INVITE"), qop="auth")
        phone.wait("ACK")
        phone.challenge(phone.wait("INVITE"), qop="auth", stale=True)
        phone.wait("ACK")
        third = phone.wait("INVITE")
        assert digest_ok(third, "alice", "secret", phone.nonce, qop="auth")
        phone.challenge(third, 407, realm="outer")
        phone.wait("ACK")
        client.ended(407)
        assert not [m for m in phone.pending if m.method == "INVITE"], "the digest went to another realm"


def fault_06_long_nonce_and_realm():
    """Any length: answered right, or the call ends with 401; the server lives."""
    long_challenges((255, 5), (256, 5), (300, 5), (3000, 5))
    for nonce, realm in ((5, 255), (5, 256), (5, 300), (5, 3000), (30000, 30000)):
        long_challenges((nonce, realm))


def long_challenges(*lengths):
    """A server answers one realm."""
    with Phone() as phone, through(phone, "--sip-user", "alice", env={"SIP_PASSWORD": "secret"}) as server, Client(server) as client:
        for nonce, realm in lengths:
            client.send("CALL:bob")
            first = phone.wait("INVITE")
            phone.pending.clear()
            phone.challenge(first, realm="r" * realm, nonce="n" * nonce)
            phone.wait("ACK")
            if nonce <= 300 and realm <= 300:
                second = phone.wait("INVITE")
                assert digest_ok(second, "alice", "secret", phone.nonce, realm="r" * realm), second.raw
                phone.reply(second, 486)
                client.ended(486)
            else:
                deadline = time.monotonic() + 5 * SLOW
                ended = client.count("CALL_STATE:ended:401")
                while client.count("CALL_STATE:ended:401") == ended and time.monotonic() < deadline:
                    time.sleep(0.02)
                    for again in [m for m in phone.pending if m.method == "INVITE"]:
                        phone.pending.remove(again)
                        phone.reply(again, 401)
                client.ended(401)


def fault_07_first_invite_lost():
    with Phone() as phone, through(phone) as server, Client(server) as client:
        client.send("CALL:bob")
        invites = [phone.wait("INVITE") for _ in range(3)]
        gaps = [b.time - a.time for a, b in zip(invites, invites[1:])]
        assert 0.4 < gaps[0] < 0.5 + soon(0.2) and 0.9 < gaps[1] < 1 + soon(0.2), gaps
        assert len({i.raw for i in invites}) == 1, "a retransmission is the same bytes"
        phone.reply(invites[-1], 200, phone.sdp(phone.new_rtp()))
        phone.wait("ACK")
        client.state("established")
        client.hangup()
        phone.take_bye()


def fault_07_no_response_ends_with_408():
    """64*T1 = 32 s; sent 7 times at 0, 0.5, 1.5, 3.5, 7.5, 15.5, 31.5 s."""
    with Phone() as phone, through(phone) as server, Client(server) as client:
        client.send("CALL:bob")
        started = time.monotonic()
        assert client.ended(408, 40)
        assert 31 < time.monotonic() - started < 33 + soon(1)
        times = [i.time - started for i in phone.all("INVITE")]
        wanted = (0, 0.5, 1.5, 3.5, 7.5, 15.5, 31.5)
        assert len(times) == 7 and all(abs(t - w) < soon(0.4) for t, w in zip(times, wanted)), times
        client.send("CALL:bob")
        phone.wait("INVITE", 5, lambda m: m.call_id != phone.all("INVITE")[0].call_id)
        client.hangup(487)
        server.kill()


def fault_08_long_ringing_is_answered():
    """18 s of ringing, then the answer."""
    with Phone() as phone, through(phone) as server, Client(server) as client:
        client.send("CALL:bob")
        invite = phone.wait("INVITE")
        phone.reply(invite, 180)
        time.sleep(18)
        phone.reply(invite, 200, phone.sdp(phone.new_rtp()))
        phone.wait("ACK")
        client.state("established")
        client.hangup()
        phone.take_bye()


def fault_08_ring_timeout_cancels():
    """CANCEL after --ring-seconds, ended:408; a 200 that comes all the same gets ACK and BYE."""
    with Phone() as phone, through(phone, "--ring-seconds", 2) as server, Client(server) as client:
        client.send("CALL:bob")
        invite = phone.wait("INVITE")
        phone.reply(invite, 180)
        cancel = phone.wait("CANCEL")
        assert 1.8 < cancel.time - invite.time < 2 + soon(0.5), cancel.time - invite.time
        assert cancel.branch == invite.branch and cancel.cseq == invite.cseq and cancel.uri == invite.uri
        phone.reply(cancel, 200)
        phone.reply(invite, 200, phone.sdp(phone.new_rtp()))
        phone.wait("ACK")
        phone.take_bye()
        client.ended(408)
        client.never("CALL_STATE:established", 0.1)


def fault_09_hangup_while_ringing_cancels():
    with Phone() as phone, through(phone) as server, Client(server) as client:
        client.send("CALL:bob")
        invite = phone.wait("INVITE")
        phone.reply(invite, 180)
        client.state("ringing")
        started = time.monotonic()
        client.hangup(487)
        cancel = phone.wait("CANCEL")
        assert_fast(cancel.time - started, 0.15, "CANCEL")
        assert cancel.branch == invite.branch and cancel.cseq == invite.cseq and not cancel.tag("to")
        phone.reply(cancel, 200)
        phone.reply(invite, 487)
        ack = phone.wait("ACK")
        assert ack.branch == invite.branch
        phone.never("BYE")


def fault_09_hangup_before_any_answer_waits_for_1xx():
    """No CANCEL before a provisional response (RFC 3261 9.1)."""
    with Phone() as phone, through(phone) as server, Client(server) as client:
        client.send("CALL:bob")
        invite = phone.wait("INVITE")
        client.hangup(487)
        phone.never("CANCEL", 0.3)
        phone.reply(invite, 180)
        phone.reply(phone.wait("CANCEL"), 200)
        phone.reply(invite, 487)
        phone.wait("ACK")


def fault_09_cancel_crosses_200():
    with Phone() as phone, through(phone) as server, Client(server) as client:
        client.send("CALL:bob")
        invite = phone.wait("INVITE")
        phone.reply(invite, 180)
        client.state("ringing")
        client.hangup(487)
        cancel = phone.wait("CANCEL")
        phone.reply(invite, 200, phone.sdp(phone.new_rtp()))
        phone.reply(cancel, 481)
        phone.wait("ACK")
        phone.take_bye()
        assert client.count("CALL_STATE:ended") == 1 and client.count("CALL_STATE:established") == 0


def fault_10_each_200_gets_an_ack():
    with Phone() as phone, through(phone) as server, Client(server) as client:
        client.send("CALL:bob")
        invite = phone.wait("INVITE")
        rtp = phone.new_rtp()
        phone.reply(invite, 200, phone.sdp(rtp))
        first = phone.wait("ACK")
        for _ in range(3):
            time.sleep(0.2)
            phone.reply(invite, 200, phone.sdp(rtp))
            again = phone.wait("ACK")
            assert again.cseq == invite.cseq and again.tag("to") == first.tag("to") and again.uri == first.uri
        assert client.count("CALL_STATE:established") == 1
        client.hangup()
        phone.take_bye()


def fault_14_bye_is_sent_again():
    with Phone() as phone, through(phone) as server:
        client, _, _ = established(server, phone)
        with client:
            client.hangup(200)
            byes = [phone.wait("BYE") for _ in range(3)]
            gaps = [b.time - a.time for a, b in zip(byes, byes[1:])]
            assert 0.4 < gaps[0] < 0.5 + soon(0.2) and 0.9 < gaps[1] < 1 + soon(0.2), gaps
            assert len({b.branch for b in byes}) == 1 and len({b.cseq for b in byes}) == 1
            phone.reply(byes[-1], 200)
            phone.never("BYE", 2.5 if LONG else 0.5)


if __name__ == "__main__":
    main(sys.modules[__name__], workers=16)
