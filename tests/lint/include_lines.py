# SPDX-License-Identifier: MIT
"""The rooms' include rule: base <- {sipmsg <- siptx <- sipua, sdp, rtp, audio, ws} <- call <- app, base <- http <- app, and base <- os <- store <- app (store sees audio too)."""
import re

import common

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
BELOW = common.BELOW
# No clock, no I/O below the app: these headers offer none but stdio's formatting.
PURE_C = {"assert.h", "float.h", "inttypes.h", "limits.h", "math.h", "stdarg.h", "stdbool.h", "stddef.h", "stdint.h",
          "stdio.h", "stdlib.h", "string.h"}
FREE_SYSTEM = ("os", "app", "library")
# A recording is named for its date.
OTHERS = {("store", "recordings_name.c"): ("time.h",)}
LIBRARIES = {"wslay/": {("ws", None), ("app", "options_print.c")},
             "ares": {("os", "resolver.c")},
             "openssl/": {("base", "digest.c"), ("app", "options_print.c")}}


def public_ok(room, name):
    if room == "library" and name in ("sip_client.h", "sip_client_async.h"):
        return True
    if name == "wsaudio/base.h" or name.startswith("wsaudio/base/"):
        return True
    match = re.fullmatch(r"wsaudio/(\w+)(?:/\w+)?\.h", name)
    return match is not None and (match.group(1) == room or match.group(1) in BELOW[room])


def system_ok(room, path, name):
    for prefix, places in LIBRARIES.items():
        if name.startswith(prefix):
            return (room, None) in places or (room, path.name) in places
    return room in FREE_SYSTEM or name in PURE_C or name in OTHERS.get((room, path.name), ())


def check(root, room, path, problems):
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        match = INCLUDE.match(line)
        if not match:
            continue
        quote, name = match.groups()
        if quote == "<":
            good = system_ok(room, path, name)
        elif name.startswith(("wsaudio/", "sip_client")):
            good = public_ok(room, name)
        else:
            good = "/" not in name and (root / "src" / room / name).is_file() and "wsaudio" not in path.parts
        if not good:
            problems.append(f"{path.relative_to(root)}:{number}: room {room} may not include {name}")


def main():
    root = common.arguments(__doc__).root
    problems = []
    for room in BELOW:
        for path in common.files(root, f"src/{room}/**/*.[ch]", f"include/wsaudio/{room}.h", f"include/wsaudio/{room}/*.h"):
            check(root, room, path, problems)
    for folder in sorted((root / "src").iterdir()):
        if folder.is_dir() and folder.name not in BELOW:
            problems.append(f"src/{folder.name}: a room without an include rule")
    common.finish(problems, "include lines")


if __name__ == "__main__":
    main()
