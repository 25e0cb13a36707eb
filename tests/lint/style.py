# SPDX-License-Identifier: MIT
"""What docs/style.md says of C and a script can see: SPDX lines, guards, file heads, comments, types, log texts, errno, codecs, one place for a number."""
import re

import common
from forbidden import STRING_OR_COMMENT, blank

# Headers that programs of others include; they keep the names that those programs know.
LIBRARY = ("include/sip_client.h", "include/sip_client_async.h")
FORWARD = re.compile(r'\s*#include "[^"]+"\n')
GUARD = re.compile(r"#ifndef (\w+)\n#define (\w+)\n")
SPDX = re.compile(r"(?:#![^\n]*\n)?(?:/\*|#) SPDX-License-Identifier: MIT(?: \*/)?\n")
LEGAL = re.compile(r"/\* (?:SPDX-|Copyright)[^\n]*\*/\n")
INCLUDE = re.compile(r"^#include", re.M)
TYPEDEF = re.compile(r"\btypedef\s+(?:struct|union|enum)\b")
LOG = re.compile(r'\blog_write\(\s*[^,]+,\s*(LOG_\w+),\s*"((?:\\.|[^"\\])*)"')
# A message of the text protocol, or its beginning.
PROTOCOL = re.compile(r'"(?:ERROR|WAV_[A-Z_]+|CALL(?:_[A-Z]+)?|INCOMING(?:_GONE)?|MEDIA(?:_X?[A-Z]+)?|MARK|DTMF|LATENCY|RTP|PLAY_WAV|DELETE_WAV):')
DIALECT = "src/dialect_text/"
CONSTANT = re.compile(r"^[ \t]*#[ \t]*define[ \t]+(\w+)[ \t]+(\S[^\n]*)$", re.M)
# Codecs are rows of room audio: who they are and how many samples, octets and hertz they have is asked of the row.
AUDIO_ROOM = ("src/audio/", "include/wsaudio/audio.h")
CODEC = (("a codec is compared with one of them", re.compile(r"(?:[=!]=\s*|\bcase\s+)AUDIO_(?:ULAW|ALAW|L16)\b|\bAUDIO_(?:ULAW|ALAW|L16)\s*[=!]=")),
         ("a payload type is compared with a number", re.compile(r"payload_type\s*[=!]=\s*\d")),
         ("8000, 160 or / 125 without a name", re.compile(r"\b(?:8000|160)[uU]?\b|/\s*125[uU]?\b")))
DEFINE = re.compile(r"^[ \t]*#[ \t]*define\b.*$", re.M)
CONVERSION = re.compile(r"%[-+ #0]*[\d.*]*[a-z]+")


def code_of(text):
    return STRING_OR_COMMENT.sub(blank, text)


def without_comments(text):
    return STRING_OR_COMMENT.sub(lambda match: match.group(0) if match.group(0).startswith('"') else blank(match), text)


def guard_name(name):
    """What guards a header: WSAUDIO_ROOM_FILE_H, without WSAUDIO_ what programs of others include."""
    path = re.sub(r"^(src|include/wsaudio|include)/", "", name)
    return ("" if name in LIBRARY else "WSAUDIO_") + re.sub(r"\W", "_", path).upper()


def check_guard(name, text, seen, problems):
    bare = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
    if FORWARD.fullmatch(bare):
        return
    match = GUARD.match(bare.lstrip("\n"))
    if not match or match.group(1) != match.group(2) or not bare.rstrip().endswith("#endif"):
        problems.append(f"{name}: no guard around the whole header")
        return
    guard = match.group(1)
    if guard in seen:
        problems.append(f"{name}: the guard {guard} is that of {seen[guard]}")
    seen[guard] = name
    if name.startswith(("src/", "include/")) and guard != guard_name(name):
        problems.append(f"{name}: the guard is {guard}, not {guard_name(name)}")


def check_spdx(name, text, problems):
    if not SPDX.match(text):
        problems.append(f"{name}: does not begin with its licence, SPDX-License-Identifier: MIT")


def has_header(root, name):
    """Whether a source's header says what is in it; headers begin with that themselves."""
    folder, stem = name.rsplit("/", 1)
    stem = stem.removesuffix(".c")
    return name.endswith(".c") and ((root / folder / (stem + ".h")).is_file() or
                                    (root / "include/wsaudio" / folder.removeprefix("src/") / (stem + ".h")).is_file())


