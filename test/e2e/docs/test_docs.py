# SPDX-License-Identifier: Apache-2.0
"""The code in README.md and docs/ compiles and does what the text beside it says."""

import glob
import os
import re
import struct
import subprocess
import sys
import unittest

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir))
from folder import FolderCase  # noqa: E402

SOURCE, STAGE = os.environ["RF_SOURCE"], os.environ["RF_STAGE"]


def blocks(path, language):
    with open(path) as file:
        return re.findall(rf"^```{language}\n(.*?)^```", file.read(), re.M | re.S)


def run(*command):
    return subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)


class Pages(FolderCase):
    def write(self, name, data):
        with open(self.path(name), "wb") as file:
            file.write(data)
        return self.path(name)

    def test_network_functions_compile(self):
        found = 0
        for page in [os.path.join(SOURCE, "README.md"), *glob.glob(os.path.join(SOURCE, "docs", "*.md"))]:
            for block in blocks(page, "c"):
                if "#include <ringfence/nf.h>" not in block:
                    continue
                found += 1
                with self.subTest(page=page, number=found):
                    source = self.write("nf.c", block.encode())
                    done = run(os.path.join(STAGE, "bin", "rf-cc"), "-Wall", "-Wextra", "-Werror", "-O2", source, "-o",
                               self.path("nf.nf"))
                    self.assertEqual(done.returncode, 0, done.stderr)
        self.assertGreaterEqual(found, 2)

    def test_readme_passes_ipv4_only(self):
        first = next(block for block in blocks(os.path.join(SOURCE, "README.md"), "c") if "nf.h>" in block)
        done = run(os.path.join(STAGE, "bin", "rf-cc"), "-O2", self.write("first.c", first.encode()), "-o", self.path("first.nf"))
        self.assertEqual(done.returncode, 0, done.stderr)
        frames = [bytes(12) + kind.to_bytes(2, "big") + bytes(46) for kind in (0x0800, 0x0806, 0x0800, 0x86DD, 0x0008)]
        capture = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)
        for frame in frames:
            capture += struct.pack("<IIII", 1, 2, len(frame), len(frame)) + frame
        done = run(os.path.join(STAGE, "bin", "rf-run"), self.path("first.nf"), "--in", "pcap:" + self.write("in.pcap", capture),
                   "--out", "pcap:" + self.path("out.pcap"))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("total: 5 received = 2 sent + 3 dropped", done.stdout)

    def test_embedding_compiles(self):
        (block,) = [block for block in blocks(os.path.join(SOURCE, "docs", "runtime.md"), "c") if "rf_cell_create" in block]
        program = f"""
            #include <stdio.h>
            #include <ringfence/runtime.h>
            void report(const struct rf_fault *fault);
            void embed(const char *text);
            void embed(const char *text)
            {{
            {block}
            }}"""
        includes = [f"-I{os.path.join(SOURCE, folder)}" for folder in ("include", "runtime/include")]
        done = run(os.environ["RF_CC"], "-std=c17", "-Wall", "-Wextra", "-Werror", "-fsyntax-only", *includes,
                   self.write("embed.c", program.encode()))
        self.assertEqual(done.returncode, 0, done.stderr)


if __name__ == "__main__":
    unittest.main()
