# SPDX-License-Identifier: MIT
"""Flags, exit codes, signals, sudden death (SPEC sections 2 and 5)."""
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

import audio
from clients import Client, RawWs, http_request
from common import call_as, established, file_octets, loopback, recorded, through
from harness import SERVER, Server, main, run_server, sanitized, wait_until
from phone import Phone, auto_phone, credentials, digest_ok
from timing import WRAPPER, soon

UNDUE = """--call-log --user --require-unprivileged --sandbox --ws-tls-cert --ws-tls-key --ws-tls-client-ca
--sip-transport --sip-tls-ca --sip-tls-cert --sip-tls-key
--session-timer --allow-transfer --srtp
--media-alerts --watermark-key-file""".split()
DUE = """--config --check-config --lang --log-level --log-file --realtime --version --help --ws-listen --ws-reuse-port --ws-allow --ws-token-file
--ws-origin --ws-echo --ws-max-message --max-clients --sip-server --sip-listen --sip-user --sip-password-file
--sip-password --sip-auth-user --sip-realm --sip-caller --sip-display-name --sip-domain --sip-register --sip-expires --sip-allow --sip-keepalive
--sip-header --ring-seconds --incoming --dial-allow
--dial-deny --calls-per-minute --advertise --sip-dscp --rtp-dscp --rtp-ports --rtp-learn --max-calls --max-call-seconds --no-media-seconds --max-tick-late --media-buffer --rtp-raw-file
--upload-dir --upload-max --upload-quota --record-dir --no-record --record-channels --record-quota --record-sync""".split()


def test_version_and_help():
    code, out, err = run_server("--version")
    assert code == 0 and not err and "wslay" in out and "OpenSSL" in out and re.search(r"\d+\.\d+\.\d+", out), out
    code, out, err = run_server("--help")
    assert code == 0 and not err
    for flag in DUE:
        assert re.search(r"%s(?![\w-])" % flag, out), "--help lacks " + flag
    for flag in UNDUE:
        assert not re.search(r"%s(?![\w-])" % flag, out), "--help shows " + flag


def test_bad_flags_exit_2():
    """One line on stderr that names the flag and the value."""
    cases = [("--nonsense",), ("--ws-listen", "abc"), ("--ws-listen", "70000"), ("--ws-listen", "300.1.1.1:80"), ("--max-calls", "0"),
             ("--max-calls", "many"), ("--rtp-ports", "40000-30000"), ("--rtp-ports", "0-x"), ("--upload-max", "12X"), ("--lang", "fr"),
             ("--log-level", "loud"), ("--ws-allow", "1.2.3.4/33"), ("--ws-allow", "here"), ("--config", "/nonexistent/file"),
             ("--sip-server",), ("--ws-origin", "not an origin"), ("--sip-header", "no colon"), ("--advertise", "x.y"),
             ("--record-channels", "quad"), ("--rtp-dscp", "64"), ("--ring-seconds", "-1"), ("--incoming", "maybe"), ("--rtp-learn", "yes"), ("--ws-token-file", "/nonexistent/file"),
             ("--sip-password-file", "/nonexistent/file"), ("stray",), ("--max-calls", "100", "--rtp-ports", "32000-32009")]
    for case in cases:
        code, _, err = run_server(*case)
        assert code == 2, (case, code, err)
        assert len(err.strip().splitlines()) == 1, (case, err)
        assert case[0] in err and (len(case) < 2 or case[1] in err or len(case) > 2), (case, err)


def test_undue_flags_are_refused():
    for flag in UNDUE:
        code, _, err = run_server(flag, "1")
        assert code == 2 and flag in err, (flag, code, err)


