/* SPDX-License-Identifier: Apache-2.0 */
/* Calls and returns: Ackermann's function, queens on a board, Hanoi, Tak. */
#include "kernel.h"

static uint32_t ackermann(uint32_t m, uint32_t n)
{
	if (m == 0)
		return n + 1;
	if (n == 0)
		return ackermann(m - 1, 1);
	return ackermann(m - 1, ackermann(m, n - 1));
}

static uint32_t queens(uint32_t all, uint32_t columns, uint32_t left, uint32_t right)
{
	uint32_t solutions = 0;
	for (uint32_t free = all & ~(columns | left | right); free; free &= free - 1) {
		uint32_t bit = free & (0 - free);
		if ((columns | bit) == all)
			return solutions + 1;
		solutions += queens(all, columns | bit, (left | bit) << 1, (right | bit) >> 1);
	}
	return solutions;
}

static int tak(int x, int y, int z)
{
	if (y >= x)
		return z;
	return tak(tak(x - 1, y, z), tak(y - 1, z, x), tak(z - 1, x, y));
}

static uint32_t fibonacci(uint32_t n)
{
	return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2);
}

/* Published values: 92 ways for 8 queens, A(3, 3) = 61, tak(18, 12, 6) = 7, F(20) = 6765. */
RF_EXPORT uint32_t recursion(uint32_t n)
{
	if (n == 0)
		return queens(0xff, 0, 0, 0) == 92 && ackermann(3, 3) == 61 && tak(18, 12, 6) == 7 &&
		       fibonacci(20) == 6765;
	uint32_t digest = mix(n, queens(0x3ff, 0, 0, 0));
	digest = mix(digest, ackermann(2, 200));
	digest = mix(digest, (uint32_t)tak(18, 12, 6));
	return mix(digest, fibonacci(28));
}
