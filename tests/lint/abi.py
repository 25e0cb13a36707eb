#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""libsip_client's interface against tests/lint/abi.txt: exported names with their prototypes, layouts of the public
structures, enumerators, macros. --update writes the list anew; what may change stands in docs/library.md.

Sizes and offsets are those of 64 bit machines (LP64), where Linux lays these structures out alike; elsewhere: skipped."""
import pathlib
import re
import subprocess
import sys
import tempfile

import common
import exports

HEADERS = ("sip_client.h", "sip_client_async.h")
HEAD = """# The interface of libsip_client on 64 bit machines. Written by tests/lint/abi.py --update, never by hand.
# A line that goes or changes breaks programs that exist; a new line at most adds something for new ones (docs/library.md).
"""
ATTRIBUTE = re.compile(r"__attribute__\s*\(\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\)\)")
VISIBLE = '__attribute__((__visibility__("default")))'
PIECE = re.compile(r"[^;{]*(?:\{[^{}]*\}[^;{]*)?;")
RECORD = re.compile(r"(typedef )?(struct|union|enum) ?(\w*) ?\{(.*)\} ?(\w*);")
DEFINE = re.compile(r"^#define (\w+)(\([^)]*\))?(?: +(.*?))? *(?:/\*.*)?$", re.M)
DECLARATOR = re.compile(r"(\**)(\w+)((?:\[\w+\])*)")


class NotUnderstood(Exception):
    """A declaration of a kind that this script does not know yet."""


def ours(compiler, header):
    """The header's own text behind the preprocessor, without what it includes."""
    command = [*compiler, "-E", "-DSIP_CLIENT_LIBRARY", str(header)]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    lines, here = [], False
    for line in text.splitlines():
        marker = re.match(r'# \d+ "([^"]*)"', line)
        if marker:
            here = pathlib.Path(marker.group(1)).name == header.name
        elif here and not line.startswith("#"):
            lines.append(line)
    return re.sub(r'extern "C" \{', "", "\n".join(lines))


def plain(text):
    text = re.sub(r"\s+", " ", text).strip()
    return re.sub(r" ?\( ?", "(", re.sub(r" ?([;,)])", r"\1", text))


def members(body):
    """(name, type) of each member; those of one declaration share its type and have stars and brackets of their own."""
    for declaration in filter(None, (part.strip() for part in body.split(";"))):
        first, *others = declaration.split(",")
        match = re.fullmatch(r"(.*?\w)\s*(\**\w+(?:\[\w+\])*)", first.strip())
        if not match:
            raise NotUnderstood(declaration)
        for item in (match.group(2), *others):
            declarator = DECLARATOR.fullmatch(item.strip())
            if not declarator:
                raise NotUnderstood(declaration)
            stars, name, brackets = declarator.groups()
            yield name, plain(match.group(1) + (" " + stars if stars else "") + brackets)


def probe(compiler, questions):
    """The values of constant expressions, as a program of our own prints them; None where it cannot run."""
    with tempfile.TemporaryDirectory() as folder:
        source, program = pathlib.Path(folder) / "probe.c", pathlib.Path(folder) / "probe"
        lines = "".join(f'    printf("%lld\\n", (long long)({question}));\n' for question in questions)
        includes = "".join(f'#include "{header}"\n' for header in HEADERS)
        source.write_text(f"#include <stddef.h>\n#include <stdio.h>\n{includes}int main(void)\n{{\n{lines}    return 0;\n}}\n")
        subprocess.run([*compiler, "-DSIP_CLIENT_LIBRARY", str(source), "-o", str(program)], check=True)
        try:
            result = subprocess.run([str(program)], capture_output=True, text=True)
        except OSError:
            return None
    return [int(word) for word in result.stdout.split()] if result.returncode == 0 else None


