/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What clang calls for 128-bit integers (names and meanings as in compiler-rt
 * and libgcc). Written with 64-bit halves, so that nothing here needs a call
 * of what it defines. Division by zero raises the CPU's divide error.
 */
#include <stdbool.h>
#include <stdint.h>

typedef __int128 ti;
typedef unsigned __int128 tu;

union parts {
	tu all;
	struct {
		uint64_t low, high;
	};
};

ti __ashlti3(ti value, int bits);
ti __ashrti3(ti value, int bits);
ti __lshrti3(ti value, int bits);
ti __multi3(ti a, ti b);
ti __muloti4(ti a, ti b, int *overflow);
tu __udivmodti4(tu a, tu b, tu *rest);
tu __udivti3(tu a, tu b);
tu __umodti3(tu a, tu b);
ti __divti3(ti a, ti b);
ti __modti3(ti a, ti b);
ti __divmodti4(ti a, ti b, ti *rest);
int __popcountsi2(int value);
int __popcountdi2(long long value);
int __popcountti2(ti value);
int __clzti2(ti value);
int __ctzti2(ti value);
double __floattidf(ti value);
float __floattisf(ti value);
double __floatuntidf(tu value);
float __floatuntisf(tu value);
ti __fixdfti(double value);
ti __fixsfti(float value);
tu __fixunsdfti(double value);
tu __fixunssfti(float value);

ti __ashlti3(ti value, int bits)
{
	union parts parts = {.all = (tu)value};

	if (bits >= 64) {
		parts.high = parts.low << (bits & 63);
		parts.low = 0;
	} else if (bits) {
		parts.high = parts.high << bits | parts.low >> (64 - bits);
		parts.low <<= bits;
	}
	return (ti)parts.all;
}

ti __lshrti3(ti value, int bits)
{
	union parts parts = {.all = (tu)value};

	if (bits >= 64) {
		parts.low = parts.high >> (bits & 63);
		parts.high = 0;
	} else if (bits) {
		parts.low = parts.low >> bits | parts.high << (64 - bits);
		parts.high >>= bits;
	}
	return (ti)parts.all;
}

ti __ashrti3(ti value, int bits)
{
	union parts parts = {.all = (tu)value};
	const int64_t high = (int64_t)parts.high;

	if (bits >= 64) {
		parts.low = (uint64_t)(high >> (bits & 63));
		parts.high = (uint64_t)(high >> 63);
	} else if (bits) {
		parts.low = parts.low >> bits | parts.high << (64 - bits);
		parts.high = (uint64_t)(high >> bits);
	}
	return (ti)parts.all;
}

static inline tu multiply(uint64_t a, uint64_t b)
{
	union parts product;

	__asm__("mulq %3" : "=a"(product.low), "=d"(product.high) : "a"(a), "r"(b) : "cc");
	return product.all;
}

/* (high:low) / divisor, high < divisor */
static inline uint64_t divide(uint64_t high, uint64_t low, uint64_t divisor, uint64_t *rest)
{
	uint64_t quotient;

	__asm__("divq %4" : "=a"(quotient), "=d"(*rest) : "a"(low), "d"(high), "r"(divisor) : "cc");
	return quotient;
}

ti __multi3(ti a, ti b)
{
	const union parts x = {.all = (tu)a}, y = {.all = (tu)b};
	union parts product = {.all = multiply(x.low, y.low)};

	product.high += x.low * y.high + x.high * y.low;
	return (ti)product.all;
}

static inline tu magnitude(ti value)
{
	return value < 0 ? -(tu)value : (tu)value;
}

/* |a| * |b|, and whether it exceeds 128 bits. */
static tu multiply_checked(tu a, tu b, bool *over)
{
	const union parts x = {.all = a}, y = {.all = b};
	const union parts one = {.all = multiply(x.high, y.low)}, two = {.all = multiply(x.low, y.high)};
	union parts product = {.all = multiply(x.low, y.low)};

	*over = (x.high && y.high) || one.high || two.high;
	*over |= __builtin_add_overflow(product.high, one.low, &product.high);
	*over |= __builtin_add_overflow(product.high, two.low, &product.high);
	return product.all;
}

ti __muloti4(ti a, ti b, int *overflow)
{
	const bool negative = (a < 0) != (b < 0);
	const tu limit = ((tu)1 << 127) - !negative;
	bool over;
	const tu product = multiply_checked(magnitude(a), magnitude(b), &over);

	*overflow = over || product > limit;
	return (ti)(negative ? -product : product);
}

/* A divisor of more than 64 bits: the quotient has 64 bits at most (Warren, Hacker's Delight, section 9-5).
 */
static uint64_t divide_by_long(tu a, tu b, tu *rest)
{
	const union parts divisor = {.all = b};
	const int shift = __builtin_clzll(divisor.high);
	const union parts normal = {.all = (tu)__ashlti3((ti)b, shift)};
	const union parts half = {.all = (tu)__lshrti3((ti)a, 1)};
	uint64_t unused, quotient = divide(half.high, half.low, normal.high, &unused);

	quotient = (uint64_t)(quotient >> (63 - shift));
	if (quotient)
		quotient--; /* now right, or one too small */
	*rest = a - (tu)__multi3((ti)(tu)quotient, (ti)b);
	if (*rest >= b) {
		quotient++;
		*rest -= b;
	}
	return quotient;
}

