# SPDX-License-Identifier: MIT
"""FAULTS 19, 20, 23 to 25, 28 to 32: RTP."""
import functools
import secrets
import signal
import socket
import sys
import threading
import time

import audio
from audio import FRAME, payload_of, rtp_packet
from clients import Client
from common import assert_fast, contains, established, loopback, through
from harness import free_udp_port, main, wait_until
from phone import Phone
from timing import soon


def answered_elsewhere(media_level):
    port = free_udp_port("127.0.0.2")
    with Phone() as phone, through(phone) as server, Client(server) as client:
        there, here = phone.new_rtp(ip="127.0.0.2", port=port), phone.new_rtp(port=port)
        client.send("CALL:bob")
        invite = phone.wait("INVITE")
        phone.reply(invite, 200, phone.sdp(there, media_level=media_level, session_ip="127.0.0.1" if media_level else None))
        phone.wait("ACK")
        client.state("established")
        there.wait(20)
        assert not here.seen, "RTP to the SIP peer's address"
        there.stream(invite.media()[:2], 10)
        client.wait_audio(10)
        client.hangup()
        phone.take_bye()


def fault_19_rtp_goes_to_the_c_line():
    answered_elsewhere(False)


def fault_19_rtp_goes_to_the_media_level_c_line():
    answered_elsewhere(True)


def fault_20_answers_without_usable_audio():
    """ACK, BYE, ended:488; never established."""
    with Phone() as phone, through(phone) as server, Client(server) as client:
        rtp = phone.new_rtp()
        for sdp in (phone.sdp(rtp, types=(18,)), phone.sdp(rtp, types=(9, 101)), phone.sdp(rtp, port=0), None, "v=0\r\n", "rubbish",
                    phone.sdp(rtp, types=(101,)), phone.sdp(rtp).replace("m=audio", "m=video")):
            client.send("CALL:bob")
            invite = phone.wait("INVITE")
            phone.reply(invite, 200, sdp)
            phone.wait("ACK")
            phone.take_bye()
            code, reason = client.ended(488)
            assert reason
        assert client.count("CALL_STATE:established") == 0 and not rtp.seen


def fault_20_pcma_only_gets_pcma():
    with Phone() as phone, through(phone) as server, Client(server) as client:
        client.send("CALL:bob")
        invite = phone.wait("INVITE")
        assert invite.media()[2] == [0, 8, 101]
        rtp = phone.new_rtp()
        phone.reply(invite, 200, phone.sdp(rtp, types=(8,)))
        phone.wait("ACK")
        client.state("established")
        rtp.wait(20)
        assert {p.pt for p in rtp.packets()} == {8}
        assert set(payload_of(rtp.packets())) <= {0xD5, 0x55}, "A-law silence"
        client.hangup()
        phone.take_bye()


def fault_23_early_media():
    """The port is open before the INVITE leaves; nothing sent right behind the 183 is lost."""
    with Phone() as phone, through(phone) as server, Client(server) as client:
        client.send("CALL:bob")
        invite = phone.wait("INVITE")
        to = invite.media()[:2]
        assert to in server.udp_sockets(), (to, server.udp_sockets())
        rtp = phone.new_rtp()
        phone.reply(invite, 183, phone.sdp(rtp))
        sent = rtp.stream(to, 50)
        client.wait_audio(50)
        assert [octets for _, octets in client.audio] == sent
        client.state("early")
        assert client.count("CALL_STATE:established") == 0
        phone.reply(invite, 200, phone.sdp(rtp))
        client.state("established")
        client.hangup()
        phone.take_bye()


