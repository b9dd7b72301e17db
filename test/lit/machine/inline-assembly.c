// SPDX-License-Identifier: Apache-2.0
// Memory operands of inline assembly are rewritten like all others.
// RUN: %clang_nf -O2 -S -o - %s | %FileCheck %s
int table[8];
int f(const int *p, int i)
{
	int r;
	__asm__("movl %1, %0\n\taddl %2, %0" : "=&r"(r) : "m"(p[i]), "m"(table[2]));
	return r;
}
// CHECK-LABEL: f:
// CHECK: leal (%rdi,%rsi,4), %e[[P:[a-z]+]]
// CHECK: #APP
// CHECK-NEXT: movl (%r15,%r[[P]]), %e[[R:[a-z]+]]
// CHECK-NEXT: addl table+8(%r15), %e[[R]]
// CHECK-NEXT: #NO_APP
