/* SPDX-License-Identifier: Apache-2.0 */
/* Functions of math.h with exact or correctly rounded results. */
#include <emmintrin.h>
#include <math.h>
#include <stdint.h>

#define FRACTION_BITS 52
#define HIDDEN (1ull << FRACTION_BITS)
#define BIAS 1023

static inline uint64_t bits_of(double x)
{
	uint64_t bits;

	__builtin_memcpy(&bits, &x, sizeof(bits));
	return bits;
}

static inline double double_of(uint64_t bits)
{
	double x;

	__builtin_memcpy(&x, &bits, sizeof(x));
	return x;
}

double fabs(double x)
{
	return double_of(bits_of(x) & ~(1ull << 63));
}

double copysign(double x, double y)
{
	return double_of((bits_of(x) & ~(1ull << 63)) | (bits_of(y) & 1ull << 63));
}

/* Cuts the bits of the fraction that stand for less than one. NaN and infinities come back. */
double trunc(double x)
{
	const uint64_t bits = bits_of(x);
	const int exponent = (int)(bits >> FRACTION_BITS & 0x7ff) - BIAS;

	if (exponent >= FRACTION_BITS)
		return x + 0.0 * (x != x); /* a signalling NaN becomes quiet */
	if (exponent < 0)
		return double_of(bits & 1ull << 63);
	return double_of(bits & ~((HIDDEN - 1) >> exponent));
}

double floor(double x)
{
	const double whole = trunc(x);

	return whole > x ? copysign(whole - 1, x) : whole;
}

double ceil(double x)
{
	const double whole = trunc(x);

	return whole < x ? copysign(whole + 1, x) : whole;
}

/* |x| - |trunc(x)| is exact. */
double round(double x)
{
	const double whole = trunc(x);

	return fabs(x - whole) >= 0.5 ? whole + copysign(1, x) : whole;
}

double rint(double x)
{
	const double whole = trunc(x), rest = fabs(x - whole);

	if (rest > 0.5 || (rest == 0.5 && fmod(whole, 2) != 0))
		return whole + copysign(1, x);
	return whole;
}

double nearbyint(double x)
{
	return rint(x);
}

double fmin(double x, double y)
{
	return x != x || y < x ? y : x;
}

double fmax(double x, double y)
{
	return x != x || y > x ? y : x;
}

double sqrt(double x)
{
	const __m128d value = _mm_set_sd(x);

	return _mm_cvtsd_f64(_mm_sqrt_sd(value, value));
}

/* A number that is finite and not 0, as mantissa (its top bit at FRACTION_BITS) and exponent. */
static uint64_t take_apart(uint64_t bits, int *exponent)
{
	uint64_t mantissa = bits & (HIDDEN - 1);
	int shift;

	*exponent = (int)(bits >> FRACTION_BITS & 0x7ff);
	if (*exponent)
		return mantissa | HIDDEN;
	shift = __builtin_clzll(mantissa) - (63 - FRACTION_BITS);
	*exponent = 1 - shift;
	return mantissa << shift;
}

double fmod(double x, double y)
{
	const uint64_t sign = bits_of(x) & 1ull << 63;
	int x_exponent, y_exponent;
	uint64_t rest, divisor;

	if (x != x || y != y || isinf(x) || y == 0)
		return (x * y) / (x * y);
	if (fabs(x) < fabs(y) || x == 0)
		return x;
	rest = take_apart(bits_of(x), &x_exponent);
	divisor = take_apart(bits_of(y), &y_exponent);
	rest %= divisor;
	/* Eleven bits at a time: rest < 2^53. */
	for (int left = x_exponent - y_exponent; left > 0 && rest; left -= 11)
		rest = (rest << (left < 11 ? left : 11)) % divisor;
	if (!rest)
		return double_of(sign);
	/* rest * 2^(y_exponent - BIAS - FRACTION_BITS), which is exact also as a denormal. */
	const int shift = __builtin_clzll(rest) - (63 - FRACTION_BITS);

	if (y_exponent - shift > 0)
		return double_of(sign | ((rest << shift) - HIDDEN) |
		                 (uint64_t)(y_exponent - shift) << FRACTION_BITS);
	return double_of(sign | (y_exponent > 0 ? rest << (y_exponent - 1) : rest >> (1 - y_exponent)));
}

