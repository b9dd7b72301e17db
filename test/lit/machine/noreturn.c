// SPDX-License-Identifier: Apache-2.0
// A function never runs into the one behind it.
// RUN: %clang_nf -O2 -S -o - %s | %FileCheck %s
__attribute__((noreturn)) void stop(int);
void f(void) { stop(1); }
// CHECK-LABEL: f:
// CHECK: callq stop
// CHECK-NEXT: ud2
