#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""rf-run on emulated NICs behind an IOMMU: traffic checked byte by byte at the far ends.

usage: test_guest.py FOLDER LOG_FOLDER [unittest arguments]
FOLDER is what build.sh made.
"""
import os
import random
import sys
import time
import unittest

from guest import Failure, Guest, last_statistics

FOLDER, LOGS = sys.argv[1], sys.argv[2]
PAIRS = {
    "e1000": ("0000:00:03.0", "0000:00:04.0", "a0", "a1"),
    "e1000e": ("0000:00:05.0", "0000:00:06.0", "b0", "b1"),
}
NICS = [("e1000", "3", "a0"), ("e1000", "4", "a1"), ("e1000e", "5", "b0"), ("e1000e", "6", "b1"), ("e1000e", "hotplug", "c0")]
HOTPLUG = "0000:01:00.0"
CHAIN = "pass.nf pass.nf pass.nf"

# test/e2e/runtime/hostile.S does what a packet's first byte says.
NEXT, DIVIDE, SPIN = 0, 39, 40


def make_frame(length, number, first=NEXT):
    """Every byte depends on the frame's number."""
    body = random.Random(number).randbytes(length - 14)
    return bytes([first, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x88, 0xb5]) + body


class GuestTest(unittest.TestCase):
    """What the tests of one guest share."""
    guest = None
    addresses = [address for pair in PAIRS.values() for address in pair[:2]]

    @classmethod
    def prepare(cls, *commands):
        for command in commands:
            status, output = cls.guest.status(command)
            if status != 0:
                raise Failure(output)

    @classmethod
    def tearDownClass(cls):
        cls.guest.close()

    def setUp(self):
        for cable in self.guest.cables.values():
            while cable.receive(0) is not None:
                pass

    def tearDown(self):
        self.guest.run("kill -9 $(pidof rf-run); wait")

    # ---- rf-run in the guest

    def launch(self, nfs, source, sink, options=""):
        self.guest.run(f"cd /rf; rm -f /tmp/out /tmp/err; rf-run {nfs} --in e1000:{source} --out e1000:{sink} --stats=json "
                       f"{options} >/tmp/out 2>/tmp/err & cd /tmp")

    def start(self, nfs, model, options=""):
        here, there, near, far = PAIRS[model]
        self.launch(nfs, here, there, options)
        source, sink = self.guest.cables[near], self.guest.cables[far]
        self.probe(source, sink)
        return source, sink

    def probe(self, source, sink):
        """Sends frames until one comes through: links take a while to come up."""
        end = time.monotonic() + 20
        number = 1 << 20
        while time.monotonic() < end:
            source.send(make_frame(60, number))
            number += 1
            if sink.receive(0.3):
                sink.drain()
                return
        self.fail("no packet comes through: " + self.guest.run("cat /tmp/err /tmp/out"))

    def stop(self):
        self.guest.run("kill -INT $(pidof rf-run); wait")
        return last_statistics(self.guest.run("cat /tmp/out"))

    def counters(self, stats, address):
        for port in stats["ports"]:
            if address in port["name"]:
                return port["counters"]
        self.fail(f"no port {address} in {stats}")

    def expect(self, sink, frame, what):
        got = sink.receive(5)
        self.assertIsNotNone(got, f"{what}: nothing arrives")
        self.assertEqual(len(got), len(frame), what)
        self.assertTrue(got == frame, f"{what}: the bytes differ")

    def exchange(self, source, sink, frames):
        """Sends a few frames at a time and expects each at the far end, in order."""
        for start in range(0, len(frames), 8):
            few = frames[start:start + 8]
            for frame in few:
                source.send(frame)
            for number, frame in enumerate(few):
                self.expect(sink, frame, f"frame {start + number} of {len(frame)} bytes")

    def both(self, body):
        for model in PAIRS:
            with self.subTest(model=model):
                body(model)


