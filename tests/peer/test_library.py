# SPDX-License-Identifier: MIT
"""libsip_client: the document's programs unchanged, and what its functions promise, against phones and SIPp.

Scenarios: both document programs, static and shared, C99 and C++; -D and environment; digest; refusals, ringing given up;
re-ACK of a repeated 200; the far end's BYE, re-INVITE, OPTIONS, offers that change something; one BYE whatever is called; packets that wait while the
program sleeps; recv_with_timeout and flush_socket on own and foreign sockets; ports in use; exit, fork, callbacks."""
import os
import re
import socket
import subprocess
import sys
import time

import audio
import library
from common import loopback
from harness import free_udp_port, main, need, wait_until
from library import Program, compile_program, driver
from phone import Phone, SipMessage, auto_phone, digest_ok
from sippeer import Sipp

FRAMES = 50


def put(program, name, octets):
    with open(program.path(name), "wb") as file:
        file.write(octets)


def the_file(seed=3, frames=FRAMES):
    data = audio.noise(frames, seed=seed)
    return data, audio.wav_ulaw(data)


def audio_sent(rtp):
    """Payloads in the order of their sequence numbers, joined; none lost or repeated."""
    packets = rtp.packets()
    assert packets, "no packets"
    numbers = [p.seq for p in packets]
    assert all((b - a) & 0xFFFF == 1 for a, b in zip(numbers, numbers[1:])), numbers
    assert len({p.ssrc for p in packets}) == 1
    return b"".join(p.payload for p in packets)


def byes(phone):
    """How many BYEs there were; one that went again is one."""
    return len({(m.call_id, m.branch) for m in phone.all("BYE")})


def sounding(data):
    """Its frames without the silent ones: what a busy machine sent late has silence before it."""
    frames = [data[i:i + 160] for i in range(0, len(data), 160)]
    return b"".join(frame for frame in frames if frame != b"\xff" * 160)


def test_document_5_1():
    """Unchanged: calls, plays at 20 ms, one BYE."""
    data, wav = the_file()
    with auto_phone() as phone:
        program = compile_program(["doc_5_1.txt"], flags=["-std=gnu99"])
        folder = os.path.dirname(program)
        with open(os.path.join(folder, "test.wav"), "wb") as file:
            file.write(wav)
        with Program([program], phone, cwd=folder) as run:
            output = run.end()
        assert "通話建立成功，RTP 端口: %d" % list(phone.calls.values())[0].port in output, output
        rtp = list(phone.calls.values())[0]
        assert sounding(audio_sent(rtp)) == data
        assert audio_sent(rtp)[-160:] == data[-160:]  # nothing behind the file
        assert byes(phone) == 1 and len(phone.all("INVITE")) == 1, phone.messages
        invite, bye = phone.all("INVITE")[0], phone.all("BYE")[0]
        assert invite.uri == "sip:0938220136@127.0.0.1" and bye.cseq == invite.cseq + 1
        assert re.search(r"^\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\] 通話", output, re.M), output
        first, last = rtp.seen[0][0], rtp.seen[-1][0]
        assert last - first > 0.019 * (FRAMES - 1), last - first


def both_ways(how, flags, language, rtp_port):
    """5.2: receives and records while it plays."""
    data, wav = the_file(5)
    with auto_phone() as phone:
        program = compile_program(["doc_5_2.txt"], how, [*flags, "-Wno-unused-parameter", "-DLOCAL_RTP_PORT=%d" % rtp_port], language=language)
        folder = os.path.dirname(program)
        with open(os.path.join(folder, "outgoing.wav"), "wb") as file:
            file.write(wav)
        with Program([program], phone, cwd=folder) as run:
            output = run.end()
        assert phone.all("INVITE")[0].media()[1] == rtp_port
        assert output.count("收到音頻數據: 172 字節") >= FRAMES - 2, output
        got = audio.read_wav(os.path.join(folder, "received.wav"))
        assert data[:-480] in sounding(got.data), (len(data), len(got.data))
        assert byes(phone) == 1


def test_document_5_2_static():
    both_ways("static", ["-std=gnu99"], "c", free_udp_port(low=20000, high=22000))


def test_document_5_2_cpp():
    both_ways("static", ["-std=c++17"], "c++", free_udp_port(low=20000, high=22000))


