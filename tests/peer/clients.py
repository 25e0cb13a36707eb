# SPDX-License-Identifier: MIT
"""WebSocket clients: python3-websockets, websocket-client and a raw socket for what no library would send."""
import asyncio
import base64
import http.client
import os
import re
import socket
import struct
import threading
import time

import websocket
import websockets

from audio import Rtp
from timing import SLOW


class Mailbox:
    """What came from the server, in order, with times. Subclasses give send() and _shut()."""

    def __init__(self):
        self.cond = threading.Condition()
        self.control = []  # (time, text) but for RTP: lines
        self.audio = []  # (time, packet octets), from RTP: lines
        self.binary = []  # (time, octets)
        self.matched = set()
        self.cursor = 0
        self.calls_sent = 0
        self.close_code = None
        self.closed = False
        self.problem = None
        self.allow_errors = False

    def _on_message(self, message):
        now = time.monotonic()
        with self.cond:
            if isinstance(message, bytes):
                self.binary.append((now, message))
            elif message.startswith("RTP:"):
                if message != message.upper():
                    self.problem = "RTP line is not upper-case hex"
                self.audio.append((now, bytes.fromhex(message[4:])))
            else:
                self.control.append((now, message))
            self.cond.notify_all()

    def _on_closed(self, code):
        with self.cond:
            self.closed, self.close_code = True, code
            self.cond.notify_all()

    def texts(self):
        return [text if len(text) < 200 else text[:200] + "..." for _, text in self.control]

    @staticmethod
    def _matches(pattern, text):
        if isinstance(pattern, str):
            return text == pattern or text.startswith(pattern + ":")
        return pattern.search(text) is not None

    def expect(self, pattern, timeout=5):
        """The next control message that is `pattern` (or begins with it and ':'), or that the regex finds."""
        deadline = time.monotonic() + timeout * SLOW
        with self.cond:
            while True:
                for index in range(self.cursor, len(self.control)):
                    if self._matches(pattern, self.control[index][1]):
                        self.cursor = index + 1
                        self.matched.add(index)
                        return self.control[index][1]
                left = deadline - time.monotonic()
                assert left > 0 and not self.closed, "no %r%s; got %s" % (
                    pattern, ", closed with %s" % self.close_code if self.closed else "", self.texts()[-12:])
                self.cond.wait(left)

    def time_of(self, pattern):
        return next(t for t, text in self.control if self._matches(pattern, text))

    def count(self, pattern):
        with self.cond:
            return sum(self._matches(pattern, text) for _, text in self.control)

    def never(self, pattern, seconds=0.3):
        time.sleep(seconds)
        assert self.count(pattern) == 0, "unexpected %r in %s" % (pattern, self.texts())

    def call(self, target="echo", until="established", timeout=8):
        self.send("CALL:" + target)
        if until:
            self.state(until, timeout)
        return self

    def state(self, name, timeout=5):
        return self.expect("CALL_STATE:" + name, timeout)

    def ended(self, code=None, timeout=8):
        text = self.state("ended", timeout)
        parts = text.split(":", 3)
        assert len(parts) == 4, "ended has code and reason: %r" % text
        assert code is None or int(parts[2]) == code, "ended with %s, expected %s (%s)" % (parts[2], code, self.texts()[-6:])
        return int(parts[2]), parts[3]

    def hangup(self, code=200):
        self.send("HANGUP")
        return self.ended(code)

    def error(self, verb, code, timeout=5):
        text = self.expect("ERROR:" + verb, timeout)
        assert text.split(":")[2] == code, "%r, expected code %s" % (text, code)
        assert len(text.split(":", 3)) == 4, "no text in %r" % text
        return text

    def upload(self, name, octets, timeout=10):
        """Stores a file and checks the answer."""
        self.send("WAV_UPLOAD:%s:%s" % (name, base64.b64encode(octets).decode()))
        text = self.expect("WAV_ACK", timeout)
        assert text == "WAV_ACK:檔案上傳成功 (%d 字節)" % len(octets), text

    def play(self, name, timeout=15):
        """Plays a file to its end."""
        self.send("PLAY_WAV:" + name)
        text = self.expect("WAV_ACK", timeout)
        assert text == "WAV_ACK:開始播放檔案 " + name, text
        assert self.expect("WAV_DONE:" + name, timeout) == "WAV_DONE:" + name

    def stats(self):
        """The next CALL_STATS as a dictionary."""
        return parse_stats(self.expect("CALL_STATS"))

    def packets(self):
        with self.cond:
            return [Rtp(octets) for _, octets in self.audio]

    def steady(self, most=0.035):
        """No packet came that long after the one before: neither the server nor this program was kept from the processor."""
        with self.cond:
            times = [at for at, _ in self.audio]
        return all(after - before < most for before, after in zip(times, times[1:]))

    def wait_audio(self, count, timeout=5):
        deadline = time.monotonic() + timeout * SLOW
        with self.cond:
            while len(self.audio) < count:
                left = deadline - time.monotonic()
                assert left > 0 and not self.closed, "%d of %d RTP lines; %s" % (len(self.audio), count, self.texts()[-6:])
                self.cond.wait(left)

    def wait_closed(self, timeout=5):
        deadline = time.monotonic() + timeout * SLOW
        with self.cond:
            while not self.closed:
                left = deadline - time.monotonic()
                assert left > 0, "not closed; %s" % self.texts()[-6:]
                self.cond.wait(left)
        return self.close_code

    def check(self):
        """Every CALL and ANSWER gets at most one ended, every ERROR was asked for, hex is upper-case."""
        assert self.problem is None, self.problem
        ended = self.count("CALL_STATE:ended")
        assert ended <= self.calls_sent, "%d ended for %d CALLs: %s" % (ended, self.calls_sent, self.texts())
        if not self.allow_errors:
            loose = [text for index, (_, text) in enumerate(self.control)
                     if text.startswith("ERROR:") and index not in self.matched]
            assert not loose, "unexpected %s" % loose

    def _note_sent(self, message):
        if isinstance(message, str) and (message.startswith("CALL:") or message == "ANSWER"):
            self.calls_sent += 1

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        self.close()
        if kind is None:
            self.check()