def check_head(name, text, problems):
    while LEGAL.match(text):
        text = text[LEGAL.match(text).end():]
    if not text.lstrip("\n").startswith("/*"):
        problems.append(f"{name}: does not begin with what it is for")


def check_code(name, text, problems):
    code = code_of(text)
    for match in STRING_OR_COMMENT.finditer(text):
        if match.group(0).startswith("//"):
            problems.append(f"{name}:{text.count(chr(10), 0, match.start()) + 1}: comments are /* */")
    for word in ("goto", "#pragma once"):
        if re.search(r"(?<!\w)%s\b" % word, code):
            problems.append(f"{name}: {word}")
    if not name.startswith(("src/", "include/")):
        return
    if not name.startswith(DIALECT) and PROTOCOL.search(without_comments(text)):
        problems.append(f"{name}: a message of the text protocol is written outside of {DIALECT}")
    if name not in LIBRARY and TYPEDEF.search(code):
        problems.append(f"{name}: a typedef hides a structure, union or enum")
    if not name.startswith(("src/os/", "src/library/")) and re.search(r"\berrno\b", code):
        problems.append(f"{name}: errno stays in os")
    if re.search(r"\bsizeof (?!\()", code):
        problems.append(f"{name}: sizeof(x), not sizeof x")
    if name.endswith(".c") and name.startswith("src/"):
        own, before = re.search(r'^#include "(?:wsaudio/\w+/)?%s\.h"' % re.escape(name[name.rindex("/") + 1:-2]), text, re.M), INCLUDE.search(text)
        if own and before.start() != own.start():
            problems.append(f"{name}: its own header comes first")
    for level, words in LOG.findall(without_comments(text)):
        if level != "LOG_DEBUG" and re.search(r"\w", CONVERSION.sub("", words)):
            problems.append(f"{name}: a log text that is not in the catalogue: {words}")


def check_codecs(name, text, problems):
    """A number may have a name (#define) where it is not a codec's: RFC 3551's table of what others speak, the size of a text."""
    if not name.startswith(("src/", "include/")) or name.startswith(AUDIO_ROOM):
        return
    code = DEFINE.sub(blank, code_of(text))
    for what, pattern in CODEC:
        for match in pattern.finditer(code):
            problems.append(f"{name}:{code.count(chr(10), 0, match.start()) + 1}: {what}: the row in audio_codecs knows")


def constants_of(name, text, seen):
    """Notes where a number or text is given a name; what is only another name for something is none."""
    if name.startswith(("src/", "include/")) and name not in LIBRARY:
        for macro, value in CONSTANT.findall(without_comments(text)):
            if re.search(r'\d|"', re.sub(r"[A-Za-z_]\w*", "", value)):
                seen.setdefault((macro, re.sub(r"\s+", "", value)), []).append(name)


def check_constants(seen, problems):
    for (macro, value), places in sorted(seen.items()):
        if len(set(places)) > 1:
            problems.append(f"{macro} is {value} in {', '.join(sorted(set(places)))}: one place, which the others include")


def main():
    root = common.arguments(__doc__).root
    problems, seen, constants = [], {}, {}
    for path in common.c_files(root) + common.files(root, "docs/examples/*.c"):
        name, text = path.relative_to(root).as_posix(), path.read_text(encoding="utf-8")
        check_spdx(name, text, problems)
        if name.endswith(".h"):
            check_guard(name, text, seen, problems)
        if name.startswith("include/") or (name.startswith("src/") and not has_header(root, name)):
            check_head(name, text, problems)
        check_code(name, text, problems)
        check_codecs(name, text, problems)
        constants_of(name, text, constants)
    check_constants(constants, problems)
    for path in common.files(root, "tests/**/*.py", "docs/examples/*.py", "**/CMakeLists.txt", "cmake/*", "tools/**/*", "tests/**/*.sh"):
        name, data = path.relative_to(root).as_posix(), path.read_bytes()
        if "build" not in path.relative_to(root).parts and not name.endswith((".c", ".h")) and (data.startswith(b"#!") or "." in path.name):
            check_spdx(name, data.decode("utf-8"), problems)
    common.finish(problems, "style")


if __name__ == "__main__":
    main()
