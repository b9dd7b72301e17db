// SPDX-License-Identifier: Apache-2.0
// Functions that call themselves, with side effects on the way: some are inlined into themselves at -O2.
// RUN: %host_cc -O1 %s -o %t.native
// RUN: %python %S/Inputs/compare.py %t.native "%rf_cc -w -std=gnu17" %rf_run %s %t
#include "Inputs/run.h"

static uint32_t visited;

// The order of the calls shows.
static uint32_t both(uint32_t n)
{
	visited = visited * 31 + n;
	if (n < 2)
		return n + 1;
	const uint32_t first = both(n - 1);
	return (first * 5 ^ both(n - 2)) >> 1;
}

RUN_EXPORT uint32_t order(uint32_t x)
{
	visited = x;
	return both(x & 7) + visited;
}

// All permutations of a small array, in place.
static uint8_t items[6];

static void permute(uint32_t n, uint32_t *digest)
{
	if (n == 1)
		for (uint32_t i = 0; i < sizeof items; i++)
			*digest = *digest * 31 + items[i];
	for (uint32_t i = 0; n > 1 && i < n; i++) {
		permute(n - 1, digest);
		const uint32_t k = n % 2 ? 0 : i;
		const uint8_t moved = items[k];
		items[k] = items[n - 1];
		items[n - 1] = moved;
	}
}

RUN_EXPORT uint32_t permutations(uint32_t x)
{
	uint32_t digest = x;

	for (uint32_t i = 0; i < sizeof items; i++)
		items[i] = (uint8_t)(x >> i);
	permute(2 + x % 4, &digest);
	return digest;
}

// Calls behind && and ||, and one that ends the function.
static int reaches(uint32_t from, uint32_t to, uint32_t depth)
{
	visited++;
	if (from == to)
		return 1;
	if (depth == 0)
		return 0;
	return (from & 1 && reaches(from * 3 + 1, to, depth - 1)) || reaches(from / 2, to, depth - 1) ||
	       (from % 5 == 0 && !reaches(from + 1, to, depth - 1)) || reaches(from + 7, to, depth - 1);
}

RUN_EXPORT uint32_t search(uint32_t x)
{
	visited = 0;
	return (uint32_t)reaches(x & 15, x >> 4 & 31, x & 6) * 1000 + visited;
}

struct wide {
	uint64_t sum;
	double mean;
};

static struct wide halves(uint32_t low, uint32_t high)
{
	if (high - low < 2)
		return (struct wide){low * 3ull, low / 2.0};
	const uint32_t middle = low + (high - low) / 2;
	const struct wide a = halves(low, middle), b = halves(middle, high);
	return (struct wide){a.sum * 3 + b.sum, (a.mean + b.mean) / 2};
}

RUN_EXPORT uint32_t structures(uint32_t x)
{
	const struct wide all = halves(x & 7, (x & 7) + (x >> 3 & 15));
	return (uint32_t)(all.sum ^ all.sum >> 32) + (uint32_t)(all.mean * 1000);
}

static uint32_t odd(uint32_t n);

// Of two functions that call each other, each may come to hold itself.
static uint32_t even(uint32_t n)
{
	return n == 0 ? 1 : odd(n - 1) * 2 + (n > 2 ? odd(n / 3) : 0);
}

static uint32_t odd(uint32_t n)
{
	return n == 0 ? 0 : even(n - 1) * 3 - (n > 3 ? even(n / 2) : 1);
}

RUN_EXPORT uint32_t mutual(uint32_t x)
{
	return even(x & 15) * 7 + odd(x >> 4 & 15);
}

// Queens on a board, and two functions that are little but calls.
static uint32_t queens(uint32_t all, uint32_t columns, uint32_t left, uint32_t right)
{
	uint32_t ways = 0;

	if (columns == all)
		return 1;
	for (uint32_t free = all & ~(columns | left | right); free != 0; free &= free - 1) {
		const uint32_t bit = free & (0 - free);
		ways += queens(all, columns | bit, (left | bit) << 1, (right | bit) >> 1);
	}
	return ways;
}

static uint32_t ackermann(uint32_t m, uint32_t n)
{
	if (m == 0)
		return n + 1;
	return n == 0 ? ackermann(m - 1, 1) : ackermann(m - 1, ackermann(m, n - 1));
}

static int tak(int x, int y, int z)
{
	return y >= x ? z : tak(tak(x - 1, y, z), tak(y - 1, z, x), tak(z - 1, x, y));
}

RUN_EXPORT uint32_t known(uint32_t x)
{
	return queens((1u << (x & 7)) - 1, 0, 0, 0) * 10000 + ackermann(2, x & 15) * 100 +
	       (uint32_t)tak((int)(x & 15), (int)(x >> 2 & 7), (int)(x >> 4 & 3));
}

RUN_MAIN({order}, {permutations}, {search}, {structures}, {mutual}, {known})
