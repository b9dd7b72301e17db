// SPDX-License-Identifier: Apache-2.0
// What is subtracted from a constant may be below zero: it is added to an address in 32 bits and does not
// become a pointer of its own, through which the loop would run in the mirror above the cell.
// RUN: %clang_nf -O2 -fno-unroll-loops -fno-vectorize -S -o - %s | %FileCheck %s
void repeat(unsigned char *to, unsigned char *end, unsigned distance)
{
	do {
		to[16] = to[16 - distance];
		to++;
	} while (to < end);
}
// CHECK-LABEL: repeat:
// CHECK: .LBB0_1:
// CHECK: leal (%r{{[a-z]+}},%r{{[a-z]+}}), %e[[A:[a-z]+]]
// CHECK: movzbl {{(16)?}}(%r15,%r[[A]]), %e
// CHECK: jb .LBB0_1