def test_cannot_start_exit_1():
    with socket.create_server(("127.0.0.1", 0)) as taken, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp, \
            tempfile.TemporaryDirectory(prefix="peer-") as folder:
        udp.bind(("127.0.0.1", 0))
        blocker = os.path.join(folder, "file")
        with open(blocker, "w", encoding="ascii"):
            pass
        fifo = os.path.join(folder, "fifo")  # a write to it could wait
        os.mkfifo(fifo)
        base = ("--ws-listen", "127.0.0.1:0", "--sip-listen", "127.0.0.1:0")
        tcp_port, udp_port = taken.getsockname()[1], udp.getsockname()[1]
        cases = [(("--ws-listen", "127.0.0.1:%d" % tcp_port), str(tcp_port)), (("--sip-listen", "127.0.0.1:%d" % udp_port), str(udp_port)),
                 (("--upload-dir", blocker + "/up"), blocker), (("--record-dir", blocker + "/rec"), blocker),
                 (("--log-file", blocker + "/log"), blocker), (("--rtp-raw-file", fifo), fifo)]
        for flags, name in cases:
            code, out, err = run_server(*(base + flags))
            lines = [line for line in err.strip().splitlines() if name in line]
            assert code == 1 and len(lines) == 1, (flags, code, out, err)
            assert len(err.strip().splitlines()) == 1, err


def test_config_file():
    with tempfile.NamedTemporaryFile("w", suffix=".conf") as file:
        file.write("  # a comment\n\nlog-level = error\nmax-calls = 7 \nno-record = yes\nsip-user = a#b\nws-allow = 10.0.0.0/8\n"
                   "ws-allow = 127.0.0.0/8\nsip-password = hush hush\n")
        file.flush()
        code, out, err = run_server("--check-config", "--config", file.name, "--max-calls", "9")
        assert code == 0, err
        assert re.search(r"(?m)^\W*max-calls\W+9$", out), out
        assert "a#b" in out and "10.0.0.0/8" in out and "127.0.0.0/8" in out and "hush" not in out, out
        assert re.search(r"(?i)memory", out), out
        file.write("nonsense = 1\n")
        file.flush()
        code, _, err = run_server("--check-config", "--config", file.name)
        assert code == 2 and "nonsense" in err and len(err.strip().splitlines()) == 1, err
    with tempfile.NamedTemporaryFile("w", suffix=".conf") as file:
        file.write("max-calls = zero\n")
        file.flush()
        code, _, err = run_server("--config", file.name)
        assert code == 2 and "max-calls" in err and "zero" in err, err


def test_log_file_and_sighup():
    with loopback(log_file="log.txt") as server, Client(server) as client:
        client.call("111")
        client.hangup()
        os.rename(server.log_path, server.path("log.old"))
        client.call("222")
        client.hangup()
        server.signal(signal.SIGHUP)
        wait_until(lambda: os.path.exists(server.log_path), 5, "log file reopened")
        client.call("333")
        client.hangup()
        wait_until(lambda: "target number: 333" in server.log, 5, "line in the new file")
        old = server.read(server.path("log.old"))
        assert "target number: 111" in old and "target number: 222" in old and "target number: 333" not in old
        assert server.read(server.out_path) == ""


def ends_cleanly(number):
    """One call up, one ringing, one client idle."""
    with Phone() as phone, through(phone) as server:
        up, invite, _ = established(server, phone)
        ringing, idle = Client(server), Client(server)
        ringing.send("CALL:carol")
        second = phone.wait("INVITE")
        phone.reply(second, 180, tag="second")
        ringing.state("ringing")
        started = time.monotonic()
        server.signal(number)
        bye = phone.wait("BYE")
        assert bye.call_id == invite.call_id and time.monotonic() - started < soon(0.5)
        phone.reply(bye, 200)
        cancel = phone.wait("CANCEL")
        assert cancel.branch == second.branch and cancel.cseq == second.cseq
        phone.reply(cancel, 200, tag="second")
        phone.reply(second, 487, tag="second")
        phone.wait("ACK", 5, lambda m: m.call_id == second.call_id)
        up.ended(200)
        ringing.ended(487)
        assert server.wait_exit() == 0
        assert time.monotonic() - started < soon(3)
        for client in (up, ringing, idle):
            assert client.wait_closed() == 1001
            client.close()
        assert len(server.recordings) >= 1
        for path in server.recordings:
            audio.read_wav(path)
        server.check_streams()


def test_sigterm():
    ends_cleanly(signal.SIGTERM)


def test_sigint():
    ends_cleanly(signal.SIGINT)


def test_a_taken_port_is_named_without_an_address_too():
    with socket.socket() as taken:
        taken.bind(("0.0.0.0", 0))
        taken.listen()
        port = taken.getsockname()[1]
        code, _, err = run_server("--ws-listen", port, "--sip-listen", "127.0.0.1:0")
        assert code == 1 and "--ws-listen %d (all interfaces): " % port in err, err