def fault_24_only_this_calls_rtp():
    with Phone() as phone, through(phone) as server:
        client, invite, rtp = established(server, phone)
        with client:
            to = invite.media()[:2]
            good = rtp.stream(to, 10)
            client.wait_audio(10)
            stranger = phone.new_rtp(ip="127.0.0.3")
            valid = rtp_packet(rtp.seq, rtp.ts, rtp.ssrc, b"z" * FRAME)
            bad = [b"x", b"", b"13 of plain x", b"\x80\xc8" + bytes(26), b"\x81\xc9" + bytes(30), bytes([0x40]) + valid[1:],
                   bytes([0xC0]) + valid[1:], bytes([0x00]) + valid[1:], bytes([0x8F]) + valid[1:20],
                   bytes([0x90]) + valid[1:13], bytes([0xA0]) + valid[1:-1] + b"\xff", valid[:11],
                   valid[:1] + bytes([77]) + valid[2:]]
            for octets in bad:
                rtp.sock.sendto(octets, to)
            for _ in range(5):
                stranger.send(b"s" * FRAME, to)
            assert to[0] == "127.0.0.1" and to in server.udp_sockets(), server.udp_sockets()
            more = rtp.stream(to, 10)
            client.wait_audio(20)
            time.sleep(0.2)
            assert [octets for _, octets in client.audio] == good + more
            large = [rtp_packet(rtp.seq, rtp.ts, rtp.ssrc, secrets.token_bytes(size)) for size in (4000, 4200, 20000)]
            for octets in large:
                rtp.sock.sendto(octets, to)
            time.sleep(0.3)
            for _, octets in client.audio[20:]:
                assert octets in large, "a packet of %d octets was cut" % len(octets)
            client.hangup()
            phone.take_bye()


def fault_25_busy_rtp_port():
    """The next pair is taken; with none left the call is refused and told so."""
    low = free_udp_port(low=28400, high=28900)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", low))
        with Phone() as phone, through(phone, "--max-calls", 2, rtp_ports="%d-%d" % (low, low + 3)) as server:
            client, invite, rtp = established(server, phone)
            with client, Client(server) as second:
                assert invite.media()[1] == low + 2, invite.media()
                rtp.stream(invite.media()[:2], 5)
                client.wait_audio(5)
                second.send("CALL:carol")
                text = second.expect("ERROR:CALL")
                assert text.split(":")[2] in ("busy", "io"), text
                second.never("CALL_STATE", 0.1)
                client.hangup()
                phone.take_bye()


def fault_28_stream_identity():
    """Random start values each call, one continuous stream through two files, marker at the start."""
    with Phone() as phone, through(phone) as server, Client(server) as client:
        seen, data = [], [audio.noise(20, 1), audio.noise(20, 2)]
        client.upload("a", audio.wav_ulaw(data[0]))
        client.upload("b", audio.wav_ulaw(data[1]))
        for _ in range(4):
            client.send("CALL:bob")
            _, rtp = phone.answer(ring=False)
            client.state("established")
            client.play("a")
            time.sleep(0.1)
            client.play("b")
            rtp.wait(45)
            client.hangup()
            phone.take_bye()
            packets = rtp.packets()
            audio.assert_continuous(packets)
            assert packets[0].marker == 1
            contains(payload_of(packets), data[0], "a")
            contains(payload_of(packets), data[1], "b")
            seen.append((packets[0].ssrc, packets[0].seq, packets[0].ts))
        for values in zip(*seen):
            assert len(set(values)) == 4, seen
        assert 0x6B8B4567 not in [s[0] for s in seen]


def fault_29_two_plays_do_not_interleave():
    with Phone() as phone, through(phone) as server:
        client, _, rtp = established(server, phone)
        with client:
            one, two = audio.noise(50, 1), audio.noise(50, 2)
            client.upload("one", audio.wav_ulaw(one))
            client.upload("two", audio.wav_ulaw(two))
            client.send("PLAY_WAV:one")
            client.send("PLAY_WAV:two")
            client.expect("WAV_DONE:one")
            client.expect("WAV_DONE:two")
            time.sleep(0.1)
            packets = rtp.packets()
            assert len({p.seq for p in packets}) == len(packets)
            heard = payload_of(packets)
            assert contains(heard, one, "one") + len(one) <= contains(heard, two, "two")
            client.hangup()
            phone.take_bye()


def fault_30_hangup_stops_the_play():
    with Phone() as phone, through(phone) as server:
        client, _, rtp = established(server, phone)
        with client:
            client.upload("long", audio.wav_ulaw(audio.noise(500)))
            client.send("PLAY_WAV:long")
            client.expect("WAV_ACK:開始播放檔案 long")
            rtp.wait(30)
            client.send("HANGUP")
            phone.take_bye()
            client.ended(200)
            time.sleep(soon(0.1))
            count = len(rtp.seen)
            time.sleep(0.5)
            assert len(rtp.seen) == count and count < 300, (count, len(rtp.seen))
            assert client.count("WAV_DONE:long") <= 1 and "WAV_DONE:long" not in client.texts()


