/* SPDX-License-Identifier: Apache-2.0 */
/* strtod and its kin (C11 7.22.1.3), correctly rounded. */
#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "decimal.h"

/* What a number's text says: the bit pattern without sign, and where it ended (NULL: no number). */
struct parsed {
	uint64_t bits;
	const char *end;
	bool negative;
	bool range; /* overflow, or an inexact denormal or zero */
};

/* Exponents beyond this are all alike; so sums of two do not overflow. */
#define EXPONENT_MAX 1000000

/* Reads "[+-]digits" behind an `e` or `p`; leaves *text alone and gives 0 if that is not there. */
static int32_t exponent_of(const char **text, char letter)
{
	const char *at = *text;
	bool negative = false;
	int32_t value = 0;

	if ((*at | 0x20) != letter)
		return 0;
	at++;
	if (*at == '+' || *at == '-')
		negative = *at++ == '-';
	if (!isdigit((unsigned char)*at))
		return 0;
	for (; isdigit((unsigned char)*at); at++) {
		if (value < EXPONENT_MAX)
			value = value * 10 + (*at - '0');
	}
	*text = at;
	return negative ? -value : value;
}

static int digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static void mark_overflow(const struct binary_format *format, struct parsed *parsed)
{
	if (parsed->bits == (uint64_t)format->exponents << (format->precision - 1))
		parsed->range = true;
}

/* Digits behind "0x". */
static void parse_hex(const struct binary_format *format, const char *text, struct parsed *parsed)
{
	uint64_t mantissa = 0;
	int32_t exponent = 0;
	bool sticky = false, point = false, any = false;

	for (;; text++) {
		const int digit = digit_value(*text);

		if (*text == '.' && !point) {
			point = true;
			continue;
		}
		if (digit < 0)
			break;
		any = true;
		if (mantissa >> 60) {
			sticky |= digit != 0;
			exponent += exponent < EXPONENT_MAX ? 4 : 0;
		} else {
			mantissa = mantissa << 4 | (uint64_t)digit;
		}
		if (point)
			exponent -= exponent > -EXPONENT_MAX ? 4 : 0;
	}
	if (!any)
		return;
	exponent += exponent_of(&text, 'p');
	parsed->end = text;
	if (!mantissa)
		return;
	const int zeros = __builtin_clzll(mantissa);

	parsed->bits = binary_round(format, mantissa << zeros, exponent - zeros, sticky, &parsed->range);
	mark_overflow(format, parsed);
}

/*
 * A number of at most 19 digits times a power of ten that a double holds
 * exactly: one rounding gives the right result (Clinger, 1990).
 */
static bool parse_fast(uint64_t digits, int32_t power, double *value)
{
	static const double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
	                                1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
	                                1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

	if (digits > 1ull << 53 || power < -22 || power > 22)
		return false;
	*value = power < 0 ? (double)digits / powers[-power] : (double)digits * powers[power];
	return true;
}

static void parse_decimal(const struct binary_format *format, const char *text, struct parsed *parsed)
{
	struct decimal decimal;
	uint64_t leading = 0; /* the first 19 digits */
	bool sticky = false, point = false, any = false;
	double fast;

	decimal.count = 0;
	decimal.point = 0;
	for (;; text++) {
		if (*text == '.' && !point) {
			point = true;
			continue;
		}
		if (!isdigit((unsigned char)*text))
			break;
		any = true;
		if (!decimal.count && *text == '0') {
			decimal.point -= point && decimal.point > -EXPONENT_MAX;
			continue;
		}
		if (decimal.count < DECIMAL_DIGITS)
			decimal.digit[decimal.count++] = (uint8_t)(*text - '0');
		else
			sticky |= *text != '0';
		if (decimal.count <= 19)
			leading = leading * 10 + (uint64_t)(*text - '0');
		decimal.point += !point && decimal.point < EXPONENT_MAX;
	}
	if (!any)
		return;
	decimal.point += exponent_of(&text, 'e');
	parsed->end = text;
	if (!decimal.count)
		return;
	if (format == &binary64 && decimal.count <= 19 &&
	    parse_fast(leading, decimal.point - (int32_t)decimal.count, &fast)) {
		memcpy(&parsed->bits, &fast, sizeof(fast));
		return;
	}
	parsed->bits = binary_from_decimal(format, &decimal, sticky, &parsed->range);
	mark_overflow(format, parsed);
}

/* "nan", perhaps with "(characters)". */
static const char *nan_end(const char *text)
{
	const char *at = text + 3;

	if (*at != '(')
		return at;
	for (at++; isalnum((unsigned char)*at) || *at == '_'; at++)
		continue;
	return *at == ')' ? at + 1 : text + 3;
}

static struct parsed parse(const struct binary_format *format, const char *text)
{
	const uint64_t infinity = (uint64_t)format->exponents << (format->precision - 1);
	struct parsed parsed = {0};

	while (isspace((unsigned char)*text))
		text++;
	if (*text == '+' || *text == '-')
		parsed.negative = *text++ == '-';
	if (strncasecmp(text, "inf", 3) == 0) {
		parsed.bits = infinity;
		parsed.end = text + (strncasecmp(text, "infinity", 8) == 0 ? 8 : 3);
	} else if (strncasecmp(text, "nan", 3) == 0) {
		parsed.bits = infinity | 1ull << (format->precision - 2);
		parsed.end = nan_end(text);
	} else if (text[0] == '0' && (text[1] | 0x20) == 'x') {
		parsed.end = text + 1; /* the number is 0 where no digit follows the x */
		parse_hex(format, text + 2, &parsed);
	} else {
		parse_decimal(format, text, &parsed);
	}
	return parsed;
}

static struct parsed parse_to(const struct binary_format *format, const char *text, char **end)
{
	struct parsed parsed = parse(format, text);

	if (!parsed.end)
		parsed.negative = false;
	if (parsed.range)
		errno = ERANGE;
	if (end)
		*end = (char *)(uintptr_t)(parsed.end ? parsed.end : text);
	return parsed;
}

double strtod(const char *restrict text, char **restrict end)
{
	const struct parsed parsed = parse_to(&binary64, text, end);
	const uint64_t bits = parsed.bits | (uint64_t)parsed.negative << 63;
	double value;

	memcpy(&value, &bits, sizeof(value));
	return value;
}

float strtof(const char *restrict text, char **restrict end)
{
	const struct parsed parsed = parse_to(&binary32, text, end);
	const uint32_t bits = (uint32_t)parsed.bits | (uint32_t)parsed.negative << 31;
	float value;

	memcpy(&value, &bits, sizeof(value));
	return value;
}

long double strtold(const char *restrict text, char **restrict end)
{
	return strtod(text, end);
}

double atof(const char *text)
{
	return strtod(text, NULL);
}
