# SPDX-License-Identifier: MIT
"""The built-in exchange: dial, upload, play, hear the echo, hang up, read the recording (SPEC sections 3, 5, 6)."""
import cmath
import os
import re
import sys
import time

import audio
from audio import payload_of
from clients import Client, Client2
from common import check_echo, check_recording, loopback, recorded, wait_echo
from harness import free_udp_port, main, wait_until


def echo_of_a_file(kind, target):
    data = audio.noise(100)
    with loopback() as server, kind(server) as client:
        client.call(target)
        client.upload("hello.wav", audio.wav_ulaw(data))
        client.play("hello.wav")
        wait_echo(client, data)
        stats_before = client.texts()
        client.hangup(200)
        texts = client.texts()
        assert texts[-2].startswith("CALL_STATS:") and texts[-1].startswith("CALL_STATE:ended:200:"), texts[-3:]
        assert stats_before[0].startswith("CALL_STATE:trying"), stats_before
        check_echo(client, data)
        check_recording(server, client, data)


def test_echo_python3_websockets():
    echo_of_a_file(Client, "echo")


def test_echo_websocket_client():
    echo_of_a_file(Client2, "0912-345 (678)")


def test_stats_tell_the_truth():
    with loopback() as server, Client(server) as client:
        client.call()
        client.wait_audio(50)
        client.send("STATS")
        now = client.stats()
        assert now["codec"].upper().startswith("PCMU"), now
        assert int(now["duration_ms"]) >= 900 and int(now["tx_packets"]) >= 45 and int(now["rx_packets"]) >= 45, now
        client.send("HANGUP")
        end = client.stats()
        client.ended(200)
        assert end["call_id"] == now["call_id"] and int(end["lost"]) == 0 and int(end["duplicates"]) == 0, end
        assert abs(int(end["rx_packets"]) - len(client.audio)) <= 3, (end, len(client.audio))
        due = int(end["duration_ms"]) / 20 - int(end["skipped"])  # what a busy machine was too late for is told
        assert abs(due - int(end["tx_packets"])) < 10, (end, due)
        assert os.path.basename(end["recording"]) == os.path.basename(server.recordings[-1]), end


def test_recording_name_and_link():
    with loopback() as server, Client(server) as client:
        client.call("0912345678")
        client.wait_audio(10)
        client.hangup()
        assert len(server.recordings) == 1, server.recordings
        name = os.path.basename(server.recordings[0])
        assert re.fullmatch(r"\d{8}T\d{6}Z-0912345678-[A-Za-z0-9]{8}\.wav", name), name
        link = server.path("received_from_server.wav")
        assert os.path.islink(link) and os.path.realpath(link) == os.path.realpath(server.recordings[0])


def test_no_record():
    with loopback("--no-record") as server, Client(server) as client:
        client.call()
        client.wait_audio(5)
        client.send("HANGUP")
        assert client.stats()["recording"] in ("-", "")
        client.ended(200)
        assert server.recordings == []


def test_record_received_only():
    data = audio.noise(50)
    with loopback("--record-channels", "received") as server, Client(server) as client:
        client.call()
        client.upload("a.wav", audio.wav_ulaw(data))
        client.play("a.wav")
        wait_echo(client, data)
        client.hangup()
        wav = audio.read_wav(server.recordings[0])
        assert (wav.tag, wav.channels) == (7, 1)
        recorded(wav.data, data, "recording of what was received", client)


def test_tone():
    """1 kHz: the energy of the received audio lies there."""
    with loopback() as server, Client(server) as client:
        client.call("tone")
        client.wait_audio(60)
        client.hangup()
        samples = audio.ulaw_decode(payload_of(client.packets()[10:60]))
        assert max(samples) > 1000, max(samples)

        def power(hz):
            turn = -2j * cmath.pi * hz / 8000
            return abs(sum(s * cmath.exp(turn * i) for i, s in enumerate(samples))) ** 2
        at_1k = power(1000)
        assert at_1k > 1000 * max(power(hz) for hz in (440, 700, 1400, 2000)), at_1k
        whole = sum(s * s for s in samples) * len(samples) / 2
        assert at_1k > 0.95 * whole, (at_1k, whole)


def test_busy():
    with loopback() as server, Client(server) as client:
        client.call("busy", until=None)
        client.ended(486)
        assert client.count("CALL_STATS") == 0 and client.count("CALL_STATE:established") == 0
        client.call("echo")
        client.hangup()


def test_noanswer_hangup():
    with loopback() as server, Client(server) as client:
        client.call("noanswer", until="ringing")
        time.sleep(0.2)
        client.hangup(487)
        client.call("echo")
        client.hangup(200)
        assert client.count("CALL_STATE:ended") == 2


def test_noanswer_rings_out():
    with loopback("--ring-seconds", 2) as server, Client(server) as client:
        client.call("noanswer", until="ringing")
        started = time.monotonic()
        client.ended(408)
        assert time.monotonic() - started > 1.0


