/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Exponentials, logarithms, powers and hyperbolic functions. All of them come
 * from two cores that give 65 bits or more: e^r - 1 for small r, and its inverse by
 * one step of Halley's method. What is left is the last rounding to double, so
 * that results are within 0.51 units in the last place (0.6 for pow where
 * it comes near to overflow; 1 for denormal results, which are rounded twice).
 */
#include <math.h>
#include <stdbool.h>
#include <stdint.h>

#include "double_double.h"

#define LN2_HIGH 0x1.62e42feep-1 /* 32 bits: its product with an exponent is exact */
#define LN2_LOW 0x1.a39ef35793c76p-33
#define LN2_LAST 0x1.cc01f97b57a08p-87
#define EXPONENT_LIMIT 800.0 /* e^x is certainly out of range beyond */

static const struct dd ln2 = {0x1.62e42fefa39efp-1, 0x1.abc9e3b39803fp-56};
static const struct dd per_ln2 = {0x1.71547652b82fep+0, 0x1.777d0ffda0d24p-56};
static const struct dd per_ln10 = {0x1.bcb7b1526e50ep-2, 0x1.95355baaafad3p-57};
static const struct dd log10_of_2 = {0x1.34413509f79ffp-2, -0x1.9dc1da994fd21p-59};

/* e^r - 1 for |r| <= 0.4: a series for r / 32, then (1 + e)^2 - 1 = 2e + e^2 five times. */
static struct dd expm1_core(struct dd r)
{
	r = dd_scale(r, 0x1p-5);
	const double x = r.high;
	const double tail =
	    x * x * x *
	    (1.0 / 6 + x * (1.0 / 24 + x * (1.0 / 120 + x * (1.0 / 720 + x * (1.0 / 5040 + x / 40320)))));
	struct dd e = dd_add(dd_add(r, dd_from(tail)), dd_scale(dd_multiply(r, r), 0.5));

	for (int i = 0; i < 5; i++)
		e = dd_add(dd_scale(e, 2), dd_multiply(e, e));
	return e;
}

/* ln(1 + t) for t in [-0.3, 0.42]. */
static struct dd log1p_core(struct dd t)
{
	const double s = t.high / (2 + t.high), z = s * s;
	const double first = 2 * s * (1 + z * (1.0 / 3 + z * (1.0 / 5 + z * (1.0 / 7 + z / 9))));
	const struct dd e = expm1_core(dd_from(first));
	const double off = (t.high - e.high) + (t.low - e.low);

	return dd_fast_sum(first, 2 * off / (2 + t.high + e.high));
}

/* x = k ln 2 + r; e^r - 1. |x| <= EXPONENT_LIMIT. */
static struct dd expm1_reduced(struct dd x, int *k)
{
	const double n = rint(x.high * per_ln2.high);
	struct dd r = dd_sum(x.high - n * LN2_HIGH, -n * LN2_LOW);

	r.low += x.low - n * LN2_LAST;
	*k = (int)n;
	return expm1_core(dd_fast_sum(r.high, r.low));
}

/* (1 + e) * 2^k, rounded. */
static double one_plus_scaled(struct dd e, int k)
{
	const struct dd sum = dd_fast_sum(1, e.high);

	return ldexp(sum.high + (sum.low + e.low), k);
}

static double exp_of(struct dd x)
{
	int k;

	if (x.high > EXPONENT_LIMIT)
		return HUGE_VAL;
	if (x.high < -EXPONENT_LIMIT)
		return 0;
	const struct dd e = expm1_reduced(x, &k);

	return one_plus_scaled(e, k);
}

/* e^x - 1 as a sum of two; |x| <= 50. */
static struct dd expm1_of(struct dd x)
{
	int k;
	const struct dd e = expm1_reduced(x, &k);
	const double power = ldexp(1, k);

	return dd_add(dd_sum(power, -1), dd_scale(e, power));
}

/* x = 2^k (1 + t), t fit for log1p_core; x is positive and finite. */
static double split(double x, int *k)
{
	double m = frexp(x, k) * 2;

	--*k;
	if (m > 1.4142) {
		m /= 2;
		++*k;
	}
	return m - 1;
}