def test_document_5_2_shared():
    if library.find("libsip_client.so"):
        both_ways("shared", ["-std=gnu99"], "c", free_udp_port(low=20000, high=22000))


def test_steps_of_a_call():
    """The structure's fields are those of the messages; audio waits while the program sleeps."""
    with Phone() as phone, driver(phone, LOCAL_RTP_PORT=free_udp_port(low=22000, high=23000)) as run:
        assert "init 0" in run.step("init")
        run.step("hear -")
        run.begin("call 100#1")
        invite, rtp = phone.answer()
        shown = run.wait(r"session 1 tag=(\S+) callid=(\S+) branch=(\S+) cseq=(\d+) to_tag=(\S+) port=(\d+) up=1")
        assert invite.uri == "sip:100%231@127.0.0.1", invite.uri
        assert shown.groups() == (invite.tag("from"), invite.call_id, invite.branch, "1", phone.tag, str(rtp.port))
        ip, port, types = invite.media()
        assert ip == "127.0.0.1" and types[:2] == [0, 8], types
        run.begin("sleep 700")
        rtp.stream((ip, port), 30, pace=0.005)
        run.wait("done sleep")
        run.step("run 0")
        assert "packets=30" in run.output.splitlines()[-1], run.output.splitlines()[-1]
        run.begin("bye")
        bye = phone.take_bye()
        assert bye.cseq == 2 and bye.tag("to") == phone.tag and bye.tag("from") == invite.tag("from")
        run.wait("done bye")
        run.step("bye")
        run.step("close")
        phone.never("BYE")
        assert "up=0" in run.end()


def test_receiver_file():
    """A gap is silence, a late packet stands in its place, a repeated one once; stop drains what waits."""
    port = free_udp_port(low=22000, high=23000)
    with driver() as run:
        assert "start 0" in run.step("start got.wav %d" % port)
        assert "start -1" in run.step("start again.wav %d" % port)
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        frames = [bytes([n]) * 160 for n in range(1, 9)]

        def send(n, seq=None):
            sock.sendto(audio.rtp_packet(65534 + (seq if seq is not None else n) & 0xFFFF, (1000 + 160 * n) & 0xFFFFFFFF, 7,
                                         frames[n]), ("127.0.0.1", port))
        for n in (0, 1, 3, 2, 2, 6):
            send(n)
        sock.sendto(b"\x80" * 5, ("127.0.0.1", port))
        sock.sendto(b"\x00" * 172, ("127.0.0.1", port))
        sock.sendto(audio.rtp_packet(65534 + 7 & 0xFFFF, 1000 + 160 * 7, 7, frames[7], pt=101), ("127.0.0.1", port))
        sock.sendto(audio.rtp_packet(65534 + 7 & 0xFFFF, 1000 + 160 * 7, 7, audio.alaw_encode([0] * 160), pt=8), ("127.0.0.1", port))
        time.sleep(0.1)
        run.step("stop")
        got = audio.read_wav(run.path("got.wav"))
        silence = b"\xff" * 320
        assert got.data[:1120] == b"".join(frames[:4]) + silence + frames[6], got.data[:1200:80].hex()
        assert "rtp_fd=0" in run.output.splitlines()[-1]
        run.end()


def test_digest():
    for code in (401, 407):
        with Phone() as phone, driver(phone, SIP_USERNAME="alice", SIP_PASSWORD="se:cret") as run:
            run.step("init")
            run.begin("call bob")
            invite = phone.wait("INVITE")
            phone.challenge(invite, code)
            phone.wait("ACK")
            second, _ = phone.answer()
            assert digest_ok(second, "alice", "se:cret", phone.nonce, proxy=code == 407)
            shown = run.wait(r"call (-?\d)")
            assert shown.group(1) == "0" and run.wait(r"cseq=2 ")
            run.begin("bye")
            assert phone.take_bye().cseq == 3
            run.wait("done bye")
            run.end()


def test_wrong_password_is_one_retry():
    with Phone() as phone, driver(phone) as run:
        run.step("init")
        run.begin("call bob")
        for _ in range(2):
            phone.challenge(phone.wait("INVITE"))
            phone.wait("ACK")
        run.wait("call -1")
        phone.never("INVITE")
        assert re.search(r"WARNING.*401", run.output)
        run.end()


