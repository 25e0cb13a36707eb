# SPDX-License-Identifier: MIT
"""A log whose reader stops, goes away or never came holds up nothing (SPEC section 5)."""
import fcntl
import os
import re
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import types

from clients import Client
from harness import Server, clean_environment, free_tcp_port, main, server_command, wait_until
from timing import SLOW

F_SETPIPE_SZ = 1031


def connect(port):
    """A client of the server that is about to listen there."""
    where = types.SimpleNamespace(ws_host="127.0.0.1", ws_port=port)

    def connected():
        try:
            return Client(where)
        except OSError:
            return None
    return wait_until(connected, 15, "server ready")


class Piped:
    """A server whose standard output is a pipe of 4 KiB that is read only when told."""

    def __init__(self, *flags):
        self.folder = tempfile.TemporaryDirectory(prefix="peer-")
        self.reader, writer = os.pipe()
        fcntl.fcntl(self.reader, F_SETPIPE_SZ, 4096)
        os.set_blocking(self.reader, False)
        self.client = types.SimpleNamespace(ws_host="127.0.0.1", ws_port=free_tcp_port())
        command = server_command(["--ws-listen", "127.0.0.1:%d" % self.client.ws_port, "--sip-listen", "127.0.0.1:0",
                                  "--log-level", "debug", "--calls-per-minute", "1000"] + list(flags))
        self.process = subprocess.Popen(command, cwd=self.folder.name, stdin=subprocess.DEVNULL, stdout=writer,
                                        stderr=subprocess.PIPE, env=clean_environment())
        os.close(writer)
        self.text = b""
        wait_until(lambda: b"listening on 127.0.0.1:%d" % self.client.ws_port in self.read(), 15, "server ready")

    def read(self):
        try:
            while True:
                piece = os.read(self.reader, 1 << 16)
                if not piece:
                    return self.text
                self.text += piece
        except BlockingIOError:
            return self.text

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.communicate()
        self.folder.cleanup()


def test_nobody_reads():
    """Calls go on, in time; what was said meanwhile is all there when somebody reads again."""
    with Piped() as server:
        for number in range(6):
            with Client(server.client) as client:
                client.call("10%d" % number)
                wait_until(lambda c=client: len(c.packets()) >= 10, 5, "audio")
                client.hangup()
        assert b"target number: 105" not in server.text
        wait_until(lambda: b"Call 105 ended: 200" in server.read(), 5, "the whole log")
        lines = server.text.decode().split("\n")
        for line in lines[:-1]:
            assert re.match(r"\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\] ", line), line
        asked = re.findall(r"target number: (\d+)", server.text.decode())
        assert asked == ["100", "101", "102", "103", "104", "105"], asked
        assert "left out" not in server.text.decode()
        server.process.send_signal(signal.SIGTERM)
        wait_until(lambda: server.read() and server.process.poll() is not None, 8, "end")
        assert server.process.returncode == 0 and b"] Stopped\n" in server.read()


def test_nobody_reads_and_sigterm():
    with Piped() as server:
        with Client(server.client) as client:
            client.call("200")
            server.process.send_signal(signal.SIGTERM)
            assert client.wait_closed(5) == 1001
        assert server.process.wait(8 * SLOW) == 0


def test_the_reader_is_gone():
    with Piped() as server:
        os.close(server.reader)
        with Client(server.client) as client:
            client.call("300")
            client.hangup()
            client.call("301")
        cpu = lambda: sum(int(field) for field in open("/proc/%d/stat" % server.process.pid, encoding="ascii").read().split()[13:15])
        before = cpu()
        time.sleep(0.5)
        assert cpu() - before < 20, "the loop spins"
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(8 * SLOW) == 0


def test_log_file_is_a_fifo():
    """It starts without a reader, and SIGHUP does not wait for one either."""
    with tempfile.TemporaryDirectory(prefix="peer-") as folder:
        path = os.path.join(folder, "fifo")
        os.mkfifo(path)
        seen = []
        reader = threading.Thread(target=lambda: seen.extend(open(path, encoding="utf-8")), daemon=True)
        port = free_tcp_port()
        process = subprocess.Popen(server_command(["--ws-listen", "127.0.0.1:%d" % port, "--sip-listen", "127.0.0.1:0",
                                                   "--log-file", path, "--upload-dir", folder + "/up", "--no-record"]),
                                   stderr=subprocess.DEVNULL, env=clean_environment())
        try:
            with connect(port) as client:
                process.send_signal(signal.SIGHUP)
                client.call("400")
                reader.start()
                wait_until(lambda: any("target number: 400" in line for line in seen), 5, "lines in the FIFO")
                client.hangup()
            process.send_signal(signal.SIGTERM)
            assert process.wait(8 * SLOW) == 0
        finally:
            process.kill()
            process.wait()


