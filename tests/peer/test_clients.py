# SPDX-License-Identifier: MIT
"""The session that js/session.js holds with ws and browsers, with the two Python libraries."""
import sys

import audio
import session
from audio import payload_of
from clients import Client, Client2
from common import contains, idle_ports, loopback, wait_echo
from harness import main, wait_until


def whole_session(kind):
    data = session.data()
    with loopback() as server, kind(server, subprotocols=["chat", "sip-audio-protocol"]) as client:
        assert client.subprotocol == "sip-audio-protocol"
        client.upload(session.NAME, audio.wav_ulaw(data))
        client.call("echo")
        client.play(session.NAME)
        wait_echo(client, data)
        contains(payload_of(client.packets()), data, "RTP: payloads")
        client.send("MEDIA:rtp")
        client.expect("MEDIA:rtp")
        lines = len(client.audio)
        client.play(session.NAME)
        binary = []

        def all_back():
            with client.cond:
                binary[:] = [audio.Rtp(octets) for _, octets in client.binary]
            return data in payload_of(binary)
        wait_until(all_back, 8, "echo in binary messages")
        audio.assert_continuous(client.packets() + binary)
        assert len(client.audio) == lines, "RTP: lines after MEDIA:rtp"
        client.send("LIST_WAV")
        client.expect("WAV_LIST_END:1")
        client.hangup(200)
        session.check_recorded(server)


def test_python3_websockets():
    whole_session(Client)


def test_websocket_client():
    whole_session(Client2)


def test_end_of_an_orphaned_call_is_logged():
    """The client vanishes: nobody is left to tell, but the log has the end of its call."""
    with loopback() as server:
        client = Client(server)
        client.call("echo")
        client.vanish()
        server.wait_log(r"Call echo ended: 200 the client's connection is gone")
        idle_ports(server, 3)


if __name__ == "__main__":
    main(sys.modules[__name__])
