# SPDX-License-Identifier: MIT
"""Each lint is shown a tree with one fault and has to see it, and the same tree without the fault and has to pass it."""
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
WORDS_C = (HERE / "../../src/base/log_words.c").resolve().read_text(encoding="utf-8")
TEXT_H = (HERE / "../../include/wsaudio/base/text.h").resolve().read_text(encoding="utf-8")


def run(script, root, *extra):
    command = [sys.executable, str(HERE / f"{script}.py"), "--root", str(root), *extra]
    return subprocess.run(command, capture_output=True, text=True)


def tree(files):
    folder = tempfile.TemporaryDirectory()
    for name, text in files.items():
        path = pathlib.Path(folder.name) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode("utf-8"))
    return folder


def function(lines):
    return "void f(void)\n{\n" + "    ;\n" * (lines - 2) + "}\n"


SIP = "src/sipua/a.c"
HELP = "#!/bin/sh\nfor n in a b c d e f g h i j k l; do echo \"  --flag-$n N text\"; done\n"
MANUAL = "".join(f".It Fl -flag-{c} Ar N\n" for c in "abcdefghijkl")
DOCS = {"docs/ws_audio_server.1": MANUAL, "README.md": "--flag-a and cmake --build\n",
        "docs/x.conf.example": "# flag-a = 1\n"}

LICENCE = "/* SPDX-License-Identifier: MIT */\n"
GUARDED = LICENCE + "#ifndef %s\n#define %s\n\nint f(void);\n\n#endif\n"
HEADER = GUARDED.replace(LICENCE, LICENCE + "/* What it is. */\n") % ("WSAUDIO_SIP_H", "WSAUDIO_SIP_H")
SOURCE = LICENCE + """/* goto, // and errno in a comment */
const char *url = "http://x.example/";
log_write(a->log, LOG_DEBUG, "call %d ended", x);
log_write(a->log, LOG_INFO, "%.*s", (int)len, text);
#define NUMBER 2
#define NARROW_HZ 8000
x = (struct y){.codec = AUDIO_ULAW}; x = audio_put(AUDIO_ALAW, 1600); /* 160, == AUDIO_ULAW */
"""
CONSTANTS = LICENCE + "/* Constants. */\n" + '#define A_MAX (4*1024)\n#define NAME "x"\n#define NUMBER 1\n#define OTHER A_MAX\n'


def with_change(files, name, text):
    return {**files, name: text}


