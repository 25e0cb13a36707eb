# SPDX-License-Identifier: MIT
"""libsip_client shows the names of its two headers and no other: global in the archive, dynamic in the shared library."""
import re
import subprocess

import common

DECLARED = re.compile(r"^SIP_(?:CLIENT|PHONE)_API [^;(]*?\b(\w+)\(", re.M)
# What compilers put in by themselves.
COMPILER = re.compile(r"__(asan|odr_asan|ubsan|sancov|gcov|llvm|start|stop)\w*|_init|_fini|SIP_CLIENT_\d+")


def declared(root):
    names = set()
    for header in ("sip_client.h", "sip_client_async.h"):
        names |= set(DECLARED.findall((root / "include" / header).read_text(encoding="utf-8")))
    return names


def listed(nm, library, *flags):
    """Names of a library as nm gives them: those of a shared one with their version, name@@VERSION."""
    text = subprocess.run([*nm.split(), "-P", "-g", "--defined-only", *flags, library], check=True, capture_output=True,
                          text=True).stdout
    return {line.split()[0] for line in text.splitlines() if len(line.split()) >= 3}


def shown(nm, library, *flags):
    names = {name.split("@")[0] for name in listed(nm, library, *flags)}
    return {name for name in names if not COMPILER.fullmatch(name)}


def main():
    arguments = common.arguments(__doc__, ("--nm", {"default": "nm"}), ("--static", {"required": True}), ("--shared", {}))
    wanted = declared(arguments.root)
    problems = [] if wanted else ["no declaration found in the headers"]
    libraries = [(arguments.static, ())] + ([(arguments.shared, ("-D",))] if arguments.shared else [])
    for library, flags in libraries:
        found = shown(arguments.nm, library, *flags)
        problems += [f"{library}: {name} is visible and in no header" for name in sorted(found - wanted)]
        problems += [f"{library}: {name} is missing" for name in sorted(wanted - found)]
    common.finish(problems, "exports")


if __name__ == "__main__":
    main()
