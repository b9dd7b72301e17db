// SPDX-License-Identifier: Apache-2.0
// A loop that fits a cache line is padded only where it would lie on two; a longer one is aligned as LLVM
// does. RUN: %clang_nf -O2 -fno-vectorize -fno-unroll-loops -S -o - %s | %FileCheck %s
unsigned short_loop(const unsigned *p, unsigned n)
{
	unsigned s = 0;
	do
		s = s * 5 + *p++;
	while (--n);
	return s;
}
// CHECK-LABEL: short_loop:
// CHECK: .p2align 6, , {{[1-3][0-9]$}}
// CHECK-NEXT: .LBB0_1:

unsigned long_loop(unsigned *p, unsigned n)
{
	unsigned s = 0;
	do {
		s += p[0] * 3 ^ p[10] * 7 ^ p[20] * 11 ^ p[30] * 13 ^ p[40] * 17 ^ p[50] * 19 ^ p[60] * 23;
		p[0] = s;
		p += 70;
	} while (--n);
	return s;
}
// CHECK-LABEL: long_loop:
// CHECK-NOT: .p2align 6
// CHECK: .p2align 4
// CHECK-NEXT: .LBB1_1:
