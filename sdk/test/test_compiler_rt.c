/* SPDX-License-Identifier: Apache-2.0 */
/* What clang calls, against what the host's compiler does for the same operators. */
#include <complex.h>
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "native.h"

typedef __int128 ti;
typedef unsigned __int128 tu;

ti rft___ashlti3(ti, int);
ti rft___ashrti3(ti, int);
ti rft___lshrti3(ti, int);
ti rft___multi3(ti, ti);
ti rft___muloti4(ti, ti, int *);
tu rft___udivti3(tu, tu);
tu rft___umodti3(tu, tu);
ti rft___divti3(ti, ti);
ti rft___modti3(ti, ti);
int rft___popcountti2(ti);
int rft___clzti2(ti);
int rft___ctzti2(ti);
double rft___floattidf(ti);
float rft___floattisf(ti);
double rft___floatuntidf(tu);
float rft___floatuntisf(tu);
ti rft___fixdfti(double);
tu rft___fixunsdfti(double);
float rft___extendhfsf2(_Float16);
_Float16 rft___truncsfhf2(float);
_Float16 rft___truncdfhf2(double);
/* A __bf16, which the host's compiler may not know, comes in the same register. */
_Float16 rft___truncsfbf2(float);
_Float16 rft___truncdfbf2(double);
double rft___powidf2(double, int);
double _Complex rft___muldc3(double, double, double, double);
double _Complex rft___divdc3(double, double, double, double);
float _Complex rft___mulsc3(float, float, float, float);

/* Random values of all lengths, with the edges among them. */
static tu random_wide(void)
{
	tu value = (tu)native_random() << 64 | native_random();

	value >>= native_random() % 128;
	switch (native_random() % 8) {
	case 0:
		return ~value;
	case 1:
		return (tu)1 << native_random() % 128;
	case 2:
		return ((tu)1 << native_random() % 128) - 1;
	case 3:
		return -value;
	default:
		return value;
	}
}

Test(int128, arithmetic)
{
	for (int i = 0; i < 300000; i++) {
		const tu a = random_wide(), b = random_wide();
		const int bits = (int)(native_random() % 128);
		ti product;
		int overflow;

		cr_assert(rft___ashlti3((ti)a, bits) == (ti)(a << bits));
		cr_assert(rft___lshrti3((ti)a, bits) == (ti)(a >> bits));
		cr_assert(rft___ashrti3((ti)a, bits) == (ti)a >> bits);
		cr_assert((tu)rft___multi3((ti)a, (ti)b) == a * b);
		const bool expected = __builtin_mul_overflow((ti)a, (ti)b, &product);
		cr_assert(rft___muloti4((ti)a, (ti)b, &overflow) == product);
		cr_assert_eq(overflow != 0, expected);
		if (b) {
			cr_assert(rft___udivti3(a, b) == a / b);
			cr_assert(rft___umodti3(a, b) == a % b);
		}
		if (b && !((ti)b == -1 && a == (tu)1 << 127)) {
			cr_assert(rft___divti3((ti)a, (ti)b) == (ti)a / (ti)b);
			cr_assert(rft___modti3((ti)a, (ti)b) == (ti)a % (ti)b);
		}
		cr_assert_eq(rft___popcountti2((ti)a),
		             __builtin_popcountll((uint64_t)a) + __builtin_popcountll((uint64_t)(a >> 64)));
		if (a) {
			int leading = 0, trailing = 0;

			while (!(a << leading >> 127))
				leading++;
			while (!(a >> trailing & 1))
				trailing++;
			cr_assert_eq(rft___clzti2((ti)a), leading);
			cr_assert_eq(rft___ctzti2((ti)a), trailing);
		}
	}
}

Test(int128, floating_point)
{
	for (int i = 0; i < 300000; i++) {
		const tu a = random_wide();
		const uint64_t bits = native_random();
		double value;

		cr_assert(rft___floatuntidf(a) == (double)a);
		cr_assert(rft___floattidf((ti)a) == (double)(ti)a);
		cr_assert(rft___floattisf((ti)a) == (float)(ti)a);
		cr_assert(rft___floatuntisf(a) == (float)a);
		memcpy(&value, &bits, sizeof(value));
		value = copysign(ldexp(frexp(value, &(int){0}), (int)(native_random() % 127)), value);
		if (isfinite(value)) {
			cr_assert(rft___fixdfti(value) == (ti)value);
			cr_assert(rft___fixunsdfti(fabs(value)) == (tu)fabs(value));
		}
	}
	cr_assert(rft___fixdfti(INFINITY) == (ti)(~(tu)0 >> 1));
	cr_assert(rft___fixdfti(-1e300) == (ti)((tu)1 << 127));
	cr_assert(rft___fixunsdfti(-3) == 0);
	cr_assert(rft___fixdfti((double)NAN) == 0);
}

static bool same(double a, double b)
{
	return (isnan(a) && isnan(b)) || (a == b && signbit(a) == signbit(b)) ||
	       fabs(a - b) <= 4e-15 * fabs(b);
}

