# SPDX-License-Identifier: MIT
"""Registration, keepalive and our own address against a scripted registrar."""
import re
import sys
import time
import urllib.error
import urllib.request

from clients import Client
from harness import Server, main, wait_until
from registrar import Registrar


def at(registrar, *flags, register=True, password="secret", **options):
    keep = [] if "--sip-keepalive" in flags else ["--sip-keepalive", "30"]
    more = ["--sip-register"] if register else []
    return Server("--sip-user", registrar.user, "--sip-password", password, *keep, *more, *flags, sip=registrar, **options)


def health(server):
    try:
        with urllib.request.urlopen("http://127.0.0.1:%d/healthz" % server.ws_port, timeout=5) as answer:
            return answer.status, answer.read().decode().strip()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode().strip()


def wait_health(server, code, timeout=5):
    wait_until(lambda: health(server)[0] == code, timeout, "/healthz %d, is %s" % (code, health(server)))


def test_register_and_remove():
    with Registrar() as registrar, at(registrar) as server:
        uri = registrar.wait_bound()
        assert uri == "sip:201@127.0.0.1:%d" % server.sip_port
        first, second = registrar.registers()[:2]
        assert first.uri == "sip:127.0.0.1" and first.get("to") == "<sip:201@127.0.0.1>", (first.raw, server.log)
        assert second.call_id == first.call_id and second.cseq == first.cseq + 1 and second.branch != first.branch
        assert second.get("expires") == "600"
        assert registrar.messages[0].method == "OPTIONS", "the first question is how the server sees us"
        wait_health(server, 200)
        server.wait_log(r"Registered at the SIP server: " + re.escape(uri) + " for 600 s")
        server.stop()
        assert not registrar.bindings and registrar.registers()[-1].get("contact") == "<%s>;expires=0" % uri
        assert registrar.registers()[-1].get("expires") == "0"
        assert "SIP registration removed" in server.log
        assert "secret" not in server.log and not re.search(r"(?i)response=\"?[0-9a-f]{8}", server.log)


def test_refresh():
    """Well before the end, with the nonce that is known, CSeq going on; one log line for all of them."""
    with Registrar(granted=2) as registrar, at(registrar, "--sip-expires", "10", "--sip-keepalive", "0") as server:
        registrar.wait_bound()
        wait_until(lambda: len(registrar.registers()) >= 5, 20, "refreshes")
        asked = registrar.registers()[1:5]
        gaps = [b.time - a.time for a, b in zip(asked, asked[1:])]
        assert all(gap > 1 for gap in gaps), gaps  # how late they may be is judged on the virtual clock
        assert [m.cseq for m in asked] == list(range(asked[0].cseq, asked[0].cseq + 4))
        assert len({m.call_id for m in asked}) == 1 and len({m.branch for m in asked}) == 4
        assert len(registrar.nonces) == 1
        assert server.log.count("Registered at") == 1 and not registrar.all("OPTIONS")


def test_interval_too_brief():
    with Registrar(minimum=1800) as registrar, at(registrar, "--sip-expires", "60") as server:
        registrar.wait_bound()
        assert registrar.bindings == {"sip:201@127.0.0.1:%d" % server.sip_port: 1800}
        server.wait_log("for 1800 s")


def test_wrong_password():
    """Two REGISTERs, one ERROR line that names the flags, /healthz 503, calls are still possible."""
    with Registrar() as registrar, at(registrar, password="wrong", allow_error_log=True) as server:
        server.wait_log(r"ERROR SIP registration refused: 401 .*--sip-user, --sip-password-file")
        assert health(server) == (503, "unregistered")
        time.sleep(0.5)
        assert len(registrar.registers()) == 2, registrar.registers()
        assert len(re.findall("ERROR", server.log)) == 1 and not re.search("wrong", server.log)
        with Client(server) as client:
            client.send("CALL:bob")
            registrar.refuse(486)
            assert client.ended()[0] == 486


def test_stale():
    with Registrar(granted=2) as registrar, at(registrar, "--sip-expires", "10"):
        registrar.wait_bound()
        registrar.stale = True
        registrar.nonces.clear()
        wait_until(lambda: len(registrar.registers()) >= 5, 20, "refresh with a new nonce")
        assert len(registrar.nonces) == 1 and registrar.bindings


