// SPDX-License-Identifier: Apache-2.0
// Base and index: r15 + base is computed once, outside of the loop.
// RUN: %clang_nf -O2 -fno-vectorize -fno-unroll-loops -S -o - %s | %FileCheck %s
int sum(const int *p, int n)
{
	int s = 0;
	for (int i = 0; i < n; i++)
		s += p[i];
	return s;
}
// CHECK-LABEL: sum:
// CHECK: leaq (%r15,%r{{[a-z0-9]+}}), %[[P:r[a-z0-9]+]]
// CHECK: .LBB0_[[LOOP:[0-9]+]]:
// CHECK-NOT: lea
// CHECK: addl (%[[P]],%r{{[a-z0-9]+}},4), %eax
// CHECK-NOT: lea
// CHECK: .LBB0_[[LOOP]]

int table[64];
int look(unsigned i) { return table[i]; }
// An index needs no pointer of its own.
// CHECK-LABEL: look:
// CHECK-NOT: lea
// CHECK: movl table(%r15,%r{{[a-z]+}},4), %eax
