# SPDX-License-Identifier: Apache-2.0
"""Builds small network functions and runs rf-validate on them, for the tests of the tool.

RF_VALIDATE, RF_CLANG, RF_LLD and RF_INCLUDE in the environment say with what.
"""
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

TOOL = os.environ["RF_VALIDATE"]
CLANG = os.environ["RF_CLANG"]
LLD = os.environ["RF_LLD"]
INCLUDE = os.environ["RF_INCLUDE"]

GOOD = "movl %edi, %eax\n\tret"
BAD = "movl (%rdi), %eax\n\tret"

# All that a network function needs but its code. `more` may add to any section.
FRAME = """#include <ringfence/contract.h>
	.section .note.ringfence, "a", @note
	.long 10, 52, RF_NOTE_TYPE
	.asciz RF_NOTE_NAME
	.balign 4
	.long RF_CONTRACT_VERSION, 0, 0, 0, 0, entries, entries_end, exports, exports_end
	.long 0x200000, 0x210000, info, burst
	.section .exports, "a", @progbits
exports: .long name, f
	.section .entries, "a", @progbits
entries:
	.section .rodata, "a", @progbits
name:	.asciz "f"
	.data
	.balign 8
info:	.space 32
burst:	.space 8224
	.text
{before}
	.type {symbol}, @function
{symbol}:
f:
	{code}
	.size {symbol}, . - {symbol}
{more}
	.section .exports
exports_end:
	.section .entries
entries_end:
"""

SCRIPT = """PHDRS { r PT_LOAD FLAGS(4); w PT_LOAD FLAGS(6); x PT_LOAD FLAGS(5); n PT_NOTE FLAGS(4); }
SECTIONS {
	. = 0x100000; .note.ringfence : { *(.note.ringfence) } :r :n
	.exports : { *(.exports) } :r .entries : { *(.entries) } :r .rodata : { *(.rodata) } :r
	. = 0x300000; .data : { *(.data) } :w
	. = 0x70000000; .text : { *(.text) } :x
}
"""


def quoted(name):
    """A symbol as the assembler reads it."""
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


HOSTILE_NAMES = [b"with space.nf", b"quo'te\".nf", b"per%41cent%.nf", b"new\nline.nf", b"esc\x1b[31m.nf",
                 b"bad\xff\xfeutf8.nf", b"::error::x.nf", b"a,b:c<&>.nf", "\xfcn\xef\u202ecode.nf".encode(), b"]]>.nf",
                 b"-dash.nf"]
HOSTILE_SYMBOL = 'f"\\<&>%0A::error::,x\x1b[2J\u202e'


class Bench(unittest.TestCase):
    """A scratch folder, in which the tool runs."""

    maxDiff = None

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder)

    def build(self, name, code=GOOD, *, symbol="f_main", before="", more="", debug=True, source=None, strip=False):
        """Links a network function whose entry f is `code`; its source is a file of its own for lines."""
        source = self.folder / (source or f"{pathlib.PurePath(os.fsdecode(name)).stem}.S")
        text = FRAME.format(code=code, symbol=symbol, before=before, more=more)
        source.write_text(text)
        (self.folder / "nf.ld").write_text(SCRIPT)
        flags = ["-g"] if debug else []
        self.command([CLANG, "--target=x86_64-linux-gnux32", f"-I{INCLUDE}", *flags, "-c", source, "-o", "nf.o"])
        link = ["-s"] if strip else []
        self.command([LLD, "-m", "elf32_x86_64", "-T", "nf.ld", "--entry=0", *link, "nf.o", "-o", "linked.nf"])
        os.rename(self.folder / "linked.nf", os.path.join(os.fsencode(self.folder), os.fsencode(name)))
        return name

    def hostile_files(self):
        """A rejected file under one bad name after the other, with a bad symbol."""
        self.build("x.nf", BAD, symbol=quoted(HOSTILE_SYMBOL), debug=False)
        for name in HOSTILE_NAMES:
            shutil.copy(self.folder / "x.nf", os.path.join(os.fsencode(self.folder), name))
            yield name

    def command(self, command):
        done = subprocess.run(command, cwd=self.folder, capture_output=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr.decode(errors="replace"))

    def run_tool(self, *arguments, code=0, **more):
        """Standard output as bytes; standard error is in self.errors."""
        done = subprocess.run([TOOL, *arguments], cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              timeout=300, check=False, **more)
        self.errors = done.stderr
        self.assertEqual(done.returncode, code, (done.stdout[-2000:], done.stderr[-2000:]))
        return done.stdout

    def json(self, *arguments, **more):
        return json.loads(self.run_tool("--format=json", *arguments, **more))

    def sarif_run(self, *arguments, **more):
        return json.loads(self.run_tool("--format=sarif", *arguments, **more))["runs"][0]
