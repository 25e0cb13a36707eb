# SPDX-License-Identifier: MIT
"""What a packet costs does not grow unseen: instructions of user space by callgrind, system calls by strace, each with a bound.

Instructions are those of the program that users run (optimised at link time); other builds say that theirs are not counted. They hold
on a busy machine and differ between compilers by a few percent. The tick serves both directions, so it is said what counts where:

sent       the far end is silent, the client speaks, 20 ms of mu-law a message: all that the server does in that time, divided by the
           packets that the telephones got. So reading and queueing the client's frame, and the whole tick with its packet. MEDIA:rtp, where
           the client is sent nothing meanwhile (MEDIA:ulaw would bring it frames of silence); what it says goes the same way in both.
received   the far end speaks, the client listens with MEDIA:ulaw; less the same with a silent far end and MEDIA:off; divided by the
           packets sent to the server. So receiving, judging and placing a packet, its 20 ms taken out again, the client's frame, and its
           share of wake-ups. The tick with its packet of silence is in both measurements and falls out.

A call that talks in both directions costs about the sum. System calls are those of such calls, echo and all, in each 20 ms.

To measure anew after a change, with a Release or RelWithDebInfo build of gcc:

    SERVER=build/ws_audio_server /usr/bin/python3 -B tests/peer/test_cost.py

prints what it saw. A bound is that with 10 % of room, and is lowered where something has become cheaper, so that it stays so."""
import collections
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

from harness import SERVER, main, need, wait_until

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "tools", "benches"))
import programs  # noqa: E402: found by the line above

BOUNDS = {
    "instructions_received": 2680,
    "instructions_sent": 2830,
    # A call and 20 ms: RTP out, frame out, RTP in, frame in; and the tick, which all calls share.
    "calls_but_epoll_wait": 4.4,
    # A packet and a frame wake the server at most once each, the tick all calls together.
    "calls_epoll_wait": 2.2,
}
BUILD = os.environ.get("COST_BUILD", "whole")  # "plain": not optimised at link time; "sanitized"
CALLS_COUNTED, CALLS_TRACED = 10, 20
SECONDS, WARM = 2.5, 0.6
TRIES = 3  # on a machine that is too busy packets are late
# Is the far end silent, the client's format, whether it speaks.
LOADS = {"silent": (True, "off", ()), "listens": (False, "ulaw", ()), "speaks": (True, "rtp", ("-o",))}


def judge(**figures):
    for name, value in figures.items():
        print("%s: %.2f, bound %.2f" % (name.replace("_", " "), value, BOUNDS[name]), flush=True)
    over = [name for name, value in figures.items() if value > BOUNDS[name]]
    assert not over, "over the bound: %s" % ", ".join(over)


class Load:
    """Telephones and clients with that many calls through a server, all up."""

    def __init__(self, folder, server, calls, quiet, form, words):
        self.calls = calls
        self.telephones = programs.telephones(folder, calls, server.pid, False, quiet)
        try:
            self.clients = programs.clients(folder, calls, "-f", form, "-t", "MEDIA:%s;CALL:bench" % form, *words)
        except BaseException:
            self.telephones.end()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.clients.end()
        time.sleep(0.3)  # the server's BYEs are answered
        self.telephones.end()

    def measure(self, begin, end):
        """Figures of some seconds, between the caller's two actions."""
        for party in (self.clients, self.telephones):
            if party.line() != "up":
                raise programs.Failed("%s is not up" % party.name)
        time.sleep(WARM)
        begin()
        for party in (self.telephones, self.clients):
            party.order("begin")
        time.sleep(SECONDS)
        for party in (self.telephones, self.clients):
            party.order("end")
        end()
        return self.telephones.figures(), self.clients.figures()

    def nominal(self):
        return 50 * self.calls * SECONDS


def measured(make):
    """What make() gives, once nearly everything came through in time; None on a machine that is too busy: then nothing can be judged."""
    for left in reversed(range(TRIES)):
        try:
            return make()
        except programs.Failed as problem:
            print("again: %s" % problem, flush=True)
            if left == 0:
                print("not judged: this machine is too busy", flush=True)
    return None


def need_most(name, count, nominal):
    """A late server handles several packets in one turn and looks cheap."""
    if count < 0.9 * nominal:
        raise programs.Failed("%s: %d of %d packets" % (name, count, nominal))


# ---- instructions ----

def callgrind(server, *words):
    done = subprocess.run(["vgdb", "--pid=%d" % server.pid, *words], stdin=subprocess.DEVNULL, capture_output=True, timeout=30, check=False)
    assert done.returncode == 0, "vgdb %s: %s" % (" ".join(words), done.stderr.decode())


