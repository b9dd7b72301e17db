# SPDX-License-Identifier: Apache-2.0
"""The ways in which a program is built and started, one class each. All compile with the same clang at -O2."""

from dataclasses import dataclass, field
from pathlib import Path

from toolchain import HERE, ROOT, Failure, run, text_bytes

CLANG = "clang-22"
LEVEL = "-O2"
LIBC = ROOT / "sdk" / "libc"
PLAIN_LIBRARY_FLAGS = ["-nostdlibinc", f"-isystem{ROOT / 'sdk' / 'include'}", f"-isystem{ROOT / 'include'}",
                       "-DKERNEL_PLAIN"]
# Parts of the library that need a cell; and those that are written for x86-64.
CELL_ONLY = {"address.c", "checksum.c", "ipv6.c", "packet.c"}
X86_ONLY = {"atomic.c", "cpu.c", "int128.c", "math.c", "memory.c", "softfloat.c", "string.c"}


@dataclass
class Program:
    """C files that export `uint32_t name(uint32_t)`: name(0) prepares and returns 1, name(argument) is measured.
    Where `vectors` is set, vectors(0) runs test vectors once after the build and returns 1."""
    name: str
    sources: list
    group: str = "kernels"
    includes: list = field(default_factory=list)
    flags: list = field(default_factory=list)  # for every build
    x86_flags: list = field(default_factory=list)  # for the x86-64 builds only
    vectors: str = ""
    argument: int = 7
    builds: tuple = ()  # empty: all
    library: bool = False  # needs a C library
    file_flags: dict = field(default_factory=dict)  # {source: flags}

    def timed_calls(self):
        return [f"{self.name}=0", f"{self.name}={self.argument}"]

    def exports(self):
        return [name for name in (self.name, self.vectors) if name]


class Build:
    """Common to all: objects in a folder of their own, `command(program, repeat, calls)` runs calls."""
    key = ""
    title = ""
    place = ""  # folder, if it is not named by the key
    machine_flags = ()
    plain_library = False  # Ringfence's C library, compiled without the sandbox

    def __init__(self, context):
        self.context = context

    def applies(self, program):
        """Whether there is anything to learn from this build of it."""
        return not program.builds or self.key in program.builds

    def folder(self, program):
        path = self.context.folder / (self.place or self.key) / program.name
        path.mkdir(parents=True, exist_ok=True)
        return path

    def compiler(self):
        return [CLANG]

    def compile_command(self, program, source, target):
        includes = [f"-I{d}" for d in [HERE / "src", *program.includes]]
        return [*self.compiler(), LEVEL, "-w", *self.machine_flags, *program.flags, *self.own_flags(program), *includes,
                *program.file_flags.get(source, []), "-c", source, "-o", target]

    def own_flags(self, program):
        return [*program.x86_flags, *(PLAIN_LIBRARY_FLAGS if self.plain_library and program.library else ())]

    def plain_objects(self, program):
        """What stands in for the C library outside of a cell."""
        return self.context.library(self) if program.library else [self.context.support(self)]

    def compile(self, program):
        objects = []
        for index, source in enumerate(program.sources):
            target = self.folder(program) / f"{index}-{Path(source).stem}.o"
            run(self.compile_command(program, source, target))
            objects.append(target)
        return objects

    def build(self, program):
        """Compiles and links; returns what the report says about size."""
        objects = self.compile(program)
        self.link(program, objects)
        return {"text_bytes": text_bytes(objects)}


class Native(Build):
    """64-bit code as clang makes it by default on Debian: position independent."""
    key = "native"
    title = "native clang -O2"
    link_flags = ()

    def link(self, program, objects):
        run([CLANG, *self.link_flags, "-rdynamic", "-o", self.folder(program) / "run", *objects,
             self.context.harness(), "-lm"])

    def command(self, program, repeat, calls):
        return [self.folder(program) / "run", repeat, *calls]


class NativeFixed(Native):
    """The same at a fixed address, which lets table addresses be immediate displacements."""
    key = "native-nopie"
    title = "native, -fno-pie"
    machine_flags = ("-fno-pie",)
    link_flags = ("-no-pie",)


class X32(Build):
    """32-bit pointers in 64-bit mode, without the sandbox: what ILP32 alone gives."""
    key = "x32"
    title = "x32, no sandbox"
    plain_library = True
    machine_flags = ("--target=x86_64-unknown-none-gnux32", "-fno-pic", "-mno-red-zone", "-fomit-frame-pointer",
                     "-ffreestanding", "-fbuiltin", "-mlong-double-64")

    def link(self, program, objects):
        run(["ld.lld-22", "-m", "elf32_x86_64", "--image-base=0x10000000", "-e", program.name, "-o",
             self.folder(program) / "run", *objects, *self.plain_objects(program)])

    def command(self, program, repeat, calls):
        return [self.context.harness_program(), "--x32", self.folder(program) / "run", repeat, *calls]


