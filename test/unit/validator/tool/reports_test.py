# SPDX-License-Identifier: Apache-2.0
"""rf-validate's reports: SARIF, JUnit, GitHub annotations; each one valid document whatever happens."""
import hashlib
import json
import os
import re
import unittest
import urllib.parse
import xml.etree.ElementTree as xml

import jsonschema

from toolkit import BAD, HOSTILE_SYMBOL, Bench

SCHEMA = os.environ.get("RF_SARIF_SCHEMA")
TWO_FAULTS = "movl (%rdi), %eax\n\tmovl (%rdi), %eax\n\tmovq %rax, %r15\n\tret"


def by_rule(run):
    found = {}
    for result in run["results"]:
        found.setdefault(result["ruleId"], []).append(result)
    return found


class Sarif(Bench):
    def valid(self, *arguments, **more):
        """The report's run, if the official schema, where there is one, accepts it."""
        document = json.loads(self.run_tool("--format=sarif", *arguments, **more))
        if SCHEMA is None:
            self.fail("RF_SARIF_SCHEMA does not name the schema")
        # fetch_schema.py has failed if it must be there.
        if os.path.exists(SCHEMA):
            with open(SCHEMA, encoding="utf-8") as file:
                schema = json.load(file)
            jsonschema.Draft4Validator(schema, format_checker=jsonschema.FormatChecker()).validate(document)
        self.assertEqual(document["version"], "2.1.0")
        self.assertEqual(len(document["runs"]), 1)
        self.indices_agree(document["runs"][0])
        return document["runs"][0]

    def indices_agree(self, run):
        """What the schema cannot say: an index leads to the object of that name."""
        rules = run["tool"]["driver"]["rules"]
        for result in run["results"]:
            self.assertEqual(rules[result["ruleIndex"]]["id"], result["ruleId"])
            for location in result["locations"] + result.get("relatedLocations", []):
                place = location["physicalLocation"]["artifactLocation"]
                self.assertEqual(run["artifacts"][place["index"]]["location"]["uri"], place["uri"])

    def test_accepted(self):
        self.build("good.nf")
        run = self.valid("good.nf")
        self.assertEqual(run["results"], [])
        self.assertTrue(run["invocations"][0]["executionSuccessful"])
        data = (self.folder / "good.nf").read_bytes()
        self.assertEqual(run["artifacts"][0]["hashes"], {"sha-256": hashlib.sha256(data).hexdigest()})
        self.assertEqual(run["artifacts"][0]["length"], len(data))

    def test_rules(self):
        self.build("good.nf")
        listed = [line.split()[0] for line in self.run_tool("--list-rules").decode().splitlines()]
        driver = self.valid("good.nf")["tool"]["driver"]
        self.assertEqual([rule["id"] for rule in driver["rules"]], listed)
        for rule in driver["rules"]:
            self.assertTrue(rule["helpUri"].endswith("#" + rule["id"]))
            self.assertIn("Fix:", rule["help"]["text"])
            self.assertIn("*Fix:*", rule["help"]["markdown"])
        version = self.run_tool("--version").decode()
        self.assertIn(f"rf-validate {driver['version']} (contract {driver['properties']['contractVersion']})", version)

    def test_source_line_is_the_primary_location(self):
        self.build("bad.nf", BAD, source="code.S")
        line = 1 + (self.folder / "code.S").read_text().split("\n").index("\tmovl (%rdi), %eax")
        (result,) = self.valid("bad.nf", code=1)["results"]
        place = result["locations"][0]["physicalLocation"]
        self.assertEqual(place["artifactLocation"]["uri"], "code.S")
        self.assertEqual(place["artifactLocation"]["uriBaseId"], "SRCROOT")
        self.assertEqual(place["region"], {"startLine": line})
        self.assertEqual(result["locations"][0]["logicalLocations"][0]["name"], "f_main")
        self.assertEqual(result["relatedLocations"][0]["physicalLocation"]["artifactLocation"]["uri"], "bad.nf")
        self.assertEqual(result["message"]["text"],
                         "memory-base: base rdi may be any 64-bit value, not r15 plus a 32-bit offset: "
                         "mov (%rdi), %eax (0x70000000 in f_main of bad.nf)")

    def test_bytes_and_addresses(self):
        self.build("bad.nf", "nop\n\t" + BAD, debug=False)
        (result,) = self.valid("bad.nf", code=1)["results"]
        place = result["locations"][0]["physicalLocation"]
        offset, length = place["region"]["byteOffset"], place["region"]["byteLength"]
        self.assertEqual((self.folder / "bad.nf").read_bytes()[offset:offset + length], b"\x8b\x07")
        self.assertEqual(place["address"], {"absoluteAddress": 0x70000001, "length": 2, "kind": "instruction",
                                            "fullyQualifiedName": "f_main+0x1"})
        # Without a source line GitHub's upload action computes no fingerprint.
        prints = result["partialFingerprints"]
        self.assertEqual(prints["primaryLocationLineHash"], prints["ringfenceFinding/v1"])

    def test_stripped(self):
        self.build("bad.nf", BAD, strip=True)
        (result,) = self.valid("bad.nf", code=1)["results"]
        self.assertNotIn("logicalLocations", result["locations"][0])
        self.assertIn("in the text of", result["message"]["text"])

    def test_malformed(self):
        (self.folder / "empty.nf").write_bytes(b"")
        (result,) = self.valid("empty.nf", code=1)["results"]
        self.assertEqual(result["ruleId"], "elf-header")
        self.assertEqual(result["locations"][0]["physicalLocation"]["region"], {"byteOffset": 0, "byteLength": 0})

    def test_more_findings_than_shown(self):
        self.build("bad.nf", TWO_FAULTS)
        run = self.valid("--max-errors=1", "bad.nf", code=1)
        self.assertEqual(len(run["results"]), 1)
        notes = run["invocations"][0]["toolExecutionNotifications"]
        self.assertEqual([note["message"]["text"] for note in notes], ["not all findings are shown; see --max-errors"])

    def test_several_files(self):
        self.build("good.nf")
        self.build("bad.nf", TWO_FAULTS)
        (self.folder / "junk.nf").write_text("junk")
        run = self.valid("bad.nf", "good.nf", "nowhere.nf", "junk.nf", code=3)
        targets = [item["location"]["uri"] for item in run["artifacts"] if "analysisTarget" in item.get("roles", [])]
        self.assertEqual(sorted(targets), ["bad.nf", "good.nf", "junk.nf", "nowhere.nf"])
        self.assertEqual({rule: len(found) for rule, found in by_rule(run).items()},
                         {"memory-base": 2, "write-r15": 1, "elf-header": 1})
        self.assertFalse(run["invocations"][0]["executionSuccessful"])
        (note,) = run["invocations"][0]["toolExecutionNotifications"]
        self.assertEqual(note["level"], "error")
        self.assertIn("No such file", note["message"]["text"])

    def test_hostile_names(self):
        for name in self.hostile_files():
            with self.subTest(name=name):
                run = self.valid("--", name, code=1)
                uri = run["artifacts"][0]["location"]["uri"]
                self.assertEqual(urllib.parse.unquote_to_bytes(uri), name)
                self.assertRegex(uri, r"\A[A-Za-z0-9._~%/-]+\Z")
                self.assertEqual(run["results"][0]["locations"][0]["logicalLocations"][0]["name"], HOSTILE_SYMBOL)

    def test_root_of_the_sources(self):
        (self.folder / "sub").mkdir()
        self.build("sub/bad.nf", BAD, source="sub/code.S")
        run = self.valid("--source-root=sub", "sub/bad.nf", code=1)
        self.assertEqual(run["originalUriBaseIds"]["SRCROOT"]["uri"], f"file://{self.folder}/sub/")
        self.assertEqual(sorted(item["location"]["uri"] for item in run["artifacts"]), ["bad.nf", "code.S"])
        run = self.valid("--source-root=/usr", "sub/bad.nf", code=1)
        self.assertEqual(run["artifacts"][0]["location"], {"uri": f"file://{self.folder}/sub/bad.nf"})
        run = self.valid("--source-root=/", "sub/bad.nf", code=1)
        self.assertEqual(run["originalUriBaseIds"]["SRCROOT"]["uri"], "file:///")
        self.assertEqual(run["artifacts"][0]["location"]["uri"], str(self.folder)[1:] + "/sub/bad.nf")


