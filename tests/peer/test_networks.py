# SPDX-License-Identifier: MIT
"""The server in networks made of namespaces: its address changes, and a NAT stands between it and the SIP server.

Needs root, ip and nft. Nothing outside of the namespaces is touched; they vanish with the processes that hold them."""
import ctypes
import os
import subprocess
import sys
import time

from clients import Client
from harness import Server, main, need, wait_until
from registrar import Registrar

CLONE_NEWNET = 0x40000000
libc = ctypes.CDLL(None, use_errno=True)


def run(*command):
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


class Network:
    """Another network namespace, held by a sleeping process."""

    def __init__(self):
        self.holder = subprocess.Popen(["unshare", "--net", "sleep", "600"])
        wait_until(lambda: self._link() not in ("", os.readlink("/proc/thread-self/ns/net")), 5, "a namespace")
        self.run("ip", "link", "set", "lo", "up")

    def _link(self):
        try:
            return os.readlink("/proc/%d/ns/net" % self.holder.pid)
        except OSError:
            return ""

    def run(self, *command):
        run("nsenter", "--target", str(self.holder.pid), "--net", *command)

    def __enter__(self):
        """What this thread opens now is opened there."""
        self.home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        self._enter(os.open("/proc/%d/ns/net" % self.holder.pid, os.O_RDONLY))

    def __exit__(self, *_):
        self._enter(self.home)

    @staticmethod
    def _enter(fd):
        assert libc.setns(fd, CLONE_NEWNET) == 0
        os.close(fd)

    def close(self):
        self.holder.kill()
        self.holder.wait()


def wire(name, inner, there, outer):
    """From here (address inner) to the namespace there (address outer), both /24."""
    run("ip", "link", "add", name, "type", "veth", "peer", "name", "far", "netns", str(there.holder.pid))
    there.run("ip", "addr", "add", outer + "/24", "dev", "far")
    there.run("ip", "link", "set", "far", "up")
    run("ip", "addr", "add", inner + "/24", "dev", name)
    run("ip", "link", "set", name, "up")


class There(Registrar):
    """A registrar in that network, RTP ports too."""

    def __init__(self, network, ip):
        self.network = network
        with network:
            super().__init__(ip=ip)

    def new_rtp(self, **options):
        with self.network:
            return super().new_rtp(ip=self.ip, **options)


def serve(registrar, *flags):
    return Server("--sip-user", "201", "--sip-password", "secret", "--sip-register", *flags,
                  sip="%s:%d" % (registrar.ip, registrar.port), sip_listen="0")


def call_with_audio(registrar, client, ip):
    """A call whose audio goes both ways; our SDP and Contact name ip."""
    client.send("CALL:bob")
    invite, rtp = registrar.answer(rtp=registrar.new_rtp(echo=True))
    client.state("established")
    assert invite.media()[0] == ip and "@%s:" % ip in invite.contact_uri(), invite.raw
    rtp.wait(20)
    client.wait_audio(20)
    client.hangup()
    registrar.take_bye()


def test_address_changes():
    """A new lease: one line, new calls and the registration use it, the old binding is taken away."""
    other = Network()
    try:
        wire("net0", "10.77.0.2", other, "10.77.0.1")
        with There(other, "10.77.0.1") as registrar, serve(registrar, "--sip-keepalive", "2") as server, \
                Client(server) as client:
            old = registrar.wait_bound("sip:201@10.77.0.2:%d" % server.sip_port)
            call_with_audio(registrar, client, "10.77.0.2")
            run("ip", "addr", "del", "10.77.0.2/24", "dev", "net0")
            run("ip", "addr", "add", "10.77.0.3/24", "dev", "net0")
            new = registrar.wait_bound("sip:201@10.77.0.3:%d" % server.sip_port, 10)
            wait_until(lambda: list(registrar.bindings) == [new], 5, "one binding")
            assert registrar.registers()[-1].source[0] == "10.77.0.3" and old not in registrar.bindings
            server.wait_log(r"The route to the SIP server has changed: our address is now 10\.77\.0\.3")
            assert server.log.count("The route to the SIP server has changed") == 1
            call_with_audio(registrar, client, "10.77.0.3")
            server.stop()
            assert not registrar.bindings
    finally:
        other.close()


