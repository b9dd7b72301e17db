// SPDX-License-Identifier: Apache-2.0
// A caller's frame is read-only to its callee: a parameter that was passed on
// the stack and changes moves to the callee's own frame.
// RUN: %clang_nf -O0 -S -o - %s | %FileCheck %s
int f(int a, int b, int c, int d, int e, int f, int g)
{
	g = 7;
	return g;
}
// The return address is 8 bytes, the frame 24 below it (a ... f).
// CHECK-LABEL: f:
// CHECK: subq $[[FRAME:[0-9]+]], %rsp
// CHECK: movl {{[0-9]+}}(%rsp), %eax
// CHECK: movl %eax, [[OWN:[0-9]*]](%rsp)
// CHECK: movl $7, [[OWN]](%rsp)
// CHECK: movl [[OWN]](%rsp), %eax
// CHECK: addq $[[FRAME]], %rsp