def test_try_again_later():
    with Registrar() as registrar:
        registrar.code, registrar.more = 503, ["Retry-After: 1"]
        with at(registrar) as server:
            server.wait_log(r"WARNING SIP registration failed: 503 .*next try in [56] s")
            assert health(server)[0] == 503
            registrar.code = None
            registrar.wait_bound(timeout=8)
            wait_health(server, 200)
            times = [m.time for m in registrar.registers()]
            assert times[1] - times[0] >= 5


def test_restarted_registrar():
    """It is away and comes back without memory; the next refresh brings us back."""
    with Registrar(granted=3) as registrar, at(registrar, "--sip-expires", "10") as server:
        registrar.wait_bound()
        registrar.silent = True
        registrar.bindings.clear()
        registrar.nonces.clear()
        wait_until(lambda: len(registrar.registers()) >= 3, 20, "a refresh that nobody answers")
        registrar.silent = False
        registrar.wait_bound(timeout=10)
        wait_health(server, 200)
        assert len(registrar.nonces) == 1, "its own challenge was answered"


def test_dead_registrar():
    """The stop does not wait longer than it may."""
    with Registrar() as registrar, at(registrar) as server:
        registrar.wait_bound()
        registrar.silent = True
        started = time.monotonic()
        server.stop()
        assert 4 < time.monotonic() - started < 20


def test_seen_address():
    """received and rport go into Contact and SDP before the first REGISTER and INVITE, and take the old binding away."""
    with Registrar() as registrar:
        registrar.seen = ("203.0.113.9", 40000)
        with at(registrar, "--sip-expires", "10") as server, Client(server) as client:
            registrar.granted = 2
            server.wait_log(r"The SIP server sees us at 203\.0\.113\.9:40000")
            assert registrar.wait_bound() == "sip:201@203.0.113.9:40000"
            assert len(registrar.bindings) == 1
            client.send("CALL:bob")
            invite = registrar.wait("INVITE")
            assert invite.contact_uri() == "sip:201@203.0.113.9:40000" and invite.media()[0] == "203.0.113.9"
            registrar.reply(invite, 486)
            client.ended()
            server.stop()
            assert not registrar.bindings


def test_seen_address_without_register():
    """The OPTIONS at start is enough; with --advertise nothing is learnt."""
    with Registrar() as registrar:
        registrar.seen = ("203.0.113.9", 40000)
        for flags, contact in (((), "sip:201@203.0.113.9:40000"), (("--advertise", "198.51.100.7"), "sip:201@198.51.100.7:%d")):
            with at(registrar, *flags, register=False) as server, Client(server) as client:
                wait_until(lambda: len(registrar.all("OPTIONS")) >= 1, 5, "OPTIONS")
                server.wait_log("is reachable")
                client.send("CALL:bob")
                invite = registrar.wait("INVITE")
                assert invite.contact_uri() == (contact % server.sip_port if "%" in contact else contact)
                assert invite.media()[0] == invite.contact_uri().split("@")[1].split(":")[0]
                registrar.reply(invite, 486)
                client.ended()
                assert health(server) == (200, "ok") and not registrar.registers()
            registrar.messages.clear()


def test_keepalive():
    """No more often than told, never without; each change of reachability is one line."""
    with Registrar() as registrar, at(registrar, "--sip-keepalive", "1", register=False) as server:
        wait_until(lambda: len(registrar.all("OPTIONS")) >= 4, 8, "OPTIONS")
        asked = registrar.all("OPTIONS")
        assert asked[3].time - asked[0].time > 3 * 0.8 - 0.5  # each gap is judged on the virtual clock
        assert server.log.count("is reachable") == 1
        assert len({m.call_id for m in asked}) == 1 and asked[1].cseq > asked[0].cseq
    with Registrar() as registrar, at(registrar, "--sip-keepalive", "0", register=False):
        time.sleep(0.7)
        assert not registrar.messages


def test_chinese():
    with Registrar() as registrar, at(registrar, "--lang", "zh") as server:
        registrar.wait_bound()
        server.wait_log("已向 SIP 服務器註冊: sip:201@127.0.0.1:%d，有效 600 秒" % server.sip_port)
        server.wait_log("SIP 服務器 127.0.0.1:%d 可以連通" % registrar.port)


if __name__ == "__main__":
    main(sys.modules[__name__])
