# SPDX-License-Identifier: MIT
"""HTTP on the WebSocket port: pages, refusals, who may come in (SPEC sections 2 and 4)."""
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.parse

from clients import Client, Client2, RawWs, http_bytes, http_request
from common import file_octets, loopback, through
from harness import main, wait_until
from phone import auto_phone
from timing import SLOW


def status_of(octets):
    found = re.match(rb"HTTP/1\.1 (\d{3}) ", octets)
    return int(found.group(1)) if found else None


def local_address():
    """An IPv4 address of this machine that is not loopback; None when there is none. Nothing is sent."""
    done = subprocess.run(["hostname", "-I"], capture_output=True, text=True, check=False)
    for word in done.stdout.split():
        if re.fullmatch(r"\d+\.\d+\.\d+\.\d+", word) and not word.startswith("127."):
            return word
    return None


def test_pages():
    with loopback() as server:
        code, headers, body = http_request(server)
        assert code == 200 and b"ws_audio_server" in body and headers["content-type"].startswith("text/"), (code, headers, body)
        assert int(headers["content-length"]) == len(body)
        code, _, body = http_request(server, path="/healthz")
        assert code == 200 and body.strip() == b"ok loopback", body
        code, headers, body = http_request(server, path="/recordings/")
        assert code == 200, body
        assert http_request(server, path="/healthz?x=1")[0] == 200
    phone = auto_phone()
    with phone, through(phone) as server:
        code, _, body = http_request(server, path="/healthz")
        assert code == 200 and body.strip() == b"ok", body


