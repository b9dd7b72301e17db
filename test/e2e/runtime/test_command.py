# SPDX-License-Identifier: Apache-2.0
"""rf-run as a command: what it prints, how it fails, how it ends."""

import json
import os
import shutil
import signal
import subprocess
import time
import unittest

from support import RF_RUN, Packet, RunCase, nf, run, wait_for_handler, write_pcap


class Usage(RunCase):
    def check(self, arguments, status, message):
        result = run(*arguments)
        self.assertEqual(result.status, status, (arguments, result.err))
        self.assertRegex(result.err, message)
        self.assertEqual(result.out, "")

    def test_wrong_usage(self):
        good = (nf("pass"), "--in", "null", "--out", "null")
        for arguments, message in (
            ((), "which network function"),
            ((nf("pass"),), "where from and where to"),
            ((nf("pass"), "--in", "null"), "where from and where to"),
            ((*good, "--burst", "0"), "--burst 0: expected a number from 1 to 256"),
            ((*good, "--burst", "257"), "from 1 to 256"),
            ((*good, "--burst", "8x"), "from 1 to 256"),
            ((*good, "--burst", "-1"), "from 1 to 256"),
            ((*good, "--mem", "1T"), "--mem 1T: expected a size"),
            ((*good, "--mem", "99999999999999999999"), "--mem"),
            ((*good, "--huge", "2Q"), "--huge 2Q: expected a size"),
            ((*good, "--huge", "99999999999999999999"), "--huge"),
            ((*good, "--on-fault=ignore"), "expected drop, pass or stop"),
            ((*good, "--stats=xml"), "expected text or json"),
            ((*good, "--frobnicate"), "unrecognized option"),
            ((*good, "--call", "f"), "leave out --in"),
            (("--call", "f"), "exactly one network function"),
            (("--call", "f=x", nf("pass")), "no number from 0 to 4294967295"),
            (("--call", "f=4294967296", nf("pass")), "no number"),
            (("--call", "f", "--repeat", "0", nf("pass")), "--repeat 0"),
            ((*good, "--bidir", "--in", "null"), "exactly one --in and one --out"),
            ((nf("pass"), "--in", "floppy:a", "--out", "null"), "floppy:a: no such kind of port"),
            ((nf("pass"), "--in", "pcap", "--out", "null"), "which file"),
            ((nf("pass"), "--in", "null:-1", "--out", "null"), "say null, null:COUNT"),
            ((nf("pass"), "--in", "null:5,5", "--out", "null"), "42 to 1792"),
            ((nf("pass"), "--in", "af_packet:", "--out", "null"), "INTERFACE"),
        ):
            with self.subTest(arguments=arguments):
                self.check(arguments, 2, message)

    def test_things_that_are_not_there(self):
        ports = ("--in", "null", "--out", "null")
        for arguments, message in (
            (("/nonexistent.nf", *ports), "/nonexistent.nf: No such file"),
            ((nf("pass") + ",config=/nonexistent", *ports), "/nonexistent: No such file"),
            (("/dev/null", *ports), "not a regular file"),
            ((nf("pass"), "--in", "pcap:/nonexistent", "--out", "null"), "nonexistent: cannot read a capture"),
            ((nf("pass"), "--in", "null", "--out", "pcap:/nonexistent/x"), "nonexistent/x: cannot write a capture"),
            ((nf("pass"), "--in", "af_packet:nosuchif0", "--out", "null"), "no such interface"),
        ):
            with self.subTest(arguments=arguments):
                self.check(arguments, 3, message)

    def test_a_fifo_does_not_hang_it(self):
        os.mkfifo(self.path("fifo"))
        self.check((self.path("fifo"), "--in", "null", "--out", "null"), 3, "not a regular file")

    def test_configuration_with_a_nul_byte(self):
        with open(self.path("config"), "wb") as file:
            file.write(b"a\0b")
        self.check((nf("pass") + ",config=" + self.path("config"), "--in", "null", "--out", "null"), 3, "NUL byte")

    def test_unknown_export(self):
        self.check(("--call", "nothing", nf("pass")), 1, 'exports no function "nothing"')

    def test_nf_without_process(self):
        self.check((nf("calls"), "--in", "null", "--out", "null"), 1, 'exports no function "process"')

    def test_help_and_version(self):
        result = run("--help")
        self.assertEqual(result.status, 0)
        for word in ("--bidir", "af_packet:INTERFACE", "pcap:FILE", "--on-fault", "Exit status"):
            self.assertIn(word, result.out)
        self.assertRegex(run("--version").out, r"^rf-run \d+\.\d+\.\d+ \(contract version 1\)$")


