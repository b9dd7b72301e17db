# SPDX-License-Identifier: Apache-2.0
"""Baselines and attestations."""
import hashlib
import json
import pathlib
import unittest
import xml.etree.ElementTree as xml

from toolkit import BAD, HOSTILE_NAMES, Bench

TWO_FAULTS = "movl (%rdi), %eax\n\tmovq %rax, %r15\n\tret"


class Baseline(Bench):
    def listed(self, name="known.json"):
        return json.loads((self.folder / name).read_text())["findings"]

    def test_known_findings_do_not_fail_the_run_but_still_do_not_load(self):
        self.build("bad.nf", TWO_FAULTS)
        output = self.run_tool("--write-baseline=known.json", "bad.nf")
        self.assertIn(b"bad.nf: rejected, 2 findings", output)
        self.assertIn(b"would not load", self.errors)
        self.assertEqual([(entry["file"], entry["rule"]) for entry in self.listed()],
                         [("bad.nf", "memory-base"), ("bad.nf", "write-r15")])
        output = self.run_tool("--baseline=known.json", "bad.nf")
        self.assertIn(b"bad.nf: rejected, 2 findings: 0 new, 2 in the baseline; it would not load\n", output)
        self.assertIn(b": known[memory-base]: ", output)
        self.assertNotIn(b"error[", output)
        (file,) = self.json("--baseline=known.json", "bad.nf")["files"]
        self.assertEqual((file["verdict"], file["known_count"], file["vanished"]), ("rejected", 2, []))
        self.assertTrue(all(finding["known"] for finding in file["findings"]))

    def test_new_findings_fail_it(self):
        self.build("bad.nf", BAD)
        self.run_tool("--write-baseline=known.json", "bad.nf")
        self.build("bad.nf", TWO_FAULTS)
        output = self.run_tool("--baseline=known.json", "bad.nf", code=1)
        self.assertIn(b"2 findings: 1 new, 1 in the baseline", output)
        self.assertIn(b": known[memory-base]: ", output)
        self.assertIn(b": error[write-r15]: ", output)
        # Another of the same kind is new as well.
        self.build("bad.nf", "movl (%rdi), %eax\n\t" + BAD)
        self.assertIn(b"1 new, 1 in the baseline", self.run_tool("--baseline=known.json", "bad.nf", code=1))

    def test_new_findings_that_are_not_shown_fail_it(self):
        self.build("bad.nf", BAD)
        self.run_tool("--write-baseline=known.json", "bad.nf")
        self.build("bad.nf", TWO_FAULTS)
        for shown in ("0", "1"):
            self.run_tool("--baseline=known.json", f"--max-errors={shown}", "bad.nf", code=1)
        self.run_tool("-q", "--baseline=known.json", "bad.nf", code=1)

    def test_vanished_findings_are_reported(self):
        self.build("bad.nf", TWO_FAULTS)
        self.run_tool("--write-baseline=known.json", "bad.nf")
        self.build("bad.nf", BAD)
        note = r"write-r15: .*: mov %rax, %r15 \(in f_main\)"
        self.assertRegex(self.run_tool("--baseline=known.json", "bad.nf").decode(), "no longer found: " + note + "\n")
        (vanished,) = self.json("--baseline=known.json", "bad.nf")["files"][0]["vanished"]
        self.assertRegex(vanished, f"^{note}$")
        run = self.sarif_run("--baseline=known.json", "bad.nf")
        self.assertRegex(run["invocations"][0]["toolExecutionNotifications"][0]["message"]["text"], note)
        self.assertIn(b"::notice title=rf-validate baseline::", self.run_tool("--format=github", "--baseline=known.json", "bad.nf"))

    def test_findings_of_other_files_do_not_count(self):
        self.build("bad.nf", BAD)
        self.run_tool("--write-baseline=known.json", "bad.nf")
        self.build("other.nf", BAD)
        self.run_tool("--baseline=known.json", "other.nf", code=1)
        self.assertNotIn(b"no longer found", self.run_tool("--baseline=known.json", "other.nf", code=1))

    def test_a_file_is_the_same_from_any_folder(self):
        (self.folder / "sub").mkdir()
        self.build("sub/bad.nf", BAD)
        self.run_tool("--write-baseline=known.json", "./sub/../sub/bad.nf")
        self.run_tool("--baseline=known.json", str(self.folder / "sub" / "bad.nf"))

    def test_code_may_move(self):
        self.build("bad.nf", BAD)
        self.run_tool("--write-baseline=known.json", "bad.nf")
        self.build("bad.nf", BAD, before="g:\tret\n\t.section .entries\n\t.long g\n\t.text")
        self.run_tool("--baseline=known.json", "bad.nf")

    def test_malformed_files_have_findings_too(self):
        (self.folder / "junk.nf").write_text("junk")
        self.run_tool("--write-baseline=known.json", "junk.nf")
        self.assertIn(b"malformed, 1 finding: 0 new, 1 in the baseline; it would not load",
                      self.run_tool("--baseline=known.json", "junk.nf"))

    def test_other_reports(self):
        self.build("bad.nf", BAD)
        self.run_tool("--write-baseline=known.json", "bad.nf")
        self.build("bad.nf", TWO_FAULTS)
        run = self.sarif_run("--baseline=known.json", "bad.nf", code=1)
        states = {result["ruleId"]: [item["kind"] for item in result["suppressions"]] for result in run["results"]}
        self.assertEqual(states, {"memory-base": ["external"], "write-r15": []})
        root = xml.fromstring(self.run_tool("--format=junit", "--baseline=known.json", "bad.nf", code=1))
        cases = {case.get("name"): case for case in root[0]}
        self.assertIn("would not load", cases["memory-base"].find("skipped").get("message"))
        self.assertIsNotNone(cases["write-r15"].find("failure"))
        output = self.run_tool("--format=github", "--baseline=known.json", "bad.nf", code=1)
        self.assertIn(b"::warning file=", output)
        self.assertIn(b"::error file=", output)

    def test_hostile_names(self):
        for name in self.hostile_files():
            self.run_tool("--write-baseline=known.json", "--", name)
            self.run_tool("--baseline=known.json", "--", name)

    def test_baselines_that_are_none(self):
        self.build("good.nf")
        for text, reason in (("", b"(line 1)"), ("{}", b"not a baseline"), ("[1]", b"not a baseline"),
                             ('{"ringfence-baseline": 2, "findings": []}', b"another version"),
                             ('{"ringfence-baseline": 1, "findings": [{"file": 1}]}', b"finding 0 lacks"),
                             ('{"ringfence-baseline": 1, "findings": ["\\u0000"]}', b"(line 1)"),
                             ("[" * 100000, b"(line 1)")):
            (self.folder / "known.json").write_text(text)
            self.assertEqual(self.run_tool("--baseline=known.json", "good.nf", code=3), b"")
            self.assertIn(b"cannot use the baseline known.json", self.errors)
            self.assertIn(reason, self.errors)
        for path in ("nowhere.json", "."):
            self.run_tool("--baseline", path, "good.nf", code=3)
            self.assertIn(b"cannot use the baseline", self.errors)
        self.run_tool("--baseline=/dev/zero", "good.nf", code=3)
        self.assertIn(b"over 64 MiB", self.errors)

    def test_a_failure_loses_no_baseline(self):
        self.build("bad.nf", BAD)
        self.run_tool("--write-baseline=known.json", "bad.nf")
        before = (self.folder / "known.json").read_bytes()
        self.run_tool("--write-baseline=known.json", "bad.nf", "nowhere.nf", code=3)
        self.assertIn(b"no baseline was written to known.json: not all files could be checked", self.errors)
        self.assertEqual((self.folder / "known.json").read_bytes(), before)
        self.run_tool("--write-baseline=nowhere/known.json", "bad.nf", code=3)
        self.assertIn(b"cannot write nowhere/known.json: No such file", self.errors)
        self.run_tool("--write-baseline=/dev/full", "bad.nf", code=3)
        self.assertIn(b"No space left", self.errors)
        self.assertEqual(sorted(path.name for path in self.folder.glob("known*")), ["known.json"])

    def test_a_link_is_kept(self):
        self.build("bad.nf", BAD)
        (self.folder / "real.json").write_text("{}")
        (self.folder / "known.json").symlink_to("real.json")
        self.run_tool("--write-baseline=known.json", "bad.nf")
        self.assertTrue((self.folder / "known.json").is_symlink())
        self.assertEqual(len(self.listed("real.json")), 1)


