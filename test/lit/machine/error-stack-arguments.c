// SPDX-License-Identifier: Apache-2.0
// A function can read the 4,096 bytes above its return address, no more.
// RUN: %not %clang_nf -gline-tables-only -O2 -c -o %t.o %s 2>&1 | %FileCheck %s
#define P1(n) int p##n
#define P10(n) P1(n##0), P1(n##1), P1(n##2), P1(n##3), P1(n##4), P1(n##5), P1(n##6), P1(n##7), P1(n##8), P1(n##9)
#define P100(n) P10(n##0), P10(n##1), P10(n##2), P10(n##3), P10(n##4), P10(n##5), P10(n##6), P10(n##7), P10(n##8), P10(n##9)
// 6 + 512 parameters fit.
int enough(P100(1), P100(2), P100(3), P100(4), P100(5), P10(6), int a, int b, int c, int d, int e, int f, int g, int last)
{
	return last;
}
// CHECK-NOT: error
// CHECK: error-stack-arguments.c:[[@LINE+1]]:{{.*}}error: 4104 bytes of arguments on the stack exceed the limit of 4096
int over(P100(1), P100(2), P100(3), P100(4), P100(5), P10(6), int a, int b, int c, int d, int e, int f, int g, int h, int last)
{
	return last;
}