Test(complex, products_and_quotients)
{
	static const double values[] = {0,       -0.0,  1,        -2.5,      1e200,
	                                -1e-200, 3e307, INFINITY, -INFINITY, (double)NAN};
	enum { COUNT = sizeof(values) / sizeof(values[0]) };

	for (int i = 0; i < COUNT * COUNT * COUNT * COUNT; i++) {
		const double a = values[i % COUNT], b = values[i / COUNT % COUNT];
		const double c = values[i / COUNT / COUNT % COUNT], d = values[i / COUNT / COUNT / COUNT];
		const double _Complex mine = rft___muldc3(a, b, c, d), theirs = CMPLX(a, b) * CMPLX(c, d);

		cr_assert(same(creal(mine), creal(theirs)) && same(cimag(mine), cimag(theirs)),
		          "(%g,%g)*(%g,%g): (%g,%g), expected (%g,%g)", a, b, c, d, creal(mine), cimag(mine),
		          creal(theirs), cimag(theirs));
	}
	for (int i = 0; i < 20000; i++) {
		const double a = (double)(int64_t)native_random(), b = (double)(int64_t)native_random();
		const double c = (double)(int64_t)native_random(), d = (double)(int64_t)native_random();
		const double _Complex quotient = rft___divdc3(a, b, c, d);
		const double _Complex product = quotient * CMPLX(c, d);

		cr_assert(cabs(product - CMPLX(a, b)) <= 1e-14 * cabs(CMPLX(a, b)));
	}
	const double _Complex small = rft___divdc3(1e-300, 1e-300, 1e-300, 1e-300);

	cr_assert(creal(small) == 1 && cimag(small) == 0, "no underflow on the way");
	cr_assert(isinf(creal(rft___divdc3(1, 0, 0, 0))));
	cr_assert(creal(rft___divdc3(1, 1, INFINITY, 1)) == 0);
	cr_assert(isinf(creal(rft___divdc3(INFINITY, 0, 2, 1))));
	cr_assert(crealf(rft___mulsc3(1, 2, 3, 4)) == -5.0f);
}

Test(half, all_values_and_rounding)
{
	for (uint32_t bits = 0; bits < 0x10000; bits++) {
		const uint16_t pattern = (uint16_t)bits;
		_Float16 half;
		uint16_t back;

		memcpy(&half, &pattern, sizeof(half));
		const float mine = rft___extendhfsf2(half), theirs = (float)half;
		cr_assert((isnan(mine) && isnan(theirs)) || mine == theirs);
		const _Float16 again = rft___truncsfhf2(mine);
		memcpy(&back, &again, sizeof(back));
		cr_assert(isnan(mine) || back == pattern, "%04x comes back as %04x", pattern, back);
	}
	for (int i = 0; i < 400000; i++) {
		/* Doubles around the range of half precision, many of them near ties. */
		const double value = ldexp(1 + (double)(native_random() % 4096) / 2048 +
		                               (double)(native_random() % 3) * 0x1p-40,
		                           (int)(native_random() % 46) - 28);
		const _Float16 mine = rft___truncdfhf2(value), theirs = (_Float16)value;

		cr_assert(memcmp(&mine, &theirs, sizeof(mine)) == 0, "%a", value);
	}
}

static uint16_t bits_of_half(_Float16 value)
{
	uint16_t bits;

	memcpy(&bits, &value, sizeof(bits));
	return bits;
}

static double upper_half(uint32_t half)
{
	const uint32_t bits = half << 16;
	float value;

	memcpy(&value, &bits, sizeof(value));
	return (double)value;
}

/* The nearest of all, the even one of two: what is next to the largest counts as twice as much, not as
 * infinite. */
static uint16_t nearest_bfloat(double value)
{
	const double size = fabs(value);
	uint32_t low = 0, high = 0x7f80;

	while (high - low > 1) {
		const uint32_t middle = (low + high) / 2;

		if (upper_half(middle) <= size)
			low = middle;
		else
			high = middle;
	}
	const double above = high == 0x7f80 ? 0x1p128 : upper_half(high);
	const double to_low = size - upper_half(low), to_high = above - size;

	if (to_high < to_low || (to_high == to_low && low & 1))
		low = high;
	return (uint16_t)(low | (signbit(value) ? 0x8000 : 0));
}

Test(floating, bfloat)
{
	for (int i = 0; i < 200000; i++) {
		const uint64_t bits = native_random() >> (i % 3 == 0 ? 1 : 0);
		double value =
		    ldexp((double)(bits >> 40) + (double)(bits & 3) / 4, (int)(bits >> 8 & 0xff) - 150);

		if (i % 5 == 0) /* halves, and next to them */
			value = nextafter((upper_half((uint32_t)(bits >> 20) % 0x7f7f) +
			                   upper_half((uint32_t)(bits >> 20) % 0x7f7f + 1)) /
			                      2,
			                  (double)(int)(bits & 3) * 1e30);
		if (i & 1)
			value = -value;
		cr_assert_eq(bits_of_half(rft___truncdfbf2(value)), nearest_bfloat(value), "%a", value);
		cr_assert_eq(bits_of_half(rft___truncsfbf2((float)value)),
		             nearest_bfloat((double)(float)value), "%a", (double)(float)value);
	}
	cr_assert_eq(bits_of_half(rft___truncsfbf2(INFINITY)), 0x7f80);
	cr_assert_eq(bits_of_half(rft___truncdfbf2(-(double)INFINITY)), 0xff80);
	cr_assert_eq(bits_of_half(rft___truncdfbf2(1e300)), 0x7f80);
	cr_assert_eq(bits_of_half(rft___truncsfbf2(NAN)) & 0x7fc0, 0x7fc0);
	cr_assert_eq(bits_of_half(rft___truncdfbf2((double)NAN)) & 0x7fc0, 0x7fc0);
}

Test(powers, integer)
{
	cr_assert(rft___powidf2(2, 10) == 1024);
	cr_assert(rft___powidf2(2, -3) == 0.125);
	cr_assert(rft___powidf2(7, 0) == 1);
	cr_assert(rft___powidf2(-3, 3) == -27);
}
