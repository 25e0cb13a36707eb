# SPDX-License-Identifier: MIT
"""What the rooms need from outside and what they show. An allow-list proves that the rooms of levels 0 to 2 do no I/O and read no
clock. No two rooms define one name, and the first word of a name belongs to one room (those of SIP share theirs), so that it says
where to look; what programs of others call (sip_client.h) keeps its name."""
import re
import subprocess

import common

LIBC = re.compile(
    r"(mem(chr|cmp|cpy|move|set|mem|rchr)|str(chr|cmp|cspn|len|ncmp|nlen|pbrk|rchr|spn|str)|v?snprintf"
    r"|malloc|calloc|realloc|free|qsort|bcmp|abort"
    r"|sqrt|pow|exp|log|log10|log2|floor|ceil|round|lround|llround|fabs|sin|cos|fmin|fmax|fmod|trunc|rint|lrint)f?")
# What compilers put in by themselves.
COMPILER = re.compile(
    r"__stack_chk_fail|__(mem|str)\w+_chk|__v?snprintf_chk|__assert_fail|_GLOBAL_OFFSET_TABLE_|__tls_get_addr"
    r"|__(asan|ubsan|lsan|sanitizer|gcov|llvm|gcc|cov)\w*|__isoc\d+_\w+|__(u?div|u?mod|mul|float|fix)[a-z]*\d*"
    r"|__odr_asan\w*|__start_\w+|__stop_\w+|__sancov\w*")
EXTRA = {"base": re.compile(r"EVP_\w+|CRYPTO_memcmp"), "ws": re.compile(r"wslay_\w+")}
BELOW = common.BELOW


PREFIXED = ("sipmsg", "siptx", "sipua", "sdp", "rtp", "os")  # and there it is the room's


def room_prefix(room):
    return "sip" if room.startswith("sip") else room


def check_names(defined, public, problems):
    owners = {}
    for room, names in sorted(defined.items()):
        for name in sorted(names - public):
            first = name.split("_")[0]
            if room in PREFIXED and first not in (room_prefix(room), "rtcp" if room == "rtp" else ""):
                problems.append(f"room {room} defines {name}, which does not begin with {room_prefix(room)}_")
            for key in (name, first):
                other = owners.setdefault(key, room)
                if room_prefix(other) != room_prefix(room) or (key == name and other != room):
                    problems.append(f"room {room} defines {name}: {key} belongs to room {other}")


def public_names(root):
    text = "".join(path.read_text(encoding="utf-8") for path in common.files(root, "include/sip_client*.h"))
    return set(re.findall(r"\b(\w+)\(", text))


def symbols(nm, library, *flags):
    text = subprocess.run([nm, "-P", *flags, library], check=True, capture_output=True, text=True).stdout
    return {line.split()[0] for line in text.splitlines() if len(line.split()) >= 2}


def main():
    arguments = common.arguments(__doc__, ("--nm", {"default": "nm"}),
                                 ("--names", {"nargs": "*", "default": [], "help": "room=archive: names alone are looked at"}),
                                 ("libraries", {"nargs": "+", "help": "room=archive"}))
    archives = dict(item.split("=", 1) for item in arguments.libraries)
    defined = {room: symbols(arguments.nm, path, "-g", "--defined-only") for room, path in archives.items()}
    problems = []
    named = dict(item.split("=", 1) for item in arguments.names)
    shown = {room: symbols(arguments.nm, path, "-g", "--defined-only") for room, path in named.items()}
    check_names({**defined, **shown}, public_names(arguments.root), problems)
    for room, path in archives.items():
        inside = set(defined[room])
        for below in BELOW[room]:
            inside |= defined.get(below, set())
        for name in sorted(symbols(arguments.nm, path, "-u") - inside):
            extra = EXTRA.get(room)
            if LIBC.fullmatch(name) or COMPILER.fullmatch(name) or (extra and extra.fullmatch(name)):
                continue
            problems.append(f"room {room} needs {name}, which is not on its list")
    common.finish(problems, "symbols")


if __name__ == "__main__":
    main()
