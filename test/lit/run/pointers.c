// SPDX-License-Identifier: Apache-2.0
// Function pointers: static tables, comparison, callbacks, weak functions, constructors.
// RUN: %host_cc -O1 %s -o %t.native
// RUN: %python %S/Inputs/compare.py %t.native "%rf_cc -w -std=gnu17" %rf_run %s %t
#include "Inputs/run.h"

static int add1(int x)
{
	return x + 1;
}
static int mul2(int x)
{
	return x * 2;
}
int sub3(int x)
{
	return x - 3;
}
static int (*const table[])(int) = {add1, mul2, sub3, add1};

RUN_EXPORT uint32_t calls(uint32_t x)
{
	unsigned r = 0;
	for (unsigned i = 0; i < x % 100; i++)
		r = (unsigned)table[(i * 7) % 4]((int)((r + i) % 100000));
	return r;
}

RUN_EXPORT uint32_t compares(uint32_t x)
{
	int (*const volatile *volatile t)(int) = (int (*const volatile *)(int))table;
	return (uint32_t)((t[0] == t[3]) + 2 * (t[0] == t[1]) + 4 * (t[2] == sub3) + 8 * (t[x & 3] != 0));
}

static NOINLINE int fold(const int *values, int n, int (*combine)(int, int))
{
	int result = values[0];
	for (int i = 1; i < n; i++)
		result = combine(result, values[i]);
	return result;
}
static int larger(int a, int b)
{
	return a > b ? a : b;
}
static int mix(int a, int b)
{
	return (int)((unsigned)a * 31u + (unsigned)b);
}

RUN_EXPORT uint32_t callback(uint32_t x)
{
	int values[10];
	for (int i = 0; i < 10; i++)
		values[i] = (int)(x >> i);
	return (uint32_t)fold(values, 10, larger) ^ (uint32_t)fold(values, 10, mix);
}

extern int missing(int) __attribute__((weak));

RUN_EXPORT uint32_t weak(uint32_t x)
{
	static int (*pointer)(int) = missing;
	return (missing ? (uint32_t)missing((int)x) : x) + (pointer != 0);
}

static int counter = 2;
__attribute__((constructor(101))) static void first(void)
{
	counter += 5;
}
__attribute__((constructor)) static void second(void)
{
	counter *= 3;
}

RUN_EXPORT uint32_t constructed(uint32_t x)
{
	return x + (uint32_t)counter;
}

RUN_MAIN({calls}, {compares}, {callback}, {weak}, {constructed})
