/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes a generated program callable: CAMPAIGN_PROGRAM is its file,
 * CAMPAIGN_EXPORT the name of the function that runs its main once and returns
 * its checksum.
 */
#if __has_include(<ringfence/nf.h>)
#include <ringfence/nf.h>
#else
#include <stdint.h>
#define RF_EXPORT
#endif

#define main campaign_main
#define printf(...) 0
static int campaign_main(void);
#include CAMPAIGN_PROGRAM
#undef main

RF_EXPORT uint32_t CAMPAIGN_EXPORT(uint32_t unused)
{
	(void)unused;
	campaign_main();
	return campaign_checksum;
}

#if defined(CAMPAIGN_NATIVE)
#undef printf
int printf(const char *format, ...);

int main(void)
{
	printf("%u\n", CAMPAIGN_EXPORT(0));
	return 0;
}
#endif
