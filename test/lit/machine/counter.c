// SPDX-License-Identifier: Apache-2.0
// A counter that LLVM would have count up to zero starts at zero: as an index it is then below 2 GiB, and the
// table is not reached through the mirror above the cell.
// RUN: %clang_nf -O2 -fno-unroll-loops -S -o - %s | %FileCheck %s
// RUN: %rf_cc -O2 -g -o %t.nf %s && %rf_run --call sum=5 --stats=json %t.nf | %FileCheck --check-prefix CELL %s
#include <ringfence/nf.h>
static unsigned table[1000];

__attribute__((noinline)) static unsigned mix(void)
{
	unsigned s = 0;
	for (unsigned i = 0; i < 1000; i++)
		s = s * 3 + table[i];
	return s;
}
// CHECK-LABEL: mix:
// CHECK-NOT: $-4000
// CHECK: addl table(%r15,%r[[I:[a-z]+]]), %eax
// CHECK-NEXT: addl $4, %e[[I]]
// CHECK-NEXT: cmpl $4000, %e[[I]]
// CHECK-NEXT: jne

// A counter of which the loop needs the value stays.
__attribute__((noinline)) static unsigned value(void)
{
	unsigned s = 0;
	for (int i = -1000; i != 0; i += 4)
		s = s * 3 + (table + 1000)[i] * (unsigned)i;
	return s;
}
// CHECK-LABEL: value:
// CHECK: movl $-1000, %e{{[a-z]+}}
// CHECK: retq

RF_EXPORT unsigned sum(unsigned n)
{
	for (unsigned i = 0; i < 1000; i++)
		table[i] = n * i;
	unsigned expected = 0, product = 0;
	for (volatile unsigned i = 0; i < 1000; i++) {
		expected = expected * 3 + n * i;
		if (i % 4 == 0)
			product = product * 3 + n * i * (i - 1000);
	}
	return mix() == expected && value() == product;
}
// CELL: "result": 1,