class VfioTest(GuestTest):
    @classmethod
    def setUpClass(cls):
        cls.guest = Guest(FOLDER, NICS, os.path.join(LOGS, "guest-vfio.log"))
        cls.prepare(f"rf-bind bind {' '.join(cls.addresses)} {HOTPLUG}")

    # ---- Traffic

    def test_every_size_through_a_chain_of_three(self):
        def body(model):
            source, sink = self.start(CHAIN, model)
            self.exchange(source, sink, [make_frame(length, length) for length in range(60, 1523)])
            stats = self.stop()
            self.assertGreaterEqual(stats["total"]["sent"], 1463)
            self.assertEqual(stats["total"]["dropped"], 0)
        self.both(body)

    def test_both_directions(self):
        def body(model):
            source, sink = self.start(CHAIN, model, "--bidir")
            self.exchange(sink, source, [make_frame(60 + n * 7, n) for n in range(200)])
            self.exchange(source, sink, [make_frame(60 + n * 7, n) for n in range(200)])
            self.stop()
        self.both(body)

    def test_copy_mode(self):
        def body(model):
            source, sink = self.start(CHAIN, model, "--copy")
            self.exchange(source, sink, [make_frame(60 + n * 7, n) for n in range(200)])
            self.stop()
        self.both(body)

    def test_rings_wrap_many_times(self):
        def body(model):
            here, there, near, far = PAIRS[model]
            self.launch("pass.nf", f"{here},ring=64", f"{there},ring=64")
            source, sink = self.guest.cables[near], self.guest.cables[far]
            self.probe(source, sink)
            self.exchange(source, sink, [make_frame(60 + n * 37 % 1400, n) for n in range(4000)])
            self.stop()
        self.both(body)

    def test_full_receive_ring(self):
        """While rf-run stands still, the ring fills; what arrives later is in order, whole, and there once."""
        def body(model):
            here, there, near, far = PAIRS[model]
            self.launch("pass.nf", f"{here},ring=64", there)
            source, sink = self.guest.cables[near], self.guest.cables[far]
            self.probe(source, sink)
            self.guest.run("kill -STOP $(pidof rf-run)")
            source.ours.setblocking(False)
            sent = 0
            try:
                while sent < 1000:
                    source.send(make_frame(200, sent))
                    sent += 1
                    time.sleep(0.001)
            except BlockingIOError:
                pass
            source.ours.setblocking(True)
            # The ring, and then what waits in QEMU and in the socket.
            self.assertGreaterEqual(sent, 63)
            self.guest.run("kill -CONT $(pidof rf-run)")
            expected = {make_frame(200, n): n for n in range(sent)}
            numbers = []
            while (got := sink.receive(1)) is not None:
                self.assertIn(got, expected, "a torn frame")
                numbers.append(expected[got])
            self.assertEqual(numbers, sorted(set(numbers)), "out of order or twice")
            stats = self.stop()
            missed = self.counters(stats, here)["hw_rx_missed"]
            self.assertEqual(len(numbers) + missed, sent)
        self.both(body)

    def test_link_down_and_up(self):
        def body(model):
            here, there, near, far = PAIRS[model]
            source, sink = self.start("pass.nf", model)
            for end in (far, near):
                self.guest.link(end, False)
                time.sleep(0.5)
                for n in range(5):
                    source.send(make_frame(100, n))
                self.assertIsNone(sink.receive(0.5), "a packet came through without a link")
                self.guest.link(end, True)
                self.probe(source, sink)
                self.exchange(source, sink, [make_frame(100, n) for n in range(50)])
            stats = self.stop()
            self.assertGreaterEqual(self.counters(stats, here)["link_changes"], 2)
            self.assertGreaterEqual(self.counters(stats, there)["link_changes"], 2)
        self.both(body)

    def test_sleeps_while_idle(self):
        """Interrupts wake it: an idle second costs little, and a packet does not wait for a timeout."""
        def body(model):
            source, sink = self.start("pass.nf", model)
            before = self.guest.run("cut -d' ' -f14,15 /proc/$(pidof rf-run)/stat").split()
            time.sleep(2)
            after = self.guest.run("cut -d' ' -f14,15 /proc/$(pidof rf-run)/stat").split()
            ticks = sum(map(int, after)) - sum(map(int, before))
            self.assertLess(ticks, 100, "of 200 ticks of 10 ms")
            stats = self.stop()
            here = PAIRS[model][0]
            self.assertGreater(self.counters(stats, here)["interrupt_waits"], 5)
        self.both(body)

    # ---- Failing functions

    def fail_in_burst(self, model, how, options):
        source, sink = self.start("hostile.nf", model, options)
        good = [make_frame(200, n) for n in range(6)]
        for n in range(3):
            source.send(good[n])
        source.send(make_frame(200, 99, first=how))
        for n in range(3, 6):
            source.send(good[n])
        # Those of the failing burst are lost with it or pass by, as the policy says; all later ones come through.
        time.sleep(2)
        while (got := sink.receive(0.3)) is not None:
            self.assertIn(got, good + [make_frame(200, 99, first=how)])
        self.exchange(source, sink, [make_frame(300, n) for n in range(100)])
        stats = self.stop()
        self.assertEqual(stats["nfs"][0]["faults"], 1)
        self.assertEqual(stats["nfs"][0]["restarts"], 1)
        return stats

    def test_function_that_faults(self):
        def body(model):
            self.assertGreaterEqual(self.fail_in_burst(model, DIVIDE, "")["nfs"][0]["lost"], 1)
        self.both(body)

    def test_function_that_hangs(self):
        def body(model):
            self.assertGreaterEqual(self.fail_in_burst(model, SPIN, "--on-fault=pass")["nfs"][0]["bypassed"], 1)
        self.both(body)

    # ---- The runtime goes away

    def test_kill_and_start_again(self):
        def body(model):
            source, sink = self.start("pass.nf", model)
            for n in range(5):
                source.send(make_frame(500, n))
            self.guest.run("kill -9 $(pidof rf-run); wait")
            # Nobody is there: the devices may not reach memory any more (PCI command register, bus master).
            for address in PAIRS[model][:2]:
                command = self.guest.run(f"dd if=/sys/bus/pci/devices/{address}/config bs=1 skip=4 count=1 2>/dev/null | xxd -p")
                self.assertEqual(int(command.strip() or "ff", 16) & 4, 0, f"{address} is still bus master")
            self.drain_all()
            source, sink = self.start("pass.nf", model)
            self.exchange(source, sink, [make_frame(500, n) for n in range(100)])
            self.stop()
        self.both(body)

    def drain_all(self):
        for cable in self.guest.cables.values():
            cable.drain()

    def test_unplugging(self):
        """The kernel asks for the device; rf-run lets go of it, says why, and the system goes on."""
        there, far = PAIRS["e1000e"][1], PAIRS["e1000e"][3]
        self.launch("pass.nf", HOTPLUG, there)
        source, sink = self.guest.cables["c0"], self.guest.cables[far]
        self.probe(source, sink)
        self.guest.ask_monitor("device_del c0")
        end = time.monotonic() + 30
        while time.monotonic() < end and self.guest.run("pidof rf-run"):
            time.sleep(0.5)
        errors = self.guest.run("cat /tmp/err")
        self.assertIn(f"e1000:{HOTPLUG}: ", errors)
        self.assertRegex(errors, "wants the device back|is gone")
        last_statistics(self.guest.run("cat /tmp/out"))
        while time.monotonic() < end and HOTPLUG in self.guest.run("ls /sys/bus/pci/devices"):
            time.sleep(0.5)
        self.assertNotIn(HOTPLUG, self.guest.run("ls /sys/bus/pci/devices"))
        self.assertIn("no such PCI device", self.guest.run(f"rf-run /rf/pass.nf --in e1000:{HOTPLUG} --out null"))

    # ---- What the IOMMU forbids

    def test_foreign_address_is_blocked(self):
        def body(model):
            cable = self.guest.cables[PAIRS[model][2]]
            time.sleep(6)  # the kernel reports no more than ten faults in five seconds
            self.guest.run("dmesg -c >/dev/null")
            status, output = self.guest.status(f"foreign-dma {PAIRS[model][0]}")
            self.assertEqual(status, 0, output)
            frames = []
            while (got := cable.receive(1)) is not None:
                frames.append(got)
            # Its own slot goes out; the process's private page, outside pool and rings, does not.
            self.assertTrue(any(b"slot of the pool" in frame for frame in frames), output)
            self.assertFalse(any(b"private page" in frame for frame in frames), "the device read foreign memory")
            self.assertIn("DMAR", self.guest.run("dmesg"), "the IOMMU reports nothing")
        self.both(body)

    # ---- Messages

    def test_binding(self):
        address = PAIRS["e1000"][0]
        self.assertRegex(self.guest.run("rf-bind status"), rf"{address}  8086:100e 82540EM\n    driver vfio-pci, IOMMU group")
        self.assertEqual(self.guest.status(f"rf-bind unbind {address}")[0], 0)
        status, output = self.guest.status(f"cd /rf; rf-run pass.nf --in e1000:{address} --out null")
        self.assertEqual(status, 3, output)
        self.assertIn(f"rf-bind bind {address}", output)
        status, output = self.guest.status(f"rf-bind bind {address}")
        self.assertEqual((status, output.strip()), (0, f"{address}: none -> vfio-pci"))
        self.assertEqual(self.guest.status("rf-bind bind 0000:00:00.0")[0], 1)
        self.assertEqual(self.guest.status("rf-bind bind 0000:00:1e.7")[0], 3)
        self.assertEqual(self.guest.status("rf-bind bind eth0")[0], 2)
        self.assertEqual(self.guest.status("rf-bind frobnicate")[0], 2)

    def test_device_in_use(self):
        here = PAIRS["e1000"][0]
        self.start("pass.nf", "e1000")
        status, output = self.guest.status(f"cd /rf; rf-run pass.nf --in e1000:{here} --out null")
        self.assertEqual(status, 3, output)
        self.assertIn("in use", output)
        self.stop()


