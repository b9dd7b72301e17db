// SPDX-License-Identifier: Apache-2.0
// RUN: %not %clang_nf -O2 -c %s -o %t.o 2>&1 | %FileCheck %s
// CHECK: error-calling-convention.c:[[#@LINE+1]]:{{[0-9]+}}: error: this calling convention is not supported
__attribute__((ms_abi)) int f(int x) { return x; }
