# SPDX-License-Identifier: MIT
"""Every flag of --help stands in the manual page; README, docs and examples name no flag that is unknown. Pages for whoever
changes the program may name those of tools/ and of the tests' own scripts too."""
import re
import subprocess

import common

FLAG = re.compile(r"(?<![\w-])--([a-z][a-z0-9-]*)")
# Flags of other programs that the docs show.
OTHERS = {"cflags", "libs", "all", "build", "install", "target", "output-on-failure", "user", "no-create-home", "system", "now"}
DEVELOPER_PAGES = ("testing.md", "performance.md", "debugging.md", "style.md", "CONTRIBUTING.md")
# Those of cmake, gdb, perf, valgrind that docs/debugging.md shows.
OTHERS_OF = {"debugging.md": {"preset", "args", "call-graph", "stdio", "no-children", "sort", "leak-check"}, "CONTRIBUTING.md": {"preset"},
             "testing.md": {"preset"}, "library.md": {"root", "shared", "soname", "update"}}
KEY = re.compile(r"^#?\s?([a-z][a-z-]+) = ", re.M)


def main():
    arguments = common.arguments(__doc__, ("--server", {"required": True}))
    root = arguments.root
    text = subprocess.run([arguments.server, "--help"], check=True, capture_output=True, text=True).stdout
    known = {name for line in text.splitlines() for name in re.findall(r"^  --([a-z][a-z0-9-]*)", line)}
    problems = [] if len(known) > 10 else ["--help lists almost nothing"]
    manual = (root / "docs/ws_audio_server.1").read_text(encoding="utf-8").replace("\\-", "-")
    entries = set(re.findall(r"^\.It Fl -([a-z][a-z0-9-]*)", manual, re.M))
    problems += [f"the manual page has no entry for --{name}" for name in sorted(known - entries)]
    problems += [f"the manual page has an entry for --{name}, which is unknown" for name in sorted(entries - known)]
    tools = {name for path in common.files(root, "tools/*") for name in FLAG.findall(path.read_text(encoding="utf-8"))}
    for path in common.files(root, "*.md", "docs/*.md", "docs/*.example", "docs/*.service", "docs/*.1"):
        names = set(FLAG.findall(path.read_text(encoding="utf-8").replace("\\-", "-")))
        here = known | OTHERS | OTHERS_OF.get(path.name, set()) | (tools if path.name in DEVELOPER_PAGES else set())
        problems += [f"{path.relative_to(root)}: --{name} is unknown" for name in sorted(names - here)]
    for path in common.files(root, "docs/*.conf.example"):
        keys = set(KEY.findall(path.read_text(encoding="utf-8")))
        problems += [f"{path.relative_to(root)}: key {name} is unknown" for name in sorted(keys - known)]
        if not keys:
            problems.append(f"{path.relative_to(root)}: no keys")
    common.finish(problems, "flags in docs")


if __name__ == "__main__":
    main()
