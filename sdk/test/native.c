/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "native.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

struct rf_cell_info rft___rf_info;
char native_abort_text[1025];
char native_log_text[65536];
uint64_t native_time_ns = 1;

static jmp_buf abort_target;
static bool abort_expected;

void rft_rf_host_log(const char *text, uint32_t length);
_Noreturn void rft_rf_host_abort(const char *text, uint32_t length);
uint64_t rft_rf_host_time(void);

void native_heap(size_t bytes)
{
	/* The library keeps 32-bit addresses, as a cell has. */
	void *heap =
	    mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);

	if (heap == MAP_FAILED) {
		perror("mmap");
		exit(1);
	}
	rft___rf_info.heap_start = (uint32_t)(uintptr_t)heap;
	rft___rf_info.heap_end = (uint32_t)((uintptr_t)heap + bytes);
}

void rft_rf_host_log(const char *text, uint32_t length)
{
	const size_t used = strlen(native_log_text);

	snprintf(native_log_text + used, sizeof(native_log_text) - used, "%.*s\n", (int)length, text);
}

void rft_rf_host_abort(const char *text, uint32_t length)
{
	snprintf(native_abort_text, sizeof(native_abort_text), "%.*s", (int)length, text);
	if (!abort_expected) {
		fprintf(stderr, "unexpected abort: %s\n", native_abort_text);
		abort();
	}
	longjmp(abort_target, 1);
}

uint64_t rft_rf_host_time(void)
{
	return native_time_ns;
}

bool native_aborts(void (*body)(void *), void *context)
{
	native_abort_text[0] = '\0';
	abort_expected = true;
	if (setjmp(abort_target) == 0) {
		body(context);
		abort_expected = false;
		return false;
	}
	abort_expected = false;
	return true;
}

uint64_t native_random(void)
{
	static uint64_t state = 0x853c49e6748fea9b;

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}
