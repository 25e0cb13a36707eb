# SPDX-License-Identifier: MIT
"""Programs that use libsip_client, compiled against an installed tree as a user would."""
import atexit
import os
import re
import shutil
import subprocess
import tempfile
import threading

from timing import SLOW

HERE = os.path.dirname(os.path.abspath(__file__))
BUILD = os.environ.get("LIBRARY_BUILD", "")
SANITIZE = os.environ.get("LIBRARY_SANITIZE", "")
VALGRIND = os.environ.get("LIBRARY_VALGRIND", "").split()
_lock = threading.RLock()
_prefix = []


def prefix():
    """The installed tree; made once."""
    with _lock:
        if not _prefix:
            folder = tempfile.mkdtemp(prefix="libsip-")
            atexit.register(shutil.rmtree, folder, True)
            subprocess.run(["cmake", "--install", BUILD, "--prefix", folder], check=True, stdout=subprocess.DEVNULL)
            _prefix.append(folder)
    return _prefix[0]


def include():
    return os.path.join(prefix(), "include")


def find(name, folder=None):
    for where, _, names in os.walk(folder or prefix()):
        if name in names:
            return os.path.join(where, name)
    return None


def pkg_config(*words):
    env = dict(os.environ, PKG_CONFIG_PATH=os.path.dirname(find("sip_client.pc")))
    return subprocess.run(["pkg-config", *words, "sip_client"], check=True, env=env, capture_output=True, text=True).stdout.split()


def sanitize():
    return ["-fsanitize=" + SANITIZE, "-fno-sanitize-recover=all"] if SANITIZE else []


def compiler(language="c"):
    """The one that built the library: a sanitizer's runtime is its own."""
    name = os.environ.get("LIBRARY_CC", "gcc")
    if language == "c++":
        name = re.sub(r"clang(?!\+)", "clang++", name) if "clang" in name else re.sub(r"gcc", "g++", name)
    return name


def compile_program(sources, how="static", flags=(), out=None, language="c", cc=None):
    """how: static (libsip_client.a -lcrypto) or shared (pkg-config). Warnings are errors."""
    folder = tempfile.mkdtemp(prefix="program-", dir=prefix())
    program = out or os.path.join(folder, "program")
    command = [cc or compiler(language), "-Wall", "-Wextra", "-Werror", *sanitize(), *flags, "-o", program]
    for source in sources:  # a .txt is a program of the document, kept as it stands there
        kind = [] if source.endswith(".o") else ["-x", language]
        command += kind + [source if "/" in source else os.path.join(HERE, "library", source), "-x", "none"]
    if how == "static":
        command += ["-I", include(), find("libsip_client.a"), "-lcrypto"]
    else:
        command += pkg_config("--cflags", "--libs") + ["-Wl,-rpath," + os.path.dirname(find("libsip_client.so"))]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, "%s\n%s" % (" ".join(command), result.stderr)
    return program


def environment(phone=None, **more):
    env = {k: v for k, v in os.environ.items() if not re.match(r"(SIP|LOCAL)_|LC_|LANG|LANGUAGE", k)}
    if phone is not None:
        env.update(SIP_SERVER="127.0.0.1", SIP_PORT=str(phone.port), LOCAL_IP="127.0.0.1", LOCAL_PORT="0")
    env.setdefault("ASAN_OPTIONS", "detect_leaks=1")
    env.update({k: str(v) for k, v in more.items()})
    return env


class Program:
    """A program under way; driver() gives it steps."""

    def __init__(self, command, phone=None, cwd=None, **env):
        self.folder = cwd or tempfile.mkdtemp(prefix="run-", dir=prefix())
        self.process = subprocess.Popen(VALGRIND + list(command), cwd=self.folder, env=environment(phone, **env),
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.lines = []
        self.cond = threading.Condition()
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        for line in self.process.stdout:
            with self.cond:
                self.lines.append(line.rstrip("\n"))
                self.cond.notify_all()
        with self.cond:
            self.lines.append("<end>")
            self.cond.notify_all()

    @property
    def output(self):
        return "\n".join(self.lines)

    def path(self, name):
        return os.path.join(self.folder, name)

    def begin(self, *steps):
        """Steps without waiting; wait() waits for them."""
        self.process.stdin.write("\n".join(steps) + "\n")
        self.process.stdin.flush()

    def wait(self, pattern, timeout=20, start=0):
        """The match in the first line from start on that has it."""
        with self.cond:
            while True:
                for number, line in enumerate(self.lines[start:], start):
                    match = re.search(pattern, line)
                    if match:
                        self.at = number + 1
                        return match
                assert "<end>" not in self.lines and self.cond.wait(timeout * SLOW), \
                    "no %r in:\n%s" % (pattern, "\n".join(self.lines[-60:]))

    def step(self, text, timeout=20):
        """One step to its end; gives its lines as one text."""
        start = len(self.lines)
        self.begin(text)
        self.wait("^done " + text.split()[0], timeout, start)
        return "\n".join(self.lines[start:self.at])

    def end(self, code=0, timeout=30):
        if not self.process.stdin.closed:
            self.process.stdin.close()
        try:
            found = self.process.wait(timeout * SLOW)
        except subprocess.TimeoutExpired:
            raise AssertionError("it goes on: " + self.output[-3000:]) from None
        self.reader.join(10)
        assert found == code, "exit %d:\n%s" % (found, self.output[-6000:])
        return self.output

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind is not None:
            print("--- program\n%s" % self.output[-3000:])
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


_driver = []


def driver(phone=None, **env):
    program = None
    folder = prefix()
    with _lock:
        if not _driver:
            _driver.append(compile_program(["driver.c"], out=os.path.join(folder, "driver")))
        program = _driver[0]
    return Program([program], phone, **env)
