/* SPDX-License-Identifier: Apache-2.0 */
/* The heap under random load, at its limits, and misused; sorting and searching. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "native.h"

#define SLOTS 512

struct slot {
	unsigned char *block;
	size_t size;
	unsigned char mark;
};

static void check(const struct slot *slot)
{
	for (size_t i = 0; i < slot->size; i++)
		cr_assert_eq(slot->block[i], slot->mark, "byte %zu of %zu was overwritten", i, slot->size);
}

static size_t random_size(void)
{
	const uint64_t r = native_random();

	return r % 8 == 0 ? r >> 8 & 0xffff : r >> 8 & 0x1ff;
}

static void fill(struct slot *slot, unsigned char *block, size_t size)
{
	cr_assert_eq((uintptr_t)block % 16, 0);
	cr_assert(rft_malloc_usable_size(block) >= size);
	slot->block = block;
	slot->size = size;
	slot->mark = (unsigned char)native_random();
	memset(block, slot->mark, size);
}

/* Frees everything: then the heap is one block again, so that nearly all of it can be had at once. */
static void expect_whole_heap(size_t heap)
{
	void *const all = rft_malloc(heap - 64);

	cr_assert_not_null(all, "free blocks were not merged");
	rft_free(all);
}

Test(heap, random_load)
{
	static struct slot slots[SLOTS];

	native_heap(16 << 20);
	for (int step = 0; step < 300000; step++) {
		struct slot *const slot = &slots[native_random() % SLOTS];
		const size_t size = random_size();
		unsigned char *block;

		if (!slot->block) {
			const size_t alignment = 16ull << native_random() % 9;

			block = step % 16 ? rft_malloc(size) : rft_aligned_alloc(alignment, size);
			cr_assert_not_null(block);
			if (step % 16 == 0)
				cr_assert_eq((uintptr_t)block % alignment, 0);
			fill(slot, block, size);
		} else if (step % 3 == 0) {
			const size_t kept = size < slot->size ? size : slot->size;

			block = rft_realloc(slot->block, size);
			cr_assert_not_null(block);
			slot->block = block;
			slot->size = kept;
			check(slot);
			fill(slot, block, size);
		} else {
			check(slot);
			rft_free(slot->block);
			slot->block = NULL;
		}
	}
	for (int i = 0; i < SLOTS; i++) {
		if (slots[i].block)
			check(&slots[i]);
		rft_free(slots[i].block);
	}
	expect_whole_heap(16 << 20);
}

Test(heap, runs_out_and_recovers)
{
	static void *blocks[20000];
	size_t count = 0;

	native_heap(1 << 20);
	rft_errno = 0;
	while ((blocks[count] = rft_malloc(100)))
		count++;
	cr_assert_eq(rft_errno, ENOMEM);
	cr_assert_geq(count, (1 << 20) / 112 - 2, "100 bytes cost 112");
	for (size_t i = 0; i < count; i += 2)
		rft_free(blocks[i]);
	cr_assert_null(rft_malloc(1000), "only holes of 112 bytes are left");
	for (size_t i = 1; i < count; i += 2)
		rft_free(blocks[i]);
	expect_whole_heap(1 << 20);
}

Test(heap, absurd_sizes)
{
	native_heap(1 << 20);
	cr_assert_null(rft_malloc(SIZE_MAX));
	cr_assert_null(rft_malloc(0xffffffff));
	cr_assert_null(rft_malloc(0xfffff000));
	cr_assert_null(rft_malloc(0x80000000));
	cr_assert_null(rft_calloc(SIZE_MAX / 2, 3));
	cr_assert_null(rft_calloc(1 << 16, 1 << 16));
	cr_assert_null(rft_aligned_alloc(1u << 31, 16));
	cr_assert_null(rft_aligned_alloc(24, 16), "not a power of two");
	unsigned char *const block = rft_malloc(10);

	memset(block, 7, 10);
	cr_assert_null(rft_realloc(block, SIZE_MAX));
	cr_assert_eq(block[9], 7, "a failed realloc leaves the block alone");
	rft_free(block);
	rft_free(NULL);
	void *const empty = rft_malloc(0);

	cr_assert_not_null(empty);
	rft_free(empty);
	expect_whole_heap(1 << 20);
}

Test(heap, calloc_clears_used_memory)
{
	native_heap(1 << 16);
	unsigned char *block = rft_malloc(1000);

	memset(block, 0xff, 1000);
	rft_free(block);
	block = rft_calloc(10, 100);
	for (int i = 0; i < 1000; i++)
		cr_assert_eq(block[i], 0);
}

Test(heap, none_at_all)
{
	cr_assert_null(rft_malloc(1));
	rft___rf_info.heap_start = rft___rf_info.heap_end = 0x10000;
	cr_assert_null(rft_malloc(1));
}

static void free_it(void *block)
{
	rft_free(block);
}

Test(heap, misuse_ends_the_cell)
{
	native_heap(1 << 20);
	char *const a = rft_malloc(40), *const b = rft_malloc(40), *const c = rft_malloc(40);

	cr_assert(native_aborts(free_it, a + 8));
	cr_assert(native_aborts(free_it, a - 4096 * 16));
	rft_free(b);
	cr_assert(native_aborts(free_it, b));
	cr_assert_not_null(strstr(native_abort_text, "block that is free"));
	memset(a, 0xee, 60); /* over its end, into b's header */
	cr_assert(native_aborts(free_it, a));
	rft_free(c == NULL ? c : NULL);
}

