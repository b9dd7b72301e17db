# SPDX-License-Identifier: Apache-2.0
"""
Captures in, captures out. RF_EXTRA_PCAPS may name a folder of captures, all of
which then go through pass.nf as well; without it only made-up ones do.
"""

import glob
import json
import os
import random
import shutil
import signal
import subprocess
import time
import unittest

from support import RF_RUN, Packet, RunCase, nf, read_pcap, run, wait_for_handler, wait_for_read, write_pcap, write_pcapng

LENGTH_MAX = 1792


def made_up(count=300, seed=1):
    """Frames of all lengths, some cut by the snapshot length, with uneven nanosecond timestamps."""
    pick = random.Random(seed)
    packets, now = [], 1_700_000_000 * 10**9
    lengths = [1, 2, 13, 14, 59, 60, 64, 1514, 1518, LENGTH_MAX]
    for i in range(count):
        now += pick.randrange(10**9)
        length = lengths[i] if i < len(lengths) else pick.randrange(1, LENGTH_MAX + 1)
        wire = length if i % 5 else length + pick.randrange(9000)
        packets.append(Packet(pick.randbytes(length), now, wire))
    return packets


class Captures(RunCase):
    def check_same(self, source, expected, link_type=1, options=()):
        out = self.path("out.pcap")
        for mode in ((), ("--copy",), ("--burst", "1"), ("--burst", "256")):
            result = run(nf("pass"), "--in", "pcap:" + source, "--out", "pcap:" + out, "--stats=json", *mode, *options)
            self.assertEqual(result.status, 0, result.err)
            self.check_conservation(result.stats)
            got, got_type = read_pcap(out)
            self.assertEqual(len(got), len(expected))
            self.assertEqual(got, expected)
            self.assertEqual(got_type, link_type)

    def test_nanosecond_capture(self):
        packets = made_up()
        write_pcap(self.path("in.pcap"), packets)
        self.check_same(self.path("in.pcap"), packets)

    def test_output_is_the_input_byte_for_byte(self):
        write_pcap(self.path("in.pcap"), made_up())
        run(nf("pass"), "--in", "pcap:" + self.path("in.pcap"), "--out", "pcap:" + self.path("out.pcap"))
        with open(self.path("in.pcap"), "rb") as a, open(self.path("out.pcap"), "rb") as b:
            self.assertEqual(a.read(), b.read())

    def test_microseconds_and_the_other_byte_order(self):
        packets = made_up(50)
        for p in packets:
            p.time_ns -= p.time_ns % 1000
        write_pcap(self.path("in.pcap"), packets, order=">", magic=0xA1B2C3D4)
        self.check_same(self.path("in.pcap"), packets)

    def test_pcapng(self):
        packets = made_up(50)
        write_pcapng(self.path("in.pcapng"), packets)
        self.check_same(self.path("in.pcapng"), packets)

    def test_link_type_is_kept(self):
        # 0 is BSD loopback, 101 raw IP, 113 Linux cooked.
        for link_type in (0, 101, 113):
            packets = made_up(5)
            write_pcap(self.path("in.pcap"), packets, link_type=link_type)
            self.check_same(self.path("in.pcap"), packets, link_type)

    def test_empty_capture(self):
        write_pcap(self.path("in.pcap"), [])
        self.check_same(self.path("in.pcap"), [])

    def test_too_long_frames_are_counted_not_cut(self):
        packets = made_up(20) + [Packet(bytes(LENGTH_MAX + 1), 5), Packet(bytes(9000), 6)] + made_up(20, seed=2)
        write_pcap(self.path("in.pcap"), packets)
        result = run(nf("pass"), "--in", "pcap:" + self.path("in.pcap"), "--out", "pcap:" + self.path("out.pcap"),
                     "--stats=json")
        self.assertEqual(result.status, 0, result.err)
        counters = result.stats["ports"][0]["counters"]
        self.assertEqual(counters["rx_too_long"], 2)
        self.assertEqual(counters["rx_packets"], 40)
        self.assertEqual(read_pcap(self.path("out.pcap"))[0], packets[:20] + packets[22:])

    def test_cut_off_capture(self):
        """What was readable is delivered and counted, then the damage is reported."""
        packets = made_up(100)
        write_pcap(self.path("in.pcap"), packets)
        size = os.path.getsize(self.path("in.pcap"))
        os.truncate(self.path("in.pcap"), size - 3)
        result = run(nf("pass"), "--in", "pcap:" + self.path("in.pcap"), "--out", "pcap:" + self.path("out.pcap"),
                     "--stats=json")
        self.assertEqual(result.status, 3)
        self.assertRegex(result.err, "damaged after packet 99: truncated")
        self.assertEqual(result.stats["total"], {"received": 99, "sent": 99, "dropped": 0})
        self.assertEqual(read_pcap(self.path("out.pcap"))[0], packets[:99])

    def test_no_captures(self):
        for contents in (b"", b"\xa1", b"this is not a capture, whatever its name says"):
            with open(self.path("in.pcap"), "wb") as file:
                file.write(contents)
            result = run(nf("pass"), "--in", "pcap:" + self.path("in.pcap"), "--out", "null")
            self.assertEqual(result.status, 3)
            self.assertRegex(result.err, "cannot read a capture")

    def test_standard_input_and_output(self):
        """pcap:- both ways is a filter; the statistics go to standard error then."""
        packets = made_up(50)
        write_pcap(self.path("in.pcap"), packets)
        with open(self.path("in.pcap"), "rb") as source:
            done = subprocess.run([RF_RUN, nf("pass"), "--in", "pcap:-", "--out", "pcap:-", "--stats=json"], stdin=source,
                                  capture_output=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stderr)
        with open(self.path("out.pcap"), "wb") as file:
            file.write(done.stdout)
        self.assertEqual(read_pcap(self.path("out.pcap"))[0], packets)
        stats = json.loads(done.stderr.splitlines()[-1])
        self.assertEqual(stats["total"], {"received": 50, "sent": 50, "dropped": 0})
        # A pipe can be read, too; and what cannot be read is named.
        piped = subprocess.run(f"cat {self.path('in.pcap')} | {RF_RUN} {nf('pass')} --in pcap:- --out null --stats=json",
                               shell=True, capture_output=True, timeout=60, text=True)
        self.assertEqual(json.loads(piped.stdout)["total"]["received"], 50, piped.stderr)
        empty = subprocess.run([RF_RUN, nf("pass"), "--in", "pcap:-", "--out", "null"], stdin=subprocess.DEVNULL,
                               capture_output=True, timeout=60, text=True)
        self.assertEqual(empty.returncode, 3)
        self.assertIn("pcap:-: cannot read a capture", empty.stderr)

    def test_interrupted(self):
        """Ctrl-C: what was received has been sent and is in the file, and the statistics say so."""
        out = self.path("out.pcap")
        process = subprocess.Popen([RF_RUN, nf("pass"), "--in", "null:1000000000000", "--out", "pcap:" + out, "--stats=json"],
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(process.kill)
        # The first packets are in the file once its buffer has been written out.
        while not os.path.exists(out) or os.path.getsize(out) < 4096:
            self.assertIsNone(process.poll())
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        text, err = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 0, err)
        total = json.loads(text)["total"]
        self.assertEqual(total["received"], total["sent"])
        # 24 bytes of header; each record has 16 and the frame's 64.
        self.assertEqual(os.path.getsize(out), 24 + 80 * total["sent"])

    def test_a_second_interrupt_ends_it_at_once(self):
        """Even where a pipe that never says anything holds it up."""
        process = subprocess.Popen([RF_RUN, nf("pass"), "--in", "pcap:-", "--out", "null"], stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.addCleanup(process.kill)
        write_pcap(self.path("empty"), [])
        with open(self.path("empty"), "rb") as file:
            process.stdin.write(file.read())
            process.stdin.flush()
        wait_for_handler(process, signal.SIGINT)
        # Before that it would look at the interrupt, and end.
        wait_for_read(process, 0)
        process.send_signal(signal.SIGINT)
        # It has been delivered when the handler is gone again.
        while process.poll() is None:
            with open(f"/proc/{process.pid}/status") as file:
                if not int(next(line for line in file if line.startswith("SigCgt:")).split()[1], 16) & 2:
                    break
            time.sleep(0.01)
        time.sleep(0.5)
        self.assertIsNone(process.poll(), "the first one only asks for an end")
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(20), -signal.SIGINT)
        for stream in (process.stdin, process.stdout, process.stderr):
            stream.close()

    def test_two_outputs(self):
        """hostile.nf sends by RF_TX on port 0; what it passes leaves by the default output, which is also 0."""
        write_pcap(self.path("a.pcap"), made_up(10, seed=3))
        write_pcap(self.path("b.pcap"), made_up(20, seed=4))
        result = run(nf("pass"), "--in", "pcap:" + self.path("a.pcap"), "--in", "pcap:" + self.path("b.pcap"),
                     "--out", "pcap:" + self.path("x.pcap"), "--out", "pcap:" + self.path("y.pcap"), "--stats=json")
        self.assertEqual(result.status, 0, result.err)
        self.assertEqual(read_pcap(self.path("x.pcap"))[0], made_up(10, seed=3))
        self.assertEqual(read_pcap(self.path("y.pcap"))[0], made_up(20, seed=4))

    def test_disk_full(self):
        write_pcap(self.path("in.pcap"), made_up())
        result = run(nf("pass"), "--in", "pcap:" + self.path("in.pcap"), "--out", "pcap:/dev/full")
        self.assertEqual(result.status, 3)
        self.assertRegex(result.err, "cannot write")


