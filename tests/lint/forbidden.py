# SPDX-License-Identifier: MIT
"""Words and calls that have no place here."""
import re

import common

# In the program itself: threads, processes, waiting, unbounded copies.
CALLS = re.compile(r"\bpthread_\w+|\b(?:v?fork|clone|system|popen|sleep|usleep|nanosleep|strcpy|strcat|stpcpy|v?sprintf|gets"
                   r"|alloca|strtok|rand|srand|localtime|gmtime|ctime|asctime)\s*\(")
# In any text: unfinished work, places that exist on one machine only.
WORDS = re.compile(r"\b(?:TO" r"DO|FIX" r"ME|XX" r"X)\b|(?<![\w.])/(?:home|root|wo" r"rk|Users)/\w")
STRING_OR_COMMENT = re.compile(r'"(?:\\.|[^"\\\n])*"|//[^\n]*|/\*.*?\*/', re.S)


def blank(match):
    return re.sub(r"[^\n]", " ", match.group(0))


def report(path, root, text, pattern, problems):
    for match in pattern.finditer(text):
        line = text.count("\n", 0, match.start()) + 1
        problems.append(f"{path.relative_to(root)}:{line}: {match.group(0).strip()}")


def main():
    root = common.arguments(__doc__).root
    problems = []
    for path in common.files(root, "src/**/*.[ch]", "include/**/*.h"):
        text = path.read_text(encoding="utf-8")
        report(path, root, STRING_OR_COMMENT.sub(blank, text), CALLS, problems)
    everything = common.files(root, "src/**/*", "include/**/*", "tests/**/*.[ch]", "tests/**/*.py", "tests/**/*.txt",
                              "tools/**/*", "docs/*", "*.md", "CMakeLists.txt", "CMakePresets.json")
    for path in everything:
        report(path, root, path.read_text(encoding="utf-8", errors="replace"), WORDS, problems)
    common.finish(problems, "forbidden words")


if __name__ == "__main__":
    main()
