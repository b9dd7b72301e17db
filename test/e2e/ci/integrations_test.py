# SPDX-License-Identifier: Apache-2.0
"""The GitHub Action, the GitLab template, the pre-commit hook and the CMake test, each run."""
import json
import os
import pathlib
import re
import shutil
import subprocess
import unittest
import xml.etree.ElementTree as xml

import yaml

from toolkit import BAD, TOOL, Bench

SOURCE = pathlib.Path(os.environ["RF_SOURCE"])
STAGE = pathlib.Path(os.environ["RF_STAGE"])


class Sandbox(Bench):
    """A folder with network functions and an environment that finds the tool, and nothing of the caller's."""

    def setUp(self):
        super().setUp()
        self.environment = {"PATH": f"{pathlib.Path(TOOL).parent}:/usr/bin:/bin", "HOME": str(self.folder), "LC_ALL": "C.UTF-8"}
        self.work = self.folder / "work"
        (self.work / "out").mkdir(parents=True)

    def place(self, name, code=None):
        self.build("made.nf", *([code] if code else []), source="made.S")
        target = self.work / name
        target.parent.mkdir(parents=True, exist_ok=True)
        os.rename(self.folder / "made.nf", target)

    def shell(self, command, code=0, cwd=None, **variables):
        done = subprocess.run(command, cwd=cwd or self.work, env=self.environment | variables, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=900, check=False)
        text = done.stdout.decode(errors="replace")
        self.assertEqual(done.returncode, code, text[-3000:])
        return text


class Action(Sandbox):
    def setUp(self):
        super().setUp()
        with open(SOURCE / "integrations/github/action.yml", encoding="utf-8") as file:
            self.action = yaml.safe_load(file)
        self.steps = {step.get("id"): step for step in self.action["runs"]["steps"]}

    def step(self, name, code=0, inputs=None, **variables):
        """Runs a step as the runner does: bash --noprofile --norc -eo pipefail FILE, values by environment."""
        step = self.steps[name]
        self.assertEqual(step["shell"], "bash")
        self.assertNotIn("${{", step["run"])
        values = {key: declared.get("default", "") for key, declared in self.action["inputs"].items()} | (inputs or {})
        for key, text in step["env"].items():
            text = text.replace("${{ github.action_path }}", str(SOURCE / "integrations/github"))
            variables[key] = re.sub(r"\$\{\{ inputs\.([a-z-]+) \}\}", lambda match: values[match[1]], text)
        for key in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY", "GITHUB_PATH"):
            variables.setdefault(key, str(self.folder / key))
            pathlib.Path(variables[key]).write_text("")
        (self.folder / "step.sh").write_text(step["run"])
        output = self.shell(["bash", "--noprofile", "--norc", "-eo", "pipefail", str(self.folder / "step.sh")], code, **variables)
        self.outputs = dict(line.split("=", 1) for line in (self.folder / "GITHUB_OUTPUT").read_text().splitlines())
        return output

    def test_it_is_an_action(self):
        self.assertEqual(self.action["runs"]["using"], "composite")
        for output in self.action["outputs"].values():
            name = re.fullmatch(r"\$\{\{ steps\.validate\.outputs\.(\w+) \}\}", output["value"])[1]
            self.assertIn(f"{name}=", self.steps["validate"]["run"])
        upload = self.action["runs"]["steps"][-1]
        self.assertIn("always()", upload["if"])

    def test_accepted(self):
        self.place("a b.nf")
        self.place("deep/er/c.nf")
        self.step("validate", inputs={"files": "a b.nf\n\ndeep/**/*.nf\n", "attestation": "out/a.json"})
        self.assertEqual(self.outputs, {"verdict": "accepted", "sarif": "rf-validate.sarif"})
        statement = json.loads((self.work / "out/a.json").read_text())
        self.assertEqual([item["name"] for item in statement["subject"]], ["a b.nf", "deep/er/c.nf"])
        self.assertIn("2 network functions: accepted", (self.folder / "GITHUB_STEP_SUMMARY").read_text())

    def test_rejected(self):
        self.place("good.nf")
        self.place("bad.nf", BAD)
        output = self.step("validate", code=1, inputs={"files": "*.nf", "sarif": "out/x.sarif"})
        self.assertRegex(output, r"(?m)^::error file=.*made\.S,line=\d+,title=rf-validate memory-base::base rdi")
        self.assertEqual(self.outputs, {"verdict": "rejected", "sarif": "out/x.sarif"})
        (run,) = json.loads((self.work / "out/x.sarif").read_text())["runs"]
        self.assertEqual(len(run["results"]), 1)

    def test_baseline(self):
        self.place("bad.nf", BAD)
        self.shell([TOOL, "--write-baseline=known.json", "bad.nf"])
        output = self.step("validate", inputs={"files": "bad.nf", "baseline": "known.json"})
        self.assertIn("::warning ", output)
        self.assertEqual(self.outputs["verdict"], "accepted")

    def test_failures(self):
        for files in ("*.nf", "nowhere.nf", "$(touch pwned).nf", "`touch pwned`", "; touch pwned"):
            self.assertIn("::error title=rf-validate::no file matches", self.step("validate", code=3, inputs={"files": files}))
            self.assertEqual(self.outputs, {"verdict": "error"})
        self.assertFalse((self.work / "pwned").exists())
        (self.work / "dir.nf").mkdir()
        self.step("validate", code=3, inputs={"files": "dir.nf"})
        self.assertEqual(self.outputs["verdict"], "error")
        self.place("bad.nf", BAD)
        self.step("validate", code=3, inputs={"files": "bad.nf", "sarif": "no/where"})
        self.assertEqual(self.outputs, {"verdict": "error"})

    def test_names_are_not_options(self):
        self.place("--help", BAD)
        self.step("validate", code=1, inputs={"files": "--help"})

    def test_installed_already(self):
        self.assertIn("rf-validate ", self.step("install", RUNNER_TEMP=str(self.folder)))
        self.assertEqual((self.folder / "GITHUB_PATH").read_text(), "")

    @unittest.skipIf(os.environ.get("RF_SANITIZE") == "ON", "the release build does that")
    def test_builds_what_is_missing(self):
        temp = self.folder / "runner temp"
        temp.mkdir()
        self.step("install", PATH="/usr/bin:/bin:/usr/sbin:/sbin", RUNNER_TEMP=str(temp))
        (path,) = (self.folder / "GITHUB_PATH").read_text().splitlines()
        self.place("bad.nf", BAD)
        self.step("validate", code=1, inputs={"files": "bad.nf"}, PATH=f"{path}:/usr/bin:/bin")


