/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Takes the place of Csmith's own csmith.h for programs that run without a
 * console: the same checksum (CRC-32 over every global variable, as in
 * Csmith's runtime), kept in a variable instead of printed. The safe_*
 * arithmetic still comes from Csmith's package.
 */
#ifndef CAMPAIGN_CSMITH_H
#define CAMPAIGN_CSMITH_H

#include <float.h>
#include <limits.h>
#include <stdint.h>

#define STATIC static
#define UNDEFINED(value) (value)
#define LOG_INDEX
#define LOG_EXEC
#define FUNC_NAME(name) (safe_##name)
#define fabsf __builtin_fabsf
#define fabs __builtin_fabs
#define assert(condition) ((void)0)

#include <safe_math.h>

static uint32_t campaign_table[256];
static uint32_t crc32_context = 0xffffffff;
static uint32_t campaign_checksum;

static void platform_main_begin(void)
{
}

static void platform_main_end(uint32_t crc, int flag)
{
	(void)flag;
	campaign_checksum = crc;
}

static void crc32_gentab(void)
{
	for (uint32_t i = 0; i < 256; i++) {
		uint32_t crc = i;
		for (int bit = 0; bit < 8; bit++)
			crc = crc & 1 ? crc >> 1 ^ 0xedb88320u : crc >> 1;
		campaign_table[i] = crc;
	}
}

static void transparent_crc(uint64_t value, const char *name, int flag)
{
	(void)name;
	(void)flag;
	for (int i = 0; i < 8; i++, value >>= 8)
		crc32_context = crc32_context >> 8 ^ campaign_table[(crc32_context ^ value) & 0xff];
}

static void transparent_crc_bytes(const void *bytes, int count, const char *name, int flag)
{
	const uint8_t *byte = bytes;
	(void)name;
	(void)flag;
	for (int i = 0; i < count; i++)
		crc32_context = crc32_context >> 8 ^ campaign_table[(crc32_context ^ byte[i]) & 0xff];
}

#endif
