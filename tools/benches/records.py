# SPDX-License-Identifier: MIT
"""Rows on the screen, figures for the CSV file, and the machine they belong to."""
import csv
import os
import re
import statistics

COLUMNS = ("what", "work", "calls", "run", "program", "whole", "figure", "value", "unit")
FIGURES = []  # rows of the CSV file


def row(name, value):
    print("%-46s %s" % (name, value), flush=True)


def quantile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else float("nan")


def figure(what, name, value, unit, work="", calls="", run="", program="server", whole=True):
    """Notes one measured number; `whole` says whether everything was delivered while it was measured."""
    FIGURES.append((what, work, calls, run, program, int(whole), name, "%.6g" % value, unit))


def spread(values, digits=0):
    """Median and range."""
    values = list(values)
    if not values:
        return "-"
    if len(values) == 1:
        return "%.*f" % (digits, values[0])
    return "%.*f (%.*f-%.*f)" % (digits, statistics.median(values), digits, min(values), digits, max(values))


def machine():
    """Model, cores that we may use, kernel."""
    with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as file:
        found = re.search(r"(?m)^(?:model name|Model|cpu model)\s*:\s*(.+)$", file.read())
    system = os.uname()
    return "%s, %d of %d cores, %s %s" % (found.group(1).strip() if found else system.machine, len(os.sched_getaffinity(0)),
                                          os.cpu_count(), system.sysname, system.release)


def write_csv(path):
    with open(path, "w", encoding="utf-8", newline="") as file:
        file.write("# %s\n" % machine())
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(FIGURES)
