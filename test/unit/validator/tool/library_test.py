# SPDX-License-Identifier: Apache-2.0
"""librfv as others get it: installed, found by pkg-config, linked shared and as an archive, from C and C++."""
import os
import pathlib
import re
import subprocess
import tempfile
import unittest

from toolkit import BAD, GOOD, Bench

SOURCE = pathlib.Path(os.environ["RF_SOURCE"])
BUILD = os.environ["RF_BUILD"]
SANITIZED = os.environ["RF_SANITIZED"] in ("ON", "1")
EMBED = SOURCE / "test/unit/validator/library/embed.c"
MAP = SOURCE / "validator/librfv.map"
HEADER = SOURCE / "validator/include/ringfence/validator.h"


def run(*command, **options):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False, **options)
    if done.returncode != 0:
        raise AssertionError(f"{command}: exit status {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


class Installed(Bench):
    @classmethod
    def setUpClass(cls):
        cls.root = tempfile.TemporaryDirectory(prefix="librfv-")
        cls.addClassCleanup(cls.root.cleanup)
        first = pathlib.Path(cls.root.name) / "first"
        run("cmake", "--install", BUILD, "--prefix", first, "--component", "librfv")
        cls.prefix = first.rename(pathlib.Path(cls.root.name) / "moved")  # an installed tree can be moved
        cls.library = next(cls.prefix.rglob("librfv.so"))
        cls.environment = {**os.environ, "PKG_CONFIG_PATH": str(cls.library.parent / "pkgconfig")}

    def flags(self, *arguments):
        return run("pkg-config", *arguments, "librfv", env=self.environment).split()

    def files(self):
        return [self.folder / self.build("good.nf", GOOD), self.folder / self.build("bad.nf", BAD)]

    def build_and_run(self, *flags, compiler="gcc"):
        program = self.folder / "embed"
        run(compiler, "-std=gnu17", "-Wall", "-Wextra", "-Werror", "-pthread", EMBED, "-o", program, *flags)
        needed = run("readelf", "-d", program)
        output = run(program, *self.files(), env={"LD_LIBRARY_PATH": str(self.library.parent)})
        self.assertEqual(output, f"librfv {self.flags('--modversion')[0]}\n")
        return re.findall(r"\(NEEDED\).*\[(.*)\]", needed)

    @unittest.skipIf(SANITIZED, "the sanitizer brings its own malloc")
    def test_shared(self):
        self.assertIn("librfv.so.0", self.build_and_run(*self.flags("--cflags", "--libs")))

    @unittest.skipIf(SANITIZED, "the sanitizer brings its own malloc")
    def test_archive(self):
        flags = self.flags("--static", "--cflags", "--libs")
        self.assertIn("-lZydis", flags)
        needed = self.build_and_run(*["-l:librfv.a" if flag == "-lrfv" else flag for flag in flags])
        self.assertFalse([name for name in needed if name.startswith("librfv")])

    def test_cpp(self):
        source = self.folder / "embed.cpp"
        source.write_text("#include <ringfence/validator.h>\nint main() { return rfv_version() == nullptr; }\n")
        sanitizers = ["-fsanitize=address,undefined"] if SANITIZED else []
        run("g++", "-Wall", "-Wextra", "-Werror", source, "-o", self.folder / "cpp", *sanitizers,
            *self.flags("--cflags", "--libs"))
        run(self.folder / "cpp", env={"LD_LIBRARY_PATH": str(self.library.parent)})

    def test_names(self):
        self.assertRegex(run("readelf", "-d", self.library), r"\(SONAME\).*\[librfv\.so\.0\]")
        self.assertEqual(self.library.resolve().name, f"librfv.so.{self.flags('--modversion')[0]}")
        self.assertTrue((self.library.parent / "librfv.so.0").is_symlink())
        self.assertTrue(list(self.prefix.rglob("man3/librfv.3")))

    def test_exports_are_those_of_the_list_and_of_the_header(self):
        lines = run("nm", "-D", "--defined-only", self.library).splitlines()
        exported = {line.split()[2] for line in lines if " A " not in line}
        listed = set(re.findall(r"^\t(rfv_\w+);", MAP.read_text(), flags=re.M))
        declared = set(re.findall(r"^RFV_API [^;(]*?(rfv_\w+)\(", HEADER.read_text(), flags=re.M))
        self.assertEqual(declared, listed)
        self.assertEqual(exported, {name + "@@RFV_0" for name in listed})

    def test_every_function_has_its_manual(self):
        page = (SOURCE / "man/librfv.3").read_text()
        listed = set(re.findall(r"^\t(rfv_\w+);", MAP.read_text(), flags=re.M))
        self.assertEqual(set(re.findall(r"^\.F[no] (rfv_\w+)", page, flags=re.M)), listed)
        done = subprocess.run(["mandoc", "-Tlint", "-W", "warning", SOURCE / "man/librfv.3"], capture_output=True, check=False)
        self.assertEqual((done.returncode, done.stdout), (0, b""))


if __name__ == "__main__":
    unittest.main()
