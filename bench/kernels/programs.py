# SPDX-License-Identifier: Apache-2.0
"""The kernels of this folder as programs to build."""

from builds import Program
from toolchain import HERE

X86_FLAGS = {"aesgcm": ["-maes", "-mpclmul", "-mssse3"]}


def kernels():
    return [Program(name=source.stem, sources=[source], x86_flags=X86_FLAGS.get(source.stem, []))
            for source in sorted((HERE / "src").glob("*.c"))]
