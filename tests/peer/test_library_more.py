# SPDX-License-Identifier: MIT
"""libsip_client, further promises: SHA-256, qop and redirection, packets that wait, a WAV that survives kill -9, no second process,
the receive buffer that is asked for, the number in the line of a failed call."""
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

import audio
import library
from harness import free_udp_port, main, need
from library import Program, compile_program, driver
from phone import Phone, auto_phone, credentials, digest_ok
from test_library import byes, examples, shared_if_any

WAITING = 120  # packets; each takes less than 1 KiB of the 208 KiB that the system grants where it grants least


def answered_after(code, algorithm, qop):
    """The first INVITE is challenged, the second one carries what the challenge asks for."""
    with Phone() as phone, driver(phone, SIP_USERNAME="alice", SIP_PASSWORD="se:cret") as run:
        run.step("init")
        run.begin("call bob")
        first = phone.wait("INVITE")
        assert credentials(first) is None and credentials(first, proxy=True) is None
        phone.challenge(first, code, algorithm=algorithm, qop=qop)
        phone.wait("ACK")
        second, _ = phone.answer()
        assert digest_ok(second, "alice", "se:cret", phone.nonce, algorithm=algorithm, qop=qop, proxy=code == 407), second.raw
        assert second.call_id == first.call_id and second.cseq == first.cseq + 1
        run.wait("call 0")
        run.begin("close")
        phone.take_bye()
        run.wait("done close")
        run.end()


def test_digest_sha256():
    answered_after(401, "SHA-256", None)
    answered_after(401, "SHA-256", "auth")


def test_digest_407_qop():
    answered_after(407, "MD5", "auth")
    answered_after(407, None, "auth")


def test_redirected():
    """302: one more INVITE, through the server as every request of ours, asks for what its Contact says."""
    with Phone() as phone, driver(phone) as run:
        run.step("init")
        run.begin("call bob")
        first = phone.wait("INVITE")
        phone.reply(first, 302, extra=["Contact: <sip:carol@192.0.2.7>"])
        phone.wait("ACK")
        second, rtp = phone.answer()
        assert second.uri == "sip:carol@192.0.2.7" and second.call_id == first.call_id and second.cseq == first.cseq + 1, second.raw
        run.wait("call 0")
        run.wait("cseq=2 .*port=%d up=1" % rtp.port)
        run.begin("close")
        phone.take_bye()
        run.wait("done close")
        run.end()


def test_redirected_nowhere():
    """302 without a Contact, or always back to where it was: -1."""
    for contact in (None, "Contact: <sip:bob@127.0.0.1:%d>"):
        with Phone() as phone, driver(phone) as run:
            def handler(phone, message, contact=contact):
                if message.method == "INVITE":
                    phone.reply(message, 302, extra=[contact % phone.port] if contact else [])
                return True
            phone.handler = handler
            run.step("init")
            run.begin("call bob")
            run.wait("call -1")
            run.wait("WARNING Call to bob failed: 302 Moved Temporarily")
            assert len({m.branch for m in phone.all("INVITE")}) < 10, phone.messages
            run.step("close")
            run.end()


def test_failed_call_is_named():
    """The warning has the number called, in either language; each call its own."""
    for env, line in (({}, "WARNING Call to %s failed: 486 Busy Here"), ({"LC_ALL": "zh_TW.UTF-8"}, "撥打 %s 失敗: 486 Busy Here")):
        with Phone() as phone, driver(phone, **env) as run:
            run.step("init")
            for number in ("0938220136", "100#1", "sip:bob@127.0.0.1"):
                run.begin("call " + number)
                phone.refuse(486)
                run.wait(re.escape(line % number))
                run.wait("done call")
            run.step("close")
            for invite in phone.all("INVITE"):
                assert not re.search(r"(Call to|撥打) " + re.escape(invite.call_id), run.output), run.output
            run.end()


def test_what_waits_is_not_lost():
    """clear_rtp_callback and stop_rtp_receiver take in what lies in the socket."""
    program = compile_program(["drain.c"], shared_if_any(), ["-std=c99", "-D_DEFAULT_SOURCE", "-pedantic"])
    with Program([program, str(WAITING)], LOCAL_IP="127.0.0.1") as run:
        output = run.end()
        assert run.lines == ["before 0", "clear %d" % WAITING, "deaf %d" % WAITING, "before 0", "stop %d disorder 0" % WAITING,
                             "<end>"], output
        frames = [bytes([n & 0x7F]) * 160 for n in range(2 * WAITING + 3)]
        assert audio.read_wav(run.path("one.wav")).data == b"".join(frames[:WAITING + 3])
        assert audio.read_wav(run.path("two.wav")).data == b"".join(frames[WAITING + 3:])


