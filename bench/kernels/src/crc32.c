/* SPDX-License-Identifier: Apache-2.0 */
/* CRC-32 (IEEE 802.3): byte by byte with one table, and eight bytes at a time with eight. */
#include "kernel.h"

enum { SIZE = 1 << 16, PASSES = 24 };

static uint32_t table[8][256];
static uint8_t data[SIZE];

static void build(void)
{
	for (uint32_t i = 0; i < 256; i++) {
		uint32_t c = i;
		for (int bit = 0; bit < 8; bit++)
			c = c & 1 ? c >> 1 ^ 0xedb88320u : c >> 1;
		table[0][i] = c;
	}
	for (uint32_t i = 0; i < 256; i++)
		for (int t = 1; t < 8; t++)
			table[t][i] = table[t - 1][i] >> 8 ^ table[0][table[t - 1][i] & 0xff];
}

static uint32_t crc_bytes(uint32_t crc, const uint8_t *p, uint32_t length)
{
	crc = ~crc;
	while (length--)
		crc = crc >> 8 ^ table[0][(crc ^ *p++) & 0xff];
	return ~crc;
}

static uint32_t crc_words(uint32_t crc, const uint8_t *p, uint32_t length)
{
	crc = ~crc;
	for (; length >= 8; length -= 8, p += 8) {
		uint32_t low, high;
		__builtin_memcpy(&low, p, 4);
		__builtin_memcpy(&high, p + 4, 4);
		low ^= crc;
		crc = table[7][low & 0xff] ^ table[6][low >> 8 & 0xff] ^ table[5][low >> 16 & 0xff] ^
		      table[4][low >> 24] ^ table[3][high & 0xff] ^ table[2][high >> 8 & 0xff] ^
		      table[1][high >> 16 & 0xff] ^ table[0][high >> 24];
	}
	return crc_bytes(~crc, p, length);
}

/* The check value that every catalogue of CRCs gives for "123456789". */
static int right(void)
{
	const uint8_t *text = (const uint8_t *)"123456789";
	return crc_bytes(0, text, 9) == 0xcbf43926u && crc_words(0, text, 9) == 0xcbf43926u;
}

RF_EXPORT uint32_t crc32(uint32_t n)
{
	if (n == 0) {
		build();
		fill_random(data, sizeof data, 8);
		return (uint32_t)right();
	}
	uint32_t crc = n;
	for (int pass = 0; pass < PASSES; pass++)
		crc =
		    pass % 6 == 0 ? crc_bytes(crc, data, SIZE) : crc_words(crc, data + (pass & 7), SIZE - 16);
	return crc;
}
