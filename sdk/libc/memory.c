/* SPDX-License-Identifier: Apache-2.0 */
/*
 * memcpy, memmove, memset, memcmp: what clang calls on its own, so it comes
 * first and depends on nothing. SSE2, 16 bytes at a time, unaligned; sizes up
 * to 128 bytes are done without a loop, all loads before the first store.
 */
#include <emmintrin.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Not of ISO C: a program may have functions of these names. */
#pragma weak mempcpy
#pragma weak bcmp

typedef uint16_t u16 __attribute__((aligned(1), may_alias));
typedef uint32_t u32 __attribute__((aligned(1), may_alias));
typedef uint64_t u64 __attribute__((aligned(1), may_alias));

static inline __m128i load(const unsigned char *from)
{
	return _mm_loadu_si128((const __m128i_u *)from);
}

static inline void store(unsigned char *to, __m128i value)
{
	_mm_storeu_si128((__m128i_u *)to, value);
}

/* Copies 0 … 16 bytes as two words that may overlap. */
static inline void copy_upto16(unsigned char *to, const unsigned char *from, size_t length)
{
	if (length >= 8) {
		const u64 first = *(const u64 *)from, last = *(const u64 *)(from + length - 8);

		*(u64 *)to = first;
		*(u64 *)(to + length - 8) = last;
	} else if (length >= 4) {
		const u32 first = *(const u32 *)from, last = *(const u32 *)(from + length - 4);

		*(u32 *)to = first;
		*(u32 *)(to + length - 4) = last;
	} else if (length >= 2) {
		const u16 first = *(const u16 *)from, last = *(const u16 *)(from + length - 2);

		*(u16 *)to = first;
		*(u16 *)(to + length - 2) = last;
	} else if (length == 1) {
		*to = *from;
	}
}

/* Copies 17 … 32 bytes as two vectors that may overlap. */
static inline void copy_upto32(unsigned char *to, const unsigned char *from, size_t length)
{
	const __m128i first = load(from), last = load(from + length - 16);

	store(to, first);
	store(to + length - 16, last);
}

/* Copies 33 … 128 bytes as four or eight vectors that may overlap. */
static inline void copy_upto128(unsigned char *to, const unsigned char *from, size_t length)
{
	const __m128i a = load(from), b = load(from + 16);
	const __m128i y = load(from + length - 32), z = load(from + length - 16);

	if (length > 64) {
		const __m128i c = load(from + 32), d = load(from + 48);
		const __m128i w = load(from + length - 64), x = load(from + length - 48);

		store(to + 32, c);
		store(to + 48, d);
		store(to + length - 64, w);
		store(to + length - 48, x);
	}
	store(to, a);
	store(to + 16, b);
	store(to + length - 32, y);
	store(to + length - 16, z);
}

/*
 * More than 128 bytes from low to high addresses, 64 at a time onto aligned
 * ones. The last 64 bytes are read first, as an overlapping destination below
 * the source may overwrite them.
 */
static void copy_up(unsigned char *to, const unsigned char *from, size_t length)
{
	const __m128i first = load(from);
	const __m128i w = load(from + length - 64), x = load(from + length - 48);
	const __m128i y = load(from + length - 32), z = load(from + length - 16);
	unsigned char *const start = to, *const end = to + length;
	const size_t skip = 16 - ((uintptr_t)to & 15);

	to += skip;
	from += skip;
	for (; (size_t)(end - to) > 64; to += 64, from += 64) {
		const __m128i a = load(from), b = load(from + 16), c = load(from + 32), d = load(from + 48);

		_mm_store_si128((__m128i *)to, a);
		_mm_store_si128((__m128i *)to + 1, b);
		_mm_store_si128((__m128i *)to + 2, c);
		_mm_store_si128((__m128i *)to + 3, d);
	}
	store(end - 64, w);
	store(end - 48, x);
	store(end - 32, y);
	store(end - 16, z);
	store(start, first);
}

