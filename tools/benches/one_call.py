# SPDX-License-Identifier: MIT
"""What is measured with one call or few, by the Python telephones and clients of the peer tests: they need python3-websockets and
python3-websocket. strace, strip, cc and valgrind where they are there."""
import math
import os
import re
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "..", "tests", "peer"))
import audio  # noqa: E402: they are found by the line above
import harness  # noqa: E402
from clients import Client  # noqa: E402
from harness import Server  # noqa: E402
from phone import Phone, RtpPort, auto_phone  # noqa: E402
from records import quantile, row  # noqa: E402

BARE = r"""
import socket, sys, time
sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
to, count = ("127.0.0.1", int(sys.argv[1])), int(sys.argv[2])
packet, start = b"\x80" + bytes(171), time.monotonic() + 0.02
for index in range(count):
    left = start + index * 0.02 - time.monotonic()
    if left > 0:
        time.sleep(left)
    sock.sendto(packet, to)
"""


TURNS = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define TURNS 2000000

static struct { uint64_t count, turns[TURNS][2]; } *seen; /* begin of the turn, its processor time; ns */

static uint64_t now(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

int epoll_wait(int fd, struct epoll_event *events, int max, int timeout)
{
    static int (*real)(int, struct epoll_event *, int, int);
    static uint64_t begin, used;

    if (real == NULL) {
        *(void **)&real = dlsym(RTLD_NEXT, "epoll_wait");
        int file = open(getenv("BENCH_TURNS"), O_RDWR | O_CREAT, 0600);
        if (ftruncate(file, sizeof(*seen)) != 0) {
            _exit(99);
        }
        seen = mmap(NULL, sizeof(*seen), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
        close(file);
    } else if (seen->count < TURNS) {
        seen->turns[seen->count][0] = begin;
        seen->turns[seen->count][1] = now(CLOCK_THREAD_CPUTIME_ID) - used;
        seen->count++;
    }
    int count = real(fd, events, max, timeout);
    begin = now(CLOCK_MONOTONIC);
    used = now(CLOCK_THREAD_CPUTIME_ID);
    return count;
}
"""

FORMATS = ("hex", "rtp", "ulaw", "alaw", "l16", "l16/16000", "off")


def count_system_calls(server, seconds):
    """{name: count} of what the server does in that time; None without strace."""
    if not shutil.which("strace"):
        return None
    with tempfile.NamedTemporaryFile("r", prefix="bench-") as table:
        tracer = subprocess.Popen(["strace", "-c", "-f", "-o", table.name, "-p", str(server.pid)], stderr=subprocess.DEVNULL)
        time.sleep(seconds)
        tracer.send_signal(signal.SIGINT)
        tracer.wait(20)
        found = {}
        for line in table.read().splitlines():
            match = re.match(r"\s*[\d.]+\s+[\d.]+\s+\d+\s+(\d+)\s+(?:\d+\s+)?(\w+)$", line)
            if match and match.group(2) != "total":
                found[match.group(2)] = int(match.group(1))
        return found


def print_system_calls(title, calls, seconds):
    if calls is None:
        row(title, "strace is missing")
        return
    total = sum(calls.values())
    row(title, "%d in %d s, %.2f in each 20 ms" % (total, seconds, total / (seconds * 50)))
    for name, count in sorted(calls.items(), key=lambda item: -item[1]):
        row("    " + name, "%d (%.2f in each 20 ms)" % (count, count / (seconds * 50)))
    spawned = [name for name in calls if name in ("clone", "clone3", "fork", "vfork", "execve")]
    row("    clone, fork, exec", ", ".join(spawned) or "none")


def spread(sent):
    """Of (place in 20 ms frames, time): (mean interval, drift over the whole, 99th percentile of |interval - 20 ms|, of the
    distance to the straight line through all), in ms. A skipped frame is a place without a time."""
    off = [1000 * (time_b - time_a - 0.02 * (b - a)) for (a, time_a), (b, time_b) in zip(sent, sent[1:])]
    places, times = [place for place, _ in sent], [stamp for _, stamp in sent]
    middle, mean = sum(places) / len(sent), sum(times) / len(sent)
    slope = sum((p - middle) * (t - mean) for p, t in sent) / sum((p - middle) ** 2 for p in places)
    line = [1000 * abs(t - mean - slope * (p - middle)) for p, t in sent]
    whole = places[-1] - places[0]
    return (1000 * (times[-1] - times[0]) / whole, 1000 * (slope - 0.02) * whole, quantile([abs(o) for o in off], 0.99),
            quantile(line, 0.99))


def processor_time(pid):
    with open("/proc/%d/stat" % pid, encoding="ascii") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def bench_call(seconds):
    with auto_phone() as phone, Server(sip=phone) as server, Client(server) as client:
        client.call("bench")
        client.wait_audio(50)
        before, started = processor_time(server.pid), time.monotonic()
        time.sleep(5)
        share = (processor_time(server.pid) - before) / (time.monotonic() - started)
        row("processor, one call", "%.2f %% of a core" % (share * 100))
        packets = len(client.audio)
        print_system_calls("system calls, one call", count_system_calls(server, seconds), seconds)
        row("    packets received meanwhile", len(client.audio) - packets)
        row("    threads, children", "%d, %d" % (server.status("Threads"), len(server.children())))
        client.hangup()


def bench_idle(seconds):
    with Server() as server:
        print_system_calls("system calls, idle, nobody connected", count_system_calls(server, seconds), seconds)
        with Client(server, ping_interval=None):
            print_system_calls("system calls, idle, one client", count_system_calls(server, seconds), seconds)


def bench_pacing(seconds):
    frames = int(seconds * 50)
    data = audio.noise(frames)
    bare = RtpPort()
    with Phone() as phone, Server("--upload-max", "16M", "--no-media-seconds", "0", sip=phone) as server, Client(server) as client:
        client.upload("long.wav", audio.wav_ulaw(data), 60)
        client.send("CALL:bench")
        _, rtp = phone.answer()
        client.state("established")
        sender = subprocess.Popen([sys.executable, "-c", BARE, str(bare.port), str(frames)])
        client.play("long.wav", seconds + 30)
        sender.wait(60)
        client.hangup()
        phone.take_bye()
    played = [(stamp, audio.Rtp(octets)) for stamp, _, octets in rtp.seen]
    audio.assert_continuous([packet for _, packet in played])
    first = next(i for i, (_, packet) in enumerate(played) if packet.payload == data[:audio.FRAME])
    played = played[first:first + frames]
    begin = played[0][1].ts
    ours = spread([(((packet.ts - begin) & 0xFFFFFFFF) // audio.FRAME, stamp) for stamp, packet in played])
    theirs = spread(list(enumerate(stamp for stamp, _, _ in bare.seen)))
    bare.close()
    row("send times, %d packets" % frames, "server        bare sender   ratio")
    for name, a, b in zip(("    mean interval, ms", "    drift over the whole, ms", "    p99 of |interval - 20 ms|, ms",
                           "    p99 of |distance to the line|, ms"), ours, theirs):
        row(name, "%-13.4f %-13.4f %s" % (a, b, "%.2f" % (abs(a) / abs(b)) if b else "-"))
    skips = sum(1 for (_, a), (_, b) in zip(played, played[1:]) if (b.ts - a.ts) & 0xFFFFFFFF != audio.FRAME)
    row("    frames skipped for lateness", skips)


def bench_size():
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        copy = os.path.join(folder, "stripped")
        shutil.copy(harness.SERVER, copy)
        if shutil.which("strip"):
            subprocess.run(["strip", copy], check=True)
        row("program, stripped", "%d bytes (%d as built)" % (os.path.getsize(copy), os.path.getsize(harness.SERVER)))


def bench_memory(count):
    room = ["--max-calls", str(max(64, count)), "--max-clients", str(max(64, count)), "--calls-per-minute", "0"]

    def show(name, server):
        row(name, "RssAnon %d kB, RSS %d kB" % (server.status("RssAnon"), server.status("VmRSS")))
    with Server(*room) as server:
        show("memory, idle", server)
        clients = [Client(server) for _ in range(count)]
        for client in clients:
            client.call("echo")
        time.sleep(3)
        show("memory, %d calls up (loopback exchange too)" % count, server)
        before, started = processor_time(server.pid), time.monotonic()
        time.sleep(5)
        row("processor, %d calls up" % count,
            "%.1f %% of a core" % (100 * (processor_time(server.pid) - before) / (time.monotonic() - started)))
        for client in clients:
            client.hangup()
            client.close()
        show("memory, after them", server)
    with auto_phone() as phone, Server(*room, sip=phone) as server:
        clients = [Client(server) for _ in range(count)]
        for client in clients:
            client.call("bench")
        time.sleep(2)
        show("memory, %d calls up (through --sip-server)" % count, server)
        for client in clients:
            client.hangup()
            client.close()


def bench_clear(times=50):
    """The client's clock at CLEAR, the kernel's at the telephone's packets."""
    last_loud, first_silent = [], []
    with Phone() as phone, Server("--no-record", sip=phone) as server, Client(server) as client:
        client.send("MEDIA:off")
        client.send("MEDIA:hex")
        client.send("CALL:bench")
        _, rtp = phone.answer()
        client.state("established")
        for turn in range(times):
            client.send(b"\x11" * 80000)
            start = len(rtp.packets())
            rtp.wait(start + 5)
            time.sleep(turn % 20 / 1000)
            sent = time.time()
            client.send("CLEAR")
            before = len(rtp.packets())
            rtp.wait(before + 3)
            heard = [(stamp, audio.Rtp(octets).payload[0] == 0x11) for stamp, _, octets in list(rtp.seen)[start:]]
            last_loud.append(1000 * max(0.0, max(stamp for stamp, loud in heard if loud) - sent))
            first_silent.append(1000 * min(stamp for stamp, loud in heard if not loud and stamp > sent) - 1000 * sent)
        client.hangup()
        phone.take_bye()
    for name, values in (("CLEAR to the last packet of speech, ms", last_loud), ("CLEAR to the first packet of silence, ms", first_silent)):
        row(name, "median %.1f, longest %.1f (%d times)" % (quantile(values, 0.5), max(values), times))


def float_wav(seconds):
    """48 kHz, stereo, 32-bit float: two tones."""
    one = b"".join(struct.pack("<ff", 0.5 * math.sin(2 * math.pi * i * 1000 / 48000), 0.25 * math.sin(2 * math.pi * i * 440 / 48000))
                   for i in range(48000))
    return audio.riff([audio.fmt(3, 32, rate=48000, channels=2), audio.chunk(b"data", one * seconds)])


def preload(folder):
    """The environment in which the server's turns are measured; None without a compiler."""
    if not shutil.which("cc"):
        return None
    source, library = os.path.join(folder, "turns.c"), os.path.join(folder, "turns.so")
    with open(source, "w", encoding="ascii") as file:
        file.write(TURNS)
    subprocess.run(["cc", "-O2", "-shared", "-fPIC", "-o", library, source, "-ldl"], check=True)
    return {"LD_PRELOAD": library, "BENCH_TURNS": os.path.join(folder, "turns")}


def turns_between(folder, begin, end):
    """Processor time in ms of the turns that began between two instants (time.monotonic())."""
    with open(os.path.join(folder, "turns"), "rb") as file:
        count = struct.unpack("Q", file.read(8))[0]
        numbers = struct.unpack("%dQ" % (2 * count), file.read(16 * count))
    return [used / 1e6 for when, used in zip(numbers[::2], numbers[1::2]) if begin <= when / 1e9 <= end]


def print_turns(title, turns):
    row(title, "longest %.3f, p99.9 %.3f, mean %.3f of %d turns; over 2 ms: %d" % (
        max(turns), quantile(turns, 0.999), sum(turns) / len(turns), len(turns), sum(one > 2 for one in turns)))


def bench_conversion(seconds=60):
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        environment = preload(folder)
        if environment is None:
            row("turns of the loop", "cc is missing")
            return
        wav = float_wav(seconds)
        with auto_phone() as phone, Server("--upload-max", "64M", sip=phone, env=environment) as server, Client(server) as client:
            client.call("bench")
            client.wait_audio(50)
            marks = [time.monotonic()]
            time.sleep(5)
            marks.append(time.monotonic())
            client.upload("long.wav", wav, 60)
            client.send("PLAY_WAV:long.wav")
            marks.append(time.monotonic())
            kept = server.path("uploaded_wavs", ".converted-long.wav")
            harness.wait_until(lambda: os.path.exists(kept), 120, "the converted form")
            marks.append(time.monotonic())
            time.sleep(5)
            marks.append(time.monotonic())
            client.hangup()
        row("file, 48 kHz stereo float", "%d s, %d bytes, converted in %.1f s while it plays" % (seconds, len(wav), marks[3] - marks[2]))
        for name, begin, end in zip(("a call alone", "while it is uploaded", "while it is converted", "while it plays"), marks, marks[1:]):
            print_turns("    turn in ms, " + name, turns_between(folder, begin, end))


def count_instructions(format_name, speaks, seconds):
    """(instructions of the process in each 20 ms, those inside the tick) of a call with a far end that sends back what it hears."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        out = os.path.join(folder, "out")
        harness.WRAPPER[:] = ["valgrind", "--tool=callgrind", "--callgrind-out-file=" + out, "--instr-atstart=no", "--log-file=" + out + ".log"]
        try:
            with auto_phone() as phone, Server("--no-record", sip=phone) as server, Client(server, compression=None) as client:
                client.call("bench", timeout=20)
                client.send("MEDIA:" + format_name)
                client.expect("MEDIA", 20)
                piece = bytes([0x11, 0x22]) * {"l16": 160, "l16/16000": 320}.get(format_name, 80)
                pace = time.monotonic()
                for turn in range(25 + seconds * 50):
                    if turn == 25:
                        subprocess.run(["callgrind_control", "-i", "on", str(server.pid)], check=True, capture_output=True)
                    if speaks:
                        client.send(piece)
                    pace += 0.02
                    time.sleep(max(0, pace - time.monotonic()))
                subprocess.run(["callgrind_control", "-i", "off", str(server.pid)], check=True, capture_output=True)
                client.hangup()
        finally:
            harness.WRAPPER[:] = []
        text = subprocess.run(["callgrind_annotate", "--inclusive=yes", "--threshold=100", out], check=True, capture_output=True).stdout.decode()
        with open(out, encoding="utf-8", errors="replace") as file:
            raw = file.read()
    return per_tick(text, raw)


def per_tick(text, raw):
    total = int(re.search(r"(?m)^\s*([\d,]+).*PROGRAM TOTALS", text).group(1).replace(",", ""))
    inside = int(re.search(r"(?m)^\s*([\d,]+).*:media_tick(?:'\d)?(?: |$)", text).group(1).replace(",", ""))
    names = dict(re.findall(r"(?m)^c?fn=\((\d+)\) (\S+)", raw))
    calls = sum(int(count) for number, count in re.findall(r"(?m)^cfn=\((\d+)\).*\n(?:c?fi=.*\n)?calls=(\d+) ", raw)
                if names.get(number) == "media_tick")
    return total / calls, inside / calls


def bench_instructions(seconds=4):
    if not shutil.which("valgrind"):
        row("instructions", "valgrind is missing")
        return
    row("instructions of a call in each 20 ms", "all        of them what the tick sends")
    for speaks in (False, True):
        for name in FORMATS:
            if name != "off" or not speaks:
                figures = count_instructions(name, speaks, seconds)
                row("    %s%s" % (name, ", the client speaks too" if speaks else ""), "%-10d %d" % figures)
