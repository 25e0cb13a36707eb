# SPDX-License-Identifier: MIT
"""What the lint scripts share: the tree's files and a way to report."""
import argparse
import pathlib
import sys

SKIP = 77  # ctest's SKIP_RETURN_CODE
LEVEL_1 = ("sipmsg", "siptx", "sipua", "sdp", "rtp", "audio", "ws", "http")
# What each room may see.
BELOW = {"base": (), "os": ("base",), "sipmsg": ("base",), "siptx": ("base", "sipmsg"), "sipua": ("base", "sipmsg", "siptx"),
         "sdp": ("base", "audio"), "rtp": ("base",), "audio": ("base",), "ws": ("base",), "http": ("base",),
         "media": ("base", "sdp", "rtp", "audio"), "call": ("base", "media", "sipmsg", "siptx", "sipua", "sdp", "rtp", "audio"),
         "loopback": ("base", "sipmsg", "siptx", "sipua", "media"), "client": ("base", "media", "call") + LEVEL_1,
         "dialect_text": ("base", "media", "call", "client") + LEVEL_1,
         "store": ("base", "os", "audio"),
         "app": ("base", "media", "call", "loopback", "client", "dialect_text", "os", "store") + LEVEL_1,
         "library": ("base", "os", "sipmsg", "siptx", "sipua", "sdp", "rtp", "audio", "media")}


def arguments(text, *extra):
    parser = argparse.ArgumentParser(description=text)
    parser.add_argument("--root", type=pathlib.Path, required=True, help="the source tree")
    for name, options in extra:
        parser.add_argument(name, **options)
    return parser.parse_args()


def files(root, *patterns):
    """Files below the root, sorted; build folders are never inside these patterns."""
    found = set()
    for pattern in patterns:
        found.update(path for path in root.glob(pattern) if path.is_file())
    return sorted(found)


def c_files(root):
    return files(root, "src/**/*.[ch]", "include/**/*.h", "tests/**/*.[ch]", "tools/**/*.[ch]")


def finish(problems, what):
    for problem in problems:
        print(problem)
    print(f"{what}: {len(problems)} problem(s)")
    sys.exit(1 if problems else 0)
