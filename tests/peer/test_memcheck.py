# SPDX-License-Identifier: MIT
"""An operator's run under valgrind: whole files of tests with the server in memcheck. Every leak and every error fails."""
import os
import re
import shutil
import subprocess
import sys
import time

from harness import need, sanitized

HERE = os.path.dirname(os.path.abspath(__file__))
FILES = ("test_loopback.py", "test_verbs.py", "test_sipp.py", "test_sipp_dialogs.py", "test_clients.py", "test_http.py",
         "test_faults_dialog.py", "test_faults_files.py")
# need the server to be faster than valgrind lets it be
NOT = {"test_verbs.py": ("test_a_call_that_the_record_quota_keeps_out_is_no_warning_of_its_own",)}
VALGRIND = ["valgrind", "-q", "--tool=memcheck", "--leak-check=full", "--show-leak-kinds=definite,indirect,possible",
            "--errors-for-leak-kinds=definite,indirect,possible", "--error-exitcode=99", "--track-origins=no", "--num-callers=30"]


def run(file):
    """One file of tests; True when it passed."""
    started = time.monotonic()
    if file.startswith("test_sipp") and not shutil.which("sipp"):
        print("skip %s: sipp is missing" % file)
        return True
    environment = dict(os.environ, WRAPPER=" ".join(VALGRIND), PEER_SLOW="12")
    names = []
    if file in NOT:
        with open(os.path.join(HERE, file), encoding="utf-8") as text:
            names = [name for name in re.findall(r"(?m)^def ((?:test|fault)_\w+)\(\)", text.read()) if name not in NOT[file]]
    done = subprocess.run([sys.executable, "-B", os.path.join(HERE, file), *names], env=environment, stdin=subprocess.DEVNULL,
                          capture_output=True, timeout=900, text=True, errors="replace", cwd=HERE)
    good = done.returncode == 0
    print("%-4s %s (%.0f s): %s" % ("ok" if good else "FAIL", file, time.monotonic() - started,
                                    (done.stdout.strip().splitlines() or ["?"])[-1]), flush=True)
    if not good:
        print(done.stdout[-12000:] + done.stderr[-3000:], flush=True)
    return good


if __name__ == "__main__":
    need("valgrind")
    if sanitized():
        print("this build has a sanitizer, which does not run under valgrind")
        sys.exit(77)
    chosen = sys.argv[1:] or FILES
    results = [run(file) for file in chosen]
    print("%d of %d files passed" % (sum(results), len(results)))
    sys.exit(0 if all(results) else 1)
