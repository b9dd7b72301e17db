// SPDX-License-Identifier: Apache-2.0
// No displacement reaches the control block below r15.
// RUN: %clang_nf -O2 -S -o - %s | %FileCheck %s
int upper(void) { return *(volatile int *)0x80000000; }
// CHECK-LABEL: upper:
// CHECK: movl $-2147483648, %e[[A:[a-z]+]]
// CHECK-NEXT: movl (%r15,%r[[A]]), %eax
int far(char *p) { return p[-0x7ff00001]; }
// CHECK-LABEL: far:
// CHECK: leal -2146435073(%rdi), %e[[A:[a-z]+]]
// CHECK-NEXT: movsbl (%r15,%r[[A]]), %eax