def fault_31_every_play_is_heard_under_load():
    """500 packets a second coming in, ten plays: each is heard, the process never forks."""
    with Phone() as phone, through(phone) as server:
        client, invite, rtp = established(server, phone)
        stop = threading.Event()

        def flood():
            while not stop.is_set():
                rtp.stream(invite.media()[:2], 10, pace=0.002)
        thread = threading.Thread(target=flood, daemon=True)
        thread.start()
        try:
            with client:
                data = audio.noise(10)
                client.upload("x", audio.wav_ulaw(data))
                for index in range(10):
                    client.play("x")
                    heard = functools.partial(lambda count: payload_of(rtp.packets()).count(data) == count, index + 1)
                    wait_until(heard, 5, "play %d heard" % (index + 1))
                    assert server.children() == [] and server.status("Threads") == 1
                client.hangup()
                phone.take_bye()
        finally:
            stop.set()
            thread.join()


def fault_32_killed_while_playing():
    """Nobody keeps the port: the client sees the end at once, a new connection is refused."""
    with loopback() as server:
        client = Client(server)
        client.call()
        client.upload("x", audio.wav_ulaw(audio.noise(500)))
        client.send("PLAY_WAV:x")
        client.expect("WAV_ACK:開始播放檔案 x")
        started = time.monotonic()
        server.signal(signal.SIGKILL)
        server.wait_exit()
        client.wait_closed(3)
        assert_fast(time.monotonic() - started, 1, "the end seen by the client")
        try:
            socket.create_connection(("127.0.0.1", server.ws_port), 2).close()
        except ConnectionRefusedError:
            pass
        else:
            raise AssertionError("somebody still listens")
        client.close()


def fault_pacing_of_20_seconds():
    """The predecessor was 162 to 230 ms late after 20 s; here the last packet leaves when it should."""
    with Phone() as phone, through(phone) as server:
        client, _, rtp = established(server, phone)
        with client:
            client.upload("x", audio.wav_ulaw(b"\x21" * FRAME * 900))
            client.play("x", 40)
            seen = [(stamp, audio.Rtp(octets)) for stamp, _, octets in rtp.seen][5:]
            first = seen[0]
            errors = sorted(stamp - first[0] - ((p.ts - first[1].ts) & 0xFFFFFFFF) / 8000 for stamp, p in seen)
            drift = seen[-1][0] - first[0] - ((seen[-1][1].ts - first[1].ts) & 0xFFFFFFFF) / 8000
            assert abs(drift) < soon(0.03), "drift %.1f ms" % (drift * 1000)
            assert errors[len(errors) // 2] - errors[0] < soon(0.02), errors[:3]
            client.hangup()
            phone.take_bye()


def fault_rtp_from_a_new_port_or_address():
    """Another port of the SDP's IP is learnt with its second packet, the SDP's own counts as soon as it is heard; another IP is
    nobody's, but with --rtp-learn any."""
    with Phone() as phone, through(phone) as server:
        client, invite, rtp = established(server, phone)
        with client:
            to = invite.media()[:2]
            moved = phone.new_rtp()
            moved.stream(to, 10)
            client.wait_audio(9)
            moved.wait(5)
            count = len(rtp.seen)
            time.sleep(0.3)
            assert len(rtp.seen) <= count + 1, "still sent to the old port"
            phone.new_rtp(ip="127.0.0.5").stream(to, 10)
            rtp.stream(to, 5)
            client.wait_audio(14)
            time.sleep(0.1)
            assert len(client.audio) == 14, "a stranger was heard"
            client.hangup()
            phone.take_bye()
    with Phone() as phone, through(phone, "--rtp-learn", "any") as server:
        client, invite, rtp = established(server, phone)
        with client:
            to = invite.media()[:2]
            other = phone.new_rtp(ip="127.0.0.5")
            other.stream(to, 20)
            client.wait_audio(15)
            other.wait(5)
            client.hangup()
            phone.take_bye()


if __name__ == "__main__":
    main(sys.modules[__name__])
