// SPDX-License-Identifier: Apache-2.0
// Constants that are folded into instructions, before or after register
// allocation, are read through r15, never relative to rip.
// RUN: %clang_nf -O2 -S -o - %s | %FileCheck %s
double scale(double x) { return x * 3.25; }
// CHECK-LABEL: scale:
// CHECK: mulsd .LCPI0_0(%r15), %xmm0
float negate(float x) { return -x; }
// CHECK-LABEL: negate:
// CHECK: xorps .LCPI1_0(%r15), %xmm0
// CHECK-NOT: %rip
