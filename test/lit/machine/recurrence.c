// SPDX-License-Identifier: Apache-2.0
// A pointer is computed from the operand that does not wait for the previous turn of the loop.
// RUN: %clang_nf -O2 -fno-unroll-loops -S -o - %s | %FileCheck %s
extern unsigned short next[][256];
unsigned run(const unsigned char *p, unsigned n)
{
	unsigned state = 0;
	for (unsigned i = 0; i < n; i++)
		state = next[state][p[i]];
	return state;
}
// CHECK-LABEL: run:
// CHECK: .LBB0_[[LOOP:[0-9]+]]:
// CHECK-NEXT: shll $9, %e[[STATE:[a-z]+]]
// CHECK-NEXT: movzbl (%r{{[a-z0-9]+}},%r{{[a-z0-9]+}}), %e[[BYTE:[a-z]+]]
// CHECK-NEXT: leaq (%r15,%r[[BYTE]],2), %[[P:r[a-z]+]]
// CHECK-NEXT: movzwl next(%[[P]],%r[[STATE]]), %e[[STATE]]
// CHECK: jne .LBB0_[[LOOP]]