def test_thousand_sighups():
    with Server() as server:
        for _ in range(1000):
            server.signal(signal.SIGHUP)
        with Client(server) as client:
            client.call("500")
            client.hangup()
        assert 1 <= len(re.findall(r"token files reopened", server.log)) <= 5, server.log[-2000:]


def test_signals_by_mistake():
    with Server() as server:
        for number in (signal.SIGUSR1, signal.SIGALRM):
            server.signal(number)
        with Client(server) as client:
            client.call("600")
            client.hangup()


def test_state_on_sigusr2():
    """Each call, client, usage, transaction, connection and queue, one line each; the call goes on."""
    with Server() as server, Client(server) as client:
        client.call("600")
        half = socket.create_connection((server.ws_host, server.ws_port))
        half.sendall(b"GET /")
        client.wait_audio(20)
        server.signal(signal.SIGUSR2)
        server.wait_log(r"State of the server: \d+ lines")
        log = server.log
        for line in (r"server: ticker on, 0 bytes of log wait for their reader, 1 of \d+ pairs of media ports",
                     r"files: 0 uploads with 0 bytes, \d+ recordings with \d+ bytes, \d+ flushes under way, ",
                     r"SIP: 1 usages of \d+, 1 dialogs of \d+, \d+ transactions, \d+ timers, in [1-9]",
                     r"usage 0\.\d+ Confirmed outgoing, Call-ID \"\w+\", to \"sip:600@127\.0\.0\.1\"",
                     r"dialog 0\.\d+ target known, remote tag \"\w+\", target \"sip:127\.0\.0\.1:\d+\"",
                     r"transaction \d+\.\d+ Accepted INVITE client, .*, M in \d+\.\d{3} s",
                     r"gateway: 1 clients of \d+, 1 calls of \d+, RTP in [1-9]",
                     r"client 0\.\d+ open, peer 127\.0\.0\.1:\d+, dialect \"text\", call 0\.\d+,",
                     r"call 0\.\d+ established, with \"600\", client 0\.\d+, usage 0\.\d+, RTP port \d+, \d+ packets sent, ",
                     r"web: 2 sockets of \d+\n",
                     r"HTTP: 2 connections of \d+, 1 let in of \d+, 1 guests of 64, 0 strangers of 16, timer in \d\.\d{3} s",
                     r"connection 0\.\d+ WebSocket, peer 127\.0\.0\.1:\d+, for \d+ s\n",
                     r"connection 1\.\d+ asking, peer 127\.0\.0\.1:\d+, guest, for \d+ s, 5 bytes of a head, timer in \d\.\d{3} s",
                     r"loopback exchange: 1 calls of \d+, timer in ",
                     r"loopback call 0\.\d+ answered, usage 0\.\d+, peer 127\.0\.0\.1:\d+, RTP port \d+, \d+ packets sent, ",
                     r"loopback SIP: 1 usages of \d+, 1 dialogs of \d+, ",
                     r"loopback usage 0\.\d+ Confirmed incoming, "):
            assert re.search(line, log), (line, log)
        told = int(re.search(r"State of the server: (\d+) lines", log).group(1))
        assert len(log[log.index("one line each:"):log.index("State of the server: ")].splitlines()) - 2 == told, log
        half.close()
        client.wait_audio(40)
        client.hangup()


def test_files_at_their_limit():
    """`ulimit -f`: the log and the recording get no longer, the call goes on."""
    with Server("--log-level", "debug", log_file="log.txt", allow_error_log=True) as server, Client(server) as client:
        resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (20000, 20000))
        client.call("650")
        client.wait_audio(150)
        client.hangup()
        assert os.path.getsize(server.log_path) <= 20000


def test_descriptors_closed_at_start():
    """Neither the listener nor epoll may become descriptor 1: log lines would go there."""
    port = free_tcp_port()
    with tempfile.TemporaryDirectory(prefix="peer-") as folder:
        command = " ".join(server_command(["--ws-listen", "127.0.0.1:%d" % port, "--sip-listen", "127.0.0.1:0"]))
        process = subprocess.Popen(["sh", "-c", "exec %s 0<&- 1>&- 2>&-" % command], cwd=folder, env=clean_environment())
        try:
            with connect(port) as client:
                for fd in range(3):
                    assert os.readlink("/proc/%d/fd/%d" % (process.pid, fd)) == "/dev/null"
                client.call("700")
                client.hangup()
            process.send_signal(signal.SIGTERM)
            assert process.wait(8 * SLOW) == 0
        finally:
            process.kill()
            process.wait()


if __name__ == "__main__":
    main(sys.modules[__name__])
