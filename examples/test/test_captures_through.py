# SPDX-License-Identifier: Apache-2.0
"""
Whole captures through the compiled examples: one made here, and all that
RF_EXTRA_PCAPS names. What an example passes comes out as it went in, bytes,
timestamps and lengths, zero-copy and copied alike.
"""

import glob
import os
import unittest

import test_captures
from support import RunCase, read_pcap, run, write_pcap

PASS, FIREWALL, RULES = (os.environ[name] for name in ("RF_EXAMPLE_PASS", "RF_EXAMPLE_FIREWALL", "RF_EXAMPLE_RULES"))


class Through(RunCase):
    def captures(self):
        write_pcap(self.path("made-up.pcap"), test_captures.made_up())
        yield self.path("made-up.pcap")
        folder = os.environ.get("RF_EXTRA_PCAPS")
        if folder:
            for name in sorted(glob.glob(os.path.join(glob.escape(folder), "**", "*cap*"), recursive=True)):
                if os.path.isfile(name):
                    yield name

    def through(self, nf, name, *options):
        out = self.path("out.pcap")
        result = run(nf, "--in", "pcap:" + name, "--out", "pcap:" + out, "--stats=json", *options)
        # A capture that is cut off is processed up to there.
        self.assertIn(result.status, (0, 3), result.err)
        self.check_conservation(result.stats)
        self.assertEqual(result.stats["nfs"][0]["faults"], 0)
        return read_pcap(out)[0]

    def test_pass(self):
        for name in self.captures():
            with self.subTest(name=name):
                expected, _ = test_captures.ExtraCaptures.expected(self, name)
                for options in ((), ("--copy",), ("--burst", "256")):
                    self.assertEqual(self.through(PASS, name, *options), expected)

    def test_firewall(self):
        """With its own rules, and with none: then it drops only what is malformed."""
        with open(self.path("conf"), "w") as file:
            file.write("default pass\n")
        for name in self.captures():
            for rules in (RULES, self.path("conf")):
                with self.subTest(name=name, rules=rules):
                    expected, _ = test_captures.ExtraCaptures.expected(self, name)
                    got = self.through(f"{FIREWALL},config={rules}", name)
                    # Some of the input, in its order and unchanged; the same ones when copied.
                    rest = iter(expected)
                    self.assertTrue(all(packet in rest for packet in got))
                    self.assertEqual(self.through(f"{FIREWALL},config={rules}", name, "--copy"), got)


if __name__ == "__main__":
    unittest.main()
