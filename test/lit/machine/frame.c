// SPDX-License-Identifier: Apache-2.0
// The control stack is not in the low 4 GiB: frames are 64-bit.
// RUN: %clang_nf -O0 -S -o - %s | %FileCheck %s
// RUN: %clang_nf -O2 -S -o - %s | %FileCheck %s --check-prefix=ARGUMENTS
int f(int a)
{
	int b = a;
	return b;
}
// CHECK-LABEL: f:
// CHECK-NOT: %esp
// CHECK: movl %eax, {{[0-9]*}}(%rsp)
// CHECK-NOT: %esp
// CHECK: retq
int eight(int, int, int, int, int, int, int, int);
int call(int a) { return eight(1, 2, 3, 4, 5, 6, 7, a) + 1; }
// ARGUMENTS-LABEL: call:
// ARGUMENTS-NOT: %esp
// ARGUMENTS: subq $16, %rsp
// ARGUMENTS-DAG: movl %edi, 8(%rsp)
// ARGUMENTS-DAG: movl $7, (%rsp)
// ARGUMENTS: callq eight
// ARGUMENTS: addq $16, %rsp
// ARGUMENTS-NOT: %esp
// ARGUMENTS: retq
