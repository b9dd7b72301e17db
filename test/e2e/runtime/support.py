# SPDX-License-Identifier: Apache-2.0
"""What the runtime's tests share: captures made and read without our own code, and runs of rf-run."""

import json
import os
import struct
import subprocess
import sys
import time

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir))
from folder import FolderCase  # noqa: E402

RF_RUN = os.environ["RF_RUN"]
NFS = os.environ["RF_TEST_NFS"]
# Generous: the machines that run tests are slow and shared, and sanitizers cost a factor.
TIMEOUT = 60


def nf(name):
    return os.path.join(NFS, name + ".nf")


class Packet:
    def __init__(self, data, time_ns=0, wire_length=None):
        self.data = bytes(data)
        self.time_ns = time_ns
        self.wire_length = len(self.data) if wire_length is None else wire_length

    def __eq__(self, other):
        return (self.data, self.time_ns, self.wire_length) == (other.data, other.time_ns, other.wire_length)

    def __repr__(self):
        return f"<{len(self.data)} of {self.wire_length} bytes at {self.time_ns}: {self.data[:16].hex()}>"


def write_pcap(path, packets, order="<", magic=0xA1B23C4D, link_type=1):
    """A classic capture file: nanoseconds, or microseconds with magic 0xa1b2c3d4."""
    unit = 1 if magic == 0xA1B23C4D else 1000
    with open(path, "wb") as file:
        file.write(struct.pack(order + "IHHiIII", magic, 2, 4, 0, 0, 262144, link_type))
        for p in packets:
            seconds, rest = divmod(p.time_ns, 10**9)
            file.write(struct.pack(order + "IIII", seconds, rest // unit, len(p.data), p.wire_length) + p.data)


def write_pcapng(path, packets):
    """One section, one interface with nanosecond timestamps (if_tsresol 9)."""
    def block(kind, body):
        body += b"\0" * (-len(body) % 4)
        length = struct.pack("<I", len(body) + 12)
        return struct.pack("<I", kind) + length + body + length

    with open(path, "wb") as file:
        file.write(block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1)))
        options = struct.pack("<HHB3x", 9, 1, 9) + struct.pack("<HH", 0, 0)
        file.write(block(1, struct.pack("<HHI", 1, 0, 262144) + options))
        for p in packets:
            header = struct.pack("<IIIII", 0, p.time_ns >> 32, p.time_ns & 0xFFFFFFFF, len(p.data), p.wire_length)
            file.write(block(6, header + p.data))


def read_pcap(path):
    """The packets and the link type of a classic capture file."""
    with open(path, "rb") as file:
        raw = file.read()
    order = "<" if raw[0] in (0x4D, 0xD4) else ">"
    magic, _, _, _, _, _, link_type = struct.unpack(order + "IHHiIII", raw[:24])
    unit = {0xA1B23C4D: 1, 0xA1B2C3D4: 1000}[magic]
    packets, at = [], 24
    while at < len(raw):
        seconds, rest, length, wire_length = struct.unpack(order + "IIII", raw[at : at + 16])
        data = raw[at + 16 : at + 16 + length]
        assert len(data) == length, "the capture is cut"
        packets.append(Packet(data, seconds * 10**9 + rest * unit, wire_length))
        at += 16 + length
    # The upper bits tell the length of the frame check sequence; libpcap does not hand them on.
    return packets, link_type & 0xFFFF


class Result:
    """A run that has ended. `stats` is its last JSON document."""

    def __init__(self, status, out, err):
        self.status, self.out, self.err = status, out, err
        lines = [line for line in out.splitlines() if line.startswith("{")]
        self.stats = json.loads(lines[-1]) if lines else None


def run(*arguments, timeout=TIMEOUT):
    done = subprocess.run([RF_RUN, *arguments], capture_output=True, text=True, timeout=timeout)
    return Result(done.returncode, done.stdout, done.stderr)


def wait_for_handler(process, number):
    """Until the process has its own handler of that signal: before, the signal would just end it."""
    while process.poll() is None:
        with open(f"/proc/{process.pid}/status") as file:
            caught = next(line for line in file if line.startswith("SigCgt:"))
        if int(caught.split()[1], 16) >> (number - 1) & 1:
            return
        time.sleep(0.01)


def wait_for_read(process, fd):
    """Until the process waits in read(fd)."""
    while process.poll() is None:
        with open(f"/proc/{process.pid}/syscall") as file:
            words = file.read().split()
        if words[0] == "0" and int(words[1], 16) == fd:
            return
        time.sleep(0.01)


class RunCase(FolderCase):
    def run_packets(self, nfs, packets, *options):
        """Runs packets through NFs from file to file; returns the result and the packets that came out."""
        write_pcap(self.path("in.pcap"), packets)
        result = run(*nfs, "--in", "pcap:" + self.path("in.pcap"), "--out", "pcap:" + self.path("out.pcap"),
                     "--stats=json", *options)
        self.assertIsNotNone(result.stats, result.err)
        out, _ = read_pcap(self.path("out.pcap"))
        self.check_conservation(result.stats)
        self.assertEqual(result.stats["total"]["received"], len(packets))
        self.assertEqual(result.stats["total"]["sent"], len(out))
        return result, out

    def check_conservation(self, stats):
        total = stats["total"]
        self.assertEqual(total["received"], total["sent"] + total["dropped"])
        for stage in stats["nfs"]:
            self.assertEqual(stage["packets_in"],
                             sum(stage[key] for key in ("next", "sent", "dropped", "refused", "lost")))