def test_refused():
    for code in (486, 603, 403, 503):
        with Phone() as phone, driver(phone) as run:
            run.step("init")
            run.begin("call bob")
            phone.refuse(code)
            run.wait("call -1")
            assert str(code) in run.output
            run.begin("call bob")  # the session serves again
            phone.answer()
            run.wait("call 0")
            run.begin("close")
            phone.take_bye()
            run.wait("done close")
            run.end()


def test_unusable_answers():
    """Faults 20 to 22: ACK, BYE, -1; the open-quote 401 and long tags end it with a reason."""
    for sdp in (None, "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 0 RTP/AVP 0\r\n"):
        with Phone() as phone, driver(phone) as run:
            run.step("init")
            run.begin("call bob")
            phone.reply(phone.wait("INVITE"), 200, sdp)
            phone.wait("ACK")
            phone.take_bye()
            run.wait("call -1")
            run.end()
    with Phone() as phone, driver(phone) as run:
        run.step("init")
        run.begin("call bob")
        invite = phone.wait("INVITE")
        phone.raw("SIP/2.0 200 OK\r\n\r\n", invite.source)
        phone.raw("A" * 4096, invite.source)
        phone.raw(b"\0" * 100, invite.source)
        phone.reply(invite, 183, tag="t" * 500)
        rtp = phone.new_rtp()
        phone.reply(invite, 200, phone.sdp(rtp), tag="u" * 500)
        phone.wait("ACK")
        run.wait("call 0")
        assert "to_tag= port" in run.output
        run.begin("close")
        phone.take_bye()
        run.wait("done close")
        run.end()


def test_200_again_and_ack_by_hand():
    with Phone() as phone, driver(phone) as run:
        run.step("init")
        run.begin("call bob")
        invite = phone.wait("INVITE")
        rtp = phone.new_rtp()
        octets = phone.reply(invite, 200, phone.sdp(rtp))
        first = phone.wait("ACK")
        run.wait("call 0")
        phone.raw(octets, invite.source)
        run.begin("run 200")
        assert phone.wait("ACK").raw == first.raw
        run.wait("done run")
        run.step("ack")
        assert phone.wait("ACK").raw == first.raw
        run.begin("close")
        phone.take_bye()
        run.wait("done close")
        run.end()


def test_far_end_acts():
    """OPTIONS, re-INVITE, hold, BYE are answered; the structure shows the end; nothing more is sent."""
    with Phone() as phone, driver(phone) as run:
        run.step("init")
        run.begin("call bob")
        invite, rtp = phone.answer()
        run.wait("call 0")
        run.begin("run -1")
        phone.request(invite, "OPTIONS", 1)
        phone.wait(200, where=lambda m: "OPTIONS" in m.get("cseq"))
        other = phone.new_rtp()
        phone.request(invite, "INVITE", 2, phone.sdp(other))
        answer = phone.wait(200, where=lambda m: "2 INVITE" in m.get("cseq"))
        assert answer.media()[1] == invite.media()[1]
        phone.request(invite, "ACK", 2)
        other.wait(3)
        phone.request(invite, "BYE", 3)
        phone.wait(200, where=lambda m: "BYE" in m.get("cseq"))
        run.wait("run 1")
        run.wait(r"up=0.*\n?")
        run.step("bye")
        run.step("play x.wav")
        run.step("close")
        phone.never("BYE")
        run.end()


def offer_rows():
    """The table of tests/support/offers.h, by which the gateway and the loopback exchange are judged too."""
    path = os.path.join(os.path.dirname(__file__), "../support/offers.h")
    with open(path, encoding="utf-8") as file:
        rows = [re.findall(r'"([^"]*)"', line) for line in file if line.startswith('    {"')]
    assert len(rows) > 10 and all(len(row) == 7 for row in rows)
    return rows


def test_offers_in_mid_call():
    """What a re-INVITE changes is carried out, or gets 488; as the server does it."""
    with Phone() as phone, driver(phone) as run:
        run.step("init")
        run.begin("call bob")
        invite, _ = phone.answer()
        run.wait("call 0")
        run.begin("run -1")
        for cseq, (name, address, media, event, direction, answered, ours) in enumerate(offer_rows(), 2):
            lines = ["v=0", "o=phone 1 %d IN IP4 127.0.0.1" % cseq, "s=-", "c=IN IP4 " + (address or "127.0.0.1"), "t=0 0", "m=" + media]
            lines += ["a=rtpmap:%s telephone-event/8000" % event] if event else []
            lines += ["a=" + direction] if direction else []
            phone.request(invite, "INVITE", cseq, "\r\n".join(lines) + "\r\n")
            answer = phone.wait(200 if answered else 488, where=lambda m, n=cseq: m.get("cseq") == "%d INVITE" % n)
            if answered:
                assert (answer.media()[2], ours in answer.sdp_lines("a")) == ([int(n) for n in answered.split()], True), (name, answer.body)
            phone.request(invite, "ACK", cseq, branch=None if answered else answer.branch)
        phone.request(invite, "BYE", 100)
        phone.wait(200, where=lambda m: "BYE" in m.get("cseq"))
        run.wait("run 1")
        run.step("close")
        run.end()


