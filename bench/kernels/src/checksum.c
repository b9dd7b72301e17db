/* SPDX-License-Identifier: Apache-2.0 */
/* Internet checksum (RFC 1071) over full-size packets. */
#include "kernel.h"

enum { PACKETS = 64, LENGTH = 1500, STRIDE = 1536, PASSES = 160 };

static uint8_t packets[PACKETS * STRIDE];

static uint32_t internet_checksum(const uint8_t *data, uint32_t length)
{
	uint64_t sum = 0;
	while (length >= 4) {
		uint32_t word;
		__builtin_memcpy(&word, data, 4);
		sum += word;
		data += 4;
		length -= 4;
	}
	if (length >= 2) {
		uint16_t half;
		__builtin_memcpy(&half, data, 2);
		sum += half;
		data += 2;
		length -= 2;
	}
	if (length)
		sum += *data;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return ~(uint32_t)sum & 0xffff;
}

/* RFC 1071, section 3: the sum of these bytes is ddf2. */
static int right(void)
{
	static const uint8_t example[] = {0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7};
	return internet_checksum(example, sizeof example) == (~0xf2ddu & 0xffff);
}

RF_EXPORT uint32_t checksum(uint32_t n)
{
	if (n == 0) {
		fill_random(packets, sizeof packets, 1);
		return (uint32_t)right();
	}
	uint32_t digest = n;
	for (uint32_t pass = 0; pass < PASSES; pass++)
		for (uint32_t i = 0; i < PACKETS; i++) {
			uint32_t odd = (pass + i) & 3;
			digest = mix(digest, internet_checksum(packets + i * STRIDE + odd, LENGTH - odd * 3));
		}
	return digest;
}