/* More than 128 bytes from high to low addresses; the first 64 bytes are read first. */
static void copy_down(unsigned char *to, const unsigned char *from, size_t length)
{
	const __m128i a = load(from), b = load(from + 16), c = load(from + 32), d = load(from + 48);

	while (length > 64) {
		const unsigned char *const part = from + length - 64;
		const __m128i w = load(part), x = load(part + 16), y = load(part + 32), z = load(part + 48);

		length -= 64;
		store(to + length, w);
		store(to + length + 16, x);
		store(to + length + 32, y);
		store(to + length + 48, z);
	}
	store(to, a);
	store(to + 16, b);
	store(to + 32, c);
	store(to + 48, d);
}

static inline void *move(void *to, const void *from, size_t length)
{
	if (length <= 16)
		copy_upto16(to, from, length);
	else if (length <= 32)
		copy_upto32(to, from, length);
	else if (length <= 128)
		copy_upto128(to, from, length);
	else if ((uintptr_t)to - (uintptr_t)from >= length)
		copy_up(to, from, length);
	else
		copy_down(to, from, length);
	return to;
}

void *memmove(void *to, const void *from, size_t length)
{
	return move(to, from, length);
}

/* Programs that break memcpy's rule against overlap exist; none breaks here. */
void *memcpy(void *restrict to, const void *restrict from, size_t length)
{
	return move(to, from, length);
}

void *mempcpy(void *restrict to, const void *restrict from, size_t length)
{
	return (unsigned char *)move(to, from, length) + length;
}

/* 0 … 15 bytes, all equal to those of `pattern`. */
static inline void set_upto15(unsigned char *to, uint64_t pattern, size_t length)
{
	if (length >= 8) {
		*(u64 *)to = pattern;
		*(u64 *)(to + length - 8) = pattern;
	} else if (length >= 4) {
		*(u32 *)to = (uint32_t)pattern;
		*(u32 *)(to + length - 4) = (uint32_t)pattern;
	} else if (length >= 2) {
		*(u16 *)to = (uint16_t)pattern;
		*(u16 *)(to + length - 2) = (uint16_t)pattern;
	} else if (length == 1) {
		*to = (unsigned char)pattern;
	}
}

void *memset(void *where, int value, size_t length)
{
	unsigned char *to = where;
	const __m128i pattern = _mm_set1_epi8((char)value);

	if (length < 16) {
		set_upto15(to, (uint8_t)value * 0x0101010101010101u, length);
		return where;
	}
	unsigned char *const end = to + length;

	store(to, pattern);
	store(end - 16, pattern);
	if (length <= 32)
		return where;
	store(to + 16, pattern);
	store(end - 32, pattern);
	if (length <= 64)
		return where;
	for (to += 32 - ((uintptr_t)to & 15); (size_t)(end - to) > 64; to += 64) {
		_mm_store_si128((__m128i *)to, pattern);
		_mm_store_si128((__m128i *)to + 1, pattern);
		_mm_store_si128((__m128i *)to + 2, pattern);
		_mm_store_si128((__m128i *)to + 3, pattern);
	}
	store(end - 64, pattern);
	store(end - 48, pattern);
	return where;
}

/* One bit for each of 16 bytes that differ. */
static inline unsigned int differ(const unsigned char *a, const unsigned char *b)
{
	return (unsigned int)_mm_movemask_epi8(_mm_cmpeq_epi8(load(a), load(b))) ^ 0xffff;
}

int memcmp(const void *left, const void *right, size_t length)
{
	const unsigned char *a = left, *b = right;
	size_t i = 0;

	if (length < 16) {
		for (; i < length; i++) {
			if (a[i] != b[i])
				return a[i] - b[i];
		}
		return 0;
	}
	for (;;) {
		const unsigned int bits = differ(a + i, b + i);

		if (bits) {
			i += (unsigned int)__builtin_ctz(bits);
			return a[i] - b[i];
		}
		if (length - i <= 16)
			return 0;
		i = length - i < 32 ? length - 16 : i + 16;
	}
}

int bcmp(const void *left, const void *right, size_t length)
{
	return memcmp(left, right, length);
}
