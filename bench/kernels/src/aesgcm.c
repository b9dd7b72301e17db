/* SPDX-License-Identifier: Apache-2.0 */
/*
 * AES-128-GCM (NIST SP 800-38D) of 1,408-byte packets: with AES-NI and PCLMULQDQ
 * where the compiler is told that they are there, in plain C otherwise
 * (WebAssembly has no such instructions). Same results.
 */
#include "kernel.h"

#if defined(__AES__) && defined(__PCLMUL__) && defined(__SSSE3__)
#include <immintrin.h>
#define HARDWARE 1
#else
#define HARDWARE 0
#endif

enum { LENGTH = 1408, AAD = 16, ROUNDS = 10, PACKETS = 900 };

struct gcm {
	uint8_t round_key[ROUNDS + 1][16];
	uint8_t h[16];
};

static uint8_t sbox[256];

static uint8_t times_two(uint8_t x)
{
	return (uint8_t)(x << 1 ^ (x >> 7) * 0x1b);
}

/* FIPS 197, section 5.1.1: the inverse in GF(2^8), then an affine map; walked by powers of 3. */
static void make_sbox(void)
{
	uint8_t p = 1, q = 1;
	do {
		p = (uint8_t)(p ^ times_two(p));
		q ^= (uint8_t)(q << 1);
		q ^= (uint8_t)(q << 2);
		q ^= (uint8_t)(q << 4);
		if (q & 0x80)
			q ^= 0x09;
		uint8_t x = q;
		for (int i = 1; i <= 4; i++)
			x ^= (uint8_t)(q << i | q >> (8 - i));
		sbox[p] = x ^ 0x63;
	} while (p != 1);
	sbox[0] = 0x63;
}

static void expand_key(struct gcm *gcm, const uint8_t key[16])
{
	uint8_t *w = gcm->round_key[0];
	uint8_t rcon = 1;
	__builtin_memcpy(w, key, 16);
	for (int i = 16; i < 16 * (ROUNDS + 1); i += 4) {
		uint8_t t[4] = {w[i - 4], w[i - 3], w[i - 2], w[i - 1]};
		if (i % 16 == 0) {
			uint8_t first = t[0];
			t[0] = sbox[t[1]] ^ rcon;
			t[1] = sbox[t[2]];
			t[2] = sbox[t[3]];
			t[3] = sbox[first];
			rcon = times_two(rcon);
		}
		for (int k = 0; k < 4; k++)
			w[i + k] = w[i - 16 + k] ^ t[k];
	}
}

#if HARDWARE

static void encrypt_block(const struct gcm *gcm, const uint8_t in[16], uint8_t out[16])
{
	const __m128i *k = (const __m128i *)gcm->round_key;
	__m128i x = _mm_xor_si128(_mm_loadu_si128((const __m128i *)in), _mm_loadu_si128(k));
	for (int r = 1; r < ROUNDS; r++)
		x = _mm_aesenc_si128(x, _mm_loadu_si128(k + r));
	_mm_storeu_si128((__m128i *)out, _mm_aesenclast_si128(x, _mm_loadu_si128(k + ROUNDS)));
}

/* Eight counter blocks side by side, so that the unit's latency is hidden. */
static void encrypt_counters(const struct gcm *gcm, uint8_t counter[16], uint8_t *data, uint32_t blocks)
{
	const __m128i *k = (const __m128i *)gcm->round_key;
	uint32_t c = (uint32_t)counter[12] << 24 | (uint32_t)counter[13] << 16 | (uint32_t)counter[14] << 8 |
	             counter[15];
	__m128i base = _mm_loadu_si128((const __m128i *)counter);
	for (uint32_t at = 0; at < blocks; at += 8) {
		__m128i x[8];
		for (uint32_t i = 0; i < 8; i++) {
			uint32_t big = __builtin_bswap32(++c);
			__m128i block = _mm_or_si128(_mm_and_si128(base, _mm_set_epi32(0, -1, -1, -1)),
			                             _mm_set_epi32((int)big, 0, 0, 0));
			x[i] = _mm_xor_si128(block, _mm_loadu_si128(k));
		}
		for (int r = 1; r < ROUNDS; r++) {
			__m128i key = _mm_loadu_si128(k + r);
			for (int i = 0; i < 8; i++)
				x[i] = _mm_aesenc_si128(x[i], key);
		}
		__m128i last = _mm_loadu_si128(k + ROUNDS);
		for (uint32_t i = 0; i < 8 && at + i < blocks; i++) {
			__m128i *to = (__m128i *)(data + 16 * (at + i));
			_mm_storeu_si128(
			    to, _mm_xor_si128(_mm_loadu_si128(to), _mm_aesenclast_si128(x[i], last)));
		}
	}
}

/* Product in GF(2^128) of bit-reflected operands: Intel's white paper "Carry-Less Multiplication
 * Instruction and its Usage for Computing the GCM Mode", algorithm 1 with the shift by one. */
