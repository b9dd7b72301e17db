/* SPDX-License-Identifier: Apache-2.0 */
/*
 * math.h's rounded functions against the host's long double functions, which
 * know eleven bits more, with the bound that math.h states; and their special
 * cases against the host's double functions, which follow C11's Annex F.
 */
#define _GNU_SOURCE /* exp10 */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "native.h"

// clang-format off: it pulls the list to and fro
#define UNARY(X)                                                                                             \
	X(exp, 0.51)                                                                                         \
	X(exp2, 0.51)                                                                                        \
	X(exp10, 0.51)                                                                                       \
	X(expm1, 0.51)                                                                                       \
	X(log, 0.51)                                                                                         \
	X(log2, 0.51)                                                                                        \
	X(log10, 0.51)                                                                                       \
	X(log1p, 0.51)                                                                                       \
	X(sinh, 0.51)                                                                                        \
	X(cosh, 0.51)                                                                                        \
	X(tanh, 0.51)                                                                                        \
	X(asinh, 0.51)                                                                                       \
	X(acosh, 0.51)                                                                                       \
	X(atanh, 0.51)                                                                                       \
	X(cbrt, 0.51)                                                                                        \
	X(sin, 0.7)                                                                                          \
	X(cos, 0.7)                                                                                          \
	X(tan, 0.7)                                                                                          \
	X(asin, 0.7)                                                                                         \
	X(acos, 0.7)                                                                                         \
	X(atan, 0.7)
// clang-format on
#define BINARY(X) X(pow, 0.6) X(hypot, 0.51) X(atan2, 0.7)

#define DECLARE_UNARY(name, bound)                                                                           \
	double rft_##name(double);                                                                           \
	float rft_##name##f(float);
#define DECLARE_BINARY(name, bound)                                                                          \
	double rft_##name(double, double);                                                                   \
	float rft_##name##f(float, float);

UNARY(DECLARE_UNARY)
BINARY(DECLARE_BINARY)

double rft_remainder(double, double);
double rft_fdim(double, double);
double rft_nextafter(double, double);
float rft_nextafterf(float, float);
double rft_logb(double);
int rft_ilogb(double);
long rft_lround(double);
long long rft_llround(double);
long rft_lrint(double);
long long rft_llrint(double);

struct unary {
	const char *name;
	double (*mine)(double);
	double (*host)(double);
	long double (*exact)(long double);
	double bound;
};

struct binary {
	const char *name;
	double (*mine)(double, double);
	double (*host)(double, double);
	long double (*exact)(long double, long double);
	double bound;
};

#define ENTRY(name, bound) {#name, rft_##name, name, name##l, bound},
static const struct unary unaries[] = {UNARY(ENTRY)};
static const struct binary binaries[] = {BINARY(ENTRY)};
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const double specials[] = {0.0,        -0.0,        1.0,       -1.0,       0.5,      -0.5,
                                  2.0,        -2.0,        3.0,       -3.0,       2.5,      INFINITY,
                                  -INFINITY,  (double)NAN, 0x1p-1074, -0x1p-1074, 0x1p1023, -0x1p1023,
                                  0x1p53 + 2, -0x1p53 + 1, 1e-300};

/* Distance from the exact value in units of the last place of a double near it. */
static double error_of(double mine, long double exact)
{
	const int exponent = exact == 0 ? -1074 : ilogbl(exact) - 52;

	return (double)(fabsl((long double)mine - exact) / ldexpl(1, exponent < -1074 ? -1074 : exponent));
}

static double unit(void)
{
	return (double)(native_random() >> 11) * 0x1p-53;
}

/* Of all sizes, mostly such that functions neither overflow nor vanish. */
static double argument(void)
{
	const uint64_t kind = native_random() % 8;
	const double sign = native_random() & 1 ? -1 : 1;

	if (kind == 0)
		return sign * ldexp(1 + unit(), (int)(native_random() % 2040) - 1020);
	if (kind < 3)
		return sign * ldexp(1 + unit(), (int)(native_random() % 40) - 30);
	if (kind == 3)
		return sign * (1 + (unit() - 0.5) * ldexp(1, -(int)(native_random() % 50)));
	if (kind == 4) /* near a multiple of pi/2 */
		return sign * (double)(native_random() % 100000) * M_PI_2;
	return sign * unit() * (kind == 5 ? 1 : kind == 6 ? 20 : 750);
}

static bool comparable(double mine, double host, const char *name, double x, double y)
{
	if (isfinite(host) && host != 0 && isfinite(mine))
		return true;
	/* At the very edge of overflow the two may fall on different sides. */
	const bool edge = (isinf(mine) && fabs(host) > 0x1.ffffffffffffep1023) ||
	                  (isinf(host) && fabs(mine) > 0x1.ffffffffffffep1023);
	const bool vanish = host == 0 && fabs(mine) <= 0x1p-1074;

	cr_assert(edge || vanish || (isnan(mine) && isnan(host)) || memcmp(&mine, &host, sizeof(mine)) == 0 ||
	              (mine == 0 && fabs(host) <= 0x1p-1074),
	          "%s(%a, %a) is %a, the host's %a", name, x, y, mine, host);
	return false;
}