def test_far_end_hangs_up_while_it_plays():
    _, wav = the_file(frames=500)
    with Phone() as phone, driver(phone) as run:
        put(run, "long.wav", wav)
        run.step("init")
        run.begin("call bob")
        invite, rtp = phone.answer()
        run.wait("call 0")
        run.begin("play long.wav")
        rtp.wait(5)
        phone.request(invite, "BYE", 3)
        phone.wait(200, where=lambda m: "BYE" in m.get("cseq"))
        run.wait("done play", timeout=4)
        run.step("close")
        phone.never("BYE")
        run.end()


def test_bye_lost_and_unplayable():
    """A file that cannot be played still ends the call; a BYE that is lost goes again."""
    with Phone() as phone, driver(phone) as run:
        run.step("init")
        run.begin("call bob")
        phone.answer()
        run.wait("call 0")
        run.begin("play missing.wav")
        first = phone.wait("BYE")
        assert phone.take_bye().raw == first.raw
        run.wait("done play")
        assert "missing.wav" in run.output and "up=0" in run.step("close")
        run.end()


def test_never_answered():
    """close while nothing answers: CANCEL where the far end rang, and no waiting for ever."""
    with Phone() as phone, driver(phone) as run:
        run.step("init")
        run.begin("call bob", "close")
        invite = phone.wait("INVITE")
        phone.reply(invite, 180)
        phone.reply(invite, 487)
        run.wait("call -1")
        run.wait("done close")
        run.end()


def test_settings():
    """Environment over -D over the document's values; what is wrong is named."""
    with Phone() as phone, Phone() as other:
        program = compile_program(["driver.c"], flags=["-DSIP_SERVER=\"127.0.0.1\"", "-DSIP_PORT=%d" % phone.port,
                                                       "-DLOCAL_PORT=0", "-DCALLER=\"4711\"", "-DUSERNAME=\"u\"", "-DDEBUG"])
        for target, env in ((phone, {}), (other, {"SIP_PORT": other.port, "SIP_CALLER": "0815", "SIP_DEBUG": "0"})):
            with Program([program], None, **env) as run:
                run.step("init")
                run.begin("call bob")
                target.refuse(486)
                run.wait("call -1")
                wanted = env.get("SIP_CALLER", "4711")
                assert "sip:%s@127.0.0.1" % wanted in target.messages[0].get("from"), target.messages[0].raw
                assert ("DEBUG" in run.output) == (not env)
                run.end()
    for name, value in (("SIP_PORT", "x"), ("LOCAL_PORT", "65536"), ("SIP_SERVER", "a" * 300), ("SIP_SERVER", "no.such.invalid"),
                        ("LOCAL_RTP_PORT", "-1")):
        with driver(**{name: value}) as run:
            assert "init -1" in run.step("init") and name in run.output, run.output
            run.step("close")
            run.end()


def test_two_files_of_one_program():
    """Several translation units, only one compiled with -D: it counts, whatever the link order."""
    with Phone() as phone:
        folder = os.path.dirname(compile_program(["driver.c"]))
        other = os.path.join(folder, "other.c")
        with open(other, "w", encoding="utf-8") as file:
            file.write('#include "sip_client.h"\nint other(void);\nint other(void) { return (int)sizeof(rtp_header_t); }\n')
        include = ["-I", library.include()]
        plain, given = os.path.join(folder, "plain.o"), os.path.join(folder, "given.o")
        subprocess.run([library.compiler(), *library.sanitize(), *include, "-c", other, "-o", plain], check=True)
        subprocess.run([library.compiler(), *library.sanitize(), *include, "-DSIP_SERVER=\"127.0.0.1\"", "-DLOCAL_PORT=0",
                        "-DSIP_PORT=%d" % phone.port, "-c", os.path.join(library.HERE, "library", "driver.c"), "-o", given], check=True)
        for order in ([plain, given], [given, plain]):
            for how in ("static", "shared") if library.find("libsip_client.so") else ("static",):
                with Program([compile_program(order, how)]) as run:
                    run.step("init")
                    run.begin("call bob")
                    phone.refuse(486)
                    run.wait("call -1")
                    run.end()