static __m128i multiply(__m128i a, __m128i b)
{
	__m128i low = _mm_clmulepi64_si128(a, b, 0x00), high = _mm_clmulepi64_si128(a, b, 0x11);
	__m128i mid = _mm_xor_si128(_mm_clmulepi64_si128(a, b, 0x10), _mm_clmulepi64_si128(a, b, 0x01));
	low = _mm_xor_si128(low, _mm_slli_si128(mid, 8));
	high = _mm_xor_si128(high, _mm_srli_si128(mid, 8));

	__m128i carry_low = _mm_srli_epi32(low, 31), carry_high = _mm_srli_epi32(high, 31);
	low = _mm_or_si128(_mm_slli_epi32(low, 1), _mm_slli_si128(carry_low, 4));
	high = _mm_or_si128(_mm_slli_epi32(high, 1), _mm_slli_si128(carry_high, 4));
	high = _mm_or_si128(high, _mm_srli_si128(carry_low, 12));

	__m128i t = _mm_xor_si128(_mm_xor_si128(_mm_slli_epi32(low, 31), _mm_slli_epi32(low, 30)),
	                          _mm_slli_epi32(low, 25));
	low = _mm_xor_si128(low, _mm_slli_si128(t, 12));
	__m128i u = _mm_xor_si128(_mm_xor_si128(_mm_srli_epi32(low, 1), _mm_srli_epi32(low, 2)),
	                          _mm_srli_epi32(low, 7));
	u = _mm_xor_si128(u, _mm_srli_si128(t, 4));
	return _mm_xor_si128(high, _mm_xor_si128(low, u));
}

static __m128i reflect(__m128i x)
{
	return _mm_shuffle_epi8(x, _mm_set_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15));
}

static void ghash(const uint8_t h[16], uint8_t y[16], const uint8_t *data, uint32_t blocks)
{
	__m128i key = reflect(_mm_loadu_si128((const __m128i *)h));
	__m128i sum = reflect(_mm_loadu_si128((const __m128i *)y));
	for (uint32_t i = 0; i < blocks; i++) {
		__m128i block = reflect(_mm_loadu_si128((const __m128i *)(data + 16 * i)));
		sum = multiply(_mm_xor_si128(sum, block), key);
	}
	_mm_storeu_si128((__m128i *)y, reflect(sum));
}

#else

static void sub_and_shift(uint8_t s[16])
{
	uint8_t t[16];
	for (int c = 0; c < 4; c++)
		for (int r = 0; r < 4; r++)
			t[4 * c + r] = sbox[s[4 * ((c + r) & 3) + r]];
	__builtin_memcpy(s, t, 16);
}

static void mix_columns(uint8_t s[16])
{
	for (int c = 0; c < 16; c += 4) {
		uint8_t all = s[c] ^ s[c + 1] ^ s[c + 2] ^ s[c + 3], first = s[c];
		for (int r = 0; r < 3; r++)
			s[c + r] ^= all ^ times_two(s[c + r] ^ s[c + r + 1]);
		s[c + 3] ^= all ^ times_two(s[c + 3] ^ first);
	}
}

static void add_key(uint8_t s[16], const uint8_t key[16])
{
	for (int i = 0; i < 16; i++)
		s[i] ^= key[i];
}

static void encrypt_block(const struct gcm *gcm, const uint8_t in[16], uint8_t out[16])
{
	uint8_t s[16];
	__builtin_memcpy(s, in, 16);
	add_key(s, gcm->round_key[0]);
	for (int r = 1; r < ROUNDS; r++) {
		sub_and_shift(s);
		mix_columns(s);
		add_key(s, gcm->round_key[r]);
	}
	sub_and_shift(s);
	add_key(s, gcm->round_key[ROUNDS]);
	__builtin_memcpy(out, s, 16);
}

static void increment(uint8_t counter[16])
{
	for (int i = 15; i >= 12 && ++counter[i] == 0; i--)
		;
}

static void encrypt_counters(const struct gcm *gcm, uint8_t counter[16], uint8_t *data, uint32_t blocks)
{
	uint8_t stream[16];
	for (uint32_t i = 0; i < blocks; i++) {
		increment(counter);
		encrypt_block(gcm, counter, stream);
		for (int k = 0; k < 16; k++)
			data[16 * i + k] ^= stream[k];
	}
}

/* SP 800-38D, algorithm 1, with two 64-bit halves, most significant bit first. */
static void multiply(uint64_t x[2], const uint64_t h[2])
{
	uint64_t z0 = 0, z1 = 0, v0 = h[0], v1 = h[1];
	for (int i = 0; i < 128; i++) {
		uint64_t take = 0 - (x[i >> 6] >> (63 - (i & 63)) & 1);
		z0 ^= v0 & take;
		z1 ^= v1 & take;
		uint64_t carry = 0 - (v1 & 1);
		v1 = v1 >> 1 | v0 << 63;
		v0 = v0 >> 1 ^ (carry & 0xe100000000000000u);
	}
	x[0] = z0;
	x[1] = z1;
}

static uint64_t load_big(const uint8_t *bytes)
{
	uint64_t x;
	__builtin_memcpy(&x, bytes, 8);
	return __builtin_bswap64(x);
}