Test(functions, one_argument)
{
	for (size_t f = 0; f < COUNT(unaries); f++) {
		const struct unary *u = &unaries[f];
		double worst = 0;

		for (int i = 0; i < 40000; i++) {
			const double x = argument(), mine = u->mine(x), host = u->host(x);

			if (!comparable(mine, host, u->name, x, 0))
				continue;
			const double error = error_of(mine, u->exact((long double)x));
			/* A denormal is rounded twice. */
			const double bound = fabs(host) < 0x1p-1022 ? 1 : u->bound;

			if (bound < 1 && error > worst)
				worst = error;
			cr_assert(error <= bound, "%s(%a) is %a, wrong by %.3f units, not %.2f", u->name, x,
			          mine, error, bound);
		}
		cr_log_info("%s: %.4f units", u->name, worst);
	}
}

Test(functions, two_arguments)
{
	for (size_t f = 0; f < COUNT(binaries); f++) {
		const struct binary *b = &binaries[f];
		double worst = 0;

		for (int i = 0; i < 120000; i++) {
			double x = argument(), y = argument();

			if (i % 2) /* a finite power */
				x = fabs(x), y = (unit() - 0.5) * 1490 / (fabs(log(x)) + 0x1p-60);
			if (i % 16 == 0)
				y = trunc(y);
			const double mine = b->mine(x, y), host = b->host(x, y);

			if (!comparable(mine, host, b->name, x, y))
				continue;
			const double error = error_of(mine, b->exact((long double)x, (long double)y));
			const double bound = fabs(host) < 0x1p-1022 ? 1 : b->bound;

			if (bound < 1 && error > worst)
				worst = error;
			cr_assert(error <= bound, "%s(%a, %a) is %a, wrong by %.3f units, not %.2f", b->name,
			          x, y, mine, error, bound);
		}
		cr_log_info("%s: %.4f units", b->name, worst);
	}
}

static bool same(double a, double b)
{
	return (isnan(a) && isnan(b)) || memcmp(&a, &b, sizeof(a)) == 0;
}

Test(functions, special_arguments)
{
	for (size_t i = 0; i < COUNT(specials); i++) {
		const double x = specials[i];

		for (size_t f = 0; f < COUNT(unaries); f++)
			comparable(unaries[f].mine(x), unaries[f].host(x), unaries[f].name, x, 0);
		for (size_t k = 0; k < COUNT(specials); k++)
			for (size_t f = 0; f < COUNT(binaries); f++)
				comparable(binaries[f].mine(x, specials[k]), binaries[f].host(x, specials[k]),
				           binaries[f].name, x, specials[k]);
		cr_assert(same(rft_logb(x), logb(x)), "logb(%a)", x);
	}
}

Test(functions, powers_that_are_exact)
{
	for (int n = 0; n <= 22; n++) {
		double power = 1;

		for (int i = 0; i < n; i++)
			power *= 10;
		cr_assert_eq(rft_pow(10, n), power);
		cr_assert_eq(rft_exp10(n), power);
		cr_assert_eq(rft_log10(power), n);
	}
	for (int n = -1074; n <= 1023; n++) {
		cr_assert_eq(rft_exp2(n), ldexp(1, n));
		cr_assert_eq(rft_pow(2, n), ldexp(1, n));
		cr_assert_eq(rft_log2(ldexp(1, n)), n);
	}
	for (int n = -100; n <= 100; n++) {
		cr_assert_eq(rft_cbrt((double)n * n * n), n);
		cr_assert_eq(rft_hypot(3.0 * n, 4.0 * n), fabs(5.0 * n));
	}
}

