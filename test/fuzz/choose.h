/* SPDX-License-Identifier: Apache-2.0 */
/* Random choices that are the same in each run with the same seed. */
#ifndef CHOOSE_H
#define CHOOSE_H

#include <stdbool.h>
#include <stdint.h>

/* splitmix64 */
static inline uint64_t choose_any(uint64_t *seed)
{
	uint64_t z = *seed += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

/* 0 ... count - 1 */
static inline uint32_t choose(uint64_t *seed, uint32_t count)
{
	return (uint32_t)(choose_any(seed) % count);
}

static inline bool one_in(uint64_t *seed, uint32_t count)
{
	return choose(seed, count) == 0;
}

/* What a hostile program would have in a register: wild, huge, or just beyond what is proven of it. */
static inline uint64_t choose_hostile(uint64_t *seed)
{
	const uint64_t value = choose_any(seed);

	switch (choose(seed, 6)) {
	case 0:
		return UINT64_MAX;
	case 1:
		return value | UINT64_C(0xffffffff00000000);
	case 2:
		return UINT64_C(1) << (value % 64);
	case 3:
		return value & 0xffffffff;
	default:
		return value;
	}
}

#endif