class HugePages(RunCase):
    def huge_bytes(self, *options):
        result = run(nf("pass"), "--in", "null:10", "--out", "null", "--stats=json", *options)
        self.assertEqual(result.status, 0, result.err)
        stats = json.loads(result.out)
        self.assertEqual(stats["total"]["sent"], 10)
        return stats["nfs"][0]["huge_bytes"], stats["pool"]["huge_bytes"]

    def test_as_much_as_asked_for_if_the_kernel_has_them(self):
        cell, pool = self.huge_bytes()
        self.assertIn(cell, (0, 4 << 20))
        self.assertIn(pool, (0, 16 << 20))
        for size, expected in (("0", 0), ("2047K", 0), ("2M", 2 << 20), ("9M", 8 << 20), ("0x400000", 4 << 20)):
            with self.subTest(size=size):
                self.assertEqual(self.huge_bytes("--huge", size)[0], expected if cell else 0)

    def test_text_says_how_much(self):
        result = run(nf("pass"), "--in", "null:10", "--out", "null", "--huge", "0")
        self.assertRegex(result.out, r"memory: 0 KiB of cells and \d+ KiB of 16384 KiB of slots in pages of 2 MiB\n")


class Unprivileged(RunCase):
    @unittest.skipUnless(os.geteuid() == 0, "only root can become somebody else")
    def test_captures_need_no_privileges(self):
        os.chmod(self.folder, 0o777)
        for source, name in ((RF_RUN, "rf-run"), (nf("pass"), "pass.nf")):
            shutil.copy(source, self.path(name))
            os.chmod(self.path(name), 0o755)
        write_pcap(self.path("in.pcap"), [Packet(bytes(60))] * 3)
        done = subprocess.run([self.path("rf-run"), self.path("pass.nf"), "--in", "pcap:" + self.path("in.pcap"), "--out",
                               "pcap:" + self.path("out.pcap")], capture_output=True, text=True, timeout=60, check=False,
                              user=65534, group=65534, extra_groups=[])
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("total: 3 received = 3 sent + 0 dropped", done.stdout)
        for arguments, message in ((("--in", "af_packet:lo", "--out", "null"), "needs root or the capability CAP_NET_RAW"),
                                   (("--in", "null", "--out", "pcap:/nobodys"), "pcap:/nobodys: cannot write")):
            done = subprocess.run([self.path("rf-run"), self.path("pass.nf"), *arguments], capture_output=True, text=True,
                                  timeout=60, check=False, user=65534, group=65534, extra_groups=[])
            self.assertEqual(done.returncode, 3, done.stderr)
            self.assertIn(message, done.stderr)


class Rejected(RunCase):
    """What the validator rejects does not run, and no output is touched."""

    def test_not_a_network_function(self):
        with open(self.path("x.nf"), "wb") as file:
            file.write(b"\x7fELF" + bytes(100))
        out = self.path("out.pcap")
        result = run(self.path("x.nf"), "--in", "null", "--out", "pcap:" + out)
        self.assertEqual(result.status, 1)
        self.assertRegex(result.err, r"rejected by the validator")
        self.assertFalse(os.path.exists(out))

    def test_hostile_instruction(self):
        """The one system call that calls.S would like to make, patched into a valid binary."""
        with open(nf("calls"), "rb") as file:
            binary = file.read()
        marker = bytes.fromhex("b8efbeadde")  # mov eax, 0xdeadbeef
        self.assertEqual(binary.count(marker), 1)
        with open(self.path("x.nf"), "wb") as file:
            file.write(binary.replace(marker, bytes.fromhex("0f05909090")))  # syscall
        result = run("--call", "marked", self.path("x.nf"))
        self.assertEqual(result.status, 1)
        self.assertRegex(result.err, r"rejected by the validator: 0x7\w+: \[instruction\]")
        self.assertEqual(run("--call", "marked", nf("calls")).status, 0)