# script, a good tree, changes that must be seen
CASES = [
    ("include_lines", {SIP: '#include <string.h>\n#include "wsaudio/base.h"\n#include "wsaudio/sipua.h"\n#include "wsaudio/siptx/tx.h"\n'},
     [(SIP, '#include "wsaudio/rtp.h"\n'), (SIP, '#include "wsaudio/os.h"\n'), (SIP, "#include <time.h>\n"),
      (SIP, "#include <sys/socket.h>\n"), (SIP, "#include <wslay/wslay.h>\n"), (SIP, "#include <openssl/evp.h>\n"),
      (SIP, '#include "../rtp/x.h"\n'), ("src/base/span.c", "#include <openssl/evp.h>\n"),
      ("src/os/a.c", '#include "wsaudio/sipua.h"\n'), ("include/wsaudio/sipua.h", '#include "wsaudio/sdp.h"\n'),
      ("include/wsaudio/sipmsg/a.h", '#include "wsaudio/siptx/tx.h"\n'),
      ("src/new/a.c", "\n"), ("src/library/a.c", '#include "wsaudio/call.h"\n'),
      ("src/call/a.c", '#include "wsaudio/client.h"\n'), ("src/client/a.c", '#include "wsaudio/dialect_text.h"\n'),
      ("src/call/a.c", '#include "wsaudio/ws.h"\n'), ("src/library/a.c", '#include "wsaudio/ws.h"\n'), ("src/app/a.c", '#include "sip_client.h"\n'),
      ("src/store/a.c", '#include "wsaudio/ws.h"\n'), ("src/store/recordings.c", "#include <time.h>\n"),
      ("src/call/a.c", '#include "wsaudio/store/uploads.h"\n')]),
    ("sizes", {SIP: function(80) + "/* */\n" * 700},
     [(SIP, function(81)), (SIP, "/* */\n" * 801), ("tests/unit/x.c", function(81)), ("tools/a/x.c", function(81))]),
    ("forbidden", {SIP: 'int x; /* no fork() here */ const char *s = "sleep(1)"; snprintf(a, 1, "");\n'},
     [(SIP, "pthread_mutex_t m;\n"), (SIP, "x = fork();\n"), (SIP, "usleep (3);\n"), (SIP, "strcpy(a, b);\n"),
      (SIP, "sprintf(a, b);\n"), (SIP, "/* TO" "DO */\n"), ("docs/x.md", "FIX" "ME\n"), ("tools/x", "cd /ho" "me/me\n"), ("tools/a/x.py", "FIX" "ME\n")]),
    ("style", {"include/wsaudio/sip.h": HEADER, SIP: SOURCE, "src/sip/c.c": CONSTANTS, "src/audio/c.c": LICENCE + "/* Rows. */\nx = codec == AUDIO_ULAW ? 160 : 8000 / 125;\n", "tests/unit/sipua/support.h": GUARDED % ("SUPPORT_H", "SUPPORT_H"),
               "include/sip_client.h": GUARDED.replace(LICENCE, LICENCE + "/* The library. */\n") % ("SIP_CLIENT_H", "SIP_CLIENT_H"),
               "include/lib/sip_client.h": LICENCE + '/* The old name. */\n#include "../sip_client.h"\n'},
     [("include/wsaudio/sip.h", HEADER.replace("/* What it is. */\n", "")),
      ("include/wsaudio/sip.h", HEADER.replace("#endif\n", "#endif\nint x;\n")),
      ("src/sipua/b.h", "int x;\n"), ("src/sipua/b.h", "#pragma once\n"), ("src/sipua/b.h", GUARDED % ("WSAUDIO_SIPUA_B_H", "WSAUDIO_SIPUA_A_H")),
      ("src/sipua/b.h", GUARDED % ("WSAUDIO_SIPUA_C_H", "WSAUDIO_SIPUA_C_H")), ("src/sipua/b.h", GUARDED % ("SIPUA_B_H", "SIPUA_B_H")),
      ("tests/unit/sipua/b.h", GUARDED % ("SUPPORT_H", "SUPPORT_H")), ("src/sipua/sip.h", GUARDED % ("SIP_SIP_H", "WSAUDIO_SIP_H")),
      (SIP, SOURCE.replace(LICENCE, "")), (SIP, LICENCE + "int x;\n"), ("tests/unit/x.py", "pass\n"), ("tools/a/x.py", "pass\n"), (SIP, SOURCE + "x = sizeof y;\n"),
      ("src/sipua/b.c", LICENCE + '#include <string.h>\n#include "b.h"\n'),
      (SIP, SOURCE + "// no\n"), (SIP, SOURCE + "x = 1; // no\n"), (SIP, SOURCE + "goto out;\n"),
      (SIP, SOURCE + "typedef struct { int a; } x;\n"), (SIP, SOURCE + "typedef enum x { A } y;\n"), (SIP, SOURCE + "x = errno;\n"),
      (SIP, SOURCE + "x = codec == AUDIO_ULAW;\n"), (SIP, SOURCE + "x = AUDIO_L16 != codec;\n"), (SIP, SOURCE + "case AUDIO_ALAW: break;\n"),
      (SIP, SOURCE + "x = p->payload_type == 8;\n"), (SIP, SOURCE + "x = 160u;\n"), (SIP, SOURCE + "x = y * 8000;\n"),
      ("include/wsaudio/sip.h", HEADER.replace("#endif\n", "static inline int f(int us) { return us / 125; }\n#endif\n")),
      (SIP, SOURCE + 'log_write(a->log, LOG_INFO, "call %d ended", x);\n'), ("src/call/a.c", 'tell("CALL_STATE:%s", s);\n'),
      (SIP, SOURCE + "#define A_MAX  (4 * 1024)\n"), (SIP, SOURCE + '#define NAME "x"  /* the same */\n')]),
    ("pages", {"README.md": "[a](docs/a.md) [b](docs/a.md#part) [c](https://x.example/) [d](#part)\n", "docs/a.md": "[up](../README.md)\n",
               SIP: "int x;\n"},
     [("docs/a.md", "[x](b.md)\n"), ("README.md", "[x](a.md)\n"), (SIP, "int x;"), (SIP, "int x;\n\n"), (SIP, "int x; \n"),
      (SIP, "\tint x;\n"), (SIP, "int x;\r\n"), (SIP, "\ufeffint x;\n")]),
    ("catalogue", {"include/wsaudio/base/text.h": TEXT_H, "src/base/log_words.c": WORDS_C},
     [("include/wsaudio/base/text.h", TEXT_H + '#define TEXT_EN_X "a"\n'),
      ("include/wsaudio/base/text.h", TEXT_H + '#define TEXT_EN_X "a %s"\n#define TEXT_ZH_X "b"\n'),
      ("include/wsaudio/base/text.h", TEXT_H + '#define TEXT_EN_X "%s %u"\n#define TEXT_ZH_X "%u %s"\n'),
      ("include/wsaudio/base/text.h", TEXT_H + '#define TEXT_EN_WORD_X "a"\n#define TEXT_ZH_WORD_X "b"\n'),
      ("src/base/log_words.c", "    PAIR(X),\n"), ("src/sdp/agree.c", '*why = "new";\n'),
      ("src/call/gateway.c", 'call_end(call, X, f(call), "new");\n'),
      ("include/wsaudio/base/text.h", TEXT_H.replace("啟動 RTP 接收器...", "啟動接收器"))]),
    ("conformance", {"docs/sip-conformance.md": "| 8.1 | x | `sim.sipua.a:one` |\n| 9 | y | **open** |\n| 10 | z | `peer.b:test_c` |\n",
                     "docs/field.md": "| x | y | `sim.sipua.a:one` |\n",
                     "tests/sim/sipua/test_a.c": "static void one(void **state)\n{\n}\n cmocka_unit_test(one)\n",
                     "tests/peer/test_b.py": "def test_c():\n"},
     [("docs/sip-conformance.md", "| 8.1 | x | `sim.sipua.a:two` |\n"), ("docs/sip-conformance.md", "| 8.1 | x | `sim.sipua.b` |\n"),
      ("docs/sip-conformance.md", "| 8.1 | x | y |\n"), ("docs/field.md", "| x | y | z |\n"), ("tests/peer/test_b.py", "def test_d():\n"),
      ("tests/sim/sipua/test_a.c", "static void one(void **state)\n{\n}\n")]),
    ("flags_in_docs", {**DOCS, "server": HELP},
     [("README.md", "--flag-z\n"), ("docs/protocol.md", "`--flag`\n"), ("docs/x.conf.example", "# flag-z = 1\n"),
      ("docs/ws_audio_server.1", MANUAL.replace(".It Fl -flag-c Ar N\n", "")),
      ("docs/ws_audio_server.1", MANUAL + ".It Fl -flag-z Ar N\n")]),
]


