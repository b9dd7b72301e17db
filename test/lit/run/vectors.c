// SPDX-License-Identifier: Apache-2.0
// Vectors on a control stack that is aligned to 8 bytes: spilled around calls, passed in memory, kept in it, at
// depths that are multiples of 16 and at ones that are not.
// RUN: %host_cc -O1 %s -o %t.native
// RUN: %python %S/Inputs/compare.py %t.native "%rf_cc -w -std=gnu17" %rf_run %s %t
#include "Inputs/run.h"

typedef uint32_t v4 __attribute__((vector_size(16)));
typedef uint32_t v8 __attribute__((vector_size(32)));
typedef float f4 __attribute__((vector_size(16)));

static volatile uint32_t one = 1;

static inline v4 vector4(uint32_t x)
{
	return (v4){x, x * 3, x ^ 0x5555, x >> 3};
}

static inline v8 vector8(uint32_t x)
{
	return (v8){x, x * 3, x ^ 0x5555, x >> 3, ~x, x * 7, x + 9, x << 2};
}

static inline uint32_t sum4(v4 v)
{
	return v[0] + 3 * v[1] + 5 * v[2] + 7 * v[3];
}

static inline uint32_t sum8(v8 v)
{
	uint32_t sum = 0;

	for (int i = 0; i < 8; i++)
		sum = sum * 3 + v[i];
	return sum;
}

/* Each saves another number of registers, so that each call below stands at another depth. */
static NOINLINE uint32_t depth0(uint32_t n, uint32_t (*next)(uint32_t))
{
	return next(n) + one;
}

static NOINLINE uint32_t depth1(uint32_t n, uint32_t (*next)(uint32_t))
{
	return next(n) + n;
}

static NOINLINE uint32_t depth2(uint32_t n, uint32_t (*next)(uint32_t))
{
	uint32_t m = n * one;

	return next(n) + n * m;
}

static uint32_t deeper(uint32_t n, uint32_t (*next)(uint32_t))
{
	return depth0(n, next) + depth1(n, next) + depth2(n, next);
}

static NOINLINE uint32_t spill4(uint32_t n)
{
	v4 a = vector4(n * one), b = vector4(n + one);
	const uint32_t below = n & 7 ? deeper((n & 7) - 1, spill4) : n;
	const uint32_t again = one;

	return sum4(a * b + again) ^ below;
}

static NOINLINE uint32_t spill8(uint32_t n)
{
	v8 a = vector8(n * one), b = vector8(n + one);
	const uint32_t below = n & 3 ? deeper((n & 3) - 1, spill8) : n;
	const uint32_t again = one;

	return sum8(a * b + again) ^ below;
}

/* More vectors than registers; the last two are in memory, are operands of arithmetic, and change. */
static NOINLINE v4 many4(v4 a, v4 b, v4 c, v4 d, v4 e, v4 f, v4 g, v4 h, v4 i, v4 j)
{
	v4 k = (a & i) + (b ^ j);

	i += c + d;
	j = (j | e) - i;
	return k + i * j + f + g + h;
}

static NOINLINE f4 floats(f4 a, f4 b, f4 c, f4 d, f4 e, f4 f, f4 g, f4 h, f4 i, f4 j)
{
	return a * i + b - j * (c + d + e + f + g + h);
}

static NOINLINE v8 many8(v8 a, v8 b, v8 c, v8 d, v8 e, v8 f, v8 g, v8 h, int x, v8 i, v8 j)
{
	i += a;
	return (i ^ b) + (c & j) * d + e + f + g + h + (uint32_t)x;
}

static NOINLINE uint32_t pass(uint32_t n)
{
	v4 a = vector4(n), b = vector4(n + 1), r = many4(a, b, a, b, a, b, a, b, a + b, a ^ b);
	v8 c = vector8(n), d = vector8(n + 1), s = many8(c, d, c, d, c, d, c, d, 7, c + d, c ^ d);
	f4 x = {1, 2, 3, (float)(n & 7)}, y = {4, 3, 2, 1}, t = floats(x, y, x, y, x, y, x, y, x + y, x - y);

	return sum4(r) + sum8(s) + (uint32_t)(int)(t[0] + 3 * t[1] + 5 * t[2] + 7 * t[3]);
}

/* Not optimised away, but loaded and stored as a whole. */
static NOINLINE uint32_t local(uint32_t n)
{
	volatile v4 a = vector4(n);
	volatile v8 b = vector8(n);
	volatile __int128 c = n;
	const uint32_t below = n & 1 ? deeper(n - 1, local) : 0;

	a += below;
	b ^= (v8){1, 2, 3, 4, 5, 6, 7, 8};
	c = c * c + 1;
	return sum4(a) + sum8(b) + (uint32_t)c + (uint32_t)(c >> 32);
}

RUN_EXPORT uint32_t spills4(uint32_t x)
{
	return deeper(x, spill4);
}

RUN_EXPORT uint32_t spills8(uint32_t x)
{
	return deeper(x, spill8);
}

RUN_EXPORT uint32_t arguments(uint32_t x)
{
	return deeper(x, pass);
}

RUN_EXPORT uint32_t locals(uint32_t x)
{
	return deeper(x, local);
}

RUN_MAIN({spills4}, {spills8}, {arguments}, {locals})