def test_interface_goes_and_comes():
    """The cable is out for a while: not reachable, then reachable and registered anew."""
    other = Network()
    try:
        wire("net0", "10.77.0.2", other, "10.77.0.1")
        with There(other, "10.77.0.1") as registrar, serve(registrar, "--sip-keepalive", "1") as server:
            registrar.wait_bound()
            count = len(registrar.registers())
            run("ip", "link", "set", "net0", "down")
            server.wait_log("is not reachable", 40)
            run("ip", "link", "set", "net0", "up")
            wait_until(lambda: len(registrar.registers()) > count, 15, "REGISTER when it is back")
            server.wait_log(r"(?s)not reachable.*is reachable")
            assert list(registrar.bindings) == ["sip:201@10.77.0.2:%d" % server.sip_port]
    finally:
        other.close()


def test_nat():
    """Behind a masquerading router with another port: registered as seen, called through it, audio both ways, and the binding
    stays open though the router forgets after 3 s of silence."""
    router, outside = Network(), Network()
    try:
        wire("net0", "192.168.77.2", router, "192.168.77.1")
        run("ip", "route", "add", "default", "via", "192.168.77.1")
        router.run("ip", "link", "add", "wan", "type", "veth", "peer", "name", "far", "netns", str(outside.holder.pid))
        router.run("ip", "addr", "add", "203.0.113.1/24", "dev", "wan")
        router.run("ip", "link", "set", "wan", "up")
        outside.run("ip", "addr", "add", "203.0.113.9/24", "dev", "far")
        outside.run("ip", "link", "set", "far", "up")
        router.run("sysctl", "-q", "-w", "net.ipv4.ip_forward=1")
        router.run("nft", "add table ip nat; add chain ip nat post { type nat hook postrouting priority 100; }; "
                          'add rule ip nat post oifname "wan" masquerade random')
        router.run("sysctl", "-q", "-w", "net.netfilter.nf_conntrack_udp_timeout=3",
                   "net.netfilter.nf_conntrack_udp_timeout_stream=3")
        with There(outside, "203.0.113.9") as registrar:
            registrar.seen = True
            with serve(registrar, "--sip-keepalive", "1", "--incoming", "echo") as server, Client(server) as client:
                uri = registrar.wait_bound()
                port = int(uri.rsplit(":", 1)[1])
                assert uri.startswith("sip:201@203.0.113.1:") and port != server.sip_port, uri
                assert registrar.registers()[-1].source == ("203.0.113.1", port)
                call_with_audio(registrar, client, "203.0.113.1")
                time.sleep(8)  # silence of calls; OPTIONS alone keep the way in open
                assert list(registrar.bindings) == [uri] and len({m.source for m in registrar.all("OPTIONS")}) == 1
                registrar.raw("OPTIONS %s SIP/2.0\r\nVia: SIP/2.0/UDP 203.0.113.9:%d;branch=z9hG4bKin;rport\r\n"
                              "From: <sip:a@203.0.113.9>;tag=1\r\nTo: <%s>\r\nCall-ID: in\r\nCSeq: 1 OPTIONS\r\n"
                              "Max-Forwards: 70\r\nContent-Length: 0\r\n\r\n" % (uri, registrar.port, uri), ("203.0.113.1", port))
                registrar.wait(200)
                # the router begins anew: another port, one REGISTER takes the old one away
                router.run("nft", "flush ruleset")
                router.run("nft", "add table ip nat; add chain ip nat post { type nat hook postrouting priority 100; }; "
                                  'add rule ip nat post oifname "wan" meta l4proto udp masquerade to :50000-50010')
                def with_new():
                    return [u for u in registrar.bindings if 50000 <= int(u.rsplit(":", 1)[1]) <= 50010]
                run("ip", "link", "set", "net0", "down")  # long enough for the old mapping to be forgotten
                time.sleep(5)
                run("ip", "link", "set", "net0", "up")
                run("ip", "route", "replace", "default", "via", "192.168.77.1")
                wait_until(lambda: with_new() and len(registrar.bindings) == 1, 60, "the new binding alone")
                call_with_audio(registrar, client, "203.0.113.1")
    finally:
        router.close()
        outside.close()


if __name__ == "__main__":
    need("ip")
    need("nft")
    need("nsenter")
    if os.geteuid() != 0:
        print("root is needed for network namespaces")
        sys.exit(77)
    if sys.argv[1:2] == ["--inside"]:
        del sys.argv[1]
        run("ip", "link", "set", "lo", "up")
        main(sys.modules[__name__])
    # each in a process and a network of its own
    names = sys.argv[1:] or [name for name in dir() if name.startswith("test_")]
    failed = [name for name in names if subprocess.call(["unshare", "--net", sys.executable, "-B", __file__, "--inside", name])]
    print("%d passed, %d failed" % (len(names) - len(failed), len(failed)))
    sys.exit(1 if failed else 0)
