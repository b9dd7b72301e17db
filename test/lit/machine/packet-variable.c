// SPDX-License-Identifier: Apache-2.0
// A variable packet offset v becomes ((v + 256) & 0x7ff), once for all fields
// near it, and -256 goes into the displacement.
// RUN: %clang_nf -O2 -S -o - %s | %FileCheck %s
typedef __attribute__((address_space(257))) unsigned char byte;
int two(byte *p) { return p[0] + p[127]; }
// CHECK-LABEL: two:
// CHECK: addl $256, %edi
// CHECK-NEXT: andl $2047, %edi
// CHECK-NOT: and
// CHECK-DAG: -256(%r14,%rdi)
// CHECK-DAG: -129(%r14,%rdi)
// CHECK: retq

// A far or negative displacement is part of the sum that is reduced.
int far(byte *p) { return p[128]; }
// CHECK-LABEL: far:
// CHECK: addl $384, %edi
// CHECK-NEXT: andl $2047, %edi
// CHECK-NEXT: movzbl -256(%r14,%rdi), %eax
int before(byte *p) { return p[-1]; }
// CHECK-LABEL: before:
// CHECK: addl $255, %edi
// CHECK-NEXT: andl $2047, %edi
// CHECK-NEXT: movzbl -256(%r14,%rdi), %eax
