# SPDX-License-Identifier: MIT
"""Functions of at most 80 lines, files of at most 800. Functions begin and end with a brace in column 1 (clang-format)."""
import common

FUNCTION_MAX = 80
FILE_MAX = 800
# Data tables, by file and function or object name; a whole file by its path alone.
EXEMPT = set()


def functions(lines):
    """(name line, length) of each body that opens with { in column 1."""
    start = None
    for number, line in enumerate(lines, 1):
        if line == "{":
            start = number
        elif line.startswith("}") and start is not None:
            yield start, number - start + 1
            start = None


def main():
    root = common.arguments(__doc__).root
    problems = []
    for path in common.c_files(root):
        name = str(path.relative_to(root))
        lines = path.read_text(encoding="utf-8").splitlines()
        if name in EXEMPT:
            continue
        if len(lines) > FILE_MAX:
            problems.append(f"{name}: {len(lines)} lines, {FILE_MAX} allowed")
        for start, length in functions(lines):
            if length > FUNCTION_MAX:
                problems.append(f"{name}:{start}: function of {length} lines, {FUNCTION_MAX} allowed")
    common.finish(problems, "sizes")


if __name__ == "__main__":
    main()
