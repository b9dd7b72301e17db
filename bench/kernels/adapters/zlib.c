/* SPDX-License-Identifier: Apache-2.0 */
/* zlib: its own test/example.c, check values, deflate and inflate of text. */
#include <stdlib.h>
#include <string.h>

#include <zlib.h>

#include "adapter.h"

enum { SIZE = 1 << 15 };

/* test/example.c's main: leaves by exit(1) where a test fails. */
int zlib_example_main(int argc, char **argv);

static unsigned char plain[SIZE], packed[SIZE + 1024], unpacked[SIZE];

static voidpf allocate(voidpf context, uInt count, uInt size)
{
	(void)context;
	return calloc(count, size);
}

static void release(voidpf context, voidpf block)
{
	(void)context;
	free(block);
}

/* Built with Z_SOLO, without files, zlib wants to be told how to allocate. */
static void start(z_stream *z)
{
	memset(z, 0, sizeof *z);
	z->zalloc = allocate;
	z->zfree = release;
}

static uint32_t pack(int level)
{
	z_stream z;
	start(&z);
	if (deflateInit(&z, level) != Z_OK)
		return 0;
	z.next_in = plain;
	z.avail_in = SIZE;
	z.next_out = packed;
	z.avail_out = sizeof packed;
	int status = deflate(&z, Z_FINISH);
	deflateEnd(&z);
	return status == Z_STREAM_END ? (uint32_t)z.total_out : 0;
}

static uint32_t unpack(uint32_t length)
{
	z_stream z;
	start(&z);
	if (inflateInit(&z) != Z_OK)
		return 0;
	z.next_in = packed;
	z.avail_in = length;
	z.next_out = unpacked;
	z.avail_out = SIZE;
	int status = inflate(&z, Z_FINISH);
	inflateEnd(&z);
	return status == Z_STREAM_END ? (uint32_t)z.total_out : 0;
}

RF_EXPORT uint32_t zlib_check(uint32_t n)
{
	static char name[] = "example", *arguments[] = {name, NULL};
	(void)n;
	make_text((char *)plain, SIZE, 9);
	if (crc32(0, (const unsigned char *)"123456789", 9) != 0xcbf43926u ||
	    adler32(1, (const unsigned char *)"Wikipedia", 9) != 0x11e60398u)
		return 0;
	if (zlib_example_main(1, arguments) != 0)
		return 0;
	for (int level = 1; level <= 9; level += 4)
		if (unpack(pack(level)) != SIZE || memcmp(plain, unpacked, SIZE) != 0)
			return 0;
	packed[100] ^= 0x40;
	return unpack(SIZE) != SIZE || memcmp(plain, unpacked, SIZE) != 0;
}

RF_EXPORT uint32_t zlib(uint32_t n)
{
	if (n == 0) {
		make_text((char *)plain, SIZE, 9);
		return 1;
	}
	plain[n % SIZE] ^= 1;
	uint32_t length = pack(6), digest = mix(n, length);
	for (int i = 0; i < 6; i++)
		digest = mix(digest, unpack(length) + unpacked[(n * 7919 + (uint32_t)i) % SIZE]);
	digest = digest_bytes(digest, packed, 1024);
	plain[n % SIZE] ^= 1;
	return mix(digest, (uint32_t)crc32(digest, plain, SIZE));
}