def test_stop_with_a_silent_far_end():
    """BYE never answered: 5 s at most, exit 0. While it stops, /healthz and new calls are refused."""
    with Phone() as phone, through(phone) as server:
        client, _, _ = established(server, phone)
        started = time.monotonic()
        server.signal(signal.SIGTERM)
        phone.wait("BYE")
        answer = http_request(server, path="/healthz")
        assert answer[0] == 503 and b"stopping" in answer[-1], answer
        assert RawWs(server).status == 503
        assert server.wait_exit(8) == 0
        assert time.monotonic() - started < soon(7)
        assert len(phone.all("BYE")) >= 3, "BYE is sent again while nobody answers"
        client.close()


def test_second_signal_exits_at_once():
    leave = {"ASAN_OPTIONS": "detect_leaks=0"}  # at once: nothing is put away
    with Phone() as phone, through(phone, env=leave) as server:
        client, _, _ = established(server, phone)
        server.signal(signal.SIGTERM)
        phone.wait("BYE")
        started = time.monotonic()
        server.signal(signal.SIGTERM)
        server.wait_exit(3)
        assert time.monotonic() - started < soon(1)
        audio.read_wav(server.recordings[0])
        client.close()


def test_kill_9_leaves_a_valid_recording():
    data = audio.noise(150)
    with loopback() as server:
        client = Client(server)
        client.call()
        client.upload("x", audio.wav_ulaw(data))
        client.send("PLAY_WAV:x")
        client.wait_audio(160, 10)
        server.signal(signal.SIGKILL)
        server.wait_exit()
        wav = audio.read_wav(server.recordings[0])
        assert len(wav.left) == len(wav.right) and len(wav.left) >= 8000 * 1.9, len(wav.left)
        recorded(wav.right, data[:160 * 50], "first second of the file, sent", client)
        recorded(wav.left, data[:160 * 50], "first second of the file, received", client)
        assert client.wait_closed() != 1000
        client.close()


def test_kill_9_during_an_upload():
    """Only whole files are in the folder after a restart; what was begun is gone."""
    with loopback() as server:
        client = Client(server)
        client.upload("good", audio.wav_ulaw(audio.noise(2)))
        client.ws.max_queue = None
        pieces = ["WAV_UPLOAD:half:"] + ["QUFB" * 1000] * 20

        def go():
            client.send_fragments(pieces, pause=0.1)
        thread = threading.Thread(target=lambda: _quiet(go), daemon=True)
        thread.start()
        time.sleep(0.8)
        server.signal(signal.SIGKILL)
        server.wait_exit()
        with Server(folder=server.folder) as again, Client(again) as other:
            other.send("LIST_WAV")
            other.expect("WAV_LIST_END:1")
            assert other.texts()[0].startswith("WAV_LIST:good:")
            assert [n for n in again.uploads if not n.startswith(".")] == ["good"]


def _quiet(function):
    try:
        function()
    except Exception:  # pylint: disable=broad-except
        pass


def test_secrets_stay_secret():
    phone = auto_phone()
    with tempfile.TemporaryDirectory(prefix="peer-") as folder:
        path = os.path.join(folder, "password")
        with open(path, "w", encoding="ascii") as file:
            file.write("from the file\n")
        with phone, through(phone, "--sip-user", "alice", "--sip-password", "on-the-line", "--log-level", "debug") as server:
            command = file_octets("/proc/%d/cmdline" % server.pid)
            assert WRAPPER or (b"on-the-line" not in command and b"--sip-user" in command), command
            with Client(server) as client:
                client.call("bob")
                client.hangup()
            assert "on-the-line" not in server.log and "INVITE sip:bob" in server.log
        with Phone() as strict, through(strict, "--sip-user", "alice", "--sip-password-file", path, "--log-level", "debug") as server, \
                Client(server) as client:
            client.send("CALL:bob")
            invite = strict.wait("INVITE")
            strict.challenge(invite, qop="auth")
            again = strict.wait("INVITE", 5, lambda m: m.cseq > invite.cseq)
            assert digest_ok(again, "alice", "from the file", strict.nonce, qop="auth")
            strict.reply(again, 486)
            client.ended(486)
            assert credentials(again)["response"] not in server.log and "from the file" not in server.log