tu __udivmodti4(tu a, tu b, tu *rest)
{
	const union parts dividend = {.all = a}, divisor = {.all = b};
	union parts quotient = {.all = 0}, remainder = {.all = 0};

	if (divisor.high) {
		quotient.low = divide_by_long(a, b, &remainder.all);
	} else {
		uint64_t high = dividend.high;

		if (high >= divisor.low)
			quotient.high = divide(0, high, divisor.low, &high);
		quotient.low = divide(high, dividend.low, divisor.low, &remainder.low);
	}
	if (rest)
		*rest = remainder.all;
	return quotient.all;
}

tu __udivti3(tu a, tu b)
{
	return __udivmodti4(a, b, (tu *)0);
}

tu __umodti3(tu a, tu b)
{
	tu rest;

	__udivmodti4(a, b, &rest);
	return rest;
}

ti __divmodti4(ti a, ti b, ti *rest)
{
	tu remainder;
	const tu quotient = __udivmodti4(magnitude(a), magnitude(b), &remainder);

	*rest = (ti)(a < 0 ? -remainder : remainder);
	return (ti)((a < 0) != (b < 0) ? -quotient : quotient);
}

ti __divti3(ti a, ti b)
{
	ti rest;

	return __divmodti4(a, b, &rest);
}

ti __modti3(ti a, ti b)
{
	ti rest;

	__divmodti4(a, b, &rest);
	return rest;
}

/* ---- Bits ------------------------------------------------------------------ */

int __popcountdi2(long long value)
{
	uint64_t v = (uint64_t)value;

	v -= v >> 1 & 0x5555555555555555;
	v = (v & 0x3333333333333333) + (v >> 2 & 0x3333333333333333);
	v = (v + (v >> 4)) & 0x0f0f0f0f0f0f0f0f;
	return (int)(v * 0x0101010101010101 >> 56);
}

int __popcountsi2(int value)
{
	return __popcountdi2((uint32_t)value);
}

int __popcountti2(ti value)
{
	const union parts parts = {.all = (tu)value};

	return __popcountdi2((long long)parts.low) + __popcountdi2((long long)parts.high);
}

int __clzti2(ti value)
{
	const union parts parts = {.all = (tu)value};

	return parts.high ? __builtin_clzll(parts.high) : 64 + __builtin_clzll(parts.low);
}

int __ctzti2(ti value)
{
	const union parts parts = {.all = (tu)value};

	return parts.low ? __builtin_ctzll(parts.low) : 64 + __builtin_ctzll(parts.high);
}

/* ---- Floating point ---------------------------------------------------------- */

/*
 * The value as at most 64 bits, the lowest of which also stands for all that
 * were cut off ("sticky"), times 2^*shift: converting it rounds once, and as
 * the whole value would.
 */
static uint64_t reduce(tu value, int *shift)
{
	const union parts parts = {.all = value};

	*shift = 0;
	if (!parts.high)
		return parts.low;
	*shift = 64 - __builtin_clzll(parts.high);
	const union parts kept = {.all = (tu)__lshrti3((ti)value, *shift)};
	const uint64_t cut = *shift == 64 ? parts.low : parts.low << (64 - *shift);

	return kept.low | (cut != 0);
}

/* 2^shift, shift 0 … 64 */
static inline double power_of_2(int shift)
{
	const uint64_t bits = (uint64_t)(1023 + shift) << 52;
	double power;

	__builtin_memcpy(&power, &bits, sizeof(power));
	return power;
}

double __floatuntidf(tu value)
{
	int shift;
	const uint64_t reduced = reduce(value, &shift);

	return (double)reduced * power_of_2(shift);
}

/* 2^128 - 1 rounds to infinity here: (float)2^64 * 2^64. */
float __floatuntisf(tu value)
{
	int shift;
	const uint64_t reduced = reduce(value, &shift);

	return (float)reduced * (float)power_of_2(shift);
}

double __floattidf(ti value)
{
	return value < 0 ? -__floatuntidf(magnitude(value)) : __floatuntidf((tu)value);
}

float __floattisf(ti value)
{
	return value < 0 ? -__floatuntisf(magnitude(value)) : __floatuntisf((tu)value);
}

/* The whole part of |value|, saturated at 2^128 - 1; *negative its sign. NaN gives 0. */
static tu truncate(double value, bool *negative)
{
	uint64_t bits;
	int exponent;

	__builtin_memcpy(&bits, &value, sizeof(bits));
	*negative = bits >> 63;
	exponent = (int)(bits >> 52 & 0x7ff) - 1023;
	bits = (bits & 0xfffffffffffff) | 1ull << 52;
	if (value != value || exponent < 0)
		return 0;
	if (exponent >= 128)
		return ~(tu)0;
	if (exponent <= 52)
		return bits >> (52 - exponent);
	return (tu)__ashlti3((ti)(tu)bits, exponent - 52);
}

ti __fixdfti(double value)
{
	const tu most = ~(tu)0 >> 1;
	bool negative;
	const tu whole = truncate(value, &negative);

	if (negative)
		return whole > most ? (ti)(most + 1) : -(ti)whole;
	return (ti)(whole > most ? most : whole);
}

tu __fixunsdfti(double value)
{
	bool negative;
	const tu whole = truncate(value, &negative);

	return negative ? 0 : whole;
}

ti __fixsfti(float value)
{
	return __fixdfti(value);
}

tu __fixunssfti(float value)
{
	return __fixunsdfti(value);
}
