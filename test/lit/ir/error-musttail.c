// SPDX-License-Identifier: Apache-2.0
// RUN: %not %clang_nf -O2 -c %s -o %t.o 2>&1 | %FileCheck %s
int g(int, int, int, int, int, int, int);
int f(int a, int b, int c, int d, int e, int x, int y)
{
	// CHECK: error-musttail.c:[[#@LINE+1]]:{{[0-9]+}}: error: a guaranteed tail call with arguments on the stack is not supported
	__attribute__((musttail)) return g(a, b, c, d, e, x, y + 1);
}
