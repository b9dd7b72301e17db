/* SPDX-License-Identifier: Apache-2.0 */
/* math.h for long double, which is double. */
#include <math.h>

#define UNARY(name)                                                                                          \
	long double name##l(long double x)                                                                   \
	{                                                                                                    \
		return name((double)x);                                                                      \
	}
#define BINARY(name)                                                                                         \
	long double name##l(long double x, long double y)                                                    \
	{                                                                                                    \
		return name((double)x, (double)y);                                                           \
	}
#define TO_INTEGER(type, name)                                                                               \
	type name##l(long double x)                                                                          \
	{                                                                                                    \
		return name((double)x);                                                                      \
	}

UNARY(acos)
UNARY(asin)
UNARY(atan)
UNARY(cos)
UNARY(sin)
UNARY(tan)
UNARY(acosh)
UNARY(asinh)
UNARY(atanh)
UNARY(cosh)
UNARY(sinh)
UNARY(tanh)
UNARY(exp)
UNARY(exp2)
UNARY(exp10)
UNARY(expm1)
UNARY(log)
UNARY(log10)
UNARY(log1p)
UNARY(log2)
UNARY(logb)
UNARY(cbrt)
UNARY(fabs)
UNARY(sqrt)
UNARY(ceil)
UNARY(floor)
UNARY(nearbyint)
UNARY(rint)
UNARY(round)
UNARY(trunc)

BINARY(atan2)
BINARY(hypot)
BINARY(pow)
BINARY(fmod)
BINARY(remainder)
BINARY(copysign)
BINARY(nextafter)
BINARY(nexttoward)
BINARY(fdim)
BINARY(fmax)
BINARY(fmin)

TO_INTEGER(int, ilogb)
TO_INTEGER(long, lround)
TO_INTEGER(long, lrint)
TO_INTEGER(long long, llround)
TO_INTEGER(long long, llrint)

long double frexpl(long double x, int *exponent)
{
	return frexp((double)x, exponent);
}

long double ldexpl(long double x, int exponent)
{
	return ldexp((double)x, exponent);
}

long double scalbnl(long double x, int exponent)
{
	return ldexp((double)x, exponent);
}

long double scalblnl(long double x, long exponent)
{
	return scalbln((double)x, exponent);
}

long double modfl(long double x, long double *whole)
{
	double part;
	const double rest = modf((double)x, &part);

	*whole = part;
	return rest;
}

long double remquol(long double x, long double y, int *quotient)
{
	return remquo((double)x, (double)y, quotient);
}

long double fmal(long double x, long double y, long double z)
{
	return fma((double)x, (double)y, (double)z);
}

long double nanl(const char *text)
{
	return nan(text);
}
