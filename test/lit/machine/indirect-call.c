// SPDX-License-Identifier: Apache-2.0
// A function pointer is the address of an entry of the function table.
// RUN: %clang_nf -O2 -S -o - %s | %FileCheck %s
// RUN: %clang_nf -O0 -S -o - %s | %FileCheck %s --check-prefix=NAIVE
int call(int (*f)(int), int x) { return f(x) + 1; }
// CHECK-LABEL: call:
// CHECK: andl $65528, %e[[F:[a-z]+]]
// CHECK: callq *-2147418112(%r15,%r[[F]])
// NAIVE-LABEL: call:
// NAIVE: andl $65528, %e[[F:[a-z]+]]
// NAIVE: callq *-2147418112(%r15,%r[[F]])
int tail(int (*f)(int), int x) { return f(x); }
// CHECK-LABEL: tail:
// CHECK: andl $65528, %e[[F:[a-z]+]]
// CHECK: jmpq *-2147418112(%r15,%r[[F]])