def parse_stats(text):
    assert text.startswith("CALL_STATS:"), text
    head, _, recording = text[len("CALL_STATS:"):].partition(" recording=")
    values = dict(item.split("=", 1) for item in head.split(" "))
    values["recording"] = recording
    wanted = ("call_id duration_ms tx_packets rx_packets lost reordered duplicates jitter_ms rtt_ms mos codec "
              "skipped recording").split()
    assert list(values) == wanted, "keys %s" % list(values)
    return values


class _Loop:
    """One asyncio loop in a thread, shared by every client of this process."""
    loop = None
    lock = threading.Lock()

    @classmethod
    def get(cls):
        with cls.lock:
            if cls.loop is None:
                cls.loop = asyncio.new_event_loop()
                threading.Thread(target=cls.loop.run_forever, daemon=True).start()
            return cls.loop


class Client(Mailbox):
    """python3-websockets."""

    def __init__(self, server, path="/", **options):
        super().__init__()
        self.loop = _Loop.get()
        url = "ws://%s:%d%s" % (server.ws_host, server.ws_port, path)
        options.setdefault("max_size", None)
        options.setdefault("open_timeout", 10 * SLOW)
        options.setdefault("ping_timeout", 60 * SLOW)

        async def connect():
            return await websockets.connect(url, **options)
        self.ws = self._run(connect(), 12)
        self.task = asyncio.run_coroutine_threadsafe(self._read(), self.loop)

    def _run(self, what, timeout=20):
        return asyncio.run_coroutine_threadsafe(what, self.loop).result(timeout * SLOW)

    async def _read(self):
        try:
            async for message in self.ws:
                self._on_message(message)
        except websockets.ConnectionClosed:
            pass
        self._on_closed(self.ws.close_code)

    def send(self, message):
        self._note_sent(message)
        self._run(self.ws.send(message), 60)

    def send_fragments(self, pieces, pause=0):
        async def go():
            async def parts():
                for piece in pieces:
                    yield piece
                    if pause:
                        await asyncio.sleep(pause)
            await self.ws.send(parts())
        self._run(go(), 60)

    @property
    def subprotocol(self):
        return self.ws.subprotocol

    def close(self):
        self._run(self.ws.close(), 20)

    def vanish(self):
        """The client's machine dies: a reset, no close frame."""
        def reset():
            sock = self.ws.transport.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.ws.transport.abort()
        self.loop.call_soon_threadsafe(reset)


