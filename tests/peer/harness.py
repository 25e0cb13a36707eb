# SPDX-License-Identifier: MIT
"""Starts the server under test, checks how it ends, and runs the tests of a file side by side.

A test is a function test_* or fault_*; each starts what it needs, on free ports, in a folder of its own.
Exit codes: 0 all passed, 1 some failed, 77 a tool is missing (outside of CI only)."""
import concurrent.futures
import glob
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import traceback

from timing import EMULATED, SLOW, WRAPPER

SERVER = os.environ.get("SERVER", os.path.join(os.path.dirname(__file__), "..", "..", "build", "ws_audio_server"))
LISTEN_RE = re.compile(r"WebSocket audio server listening on (?:all interfaces, port (\d+)|(\[.*\]|[^\s:]+):(\d+))")
SIP_RE = re.compile(r"SIP listening on (\[.*\]|[^\s:]+):(\d+)")
DIRTY_RE = re.compile(r"Sanitizer|runtime error:|ERROR(?! SUMMARY: 0 )|Assertion|Invalid (?:read|write)|definitely lost: [1-9]"
                      r"|uninitialised")
_mine = threading.local()  # servers of the test that runs in this thread


def free_udp_port(ip="127.0.0.1", low=31600, high=32600):
    """An even port outside of the ephemeral range that is free, with its odd neighbour."""
    for _ in range(500):
        port = random.randrange(low, high, 2)
        try:
            for number in (port, port + 1):
                with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
                    probe.bind((ip, number))
            return port
        except OSError:
            continue
    raise AssertionError("no free port pair")


def free_tcp_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until(condition, timeout=5, what="condition"):
    deadline = time.monotonic() + timeout * SLOW
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < deadline, "not in time: " + what
        time.sleep(0.01)


def server_command(flags):
    return WRAPPER + [os.path.abspath(SERVER)] + [str(f) for f in flags]


def clean_environment(extra=None):
    environment = {k: v for k, v in os.environ.items() if k not in ("LANG", "LC_ALL", "LC_MESSAGES", "SIP_PASSWORD")}
    environment["LC_ALL"] = "C"
    environment.update(extra or {})
    return environment


def run_server(*flags, timeout=15, env=None, cwd=None):
    """For runs that end by themselves: (exit code, stdout, stderr)."""
    folder = cwd or tempfile.mkdtemp(prefix="peer-")
    try:
        done = subprocess.run(server_command(flags), cwd=folder, env=clean_environment(env), stdin=subprocess.DEVNULL,
                              capture_output=True, timeout=timeout * SLOW)
    finally:
        if not cwd:
            shutil.rmtree(folder, ignore_errors=True)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def sanitized():
    """Whether the server was built with AddressSanitizer: it keeps freed memory for a while, and locks none."""
    with open(SERVER, "rb") as file:
        return b"__asan_init" in file.read()