class UioTest(GuestTest):
    """The fallback, in a guest without an IOMMU."""

    @classmethod
    def setUpClass(cls):
        cls.guest = Guest(FOLDER, NICS[:4], os.path.join(LOGS, "guest-uio.log"), iommu=False)
        cls.prepare(f"rf-bind bind --uio {' '.join(cls.addresses)}")

    def test_traffic(self):
        self.guest.run("echo 32 > /proc/sys/vm/nr_hugepages")
        def body(model):
            source, sink = self.start(CHAIN, model, "--bidir")
            self.exchange(source, sink, [make_frame(60 + n * 7, n) for n in range(200)])
            self.exchange(sink, source, [make_frame(60 + n * 7, n) for n in range(200)])
            self.stop()
            # Never silently: the device can reach everything.
            self.assertRegex(self.guest.run("cat /tmp/err"), "warning: no IOMMU .* all memory of this machine")
        self.both(body)

    def test_without_hugepages(self):
        self.guest.run("echo 0 > /proc/sys/vm/nr_hugepages")
        address = PAIRS["e1000"][0]
        status, output = self.guest.status(f"cd /rf; rf-run pass.nf --in e1000:{address} --out null")
        self.assertEqual(status, 3, output)
        self.assertIn("/proc/sys/vm/nr_hugepages", output)

    def test_vfio_is_not_offered(self):
        address = PAIRS["e1000"][0]
        status, output = self.guest.status(f"rf-bind bind {address}")
        self.assertEqual(status, 3, output)
        self.assertIn("no IOMMU", output)
        status, output = self.guest.status(f"cd /rf; rf-run pass.nf --in e1000:{address},access=vfio --out null")
        self.assertEqual(status, 3, output)
        self.assertIn(f"rf-bind bind {address}", output)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0]] + sys.argv[3:], verbosity=2)
