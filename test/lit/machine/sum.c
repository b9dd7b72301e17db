// SPDX-License-Identifier: Apache-2.0
// A base and an index that meet once are added in 32 bits: neither needs a clear upper half.
// RUN: %clang_nf -O2 -S -o - %s | %FileCheck %s
int one(const int *p, unsigned i)
{
	return p[i];
}
// CHECK-LABEL: one:
// CHECK-NOT: mov
// CHECK: leal (%rdi,%rsi,4), %e[[A:[a-z]+]]
// CHECK-NEXT: movl (%r15,%r[[A]]), %eax
// CHECK-NEXT: retq

// A base with several indices is worth a pointer.
int three(const int *p, const unsigned char *i)
{
	return p[i[0]] + p[i[1]] + p[i[2]];
}
// CHECK-LABEL: three:
// CHECK: leaq (%r15,%r{{[a-z]+}}), %[[P:r[a-z]+]]
// CHECK-COUNT-3: (%[[P]],%r{{[a-z]+}},4), %eax
// CHECK: retq
