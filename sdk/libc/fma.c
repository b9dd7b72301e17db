/* SPDX-License-Identifier: Apache-2.0 */
/*
 * x * y + z with one rounding, in integers: the product has at most 106 bits,
 * so both summands fit into 125 with room below for what is shifted out.
 */
#include <math.h>
#include <stdbool.h>
#include <stdint.h>

typedef unsigned __int128 wide;

/* mantissa * 2^exponent; the mantissa's lowest bit also stands for all bits that were lost below it. */
struct number {
	wide mantissa;
	int exponent;
	bool negative;
};

/* A format: bits of the mantissa, exponent of the smallest denormal number. */
struct format {
	int digits, lowest;
};

static wide shift_right(wide mantissa, int by)
{
	if (by >= 128)
		return mantissa != 0;
	if (by == 0)
		return mantissa;
	return mantissa >> by | ((mantissa << (128 - by)) != 0);
}

/* Of a finite number that is not zero: a mantissa of 53 bits, the highest of them set. */
static struct number decompose(double x)
{
	int exponent;
	const double fraction = frexp(fabs(x), &exponent);

	return (struct number){(wide)(fraction * 0x1p53), exponent - 53, signbit(x)};
}

static struct number multiply(struct number x, struct number y)
{
	return (struct number){x.mantissa * y.mantissa << 19, x.exponent + y.exponent - 19,
	                       x.negative != y.negative};
}

static struct number add(struct number a, struct number b)
{
	if (a.exponent < b.exponent)
		return add(b, a);
	b.mantissa = shift_right(b.mantissa, a.exponent - b.exponent);
	b.exponent = a.exponent;
	if (a.negative == b.negative)
		return (struct number){a.mantissa + b.mantissa, a.exponent, a.negative};
	if (a.mantissa >= b.mantissa)
		return (struct number){a.mantissa - b.mantissa, a.exponent,
		                       a.negative && a.mantissa != b.mantissa};
	return (struct number){b.mantissa - a.mantissa, a.exponent, b.negative};
}

/* To nearest, ties to even. */
static double round_to(struct number a, struct format format)
{
	if (a.mantissa == 0)
		return a.negative ? -0.0 : 0.0;
	const uint64_t high = (uint64_t)(a.mantissa >> 64), low = (uint64_t)a.mantissa;
	const int bits = high != 0 ? 128 - __builtin_clzll(high) : 64 - __builtin_clzll(low);
	int drop = bits - format.digits;

	if (a.exponent + drop < format.lowest)
		drop = format.lowest - a.exponent;
	if (drop > 0) {
		const uint64_t rest = (uint64_t)shift_right(a.mantissa, drop - 2 > 0 ? drop - 2 : 0)
		                      << (drop < 2);
		const uint64_t last = rest >> 2 & 1;
		/* `rest`: the last bit that stays, the half, and whether there is more. */
		a.mantissa = (drop < 128 ? a.mantissa >> drop : 0) +
		             ((rest & 2) != 0 && ((rest & 1) != 0 || last != 0));
		a.exponent += drop;
	}
	const double result = ldexp((double)(uint64_t)a.mantissa, a.exponent);
	return a.negative ? -result : result;
}

static double multiply_add(double x, double y, double z, struct format format)
{
	if (!isfinite(x) || !isfinite(y) || x == 0 || y == 0)
		return x * y + z;
	if (!isfinite(z))
		return z + z; /* the product might overflow to the other infinity */
	const struct number product = multiply(decompose(x), decompose(y));

	if (z == 0)
		return round_to(product, format);
	struct number summand = decompose(z);
	summand.mantissa <<= 72;
	summand.exponent -= 72;
	return round_to(add(product, summand), format);
}

double fma(double x, double y, double z)
{
	return multiply_add(x, y, z, (struct format){53, -1074});
}

float fmaf(float x, float y, float z)
{
	return (float)multiply_add((double)x, (double)y, (double)z, (struct format){24, -149});
}
