# SPDX-License-Identifier: MIT
"""Every verb of the text protocol that is due and every answer to it (SPEC section 3)."""
import base64
import os
import re
import sys
import time

import audio
from audio import FRAME, payload_of
from clients import Client, Client2, RawWs
from common import check_echo, contains, established, file_octets, loopback, through, wait_echo
from harness import Server, main, wait_until
from phone import Phone


def b64(octets):
    return base64.b64encode(octets).decode()


def test_without_a_call():
    with loopback() as server, Client(server) as client:
        for verb in ("HANGUP", "STOP_WAV", "STATS", "CLEAR", "MARK:a"):
            client.send(verb)
            client.error(verb.split(":")[0], "no_call")
        client.send("PLAY_WAV:nothing.wav")
        assert client.expect("WAV_ACK").startswith("WAV_ACK:播放檔案 nothing.wav 失敗: ")
        client.upload("there.wav", audio.wav_ulaw(audio.noise(3)))
        client.send("PLAY_WAV:there.wav")
        assert client.expect("WAV_ACK").startswith("WAV_ACK:播放檔案 there.wav 失敗: ")
        client.never("WAV_DONE", 0.2)


def test_not_due_yet():
    """Verbs of later issues: unsupported, with and without a call; nothing is taken and ignored."""
    with loopback() as server, Client(server) as client:
        for place in range(2):
            for verb in ("HOLD", "RESUME", "TRANSFER:1"):
                client.send(verb)
                client.error(verb.split(":")[0], "unsupported")
            if not place:
                client.call()
        client.hangup()


def test_unknown_verbs():
    with loopback() as server, Client(server) as client:
        for text, word in (("FOO", "FOO"), ("hangup", "hangup"), ("HANGUPXYZ", "HANGUPXYZ"), ("CALLX:1", "CALLX"),
                           ("Call:1", "Call"), ("PLAY_WAVE:x", "PLAY_WAVE")):
            client.send(text)
            client.error(word, "unknown_verb")
        for text in ("", ":", "   ", "\r\n", "é", "X" * 500):
            client.send(text)
            text = client.expect("ERROR")
            assert ":unknown_verb:" in text and len(text) < 300 and "\n" not in text, text


def test_trailing_line_end():
    with loopback() as server, Client(server) as client:
        client.send("CALL:echo\r\n")
        client.state("established")
        client.send("STATS\n")
        client.expect("CALL_STATS")
        client.send("HANGUP\r\n")
        client.ended(200)


def test_arguments_where_none_belong():
    """Verbs are exact: an argument is refused or passed over, but answered."""
    with loopback() as server, Client(server) as client:
        client.allow_errors = True
        client.call()
        client.send("STATS:now")
        wait_until(lambda: client.count("CALL_STATS") + client.count("ERROR:STATS") == 1, 5, "an answer to STATS:now")
        client.send("HANGUP")
        client.ended(200)


def test_call_refusals():
    with loopback() as server, Client(server) as client:
        for target in ("", " ", "a b", "*@x y", "sip:", "sip:a@b?Subject=x", "sip:a@b;maddr=1.2.3.4", "x" * 65,
                       "abc/def", "_x", "電話", "1\r\nVia: x", "tel:+1", "sips:a@b", "-()"):
            client.send("CALL:" + target)
            client.error("CALL", "bad_argument")
        client.send("CALL")
        client.error("CALL", "bad_argument")
        client.call("echo")
        client.send("CALL:echo")
        client.error("CALL", "busy")
        client.send("STATS")
        client.stats()
        client.hangup(200)


def test_call_targets_on_the_wire():
    """What is dialled is what stands in Request-URI and To."""
    cases = [("0938-220.136 (1)", "sip:09382201361@127.0.0.1"), ("*123#", "sip:*123%23@127.0.0.1"),
             ("+4930123", "sip:+4930123@127.0.0.1"), ("alice_b.c+d-e", "sip:alice_b.c+d-e@127.0.0.1"),
             ("sip:carol@example.org", "sip:carol@example.org"), ("x" * 64, "sip:%s@127.0.0.1" % ("x" * 64))]
    with Phone() as phone, through(phone) as server, Client(server) as client:
        for target, uri in cases:
            client.send("CALL:" + target)
            invite, _ = phone.refuse(486)
            client.ended(486)
            assert invite.uri == uri or invite.uri == uri + ":%d" % phone.port, (invite.uri, uri)
            assert "<%s" % uri in invite.get("to"), (invite.get("to"), uri)


