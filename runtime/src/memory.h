/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RF_MEMORY_H
#define RF_MEMORY_H

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/mman.h>

#include <ringfence/contract.h>

static inline uint64_t rf_page_down(uint64_t address)
{
	return address & ~(uint64_t)(RF_PAGE_SIZE - 1);
}

static inline uint64_t rf_page_up(uint64_t address)
{
	return rf_page_down(address + RF_PAGE_SIZE - 1);
}

/*
 * Makes memory that the host is about to touch present: where the system has
 * none left, false with errno instead of a SIGBUS. (Linux before 5.14 does
 * not know how: EINVAL.)
 */
static inline bool rf_populate(void *start, size_t length, int advice)
{
	const uint64_t from = rf_page_down((uint64_t)(uintptr_t)start);
	const uint64_t to = rf_page_up((uint64_t)(uintptr_t)start + length);
	return length == 0 || madvise((void *)(uintptr_t)from, to - from, advice) == 0 || errno == EINVAL;
}

#endif
