// SPDX-License-Identifier: Apache-2.0
// C11 and C17 as real code uses them: generic selection, flexible arrays, bit-fields of packed structures,
// complex numbers, arrays of variable length in arrays of variable length, half-precision numbers.
// RUN: %host_cc -O1 %s -o %t.native -lm
// RUN: %python %S/Inputs/compare.py %t.native "%rf_cc -w -std=gnu17" %rf_run %s %t
#include "Inputs/run.h"

#include <float.h>
#include <stdalign.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define KIND(x)                                                                                              \
	_Generic((x),                                                                                        \
	    char: 1,                                                                                         \
	    signed char: 2,                                                                                  \
	    int: 3,                                                                                          \
	    unsigned: 4,                                                                                     \
	    float: 5,                                                                                        \
	    double: 6,                                                                                       \
	    char *: 7,                                                                                       \
	    const char *: 8,                                                                                 \
	    uint32_t (*)(uint32_t): 9,                                                                       \
	    default: 10)

RUN_EXPORT uint32_t generic(uint32_t x)
{
	const char *text = "text";
	char letter = 'a';
	return (uint32_t)(KIND(letter) + KIND('a') * 11 + KIND(x) * 121 + KIND(1.f) * 7 + KIND(1.0) * 5 +
	                  KIND(text) * 3 + KIND(&letter) + KIND(generic) * 1000 + KIND((short)1) * 31) +
	       x;
}

struct message {
	uint8_t kind;
	uint16_t count;
	struct {
		uint32_t key;
		union {
			uint32_t number;
			uint8_t bytes[4];
		};
	} entries[];
};

RUN_EXPORT uint32_t flexible(uint32_t x)
{
	const unsigned count = x % 9 + 1;
	struct message *m = malloc(sizeof(*m) + count * sizeof(m->entries[0]));
	uint32_t sum = (uint32_t)offsetof(struct message, entries);

	*m = (struct message){.count = (uint16_t)count, .kind = 3};
	for (unsigned i = 0; i < count; i++) {
		m->entries[i].key = i;
		m->entries[i].number = x * i;
	}
	for (unsigned i = 0; i < m->count; i++)
		sum = sum * 31 + m->entries[i].bytes[i & 3] + m->entries[i].key;
	free(m);
	return sum;
}

#pragma pack(push, 1)
struct packed_bits {
	uint8_t version : 4, length : 4;
	uint32_t label : 20, class : 3, bottom : 1, ttl : 8;
	uint64_t wide : 37;
	int64_t negative : 27;
	_Bool flag : 1;
	int16_t after;
};
#pragma pack(pop)
static volatile struct packed_bits shared_bits;

RUN_EXPORT uint32_t packed_fields(uint32_t x)
{
	struct packed_bits b = {4,      5,     x,         x >> 20, x >> 23, x >> 24, (uint64_t)x * 77,
	                        (int)x, x & 1, (int16_t)x};
	uint8_t raw[sizeof(b)];
	uint32_t sum = sizeof(b);

	b.label += 3;
	b.wide ^= b.label;
	b.negative -= b.ttl;
	shared_bits = b;
	shared_bits.class++;
	shared_bits.negative /= 3;
	b = shared_bits;
	memcpy(raw, &b, sizeof(b));
	for (unsigned i = 0; i < sizeof(raw); i++)
		sum = sum * 33 + raw[i];
	return sum + (uint32_t)b.negative + (b.flag ? 7 : 0);
}

struct aligned_member {
	char c;
	alignas(32) char d[5];
	_Alignas(double) char e;
};

static NOINLINE uint32_t by_value(struct aligned_member m, char f)
{
	return (uint32_t)m.d[f & 3] + (uint32_t)((uintptr_t)&m % 32) + (uint32_t)m.e;
}

RUN_EXPORT uint32_t alignment(uint32_t x)
{
	static _Alignas(256) char table[3];
	struct aligned_member m = {1, {2, 3, 4, (char)x}, 5};
	_Static_assert(alignof(struct aligned_member) == 32, "as C11 says");
	return by_value(m, (char)x) + (uint32_t)((uintptr_t)table % 256) + sizeof(m) +
	       (uint32_t)offsetof(struct aligned_member, e);
}

static NOINLINE _Complex float turn(_Complex float z, _Complex float w)
{
	return z * w - z;
}

static NOINLINE _Complex double divide(_Complex double z, _Complex double w)
{
	return z / w;
}

