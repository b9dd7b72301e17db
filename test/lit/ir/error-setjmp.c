// SPDX-License-Identifier: Apache-2.0
// RUN: %not %clang_nf -O2 -c %s -o %t.o 2>&1 | %FileCheck %s
// RUN: %not %clang_nf -O0 -g -c %s -o %t.o 2>&1 | %FileCheck %s
typedef int jmp_buf[8];
int setjmp(jmp_buf);
void longjmp(jmp_buf, int);
jmp_buf state;
void g(void);
int f(void)
{
	// CHECK: error-setjmp.c:[[#@LINE+1]]:6: error: setjmp and longjmp are not supported
	if (setjmp(state))
		return 1;
	g();
	// CHECK: error-setjmp.c:[[#@LINE+1]]:2: error: setjmp and longjmp are not supported
	longjmp(state, 1);
	return 0;
}
