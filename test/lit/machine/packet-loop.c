// SPDX-License-Identifier: Apache-2.0
// A packet pointer that does not change in a loop is reduced outside of it.
// RUN: %clang_nf -O2 -S -o - %s | %FileCheck %s
typedef __attribute__((address_space(257))) volatile unsigned char byte;
void wait(byte *p)
{
	while (p[4] == 0)
		;
}
// CHECK-LABEL: wait:
// CHECK: andl $2047, %e[[P:[a-z]+]]
// CHECK: .LBB0_[[LOOP:[0-9]+]]:
// CHECK-NOT: and
// CHECK: -252(%r14,%r[[P]])
// CHECK-NOT: and
// CHECK: .LBB0_[[LOOP]]
