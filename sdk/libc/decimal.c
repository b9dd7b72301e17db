/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decimal and binary floating point with plain big-integer arithmetic: every
 * intermediate value is exact, so each result is rounded once and correctly.
 */
#include "decimal.h"

#include <stddef.h>
#include <string.h>

/*
 * Largest value: 10^k for k <= 768 + 9 + 330 (binary_from_decimal), some 3,700
 * bits, or 2^53 * 5^1074 (decimal_from_binary), some 2,550.
 */
#define LIMBS 128
#define CHUNK 1000000000u /* 10^9, the largest power of ten in a limb */
#define CHUNK_DIGITS 9

struct big {
	uint32_t count; /* limbs in use; the top one is not 0 */
	uint32_t limb[LIMBS];
};

const struct binary_format binary32 = {24, -149, 0xff};
const struct binary_format binary64 = {53, -1074, 0x7ff};

static void big_set(struct big *big, uint64_t value)
{
	big->limb[0] = (uint32_t)value;
	big->limb[1] = (uint32_t)(value >> 32);
	big->count = value >> 32 ? 2 : value != 0;
}

/* big = big * factor + addend */
static void big_multiply_add(struct big *big, uint32_t factor, uint32_t addend)
{
	uint64_t carry = addend;

	for (uint32_t i = 0; i < big->count; i++) {
		carry += (uint64_t)big->limb[i] * factor;
		big->limb[i] = (uint32_t)carry;
		carry >>= 32;
	}
	if (carry)
		big->limb[big->count++] = (uint32_t)carry;
}

/* big = big / divisor; returns the remainder */
static uint32_t big_divide(struct big *big, uint32_t divisor)
{
	uint64_t rest = 0;

	for (uint32_t i = big->count; i-- > 0;) {
		rest = rest << 32 | big->limb[i];
		big->limb[i] = (uint32_t)(rest / divisor);
		rest %= divisor;
	}
	while (big->count && !big->limb[big->count - 1])
		big->count--;
	return (uint32_t)rest;
}

static void big_shift_left(struct big *big, uint32_t bits)
{
	const uint32_t limbs = bits / 32;

	if (!big->count)
		return;
	if (bits % 32)
		big_multiply_add(big, 1u << bits % 32, 0);
	if (!limbs)
		return;
	memmove(big->limb + limbs, big->limb, big->count * sizeof(big->limb[0]));
	memset(big->limb, 0, limbs * sizeof(big->limb[0]));
	big->count += limbs;
}

/* big = big * 5^power; 5^13 is the largest in a limb */
static void big_multiply_power_of_5(struct big *big, uint32_t power)
{
	for (; power >= 13; power -= 13)
		big_multiply_add(big, 1220703125, 0);
	for (; power; power--)
		big_multiply_add(big, 5, 0);
}

static uint32_t big_bits(const struct big *big)
{
	return big->count ? big->count * 32 - (uint32_t)__builtin_clz(big->limb[big->count - 1]) : 0;
}

static int big_compare(const struct big *a, const struct big *b)
{
	if (a->count != b->count)
		return a->count < b->count ? -1 : 1;
	for (uint32_t i = a->count; i-- > 0;) {
		if (a->limb[i] != b->limb[i])
			return a->limb[i] < b->limb[i] ? -1 : 1;
	}
	return 0;
}

/* a = a - b, which is not negative */
static void big_subtract(struct big *a, const struct big *b)
{
	uint32_t borrow = 0;

	for (uint32_t i = 0; i < a->count; i++) {
		const uint64_t difference = (uint64_t)a->limb[i] - (i < b->count ? b->limb[i] : 0) - borrow;

		a->limb[i] = (uint32_t)difference;
		borrow = (uint32_t)(difference >> 63);
	}
	while (a->count && !a->limb[a->count - 1])
		a->count--;
}

/* ---- Binary to decimal ---------------------------------------------------- */

void decimal_from_binary(struct decimal *decimal, uint64_t mantissa, int32_t exponent)
{
	struct big big;
	uint8_t reversed[DECIMAL_DIGITS + CHUNK_DIGITS];
	uint32_t count = 0;

	decimal->count = 0;
	decimal->point = 0;
	if (!mantissa)
		return;
	const int32_t zeros = __builtin_ctzll(mantissa);

	mantissa >>= zeros;
	exponent += zeros;
	big_set(&big, mantissa);
	if (exponent >= 0)
		big_shift_left(&big, (uint32_t)exponent);
	else /* m / 2^k = m * 5^k / 10^k */
		big_multiply_power_of_5(&big, (uint32_t)-exponent);
	while (big.count) {
		uint32_t chunk = big_divide(&big, CHUNK);

		for (uint32_t i = 0; i < CHUNK_DIGITS; i++, chunk /= 10)
			reversed[count++] = (uint8_t)(chunk % 10);
	}
	while (!reversed[count - 1])
		count--;
	decimal->point = (int32_t)count + (exponent < 0 ? exponent : 0);
	for (uint32_t i = 0; i < count; i++)
		decimal->digit[i] = reversed[count - 1 - i];
	while (!decimal->digit[count - 1])
		count--;
	decimal->count = count;
}

/* Whether rounding at `keep`, which is below count, goes up. */
static bool rounds_up(const struct decimal *decimal, uint32_t keep)
{
	if (decimal->digit[keep] != 5)
		return decimal->digit[keep] > 5;
	if (keep + 1 < decimal->count) /* the last digit is not 0 */
		return true;
	return keep && decimal->digit[keep - 1] & 1;
}

