# SPDX-License-Identifier: Apache-2.0
"""
Real hosts, that is, network namespaces, joined by nothing but rf-run: what
Linux's own stack sends must come through unharmed, in both directions, with
checksums, VLAN tags and large TCP segments as the kernel leaves them to a
network card.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import unittest

from support import RF_RUN, Packet, RunCase, nf, read_pcap, write_pcap

LEFT, RIGHT, MIDDLE = (f"rf-test-{name}-{os.getpid()}" for name in ("left", "right", "middle"))


def within(namespace):
    """A command's prefix. Not `ip netns exec`, nor `ip -n`: they want to remount /, which a chroot may not."""
    return ["nsenter", f"--net=/run/netns/{namespace}"] if namespace else []


def ip(*arguments, namespace=None, check=True):
    done = subprocess.run([*within(namespace), "ip", *arguments], capture_output=True, text=True, check=False)
    if check and done.returncode != 0:
        raise RuntimeError(f"ip {' '.join(arguments)} in {namespace or 'the host'}: {done.stderr}")
    return done


# Both ends of a bulk transfer: the receiver prints the digest of what came.
RECEIVE = """
import hashlib, socket, sys
family = socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET
server = socket.socket(family)
server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
server.bind((sys.argv[1], 5001)); server.listen(1)
print("ready", flush=True)
peer, _ = server.accept()
digest, total = hashlib.sha256(), 0
while data := peer.recv(1 << 16):
    digest.update(data); total += len(data)
print(total, digest.hexdigest(), flush=True)
"""
SEND = """
import hashlib, random, socket, sys
data = random.Random(7).randbytes(int(sys.argv[2]))
family = socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET
s = socket.socket(family); s.settimeout(50); s.connect((sys.argv[1], 5001)); s.sendall(data); s.close()
print(len(data), hashlib.sha256(data).hexdigest())
"""

# Whole frames, each an argument in hexadecimal; and back, of one experimental EtherType.
SEND_RAW = """
import socket, sys
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW); s.bind(("l0", 0))
for frame in sys.argv[1:]:
    s.send(bytes.fromhex(frame))
"""
RECEIVE_RAW = """
import socket, sys
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x88b5)); s.bind(("l0", 0x88b5)); s.settimeout(15)
print("ready", flush=True)
for _ in range(int(sys.argv[1])):
    print(s.recv(2000).hex(), flush=True)
"""


