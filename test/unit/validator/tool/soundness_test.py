# SPDX-License-Identifier: Apache-2.0
"""docs/soundness.md leaves out no effect and no rule, and the code that it names exists."""
import os
import pathlib
import re
import subprocess
import unittest

ROOT = pathlib.Path(os.environ["RF_SOURCE"])
PAGE = (ROOT / "docs/soundness.md").read_text(encoding="utf-8")
SOURCES = {path.name: path.read_text() for path in sorted((ROOT / "validator/src").glob("*.[ch]"))}


def section(title):
    return re.split(r"^## ", PAGE.split(f"\n## {title}\n")[1], flags=re.M)[0]


def first_column(title):
    cells = [line.split("|")[1] for line in section(title).splitlines() if line.startswith("| `")]
    return [name for cell in cells for name in re.findall(r"`([^`]+)`", cell)]


class Soundness(unittest.TestCase):
    def test_every_effect_is_argued_for_once(self):
        effects = re.findall(r"^\tEFFECT_(\w+)\b", SOURCES["insn.h"], flags=re.M)
        self.assertGreater(len(effects), 30)
        self.assertCountEqual(first_column("Instruction classes"), effects)

    def test_every_rule_has_its_place(self):
        listed = subprocess.run([os.environ["RF_VALIDATE"], "--list-rules"], check=True, capture_output=True, text=True)
        self.assertCountEqual(first_column("Rules"), [line.split()[0] for line in listed.stdout.splitlines()])

    def test_every_function_that_it_names_exists(self):
        named = set(re.findall(r"`([a-z]+_[a-z_]+)`", PAGE)) | set(re.findall(r"\(`([a-z]+)`\)", PAGE))
        code = "".join(SOURCES.values())
        self.assertGreater(len(named), 20)
        self.assertEqual([name for name in sorted(named) if not re.search(rf"\b{name}\b", code)], [])


if __name__ == "__main__":
    unittest.main()
