# SPDX-License-Identifier: MIT
"""The C programs of tools/load and the server beside them: built, pinned, started, measured for some seconds, ended.

Server and floor have the first core, the load has the others; with one core everything shares it. All sit on two addresses of
127.0.0.0/8 drawn at random, so that no port is in the way of another program's."""
import os
import random
import re
import select
import shutil
import socket
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
SOURCES = os.path.join(HERE, "..", "load")
NEEDS = {"floor": ("floor.c", "load.c"), "telephones": ("telephones.c", "answer.c", "load.c"), "clients": ("clients.c", "load.c")}
CORES = sorted(os.sched_getaffinity(0))
SERVER_CORES, LOAD_CORES = (CORES[:1], CORES[1:]) if len(CORES) > 1 else (CORES, CORES)
WS_PORT, SIP_PORT, TELEPHONE_PORT, RTP_PORT, FAR_PORT = 8080, 5062, 5060, 20000, 26000
RTP_PORTS_MAX = 2500  # calls of the floor between RTP_PORT and FAR_PORT
PATIENCE = 60
_network = "127.%d.%d" % (random.randrange(1, 255), random.randrange(1, 255))
NEAR, FAR = _network + ".1", _network + ".2"


class Missing(Exception):
    """Something that a measurement needs is not on this machine."""


class Failed(Exception):
    """A program of a run ended or did not answer: the run has no figures."""


