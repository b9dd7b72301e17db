/* SPDX-License-Identifier: Apache-2.0 */
/* A byte-oriented LZ77 coder with hash chains, and its decoder, on log-like text. */
#include "kernel.h"

enum { SIZE = 1 << 16, HASH = 1 << 13, WINDOW = 1 << 15, MIN = 4, MAX = 130, DEPTH = 8 };

static uint8_t plain[SIZE], packed[SIZE + SIZE / 8 + 64], unpacked[SIZE];
static uint16_t head[HASH], previous[WINDOW];

static uint32_t load32(const uint8_t *p)
{
	uint32_t x;
	__builtin_memcpy(&x, p, 4);
	return x;
}

static uint32_t match_length(const uint8_t *a, const uint8_t *b, uint32_t limit)
{
	uint32_t length = 0;
	while (length < limit && a[length] == b[length])
		length++;
	return length;
}

static uint32_t find_match(uint32_t at, uint32_t hash, uint32_t *distance)
{
	uint32_t best = 0, limit = SIZE - at < MAX ? SIZE - at : MAX;
	uint32_t candidate = head[hash];
	for (int depth = 0; depth < DEPTH && candidate && candidate <= at; depth++) {
		uint32_t from = candidate - 1;
		if (at - from >= WINDOW)
			break;
		uint32_t length = match_length(plain + from, plain + at, limit);
		if (length > best) {
			best = length;
			*distance = at - from;
		}
		uint32_t older = previous[from % WINDOW];
		if (older >= candidate)
			break;
		candidate = older;
	}
	return best;
}

static uint32_t flush_literals(uint8_t *out, uint32_t to, uint32_t start, uint32_t end)
{
	while (start < end) {
		uint32_t run = end - start < 128 ? end - start : 128;
		out[to++] = (uint8_t)(run - 1);
		for (uint32_t i = 0; i < run; i++)
			out[to++] = plain[start++];
	}
	return to;
}

static uint32_t compress(void)
{
	uint32_t at = 0, to = 0, literals = 0;
	for (int i = 0; i < HASH; i++)
		head[i] = 0;
	while (at + MIN <= SIZE) {
		uint32_t hash = load32(plain + at) * 2654435761u >> 19, distance = 0;
		uint32_t length = find_match(at, hash, &distance);
		previous[at % WINDOW] = head[hash];
		head[hash] = (uint16_t)(at + 1);
		if (length < MIN) {
			at++;
			continue;
		}
		to = flush_literals(packed, to, literals, at);
		packed[to++] = (uint8_t)(0x80 | (length - MIN));
		packed[to++] = (uint8_t)distance;
		packed[to++] = (uint8_t)(distance >> 8);
		at += length;
		literals = at;
	}
	return flush_literals(packed, to, literals, SIZE);
}

static uint32_t decompress(uint32_t length)
{
	uint32_t from = 0, to = 0;
	while (from < length) {
		uint32_t token = packed[from++];
		if (token & 0x80) {
			uint32_t count = (token & 0x7f) + MIN;
			uint32_t distance = packed[from] | (uint32_t)packed[from + 1] << 8;
			from += 2;
			if (distance == 0 || distance > to || count > SIZE - to)
				return 0;
			for (; count > 0; count--, to++)
				unpacked[to] = unpacked[to - distance];
		} else {
			if (token >= SIZE - to)
				return 0;
			for (uint32_t i = 0; i <= token; i++)
				unpacked[to++] = packed[from++];
		}
	}
	return to;
}

static void build(void)
{
	static const char *const words[] = {"accept ",  "drop ", "tcp ", "udp ",
	                                    "192.168.", "10.0.", "443 ", "53 "};
	uint32_t state = 31, at = 0;
	while (at < SIZE) {
		uint32_t r = next_random(&state);
		const char *word = words[r >> 29];
		while (*word && at < SIZE)
			plain[at++] = (uint8_t)*word++;
		if (at < SIZE && (r & 3) == 0)
			plain[at++] = (uint8_t)('0' + (r >> 8) % 10);
	}
}

RF_EXPORT uint32_t lz77(uint32_t n)
{
	if (n == 0) {
		build();
		uint32_t length = compress();
		return length > 0 && length < SIZE / 2 && decompress(length) == SIZE &&
		       same_bytes(plain, unpacked, SIZE);
	}
	plain[n % SIZE] ^= 1;
	uint32_t length = compress();
	uint32_t digest = mix(n, length);
	for (int i = 0; i < 4; i++)
		digest = mix(digest, decompress(length) + unpacked[n * 77 % SIZE] + packed[length / 2]);
	plain[n % SIZE] ^= 1;
	return digest;
}