def test_raw_file():
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "raw.bin")
        with loopback("--rtp-raw-file", path) as server, Client(server) as client:
            client.call()
            client.wait_audio(20)
            client.hangup()
            raw = file_octets(path)
            assert all(octets in raw for _, octets in client.audio[:15])


def test_raw_file_becomes_a_capture():
    """tools/rtp_pcap finds each packet again: short ones, events, one that is missing, one that comes twice, a second stream."""
    with tempfile.TemporaryDirectory() as folder:
        raw, capture = os.path.join(folder, "raw.bin"), os.path.join(folder, "raw.pcap")
        sent = []
        with Phone() as phone, through(phone, "--rtp-raw-file", raw) as server, Client(server) as client:
            for _ in range(2):
                invite, rtp = call_as(client, phone, types=(0, 101), more=["a=rtpmap:101 telephone-event/8000"])
                to = invite.media()[:2]
                sent += [rtp.send(os.urandom(size), to) for size in (160, 160, 80, 240, 160)]
                rtp.sock.sendto(sent[-1], to)
                sent += [sent[-1], rtp.send(b"\x05\x0a\x00\xa0", to, pt=101)]
                rtp.seq += 3
                sent += [rtp.send(os.urandom(160), to) for _ in range(3)]
                wait_until(lambda: len(file_octets(raw)) >= sum(map(len, sent)), 5, "the raw file")
                client.hangup()
                phone.take_bye()
        tool = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "tools", "rtp_pcap")
        result = subprocess.run([sys.executable, tool, raw, capture], capture_output=True, text=True)
        assert result.returncode == 0, result.stderr
        assert len(re.findall(r"SSRC 0x\w+, 10 packets, 3 missing", result.stdout)) == 2, result.stdout
        octets, found = file_octets(capture)[24:], []
        while octets:
            length = struct.unpack("<I", octets[8:12])[0]
            found.append(octets[16 + 28:16 + length])  # behind IP and UDP
            octets = octets[16 + length:]
        assert sorted(found) == sorted(sent)
        with open(raw, "wb") as file:
            file.write(b"no packets at all")
        assert subprocess.run([sys.executable, tool, raw, capture], capture_output=True).returncode == 1


def test_record_quota():
    """The oldest closed recordings make room, one INFO line each."""
    with loopback("--record-quota", "150K") as server, Client(server) as client:
        for number in ("1", "2", "3", "4"):
            client.call(number)
            client.wait_audio(len(client.audio) + 180)
            client.hangup()
        total = sum(os.path.getsize(p) for p in server.recordings)
        assert total <= 150 * 1024 + 40000, total
        names = [os.path.basename(p) for p in server.recordings]
        assert any("-4-" in n for n in names) and not any("-1-" in n for n in names), names


def test_advertise_and_display_name():
    with Phone() as phone, through(phone, "--advertise", "127.0.0.9", "--sip-display-name", 'A "q" 電', "--sip-caller", "0921",
                                   "--sip-domain", "pbx.example", "--sip-header", "X-Line: 7", "--sip-header",
                                   "Subject: box") as server, Client(server) as client:
        client.send("CALL:bob")
        invite, _ = phone.refuse(486)
        client.ended(486)
        assert invite.uri == "sip:bob@pbx.example" and "<sip:0921@pbx.example>" in invite.get("from"), invite.raw
        assert '"A \\"q\\" 電"' in invite.get("from"), invite.get("from")
        assert "127.0.0.9" in invite.get("contact") and invite.media()[0] == "127.0.0.9"
        assert invite.get("x-line") == "7" and invite.get("subject") == "box"


def test_dscp():
    for flags, sip, rtp_dscp in (((), 24, 46), (("--rtp-dscp", "10", "--sip-dscp", "0"), 0, 10)):
        with Phone() as phone, through(phone, *flags) as server:
            client, invite, rtp = established(server, phone)
            rtp.wait(3)
            client.hangup()
            phone.take_bye()
            client.close()
            assert invite.dscp == sip and rtp.dscp == {rtp_dscp}, (invite.dscp, rtp.dscp)


