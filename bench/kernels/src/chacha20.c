/* SPDX-License-Identifier: Apache-2.0 */
/* ChaCha20 (RFC 8439), plain C. */
#include "kernel.h"

enum { SIZE = 1 << 16, PASSES = 12 };

static uint8_t data[SIZE];

static uint32_t rotate(uint32_t x, int bits)
{
	return x << bits | x >> (32 - bits);
}

static void quarter(uint32_t *x, int a, int b, int c, int d)
{
	x[a] += x[b];
	x[d] = rotate(x[d] ^ x[a], 16);
	x[c] += x[d];
	x[b] = rotate(x[b] ^ x[c], 12);
	x[a] += x[b];
	x[d] = rotate(x[d] ^ x[a], 8);
	x[c] += x[d];
	x[b] = rotate(x[b] ^ x[c], 7);
}

static void chacha20_block(const uint32_t state[16], uint32_t stream[16])
{
	uint32_t x[16];
	for (int i = 0; i < 16; i++)
		x[i] = state[i];
	for (int round = 0; round < 10; round++) {
		quarter(x, 0, 4, 8, 12);
		quarter(x, 1, 5, 9, 13);
		quarter(x, 2, 6, 10, 14);
		quarter(x, 3, 7, 11, 15);
		quarter(x, 0, 5, 10, 15);
		quarter(x, 1, 6, 11, 12);
		quarter(x, 2, 7, 8, 13);
		quarter(x, 3, 4, 9, 14);
	}
	for (int i = 0; i < 16; i++)
		stream[i] = x[i] + state[i];
}

static void set_key(uint32_t state[16], const uint8_t key[32], uint32_t counter, const uint8_t nonce[12])
{
	state[0] = 0x61707865;
	state[1] = 0x3320646e;
	state[2] = 0x79622d32;
	state[3] = 0x6b206574;
	__builtin_memcpy(state + 4, key, 32);
	state[12] = counter;
	__builtin_memcpy(state + 13, nonce, 12);
}

static void crypt(uint32_t state[16], uint8_t *bytes, uint32_t length)
{
	uint32_t stream[16];
	for (uint32_t at = 0; at + 64 <= length; at += 64) {
		chacha20_block(state, stream);
		state[12]++;
		for (int i = 0; i < 16; i++) {
			uint32_t word;
			__builtin_memcpy(&word, bytes + at + i * 4, 4);
			word ^= stream[i];
			__builtin_memcpy(bytes + at + i * 4, &word, 4);
		}
	}
}

/* RFC 8439, section 2.3.2: the block for this key, nonce and counter. */
static int right(void)
{
	static const uint8_t nonce[12] = {0, 0, 0, 9, 0, 0, 0, 0x4a};
	static const uint32_t expected[16] = {
	    0xe4e7f110, 0x15593bd1, 0x1fdd0f50, 0xc47120a3, 0xc7f4d1c7, 0x0368c033, 0x9aaa2204, 0x4e6cd4c3,
	    0x466482d2, 0x09aa9f07, 0x05d7c214, 0xa2028bd9, 0xd19c12b5, 0xb94e16de, 0xe883d0cb, 0x4e3c50a2};
	uint8_t key[32];
	uint32_t state[16], stream[16];
	for (int i = 0; i < 32; i++)
		key[i] = (uint8_t)i;
	set_key(state, key, 1, nonce);
	chacha20_block(state, stream);
	return same_bytes(stream, expected, sizeof expected);
}

RF_EXPORT uint32_t chacha20(uint32_t n)
{
	if (n == 0) {
		fill_random(data, sizeof data, 3);
		return (uint32_t)right();
	}
	uint8_t key[32], nonce[12];
	uint32_t state[16], digest = n;
	fill_random(key, sizeof key, n);
	fill_random(nonce, sizeof nonce, n + 1);
	set_key(state, key, 0, nonce);
	/* An even number of passes over the same stream restores the data. */
	for (int pass = 0; pass < PASSES; pass++) {
		if (pass % 2 == 0)
			state[12] = (uint32_t)pass;
		else
			state[12] -= SIZE / 64;
		crypt(state, data, SIZE);
		digest = mix(digest, data[pass * 997] | (uint32_t)data[SIZE - 1 - pass] << 8);
	}
	return digest;
}
