# SPDX-License-Identifier: MIT
"""FAULTS 43, 45 to 47: the process as a whole; and 50 calls at once."""
import os
import re
import signal
import socket
import sys
import time

import audio
from clients import Client, http_request
from common import check_echo, established, loopback, recorded, through, wait_echo
from harness import main, wait_until
from phone import Phone, auto_phone, credentials
from timing import WRAPPER, soon


def fault_43_bye_on_sigterm():
    for number in (signal.SIGINT, signal.SIGTERM):
        with Phone() as phone, through(phone) as server:
            client, invite, _ = established(server, phone)
            time.sleep(0.3)
            started = time.monotonic()
            server.signal(number)
            bye = phone.take_bye()
            assert bye.call_id == invite.call_id
            client.ended(200)
            assert server.wait_exit() == 0 and time.monotonic() - started < soon(1.5)
            assert client.wait_closed() == 1001
            wav = audio.read_wav(server.recordings[0])
            assert len(wav.left) == len(wav.right) > 800
            client.close()


def fault_43_cancel_on_sigterm():
    with Phone() as phone, through(phone) as server, Client(server) as client:
        client.send("CALL:bob")
        invite = phone.wait("INVITE")
        phone.reply(invite, 180)
        client.state("ringing")
        server.signal(signal.SIGTERM)
        phone.reply(phone.wait("CANCEL"), 200)
        phone.reply(invite, 487)
        phone.wait("ACK")
        client.ended(487)
        assert server.wait_exit() == 0 and client.wait_closed() == 1001


def fault_45_resources_of_ten_calls():
    """Memory and descriptors after ten calls as after three; one recording a call; no raw file unless asked for."""
    phone = auto_phone()
    with phone, through(phone) as server, Client(server) as client:
        figures = []
        for index in range(10):
            client.call("n%d" % index)
            client.wait_audio(len(client.audio) + 10)
            client.hangup()
            wait_until(lambda: len(server.udp_sockets()) == 1, 10, "RTP ports closed")
            figures.append((server.status("VmSize"), server.fds()))
        assert figures[-1][0] - figures[2][0] <= 512, figures
        wait_until(lambda: server.fds() <= figures[2][1], 5, "descriptors as after three calls: %s" % figures)
        assert len(server.recordings) == 10, server.recordings
        assert not os.path.exists(server.path("rtp_raw_data.bin"))


def fault_46_exposure():
    """From another address nothing works without a flag; nothing secret in log or program."""
    with loopback(ws_listen="0") as server:
        assert http_request(server, path="/healthz")[0] == 200
        assert "listening on all interfaces, port %d" % server.ws_port in server.log
    with open(os.environ.get("SERVER", "build/ws_audio_server"), "rb") as file:
        program = file.read()
    for secret in (b"qwER12#$", b"0938220136", b"0921367101"):
        assert secret not in program, secret
    with Phone() as phone, through(phone, "--sip-user", "alice", "--log-level", "debug", env={"SIP_PASSWORD": "pa55word"}) as server, \
            Client(server) as client:
        client.send("CALL:bob")
        phone.challenge(phone.wait("INVITE"), qop="auth")
        phone.wait("ACK")
        again = phone.wait("INVITE")
        proof = credentials(again)
        phone.reply(again, 486)
        client.ended(486)
        server.wait_log("INVITE sip:bob")
        assert "pa55word" not in server.log and proof["response"] not in server.log
        assert "Authorization: Digest" not in server.log or not re.search(r'response="[0-9a-f]{32}"', server.log)


def fault_46_sip_port_is_not_open_to_all():
    """Bound to the given address only."""
    with loopback() as server, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        assert {ip for ip, _ in server.udp_sockets()} == {"127.0.0.1"}, server.udp_sockets()
        probe.bind(("127.0.0.7", server.sip_port))


def fault_47_longest_call():
    with Phone() as phone, through(phone, "--max-call-seconds", 2) as server:
        client, _, _ = established(server, phone)
        with client:
            started = time.monotonic()
            phone.take_bye(6)
            code, reason = client.ended()
            assert code == 0 and reason, (code, reason)
            assert 1.5 < time.monotonic() - started < 2 + soon(0.8)
            assert client.texts()[-2].startswith("CALL_STATS:")
            client.send("CALL:again")
            phone.answer()
            client.state("established")
            client.hangup()
            phone.take_bye()


def fault_fifty_calls_at_once():
    """50 clients, 50 calls, each its own file and its own echo; memory and ports come back."""
    count = 8 if WRAPPER else 50
    with loopback("--calls-per-minute", "0") as server:
        idle = server.fds()
        clients = [Client(server) for _ in range(count)]
        data = [audio.noise(100, seed) for seed in range(count)]
        for index, client in enumerate(clients):
            client.upload("f%d" % index, audio.wav_ulaw(data[index]))
        for index, client in enumerate(clients):
            client.send("CALL:%d" % index)
        for client in clients:
            client.state("established", 10)
        for index, client in enumerate(clients):
            client.send("PLAY_WAV:f%d" % index)
        for index, client in enumerate(clients):
            client.expect("WAV_DONE:f%d" % index, 20)
        for index, client in enumerate(clients):
            wait_echo(client, data[index])
            check_echo(client, data[index])
        assert server.status("Threads") == 1 and server.children() == []
        for client in clients:
            client.send("HANGUP")
        for client in clients:
            client.ended(200)
        assert len(server.recordings) == count
        for path in server.recordings:
            index = int(re.search(r"Z-(\d+)-", path).group(1))
            wav = audio.read_wav(path)
            recorded(wav.right, data[index], path, clients[index])
            recorded(wav.left, data[index], path, clients[index])
        for client in clients:
            client.close()
            client.check()
        wait_until(lambda: server.fds() <= idle, 8, "descriptors closed")



if __name__ == "__main__":
    main(sys.modules[__name__])
