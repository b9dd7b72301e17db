// SPDX-License-Identifier: Apache-2.0
// Operands of inline assembly in registers that the contract does not know. Without x87, clang itself would crash.
// RUN: %not %clang_nf -O1 -c -o %t.o %s 2>&1 | %FileCheck %s
// RUN: %not %clang_nf -O1 -mno-80387 -c -o %t.o %s 2>&1 | %FileCheck %s
double root(double x)
{
	// CHECK: error-x87-assembly.c:[[#@LINE+1]]:{{[0-9]+}}: error: registers of x87 and MMX are not supported
	__asm__("fsqrt" : "+t"(x));
	return x;
}
double arc(double x, double y)
{
	// CHECK: error-x87-assembly.c:[[#@LINE+1]]:{{[0-9]+}}: error: registers of x87 and MMX are not supported
	__asm__("fpatan" : "+t"(x) : "u"(y) : "st(1)");
	return x;
}
// CHECK-NOT: error:
double none(double x)
{
	__asm__ volatile("" : "+x"(x) : : "cc");
	return x;
}
