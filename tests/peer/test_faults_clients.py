# SPDX-License-Identifier: MIT
"""FAULTS 33, 34, 39 to 42, 44: several clients, hostile messages, disconnects."""
import base64
import sys
import threading
import time

import audio
from audio import payload_of
from clients import Client, Client2, RawWs
from common import check_echo, contains, established, file_octets, loopback, through, wait_echo
from harness import main, sanitized, wait_until
from phone import Phone


def fault_33_each_client_its_own_call():
    with loopback() as server:
        one, two = Client(server), Client2(server)
        data = [audio.noise(60, 1), audio.noise(60, 2)]
        for index, client in enumerate((one, two)):
            client.upload("f%d" % index, audio.wav_ulaw(data[index]))
            client.call()
        for index, client in enumerate((one, two)):
            client.send("PLAY_WAV:f%d" % index)
        for index, client in enumerate((one, two)):
            client.expect("WAV_DONE:f%d" % index)
            wait_echo(client, data[index])
            check_echo(client, data[index])
            heard = payload_of(client.packets())
            assert data[1 - index][:160] not in heard, "the other's audio"
            assert client.count("WAV_DONE:f%d" % (1 - index)) == 0
        two.close()
        count = len(one.audio)
        one.wait_audio(count + 50)
        assert one.count("CALL_STATE:ended") == 0
        one.hangup(200)
        one.close()
        one.check()