def test_refusals():
    with loopback() as server:
        for path in ("/nothing", "/healthz/", "/metrics2", "/echo", "/index.html", "//", "/%00", "/recordings/none.wav"):
            assert http_request(server, path=path)[0] == 404, path
        for method in ("POST", "PUT", "DELETE", "TRACE", "PATCH", "get"):
            code, headers, _ = http_request(server, method, "/", {"Content-Length": "0"})
            assert code == 405 and headers.get("allow") == "GET, HEAD, OPTIONS", (method, code, headers)
        for octets in (b"GARBAGE\r\n\r\n", b"GET /\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n", b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
                       b"GET / HTTP/1.1\r\nHost: a\r\nno colon\r\n\r\n", b"GET / HTTP/1.1\r\nHost : a\r\n\r\n",
                       b"GET  / HTTP/1.1\r\nHost: a\r\n\r\n", b"\0\0\0\0\r\n\r\n", b"GET / HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n",
                       b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n"):
            assert status_of(http_bytes(server, octets)) == 400, octets
        big = b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Long: " + b"a" * 9000 + b"\r\n\r\n"
        assert status_of(http_bytes(server, big)) == 431
        assert status_of(http_bytes(server, b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: a\r\n\r\n")) in (414, 431)
        many = b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"A: b\r\n" * 500 + b"\r\n"
        assert status_of(http_bytes(server, many)) == 431
        assert http_request(server, path="/healthz")[0] == 200


def test_methods():
    """HEAD is GET without the body, OPTIONS says what there is; an upgrade to something else is ignored."""
    phone = auto_phone()
    with phone, through(phone) as server:
        with open(server.path("recordings", "20200101T000000Z-1-abcdefgh.wav"), "wb") as file:
            file.write(b"x" * 100000)
        for path in ("/", "/healthz", "/recordings", "/recordings/", "/recordings/20200101T000000Z-1-abcdefgh.wav", "/none", "/echo"):
            code, headers, body = http_request(server, "GET", path)
            head = http_bytes(server, ("HEAD %s HTTP/1.1\r\nHost: localhost\r\n\r\n" % path).encode())
            assert status_of(head) == code and head.endswith(b"\r\n\r\n"), (path, head)
            length = re.search(rb"\r\nContent-Length: (\d+)\r\n", head)
            if path == "/recordings/":  # grows as it is sent
                assert length is None and "content-length" not in headers, head
            else:
                assert int(length.group(1)) == len(body) > 0, (path, head)
        assert http_request(server, "HEAD", "/", {"Upgrade": "websocket", "Connection": "Upgrade"})[0] == 200
        for path, code in (("*", 200), ("/", 200), ("/healthz", 200), ("/recordings/", 200), ("/none", 404)):
            for version in ("1.1\r\nHost: localhost", "1.0"):  # httpchk of old: no Host
                octets = http_bytes(server, ("OPTIONS %s HTTP/%s\r\n\r\n" % (path, version)).encode())
                assert status_of(octets) == code, octets
                assert code != 200 or (b"\r\nAllow: GET, HEAD, OPTIONS\r\n" in octets and b"\r\nContent-Length: 0\r\n" in octets), octets
        code, headers, _ = http_request(server, path="/recordings?token=a%26b")
        assert code == 301 and headers["location"] == "/recordings/?token=a%26b", (code, headers)
        upgrade = {"Connection": "Upgrade, HTTP2-Settings", "Upgrade": "h2c", "HTTP2-Settings": "AAMAAABkAAQAAP__"}
        code, _, body = http_request(server, headers=upgrade)
        assert code == 200 and b"ws_audio_server" in body, body
        assert http_request(server, headers={"Sec-WebSocket-Key": RawWs.KEY, "Connection": "close"})[0] == 200
        server.wait_log(r"came without Upgrade: websocket")
    with loopback("--no-record") as server:
        assert http_request(server, path="/recordings")[0] == 404
        assert http_request(server, "OPTIONS", "/recordings")[0] == 404


def test_cors():
    with loopback() as unused:
        path = unused.path("tokens")
        with open(path, "w", encoding="ascii") as file:
            file.write("alpha\n")
        with loopback("--ws-origin", "https://*.app.example", "--ws-origin", "null", "--ws-token-file", path) as server:
            page = "https://x.app.example"
            asks = {"Origin": page, "Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "authorization"}
            for where in ("/healthz", "/recordings/", "/recordings/a.wav"):
                code, headers, _ = http_request(server, "OPTIONS", where, asks)  # without the token, as browsers send it
                assert code == 200 and headers["access-control-allow-origin"] == page, (code, headers)
                assert "GET" in headers["access-control-allow-methods"], headers
                assert "authorization" in headers["access-control-allow-headers"].lower(), headers
            for origin in (page, "null"):
                for bearer, want in (("alpha", 200), ("wrong", 401)):
                    code, headers, _ = http_request(server, headers={"Origin": origin, "Authorization": "Bearer " + bearer})
                    assert code == want and headers["access-control-allow-origin"] == origin, (code, headers)
                    assert headers["vary"] == "Origin", headers
            code, headers, _ = http_request(server, "OPTIONS", "/healthz", dict(asks, Origin="https://evil.example"))
            assert code == 403 and "access-control-allow-origin" not in headers, (code, headers)
            code, headers, _ = http_request(server, headers={"Origin": "https://evil.example", "Authorization": "Bearer alpha"})
            assert code == 200 and "access-control-allow-origin" not in headers, (code, headers)
            with RawWs(server, headers=["Origin: file://", "Authorization: Bearer alpha"]) as client:
                assert client.status == 101


def test_a_proxy_on_this_machine():
    """Protected mode does not take a stranger for a neighbour, and a flood of refusals does not fill the log."""
    with loopback() as server:
        for header in ("X-Forwarded-For: 203.0.113.9", "Forwarded: for=203.0.113.9", "X-Real-IP: 203.0.113.9"):
            with RawWs(server, headers=[header]) as client:
                assert client.status == 403, header
        code, _, body = http_request(server, path="/recordings/", headers={"X-Forwarded-For": "203.0.113.9"})
        assert code == 403 and b"--ws-token-file" in body and b"203.0.113.9" in body, body
        server.wait_log(r"\] WARNING .*X-Forwarded-For: 203\.0\.113\.9.*--ws-token-file")
        for _ in range(40):
            assert http_request(server, path="/healthz", headers={"Via": "1.1 x"})[0] == 403
            octets = http_bytes(server, b"\x16\x03\x01\x02\x00\x01")
            assert status_of(octets) == 400 and b"TLS" in octets, octets
        assert http_request(server, path="/healthz")[0] == 200
        for line in ("passes it on", "TLS (https, wss)"):  # five, and one more each ten seconds
            assert 5 <= server.log.count(line) < 20, server.log


def test_handshake_checks():
    with loopback() as server:
        raw = RawWs(server, upgrade=False)
        good = raw.request().decode()
        raw.close()

        def answer(text):
            octets = http_bytes(server, text.encode())
            return status_of(octets), octets
        assert answer(good.replace("Version: 13", "Version: 12"))[0] == 426
        assert b"Sec-WebSocket-Version: 13" in answer(good.replace("Version: 13", "Version: 12"))[1]
        for before, after in (("Sec-WebSocket-Key: " + RawWs.KEY + "\r\n", ""), (RawWs.KEY, "c2hvcnQ="), (RawWs.KEY, "!" * 24),
                              ("Connection: Upgrade", "Connection: close"), ("HTTP/1.1", "HTTP/1.0")):
            assert answer(good.replace(before, after))[0] in (400, 426, 505), (before, after)
        assert answer(good.replace("GET / ", "GET /other "))[0] == 404
        assert answer(good.replace("GET / ", "GET /echo "))[0] == 404
        assert answer(good.replace("GET / ", "POST / "))[0] == 405
        with RawWs(server, headers=["connection: keep-alive, UPGRADE"]) as client:
            assert client.status == 101 and client.header("Sec-WebSocket-Accept") == RawWs.ACCEPT
            assert client.header("Upgrade").lower() == "websocket" and client.header("Sec-WebSocket-Protocol") is None


def test_handshake_in_pieces():
    """Byte for byte, and with the first frame right behind it."""
    with loopback() as server:
        with RawWs(server, upgrade=False) as client:
            whole = client.request() + client.frame(1, b"LIST_WAV")
            for index in range(len(whole)):
                client.sock.sendall(whole[index:index + 1])
            assert client.read_head() == 101
            assert client.recv_text("WAV_LIST_END") == "WAV_LIST_END:0"
        with RawWs(server, upgrade=False) as client:
            client.sock.sendall(client.request() + client.frame(1, b"LIST_WAV") + client.frame(9, b"x"))
            assert client.read_head() == 101
            # a pong need not wait for the answer to a command
            assert {client.recv(), client.recv()} == {(1, b"WAV_LIST_END:0"), (10, b"x")}


def test_handshake_timeout():
    with loopback() as server:
        with RawWs(server, upgrade=False) as silent, RawWs(server, upgrade=False) as slow:
            slow.sock.sendall(b"GET / HTTP/1.1\r\n")
            started = time.monotonic()
            time.sleep(5)
            slow.sock.sendall(b"Host: localhost\r\n")
            assert silent.at_end(8) and slow.at_end(5)
            assert 8 < time.monotonic() - started < 10 + 5 * SLOW


def test_subprotocols():
    with loopback() as server:
        for offered, chosen in ((["sip-audio-protocol"], "sip-audio-protocol"), (["sip-demo-protocol"], "sip-demo-protocol"),
                                (["x", "sip-demo-protocol", "sip-audio-protocol"], "sip-demo-protocol"), (["x"], None), (None, None)):
            with Client(server, subprotocols=offered) as client:
                assert client.subprotocol == chosen, (offered, client.subprotocol)
                client.call()
                client.hangup()
        with Client2(server, subprotocols=["sip-audio-protocol"]) as client:
            assert client.subprotocol == "sip-audio-protocol"


def test_recordings_page():
    with loopback() as server, Client(server) as client:
        for number in ("111", "222"):
            client.call(number)
            client.wait_audio(5)
            client.hangup()
        names = [os.path.basename(p) for p in server.recordings]
        code, _, body = http_request(server, path="/recordings/")
        assert code == 200 and all(n.encode() in body for n in names), body
        code, headers, body = http_request(server, path="/recordings/" + names[0])
        assert code == 200 and body == file_octets(server.path("recordings", names[0]))
        assert headers["content-type"].startswith("audio/"), headers
        with open(server.path("secret.txt"), "w", encoding="ascii") as file:
            file.write("secret")
        for path in ("../secret.txt", "%2e%2e%2fsecret.txt", "..%2Fsecret.txt", "/etc/passwd", "%2Fetc%2Fpasswd", "..", ".",
                     "%00", "%zz", names[0] + "%00", "x" * 300 + ".wav"):
            octets = http_bytes(server, ("GET /recordings/%s HTTP/1.1\r\nHost: localhost\r\n\r\n" % path).encode())
            assert status_of(octets) in (400, 403, 404), (path, octets[:200])
            assert b"secret" not in octets.split(b"\r\n\r\n", 1)[1] or path.encode() in octets


def test_large_recording_downloads_while_a_call_runs():
    with loopback() as server, Client(server) as client:
        name = "20200101T000000Z-1-abcdefgh.wav"
        with open(server.path("recordings", name), "wb") as file:
            file.write(os.urandom(20 << 20))
        client.call()
        code, _, body = http_request(server, path="/recordings/" + name)
        assert code == 200 and body == file_octets(server.path("recordings", name))
        client.hangup()


def test_tokens():
    with loopback() as unused:  # a folder for the file
        path = unused.path("tokens")
        with open(path, "w", encoding="ascii") as file:
            file.write("first-token\nsecond+token?&%\n")
        with loopback("--ws-token-file", path, "--log-level", "debug") as server:
            bearer = {"Authorization": "Bearer first-token"}
            for path_ in ("/", "/healthz", "/recordings/"):
                assert http_request(server, path=path_)[0] == 401, path_
                assert http_request(server, path=path_, headers=bearer)[0] == 200, path_
                assert http_request(server, path=path_ + "?token=first-token")[0] == 200, path_
            assert http_request(server, path="/?token=" + urllib.parse.quote("second+token?&%"))[0] == 200
            for wrong in ("Bearer", "Bearer ", "Bearer first-toke", "Bearer first-token2", "Basic first-token", "first-token"):
                assert http_request(server, headers={"Authorization": wrong})[0] == 401, wrong
            for wrong in ("?token=", "?token=first", "?tokens=first-token", "?token=%zz"):
                assert http_request(server, path="/" + wrong)[0] in (400, 401), wrong
            with RawWs(server) as client:
                assert client.status == 401
            with Client(server, path="/?token=first-token") as client:
                client.call()
                client.hangup()
            with Client(server, extra_headers=bearer) as client:
                client.call()
                with open(path, "w", encoding="ascii") as file:
                    file.write("third-token\n")
                server.signal(signal.SIGHUP)
                wait_until(lambda: http_request(server, headers={"Authorization": "Bearer third-token"})[0] == 200, 5, "new token")
                assert http_request(server, headers=bearer)[0] == 401
                client.hangup()
            for secret in ("first-token", "second", "third-token"):
                assert secret not in server.log, secret


def test_ws_allow():
    with loopback("--ws-allow", "127.0.0.2/32", "--ws-allow", "10.0.0.0/8") as server:
        code, _, body = http_request(server, path="/healthz")
        assert code == 403, body
        assert http_request(server, path="/healthz", source="127.0.0.2")[0] == 200
        with RawWs(server) as client:
            assert client.status == 403
        with RawWs(server, source="127.0.0.2") as client:
            assert client.status == 101


def test_protected_mode():
    """Without --ws-allow and --ws-token-file only loopback gets in; the answer names the flags."""
    address = local_address()
    if not address:
        print("     protected mode: no other local address, not seen")
        return
    with loopback(ws_listen="0.0.0.0:0") as server:
        with socket.create_connection((address, server.ws_port), 5, (address, 0)) as sock:
            sock.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            answer = b""
            while True:
                more = sock.recv(4096)
                if not more:
                    break
                answer += more
        assert status_of(answer) == 403 and b"--ws-allow" in answer and b"--ws-token-file" in answer, answer
        server.wait_log(r"\] WARNING .*" + re.escape(address))
        assert http_request(server, path="/healthz")[0] == 200


def test_origins():
    with loopback("--ws-origin", "https://app.example", "--ws-origin", "http://evil.example:81") as server:
        here = "127.0.0.1:%d" % server.ws_port

        def code(origin, host=here):
            lines = "GET /healthz HTTP/1.1\r\nHost: %s\r\nOrigin: %s\r\n\r\n" % (host, origin)
            return status_of(http_bytes(server, lines.encode()))
        assert code("http://" + here) == 200
        assert code("https://app.example") == 200
        assert code("http://localhost:%d" % server.ws_port, "localhost:%d" % server.ws_port) == 200
        assert code("https://App.example/") == 200
        own = socket.gethostname()
        for name in (own, own + ".local", own.upper()):
            assert code("http://%s:%d" % (name, server.ws_port), "%s:%d" % (name, server.ws_port)) == 200, name
        for origin in ("http://127.0.0.1", "http://127.0.0.1:1", "http://localhost:%d" % server.ws_port, "https://app.example.evil",
                       "https://app.example:444", "null", "", "http://evil.example", "https://app.example/x", "file://", "x"):
            assert code(origin) == 403, origin
        octets = http_bytes(server, ("GET / HTTP/1.1\r\nHost: %s\r\nOrigin: http://evil.example\r\n\r\n" % here).encode())
        assert b"Host: " + here.encode() in octets and b"--ws-origin http://evil.example" in octets, octets
        rebound = "attacker.example:%d" % server.ws_port
        assert code("http://" + rebound, rebound) == 403
        with RawWs(server, headers=["Origin: http://elsewhere.example"]) as client:
            assert client.status == 403
        with RawWs(server, headers=["Origin: https://app.example"]) as client:
            assert client.status == 101
    with loopback("--ws-origin", "null") as server:
        with RawWs(server, headers=["Origin: null"]) as client:
            assert client.status == 101


def test_max_clients():
    with loopback("--max-clients", 3) as server:
        three = [Client(server) for _ in range(3)]
        with RawWs(server) as client:
            assert client.status == 503
        three[0].close()
        wait_until(lambda: RawWs(server).status == 101, 5, "a place is free again")
        for client in three[1:]:
            client.close()


def test_ipv6():
    if not socket.has_ipv6:
        return
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        print("     IPv6: no ::1 here, not seen")
        return
    with loopback(ws_listen="[::1]:0") as server, Client(server) as client:
        assert server.ws_host == "[::1]"
        client.call()
        client.wait_audio(3)
        client.hangup()


if __name__ == "__main__":
    main(sys.modules[__name__])