class Calls(RunCase):
    def test_in_order_in_one_cell(self):
        result = run("--call", "count", "--call", "twice=21", "--call", "count", "--call", "twice=0x80000001",
                     "--stats=json", nf("calls"))
        self.assertEqual(result.status, 0, result.err)
        lines = [json.loads(line) for line in result.out.splitlines()]
        self.assertEqual([(x["call"], x["arg"], x["result"]) for x in lines],
                         [("count", 0, 1), ("twice", 21, 42), ("count", 0, 2), ("twice", 0x80000001, 2)])
        self.assertTrue(all(x["ns_per_call"] > 0 for x in lines))

    def test_repeat(self):
        result = run("--call", "count", "--repeat", "100000", nf("calls"))
        line = json.loads(result.out)
        self.assertEqual(line["result"], 100000)
        self.assertLess(line["ns_per_call"], 10000)

    def test_text(self):
        self.assertRegex(run("--call", "twice=4", "--stats=text", nf("calls")).out, r"^twice\(4\) = 8, [0-9.]+ ns$")


class Ending(RunCase):
    def start(self, *arguments):
        process = subprocess.Popen([RF_RUN, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(process.kill)
        wait_for_handler(process, signal.SIGTERM)
        return process

    def test_signals(self):
        """SIGUSR1 prints statistics, SIGTERM ends with the final ones: nothing is in flight then."""
        process = self.start(nf("pass"), "--in", "null:1000000000000", "--out", "null", "--stats=json")
        time.sleep(1.5)
        process.send_signal(signal.SIGUSR1)
        time.sleep(0.5)
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=30)
        self.assertEqual(process.returncode, 0, err)
        first, last = [json.loads(line) for line in out.splitlines()]
        self.assertGreater(first["total"]["received"], 0)
        self.assertGreater(last["total"]["received"], first["total"]["received"])
        for stats in (first, last):
            self.check_conservation(stats)

    def test_interrupt_during_an_endless_loop(self):
        """A signal that comes while the cell runs takes no part of the cell's stack."""
        write_pcap(self.path("in.pcap"), [Packet(bytes([40]) * 64)] * 1000)  # 40: spin
        process = self.start(nf("hostile"), "--in", "pcap:" + self.path("in.pcap"), "--out", "null",
                             "--burst", "1", "--budget", "300", "--stats=json")
        # Into the loop, that is; too early shows less, but does no harm.
        time.sleep(0.2)
        process.send_signal(signal.SIGUSR1)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
        self.assertEqual(process.returncode, 0, err)
        self.check_conservation(json.loads(out.splitlines()[-1]))

    def test_closed_output(self):
        with open("/dev/full", "w") as full:
            process = subprocess.run([RF_RUN, nf("pass"), "--in", "null:10", "--out", "null"],
                                     stdout=full, stderr=subprocess.PIPE, text=True, timeout=30)
        self.assertEqual(process.returncode, 3)
        self.assertIn("cannot write to standard output", process.stderr)

    def test_text_statistics(self):
        result = run(nf("pass"), nf("pass"), "--in", "null:1000", "--out", "null")
        self.assertEqual(result.status, 0, result.err)
        self.assertEqual(len([line for line in result.out.splitlines() if line.startswith("pass.nf ")]), 2)
        self.assertIn("total: 1000 received = 1000 sent + 0 dropped", result.out)


if __name__ == "__main__":
    unittest.main()
