/* SPDX-License-Identifier: Apache-2.0 */
/*
 * printf's conversions of floating point numbers, exact to any precision:
 * the number's decimal digits are computed in full, then rounded once.
 */
#include "format.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "decimal.h"

#define FRACTION_BITS 52
#define EXPONENT_SPECIAL 0x7ff /* infinity and NaN */
#define EXPONENT_BIAS 1023

/* A double taken apart; finite numbers are mantissa * 2^exponent. */
struct number {
	uint64_t mantissa;
	int32_t exponent;
	char sign[2];
	bool special;
};

static struct number take_apart(const struct conversion *conversion, double value)
{
	struct number number = {0};
	uint64_t bits;

	memcpy(&bits, &value, sizeof(bits));
	number.sign[0] = bits >> 63 ? '-' : conversion->plus ? '+' : conversion->space ? ' ' : '\0';
	number.mantissa = bits & ((1ull << FRACTION_BITS) - 1);
	number.exponent = (int32_t)(bits >> FRACTION_BITS & EXPONENT_SPECIAL);
	number.special = number.exponent == EXPONENT_SPECIAL;
	if (number.exponent)
		number.mantissa |= 1ull << FRACTION_BITS;
	else
		number.exponent = 1;
	number.exponent -= EXPONENT_BIAS + FRACTION_BITS;
	return number;
}

static bool is_upper(const struct conversion *conversion)
{
	return conversion->letter < 'a';
}

static void put_special(struct sink *sink, const struct conversion *conversion, const struct number *number)
{
	struct conversion padded = *conversion;
	const bool infinite = !(number->mantissa & ((1ull << FRACTION_BITS) - 1));
	const char *const text =
	    is_upper(conversion) ? (infinite ? "INF" : "NAN") : (infinite ? "inf" : "nan");

	padded.zero = 0;
	put_number(sink, &padded, number->sign, 0, text, 3);
}

/* ---- Padding around a number that is put part by part ----------------------- */

static void put_start(struct sink *sink, const struct conversion *conversion, const char *prefix,
                      size_t length)
{
	const size_t all = strlen(prefix) + length;
	const size_t pad = (size_t)conversion->width > all ? (size_t)conversion->width - all : 0;

	if (!conversion->left && !conversion->zero)
		sink_fill(sink, ' ', pad);
	sink_put(sink, prefix, strlen(prefix));
	if (!conversion->left && conversion->zero)
		sink_fill(sink, '0', pad);
}

static void put_end(struct sink *sink, const struct conversion *conversion, const char *prefix, size_t length)
{
	const size_t all = strlen(prefix) + length;

	if (conversion->left && (size_t)conversion->width > all)
		sink_fill(sink, ' ', (size_t)conversion->width - all);
}

/* `count` digits from number `from` on; zeros where there are none, and before the first. */
static void put_digits(struct sink *sink, const struct decimal *decimal, int64_t from, int64_t count)
{
	char block[32];
	size_t used = 0;

	if (from < 0) {
		const int64_t zeros = -from < count ? -from : count;

		sink_fill(sink, '0', (size_t)zeros);
		from += zeros;
		count -= zeros;
	}
	for (; count > 0 && from < decimal->count; from++, count--) {
		block[used++] = (char)('0' + decimal->digit[from]);
		if (used == sizeof(block)) {
			sink_put(sink, block, used);
			used = 0;
		}
	}
	sink_put(sink, block, used);
	sink_fill(sink, '0', count > 0 ? (size_t)count : 0);
}

/* ---- The three forms -------------------------------------------------------- */

/* 123.450, with `fraction` digits behind the point. */
static void put_fixed(struct sink *sink, const struct conversion *conversion, const char *sign,
                      const struct decimal *decimal, int32_t fraction)
{
	const int32_t point = decimal->count ? decimal->point : 0;
	const bool has_point = fraction || conversion->alternate;
	const size_t length = (size_t)(point > 0 ? point : 1) + has_point + (size_t)fraction;

	put_start(sink, conversion, sign, length);
	if (point > 0)
		put_digits(sink, decimal, 0, point);
	else
		sink_put(sink, "0", 1);
	if (has_point)
		sink_put(sink, ".", 1);
	put_digits(sink, decimal, point, fraction);
	put_end(sink, conversion, sign, length);
}

/* Letter, sign and at least `least` digits of an exponent; returns their number. */
static size_t exponent_text(char *to, char letter, int32_t exponent, uint32_t least)
{
	uint32_t value = exponent < 0 ? (uint32_t)-exponent : (uint32_t)exponent;
	uint32_t digits = 1;
	size_t length = 0;

	for (uint32_t rest = value; rest >= 10; rest /= 10)
		digits++;
	if (digits < least)
		digits = least;
	to[length++] = letter;
	to[length++] = exponent < 0 ? '-' : '+';
	for (uint32_t i = digits; i-- > 0; value /= 10)
		to[length + i] = (char)('0' + value % 10);
	return length + digits;
}