double frexp(double x, int *exponent)
{
	*exponent = 0;
	if (x == 0 || !isfinite(x))
		return x;
	const uint64_t mantissa = take_apart(bits_of(x), exponent);

	*exponent -= BIAS - 1;
	return copysign(double_of((mantissa - HIDDEN) | (uint64_t)(BIAS - 1) << FRACTION_BITS), x);
}

/* The steps down leave 53 bits of room, so that only the last one rounds. */
double ldexp(double x, int exponent)
{
	for (int i = 0; i < 3 && exponent > 1023; i++, exponent -= 1023)
		x *= 0x1p1023;
	for (int i = 0; i < 3 && exponent < -1022; i++, exponent += 969)
		x *= 0x1p-969;
	exponent = exponent > 1023 ? 1023 : exponent < -1022 ? -1022 : exponent;
	return x * double_of((uint64_t)(exponent + BIAS) << FRACTION_BITS);
}

double scalbn(double x, int exponent)
{
	return ldexp(x, exponent);
}

double modf(double x, double *whole)
{
	*whole = trunc(x);
	return copysign(isinf(x) ? 0 : x - *whole, x);
}

double fdim(double x, double y)
{
	return x <= y ? 0 : x - y;
}

/*
 * x - n y, n the nearest integer to x / y, even in a tie; and n's last three bits with the sign of x / y. All
 * of the subtractions are exact. Of a huge y, some multiples are infinite, and none is in `rest`.
 */
double remquo(double x, double y, int *quotient)
{
	const double size = fabs(y), half = size / 2;
	unsigned count = 0;

	*quotient = 0;
	if (isnan(y) || y == 0 || !isfinite(x))
		return (x * y) / (x * y);
	if (isinf(y))
		return x;
	double rest = fabs(size < 0x1p1021 ? fmod(x, 8 * size) : x);

	for (unsigned multiple = 4; multiple >= 2; multiple /= 2)
		if (rest >= multiple * size) {
			rest -= multiple * size;
			count += multiple;
		}
	/* Halving a denormal could round: then double the rest instead. */
	if (size < 0x1p-1021 ? rest + rest > size : rest > half) {
		rest -= size;
		count++;
		if (size < 0x1p-1021 ? rest + rest >= size : rest >= half) {
			rest -= size;
			count++;
		}
	}
	*quotient = signbit(x) != signbit(y) ? -(int)(count & 7) : (int)(count & 7);
	return signbit(x) ? -rest : rest;
}

double remainder(double x, double y)
{
	int quotient;

	return remquo(x, y, &quotient);
}

double nextafter(double x, double y)
{
	uint64_t bits = bits_of(x);

	if (isnan(x) || isnan(y))
		return x + y;
	if (x == y)
		return y;
	if (x == 0)
		return copysign(0x1p-1074, y);
	bits += (x < y) == (x > 0) ? 1 : UINT64_MAX;
	return double_of(bits);
}

/* long double is double. */
double nexttoward(double x, long double y)
{
	return nextafter(x, (double)y);
}

/* On the host, where the tests compile this, long has 64 bits. */
double scalbln(double x, long exponent)
{
	return ldexp(x, exponent > 10000 ? 10000 : exponent < -10000 ? -10000 : (int)exponent);
}

int ilogb(double x)
{
	int exponent;

	if (x == 0)
		return FP_ILOGB0;
	if (!isfinite(x))
		return isnan(x) ? FP_ILOGBNAN : INT32_MAX;
	frexp(x, &exponent);
	return exponent - 1;
}

double logb(double x)
{
	if (x == 0)
		return -HUGE_VAL;
	return isfinite(x) ? ilogb(x) : x * x;
}

/* Out of range, and of NaN: the smallest integer, as the processor gives it. */
static long long to_integer(double x)
{
	return fabs(x) < 0x1p63 ? (long long)x : INT64_MIN;
}

static long to_long(double x)
{
	return fabs(x) <= 0x1p31 && x < 0x1p31 ? (long)x : INT32_MIN;
}

long lround(double x)
{
	return to_long(round(x));
}

long lrint(double x)
{
	return to_long(rint(x));
}

long long llround(double x)
{
	return to_integer(round(x));
}

long long llrint(double x)
{
	return to_integer(rint(x));
}

double nan(const char *text)
{
	(void)text;
	return (double)NAN;
}
