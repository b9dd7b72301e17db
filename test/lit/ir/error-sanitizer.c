// SPDX-License-Identifier: Apache-2.0
// Sanitizers that need a library of their own.
// RUN: %not %clang_nf -O2 -c -fsanitize=memory -o %t.o %s 2>&1 | %FileCheck %s
// RUN: %not %clang_nf -O0 -c -fsanitize=thread -o %t.o %s 2>&1 | %FileCheck %s
// RUN: %not %clang_nf -O1 -c -fsanitize=address -o %t.o %s 2>&1 | %FileCheck %s
// CHECK-NOT: PLEASE submit
// CHECK: error-sanitizer.c:[[#@LINE+1]]:{{[0-9]+}}: error: this -fsanitize= needs a library
int f(int *p) { return *p; }
// CHECK-NOT: PLEASE submit