def build(server):
    """Compiles what is older than its sources, with $CC and $CFLAGS (cc -O2); the folder of the programs."""
    folder = os.path.join(os.path.dirname(os.path.abspath(server)), "load")
    compiler = os.environ.get("CC", "cc")
    if not shutil.which(compiler):
        raise Missing("a C compiler (%s)" % compiler)
    try:
        os.makedirs(folder, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError:  # an installed server
        folder = tempfile.mkdtemp(prefix="bench-load-")
    for name, sources in NEEDS.items():
        target = os.path.join(folder, name)
        newest = max(os.path.getmtime(os.path.join(SOURCES, file)) for file in os.listdir(SOURCES))
        if not os.path.exists(target) or os.path.getmtime(target) < newest:
            fresh = "%s.%d" % (target, os.getpid())
            subprocess.run([compiler, *os.environ.get("CFLAGS", "-O2").split(), "-std=c11", "-o", fresh] +
                           [os.path.join(SOURCES, file) for file in sources], check=True)
            os.replace(fresh, target)
    return folder


def processor_ns(pid):
    """The CPU clock of a process: user and system, all threads."""
    return time.clock_gettime_ns((~pid) << 3 | 2)


def status_kib(pid, key):
    with open("/proc/%d/status" % pid, encoding="ascii", errors="replace") as file:
        return int(re.search(r"(?m)^%s:\s*(\d+)" % key, file.read()).group(1))


def wait_listening(ip, port, process, pause=0.0002):
    deadline = time.monotonic() + PATIENCE
    while True:
        with socket.socket() as probe:
            if probe.connect_ex((ip, port)) == 0:
                return
        if process.poll() is not None or time.monotonic() > deadline:
            raise Failed("nothing listens on %s:%d" % (ip, port))
        time.sleep(pause)


class Process:
    """A program on its cores; ended when the block is left."""

    def __init__(self, command, cores, cwd=None, out=subprocess.PIPE):
        self.name = os.path.basename(command[0])
        before = os.sched_getaffinity(0)
        os.sched_setaffinity(0, cores)  # which it inherits; a function to run in the child would make Python copy itself for it
        try:
            self.process = subprocess.Popen([str(word) for word in command], cwd=cwd, stdin=subprocess.PIPE, stdout=out,
                                            stderr=None if out == subprocess.PIPE else subprocess.STDOUT)
        finally:
            os.sched_setaffinity(0, before)
        self.pid, self.rest = self.process.pid, b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()

    def order(self, word):
        self.process.stdin.write(word.encode() + b"\n")
        self.process.stdin.flush()

    def line(self, patience=PATIENCE):
        """The next line that it writes."""
        deadline = time.monotonic() + patience
        while b"\n" not in self.rest:
            if not select.select([self.process.stdout], [], [], max(0, deadline - time.monotonic()))[0]:
                raise Failed("%s says nothing" % self.name)
            more = os.read(self.process.stdout.fileno(), 65536)
            if not more:
                raise Failed("%s ended with %s" % (self.name, self.process.wait()))
            self.rest += more
        line, self.rest = self.rest.split(b"\n", 1)
        return line.decode()

    def figures(self):
        """name=value of its line; lists with commas are quantiles in ms."""
        line, found = self.line(), {}
        while line == "up":  # said late, by telephones whose calls come and go
            line = self.line()
        for word in line.split():
            name, value = word.split("=", 1)
            if value == "-":
                found[name] = []
            elif "," in value:
                found[name] = [int(number) / 1000 for number in value.split(",")]
            else:
                found[name] = float(value)
        return found

    def end(self):
        if self.process.poll() is None:
            self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        for stream in (self.process.stdin, self.process.stdout):
            if stream:
                stream.close()


class Server(Process):
    """ws_audio_server with room for so many calls, in a folder of its own; under another program where that is named."""

    more_flags = ()  # of the command line

    def __init__(self, program, calls, flags=(), files=(), wrapper=()):
        self.folder = tempfile.mkdtemp(prefix="bench-")
        os.mkdir(os.path.join(self.folder, "uploaded_wavs"))
        for name, data in files:
            with open(os.path.join(self.folder, "uploaded_wavs", name), "wb") as file:
                file.write(data)
        room = calls + 10
        command = [*wrapper, os.path.abspath(program), "--ws-listen", "%s:%d" % (NEAR, WS_PORT), "--sip-listen", "%s:%d" % (NEAR, SIP_PORT),
                   "--sip-server", "%s:%d" % (FAR, TELEPHONE_PORT), "--sip-keepalive", 0, "--calls-per-minute", 0,
                   "--no-media-seconds", 0, "--max-calls", room, "--max-clients", room,
                   "--rtp-ports", "%d-%d" % (RTP_PORT, RTP_PORT + 4 * room - 1), "--log-level", "warning", *flags, *self.more_flags]
        self.log = open(os.path.join(self.folder, "log"), "wb")
        super().__init__(command, SERVER_CORES, cwd=self.folder, out=self.log)
        try:
            wait_listening(NEAR, WS_PORT, self.process)
        except Failed:
            self.end()
            raise

    def end(self):
        super().end()
        self.log.close()
        shutil.rmtree(self.folder, ignore_errors=True)


class Floor(Process):
    """The floor program with the work of that many calls."""

    def __init__(self, folder, calls, mode, flags=()):
        super().__init__([os.path.join(folder, "floor"), "-n", calls, "-a", "%s:%d" % (NEAR, RTP_PORT), "-t", "%s:%d" % (FAR, FAR_PORT),
                          "-w", "%s:%d" % (NEAR, WS_PORT), "-m", mode, *flags], SERVER_CORES)
        if self.line() != "ready":
            raise Failed("the floor does not start")


def telephones(folder, calls, pid, direct, quiet=False, ports=None):
    there = (["-d", "%s:%d" % (NEAR, RTP_PORT)] if direct else []) + (["-q"] if quiet else []) + (["-l", ports] if ports else [])
    return Process([os.path.join(folder, "telephones"), "-n", calls, "-x", pid, "-a",
                    "%s:%d" % (FAR, FAR_PORT if direct else TELEPHONE_PORT), *there], LOAD_CORES)


def clients(folder, calls, *words):
    return Process([os.path.join(folder, "clients"), "-n", calls, "-s", "%s:%d" % (NEAR, WS_PORT), *words], LOAD_CORES)


BUSY = """
import time
busy, rest = %f, %f
while True:
    until = time.monotonic() + busy
    while time.monotonic() < until:
        pass
    if rest:
        time.sleep(rest)
"""


def busy_neighbour(percent):
    """A program on the server's core that takes so much of it, in pieces of 2 ms."""
    return Process([sys.executable, "-c", BUSY % (percent * 2e-5, (100 - percent) * 2e-5)], SERVER_CORES)


def measure(parties, warm, seconds):
    """Lets the parties come up, then measures for that long; their figures, one dictionary each."""
    for party in reversed(parties):  # clients whose calls are refused end; telephones go on waiting
        if party.line() != "up":
            raise Failed("%s is not up" % party.name)
    time.sleep(warm)
    for party in parties:
        party.order("begin")
    time.sleep(seconds)
    for party in parties:
        party.order("end")
    return [party.figures() for party in parties]
