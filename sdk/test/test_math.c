/* SPDX-License-Identifier: Apache-2.0 */
/* math.h against the host's: equal to the last bit, on any bit pattern. */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "native.h"

#define UNARY(X) X(fabs) X(floor) X(ceil) X(trunc) X(rint) X(nearbyint) X(round) X(sqrt)
#define DECLARE(name) double rft_##name(double);
UNARY(DECLARE)
double rft_fmod(double, double);
double rft_frexp(double, int *);
double rft_ldexp(double, int);
double rft_modf(double, double *);
float rft_sqrtf(float);
float rft_fmodf(float, float);

static bool same(double a, double b)
{
	return (isnan(a) && isnan(b)) || memcmp(&a, &b, sizeof(a)) == 0;
}

static double random_double(void)
{
	static const double special[] = {0,
	                                 -0.0,
	                                 0.5,
	                                 -0.5,
	                                 1.5,
	                                 2.5,
	                                 0.49999999999999994,
	                                 4503599627370497.5,
	                                 4503599627370495.5,
	                                 9007199254740991,
	                                 INFINITY,
	                                 -INFINITY,
	                                 (double)NAN,
	                                 0x1p-1074,
	                                 0x1p-1022};
	const uint64_t bits = native_random();
	double value;

	if (bits % 8 == 0)
		return special[native_random() % (sizeof(special) / sizeof(special[0]))];
	if (bits % 3 == 0)
		return (double)((int64_t)native_random() >> (bits >> 8) % 64) / 4;
	memcpy(&value, &bits, sizeof(value));
	return value;
}

Test(math, equals_the_host)
{
	for (int i = 0; i < 500000; i++) {
		const double x = random_double(), y = random_double();
		const int power = (int)(native_random() % 4600) - 2300;
		double mine_whole, theirs_whole;
		int mine_exponent = 0, theirs_exponent = 0;

#define COMPARE(name)                                                                                        \
	cr_assert(same(rft_##name(x), name(x)), #name "(%a): %a, expected %a", x, rft_##name(x), name(x));
		UNARY(COMPARE)
		cr_assert(same(rft_fmod(x, y), fmod(x, y)), "fmod(%a, %a): %a, expected %a", x, y,
		          rft_fmod(x, y), fmod(x, y));
		cr_assert(same(rft_frexp(x, &mine_exponent), frexp(x, &theirs_exponent)), "frexp(%a)", x);
		cr_assert(!isfinite(x) || mine_exponent == theirs_exponent, "frexp(%a)", x);
		cr_assert(same(rft_ldexp(x, power), ldexp(x, power)), "ldexp(%a, %d)", x, power);
		cr_assert(same(rft_modf(x, &mine_whole), modf(x, &theirs_whole)) &&
		              same(mine_whole, theirs_whole),
		          "modf(%a)", x);
		cr_assert(same((double)rft_sqrtf((float)x), (double)sqrtf((float)x)));
		cr_assert(same((double)rft_fmodf((float)x, (float)y), (double)fmodf((float)x, (float)y)));
	}
}
