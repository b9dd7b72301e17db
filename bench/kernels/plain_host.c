/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ringfence's C library outside of a cell, for the x32 and WebAssembly builds
 * of third-party programs: a heap, and host calls that do nothing or end the
 * program.
 */
#include <stdint.h>

#include <ringfence/nf_abi.h>

enum { HEAP_SIZE = 32 << 20 };

void rf_host_log(const char *text, uint32_t length);
void rf_host_abort(const char *text, uint32_t length);
uint64_t rf_host_time(void);

static _Alignas(RF_PAGE_SIZE) uint8_t heap[HEAP_SIZE];

struct rf_cell_info __rf_info = {
	.heap_start = (uint32_t)(uintptr_t)heap,
	.heap_end = (uint32_t)(uintptr_t)heap + HEAP_SIZE,
};

void rf_host_log(const char *text, uint32_t length)
{
	(void)text;
	(void)length;
}

void rf_host_abort(const char *text, uint32_t length)
{
	(void)text;
	(void)length;
	__builtin_trap();
}

uint64_t rf_host_time(void)
{
	return 0;
}
