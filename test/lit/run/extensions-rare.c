// SPDX-License-Identifier: Apache-2.0
// GNU extensions, the rarer ones: local labels, cleanup, checked arithmetic of all types, division of 128-bit
// integers, vector builtins, transparent unions, weak definitions, aliases, constructors in order.
// RUN: %host_cc -O1 %s -o %t.native -lm
// RUN: %python %S/Inputs/compare.py %t.native "%rf_cc -w -std=gnu17" %rf_run %s %t
#include "Inputs/run.h"

#include <stdarg.h>
#include <stddef.h>
#include <string.h>

typedef unsigned __int128 u128;
typedef __int128 s128;

static NOINLINE u128 quotient(u128 a, u128 b)
{
	return a / b ^ a % b;
}

static NOINLINE s128 signed_quotient(s128 a, s128 b)
{
	return a / b + a % b * 3;
}

RUN_EXPORT uint32_t division(uint32_t x)
{
	const u128 a = ((u128)(x * 0x9e3779b97f4a7c15ull) << 64) + x * 77ull, b = ((u128)x << 40) + 12345;
	const s128 c = -(s128)a / 3, d = (s128)(x % 1000) - 500;
	u128 sum = quotient(a, b) + quotient(a, x + 1) + quotient(x, b) + quotient(a, (u128)-1 / (x + 1));

	sum += (u128)signed_quotient(c, d ? d : 1) + (u128)signed_quotient((s128)a, -(s128)b);
	sum ^= a << (x & 127) ^ b >> (x & 63) ^ (u128)(c >> (x % 100));
	sum += (u128)((double)a * 0.5) + (u128)(float)b + (u128)(s128)(double)(c / 1000000007);
	return (uint32_t)sum ^ (uint32_t)(sum >> 32) ^ (uint32_t)(sum >> 64) ^ (uint32_t)(sum >> 96) ^
	       (a < b) ^ (c < d) << 1;
}

#define CHECKED(a_type, b_type, r_type)                                                                      \
	{                                                                                                    \
		r_type r;                                                                                    \
		const a_type a = (a_type)(x * 0x9e3779b97f4a7c15ull);                                        \
		const b_type b = (b_type)(x * 0xc2b2ae3d27d4eb4full >> 7);                                   \
		sum = sum * 2 + __builtin_add_overflow(a, b, &r);                                            \
		sum ^= (uint64_t)r;                                                                          \
		sum = sum * 2 + __builtin_sub_overflow(a, b, &r);                                            \
		sum ^= (uint64_t)r;                                                                          \
		sum = sum * 2 + __builtin_mul_overflow(a, b, &r);                                            \
		sum ^= (uint64_t)r << 3;                                                                     \
	}

RUN_EXPORT uint32_t overflow(uint32_t x)
{
	uint64_t sum = 0;

	CHECKED(uint8_t, uint8_t, uint8_t)
	CHECKED(int8_t, uint16_t, int16_t)
	CHECKED(int32_t, int32_t, int32_t)
	CHECKED(uint32_t, int32_t, int32_t)
	CHECKED(int64_t, int64_t, int64_t)
	CHECKED(uint64_t, int64_t, int64_t)
	CHECKED(int64_t, int64_t, uint64_t)
	CHECKED(int32_t, int64_t, int8_t)
	CHECKED(s128, s128, s128)
	CHECKED(u128, u128, u128)
	CHECKED(int64_t, int32_t, s128)
	return (uint32_t)(sum ^ sum >> 32);
}

