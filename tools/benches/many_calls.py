# SPDX-License-Identifier: MIT
"""Many calls at once: processor time, pacing and latency beside the floor program, set-up, memory, start."""
import contextlib
import math
import os
import statistics
import struct
import time

import programs
from programs import Failed
from records import figure, row, spread

PLAYED = "bench.wav"
PLAYED_SECONDS = 300
# What of a call is done: the floor's letters, the clients' format, whether they send back, what they send first and once up, flags.
WORKS = {
    "ulaw": ("MEDIA:ulaw, both ways", "rswi", "ulaw", True, "MEDIA:ulaw", "", ("--no-record",)),
    "hex": ("RTP:HEX, both ways", "rswi", "hex", True, "MEDIA:hex", "", ("--no-record",)),
    "rtp": ("MEDIA:rtp, both ways", "rswi", "rtp", True, "MEDIA:rtp", "", ("--no-record",)),
    "listen": ("MEDIA:ulaw, the client only listens", "rsw", "ulaw", False, "MEDIA:ulaw", "", ("--no-record",)),
    "play": ("a file plays, MEDIA:off", "rs", "off", False, "MEDIA:off", "PLAY_WAV:" + PLAYED, ("--no-record",)),
    "record": ("the same with stereo recording", "rs", "off", False, "MEDIA:off", "PLAY_WAV:" + PLAYED, ("--record-channels", "stereo")),
}
FLOORS = (
    ("receive RTP", "r", ()), ("send RTP", "s", ()), ("receive and send", "rs", ()), ("and write frames", "rsw", ()),
    ("and read frames: the floor", "rswi", ()), ("the same, 20 slots of 1 ms", "rswi", ("-k", 20)),
    ("RTP drained at the tick", "rswi", ("-d",)), ("drained, 20 slots of 1 ms", "rswi", ("-d", "-k", 20)),
)
# Places in the lists of quantiles that the C programs write: 0 to 99 %, 99.1 to 99.9 %, the longest.
PERCENT = {"p50": 50, "p90": 90, "p99": 99, "p99.9": 108, "longest": 109}


def wav_noise(seconds, tag=7, octets=1):
    """8 kHz mu-law (tag 1, 2 octets: linear), one second of noise again and again."""
    data = os.urandom(8000 * octets) * seconds
    form = struct.pack("<HHIIHH", tag, 1, 8000, 8000 * octets, octets, 8 * octets)
    body = b"WAVE" + b"fmt " + struct.pack("<I", len(form)) + form + b"data" + struct.pack("<I", len(data)) + data
    return b"RIFF" + struct.pack("<I", len(body)) + body


class Run:
    """One measurement of a program: its figures, and whether everything was delivered."""

    def __init__(self, calls, mode, telephones, clients, comes_back):
        self.calls, self.telephones, self.clients = calls, telephones, clients
        self.seconds = telephones["seconds"]
        nominal = 50 * calls * self.seconds
        counts = [telephones["sent"]] if "r" in mode else []
        counts += [telephones["received"]] if "s" in mode else []
        counts += [clients["frames"]] if clients else []
        # Once in a call's life silence comes in, when the client's clock and the tick first meet the wrong way round.
        counts += [telephones["stamped"] + clients["silent"] + calls, clients["echoed"]] if comes_back else []
        missing = telephones["lost"] + telephones["skipped"] + (clients["lost"] if clients else 0)
        # At either end of the measured time each call may lack one packet that is under way.
        self.delivered = 1 - max(missing, *(nominal - calls - count for count in counts)) / nominal
        self.whole = self.delivered == 1
        self.cost_us = telephones["cpu_ns"] / 1000 / self.seconds / calls
        self.resting_kib = {}

    def gap(self, name):
        return self.telephones["gap"][PERCENT[name]] if self.telephones["gap"] else float("nan")

    def latency(self, name):
        found = self.clients["latency"] if self.clients else []
        return found[PERCENT[name]] if found else float("nan")


class Step:
    """So many calls were tried: what became of them, and of those that were up."""

    def __init__(self, tried, telephones, clients, growing):
        self.tried, self.up, self.telephones = tried, int(clients["up"]), telephones
        self.refused, self.cut = (int(growing[name] + clients[name]) for name in ("failed", "cut"))
        self.core = telephones["cpu_ns"] / 1e9 / telephones["seconds"]
        self.frames_lost = int(clients["lost"])
        missing = telephones["lost"] + telephones["skipped"] + clients["lost"]
        self.delivered = 1 - missing / max(1, telephones["received"] + clients["frames"] + missing)
        self.whole = missing == 0 and self.cut == 0
        self.load_late = telephones["late"] > 0
        self.good = self.whole and self.refused == 0 and self.up >= tried

    def gap(self, name):
        return self.telephones["gap"][PERCENT[name]] if self.telephones["gap"] else float("nan")


