# SPDX-License-Identifier: Apache-2.0
"""--annotate: each instruction with what is proven before it."""
import re
import unittest

from toolkit import BAD, Bench

CODE = """pushq %rbx
	movl %edi, %eax
	andl $0x7f8, %eax
	leaq (%r15,%rax), %rdx
	movl (%rdx), %ecx
	movl (%rsi), %ebx
	popq %rbx
	ret"""


def lines(output):
    """[(address, instruction, state)]"""
    return re.findall(r"^([0-9a-f]{8})  (.*?) +; (depth=.*)$", output, flags=re.M)


class Annotate(Bench):
    def test_states(self):
        self.build("nf.nf", CODE, source="code.S")
        output = self.run_tool("--annotate", "nf.nf", code=1).decode()
        self.assertEqual([(code, state) for _, code, state in lines(output)], [
            ("push %rbx", "depth=0"),
            ("mov %edi, %eax", "depth=8 [rsp+0]=init(rbx)"),
            ("and $0x7F8, %eax", "depth=8 rax=bits(0xffffffff) [rsp+0]=init(rbx)"),
            ("lea (%r15,%rax,1), %rdx", "depth=8 rax=bits(0x7f8) [rsp+0]=init(rbx)"),
            ("mov (%rdx), %ecx", "depth=8 rax=bits(0x7f8) rdx=cell(0x7f8) [rsp+0]=init(rbx)"),
            ("mov (%rsi), %ebx", "depth=8 rax=bits(0x7f8) rcx=bits(0xffffffff) rdx=cell(0x7f8) [rsp+0]=init(rbx)"),
            ("pop %rbx", "depth=8 rax=bits(0x7f8) rcx=bits(0xffffffff) rdx=cell(0x7f8) rbx=bits(0xffffffff) [rsp+0]=init(rbx)"),
            ("ret", "depth=0 rax=bits(0x7f8) rcx=bits(0xffffffff) rdx=cell(0x7f8)"),
        ])
        self.assertEqual([int(address, 16) for address, _, _ in lines(output)][:3], [0x70000000, 0x70000001, 0x70000003])
        self.assertIn("\nf_main:\n; ", output)
        self.assertRegex(output, r"mov \(%rsi\), %ebx .*\n +\^ error\[memory-base\]: base rsi may be any 64-bit value")
        self.assertIn(f"; {self.folder}/code.S:", output)
        self.assertTrue(output.endswith("nf.nf: rejected, 1 finding\n"))

    def test_one_function(self):
        self.build("nf.nf", before="g:\tmovl (%rdi), %eax\n\tret\n\t.section .entries\n\t.long g\n\t.text")
        self.assertEqual(len(lines(self.run_tool("--annotate", "nf.nf", code=1).decode())), 4)
        output = self.run_tool("--annotate=g", "nf.nf", code=1).decode()
        self.assertEqual([code for _, code, _ in lines(output)], ["mov (%rdi), %eax", "ret"])

    def test_unknown_function(self):
        entries = ["process", "proces", "protocol", "init", "finish", "checksum"]
        code = "".join(f"{name}:\tret\n\t" for name in entries)
        self.build("nf.nf", before=f"{code}.section .entries\n\t.long {', '.join(entries)}\n\t.text")
        self.build("other.nf", before="other:\tret\n\t.section .entries\n\t.long other\n\t.text")
        self.run_tool("--annotate=procces", "nf.nf", code=2)
        output = self.errors.decode()
        start = "rf-validate: no file has code of a function 'procces'; the nearest names: proces, process, "
        self.assertEqual((output[:len(start)], output.count(","), output.count("\n")), (start, 4, 1))
        # The report is there all the same, and one of the files is enough.
        self.assertIn(b"; no code of a function 'procces'\n", self.run_tool("--annotate=procces", "nf.nf", code=2))
        self.assertIn(b"\nother:\n", self.run_tool("--annotate=other", "nf.nf", "other.nf"))
        self.assertIn(b"\nother:\n", self.run_tool("--annotate=other", "other.nf", "nf.nf"))
        self.run_tool("--annotate=\x1b", "nf.nf", code=2)
        self.assertIn("'\\x1b'", self.errors.decode())
        self.run_tool("--annotate=othr", "nf.nf", "other.nf", code=2)
        self.assertIn("nearest names: other, ", self.errors.decode())
        self.run_tool("--annotate=" + "x" * 1000, "nf.nf", code=2)

    def test_unknown_function_elsewhere(self):
        self.build("nf.nf", "ret", strip=True)
        self.run_tool("--annotate=process", "nf.nf", code=2)
        output = self.errors.decode()
        self.assertEqual(output, "rf-validate: no file has code of a function 'process', or the name of any\n")
        # What is wrong with a file comes first.
        (self.folder / "junk.nf").write_text("junk")
        self.run_tool("--annotate=process", "junk.nf", code=1)
        self.run_tool("--annotate=process", "nf.nf", "nowhere.nf", code=3)

    def test_code_that_nothing_reaches(self):
        self.build("nf.nf", "ret\n\tnop\n\tmovl (%rdi), %eax\n\tret")
        output = self.run_tool("--annotate", "nf.nf").decode()
        self.assertEqual(len(lines(output)), 1)
        self.assertIn("; 3 instructions that no function reaches are not shown\n", output)

    def test_stripped(self):
        self.build("nf.nf", BAD, strip=True)
        self.assertEqual(len(lines(self.run_tool("--annotate", "nf.nf", code=1).decode())), 2)

    def test_malformed_and_unreadable(self):
        (self.folder / "junk.nf").write_text("junk")
        self.assertEqual(self.run_tool("--annotate", "junk.nf", code=1).count(b"\n"), 2)
        self.run_tool("--annotate", "nowhere.nf", code=3)

    def test_with_other_reports(self):
        self.build("nf.nf", BAD)
        self.run_tool("--annotate", "--format=json", "nf.nf", code=2)
        self.run_tool("--annotate", "--format=json:a.json", "nf.nf", code=1)
        self.run_tool("--write-baseline=known.json", "nf.nf")
        self.assertIn(b"^ known[memory-base]", self.run_tool("--annotate", "--baseline=known.json", "nf.nf"))

    def test_hostile_names(self):
        for name in self.hostile_files():
            output = self.run_tool("--annotate", "--", name, code=1).decode()
            self.assertNotRegex(output, "[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]")
            self.run_tool("--annotate=x", "--", name, code=2)
            self.assertNotRegex(self.errors.decode(), "[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]")


if __name__ == "__main__":
    unittest.main()