class Fingerprints(Bench):
    def prints(self, **how):
        self.build("x.nf", **how)
        return [finding["fingerprint"] for finding in self.json("x.nf", code=1)["files"][0]["findings"]]

    def test_each_finding_has_its_own(self):
        prints = self.prints(code=TWO_FAULTS)
        self.assertEqual(len(prints), 3)
        self.assertEqual(len(set(prints)), 3)
        self.assertTrue(all(re.fullmatch("[0-9a-f]{64}", text) for text in prints))

    def test_code_may_move(self):
        moved = self.prints(code=TWO_FAULTS, before="g:\tnop\n\tret\n\t.section .entries\n\t.long g\n\t.text")
        self.assertEqual(moved, self.prints(code=TWO_FAULTS))

    def test_data_may_move(self):
        code = "movl %edi, %eax\n\tmovl object(%rax), %eax\n\tmovl $object, (%rdi)\n\tret"
        first = self.prints(code=code, more="\t.data\nobject: .long 0\n\t.text")
        self.assertEqual(len(first), 2)
        self.assertEqual(first, self.prints(code=code, more="\t.data\n\t.space 64\nobject: .long 0\n\t.text"))

    def test_line_and_path_do_not_matter(self):
        self.assertEqual(self.prints(code=BAD), self.prints(code="\n\n\t" + BAD, source="other.S"))

    def test_what_matters(self):
        first = self.prints(code=BAD)
        self.assertNotEqual(first, self.prints(code=BAD.replace("%eax", "%ecx")))
        self.assertNotEqual(first, self.prints(code=BAD.replace("(%rdi)", "4(%rdi)")))
        self.assertNotEqual(first, self.prints(code=BAD, symbol="other"))


