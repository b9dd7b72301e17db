/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What clang calls for half precision and complex numbers and for
 * __builtin_powi (names and meanings as in compiler-rt).
 */
#include <stdbool.h>
#include <stdint.h>

float __extendhfsf2(_Float16 value);
_Float16 __truncsfhf2(float value);
_Float16 __truncdfhf2(double value);
__bf16 __truncsfbf2(float value);
__bf16 __truncdfbf2(double value);
double __powidf2(double base, int power);
float __powisf2(float base, int power);
float _Complex __mulsc3(float a, float b, float c, float d);
double _Complex __muldc3(double a, double b, double c, double d);
float _Complex __divsc3(float a, float b, float c, float d);
double _Complex __divdc3(double a, double b, double c, double d);

/* ---- Half precision: 1 sign, 5 exponent (bias 15), 10 fraction bits ------------ */

float __extendhfsf2(_Float16 value)
{
	uint16_t half;
	uint32_t bits;
	float result;

	__builtin_memcpy(&half, &value, sizeof(half));
	const uint32_t sign = (uint32_t)(half & 0x8000) << 16;
	const uint32_t exponent = half >> 10 & 0x1f;
	const uint32_t fraction = half & 0x3ff;

	if (exponent == 0x1f) { /* infinity, NaN (made quiet) */
		bits = 0x7f800000 | fraction << 13 | (fraction ? 0x400000 : 0);
	} else if (exponent) {
		bits = (exponent + 112) << 23 | fraction << 13;
	} else { /* denormal: fraction * 2^-24, exact in single precision */
		result = (float)fraction * 0x1p-24f;
		__builtin_memcpy(&bits, &result, sizeof(bits));
	}
	bits |= sign;
	__builtin_memcpy(&result, &bits, sizeof(result));
	return result;
}

/* A double's bits, rounded once to half precision: nearest, ties to even. */
static uint16_t half_from_double(uint64_t bits)
{
	const uint16_t sign = (uint16_t)(bits >> 48 & 0x8000);
	const int32_t exponent = (int32_t)(bits >> 52 & 0x7ff);
	uint64_t mantissa = (bits & 0xfffffffffffff) | 1ull << 52;
	int32_t shift = 42; /* 52 - 10 */
	uint64_t kept, dropped, half;

	if (exponent == 0x7ff)
		return (uint16_t)(sign | 0x7c00 |
		                  ((bits & 0xfffffffffffff) ? 0x200 | (bits >> 42 & 0x1ff) : 0));
	if (exponent > 1023 + 15)
		return sign | 0x7c00;
	if (exponent < 1023 - 14)
		shift += 1023 - 14 - exponent;
	if (shift > 53)
		return sign;
	kept = mantissa >> shift;
	dropped = mantissa & ((1ull << shift) - 1);
	half = 1ull << (shift - 1);
	if (dropped > half || (dropped == half && kept & 1))
		kept++;
	if (exponent >= 1023 - 14) /* the hidden bit adds one to the exponent */
		kept += (uint64_t)(exponent - (1023 - 14)) << 10;
	return (uint16_t)(sign | kept);
}

_Float16 __truncdfhf2(double value)
{
	uint64_t bits;
	uint16_t half;
	_Float16 result;

	__builtin_memcpy(&bits, &value, sizeof(bits));
	half = half_from_double(bits);
	__builtin_memcpy(&result, &half, sizeof(result));
	return result;
}

/* A single is a double without loss, so this rounds once too. */
_Float16 __truncsfhf2(float value)
{
	return __truncdfhf2(value);
}

/* ---- bfloat16: the upper half of a single ------------------------------------------ */

static __bf16 round_to_upper_half(uint32_t bits)
{
	const uint32_t lost = bits << 16, upper = bits >> 16;
	uint16_t half = (uint16_t)(upper + (lost > 0x80000000 || (lost == 0x80000000 && upper & 1)));
	__bf16 result;

	if ((bits & 0x7fffffff) > 0x7f800000) /* NaN, made quiet */
		half = (uint16_t)(upper | 0x40);
	__builtin_memcpy(&result, &half, sizeof(result));
	return result;
}

__bf16 __truncsfbf2(float value)
{
	uint32_t bits;

	__builtin_memcpy(&bits, &value, sizeof(bits));
	return round_to_upper_half(bits);
}

/* One rounding: on the way, a single that is not exact gets an odd last bit, so that it is never taken for a
 * tie. */
__bf16 __truncdfbf2(double value)
{
	const float near = (float)value;
	uint32_t bits;

	__builtin_memcpy(&bits, &near, sizeof(bits));
	if ((double)near != value && value == value) {
		if (__builtin_fabs((double)near) > __builtin_fabs(value))
			bits--;
		bits |= 1;
	}
	return round_to_upper_half(bits);
}

/* ---- Powers ---------------------------------------------------------------------- */

double __powidf2(double base, int power)
{
	double result = 1;

	for (unsigned int rest = power < 0 ? -(unsigned int)power : (unsigned int)power; rest; rest >>= 1) {
		if (rest & 1)
			result *= base;
		base *= base;
	}
	return power < 0 ? 1 / result : result;
}

float __powisf2(float base, int power)
{
	float result = 1;

	for (unsigned int rest = power < 0 ? -(unsigned int)power : (unsigned int)power; rest; rest >>= 1) {
		if (rest & 1)
			result *= base;
		base *= base;
	}
	return power < 0 ? 1 / result : result;
}