/* 1.2345e+02, with `fraction` digits behind the point. */
static void put_scientific(struct sink *sink, const struct conversion *conversion, const char *sign,
                           const struct decimal *decimal, int32_t fraction)
{
	const bool has_point = fraction || conversion->alternate;
	char exponent[8];
	const size_t exponent_length = exponent_text(exponent, is_upper(conversion) ? 'E' : 'e',
	                                             decimal->count ? decimal->point - 1 : 0, 2);
	const size_t length = 1 + has_point + (size_t)fraction + exponent_length;

	put_start(sink, conversion, sign, length);
	put_digits(sink, decimal, 0, 1);
	if (has_point)
		sink_put(sink, ".", 1);
	put_digits(sink, decimal, 1, fraction);
	sink_put(sink, exponent, exponent_length);
	put_end(sink, conversion, sign, length);
}

/* %g: `precision` significant digits, in the form that suits, trailing zeros removed. */
static void put_general(struct sink *sink, const struct conversion *conversion, const char *sign,
                        struct decimal *decimal, int32_t precision)
{
	if (!precision)
		precision = 1;
	decimal_round(decimal, precision);
	const int32_t exponent = decimal->count ? decimal->point - 1 : 0;
	/* Digits that are shown: all asked for with '#', else those up to the last that is not 0. */
	const int32_t shown = conversion->alternate ? precision
	                      : decimal->count      ? (int32_t)decimal->count
	                                            : 1;

	if (exponent < -4 || exponent >= precision)
		put_scientific(sink, conversion, sign, decimal, shown - 1);
	else
		put_fixed(sink, conversion, sign, decimal, shown > exponent + 1 ? shown - exponent - 1 : 0);
}

/* %a: 0x1.8p+3; a denormal has leading digit 0, as glibc has it. */
static void put_hexadecimal(struct sink *sink, const struct conversion *conversion,
                            const struct number *number)
{
	const char *const letters = is_upper(conversion) ? "0123456789ABCDEF" : "0123456789abcdef";
	const int32_t exponent = number->mantissa ? number->exponent + FRACTION_BITS : 0;
	uint64_t mantissa = number->mantissa;
	int32_t digits = FRACTION_BITS / 4;
	char prefix[4], text[16], exponent_part[8];

	if (conversion->precision >= 0 && conversion->precision < digits) {
		const uint32_t dropped_bits = 4 * (uint32_t)(digits - conversion->precision);
		const uint64_t dropped = mantissa & ((1ull << dropped_bits) - 1),
		               half = 1ull << (dropped_bits - 1);

		mantissa >>= dropped_bits;
		mantissa += dropped > half || (dropped == half && mantissa & 1);
		digits = conversion->precision;
		mantissa <<= 4 * (uint32_t)(FRACTION_BITS / 4 - digits);
	} else if (conversion->precision < 0) {
		while (digits && !(mantissa >> 4 * (FRACTION_BITS / 4 - digits) & 15))
			digits--;
	}
	snprintf(prefix, sizeof(prefix), "%s0%c", number->sign, is_upper(conversion) ? 'X' : 'x');
	for (int32_t i = 0; i <= digits; i++)
		text[i] = letters[mantissa >> (FRACTION_BITS - 4 * i) & 15];

	const int32_t zeros = conversion->precision > digits ? conversion->precision - digits : 0;
	const bool has_point = digits || zeros || conversion->alternate;
	const size_t exponent_length =
	    exponent_text(exponent_part, is_upper(conversion) ? 'P' : 'p', exponent, 1);
	const size_t length = 1 + has_point + (size_t)digits + (size_t)zeros + exponent_length;

	put_start(sink, conversion, prefix, length);
	sink_put(sink, text, 1);
	if (has_point)
		sink_put(sink, ".", 1);
	sink_put(sink, text + 1, (size_t)digits);
	sink_fill(sink, '0', (size_t)zeros);
	sink_put(sink, exponent_part, exponent_length);
	put_end(sink, conversion, prefix, length);
}

void format_double(struct sink *sink, const struct conversion *conversion, double value)
{
	const struct number number = take_apart(conversion, value);
	const int32_t precision = conversion->precision < 0 ? 6 : conversion->precision;
	struct decimal decimal;

	if (number.special) {
		put_special(sink, conversion, &number);
		return;
	}
	if ((conversion->letter | 0x20) == 'a') {
		put_hexadecimal(sink, conversion, &number);
		return;
	}
	decimal_from_binary(&decimal, number.mantissa, number.exponent);
	switch (conversion->letter | 0x20) {
	case 'f':
		/* Rounding at more digits than there are does nothing; the sum must not overflow. */
		if (precision < 2 * DECIMAL_DIGITS)
			decimal_round(&decimal, decimal.point + precision);
		put_fixed(sink, conversion, number.sign, &decimal, precision);
		break;
	case 'e':
		if (precision < 2 * DECIMAL_DIGITS)
			decimal_round(&decimal, precision + 1);
		put_scientific(sink, conversion, number.sign, &decimal, precision);
		break;
	default:
		put_general(sink, conversion, number.sign, &decimal, precision);
		break;
	}
}