class Growth:
    """One server to which calls are added."""

    def __init__(self, telephones, clients, options):
        self.telephones, self.clients, self.options, self.tried = telephones, clients, options, 0

    @staticmethod
    def rate(options):
        """Calls a second: few enough that their setting-up is not what fills the server."""
        return max(20, options.most // 8)

    def to(self, calls):
        """So many are tried for, those there are already included; measured once they had time to come up."""
        self.clients.order("want %d" % calls)
        time.sleep((calls - self.tried) / self.rate(self.options) + 0.2 + self.options.warm)
        self.clients.order("end")
        growing, self.tried = self.clients.figures(), calls
        for party in (self.telephones, self.clients):
            party.order("begin")
        time.sleep(self.options.measure)
        for party in (self.telephones, self.clients):
            party.order("end")
        return Step(calls, self.telephones.figures(), self.clients.figures(), growing)


class Bench:
    """Runs what is asked for, each combination once; `options` are the arguments of the command."""

    def __init__(self, options):
        self.options = options
        self.folder = programs.build(options.server)
        self.runs = {}

    # ---- runs ----

    def floor_once(self, mode, calls, flags=()):
        with programs.Floor(self.folder, calls, mode, flags) as floor:
            return self.load(floor, calls, mode, ("-f", "ulaw", *(["-e"] if "i" in mode else [])) if set(mode) & set("wi") else (), True)

    def server_once(self, work, calls):
        _, mode, form, echoes, first, up, flags = WORKS[work]
        files = [(PLAYED, wav_noise(PLAYED_SECONDS))] if up else []
        words = ["-f", form, "-t", first + ";CALL:bench", *(["-e"] if echoes else []), *(["-u", up] if up else [])]
        with programs.Server(self.options.server, calls, flags, files) as server:
            resting = {key: programs.status_kib(server.pid, key) for key in ("VmRSS", "RssAnon")}
            run = self.load(server, calls, mode, words, False)
            run.resting_kib = resting
            return run

    def load(self, target, calls, mode, words, is_floor):
        """Telephones, and clients where there is something for them to do, against a program."""
        warm, seconds = self.options.warm, self.options.measure
        with programs.telephones(self.folder, calls, target.pid, is_floor, "r" not in mode) as telephones:
            if not words:
                return Run(calls, mode, *programs.measure([telephones], warm, seconds), None, False)
            with programs.clients(self.folder, calls, *words) as clients:
                heard, seen = programs.measure([telephones, clients], warm, seconds)
            target.end()  # while there are telephones that answer its BYE
        return Run(calls, mode, heard, seen if "w" in mode else None, "i" in mode and not is_floor)

    def pairs(self, works, calls):
        """{work: [(floor, server) …]}: so many runs, floor and server in turn; each work and number is measured once."""
        wanted = [work for work in works if (work, calls) not in self.runs]
        for _ in range(self.options.runs if wanted else 0):
            floors = {}
            for work in wanted:
                mode = WORKS[work][1]
                try:
                    floors[mode] = floors.get(mode) or self.floor_once(mode, calls)
                    self.runs.setdefault((work, calls), []).append((floors[mode], self.server_once(work, calls)))
                except Failed as problem:
                    row("    %s, %d calls" % (work, calls), "a run failed: %s" % problem)
        return {work: self.runs.get((work, calls), []) for work in works}

    # ---- what is printed ----

    def cpu(self):
        row("CPU of a call, us each second", "calls  floor              server             server/floor")
        works = [work for work in ("ulaw", "hex", "play", "record") if work in self.options.works]
        for calls in self.options.counts:
            found = self.pairs(works, calls)
            for work in works:
                self.note_cpu(work, calls, found[work])
                self.print_cpu(WORKS[work][0], calls, found[work])
            if found.get("play") and found.get("record"):
                ratios = [b[1].cost_us / a[1].cost_us for a, b in zip(found["play"], found["record"]) if a[1].whole and b[1].whole]
                row("    recording/without", "%-6d %-37s %s" % (calls, "", spread(ratios, 2)))

    @staticmethod
    def note_cpu(work, calls, found):
        for number, both in enumerate(found, 1):
            for program, run in zip(("floor", "server"), both):
                place = dict(work=work, calls=calls, run=number, program=program, whole=run.whole)
                figure("cpu", "cpu", run.cost_us, "us a call and second", **place)
                figure("cpu", "delivered", run.delivered, "share", **place)

    @staticmethod
    def print_cpu(title, calls, found):
        counted = [(floor, server) for floor, server in found if floor.whole and server.whole]
        shown = counted or found
        text = "%-6d %-18s %-18s %-18s" % (calls, spread(floor.cost_us for floor, _ in shown), spread(server.cost_us for _, server in shown),
                                           spread([server.cost_us / floor.cost_us for floor, server in shown], 2))
        if not counted and found:
            text += " does not count: %.2f %% delivered (floor %.2f %%)" % tuple(
                100 * statistics.median(both[i].delivered for both in found) for i in (1, 0))
        elif len(counted) < len(found):
            text += " %d of %d runs, the others were not whole" % (len(counted), len(found))
        row("    " + title, text)

    def distribution(self, what, work, of, compared=True):
        """Rows of a distribution in ms, of floor and server; and how far apart they are, where that says something."""
        found = self.pairs([work], self.options.at)[work]
        for number, both in enumerate(found, 1):
            for program, run in zip(("floor", "server"), both):
                for name in PERCENT:
                    figure(what, name, of(run, name), "ms", work, self.options.at, number, program, run.whole)
        for place, program in enumerate(("floor", "server")):
            row("    %s, %s" % (WORKS[work][0], program), "  ".join(
                "%s %s" % (name, spread([of(both[place], name) for both in found], 3)) for name in ("p50", "p99", "p99.9", "longest")))
        if found and compared:
            differences = [of(server, "p99") - of(floor, "p99") for floor, server in found]
            broken = sum(not run.whole for both in found for run in both)
            row("    server's p99 - floor's", spread(differences, 3) + (" (%d runs were not whole)" % broken if broken else ""))

    def pacing(self):
        row("|time between two packets - 20 ms|, ms", "%d calls, at the telephones by the kernel's time stamps" % self.options.at)
        self.distribution("pacing", "ulaw", Run.gap)

    def latency(self):
        row("RTP in to WebSocket frame out, ms", "%d calls" % self.options.at)
        self.distribution("latency", "rtp", Run.latency)
        row("    a decoded format", "60 ms of waiting for packets that were overtaken, and the way to the next tick:")
        self.distribution("latency", "ulaw", Run.latency, compared=False)

    def memory(self):
        runs = [server for _, server in self.pairs(["listen"], self.options.at)["listen"]]
        for number, run in enumerate(runs, 1):
            for key, name in (("VmRSS", "rss"), ("RssAnon", "anon")):
                growth = (run.telephones[name + "_kib"] - run.resting_kib[key]) / run.calls
                figure("memory", name + " at rest", run.resting_kib[key], "KiB", "listen", run.calls, number)
                figure("memory", name + " a call", growth, "KiB", "listen", run.calls, number, whole=run.whole)
        row("memory at rest, KiB", "RSS %s, anonymous %s" % (spread(run.resting_kib["VmRSS"] for run in runs),
                                                          spread(run.resting_kib["RssAnon"] for run in runs)))
        for name, key, what in (("anon", "RssAnon", "anonymous"), ("rss", "VmRSS", "of RSS, the pages of code that the first call needs among it")):
            row("memory more for each call with its client, KiB", "%s %s, with %d of them" % (spread(
                [(run.telephones[name + "_kib"] - run.resting_kib[key]) / run.calls for run in runs], 1), what, self.options.at))

    def setup(self):
        row("calls set up and hung up at once", "rate   placed  failed  CPU us a call    CALL to established, ms      HANGUP to ended, ms")
        for rate in self.options.rates:
            for number in range(1, self.options.runs + 1):
                self.setup_once(rate, number)

    def setup_once(self, rate, number):
        slots = max(20, rate // 4)
        try:
            with programs.Server(self.options.server, slots, ("--no-record",)) as server, \
                    programs.telephones(self.folder, slots, server.pid, False) as telephones, \
                    programs.clients(self.folder, slots, "-f", "off", "-r", rate, "-t", "MEDIA:off") as clients:
                if clients.line() != "up":
                    raise Failed("the clients are not connected")
                for party in (telephones, clients):
                    party.order("begin")
                time.sleep(self.options.setup_seconds)
                clients.order("stop")
                time.sleep(1)  # what is under way comes to its end
                clients.order("end")
                telephones.order("end")
                seen, heard = clients.figures(), telephones.figures()
                clients.end()
                server.end()  # while there are telephones that answer its BYE
        except Failed as problem:
            row("    run %d" % number, "failed: %s" % problem)
            return
        lost = seen["placed"] - seen["done"]
        whole = lost == 0 and seen["failed"] == 0 and seen["starved"] == 0
        cost = heard["cpu_ns"] / 1000 / max(1, seen["done"])
        place = dict(work="rate %d" % rate, calls=int(seen["placed"]), run=number, whole=whole)
        figure("setup", "cpu", cost, "us a call", **place)
        figure("setup", "not done", lost + seen["starved"], "calls", **place)
        texts = ["p50 %.1f p99 %.1f longest %.1f" % tuple(seen[name][PERCENT[p]] for p in ("p50", "p99", "longest"))
                 if seen[name] else "-" for name in ("answer", "ending")]
        row("    run %d" % number, "%-6d %-7d %-7d %-16.0f %-28s %s%s" % (
            rate, seen["placed"], lost, cost, *texts, "; %d found no client idle" % seen["starved"] if seen["starved"] else ""))

    # ---- more calls than there is room for ----

    def overload(self):
        """Calls grow by steps until some are refused or not all is delivered; then more than that are tried, each time anew."""
        row("more calls than there is room for, " + WORKS["ulaw"][0], "tried  up     refused  core   delivered  |gap - 20 ms| p50, p99, ms")
        try:
            with self.growth() as grown:
                full = self.overload_grow(grown)
            for percent in (110, 150):
                with self.growth() as grown:
                    self.overload_note("%d %%" % percent, grown.to(math.ceil(full * percent / 100)))
        except Failed as problem:
            row("    a run failed", problem)

    @contextlib.contextmanager
    def growth(self):
        room = math.ceil(1.5 * self.options.most)
        with programs.Server(self.options.server, room, ("--no-record",)) as server, \
                programs.telephones(self.folder, room, server.pid, False) as telephones, \
                programs.clients(self.folder, room, "-f", "ulaw", "-e", "-r", Growth.rate(self.options), "-k", "-t", "MEDIA:ulaw") as clients:
            if clients.line() != "up":
                raise Failed("the clients are not connected")
            yield Growth(telephones, clients, self.options)
            clients.end()
            server.end()  # while there are telephones that answer its BYE

    def overload_grow(self, grown):
        """The most calls that were all taken and whole."""
        full, wanted, why = 0, 0, "--most: it was not full"
        while wanted < self.options.most:
            wanted = min(wanted + self.options.step, self.options.most)
            step = grown.to(wanted)
            self.overload_note("growing", step)
            if not step.good:
                why = "the load's own core was full then, so it says nothing of the server" if step.load_late else "then it was full"
                break
            full = wanted
        row("    the most that were all taken and whole", "%d calls; %s" % (full, why))
        return max(full, 1)

    @staticmethod
    def overload_note(title, step):
        place = dict(work=title, calls=step.tried, whole=step.whole)
        for name, value, unit in (("up", step.up, "calls"), ("refused", step.refused, "calls"), ("cut", step.cut, "calls"),
                                  ("core", step.core, "share"), ("delivered", step.delivered, "share"), ("frames lost", step.frames_lost, "frames"),
                                  ("gap p50", step.gap("p50"), "ms"), ("gap p99", step.gap("p99"), "ms")):
            figure("overload", name, value, unit, **place)
        row("    " + title, "%-6d %-6d %-8d %-6.2f %-10s %.3f, %.3f%s%s" % (
            step.tried, step.up, step.refused, step.core, "%.3f %%" % (100 * step.delivered), step.gap("p50"), step.gap("p99"),
            "; %d calls were cut" % step.cut if step.cut else "", "; the load was late" if step.load_late else ""))

    def start(self):
        times = []
        for number in range(1, 4 * self.options.runs + 1):
            began = time.monotonic()
            with programs.Server(self.options.server, 64, ("--no-record",)):
                times.append(1000 * (time.monotonic() - began))
            figure("start", "start", times[-1], "ms", run=number)
        row("start to listening, ms", "%s, %d starts" % (spread(times, 1), len(times)))

    def floor(self):
        row("the floor's parts, %d calls" % self.options.at, "us a call and second   |gap - 20 ms| p50, ms   p99, ms")
        found = {}
        for number in range(1, self.options.runs + 1):
            for title, mode, flags in FLOORS:
                run = self.floor_once(mode, self.options.at, flags)
                found.setdefault(title, []).append(run)
                place = dict(work=title, calls=run.calls, run=number, program="floor", whole=run.whole)
                figure("floor", "cpu", run.cost_us, "us a call and second", **place)
                if "s" in mode:
                    figure("floor", "gap p99", run.gap("p99"), "ms", **place)
        for title, mode, _ in FLOORS:
            runs = found[title]
            gaps = ["%-23s" % spread([run.gap(name) for run in runs], 3) if "s" in mode else "" for name in ("p50", "p99")]
            row("    " + title, ("%-22s %s" % (spread(run.cost_us for run in runs), " ".join(gaps))).rstrip())
