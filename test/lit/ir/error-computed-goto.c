// SPDX-License-Identifier: Apache-2.0
// RUN: %not %clang_nf -O2 -c %s -o %t.o 2>&1 | %FileCheck %s
// RUN: %not %clang_nf -O0 -c %s -o %t.o 2>&1 | %FileCheck %s
int f(int i)
{
	static const void *const labels[] = {&&one, &&two};
	// CHECK: error-computed-goto.c:{{[0-9]+}}:{{[0-9]+}}: error: computed goto is not supported; use a switch
	goto *labels[i];
one:
	return 1;
two:
	return 2;
}
