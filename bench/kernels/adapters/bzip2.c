/* SPDX-License-Identifier: Apache-2.0 */
/* bzip2: its own sample1 (compressed file and what it holds), then compression and decompression of part of it. */
#include <stdlib.h>
#include <string.h>

#include <bzlib.h>

#include "adapter.h"

enum { MAXIMUM = 120000, PART = 20000 };

/* Made from the package's sample1.ref and sample1.bz2 when it is fetched. */
extern const unsigned char sample_plain[], sample_packed[];
extern const unsigned sample_plain_size, sample_packed_size;

static char packed[MAXIMUM], unpacked[MAXIMUM];

/* With BZ_NO_STDIO the library calls this where one of its assertions fails. */
void bz_internal_error(int code);

void bz_internal_error(int code)
{
	(void)code;
	abort();
}

static const char *plain(void)
{
	return (const char *)sample_plain;
}

static int unpacks(const void *from, unsigned size, unsigned expected)
{
	unsigned length = sizeof unpacked;
	int status = BZ2_bzBuffToBuffDecompress(unpacked, &length, (char *)(uintptr_t)from, size, 0, 0);
	return status == BZ_OK && length == expected && memcmp(unpacked, plain(), expected) == 0;
}

static unsigned pack(unsigned size)
{
	unsigned length = sizeof packed;
	int status = BZ2_bzBuffToBuffCompress(packed, &length, (char *)(uintptr_t)plain(), size, 1, 0, 0);
	return status == BZ_OK ? length : 0;
}

RF_EXPORT uint32_t bzip2_check(uint32_t n)
{
	(void)n;
	if (!unpacks(sample_packed, sample_packed_size, sample_plain_size))
		return 0;
	/* The sample was made with these settings, so compression gives it back byte for byte. */
	unsigned length = pack(sample_plain_size);
	if (length != sample_packed_size || memcmp(packed, sample_packed, length) != 0)
		return 0;
	packed[length / 2] ^= 4;
	return !unpacks(packed, length, sample_plain_size);
}

RF_EXPORT uint32_t bzip2(uint32_t n)
{
	if (n == 0)
		return 1;
	unsigned length = pack(PART - n % 64);
	uint32_t digest = digest_bytes(n, packed, length);
	return mix(digest, (uint32_t)unpacks(packed, length, PART - n % 64));
}