class Junit(Bench):
    def suites(self, *arguments, **more):
        root = xml.fromstring(self.run_tool("--format=junit", *arguments, **more))
        self.assertEqual(root.tag, "testsuites")
        totals = dict.fromkeys(("tests", "failures", "errors", "skipped"), 0)
        for suite in root:
            cases = suite.findall("testcase")
            counts = {"tests": len(cases)}
            for kind, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
                counts[kind] = sum(case.find(tag) is not None for case in cases)
            for kind, count in counts.items():
                self.assertEqual(int(suite.get(kind)), count)
                totals[kind] += count
            self.assertTrue(all(case.get("classname") == suite.get("name") for case in cases))
            float(suite.get("time"))
        self.assertEqual({kind: int(root.get(kind)) for kind in totals}, totals)
        return {suite.get("name"): {case.get("name"): case for case in suite} for suite in root}

    def test_several_files(self):
        self.build("good.nf")
        self.build("bad.nf", TWO_FAULTS, source="code.S")
        (self.folder / "junk.nf").write_text("junk")
        suites = self.suites("bad.nf", "good.nf", "nowhere.nf", "junk.nf", code=3)
        rules = len(self.run_tool("--list-rules").splitlines())
        self.assertEqual([len(cases) for cases in suites.values()], [rules, rules, 1, rules])
        self.assertTrue(all(len(case) == 0 for case in suites["good.nf"].values()))
        failed = {name for name, case in suites["bad.nf"].items() if case.find("failure") is not None}
        self.assertEqual(failed, {"memory-base", "write-r15"})
        lines = suites["bad.nf"]["memory-base"].find("failure").text.splitlines()
        self.assertEqual(len(lines), 2)
        self.assertRegex(lines[0], r"^0x70000000 in f_main at /.*/code\.S:\d+: base rdi may be .*: mov \(%rdi\), %eax$")
        self.assertIn("No such file", suites["nowhere.nf"]["verdict"].find("error").get("message"))
        self.assertIsNotNone(suites["junk.nf"]["elf-header"].find("failure"))
        self.assertIn("malformed", suites["junk.nf"]["memory-base"].find("skipped").get("message"))

    def test_rules_are_judged_by_all_findings(self):
        self.build("bad.nf", TWO_FAULTS)
        cases = self.suites("--max-errors=1", "bad.nf", code=1)["bad.nf"]
        self.assertIn("1 of the file's 3 findings", cases["write-r15"].find("failure").text)

    def test_hostile_names(self):
        for name in self.hostile_files():
            with self.subTest(name=name):
                (shown,) = self.suites("--", name, code=1)
                self.assertEqual(shown, name.decode(errors="replace").replace("\x1b", "\ufffd"))


def commands(output):
    """Workflow commands as GitHub's runner reads them: [(command, properties, message)]."""
    found = []
    for line in output.decode().split("\n"):
        match = re.fullmatch(r"::([a-z-]+)(?: ([^\r]*?))?::(.*)", line)
        if match is None:
            continue
        properties = {}
        for part in (match[2] or "").split(","):
            key, _, value = part.strip().partition("=")
            for code, character in (("%3A", ":"), ("%2C", ","), ("%0D", "\r"), ("%0A", "\n"), ("%25", "%")):
                value = value.replace(code, character)
            properties[key] = value
        message = match[3].replace("%0D", "\r").replace("%0A", "\n").replace("%25", "%")
        found.append((match[1], properties, message))
    return found


