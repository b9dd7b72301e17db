// SPDX-License-Identifier: Apache-2.0
// Locals on the data stack: arrays, variable length, over-aligned, in recursion, alloca.
// RUN: %host_cc -O1 %s -o %t.native
// RUN: %python %S/Inputs/compare.py %t.native "%rf_cc -w -std=gnu17" %rf_run %s %t
#include "Inputs/run.h"

static NOINLINE int variable(int n)
{
	int sum = 0;
	for (int k = 0; k < 3; k++) {
		int a[n + k];
		for (int i = 0; i < n + k; i++)
			a[i] = i * k;
		for (int i = 0; i < n + k; i++)
			sum += a[i];
	}
	return sum;
}

RUN_EXPORT uint32_t vla(uint32_t x)
{
	uint32_t sum = 0;
	/* The data stack is a megabyte: what is not given back would end here. */
	for (int i = 0; i < 3000; i++)
		sum += (uint32_t)variable((int)(x % 50) + 1);
	return sum;
}

static NOINLINE int aligned(int n)
{
	_Alignas(64) char a[100];
	_Alignas(32) char b[3];
	for (int i = 0; i < 100; i++)
		a[i] = (char)(n + i);
	b[n % 3] = 7;
	char *volatile p = a;
	char *volatile q = b;
	return p[n % 100] + ((uintptr_t)p % 64 == 0) + 2 * ((uintptr_t)q % 32 == 0) + q[n % 3];
}

RUN_EXPORT uint32_t over_aligned(uint32_t x)
{
	return (uint32_t)aligned((int)(x & 63));
}

static NOINLINE int recurse(int n, int *sum)
{
	int local[4] = {n, n + 1, n + 2, n + 3};
	if (n == 0)
		return *sum;
	*sum += local[n & 3];
	return recurse(n - 1, sum) + local[1];
}

RUN_EXPORT uint32_t recursion(uint32_t x)
{
	int sum = 0;
	return (uint32_t)recurse((int)(x % 200), &sum);
}

static NOINLINE int *grow(int *p, int n)
{
	for (int i = 0; i < n; i++)
		p[i] = i * i;
	return p;
}

RUN_EXPORT uint32_t allocate(uint32_t x)
{
	int *p = 0;
	uint32_t sum = 0;
	for (uint32_t i = 1; i < x % 30 + 2; i++) {
		p = grow(__builtin_alloca(i * sizeof(int)), (int)i);
		sum += (uint32_t)p[i - 1];
	}
	return sum;
}

struct bits {
	unsigned a : 3, b : 7, c : 13;
	signed d : 9;
};

RUN_EXPORT uint32_t bit_fields(uint32_t x)
{
	volatile struct bits b = {x, x >> 3, x >> 10, (int)x >> 23};
	b.b += 3;
	b.d -= 1;
	return b.a + b.b * 2u + b.c * 3u + (uint32_t)b.d;
}

RUN_MAIN({vla}, {over_aligned}, {recursion}, {allocate}, {bit_fields})
