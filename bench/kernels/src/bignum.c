/* SPDX-License-Identifier: Apache-2.0 */
/* Modular exponentiation by Montgomery multiplication: 64-bit words, 128-bit products, carries. */
#include "kernel.h"

enum { WORDS = 8 };

typedef unsigned __int128 wide;

struct modulus {
	uint64_t m[WORDS], r2[WORDS], inverse;
};

/* a >= b */
static int not_less(const uint64_t *a, const uint64_t *b)
{
	for (int i = WORDS - 1; i >= 0; i--)
		if (a[i] != b[i])
			return a[i] > b[i];
	return 1;
}

static void subtract(uint64_t *a, const uint64_t *b)
{
	uint64_t borrow = 0;
	for (int i = 0; i < WORDS; i++) {
		wide d = (wide)a[i] - b[i] - borrow;
		a[i] = (uint64_t)d;
		borrow = (uint64_t)(d >> 64) & 1;
	}
}

/* out = a * b / 2^(64 * WORDS) mod m: coarsely integrated operand scanning (Koc, Acar, Kaliski 1996). */
static void montgomery(uint64_t *out, const uint64_t *a, const uint64_t *b, const struct modulus *mod)
{
	uint64_t t[WORDS + 2] = {0};
	for (int i = 0; i < WORDS; i++) {
		uint64_t carry = 0;
		for (int k = 0; k < WORDS; k++) {
			wide x = (wide)a[k] * b[i] + t[k] + carry;
			t[k] = (uint64_t)x;
			carry = (uint64_t)(x >> 64);
		}
		wide sum = (wide)t[WORDS] + carry;
		t[WORDS] = (uint64_t)sum;
		t[WORDS + 1] = (uint64_t)(sum >> 64);
		uint64_t q = t[0] * mod->inverse;
		carry = (uint64_t)(((wide)q * mod->m[0] + t[0]) >> 64);
		for (int k = 1; k < WORDS; k++) {
			wide x = (wide)q * mod->m[k] + t[k] + carry;
			t[k - 1] = (uint64_t)x;
			carry = (uint64_t)(x >> 64);
		}
		sum = (wide)t[WORDS] + carry;
		t[WORDS - 1] = (uint64_t)sum;
		t[WORDS] = t[WORDS + 1] + (uint64_t)(sum >> 64);
	}
	if (t[WORDS] || not_less(t, mod->m))
		subtract(t, mod->m);
	for (int i = 0; i < WORDS; i++)
		out[i] = t[i];
}

static void set_modulus(struct modulus *mod, const uint64_t *m)
{
	uint64_t x = 1;
	for (int i = 0; i < 6; i++)
		x *= 2 - m[0] * x; /* Newton: 1/m mod 2^64 */
	mod->inverse = 0 - x;
	for (int i = 0; i < WORDS; i++) {
		mod->m[i] = m[i];
		mod->r2[i] = i == 0;
	}
	for (int bit = 0; bit < 128 * WORDS; bit++) {
		uint64_t top = mod->r2[WORDS - 1] >> 63;
		for (int i = WORDS - 1; i > 0; i--)
			mod->r2[i] = mod->r2[i] << 1 | mod->r2[i - 1] >> 63;
		mod->r2[0] <<= 1;
		if (top || not_less(mod->r2, m))
			subtract(mod->r2, m);
	}
}

static void power(uint64_t *out, const uint64_t *base, const uint64_t *exponent, const struct modulus *mod)
{
	static const uint64_t one[WORDS] = {1};
	uint64_t x[WORDS], result[WORDS];
	montgomery(x, base, mod->r2, mod);
	montgomery(result, one, mod->r2, mod);
	for (int bit = 64 * WORDS - 1; bit >= 0; bit--) {
		montgomery(result, result, result, mod);
		if (exponent[bit / 64] >> bit % 64 & 1)
			montgomery(result, result, x, mod);
	}
	montgomery(out, result, one, mod);
}

/* 2^521 - 1 is prime but too long; 2^512 - 569 is the largest prime below 2^512: Fermat's theorem. */
static void prime(uint64_t *m)
{
	for (int i = 0; i < WORDS; i++)
		m[i] = ~0ull;
	m[0] = 0 - 569ull;
}

RF_EXPORT uint32_t bignum(uint32_t n)
{
	struct modulus mod;
	uint64_t m[WORDS], base[WORDS], exponent[WORDS], out[WORDS];
	prime(m);
	set_modulus(&mod, m);
	fill_random(base, sizeof base, n + 7);
	base[WORDS - 1] >>= 1;
	prime(exponent);
	if (n == 0) {
		exponent[0] -= 1;
		power(out, base, exponent, &mod);
		int ok = out[0] == 1;
		for (int i = 1; i < WORDS; i++)
			ok &= out[i] == 0;
		return (uint32_t)ok;
	}
	uint32_t digest = n;
	fill_random(exponent, sizeof exponent, n + 9);
	for (int i = 0; i < 12; i++) {
		power(base, base, exponent, &mod);
		digest = digest_bytes(digest, base, sizeof base);
		base[WORDS - 1] >>= 1;
	}
	return digest;
}
