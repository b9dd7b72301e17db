// SPDX-License-Identifier: Apache-2.0
// <setjmp.h> can be included; only a use is an error, at its line and with the reason.
// RUN: %clang_nf -O2 -Werror -DUSE=0 -c %s -o %t.o
// RUN: %not %clang_nf -O2 -DUSE=1 -c %s -o %t.o 2>&1 | %FileCheck %s
#include <setjmp.h>
jmp_buf state;
#if USE
int f(void)
{
	// CHECK: error-setjmp-header.c:[[#@LINE+1]]:9: error: 'setjmp' is unavailable: a return address cannot be forged
	return setjmp(state);
}
#endif