class Wasm2c(Build):
    """WebAssembly by the same clang, translated to C by wasm2c, compiled by the same clang again."""
    key = "wasm2c"
    title = "wasm2c"
    plain_library = True
    machine_flags = ("--target=wasm32", "-ffreestanding", "-fbuiltin")

    def own_flags(self, program):
        return PLAIN_LIBRARY_FLAGS if program.library else []

    def build(self, program):
        folder = self.folder(program)
        names = program.exports()
        module = folder / "k.wasm"
        run(["wasm-ld-22", "--no-entry", "--stack-first", "-z", "stack-size=1048576",
             *[f"--export={n}" for n in names], "-o", module, *self.compile(program), *self.plain_objects(program)])
        run(["wasm2c", "-n", "k", module, "-o", folder / "k.c"])
        (folder / "glue.c").write_text(self.glue(names))
        code = folder / "k.o"
        run([CLANG, LEVEL, "-w", "-c", folder / "k.c", "-o", code], timeout=300)
        run([CLANG, LEVEL, "-w", "-rdynamic", "-o", folder / "run", code, folder / "glue.c",
             self.context.wasm_runtime(), self.context.harness(), "-lm"])
        return {"text_bytes": text_bytes([code])}

    @staticmethod
    def glue(names):
        lines = ['#include "k.h"', "static Z_k_instance_t instance;",
                 "static void __attribute__((constructor)) start(void)",
                 "{ wasm_rt_init(); Z_k_init_module(); Z_k_instantiate(&instance); }"]
        lines += [f"uint32_t {n}(uint32_t x) {{ return Z_kZ_{n}(&instance, x); }}" for n in names]
        return "\n".join(lines) + "\n"

    def command(self, program, repeat, calls):
        return [self.folder(program) / "run", repeat, *calls]


class Ringfence(Build):
    """The sandbox: rf-cc compiles, links and validates, rf-run runs it in a cell."""
    key = "ringfence"
    title = "Ringfence"
    place = key

    def build(self, program):
        """Once: the variants differ only in how it is started."""
        return self.context.once((self.place, program.name), lambda: Build.build(self, program))

    def compiler(self):
        return [self.context.prefix / "bin" / "rf-cc"]

    def link(self, program, objects):
        run([*self.compiler(), LEVEL, "-o", self.folder(program) / "run.nf", *objects])

    def command(self, program, repeat, calls):
        options = [word for call in calls for word in ("--call", call)]
        return [self.context.prefix / "bin" / "rf-run", *options, "--repeat", repeat, "--stats=json",
                self.folder(program) / "run.nf"]


class RingfenceSmallPages(Ringfence):
    """All memory in pages of 4 KiB, made when they are touched, as the rivals have it."""
    key = "ringfence-4k"
    title = "Ringfence, 4 KiB pages"

    def command(self, program, repeat, calls):
        run_, *rest = super().command(program, repeat, calls)
        return [run_, "--huge", "0", *rest]


ALL = (Native, NativeFixed, X32, Wasm2c, Ringfence, RingfenceSmallPages)


class Context:
    """The build folder, and the parts that several programs share."""

    def __init__(self, folder, prefix):
        self.folder = Path(folder).resolve()
        self.prefix = prefix
        self.made = {}
        self.folder.mkdir(parents=True, exist_ok=True)

    def once(self, key, make):
        if key not in self.made:
            self.made[key] = make()
        return self.made[key]

    def harness(self):
        def make():
            target = self.folder / "harness.o"
            run([CLANG, LEVEL, "-Wall", "-Wextra", "-Werror", "-fPIE", "-c", HERE / "harness.c", "-o", target])
            return target
        return self.once("harness", make)

    def harness_program(self):
        def make():
            target = self.folder / "harness"
            run([CLANG, "-o", target, self.harness()])
            return target
        return self.once("program", make)

    def support(self, build):
        def make():
            target = self.folder / build.key / "support.o"
            target.parent.mkdir(parents=True, exist_ok=True)
            run([CLANG, LEVEL, *build.machine_flags, "-fno-builtin", "-c", HERE / "support.c", "-o", target])
            return target
        return self.once(("support", build.key), make)

    def library(self, build):
        def make():
            folder = self.folder / build.key / "libc"
            folder.mkdir(parents=True, exist_ok=True)
            wasm = build.key == Wasm2c.key
            leave_out = CELL_ONLY | (X86_ONLY if wasm else set())
            sources = [s for s in sorted(LIBC.glob("*.c")) if s.name not in leave_out] + [HERE / "plain_host.c"]
            if wasm:
                sources += [HERE / "plain_string.c", HERE / "support.c"]
            objects = []
            for source in sources:
                objects.append(folder / f"{source.stem}.o")
                run([CLANG, LEVEL, "-w", *build.machine_flags, *PLAIN_LIBRARY_FLAGS, "-fno-builtin", "-c", source, "-o",
                     objects[-1]])
            return objects
        return self.once(("library", build.key), make)

    def wasm_runtime(self):
        def make():
            folders = [d for d in map(Path, ("/usr/share/wabt/wasm2c", "/usr/src/wasm2c")) if
                       (d / "wasm-rt-impl.c").exists()]
            if not folders:
                raise Failure("wasm-rt-impl.c not found: install Debian's package wabt")
            target = self.folder / "wasm-rt.o"
            run([CLANG, LEVEL, "-w", "-fPIE", f"-I{folders[0]}", "-c", folders[0] / "wasm-rt-impl.c", "-o", target])
            return target
        return self.once("wasm-rt", make)
