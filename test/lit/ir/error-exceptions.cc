// SPDX-License-Identifier: Apache-2.0
// RUN: %not %clang_nf -fexceptions -O2 -c %s -o %t.o 2>&1 | %FileCheck %s
void g();
int f()
{
	try {
		// CHECK: error-exceptions.cc:[[#@LINE+1]]:3: error: exceptions are not supported; compile with -fno-exceptions
		g();
	} catch (int) {
		return 1;
	}
	return 0;
}
// CHECK: 1 error generated