/* ---- Complex numbers (C11 annex G.5.1) ---------------------------------------------- */

/* 1 or 0 with the sign of `value`, for infinite and other parts of an infinite operand. */
static inline double box(double value)
{
	return __builtin_copysign(__builtin_isinf(value) ? 1 : 0, value);
}

static inline double zero_if_nan(double value)
{
	return __builtin_isnan(value) ? __builtin_copysign(0, value) : value;
}

static inline bool is_infinite(double real, double imaginary)
{
	return __builtin_isinf(real) || __builtin_isinf(imaginary);
}

/* What a product is whose plain computation gave NaN + NaN i, though an operand is infinite. */
static bool recover_product(double *a, double *b, double *c, double *d, bool overflowed)
{
	bool recovered = false;

	if (is_infinite(*a, *b)) {
		*a = box(*a);
		*b = box(*b);
		*c = zero_if_nan(*c);
		*d = zero_if_nan(*d);
		recovered = true;
	}
	if (is_infinite(*c, *d)) {
		*c = box(*c);
		*d = box(*d);
		*a = zero_if_nan(*a);
		*b = zero_if_nan(*b);
		recovered = true;
	}
	if (!recovered && overflowed) {
		*a = zero_if_nan(*a);
		*b = zero_if_nan(*b);
		*c = zero_if_nan(*c);
		*d = zero_if_nan(*d);
		recovered = true;
	}
	return recovered;
}

static inline double _Complex make(double real, double imaginary)
{
	double _Complex result;

	__real__ result = real;
	__imag__ result = imaginary;
	return result;
}

double _Complex __muldc3(double a, double b, double c, double d)
{
	const double ac = a * c, bd = b * d, ad = a * d, bc = b * c;
	const double real = ac - bd, imaginary = ad + bc;
	const bool overflowed = is_infinite(ac, bd) || is_infinite(ad, bc);

	if (__builtin_isnan(real) && __builtin_isnan(imaginary) &&
	    recover_product(&a, &b, &c, &d, overflowed)) {
		const double infinity = __builtin_inf();

		return make(infinity * (a * c - b * d), infinity * (a * d + b * c));
	}
	return make(real, imaginary);
}

float _Complex __mulsc3(float a, float b, float c, float d)
{
	const float ac = a * c, bd = b * d, ad = a * d, bc = b * c;
	const bool overflowed = is_infinite(ac, bd) || is_infinite(ad, bc);
	double w = a, x = b, y = c, z = d;
	float _Complex result;

	__real__ result = ac - bd;
	__imag__ result = ad + bc;
	if (__builtin_isnan(ac - bd) && __builtin_isnan(ad + bc) &&
	    recover_product(&w, &x, &y, &z, overflowed)) {
		__real__ result = __builtin_inff() * (float)(w * y - x * z);
		__imag__ result = __builtin_inff() * (float)(w * z + x * y);
	}
	return result;
}

/* The exponent of a finite number that is not 0; anything at all for others. */
static int exponent_of(double value)
{
	uint64_t bits;

	__builtin_memcpy(&bits, &value, sizeof(bits));
	return (int)(bits >> 52 & 0x7ff) - 1023;
}

/* value * 2^power, |power| < 2100, in steps that do not overflow on their own */
static double scale(double value, int power)
{
	while (power) {
		const int step = power > 1000 ? 1000 : power < -1000 ? -1000 : power;
		const uint64_t bits = (uint64_t)(1023 + step) << 52;
		double factor;

		__builtin_memcpy(&factor, &bits, sizeof(factor));
		value *= factor;
		power -= step;
	}
	return value;
}

static inline bool is_finite(double real, double imaginary)
{
	return __builtin_isfinite(real) && __builtin_isfinite(imaginary);
}

double _Complex __divdc3(double a, double b, double c, double d)
{
	const double larger = __builtin_fabs(c) > __builtin_fabs(d) ? __builtin_fabs(c) : __builtin_fabs(d);
	int power = 0;

	if (larger != 0 && __builtin_isfinite(larger)) {
		power = exponent_of(larger);
		c = scale(c, -power);
		d = scale(d, -power);
	}
	const double norm = c * c + d * d;
	double real = scale((a * c + b * d) / norm, -power);
	double imaginary = scale((b * c - a * d) / norm, -power);

	if (!__builtin_isnan(real) || !__builtin_isnan(imaginary))
		return make(real, imaginary);
	if (norm == 0 && (!__builtin_isnan(a) || !__builtin_isnan(b))) {
		const double infinity = __builtin_copysign(__builtin_inf(), c);

		return make(infinity * a, infinity * b);
	}
	if (is_infinite(a, b) && is_finite(c, d)) {
		a = box(a);
		b = box(b);
		return make(__builtin_inf() * (a * c + b * d), __builtin_inf() * (b * c - a * d));
	}
	if (__builtin_isinf(larger) && is_finite(a, b)) {
		c = box(c);
		d = box(d);
		return make(0 * (a * c + b * d), 0 * (b * c - a * d));
	}
	return make(real, imaginary);
}

/* Singles divide as doubles: no over- or underflow on the way, and rounded closer than asked for. */
float _Complex __divsc3(float a, float b, float c, float d)
{
	const double _Complex quotient = __divdc3(a, b, c, d);
	float _Complex result;

	__real__ result = (float)__real__ quotient;
	__imag__ result = (float)__imag__ quotient;
	return result;
}
