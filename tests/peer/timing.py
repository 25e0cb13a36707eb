# SPDX-License-Identifier: MIT
"""How patient the tests are: under valgrind or strace everything takes longer."""
import os

WRAPPER = os.environ.get("WRAPPER", "").split()
EMULATED = bool(WRAPPER) and os.path.basename(WRAPPER[0]).startswith("qemu-")
SLOW = float(os.environ.get("PEER_SLOW", "8" if WRAPPER else "2"))
LONG = bool(os.environ.get("PEER_LONG"))


def soon(seconds):
    """A bound on how fast the server must be, stretched only where the machine is known to be slow."""
    return seconds * max(1.0, SLOW / 2)
