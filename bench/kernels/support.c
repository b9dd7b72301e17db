/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the compiler may call in code that is linked without a C library: the
 * x32 and WebAssembly builds of the kernels. (Ringfence has its own libc, the
 * native builds have glibc; no kernel spends time here.)
 */
#include <stddef.h>
#include <stdint.h>

void *memcpy(void *restrict to, const void *restrict from, size_t size);
void *memmove(void *to, const void *from, size_t size);
void *memset(void *to, int value, size_t size);
int memcmp(const void *a, const void *b, size_t size);

void *memcpy(void *restrict to, const void *restrict from, size_t size)
{
	uint8_t *d = to;
	const uint8_t *s = from;
	while (size--)
		*d++ = *s++;
	return to;
}

void *memmove(void *to, const void *from, size_t size)
{
	uint8_t *d = to;
	const uint8_t *s = from;
	if ((uintptr_t)d - (uintptr_t)s >= size)
		return memcpy(to, from, size);
	while (size--)
		d[size] = s[size];
	return to;
}

void *memset(void *to, int value, size_t size)
{
	uint8_t *d = to;
	while (size--)
		*d++ = (uint8_t)value;
	return to;
}

int memcmp(const void *a, const void *b, size_t size)
{
	const uint8_t *x = a, *y = b;
	for (; size--; x++, y++)
		if (*x != *y)
			return *x - *y;
	return 0;
}

#if defined(__wasm__)
/* Product of two 128-bit numbers from 32-bit halves, as in compiler-rt: WebAssembly has no wide product. */
__int128 __multi3(__int128 a, __int128 b);

__int128 __multi3(__int128 a, __int128 b)
{
	const uint64_t mask = 0xffffffff, x = (uint64_t)a, y = (uint64_t)b;
	const uint64_t low = (x & mask) * (y & mask);
	const uint64_t mid = (x >> 32) * (y & mask) + (low >> 32);
	const uint64_t other = (x & mask) * (y >> 32) + (mid & mask);
	const uint64_t high = (x >> 32) * (y >> 32) + (mid >> 32) + (other >> 32);
	const uint64_t top = high + (uint64_t)(a >> 64) * y + x * (uint64_t)(b >> 64);
	return (__int128)((unsigned __int128)top << 64 | (other << 32 | (low & mask)));
}
#endif
