// SPDX-License-Identifier: Apache-2.0
// The same register as base and index (entries of two bytes): twice the index on r15.
// RUN: %clang_nf -O2 -S -o - %s | %FileCheck %s
extern unsigned short table[];
unsigned look(unsigned i)
{
	return table[i >> 16];
}
// CHECK-LABEL: look:
// CHECK: shrl $16, %e[[I:[a-z]+]]
// CHECK-NEXT: movzwl table(%r15,%r[[I]],2), %eax
// CHECK-NEXT: retq