def test_limit_of_calls():
    with loopback("--max-calls", 2) as server, Client(server) as one, Client(server) as two, Client2(server) as three:
        one.call()
        two.call()
        three.send("CALL:echo")
        three.error("CALL", "busy")
        one.hangup()
        three.call()
        three.hangup()
        two.hangup()


def test_states_through_a_phone():
    with Phone() as phone, through(phone) as server, Client(server) as client:
        client.send("CALL:bob")
        invite = phone.wait("INVITE")
        client.state("trying")
        client.send("STATS")
        client.error("STATS", "not_established")
        phone.reply(invite, 180)
        client.state("ringing")
        rtp = phone.new_rtp()
        phone.reply(invite, 183, phone.sdp(rtp))
        client.state("early")
        phone.reply(invite, 200, phone.sdp(rtp))
        phone.wait("ACK")
        client.state("established")
        client.send("HANGUP")
        phone.take_bye()
        client.ended(200)
        states = [t.split(":")[1] for t in client.texts() if t.startswith("CALL_STATE:")]
        assert states == ["trying", "ringing", "early", "established", "ended"], states


def test_reason_from_the_network_is_cleaned():
    with Phone() as phone, through(phone) as server, Client(server) as client:
        client.send("CALL:bob")
        invite = phone.wait("INVITE")
        octets = phone.response(invite, 486, reason="MARK").replace(b"MARK", b"a\x01b\xff\xfec" + b"d" * 300)
        phone.raw(octets, invite.source)
        phone.wait("ACK")
        _, reason = client.ended(486)
        assert reason.startswith("a?b?") and len(reason.encode()) <= 128, reason


def test_upload_list_delete():
    data = audio.noise(50)
    with loopback() as server, Client(server) as client:
        client.send("LIST_WAV")
        assert client.expect("WAV_LIST_END") == "WAV_LIST_END:0"
        client.upload("one.wav", audio.wav_ulaw(data))
        client.upload("檔案 二.wav", audio.wav_alaw(data[:FRAME]))
        client.upload("a", audio.wav_pcm16([0] * 8000))
        client.upload("n" * 128, audio.wav_ulaw(data[:1]))
        client.send("LIST_WAV")
        client.expect("WAV_LIST_END:4")
        lines = sorted(t for t in client.texts() if t.startswith("WAV_LIST:"))
        wanted = ["WAV_LIST:one.wav:%d:1000" % len(audio.wav_ulaw(data)), "WAV_LIST:a:%d:1000" % len(audio.wav_pcm16([0] * 8000)),
                  "WAV_LIST:檔案 二.wav:%d:20" % len(audio.wav_alaw(data[:FRAME]))]
        for line in wanted:
            assert line in lines, (line, lines)
        assert file_octets(server.path("uploaded_wavs", "one.wav")) == audio.wav_ulaw(data), "the original is kept"
        client.send("DELETE_WAV:one.wav")
        assert client.expect("WAV_DELETED") == "WAV_DELETED:one.wav"
        client.send("DELETE_WAV:one.wav")
        client.error("DELETE_WAV", "not_found")
        client.send("LIST_WAV")
        client.expect("WAV_LIST_END:3")
        assert not os.path.exists(server.path("uploaded_wavs", "one.wav"))
        for name in ("", "../one.wav", "/etc/passwd", "a/b", "a\\b", ".hidden", "n" * 129):
            client.send("DELETE_WAV:" + name)
            client.error("DELETE_WAV", "bad_argument")


def test_upload_refusals():
    good = audio.wav_ulaw(audio.noise(2))
    with loopback("--upload-max", "20K") as server, Client(server) as client:
        client.upload("kept.wav", good)
        cases = [("kept.wav:%s" % b64(b"RIFF\0\0\0\0WAVE"), "bad_wav"), ("kept.wav:" + b64(b"no wave"), "bad_wav"), ("kept.wav:", "bad_wav"),
                 ("kept.wav:!!!!", "bad_base64"), ("kept.wav:AAAA=AAA", "bad_base64"), ("kept.wav:AAB", "bad_base64"), ("kept.wav:AAA", "bad_wav"), ("C:\\kept.wav:" + b64(good), "bad_argument"),
                 ("kept.wav:" + b64(audio.wav_ulaw(b"x" * 30000)), "too_large"),
                 ("kept.wav:" + b64(audio.riff([audio.fmt(1, 12), audio.chunk(b"data", b"x" * 99)])), "bad_wav"),
                 ("kept.wav:" + b64(audio.wav_pcm16([0] * 800, rate=7999)), "bad_wav"),
                 ("kept.wav:" + b64(audio.wav_pcm16([0] * 900, channels=3)), "bad_wav"),
                 ("kept.wav:" + b64(audio.wav_ulaw(b"")), "bad_wav"),
                 ("../kept.wav:" + b64(good), "bad_argument"), (":" + b64(good), "bad_argument"),
                 ("n" * 129 + ":" + b64(good), "bad_argument"), ("a\\b:" + b64(good), "bad_argument"),
                 ("a\x01b:" + b64(good), "bad_argument"), (".x:" + b64(good), "bad_argument")]
        for rest, code in cases:
            client.send("WAV_UPLOAD:" + rest)
            client.error("WAV_UPLOAD", code)
        for text in ("WAV_UPLOAD", "WAV_UPLOAD:", "WAV_UPLOAD:name"):
            client.send(text)
            assert client.expect("ERROR:WAV_UPLOAD").split(":")[2] in ("bad_argument", "bad_wav"), text
        assert file_octets(server.path("uploaded_wavs", "kept.wav")) == good
        assert server.uploads == ["kept.wav"], server.uploads
        assert client.count("WAV_ACK") == 1