static void store_big(uint8_t *bytes, uint64_t x)
{
	x = __builtin_bswap64(x);
	__builtin_memcpy(bytes, &x, 8);
}

static void ghash(const uint8_t h[16], uint8_t y[16], const uint8_t *data, uint32_t blocks)
{
	uint64_t key[2] = {load_big(h), load_big(h + 8)}, sum[2] = {load_big(y), load_big(y + 8)};
	for (uint32_t i = 0; i < blocks; i++) {
		sum[0] ^= load_big(data + 16 * i);
		sum[1] ^= load_big(data + 16 * i + 8);
		multiply(sum, key);
	}
	store_big(y, sum[0]);
	store_big(y + 8, sum[1]);
}

#endif

static void set_key(struct gcm *gcm, const uint8_t key[16])
{
	static const uint8_t zero[16];
	expand_key(gcm, key);
	encrypt_block(gcm, zero, gcm->h);
}

/* Whole blocks only. */
static void seal(const struct gcm *gcm, const uint8_t iv[12], const uint8_t *aad, uint32_t aad_blocks,
                 uint8_t *data, uint32_t blocks, uint8_t tag[16])
{
	uint8_t counter[16] = {0}, mask[16], lengths[16] = {0};
	__builtin_memcpy(counter, iv, 12);
	counter[15] = 1;
	encrypt_block(gcm, counter, mask);
	encrypt_counters(gcm, counter, data, blocks);
	for (int i = 0; i < 16; i++)
		tag[i] = 0;
	ghash(gcm->h, tag, aad, aad_blocks);
	ghash(gcm->h, tag, data, blocks);
	for (int i = 0; i < 4; i++) {
		lengths[7 - i] = (uint8_t)(aad_blocks * 128 >> 8 * i);
		lengths[15 - i] = (uint8_t)(blocks * 128 >> 8 * i);
	}
	ghash(gcm->h, tag, lengths, 1);
	for (int i = 0; i < 16; i++)
		tag[i] ^= mask[i];
}

/* Test case 3 of McGrew and Viega, "The Galois/Counter Mode of Operation". */
static int right(void)
{
	static const uint8_t key[16] = {0xfe, 0xff, 0xe9, 0x92, 0x86, 0x65, 0x73, 0x1c,
	                                0x6d, 0x6a, 0x8f, 0x94, 0x67, 0x30, 0x83, 0x08};
	static const uint8_t iv[12] = {0xca, 0xfe, 0xba, 0xbe, 0xfa, 0xce,
	                               0xdb, 0xad, 0xde, 0xca, 0xf8, 0x88};
	static const uint8_t plain[64] = {
	    0xd9, 0x31, 0x32, 0x25, 0xf8, 0x84, 0x06, 0xe5, 0xa5, 0x59, 0x09, 0xc5, 0xaf, 0xf5, 0x26, 0x9a,
	    0x86, 0xa7, 0xa9, 0x53, 0x15, 0x34, 0xf7, 0xda, 0x2e, 0x4c, 0x30, 0x3d, 0x8a, 0x31, 0x8a, 0x72,
	    0x1c, 0x3c, 0x0c, 0x95, 0x95, 0x68, 0x09, 0x53, 0x2f, 0xcf, 0x0e, 0x24, 0x49, 0xa6, 0xb5, 0x25,
	    0xb1, 0x6a, 0xed, 0xf5, 0xaa, 0x0d, 0xe6, 0x57, 0xba, 0x63, 0x7b, 0x39, 0x1a, 0xaf, 0xd2, 0x55};
	static const uint8_t tag[16] = {0x4d, 0x5c, 0x2a, 0xf3, 0x27, 0xcd, 0x64, 0xa6,
	                                0x2c, 0xf3, 0x5a, 0xbd, 0x2b, 0xa6, 0xfa, 0xb4};
	struct gcm gcm;
	uint8_t data[64], made[16];
	__builtin_memcpy(data, plain, sizeof data);
	set_key(&gcm, key);
	seal(&gcm, iv, NULL, 0, data, 4, made);
	return data[0] == 0x42 && data[1] == 0x83 && data[63] == 0x85 && same_bytes(made, tag, sizeof tag);
}

static uint8_t packet[LENGTH];

RF_EXPORT uint32_t aesgcm(uint32_t n)
{
	if (n == 0) {
		make_sbox();
		fill_random(packet, sizeof packet, 9);
		return (uint32_t)right();
	}
	struct gcm gcm;
	uint8_t key[16], iv[12], tag[16];
	uint32_t digest = n;
	fill_random(key, sizeof key, n);
	fill_random(iv, sizeof iv, n + 1);
	fill_random(packet, sizeof packet, n + 2);
	set_key(&gcm, key);
	for (uint32_t i = 0; i < PACKETS; i++) {
		iv[0] = (uint8_t)i;
		seal(&gcm, iv, packet, AAD / 16, packet + AAD, (LENGTH - AAD) / 16, tag);
		digest = mix(digest, tag[0] | (uint32_t)tag[7] << 8 | (uint32_t)tag[15] << 16);
	}
	return digest_bytes(digest, packet, LENGTH);
}