def test_stopped_process_serves_what_waits_first():
    """SIGSTOP (a container's pause, a debugger) for longer than --no-media-seconds: packets that wait count before the clock."""
    with Phone() as phone, through(phone, "--no-media-seconds", "1") as server:
        client, invite, rtp = established(server, phone)
        to = invite.media()[:2]
        rtp.stream(to, 5)
        done = threading.Thread(target=lambda: rtp.stream(to, 100))
        done.start()
        server.signal(signal.SIGSTOP)
        time.sleep(1.6)
        server.signal(signal.SIGCONT)
        done.join()
        assert not [text for text in client.texts() if text.startswith("CALL_STATE:ended")], client.texts()
        client.hangup()
        phone.take_bye()


def test_token_file_becomes_a_fifo():
    """SIGHUP does not wait for whoever might write to it."""
    with tempfile.TemporaryDirectory(prefix="peer-") as folder:
        path = os.path.join(folder, "tokens")
        with open(path, "w", encoding="ascii") as file:
            file.write("secret\n")
        with Server("--ws-token-file", path, allow_error_log=True) as server:
            os.unlink(path)
            os.mkfifo(path)
            server.signal(signal.SIGHUP)
            with Client(server, "/?token=secret") as client:
                client.call("echo")
                client.hangup()
            server.wait_log("ERROR .*token")


def limp(server, until):
    """The process stands still for most of the time, as on a machine that is given away to others."""
    while not until():
        os.kill(server.pid, signal.SIGSTOP)
        time.sleep(0.045)  # less than what is skipped
        os.kill(server.pid, signal.SIGCONT)
        time.sleep(0.003)


def test_late_ticks_refuse_calls():
    """--max-tick-late: calls are refused while the process gets its time late, and taken again; the call that is up goes on."""
    with loopback("--max-tick-late", "20") as server, Client(server) as up, Client(server) as other:
        up.send("CALL:echo")
        up.state("established")
        until = time.monotonic() + 60
        limp(server, lambda: "New calls are refused: packets leave " in server.log or time.monotonic() > until)
        other.send("CALL:echo")
        limp(server, lambda: other.texts() or time.monotonic() > until)
        assert "the server is overloaded: " in other.error("CALL", "busy")
        server.wait_log("New calls are taken again", timeout=60)
        other.send("CALL:echo")
        other.state("established")
        assert not any(text.startswith("CALL_STATE:ended") for text in up.texts())
        up.send("HANGUP")
        up.state("ended")


def policy(server):
    """(policy, priority) of /proc/PID/stat, and KiB of locked memory."""
    with open("/proc/%d/stat" % server.pid, encoding="ascii", errors="replace") as file:
        fields = file.read().rsplit(")", 1)[1].split()  # behind the name, from the third field on
    with open("/proc/%d/status" % server.pid, encoding="ascii", errors="replace") as file:
        locked = int(re.search(r"(?m)^VmLck:\s*(\d+)", file.read()).group(1))
    return int(fields[40 - 2]), int(fields[39 - 2]), locked


def may_be_realtime():
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
        return True
    except PermissionError:
        return False


def call_echo(server):
    with Client(server) as client:
        client.send("CALL:echo")
        client.state("established")
        client.wait_audio(10)
        client.send("HANGUP")
        client.state("ended")


def processor_ticks(server):
    with open("/proc/%d/stat" % server.pid, encoding="ascii", errors="replace") as file:
        return sum(map(int, file.read().rsplit(")", 1)[1].split()[11:13]))


def test_realtime():
    """--realtime: the policy, locked memory that does not make the pools resident, a call, and no turn without need; off without it."""
    with loopback() as server:
        call_echo(server)
        assert policy(server) == (os.SCHED_OTHER, 0, 0)
    if WRAPPER or not may_be_realtime():
        print("skipped: SCHED_FIFO is not permitted here", flush=True)
        return
    with loopback("--realtime", "7", "--max-calls", "1000", rtp_ports="20000-23999") as server:
        server.wait_log(r"Realtime priority 7 \(SCHED_FIFO\)")
        call_echo(server)
        now_policy, priority, locked = policy(server)
        assert (now_policy, priority) == (os.SCHED_FIFO, 7)
        if re.search("Memory is locked as it is touched", server.log) and not sanitized():
            with open("/proc/%d/status" % server.pid, encoding="ascii", errors="replace") as file:
                resident = int(re.search(r"(?m)^VmRSS:\s*(\d+)", file.read()).group(1))
            assert 0 < resident < locked, (resident, locked)  # the rest was never touched
        before = processor_ticks(server)
        time.sleep(1)
        assert processor_ticks(server) - before < 20, "the loop spins"


