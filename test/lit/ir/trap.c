// SPDX-License-Identifier: Apache-2.0
// Traps of the sanitizers and of -ftrapv are ud2: not ud1, whose operand only tells a debugger which check failed. No data
// that is meant for other checks stands before a function.
// RUN: %clang_nf -O2 -ftrapv -S -o - %s | %FileCheck %s
// RUN: %clang_nf -O2 -fsanitize=undefined -fsanitize-trap=undefined -S -o - %s | %FileCheck %s
// RUN: %clang_nf -O0 -fsanitize=undefined,integer,bounds -fsanitize-trap=all -S -o - %s | %FileCheck %s

// CHECK-NOT: ud1
// CHECK-NOT: 3238382334
// CHECK-LABEL: add:
// CHECK: ud2
// CHECK-NOT: ud1
int add(int a, int b) { return a + b; }
int (*pointer)(int, int) = add;
int call(int a) { return pointer(a, a); }
