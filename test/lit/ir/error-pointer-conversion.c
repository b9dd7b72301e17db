// SPDX-License-Identifier: Apache-2.0
// RUN: %not %clang_nf -O2 -c %s -o %t.o 2>&1 | %FileCheck %s
#define PACKET __attribute__((address_space(257)))
char *f(PACKET char *p)
{
	// CHECK: error-pointer-conversion.c:[[#@LINE+1]]:{{[0-9]+}}: error: a packet pointer and an ordinary pointer cannot be converted into each other
	return (char *)p;
}
// CHECK: 1 error generated
