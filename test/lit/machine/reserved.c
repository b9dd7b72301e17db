// SPDX-License-Identifier: Apache-2.0
// r14 and r15 are the runtime's, however many registers a function needs.
// RUN: %clang_nf -O2 -S -o - %s | %FileCheck %s
// RUN: %clang_nf -O0 -S -o - %s | %FileCheck %s
// CHECK-NOT: {{, %r1[45][dwb]?$}}
// CHECK-NOT: {{(push|pop)q %r1[45]}}
int g(int);
int f(const int *p)
{
	int a = p[0], b = p[1], c = p[2], d = p[3], e = p[4], h = p[5], i = p[6], j = p[7], k = p[8], l = p[9];
	int m = g(a), n = g(b), o = g(c), q = g(d), r = g(e), s = g(h), t = g(i);
	return a * m + b * n + c * o + d * q + e * r + h * s + i * t + j * k * l + p[m & 7] * p[n & 7] + p[o & 7];
}
