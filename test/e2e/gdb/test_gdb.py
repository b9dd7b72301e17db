# SPDX-License-Identifier: Apache-2.0
"""rf-run --gdb and its gdb commands, on a network function that runs under gdb.

usage: test_gdb.py RF-RUN FILE.nf SOURCE -O0|-O1
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

RUN, NF, SOURCE = sys.argv[1:4]
OPTIMIZED = sys.argv[4] != "-O0"
SKIPPED = 77


def line_of(comment):
    with open(SOURCE, encoding="utf-8") as file:
        return next(number for number, line in enumerate(file, 1) if f"/* {comment} */" in line)


def gdb(arguments, commands):
    """gdb's output for commands given after the cells' symbols have been loaded."""
    with tempfile.TemporaryDirectory() as folder:
        script, cells = os.path.join(folder, "commands"), os.path.join(folder, "cells.gdb")
        with open(script, "w", encoding="utf-8") as file:
            file.write("\n".join(["set pagination off", "set confirm off", "set debuginfod enabled off", "run", f"source {cells}",
                                  *commands, ""]))
        # The sanitizers' own uses of memory and signals are not what this is about.
        environment = dict(os.environ, ASAN_OPTIONS="detect_leaks=0:" + os.environ.get("ASAN_OPTIONS", ""))
        done = subprocess.run(["gdb", "-nx", "-batch", "-x", script, "--args", RUN, "--gdb", cells, *arguments], text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=600, check=False, env=environment)
        return done.stdout


class Gdb(unittest.TestCase):
    def check(self, output, *patterns):
        """The patterns occur, in order."""
        at = 0
        for pattern in patterns:
            found = re.compile(pattern).search(output, at)
            self.assertIsNotNone(found, f"{pattern!r} is not (at its place) in:\n{output}")
            at = found.end()

    def test_stops_before_the_first_instruction(self):
        self.check(gdb(["--call", "go=5", NF], ["rf-cells", "kill"]), "SIGTRAP",
                   r"0: /.*\.nf, text at 0x[0-9a-f]+, memory at 0x[0-9a-f]+\n")

    def test_breakpoint_lines_and_variables(self):
        output = gdb(["--call", "go=5", NF],
                     [f"break {os.path.basename(SOURCE)}:{line_of('first stop')}", "continue", "backtrace", 'print $rf($rf("rule"))',
                      'print $rf($rf($rf("rule")).next).id', 'print $rf("limit")', 'print $rf("totals")',
                      'print $rf($rf("rules")).port', "up", 'print $rf("values")', 'print $rf("x")', "delete", "continue"])
        self.check(output, rf"sum \(.*:{line_of('first stop')}", r"#0 +(0x[0-9a-f]+ in )?sum ", r"#1 .* in go \(",
                   r"= \{id = 7, port = 80, next = 0x", r"= 6\n", r"= 1000\n", r"= \{11, 22\}", r"= 80\n", r"= \{5, 6, 7\}", r"= 5\n",
                   r'"call": "go", "arg": 5, "result": 54')

    @unittest.skipUnless(OPTIMIZED, "at -O0 nothing is in a register")
    def test_variables_in_registers_need_no_help(self):
        output = gdb(["--call", "go=5", NF], [f"break {os.path.basename(SOURCE)}:{line_of('first stop')}", "continue", "print $rf(rule)"])
        self.check(output, r"sum \(rule=0x[0-9a-f]+", r"= \{id = 7, port = 80, next = 0x")

    def test_packet(self):
        output = gdb([NF, "--in", "null:1", "--out", "null"],
                     [f"break {os.path.basename(SOURCE)}:{line_of('second stop')}", "continue", 'print/x $rf_packet($rf("frame")).type',
                      "x/2xb $r14 + 12", "continue"])
        self.check(output, rf":{line_of('second stop')}", r"= 0x8\n", r"0x08\s+0x00", "1 received = 1 sent")

    def test_fault_stops_at_its_line(self):
        output = gdb(["--call", "crash=4096", NF], ["continue", 'print $rf("x")', "continue"])
        self.check(output, "SIGSEGV", rf"crash \(.* at .*:{line_of('third stop')}", "= 4096", r"\[null-page\]")

    def test_outside_of_a_cell(self):
        output = gdb(["--call", "go=5", NF], ["print $rf((int *)4)"])
        self.check(output, "not in a network function")

    def test_file_that_cannot_be_written(self):
        done = subprocess.run([RUN, "--gdb", "/nonexistent/file", "--call", "go=1", NF], capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 3)
        self.assertIn("/nonexistent/file: No such file", done.stderr)

    def test_without_a_debugger_it_runs_on(self):
        with tempfile.TemporaryDirectory() as folder:
            cells = os.path.join(folder, "cells.gdb")
            done = subprocess.run([RUN, "--gdb", cells, "--call", "go=5", NF], capture_output=True, text=True, check=False)
            with open(cells, encoding="utf-8") as file:
                text = file.read()
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(text, r"(?m)^source /.*gdb\.py$")
        self.assertRegex(text, r"(?m)^rf-cell 0x[0-9a-f]+ 0x70000000 0x[0-9a-f]+ /.*\.nf$")


if __name__ == "__main__":
    if not shutil.which("gdb"):
        print("test_gdb.py: skipped: install gdb")
        sys.exit(SKIPPED)
    unittest.main(argv=sys.argv[:1])
