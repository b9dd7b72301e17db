// SPDX-License-Identifier: Apache-2.0
// Vectors, wide integers, floating point, memory functions, switches.
// RUN: %host_cc -O1 %s -o %t.native
// RUN: %python %S/Inputs/compare.py %t.native "%rf_cc -w -std=gnu17" %rf_run %s %t
#include "Inputs/run.h"

#include <string.h>

typedef int v4 __attribute__((vector_size(16)));
typedef float f8 __attribute__((vector_size(32)));

RUN_EXPORT uint32_t vector(uint32_t x)
{
	v4 v = {1, 2, 3, 4};
	v[x & 3] = (int)x;
	f8 f = {1, 2, 3, 4, 5, 6, 7, 8};
	f[x & 7] += 0.5f;
	uint32_t sum = 0;
	for (unsigned i = 0; i < 4; i++)
		sum += (uint32_t)v[(i + x) & 3] * (i + 1);
	for (unsigned i = 0; i < 8; i++)
		sum += (uint32_t)(f[i] * 4);
	return sum;
}

RUN_EXPORT uint32_t floating(uint32_t x)
{
	double d = x;
	float f = (float)x / 3.0f;
	d = d * 1.5 + f;
	uint64_t u = (uint64_t)(d * 1e6);
	return (uint32_t)u ^ (uint32_t)(u >> 32) ^ (uint32_t)(uint64_t)((double)u / 3);
}

RUN_EXPORT uint32_t memory(uint32_t x)
{
	static char a[300], b[300];
	for (unsigned i = 0; i < 300; i++)
		a[i] = (char)(i * x);
	memcpy(b, a, x % 300);
	memmove(b + 1, b, x % 200);
	memset(a, (int)x, x % 256);
	uint32_t hash = 0;
	for (int i = 0; i < 300; i++)
		hash = hash * 31 + (uint8_t)a[i] + (uint8_t)b[i] * 7u;
	char c[100];
	memcpy(c, b, 100);
	memset(c + 10, 3, 66);
	for (int i = 0; i < 100; i++)
		hash = hash * 33 + (uint32_t)c[i];
	return hash + (uint32_t)(memcmp(a, b, 90) > 0);
}

RUN_EXPORT uint32_t wide(uint32_t x)
{
	unsigned __int128 a = x;
	a = a * a * 0x123456789abcdefull;
	a ^= a >> 37;
	long long s = (long long)(int)x;
	s >>= 7;
	return (uint32_t)(a >> 64) ^ (uint32_t)a ^ (uint32_t)s;
}

RUN_EXPORT uint32_t dense(uint32_t x)
{
	switch (x % 12) {
	case 0:
		return 5;
	case 1:
		return x * 3;
	case 2:
		return x + 9;
	case 3:
		return x ^ 5;
	case 4:
		return x << 2;
	case 5:
		return x >> 1;
	case 6:
		return ~x;
	case 7:
		return x - 9;
	case 8:
		return x * x;
	case 9:
		return 77;
	case 10:
		return x | 3;
	default:
		return 1;
	}
}

RUN_EXPORT uint32_t atomics(uint32_t x)
{
	static _Atomic uint32_t a;
	static _Atomic uint64_t b;
	a = x;
	uint32_t old = __c11_atomic_fetch_add(&a, 7, __ATOMIC_SEQ_CST);
	uint32_t expected = x + 7;
	old += __c11_atomic_compare_exchange_strong(&a, &expected, 3, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
	b = x;
	b ^= (uint64_t)old << 20;
	return old + a + (uint32_t)(b >> 8);
}

RUN_MAIN({vector}, {floating}, {memory}, {wide}, {dense}, {atomics})
