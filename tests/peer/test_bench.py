# SPDX-License-Identifier: MIT
"""tools/bench measures: each of its WHATs that load the server with many calls yields figures, from C programs that compile without
a warning. What the figures are is judged nowhere."""
import csv
import os
import subprocess
import sys
import tempfile
import threading

from harness import SERVER, main, need
from timing import SLOW

TOOLS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "tools")
sys.path.insert(0, os.path.join(TOOLS, "benches"))
import programs  # noqa: E402: found by the line above

os.environ["CFLAGS"] = "-O2 -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wstrict-prototypes -Wmissing-prototypes -Werror"
SMALL = ("--counts", "2", "--at", "2", "--runs", "1", "--measure", "1", "--warm", "0.2", "--rates", "20", "--setup-seconds", "1", "--alone")
_compiling = threading.Lock()


def server_link():
    """A link to the server, for the C programs lie beside it: these are compiled with warnings."""
    link = os.path.join(os.path.dirname(os.path.abspath(SERVER)), "bench-test", "ws_audio_server")
    with _compiling:
        os.makedirs(os.path.dirname(link), exist_ok=True)
        if not os.path.islink(link):
            os.symlink(os.path.abspath(SERVER), link)
        programs.build(link)
    return link


def figures(*what):
    """Rows of the CSV file, one dictionary each."""
    with tempfile.TemporaryDirectory(prefix="peer-") as folder:
        path = os.path.join(folder, "figures.csv")
        command = [sys.executable, os.path.join(TOOLS, "bench"), "--server", server_link(), "--csv", path, *SMALL, *what]
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=100 * SLOW)
        assert done.returncode == 0, done.stdout.decode()
        print(done.stdout.decode())
        with open(path, encoding="utf-8", newline="") as file:
            assert file.readline().startswith("# ")  # the machine
            return list(csv.DictReader(file))


def has(rows, **wanted):
    found = [row for row in rows if all(row[key] == value for key, value in wanted.items())]
    assert found, "no figure with %s" % wanted
    for row in found:
        assert float(row["value"]) == float(row["value"]), "not a number: %s" % row
    return found


def test_floor_and_server_side_by_side():
    rows = figures("cpu", "pacing", "latency", "memory", "--measure", "0.6")
    for work in ("ulaw", "hex", "play", "record"):
        for program in ("floor", "server"):
            assert float(has(rows, what="cpu", work=work, program=program, figure="cpu")[0]["value"]) > 0
            has(rows, what="cpu", work=work, program=program, figure="delivered")
    for what, work in (("pacing", "ulaw"), ("latency", "rtp"), ("latency", "ulaw")):
        for name in ("p50", "p99", "longest"):
            has(rows, what=what, work=work, program="floor", figure=name)
            has(rows, what=what, work=work, program="server", figure=name)
    assert float(has(rows, what="memory", figure="anon at rest")[0]["value"]) > 0
    has(rows, what="memory", figure="rss a call")


def test_calls_come_and_go():
    rows = figures("setup", "start")
    assert float(has(rows, what="setup", figure="cpu")[0]["value"]) > 0
    assert int(has(rows, what="setup", figure="cpu")[0]["calls"]) > 0
    has(rows, what="setup", figure="not done")
    assert float(has(rows, what="start")[0]["value"]) > 0


def test_more_calls_than_there_is_room_for():
    rows = figures("overload", "--most", "2", "--step", "1", "--measure", "0.3")
    for work, calls in (("growing", "1"), ("110 %", "3"), ("150 %", "3")):
        for name in ("up", "refused", "cut", "core", "delivered", "frames lost", "gap p99"):
            has(rows, what="overload", work=work, calls=calls, figure=name)


def test_the_floor_alone():
    rows = figures("floor", "--measure", "0.2")
    assert len(has(rows, what="floor", figure="cpu")) == 8
    has(rows, what="floor", figure="gap p99")


if __name__ == "__main__":
    need(os.environ.get("CC", "cc"))
    main(sys.modules[__name__])