def killed(seconds, frames=150):
    """kill -9 of the two-way example while the far end speaks: all up to a second before is in a file that can be read."""
    theirs = audio.noise(frames, seed=21)
    program = compile_program([examples("two_way.c")], flags=["-DLOCAL_RTP_PORT=%d" % free_udp_port(low=20000, high=22000)])
    folder = os.path.dirname(program)
    with open(os.path.join(folder, "a.wav"), "wb") as file:
        file.write(audio.wav_ulaw(audio.noise(1000, seed=22)))
    with Phone() as phone, Program([program, "100", "a.wav", "heard.wav", str(seconds)], phone, cwd=folder) as run:
        invite, rtp = phone.answer()
        to, start = invite.media()[:2], time.monotonic()
        for index in range(frames):
            rtp.send(theirs[index * 160:index * 160 + 160], to)
            time.sleep(max(0, start + (index + 1) * 0.02 - time.monotonic()))
        run.process.kill()
        run.end(code=-9)
        assert not phone.all("BYE")
    got = audio.read_wav(os.path.join(folder, "heard.wav"))
    assert (got.tag, got.channels, got.rate, got.bits) == (7, 1, 8000, 8), vars(got)
    assert got.data == theirs[:len(got.data)] and len(got.data) >= (frames - 50) * 160, (len(got.data), len(theirs))
    assert os.path.getsize(os.path.join(folder, "heard.wav")) >= len(got.data)


def test_killed_while_it_listens():
    killed(60)


def test_killed_while_it_plays():
    killed(0)


# ---- system calls

def traced(command, calls, phone=None, cwd=None, steps=(), **env):
    """(what the program wrote, its system calls of those names); None where nothing can be traced here."""
    folder = cwd or tempfile.mkdtemp(prefix="strace-", dir=library.prefix())
    table = os.path.join(folder, "strace.txt")
    strace = ["strace", "-f", "-o", table, "-e", "trace=execve," + calls]
    if not shutil.which("strace") or subprocess.run(strace + ["true"], capture_output=True, check=False).returncode:
        print("skipped: strace is missing, or may not trace here", flush=True)
        return None
    env.setdefault("ASAN_OPTIONS", "detect_leaks=0")  # the search for leaks is a tracer of its own
    with Program(strace + command, phone, cwd=folder, **env) as run:
        if steps:
            run.begin(*steps)
        output = run.end()
    with open(table, encoding="utf-8", errors="replace") as file:
        lines = file.read()
    assert "execve(" in lines, lines
    return output, lines


FORKS = "?clone,?clone3,?fork,?vfork"


def processes(lines):
    return re.findall(r"\b(?:clone3?|v?fork)\(.*", lines)


def test_no_process_and_no_thread():
    """A whole call of the example, from its start to its end."""
    witness = traced(["sh", "-c", "true & wait"], FORKS)
    if witness is None:
        return
    assert processes(witness[1]), witness[1]  # it would be seen
    program = compile_program([examples("call_and_play.c")], shared_if_any())
    folder = os.path.dirname(program)
    with open(os.path.join(folder, "a.wav"), "wb") as file:
        file.write(audio.wav_ulaw(audio.noise(20, seed=23)))
    with auto_phone() as phone:
        _, lines = traced([program, "100", "a.wav"], FORKS, phone, folder, LOCAL_RTP_PORT=0)
        assert byes(phone) == 1, phone.messages
    assert not processes(lines), lines


def test_receive_buffer():
    """start_rtp_receiver asks for 1 MiB."""
    with driver() as run:
        run.end()
    found = traced([os.path.join(library.prefix(), "driver")], "setsockopt", steps=["start got.wav 0", "stop"], LOCAL_IP="127.0.0.1")
    if found is None:
        return
    output, lines = found
    assert "start 0" in output, output
    sizes = re.findall(r"setsockopt\(\d+, SOL_SOCKET, SO_RCVBUF, \[(\d+)\]", lines)
    assert sizes == ["1048576"], lines


if __name__ == "__main__":
    need("pkg-config")
    main(sys.modules[__name__], workers=4)
