# SPDX-License-Identifier: MIT
"""Pages with rows of requirements name tests that exist: `LEVEL.ROOM.FILE:function`, `LEVEL.ROOM.FILE`, `peer.FILE:function`."""
import re

import common

PAGES = ("docs/sip-conformance.md", "docs/field.md")
NAME = re.compile(r"`((?:unit|fsm|sim)\.[a-z_]+\.\w+|peer\.\w+)(?::(\w+))?`")
ROW = re.compile(r"^\|[^|]*\|[^|]*\|(.*)\|$")


def source_of(root, name):
    level, *rest = name.split(".")
    if level == "peer":
        return root / "tests" / "peer" / ("test_%s.py" % rest[0])
    return root / "tests" / level / rest[0] / ("test_%s.c" % rest[1])


def defines(path, function):
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".py":
        return re.search(r"(?m)^def %s\(" % function, text) is not None
    # a function, and one that the file's list of tests has
    return len(re.findall(r"\b%s\b" % function, text)) >= 2 and re.search(r"(?m)^static void %s\(void \*\*" % function, text)


def check(root, page, problems):
    for number, line in enumerate((root / page).read_text(encoding="utf-8").splitlines(), 1):
        names = NAME.findall(line)
        for name, function in names:
            path = source_of(root, name)
            if not path.exists():
                problems.append("%s:%d: there is no %s" % (page, number, path.relative_to(root)))
            elif function and not defines(path, function):
                problems.append("%s:%d: %s has no test %s" % (page, number, path.relative_to(root), function))
        row = ROW.match(line)
        if row and not names and "**open**" not in row.group(1) and row.group(1).strip() not in ("test", "---"):
            problems.append("%s:%d: neither a test nor open" % (page, number))


def main():
    root = common.arguments(__doc__).root
    problems = []
    for page in PAGES:
        check(root, page, problems)
    common.finish(problems, "conformance")


if __name__ == "__main__":
    main()