void decimal_round(struct decimal *decimal, int32_t keep)
{
	if (keep < 0) {
		decimal->count = 0;
		return;
	}
	if ((uint32_t)keep >= decimal->count)
		return;
	uint32_t count = (uint32_t)keep;
	const bool up = rounds_up(decimal, count);

	if (up) {
		while (count && decimal->digit[count - 1] == 9)
			count--;
		if (count) {
			decimal->digit[count - 1]++;
		} else {
			decimal->digit[count++] = 1;
			decimal->point++;
		}
	} else {
		while (count && !decimal->digit[count - 1])
			count--;
	}
	decimal->count = count;
}

/* ---- Decimal to binary ---------------------------------------------------- */

/* Whether the mantissa, rounded to the format's precision, carries into the next power of two. */
static bool carries(const struct binary_format *format, uint64_t mantissa)
{
	return mantissa >> (63 - format->precision) == (2ull << format->precision) - 1;
}

uint64_t binary_round(const struct binary_format *format, uint64_t mantissa, int32_t exponent, bool sticky,
                      bool *inexact_denormal)
{
	const int32_t precision = format->precision;
	const uint64_t infinity = (uint64_t)format->exponents << (precision - 1);
	int32_t shift = 64 - precision; /* bits to drop */
	uint64_t kept, dropped, half;

	if (exponent + shift < format->exponent_min)
		shift = format->exponent_min - exponent;
	*inexact_denormal = false;
	if (shift > 64) { /* below half of the least denormal */
		*inexact_denormal = true;
		return 0;
	}
	kept = shift == 64 ? 0 : mantissa >> shift;
	dropped = shift == 64 ? mantissa : mantissa & ((1ull << shift) - 1);
	half = 1ull << (shift - 1);
	/* As the CPU has it, tiny is what is below the least normal number after rounding to full precision.
	 */
	*inexact_denormal = kept < 1ull << (precision - 1) && (dropped || sticky) &&
	                    !(exponent + 65 - precision == format->exponent_min && carries(format, mantissa));
	if (dropped > half || (dropped == half && (sticky || kept & 1)))
		kept++;
	if (kept < 1ull << (precision - 1))
		return kept;
	/* The mantissa's hidden bit, or its carry, raises the exponent by itself. */
	const uint64_t biased = (uint64_t)(exponent + shift - format->exponent_min);

	if (biased >= format->exponents)
		return infinity;
	const uint64_t bits = (biased << (precision - 1)) + kept;

	return bits < infinity ? bits : infinity;
}

/* value = digits / 10^`scale`, by long division to 64 bits */
static uint64_t divide_round(const struct binary_format *format, struct big *value, uint32_t scale,
                             bool sticky, bool *inexact_denormal)
{
	struct big divisor;
	uint64_t mantissa = 0;
	int32_t exponent; /* value / divisor is in [1, 2) * 2^exponent */

	big_set(&divisor, 1);
	big_multiply_power_of_5(&divisor, scale);
	exponent = (int32_t)big_bits(value) - (int32_t)big_bits(&divisor);
	if (exponent >= 0)
		big_shift_left(&divisor, (uint32_t)exponent);
	else
		big_shift_left(value, (uint32_t)-exponent);
	if (big_compare(value, &divisor) < 0) {
		exponent--;
		big_shift_left(value, 1);
	}
	for (int i = 0; i < 64; i++) {
		mantissa <<= 1;
		if (big_compare(value, &divisor) >= 0) {
			mantissa |= 1;
			big_subtract(value, &divisor);
		}
		big_shift_left(value, 1);
	}
	return binary_round(format, mantissa, exponent - 63 - (int32_t)scale, sticky || value->count,
	                    inexact_denormal);
}

/* The 64 most significant bits of `value`; what is below them only counts as being there. */
static uint64_t integer_round(const struct binary_format *format, const struct big *value, uint32_t scale,
                              bool sticky, bool *inexact_denormal)
{
	const uint32_t bits = big_bits(value);
	uint64_t mantissa = 0;

	for (uint32_t i = 0; i < 64 && i < bits; i++) {
		const uint32_t bit = bits - 1 - i;

		mantissa |= (uint64_t)(value->limb[bit / 32] >> bit % 32 & 1) << (63 - i);
	}
	for (uint32_t bit = 0; bits > 64 && bit < bits - 64; bit++)
		sticky |= value->limb[bit / 32] >> bit % 32 & 1;
	return binary_round(format, mantissa, (int32_t)bits - 64 + (int32_t)scale, sticky, inexact_denormal);
}

uint64_t binary_from_decimal(const struct binary_format *format, const struct decimal *decimal, bool sticky,
                             bool *inexact_denormal)
{
	const int32_t power = decimal->point - (int32_t)decimal->count; /* value = digits * 10^power */
	struct big big;

	*inexact_denormal = false;
	if (!decimal->count)
		return 0;
	if (decimal->point > 310)
		return (uint64_t)format->exponents << (format->precision - 1);
	if (decimal->point < -330) {
		*inexact_denormal = true;
		return 0;
	}
	big_set(&big, 0);
	for (uint32_t i = 0; i < decimal->count; i++)
		big_multiply_add(&big, 10, decimal->digit[i]);
	if (power < 0)
		return divide_round(format, &big, (uint32_t)-power, sticky, inexact_denormal);
	big_multiply_power_of_5(&big, (uint32_t)power);
	return integer_round(format, &big, (uint32_t)power, sticky, inexact_denormal);
}
