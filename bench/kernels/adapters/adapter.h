/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the adapters of this folder share. An adapter makes a third-party
 * program callable as a kernel (../src/kernel.h): NAME_check(0) runs test
 * vectors, where there are such the program's own, and returns 1 if all pass;
 * NAME(0) prepares the data and returns 1; NAME(n) is measured. The program's
 * own files are compiled without edits.
 */
#ifndef ADAPTER_H
#define ADAPTER_H

#include "kernel.h"

/* Text of log lines: compressible, never the same line twice. */
static inline void make_text(char *to, uint32_t size, uint32_t seed)
{
	static const char *const words[] = {
	    "accept ", "drop ",      "tcp ",  "udp ",  "192.168.", "10.0.",   "port=443 ", "port=53 ",
	    "length=", "flags=SYN ", "eth0 ", "eth1 ", "\n",       "ttl=64 ", "id=",       "mark "};
	uint32_t state = seed, at = 0;
	while (at < size) {
		uint32_t r = next_random(&state);
		for (const char *word = words[r >> 28]; *word && at < size; word++)
			to[at++] = *word;
		if ((r & 1) && at + 2 < size) {
			to[at++] = (char)('0' + (r >> 8) % 10);
			to[at++] = (char)('0' + (r >> 16) % 10);
		}
	}
}

#endif