/* ---- Sorting ------------------------------------------------------------------ */

static uint64_t comparisons;

static int compare_ints(const void *a, const void *b)
{
	const int x = *(const int *)a, y = *(const int *)b;

	comparisons++;
	return (x > y) - (x < y);
}

static void sort_and_check(int *values, size_t count, const char *what)
{
	int *const expected = malloc((count + 1) * sizeof(*expected));

	memcpy(expected, values, count * sizeof(*values));
	qsort(expected, count, sizeof(*values), compare_ints);
	comparisons = 0;
	rft_qsort(values, count, sizeof(*values), compare_ints);
	cr_assert(memcmp(values, expected, count * sizeof(*values)) == 0, "%s, %zu elements", what, count);
	free(expected);
}

Test(sort, patterns)
{
	static int values[3000];

	for (size_t count = 0; count < 3000; count = count < 40 ? count + 1 : count * 3 / 2) {
		for (size_t i = 0; i < count; i++)
			values[i] = (int)native_random();
		sort_and_check(values, count, "random");
		sort_and_check(values, count, "sorted");
		for (size_t i = 0; i < count; i++)
			values[i] = (int)(count - i);
		sort_and_check(values, count, "reversed");
		for (size_t i = 0; i < count; i++)
			values[i] = (int)(i % 3);
		sort_and_check(values, count, "few values");
		for (size_t i = 0; i < count; i++)
			values[i] = 5;
		sort_and_check(values, count, "equal");
		for (size_t i = 0; i < count; i++)
			values[i] = (int)(i < count / 2 ? i : count - i);
		sort_and_check(values, count, "organ pipe");
	}
}

/* McIlroy, "A Killer Adversary for Quicksort" (1999): decides answers so that quicksort goes quadratic. */
struct adversary {
	int *value;
	int solid;
	int candidate;
	int gas;
	uint64_t asked;
};

static int adversary_compare(const void *a, const void *b, void *context)
{
	struct adversary *const adversary = context;
	const int x = *(const int *)a, y = *(const int *)b;

	adversary->asked++;
	if (adversary->value[x] == adversary->gas && adversary->value[y] == adversary->gas)
		adversary->value[x == adversary->candidate ? x : y] = adversary->solid++;
	if (adversary->value[x] == adversary->gas)
		adversary->candidate = x;
	else if (adversary->value[y] == adversary->gas)
		adversary->candidate = y;
	return (adversary->value[x] > adversary->value[y]) - (adversary->value[x] < adversary->value[y]);
}

Test(sort, is_not_quadratic)
{
	enum { COUNT = 20000 };
	static int order[COUNT], value[COUNT];
	struct adversary adversary = {.value = value, .gas = COUNT};

	for (int i = 0; i < COUNT; i++) {
		order[i] = i;
		value[i] = COUNT;
	}
	rft_qsort_r(order, COUNT, sizeof(int), adversary_compare, &adversary);
	cr_assert_lt(adversary.asked, 5ull * COUNT * 15, "%llu comparisons",
	             (unsigned long long)adversary.asked);
	for (int i = 1; i < COUNT; i++)
		cr_assert_leq(value[order[i - 1]], value[order[i]]);
}

struct odd {
	char name[13];
};

static int compare_odd(const void *a, const void *b)
{
	return strcmp(((const struct odd *)a)->name, ((const struct odd *)b)->name);
}

Test(sort, odd_sizes_and_search)
{
	static struct odd items[500];

	for (int i = 0; i < 500; i++)
		snprintf(items[i].name, sizeof(items[i].name), "n%llu",
		         (unsigned long long)(native_random() % 100000));
	rft_qsort(items, 500, sizeof(items[0]), compare_odd);
	for (int i = 1; i < 500; i++)
		cr_assert_leq(strcmp(items[i - 1].name, items[i].name), 0);
	for (int i = 0; i < 500; i++) {
		const struct odd *const found =
		    rft_bsearch(&items[i], items, 500, sizeof(items[0]), compare_odd);

		cr_assert_not_null(found);
		cr_assert_str_eq(found->name, items[i].name);
	}
	const struct odd missing = {"zzz"};

	cr_assert_null(rft_bsearch(&missing, items, 500, sizeof(items[0]), compare_odd));
	cr_assert_null(rft_bsearch(&missing, items, 0, sizeof(items[0]), compare_odd));
}

/* An inconsistent comparison must neither crash nor leave the array's bounds. */
static int compare_badly(const void *a, const void *b)
{
	(void)a;
	(void)b;
	return (int)(native_random() % 3) - 1;
}

Test(sort, survives_a_bad_comparison)
{
	static int values[1002];

	for (int round = 0; round < 50; round++) {
		values[0] = values[1001] = -7;
		rft_qsort(values + 1, 1000, sizeof(int), compare_badly);
		cr_assert(values[0] == -7 && values[1001] == -7);
	}
}