def test_ports_in_use():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", free_udp_port(low=23000, high=24000)))
        port = taken.getsockname()[1]
        with Phone() as phone, driver(phone, LOCAL_PORT=port) as run:
            assert "init -1" in run.step("init") and "127.0.0.1:%d" % port in run.output
            assert "start -1" in run.step("start - %d" % port)
            run.end()
        with Phone() as phone, driver(phone, LOCAL_RTP_PORT=port) as run:
            run.step("init")
            run.begin("call bob")
            invite, _ = phone.answer()
            assert invite.media()[1] != port
            run.wait("call 0")
            run.begin("close")
            phone.take_bye()
            run.wait("done close")
            run.end()


def test_recv_and_flush():
    """On the session's socket: shown to the program, and answered all the same."""
    with Phone() as phone, driver(phone) as run:
        assert "recv -1" in run.step("recv 10")
        run.step("init")
        assert "recv 0" in run.step("recv 50")
        run.begin("call bob")
        invite, _ = phone.answer()
        run.wait("call 0")
        run.begin("recv -1")
        time.sleep(0.2)  # before it waits the step before would take the message in
        phone.request(invite, "OPTIONS", 1)
        run.wait(r"recv \d+ %d OPTIONS" % phone.port)
        phone.wait(200, where=lambda m: "OPTIONS" in m.get("cseq"))
        phone.request(invite, "BYE", 2)
        phone.wait_quiet = time.sleep(0.2)
        run.step("flush")
        phone.wait(200, where=lambda m: "BYE" in m.get("cseq"))
        assert "recv 0" in run.step("recv 0")
        run.step("close")
        run.end()


def test_end_of_the_program():
    """exit() in a call: BYE; a child of fork ends nothing."""
    with Phone() as phone, driver(phone) as run:
        run.step("init")
        run.step("start got.wav 0")
        run.begin("call bob")
        phone.answer()
        run.wait("call 0")
        run.step("fork")
        phone.never("BYE")
        assert "up=1" in run.step("run 10")
        run.begin("exit 3")
        phone.take_bye()
        run.end(3)
        assert audio.read_wav(run.path("got.wav")).data == b""


def test_inside_the_callback():
    with Phone() as phone, driver(phone, LOCAL_RTP_PORT=0) as run:
        run.step("init")
        run.step("hear refused")
        run.begin("call bob")
        invite, rtp = phone.answer()
        run.wait("call 0")
        rtp.stream(invite.media()[:2], 2)
        run.step("run 50")
        assert "inside -1 -1 -1" in run.output
        run.step("start - %d" % invite.media()[1])
        run.step("hear close")
        rtp.stream(invite.media()[:2], 2)
        run.step("run 50")
        assert "inside closed" in run.output
        phone.take_bye()
        run.end()


def test_exit_in_a_signal_handler():
    """Whatever waits: the far end hears of it (BYE, CANCEL), the WAV is whole."""
    for wait in ("run -1", "play long.wav", "recv -1"):
        with Phone() as phone, driver(phone, LOCAL_RTP_PORT=0) as run:
            put(run, "long.wav", the_file(frames=500)[1])
            run.step("init")
            run.step("trap")
            run.step("start got.wav 0")
            run.begin("call bob")
            invite, rtp = phone.answer()
            run.wait("call 0")
            run.begin(wait)
            rtp.wait(2)
            rtp.stream(invite.media()[:2], 3)
            wait_until(lambda: len(audio.read_wav(run.path("got.wav")).data) >= 480)
            run.process.terminate()
            phone.take_bye()
            run.end(4)
    with Phone() as phone, driver(phone, LOCAL_RTP_PORT=0) as run:
        run.step("init")
        run.step("trap")
        run.begin("call bob")
        invite = phone.wait("INVITE")
        phone.reply(invite, 180)
        time.sleep(0.2)  # the 180 is what allows a CANCEL at once
        run.process.terminate()
        cancel = phone.wait("CANCEL")
        phone.reply(cancel, 200)
        phone.reply(invite, 487)
        phone.wait("ACK")
        run.end(4)


