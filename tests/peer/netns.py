# SPDX-License-Identifier: MIT
"""A gateway behind a NAT: three network namespaces of our own, nftables between them, conntrack on a shortened clock.

    gateway 10.77.0.2 -- 10.77.0.1 nat 198.51.100.1 -- 198.51.100.2 pbx"""
import contextlib
import ctypes
import os
import subprocess

GATEWAY, INNER, OUTER, PBX = "10.77.0.2", "10.77.0.1", "198.51.100.1", "198.51.100.2"
UDP_TIMEOUT = 3  # seconds that the NAT remembers a silent UDP flow; 30 is usual
CLONE_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)


def run(*words):
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        raise OSError("%s: %s" % (" ".join(words), done.stderr.strip()))
    return done.stdout


class Nat:
    """Usable as root where the kernel has namespaces, nf_nat and nf_conntrack; OSError otherwise."""

    def __init__(self, name):
        self.names = {role: "%s-%d-%s" % (name, os.getpid(), role) for role in ("gw", "nat", "pbx")}
        self.made = []
        try:
            self._build()
        except OSError:
            self.remove()
            raise

    def _in(self, role, *words):
        return run("ip", "netns", "exec", self.names[role], *words)

    def _wire(self, role, addr, there, inner):
        """A cable from the namespace to the NAT."""
        run("ip", "link", "add", "eth0", "netns", self.names[role], "type", "veth", "peer", "name", inner, "netns", self.names["nat"])
        self._in(role, "ip", "addr", "add", addr + "/24", "dev", "eth0")
        self._in(role, "ip", "link", "set", "eth0", "up")
        self._in("nat", "ip", "addr", "add", there + "/24", "dev", inner)
        self._in("nat", "ip", "link", "set", inner, "up")

    def _build(self):
        for role, name in self.names.items():
            run("ip", "netns", "add", name)
            self.made.append(name)
            self._in(role, "ip", "link", "set", "lo", "up")
        self._wire("gw", GATEWAY, INNER, "inside")
        self._wire("pbx", PBX, OUTER, "outside")
        self._in("gw", "ip", "route", "add", "default", "via", INNER)
        self._in("nat", "sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward")
        self._in("nat", "nft", "add table ip nat; add chain ip nat post { type nat hook postrouting priority 100; }; "
                 "add rule ip nat post oifname outside masquerade random; "
                 "add chain ip nat forward { type filter hook forward priority 0; policy drop; }; "
                 "add rule ip nat forward ct state established,related accept; add rule ip nat forward iifname inside accept")
        for key in ("nf_conntrack_udp_timeout", "nf_conntrack_udp_timeout_stream"):
            self._in("nat", "sh", "-c", "echo %d > /proc/sys/net/netfilter/%s" % (UDP_TIMEOUT, key))

    @contextlib.contextmanager
    def inside(self, role):
        """This thread, and what it starts meanwhile (threads, processes, sockets), is in that namespace."""
        home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        there = os.open("/run/netns/" + self.names[role], os.O_RDONLY)
        try:
            self._enter(there)
            try:
                yield
            finally:
                self._enter(home)
        finally:
            os.close(home)
            os.close(there)

    @staticmethod
    def _enter(fd):
        if _libc.setns(fd, CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), "setns")

    def flows(self):
        """Lines of the NAT's table."""
        return self._in("nat", "cat", "/proc/net/nf_conntrack") if os.path.exists("/proc/net/nf_conntrack") else ""

    def remove(self):
        for name in self.made:
            subprocess.run(["ip", "netns", "del", name], capture_output=True, check=False)
        self.made = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.remove()
