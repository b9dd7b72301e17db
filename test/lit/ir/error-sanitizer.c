// SPDX-License-Identifier: Apache-2.0
// Sanitizers that need a library of their own.
// RUN: %not %clang_nf -O2 -c -fsanitize=memory -o %t.o %s 2>&1 | %FileCheck %s
// RUN: %not %clang_nf -O0 -c -fsanitize=thread -o %t.o %s 2>&1 | %FileCheck %s
// RUN: %not %clang_nf -O1 -c -fsanitize=address -o %t.o %s 2>&1 | %FileCheck %s
// RUN: %not %clang_nf -O1 -c -fsanitize=dataflow -o %t.o %s 2>&1 | %FileCheck %s
// RUN: %not %clang_nf -O0 -c -fsanitize=numerical -o %t.o %s 2>&1 | %FileCheck %s
// RUN: %not %clang_nf -O1 -c -flto -fvisibility=hidden -fsanitize=cfi-icall -o %t.o %s 2>&1 \
// RUN:   | %FileCheck --check-prefixes=ICALL %s
// Nothing to report, and no crash either, where there is no function.
// RUN: %clang_nf -O1 -c -fsanitize=memory -DEMPTY -o %t.o %s
// RUN: %clang_nf -O0 -c -fsanitize=dataflow -DEMPTY -o %t.o %s
// CHECK-NOT: PLEASE submit
#ifndef EMPTY
// ICALL: error-sanitizer.c:[[#@LINE+2]]:{{[0-9]+}}: error: -fsanitize=cfi-icall is not supported
// CHECK: error-sanitizer.c:[[#@LINE+1]]:{{[0-9]+}}: error: this -fsanitize= needs a library
int f(int *p) { return *p; }
int g(int *p) __attribute__((alias("f")));
int h(int *p) { return g(p) + 1; }
#endif
// CHECK-NOT: PLEASE submit