def instructions(path):
    """Those since the dump before it, of each dump that is named for a load."""
    found = {}
    for name in sorted(os.listdir(path), key=lambda name: int(name.partition(".")[2] or 0)):  # out.1, out.2 ...: of two tries the later
        with open(os.path.join(path, name), encoding="utf-8", errors="replace") as file:
            text = file.read()
        cause = re.search(r"(?m)^desc: Trigger: .*?(silent|listens|speaks)", text)
        if cause:
            found[cause.group(1)] = int(re.search(r"(?m)^(?:summary|totals): (\d+)", text).group(1))
    return found


def count_load(folder, server, path, name):
    """(instructions, packets sent by the telephones, packets received by them) of a load."""
    with Load(folder, server, CALLS_COUNTED, *LOADS[name]) as load:
        heard, seen = load.measure(lambda: callgrind(server, "dump", "before"), lambda: callgrind(server, "dump", name))
        need_most("from the server", heard["received"], load.nominal())
        if name == "listens":
            need_most("to the client", seen["frames"], load.nominal())
        if name == "speaks":
            need_most("of the client", heard["stamped"], load.nominal())
    return instructions(path)[name], heard["sent"], heard["received"]


def count_under_callgrind():
    with tempfile.TemporaryDirectory(prefix="cost-") as path:
        # Instrumented from the start: what is switched on later is translated anew, which takes longer than a tick.
        wrapper = ("valgrind", "--tool=callgrind", "--callgrind-out-file=%s/out" % path, "--log-file=%s/log" % path)
        with programs.Server(SERVER, CALLS_COUNTED, ("--no-record",), wrapper=wrapper) as server:
            folder = programs.build(SERVER)
            return {name: measured(lambda name=name: count_load(folder, server, path, name)) for name in LOADS}


def test_instructions_of_a_packet():
    why = BUILD != "whole" and "this build is not optimised at link time, as what users run is"
    why = why or (not shutil.which("valgrind") and "valgrind is missing")
    if why:
        print("instructions are not counted: " + why, flush=True)
        return
    found = count_under_callgrind()
    if None in found.values():
        return
    idle, _, silences = found["silent"]
    listening, received, _ = found["listens"]
    speaking, _, sent = found["speaks"]
    print("instructions, a packet of silence sent: %.0f" % (idle / silences), flush=True)
    judge(instructions_received=(listening - idle) / received, instructions_sent=speaking / sent)


# ---- system calls ----

def traced(path, begin, end):
    """The system calls that began between two times, by name."""
    found = collections.Counter()
    with open(path, encoding="utf-8", errors="replace") as file:
        for line in file:
            match = re.match(r"\d+ +(\d+\.\d+) (\w+)\(", line)
            if match and begin <= float(match.group(1)) < end:
                found[match.group(2)] += 1
    return found


def has_ended(path):
    with open(path, "rb") as file:
        return b"+++ " in file.read()


def trace():
    with tempfile.TemporaryDirectory(prefix="cost-") as path:
        table, times = os.path.join(path, "strace"), []
        wrapper = ("strace", "-D", "-f", "-ttt", "-s", "0", "-e", "signal=none", "-o", table)
        with programs.Server(SERVER, CALLS_TRACED, ("--no-record",), wrapper=wrapper) as server, \
                Load(programs.build(SERVER), server, CALLS_TRACED, False, "ulaw", ("-e",)) as load:
            heard, seen = load.measure(lambda: times.append(time.time()), lambda: times.append(time.time()))
        need_most("of the client", heard["stamped"], load.nominal())
        need_most("to the client", seen["frames"], load.nominal())
        wait_until(lambda: has_ended(table), what="the end of the trace")  # -D: the server is our child, not strace
        calls = traced(table, *times)
        assert calls, "nothing was traced"
        return calls, heard["received"]


def test_system_calls_of_a_call():
    if not shutil.which("strace") or subprocess.run(["strace", "-o", os.devnull, "true"], capture_output=True, check=False).returncode:
        print("system calls are not counted: strace is missing, or may not trace here", flush=True)
        return
    result = measured(trace)
    if result is None:
        return
    calls, packets = result
    print("  ".join("%s %.2f" % (name, number / packets) for name, number in calls.most_common(8)), flush=True)
    waits = calls.pop("epoll_wait", 0) + calls.pop("epoll_pwait", 0) + calls.pop("epoll_pwait2", 0)
    judge(calls_but_epoll_wait=sum(calls.values()) / packets, calls_epoll_wait=waits / packets)


if __name__ == "__main__":
    need(os.environ.get("CC", "cc"))
    if BUILD == "sanitized":
        print("a build with a sanitizer is not what users run, and neither valgrind nor strace go with it")
        sys.exit(77)
    main(sys.modules[__name__], workers=1)  # both load the same addresses