Test(functions, exact_results)
{
	for (int i = 0; i < 300000; i++) {
		const double x = argument(), y = argument();

		cr_assert(same(rft_remainder(x, y), remainder(x, y)), "remainder(%a, %a): %a, not %a", x, y,
		          rft_remainder(x, y), remainder(x, y));
		cr_assert(same(rft_fdim(x, y), fdim(x, y)), "fdim(%a, %a)", x, y);
		cr_assert(same(rft_nextafter(x, y), nextafter(x, y)), "nextafter(%a, %a)", x, y);
		cr_assert(
		    same((double)rft_nextafterf((float)x, (float)y), (double)nextafterf((float)x, (float)y)));
		cr_assert_eq(rft_ilogb(x), ilogb(x));
		if (fabs(x) < 2e9) {
			cr_assert_eq(rft_llround(x), llround(x));
			cr_assert_eq(rft_llrint(x), llrint(x));
			cr_assert_eq(rft_lround(x), lround(x));
			cr_assert_eq(rft_lrint(x), lrint(x));
		}
	}
	for (size_t i = 0; i < COUNT(specials); i++)
		for (size_t k = 0; k < COUNT(specials); k++) {
			const double x = specials[i], y = specials[k];

			cr_assert(same(rft_remainder(x, y), remainder(x, y)), "remainder(%a, %a): %a, not %a",
			          x, y, rft_remainder(x, y), remainder(x, y));
			cr_assert(same(rft_fdim(x, y), fdim(x, y)), "fdim(%a, %a)", x, y);
			cr_assert(same(rft_nextafter(x, y), nextafter(x, y)), "nextafter(%a, %a)", x, y);
		}
}