def extra_for(script, folder):
    if script != "flags_in_docs":
        return ()
    server = pathlib.Path(folder.name) / "server"
    server.chmod(0o755)
    return ("--server", str(server))


def outcome(script, files):
    folder = tree(files)
    with folder:
        result = run(script, folder.name, *extra_for(script, folder))
    return result


def symbols_cases():
    """The symbol lint, with archives made by the compiler at hand."""
    good = "#include <string.h>\nunsigned long f(const char *s); unsigned long f(const char *s) { return strlen(s); }\n"
    bad = "#include <time.h>\nlong f(void); long f(void) { return (long)time(0); }\n"
    for text, code in ((good, 0), (bad, 1)):
        with tempfile.TemporaryDirectory() as folder:
            source, item, archive = (f"{folder}/{name}" for name in ("a.c", "a.o", "a.a"))
            pathlib.Path(source).write_text(text, encoding="utf-8")
            subprocess.run(["cc", "-fno-builtin", "-c", source, "-o", item], check=True)
            subprocess.run(["ar", "rcs", archive, item], check=True)
            yield code, run("symbols", folder, f"base={archive}")


# Two rooms with the names that they define, and what the lint has to say of it.
NAMES = [({"call": ("call_end",), "library": ("phone_end", "call_me")}, 0), ({"call": ("end",), "library": ("end",)}, 1),
         ({"call": ("wav_end",), "audio": ("wav_begin",)}, 1), ({"sipmsg": ("sip_a",), "sipua": ("sip_b",)}, 0),
         ({"sipmsg": ("sip_a",), "sipua": ("sip_a",)}, 1), ({"os": ("read_it",), "app": ("x_y",)}, 1),
         ({"rtp": ("rtcp_a", "rtp_a"), "app": ("x_y",)}, 0), ({"rtp": ("rtp_a",), "app": ("rtp_b",)}, 1)]


def names_cases():
    """The same lint on names alone; call_me is what programs of others know."""
    for rooms, code in NAMES:
        with tree({"include/sip_client.h": "void call_me(void);\n", "good.c": "int base_a;\n",
                   **{f"{room}.c": "".join(f"void {name}(void);\nvoid {name}(void) {{}}\n" for name in names)
                      for room, names in rooms.items()}}) as folder:
            for name in ("good", *rooms):
                subprocess.run(["cc", "-c", f"{folder}/{name}.c", "-o", f"{folder}/{name}.o"], check=True)
            yield code, run("symbols", folder, f"base={folder}/good.o", "--names", *(f"{room}={folder}/{room}.o" for room in rooms))


