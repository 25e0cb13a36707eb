# SPDX-License-Identifier: MIT
"""SIPp as the other end: scenarios in sipp/, one process a test, ended by id."""
import os
import shutil
import subprocess
import tempfile
import time

from harness import free_udp_port, wait_until
from timing import SLOW

HERE = os.path.dirname(os.path.abspath(__file__))


def port_taken(port):
    wanted = ":%04X " % port
    with open("/proc/net/udp", encoding="ascii") as file:
        return any(wanted in line.split(" st ")[0] for line in file.readlines()[1:])


class Sipp:
    """One SIPp as UAS (or with uac=PORT as caller towards that port of 127.0.0.1)."""

    def __init__(self, scenario, calls=1, echo=True, timeout=60, port=None, files=(), uac=None, more=()):
        self.folder = tempfile.mkdtemp(prefix="sipp-")
        for name, octets in files:
            with open(os.path.join(self.folder, name), "wb") as file:
                file.write(octets)
        for _ in range(5):  # another program may be faster to a port that looked free
            self.port, self.media = port or free_udp_port(low=30000, high=31000), free_udp_port(low=31000, high=31590)
            self._start(scenario, calls, echo, timeout, uac, more)
            time.sleep(0.05)
            if self.process.poll() is None:
                return
        raise AssertionError("SIPp does not start: " + self.read("stderr.txt"))

    def _start(self, scenario, calls, echo, timeout, uac, more):
        command = ["sipp", "-i", "127.0.0.1", "-p", str(self.port), "-mi", "127.0.0.1", "-mp", str(self.media),
                   "-m", str(calls), "-nostdin", "-timeout", "%ds" % (timeout * SLOW), "-timeout_error", "-trace_err",
                   "-error_file", "errors.log", "-trace_msg", "-message_file", "messages.log"]
        path = os.path.join(HERE, "sipp", scenario + ".xml")
        command += ["-sf", path] if os.path.exists(path) else ["-sn", scenario]
        command += ["-rtp_echo"] if echo else []
        command += list(more)
        if uac:
            command.append("127.0.0.1:%d" % uac)
        with open(os.path.join(self.folder, "stderr.txt"), "wb") as err:
            self.process = subprocess.Popen(command, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                            stderr=err)
        wait_until(lambda: self.process.poll() is not None or port_taken(self.port), 5, "SIPp listening")

    def read(self, name):
        try:
            with open(os.path.join(self.folder, name), encoding="utf-8", errors="replace") as file:
                return file.read()
        except FileNotFoundError:
            return ""

    @property
    def messages(self):
        return self.read("messages.log")

    def done(self, timeout=20):
        """Waits for the scenario's end; SIPp's verdict must be success."""
        try:
            code = self.process.wait(timeout * SLOW)
        except subprocess.TimeoutExpired:
            raise AssertionError("SIPp goes on: " + self.read("errors.log")[-1500:] + self.messages[-3000:]) from None
        assert code == 0, "SIPp says %d: %s%s" % (code, self.read("errors.log")[-1500:], self.messages[-3000:])

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        try:
            if kind is None:
                self.done()
            else:
                print("--- SIPp (exit %s)\n%s%s" % (self.process.poll(), self.read("errors.log")[-1500:] + self.read("stderr.txt"), self.messages[-3000:]))
        finally:
            self.close()

    def close(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(3)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)
