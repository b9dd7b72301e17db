# SPDX-License-Identifier: Apache-2.0
"""Chains, ports and their numbers."""

import json
import unittest

from support import Packet, RunCase, nf, read_pcap, run, write_pcap

# What router.S does: sends each packet by the port that its first byte names; 0xff passes it on.
PASS_ON = 0xFF


def packet(port, mark=0):
    return Packet(bytes([port, mark]) + bytes(62), 1000 + mark)


class Ports(RunCase):
    def outputs(self, count):
        return [option for i in range(count) for option in ("--out", "pcap:" + self.path(f"{i}.pcap"))]

    def test_each_packet_leaves_by_its_port(self):
        packets = [packet(i % 5, i) for i in range(200)]
        write_pcap(self.path("in.pcap"), packets)
        for options in ((), ("--copy",), ("--burst", "256"), ("--burst", "1")):
            result = run(nf("router"), "--in", "pcap:" + self.path("in.pcap"), *self.outputs(4), "--stats=json", *options)
            self.assertEqual(result.status, 0, result.err)
            self.check_conservation(result.stats)
            for port in range(4):
                self.assertEqual(read_pcap(self.path(f"{port}.pcap"))[0], [p for p in packets if p.data[0] == port])
            # There is no port 4.
            self.assertEqual(result.stats["nfs"][0]["refused"], 40)

    def test_sent_packets_skip_the_rest_of_the_chain(self):
        packets = [packet(1, 1), packet(PASS_ON, 2), packet(0, 3)]
        write_pcap(self.path("in.pcap"), packets)
        result = run(nf("router"), nf("pass"), "--in", "pcap:" + self.path("in.pcap"), *self.outputs(2), "--stats=json")
        self.check_conservation(result.stats)
        self.assertEqual(result.stats["nfs"][1]["packets_in"], 1)
        self.assertEqual([p.data[1] for p in read_pcap(self.path("0.pcap"))[0]], [3, 2])
        self.assertEqual([p.data[1] for p in read_pcap(self.path("1.pcap"))[0]], [1])

    def test_nothing_but_ports(self):
        """A chain of one is the least; its longest is 64."""
        result = run(*[nf("pass")] * 64, "--in", "null:5000", "--out", "null", "--stats=json")
        self.assertEqual(result.status, 0, result.err)
        self.check_conservation(result.stats)
        self.assertEqual([stage["next"] for stage in result.stats["nfs"]], [5000] * 64)
        self.assertEqual(run(*[nf("pass")] * 65, "--in", "null", "--out", "null").status, 2)

    def test_input_number_is_told(self):
        """where.S writes in_port, length, wire length and time stamp into the frame."""
        for name, mark in (("a", 1), ("b", 2)):
            write_pcap(self.path(name), [Packet(bytes([mark]) + bytes(63), 10**18 + mark, 100 + mark)])
        result = run(nf("where"), "--in", "pcap:" + self.path("a"), "--in", "pcap:" + self.path("b"), *self.outputs(2),
                     "--stats=json")
        self.assertEqual(result.status, 0, result.err)
        for port, mark in ((0, 1), (1, 2)):
            (out,) = read_pcap(self.path(f"{port}.pcap"))[0]
            self.assertEqual(out.data[0], port)
            self.assertEqual(int.from_bytes(out.data[8:16], "little"), 10**18 + mark)
            self.assertEqual(int.from_bytes(out.data[16:20], "little"), 100 + mark)
            self.assertEqual(int.from_bytes(out.data[20:22], "little"), 64)

    def test_same_file_for_both(self):
        write_pcap(self.path("x.pcap"), [])
        spec = "pcap:" + self.path("x.pcap")
        result = run(nf("pass"), "--in", spec, "--out", spec)
        self.assertEqual(result.status, 2)
        self.assertIn("an input or an output, not both", result.err)


