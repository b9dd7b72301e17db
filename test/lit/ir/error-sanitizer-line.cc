// SPDX-License-Identifier: Apache-2.0
// The error is reported at a function that has a line, not at one that clang made.
// RUN: %not %clang_nf -O0 -c -fsanitize=address -o %t.o %s 2>&1 | %FileCheck %s
// CHECK-NOT: could not determine
struct S {
	S(int);
};
S s(3);
// CHECK: error-sanitizer-line.cc:[[#@LINE+1]]:{{[0-9]+}}: error: this -fsanitize= needs a library
int f(int *p) { return *p; }
