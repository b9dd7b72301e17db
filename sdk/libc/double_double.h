/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Arithmetic on unevaluated sums of two doubles, |low| <= ulp(high) / 2: about
 * 104 bits. T. J. Dekker, "A floating-point technique for extending the
 * available precision", 1971. Operands must stay below 2^996 and results away from
 * denormals; then sums and products of doubles are exact.
 */
#ifndef RF_LIBC_DOUBLE_DOUBLE_H
#define RF_LIBC_DOUBLE_DOUBLE_H

#include <math.h>
#include <stdint.h>

/* A fused product would not be the rounded one whose error is computed. */
#pragma STDC FP_CONTRACT OFF

struct dd {
	double high, low;
};

static inline struct dd dd_from(double x)
{
	return (struct dd){x, 0};
}

/* a + b where |a| >= |b|. */
static inline struct dd dd_fast_sum(double a, double b)
{
	const double sum = a + b;

	return (struct dd){sum, b - (sum - a)};
}

static inline struct dd dd_sum(double a, double b)
{
	const double sum = a + b, part = sum - a;

	return (struct dd){sum, (a - (sum - part)) + (b - part)};
}

static inline struct dd dd_product(double a, double b)
{
	const double split = 0x1p27 + 1, product = a * b;
	const double a_part = split * a, b_part = split * b;
	const double a_high = a_part - (a_part - a), a_low = a - a_high;
	const double b_high = b_part - (b_part - b), b_low = b - b_high;

	return (struct dd){product,
	                   a_low * b_low - (((product - a_high * b_high) - a_low * b_high) - a_high * b_low)};
}

static inline struct dd dd_add(struct dd a, struct dd b)
{
	struct dd sum = dd_sum(a.high, b.high);
	const struct dd rest = dd_sum(a.low, b.low);

	sum = dd_fast_sum(sum.high, sum.low + rest.high);
	return dd_fast_sum(sum.high, sum.low + rest.low);
}

static inline struct dd dd_negative(struct dd a)
{
	return (struct dd){-a.high, -a.low};
}

static inline struct dd dd_multiply(struct dd a, struct dd b)
{
	const struct dd product = dd_product(a.high, b.high);

	return dd_fast_sum(product.high, product.low + (a.high * b.low + a.low * b.high));
}

/* By a power of two. */
static inline struct dd dd_scale(struct dd a, double power)
{
	return (struct dd){a.high * power, a.low * power};
}

static inline struct dd dd_divide(struct dd a, struct dd b)
{
	const double quotient = a.high / b.high;
	const struct dd rest = dd_add(a, dd_negative(dd_multiply(dd_from(quotient), b)));

	return dd_fast_sum(quotient, rest.high / b.high);
}

static inline struct dd dd_root(struct dd a)
{
	if (a.high <= 0)
		return dd_from(0);
	const double root = sqrt(a.high);
	const struct dd rest = dd_add(a, dd_negative(dd_product(root, root)));

	return dd_fast_sum(root, rest.high / (2 * root));
}

#endif