static struct dd with_exponent(int k, struct dd y)
{
	return k == 0 ? y : dd_add(dd_multiply(dd_from(k), ln2), y);
}

static struct dd log_of(double x)
{
	int k;
	const double t = split(x, &k);

	return with_exponent(k, log1p_core(dd_from(t)));
}

/* ln(1 + t) for t > -1 */
static struct dd log1p_of(struct dd t)
{
	int k;

	if (t.high > -0.29 && t.high < 0.41)
		return log1p_core(t);
	struct dd sum = dd_sum(1, t.high);
	const double whole = split(sum.high, &k);

	sum = dd_fast_sum(whole, ldexp(sum.low + t.low, -k));
	return with_exponent(k, log1p_core(sum));
}

/* The logarithm of what has none, or an infinite one. True if so. */
static bool no_logarithm(double x, double *result)
{
	if (x > 0 && x < HUGE_VAL)
		return false;
	*result = x == 0 ? -HUGE_VAL : x < 0 ? (double)NAN : x + x;
	return true;
}

double exp(double x)
{
	return isnan(x) ? x + x : exp_of(dd_from(x));
}

double exp2(double x)
{
	if (!(fabs(x) < 1100))
		return isnan(x) ? x + x : x > 0 ? HUGE_VAL : 0;
	const double whole = rint(x);

	return one_plus_scaled(expm1_core(dd_multiply(dd_from(x - whole), ln2)), (int)whole);
}

double expm1(double x)
{
	if (!(fabs(x) < 50))
		return x < 0 ? -1 : exp(x);
	if (fabs(x) < 0x1p-54)
		return x;
	const struct dd e = expm1_of(dd_from(x));

	return e.high + e.low;
}

double log(double x)
{
	double result;

	if (no_logarithm(x, &result))
		return result;
	return log_of(x).high;
}

double log2(double x)
{
	double result;
	int k;

	if (no_logarithm(x, &result))
		return result;
	const double t = split(x, &k);

	return dd_add(dd_from(k), dd_multiply(log1p_core(dd_from(t)), per_ln2)).high;
}

double log10(double x)
{
	double result;
	int k;

	if (no_logarithm(x, &result))
		return result;
	const double t = split(x, &k);

	return dd_add(dd_multiply(dd_from(k), log10_of_2), dd_multiply(log1p_core(dd_from(t)), per_ln10))
	    .high;
}

double log1p(double x)
{
	double result;

	if (fabs(x) < 0x1p-54)
		return x;
	if (no_logarithm(1 + x, &result))
		return x < -1 ? (double)NAN : result;
	return x > 0x1p60 ? log(x) : log1p_of(dd_from(x)).high;
}

/* Of a finite number: 0 for a fraction, 1 for an odd number, 2 for an even one. */
static int parity(double y)
{
	if (trunc(y) != y)
		return 0;
	return fabs(y) < 0x1p53 && fmod(y, 2) != 0 ? 1 : 2;
}

/* C11 F.10.4.4, x being 0 or infinite. */
static double power_of_extreme(double x, double y)
{
	const bool odd = isfinite(y) && parity(y) == 1;
	const double size = (x == 0) == (y > 0) ? 0 : HUGE_VAL;

	return signbit(x) && odd ? -size : size;
}

double pow(double x, double y)
{
	double sign = 1;

	if (y == 0 || x == 1)
		return 1;
	if (isnan(x) || isnan(y))
		return x + y;
	if (x == 0 || isinf(x))
		return power_of_extreme(x, y);
	if (isinf(y))
		return x == -1 ? 1 : (fabs(x) > 1) == (y > 0) ? HUGE_VAL : 0;
	if (x < 0) {
		if (parity(y) == 0)
			return (double)NAN;
		sign = parity(y) == 1 ? -1 : 1;
	}
	const struct dd logarithm = log_of(fabs(x));
	const double rough = y * logarithm.high;

	if (fabs(rough) > EXPONENT_LIMIT)
		return sign * (rough > 0 ? HUGE_VAL : 0);
	if (fabs(rough) < 0x1p-60)
		return sign;
	return sign * exp_of(dd_multiply(dd_from(y), logarithm));
}

