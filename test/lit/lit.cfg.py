# SPDX-License-Identifier: Apache-2.0
# lit configuration of the compiler's tests. The stage or prefix to test comes as
# --param prefix=DIR, the build folder for output as --param output=DIR.
import os

import lit.formats

prefix = os.path.abspath(lit_config.params["prefix"])
llvm = lit_config.params.get("llvm", "/usr/lib/llvm-22/bin")

config.name = "ringfence"
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".c", ".cc", ".ll", ".s", ".test"]
config.excludes = ["Inputs"]
config.test_source_root = os.path.dirname(__file__)
config.test_exec_root = os.path.abspath(lit_config.params["output"])
config.environment["PATH"] = os.pathsep.join([os.path.join(prefix, "bin"), llvm, os.environ.get("PATH", "/usr/bin")])
# A host's library path must not get into the link.
config.environment["LIBRARY_PATH"] = ""

# What this processor can run: cpu-avx2, cpu-sha, …
with open("/proc/cpuinfo", encoding="ascii") as file:
    flags = next((line for line in file if line.startswith("flags")), "").replace("sha_ni", "sha").split()
config.available_features.update(f"cpu-{flag}" for flag in flags)

configuration = os.path.join(prefix, "share", "ringfence", "ringfence.cfg")
clang = os.path.join(llvm, "clang")
config.substitutions += [
    # Clang with the plugin and nothing else of ours, to IR on standard output: `%emit_ir -O2 %s`.
    ("%emit_ir", f"{clang} --config={configuration} -S -emit-llvm -o -"),
    ("%clang_nf", f"{clang} --config={configuration}"),
    ("%rf_cc", os.path.join(prefix, "bin", "rf-cc")),
    ("%rf_run", os.path.join(prefix, "bin", "rf-run")),
    ("%rf_validate", os.path.join(prefix, "bin", "rf-validate")),
    ("%FileCheck", os.path.join(llvm, "FileCheck")),
    ("%readelf", os.path.join(llvm, "llvm-readelf")),
    ("%objdump", os.path.join(llvm, "llvm-objdump")),
    ("%opt", os.path.join(llvm, "opt")),
    ("%python", "/usr/bin/python3"),
    ("%host_cc", f"{clang} -std=gnu17 -w"),
    ("%not", os.path.join(llvm, "not")),
    ("%prefix", prefix),
]
