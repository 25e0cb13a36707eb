# SPDX-License-Identifier: MIT
"""SVG drawings by gnuplot of what was measured: CPU against the number of calls, pacing and latency as distributions."""
import os
import re
import shutil
import statistics
import subprocess

from records import machine, row

# The places of the quantiles that the C programs write, in percent, without the longest of all.
PLACES = list(range(100)) + [99 + tenth / 10 for tenth in range(1, 10)]
HEAD = """set terminal svg size 760,440 dynamic font "sans-serif,13" background rgb "white"
set output "%(file)s"
set title "%(title)s\\n%(machine)s" noenhanced
set key left top Left reverse box opaque
set grid
set xlabel "%(x)s"
set ylabel "%(y)s"
"""
NAMES = {"ulaw": "MEDIA:ulaw", "hex": "RTP:HEX", "play": "a file plays", "record": "a file plays, recording"}


def block(name, lines):
    """Data for gnuplot, inside of its script."""
    return "$%s << END\n%s\nEND\n" % (name, "\n".join(" ".join("%.6g" % number for number in line) for line in lines))


def costs(runs, counts, place):
    """(calls, median, least, most) of the processor time, of whole runs; place: 0 the floor, 1 the server."""
    lines = []
    for calls, found in zip(counts, runs):
        values = [both[place].cost_us for both in found if both[0].whole and both[1].whole]
        if values:
            lines.append((calls, statistics.median(values), min(values), max(values)))
    return lines


def draw_cpu(bench):
    counts, series = sorted(bench.options.counts), []
    for work, floor in (("ulaw", "floor, both ways"), ("hex", None), ("play", "floor, RTP alone"), ("record", None)):
        runs = [bench.runs.get((work, calls), []) for calls in counts]
        for place, title in ((0, floor), (1, NAMES[work])):
            lines = costs(runs, counts, place) if title else []
            if lines:
                series.append((title, lines))
    data = "".join(block("d%d" % i, lines) for i, (_, lines) in enumerate(series))
    plots = ", ".join('$d%d using 1:2:3:4 with yerrorlines linewidth 2 title "%s"' % (i, title) for i, (title, _) in enumerate(series))
    return data + "set yrange [0:*]\nset xrange [0:*]\nset key outside below horizontal\nplot " + plots + "\n" if series else None


def distribution(runs, place, of):
    """(ms, percent), the median over the runs at each place."""
    lists = [of(both[place]) for both in runs if of(both[place])]
    return [(max(0.001, statistics.median(values)), percent) for percent, values in zip(PLACES, zip(*lists))]


def draw_distributions(series):
    series = [(title, lines) for title, lines in series if lines]
    data = "".join(block("d%d" % i, lines) for i, (_, lines) in enumerate(series))
    plots = ", ".join('$d%d using 1:(100 - $2) with lines linewidth 2 title "%s"' % (i, title) for i, (title, _) in enumerate(series))
    axes = 'set logscale xy\nset yrange [0.1:100]\nset ytics ("all" 100, "1 in 10" 10, "1 in 100" 1, "1 in 1000" 0.1)\n'
    return data + axes + "set key left bottom\nplot " + plots + "\n" if series else None


def draw_pacing(bench):
    runs = bench.runs.get(("ulaw", bench.options.at), [])
    return draw_distributions([("floor", distribution(runs, 0, lambda run: run.telephones["gap"])),
                               ("server", distribution(runs, 1, lambda run: run.telephones["gap"]))])


def draw_latency(bench):
    packets, decoded = (bench.runs.get((work, bench.options.at), []) for work in ("rtp", "ulaw"))
    return draw_distributions([("floor", distribution(packets, 0, lambda run: run.clients["latency"])),
                               ("server, MEDIA:rtp", distribution(packets, 1, lambda run: run.clients["latency"])),
                               ("server, MEDIA:ulaw", distribution(decoded, 1, lambda run: run.clients["latency"]))])


def tidy(path):
    """The tree's text files have no tabs and no blanks at the ends of their lines."""
    with open(path, encoding="utf-8") as file:
        text = file.read()
    with open(path, "w", encoding="utf-8") as file:
        file.write(re.sub(r"[ \t]+\n", "\n", text.replace("\t", " ")).strip("\n") + "\n")


def draw(folder, bench):
    if not shutil.which("gnuplot"):
        row("plots", "gnuplot is missing")
        return
    os.makedirs(folder, exist_ok=True)
    at = bench.options.at
    for name, script, title, x, y in (
            ("cpu", draw_cpu(bench), "CPU of a call", "calls", "us of CPU, each second"),
            ("pacing", draw_pacing(bench), "Pacing of %d calls" % at, "|time between two packets - 20 ms|, ms", "packets that are further off"),
            ("latency", draw_latency(bench), "From RTP in to WebSocket frame out, %d calls" % at, "ms", "frames that take longer")):
        if script is None:  # not asked for in this run
            continue
        path = os.path.join(folder, name + ".svg")
        head = HEAD % {"file": path, "title": title, "machine": machine(), "x": x, "y": y}
        subprocess.run(["gnuplot"], input=(head + script).encode(), check=True)
        tidy(path)
        row("plot", path)
