# SPDX-License-Identifier: MIT
"""baresip as the other end: no sound card, it plays a WAV file and dumps what it hears. One process a test, ended by id."""
import glob
import json
import os
import re
import shutil
import socket
import subprocess
import tempfile
import threading

import audio
from harness import free_tcp_port, free_udp_port, wait_until
from sippeer import port_taken
from timing import SLOW

MODULES = [folder for folder in ("/usr/lib/baresip/modules", "/usr/lib64/baresip/modules", "/usr/local/lib/baresip/modules")
           if os.path.isdir(folder)]
CONFIG = """
poll_method             epoll
sip_listen              127.0.0.1:%(port)d
net_interface           127.0.0.1
call_local_timeout      60
call_max_calls          1
audio_path              %(folder)s
audio_source            aufile,%(folder)s/source.wav
audio_player            aubridge,sink
audio_alert             aubridge,alert
ausrc_srate             8000
auplay_srate            8000
ausrc_channels          1
ctrl_tcp_listen         127.0.0.1:%(control)d
auplay_channels         1
audio_buffer            20-160
rtp_ports               %(rtp)d-%(rtp_last)d
jitter_buffer_type      off
jitter_buffer_delay     0-0
snd_path                %(folder)s
module_path             %(modules)s
module                  g711.so
module                  sndfile.so
module                  aufile.so
module                  aubridge.so
module_tmp              account.so
module_app              menu.so
module_app              ctrl_tcp.so
"""


class Control:
    """Its control connection: commands, and the events that it tells."""

    def __init__(self, port):
        self.events = []
        self.sock = socket.create_connection(("127.0.0.1", port), 10)
        self.sock.settimeout(None)
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        stream = self.sock.makefile("rb")
        try:
            while True:
                digits = b""
                while not digits.endswith(b":"):
                    more = stream.read(1)
                    if not more:
                        return
                    digits += more
                message = json.loads(stream.read(int(digits[:-1])).decode("utf-8", "replace"))
                stream.read(1)  # the comma of a netstring
                if message.get("event"):
                    self.events.append((message["type"], message.get("param")))
        except (OSError, ValueError):
            pass

    def command(self, name, params=""):
        text = json.dumps({"command": name, "params": params}).encode()
        self.sock.sendall(b"%d:%s," % (len(text), text))

    def keys(self):
        """The keys that it heard."""
        return "".join(param for kind, param in list(self.events) if kind == "CALL_DTMF_START")

    def close(self):
        self.sock.shutdown(socket.SHUT_RDWR)
        self.sock.close()


class Baresip:
    """Answers every call by itself and plays `source` (samples, 8 kHz); at the end of the file it hangs up."""

    def __init__(self, source, codecs="pcmu,pcma", answer="auto", more=(), account="<sip:phone@127.0.0.1>;regint=0"):
        self.account = account
        self.folder = tempfile.mkdtemp(prefix="baresip-")
        with open(os.path.join(self.folder, "source.wav"), "wb") as file:
            file.write(audio.wav_pcm16(source))
        for _ in range(5):  # another program may be faster to a port that looked free
            self._start(codecs, answer, more)
            if self.process.poll() is None:
                return
        raise AssertionError("baresip does not start: " + self.output)

    def _start(self, codecs, answer, more):
        self.port, rtp = free_udp_port(low=30000, high=31000), free_udp_port(low=31000, high=31540)
        self.control = free_tcp_port()
        self._write("config", CONFIG % {"port": self.port, "folder": self.folder, "rtp": rtp, "rtp_last": rtp + 40,
                                        "control": self.control, "modules": MODULES[0]})
        self._write("accounts", "%s;answermode=%s;audio_codecs=%s\n" % (self.account, answer, codecs))
        self._write("contacts", "")
        with open(os.path.join(self.folder, "output.txt"), "wb") as out:
            self.process = subprocess.Popen(["baresip", "-f", self.folder, "-t", str(int(60 * SLOW)), "-s"] + list(more),
                                            cwd=self.folder, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT,
                                            env=dict(os.environ, HOME=self.folder))
        wait_until(lambda: self.process.poll() is not None or (
            "baresip is ready" in self.output and port_taken(self.port)), 10, "baresip ready")

    def _write(self, name, text):
        with open(os.path.join(self.folder, name), "w", encoding="utf-8") as file:
            file.write(text)

    @property
    def output(self):
        try:
            with open(os.path.join(self.folder, "output.txt"), encoding="utf-8", errors="replace") as file:
                return file.read()
        except FileNotFoundError:
            return ""

    def dump(self, direction):
        """The samples (16-bit little-endian octets) that went through baresip: enc, what it played, or dec, what it heard."""
        found = glob.glob(os.path.join(self.folder, "dump-*-%s.wav" % direction))
        assert len(found) == 1, found
        wav = audio.read_wav(found[0])
        assert (wav.tag, wav.channels, wav.rate, wav.bits) == (1, 1, 8000, 16), vars(wav)
        return wav.data

    def stop(self):
        """Ends it, so that its dumps are complete."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                code = self.process.wait(10 * SLOW)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
                raise AssertionError("baresip goes on: " + self.output[-2000:]) from None
            assert code == 0, "baresip says %d: %s" % (code, self.output[-2000:])

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        try:
            if kind is None:
                self.stop()
            else:
                told = re.sub(r"[^\n]*audio=\d+/\d+ \(bit/s\)\s*", "", self.output)
                print("--- baresip (exit %s)\n%s" % (self.process.poll(), told[-3000:]))
        finally:
            if self.process.poll() is None:
                self.process.kill()
                self.process.wait()
            shutil.rmtree(self.folder, ignore_errors=True)
