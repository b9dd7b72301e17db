/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Exact conversion between binary floating point and decimal digits, for
 * printf and strtod.
 */
#ifndef RF_LIBC_DECIMAL_H
#define RF_LIBC_DECIMAL_H

#include <stdbool.h>
#include <stdint.h>

/* No double has more significant decimal digits than this. */
#define DECIMAL_DIGITS 768

/* 0.d1 d2 … dcount * 10^point, d1 not 0; count 0 is zero. Digits are 0 … 9, not characters. */
struct decimal {
	int32_t point;
	uint32_t count;
	uint8_t digit[DECIMAL_DIGITS + 9];
};

/* The exact digits of `mantissa` * 2^`exponent`, for a finite double's mantissa and exponent. */
void decimal_from_binary(struct decimal *decimal, uint64_t mantissa, int32_t exponent);

/* Rounds to `keep` digits, ties to even; `keep` may be negative, then the result is zero. */
void decimal_round(struct decimal *decimal, int32_t keep);

/* A binary format of IEEE 754. */
struct binary_format {
	int32_t precision;    /* bits of the mantissa, the hidden one included */
	int32_t exponent_min; /* that of the last bit of a denormal */
	uint32_t exponents;   /* the biased exponent of infinity */
};

extern const struct binary_format binary32, binary64;

/*
 * The bit pattern (without sign) nearest to `mantissa` * 2^`exponent`, a bit
 * more if `sticky`; the mantissa's top bit is set. *inexact_denormal: what
 * ERANGE means for an underflow. Infinity where the value is too large.
 */
uint64_t binary_round(const struct binary_format *format, uint64_t mantissa, int32_t exponent, bool sticky,
                      bool *inexact_denormal);

/* The bit pattern nearest to 0.d1d2… * 10^point, `sticky` as above. */
uint64_t binary_from_decimal(const struct binary_format *format, const struct decimal *decimal, bool sticky,
                             bool *inexact_denormal);

#endif