RUN_EXPORT uint32_t builtins(uint32_t x)
{
	const uint64_t wide = x * 0x9e3779b97f4a7c15ull | 1;
	unsigned long long carry;
	unsigned borrow;
	char text[32] = "abc", copy[32];
	uint64_t sum = __builtin_bswap64(wide) ^ __builtin_bswap16((uint16_t)x) ^
	               __builtin_bitreverse64(wide) ^ __builtin_bitreverse8((uint8_t)x);

	sum += (uint64_t)(__builtin_clzll(wide) + __builtin_ctzll(wide) + __builtin_popcountll(wide) +
	                  __builtin_parityll(wide) + __builtin_ffsll((long long)wide) +
	                  __builtin_clrsb((int)x) + __builtin_clrsbll((long long)wide));
	sum += __builtin_rotateright64(wide, x) + __builtin_rotateleft16((uint16_t)x, 3);
	sum += __builtin_addcll(wide, x, 1, &carry) + carry;
	sum += __builtin_subc(x, 77, 1, &borrow) + borrow;
	sum += __builtin_constant_p(5) + __builtin_choose_expr(1, 3, "x") * 2u +
	       __builtin_types_compatible_p(int, unsigned) + (unsigned)__builtin_object_size(text, 0);
	if (__builtin_expect(x == 3, 0) || __builtin_expect_with_probability(x == 5, 1, 0.9))
		sum++;
	__builtin_assume(x != 0xdeadbeef);
	__builtin_prefetch(text, 1, 2);
	__builtin_memcpy_inline(copy, text, 32);
	__builtin_memset(copy + 3, (int)(x & 15) + 'a', 5);
	sum += __builtin_strlen(copy) + (unsigned)(__builtin_strchr(copy, 'c') - copy) +
	       (unsigned)(__builtin_memcmp(copy, text, 3) == 0) + (uint64_t)__builtin_abs((int)x >> 3);
	uint8_t *aligned = __builtin_assume_aligned(__builtin_alloca_with_align(64, 256), 32);
	sum += (uintptr_t)aligned % 32 + (uintptr_t)__builtin_align_up(text + 1, 16) % 16 +
	       (unsigned)__builtin_is_aligned(aligned, 16);
	return (uint32_t)(sum ^ sum >> 32);
}

RUN_EXPORT uint32_t floating(uint32_t x)
{
	volatile double d = (double)(int)x / 7, zero = 0, infinite = __builtin_inf(), nan = __builtin_nan("");
	uint32_t sum =
	    (uint32_t)__builtin_isnan(nan) + 2u * (uint32_t)__builtin_isinf_sign(-infinite) +
	    4u * !!__builtin_signbit(-zero) + 8u * (uint32_t)__builtin_isnormal(d) +
	    16u * (uint32_t)__builtin_isfinite(infinite) + 32u * (uint32_t)__builtin_isunordered(nan, d) +
	    64u * (uint32_t)__builtin_isless(nan, d) + (uint32_t)__builtin_fpclassify(5, 6, 7, 8, 9, d);

	sum += (uint32_t)(int64_t)(__builtin_floor(d) + __builtin_ceil(d) * 3 + __builtin_trunc(d) * 5 +
	                           __builtin_rint(d) * 7 + __builtin_round(d) * 11 + __builtin_nearbyint(d));
	sum += (uint32_t)(int64_t)(__builtin_sqrt(__builtin_fabs(d)) * 100 + __builtin_copysign(3, d) +
	                           __builtin_fmax(d, 2) + __builtin_fmin(d, nan));
	sum += (uint32_t)__builtin_lrint(d / 4) + (uint32_t)__builtin_llround(d / 2) +
	       (uint32_t)(uint64_t)__builtin_fabs(d * 1e5);
	return sum + (uint32_t)(int)__builtin_sqrtf((float)x) +
	       (uint32_t)(int)__builtin_fmodf((float)x, 77.5f);
}

static uint32_t cleaned;
static void clean(uint32_t *value)
{
	cleaned = cleaned * 3 + *value;
}