class Server:
    """A running ws_audio_server with its folder, its log and its ports."""

    def __init__(self, *flags, sip=None, ws_listen="127.0.0.1:0", sip_listen="127.0.0.1:0", env=None, log_file=None,
                 folder=None, allow_error_log=False, exit_code=0, rtp_ports=None, wrapper=()):
        self.own_folder = folder is None
        self.folder = folder or tempfile.mkdtemp(prefix="peer-")
        self.exit_code, self.allow_error_log = exit_code, allow_error_log
        base = random.randrange(10000, 27200, 400)  # above 28000: ports that tests name
        command = ["--ws-listen", ws_listen, "--sip-listen", sip_listen, "--rtp-ports",
                   rtp_ports or "%d-%d" % (base, base + 399)]
        if sip is not None:
            command += ["--sip-server", sip if isinstance(sip, str) else "127.0.0.1:%d" % sip.port]
            if "--sip-keepalive" not in flags:  # most scripts at the other end know calls alone
                command += ["--sip-keepalive", "0"]
        if "--max-tick-late" not in flags:  # a busy machine is no reason for another answer
            command += ["--max-tick-late", "0"]
        self.out_path = os.path.join(self.folder, "stdout.txt")
        self.err_path = os.path.join(self.folder, "stderr.txt")
        self.log_path = os.path.join(self.folder, log_file) if log_file else self.out_path
        if log_file:
            command += ["--log-file", self.log_path]
        with open(self.out_path, "wb") as out, open(self.err_path, "wb") as err:
            self.process = subprocess.Popen(list(wrapper) + server_command(command + list(flags)), cwd=self.folder, stdin=subprocess.DEVNULL,
                                            stdout=out, stderr=err, env=clean_environment(env))
        self.stopped = False
        if not hasattr(_mine, "servers"):
            _mine.servers = []
        _mine.servers.append(self)
        try:
            self._wait_ready()
        except BaseException:
            self.kill()
            raise

    def _wait_ready(self):
        def ready():
            if self.process.poll() is not None:
                raise AssertionError("server ended with %d at start: %s%s" % (
                    self.process.returncode, self.read(self.err_path), self.log[-500:]))
            log = self.log
            return self._ws_match(log) and self._sip_match(log)
        wait_until(ready, 15, "server ready; log: " + self.log[-1000:])
        found = self._ws_match(self.log)
        self.ws_host = found.group(2) or "127.0.0.1"
        self.ws_port = int(found.group(1) or found.group(3))
        self.sip_port = int(self._sip_match(self.log).group(2))
        self.pid = self.process.pid
        if WRAPPER and "strace" in os.path.basename(WRAPPER[0]):
            self.pid = int(self.read("/proc/%d/task/%d/children" % (self.pid, self.pid)).split()[0])

    @staticmethod
    def _ws_match(log):
        return LISTEN_RE.search(log) or re.search(r"WebSocket 音頻服務器監聽(?:所有網路介面上的端口 (\d+)|位址 (\[.*\]|[^\s:]+):(\d+))", log)

    @staticmethod
    def _sip_match(log):
        return SIP_RE.search(log) or re.search(r"SIP [^\n]*?(\[[0-9a-f:]*\]|\d+\.\d+\.\d+\.\d+):(\d+)", log)

    @staticmethod
    def read(path):
        try:
            with open(path, encoding="utf-8", errors="replace") as file:
                return file.read()
        except FileNotFoundError:
            return ""

    @property
    def log(self):
        return self.read(self.log_path)

    @property
    def stderr(self):
        return self.read(self.err_path)

    def wait_log(self, pattern, timeout=5):
        return wait_until(lambda: re.search(pattern, self.log), timeout, "log line " + pattern)

    def path(self, *names):
        return os.path.join(self.folder, *names)

    @property
    def uploads(self):
        return sorted(os.listdir(self.path("uploaded_wavs")))

    @property
    def recordings(self):
        return sorted(glob.glob(self.path("recordings", "*.wav")))

    def status(self, key):
        """A figure of /proc/PID/status: kB, or the plain number."""
        found = re.search(r"(?m)^%s:\s*(\d+)" % key, self.read("/proc/%d/status" % self.pid))
        return int(found.group(1))

    def fds(self):
        return len(os.listdir("/proc/%d/fd" % self.pid))

    def children(self):
        return self.read("/proc/%d/task/%d/children" % (self.pid, self.pid)).split()

    def udp_sockets(self):
        """(ip, port) of every IPv4 UDP socket that the server holds."""
        inodes = set()
        for fd in os.listdir("/proc/%d/fd" % self.pid):
            try:
                found = re.match(r"socket:\[(\d+)\]", os.readlink("/proc/%d/fd/%s" % (self.pid, fd)))
            except OSError:
                continue
            if found:
                inodes.add(found.group(1))
        result = []
        for line in self.read("/proc/net/udp").splitlines()[1:]:
            fields = line.split()
            if fields[9] in inodes:
                ip, port = fields[1].split(":")
                result.append((socket.inet_ntoa(bytes.fromhex(ip)[::-1]), int(port, 16)))
        return result

    def signal(self, number):
        os.kill(self.pid, number)

    def wait_exit(self, timeout=8):
        try:
            code = self.process.wait(timeout * SLOW)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError("server did not end; log: " + self.log[-1500:]) from None
        self.stopped = True
        return code

    def check_streams(self):
        assert not DIRTY_RE.search(self.stderr), "stderr: " + self.stderr[-4000:]
        if not self.allow_error_log:
            wrong = re.findall(r"(?m)^\[[^\]]*\] ERROR .*$", self.log)
            assert not wrong, "ERROR lines in the log: %s" % wrong[:5]

    def stop(self):
        """One process and one thread to the end, SIGTERM, exit 0, nothing wrong on stderr."""
        if self.stopped:
            return self.check_streams()
        code = self.process.poll()
        assert code is None, "server died with %s: %s" % (code, self.stderr[-4000:])
        threads, children = self.status("Threads"), self.children()
        self.signal(signal.SIGTERM)
        code = self.wait_exit()
        self.check_streams()
        assert code == self.exit_code, "exit code %d, expected %d; log: %s" % (code, self.exit_code, self.log[-1000:])
        threads -= EMULATED  # qemu has one of its own
        assert threads == 1 and not children, "%d threads, children %s" % (threads, children)

    def kill(self):
        if self.process.poll() is None:
            if hasattr(self, "pid") and self.pid != self.process.pid:
                try:
                    os.kill(self.pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            self.process.kill()
            self.process.wait()
        self.stopped = True

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        try:
            if kind is None:
                self.stop()
        finally:
            self.kill()

    def remove(self):
        if self.own_folder:
            shutil.rmtree(self.folder, ignore_errors=True)


def remove_all():
    """The folders of all servers that this thread started."""
    for server in getattr(_mine, "servers", []):
        server.remove()


def need(tool):
    """Ends the file with 77 when a program is missing, except in CI, where that is a failure."""
    if shutil.which(tool):
        return
    print("%s is missing" % tool)
    sys.exit(1 if os.environ.get("CI") else 77)


def _run_one(name, function):
    _mine.servers = []
    started = time.monotonic()
    try:
        function()
        return name, None, time.monotonic() - started
    except Exception:  # pylint: disable=broad-except
        story = traceback.format_exc()
        for server in _mine.servers:
            story += "--- log of the server on %s\n%s\n" % (getattr(server, "ws_port", "?"), server.log[-3000:])
            if server.stderr:
                story += "--- its stderr\n%s\n" % server.stderr[-3000:]
        return name, story, time.monotonic() - started
    finally:
        for server in _mine.servers:
            server.kill()
            server.remove()


def main(module, workers=8):
    """Runs every test of the module, or those named on the command line."""
    if not os.path.exists(SERVER):
        print("server %s is missing" % SERVER)
        sys.exit(1 if os.environ.get("CI") else 77)
    tests = [(n, f) for n, f in vars(module).items() if re.match(r"(test|fault)_", n) and callable(f)]
    if sys.argv[1:]:
        tests = [(n, f) for n, f in tests if n in sys.argv[1:]]
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(2 if WRAPPER else workers) as pool:
        for future in concurrent.futures.as_completed([pool.submit(_run_one, n, f) for n, f in tests]):
            name, story, seconds = future.result()
            print("%-4s %s (%.1f s)" % ("ok" if story is None else "FAIL", name, seconds), flush=True)
            if story:
                failed += 1
                print(story, flush=True)
    print("%d passed, %d failed" % (len(tests) - failed, failed))
    sys.stdout.flush()
    os._exit(1 if failed or not tests else 0)  # threads of clients that a failed test left behind do not hold us
