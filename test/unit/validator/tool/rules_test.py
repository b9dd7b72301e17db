# SPDX-License-Identifier: Apache-2.0
"""docs/rules.md and --explain are one text, complete, and its examples do what it says."""
import json
import os
import pathlib
import re
import subprocess
import unittest

from toolkit import CLANG, GOOD, LLD, SCRIPT, TOOL, Bench

RULES = pathlib.Path(os.environ["RF_RULES"]).read_text(encoding="utf-8")
PARTS = ["*Why:*", "*Broken by:*", "*Fix:*"]
NO_EXAMPLE = {"limit"}  # it takes millions of blocks; validator.limits has one


def sections():
    """{rule: its section of the page}, in order."""
    parts = re.split(r"^#{2,3} (.*)\n", RULES, flags=re.M)
    found = dict(zip(parts[1::2], parts[2::2]))
    return {name: text for name, text in found.items() if re.fullmatch(r"[a-z0-9-]+", name)}


def examples(text):
    """[(language, code)]"""
    return re.findall(r"^```(\w+)\n(.*?)^```$", text, flags=re.M | re.S)


class Page(Bench):
    def test_every_rule_has_a_section_and_every_section_a_rule(self):
        listed = [line.split()[0] for line in self.run_tool("--list-rules").decode().splitlines()]
        self.assertEqual(list(sections()), listed)

    def test_every_section_is_whole(self):
        for rule, text in sections().items():
            with self.subTest(rule=rule):
                found = re.findall(r"^\*\w[\w ]*:\*", text, flags=re.M)
                self.assertEqual(found, PARTS)
                self.assertGreater(len(text.split(PARTS[0])[0].strip()), 20)
                broken = text.split(PARTS[1])[1].split(PARTS[2])[0]
                self.assertEqual(len(examples(broken)), rule not in NO_EXAMPLE)

    def test_explain_says_all_of_it(self):
        for rule, text in sections().items():
            with self.subTest(rule=rule):
                shown = self.run_tool(f"--explain={rule}").decode()
                plain = re.sub(r"^```\w*$|[*`\[]|\]\([^)]*\)", "", text, flags=re.M)
                heading, body = shown.split("\n", 1)
                self.assertTrue(heading.startswith(f"{rule}: "))
                self.assertEqual(re.sub(r"[*`\[]", "", body).split(), plain.split())
                self.assertNotIn("```", shown)
                words = [line for line in shown.splitlines()[1:] if not line.startswith("    ")]
                self.assertLessEqual(max(map(len, words)), 78 * 2)  # counted in characters, wrapped in bytes

    def test_unknown_rule(self):
        for name, near in (("memory-bose", b"memory-base"), ("write", b"write-rsp, write-r14, write-r15"),
                           ("jumptable", b"jump-table"), ("Memory-Base", b"memory-base")):
            self.run_tool("--explain", name, code=2)
            self.assertIn(b"there is no rule '" + name.encode(), self.errors)
            self.assertIn(near, self.errors)
        for name in (b"xyzzy", b"", b"\x1b[2J\xff", b"n" * 5000):
            self.run_tool(b"--explain=" + name, code=2)
            self.assertIn(b"--list-rules lists them", self.errors)
            self.assertNotIn(b"\x1b", self.errors)


class Examples(Bench):
    def verdict(self, language, code):
        """{rules found} of an example."""
        if language == "asm" and code.lstrip().startswith(".section"):
            self.build("fw.nf", GOOD, more=code + "\n\t.text")
        elif language == "asm":
            self.build("fw.nf", code.strip())
        else:
            self.build("fw.nf")
            (self.folder / "fw.c").write_text("int f(int x) { return x; }\n")
            os.rename(self.folder / "nf.o", self.folder / "fw.o")
            if language == "ld":
                (self.folder / "nf.ld").write_text(code)
                code = "ld.lld-22 -m elf32_x86_64 -T nf.ld --entry=0 fw.o -o fw.nf"
            self.command(["sh", "-c", code.replace("clang-22", CLANG).replace("ld.lld-22", LLD)])
        done = subprocess.run([TOOL, "--format=json", "fw.nf"], cwd=self.folder, capture_output=True, check=False)
        (file,) = json.loads(done.stdout)["files"]
        self.assertEqual(done.returncode, 0 if file["verdict"] == "accepted" else 1)
        return {finding["rule"] for finding in file["findings"]}

    def test_what_breaks_a_rule_breaks_it_alone(self):
        for rule, text in sections().items():
            for language, code in examples(text.split(PARTS[2])[0]):
                with self.subTest(rule=rule):
                    self.assertEqual(self.verdict(language, code), {rule})

    def test_what_repairs_it_is_accepted(self):
        repaired = 0
        for rule, text in sections().items():
            for language, code in examples(text.split(PARTS[2])[1]):
                with self.subTest(rule=rule):
                    self.assertEqual(self.verdict(language, code), set())
                    repaired += 1
        self.assertGreater(repaired, 15)

    def test_the_linker_script_without_the_fault_is_accepted(self):
        (_, code), = examples(sections()["elf-overlap"])
        self.assertEqual(self.verdict("ld", code.replace("\t.data :", "\t. = ALIGN(0x1000); .data :")), set())
        self.assertEqual(self.verdict("ld", SCRIPT), set())


if __name__ == "__main__":
    unittest.main()
