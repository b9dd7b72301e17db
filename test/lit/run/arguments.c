// SPDX-License-Identifier: Apache-2.0
// Structs by value, results in memory, more arguments than registers, calls in tail position.
// RUN: %host_cc -O1 %s -o %t.native
// RUN: %python %S/Inputs/compare.py %t.native "%rf_cc -w -std=gnu17" %rf_run %s %t
#include "Inputs/run.h"

struct big {
	long long a[8];
	int x;
};
struct pair {
	long long a;
	int b;
};
struct floats {
	float x, y, z;
};

static NOINLINE int use(struct big b)
{
	b.a[1]++;
	return (int)b.a[1] + b.x;
}

static NOINLINE struct big make(int x)
{
	struct big b;
	for (int i = 0; i < 8; i++)
		b.a[i] = (long long)x * i;
	b.x = x + 1;
	return b;
}

RUN_EXPORT uint32_t byval(uint32_t x)
{
	struct big b = make((int)(x % 10000));
	int (*volatile pointer)(struct big) = use;
	return (uint32_t)(use(b) + pointer(b) + (int)b.a[1]);
}

static NOINLINE int many(int a, int b, int c, int d, int e, int f, int g, int h, struct pair s, double k,
                         struct floats q)
{
	return a + 2 * b + 3 * c + 4 * d + 5 * e + 6 * f + 7 * g + 8 * h + (int)s.a * 9 + s.b * 10 +
	       (int)k * 11 + (int)(q.x + q.y + q.z);
}

static NOINLINE int tail(int a, int b, int c, int d, int e, int f, int g, int h, struct pair s, double k,
                         struct floats q)
{
	return many(h, g, f, e, d, c, b, a, s, k, q);
}

RUN_EXPORT uint32_t stack(uint32_t x)
{
	struct pair s = {x % 1000, 7};
	struct floats q = {1, 2, 3};
	return (uint32_t)tail((int)(x % 100), 1, 2, 3, 4, 5, 6, 7, s, 2.0, q);
}

static NOINLINE int even(unsigned n);
static NOINLINE int odd(unsigned n)
{
	return n == 0 ? 0 : even(n - 1);
}
static NOINLINE int even(unsigned n)
{
	return n == 0 ? 1 : odd(n - 1);
}

RUN_EXPORT uint32_t mutual(uint32_t x)
{
	return (uint32_t)even(x % 5000);
}

RUN_MAIN({byval}, {stack}, {mutual})