class Client2(Mailbox):
    """websocket-client, the second, independent one."""

    def __init__(self, server, path="/", **options):
        super().__init__()
        url = "ws://%s:%d%s" % (server.ws_host, server.ws_port, path)
        self.ws = websocket.create_connection(url, timeout=10 * SLOW, **options)
        self.ws.settimeout(None)
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()

    def _read(self):
        code = None
        try:
            while True:
                opcode, data = self.ws.recv_data(control_frame=True)
                if opcode == websocket.ABNF.OPCODE_TEXT:
                    self._on_message(data.decode("utf-8"))
                elif opcode == websocket.ABNF.OPCODE_BINARY:
                    self._on_message(bytes(data))
                elif opcode == websocket.ABNF.OPCODE_CLOSE:
                    code = struct.unpack("!H", data[:2])[0] if len(data) >= 2 else 1005
                    break
        except (OSError, websocket.WebSocketException):
            pass
        self._on_closed(code)

    def send(self, message):
        self._note_sent(message)
        if isinstance(message, bytes):
            self.ws.send_binary(message)
        else:
            self.ws.send(message)

    @property
    def subprotocol(self):
        return self.ws.subprotocol

    def close(self):
        try:
            self.ws.send_close()
        except (OSError, websocket.WebSocketException):
            pass
        self.thread.join(3 * SLOW)
        try:
            self.ws.shutdown()
        except (OSError, websocket.WebSocketException):
            pass


