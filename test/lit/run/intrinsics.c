// SPDX-License-Identifier: Apache-2.0
// Intrinsics of the extensions that the contract allows, compared with native code.
// REQUIRES: cpu-avx2, cpu-aes, cpu-sha
// clang-format off
// DEFINE: %{extensions} = -maes -mpclmul -msha -msse4.2 -mbmi -mbmi2 -mlzcnt -mavx2 -mmovbe -madx -mf16c -mfma
// RUN: %host_cc -O1 %{extensions} %s -o %t.native
// RUN: %python %S/Inputs/compare.py %t.native "%rf_cc -w -std=gnu17 %{extensions}" %rf_run %s %t
// clang-format on
#include "Inputs/run.h"

#include <immintrin.h>
#include <string.h>

static uint8_t block[64] = "the quick brown fox jumps over the lazy dog and runs away again";

static NOINLINE uint32_t fold(__m128i v)
{
	uint32_t words[4];

	memcpy(words, &v, sizeof(words));
	return words[0] ^ words[1] * 3 ^ words[2] * 5 ^ words[3] * 7;
}

static __m128i load(uint32_t x, unsigned at)
{
	return _mm_xor_si128(_mm_loadu_si128((const __m128i *)(block + at)), _mm_set1_epi32((int)x));
}

RUN_EXPORT uint32_t aes(uint32_t x)
{
	__m128i state = load(x, 0), key = load(x, 16);

	for (int i = 0; i < 4; i++) {
		state = _mm_aesenc_si128(state, key);
		key = _mm_xor_si128(key, _mm_shuffle_epi32(_mm_aeskeygenassist_si128(key, 0x1b), 0xff));
	}
	state = _mm_aesenclast_si128(state, key);
	state = _mm_aesdec_si128(state, _mm_aesimc_si128(key));
	return fold(_mm_aesdeclast_si128(state, key));
}

RUN_EXPORT uint32_t carryless(uint32_t x)
{
	const __m128i a = load(x, 3), b = load(x * 7, 19);

	return fold(_mm_xor_si128(_mm_clmulepi64_si128(a, b, 0x00), _mm_clmulepi64_si128(a, b, 0x11))) +
	       fold(_mm_clmulepi64_si128(a, b, 0x10));
}

RUN_EXPORT uint32_t sha(uint32_t x)
{
	__m128i a = load(x, 0), b = load(x, 16), m = load(x, 32);

	b = _mm_sha256rnds2_epu32(b, a, m);
	m = _mm_sha256msg2_epu32(_mm_sha256msg1_epu32(m, a), b);
	a = _mm_sha1rnds4_epu32(a, _mm_sha1nexte_epu32(b, m), 2);
	return fold(_mm_sha1msg2_epu32(_mm_sha1msg1_epu32(a, b), m));
}

RUN_EXPORT uint32_t crc(uint32_t x)
{
	uint32_t crc = x;
	uint64_t word;

	for (unsigned i = 0; i < 56; i += 8) {
		memcpy(&word, block + i, sizeof(word));
		crc = (uint32_t)_mm_crc32_u64(crc, word);
		crc = _mm_crc32_u32(crc, (uint32_t)word);
		crc = _mm_crc32_u16(crc, (uint16_t)word);
		crc = _mm_crc32_u8(crc, block[i]);
	}
	return crc;
}

RUN_EXPORT uint32_t bits(uint32_t x)
{
	const uint64_t wide = x * 0x9e3779b97f4a7c15ull;
	unsigned long long high;
	const unsigned long long low = _mulx_u64(wide, wide | 1, &high);
	uint64_t result = low ^ high;

	result += _pdep_u64(wide, 0x0f0f00ff00f0f00full) ^ _pext_u64(wide, 0xf0f0ff00ff0f0f0full);
	result += _blsr_u64(wide) ^ _blsi_u64(wide) ^ _blsmsk_u64(wide) ^ _bzhi_u64(wide, x & 63);
	result += _bextr_u64(wide, x & 31, 20) + _andn_u64(wide, result);
	result += _tzcnt_u32(x) + _lzcnt_u64(wide) + (uint64_t)_mm_popcnt_u64(wide);
	return (uint32_t)(result ^ result >> 32);
}

RUN_EXPORT uint32_t carry(uint32_t x)
{
	unsigned long long sum = 0;
	unsigned char flag = 0;

	for (unsigned i = 0; i < 48; i += 8) {
		unsigned long long word;

		memcpy(&word, block + i, sizeof(word));
		flag = _addcarry_u64(flag, sum, word * x, &sum);
		flag = _subborrow_u64(flag, sum, word, &sum);
	}
	return (uint32_t)(sum ^ sum >> 32) + flag;
}

