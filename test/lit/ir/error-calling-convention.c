// SPDX-License-Identifier: Apache-2.0
// Of functions, and of calls to functions that are elsewhere.
// RUN: %not %clang_nf -O2 -c %s -o %t.o 2>&1 | %FileCheck %s
// CHECK-DAG: error-calling-convention.c:[[#@LINE+1]]:{{[0-9]+}}: error: this calling convention is not supported
__attribute__((ms_abi)) int f(int x) { return x; }
// CHECK-DAG: error-calling-convention.c:[[#@LINE+1]]:{{[0-9]+}}: error: this calling convention is not supported
int indirect(int x, int (*g)(int) __attribute__((ms_abi))) { return g(x); }
int elsewhere(int) __attribute__((vectorcall));
// CHECK-DAG: error-calling-convention.c:[[#@LINE+1]]:{{[0-9]+}}: error: this calling convention is not supported
int direct(int x) { return elsewhere(x); }