def exports_cases():
    """A library that shows what its header declares, one name more, one name less."""
    header = "SIP_CLIENT_API void md5(void);\nSIP_CLIENT_API char *get_tag(void);\n"
    one, two = "void md5(void); void md5(void) {}\n", "char *get_tag(void); char *get_tag(void) { return 0; }\n"
    for text, code in ((one + two, 0), (one + two + "void more(void); void more(void) {}\n", 1), (one, 1)):
        with tree({"include/sip_client.h": header, "include/sip_client_async.h": "", "a.c": text}) as folder:
            subprocess.run(["cc", "-c", f"{folder}/a.c", "-o", f"{folder}/a.o"], check=True)
            yield code, run("exports", folder, "--static", f"{folder}/a.o")


ABI_HEADER = """#ifndef SIP_CLIENT_H
#define SIP_CLIENT_H
#include <stddef.h>
#define BUF_SIZE 4096 /* bytes */
#define SIP_CLIENT_API __attribute__((__visibility__("default")))
typedef struct {
    int sockfd;
    char tag[32], *name;
} session_t;
typedef enum { RINGS, ENDED } event_kind;
struct program {
    const char *a, *b;
};
typedef void (*packet_fn)(const unsigned char *data, size_t size);
SIP_CLIENT_API int call(session_t *session, const char *callee) __attribute__((__format__(__printf__, 2, 0)));
#endif
"""
ABI_SOURCE = "int call(void *session, void *callee);\nint call(void *session, void *callee) { return session && callee; }\n"
ABI_FAULTS = [("*session, const char", "*session, char"), ("tag[32], *name", "tag[33], *name"), ("int sockfd;", "int sockfd, more;"),
              ("RINGS, ENDED", "RINGS, PLAYED, ENDED"), ("BUF_SIZE 4096", "BUF_SIZE 4095"), ("const char *a, *b", "const char *b, *a"),
              ("size_t size);", "int size);"), ("} session_t;", "} session_t;\nSIP_CLIENT_API int more(void);")]


def abi_run(folder, *extra):
    subprocess.run(["cc", "-shared", "-fPIC", f"{folder}/a.c", "-o", f"{folder}/a.so",
                    f"-Wl,--version-script={folder}/exports.map"], check=True)
    return run("abi", folder, "--shared", f"{folder}/a.so", "--list", f"{folder}/abi.txt", *extra)


def abi_cases():
    """An interface as it is stored; then each change to header, name of the library and names in it that must be seen."""
    files = {"include/sip_client.h": ABI_HEADER, "include/sip_client_async.h": "", "a.c": ABI_SOURCE,
             "exports.map": "A_1 { global: call; local: *; };\n"}
    with tree(files) as folder:
        header, exports = (pathlib.Path(folder) / name for name in ("include/sip_client.h", "exports.map"))
        yield 0, abi_run(folder, "--soname", "a.so.1", "--update")
        yield 0, abi_run(folder, "--soname", "a.so.1")
        yield 1, abi_run(folder, "--soname", "a.so.2")
        for old, new in ABI_FAULTS:
            header.write_text(ABI_HEADER.replace(old, new), encoding="utf-8")
            yield 1, abi_run(folder, "--soname", "a.so.1")
        header.write_text(ABI_HEADER, encoding="utf-8")
        for version_map in ("A_2 { global: call; local: *; };\n", "A_1 { local: *; };\n"):
            exports.write_text(version_map, encoding="utf-8")
            yield 1, abi_run(folder, "--soname", "a.so.1")


def unexpected(result, code):
    """A lint that breaks down ends with 1 too, and has seen nothing."""
    return result.returncode != code or "Traceback" in result.stderr


def main():
    wrong = 0
    for script, good, changes in CASES:
        trees = [(0, good)] + [(1, with_change(good, name, text)) for name, text in changes]
        for code, files in trees:
            result = outcome(script, files)
            if unexpected(result, code):
                wrong += 1
                print(f"{script}: exit {result.returncode}, expected {code}, with {files if code else 'the good tree'}")
                print(result.stdout, result.stderr)
    for script, cases in (("symbols", symbols_cases), ("symbols", names_cases), ("exports", exports_cases), ("abi", abi_cases)):
        for code, result in cases():
            if unexpected(result, code):
                wrong += 1
                print(f"{script}: exit {result.returncode}, expected {code}\n{result.stdout}{result.stderr}")
    print(f"lint self-test: {wrong} wrong")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