RUN_EXPORT uint32_t strings(uint32_t x)
{
	const __m128i set = _mm_setr_epi8('a', 'e', 'i', 'o', 'u', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
	const __m128i text = _mm_loadu_si128((const __m128i *)(block + x % 40));
	const int at = _mm_cmpestri(set, 5, text, 16, _SIDD_CMP_EQUAL_ANY);
	const int last = _mm_cmpistri(set, text, _SIDD_CMP_EQUAL_ANY | _SIDD_MOST_SIGNIFICANT);
	const __m128i mask = _mm_cmpestrm(set, 5, text, 16, _SIDD_CMP_EQUAL_ANY | _SIDD_UNIT_MASK);

	return (uint32_t)at * 100 + (uint32_t)last + fold(mask);
}

RUN_EXPORT uint32_t shuffles(uint32_t x)
{
	const __m128i table = _mm_setr_epi8(3, 2, 1, 0, 7, 6, 5, 4, -1, 8, -1, 9, 15, 14, 13, 12);
	__m128i v = _mm_shuffle_epi8(load(x, 5), table);

	v = _mm_alignr_epi8(v, load(x, 21), 5);
	v = _mm_maddubs_epi16(v, _mm_abs_epi8(load(x, 2)));
	v = _mm_blendv_epi8(v, load(x, 9), _mm_cmpgt_epi64(load(x, 30), load(x, 11)));
	v = _mm_insert_epi32(v, (int)x, 2);
	return fold(_mm_minpos_epu16(v)) + fold(_mm_mullo_epi32(v, v)) + (uint32_t)_mm_extract_epi8(v, 7) +
	       (uint32_t)_mm_testz_si128(v, table);
}

RUN_EXPORT uint32_t wide(uint32_t x)
{
	__m256i a = _mm256_loadu_si256((const __m256i *)block), b = _mm256_set1_epi32((int)x);

	a = _mm256_add_epi32(_mm256_mullo_epi32(a, b),
	                     _mm256_permutevar8x32_epi32(a, _mm256_srli_epi32(b, 3)));
	a = _mm256_sllv_epi32(a, _mm256_and_si256(b, _mm256_set1_epi32(15)));
	a = _mm256_shuffle_epi8(a, _mm256_broadcastsi128_si256(_mm_set1_epi64x(0x0706050403020100)));
	b = _mm256_sad_epu8(a, b);
	a = _mm256_blend_epi32(a, _mm256_permute4x64_epi64(b, 0x1b), 0x5a);
	return fold(_mm256_castsi256_si128(a)) + fold(_mm256_extracti128_si256(a, 1)) +
	       (uint32_t)_mm256_movemask_epi8(a);
}

RUN_EXPORT uint32_t floats(uint32_t x)
{
	__m256d d = _mm256_setr_pd(x, 1.5, -2.25, x * 0.5);
	const __m128 f = _mm_setr_ps((float)(x & 0xffff), 2, 3.5f, -1);
	const __m128i half = _mm_cvtps_ph(f, _MM_FROUND_TO_NEAREST_INT);
	double out[4];

	d = _mm256_fmadd_pd(d, d, _mm256_sqrt_pd(_mm256_andnot_pd(_mm256_set1_pd(-0.0), d)));
	d = _mm256_round_pd(_mm256_hadd_pd(d, _mm256_permute2f128_pd(d, d, 1)),
	                    _MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC);
	_mm256_storeu_pd(out, d);
	return (uint32_t)(int64_t)out[0] + (uint32_t)(int64_t)out[3] + fold(half) +
	       (uint32_t)_mm_cvtss_f32(_mm_dp_ps(_mm_cvtph_ps(half), f, 0xf1)) % 1000;
}

RUN_EXPORT uint32_t loads(uint32_t x)
{
	uint64_t swapped;

	memcpy(&swapped, block + (x & 31), sizeof(swapped));
	swapped = __builtin_bswap64(swapped);
	_mm_prefetch((const char *)block, _MM_HINT_T0);
	_mm_sfence();
	_mm_pause();
	return (uint32_t)(swapped >> 20) + fold(_mm_lddqu_si128((const __m128i *)(block + 40)));
}

RUN_MAIN({aes}, {carryless}, {sha}, {crc}, {bits}, {carry}, {strings}, {shuffles}, {wide}, {floats}, {loads})
