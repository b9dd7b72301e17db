/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RF_MEMORY_H
#define RF_MEMORY_H

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/mman.h>

#include <ringfence/contract.h>

#define RF_HUGE_PAGE_SIZE ((size_t)2 << 20)

/* Linux 6.1; the headers may be older. */
#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif

static inline uint64_t rf_page_down(uint64_t address)
{
	return address & ~(uint64_t)(RF_PAGE_SIZE - 1);
}

static inline uint64_t rf_page_up(uint64_t address)
{
	return rf_page_down(address + RF_PAGE_SIZE - 1);
}

static inline uint64_t rf_huge_page_down(uint64_t address)
{
	return address & ~(uint64_t)(RF_HUGE_PAGE_SIZE - 1);
}

static inline uint64_t rf_huge_page_up(uint64_t address)
{
	return rf_huge_page_down(address + RF_HUGE_PAGE_SIZE - 1);
}

/* Addresses for `length` bytes, the one at `offset` a multiple of `alignment`, without access. Null with
 * errno. */
static inline uint8_t *rf_reserve(size_t length, size_t offset, size_t alignment)
{
	uint8_t *const start =
	    mmap(NULL, length + alignment, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (start == MAP_FAILED)
		return NULL;
	const size_t before = (size_t)(-(uintptr_t)(start + offset) & (alignment - 1));
	if (before > 0)
		munmap(start, before);
	munmap(start + before + length, alignment - before);
	return start + before;
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

/*
 * Makes 2 MiB at a multiple of that present as one page, whatever the
 * system's settings for transparent huge pages say. False where the kernel
 * cannot, or has none: then they are as before, but for the first 4 KiB.
 * (With nothing there, Linux 6.18 makes the page and does not map it.)
 */
static inline bool rf_make_huge(uint8_t *start)
{
	return rf_populate(start, RF_PAGE_SIZE, MADV_POPULATE_WRITE) &&
	       madvise(start, RF_HUGE_PAGE_SIZE, MADV_COLLAPSE) == 0;
}

#endif
