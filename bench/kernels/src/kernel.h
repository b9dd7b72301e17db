/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What every kernel of this folder shares.
 *
 * A kernel is one C file that exports `uint32_t NAME(uint32_t n)`, NAME being
 * the file's name. It uses no library, makes its own data, and is compiled
 * unchanged for native x86-64, x32, WebAssembly and Ringfence. So nothing in
 * it says what is to be inlined: WebAssembly cannot say it, and would not do the same.
 *   n = 0: prepare the data and check the algorithm against a published or
 *          independently computed answer; returns 1 if it is right, else 0.
 *   n > 0: one measured run (1 ... 10 ms natively); returns a digest that
 *          depends on n and on every intermediate result.
 */
#ifndef KERNEL_H
#define KERNEL_H

#include <stddef.h>
#include <stdint.h>

#if defined(__has_include) && !defined(KERNEL_PLAIN)
#if __has_include(<ringfence/nf.h>)
#include <ringfence/nf.h>
#endif
#endif
#ifndef RF_EXPORT
#define RF_EXPORT __attribute__((used, visibility("default")))
#endif

/* Marsaglia's xorshift32: the same sequence on every target. */
static inline uint32_t next_random(uint32_t *state)
{
	uint32_t x = *state;
	x ^= x << 13;
	x ^= x >> 17;
	x ^= x << 5;
	*state = x;
	return x;
}

/* One FNV-1a-like step over a whole word. */
static inline uint32_t mix(uint32_t digest, uint32_t value)
{
	digest = (digest ^ value) * 0x01000193u;
	return digest ^ (digest >> 15);
}

static inline void fill_random(void *buffer, uint32_t size, uint32_t seed)
{
	uint8_t *bytes = buffer;
	uint32_t state = seed * 2654435761u | 1;
	for (uint32_t i = 0; i < size; i++)
		bytes[i] = (uint8_t)(next_random(&state) >> 24);
}

static inline uint32_t digest_bytes(uint32_t digest, const void *buffer, uint32_t size)
{
	const uint8_t *bytes = buffer;
	for (uint32_t i = 0; i < size; i++)
		digest = mix(digest, bytes[i]);
	return digest;
}

static inline int same_bytes(const void *a, const void *b, uint32_t size)
{
	const uint8_t *x = a, *y = b;
	for (uint32_t i = 0; i < size; i++)
		if (x[i] != y[i])
			return 0;
	return 1;
}

#endif