/* The float functions are the double ones, rounded once more. */
Test(functions, of_float)
{
	for (int i = 0; i < 2000; i++) {
		const float x = (float)argument(), y = (float)argument();

#define CHECK_UNARY(name, bound)                                                                             \
	cr_assert(same((double)rft_##name##f(x), (double)(float)rft_##name((double)x)), #name "f(%a)",       \
	          (double)x);
#define CHECK_BINARY(name, bound)                                                                            \
	cr_assert(same((double)rft_##name##f(x, y), (double)(float)rft_##name((double)x, (double)y)),        \
	          #name "f(%a, %a)", (double)x, (double)y);
		UNARY(CHECK_UNARY)
		BINARY(CHECK_BINARY)
	}
}

double rft_remquo(double, double, int *);
double rft_nexttoward(double, double); /* in the library, long double is double */
float rft_nexttowardf(float, double);
double rft_scalbln(double, long);
double rft_fma(double, double, double);
float rft_fmaf(float, float, float);

static void check_quotient(double x, double y)
{
	int mine_quotient = 99, host_quotient = 99;
	const double mine = rft_remquo(x, y, &mine_quotient), host = remquo(x, y, &host_quotient);

	cr_assert(same(mine, host), "remquo(%a, %a): %a, not %a", x, y, mine, host);
	if (isfinite(host) && isfinite(y))
		cr_assert_eq(mine_quotient % 8, host_quotient % 8, "remquo(%a, %a): %d, not %d", x, y,
		             mine_quotient, host_quotient);
}

Test(functions, quotients)
{
	for (int i = 0; i < 300000; i++) {
		const double x = argument(), y = argument();

		check_quotient(x, y);
		check_quotient(x, trunc(y));
		check_quotient(trunc(x) * 0.5, trunc(y));
		check_quotient(x, x / (double)(native_random() % 20 + 1));
	}
	for (size_t i = 0; i < COUNT(specials); i++)
		for (size_t k = 0; k < COUNT(specials); k++) {
			check_quotient(specials[i], specials[k]);
			cr_assert(same(rft_nexttoward(specials[i], specials[k]),
			               nextafter(specials[i], specials[k])));
			cr_assert(same((double)rft_nexttowardf((float)specials[i], specials[k]),
			               (double)nexttowardf((float)specials[i], (long double)specials[k])),
			          "nexttowardf(%a, %a)", specials[i], specials[k]);
		}
	cr_assert_eq(rft_nexttowardf(1, 1 + 0x1p-50), 1 + 0x1p-23f);
	cr_assert_eq(rft_scalbln(0.75, 100), ldexp(0.75, 100));
	cr_assert_eq(rft_scalbln(0.75, 1000000000), (double)INFINITY);
	cr_assert_eq(rft_scalbln(0.75, -1000000000), 0);
}

static void check_fma(double x, double y, double z)
{
	cr_assert(same(rft_fma(x, y, z), fma(x, y, z)), "fma(%a, %a, %a): %a, not %a", x, y, z,
	          rft_fma(x, y, z), fma(x, y, z));
	cr_assert(
	    same((double)rft_fmaf((float)x, (float)y, (float)z), (double)fmaf((float)x, (float)y, (float)z)),
	    "fmaf(%a, %a, %a): %a, not %a", (double)(float)x, (double)(float)y, (double)(float)z,
	    (double)rft_fmaf((float)x, (float)y, (float)z), (double)fmaf((float)x, (float)y, (float)z));
}

/* One rounding: where the summands cancel, meet at any distance, and where the result is denormal. */
Test(functions, fused_multiplication)
{
	for (int i = 0; i < 400000; i++) {
		const double x = argument(), y = argument();
		const double near = ldexp(x * y, (int)(native_random() % 240) - 120);
		const double ulp = nextafter(x * y, 0) - x * y;

		check_fma(x, y, argument());
		check_fma(x, y, -x * y);
		check_fma(x, y, -x * y + (double)(int)(native_random() % 5) * ulp);
		check_fma(x, y, near);
		check_fma(x, y, -near * (1 + unit()));
		check_fma(ldexp(x, -1000), ldexp(y, -(int)(native_random() % 80)), ldexp(unit(), -1060));
		check_fma(ldexp(1 + unit(), -70), ldexp(1 + unit(), -60 - (int)(native_random() % 30)),
		          ldexp(unit(), -135));
		/* Halves: ties, and what only just is none. */
		check_fma((double)(native_random() >> 37), (double)(native_random() >> 37),
		          ldexp(1, (int)(native_random() % 110)));
		check_fma(1 + 0x1p-30, 1 + 0x1p-30 * (double)(native_random() % 4),
		          ldexp(1, -(int)(native_random() % 120)));
	}
	for (size_t i = 0; i < COUNT(specials); i++)
		for (size_t k = 0; k < COUNT(specials); k++)
			for (size_t m = 0; m < COUNT(specials); m++)
				check_fma(specials[i], specials[k], specials[m]);
}

/* The functions of long double are the double ones. */
#define DECLARE_LONG_UNARY(name, bound) double rft_##name##l(double);
#define DECLARE_LONG_BINARY(name, bound) double rft_##name##l(double, double);
#define EXACT_UNARY(X)                                                                                       \
	X(fabs, 0)                                                                                           \
	X(sqrt, 0) X(ceil, 0) X(floor, 0) X(nearbyint, 0) X(rint, 0) X(round, 0) X(trunc, 0) X(logb, 0)
#define EXACT_BINARY(X)                                                                                      \
	X(fmod, 0) X(remainder, 0) X(copysign, 0) X(nextafter, 0) X(fdim, 0) X(fmax, 0) X(fmin, 0)
UNARY(DECLARE_LONG_UNARY)
EXACT_UNARY(DECLARE_LONG_UNARY)
BINARY(DECLARE_LONG_BINARY)
EXACT_BINARY(DECLARE_LONG_BINARY)
double rft_nexttowardl(double, double);
int rft_ilogbl(double);
long rft_lroundl(double);
long rft_lrintl(double);
long long rft_llroundl(double);
long long rft_llrintl(double);
double rft_frexpl(double, int *);
double rft_ldexpl(double, int);
double rft_scalbnl(double, int);
double rft_scalblnl(double, long);
double rft_modfl(double, double *);
double rft_remquol(double, double, int *);
double rft_fmal(double, double, double);

Test(functions, of_long_double)
{
	for (int i = 0; i < 2000; i++) {
		const double x = argument(), y = argument();
		double whole, host_whole;
		int number, host_number;

#define CHECK_LONG_UNARY(name, bound) cr_assert(same(rft_##name##l(x), rft_##name(x)), #name "l(%a)", x);
#define CHECK_LONG_BINARY(name, bound)                                                                       \
	cr_assert(same(rft_##name##l(x, y), rft_##name(x, y)), #name "l(%a, %a)", x, y);
#define CHECK_HOST_UNARY(name, bound) cr_assert(same(rft_##name##l(x), name(x)), #name "l(%a)", x);
#define CHECK_HOST_BINARY(name, bound)                                                                       \
	cr_assert(same(rft_##name##l(x, y), name(x, y)), #name "l(%a, %a)", x, y);
		UNARY(CHECK_LONG_UNARY)
		BINARY(CHECK_LONG_BINARY)
		EXACT_UNARY(CHECK_HOST_UNARY)
		EXACT_BINARY(CHECK_HOST_BINARY)
		cr_assert(same(rft_nexttowardl(x, y), nextafter(x, y)));
		cr_assert(same(rft_fmal(x, y, x), fma(x, y, x)));
		cr_assert(same(rft_ldexpl(x, i % 90), ldexp(x, i % 90)));
		cr_assert(same(rft_scalbnl(x, -i % 90), scalbn(x, -i % 90)));
		cr_assert(same(rft_scalblnl(x, i), scalbln(x, i)));
		cr_assert(same(rft_frexpl(x, &number), frexp(x, &host_number)) && number == host_number);
		cr_assert(same(rft_modfl(x, &whole), modf(x, &host_whole)) && same(whole, host_whole));
		cr_assert(same(rft_remquol(x, y, &number), remquo(x, y, &host_number)) &&
		          number % 8 == host_number % 8);
		cr_assert_eq(rft_ilogbl(x), ilogb(x));
		if (fabs(x) < 2e9) {
			cr_assert_eq(rft_llroundl(x), llround(x));
			cr_assert_eq(rft_llrintl(x), llrint(x));
			cr_assert_eq(rft_lroundl(x), lround(x));
			cr_assert_eq(rft_lrintl(x), lrint(x));
		}
	}
}
