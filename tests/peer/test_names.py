# SPDX-License-Identifier: MIT
"""The SIP server by name: a real name server (dnsmasq) in a network namespace with a resolv.conf of its own.

Without c-ares built in, the tests of that build run instead; without namespaces or dnsmasq it ends with 77."""
import fcntl
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time

from clients import Client
from harness import Server, free_udp_port, main, run_server, wait_until
from phone import Phone
from test_ipv6 import echo_server, echo_through

FOLDER = os.environ.get("NAMES_FOLDER")  # set in the namespace
HOSTS = os.path.join(FOLDER or "", "hosts")
PORTS = {}
DNS = None


def lo_up():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        flags = struct.unpack("16sh", fcntl.ioctl(s, 0x8913, struct.pack("16sh14x", b"lo", 0))[:18])[1]
        fcntl.ioctl(s, 0x8914, struct.pack("16sh14x", b"lo", flags | 1))  # SIOCSIFFLAGS, IFF_UP


def write_hosts(**names):
    with open(HOSTS, "w") as out:
        for name, address in names.items():
            out.write("%s %s.test\n" % (address, name))


def start_dns():
    global DNS
    for name in ("first", "second", "gone"):
        PORTS[name] = free_udp_port()
    write_hosts(one="127.0.0.1", two="127.0.0.1", three="127.0.0.3", moving="127.0.0.1", six="::1")
    DNS = subprocess.Popen(
        ["dnsmasq", "--keep-in-foreground", "--no-resolv", "--no-hosts", "--bind-interfaces", "--listen-address=127.0.0.1",
         "--port=53", "--conf-file=/dev/null", "--pid-file=", "--user=root", "--local=/test/", "--local-ttl=1",
         "--addn-hosts=" + HOSTS,
         "--srv-host=_sip._udp.pbx.test,one.test,%d,10,5" % PORTS["first"],
         "--srv-host=_sip._udp.pbx.test,two.test,%d,20,5" % PORTS["second"],
         "--srv-host=_sip._udp.refusing.test,one.test,%d,10,5" % PORTS["gone"],
         "--srv-host=_sip._udp.refusing.test,three.test,%d,20,5" % PORTS["second"]],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def answers():
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.settimeout(0.2)
            s.connect(("127.0.0.1", 53))
            try:
                s.send(b"\0\1\1\0\0\1\0\0\0\0\0\0\3one\4test\0\0\1\0\1")
                return s.recv(512)
            except OSError:
                return None
    wait_until(answers, what="dnsmasq answers")


def test_srv_then_the_second_target():
    """The first target is silent: the call goes through the second, and the next one at once."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent, Phone(port=PORTS["second"]) as phone:
        silent.bind(("127.0.0.1", PORTS["first"]))
        with Server("--sip-keepalive", "0", sip="pbx.test") as server, Client(server) as client:
            server.wait_log("SIP server pbx.test is 127.0.0.1:%d, 127.0.0.1:%d" % (PORTS["first"], PORTS["second"]))
            started = time.monotonic()
            client.send("CALL:bob")
            invite, _ = phone.answer(timeout=20)
            assert time.monotonic() - started > 3.5, "the first was not given its time"
            assert "@pbx.test" in invite.uri, invite.uri
            client.state("established")
            silent.setblocking(False)
            first = silent.recv(65536).decode()
            assert first.startswith("INVITE ") and "Call-ID: " + invite.call_id in first and invite.branch not in first
            server.wait_log("SIP server 127.0.0.1:%d failed" % PORTS["first"])
            client.hangup()
            phone.take_bye()
            client.send("CALL:bob")
            phone.answer(timeout=3)
            client.hangup()
            phone.take_bye()


def test_refused_by_icmp():
    """Nobody holds the first target's port: the kernel says so, and the second one has the call at once."""
    with Phone(ip="127.0.0.3", port=PORTS["second"]) as phone:
        with Server("--log-level", "debug", sip="refusing.test") as server, Client(server) as client:
            server.wait_log("SIP server refusing.test is 127.0.0.1:%d, 127.0.0.3:" % PORTS["gone"])
            client.send("CALL:bob")
            phone.answer(timeout=20)
            sent = re.findall(r"SIP out 127\.0\.0\.1:%d\n[^\n]*DEBUG +INVITE " % PORTS["gone"], server.log)
            assert len(sent) == 1, "it was waited for: %d INVITEs" % len(sent)
            client.state("established")
            client.hangup()
            phone.take_bye()


def test_address_changes():
    """A new A record is taken up when the old one's time is over (30 s at least); the call that is up stays."""
    with Phone() as old, Phone(ip="127.0.0.2", port=old.port) as new:
        with Server("--sip-keepalive", "0", "--no-media-seconds", "0", sip="moving.test:%d" % old.port) as server:
            server.wait_log("SIP server moving.test is 127.0.0.1:%d" % old.port)
            with Client(server) as before, Client(server) as after:
                before.send("CALL:bob")
                old.answer()
                before.state("established")
                write_hosts(one="127.0.0.1", two="127.0.0.1", three="127.0.0.3", moving="127.0.0.2", six="::1")
                DNS.send_signal(signal.SIGHUP)
                server.wait_log("SIP server moving.test is 127.0.0.2:%d" % old.port, timeout=60)
                after.send("CALL:bob")
                new.answer()
                after.state("established")
                after.hangup()
                new.take_bye()
                before.hangup()
                old.take_bye()


def test_an_ipv6_address_alone():
    """A name with an AAAA record only, --sip-listen on all interfaces: SIP, SDP and RTP are IPv6."""
    with echo_server() as other, Server("--sip-keepalive", "0", sip="six.test:%d" % other.sip_port, sip_listen="0") as server:
        server.wait_log(r"SIP server six.test is \[::1\]:%d" % other.sip_port)
        echo_through(server)


def test_no_such_name_at_start():
    """The server starts, says so once, and calls are refused with io until the name is there."""
    with Server("--sip-keepalive", "0", sip="later.test") as server, Client(server) as client:
        server.wait_log("WARNING SIP server later.test: no address found")
        client.send("CALL:bob")
        client.error("CALL", "io")


def test_looked_up_once_without_cares():
    """By the C library, at the start; said in the log. The call goes there."""
    with Phone() as phone, Server("--sip-keepalive", "0", sip="one.test:%d" % phone.port) as server, Client(server) as client:
        server.wait_log("SIP server one.test is 127.0.0.1:%d" % phone.port)
        server.wait_log("Built without c-ares: the SIP server's name was looked up once")
        client.send("CALL:bob")
        invite, _ = phone.answer()
        assert "@one.test" in invite.uri, invite.uri
        client.state("established")
        client.hangup()
        phone.take_bye()


def test_no_such_name_ends_it_without_cares():
    code, _, err = run_server("--ws-listen", "127.0.0.1:0", "--sip-listen", "127.0.0.1:0", "--sip-server", "later.test")
    assert code == 1 and len(err.splitlines()) == 1, (code, err)
    assert re.search("--sip-server later.test: the name cannot be resolved: .", err), err


def fits_this_build(name):
    built_without = "c-ares not built in" in run_server("--version")[1]
    return built_without == name.endswith("_without_cares")


def prepare():
    unshare = ["unshare", "-n", "-m", "-p", "--fork", "--mount-proc"] + (["-r"] if os.geteuid() != 0 else [])
    if not shutil.which("dnsmasq") or subprocess.run(unshare + ["true"], stderr=subprocess.DEVNULL).returncode != 0:
        print("dnsmasq or namespaces are missing")
        sys.exit(77)
    with tempfile.TemporaryDirectory(prefix="peer-names-") as folder:
        with open(os.path.join(folder, "resolv.conf"), "w") as out:
            out.write("nameserver 127.0.0.1\n")
        inside = 'mount --bind "$0/resolv.conf" /etc/resolv.conf && exec "$@"'
        sys.exit(subprocess.run(unshare + ["sh", "-c", inside, folder, sys.executable, "-B"] + sys.argv,
                                env=dict(os.environ, NAMES_FOLDER=folder)).returncode)


if __name__ == "__main__":
    if not FOLDER:
        prepare()
    lo_up()
    start_dns()
    for test in [name for name in list(globals()) if name.startswith("test_") and not fits_this_build(name)]:
        del globals()[test]
    main(sys.modules[__name__])  # the name server goes with the namespace
