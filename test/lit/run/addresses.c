// SPDX-License-Identifier: Apache-2.0
// Base and index in all positions; pointers whose value matters beside what they point to.
// RUN: %host_cc -O1 %s -o %t.native
// RUN: %python %S/Inputs/compare.py %t.native "%rf_cc -w -std=gnu17" %rf_run %s %t
#include "Inputs/run.h"

static uint16_t halves[65536];
static uint8_t bytes[4096];
static uint32_t words[1024];

static NOINLINE void fill(uint32_t x)
{
	for (uint32_t i = 0; i < 65536; i++)
		halves[i] = (uint16_t)(i * x + 3);
	for (uint32_t i = 0; i < 4096; i++)
		bytes[i] = (uint8_t)(i * 7 + x);
	for (uint32_t i = 0; i < 1024; i++)
		words[i] = i * 2654435761u ^ x;
}

static NOINLINE uint16_t half(uint32_t i)
{
	return halves[i >> 16];
}
static NOINLINE uint32_t pair(const uint32_t *p, int i, int k)
{
	return p[i] * 3 + p[k];
}

/* The same register is base and index. */
RUN_EXPORT uint32_t base_is_index(uint32_t x)
{
	uint32_t sum = 0;
	fill(x);
	for (uint32_t i = 0; i < 64; i++)
		sum = sum * 31 + half(i * 0x4010203u + x);
	return sum;
}

RUN_EXPORT uint32_t negative_index(uint32_t x)
{
	fill(x);
	return pair(words + 512, -(int)(x % 512), (int)(x % 500)) + pair(&words[1023], -1023, -(int)(x % 7));
}

/* A state machine: the row comes from the turn before. */
RUN_EXPORT uint32_t machine(uint32_t x)
{
	uint32_t state = x & 0xff;
	fill(x);
	for (uint32_t i = 0; i < 1000; i++)
		state = halves[(state & 0xff) << 8 | bytes[i]];
	return state;
}

/* The pointer is read as a base, compared, subtracted, stored and stepped. */
static NOINLINE const uint8_t *skip(const uint8_t *at, const uint8_t *end, uint32_t stop, uint32_t *length)
{
	uint32_t n = 0;
	while (at + n < end && at[n] != stop && (at[n] & 15) != 9)
		n++;
	*length = n;
	return at + n < end ? at + n + 1 : end;
}

RUN_EXPORT uint32_t scanner(uint32_t x)
{
	uint32_t digest = 0, length;
	fill(x);
	for (const uint8_t *at = bytes, *end = bytes + sizeof bytes; at < end;) {
		const uint8_t *next = skip(at, end, x & 0xff, &length);
		digest = digest * 33 + length + (uint32_t)(next - at) + (uint32_t)(end - next);
		at = next;
	}
	return digest;
}

/* Lists of records with arrays in them: the loop's pointer comes from memory. */
struct record {
	struct record *next;
	uint32_t count, values[6];
};

RUN_EXPORT uint32_t records(uint32_t x)
{
	static struct record all[20];
	uint32_t sum = 0;
	for (uint32_t i = 0; i < 20; i++) {
		all[i] = (struct record){&all[(i * 7 + 1) % 20], 1 + (i + x) % 6, {i, x, i * x, 4, 5, 6}};
	}
	for (struct record *r = &all[x % 20], *first = 0; r != first; r = r->next) {
		if (!first)
			first = r;
		for (uint32_t k = 0; k < r->count; k++)
			sum = sum * 5 + r->values[k] + (r == first);
		r->values[r->count - 1] ^= (uint32_t)(r - all);
	}
	return sum;
}

/* Chains of xors and additions with parts of the turn before in all places. */
RUN_EXPORT uint32_t chains(uint32_t x)
{
	uint32_t a = x, b = ~x;
	uint64_t c = x;
	fill(x);
	for (uint32_t i = 0; i < 1000; i++) {
		a = words[a & 1023] ^ words[i] ^ (b >> 3) ^ words[1023 - i] ^ i;
		b = (a << 5) + words[i] + b + i + 77;
		c = (c << 7 | b) + a + i * UINT64_C(0x123456789) + words[c & 1023];
	}
	return a ^ b ^ (uint32_t)(c >> 32) ^ (uint32_t)c;
}

RUN_MAIN({base_is_index}, {negative_index}, {machine}, {scanner}, {records}, {chains})