class Gitlab(Sandbox):
    def job(self, code=0, **variables):
        with open(SOURCE / "integrations/gitlab/ringfence.gitlab-ci.yml", encoding="utf-8") as file:
            job = yaml.safe_load(file)[".ringfence-validate"]
        (script,) = job["script"]
        self.assertEqual(job["artifacts"]["reports"]["junit"], job["variables"]["RF_JUNIT"])
        self.assertEqual(job["artifacts"]["when"], "always")
        return self.shell(["sh", "-e", "-c", script], code, **(job["variables"] | variables))

    def test_accepted(self):
        self.place("good one.nf")
        self.assertIn("good one.nf: accepted", self.job())
        self.assertEqual(xml.parse(self.work / "rf-validate.xml").getroot().get("failures"), "0")
        statement = json.loads((self.work / "rf-validate.intoto.json").read_text())
        self.assertEqual(statement["predicate"]["result"], "PASSED")

    def test_rejected(self):
        self.place("good.nf")
        self.place("sub/bad.nf", BAD)
        self.assertIn("sub/bad.nf: rejected", self.job(1, RF_FILES="*.nf\nsub/*.nf"))
        self.assertEqual(xml.parse(self.work / "rf-validate.xml").getroot().get("failures"), "1")
        self.assertEqual(len(json.loads((self.work / "rf-validate.sarif").read_text())["runs"][0]["results"]), 1)
        self.shell([TOOL, "--write-baseline=known.json", "sub/bad.nf"])
        self.job(0, RF_FILES="sub/bad.nf", RF_BASELINE="known.json")

    def test_failures(self):
        self.assertIn("no file matches", self.job(3))
        self.assertIn("no file matches", self.job(3, RF_FILES="$(touch pwned)"))
        self.assertFalse((self.work / "pwned").exists())
        self.assertIn("not installed", self.job(3, PATH="/usr/bin:/bin"))


