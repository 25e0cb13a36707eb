# SPDX-License-Identifier: MIT
"""JavaScript clients under Node: npm's ws, and Node's own WebSocket where it has one."""
import functools
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile

import audio
import session
from common import loopback
from harness import SERVER, main, wait_until
from timing import SLOW

HERE = os.path.dirname(os.path.abspath(__file__))
MODULES = os.path.join(os.path.dirname(os.path.abspath(SERVER)), "node")  # beside the server: in the build folder
DEBIAN = "/usr/share/nodejs"
WS = "ws@8.18.0"


@functools.lru_cache(maxsize=None)
def node_path():
    """A folder in which node finds ws: npm's, else Debian's node-ws; None when there is neither."""
    own = os.path.join(MODULES, "node_modules")
    if not os.path.isdir(os.path.join(own, "ws")) and shutil.which("npm"):
        os.makedirs(MODULES, exist_ok=True)
        done = subprocess.run(["npm", "install", "--prefix", MODULES, "--no-save", "--no-package-lock", "--no-audit", "--no-fund",
                               "--ignore-scripts", "--silent", WS], stdin=subprocess.DEVNULL, capture_output=True, timeout=120,
                              cwd=MODULES)
        if done.returncode:
            print("npm: " + done.stderr.decode()[-500:])
    for folder in (own, DEBIAN):
        if os.path.isdir(os.path.join(folder, "ws")):
            return folder
    return None


class Node:
    """js/node_client.js in a process of its own."""

    def __init__(self, kind, config, flags=()):
        self.folder = tempfile.mkdtemp(prefix="node-")
        path = os.path.join(self.folder, "config.json")
        with open(path, "w", encoding="utf-8") as file:
            json.dump(config, file)
        self.process = subprocess.Popen(
            ["node", *flags, os.path.join(HERE, "js", "node_client.js"), kind, path], stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8",
            env=dict(os.environ, NODE_PATH=node_path() or "", NODE_NO_WARNINGS="1"))

    def result(self):
        out, err = self.process.communicate(timeout=60 * SLOW)
        assert self.process.returncode == 0, "node says %d: %s" % (self.process.returncode, err[-2000:])
        return json.loads(out.splitlines()[-1])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()
        shutil.rmtree(self.folder, ignore_errors=True)


def check(server, result, code=1000):
    assert result["closed"] == {"code": code, "clean": True, "opened": True}, result["closed"]
    assert [text for text in result["texts"] if text.startswith("CALL_STATE:ended")] == ["CALL_STATE:ended:200:OK"]
    assert len([text for text in result["texts"] if text.startswith("CALL_STATS:")]) == 1
    assert min(result["packets"]["text"], result["packets"]["binary"]) >= session.FRAMES, result["packets"]
    session.check_recorded(server)


def test_ws():
    with loopback() as server, Node("ws", session.config(server)) as node:
        check(server, node.result())
        assert server.uploads == sorted([session.NAME, "分.wav"]), server.uploads
        with open(server.path("uploaded_wavs", "分.wav"), "rb") as file:
            assert file.read() == audio.wav_ulaw(session.data())


def test_ws_sees_the_server_stop():
    """Close code 1001, cleanly, in ws's eyes."""
    server = loopback()
    with Node("ws", session.config(server, waitClose=True)) as node:
        line = wait_until(node.process.stdout.readline, 60, "end of the session")
        assert line == "DONE\n", line + node.process.stderr.read()
        server.signal(signal.SIGTERM)
        check(server, node.result(), 1001)
    assert server.wait_exit() == 0
    server.check_streams()


def test_node_own_websocket():
    """Another implementation (undici): on by itself from Node 22 on, behind a flag in 20 and 21."""
    for flags in ((), ("--experimental-websocket",)):
        probe = subprocess.run(["node", *flags, "-e", "process.exit(globalThis.WebSocket ? 0 : 1)"], stdin=subprocess.DEVNULL,
                               capture_output=True, timeout=20 * SLOW)
        if probe.returncode == 0:
            with loopback() as server, Node("own", session.config(server), flags) as node:
                check(server, node.result())
            return
    print("     this node has no WebSocket of its own")


if __name__ == "__main__":
    if not shutil.which("node") or not node_path():
        print("node, or its package ws, is missing")
        sys.exit(1 if os.environ.get("CI") else 77)
    main(sys.modules[__name__])