class Github(Bench):
    def test_annotation(self):
        self.build("bad.nf", BAD, source="code.S")
        output = self.run_tool("--format=github", "bad.nf", code=1)
        ((command, properties, message),) = commands(output)
        self.assertEqual(command, "error")
        line = 1 + (self.folder / "code.S").read_text().split("\n").index("\tmovl (%rdi), %eax")
        self.assertEqual(properties, {"file": "code.S", "line": str(line), "title": "rf-validate memory-base"})
        self.assertEqual(message, "base rdi may be any 64-bit value, not r15 plus a 32-bit offset: mov (%rdi), %eax "
                                  "(0x70000000 in f_main of bad.nf)")
        self.assertIn(b"\nrf-validate: bad.nf: rejected, 1 finding\n", output)

    def test_several_files(self):
        self.build("good.nf")
        self.build("bad.nf", TWO_FAULTS)
        (self.folder / "junk.nf").write_text("junk")
        output = self.run_tool("--format=github", "bad.nf", "good.nf", "nowhere.nf", "junk.nf", code=3)
        found = commands(output)
        self.assertEqual([properties["title"] for _, properties, _ in found],
                         ["rf-validate memory-base"] * 2 + ["rf-validate write-r15", "rf-validate",
                                                             "rf-validate elf-header"])
        self.assertIn("cannot read nowhere.nf", found[3][2])
        self.assertTrue(all(re.match(b"::error |rf-validate: |\\Z", line) for line in output.split(b"\n")))

    def test_hostile_names(self):
        for name in self.hostile_files():
            with self.subTest(name=name):
                ((_, properties, message),) = commands(self.run_tool("--format=github", "--", name, code=1))
                self.assertEqual(properties["file"], name.decode(errors="replace"))
                self.assertIn(f"in {HOSTILE_SYMBOL} of", message)


class Text(Bench):
    def test_names_cannot_fake_lines_or_control_a_terminal(self):
        for name in self.hostile_files():
            with self.subTest(name=name):
                output = self.run_tool("--", name, code=1).decode()
                self.assertEqual(output.count("\n"), 4)
                self.assertNotRegex(output, "[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]")

    def test_json_names(self):
        for name in self.hostile_files():
            with self.subTest(name=name):
                (file,) = self.json("--", name, code=1)["files"]
                self.assertEqual(file["file"], name.decode(errors="replace"))
                self.assertEqual(file["findings"][0]["symbol"], HOSTILE_SYMBOL)


class SeveralReports(Bench):
    def test_one_run_writes_all(self):
        self.build("bad.nf", BAD)
        output = self.run_tool("--format=github", "--format=sarif:a.sarif", "--format=junit:a.xml", "--format=json:a.json",
                               "--format=text:a.txt", "bad.nf", code=1)
        self.assertEqual(len(commands(output)), 1)
        self.assertEqual(len(json.loads((self.folder / "a.sarif").read_text())["runs"][0]["results"]), 1)
        self.assertEqual(xml.parse(self.folder / "a.xml").getroot().get("failures"), "1")
        self.assertEqual(json.loads((self.folder / "a.json").read_text())["files"][0]["verdict"], "rejected")
        self.assertIn("bad.nf: rejected, 1 finding\n", (self.folder / "a.txt").read_text())

    def test_text_goes_to_the_terminal_when_nothing_else_does(self):
        self.build("good.nf")
        self.assertEqual(self.run_tool("--format=sarif:a.sarif", "good.nf"), b"good.nf: accepted\n")

    def test_only_one_can_have_standard_output(self):
        self.run_tool("--format=sarif", "--format=junit", "x.nf", code=2)
        self.assertIn(b"two reports for standard output", self.errors)

    def test_no_name(self):
        self.run_tool("--format=sarif:", "x.nf", code=2)
        self.assertIn(b"has no name", self.errors)

    def test_too_many(self):
        self.run_tool(*(f"--format=json:{i}" for i in range(20)), "x.nf", code=2)
        self.assertIn(b"more than 15 reports", self.errors)


if __name__ == "__main__":
    unittest.main()