def test_closed_by_the_callback():
    """What waits for a session that the callback closes returns."""
    for wait in ("run -1", "recv -1", "play long.wav"):
        with Phone() as phone, driver(phone, LOCAL_RTP_PORT=0) as run:
            put(run, "long.wav", the_file(frames=500)[1])
            run.step("init")
            run.begin("call bob")
            invite, rtp = phone.answer()
            run.wait("call 0")
            run.step("hear close")
            run.begin(wait)
            rtp.wait(2)
            rtp.stream(invite.media()[:2], 1)
            run.wait("inside closed")
            phone.take_bye()
            run.wait({"run -1": "^run 1", "recv -1": "^recv -1", "play long.wav": "^done play"}[wait], timeout=5)
            run.end()
    with Phone() as phone, driver(phone, LOCAL_RTP_PORT=0) as run:
        run.step("init")
        run.step("hear close")
        run.begin("call bob")
        invite = phone.wait("INVITE")
        rtp = phone.new_rtp()
        phone.reply(invite, 183, phone.sdp(rtp))
        rtp.stream(invite.media()[:2], 2, pace=0.2)
        run.wait("inside closed")
        phone.wait("CANCEL")
        run.wait("call -1", timeout=5)
        run.end()


def test_session_begun_again():
    """A structure that init_sip_session gets again without close_sip_session: its call ends, nothing stays open."""
    with Phone() as phone, driver(phone) as run:
        run.step("init")
        run.begin("call bob")
        phone.answer()
        run.wait("call 0")
        run.wait("done call")
        run.begin("init", "call bob")
        phone.take_bye()
        phone.answer()
        run.wait("init 0", start=run.at)
        run.wait("call 0", start=run.at)
        run.begin("close")
        phone.take_bye()
        run.wait("done close")
        run.end()


def test_audio_to_an_address():
    """Without a call: to dest_addr and dest_port, then a BYE made of the arguments."""
    data, wav = the_file(frames=10)
    with Phone() as phone, driver(phone, LOCAL_RTP_PORT=0) as run:
        put(run, "a.wav", wav)
        rtp = phone.new_rtp()
        run.step("init")
        run.step("play a.wav %d" % rtp.port)
        rtp.wait(10)
        assert sounding(audio_sent(rtp)) == data
        bye = phone.wait("BYE")
        assert bye.cseq == 2 and bye.tag("to") is None
        run.step("ack")
        assert phone.wait("ACK").cseq == 1
        run.step("close")
        run.end()


def examples(name):
    return os.path.join(library.HERE, "..", "..", "docs", "examples", name)


def run_example(name, how, phone, arguments, data, flags=(), **env):
    program = compile_program([examples(name)], how, ["-std=c99", "-pedantic", *flags])
    folder = os.path.dirname(program)
    with open(os.path.join(folder, "a.wav"), "wb") as file:
        file.write(audio.wav_ulaw(data))
    with Program([program, *arguments], phone, cwd=folder, **env) as run:
        return run.end(), folder


def shared_if_any():
    return "shared" if library.find("libsip_client.so") else "static"


def test_example_call_and_play():
    data = audio.noise(20, seed=11)
    with auto_phone() as phone:
        run_example("call_and_play.c", shared_if_any(), phone, ["100", "a.wav"], data, LOCAL_RTP_PORT=0)
        assert sounding(audio_sent(list(phone.calls.values())[0])) == data
        assert byes(phone) == 1, phone.messages


def test_example_two_way():
    data = audio.noise(20, seed=12)
    with auto_phone() as phone:
        output, folder = run_example("two_way.c", shared_if_any(), phone, ["100", "a.wav", "heard.wav", "1"], data,
                                     ["-DLOCAL_RTP_PORT=%d" % free_udp_port(low=20000, high=22000)])
        assert int(re.search(r"(\d+) packets received", output).group(1)) > 50, output
        assert data[:-480] in sounding(audio.read_wav(os.path.join(folder, "heard.wav")).data)


