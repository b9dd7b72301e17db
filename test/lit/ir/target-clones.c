// SPDX-License-Identifier: Apache-2.0
// target_clones takes the default, with debug information too (clang describes its dispatcher as a declaration).
// RUN: %clang_nf -O2 -g -c -o %t.o %s && %clang_nf -O0 -g -c -o %t.o %s && %clang_nf -O1 -g -flto -c -o %t.o %s
// RUN: %emit_ir -O2 -g %s | %FileCheck %s
// CHECK-LABEL: define {{.*}}i32 @f(i32
// CHECK-NOT: !dbg
// CHECK: }
__attribute__((target_clones("avx2", "default"))) int f(int x) { return x * 3; }
int g(int x) { return f(x); }