class Attestation(Bench):
    def statement(self, *arguments, **more):
        self.run_tool("--attest=a.json", *arguments, **more)
        statement = json.loads((self.folder / "a.json").read_text())
        self.assertEqual(statement["_type"], "https://in-toto.io/Statement/v1")
        self.assertEqual(statement["predicateType"], "https://in-toto.io/attestation/test-result/v0.1")
        for subject in statement["subject"]:
            data = pathlib.Path(self.folder, subject["name"]).read_bytes()
            self.assertEqual(subject["digest"], {"sha256": hashlib.sha256(data).hexdigest()})
        (tool,) = statement["predicate"]["configuration"]
        version = self.run_tool("--version").decode()
        notes = tool["annotations"]
        self.assertEqual(version, f"rf-validate {notes['validatorVersion']} (contract {notes['contractVersion']})\n")
        self.assertTrue(tool["uri"].endswith("@" + notes["validatorVersion"]))
        return statement

    def rules(self):
        return [line.split()[0] for line in self.run_tool("--list-rules").decode().splitlines()]

    def test_passed(self):
        self.build("good.nf")
        predicate = self.statement("good.nf")["predicate"]
        self.assertEqual(predicate["result"], "PASSED")
        self.assertEqual(predicate["passedTests"], self.rules())
        self.assertEqual(predicate["failedTests"], [])

    def test_failed(self):
        self.build("bad.nf", TWO_FAULTS)
        predicate = self.statement("--max-errors=0", "bad.nf", code=1)["predicate"]
        self.assertEqual(predicate["result"], "FAILED")
        self.assertEqual(predicate["failedTests"], ["memory-base", "write-r15"])
        self.assertEqual(sorted(predicate["passedTests"] + predicate["failedTests"]), sorted(self.rules()))

    def test_malformed(self):
        (self.folder / "junk.nf").write_text("junk")
        predicate = self.statement("junk.nf", code=1)["predicate"]
        self.assertEqual((predicate["result"], predicate["passedTests"], predicate["failedTests"]),
                         ("FAILED", [], ["elf-header"]))

    def test_several(self):
        self.build("good.nf")
        self.build("bad.nf", BAD)
        statement = self.statement("good.nf", "bad.nf", code=1)
        self.assertEqual([subject["name"] for subject in statement["subject"]], ["good.nf", "bad.nf"])
        self.assertEqual(statement["predicate"]["result"], "FAILED")

    def test_a_baseline_changes_nothing(self):
        self.build("bad.nf", BAD)
        self.run_tool("--write-baseline=known.json", "bad.nf")
        self.assertEqual(self.statement("--baseline=known.json", "bad.nf")["predicate"]["result"], "FAILED")

    def test_nothing_is_attested_that_was_not_read(self):
        self.build("good.nf")
        self.run_tool("--attest=a.json", "good.nf", "nowhere.nf", code=3)
        self.assertIn(b"no attestation was written to a.json: not all files could be checked", self.errors)
        self.run_tool("--attest=a.json", "/dev/zero", code=3)
        self.assertIn(b"too long", self.errors)
        self.assertFalse((self.folder / "a.json").exists())

    def test_hostile_names(self):
        self.assertGreater(len(HOSTILE_NAMES), 5)
        for name in self.hostile_files():
            self.run_tool("--attest=a.json", "--", name, code=1)
            statement = json.loads((self.folder / "a.json").read_text())
            self.assertEqual(statement["subject"][0]["name"], name.decode(errors="replace"))


if __name__ == "__main__":
    unittest.main()
