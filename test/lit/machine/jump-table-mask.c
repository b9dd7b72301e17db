// SPDX-License-Identifier: Apache-2.0
// An index that has no bits beyond a jump table's size is not masked once more.
// RUN: %clang_nf -O2 -S -o - %s | %FileCheck %s
void a(void), b(void), c(void), d(void), e(void), f(void);
void dispatch(unsigned x)
{
	switch (x & 7) {
	case 0:
		a();
		break;
	case 1:
		b();
		break;
	case 2:
		c();
		break;
	case 3:
		d();
		break;
	case 4:
		e();
		break;
	case 5:
		f();
		break;
	}
}
// CHECK-LABEL: dispatch:
// CHECK: andl $7, %e[[I:[a-z]+]]
// CHECK-NOT: and
// CHECK: jmpq *{{.*}}(%r15,%r[[I]],8)
