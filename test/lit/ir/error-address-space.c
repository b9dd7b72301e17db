// SPDX-License-Identifier: Apache-2.0
// RUN: %not %clang_nf -O2 -c %s -o %t.o 2>&1 | %FileCheck %s
int f(__attribute__((address_space(256))) int *p)
{
	// CHECK: error-address-space.c:[[#@LINE+1]]:9: error: address space 256 is not supported
	return *p;
}
