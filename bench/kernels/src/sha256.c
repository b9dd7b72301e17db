/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-256 (FIPS 180-4), plain C. */
#include "kernel.h"

enum { SIZE = 1 << 16, PASSES = 7 };

static const uint32_t k[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

static uint8_t data[SIZE];

static uint32_t rotate(uint32_t x, int bits)
{
	return x >> bits | x << (32 - bits);
}

static void compress(uint32_t h[8], const uint8_t block[64])
{
	uint32_t w[64];
	for (int i = 0; i < 16; i++) {
		__builtin_memcpy(&w[i], block + 4 * i, 4);
		w[i] = __builtin_bswap32(w[i]);
	}
	for (int i = 16; i < 64; i++) {
		uint32_t s0 = rotate(w[i - 15], 7) ^ rotate(w[i - 15], 18) ^ w[i - 15] >> 3;
		uint32_t s1 = rotate(w[i - 2], 17) ^ rotate(w[i - 2], 19) ^ w[i - 2] >> 10;
		w[i] = w[i - 16] + s0 + w[i - 7] + s1;
	}
	uint32_t a = h[0], b = h[1], c = h[2], d = h[3], e = h[4], f = h[5], g = h[6], last = h[7];
	for (int i = 0; i < 64; i++) {
		uint32_t t = last + (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) + ((e & f) ^ (~e & g)) +
		             k[i] + w[i];
		uint32_t u = (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
		last = g;
		g = f;
		f = e;
		e = d + t;
		d = c;
		c = b;
		b = a;
		a = t + u;
	}
	h[0] += a;
	h[1] += b;
	h[2] += c;
	h[3] += d;
	h[4] += e;
	h[5] += f;
	h[6] += g;
	h[7] += last;
}

static void hash(const uint8_t *bytes, uint32_t length, uint32_t h[8])
{
	static const uint32_t initial[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
	                                    0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
	uint8_t last[128] = {0};
	uint32_t rest = length % 64, tail = rest < 56 ? 64 : 128;
	for (int i = 0; i < 8; i++)
		h[i] = initial[i];
	for (uint32_t at = 0; at + 64 <= length; at += 64)
		compress(h, bytes + at);
	for (uint32_t i = 0; i < rest; i++)
		last[i] = bytes[length - rest + i];
	last[rest] = 0x80;
	for (int i = 0; i < 4; i++)
		last[tail - 1 - (uint32_t)i] = (uint8_t)((uint64_t)length * 8 >> 8 * i);
	for (uint32_t at = 0; at < tail; at += 64)
		compress(h, last + at);
}

/* FIPS 180-2, appendix B.1 and B.2. */
static int right(void)
{
	static const uint32_t abc[8] = {0xba7816bf, 0x8f01cfea, 0x414140de, 0x5dae2223,
	                                0xb00361a3, 0x96177a9c, 0xb410ff61, 0xf20015ad};
	static const char two[] = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
	uint32_t h[8], g[8];
	hash((const uint8_t *)"abc", 3, h);
	hash((const uint8_t *)two, sizeof two - 1, g);
	return same_bytes(h, abc, sizeof h) && g[0] == 0x248d6a61 && g[7] == 0x19db06c1;
}

RF_EXPORT uint32_t sha256(uint32_t n)
{
	if (n == 0) {
		fill_random(data, sizeof data, 10);
		return (uint32_t)right();
	}
	uint32_t digest = n;
	for (uint32_t pass = 0; pass < PASSES; pass++) {
		uint32_t h[8];
		hash(data + pass, SIZE - pass * 11 - n % 32, h);
		digest = mix(digest, h[pass % 8]);
	}
	return digest;
}