class PreCommit(Sandbox):
    def setUp(self):
        super().setUp()
        self.environment |= {"GIT_CONFIG_NOSYSTEM": "1", "GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@example.org",
                             "GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@example.org",
                             "PRE_COMMIT_HOME": str(self.folder / "cache")}
        hooks = self.folder / "ringfence"
        hooks.mkdir()
        shutil.copy(SOURCE / ".pre-commit-hooks.yaml", hooks)
        for folder in (hooks, self.work):
            self.shell(["git", "init", "-q", "-b", "main", "."], cwd=folder)
        self.shell(["git", "add", "."], cwd=hooks)
        self.shell(["git", "commit", "-q", "-m", "Hooks"], cwd=hooks)
        revision = self.shell(["git", "rev-parse", "HEAD"], cwd=hooks).strip()
        self.configure({"repo": str(hooks), "rev": revision, "hooks": [{"id": "rf-validate"}]})
        self.shell(["pre-commit", "install"])

    def configure(self, repository):
        (self.work / ".pre-commit-config.yaml").write_text(yaml.safe_dump({"repos": [repository]}))

    def commit(self, code):
        self.shell(["git", "add", "."])
        return self.shell(["git", "commit", "-m", "Change"], code)

    def test_commits(self):
        self.place("a good one.nf")
        (self.work / "notes.txt").write_text("not a network function\n")
        self.assertIn("Passed", self.commit(0))
        self.place("bad.nf", BAD)
        self.place("--help.nf", BAD)
        output = self.commit(1)
        self.assertIn("bad.nf:0x70000000: error[memory-base]", output)
        self.assertIn("--help.nf: rejected", output)
        os.remove(self.work / "bad.nf")
        self.place("--help.nf")
        self.commit(0)

    def test_with_a_baseline(self):
        self.place("bad.nf", BAD)
        self.shell([TOOL, "--write-baseline=known.json", "bad.nf"])
        with open(self.work / ".pre-commit-config.yaml", encoding="utf-8") as file:
            (repository,) = yaml.safe_load(file)["repos"]
        repository["hooks"][0]["args"] = ["--baseline=known.json", "--"]
        self.configure(repository)
        self.assertIn("Passed", self.commit(0))


class CMake(Sandbox):
    def project(self, text):
        (self.work / "CMakeLists.txt").write_text(
            "cmake_minimum_required(VERSION 3.25)\nproject(x LANGUAGES NONE)\nenable_testing()\n"
            "find_package(ringfence REQUIRED)\n" + text)
        return ["cmake", "-S", ".", "-B", "out", f"-DCMAKE_PREFIX_PATH={STAGE}"]

    def ctest(self, code):
        return self.shell(["ctest", "--test-dir", "out", "--output-on-failure"], code)

    def test_what_the_project_builds(self):
        (self.work / "fw.c").write_text("#include <ringfence/nf.h>\nRF_EXPORT void process(struct rf_burst *burst)\n"
                                        "{\n\t(void)burst;\n}\n")
        configure = self.project("add_network_function(fw SOURCES fw.c)\n"
                                 "ringfence_add_validation_test(proof TARGETS fw JUNIT proof.xml SARIF proof.sarif)\n")
        self.shell(configure)
        self.shell(["cmake", "--build", "out"])
        self.assertIn("100% tests passed", self.ctest(0))
        self.assertEqual(xml.parse(self.work / "out/proof.xml").getroot().get("failures"), "0")
        self.assertEqual(json.loads((self.work / "out/proof.sarif").read_text())["runs"][0]["results"], [])

    def test_what_others_built(self):
        self.place("bad one.nf", BAD)
        self.shell(self.project('ringfence_add_validation_test(proof FILES "bad one.nf" OPTIONS --stats)\n'))
        output = self.ctest(8)
        self.assertIn("error[memory-base]", output)
        self.assertIn("text_bytes=", output)
        self.shell([TOOL, "--write-baseline=known.json", "bad one.nf"])
        self.shell(self.project('ringfence_add_validation_test(proof FILES "bad one.nf" BASELINE known.json)\n'))
        self.ctest(0)

    def test_mistakes(self):
        for text, reason in (("ringfence_add_validation_test(p)", "neither TARGETS nor FILES"),
                             ("ringfence_add_validation_test(p TARGETS nothing)", "did not make nothing"),
                             ("ringfence_add_validation_test(p FILES x ODD)", None),
                             ("ringfence_add_validation_test(p ODD FILES x)", "unknown arguments: ODD")):
            output = self.shell(self.project(text + "\n"), 1 if reason else 0)
            if reason:
                self.assertIn(reason, " ".join(output.split()))


if __name__ == "__main__":
    unittest.main()
