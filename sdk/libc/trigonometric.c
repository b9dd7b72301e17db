/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Trigonometric functions. Angles are reduced with as many bits of 2/pi as
 * they need (M. H. Payne, R. N. Hanek, "Radian reduction for trigonometric
 * functions", 1983), so results are within 0.7 units in the last place for every
 * argument.
 */
#include <math.h>
#include <stdbool.h>
#include <stdint.h>

#include "double_double.h"

#define SMALL 0.78 /* below pi/4: needs no reduction */

static const struct dd pi = {0x1.921fb54442d18p+1, 0x1.1a62633145c07p-53};
static const struct dd half_pi = {0x1.921fb54442d18p+0, 0x1.1a62633145c07p-54};

/* The first bits of 2/pi after the point: as many as the largest double can meet, and 192 more. */
static const uint64_t two_per_pi[] = {
    0xa2f9836e4e441529, 0xfc2757d1f534ddc0, 0xdb6295993c439041, 0xfe5163abdebbc561, 0xb7246e3a424dd2e0,
    0x06492eea09d1921c, 0xfe1deb1cb129a73e, 0xe88235f52ebb4484, 0xe99c7026b45f7e41, 0x3991d639835339f4,
    0x9c845f8bbdf9283b, 0x1ff897ffde05980f, 0xef2f118b5a0a6d1f, 0x6d367ecf27cb09b7, 0x4f463f669e5fea2d,
    0x7527bac7ebe5f17b, 0x3d0739f78a5292ea, 0x6bfb5fb11f8d5d08, 0x56033046fc7b6bab};

/* 64 bits of 2/pi, the first of which stands for 2^-(skip + 1). */
static uint64_t bits_after(int skip)
{
	const int word = skip / 64, shift = skip % 64;

	return shift == 0 ? two_per_pi[word]
	                  : two_per_pi[word] << shift | two_per_pi[word + 1] >> (64 - shift);
}

/* high 2^-64 + low 2^-128 */
static struct dd dd_of_fraction(int64_t high, uint64_t low)
{
	const double first = (double)(high >> 32) * 0x1p-32, second = (double)(uint32_t)high * 0x1p-64;

	return dd_add(dd_sum(first, second), dd_from((double)low * 0x1p-128));
}

/* x - q pi/2, between -pi/4 and pi/4; returns q modulo 4. 0.78 <= |x| < infinity. */
static int reduce(double x, struct dd *rest)
{
	int exponent;
	const uint64_t m = (uint64_t)(frexp(fabs(x), &exponent) * 0x1p53);

	/* |x| = m 2^exponent. Bits of 2/pi that make multiples of 4 are left out. */
	exponent -= 53;
	const int skip = exponent > 2 ? exponent - 2 : 0;
	uint64_t product[4] = {0}; /* least significant first */
	unsigned __int128 carry = 0;

	for (int i = 0; i < 3; i++) {
		carry += (unsigned __int128)m * bits_after(skip + 64 * (2 - i));
		product[i] = (uint64_t)carry;
		carry >>= 64;
	}
	product[3] = (uint64_t)carry;
	/* Now |x| 2/pi = product 2^-point: shift so that the point comes before the top two bits of 256. */
	const int shift = 254 - (skip + 192 - exponent);
	const int words = shift / 64, bits = shift % 64;
	uint64_t top[3];

	for (int i = 0; i < 3; i++) {
		const int at = 3 - i - words;
		const uint64_t low = at >= 1 ? product[at - 1] : 0;

		top[i] = at < 0 ? 0 : bits == 0 ? product[at] : product[at] << bits | low >> (64 - bits);
	}
	/* Two bits of quadrant, then the fraction; from a half on it belongs to the next quadrant. */
	int quadrant = (int)(top[0] >> 62);
	const int64_t high = (int64_t)(top[0] << 2 | top[1] >> 62);

	quadrant += high < 0;
	*rest = dd_multiply(dd_of_fraction(high, top[1] << 2 | top[2] >> 62), half_pi);
	if (signbit(x)) {
		*rest = dd_negative(*rest);
		quadrant = -quadrant;
	}
	return quadrant & 3;
}

/* sin and cos of |r| <= pi/4 + a little, each with an error below 2^-56. */
static struct dd sin_core(struct dd r)
{
	const double x = r.high;
	const struct dd square = dd_product(x, x), cube = dd_multiply(square, dd_from(x));
	const double z = square.high;
	const double series =
	    1.0 / 120 +
	    z * (-1.0 / 5040 + z * (1.0 / 362880 + z * (-1.0 / 39916800 +
	                                                z * (1.0 / 6227020800 + z * (-1.0 / 1307674368000 +
	                                                                             z / 355687428096000)))));
	const double rest = cube.high * z * series - cube.low / 6 + r.low * (1 - z / 2);

	return dd_fast_sum(x, rest - cube.high / 6);
}

static struct dd cos_core(struct dd r)
{
	const double x = r.high;
	const struct dd square = dd_product(x, x);
	const double z = square.high;
	const double series =
	    1.0 / 24 +
	    z * (-1.0 / 720 +
	         z * (1.0 / 40320 + z * (-1.0 / 3628800 + z * (1.0 / 479001600 + z * (-1.0 / 87178291200 +
	                                                                              z / 20922789888000)))));
	const struct dd start = dd_fast_sum(1, -z / 2);

	return dd_fast_sum(start.high, start.low - square.low / 2 + (z * z * series - x * r.low));
}

static int reduced(double x, struct dd *rest)
{
	if (fabs(x) >= SMALL)
		return reduce(x, rest);
	*rest = dd_from(x);
	return 0;
}

/* sin(x + turns * pi/2) */
static double sin_turned(double x, int turns)
{
	struct dd rest;

	if (!isfinite(x))
		return x - x;
	turns += reduced(x, &rest);
	const double value = turns & 1 ? cos_core(rest).high : sin_core(rest).high;

	return turns & 2 ? -value : value;
}

double sin(double x)
{
	return fabs(x) < 0x1p-27 ? x : sin_turned(x, 0);
}

double cos(double x)
{
	return sin_turned(x, 1);
}

double tan(double x)
{
	struct dd rest;

	if (!isfinite(x))
		return x - x;
	if (fabs(x) < 0x1p-27)
		return x;
	const bool odd = reduced(x, &rest) & 1;
	const struct dd sine = sin_core(rest), cosine = cos_core(rest);

	return odd ? dd_divide(dd_negative(cosine), sine).high : dd_divide(sine, cosine).high;
}

/*
 * The angle whose tangent is y/x, for 0 <= y <= x: its quarter by halving twice
 * and a short series, good for 2^-28; the rest is the small angle that remains after
 * turning (x, y) back by that.
 */
static struct dd octant_angle(struct dd y, struct dd x)
{
	double t = y.high / x.high;

	t = t / (1 + sqrt(1 + t * t));
	t = t / (1 + sqrt(1 + t * t));
	const double z = t * t;
	const double first = 4 * t * (1 - z * (1.0 / 3 - z * (1.0 / 5 - z * (1.0 / 7 - z / 9))));
	const struct dd sine = sin_core(dd_from(first)), cosine = cos_core(dd_from(first));
	const struct dd across = dd_add(dd_multiply(y, cosine), dd_negative(dd_multiply(x, sine)));

	return dd_fast_sum(first, across.high / (x.high * cosine.high + y.high * sine.high));
}

/* The angle of (x, y) with y >= 0, not both 0. */
static double half_plane_angle(struct dd y, struct dd x)
{
	const struct dd size = x.high < 0 ? dd_negative(x) : x;
	struct dd angle;

	if (y.high <= size.high)
		angle = octant_angle(y, size);
	else
		angle = dd_add(half_pi, dd_negative(octant_angle(size, y)));
	if (x.high < 0)
		angle = dd_add(pi, dd_negative(angle));
	return angle.high;
}

/* C11 F.10.1.4, arguments that are 0 or infinite. */
static double angle_of_extremes(double y, double x)
{
	double angle;

	if (isinf(y))
		angle = isinf(x) ? (x > 0 ? pi.high / 4 : 3 * (pi.high / 4)) : half_pi.high;
	else if (isinf(x) || y == 0)
		angle = signbit(x) ? pi.high : 0;
	else
		angle = half_pi.high;
	return copysign(angle, y);
}

double atan2(double y, double x)
{
	int y_exponent, x_exponent;

	if (isnan(x) || isnan(y))
		return x + y;
	if (x == 0 || y == 0 || isinf(x) || isinf(y))
		return angle_of_extremes(y, x);
	const double height = frexp(fabs(y), &y_exponent), width = frexp(x, &x_exponent);
	const int lead = y_exponent - x_exponent;

	if (lead > 60)
		return copysign(half_pi.high, y);
	if (lead < -60)
		return x > 0 ? y / x : copysign(pi.high, y);
	return copysign(half_plane_angle(dd_from(ldexp(height, lead)), dd_from(width)), y);
}

double atan(double x)
{
	return fabs(x) < 0x1p-27 ? x : atan2(x, 1);
}

/* The root of 1 - x^2. */
static struct dd co_side(double x)
{
	return dd_root(dd_multiply(dd_sum(1, -x), dd_sum(1, x)));
}

double asin(double x)
{
	const double size = fabs(x);

	if (!(size <= 1))
		return (double)NAN;
	if (size < 0x1p-27)
		return x;
	return copysign(half_plane_angle(dd_from(size), co_side(x)), x);
}

double acos(double x)
{
	if (!(fabs(x) <= 1))
		return (double)NAN;
	return half_plane_angle(co_side(x), dd_from(x));
}