class ExtraCaptures(RunCase):
    """Captures of real traffic, of any link type and in any format that libpcap reads."""

    def test_all(self):
        folder = os.environ.get("RF_EXTRA_PCAPS")
        if not folder:
            self.skipTest("RF_EXTRA_PCAPS names no folder of captures")
        names = sorted(glob.glob(os.path.join(glob.escape(folder), "**", "*cap*"), recursive=True))
        names = [name for name in names if os.path.isfile(name)]
        self.assertTrue(names, "no captures in " + folder)
        for name in names:
            with self.subTest(name=name):
                self.check(name)

    def check(self, name):
        first, second = self.path("1.pcap"), self.path("2.pcap")
        result = run(nf("pass"), "--in", "pcap:" + name, "--out", "pcap:" + first, "--stats=json")
        self.assertIn(result.status, (0, 3), result.err)
        self.check_conservation(result.stats)
        copied = run(nf("pass"), "--in", "pcap:" + name, "--out", "pcap:" + second, "--stats=json", "--copy")
        self.assertEqual(copied.status, result.status, copied.err)
        expected, link_type = self.expected(name)
        for out in (first, second):
            got, got_type = read_pcap(out)
            self.assertEqual(got_type, link_type)
            self.assertEqual(len(got), len(expected))
            for a, b in zip(got, expected):
                self.assertEqual(a, b)
        counters = result.stats["ports"][0]["counters"]
        self.assertEqual(counters["rx_packets"], len(expected))

    def expected(self, name):
        """What the file holds, by tcpdump, which rewrites any format as a classic nanosecond capture."""
        if not shutil.which("tcpdump"):
            packets, link_type = read_pcap(name)
        else:
            plain = self.path("plain.pcap")
            subprocess.run(["tcpdump", "-r", name, "-w", plain, "--time-stamp-precision=nano"],
                           stderr=subprocess.DEVNULL, check=False)
            packets, link_type = read_pcap(plain)
        return [p for p in packets if 0 < len(p.data) <= LENGTH_MAX], link_type


if __name__ == "__main__":
    unittest.main()