RUN_EXPORT uint32_t complexes(uint32_t x)
{
	_Complex float f = turn((float)(x % 50) + 1.0if, 2.0f - 3.0if);
	_Complex double d = divide((double)(x % 70) + 3.0i, 2.0 - 1.0i);
	_Complex int i = (int)(x % 11) + 3i;
	_Complex double conjugate = ~d;

	i = i * i;
	return (uint32_t)(int)__real__ f + (uint32_t)(int)__imag__ f * 3 + (uint32_t)(int)(__real__ d * 100) +
	       (uint32_t)(int)(__imag__ conjugate * 100) * 5 + (uint32_t)(__real__ i * 7 + __imag__ i) +
	       (f == turn(1, 1)) + 2 * (d != d);
}

static NOINLINE uint32_t plane(unsigned n, unsigned m, uint32_t (*a)[n][m], unsigned k)
{
	uint32_t sum = 0;

	for (unsigned i = 0; i < k; i++)
		for (unsigned j = 0; j < n; j++)
			for (unsigned l = 0; l < m; l++)
				sum = sum * 3 + a[i][j][l];
	return sum + (uint32_t)sizeof(*a);
}

RUN_EXPORT uint32_t variable_arrays(uint32_t x)
{
	unsigned n = x % 4 + 2, m = x % 3 + 1, k = x % 5 + 1;
	uint32_t sum = 0;

	for (unsigned round = 0; round < 3; round++) {
		typedef uint32_t row[m];
		row cube[k][n];
		uint32_t (*pointer)[n][m] = cube;

		for (unsigned i = 0; i < k * n * m; i++)
			(&cube[0][0][0])[i] = i * x + round;
		sum += plane(n, m, pointer, k) + (uint32_t)sizeof(cube) + (uint32_t)sizeof(row);
		if (sum % 7 == 3)
			goto out;
		n++;
		for (unsigned i = 1; i < 4; i++) {
			char inner[i * n], (*at)[i * n] = &inner;

			memset(*at, (int)i, sizeof(inner));
			if (i == 3)
				continue;
			sum += (uint32_t)inner[i] + (uint32_t)sizeof(*at);
		}
	}
out:
	return sum;
}

RUN_EXPORT uint32_t literals(uint32_t x)
{
	const struct {
		int a;
		const int *b;
		const char *c;
	} s = {.b = (int[]){[3] = 5, [1] = (int)x, 7}, .c = (char[]){"compound"}};
	uint32_t sum = 0;

	for (int i = 0; i < 4; i++)
		sum = sum * 31 + (uint32_t)s.b[i];
	return sum + (uint32_t)s.c[x % 8] + (uint32_t)sizeof(u8"grün") + L'\x263a' + U"ab"[1] + u"cd"[0] +
	       (uint32_t)(0x1.8p4 * 3) + (uint32_t)strlen(__func__);
}

RUN_EXPORT uint32_t halves(uint32_t x)
{
	volatile _Float16 a = (_Float16)(x % 100), b = 0.5f16;
	_Float16 c = a * b + (_Float16)1.25;
	return (uint32_t)(float)(c * 4) + (a > b) + (uint32_t)(int)(double)a;
}

union number {
	float f;
	double d;
	uint32_t bits[2];
	uint8_t bytes[8];
};

RUN_EXPORT uint32_t punning(uint32_t x)
{
	union number n = {.d = x + 0.25};
	const uint32_t high = n.bits[1];

	n.f = (float)x;
	n.bytes[3] ^= 0x80;
	return high + n.bits[0] + (uint32_t)(n.f < 0) + (uint32_t)(int)(DBL_MAX_EXP + FLT_DIG);
}

_Noreturn static NOINLINE void never(void)
{
	abort();
}

static inline uint32_t first(const uint32_t a[static 3], const uint32_t *restrict b)
{
	return a[0] + a[2] + *b;
}

RUN_EXPORT uint32_t declarations(uint32_t x)
{
	const uint32_t a[3] = {x, 2, 3};
	register uint32_t fast = x;

	if (a[1] != 2)
		never();
	for (struct {
		     int i;
		     bool up;
	     } s = {0, true};
	     s.i < 3; s.i++)
		fast += s.up ? a[s.i] : 0;
	return fast + first(a, &(uint32_t){x * 3});
}

RUN_MAIN({generic}, {flexible}, {packed_fields}, {alignment}, {complexes}, {variable_arrays}, {literals},
         {halves}, {punning}, {declarations})
