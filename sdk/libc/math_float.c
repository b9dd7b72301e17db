/* SPDX-License-Identifier: Apache-2.0 */
/*
 * math.h for float: the double's result, rounded again. That is exact or correctly
 * rounded where the double's result is exact, and for a root; elsewhere the
 * error stays below 0.501 units in the last place.
 */
#include <math.h>
#include <stdint.h>

#define UNARY(name)                                                                                          \
	float name##f(float x)                                                                               \
	{                                                                                                    \
		return (float)name((double)x);                                                               \
	}
#define BINARY(name)                                                                                         \
	float name##f(float x, float y)                                                                      \
	{                                                                                                    \
		return (float)name((double)x, (double)y);                                                    \
	}

UNARY(fabs)
UNARY(floor)
UNARY(ceil)
UNARY(trunc)
UNARY(rint)
UNARY(nearbyint)
UNARY(round)
UNARY(sqrt)
UNARY(cbrt)
UNARY(exp)
UNARY(exp2)
UNARY(exp10)
UNARY(expm1)
UNARY(log)
UNARY(log2)
UNARY(log10)
UNARY(log1p)
UNARY(sin)
UNARY(cos)
UNARY(tan)
UNARY(asin)
UNARY(acos)
UNARY(atan)
UNARY(sinh)
UNARY(cosh)
UNARY(tanh)
UNARY(asinh)
UNARY(acosh)
UNARY(atanh)
UNARY(logb)

BINARY(copysign)
BINARY(fmod)
BINARY(remainder)
BINARY(fmin)
BINARY(fmax)
BINARY(fdim)
BINARY(pow)
BINARY(hypot)
BINARY(atan2)

float frexpf(float x, int *exponent)
{
	return (float)frexp((double)x, exponent);
}

float ldexpf(float x, int exponent)
{
	return (float)ldexp((double)x, exponent);
}

float scalbnf(float x, int exponent)
{
	return (float)ldexp((double)x, exponent);
}

float scalblnf(float x, long exponent)
{
	return (float)scalbln((double)x, exponent);
}

float remquof(float x, float y, int *quotient)
{
	return (float)remquo((double)x, (double)y, quotient);
}

/* Not nextafterf: y may lie between two floats. */
float nexttowardf(float x, long double y)
{
	if (isnan(x) || isnan(y))
		return x + (float)y;
	if ((double)x == (double)y)
		return (float)y;
	return nextafterf(x, (double)x < (double)y ? INFINITY : -INFINITY);
}

float modff(float x, float *whole)
{
	double part;
	const double rest = modf((double)x, &part);

	*whole = (float)part;
	return (float)rest;
}

float nextafterf(float x, float y)
{
	uint32_t bits;

	if (isnan(x) || isnan(y))
		return x + y;
	if (x == y)
		return y;
	if (x == 0)
		return copysignf(0x1p-149f, y);
	__builtin_memcpy(&bits, &x, sizeof(bits));
	bits += (x < y) == (x > 0) ? 1 : UINT32_MAX;
	__builtin_memcpy(&x, &bits, sizeof(x));
	return x;
}

int ilogbf(float x)
{
	return ilogb((double)x);
}

long lroundf(float x)
{
	return lround((double)x);
}

long lrintf(float x)
{
	return lrint((double)x);
}

long long llroundf(float x)
{
	return llround((double)x);
}

long long llrintf(float x)
{
	return llrint((double)x);
}

float nanf(const char *text)
{
	return (float)nan(text);
}
