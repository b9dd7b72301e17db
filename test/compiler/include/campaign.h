/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Takes the place of Csmith's own csmith.h for programs that run without a
 * console: the same checksum (CRC-32 over every global variable, as in
 * Csmith's runtime), kept in a variable instead of printed. The safe_*
 * arithmetic still comes from Csmith's package.
 *
 * A file holds several programs; after each, CAMPAIGN_PROGRAM(seed) makes its
 * main callable, as run_<seed> natively and run<CAMPAIGN_LEVEL>_<seed> in a cell.
 * CAMPAIGN_MAIN({function, seed}, …) at the end is the native main.
 */
#ifndef CAMPAIGN_H
#define CAMPAIGN_H

#include <float.h>
#include <limits.h>
#include <stdint.h>

#if defined(CAMPAIGN_NATIVE)
#include <stdio.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>
#else
#include <ringfence/nf.h>
#endif

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

#define CAMPAIGN_JOIN(level, seed) run##level##_##seed
#define CAMPAIGN_NAME(level, seed) CAMPAIGN_JOIN(level, seed)
#define CAMPAIGN_BODY(seed)                                                                                  \
	{                                                                                                    \
		(void)unused;                                                                                \
		crc32_context = 0xffffffff;                                                                  \
		main_##seed();                                                                               \
		return campaign_checksum;                                                                    \
	}

#if defined(CAMPAIGN_NATIVE)
#define CAMPAIGN_PROGRAM(seed) static uint32_t run_##seed(uint32_t unused) CAMPAIGN_BODY(seed)

struct campaign_entry {
	uint32_t (*run)(uint32_t);
	uint32_t seed;
};

/* A program has 0.2 s of CPU time: then SIGPROF ends it. */
static void campaign_run(const struct campaign_entry *entry)
{
	const struct itimerval limit = {.it_value = {.tv_usec = 200000}};
	int status = 1;
	if (fork() == 0) {
		setitimer(ITIMER_PROF, &limit, 0);
		const uint32_t checksum = entry->run(0);
		printf("%u %u\n", entry->seed, checksum);
		fflush(stdout);
		_exit(0);
	}
	wait(&status);
	if (status != 0)
		printf("%u -\n", entry->seed);
	fflush(stdout);
}

#define CAMPAIGN_MAIN(...)                                                                                   \
	int main(void)                                                                                       \
	{                                                                                                    \
		static const struct campaign_entry entries[] = {__VA_ARGS__};                                \
		for (unsigned i = 0; i < sizeof(entries) / sizeof(entries[0]); i++)                          \
			campaign_run(&entries[i]);                                                           \
		return 0;                                                                                    \
	}
#else
#define CAMPAIGN_PROGRAM(seed)                                                                               \
	RF_EXPORT uint32_t CAMPAIGN_NAME(CAMPAIGN_LEVEL, seed)(uint32_t unused) CAMPAIGN_BODY(seed)
#define CAMPAIGN_MAIN(...)
#endif

/* Each program's main would print its checksum. */
#define printf(...) 0

#endif