RUN_EXPORT uint32_t scopes(uint32_t x)
{
	cleaned = 0;
	for (uint32_t i = 0; i < 4; i++) {
		__attribute__((cleanup(clean))) uint32_t one = i + x;
		__attribute__((cleanup(clean))) uint32_t two = i * 2;

		if (i == (x & 3))
			continue;
		one += two;
	}
#define FIND(array, n, key)                                                                                  \
	({                                                                                                   \
		__label__ found;                                                                             \
		unsigned at = 0;                                                                             \
		for (; at < (n); at++)                                                                       \
			if ((array)[at] == (key))                                                            \
				goto found;                                                                  \
	found:                                                                                               \
		at;                                                                                          \
	})
	const uint32_t numbers[] = {1, 5, x, 9};
	__auto_type sum = cleaned + FIND(numbers, 4, x) + FIND(numbers, 4, 9u) * 10;
	__typeof__(numbers[0]) *end = numbers + 4;
	struct {
	} nothing;
	uint32_t none[0];

	return sum + end[-1] + sizeof(nothing) + sizeof(none) + (x ?: 8) + (uint32_t)__alignof__(uint32_t);
}

typedef union {
	uint32_t *numbers;
	const char *text;
} either __attribute__((transparent_union));

static NOINLINE uint32_t accept(either e)
{
	return (uint32_t)e.text[0];
}

typedef uint32_t unaligned_word __attribute__((aligned(1), may_alias));
typedef int wide __attribute__((mode(TI)));

RUN_EXPORT uint32_t attributes(uint32_t x)
{
	uint32_t number = x & 0x7f7f7f7f;
	char bytes[9] = {1, 2, 3, 4, 5, 6, 7, 8, 9};
	wide w = (wide)x << 65;

	return accept(&number) + accept("text") + *(unaligned_word *)(bytes + (x & 3)) + (uint32_t)(w >> 60);
}

static __attribute__((always_inline)) inline uint32_t inlined(uint32_t x)
{
	return x * 3;
}
__attribute__((flatten, hot)) static uint32_t flat(uint32_t x)
{
	return inlined(x) + 1;
}
__attribute__((cold, pure, noinline, optnone)) static uint32_t rare(uint32_t x)
{
	return x * x;
}
__attribute__((weak)) uint32_t overridable(uint32_t x)
{
	return x + 100;
}
uint32_t weak_alias(uint32_t) __attribute__((weak, alias("overridable")));
static uint32_t static_alias(uint32_t) __attribute__((alias("overridable")));
extern uint32_t weak_missing __attribute__((weak));
extern uint32_t alias_of_data[3] __attribute__((alias("aliased_data")));
uint32_t aliased_data[] = {8, 9, 10};

RUN_EXPORT uint32_t symbols(uint32_t x)
{
	uint32_t sum = flat(x) + rare(x) + overridable(x) * 3 + weak_alias(x) * 5 + static_alias(x) * 7;

	alias_of_data[x % 3]++;
	sum += aliased_data[x % 3];
	alias_of_data[x % 3]--;
	return sum + (&weak_missing != NULL);
}

static char order[16];
static unsigned ordered;
#define CONSTRUCTOR(name, priority)                                                                          \
	__attribute__((constructor(priority))) static void construct_##name(void)                            \
	{                                                                                                    \
		order[ordered++] = #name[0];                                                                 \
	}
CONSTRUCTOR(c, 300)
CONSTRUCTOR(a, 200)
CONSTRUCTOR(d, 65535)
CONSTRUCTOR(b, 201)

RUN_EXPORT uint32_t constructors(uint32_t x)
{
	uint32_t sum = x + ordered;

	for (unsigned i = 0; i < ordered; i++)
		sum = sum * 31 + (uint32_t)order[i];
	return sum;
}

typedef int i8 __attribute__((vector_size(32)));
typedef unsigned u4 __attribute__((vector_size(16)));
typedef float f4 __attribute__((vector_size(16)));
typedef short s3 __attribute__((ext_vector_type(3)));
typedef float e4 __attribute__((ext_vector_type(4)));
typedef double d8 __attribute__((vector_size(64)));

