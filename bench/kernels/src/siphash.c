/* SPDX-License-Identifier: Apache-2.0 */
/* SipHash-2-4 (Aumasson and Bernstein): 64-bit arithmetic on short keys. */
#include "kernel.h"

enum { KEYS = 1024, MAXIMUM = 64, PASSES = 30 };

static uint8_t keys[KEYS + MAXIMUM];

struct state {
	uint64_t v0, v1, v2, v3;
};

static uint64_t rotate(uint64_t x, int bits)
{
	return x << bits | x >> (64 - bits);
}

static void round_of(struct state *s)
{
	s->v0 += s->v1;
	s->v1 = rotate(s->v1, 13) ^ s->v0;
	s->v0 = rotate(s->v0, 32);
	s->v2 += s->v3;
	s->v3 = rotate(s->v3, 16) ^ s->v2;
	s->v0 += s->v3;
	s->v3 = rotate(s->v3, 21) ^ s->v0;
	s->v2 += s->v1;
	s->v1 = rotate(s->v1, 17) ^ s->v2;
	s->v2 = rotate(s->v2, 32);
}

static uint64_t sip(uint64_t k0, uint64_t k1, const uint8_t *data, uint32_t length)
{
	struct state s = {k0 ^ 0x736f6d6570736575u, k1 ^ 0x646f72616e646f6du, k0 ^ 0x6c7967656e657261u,
	                  k1 ^ 0x7465646279746573u};
	uint32_t rest = length;
	for (; rest >= 8; rest -= 8, data += 8) {
		uint64_t word;
		__builtin_memcpy(&word, data, 8);
		s.v3 ^= word;
		round_of(&s);
		round_of(&s);
		s.v0 ^= word;
	}
	uint64_t last = (uint64_t)length << 56;
	for (uint32_t i = 0; i < rest; i++)
		last |= (uint64_t)data[i] << 8 * i;
	s.v3 ^= last;
	round_of(&s);
	round_of(&s);
	s.v0 ^= last;
	s.v2 ^= 0xff;
	for (int i = 0; i < 4; i++)
		round_of(&s);
	return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}

/* The paper's appendix A. */
static int right(void)
{
	uint8_t data[15];
	for (int i = 0; i < 15; i++)
		data[i] = (uint8_t)i;
	return sip(0x0706050403020100u, 0x0f0e0d0c0b0a0908u, data, 15) == 0xa129ca6149be45e5u;
}

RF_EXPORT uint32_t siphash(uint32_t n)
{
	if (n == 0) {
		fill_random(keys, sizeof keys, 6);
		return (uint32_t)right();
	}
	uint64_t digest = n;
	for (uint32_t pass = 0; pass < PASSES; pass++)
		for (uint32_t i = 0; i < KEYS; i++)
			digest += sip(digest, n, keys + i, (i * 7 + pass) % MAXIMUM);
	return (uint32_t)(digest ^ digest >> 32);
}
