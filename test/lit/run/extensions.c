// SPDX-License-Identifier: Apache-2.0
// GNU extensions that real code uses.
// RUN: %host_cc -O1 %s -o %t.native
// RUN: %python %S/Inputs/compare.py %t.native "%rf_cc -w -std=gnu17" %rf_run %s %t
#include "Inputs/run.h"

#include <string.h>

#define MAX(a, b)                                                                                            \
	({                                                                                                   \
		__typeof__(a) a_ = (a);                                                                      \
		__typeof__(b) b_ = (b);                                                                      \
		a_ > b_ ? a_ : b_;                                                                           \
	})

RUN_EXPORT uint32_t statements(uint32_t x)
{
	return MAX(x % 17, x % 13) + ({
		       uint32_t sum = 0;
		       for (uint32_t i = 0; i < x % 9; i++)
			       sum += i;
		       sum;
	       });
}

struct __attribute__((packed)) header {
	uint8_t kind;
	uint32_t length;
	uint16_t data[3];
};

RUN_EXPORT uint32_t packed(uint32_t x)
{
	struct header h = {1, x, {2, 3, (uint16_t)x}};
	uint8_t bytes[sizeof(h)];
	memcpy(bytes, &h, sizeof(h));
	return bytes[1] + bytes[4] * 256u + h.data[2] + __builtin_bswap32(h.length);
}

RUN_EXPORT uint32_t ranges(uint32_t x)
{
	switch (x % 300) {
	case 0 ... 9:
		return 1;
	case 10 ... 99:
		return x % 7;
	case 200:
		return 5;
	default:
		return 0;
	}
}

RUN_EXPORT uint32_t builtins(uint32_t x)
{
	int carry;
	uint32_t sum;
	carry = __builtin_add_overflow(x, 0xf0000000u, &sum);
	uint64_t product;
	carry += __builtin_mul_overflow((uint64_t)x * 3, 0x123456789abcull, &product);
	return sum + (uint32_t)product + (uint32_t)carry + (uint32_t)__builtin_popcount(x) +
	       (x ? (uint32_t)__builtin_clz(x) + (uint32_t)__builtin_ctz(x) : 0) +
	       (uint32_t)__builtin_parity(x) + __builtin_rotateleft32(x, 5) + (uint32_t)__builtin_ffs((int)x);
}

static NOINLINE uint32_t matrix(unsigned n, unsigned m, uint32_t a[n][m])
{
	uint32_t sum = 0;
	for (unsigned i = 0; i < n; i++)
		for (unsigned j = 0; j < m; j++)
			sum += a[i][j] * (i + 1) + j;
	return sum;
}

RUN_EXPORT uint32_t two_dimensions(uint32_t x)
{
	unsigned n = x % 5 + 1, m = x % 3 + 2;
	uint32_t a[n][m];
	for (unsigned i = 0; i < n; i++)
		for (unsigned j = 0; j < m; j++)
			a[i][j] = i * x + j;
	return matrix(n, m, a) + (uint32_t)sizeof(a);
}

RUN_EXPORT uint32_t complex(uint32_t x)
{
	_Complex double z = x % 100 + 2.0i;
	z = z * z + 1.0;
	return (uint32_t)(int)__real__ z + (uint32_t)(int)__imag__ z;
}

RUN_EXPORT uint32_t flow(uint32_t x)
{
	uint32_t result = x;
	__asm__ goto("testl %0, %0; je %l[zero]" : : "r"(x) : "cc" : zero);
	result += 3;
	__asm__("addl $5, %0" : "+r"(result) : : "cc");
	__asm__("incl %0" : "+m"(result) : : "cc");
	return result;
zero:
	return 17;
}

extern uint32_t named(uint32_t) __attribute__((alias("target")));
uint32_t target(uint32_t x)
{
	return x * 5;
}

RUN_EXPORT uint32_t aliases(uint32_t x)
{
	uint32_t (*volatile pointer)(uint32_t) = named;
	return named(x) + pointer(x) + target(1);
}

typedef unsigned char v16 __attribute__((vector_size(16)));
typedef double d2 __attribute__((vector_size(16)));

RUN_EXPORT uint32_t vectors(uint32_t x)
{
	v16 a, b;
	for (unsigned i = 0; i < 16; i++) {
		a[i] = (unsigned char)(x >> (i & 7));
		b[i] = (unsigned char)(i * 3);
	}
	v16 c = __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
	v16 larger = (v16)(a > b);
	c = (c & larger) | ((a - b) & ~larger);
	d2 d = {x, 2.5};
	d = d * d + 1.0;
	uint32_t sum = (uint32_t)(uint64_t)d[x & 1];
	for (unsigned i = 0; i < 16; i++)
		sum = sum * 31 + c[(i + x) & 15];
	return sum;
}

RUN_EXPORT uint32_t bit_precise(uint32_t x)
{
	unsigned _BitInt(90) a = x;
	a = a * a * a + 1;
	a ^= a >> 33;
	_BitInt(17) b = (_BitInt(17))x;
	return (uint32_t)(a >> 40) + (uint32_t)a + (uint32_t)b;
}

RUN_MAIN({statements}, {packed}, {ranges}, {builtins}, {two_dimensions}, {complex}, {flow}, {aliases},
         {vectors}, {bit_precise})
