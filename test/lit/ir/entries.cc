// SPDX-License-Identifier: Apache-2.0
// Each function has an entry record that lives and dies with it, also when the linker folds duplicates.
// RUN: %emit_ir -O1 %s | %FileCheck %s
// RUN: %clang_nf -O1 -c %s -o %t.o
// RUN: %readelf -S %t.o | %FileCheck --check-prefix=ELF %s

// CHECK-DAG: @__rf_entry_plain = private constant [1 x ptr] [ptr @plain], section ".rf.entries.v2", align 4, !associated ![[P:[0-9]+]]
// CHECK-DAG: @__rf_entry__Z6foldedi = private constant [1 x ptr] [ptr @_Z6foldedi], section ".rf.entries.v2", comdat($_Z6foldedi), align 4, !associated
// CHECK-DAG: ![[P]] = !{ptr @plain}
// L: the section is linked to the function's.
// ELF: .rf.entries.v2 {{.*}} AL
// ELF: .rf.entries.v2 {{.*}} ALG
extern "C" void plain() {}
inline __attribute__((noinline)) int folded(int x) { return x + 1; }
extern "C" int use(int x) { return folded(x); }