def test_upload_quota():
    with loopback("--upload-max", "100K", "--upload-quota", "100K") as server, Client(server) as client:
        client.upload("a", audio.wav_ulaw(b"\x11" * 60000))
        client.send("WAV_UPLOAD:b:" + b64(audio.wav_ulaw(b"\x11" * 60000)))
        client.error("WAV_UPLOAD", "quota")
        client.upload("a", audio.wav_ulaw(b"\x12" * 30000))
        client.upload("b", audio.wav_ulaw(b"\x11" * 60000))
        client.send("DELETE_WAV:b")
        client.expect("WAV_DELETED")
        client.upload("c", audio.wav_ulaw(b"\x11" * 60000))


def test_upload_survives_restart():
    data = audio.wav_ulaw(audio.noise(5))
    with loopback() as server:
        with Client(server) as client:
            client.upload("x.wav", data)
        server.stop()
        with Server(folder=server.folder) as again, Client2(again) as client:
            client.send("LIST_WAV")
            assert client.expect("WAV_LIST") == "WAV_LIST:x.wav:%d:100" % len(data)
            client.expect("WAV_LIST_END:1")


def test_large_upload_in_fragments():
    data = audio.wav_ulaw(audio.noise(6000))
    with loopback() as server, Client(server) as client:
        text = "WAV_UPLOAD:big.wav:" + b64(data)
        client.send_fragments([text[i:i + 1000] for i in range(0, len(text), 1000)])
        assert client.expect("WAV_ACK", 20) == "WAV_ACK:檔案上傳成功 (%d 字節)" % len(data)
        assert file_octets(server.path("uploaded_wavs", "big.wav")) == data


def test_play_refusals():
    with loopback() as server, Client(server) as client:
        client.call()
        for name in ("missing.wav", "", "../x", "/etc/passwd", ".x", "n" * 129, "a:b"):
            client.send("PLAY_WAV:" + name)
            text = client.expect("WAV_ACK")
            assert text.startswith("WAV_ACK:播放檔案 ") and " 失敗: " in text, text
        client.hangup()
        assert client.count("ERROR") == 0 and client.count("WAV_DONE") == 0


def test_stop_wav():
    first, second = audio.noise(200, 1), audio.noise(50, 2)
    with loopback() as server, Client(server) as client:
        client.upload("first", audio.wav_ulaw(first))
        client.upload("second", audio.wav_ulaw(second))
        client.call()
        client.send("PLAY_WAV:first")
        client.expect("WAV_ACK:開始播放檔案 first")
        client.send("PLAY_WAV:second")
        time.sleep(0.3)
        client.send("STOP_WAV")
        assert client.expect("WAV_DONE:first") == "WAV_DONE:first:stopped"
        time.sleep(0.3)
        assert client.count("WAV_ACK:開始播放檔案 second") == 0
        heard = payload_of(client.packets())
        assert second[:FRAME] not in heard and first[:FRAME * 10] in heard and first[-FRAME:] not in heard
        client.play("second")
        wait_echo(client, second)
        contains(payload_of(client.packets()), second, "second file after STOP_WAV")
        client.send("STOP_WAV")  # nothing plays: no complaint is due, the call is up
        client.hangup()
        client.allow_errors = True


def test_files_wait_their_turn():
    one, two = audio.noise(40, 3), audio.noise(30, 4)
    with loopback() as server, Client(server) as client:
        client.upload("one", audio.wav_ulaw(one))
        client.upload("two", audio.wav_ulaw(two))
        client.call()
        client.send("PLAY_WAV:one")
        client.send("PLAY_WAV:two")
        for text in ("WAV_ACK:開始播放檔案 one", "WAV_DONE:one", "WAV_ACK:開始播放檔案 two", "WAV_DONE:two"):
            assert client.expect(text) == text
        wait_echo(client, two)
        heard = payload_of(client.packets())
        assert contains(heard, one, "one") < contains(heard, two, "two")
        client.hangup()


