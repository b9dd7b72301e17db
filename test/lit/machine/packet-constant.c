// SPDX-License-Identifier: Apache-2.0
// A constant packet offset is used as it is, as long as it is inside the
// window that r14 may reach; beyond that it is reduced like any other.
// RUN: %clang_nf -O2 -S -o - %s | %FileCheck %s
typedef __attribute__((address_space(257))) unsigned char byte;
#define P ((byte *)0)
int near(void) { return P[12] + P[-256] + P[3071]; }
// CHECK-LABEL: near:
// CHECK-NOT: and
// CHECK-DAG: 12(%r14)
// CHECK-DAG: -256(%r14)
// CHECK-DAG: 3071(%r14)
// CHECK: retq
int above(void) { return P[3072]; }
// (3072 + 256) & 0x7ff
// CHECK-LABEL: above:
// CHECK: movl $1280, %e[[I:[a-z]+]]
// CHECK-NEXT: movzbl -256(%r14,%r[[I]]), %eax
int below(void) { return P[-257]; }
// CHECK-LABEL: below:
// CHECK: movl $2047, %e[[I:[a-z]+]]
// CHECK-NEXT: movzbl -256(%r14,%r[[I]]), %eax
int last(void) { return *(__attribute__((address_space(257))) int *)(P + 3069); }
// Its last byte would be the first one outside.
// CHECK-LABEL: last:
// CHECK: movl $1277, %e[[I:[a-z]+]]
// CHECK-NEXT: movl -256(%r14,%r[[I]]), %eax
