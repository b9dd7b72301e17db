# SPDX-License-Identifier: Apache-2.0
"""Files that cannot be read, places that cannot be written to, hostile section headers, symbols and DWARF."""
import ctypes
import json
import os
import random
import struct
import subprocess
import unittest
import xml.etree.ElementTree as xml

from toolkit import BAD, TOOL, Bench

FORMATS = ("text", "json", "sarif", "junit", "github")
MUTANTS = int(os.environ.get("RF_MUTANTS", "60"))


def parse(name, output):
    """Fails unless the output is one document of its format."""
    if name in ("json", "sarif"):
        json.loads(output)
    elif name == "junit":
        xml.fromstring(output)
    else:
        output.decode()


def forbid_filters():
    """From here on, seccomp(2) and prctl(2) fail in this process: a classic BPF program says EPERM."""
    code = [(0x20, 0, 0, 0), (0x15, 1, 0, 317), (0x15, 0, 1, 157), (0x06, 0, 0, 0x50000 | 1), (0x06, 0, 0, 0x7fff0000)]
    filters = ctypes.create_string_buffer(b"".join(struct.pack("<HBBI", *step) for step in code))
    program = ctypes.create_string_buffer(struct.pack("<HxxxxxxQ", len(code), ctypes.addressof(filters)))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(38, 1, 0, 0, 0) != 0 or libc.prctl(22, 2, program, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")


class Files(Bench):
    def check(self, path, code, **more):
        for name in FORMATS:
            with self.subTest(format=name, path=path):
                parse(name, self.run_tool(f"--format={name}", path, code=code, **more))

    def test_unreadable(self):
        self.check("nowhere.nf", 3)
        self.check(".", 3)
        (self.folder / "loop").symlink_to("loop")
        self.check("loop", 3)
        self.check("x" * 5000, 3)

    def test_empty(self):
        (self.folder / "empty.nf").write_bytes(b"")
        self.check("empty.nf", 1)
        self.check("/dev/null", 1)

    def test_huge(self):
        with open(self.folder / "huge.nf", "wb") as file:
            file.truncate(1 << 40)
        for name in ("text", "sarif"):
            parse(name, self.run_tool(f"--format={name}", "huge.nf", code=1))
        run = self.sarif_run("huge.nf", code=1)
        self.assertNotIn("hashes", run["artifacts"][0])
        self.assertEqual(run["results"][0]["ruleId"], "elf-header")

    def test_from_a_pipe(self):
        self.build("bad.nf", BAD)
        for name in FORMATS:
            parse(name, self.run_tool(f"--format={name}", "/dev/stdin", code=1, input=(self.folder / "bad.nf").read_bytes()))

    def test_the_same_file_twice(self):
        self.build("bad.nf", BAD)
        for name in FORMATS:
            parse(name, self.run_tool(f"--format={name}", "bad.nf", "bad.nf", code=1))
        self.assertEqual(len(self.sarif_run("bad.nf", "./bad.nf", code=1)["artifacts"]), 2)  # and its source

    def test_nothing_to_say(self):
        self.build("good.nf")
        for name in FORMATS:
            parse(name, self.run_tool("-q", f"--format={name}", "good.nf"))


class Outputs(Bench):
    def test_full_device(self):
        self.build("bad.nf", BAD)
        for name in FORMATS:
            with self.subTest(format=name), open("/dev/full", "wb") as full:
                done = subprocess.run([TOOL, f"--format={name}", "bad.nf"], cwd=self.folder, stdout=full,
                                      stderr=subprocess.PIPE, check=False)
                self.assertEqual(done.returncode, 3)
                self.assertIn(b"cannot write to standard output: No space left on device", done.stderr)
            self.run_tool(f"--format={name}:/dev/full", "bad.nf", code=3)
            self.assertIn(b"cannot write /dev/full: No space left on device", self.errors)
        for option in ("--help", "--version", "--list-rules", "--explain=limit"):
            with open("/dev/full", "wb") as full:
                self.assertEqual(subprocess.run([TOOL, option], stdout=full, stderr=subprocess.DEVNULL, check=False).returncode, 3)

    def test_closed_output(self):
        self.build("bad.nf", BAD)
        done = subprocess.run(["sh", "-c", '"$0" bad.nf >&-', TOOL], cwd=self.folder, capture_output=True, check=False)
        self.assertEqual(done.returncode, 3)

    def test_no_folder(self):
        self.build("good.nf")
        self.run_tool("--format=sarif:nowhere/a.sarif", "good.nf", code=3)
        self.assertIn(b"cannot write nowhere/a.sarif: No such file or directory", self.errors)
        self.run_tool("--source-root=nowhere", "good.nf", code=3)
        self.assertIn(b"no such directory: nowhere", self.errors)

    def test_pipes_and_links_are_written_to(self):
        self.build("good.nf")
        self.assertEqual(self.run_tool("--format=json:/dev/stdout", "-q", "good.nf")[:1], b"{")

    def test_a_report_keeps_the_modes_of_the_umask(self):
        self.build("good.nf")
        self.run_tool("--format=json:a.json", "good.nf", umask=0o027)
        self.assertEqual((self.folder / "a.json").stat().st_mode & 0o777, 0o640)


class Sections:
    """The section headers of an ELF32 file."""

    def __init__(self, data):
        self.data = bytearray(data)
        (offset,) = struct.unpack_from("<I", data, 32)
        size, count, names = struct.unpack_from("<HHH", data, 46)
        self.headers = [offset + i * size for i in range(count)]
        base = self.field(names, 4)
        self.names = [bytes(data[base + self.field(i, 0):]).split(b"\0")[0].decode() for i in range(count)]

    def field(self, section, number):
        return struct.unpack_from("<I", self.data, self.headers[section] + 4 * number)[0]

    def set_field(self, section, number, value):
        struct.pack_into("<I", self.data, self.headers[section] + 4 * number, value & 0xffffffff)


class Hostile(Bench):
    """Whatever symbols and DWARF are, the findings are there, and the tool ends by itself."""

    def setUp(self):
        super().setUp()
        self.build("bad.nf", BAD)
        self.data = (self.folder / "bad.nf").read_bytes()

    def verdict(self, data):
        (self.folder / "mutant.nf").write_bytes(data)
        (file,) = self.json("mutant.nf", code=1)["files"]
        self.assertEqual([finding["rule"] for finding in file["findings"]], ["memory-base"])
        return file

    def test_as_it_is(self):
        (finding,) = self.verdict(self.data)["findings"]
        self.assertEqual(finding["symbol"], "f_main")
        self.assertIn("line", finding)

    def test_debug_sections_with_bytes_changed(self):
        chance = random.Random(3)
        sections = Sections(self.data)
        debug = [i for i, name in enumerate(sections.names) if name.startswith((".debug", ".symtab", ".strtab"))]
        self.assertGreater(len(debug), 4)
        for _ in range(MUTANTS):
            mutant = bytearray(self.data)
            for _ in range(chance.randint(1, 8)):
                section = chance.choice(debug)
                at = sections.field(section, 4) + chance.randrange(max(1, sections.field(section, 5)))
                mutant[at] = chance.choice((0, 1, 0x7f, 0x80, 0xff, chance.randrange(256)))
            self.verdict(mutant)

    def test_section_headers_with_fields_changed(self):
        chance = random.Random(4)
        count = len(Sections(self.data).headers)
        for _ in range(MUTANTS):
            sections = Sections(self.data)
            for _ in range(chance.randint(1, 3)):
                sections.set_field(chance.randrange(count), chance.randrange(10),
                                   chance.choice((0, 1, 2, 0x7fffffff, 0xffffffff, 0xfffffff0, len(self.data) - 1,
                                                  chance.randrange(1 << 32))))
            self.verdict(sections.data)

    def test_section_header_table_out_of_the_file(self):
        for offset, count in ((0xffffffff, 3), (len(self.data) - 1, 0xffff), (0, 0xffff), (1, 1)):
            mutant = bytearray(self.data)
            struct.pack_into("<I", mutant, 32, offset)
            struct.pack_into("<H", mutant, 48, count)
            self.verdict(mutant)

    def test_symbol_without_a_terminator(self):
        sections = Sections(self.data)
        strings = sections.names.index(".strtab")
        start, size = sections.field(strings, 4), sections.field(strings, 5)
        mutant = bytearray(self.data)
        mutant[start:start + size] = b"A" * size
        self.verdict(mutant)

    def test_a_name_of_a_megabyte(self):
        sections = Sections(self.data)
        strings = sections.names.index(".strtab")
        mutant = bytearray(self.data)
        struct.pack_into("<I", mutant, sections.headers[strings] + 16, len(mutant))
        struct.pack_into("<I", mutant, sections.headers[strings] + 20, (1 << 20) + 1)
        (finding,) = self.verdict(mutant + b"A" * (1 << 20) + b"\0")["findings"]
        self.assertEqual(finding["symbol"], "A" * len(finding["symbol"]))
        self.assertLess(len(finding["symbol"]), 5000)

    def test_no_symbols_where_the_reader_cannot_be_confined(self):
        """Deny by default: no filter, no symbols, and the report says so."""
        done = subprocess.run([TOOL, "--format=json", "bad.nf"], cwd=self.folder, preexec_fn=forbid_filters,
                              capture_output=True, check=False)
        (file,) = json.loads(done.stdout)["files"]
        self.assertIn("could not be confined", file["debug_information_problem"])
        self.assertNotIn("symbol", file["findings"][0])
        self.assertEqual(done.returncode, 1)

    def test_less_than_the_readers_limits(self):
        done = subprocess.run(["sh", "-c", 'ulimit -t 5; exec "$0" bad.nf', TOOL], cwd=self.folder, capture_output=True,
                              check=False)
        self.assertIn(b"in f_main+0x0", done.stdout)


if __name__ == "__main__":
    unittest.main()
