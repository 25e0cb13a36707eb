# SPDX-License-Identifier: MIT
"""Writes datagrams as a capture file, so that no right to listen on an interface is needed."""
import socket
import struct


def _checksum(octets):
    total = sum(struct.unpack("!%dH" % (len(octets) // 2), octets[:len(octets) & ~1]))
    total += octets[-1] << 8 if len(octets) & 1 else 0
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def _packet(number, source, target, octets):
    addresses = socket.inet_aton(source[0]) + socket.inet_aton(target[0])
    length = 8 + len(octets)
    udp = struct.pack("!HHHH", source[1], target[1], length, 0)
    udp = udp[:6] + struct.pack("!H", _checksum(addresses + struct.pack("!HH", 17, length) + udp + octets) or 0xFFFF)
    ip = struct.pack("!BBHHHBBH", 0x45, 0, 20 + length, number & 0xFFFF, 0x4000, 64, 17, 0) + addresses
    return ip[:10] + struct.pack("!H", _checksum(ip)) + ip[12:] + udp + octets


def write(path, datagrams, ethernet=False):
    """datagrams: (seconds since 1970, source, target, octets), in any order. ethernet: for programs that want such frames."""
    head = bytes(12) + b"\x08\x00" if ethernet else b""
    with open(path, "wb") as file:
        file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1 if ethernet else 101))  # 101: bare IP packets
        for number, (when, source, target, octets) in enumerate(sorted(datagrams, key=lambda one: one[0])):
            packet = head + _packet(number, source, target, octets)
            file.write(struct.pack("<IIII", int(when), int(when % 1 * 1e6), len(packet), len(packet)) + packet)
