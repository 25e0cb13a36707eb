# SPDX-License-Identifier: MIT
"""Text files as .editorconfig says (UTF-8, line ends, blanks), and links of pages that lead to files of the tree."""
import re

import common

TEXTS = ("*.md", "*.json", ".clang-format", ".editorconfig", ".gitignore", "CMakeLists.txt", "cmake/*", "docs/**/*", "include/**/*",
         "src/**/*", "tests/**/*.[ch]", "tests/**/*.py", "tests/**/*.md", "tests/**/CMakeLists.txt", "tests/**/*.js", "tools/**/*")
LINK = re.compile(r"\]\(([^)\s]+)\)")
ELSEWHERE = re.compile(r"[a-z]+:|#")


def check_text(name, data, problems):
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        problems.append(f"{name}: not UTF-8")
        return
    if text.startswith("\ufeff"):
        problems.append(f"{name}: begins with a byte order mark")
    if "\r" in text:
        problems.append(f"{name}: line ends of another system")
    if text and (not text.endswith("\n") or text.endswith("\n\n")):
        problems.append(f"{name}: does not end with one line end")
    for number, line in enumerate(text.splitlines(), 1):
        if line != line.rstrip(" \t"):
            problems.append(f"{name}:{number}: blanks at the end")
        if "\t" in line:
            problems.append(f"{name}:{number}: a tab")


def check_links(root, path, problems):
    for target in LINK.findall(path.read_text(encoding="utf-8")):
        if not ELSEWHERE.match(target) and not (path.parent / target.split("#")[0]).exists():
            problems.append(f"{path.relative_to(root)}: there is no {target}")


def main():
    root = common.arguments(__doc__).root
    problems = []
    for path in common.files(root, *TEXTS):
        if "__pycache__" in path.parts or "node_modules" in path.parts:
            continue
        check_text(path.relative_to(root), path.read_bytes(), problems)
    for path in common.files(root, "*.md", "docs/**/*.md", "tests/**/*.md"):
        check_links(root, path, problems)
    common.finish(problems, "pages")


if __name__ == "__main__":
    main()