class Bridge(RunCase):
    @classmethod
    def setUpClass(cls):
        if os.geteuid() != 0 or not shutil.which("ip"):
            raise unittest.SkipTest("needs root and iproute2")
        made = ip("netns", "add", MIDDLE, check=False)
        if made.returncode != 0:
            raise unittest.SkipTest("cannot make network namespaces here: " + made.stderr.strip())
        cls.addClassCleanup(cls.remove)
        for name, own, other, host in ((LEFT, "l0", "m0", 1), (RIGHT, "r0", "m1", 2)):
            ip("netns", "add", name)
            ip("link", "add", own, "netns", name, "type", "veth", "peer", "name", other, "netns", MIDDLE)
            ip("addr", "add", f"10.88.0.{host}/24", "dev", own, namespace=name)
            ip("addr", "add", f"fd88::{host}/64", "dev", own, "nodad", namespace=name)
            ip("link", "set", own, "up", namespace=name)
            ip("link", "set", other, "up", namespace=MIDDLE)
            cls.vlan = cls.add_vlan(name, own, host)

    @classmethod
    def add_vlan(cls, name, own, host):
        added = ip("link", "add", "link", own, "name", "tagged", "type", "vlan", "id", "77", namespace=name, check=False)
        if added.returncode != 0:
            return False
        ip("addr", "add", f"10.89.0.{host}/24", "dev", "tagged", namespace=name)
        ip("link", "set", "tagged", "up", namespace=name)
        return True

    @classmethod
    def remove(cls):
        for name in (LEFT, RIGHT, MIDDLE):
            ip("netns", "del", name, check=False)

    def inside(self, namespace, *command):
        process = subprocess.Popen([*within(namespace), *command], stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.stderr.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def bridge(self, *options, nfs=None):
        process = self.inside(MIDDLE, RF_RUN, *(nfs or [nf("pass")]), "--in", "af_packet:m0", "--out", "af_packet:m1",
                         "--bidir", "--stats=json", *options)
        deadline = time.monotonic() + 20
        while self.ping("10.88.0.2", count=1) != 0:
            self.assertIsNone(process.poll(), "rf-run ended")
            self.assertLess(time.monotonic(), deadline, "no ping comes through")
        return process

    def end(self, process):
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=20)
        self.assertEqual(process.returncode, 0, err)
        stats = json.loads(out.splitlines()[-1])
        self.check_conservation(stats)
        return stats

    def ping(self, address, count=3, *options):
        return subprocess.run([*within(LEFT), "ping", "-q", "-i", "0.2", "-W", "1", "-c", str(count),
                               *options, address], capture_output=True, check=False).returncode

    def transfer(self, address, size):
        receiver = self.inside(RIGHT, sys.executable, "-c", RECEIVE, address)
        self.assertEqual(receiver.stdout.readline(), "ready\n")
        sender = self.inside(LEFT, sys.executable, "-c", SEND, address, str(size))
        sent, error = sender.communicate(timeout=60)
        self.assertEqual(sender.returncode, 0, error)
        received, _ = receiver.communicate(timeout=20)
        self.assertEqual(received, sent)

    def test_ping(self):
        process = self.bridge()
        self.assertEqual(self.ping("10.88.0.2"), 0)
        self.assertEqual(self.ping("fd88::2"), 0)
        self.assertEqual(self.ping("10.88.0.2", 3, "-s", "1472", "-M", "do"), 0)
        stats = self.end(process)
        counters = [port["counters"] for port in stats["ports"]]
        # Both directions, and nothing twice: what one port received, the other sent.
        self.assertEqual(counters[0]["rx_packets"], counters[1]["tx_packets"])
        self.assertEqual(counters[1]["rx_packets"], counters[0]["tx_packets"])
        self.assertGreaterEqual(min(c["rx_packets"] for c in counters), 10)

    def test_ping_over_vlan(self):
        if not self.vlan:
            self.skipTest("this kernel has no VLAN interfaces (module 8021q)")
        process = self.bridge()
        self.assertEqual(self.ping("10.89.0.2"), 0)
        self.end(process)

    def test_bulk_tcp(self):
        """Veth hands over segments of up to 64 KiB without checksums; they are cut and summed up."""
        process = self.bridge()
        self.transfer("10.88.0.2", 20 << 20)
        stats = self.end(process)
        self.assertGreater(stats["ports"][0]["counters"]["rx_large_frames_cut"], 0)
        self.assertEqual(stats["ports"][0]["counters"]["rx_too_long"], 0)

    def test_bulk_tcp_ipv6(self):
        process = self.bridge()
        self.transfer("fd88::2", 10 << 20)
        stats = self.end(process)
        self.assertGreater(stats["ports"][0]["counters"]["rx_large_frames_cut"], 0)

    def test_bulk_tcp_over_vlan(self):
        if not self.vlan:
            self.skipTest("this kernel has no VLAN interfaces (module 8021q)")
        process = self.bridge()
        self.transfer("10.89.0.2", 10 << 20)
        self.end(process)

    def test_bulk_tcp_through_a_chain_with_copies(self):
        process = self.bridge("--copy", nfs=[nf("pass")] * 3)
        self.transfer("10.88.0.2", 5 << 20)
        stats = self.end(process)
        self.assertEqual(len(stats["nfs"]), 3)

    def test_tags_are_put_back(self):
        """The kernel takes the outer tag out of a received frame, whoever is interested in it."""
        out = self.path("out.pcap")
        process = self.inside(MIDDLE, RF_RUN, nf("pass"), "--in", "af_packet:m0", "--out", "pcap:" + out, "--stats=json")
        time.sleep(1)
        addresses = bytes.fromhex("020000000002020000000001")
        frames = [addresses + tags + bytes.fromhex("88b5") + bytes(range(60)) for tags in (
            b"", bytes.fromhex("8100a04d"), bytes.fromhex("88a8000181000fff"), bytes.fromhex("81000000"))]
        sender = self.inside(LEFT, sys.executable, "-c", SEND_RAW, *[frame.hex() for frame in frames])
        self.assertEqual(sender.wait(20), 0, sender.stderr.read())
        time.sleep(0.5)
        self.end(process)
        got = [p for p in read_pcap(out)[0] if p.data[:12] == addresses]
        self.assertEqual([p.data.hex() for p in got], [frame.hex() for frame in frames])
        for p in got:
            self.assertLess(abs(p.time_ns / 1e9 - time.time()), 60)

    def test_capture_is_sent(self):
        """From a file onto the wire; a frame longer than the interface takes is counted."""
        addresses = bytes.fromhex("020000000002020000000001")
        frames = [addresses + bytes.fromhex("88b5") + bytes([i]) * (50 + i) for i in range(100)]
        long = addresses + bytes.fromhex("88b5") + bytes(1600)
        write_pcap(self.path("in.pcap"), [Packet(frame) for frame in frames[:50] + [long] + frames[50:]])
        listener = self.inside(LEFT, sys.executable, "-c", RECEIVE_RAW, str(len(frames)))
        self.assertEqual(listener.stdout.readline(), "ready\n")
        process = self.inside(MIDDLE, RF_RUN, nf("pass"), "--in", "pcap:" + self.path("in.pcap"),
                         "--out", "af_packet:m0", "--stats=json")
        out, err = process.communicate(timeout=30)
        self.assertEqual(process.returncode, 0, err)
        counters = json.loads(out)["ports"][1]["counters"]
        self.assertEqual((counters["tx_packets"], counters["tx_refused"]), (100, 1))
        heard, err = listener.communicate(timeout=20)
        self.assertEqual(heard.split(), [frame.hex() for frame in frames], err)

    def test_idle_costs_nothing(self):
        process = self.bridge()
        time.sleep(0.5)
        with open(f"/proc/{process.pid}/stat") as file:
            before = sum(map(int, file.read().split()[13:15]))
        time.sleep(2)
        with open(f"/proc/{process.pid}/stat") as file:
            after = sum(map(int, file.read().split()[13:15]))
        # In clock ticks, 100 a second: a busy loop would burn 200.
        self.assertLess(after - before, 40)
        self.end(process)

    def test_interfaces_without_ethernet_frames(self):
        if ip("tuntap", "add", "tun0", "mode", "tun", namespace=MIDDLE, check=False).returncode != 0:
            self.skipTest("no TUN interfaces here")
        process = self.inside(MIDDLE, RF_RUN, nf("pass"), "--in", "af_packet:tun0", "--out", "null")
        _, error = process.communicate(timeout=20)
        self.assertEqual(process.returncode, 2)
        self.assertIn("af_packet:tun0: the interface has no Ethernet frames", error)

    def test_frames_that_are_not_ethernet_are_not_sent(self):
        write_pcap(self.path("raw.pcap"), [Packet(bytes(60))], link_type=101)
        process = self.inside(MIDDLE, RF_RUN, nf("pass"), "--in", "pcap:" + self.path("raw.pcap"), "--out", "af_packet:m0")
        _, error = process.communicate(timeout=20)
        self.assertEqual(process.returncode, 2)
        self.assertIn("sends Ethernet frames only, not link type", error)

    def test_interface_that_goes_away(self):
        ip("link", "add", "gone0", "type", "veth", "peer", "name", "gone1", namespace=MIDDLE)
        for name in ("gone0", "gone1"):
            ip("link", "set", name, "up", namespace=MIDDLE)
        process = self.inside(MIDDLE, RF_RUN, nf("pass"), "--in", "af_packet:gone0", "--out", "null")
        time.sleep(1)
        ip("link", "del", "gone0", namespace=MIDDLE)
        _, error = process.communicate(timeout=20)
        self.assertEqual(process.returncode, 3)
        self.assertIn("the interface is gone", error)


if __name__ == "__main__":
    unittest.main()