def fault_34_fragmented_uploads_at_once():
    with loopback() as server:
        clients = [Client(server) for _ in range(4)]
        files = [audio.wav_ulaw(audio.noise(200, seed)) for seed in range(4)]

        def upload(index):
            text = "WAV_UPLOAD:f%d:%s" % (index, base64.b64encode(files[index]).decode())
            clients[index].send_fragments([text[i:i + 2000] for i in range(0, len(text), 2000)], pause=0.01)
        threads = [threading.Thread(target=upload, args=(i,)) for i in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for index, client in enumerate(clients):
            assert client.expect("WAV_ACK") == "WAV_ACK:檔案上傳成功 (%d 字節)" % len(files[index])
            assert file_octets(server.path("uploaded_wavs", "f%d" % index)) == files[index]
            client.close()


def fault_39_huge_message():
    """60 MiB in one text message: read past and told when it is an upload, else 1009; and the memory stays."""
    with loopback() as server:
        before = server.status("VmRSS")
        piece = b"A" * (1 << 20)
        with RawWs(server) as client:
            client.send(1, b"WAV_UPLOAD:x:" + piece * 60)
            client.recv_text("ERROR:WAV_UPLOAD:")
            client.send(1, b"WAV_UPLOAD:x:", fin=False)
            for _ in range(60):
                client.send(0, piece, fin=False)
            client.send(0, b"")
            client.recv_text("ERROR:WAV_UPLOAD:")
            client.send(1, b"LIST_WAV")
            assert client.recv() == (1, b"WAV_LIST_END:0")
        with RawWs(server) as client:
            client.sock.sendall(client.frame(1, b"x" * 1000, length=60 << 20))
            assert client.close_code() == 1009
        assert sanitized() or server.status("VmRSS") - before < 12000, "RSS grew from %d to %d kB" % (before, server.status("VmRSS"))
        assert server.uploads == []


def fault_40_invalid_utf8():
    with loopback() as server:
        frame = RawWs.frame
        for octets in (frame(1, b"CALL:\xff"), frame(1, b"CALL:\xc3"), frame(1, b"\xed\xa0\x80\xed\xb0\x80"), frame(1, b"\xf8\x88\x80\x80\x80"),
                       frame(1, b"\xe2\x82", fin=False) + frame(0, b"\x28"), frame(1, b"\xc0\x80"), frame(1, b"\xf5\x80\x80\x80"),
                       frame(1, b"WAV_UPLOAD:\xff:AAAA"), frame(1, b"WAV_UPLOAD:x:" + b"A" * 5000 + b"\xff" + b"A" * 100)):
            with RawWs(server) as client:
                client.sock.sendall(octets)
                assert client.close_code() == 1007, octets[:40]
        with RawWs(server) as client:  # a character split over two frames is fine
            client.send(1, b"DELETE_WAV:\xe9\x9b", fin=False)
            client.send(0, b"\xbb")
            assert client.recv_text("ERROR:DELETE_WAV:not_found:")
        assert server.uploads == []


def fault_41_call_argument():
    with Phone() as phone, through(phone) as server, Client(server) as client:
        for target in ("", "123@10.9.9.9;x=y", "bob smith", "電話", "a\r\nVia: x", "a\nb", "1%0d%0a", "sip:a@b\r\nX: y", "sip:a b@c",
                       "<sip:a@b>", "b" * 65, '"x"', "a;b", "a?b", "a@b", "sip:@b", "sip:a@", "\t"):
            client.send("CALL:" + target)
            client.error("CALL", "bad_argument")
        phone.never("INVITE", 0.2)
        client.send("CALL:+49 (30) 123-456.7")
        invite, _ = phone.refuse(486)
        assert invite.uri.startswith("sip:+49301234567@"), invite.uri
        client.ended(486)


def fault_42_exact_verbs():
    with loopback() as server, Client(server) as client:
        client.call()
        for text in ("HANGUPXYZ", "hangup", " HANGUP", "HANGUP ;", "HANG", "XHANGUP"):
            client.send(text)
            assert ":unknown_verb:" in client.expect("ERROR"), text
        for octets in (b"HANGUP", b"CALL:echo", b"\x00" * 7, b""):
            client.send(octets)
        time.sleep(0.3)
        assert client.count("CALL_STATE:ended") == 0
        client.send("STATS")
        client.stats()
        client.allow_errors = True
        client.hangup(200)


def fault_44_disconnects_under_load():
    """12 clients vanish without a close while 2000 packets a second come in for them."""
    with Phone() as phone, through(phone) as server:
        stop = threading.Event()
        for _ in range(12):
            client, invite, rtp = established(server, phone)

            def flood(rtp=rtp, to=invite.media()[:2]):
                while not stop.is_set():
                    try:
                        rtp.stream(to, 20, pace=0.0005)
                    except OSError:
                        return
            thread = threading.Thread(target=flood, daemon=True)
            thread.start()
            client.wait_audio(50)
            client.vanish()
            assert phone.take_bye().call_id == invite.call_id
            stop.set()
            thread.join()
            stop.clear()
        with Client(server) as client:
            client.send("CALL:bob")
            phone.answer()
            client.state("established")
            client.hangup()
            phone.take_bye()
        assert server.status("Threads") == 1


def gone(server, phone, leave, expected):
    """The client goes in the state that the test brought about; the far end is told in the way that state asks for."""
    leave()
    message = phone.wait(expected)
    phone.reply(message, 200)
    return message


def fault_client_gone_in_each_state():
    """Reset and half-close, in trying, ringing, early, established, playing, and in the middle of an upload."""
    def raw(server):
        client = RawWs(server)
        return client, client.reset

    def raw_fin(server):
        client = RawWs(server)
        return client, client.close
    with Phone() as phone, through(phone) as server:
        idle = server.fds()
        for make in (raw, raw_fin):
            client, leave = make(server)  # idle
            leave()
            client, leave = make(server)  # a frame half sent
            client.sock.sendall(client.frame(1, b"WAV_UPLOAD:x:" + b"A" * 5000)[:3000])
            time.sleep(0.05)
            leave()
            client, leave = make(server)  # trying
            client.text("CALL:bob")
            invite = phone.wait("INVITE")
            leave()
            time.sleep(0.1)
            phone.reply(invite, 180)
            gone(server, phone, lambda: None, "CANCEL")
            phone.reply(invite, 487)
            phone.wait("ACK")
            for code in (180, 183):  # ringing, early
                client, leave = make(server)
                client.text("CALL:bob")
                invite = phone.wait("INVITE")
                phone.reply(invite, code, phone.sdp(phone.new_rtp()) if code == 183 else None)
                client.recv_text("CALL_STATE:%s" % ("ringing" if code == 180 else "early"))
                gone(server, phone, leave, "CANCEL")
                phone.reply(invite, 487)
                phone.wait("ACK")
            for playing in (False, True):
                client, leave = make(server)
                client.text("CALL:bob")
                phone.answer(ring=False)
                client.recv_text("CALL_STATE:established")
                if playing:
                    client.text("WAV_UPLOAD:p:" + base64.b64encode(audio.wav_ulaw(audio.noise(100))).decode())
                    client.recv_text("WAV_ACK")
                    client.text("PLAY_WAV:p")
                    client.recv_text("WAV_ACK")
                gone(server, phone, leave, "BYE")
        wait_until(lambda: server.fds() <= idle, 8, "descriptors closed: %d, %d at the start" % (server.fds(), idle))
        assert server.uploads == ["p"], server.uploads


def fault_hangup_and_call_in_turns():
    """Ten times HANGUP and CALL in one breath: ten calls, ten endings, the last one is heard."""
    with loopback() as server, Client(server) as client:
        client.call()
        for _ in range(10):
            client.send("HANGUP")
            client.send("CALL:echo")
        for _ in range(10):
            client.state("ended")
        client.state("established")
        data = audio.noise(20)
        client.upload("x", audio.wav_ulaw(data))
        client.play("x")
        wait_echo(client, data)
        contains(payload_of(client.packets()), data, "last call")
        client.hangup()
        assert client.count("CALL_STATE:ended") == 11


if __name__ == "__main__":
    main(sys.modules[__name__])
