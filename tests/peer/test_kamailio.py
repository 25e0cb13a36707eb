# SPDX-License-Identifier: MIT
"""Two of our servers and baresip registered at Kamailio, a record-routing proxy with digest: calls in every direction."""
import re
import sys
import time

import audio
from audio import payload_of
from baresip import Baresip
from clients import Client
from common import idle_ports
from harness import Server, main, need, wait_until
from kamailio import DOMAIN, Kamailio


def registered(proxy, user, *flags):
    server = Server("--sip-user", user, "--sip-domain", DOMAIN, "--sip-register", "--sip-expires", "60", "--sip-keepalive", "1",
                    *flags, sip=proxy, env={"SIP_PASSWORD": "pw-" + user})
    server.wait_log("Registered at the SIP server", 10)
    return server


def telephone(proxy, user, *more, **options):
    account = "<sip:%s@%s>;outbound=\"sip:127.0.0.1:%d;lr\";auth_user=%s;auth_pass=pw-%s;regint=60" % (
        user, DOMAIN, proxy.port, user, user)
    phone = Baresip(audio.ulaw_decode(audio.noise(500, seed=7)), account=account, more=more, **options)
    wait_until(lambda: "200 OK" in phone.output or "1 bindings" in phone.output or "registered" in phone.output.lower(), 10,
               "baresip registered")
    return phone


def listening(server):
    client = Client(server)
    client.send("LISTEN")
    return client


def answered(client, caller):
    text = client.expect("INCOMING", 10)
    assert text.split(":")[1] == caller, text
    client.calls_sent += 1  # its `ended` has a CALL of the other side
    client.send("ANSWER")
    client.state("established", 10)


def play(client, name, seed):
    data = audio.noise(40, seed=seed)
    client.upload(name, audio.wav_ulaw(data))
    client.play(name)
    return data


def frames_heard(client, data):
    heard = payload_of(client.packets())
    frames = [data[i:i + audio.FRAME] for i in range(0, len(data), audio.FRAME)]
    return sum(frame in heard for frame in frames) >= 0.9 * len(frames)


def reaches(client, number):
    client.send("CALL:" + number)
    if client.expect(re.compile("^CALL_STATE:(established|ended:404)"), 10) == "CALL_STATE:established":
        return True
    time.sleep(0.2)
    return False


def test_out_to_an_echo():
    """From one server to the other, which answers with the echo: challenge, Record-Route, our file comes back."""
    with Kamailio() as proxy, registered(proxy, "301") as ours, registered(proxy, "302", "--incoming", "echo") as other, \
            Client(ours) as client:
        client.call("302")
        data = play(client, "a.wav", 1)
        wait_until(lambda: frames_heard(client, data), 8, "the echo")
        client.hangup(200)
        idle_ports(ours)
        idle_ports(other)
        client.send("CALL:399")
        client.ended(404)


def test_in_and_answered():
    """The other way, with a client that answers; each hangs up once."""
    with Kamailio() as proxy, registered(proxy, "301", "--incoming", "ring") as ours, registered(proxy, "302") as other, \
            listening(ours) as callee, Client(other) as caller:
        for hangs_up, hears in ((caller, callee), (callee, caller)):
            caller.send("CALL:301")
            answered(callee, "302")
            caller.state("established")
            one, two = play(caller, "a.wav", 2), play(callee, "b.wav", 3)
            wait_until(lambda: frames_heard(callee, one) and frames_heard(caller, two), 8, "both hear each other")
            hangs_up.hangup(200)
            hears.ended(200)
            idle_ports(ours)
            idle_ports(other)
        caller.send("CALL:301")
        callee.expect("INCOMING", 10)
        caller.hangup(487)
        callee.expect("INCOMING_GONE")
        caller.send("CALL:301")
        callee.expect("INCOMING", 10)
        callee.send("REJECT:486")
        caller.ended(486)


def test_out_to_a_telephone():
    with Kamailio() as proxy, registered(proxy, "301") as ours, telephone(proxy, "303") as phone, Client(ours) as client:
        client.call("303")
        client.wait_audio(50)
        play(client, "a.wav", 4)
        client.hangup(200)
        wait_until(lambda: "terminated" in phone.output or "closed" in phone.output, 5, "baresip hears the end")
        idle_ports(ours)


def test_in_from_a_telephone():
    with Kamailio() as proxy, registered(proxy, "301", "--incoming", "ring") as ours, listening(ours) as client, \
            telephone(proxy, "303", "-e", "/dial sip:301@" + DOMAIN):
        answered(client, "303")
        client.wait_audio(50)
        play(client, "a.wav", 5)
        client.hangup(200)
        idle_ports(ours)


def test_restart_of_the_proxy():
    """A call goes on over it and ends through the new one; registrations come back by themselves; calls work again."""
    with Kamailio() as proxy, registered(proxy, "301") as ours, registered(proxy, "302", "--incoming", "echo") as other, \
            Client(ours) as client:
        client.call("302")
        play(client, "before.wav", 8)  # the ACK has arrived meanwhile
        proxy.stop()
        ours.wait_log("SIP server .* is not reachable", 60)
        data = play(client, "a.wav", 6)
        wait_until(lambda: frames_heard(client, data), 8, "the echo, without a proxy")
        proxy.start()
        for server in (ours, other):
            server.wait_log(r"(?s)not reachable.*is reachable", 60)
        client.hangup(200)
        idle_ports(other)  # the BYE went by the new proxy
        wait_until(lambda: reaches(client, "302"), 20, "registered again, without being asked to")
        client.hangup(200)


if __name__ == "__main__":
    need("kamailio")
    need("baresip")
    main(sys.modules[__name__], workers=3)
