// SPDX-License-Identifier: Apache-2.0
// RUN: %not %clang_nf -O0 -c %s -o %t.o 2>&1 | %FileCheck %s
const void *where;
// CHECK: error-label-address.c:[[#@LINE+2]]:{{[0-9]+}}: error: {{the address of a label|computed goto}} is not supported
void f(void)
{
here:
	where = &&here;
}
