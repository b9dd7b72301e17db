/* SPDX-License-Identifier: Apache-2.0 */
/* lz4: blocks, high compression, frames; a block written by hand from lz4_Block_format.md as a vector. */
#include <string.h>

#include <lz4.h>
#include <lz4frame.h>
#include <lz4hc.h>

#include "adapter.h"

enum { SIZE = 1 << 17 };

static char plain[SIZE], packed[LZ4_COMPRESSBOUND(SIZE)], unpacked[SIZE];

/* "abcabcabcabcabcabcXYZ12": three literals, a match of 15 at distance 3, five literals. */
static int decodes_vector(void)
{
	static const char block[] = "\x3b"
	                            "abc"
	                            "\x03\x00"
	                            "\x50"
	                            "XYZ12";
	static const char text[] = "abcabcabcabcabcabcXYZ12";
	char out[64];
	int length = LZ4_decompress_safe(block, out, sizeof block - 1, sizeof out);
	return length == (int)sizeof text - 1 && memcmp(out, text, sizeof text - 1) == 0;
}

static int refuses_damage(void)
{
	static const char block[] = "\x3b"
	                            "abc"
	                            "\x09\x00"
	                            "\x50"
	                            "XYZ12"; /* distance before the start */
	char out[64];
	return LZ4_decompress_safe(block, out, sizeof block - 1, sizeof out) < 0;
}

static int round_trips(void)
{
	int fast = LZ4_compress_default(plain, packed, SIZE, sizeof packed);
	if (LZ4_decompress_safe(packed, unpacked, fast, SIZE) != SIZE || memcmp(plain, unpacked, SIZE) != 0)
		return 0;
	int high = LZ4_compress_HC(plain, packed, SIZE, sizeof packed, 9);
	memset(unpacked, 0, SIZE);
	return high < fast && LZ4_decompress_safe(packed, unpacked, high, SIZE) == SIZE &&
	       memcmp(plain, unpacked, SIZE) == 0;
}

static int frame_round_trips(void)
{
	LZ4F_dctx *context;
	LZ4F_preferences_t wanted = {.frameInfo = {.contentChecksumFlag = LZ4F_contentChecksumEnabled}};
	size_t length = LZ4F_compressFrame(packed, sizeof packed, plain, SIZE / 2, &wanted);
	if (LZ4F_isError(length) || LZ4F_isError(LZ4F_createDecompressionContext(&context, LZ4F_VERSION)))
		return 0;
	size_t out = SIZE, in = length;
	size_t left = LZ4F_decompress(context, unpacked, &out, packed, &in, NULL);
	int good = left == 0 && out == SIZE / 2 && memcmp(plain, unpacked, out) == 0;
	packed[length - 2] ^= 1;
	out = SIZE;
	in = length;
	LZ4F_resetDecompressionContext(context);
	int bad = LZ4F_isError(LZ4F_decompress(context, unpacked, &out, packed, &in, NULL)) != 0;
	LZ4F_freeDecompressionContext(context);
	return good && bad;
}

RF_EXPORT uint32_t lz4_check(uint32_t n)
{
	make_text(plain, SIZE, 5);
	(void)n;
	return decodes_vector() && refuses_damage() && round_trips() && frame_round_trips();
}

RF_EXPORT uint32_t lz4(uint32_t n)
{
	if (n == 0) {
		make_text(plain, SIZE, 5);
		return 1;
	}
	plain[n % SIZE] ^= 1;
	int length = LZ4_compress_default(plain, packed, SIZE, sizeof packed);
	uint32_t digest = mix(n, (uint32_t)length);
	for (int i = 0; i < 6; i++) {
		digest = mix(digest, (uint32_t)LZ4_decompress_safe(packed, unpacked, length, SIZE));
		digest = mix(digest, (uint8_t)unpacked[(n * 7919 + (uint32_t)i) % SIZE]);
	}
	digest = digest_bytes(digest, packed, 1024);
	plain[n % SIZE] ^= 1;
	return digest;
}
