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
