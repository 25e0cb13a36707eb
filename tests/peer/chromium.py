# SPDX-License-Identifier: MIT
"""Chromium without a window, driven over its DevTools protocol, and a small HTTP server for test pages. No network but loopback."""
import http.client
import http.server
import itertools
import json
import os
import shutil
import subprocess
import tempfile
import threading
import time

import websocket

from harness import wait_until
from timing import SLOW

NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--disable-extensions", "--disable-default-apps",
         "--no-default-browser-check", "--no-proxy-server", "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
         "--mute-audio", "--remote-debugging-port=0", "--remote-debugging-address=127.0.0.1"]


def program():
    return next((found for found in map(shutil.which, NAMES) if found), None)


class Tab:
    """One page: open(), evaluate(), and what its console said."""

    def __init__(self, port, target):
        self.ids = itertools.count(1)
        self.console = []
        self.ws = websocket.create_connection("ws://127.0.0.1:%d/devtools/page/%s" % (port, target["id"]), timeout=20 * SLOW,
                                              suppress_origin=True)
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.command(domain + ".enable")

    def command(self, method, timeout=30, **parameters):
        number = next(self.ids)
        self.ws.settimeout(timeout * SLOW)
        self.ws.send(json.dumps({"id": number, "method": method, "params": parameters}))
        while True:
            message = json.loads(self.ws.recv())
            if message.get("id") == number:
                assert "error" not in message, (method, message["error"])
                return message["result"]
            self._event(message)

    def _event(self, message):
        if message["method"] in ("Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Log.entryAdded",
                                 "Network.webSocketFrameError", "Network.webSocketHandshakeResponseReceived"):
            self.console.append(json.dumps(message["params"])[:600])

    def open(self, url):
        result = self.command("Page.navigate", url=url)
        assert not result.get("errorText"), (url, result)
        wait_until(lambda: self.evaluate("document.readyState") == "complete", 10, "page %s" % url)

    def evaluate(self, expression, timeout=60):
        """The value; of a promise what it resolves to."""
        result = self.command("Runtime.evaluate", timeout=timeout, expression=expression, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in result, (result["exceptionDetails"], self.console[-5:])
        return result["result"].get("value")


class Chromium:
    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="chromium-")
        self.tabs = []
        with open(os.path.join(self.folder, "log.txt"), "wb") as log:
            self.process = subprocess.Popen(
                [program(), *FLAGS, "--user-data-dir=" + os.path.join(self.folder, "profile"), "about:blank"], cwd=self.folder,
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=dict(os.environ, HOME=self.folder), start_new_session=True)
        try:
            self.port = wait_until(self._port, 30, "Chromium's DevTools")
        except BaseException:
            self.close()
            raise

    def _port(self):
        assert self.process.poll() is None, "Chromium ended: " + self.log()
        try:
            with open(os.path.join(self.folder, "profile", "DevToolsActivePort"), encoding="ascii") as file:
                return int(file.readline())
        except (FileNotFoundError, ValueError):
            return None

    def log(self):
        with open(os.path.join(self.folder, "log.txt"), encoding="utf-8", errors="replace") as file:
            return file.read()[-2000:]

    def tab(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20 * SLOW)
        connection.request("PUT", "/json/new?about:blank")
        target = json.loads(connection.getresponse().read())
        connection.close()
        self.tabs.append(Tab(self.port, target))
        return self.tabs[-1]

    def version(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20 * SLOW)
        connection.request("GET", "/json/version")
        return json.loads(connection.getresponse().read())

    def close(self):
        """Through the protocol, so that its helper processes go too; else the whole session of processes that it began."""
        try:
            browser = websocket.create_connection(self.version()["webSocketDebuggerUrl"], timeout=10, suppress_origin=True)
            browser.send(json.dumps({"id": 1, "method": "Browser.close"}))
            self.process.wait(15)
        except Exception:  # pylint: disable=broad-except
            pass
        if self.process.poll() is None:
            os.killpg(self.process.pid, 9)  # its own session, begun above
            self.process.wait()
        for _ in range(20):  # helper processes may still write to the profile
            shutil.rmtree(self.folder, ignore_errors=True)
            if not os.path.exists(self.folder):
                break
            time.sleep(0.1)

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind is not None:
            print("--- Chromium\n" + self.log() + "\n".join(line for tab in self.tabs for line in tab.console[-8:]))
        self.close()


class Pages:
    """Serves these (path: octets) as HTML or JavaScript on a free port of 127.0.0.1."""

    def __init__(self, files):
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):  # noqa: N802
                body = files.get(self.path)
                self.send_response(200 if body is not None else 404)
                self.send_header("Content-Type", "text/javascript" if self.path.endswith(".js") else "text/html; charset=utf-8")
                self.send_header("Content-Length", str(len(body or b"")))
                self.end_headers()
                self.wfile.write(body or b"")

            def log_message(self, *_):
                pass
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.origin = "http://127.0.0.1:%d" % self.server.server_port
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