def test_realtime_not_permitted():
    """Each right that is missing has its WARNING, with the limit; the server runs."""
    if WRAPPER or os.geteuid() != 0 or not shutil.which("setpriv"):
        print("skipped: only root can give its rights away, with setpriv", flush=True)
        return
    with tempfile.TemporaryDirectory(prefix="peer-") as folder:
        os.chmod(folder, 0o777)
        shell = os.path.join(folder, "nobody")
        program = shutil.copy(SERVER, os.path.join(folder, "server"))  # the tree may be out of his reach
        with open(shell, "w", encoding="ascii") as file:
            file.write("#!/bin/sh\nshift\nulimit -l 64\nulimit -r 0\n"
                       "exec setpriv --reuid=65534 --regid=65534 --clear-groups %s \"$@\"\n" % program)
        os.chmod(shell, 0o755)
        with Server("--realtime", "20", wrapper=[shell], folder=folder) as server:
            server.wait_log(r"WARNING --realtime 20 is not permitted, going on without: RLIMIT_RTPRIO is 0 \(LimitRTPRIO=")
            if not sanitized():
                server.wait_log(r"WARNING Memory is not locked \(--realtime\): RLIMIT_MEMLOCK is 64 KiB, up to \d+ KiB are needed \(LimitMEMLOCK=")
            assert policy(server) == (os.SCHED_OTHER, 0, 0)
            call_echo(server)


def test_memory_at_rest():
    """Room for --max-calls and --max-clients is asked for at start and costs nothing until somebody comes."""
    with loopback() as server:
        anonymous = server.status("RssAnon")
        assert sanitized() or WRAPPER or anonymous <= 1536, "%d kB" % anonymous


def test_shared_port():
    """--ws-reuse-port: two processes, one port; each client is served by one of them. Who does not ask for it gets no share."""
    with loopback("--ws-reuse-port") as first:
        shared = "127.0.0.1:%d" % first.ws_port
        with loopback("--ws-reuse-port", ws_listen=shared) as second:
            code, _, err = run_server("--ws-listen", shared, "--sip-listen", "127.0.0.1:0")
            assert code == 1 and "--ws-listen %s: Address already in use" % shared in err, (code, err)
            clients, rung = [Client(first) for _ in range(20)], 0
            for client in clients:
                client.call("echo")
                client.hangup()
                client.close()
            for server in (first, second):
                rung += len(re.findall(r"Call \S+ ended", server.log))
            assert rung == 20, rung
        with Client(first) as client:
            client.call("echo")
            client.hangup()
    with loopback() as alone:
        shared = "127.0.0.1:%d" % alone.ws_port
        code, _, err = run_server("--ws-reuse-port", "--ws-listen", shared, "--sip-listen", "127.0.0.1:0")
        assert code == 1 and "Address already in use" in err, (code, err)


def test_few_descriptors():
    """The cause is named at start; when they run out calls are refused with a line that says why, and come again later."""
    with tempfile.TemporaryDirectory(prefix="peer-") as folder:
        shell = os.path.join(folder, "few")
        with open(shell, "w", encoding="ascii") as file:
            file.write("#!/bin/sh\nulimit -n 48\nexec \"$@\"\n")
        os.chmod(shell, 0o755)
        with Server("--max-calls", "100", wrapper=[shell], rtp_ports="24000-24399") as server:
            assert re.search(r"WARNING Only 48 descriptors are allowed \(ulimit -n\), up to \d+ are needed for --max-calls 100", server.log)
            clients = []
            while len(clients) < 12 and not any("ERROR:CALL:" in t for c in clients for t in c.texts()):
                clients.append(Client(server))
                clients[-1].send("CALL:echo")
                wait_until(lambda: any(re.match("CALL_STATE:(established|ended)|ERROR:CALL", t) for t in clients[-1].texts()), 5, "an answer")
            assert any("ERROR:CALL:busy:no free line" in t for t in clients[-1].texts()), clients[-1].texts()
            assert "WARNING No RTP ports for a call: Too many open files" in server.log
            clients[0].hangup()
            clients[-1].call("echo")
            clients[-1].hangup()


if __name__ == "__main__":
    main(sys.modules[__name__])