static NOINLINE i8 select(i8 a, i8 b)
{
	return ((a > b) & a * 2) | (~(a > b) & b - 1);
}

static NOINLINE d8 large_vector(d8 a, double by)
{
	return a * by + 1.0;
}

RUN_EXPORT uint32_t vectors(uint32_t x)
{
	i8 a = {(int)x, 2, -3, 4, -5, 6, 7, 8}, b = select(a, a << 1);
	u4 c = {x, x >> 3, 7, 9}, d = c / (u4){3, 5, 7, 2} + c % 10;
	f4 f = __builtin_convertvector(c >> 8, f4) * 0.5f;
	s3 s = {1, 2, (short)x};
	e4 e = {f[0], 2, 3, 4};
	d8 g = large_vector((d8){1, 2, 3, 4, 5, 6, 7, (double)(x % 99)}, 2);

	s = s.zyx + (short)1;
	e.xy = e.wz * 2.0f;
	return (uint32_t)(__builtin_reduce_add(b) + __builtin_reduce_max(a) * 3 + __builtin_reduce_xor(b)) +
	       d[x & 3] + (uint32_t)f[1] + (uint32_t)s.x + (uint32_t)e.x + (uint32_t)e.hi[0] +
	       (uint32_t)__builtin_elementwise_min(c, d)[2] + (uint32_t)__builtin_elementwise_abs(a)[x & 7] +
	       (uint32_t)__builtin_elementwise_popcount(c)[0] + (uint32_t)(g[7] + g[x & 7]) +
	       (uint32_t)(f[0] != f[0]);
}

struct small {
	short a, b, c;
};
struct large {
	uint32_t a[9];
};

static NOINLINE uint32_t gather(const char *kinds, ...)
{
	va_list list, second;
	uint32_t sum = 0;

	va_start(list, kinds);
	for (; *kinds; kinds++) {
		va_copy(second, list);
		switch (*kinds) {
		case 's':
			sum = sum * 3 + (uint32_t)va_arg(list, struct small).c;
			sum += (uint32_t)va_arg(second, struct small).a;
			break;
		case 'l':
			sum = sum * 5 + va_arg(list, struct large).a[8];
			sum += va_arg(second, struct large).a[0];
			break;
		case 'c':
			sum += (uint32_t)(int)__imag__ va_arg(list, _Complex double);
			break;
		case 'L':
			sum += (uint32_t)(int)va_arg(list, long double);
			break;
		case 'q':
			sum += (uint32_t)va_arg(list, uint64_t);
			break;
		}
		va_end(second);
	}
	va_end(list);
	return sum;
}

RUN_EXPORT uint32_t variadic(uint32_t x)
{
	const struct small s = {(short)x, 2, 3};
	const struct large l = {{x, 1, 2, 3, 4, 5, 6, 7, 8}};

	return gather("slcLqsL", s, l, 1.0 + (x % 9) * 1.0i, (long double)(x % 1000) * 3, (uint64_t)x * x, s,
	              5.0L);
}

__attribute__((naked, noinline)) static uint32_t bare(uint32_t x)
{
	__asm__("leal 3(%rdi,%rdi), %eax\n\tretq");
}

static uint32_t renamed(uint32_t x) __asm__("another_name");
static NOINLINE uint32_t renamed(uint32_t x)
{
	return x ^ 0x55;
}

RUN_EXPORT uint32_t assembly(uint32_t x)
{
	register uint32_t fixed __asm__("esi") = x;
	uint32_t low, high = 7;

	__asm__("addl $3, %0" : "+r"(fixed) : : "cc");
	__asm__("mull %3" : "=a"(low), "=d"(high) : "a"(x), "r"(77) : "cc");
	__asm__ volatile("" : : : "memory");
	return bare(x) + renamed(x) + fixed + low + high;
}

RUN_MAIN({division}, {overflow}, {builtins}, {floating}, {scopes}, {attributes}, {symbols}, {constructors},
         {vectors}, {variadic}, {assembly})
