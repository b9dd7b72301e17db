# SPDX-License-Identifier: Apache-2.0
"""Packets and captures made from scratch, for tests: nothing of the SDK is used here."""
import ipaddress
import struct

ETH_IPV4, ETH_ARP, ETH_VLAN, ETH_IPV6, ETH_QINQ = 0x0800, 0x0806, 0x8100, 0x86DD, 0x88A8
ICMP, TCP, UDP, FRAGMENT, ICMPV6 = 1, 6, 17, 44, 58


def checksum(data):
    """RFC 1071, word by word."""
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def mac(text):
    return bytes.fromhex(text.replace(":", ""))


def ip(text):
    return ipaddress.ip_address(text).packed


def ethernet(payload, kind, dst="02:00:00:00:00:01", src="02:00:00:00:00:99", vlans=()):
    """A frame; vlans are (EtherType, TCI) pairs, outermost first."""
    frame = mac(dst) + mac(src)
    for tag, tci in vlans:
        frame += struct.pack(">HH", tag, tci)
    return frame + struct.pack(">H", kind) + payload


def ipv4(payload, protocol, src, dst, ttl=17, fragment=0, options=b"", ident=7, total=None, bad_checksum=False):
    length = 20 + len(options)
    header = struct.pack(">BBHHHBBH", 0x40 | length // 4, 0, total or length + len(payload), ident, fragment, ttl,
                         protocol, 0) + ip(src) + ip(dst) + options
    value = checksum(header) ^ (0x5555 if bad_checksum else 0)
    return header[:10] + struct.pack(">H", value) + header[12:] + payload


def ipv6(payload, protocol, src, dst, hop_limit=17, length=None):
    return struct.pack(">IHBB", 0x60000000, len(payload) if length is None else length, protocol,
                       hop_limit) + ip(src) + ip(dst) + payload


def pseudo(src, dst, protocol, length):
    if "." in src:
        return ip(src) + ip(dst) + struct.pack(">BBH", 0, protocol, length)
    return ip(src) + ip(dst) + struct.pack(">II", length, protocol)


def tcp(src, dst, sport, dport, data=b"", flags=2):
    header = struct.pack(">HHIIBBHHH", sport, dport, 1, 0, 0x50, flags, 1000, 0, 0) + data
    value = checksum(pseudo(src, dst, TCP, len(header)) + header)
    return header[:16] + struct.pack(">H", value) + header[18:]


def udp(src, dst, sport, dport, data=b""):
    header = struct.pack(">HHHH", sport, dport, 8 + len(data), 0) + data
    value = checksum(pseudo(src, dst, UDP, len(header)) + header) or 0xFFFF
    return header[:6] + struct.pack(">H", value) + header[8:]


def icmp(kind, data, code=0, damage=0):
    message = struct.pack(">BBH", kind, code, 0) + data
    return message[:2] + struct.pack(">H", checksum(message) ^ damage) + message[4:]


def icmpv6(src, dst, kind, data, code=0, damage=0):
    message = struct.pack(">BBH", kind, code, 0) + data
    value = checksum(pseudo(src, dst, ICMPV6, len(message)) + message) ^ damage
    return message[:2] + struct.pack(">H", value) + message[4:]


def write_pcap(path, frames):
    """A nanosecond capture; packet i has time stamp i seconds and i nanoseconds."""
    with open(path, "wb") as file:
        file.write(struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 65535, 1))
        for i, frame in enumerate(frames):
            file.write(struct.pack("<IIII", 1000 + i, i, len(frame), len(frame)) + frame)


def read_pcap(path):
    with open(path, "rb") as file:
        data = file.read()
    (magic,) = struct.unpack_from("<I", data)
    assert magic in (0xA1B23C4D, 0xA1B2C3D4), f"{path}: not a pcap file"
    frames, at = [], 24
    while at < len(data):
        captured = struct.unpack_from("<IIII", data, at)[2]
        frames.append(data[at + 16 : at + 16 + captured])
        at += 16 + captured
    return frames
