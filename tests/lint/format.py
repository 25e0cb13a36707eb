# SPDX-License-Identifier: MIT
"""clang-format, as .clang-format says; skipped where version 14 or later is missing."""
import re
import shutil
import subprocess
import sys

import common


def main():
    arguments = common.arguments(__doc__, ("--clang-format", {"default": "clang-format"}))
    tool = shutil.which(arguments.clang_format)
    version = subprocess.run([tool, "--version"], capture_output=True, text=True).stdout if tool else ""
    match = re.search(r"version (\d+)", version)
    if not match or int(match.group(1)) != 14:
        print("clang-format 14 is not here: skipped")
        sys.exit(common.SKIP)
    problems = []
    for path in common.c_files(arguments.root):
        result = subprocess.run([tool, "--dry-run", "-Werror", "--style=file", str(path)], capture_output=True, text=True)
        if result.returncode != 0:
            problems.append(result.stderr.splitlines()[0] if result.stderr else str(path))
    common.finish(problems, "format")


if __name__ == "__main__":
    main()
