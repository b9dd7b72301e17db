// SPDX-License-Identifier: Apache-2.0
// Code against speculation has branches and loads in forms that are not the contract's.
// RUN: %not %clang_nf -O2 -c -mretpoline -o %t.o %s 2>&1 | %FileCheck %s
// RUN: %not %clang_nf -O2 -c -mlvi-cfi -o %t.o %s 2>&1 | %FileCheck %s
// RUN: %not %clang_nf -O2 -c -mspeculative-load-hardening -o %t.o %s 2>&1 | %FileCheck %s
// RUN: %not %clang_nf -O2 -c -mfunction-return=thunk-extern -o %t.o %s 2>&1 | %FileCheck %s
// CHECK: error-mitigation.c:[[#@LINE+1]]:{{[0-9]+}}: error: -mretpoline
int f(int (*g)(void), int *p) { return g() + *p; }
