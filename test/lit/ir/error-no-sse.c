// SPDX-License-Identifier: Apache-2.0
// Without SSE2, floating point would be x87's; code without floating point does not mind.
// RUN: %not %clang_nf -O0 -c -w -mno-sse2 -o %t.o %s 2>&1 | %FileCheck --check-prefixes=CHECK,DOUBLE %s
// RUN: %not %clang_nf -O2 -c -w -mno-sse -o %t.o %s 2>&1 | %FileCheck --check-prefixes=CHECK,FLOAT %s
// RUN: %not %clang_nf -O2 -c -w -mgeneral-regs-only -o %t.o %s 2>&1 | %FileCheck --check-prefixes=CHECK,FLOAT %s
// RUN: %clang_nf -O2 -c -mgeneral-regs-only -DINTEGERS -o %t.o %s
// RUN: %clang_nf -O2 -c -msoft-float -o %t.o %s
#ifndef INTEGERS
// DOUBLE-NOT: error:
// FLOAT: error-no-sse.c:[[#@LINE+1]]:{{[0-9]+}}: error: floating point needs SSE2
void scale(float *x, float by) { *x *= by; }
// CHECK: error-no-sse.c:[[#@LINE+1]]:{{[0-9]+}}: error: floating point needs SSE2
void twice(double *x) { *x *= 2; }
#endif
// CHECK-NOT: error:
int sum(const int *a, int n)
{
	int total = 0;
	for (int i = 0; i < n; i++)
		total += a[i];
	return total;
}
