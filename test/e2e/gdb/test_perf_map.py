# SPDX-License-Identifier: Apache-2.0
"""perf-map.py: names of a network function's functions for perf.

usage: test_perf_map.py RF-RUN FILE.nf PERF-MAP.PY
"""
import os
import re
import subprocess
import sys
import tempfile
import unittest

RUN, NF, TOOL = sys.argv[1:4]


def symbol(name):
    """(address, size) by readelf, which is not what the tool asks."""
    text = subprocess.run(["readelf", "-sW", NF], capture_output=True, text=True, check=True).stdout
    found = re.search(rf": +([0-9a-f]+) +(\d+) FUNC .* {name}\n", text)
    return int(found[1], 16), int(found[2])


class PerfMap(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.cells, self.map = os.path.join(folder.name, "cells.gdb"), os.path.join(folder.name, "map")

    def run_cells(self, *files):
        subprocess.run([RUN, "--gdb", self.cells, "--in", "null:1", "--out", "null", *files], capture_output=True, check=True)
        with open(self.cells, encoding="utf-8") as file:
            return [(int(place, 16), int(linked, 16))
                    for place, linked in re.findall(r"^rf-cell (0x[0-9a-f]+) (0x[0-9a-f]+) ", file.read(), re.M)]

    def make_map(self, *arguments):
        return subprocess.run([sys.executable, TOOL, *arguments], capture_output=True, text=True, check=False)

    def read_map(self):
        with open(self.map, encoding="utf-8") as file:
            return {name: (int(place, 16), int(size, 16)) for place, size, name in (line.split() for line in file)}

    def test_functions_are_where_they_have_been_mapped(self):
        (place, linked), = self.run_cells(NF)
        done = self.make_map(self.cells, "-o", self.map)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        names = self.read_map()
        self.assertEqual(done.stdout, f"{self.map}: {len(names)} functions\n")
        for name in ("go", "sum"):
            address, size = symbol(name)
            self.assertEqual(names[name], (place + address - linked, size))

    def test_cells_are_told_apart(self):
        cells = self.run_cells(NF, NF)
        self.assertEqual(self.make_map(self.cells, "-o", self.map).returncode, 0)
        names, (address, size) = self.read_map(), symbol("go")
        for number, (place, linked) in enumerate(cells):
            self.assertEqual(names[f"{number}:{os.path.basename(NF)}:go"], (place + address - linked, size))

    def test_the_process_names_the_file(self):
        self.run_cells(NF)
        with open(self.cells, encoding="utf-8") as file:
            process = re.search(r"process (\d+)", file.read())[1]
        expected = f"/tmp/perf-{process}.map"
        self.addCleanup(lambda: os.path.lexists(expected) and os.unlink(expected))
        self.assertEqual(self.make_map(self.cells).stdout.split(":")[0], expected)
        self.assertTrue(os.path.exists(expected))

    def test_a_link_is_replaced_not_followed(self):
        self.run_cells(NF)
        victim = self.map + ".victim"
        with open(victim, "w", encoding="utf-8") as file:
            file.write("precious")
        os.symlink(victim, self.map)
        self.assertEqual(self.make_map(self.cells, "-o", self.map).returncode, 0)
        with open(victim, encoding="utf-8") as file:
            self.assertEqual(file.read(), "precious")
        self.assertFalse(os.path.islink(self.map))

    def test_failures_say_what_is_wrong(self):
        done = self.make_map("/nonexistent/cells")
        self.assertEqual(done.returncode, 3)
        self.assertIn("/nonexistent/cells", done.stderr)
        with open(self.cells, "w", encoding="utf-8") as file:
            file.write("something else\n")
        done = self.make_map(self.cells)
        self.assertEqual(done.returncode, 3)
        self.assertIn("not a file that rf-run --gdb has written", done.stderr)
        with open(self.cells, "w", encoding="utf-8") as file:
            file.write("# gdb commands for rf-run, process 1\nrf-cell 0x1000 0x1000 0x0 /nonexistent/file.nf\n")
        done = self.make_map(self.cells, "-o", self.map)
        self.assertEqual(done.returncode, 3)
        self.assertIn("/nonexistent/file.nf", done.stderr)
        self.assertFalse(os.path.exists(self.map))
        self.assertEqual(self.make_map().returncode, 2)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