def test_media_formats():
    with loopback() as server, Client(server) as client:
        client.send("MEDIA:hex")
        assert client.expect("MEDIA") == "MEDIA:hex"
        client.send("MEDIA:off")
        assert client.expect("MEDIA") == "MEDIA:off"
        client.call()
        time.sleep(0.4)
        assert not client.audio and not client.binary
        client.send("MEDIA:rtp")
        assert client.expect("MEDIA") == "MEDIA:rtp"
        wait_until(lambda: len(client.binary) > 20, 5, "binary RTP")
        assert not client.audio
        packets = [audio.Rtp(octets) for _, octets in client.binary]
        audio.assert_continuous(packets)
        client.send("MEDIA:hex")
        assert client.expect("MEDIA") == "MEDIA:hex"
        client.wait_audio(20)
        assert client.time_of("MEDIA:hex") <= client.audio[0][0]
        for bad in ("", "HEX", "pcm", "ulaw8"):
            client.send("MEDIA:" + bad)
            client.error("MEDIA", "bad_argument")
        client.send("MEDIA:off")
        client.expect("MEDIA:off")
        count = len(client.audio)
        time.sleep(0.3)
        assert len(client.audio) <= count + 1
        client.hangup()


def test_binary_audio():
    """No call: one ERROR:MEDIA:no_call until the next CALL. A command as a binary message: never carried out, told once."""
    with loopback() as server, Client(server) as client:
        for _ in range(3):
            client.send(b"\x11" * 320)
        client.error("MEDIA", "no_call")
        client.never("CALL_STATE", 0.2)
        assert client.count("ERROR") == 1
        client.call()
        for _ in range(3):
            client.send(b"HANGUP")
        time.sleep(0.4)
        assert client.count("CALL_STATE:ended") == 0
        client.error("HANGUP", "bad_argument")
        assert client.count("ERROR") == 2
        client.hangup()
        client.send(b"\x11")
        client.error("MEDIA", "no_call")
        client.allow_errors = True


def test_too_large_command():
    with loopback() as server, Client(server) as client:
        client.send("CALL:" + "1" * 9000)
        client.error("CALL", "too_large")
        client.send("LIST_WAV:" + "x" * 100000)
        client.error("LIST_WAV", "too_large")
        client.send("LIST_WAV")
        client.expect("WAV_LIST_END:0")


def test_dial_without_answer_limits():
    """--max-call-seconds and --no-media-seconds end a call with code 0."""
    with Phone() as phone, through(phone, "--no-media-seconds", 2) as server:
        client, _, _ = established(server, phone)
        with client:
            started = time.monotonic()
            phone.take_bye(10)
            assert client.ended()[0] == 0
            assert 1.5 < time.monotonic() - started < 8


def test_no_media_is_counted_from_the_last_packet():
    with Phone() as phone, through(phone, "--no-media-seconds", 2) as server:
        client, invite, rtp = established(server, phone)
        with client:
            rtp.stream(invite.media()[:2], 150)
            assert client.count("CALL_STATE:ended") == 0
            client.hangup(200)
            phone.take_bye()


def test_no_media_wait_begins_anew_with_a_reinvite():
    with Phone() as phone, through(phone, "--no-media-seconds", 2) as server:
        client, invite, rtp = established(server, phone)
        with client:
            time.sleep(1.2)
            started = time.monotonic()
            phone.request(invite, "INVITE", cseq=7, sdp=phone.sdp(rtp))
            phone.wait(200)
            phone.request(invite, "ACK", cseq=7)
            phone.take_bye(10)
            assert client.ended()[0] == 0
            assert time.monotonic() - started > 1.8


def test_a_call_that_hears_nothing_is_warned_of():
    with Phone() as phone, through(phone) as server:
        client, _, _ = established(server, phone)
        with client:
            time.sleep(1.2)
            client.send("HANGUP")
            phone.take_bye()
            client.ended(200)
        server.wait_log(r"WARNING Call bob: only 0\.0 % of the RTP packets")


def test_a_call_that_the_record_quota_keeps_out_is_no_warning_of_its_own():
    """100 octets hold the head of one open recording and no second one; that the quota is used up was warned of."""
    with loopback("--record-quota", "100") as server, Client(server) as first, Client(server) as second:
        first.call("echo")
        second.call("echo")
        server.wait_log(r"\] Call echo is not recorded: full")
        server.wait_log("WARNING Recording stopped: --record-quota is used up")
        second.hangup()
        first.hangup()
        assert not re.search("WARNING Call echo is not recorded", server.log), server.log