def record_lines(compiler, records):
    """Lines of structures and enumerations: records is [(name, kind, body)]."""
    questions, texts = ["sizeof(void *) == 8 && sizeof(long) == 8"], []
    for name, kind, body in records:
        if kind == "enum":
            for word in filter(None, (part.split("=")[0].strip() for part in body.split(","))):
                questions.append(word)
                texts.append(f"enumerator {name} {word} = {{}}")
            continue
        questions += [f"sizeof({name})", f"_Alignof({name})"]
        texts.append(f"layout {name}: {{}} bytes, aligned to {{}}")
        for member, type_text in members(body):
            questions += [f"offsetof({name}, {member})", f"sizeof((({name} *)0)->{member})"]
            texts.append(f"layout {name}.{member}: at {{}}, {{}} bytes, {type_text}")
    values = probe(compiler, questions)
    if values is None or values[0] != 1:
        print("no 64 bit machine, or its programs do not run here: skipped")
        sys.exit(common.SKIP)
    values = iter(values[1:])
    return [text.format(*(next(values) for _ in range(text.count("{}")))) for text in texts]


def declarations(compiler, header, exported):
    """Lines of prototypes and types, and the records whose layout is to be asked for."""
    lines, records = [], []
    for piece in PIECE.findall(ours(compiler, header)):
        visible = VISIBLE in piece
        text = plain(ATTRIBUTE.sub("", piece))
        record = RECORD.fullmatch(text)
        if record:
            typedef, kind, tag, body, name = record.groups()
            if typedef and not name or not typedef and name:
                raise NotUnderstood(text)
            records.append((name or f"{kind} {tag}", kind, body))
        elif text.startswith("typedef "):
            lines.append(f"type {text}")
        elif visible:
            name = re.search(r"(\w+)\(", text).group(1)
            lines.append(f"function {name}@{exported.get(name, 'nowhere')}: {text}")
        elif text != ";":
            raise NotUnderstood(text)
    return lines, records


def macros(header):
    """The text of each macro; several, where it depends on what the program defines."""
    found = {}
    for name, parameters, body in DEFINE.findall(header.read_text(encoding="utf-8")):
        if name != header.name.upper().replace(".", "_"):
            found.setdefault(name + parameters, []).append(re.sub(r"\s+", " ", body) or "nothing")
    return [f"macro {name} = {' | '.join(bodies)}" for name, bodies in found.items()]


def interface(arguments):
    compiler = [*arguments.cc.split(), "-I", str(arguments.root / "include")]
    exported = dict(name.split("@@") for name in exports.listed(arguments.nm, arguments.shared, "-D") if "@@" in name)
    lines, records = [f"soname {arguments.soname}"], []
    for name in HEADERS:
        header = arguments.root / "include" / name
        own_lines, own_records = declarations(compiler, header, exported)
        lines += own_lines + macros(header)
        records += own_records
    return sorted(lines) + record_lines(compiler, sorted(records))


def differences(old, new):
    gone = [line for line in old if line not in new]
    added = [line for line in new if line not in old]
    return [f"- {line}" for line in gone] + [f"+ {line}" for line in added]


def main():
    arguments = common.arguments(
        __doc__, ("--shared", {"required": True, "help": "libsip_client.so"}), ("--soname", {"required": True}),
        ("--nm", {"default": "nm"}), ("--cc", {"default": "cc"}),
        ("--list", {"type": pathlib.Path, "default": pathlib.Path(__file__).with_name("abi.txt")}),
        ("--update", {"action": "store_true", "help": "write the list anew"}))
    try:
        lines = interface(arguments)
    except NotUnderstood as declaration:
        common.finish([f"abi.py does not know how to read: {declaration}"], "abi")
    if arguments.update:
        arguments.list.write_text(HEAD + "".join(f"{line}\n" for line in lines), encoding="utf-8")
    stored = [line for line in arguments.list.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    problems = differences(stored, lines)
    if not problems and stored != lines:
        problems.append("the order of the list is another one")
    if problems:
        print("The interface is not that of tests/lint/abi.txt (- stored, + now). When that is meant: docs/library.md, then --update.")
    common.finish(problems, "abi")


if __name__ == "__main__":
    main()