def test_example_async():
    data = audio.noise(20, seed=13)
    for how in ("static", shared_if_any()):
        with auto_phone() as phone:
            output, folder = run_example("async_poll.c", how, phone, ["127.0.0.1", str(phone.port), "100", "a.wav", "heard.wav"], data)
            assert "ringing (180)" in output and byes(phone) == 1, output
            assert data[:-480] in sounding(audio.read_wav(os.path.join(folder, "heard.wav")).data)


def test_two_calls_without_blocking():
    data = audio.noise(25, seed=14)
    program = compile_program(["async_driver.c"], flags=["-std=c99", "-pedantic"])
    folder = os.path.dirname(program)
    with open(os.path.join(folder, "a.wav"), "wb") as file:
        file.write(audio.wav_ulaw(data))
    with auto_phone(ring=0.1) as phone:
        with Program([program, str(phone.port)], cwd=folder) as run:
            assert "answered 2 played 2 ended 0 packets 1" in run.end()
        for name in ("one.wav", "two.wav"):
            assert data[:-480] in sounding(audio.read_wav(os.path.join(folder, name)).data)
        assert byes(phone) == 2
    with Phone() as phone, Program([program, str(phone.port)], cwd=folder) as run:
        for _ in range(2):
            phone.refuse(486)
        assert "answered 0 played 0 ended 2" in run.end()


def test_headers():
    """As C99 and C++ from 98 to 17, gcc and clang, as strict as it goes; bare structures need no library."""
    kinds = [("c", "c99"), ("c", "c11"), ("c++", "c++98"), ("c++", "c++17")]
    strict = ["-pedantic", "-Wstrict-prototypes", "-Wmissing-prototypes", "-Wredundant-decls", "-Wshadow", "-Wconversion"]
    for names in (("gcc", "g++"), ("clang", "clang++")):
        for language, standard in kinds:
            cc = names[language == "c++"]
            if not any(os.access(os.path.join(d, cc), os.X_OK) for d in os.environ["PATH"].split(":")):
                continue
            more = strict if language == "c" else ["-pedantic", "-Wredundant-decls", "-Wshadow", "-Wconversion"]
            program = os.path.join(library.prefix(), "headers")
            command = [cc, "-Wall", "-Wextra", "-Werror", "-std=" + standard, *more, "-I", library.include(), "-x", language,
                       os.path.join(library.HERE, "library", "headers.c"), "-o", program]
            result = subprocess.run(command, capture_output=True, text=True, check=False)
            assert result.returncode == 0, " ".join(command) + result.stderr
            assert subprocess.run([program], check=False).returncode == 0


def test_loopback_exchange():
    """Our own server at the other end: its exchange echoes, asks for credentials, is busy."""
    data, wav = the_file(9, 30)
    with loopback() as server:
        ports = [port for _, port in server.udp_sockets() if "SIP listening on 127.0.0.1:%d" % port not in server.log]
        wav_path = None
        for target, result in (("auth", 0), ("busy", -1)):
            with driver(Exchange(ports), LOCAL_RTP_PORT=0) as run:
                put(run, "a.wav", wav)
                run.step("init")
                run.step("start echo.wav 0")
                assert "call %d" % result in run.step("call " + target), run.output
                run.step("play a.wav")
                run.step("stop")
                run.step("close")
                run.end()
                wav_path = wav_path or run.path("echo.wav")
        assert data[:-480] in sounding(audio.read_wav(wav_path).data)


class Exchange:
    """The loopback exchange as a peer: its port is the server's other socket."""

    def __init__(self, ports):
        assert len(ports) == 1, ports
        self.port = ports[0]


def test_sipp():
    data, wav = the_file(8)
    for scenario, env in (("standard", {}), ("auth401", {"SIP_USERNAME": "alice", "SIP_PASSWORD": "secret"}), ("uas", {})):
        with Sipp(scenario) as sipp, driver(sipp, LOCAL_RTP_PORT=free_udp_port(low=24000, high=25000), **env) as run:
            put(run, "a.wav", wav)
            run.step("init")
            run.step("hear -")
            run.step("start echo.wav %s" % free_udp_port(low=24000, high=25000))
            assert "call 0" in run.step("call 0938220136"), run.output
            run.step("play a.wav")
            run.step("stop")
            run.step("close")
            run.end()
            if scenario == "standard":
                assert data[:-480] in sounding(audio.read_wav(run.path("echo.wav")).data)
            sipp.done()


if __name__ == "__main__":
    need("sipp")
    need("pkg-config")
    main(sys.modules[__name__], workers=4)