class RawWs:
    """Frames as bytes: any opcode, any flag, any split."""
    KEY = "dGhlIHNhbXBsZSBub25jZQ=="
    ACCEPT = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="  # RFC 6455 1.3

    def __init__(self, server, path="/", upgrade=True, headers=(), source=None, rcvbuf=None):
        self.server = server
        family = socket.AF_INET6 if ":" in server.ws_host else socket.AF_INET
        self.sock = socket.socket(family, socket.SOCK_STREAM)
        if rcvbuf:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, rcvbuf)
        if source:
            self.sock.bind((source, 0))
        self.sock.settimeout(10 * SLOW)
        self.sock.connect((server.ws_host.strip("[]"), server.ws_port))
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = b""
        self.status = None
        if upgrade:
            self.sock.sendall(self.request(path, headers))
            self.read_head()

    def request(self, path="/", headers=()):
        lines = ["GET %s HTTP/1.1" % path, "Host: %s:%d" % (self.server.ws_host, self.server.ws_port), "Upgrade: websocket",
                 "Connection: Upgrade", "Sec-WebSocket-Key: " + self.KEY, "Sec-WebSocket-Version: 13"]
        return ("\r\n".join(lines + list(headers)) + "\r\n\r\n").encode()

    def read_head(self):
        while b"\r\n\r\n" not in self.buffer:
            more = self.sock.recv(65536)
            if not more:
                break
            self.buffer += more
        head, _, self.buffer = self.buffer.partition(b"\r\n\r\n")
        self.head = head.decode("latin-1")
        self.status = int(self.head.split(" ")[1]) if self.head else None
        return self.status

    def header(self, name):
        found = re.search(r"(?im)^%s:[ \t]*(.*?)[ \t]*$" % re.escape(name), self.head)
        return found.group(1).strip() if found else None

    @staticmethod
    def frame(opcode, payload=b"", fin=True, mask=True, rsv=0, length=None):
        size = len(payload) if length is None else length
        first = (0x80 if fin else 0) | rsv << 4 | opcode
        flag = 0x80 if mask else 0
        if size < 126:
            head = struct.pack("!BB", first, flag | size)
        elif size < 65536:
            head = struct.pack("!BBH", first, flag | 126, size)
        else:
            head = struct.pack("!BBQ", first, flag | 127, size)
        if not mask:
            return head + payload
        if len(payload) > 4 << 20:  # masking so much stops every other thread of the test for a second or two
            return head + bytes(4) + payload
        key = os.urandom(4)
        stream = (key * (len(payload) // 4 + 1))[:len(payload)]
        masked = (int.from_bytes(payload, "big") ^ int.from_bytes(stream, "big")).to_bytes(len(payload), "big")
        return head + key + masked

    def send(self, *args, **kwargs):
        self.sock.sendall(self.frame(*args, **kwargs))

    def text(self, text):
        self.send(1, text.encode() if isinstance(text, str) else text)

    def _need(self, count):
        while len(self.buffer) < count:
            more = self.sock.recv(65536)
            if not more:
                raise EOFError
            self.buffer += more

    def recv(self, timeout=5):
        """(opcode, payload) of the next frame; (None, b'') at the end of the stream."""
        self.sock.settimeout(timeout * SLOW)
        try:
            self._need(2)
            size, start = self.buffer[1] & 0x7F, 2
            assert not self.buffer[1] & 0x80, "the server masks"
            if size == 126:
                self._need(4)
                size, start = struct.unpack("!H", self.buffer[2:4])[0], 4
            elif size == 127:
                self._need(10)
                size, start = struct.unpack("!Q", self.buffer[2:10])[0], 10
            self._need(start + size)
        except (EOFError, ConnectionError):
            return None, b""
        opcode, payload = self.buffer[0] & 0x0F, self.buffer[start:start + size]
        self.buffer = self.buffer[start + size:]
        return opcode, payload

    def recv_text(self, prefix, timeout=5):
        """The next text frame that begins with prefix; anything else is passed over."""
        deadline = time.monotonic() + timeout * SLOW
        while time.monotonic() < deadline:
            opcode, payload = self.recv(timeout)
            assert opcode is not None, "connection gone while waiting for " + prefix
            if opcode == 1 and payload.startswith(prefix.encode()):
                return payload.decode()
        raise AssertionError("no " + prefix)

    def close_code(self, timeout=5):
        """Reads to the close frame and gives its code; None when the stream ends without one."""
        deadline = time.monotonic() + timeout * SLOW
        while time.monotonic() < deadline:
            opcode, payload = self.recv(timeout)
            if opcode is None:
                return None
            if opcode == 8:
                return struct.unpack("!H", payload[:2])[0] if len(payload) >= 2 else 1005
        raise AssertionError("no close frame")

    def at_end(self, timeout=5):
        """True when the server closes the stream in time."""
        self.sock.settimeout(timeout * SLOW)
        try:
            while self.sock.recv(65536):
                pass
        except ConnectionError:
            pass
        except socket.timeout:
            return False
        return True

    def reset(self):
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()

    def close(self):
        self.sock.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def http_request(server, method="GET", path="/", headers=None, source=None):
    """(status, headers, body) of one request."""
    connection = http.client.HTTPConnection(server.ws_host.strip("[]"), server.ws_port, timeout=10 * SLOW,
                                            source_address=(source, 0) if source else None)
    try:
        connection.request(method, path, headers=headers or {})
        answer = connection.getresponse()
        return answer.status, dict((k.lower(), v) for k, v in answer.getheaders()), answer.read()
    finally:
        connection.close()


def http_bytes(server, octets, timeout=10):
    """Sends bytes as they are; everything that comes back until the server closes."""
    with socket.create_connection((server.ws_host, server.ws_port), timeout * SLOW) as sock:
        sock.sendall(octets)
        answer = b""
        try:
            while True:
                more = sock.recv(65536)
                if not more:
                    return answer
                answer += more
        except ConnectionError:
            return answer
