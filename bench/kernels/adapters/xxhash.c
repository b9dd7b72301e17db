/* SPDX-License-Identifier: Apache-2.0 */
/* xxHash: the sanity check of its own command line tool (thousands of vectors), then all hashes of one
 * buffer. */
#include <xxhash.h>

#include "adapter.h"

enum { SIZE = 1 << 16, PASSES = 60 };

/* cli/xsum_sanity_check.c: leaves by exit(1) where a vector fails; what it logs goes to the functions below.
 */
void XSUM_sanityCheck(void);
int XSUM_log(const char *format, ...);
int XSUM_logVerbose(int level, const char *format, ...);
extern int XSUM_logLevel;

int XSUM_logLevel = 0;

int XSUM_log(const char *format, ...)
{
	(void)format;
	return 0;
}

int XSUM_logVerbose(int level, const char *format, ...)
{
	(void)level;
	(void)format;
	return 0;
}

static uint8_t data[SIZE];

RF_EXPORT uint32_t xxhash_check(uint32_t n)
{
	(void)n;
	XSUM_sanityCheck();
	return 1;
}

RF_EXPORT uint32_t xxhash(uint32_t n)
{
	if (n == 0) {
		fill_random(data, SIZE, 3);
		return 1;
	}
	uint64_t digest = n;
	for (uint32_t i = 0; i < PASSES; i++) {
		digest += XXH32(data + i, SIZE - 64 - i * 3, n);
		digest ^= XXH64(data + i, SIZE - 64 - i * 5, digest);
		digest += XXH3_64bits_withSeed(data + i, SIZE - 64 - i * 7, digest);
		for (uint32_t k = 0; k < 200; k++)
			digest ^= XXH3_128bits_withSeed(data + k * 7, k + i, digest).low64;
	}
	return (uint32_t)(digest ^ digest >> 32);
}
