// SPDX-License-Identifier: Apache-2.0
// A pointer is an offset from r15; that of an argument is zero-extended first.
// RUN: %clang_nf -O2 -S -o - %s | %FileCheck %s
int load(const int *p) { return p[1]; }
// CHECK-LABEL: load:
// CHECK: movl %edi, %[[P:e[a-z]+]]
// CHECK-NEXT: movl 4(%r15,%r{{[a-z]+}}), %eax
// CHECK-NEXT: retq

int global;
int *address(void) { return &global; }
int read_global(void) { return global; }
// CHECK-LABEL: address:
// CHECK: movl $global, %eax
// CHECK-LABEL: read_global:
// CHECK: movl global(%r15), %eax