/* 5^22 is the last power of five that a double holds, so 10^22 of ten. */
double exp10(double x)
{
	return pow(10, x);
}

double sinh(double x)
{
	const double size = fabs(x);
	int k;

	if (!(size < 711))
		return x * HUGE_VAL;
	if (size < 0x1p-28)
		return x;
	if (size >= 40) {
		const struct dd e = expm1_reduced(dd_from(size), &k);

		return copysign(one_plus_scaled(e, k - 1), x);
	}
	const struct dd e = expm1_of(dd_from(size));
	const struct dd twice = dd_add(e, dd_divide(e, dd_add(e, dd_from(1))));

	return copysign(twice.high / 2, x);
}

double cosh(double x)
{
	const double size = fabs(x);
	int k;

	if (!(size < 711))
		return size * HUGE_VAL;
	if (size >= 40) {
		const struct dd e = expm1_reduced(dd_from(size), &k);

		return one_plus_scaled(e, k - 1);
	}
	const struct dd power = dd_add(expm1_of(dd_from(size)), dd_from(1));

	return dd_add(power, dd_divide(dd_from(1), power)).high / 2;
}

double tanh(double x)
{
	const double size = fabs(x);

	if (!(size < 20))
		return isnan(x) ? x + x : copysign(1, x);
	if (size < 0x1p-28)
		return x;
	const struct dd e = expm1_of(dd_from(2 * size));

	return copysign(dd_divide(e, dd_add(e, dd_from(2))).high, x);
}

double asinh(double x)
{
	const double size = fabs(x);

	if (!(size < 0x1p30))
		return !(size < HUGE_VAL) ? x : copysign(with_exponent(1, log_of(size)).high, x);
	if (size < 0x1p-28)
		return x;
	const struct dd square = dd_product(size, size);
	const struct dd root = dd_root(dd_add(square, dd_from(1)));
	const struct dd part = dd_divide(square, dd_add(root, dd_from(1)));

	return copysign(log1p_of(dd_add(dd_from(size), part)).high, x);
}

double acosh(double x)
{
	if (!(x >= 1))
		return (double)NAN;
	if (!(x < 0x1p30))
		return x < HUGE_VAL ? with_exponent(1, log_of(x)).high : x;
	const struct dd t = dd_from(x - 1);
	const struct dd root = dd_root(dd_add(dd_scale(t, 2), dd_multiply(t, t)));

	return log1p_of(dd_add(t, root)).high;
}

double atanh(double x)
{
	const double size = fabs(x);

	if (!(size < 1))
		return size == 1 ? copysign(HUGE_VAL, x) : (double)NAN;
	if (size < 0x1p-28)
		return x;
	const struct dd t = dd_divide(dd_from(2 * size), dd_sum(1, -size));

	return copysign(log1p_of(t).high / 2, x);
}

/* A cube root of 26 bits or more, then one of Newton's steps with an exact remainder. */
double cbrt(double x)
{
	int exponent;

	if (x == 0 || !isfinite(x))
		return x + x;
	double m = frexp(fabs(x), &exponent);
	const int thirds = (exponent + 3300) / 3 - 1100;

	m = ldexp(m, exponent - 3 * thirds); /* [0.5, 4) */
	double root = 0.6 + m * (0.4 - m * 0.04);
	for (int i = 0; i < 4; i++)
		root -= (root * root * root - m) / (3 * root * root);
	const struct dd cube = dd_multiply(dd_product(root, root), dd_from(root));
	const double off = (cube.high - m) + cube.low;

	return copysign(ldexp(root - off / (3 * root * root), thirds), x);
}

double hypot(double x, double y)
{
	int k;

	if (isinf(x) || isinf(y))
		return HUGE_VAL;
	if (isnan(x) || isnan(y))
		return x + y;
	const double large = fmax(fabs(x), fabs(y)), small = fmin(fabs(x), fabs(y));

	if (small == 0)
		return large;
	frexp(large, &k);
	const double a = ldexp(large, -k), b = ldexp(small, -k);

	if (b < 0x1p-60)
		return large;
	return ldexp(dd_root(dd_add(dd_product(a, a), dd_product(b, b))).high, k);
}