def test_alaw_call():
    """A phone that takes PCMA only: an A-law file goes through bit for bit, a mu-law file is converted."""
    data = audio.noise(30)
    with Phone() as phone, through(phone) as server, Client(server) as client:
        client.send("CALL:bob")
        invite = phone.wait("INVITE")
        rtp = phone.new_rtp(echo=True)
        phone.reply(invite, 200, phone.sdp(rtp, types=(8,)))
        phone.wait("ACK")
        client.state("established")
        client.upload("a.wav", audio.wav_alaw(data))
        client.upload("u.wav", audio.wav_ulaw(data))
        client.play("a.wav")
        wait_echo(client, data)
        contains(payload_of(rtp.packets()), data, "A-law file on the wire")
        client.play("u.wav")
        time.sleep(0.2)
        assert {p.pt for p in rtp.packets()} == {8}
        heard = audio.alaw_decode(payload_of(rtp.packets()[-60:]))
        wanted = audio.ulaw_decode(data)
        assert any(all(abs(h - w) <= max(40, abs(w) // 14) for h, w in zip(heard[i:i + len(wanted)], wanted))
                   for i in range(0, len(heard) - len(wanted) + 1, FRAME)), "converted file not heard"
        client.send("HANGUP")
        assert client.stats()["codec"].upper().startswith("PCMA")
        client.ended(200)
        phone.take_bye()


def test_slow_reader():
    """A client that does not read loses old audio, never control messages, and is told once."""
    with Phone() as phone, through(phone) as server:
        with RawWs(server, rcvbuf=4096) as client:
            client.text("CALL:bob")
            invite, rtp = phone.answer()
            to = invite.media()[:2]
            start = time.monotonic()
            while time.monotonic() - start < 4:
                rtp.send(b"\x33" * 1000, to)
                time.sleep(0.0005)
            client.text("STATS")
            client.recv_text("CALL_STATE:established")
            busy = stats = 0
            deadline = time.monotonic() + 20
            while not (stats and busy) and time.monotonic() < deadline:
                opcode, payload = client.recv()
                assert opcode is not None
                busy += payload.startswith(b"ERROR:MEDIA:busy:")
                stats += payload.startswith(b"CALL_STATS:")
            assert busy == 1 and stats == 1, (busy, stats)
            assert server.status("VmRSS") < 400000
            client.text("HANGUP")
            client.recv_text("CALL_STATE:ended:200", 20)
            phone.take_bye()


def test_silence_in_between():
    """With nothing to send the server sends silence, every 20 ms, in one stream."""
    with Phone() as phone, through(phone) as server:
        client, _, rtp = established(server, phone)
        with client:
            rtp.wait(50)
            packets = rtp.packets()
            audio.assert_continuous(packets)
            assert packets[0].marker == 1
            assert all(set(p.payload) <= {0xFF, 0x7F} and len(p.payload) == FRAME and p.pt == 0 for p in packets)
            client.hangup()
            phone.take_bye()


def test_ptime_40():
    with Phone() as phone, through(phone) as server, Client(server) as client:
        data = audio.noise(20)
        client.upload("x", audio.wav_ulaw(data))
        client.send("CALL:bob")
        invite = phone.wait("INVITE")
        rtp = phone.new_rtp()
        phone.reply(invite, 200, phone.sdp(rtp, more=("a=ptime:40",)))
        phone.wait("ACK")
        client.state("established")
        client.play("x")
        time.sleep(0.2)
        packets = rtp.packets()
        assert {len(p.payload) for p in packets} == {320}
        contains(payload_of(packets), data, "file in 40 ms packets")
        client.hangup()
        phone.take_bye()


def test_two_clients_of_each_kind_at_once():
    data = [audio.noise(60, seed) for seed in range(4)]
    with loopback() as server:
        clients = [kind(server) for kind in (Client, Client2, Client, Client2)]
        for index, client in enumerate(clients):
            client.upload("same.wav" if index % 2 else "other.wav", audio.wav_ulaw(data[index]))
            client.call(str(index))
        for index, client in enumerate(clients):
            client.upload("mine%d" % index, audio.wav_ulaw(data[index]))
            client.send("PLAY_WAV:mine%d" % index)
        for index, client in enumerate(clients):
            client.expect("WAV_DONE:mine%d" % index)
            wait_echo(client, data[index])
            check_echo(client, data[index])
            client.hangup()
            client.close()
            client.check()


if __name__ == "__main__":
    main(sys.modules[__name__])