def test_auth_without_credentials():
    with loopback() as server, Client(server) as client:
        client.call("auth")
        client.wait_audio(5)
        client.hangup()


def test_auth_with_credentials():
    with loopback("--sip-user", "alice", env={"SIP_PASSWORD": "open sesame"}) as server, Client(server) as client:
        client.call("auth")
        client.hangup()
        assert "open sesame" not in server.log


def test_log_of_a_call():
    with loopback() as server, Client(server) as client:
        assert re.search(r"(?m)^\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\] WebSocket audio server starting$", server.log)
        assert re.search(r"(?m)^\[[^]]*\] WARNING .*", server.log), "no WARNING that no SIP server is set"
        client.call("12345")
        client.wait_audio(3)
        server.wait_log(r"(?m)^\[[^]]*\] Call requested, target number: 12345$")
        server.wait_log(r"(?m)^\[[^]]*\] SIP call established$")
        found = server.wait_log(r"\*\*Media\*\*: our port (\d+), far end's port (\d+)")
        assert int(found.group(1)) % 2 == 0
        server.wait_log(r"Received RTP packet #1: source=127\.0\.0\.1:%s, sequence=\d+, timestamp=\d+, size=160"
                        % found.group(2))
        client.hangup()


def test_log_in_chinese():
    with loopback("--lang", "zh") as server, Client(server) as client:
        client.call("0938220136")
        client.wait_audio(3)
        client.hangup()
        lines = [line.split("] ", 1)[1] for line in server.log.splitlines() if "] " in line]
        base = ["WebSocket 音頻服務器啟動", "收到打電話請求，目標號碼: 0938220136", "SIP 呼叫成功建立", "啟動 RTP 接收器..."]
        for text in base:
            assert text in lines, (text, lines)
        assert any(re.match(r"創建上傳目錄: .*uploaded_wavs$", line) for line in lines), lines
        assert any(re.match(r"上傳目錄: .*uploaded_wavs$", line) for line in lines), lines
        port = next(m for m in (re.fullmatch(r"解析到對方 RTP 端口: (\d+)", line) for line in lines) if m).group(1)
        ours = next(m for m in (re.fullmatch(r"\*\*正確配置\*\*: 我方監聽端口 (\d+)，對方監聽端口 %s" % port, l) for l in lines) if m)
        assert int(ours.group(1)) % 2 == 0
        assert any(re.fullmatch(r"接收RTP包 #1：來源=127\.0\.0\.1:%s, 序號=\d+, 時間戳=\d+, 大小=160" % port, line)
                   for line in lines), lines


def test_first_port_and_next():
    """The first call's port is the lowest of --rtp-ports, the next call's the even one above."""
    low = free_udp_port(low=28000, high=28800)
    with loopback(rtp_ports="%d-%d" % (low, low + 199)) as server, Client(server) as one, Client(server) as two:
        one.call()
        two.call()
        ports = [int(p) for p in re.findall(r"our port (\d+)", server.log)]
        assert ports == [low, low + 2], ports
        taken = [port for _, port in server.udp_sockets()]
        assert low in taken and low + 1 in taken
        assert all(low <= p <= low + 3 or not low <= p <= low + 199 for p in taken), taken
        one.hangup()
        two.hangup()


def test_recording_is_valid_while_it_grows():
    with loopback() as server, Client(server) as client:
        client.call()
        seen = []
        for _ in range(30):
            time.sleep(0.1)
            if server.recordings:
                seen.append(len(audio.read_wav(server.recordings[0]).data))
        assert seen and seen[-1] >= 8000, seen
        client.hangup()
        wav = audio.read_wav(server.recordings[0])
        assert len(wav.left) == len(wav.right) and len(wav.data) / 2 / 8000 > 2.5


def test_recording_keeps_the_last_frames():
    """What was sent or received just before the end is in the recording, whole."""
    data = audio.noise(100)
    with loopback() as server, Client(server) as client:
        client.upload("x", audio.wav_ulaw(data))
        client.call()
        client.send("PLAY_WAV:x")
        client.wait_audio(40)
        client.hangup()
        heard = payload_of(client.packets())
        heard = heard[heard.index(data[:audio.FRAME]):]
        wav = audio.read_wav(server.recordings[0])
        recorded(wav.left, heard, "left: the last that the client heard", client)
        recorded(wav.right, heard, "right: the same, sent", client)


def test_ports_return():
    """After the calls every RTP port is closed, and nothing grows."""
    with loopback() as server, Client(server) as client:
        before = server.fds()
        for _ in range(5):
            client.call()
            client.hangup()
            wait_until(lambda: not [p for _, p in server.udp_sockets() if 10000 <= p <= 31600], 8, "RTP ports closed")
        wait_until(lambda: server.fds() <= before, 5, "descriptors closed: %d, %d at the start" % (server.fds(), before))


if __name__ == "__main__":
    main(sys.modules[__name__])
