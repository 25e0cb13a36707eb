# SPDX-License-Identifier: MIT
"""Kamailio as registrar (memory only) and record-routing proxy with digest authentication. User N has the password pw-N."""
import os
import shutil
import signal
import subprocess
import tempfile

from harness import free_udp_port, wait_until
from sippeer import port_taken
from timing import SLOW

DOMAIN = "kama.test"
CONFIG = """
debug=2
log_stderror=yes
children=2
disable_tcp=yes
auto_aliases=no
dns=no
rev_dns=no
listen=udp:127.0.0.1:%(port)d
alias="%(domain)s"
server_signature=no

loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "rr.so"
loadmodule "pv.so"
loadmodule "maxfwd.so"
loadmodule "siputils.so"
loadmodule "textops.so"
loadmodule "usrloc.so"
loadmodule "registrar.so"
loadmodule "auth.so"

modparam("usrloc", "db_mode", 0)
modparam("registrar", "min_expires", 10)
modparam("rr", "append_fromtag", 1)
modparam("auth", "qop", "auth")

request_route {
    if (!mf_process_maxfwd_header("10")) { sl_send_reply("483", "Too Many Hops"); exit; }
    if (is_method("CANCEL")) { if (t_check_trans()) { t_relay(); } exit; }
    if (has_totag()) {
        if (loose_route()) { t_relay(); exit; }
        if (is_method("ACK")) { if (t_check_trans()) { t_relay(); } exit; }
        sl_send_reply("404", "Not Here");
        exit;
    }
    if (is_method("OPTIONS")) { sl_send_reply("200", "OK"); exit; }
    if (is_method("REGISTER")) {
        if (!pv_www_authenticate("%(domain)s", "pw-$au", "0")) { www_challenge("%(domain)s", "1"); exit; }
        save("location");
        exit;
    }
    if (!is_method("INVITE")) { sl_send_reply("405", "Method Not Allowed"); exit; }
    t_check_trans();
    if (!pv_proxy_authenticate("%(domain)s", "pw-$au", "0")) { proxy_challenge("%(domain)s", "1"); exit; }
    consume_credentials();
    record_route();
    if (!lookup("location")) { sl_send_reply("404", "Not Found"); exit; }
    t_relay();
}
"""


class Kamailio:
    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="kamailio-")
        for _ in range(5):  # another program may be faster to a port that looked free
            self.port = free_udp_port(low=30000, high=31000)
            self.start()
            if self.process.poll() is None:
                return
        raise AssertionError("kamailio does not start: " + self.output)

    def start(self):
        config = os.path.join(self.folder, "kamailio.cfg")
        with open(config, "w", encoding="utf-8") as file:
            file.write(CONFIG % {"port": self.port, "domain": DOMAIN})
        with open(os.path.join(self.folder, "output.txt"), "ab") as out:
            self.process = subprocess.Popen(
                ["kamailio", "-DD", "-E", "-f", config, "-m", "32", "-M", "8", "-Y", self.folder, "-w", self.folder],
                cwd=self.folder, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT, start_new_session=True)
        wait_until(lambda: self.process.poll() is not None or port_taken(self.port), 20, "kamailio ready: " + self.output[-800:])

    @property
    def output(self):
        try:
            with open(os.path.join(self.folder, "output.txt"), encoding="utf-8", errors="replace") as file:
                return file.read()
        except FileNotFoundError:
            return ""

    def stop(self):
        """Ends it with its children; what was registered is forgotten."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(10 * SLOW)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)  # its own group: start_new_session
                self.process.wait()
        wait_until(lambda: not port_taken(self.port), 10, "kamailio's port is free")

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        try:
            if kind is not None:
                print("--- kamailio (exit %s)\n%s" % (self.process.poll(), self.output[-3000:]))
            self.stop()
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)
