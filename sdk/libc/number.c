/* SPDX-License-Identifier: Apache-2.0 */
/* Integers of stdlib.h and inttypes.h: text to number, absolute values, divisions, random numbers. */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

/* Not of ISO C: a program may have functions of these names. */
#pragma weak random
#pragma weak srandom
#pragma weak rand_r

/* Any character's value as a digit; 36 if it is none. */
static unsigned int digit_value(char c)
{
	const unsigned char u = (unsigned char)c;

	if (isdigit(u))
		return (unsigned int)(u - '0');
	if (isalpha(u))
		return (unsigned int)((u | 0x20) - 'a' + 10);
	return 36;
}

/*
 * All of C11 7.22.1.4: the magnitude up to `limit` (what is allowed for the
 * sign found; one more for negative signed numbers).
 */
static uint64_t parse(const char *text, char **end, int base, uint64_t positive_limit,
                      uint64_t negative_limit, bool *negative)
{
	const char *at = text, *last = text; /* last: behind the last digit */
	bool over = false;
	uint64_t value = 0, limit;

	*negative = false;
	if (base < 0 || base == 1 || base > 36) {
		errno = EINVAL;
		if (end)
			*end = (char *)(uintptr_t)text;
		return 0;
	}
	while (isspace((unsigned char)*at))
		at++;
	if (*at == '+' || *at == '-')
		*negative = *at++ == '-';
	limit = *negative ? negative_limit : positive_limit;
	if ((base == 0 || base == 16) && at[0] == '0' && (at[1] | 0x20) == 'x' && digit_value(at[2]) < 16) {
		at += 2;
		base = 16;
	} else if (base == 0) {
		base = *at == '0' ? 8 : 10;
	}
	for (unsigned int digit; (digit = digit_value(*at)) < (unsigned int)base; last = ++at) {
		if (over || __builtin_mul_overflow(value, (uint64_t)base, &value) ||
		    __builtin_add_overflow(value, (uint64_t)digit, &value) || value > limit)
			over = true;
	}
	if (end)
		*end = (char *)(uintptr_t)last;
	if (over) {
		errno = ERANGE;
		return limit;
	}
	return value;
}

static int64_t parse_signed(const char *text, char **end, int base, int64_t max)
{
	bool negative;
	const uint64_t value = parse(text, end, base, (uint64_t)max, (uint64_t)max + 1, &negative);

	return (int64_t)(negative ? -value : value);
}

/* An unsigned conversion negates what has a sign; what is out of range is `max` either way. */
static uint64_t parse_unsigned(const char *text, char **end, int base, uint64_t max)
{
	const int saved = errno;
	bool negative;
	uint64_t value;

	errno = 0;
	value = parse(text, end, base, max, max, &negative);
	if (errno == ERANGE)
		return max;
	if (!errno)
		errno = saved;
	return negative ? -value : value;
}

long strtol(const char *restrict text, char **restrict end, int base)
{
	return (long)parse_signed(text, end, base, LONG_MAX);
}

long long strtoll(const char *restrict text, char **restrict end, int base)
{
	return parse_signed(text, end, base, LLONG_MAX);
}

unsigned long strtoul(const char *restrict text, char **restrict end, int base)
{
	return (unsigned long)parse_unsigned(text, end, base, ULONG_MAX);
}

unsigned long long strtoull(const char *restrict text, char **restrict end, int base)
{
	return parse_unsigned(text, end, base, ULLONG_MAX);
}

intmax_t strtoimax(const char *restrict text, char **restrict end, int base)
{
	return parse_signed(text, end, base, INTMAX_MAX);
}

uintmax_t strtoumax(const char *restrict text, char **restrict end, int base)
{
	return parse_unsigned(text, end, base, UINTMAX_MAX);
}

int atoi(const char *text)
{
	return (int)strtol(text, NULL, 10);
}

long atol(const char *text)
{
	return strtol(text, NULL, 10);
}

long long atoll(const char *text)
{
	return strtoll(text, NULL, 10);
}

/* ---- Arithmetic ----------------------------------------------------------- */

int abs(int value)
{
	return value < 0 ? -value : value;
}

long labs(long value)
{
	return value < 0 ? -value : value;
}

long long llabs(long long value)
{
	return value < 0 ? -value : value;
}

intmax_t imaxabs(intmax_t value)
{
	return value < 0 ? -value : value;
}

div_t div(int numerator, int denominator)
{
	return (div_t){numerator / denominator, numerator % denominator};
}

ldiv_t ldiv(long numerator, long denominator)
{
	return (ldiv_t){numerator / denominator, numerator % denominator};
}

lldiv_t lldiv(long long numerator, long long denominator)
{
	return (lldiv_t){numerator / denominator, numerator % denominator};
}

imaxdiv_t imaxdiv(intmax_t numerator, intmax_t denominator)
{
	return (imaxdiv_t){numerator / denominator, numerator % denominator};
}

/* ---- Random numbers ------------------------------------------------------- */

static uint64_t random_state = 0x9e3779b97f4a7c15;

/* xorshift64* (Vigna, 2016): the state is never 0. */
static uint32_t random_next(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return (uint32_t)(*state * 0x2545f4914f6cdd1d >> 32);
}

static uint64_t seeded(unsigned int seed)
{
	/* splitmix64's finish spreads neighbouring seeds; an odd state is not 0. */
	uint64_t state = seed + 0x9e3779b97f4a7c15;

	state = (state ^ state >> 30) * 0xbf58476d1ce4e5b9;
	state = (state ^ state >> 27) * 0x94d049bb133111eb;
	return (state ^ state >> 31) | 1;
}

int rand(void)
{
	return (int)(random_next(&random_state) >> 1);
}

void srand(unsigned int seed)
{
	random_state = seeded(seed);
}

long random(void)
{
	return rand();
}

void srandom(unsigned int seed)
{
	srand(seed);
}

int rand_r(unsigned int *seed)
{
	uint64_t state = seeded((*seed)++);

	return (int)(random_next(&state) >> 1);
}
