/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Maglev (Eisenbud et al., NSDI 2016): consistent hashing for a load balancer,
 * with a cache of connections in front; and the building of its table (section 3.4).
 */
#include "kernel.h"

enum { TABLE = 16381, BACKENDS = 60, CACHE = 8192, PACKETS = 90000 };

static uint16_t entry[TABLE];
static uint32_t position[BACKENDS];
static struct {
	uint32_t key;
	uint16_t backend;
	uint16_t used;
} cache[CACHE];

static uint64_t hash64(uint64_t x)
{
	x ^= x >> 33;
	x *= 0xff51afd7ed558ccdu;
	x ^= x >> 33;
	x *= 0xc4ceb9fe1a85ec53u;
	return x ^ x >> 33;
}

static void build(uint64_t dead)
{
	enum { EMPTY = 0xffff };
	for (uint32_t i = 0; i < TABLE; i++)
		entry[i] = EMPTY;
	for (uint32_t b = 0; b < BACKENDS; b++)
		position[b] = (uint32_t)(hash64(b + 1) % TABLE);
	for (uint32_t filled = 0;;)
		for (uint32_t b = 0; b < BACKENDS; b++) {
			if (dead >> b & 1)
				continue;
			uint32_t skip = (uint32_t)(hash64(b + 1000) % (TABLE - 1)) + 1;
			while (entry[position[b]] != EMPTY)
				position[b] = (position[b] + skip) % TABLE;
			entry[position[b]] = (uint16_t)b;
			if (++filled == TABLE)
				return;
		}
}

static uint32_t choose(uint32_t source, uint32_t ports)
{
	uint64_t h = hash64((uint64_t)source << 32 | ports);
	uint32_t key = (uint32_t)(h >> 32) | 1, slot = (uint32_t)h % CACHE;
	if (cache[slot].key == key)
		return cache[slot].backend;
	cache[slot].key = key;
	cache[slot].backend = entry[(uint32_t)h % TABLE];
	return cache[slot].backend;
}

/* Balanced within a few per cent, and little moves when a backend dies. */
static int right(void)
{
	static uint16_t before[TABLE];
	uint32_t share[BACKENDS] = {0}, moved = 0;
	build(0);
	for (uint32_t i = 0; i < TABLE; i++) {
		before[i] = entry[i];
		share[entry[i]]++;
	}
	for (uint32_t b = 0; b < BACKENDS; b++)
		if (share[b] != TABLE / BACKENDS && share[b] != TABLE / BACKENDS + 1)
			return 0;
	build(1);
	for (uint32_t i = 0; i < TABLE; i++) {
		if (entry[i] == 0)
			return 0;
		moved += before[i] != 0 && before[i] != entry[i];
	}
	return moved < TABLE / 4;
}

RF_EXPORT uint32_t maglev(uint32_t n)
{
	if (n == 0)
		return (uint32_t)right();
	uint32_t state = n, digest = n;
	build(1ull << n % BACKENDS);
	for (uint32_t i = 0; i < CACHE; i++)
		cache[i].key = 0;
	for (uint32_t i = 0; i < PACKETS; i++) {
		uint32_t r = next_random(&state);
		digest += choose(r % 20000, 443) * (i | 1);
	}
	return digest;
}
