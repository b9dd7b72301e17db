// SPDX-License-Identifier: Apache-2.0
// Of two registers the one that is there first goes into the pointer: nothing is added to what a load brings.
// RUN: %clang_nf -O2 -S -o - %s | %FileCheck %s
extern unsigned char table[];
unsigned get(unsigned row, unsigned column)
{
	const unsigned *rows = (const unsigned *)table;
	return (table + 4096)[(rows[row] & 0x7fff) * 512 + (column & 255) * 2];
}
// CHECK-LABEL: get:
// CHECK: shll $9, %e[[ROW:[a-z]+]]
// CHECK-NOT: leal
// CHECK: leaq (%r15,%r{{[a-z]+}},2), %[[P:r[a-z]+]]
// CHECK-NOT: leal
// CHECK: movzbl table+4096(%[[P]],%r[[ROW]]), %eax