class Offloads(RunCase):
    """What an NF asks the port to do (offload.S asks for what the second byte of the destination address says)."""

    IP_CSUM, L4_CSUM, VLAN = 32, 64, 128

    def frame(self, flags, ip):
        return Packet(bytes([2, flags, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1]) + ip)

    def test_ipv4_udp(self):
        # From RFC 1071's arithmetic, by hand: see checksum().
        payload = b"odd length!"
        udp = bytes.fromhex("04d20035") + (8 + len(payload)).to_bytes(2, "big") + b"\0\0" + payload
        ip = bytearray(bytes.fromhex("4500") + (20 + len(udp)).to_bytes(2, "big") + bytes.fromhex(
            "00004000401100000a0000010a000002"))
        expected_ip = bytearray(ip)
        expected_ip[10:12] = checksum(ip)
        pseudo = ip[12:20] + b"\0\x11" + len(udp).to_bytes(2, "big")
        expected_udp = udp[:6] + checksum(pseudo + udp) + udp[8:]
        for flags, expected in (
            (self.IP_CSUM, bytes(expected_ip) + udp),
            (self.L4_CSUM, bytes(ip) + expected_udp),
            (self.IP_CSUM | self.L4_CSUM, bytes(expected_ip) + expected_udp),
            (0, bytes(ip) + udp),
        ):
            _, out = self.run_packets([nf("offload")], [self.frame(flags, b"\x08\0" + ip + udp)])
            self.assertEqual(out[0].data[12:], b"\x08\0" + expected)

    def test_ipv6_tcp(self):
        tcp = bytes.fromhex("04d200500000000100000000500220000000") + b"\0\0" + b"data"
        ip = bytes.fromhex("60000000") + len(tcp).to_bytes(2, "big") + b"\x06\x40" + bytes(range(32))
        pseudo = ip[8:40] + len(tcp).to_bytes(4, "big") + b"\0\0\0\x06"
        expected = tcp[:16] + checksum(pseudo + tcp) + tcp[18:]
        _, out = self.run_packets([nf("offload")], [self.frame(self.L4_CSUM, b"\x86\xdd" + ip + tcp)])
        self.assertEqual(out[0].data[12:], b"\x86\xdd" + ip + expected)

    def test_vlan_tag(self):
        frame = self.frame(self.VLAN, b"\x88\xb5" + bytes(50))
        for mode in ((), ("--copy",)):
            _, out = self.run_packets([nf("offload")], [frame], *mode)
            self.assertEqual(out[0].data, frame.data[:12] + bytes.fromhex("8100a123") + frame.data[12:])

    def test_nonsense_is_left_alone(self):
        """Headers that promise more than there is: no checksum to make, nothing else touched."""
        for ip in (b"", b"\x08", b"\x08\0", b"\x08\0\x45", b"\x08\0" + b"\x4f" + b"\xff" * 25,
                   b"\x08\0" + b"\x45\0\xff\xff" + bytes(30), b"\x86\xdd" + b"\x60\0\0\0\xff\xff\x06" + bytes(33),
                   b"\x81\0\0\0\x81\0\0\0\x81\0", b"\x08\0" + b"\x45\0\0\x14\0\0\0\0\0\x06" + bytes(10)):
            frame = self.frame(self.L4_CSUM, ip)
            _, out = self.run_packets([nf("offload")], [frame])
            self.assertEqual(out[0].data, frame.data)

    def test_no_room_for_a_tag(self):
        frame = self.frame(self.VLAN, b"\x88\xb5" + bytes(1792 - 14))
        write_pcap(self.path("in.pcap"), [frame])
        result = run(nf("offload"), "--in", "pcap:" + self.path("in.pcap"), "--out", "null", "--stats=json")
        self.assertEqual(result.stats["total"], {"received": 1, "sent": 0, "dropped": 1})


def checksum(data):
    """RFC 1071, the obvious way."""
    data = bytes(data) + b"\0" * (len(data) % 2)
    total = sum(int.from_bytes(data[i : i + 2], "big") for i in range(0, len(data), 2))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return (total ^ 0xFFFF).to_bytes(2, "big")


if __name__ == "__main__":
    unittest.main()
