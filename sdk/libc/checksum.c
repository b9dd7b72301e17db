/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One's complement sums (RFC 1071): 32-bit words into 64-bit accumulators,
 * which 2^32 words cannot overflow.
 */
#include <ringfence/checksum.h>

#define MEM /* the address space of ordinary pointers */

/* Defines the sum over `length` bytes in one address space; 32 bytes share one reduced packet offset. */
#define DEFINE_SUM(name, SPACE)                                                                              \
	static inline uint64_t name(uint64_t sum, const uint8_t SPACE *from, uint32_t length)                \
	{                                                                                                    \
		uint64_t other = 0;                                                                          \
                                                                                                             \
		for (; length >= 32; length -= 32, from += 32) {                                             \
			const struct rf_unaligned32 SPACE *word = (const struct rf_unaligned32 SPACE *)from; \
                                                                                                             \
			sum += (uint64_t)word[0].value + word[1].value + word[2].value + word[3].value;      \
			other += (uint64_t)word[4].value + word[5].value + word[6].value + word[7].value;    \
		}                                                                                            \
		for (; length >= 4; length -= 4, from += 4)                                                  \
			sum += ((const struct rf_unaligned32 SPACE *)from)->value;                           \
		if (length >= 2) {                                                                           \
			other += ((const struct rf_unaligned16 SPACE *)from)->value;                         \
			from += 2;                                                                           \
		}                                                                                            \
		if (length & 1)                                                                              \
			other += *from; /* little-endian: the zero pad is the high byte */                   \
		return sum + other;                                                                          \
	}

DEFINE_SUM(sum_packet, RF_PKT)
DEFINE_SUM(sum_memory, MEM)

uint64_t rf_sum_packet(uint64_t sum, rf_cpkt from, uint32_t length)
{
	return sum_packet(sum, from, length);
}

uint64_t rf_sum_memory(uint64_t sum, const void *from, uint32_t length)
{
	return sum_memory(sum, from, length);
}
