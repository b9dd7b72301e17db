# SPDX-License-Identifier: Apache-2.0
"""The manual pages are sound, and they, the help and the completion know the same options."""
import os
import pathlib
import re
import subprocess
import unittest

from toolkit import TOOL, Bench

SOURCE = pathlib.Path(os.environ["RF_SOURCE"])
PAGES = sorted(path for path in (SOURCE / "man").iterdir() if path.suffix in (".1", ".8"))


def long_options(text):
    return set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", text))


class Manual(Bench):
    def test_pages_are_sound(self):
        self.assertEqual([page.name for page in PAGES], ["rf-bind.8", "rf-cc.1", "rf-run.1", "rf-validate.1"])
        for page in PAGES:
            done = subprocess.run(["mandoc", "-Tlint", "-W", "warning", page], capture_output=True, check=False)
            self.assertEqual((done.returncode, done.stdout), (0, b""))

    def rendered(self, name):
        return subprocess.run(["mandoc", "-Tascii", "-O", "width=200", SOURCE / "man" / name], capture_output=True,
                              check=True).stdout.decode().replace("_\b", "")

    def test_options(self):
        page = long_options(re.sub(".\b", "", self.rendered("rf-validate.1")))
        shown = long_options(self.run_tool("--help").decode())
        self.assertEqual(page, shown)
        self.assertGreater(len(shown), 10)
        completion = long_options((SOURCE / "man/rf-validate.bash").read_text())
        self.assertEqual(completion - {"--option"}, shown)

    def complete(self, *words):
        script = ('source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _rf_validate; '
                  'printf "%s\\n" "${COMPREPLY[@]}"')
        done = subprocess.run(["bash", "-c", script, "bash", SOURCE / "man/rf-validate.bash", "rf-validate", *words],
                              cwd=self.folder, capture_output=True, check=True,
                              env={"PATH": f"{pathlib.Path(TOOL).parent}:/usr/bin:/bin"})
        return done.stdout.decode().split("\n")[:-1]

    def test_completion(self):
        for name in ("a b.nf", "a.txt"):
            (self.folder / name).touch()
        self.assertEqual(self.complete("--ba"), ["--baseline="])
        self.assertEqual(self.complete("--format", "=", "s"), ["sarif"])
        self.assertEqual(self.complete("--explain", "="), [line.split()[0] for line in
                                                          self.run_tool("--list-rules").decode().splitlines()])
        self.assertEqual(self.complete("a"), ["a b.nf"])


if __name__ == "__main__":
    unittest.main()
