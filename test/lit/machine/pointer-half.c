// SPDX-License-Identifier: Apache-2.0
// Where there is a pointer of a value, its lower half is the value: one register serves both.
// RUN: %clang_nf -O2 -fno-vectorize -fno-unroll-loops -S -o - %s | %FileCheck %s
struct list {
	unsigned count;
	unsigned char *end, items[];
};
unsigned sum(struct list *l)
{
	unsigned s = 0;
	for (unsigned i = 0; i < 100; i++)
		s = s * 3 + l->items[i];
	l->end = l->items;
	return s + l->count;
}
// CHECK-LABEL: sum:
// CHECK: movl %edi, %e[[L:[a-z]+]]
// CHECK-NEXT: leaq (%r15,%r[[L]]), %r[[P:[a-z]+]]
// CHECK-NOT: %r15
// CHECK: addl (%r[[P]]), %eax
// CHECK: retq
