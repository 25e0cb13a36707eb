# SPDX-License-Identifier: MIT
"""Chromium as the WebSocket client: whole sessions from pages of several origins, and the doors that stay shut for others."""
import json
import os
import shutil
import sys
import tempfile

import session
from chromium import Chromium, Pages, program
from common import loopback
from harness import main

HERE = os.path.dirname(os.path.abspath(__file__))
with open(os.path.join(HERE, "js", "session.js"), "rb") as source:
    SCRIPT = source.read()
PAGE = b'<!doctype html><meta charset="utf-8"><title>page</title><script src="session.js"></script><p>test page</p>'
FILES = {"/": PAGE, "/session.js": SCRIPT}


def run(tab, server):
    """The whole session in this page."""
    text = tab.evaluate("session(WebSocket, %s).then(JSON.stringify)" % json.dumps(session.config(server)), 90)
    result = json.loads(text)
    assert result["closed"] == {"code": 1000, "clean": True, "opened": True}, result["closed"]
    assert min(result["packets"]["text"], result["packets"]["binary"]) >= session.FRAMES, result["packets"]
    ended = [t for t in result["texts"] if t.startswith("CALL_STATE:ended")]
    assert ended == ["CALL_STATE:ended:200:OK"], ended
    session.check_recorded(server)


def knock(tab, server, path=""):
    config = {"url": "ws://%s:%d/%s" % (server.ws_host, server.ws_port, path)}
    return json.loads(tab.evaluate("knock(WebSocket, %s).then(JSON.stringify)" % json.dumps(config)))


def check_refused(tab, server, path="", status="403"):
    told = len(tab.console)
    assert knock(tab, server, path) == {"code": 1006, "clean": False, "opened": False}
    said = "".join(tab.console[told:])
    assert status in said, said


def test_listed_origin():
    with Pages(FILES) as pages, loopback("--ws-origin", pages.origin) as server, Chromium() as browser:
        tab = browser.tab()
        tab.open(pages.origin + "/")
        run(tab, server)


def test_unlisted_origin():
    """Another port is another origin, another spelling of this machine too."""
    with Pages(FILES) as pages, Pages(FILES) as listed, loopback("--ws-origin", listed.origin) as server, Chromium() as browser:
        tab = browser.tab()
        tab.open(pages.origin + "/")
        check_refused(tab, server)
        tab.open(listed.origin + "/")
        assert knock(tab, server) == {"code": 1000, "clean": True, "opened": True}
        server.wait_log("(?i)origin")


def test_page_from_a_file():
    """Its origin is null: out without --ws-origin null, a whole session with it."""
    folder = tempfile.mkdtemp(prefix="page-")
    try:
        for name, octets in (("page.html", PAGE), ("session.js", SCRIPT)):
            with open(os.path.join(folder, name), "wb") as file:
                file.write(octets)
        with loopback() as shut, loopback("--ws-origin", "null") as server, Chromium() as browser:
            tab = browser.tab()
            tab.open("file://%s/page.html" % folder)
            check_refused(tab, shut)
            run(tab, server)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def test_our_own_page():
    """A page of the server itself is the same host: in without any flag. Its policy forbids scripts: they come from outside."""
    with loopback() as server, Chromium() as browser:
        tab = browser.tab()
        tab.open("http://127.0.0.1:%d/" % server.ws_port)
        assert tab.evaluate("document.title") == "ws_audio_server"
        assert tab.evaluate("document.body.innerText.includes('loopback exchange')")
        refused = tab.evaluate("new Promise((say) => { const s = document.createElement('script'); s.textContent = 'window.ran = 1';"
                               " document.body.append(s); setTimeout(() => say(window.ran === undefined), 200); })")
        assert refused, "an inline script ran"
        tab.command("Page.setBypassCSP", enabled=True)
        tab.open("http://127.0.0.1:%d/" % server.ws_port)
        tab.evaluate(SCRIPT.decode() + ";0")
        run(tab, server)
        tab.open("http://127.0.0.1:%d/recordings/" % server.ws_port)
        links = tab.evaluate("Array.from(document.links, (a) => a.pathname).filter((p) => p.endsWith('.wav'))")
        assert len(links) == 1, links
        size = tab.evaluate("fetch(%s).then((r) => r.arrayBuffer()).then((b) => b.byteLength)" % json.dumps(links[0]))
        assert size == os.path.getsize(server.recordings[0])


def test_token():
    """A browser cannot set headers: the token is in the address."""
    folder = tempfile.mkdtemp(prefix="token-")
    try:
        path = os.path.join(folder, "tokens")
        with open(path, "w", encoding="ascii") as file:
            file.write("open-sesame-1234567890\n")
        os.chmod(path, 0o600)
        with Pages(FILES) as pages, loopback("--ws-origin", pages.origin, "--ws-token-file", path) as server, Chromium() as browser:
            tab = browser.tab()
            tab.open(pages.origin + "/")
            unauthorized = "HTTP Authentication failed"  # Chromium's words for 401
            check_refused(tab, server, status=unauthorized)
            check_refused(tab, server, "?token=wrong-sesame-123456789", status=unauthorized)
            assert knock(tab, server, "?token=open-sesame-1234567890")["opened"]
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def test_tab_closed_in_a_call():
    """The page goes, its call is hung up, the line is free."""
    with Pages(FILES) as pages, loopback("--ws-origin", pages.origin) as server, Chromium() as browser:
        tab = browser.tab()
        tab.open(pages.origin + "/")
        tab.evaluate("window.one = new Session(WebSocket, %s); one.until(() => one.opened, 'open').then(() => one.ws.send('CALL:echo'))"
                     ".then(() => one.expect('CALL_STATE:established'))" % json.dumps(session.config(server)))
        tab.command("Page.close")
        server.wait_log(r"Call echo ended: 200 ")
        server.wait_log(r"client gone")


if __name__ == "__main__":
    if not program():
        print("Chromium is missing")
        sys.exit(1 if os.environ.get("CI") else 77)
    main(sys.modules[__name__], workers=2)
